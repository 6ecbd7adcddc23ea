//! Everything else that pages show: one device, people, ledger, health.

use cordon_model::FindingKind;
use cordon_service::view::*;

use super::{ATTRIBUTE, FakeSite, NOW, SCRIPT};

fn s(text: &str) -> String {
    text.to_owned()
}

impl FakeSite {
    pub fn make_today(&self) -> Today {
        let count = |severity: &str| {
            self.findings.iter().filter(|f| f.severity == severity && f.state == "open").count()
                as u64
        };
        let devices = self.devices.len() as u64;
        let named = self.devices.iter().filter(|d| d.named).count() as u64;
        let seen = if devices == 0 { 0 } else { 48_120_331 };
        Today {
            site: s("St. Example Hospital"),
            now: s(NOW),
            needs: self.make_needs(),
            counts: Counts {
                devices,
                named,
                online: self.devices.iter().filter(|d| d.online).count() as u64,
                new: devices - named,
                critical: count("critical"),
                high: count("high"),
                medium: count("medium"),
                low: count("low"),
                waiting: if devices == 0 { 0 } else { 3 },
                approvals: u64::from(devices > 0),
                flows: seen / 40,
            },
            coverage: CoverageView {
                packets: seen,
                dropped: seen / 90_000,
                seen_flows: seen / 50,
                guessed_flows: seen / 400,
                unknown_flows: seen / 900,
                packets_sent: 0,
                limits: if devices == 0 {
                    vec![]
                } else {
                    vec![
                        s(
                            "Only one direction of most conversations passes here: ask for both at the switch’s mirror port.",
                        ),
                        s("Nothing from VLAN 140 was seen for two days."),
                    ]
                },
                sources: self.make_sources(),
            },
            new_devices: self.devices.iter().filter(|d| !d.named).take(6).cloned().collect(),
        }
    }

    pub fn make_sources(&self) -> Vec<SourceView> {
        let source = |name: &str, state: &str, says: Option<&str>, packets| SourceView {
            name: s(name),
            state: s(state),
            says: says.map(s),
            packets,
            dropped_by_kernel: packets / 100_000,
            dropped_by_queue: 0,
            last: (packets > 0).then(|| s(NOW)),
        };
        if self.devices.is_empty() {
            return vec![source("eth1", "running", None, 0)];
        }
        vec![
            source("eth1", "running", None, 47_900_120),
            source(
                "eth2",
                "gone",
                Some("The interface went away; it is tried again every 2 seconds."),
                220_211,
            ),
        ]
    }

    pub fn make_needs(&self) -> Vec<Need> {
        FindingKind::ALL
            .iter()
            .filter_map(|kind| {
                let hits: Vec<&FindingRow> = self
                    .findings
                    .iter()
                    .filter(|f| f.kind == kind.name() && f.state == "open")
                    .collect();
                let first = hits.first()?;
                Some(Need {
                    what: first.title.clone(),
                    why: s(kind.why()),
                    fix: s(kind.fix()),
                    severity: first.severity.clone(),
                    devices: hits.iter().filter_map(|f| f.device.clone()).collect(),
                    findings: hits.iter().map(|f| f.id.clone()).collect(),
                    kind: Some(first.kind.clone()),
                })
            })
            .collect()
    }

