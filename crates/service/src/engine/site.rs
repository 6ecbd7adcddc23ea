//! [`Site`], call by call.

use async_trait::async_trait;
use tokio::sync::broadcast;

use super::Engine;
use crate::view::{
    Acceptance, AdoptRequest, ApprovalView, ChangeView, Changed, ContractDiffQuery,
    ContractDiffView, ContractQuery, ContractRow, ContractView, DeviceEdit, DeviceGroups,
    DeviceQuery, DeviceRow, DeviceView, EnrolView, EventView, FactView, FindingQuery, FindingRow,
    FindingView, FlowPage, FlowSearch, HealthView, ImportView, InviteLink, LedgerHead, LedgerRow,
    MapView, Me, MudRequest, MudView, Need, NewInvite, NewToken, Page, PeopleView, PersonEdit,
    ProbePlanView, ProbeReport, ProbeRequest, ProbeView, ProofRequest, ProofView, ReachRequest,
    RehearsalView, RehearseRequest, RulesView, SettingsView, StageRequest, StepView, Today,
    TokenMade, TotpSetup, ZonesView,
};
use crate::{Answer, Caller, Enrolled, ExportFormat, Outcome, SignedIn, Site, Tick, Visit};

#[async_trait]
impl Site for Engine {
    fn session(&self, secret: &str, visit: &Visit) -> Option<Caller> {
        self.session_of(secret, visit)
    }
    fn bearer(&self, token: &str, visit: &Visit) -> Option<Caller> {
        self.token_of(token, visit)
    }
    fn me(&self, caller: &Caller) -> Answer<Me> {
        self.still(caller)?;
        Ok(self.who_am_i(caller))
    }
    fn ticks(&self) -> broadcast::Receiver<Tick> {
        self.ticks.subscribe()
    }
    fn enrolment(&self, visit: &Visit, link: &str) -> Answer<EnrolView> {
        self.look_at_link(visit, link)
    }
    async fn enrol_passkey_begin(
        &self,
        visit: &Visit,
        link: &str,
        name: &str,
    ) -> Answer<serde_json::Value> {
        self.begin_passkey_enrolment(visit, link, name).await
    }
    async fn enrol_passkey_finish(
        &self,
        visit: &Visit,
        link: &str,
        label: &str,
        credential: serde_json::Value,
    ) -> Answer<SignedIn> {
        self.end_passkey_enrolment(visit, link, label, credential).await
    }
    async fn enrol_password_begin(
        &self,
        visit: &Visit,
        link: &str,
        name: &str,
        password: &str,
    ) -> Answer<TotpSetup> {
        self.begin_password_enrolment(visit, link, name, password).await
    }
    async fn enrol_password_finish(
        &self,
        visit: &Visit,
        link: &str,
        code: &str,
    ) -> Answer<Enrolled> {
        self.end_password_enrolment(visit, link, code).await
    }
    async fn passkey_begin(&self, visit: &Visit) -> Answer<serde_json::Value> {
        self.begin_passkey(visit).await
    }
    async fn passkey_finish(
        &self,
        visit: &Visit,
        credential: serde_json::Value,
    ) -> Answer<SignedIn> {
        self.end_passkey(visit, credential).await
    }
    async fn password_sign_in(
        &self,
        visit: &Visit,
        name: &str,
        password: &str,
        code: &str,
    ) -> Answer<SignedIn> {
        self.with_password(visit, name, password, code).await
    }
    async fn sign_out(&self, caller: &Caller) -> Answer<()> {
        self.end_own_session(caller).await
    }
    fn today(&self, caller: &Caller) -> Answer<Today> {
        self.show_today(caller)
    }
    fn devices(&self, caller: &Caller, query: &DeviceQuery) -> Answer<Page<DeviceRow>> {
        self.list_devices(caller, query)
    }
    fn device_groups(&self, caller: &Caller) -> Answer<DeviceGroups> {
        self.groups(caller)
    }
    async fn device(&self, caller: &Caller, id: &str) -> Answer<DeviceView> {
        self.show_device(caller, id).await
    }
    async fn timeline(
        &self,
        caller: &Caller,
        device: Option<&str>,
        cursor: Option<&str>,
        limit: u32,
    ) -> Answer<Page<EventView>> {
        self.show_timeline(caller, device, cursor, limit).await
    }
    async fn facts(
        &self,
        caller: &Caller,
        device: &str,
        cursor: Option<&str>,
        limit: u32,
    ) -> Answer<Page<FactView>> {
        self.show_facts(caller, device, cursor, limit).await
    }
    fn map(&self, caller: &Caller) -> Answer<MapView> {
        self.show_map(caller)
    }
    fn findings(&self, caller: &Caller, query: &FindingQuery) -> Answer<Page<FindingRow>> {
        self.list_findings(caller, query)
    }
    fn finding(&self, caller: &Caller, id: &str) -> Answer<FindingView> {
        self.show_finding(caller, id)
    }
    fn fixes(&self, caller: &Caller) -> Answer<Vec<Need>> {
        self.show_fixes(caller)
    }
    async fn flows(&self, caller: &Caller, search: &FlowSearch) -> Answer<FlowPage> {
        self.search_flows(caller, search).await
    }
    async fn export_flows(
        &self,
        caller: &Caller,
        search: &FlowSearch,
        format: ExportFormat,
    ) -> Answer<Vec<u8>> {
        self.flows_as_file(caller, search, format).await
    }
    async fn edit_device(
        &self,
        caller: &Caller,
        id: &str,
        edit: &DeviceEdit,
    ) -> Answer<DeviceView> {
        self.change_device(caller, id, edit).await
    }
    async fn merge_devices(&self, caller: &Caller, id: &str, other: &str) -> Answer<DeviceView> {
        self.merge_into(caller, id, other).await
    }
    async fn split_device(
        &self,
        caller: &Caller,
        id: &str,
        addresses: &[String],
    ) -> Answer<String> {
        self.split_off(caller, id, addresses).await
    }
    async fn forget_device(&self, caller: &Caller, id: &str, reason: &str) -> Answer<Outcome> {
        self.forget(caller, id, reason).await
    }
    async fn changes(
        &self,
        caller: &Caller,
        cursor: Option<&str>,
        limit: u32,
    ) -> Answer<Page<ChangeView>> {
        self.list_changes(caller, cursor, limit).await
    }
    async fn undo(&self, caller: &Caller, change: u64) -> Answer<()> {
        self.take_back(caller, change).await
    }
    async fn accept_finding(
        &self,
        caller: &Caller,
        id: &str,
        acceptance: &Acceptance,
    ) -> Answer<FindingView> {
        self.accept_risk(caller, id, acceptance).await
    }
    async fn reopen_finding(&self, caller: &Caller, id: &str) -> Answer<FindingView> {
        self.reopen_risk(caller, id).await
    }
    async fn import(&self, caller: &Caller, name: &str, content: &[u8]) -> Answer<ImportView> {
        self.take_in_records(caller, name, content).await
    }
    fn contracts(&self, caller: &Caller, query: &ContractQuery) -> Answer<Page<ContractRow>> {
        self.still(caller)?;
        self.list_contracts(caller, query)
    }
    fn contract(&self, caller: &Caller, device: &str) -> Answer<ContractView> {
        self.still(caller)?;
        self.show_contract(caller, device)
    }
    async fn contract_diff(
        &self,
        caller: &Caller,
        device: &str,
        query: &ContractDiffQuery,
    ) -> Answer<ContractDiffView> {
        self.still(caller)?;
        self.diff_contract(caller, device, query).await
    }
    async fn adopt(
        &self,
        caller: &Caller,
        device: &str,
        request: &AdoptRequest,
    ) -> Answer<Changed> {
        self.still(caller)?;
        self.adopt_contract(caller, device, request).await
    }
    async fn import_mud(
        &self,
        caller: &Caller,
        device: &str,
        request: &MudRequest,
    ) -> Answer<Changed> {
        self.still(caller)?;
        self.take_mud(caller, device, request).await
    }
    fn export_mud(&self, caller: &Caller, device: &str) -> Answer<MudView> {
        self.still(caller)?;
        self.give_mud(caller, device)
    }
    async fn stage(&self, caller: &Caller, request: &StageRequest) -> Answer<Changed> {
        self.still(caller)?;
        self.stage_contracts(caller, request).await
    }
    async fn switch(&self, caller: &Caller, request: &ReachRequest) -> Answer<Changed> {
        self.still(caller)?;
        self.switch_devices(caller, request).await
    }
    async fn steps(
        &self,
        caller: &Caller,
        cursor: Option<&str>,
        limit: u32,
    ) -> Answer<Page<StepView>> {
        self.still(caller)?;
        self.list_steps(caller, cursor, limit).await
    }
    async fn undo_step(&self, caller: &Caller, step: Option<u64>) -> Answer<Changed> {
        self.still(caller)?;
        self.take_step_back(caller, step).await
    }
    async fn rules(&self, caller: &Caller) -> Answer<RulesView> {
        self.still(caller)?;
        self.show_rules(caller).await
    }
    async fn confirm_rules(&self, caller: &Caller) -> Answer<RulesView> {
        self.still(caller)?;
        self.confirm(caller).await
    }
    async fn take_rules_back(&self, caller: &Caller) -> Answer<RulesView> {
        self.still(caller)?;
        self.take_back_rules(caller).await
    }
    async fn rehearse(&self, caller: &Caller, request: &RehearseRequest) -> Answer<RehearsalView> {
        self.still(caller)?;
        self.rehearse_contracts(caller, request).await
    }
    async fn prove(&self, caller: &Caller, request: &ProofRequest) -> Answer<ProofView> {
        self.still(caller)?;
        self.prove_reach(caller, request).await
    }
    async fn plan_probe(&self, caller: &Caller, request: &ProbeRequest) -> Answer<ProbePlanView> {
        self.still(caller)?;
        self.set_out_to_probe(caller, request).await
    }
    async fn report_probe(
        &self,
        caller: &Caller,
        id: &str,
        report: &ProbeReport,
    ) -> Answer<ProbeView> {
        self.still(caller)?;
        self.take_probe(caller, id, report).await
    }
    fn zones(&self, caller: &Caller) -> Answer<ZonesView> {
        self.still(caller)?;
        self.show_zones(caller)
    }
    fn people(&self, caller: &Caller) -> Answer<PeopleView> {
        self.people_of(caller)
    }
    async fn invite(&self, caller: &Caller, new: &NewInvite) -> Answer<InviteLink> {
        self.invite_somebody(caller, new).await
    }
    async fn invite_again(&self, caller: &Caller, person: &str) -> Answer<InviteLink> {
        self.invite_person_again(caller, person).await
    }
    async fn withdraw_invite(&self, caller: &Caller, id: &str) -> Answer<()> {
        self.withdraw(caller, id).await
    }
    async fn edit_person(
        &self,
        caller: &Caller,
        id: &str,
        edit: &PersonEdit,
        reason: &str,
    ) -> Answer<Outcome> {
        self.change_person(caller, id, edit, reason).await
    }
    async fn remove_credential(&self, caller: &Caller, id: &str) -> Answer<()> {
        self.drop_credential(caller, id).await
    }
    async fn revoke_session(&self, caller: &Caller, id: &str) -> Answer<()> {
        self.end_session(caller, id).await
    }
    async fn create_token(&self, caller: &Caller, new: &NewToken) -> Answer<TokenMade> {
        self.make_token(caller, new).await
    }
    async fn revoke_token(&self, caller: &Caller, id: &str) -> Answer<()> {
        self.end_token(caller, id).await
    }
    fn approvals(&self, caller: &Caller) -> Answer<Vec<ApprovalView>> {
        self.list_approvals(caller)
    }
    async fn decide(&self, caller: &Caller, id: &str, approve: bool) -> Answer<ApprovalView> {
        self.decide_approval(caller, id, approve).await
    }
    async fn ledger(
        &self,
        caller: &Caller,
        cursor: Option<&str>,
        limit: u32,
    ) -> Answer<Page<LedgerRow>> {
        self.list_ledger(caller, cursor, limit).await
    }
    async fn ledger_head(&self, caller: &Caller, verify: bool) -> Answer<LedgerHead> {
        self.head(caller, verify).await
    }
    async fn export_ledger(&self, caller: &Caller) -> Answer<Vec<u8>> {
        self.ledger_as_file(caller).await
    }
    fn health(&self, caller: &Caller) -> Answer<HealthView> {
        self.show_health(caller)
    }
    fn metrics(&self, caller: Option<&Caller>, visit: &Visit) -> Answer<String> {
        self.show_metrics(caller, visit)
    }
    fn settings(&self, caller: &Caller) -> Answer<SettingsView> {
        self.show_settings(caller)
    }
    async fn backup(&self, caller: &Caller, to: &str, passphrase: Option<&str>) -> Answer<()> {
        self.back_up(caller, to, passphrase).await
    }
}
