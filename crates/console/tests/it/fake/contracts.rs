//! Made-up contracts.

use cordon_service::view::*;

use super::{ATTRIBUTE, FakeSite, NOW, SCRIPT};

impl FakeSite {
    pub fn make_contracts(&self) -> Vec<ContractRow> {
        let states = ["learning", "ready", "watch", "warn", "enforce"];
        let row = |(at, device): (usize, &DeviceRow)| {
            let state = states.get(at % states.len()).copied().unwrap_or_default();
            let stands = at % states.len() > 1;
            ContractRow {
                device: Link { id: device.id.clone(), label: device.label.clone() },
                state: state.into(),
                reach: if at % 17 == 3 { "off" } else { "normal" }.into(),
                criticality: device.criticality.clone(),
                zone: device.zone.clone(),
                version: u32::from(stands),
                entries: if stands { 7 } else { 0 },
                proposed: u32::try_from(at % 3).unwrap(),
                held: u32::from(at % 7 == 0),
                learning: Some(
                    "97 % of what it does is known after 26 hours; 2 things new in the last 6 hours"
                        .into(),
                ),
                known: Some(0.97),
                since: Some(NOW.into()),
            }
        };
        self.devices.iter().enumerate().map(row).collect()
    }

    pub fn make_contract(&self, id: &str) -> ContractView {
        let rows = self.make_contracts();
        let row = rows.into_iter().find(|row| row.device.id == id).unwrap_or_default();
        let entry = |id: &str, says: &str| EntryView {
            id: id.into(),
            says: says.into(),
            exactly: "TCP port 443; at most 12 conversations a minute".into(),
            because: vec!["it was seen 41 times on 3 days, last on 2026-11-22".into()],
        };
        ContractView {
            row,
            about: vec!["It is expected to be: IP camera, made by Acme.".into(), SCRIPT.into()],
            parts: vec![
                ContractPart {
                    title: "It may".into(),
                    entries: vec![
                        entry("e-1", "talks with anything below acme.example, encrypted"),
                        entry("e-2", ATTRIBUTE),
                    ],
                },
                ContractPart {
                    title: "Others may".into(),
                    entries: vec![entry("e-3", "shows recorder its video")],
                },
            ],
            rest: "Nothing else is allowed.".into(),
            proposed: vec![
                entry("e-4", "sets its clock by pool.ntp.example"),
                entry("e-5", SCRIPT),
            ],
            held: vec![HeldView {
                entry: entry("e-6", "logs in to 10.0.5.9, unencrypted (Telnet)"),
                suspicion: "looks like a scan: the same service tried at 40 peers".into(),
            }],
            unseen: vec![entry("e-7", "prints at printer-2")],
            mud: self.make_mud(),
            unresolved: vec!["talks with its own controller: nobody is named as controller".into()],
            steps: self.make_steps(),
            envelope: None,
            document: serde_json::Value::Null,
        }
    }

    pub fn make_mud(&self) -> Vec<MudUrlView> {
        let one = |url: &str, source: &str, now: bool| MudUrlView {
            url: url.into(),
            source: source.into(),
            packet: 4711,
            first: NOW.into(),
            last: NOW.into(),
            now,
            says: format!("this device names a MUD file: {url} (from {source}, packet 4711)"),
            faults: vec![format!("it is not https {SCRIPT}")],
            imported: false,
        };
        vec![
            MudUrlView {
                faults: Vec::new(),
                ..one("https://maker.example/camera.json", "its certificate", true)
            },
            one(&format!("http://maker.example/{SCRIPT}"), "DHCP", true),
            one("https://maker.example/old.json", "DHCP", false),
        ]
    }