    pub fn make_device(&self, row: &DeviceRow) -> DeviceView {
        let field =
            |field: &str, title: &str, value: Option<&str>, reasons: &[(&str, &str)]| FieldView {
                field: s(field),
                title: s(title),
                value: value.map(s),
                confidence: if value.is_some() { 0.97 } else { 0.0 },
                reasons: reasons
                    .iter()
                    .map(|(says, source)| ReasonView { says: s(says), source: s(source) })
                    .collect(),
                ..FieldView::default()
            };
        let set = FieldView {
            field: s("owner"),
            title: s("owner"),
            value: Some(row.owner.clone().unwrap_or_else(|| s("Ward technicians"))),
            confidence: 1.0,
            set_by: Some(s("Anna Adler")),
            set_at: Some(s("2026-11-19T10:00:00Z")),
            ..FieldView::default()
        };
        let name = FieldView {
            set_by: Some(s("Anna Adler")),
            set_at: Some(s("2026-11-19T10:00:00Z")),
            seen: Some(s("space-pump-7f31")),
            ..field("name", "name", Some(&row.label), &[])
        };
        let span = |value: &str, gone| SpanView {
            value: s(value),
            first: row.first.clone(),
            last: row.last.clone(),
            gone,
        };
        DeviceView {
            fields: vec![
                name,
                field(
                    "kind",
                    "kind",
                    row.kind_title.as_deref(),
                    &[
                        ("it speaks the pump’s own protocol on port 1500", "traffic"),
                        ("DHCP vendor class says \"BBraun-Space\"", "dhcp"),
                    ],
                ),
                field(
                    "vendor",
                    "vendor",
                    row.vendor.as_deref(),
                    &[("the address block belongs to B. Braun Melsungen AG", "oui")],
                ),
                field(
                    "model",
                    "model",
                    row.model.as_deref(),
                    &[("its web page’s title is \"Space Station\"", "http")],
                ),
                field(
                    "firmware",
                    "firmware",
                    Some("686H020002"),
                    &[("HTTP server header says \"bbmag/686H020002\"", "http")],
                ),
                field("os", "operating system", None, &[]),
                set,
            ],
            addresses: row
                .ips
                .iter()
                .chain(&row.macs)
                .map(|a| span(a, false))
                .chain([span("10.10.0.77", true)])
                .collect(),
            names: vec![span("space-pump-7f31", false), span(ATTRIBUTE, true)],
            services: vec![
                ServiceView {
                    transport: s("tcp"),
                    port: 80,
                    app: Some(s("http")),
                    seen: true,
                    first: row.first.clone(),
                    last: row.last.clone(),
                    gone: false,
                },
                ServiceView {
                    transport: s("tcp"),
                    port: 23,
                    app: Some(s("telnet")),
                    seen: false,
                    first: row.first.clone(),
                    last: row.last.clone(),
                    gone: true,
                },
            ],
            peers: self.make_peers(),
            findings: self
                .findings
                .iter()
                .filter(|f| f.device.as_ref().is_some_and(|d| d.id == row.id))
                .cloned()
                .collect(),
            timeline: self.make_events(Some(row)),
            parent: self.devices.first().map(|d| Link { id: d.id.clone(), label: d.label.clone() }),
            packets: 81_220,
            bytes: 41_000_233,
            mud: self.make_mud(),
            joined: vec![s("ip-10.10.0.77")],
            undo: Some(ChangeView {
                id: 41,
                at: s(NOW),
                by: s("Anna Adler"),
                says: format!("set the name to {SCRIPT}"),
                undone: false,
            }),
            row: row.clone(),
            ..DeviceView::default()
        }
    }

    fn make_peers(&self) -> Vec<PeerView> {
        let ours = self.devices.iter().skip(38).take(9).enumerate().map(|(at, d)| PeerView {
            id: Some(d.id.clone()),
            label: d.label.clone(),
            outside: false,
            direction: s(if at % 2 == 0 { "to" } else { "from" }),
            apps: vec![s("https"), s("port:modbus")],
            flows: 400 - at as u64,
            packets: 90_000,
            bytes: 44_000_000 / (at as u64 + 1),
        });
        let outside = PeerView {
            label: s("203.0.113.7"),
            outside: true,
            direction: s("to"),
            apps: vec![s("ntp")],
            flows: 4,
            packets: 8,
            bytes: 720,
            ..PeerView::default()
        };
        ours.chain([outside]).collect()
    }

    pub fn make_events(&self, row: Option<&DeviceRow>) -> Vec<EventView> {
        let kinds = [
            ("finding-opened", "Telnet service found"),
            ("edited", "the owner is now “Ward technicians”"),
            ("address-came", "now has the address 10.10.0.12"),
            ("name-changed", SCRIPT),
            ("silent", "has not been heard for an hour"),
            ("appeared", "seen for the first time"),
        ];
        let rows: Vec<&DeviceRow> = row
            .into_iter()
            .chain(self.devices.iter().take(if row.is_some() { 0 } else { 6 }))
            .collect();
        if rows.is_empty() {
            return Vec::new();
        }
        let lines = kinds.iter().enumerate();
        lines
            .map(|(at, (kind, says))| EventView {
                at: format!("2026-11-{:02}T1{}:20:07Z", 22 - at / 2, 1 - at % 2),
                device: rows
                    .get(at % rows.len())
                    .map(|d| Link { id: d.id.clone(), label: d.label.clone() })
                    .unwrap_or_default(),
                kind: s(kind),
                says: s(says),
                actor: (*kind == "edited").then(|| s("Anna Adler")),
            })
            .collect()
    }

