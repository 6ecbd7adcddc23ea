//! The made-up site as a [`Site`].

use async_trait::async_trait;
use cordon_service::view::*;
use cordon_service::{
    Answer, Caller, Enrolled, ExportFormat, Outcome, Problem, ProblemKind, SignedIn, Site, Tick,
    Visit,
};
use serde_json::{Value, json};
use tokio::sync::broadcast;

use super::{FakeSite, caller, data};

impl FakeSite {
    /// Notes what is done, where the role may do it.
    fn act(&self, action: &str, what: impl std::fmt::Display) -> Answer<()> {
        if !self.may().iter().any(|may| may == action) {
            return Err(Problem::new(ProblemKind::Forbidden, "your role does not do this"));
        }
        if self.stale {
            return Err(Problem::new(
                ProblemKind::FreshSignInNeeded,
                "you signed in too long ago for this",
            ));
        }
        self.done.lock().unwrap().push(format!("{action} {what}"));
        Ok(())
    }

    fn signed_in(&self) -> SignedIn {
        SignedIn { secret: "s3cret".into(), lasts_secs: 43_200, me: self.who() }
    }

    fn who(&self) -> Me {
        Me {
            id: "p-anna".into(),
            name: "Anna Adler".into(),
            role: self.role.name().into(),
            may: self.may(),
        }
    }

    fn find(&self, id: &str) -> Answer<&DeviceRow> {
        self.devices
            .iter()
            .find(|d| d.id == id)
            .ok_or_else(|| Problem::not_found("device of that name"))
    }
}

/// Links that work: for somebody new, and for Anna.
const LINKS: [&str; 2] = ["good", "again"];

fn refused() -> Problem {
    Problem::new(ProblemKind::SignInRefused, "that did not work")
}

