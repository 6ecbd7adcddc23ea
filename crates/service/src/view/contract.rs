//! Contracts as people read them.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Link, MudUrlView, Time};

/// One device's contract in a list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ContractRow {
    /// Whose.
    pub device: Link,
    /// `learning` (not yet enough was seen), `ready` (learned, and nothing is in force), `watch`,
    /// `warn` or `enforce`.
    pub state: String,
    /// `normal`, `local-only`, `internet-only` or `off`.
    pub reach: String,
    /// `normal`, `process` or `life-safety`.
    pub criticality: String,
    /// Its zone; empty where unknown.
    pub zone: String,
    /// Version in force; 0 for none.
    pub version: u32,
    /// Entries in force.
    pub entries: u32,
    /// Entries that are proposed and not in force.
    pub proposed: u32,
    /// What was held back, because it looks like an attack.
    pub held: u32,
    /// How far learning has come, in words.
    pub learning: Option<String>,
    /// Estimated share of its behaviour that is known, 0 to 1.
    pub known: Option<f32>,
    /// When anything of this was last decided.
    pub since: Option<Time>,
}

/// Which contracts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct ContractQuery {
    /// Only in this state.
    #[param(pattern = "^(|learning|ready|watch|warn|enforce)$")]
    pub state: Option<String>,
    /// Only where a person has to decide about something: `yes`.
    #[param(pattern = "^(|yes)$")]
    pub news: Option<String>,
    /// From an earlier page.
    pub cursor: Option<String>,
    /// Items per page: 1 to 500, 100 unless told.
    #[schema(minimum = 1, maximum = 500)]
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
}

/// One contract, in plain words and as the document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ContractView {
    /// As in the list.
    pub row: ContractRow,
    /// What it is about: one line each.
    pub about: Vec<String>,
    /// What is in force, by parts.
    pub parts: Vec<ContractPart>,
    /// How the telling ends.
    pub rest: String,
    /// Proposed by learning and not in force.
    pub proposed: Vec<EntryView>,
    /// Held back by learning.
    pub held: Vec<HeldView>,
    /// In force, and not seen since learning began.
    pub unseen: Vec<EntryView>,
    /// Where the device says that its maker describes it, newest first.
    pub mud: Vec<MudUrlView>,
    /// What cannot be enforced as it stands, and why.
    pub unresolved: Vec<String>,
    /// What was done to it, newest first.
    pub steps: Vec<StepView>,
    /// The document in force, as a signed envelope (DSSE); none where nothing is.
    #[schema(value_type = Object)]
    pub envelope: Option<serde_json::Value>,
    /// The document in force, or what learning proposes.
    #[schema(value_type = Object)]
    pub document: serde_json::Value,
}

/// One part of a contract.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ContractPart {
    /// Its heading.
    pub title: String,
    /// What is allowed.
    pub entries: Vec<EntryView>,
}

/// One entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EntryView {
    /// Its id, the same wherever the same is allowed.
    pub id: String,
    /// What is allowed, in plain words.
    pub says: String,
    /// How it is carried, and within which limits.
    pub exactly: String,
    /// Why: one reason each.
    pub because: Vec<String>,
}

/// Something that was held back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldView {
    /// What would be allowed.
    pub entry: EntryView,
    /// Why it was held back.
    pub suspicion: String,
}

/// Something that was done to contracts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StepView {
    /// Its number.
    pub id: u64,
    /// When.
    pub at: Time,
    /// Who.
    pub by: String,
    /// What, in words.
    pub says: String,
    /// Why, in their words.
    pub why: String,
    /// Which devices.
    pub devices: Vec<Link>,
    /// Whether it can be taken back now.
    pub undoable: bool,
    /// Who took it back, and when.
    pub undone: Option<String>,
}

/// Putting contracts in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AdoptRequest {
    /// Whether everything that is proposed is put in force.
    pub proposed: bool,
    /// Ids of entries that are, of what is proposed or was held back.
    pub admit: Vec<String>,
    /// Ids of entries that go, or are not proposed again.
    pub remove: Vec<String>,
    /// Why; kept with the step.
    pub reason: String,
    /// Only say what would happen.
    pub rehearse: bool,
}

/// Changing how far contracts are enforced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StageRequest {
    /// Devices: ids, names, `zone:NAME`, `tag:NAME` or `all` (all with a contract).
    pub devices: Vec<String>,
    /// `watch`, `warn` or `enforce`.
    #[schema(pattern = "^(watch|warn|enforce)$")]
    pub stage: String,
    /// Why; kept with the step.
    pub reason: String,
    /// Only say what would happen.
    pub rehearse: bool,
}

/// Switching what devices may reach.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReachRequest {
    /// Devices: ids, names, `zone:NAME` or `tag:NAME`.
    pub devices: Vec<String>,
    /// `normal`, `local-only`, `internet-only` or `off`.
    #[schema(pattern = "^(normal|local-only|internet-only|off)$")]
    pub reach: String,
    /// Why; kept with the step.
    pub reason: String,
    /// Only say what would happen.
    pub rehearse: bool,
}

