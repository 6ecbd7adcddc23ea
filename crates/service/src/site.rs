//! Everything that a surface may ask or have done.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

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
use crate::{Answer, Caller, Visit};

/// Something changed; whoever shows it may ask again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Tick {
    /// Ascending.
    pub number: u64,
    /// What changed: `today`, `devices`, `findings`, `health`, `approvals`.
    pub topics: Vec<String>,
    /// Numbers that pages show without asking again: the key is the element's name.
    pub numbers: Vec<(String, String)>,
}

/// A browser that is signed in from now on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedIn {
    /// Goes into the session cookie and nowhere else.
    pub secret: String,
    /// Seconds until the session ends for certain.
    pub lasts_secs: u64,
    /// Who it is.
    pub me: Me,
}

/// A person who enrolled with a password.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Enrolled {
    /// Signed in at once.
    pub signed_in: SignedIn,
    /// One-time codes for the day the phone is lost; shown once.
    pub recovery_codes: Vec<String>,
}

/// What became of a request that may need a second person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It waits for a second person.
    Waits(Box<ApprovalView>),
}

/// How flows are exported.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExportFormat {
    /// Comma-separated, with a heading line.
    Csv,
    /// One JSON object per line.
    Ndjson,
    /// Parquet.
    Parquet,
}