    pub fn make_diff(&self, id: &str, query: &ContractDiffQuery) -> ContractDiffView {
        let view = self.make_contract(id);
        let version = |number: u32, replaced: Option<u32>, says: &str| VersionView {
            version: number,
            at: NOW.into(),
            by: "Anna Adler".into(),
            did: "put the contract of camera-3 in force".into(),
            why: SCRIPT.into(),
            step: Some(u64::from(number)),
            replaced,
            entries: 3,
            now: number == 3,
            says: says.into(),
        };
        let entries = |part: usize| view.parts.get(part).map(|part| part.entries.clone());
        ContractDiffView {
            device: view.row.device.clone(),
            from: 2,
            to: Some(3),
            says: format!(
                "from version 2 to version {}: {SCRIPT}",
                query.to.as_deref().unwrap_or("3")
            ),
            came: entries(0).unwrap_or_default(),
            went: entries(1).unwrap_or_default(),
            changed: view
                .unseen
                .iter()
                .map(|entry| EntryChange {
                    before: entry.clone(),
                    after: entry.clone(),
                    says: format!("TCP port 443 became {ATTRIBUTE}"),
                })
                .collect(),
            identity: vec![format!("firmware: {SCRIPT}; it was 1.0")],
            versions: vec![
                version(3, Some(2), "2 entries came, one entry went"),
                version(2, None, ""),
            ],
            proposed: 2,
            held: 1,
        }
    }

    pub fn make_steps(&self) -> Vec<StepView> {
        let devices: Vec<Link> = self
            .devices
            .iter()
            .take(1)
            .map(|row| Link { id: row.id.clone(), label: row.label.clone() })
            .collect();
        if devices.is_empty() {
            return Vec::new();
        }
        let step = |id: u64, says: &str, undone: Option<&str>| StepView {
            id,
            at: NOW.into(),
            by: "Anna Adler".into(),
            says: says.into(),
            why: SCRIPT.into(),
            devices: devices.clone(),
            undoable: undone.is_none(),
            undone: undone.map(Into::into),
        };
        vec![
            step(2, "set camera-3 to enforce", None),
            step(1, "put the contract of camera-3 in force", Some("Berta on 2026-11-22")),
        ]
    }

    pub fn make_rules(&self) -> RulesView {
        RulesView {
            driver: "nftables".into(),
            state: "trial".into(),
            says: "On trial until 12:10:00 UTC. Confirm them, or they are taken back then by themselves."
                .into(),
            trial_until: Some(NOW.into()),
            devices: 12,
            elements: 340,
            cut: 3,
            neighbours: vec!["Neighbours at 3 ports of br-lan are kept apart.".into()],
        }
    }

    pub fn make_changed(&self) -> Changed {
        Changed { outcome: "done".into(), rules: self.make_rules(), ..Changed::default() }
    }

    pub fn make_rehearsal(&self) -> RehearsalView {
        RehearsalView {
            from: NOW.into(),
            to: NOW.into(),
            flows: 3000,
            blocked: 14,
            says: "14 of 3000 conversations would have been blocked, of 1 device.".into(),
            devices: vec![RehearsedDevice {
                device: Link { id: "d".into(), label: "TV-2".into() },
                blocked: 14,
                notices: vec!["TV-2 would have lost casting, 14 times".into()],
                kinds: vec![RehearsedKind {
                    says: format!("TV-2 was spoken to by {SCRIPT} by TCP 8009"),
                    times: 14,
                    first: NOW.into(),
                    last: NOW.into(),
                    ..RehearsedKind::default()
                }],
            }],
        }
    }

    pub fn make_zones(&self) -> ZonesView {
        if self.devices.is_empty() {
            return ZonesView::default();
        }
        let zone =
            |name: &str, devices, enforced| ZoneHead { name: name.into(), devices, enforced };
        let cell = |allows: &str, says: &[&str]| ZoneCell {
            allows: allows.into(),
            pairs: says.len() as u64,
            says: says.iter().map(|line| (*line).into()).collect(),
        };
        ZonesView {
            zones: vec![zone("imaging", 4, 4), zone(SCRIPT, 9, 2), zone("Internet", 0, 0)],
            cells: vec![
                vec![cell("nothing", &[]), cell("some", &["ct-1 → pacs"]), cell("nothing", &[])],
                vec![cell("some", &[SCRIPT]), cell("anything", &[]), cell("anything", &[])],
            ],
        }
    }
}