/// What became of a change.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Changed {
    /// `done`, `waits` (for a second person) or `rehearsed`.
    pub outcome: String,
    /// What was or would be done, in words.
    pub says: Vec<String>,
    /// The step, by which it can be taken back.
    pub step: Option<u64>,
    /// The rules as they are now.
    pub rules: RulesView,
    /// What would have been blocked in the recorded past, where it was asked for.
    pub rehearsal: Option<RehearsalView>,
}

/// The rules that the kernel of this machine holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RulesView {
    /// `none` where this machine enforces nothing, else the driver.
    pub driver: String,
    /// `off`, `nothing` (nothing is loaded), `confirmed`, `trial` or `trouble`.
    pub state: String,
    /// In words.
    pub says: String,
    /// Until when they are on trial: not confirmed by then, they are taken back.
    pub trial_until: Option<Time>,
    /// Devices that they are about.
    pub devices: u64,
    /// Elements in the kernel's sets.
    pub elements: u64,
    /// Conversations that the last load cut.
    pub cut: u64,
    /// How neighbours on one bridge are kept apart: a sentence for each bridge where that is asked for.
    pub neighbours: Vec<String>,
}

/// What recorded traffic would have met.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RehearsalView {
    /// From when.
    pub from: Time,
    /// Until when.
    pub to: Time,
    /// Conversations that were judged.
    pub flows: u64,
    /// Of them, those that would have been blocked.
    pub blocked: u64,
    /// In words, for somebody who decides.
    pub says: String,
    /// By device, the most blocked first.
    pub devices: Vec<RehearsedDevice>,
}

/// What one device would have met.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RehearsedDevice {
    /// Which.
    pub device: Link,
    /// Conversations that would have been blocked.
    pub blocked: u64,
    /// What a person would have noticed: "would have lost casting, 14 times".
    pub notices: Vec<String>,
    /// The conversations, by kind.
    pub kinds: Vec<RehearsedKind>,
}

/// One kind of conversation that would have been blocked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RehearsedKind {
    /// What it is, in words.
    pub says: String,
    /// How often.
    pub times: u64,
    /// Packets of both directions.
    pub packets: u64,
    /// First.
    pub first: Time,
    /// Last.
    pub last: Time,
    /// The other end.
    pub peer: String,
    /// TCP, UDP or another carrier, with the port.
    pub service: String,
    /// Whether nobody answered anyhow.
    pub unanswered: bool,
    /// The id under which learning proposes or holds back what is missing, where it does.
    pub entry: Option<String>,
}

/// Which past is rehearsed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RehearseRequest {
    /// Devices: ids, names, `zone:NAME`, `tag:NAME` or `all`; empty for all.
    pub devices: Vec<String>,
    /// From when (RFC 3339); without it, a week before the end.
    pub from: Option<Time>,
    /// Until when; without it, until now.
    pub to: Option<Time>,
    /// Judge what is proposed, too, as if it were adopted.
    pub proposed: bool,
}

/// A question to be proven.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ProofRequest {
    /// From which device: id, name or address.
    pub from: String,
    /// To which device: id, name or address.
    pub to: String,
    /// Whether what is impossible is promised to stay so, and proven again at intervals and with
    /// every change of the rules; `false` lets go of such a promise.
    #[serde(default)]
    pub keep: Option<bool>,
}

/// What is proven.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProofView {
    /// `impossible`, `possible` or `unknown`.
    pub answer: String,
    /// Whether it is promised, and proven again and again.
    pub kept: bool,
    /// The sentence.
    pub says: String,
    /// How it is known, step by step.
    pub steps: Vec<String>,
    /// What the proof does not speak of.
    pub limits: Vec<String>,
    /// When.
    pub at: Time,
    /// The whole result under a signature (DSSE).
    #[schema(value_type = Object)]
    pub envelope: serde_json::Value,
}

/// Who may talk to whom.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ZonesView {
    /// Rows and columns: zones, and `Internet` at the end.
    pub zones: Vec<ZoneHead>,
    /// One row per zone, one cell per column.
    pub cells: Vec<Vec<ZoneCell>>,
}

/// One zone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ZoneHead {
    /// Its name.
    pub name: String,
    /// Devices in it.
    pub devices: u32,
    /// Of them, those whose contract is enforced.
    pub enforced: u32,
}

/// Who of one zone may open conversations with whom of another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ZoneCell {
    /// `anything` (some device of the zone is not enforced), `some` or `nothing`.
    pub allows: String,
    /// Pairs of devices that may.
    pub pairs: u64,
    /// What, in words; at most a handful.
    pub says: Vec<String>,
}

/// A MUD file to take in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MudRequest {
    /// The file's text.
    pub file: String,
    /// Its detached signature (CMS), in base64. Checked where it is given.
    pub signature: Option<String>,
    /// The certificates of the authorities that are trusted for it, as PEM.
    pub authorities: Option<String>,
    /// Why; kept with the step.
    pub reason: String,
    /// Only say what would happen.
    pub rehearse: bool,
}

/// A contract as a MUD file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MudView {
    /// The file (RFC 8520).
    #[schema(value_type = Object)]
    pub file: serde_json::Value,
    /// What the file cannot say.
    pub unsaid: Vec<String>,
}