    pub fn make_flows(&self) -> FlowPage {
        let end = |d: &DeviceRow, port| EndView {
            device: Some(Link { id: d.id.clone(), label: d.label.clone() }),
            ip: d.ips.first().cloned(),
            mac: d.macs.first().cloned(),
            port: Some(port),
        };
        let pairs = self.devices.iter().zip(self.devices.iter().skip(60)).take(100);
        let items = pairs.enumerate().map(|(at, (client, server))| FlowRow {
            first: format!("2026-11-22T11:{:02}:01Z", at % 60),
            last: format!("2026-11-22T11:{:02}:31Z", at % 60),
            client: end(client, 50_000),
            server: end(server, 443),
            transport: s("tcp"),
            app: (at % 9 != 0).then(|| s("https")),
            seen: at % 4 != 0,
            vlan: Some(110),
            sent_packets: 12,
            sent_bytes: 4_120,
            received_packets: 18,
            received_bytes: 91_220,
            community_id: s("1:hO+sN4H+MG5MY/8hIrXPqc4ZQz4="),
        });
        let items: Vec<FlowRow> = items.collect();
        FlowPage {
            next: (!items.is_empty()).then(|| s("c2")),
            searched: items.len() as u64 * 11_000,
            took_ms: 14,
            items,
        }
    }

    pub fn make_people(&self) -> PeopleView {
        let passkey = |id: &str, label: &str| CredentialView {
            id: s(id),
            kind: s("passkey"),
            label: s(label),
            created: s("2026-09-01T08:00:00Z"),
            used: Some(s(NOW)),
        };
        let password = CredentialView { kind: s("password"), ..passkey("c-4", "password") };
        let session = |id: &str, current| SessionView {
            id: s(id),
            agent: s("Firefox 145 on Linux"),
            from: s("10.20.0.41"),
            created: s("2026-11-22T07:58:00Z"),
            used: s(NOW),
            expires: s("2026-11-22T19:58:00Z"),
            current,
        };
        let token = TokenView {
            id: s("t-1"),
            label: format!("Grafana {SCRIPT}"),
            scope: s("metrics"),
            created: s("2026-10-01T08:00:00Z"),
            expires: s("2027-01-01T00:00:00Z"),
            used: None,
        };
        let anna = PersonView {
            id: s("p-anna"),
            name: s("Anna Adler"),
            role: s(self.role.name()),
            created: s("2026-09-01T08:00:00Z"),
            you: true,
            credentials: vec![passkey("c-1", "YubiKey 5"), passkey("c-2", "Phone"), password],
            sessions: vec![session("s-1", true), session("s-4", false)],
            tokens: vec![token],
            ..PersonView::default()
        };
        let ben = PersonView {
            id: s("p/ben?"),
            name: s(ATTRIBUTE),
            role: s("operator"),
            created: s("2026-09-04T08:00:00Z"),
            credentials: vec![passkey("c-3", "Laptop")],
            sessions: vec![session("s-2", false)],
            ..PersonView::default()
        };
        let all = self.role.name() == "admin";
        PeopleView {
            people: if all { vec![anna, ben] } else { vec![anna] },
            invites: if all {
                vec![InviteView {
                    id: s("i-1"),
                    role: s("viewer"),
                    by: s("Anna Adler"),
                    expires: s("2026-11-23T08:00:00Z"),
                }]
            } else {
                vec![]
            },
        }
    }