#[async_trait]
impl Site for FakeSite {
    fn session(&self, secret: &str, _: &Visit) -> Option<Caller> {
        (secret == "s3cret").then(|| caller(self.role))
    }
    fn bearer(&self, _: &str, _: &Visit) -> Option<Caller> {
        None
    }
    fn me(&self, _: &Caller) -> Answer<Me> {
        Ok(self.who())
    }
    fn ticks(&self) -> broadcast::Receiver<Tick> {
        self.ticks.subscribe()
    }
    fn enrolment(&self, _: &Visit, link: &str) -> Answer<EnrolView> {
        if !LINKS.contains(&link) {
            return Err(Problem::not_found(
                "such link; it may be used up or too old. Ask for a new one",
            ));
        }
        Ok(EnrolView {
            site: "St. Example Hospital".into(),
            role: "operator".into(),
            name: (link == "again").then(|| "Anna Adler".into()),
            passkey_hindrance: (link == "again")
                .then(|| "passkeys work only at https://cordon.example:8443".into()),
        })
    }
    async fn enrol_passkey_begin(&self, _: &Visit, link: &str, name: &str) -> Answer<Value> {
        if link != "good" || name.is_empty() {
            return Err(refused());
        }
        Ok(json!({ "publicKey": { "challenge": "AAAA", "user": { "id": "AAAA", "name": name } } }))
    }
    async fn enrol_passkey_finish(
        &self,
        _: &Visit,
        _: &str,
        _: &str,
        credential: Value,
    ) -> Answer<SignedIn> {
        if credential.is_null() { Err(refused()) } else { Ok(self.signed_in()) }
    }
    async fn enrol_password_begin(
        &self,
        _: &Visit,
        link: &str,
        _: &str,
        password: &str,
    ) -> Answer<TotpSetup> {
        if !LINKS.contains(&link) || password.chars().count() < 15 {
            return Err(Problem::invalid("take at least 15 characters"));
        }
        let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 4 4\"><path d=\"M0 0h1v1H0zM2 0h2v1H2zM1 2h2v2H1z\"/></svg>";
        Ok(TotpSetup {
            url: "otpauth://totp/cordon:anna?secret=ABCD".into(),
            secret: "ABCD EFGH".into(),
            svg: svg.into(),
        })
    }
    async fn enrol_password_finish(&self, _: &Visit, _: &str, code: &str) -> Answer<Enrolled> {
        if code != "123456" {
            return Err(refused());
        }
        Ok(Enrolled {
            signed_in: self.signed_in(),
            recovery_codes: (0..8).map(|n| format!("k7f2-{n}x9q")).collect(),
        })
    }
    async fn passkey_begin(&self, _: &Visit) -> Answer<Value> {
        Ok(json!({ "publicKey": { "challenge": "AAAA" } }))
    }
    async fn passkey_finish(&self, _: &Visit, credential: Value) -> Answer<SignedIn> {
        if credential.is_null() { Err(refused()) } else { Ok(self.signed_in()) }
    }
    async fn password_sign_in(
        &self,
        _: &Visit,
        _: &str,
        password: &str,
        _: &str,
    ) -> Answer<SignedIn> {
        if password == "correct horse battery" { Ok(self.signed_in()) } else { Err(refused()) }
    }
    async fn sign_out(&self, _: &Caller) -> Answer<()> {
        self.act("session.end", "")
    }
    fn today(&self, _: &Caller) -> Answer<Today> {
        Ok(self.make_today())
    }
    fn devices(&self, _: &Caller, query: &DeviceQuery) -> Answer<Page<DeviceRow>> {
        let hits = self.devices.iter().filter(|d| {
            query.q.as_ref().is_none_or(|q| d.label.to_lowercase().contains(&q.to_lowercase()))
                && query.kind.as_ref().is_none_or(|kind| d.kind.as_ref() == Some(kind))
                && query.zone.as_ref().is_none_or(|zone| d.zone == *zone)
                && match query.state.as_deref() {
                    Some("unnamed" | "new") => !d.named,
                    Some("online") => d.online,
                    Some("silent") => !d.online,
                    _ => true,
                }
        });
        let hits: Vec<DeviceRow> = hits.cloned().collect();
        let limit = query.limit.unwrap_or(100) as usize;
        let from: usize = query.cursor.as_deref().and_then(|c| c.parse().ok()).unwrap_or(0);
        let next = (from + limit < hits.len()).then(|| (from + limit).to_string());
        Ok(Page {
            total: Some(hits.len() as u64),
            items: hits.into_iter().skip(from).take(limit).collect(),
            next,
        })
    }
    fn device_groups(&self, _: &Caller) -> Answer<DeviceGroups> {
        let group = |of: &dyn Fn(&DeviceRow) -> Option<String>| {
            let mut groups: Vec<Group> = Vec::new();
            for name in self.devices.iter().filter_map(of) {
                match groups.iter_mut().find(|g| g.name == name) {
                    Some(group) => group.count += 1,
                    None => groups.push(Group { title: name.clone(), name, count: 1 }),
                }
            }
            groups
        };
        Ok(DeviceGroups {
            kinds: group(&|d| d.kind.clone()),
            vendors: group(&|d| d.vendor.clone()),
            zones: group(&|d| Some(d.zone.clone())),
            tags: group(&|d| d.tags.first().cloned()),
        })
    }
    async fn device(&self, _: &Caller, id: &str) -> Answer<DeviceView> {
        Ok(self.make_device(self.find(id)?))
    }
    async fn timeline(
        &self,
        _: &Caller,
        device: Option<&str>,
        _: Option<&str>,
        _: u32,
    ) -> Answer<Page<EventView>> {
        let row = device.map(|id| self.find(id)).transpose()?;
        Ok(Page { items: self.make_events(row), next: Some("n".into()), total: None })
    }
    async fn facts(
        &self,
        _: &Caller,
        device: &str,
        _: Option<&str>,
        _: u32,
    ) -> Answer<Page<FactView>> {
        self.find(device)?;
        let fact = FactView {
            at: "2026-11-22T11:20:00Z".into(),
            kind: "dhcp".into(),
            says: format!("host name {}", super::SCRIPT),
        };
        Ok(Page { items: vec![fact], next: None, total: None })
    }
    fn map(&self, _: &Caller) -> Answer<MapView> {
        Ok(data::map(&self.devices))
    }
    fn findings(&self, _: &Caller, query: &FindingQuery) -> Answer<Page<FindingRow>> {
        let state = query.state.as_deref().unwrap_or("open");
        let hits = self.findings.iter().filter(|f| {
            (state == "all" || f.state == state)
                && query
                    .device
                    .as_ref()
                    .is_none_or(|id| f.device.as_ref().is_some_and(|d| d.id == *id))
                && query.kind.as_ref().is_none_or(|kind| f.kind == *kind)
        });
        let items: Vec<FindingRow> = hits.cloned().collect();
        Ok(Page { total: Some(items.len() as u64), next: None, items })
    }
    fn finding(&self, _: &Caller, id: &str) -> Answer<FindingView> {
        let row = self
            .findings
            .iter()
            .find(|f| f.id == id)
            .ok_or_else(|| Problem::not_found("such finding"))?
            .clone();
        let kind =
            cordon_model::FindingKind::ALL.iter().find(|kind| kind.name() == row.kind).unwrap();
        let accepted = row.state == "accepted";
        Ok(FindingView {
            why: kind.why().into(),
            fix: kind.fix().into(),
            evidence: vec![EvidenceView {
                at: Some("2026-11-22T11:41:12Z".into()),
                packet: 8_120_441,
                detail: format!("the device answers {} on port 23", super::SCRIPT),
            }],
            accepted_by: accepted.then(|| "Ben Berg".into()),
            accepted_because: accepted
                .then(|| "Replaced in January; reachable from one host only.".into()),
            accepted_until: accepted.then(|| "2027-01-31T00:00:00Z".into()),
            row,
        })
    }
    fn fixes(&self, _: &Caller) -> Answer<Vec<Need>> {
        Ok(self.make_needs())
    }
    async fn flows(&self, _: &Caller, _: &FlowSearch) -> Answer<FlowPage> {
        Ok(self.make_flows())
    }
    async fn export_flows(
        &self,
        _: &Caller,
        _: &FlowSearch,
        format: ExportFormat,
    ) -> Answer<Vec<u8>> {
        self.act("flows.export", format!("{format:?}")).map(|()| b"flows".to_vec())
    }
    async fn edit_device(&self, _: &Caller, id: &str, edit: &DeviceEdit) -> Answer<DeviceView> {
        let row = self.find(id)?;
        self.act("device.edit", format!("{id} {}", edit.name.as_deref().unwrap_or("-")))?;
        Ok(self.make_device(row))
    }
    async fn merge_devices(&self, _: &Caller, id: &str, other: &str) -> Answer<DeviceView> {
        let row = self.find(id)?;
        self.act("device.merge", format!("{id} {other}"))?;
        Ok(self.make_device(row))
    }
    async fn split_device(&self, _: &Caller, id: &str, addresses: &[String]) -> Answer<String> {
        self.find(id)?;
        self.act("device.split", addresses.join(" ")).map(|()| id.to_owned())
    }
    async fn forget_device(&self, _: &Caller, id: &str, reason: &str) -> Answer<Outcome> {
        self.find(id)?;
        self.act("device.forget", reason)?;
        Ok(Outcome::Waits(Box::new(self.make_approvals().remove(0))))
    }
    async fn changes(&self, _: &Caller, _: Option<&str>, _: u32) -> Answer<Page<ChangeView>> {
        let items: Vec<ChangeView> =
            self.devices.first().and_then(|row| self.make_device(row).undo).into_iter().collect();
        Ok(Page { total: Some(items.len() as u64), next: None, items })
    }
    async fn undo(&self, _: &Caller, change: u64) -> Answer<()> {
        self.act("change.undo", change)
    }
    async fn accept_finding(
        &self,
        caller: &Caller,
        id: &str,
        acceptance: &Acceptance,
    ) -> Answer<FindingView> {
        self.act("finding.accept", format!("{id} {} {}", acceptance.days, acceptance.reason))?;
        self.finding(caller, id)
    }
    async fn reopen_finding(&self, caller: &Caller, id: &str) -> Answer<FindingView> {
        self.act("finding.reopen", id)?;
        self.finding(caller, id)
    }
    async fn import(&self, _: &Caller, name: &str, content: &[u8]) -> Answer<ImportView> {
        self.act("records.import", format!("{name} {}", content.len()))?;
        Ok(ImportView {
            kind: "dnsmasq leases".into(),
            records: 12,
            devices: 7,
            flows: 0,
            bad: 1,
            problems: vec!["line 4: no address".into()],
        })
    }
    fn contracts(&self, _: &Caller, query: &ContractQuery) -> Answer<Page<ContractRow>> {
        let mut rows = self.make_contracts();
        rows.retain(|row| query.state.as_ref().is_none_or(|state| row.state == *state));
        Ok(Page { items: rows, next: None, total: None })
    }
    fn contract(&self, _: &Caller, device: &str) -> Answer<ContractView> {
        self.find(device)?;
        Ok(self.make_contract(device))
    }
    async fn contract_diff(
        &self,
        _: &Caller,
        device: &str,
        query: &ContractDiffQuery,
    ) -> Answer<ContractDiffView> {
        self.find(device)?;
        Ok(self.make_diff(device, query))
    }
    async fn adopt(&self, _: &Caller, device: &str, request: &AdoptRequest) -> Answer<Changed> {
        let what = format!("{device} +{} -{}", request.admit.join(","), request.remove.join(","));
        self.act("contract.adopt", what).map(|()| self.make_changed())
    }
    async fn import_mud(&self, _: &Caller, device: &str, _: &MudRequest) -> Answer<Changed> {
        self.act("contract.adopt", device).map(|()| self.make_changed())
    }
    fn export_mud(&self, _: &Caller, _: &str) -> Answer<MudView> {
        Ok(MudView::default())
    }
    async fn stage(&self, _: &Caller, request: &StageRequest) -> Answer<Changed> {
        let what = format!("{} {}", request.devices.join(","), request.stage);
        self.act("contract.stage", what).map(|()| self.make_changed())
    }
    async fn switch(&self, _: &Caller, request: &ReachRequest) -> Answer<Changed> {
        let what = format!("{} {}", request.devices.join(","), request.reach);
        self.act("device.reach", what).map(|()| self.make_changed())
    }
    async fn steps(&self, _: &Caller, _: Option<&str>, _: u32) -> Answer<Page<StepView>> {
        Ok(Page { items: self.make_steps(), next: None, total: None })
    }
    async fn undo_step(&self, _: &Caller, step: Option<u64>) -> Answer<Changed> {
        self.act("contract.undo", format!("{step:?}")).map(|()| self.make_changed())
    }
    async fn rules(&self, _: &Caller) -> Answer<RulesView> {
        Ok(self.make_rules())
    }
    async fn confirm_rules(&self, _: &Caller) -> Answer<RulesView> {
        self.act("rules.confirm", "").map(|()| self.make_rules())
    }
    async fn take_rules_back(&self, _: &Caller) -> Answer<RulesView> {
        self.act("rules.back", "").map(|()| self.make_rules())
    }
    async fn rehearse(&self, _: &Caller, _: &RehearseRequest) -> Answer<RehearsalView> {
        Ok(self.make_rehearsal())
    }
    async fn prove(&self, _: &Caller, request: &ProofRequest) -> Answer<ProofView> {
        self.act("proof.make", format!("{} {}", request.from, request.to))?;
        Ok(ProofView {
            kept: false,
            answer: "impossible".into(),
            says: format!("A compromised {} cannot reach {}.", request.from, request.to),
            steps: vec!["Every packet was taken through the rules.".into()],
            limits: vec![super::SCRIPT.into()],
            at: super::NOW.into(),
            envelope: json!({ "payload": super::SCRIPT }),
        })
    }
    async fn plan_probe(&self, _: &Caller, request: &ProbeRequest) -> Answer<ProbePlanView> {
        self.act("probe.make", format!("{} {}", request.from, request.to))?;
        Ok(ProbePlanView::default())
    }
    async fn report_probe(&self, _: &Caller, id: &str, _: &ProbeReport) -> Answer<ProbeView> {
        self.act("probe.report", id.to_owned())?;
        Ok(ProbeView::default())
    }
    fn zones(&self, _: &Caller) -> Answer<ZonesView> {
        Ok(self.make_zones())
    }
    fn people(&self, _: &Caller) -> Answer<PeopleView> {
        Ok(self.make_people())
    }
    async fn invite(&self, _: &Caller, new: &NewInvite) -> Answer<InviteLink> {
        self.act("person.invite", &new.role)?;
        Ok(InviteLink {
            url: "https://cordon.example:8443/enrol/abc".into(),
            expires: "2026-11-23T12:00:00Z".into(),
        })
    }
    async fn invite_again(&self, _: &Caller, person: &str) -> Answer<InviteLink> {
        self.act("session.end", person)?;
        Ok(InviteLink {
            url: "https://cordon.example:8443/enrol/def".into(),
            expires: "2026-11-23T12:00:00Z".into(),
        })
    }
    async fn withdraw_invite(&self, _: &Caller, id: &str) -> Answer<()> {
        self.act("person.invite", id)
    }
    async fn edit_person(
        &self,
        _: &Caller,
        id: &str,
        _: &PersonEdit,
        reason: &str,
    ) -> Answer<Outcome> {
        self.act("person.change", format!("{id} {reason}")).map(|()| Outcome::Done)
    }
    async fn remove_credential(&self, _: &Caller, id: &str) -> Answer<()> {
        self.act("credential.remove", id)
    }
    async fn revoke_session(&self, _: &Caller, id: &str) -> Answer<()> {
        self.act("session.end", id)
    }
    async fn create_token(&self, _: &Caller, new: &NewToken) -> Answer<TokenMade> {
        self.act("token.create", &new.label)?;
        Ok(TokenMade {
            token: self.make_people().people.remove(0).tokens.remove(0),
            secret: "cordon_t0ken".into(),
        })
    }
    async fn revoke_token(&self, _: &Caller, id: &str) -> Answer<()> {
        self.act("session.end", id)
    }
    fn approvals(&self, _: &Caller) -> Answer<Vec<ApprovalView>> {
        Ok(if self.devices.is_empty() { Vec::new() } else { self.make_approvals() })
    }
    async fn decide(&self, _: &Caller, id: &str, approve: bool) -> Answer<ApprovalView> {
        self.act("approval.decide", format!("{id} {approve}"))?;
        Ok(self.make_approvals().remove(0))
    }
    async fn ledger(&self, _: &Caller, _: Option<&str>, _: u32) -> Answer<Page<LedgerRow>> {
        Ok(self.make_ledger())
    }
    async fn ledger_head(&self, _: &Caller, _: bool) -> Answer<LedgerHead> {
        Ok(LedgerHead {
            size: 4,
            checkpoint: "cordon/st-example\n4\nnND/nri/U0xuHUrYSy0HtMeal2vzD9V4k/BO79C+QeI=\n\n— cordon/st-example Az3grlgt".into(),
            public_key: "cordon/st-example+0e1d2c3b+AUEr".into(),
            verified: Some("2026-11-22T10:00:00Z".into()),
            says: "all 4 records are as they were written".into(),
            good: true,
        })
    }
    async fn export_ledger(&self, _: &Caller) -> Answer<Vec<u8>> {
        self.act("ledger.export", "").map(|()| b"ledger".to_vec())
    }
    fn health(&self, _: &Caller) -> Answer<HealthView> {
        Ok(self.make_health())
    }
    fn metrics(&self, _: Option<&Caller>, _: &Visit) -> Answer<String> {
        Ok(String::new())
    }
    fn settings(&self, _: &Caller) -> Answer<SettingsView> {
        Ok(self.make_settings())
    }
    async fn backup(&self, _: &Caller, _: &str, _: Option<&str>) -> Answer<()> {
        Err(Problem::new(ProblemKind::Unavailable, "not here"))
    }
}