/// A running site.
#[async_trait]
pub trait Site: Send + Sync + 'static {
    // Who asks.

    /// Whose session a cookie's secret belongs to, if it is alive. Marks it as used, unless an
    /// open page asked by itself.
    fn session(&self, secret: &str, visit: &Visit) -> Option<Caller>;
    /// Whose token this is, if it is good.
    fn bearer(&self, token: &str, visit: &Visit) -> Option<Caller>;
    /// Who the caller is and what they may do.
    fn me(&self, caller: &Caller) -> Answer<Me>;
    /// Tells of changes as they happen.
    fn ticks(&self) -> broadcast::Receiver<Tick>;

    // The way in.

    /// Whether a link works, and what it gives.
    fn enrolment(&self, visit: &Visit, link: &str) -> Answer<EnrolView>;
    /// Options for `navigator.credentials.create`.
    async fn enrol_passkey_begin(
        &self,
        visit: &Visit,
        link: &str,
        name: &str,
    ) -> Answer<serde_json::Value>;
    /// Takes the new passkey and uses the link up.
    async fn enrol_passkey_finish(
        &self,
        visit: &Visit,
        link: &str,
        label: &str,
        credential: serde_json::Value,
    ) -> Answer<SignedIn>;
    /// Checks a password and gives the secret of a one-time code to set up.
    async fn enrol_password_begin(
        &self,
        visit: &Visit,
        link: &str,
        name: &str,
        password: &str,
    ) -> Answer<TotpSetup>;
    /// Takes the first code and uses the link up.
    async fn enrol_password_finish(
        &self,
        visit: &Visit,
        link: &str,
        code: &str,
    ) -> Answer<Enrolled>;
    /// Options for `navigator.credentials.get`.
    async fn passkey_begin(&self, visit: &Visit) -> Answer<serde_json::Value>;
    /// Signs in, or makes a session fresh again.
    async fn passkey_finish(
        &self,
        visit: &Visit,
        credential: serde_json::Value,
    ) -> Answer<SignedIn>;
    /// Signs in with a password and a one-time or recovery code.
    async fn password_sign_in(
        &self,
        visit: &Visit,
        name: &str,
        password: &str,
        code: &str,
    ) -> Answer<SignedIn>;
    /// Ends the caller's session.
    async fn sign_out(&self, caller: &Caller) -> Answer<()>;

    // What is there.

    /// What needs a human.
    fn today(&self, caller: &Caller) -> Answer<Today>;
    /// Devices.
    fn devices(&self, caller: &Caller, query: &DeviceQuery) -> Answer<Page<DeviceRow>>;
    /// What the list of devices can be narrowed by.
    fn device_groups(&self, caller: &Caller) -> Answer<DeviceGroups>;
    /// One device by id; or by label, address or link-layer address where that is unambiguous.
    async fn device(&self, caller: &Caller, id: &str) -> Answer<DeviceView>;
    /// A device's timeline, or everybody's; newest first.
    async fn timeline(
        &self,
        caller: &Caller,
        device: Option<&str>,
        cursor: Option<&str>,
        limit: u32,
    ) -> Answer<Page<EventView>>;
    /// What a device said, newest first.
    async fn facts(
        &self,
        caller: &Caller,
        device: &str,
        cursor: Option<&str>,
        limit: u32,
    ) -> Answer<Page<FactView>>;
    /// Who talks to whom.
    fn map(&self, caller: &Caller) -> Answer<MapView>;
    /// Findings.
    fn findings(&self, caller: &Caller, query: &FindingQuery) -> Answer<Page<FindingRow>>;
    /// One finding.
    fn finding(&self, caller: &Caller, id: &str) -> Answer<FindingView>;
    /// Everything to mend, grouped by what mends it, the most urgent first.
    fn fixes(&self, caller: &Caller) -> Answer<Vec<Need>>;
    /// Flows.
    async fn flows(&self, caller: &Caller, search: &FlowSearch) -> Answer<FlowPage>;
    /// Flows as a file; at most a million rows.
    async fn export_flows(
        &self,
        caller: &Caller,
        search: &FlowSearch,
        format: ExportFormat,
    ) -> Answer<Vec<u8>>;

    // What can be done.

    /// Changes a device's entry.
    async fn edit_device(&self, caller: &Caller, id: &str, edit: &DeviceEdit)
    -> Answer<DeviceView>;
    /// Joins the second device into the first.
    async fn merge_devices(&self, caller: &Caller, id: &str, other: &str) -> Answer<DeviceView>;
    /// Takes addresses out of a device into a new one, whose id is given back.
    async fn split_device(&self, caller: &Caller, id: &str, addresses: &[String])
    -> Answer<String>;
    /// Has a device and its history forgotten. Needs a second person where that is configured.
    async fn forget_device(&self, caller: &Caller, id: &str, reason: &str) -> Answer<Outcome>;
    /// Changes that can be taken back, newest first.
    async fn changes(
        &self,
        caller: &Caller,
        cursor: Option<&str>,
        limit: u32,
    ) -> Answer<Page<ChangeView>>;
    /// Takes a change back.
    async fn undo(&self, caller: &Caller, change: u64) -> Answer<()>;
    /// Accepts a finding's risk for a time.
    async fn accept_finding(
        &self,
        caller: &Caller,
        id: &str,
        acceptance: &Acceptance,
    ) -> Answer<FindingView>;
    /// Opens an accepted finding again.
    async fn reopen_finding(&self, caller: &Caller, id: &str) -> Answer<FindingView>;
    /// Takes in leases, inventories or logs of other tools.
    async fn import(&self, caller: &Caller, name: &str, content: &[u8]) -> Answer<ImportView>;

    // What devices may do.

    /// What stands for devices, and what learning proposes.
    fn contracts(&self, caller: &Caller, query: &ContractQuery) -> Answer<Page<ContractRow>>;
    /// One device's contract.
    fn contract(&self, caller: &Caller, device: &str) -> Answer<ContractView>;
    /// What differs between two versions of a device's contract, and which versions there are.
    async fn contract_diff(
        &self,
        caller: &Caller,
        device: &str,
        query: &ContractDiffQuery,
    ) -> Answer<ContractDiffView>;
    /// Puts a contract in force, or changes it. Needs a second person where that is configured.
    async fn adopt(&self, caller: &Caller, device: &str, request: &AdoptRequest)
    -> Answer<Changed>;
    /// Takes a MUD file in (RFC 8520): what it allows is put in force.
    async fn import_mud(
        &self,
        caller: &Caller,
        device: &str,
        request: &MudRequest,
    ) -> Answer<Changed>;
    /// A contract as a MUD file.
    fn export_mud(&self, caller: &Caller, device: &str) -> Answer<MudView>;
    /// Changes how far contracts are enforced. Rules that may block are on trial first.
    async fn stage(&self, caller: &Caller, request: &StageRequest) -> Answer<Changed>;
    /// Switches what devices may reach, at once.
    async fn switch(&self, caller: &Caller, request: &ReachRequest) -> Answer<Changed>;
    /// What was done to contracts, newest first.
    async fn steps(
        &self,
        caller: &Caller,
        cursor: Option<&str>,
        limit: u32,
    ) -> Answer<Page<StepView>>;
    /// Takes a step back; the latest where none is named.
    async fn undo_step(&self, caller: &Caller, step: Option<u64>) -> Answer<Changed>;
    /// The rules that this machine's kernel holds.
    async fn rules(&self, caller: &Caller) -> Answer<RulesView>;
    /// Keeps the rules that are on trial.
    async fn confirm_rules(&self, caller: &Caller) -> Answer<RulesView>;
    /// Takes the rules that are on trial back.
    async fn take_rules_back(&self, caller: &Caller) -> Answer<RulesView>;
    /// What recorded traffic would meet under the contracts as they are, every stage taken for
    /// enforced.
    async fn rehearse(&self, caller: &Caller, request: &RehearseRequest) -> Answer<RehearsalView>;
    /// Whether one device can reach another, by all packets there are.
    async fn prove(&self, caller: &Caller, request: &ProofRequest) -> Answer<ProofView>;
    /// What a probe from one device's place to another device would try; unless it is rehearsed, it is
    /// written down and may begin.
    async fn plan_probe(&self, caller: &Caller, request: &ProbeRequest) -> Answer<ProbePlanView>;
    /// What a probe met, compared with the rules.
    async fn report_probe(
        &self,
        caller: &Caller,
        id: &str,
        report: &ProbeReport,
    ) -> Answer<ProbeView>;
    /// Who may talk to whom, by zones.
    fn zones(&self, caller: &Caller) -> Answer<ZonesView>;

    // People and keys.

    /// Everybody; for those who may not see that, only themselves.
    fn people(&self, caller: &Caller) -> Answer<PeopleView>;
    /// Makes a link for a new person.
    async fn invite(&self, caller: &Caller, new: &NewInvite) -> Answer<InviteLink>;
    /// Makes a link with which somebody who exists adds a way to sign in.
    async fn invite_again(&self, caller: &Caller, person: &str) -> Answer<InviteLink>;
    /// Makes a link useless.
    async fn withdraw_invite(&self, caller: &Caller, id: &str) -> Answer<()>;
    /// Changes a person. Changing an admin needs a second person where that is configured.
    async fn edit_person(
        &self,
        caller: &Caller,
        id: &str,
        edit: &PersonEdit,
        reason: &str,
    ) -> Answer<Outcome>;
    /// Removes a way to sign in; never somebody's last one.
    async fn remove_credential(&self, caller: &Caller, id: &str) -> Answer<()>;
    /// Ends somebody's session.
    async fn revoke_session(&self, caller: &Caller, id: &str) -> Answer<()>;
    /// Makes an API token of the caller's.
    async fn create_token(&self, caller: &Caller, new: &NewToken) -> Answer<TokenMade>;
    /// Revokes a token.
    async fn revoke_token(&self, caller: &Caller, id: &str) -> Answer<()>;
    /// Requests for a second person: open ones first, then the newest.
    fn approvals(&self, caller: &Caller) -> Answer<Vec<ApprovalView>>;
    /// Approves, and so does, or refuses what another person asked for.
    async fn decide(&self, caller: &Caller, id: &str, approve: bool) -> Answer<ApprovalView>;

    // What was done, and whether the service is well.

    /// The ledger, newest first.
    async fn ledger(
        &self,
        caller: &Caller,
        cursor: Option<&str>,
        limit: u32,
    ) -> Answer<Page<LedgerRow>>;
    /// The state of the whole log; verifies it anew where asked.
    async fn ledger_head(&self, caller: &Caller, verify: bool) -> Answer<LedgerHead>;
    /// The whole log as a file that `cordon ledger verify` reads.
    async fn export_ledger(&self, caller: &Caller) -> Answer<Vec<u8>>;
    /// Whether the service is well.
    fn health(&self, caller: &Caller) -> Answer<HealthView>;
    /// Prometheus text format. Who may read it is configured; a caller is not always needed.
    fn metrics(&self, caller: Option<&Caller>, visit: &Visit) -> Answer<String>;
    /// The configuration in force.
    fn settings(&self, caller: &Caller) -> Answer<SettingsView>;
    /// Writes a backup of the running service to a file on its machine.
    async fn backup(&self, caller: &Caller, to: &str, passphrase: Option<&str>) -> Answer<()>;
}