    pub fn make_approvals(&self) -> Vec<ApprovalView> {
        let open = ApprovalView {
            id: s("a-1"),
            action: s("device.forget"),
            says: s("forget Cam-07 and its history"),
            reason: format!("Broken and sent back. {SCRIPT}"),
            asked_by: s("Ben Berg"),
            asked: s("2026-11-22T11:20:00Z"),
            expires: s("2026-11-23T11:20:00Z"),
            state: s("open"),
            decided_by: None,
            yours_to_decide: self.role.name() == "admin",
        };
        let old = ApprovalView {
            id: s("a-0"),
            state: s("refused"),
            decided_by: Some(s("Anna Adler")),
            yours_to_decide: false,
            ..open.clone()
        };
        vec![open, old]
    }

    pub fn make_ledger(&self) -> Page<LedgerRow> {
        let row = |index: u64, action: &str, title: &str, subject: &str| LedgerRow {
            index,
            at: s("2026-11-22T11:20:00Z"),
            actor: s("person:p-anna"),
            actor_label: s("Anna Adler"),
            action: s(action),
            action_title: s(title),
            subject: s(if subject.is_empty() { "p-anna" } else { "mac-001788200001" }),
            subject_label: s(subject),
            detail: [(s("name"), s(SCRIPT)), (s("expires"), s("2026-11-23T11:20:00.123456789Z"))]
                .into(),
            hash: "9f".repeat(32),
        };
        Page {
            items: vec![
                row(3, "device.edit", "changed a device’s entry", "Pump-02"),
                row(2, "session.begin", "signed in", ""),
            ],
            next: None,
            total: Some(2),
        }
    }

    pub fn make_health(&self) -> HealthView {
        let check = |name: &str, verdict: &str, says: &str, fix: Option<&str>| CheckView {
            name: s(name),
            verdict: s(verdict),
            says: s(says),
            fix: fix.map(s),
        };
        HealthView {
            verdict: s("warning"),
            version: s("0.1.0"),
            started: s("2026-11-20T06:00:00Z"),
            sources: self.make_sources(),
            queue_depth: 3,
            queue_bound: 64,
            packets_per_second: 12_440,
            memory_bytes: 71_000_000,
            data_bytes: 4_100_000_000,
            free_bytes: 91_000_000_000,
            flows_kept: 1_203_008,
            flows_waiting: 211,
            flows_lost: 0,
            conclude_ms: 38,
            certificate_expires: Some(s("2027-02-20T00:00:00Z")),
            certificate_fingerprint: Some("A1:".repeat(31) + "A1"),
            checks: vec![
                check(
                    "capture",
                    "warning",
                    "eth2 is gone",
                    Some("Plug it in again, or take it out of capture.interfaces."),
                ),
                check("disk", "good", "91 GB free, enough for about 80 days", None),
                check("ledger", "good", "verified 2 hours ago", None),
            ],
            retention: vec![
                RetentionView {
                    class: s("flows"),
                    title: s("flows"),
                    keep: s("30 days"),
                    why: s("long enough to look back at an incident"),
                    oldest: Some(s("2026-10-23T00:00:00Z")),
                    bytes: Some(3_900_000_000),
                    items: Some(1_203_008),
                },
                RetentionView {
                    class: s("secrets"),
                    title: s("secrets"),
                    keep: s("never"),
                    why: s("nobody can lose what nobody has"),
                    ..RetentionView::default()
                },
            ],
        }
    }

    pub fn make_settings(&self) -> SettingsView {
        let setting =
            |key: &str, help: &str, value: &str, default: &str, origin: &str| SettingView {
                key: s(key),
                help: s(help),
                value: s(value),
                default: s(default),
                origin: s(origin),
            };
        SettingsView {
            file: s("/etc/cordon/cordon.toml"),
            settings: vec![
                setting(
                    "web.listen",
                    "where console and API answer",
                    "\"0.0.0.0:8443\"",
                    "\"127.0.0.1:8443\"",
                    "file",
                ),
                setting(
                    "capture.interfaces",
                    "where packets come from",
                    "[\"eth1\", \"eth2\"]",
                    "[]",
                    "command line",
                ),
                setting(
                    "retention.flows",
                    "how long flows are kept",
                    "\"30 days\"",
                    "\"30 days\"",
                    "default",
                ),
            ],
        }
    }
}
