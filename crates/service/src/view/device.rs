//! Devices as people read them.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{FindingRow, Link, Time};

/// One device in a list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DeviceRow {
    /// Stable id.
    pub id: String,
    /// What to call it.
    pub label: String,
    /// Its kind's name, such as `infusion-pump`.
    pub kind: Option<String>,
    /// Its kind in plain words.
    pub kind_title: Option<String>,
    /// Who made it.
    pub vendor: Option<String>,
    /// Which product it is.
    pub model: Option<String>,
    /// 0 to 1: how sure the kind is, or the model or vendor where the kind is unknown.
    pub confidence: f32,
    /// Whether a person set any of the above.
    pub set_by_person: bool,
    /// Whether it has a name, model or kind: only then may anything alert on it.
    pub named: bool,
    /// Addresses that it has now.
    pub ips: Vec<String>,
    /// Link-layer addresses that it has now.
    pub macs: Vec<String>,
    /// VLANs it was seen in.
    pub vlans: Vec<u16>,
    /// Zone that a person put it in, or else its subnet.
    pub zone: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Where it stands.
    pub location: Option<String>,
    /// `normal`, `process` or `life-safety`.
    pub criticality: String,
    /// Labels.
    pub tags: Vec<String>,
    /// First seen.
    pub first: Time,
    /// Last seen.
    pub last: Time,
    /// Whether it was heard lately.
    pub online: bool,
    /// Open findings.
    pub findings: u32,
    /// The gravest of them.
    pub worst: Option<String>,
}

/// Which devices, in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct DeviceQuery {
    /// Words that must all occur in name, vendor, model, addresses, tags, owner or location.
    pub q: Option<String>,
    /// A kind's name.
    pub kind: Option<String>,
    /// A vendor.
    pub vendor: Option<String>,
    /// A zone.
    pub zone: Option<String>,
    /// A label.
    pub tag: Option<String>,
    /// Only devices with an open finding at least this severe.
    #[param(pattern = "^(|info|low|medium|high|critical)$")]
    pub severity: Option<String>,
    /// `online`, `silent`, `new` or `unnamed`.
    #[param(pattern = "^(|online|silent|new|unnamed)$")]
    pub state: Option<String>,
    /// `label` (default), `kind`, `vendor`, `zone`, `last`, `first` or `findings`.
    #[param(pattern = "^(|label|kind|vendor|zone|last|first|findings)$")]
    pub sort: Option<String>,
    /// From an earlier page.
    pub cursor: Option<String>,
    /// Items per page: 1 to 500, 100 unless told.
    #[schema(minimum = 1, maximum = 500)]
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
}

/// How many devices share a value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Group {
    /// The value, as a filter takes it.
    pub name: String,
    /// In plain words.
    pub title: String,
    /// Devices.
    pub count: u64,
}

/// The groups that the list can be narrowed by, each sorted by count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeviceGroups {
    /// By kind.
    pub kinds: Vec<Group>,
    /// By vendor.
    pub vendors: Vec<Group>,
    /// By zone.
    pub zones: Vec<Group>,
    /// By label.
    pub tags: Vec<Group>,
}

/// Why something is believed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReasonView {
    /// A sentence.
    pub says: String,
    /// Where it comes from: a protocol's name, `oui`, `statistics` or `traffic`.
    pub source: String,
}

/// One identified field.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FieldView {
    /// `name`, `kind`, `vendor`, `model`, `firmware`, `os`, `owner`, `location`, `zone`,
    /// `criticality` or `notes`.
    pub field: String,
    /// In plain words.
    pub title: String,
    /// What holds: a person's word, else what was seen.
    pub value: Option<String>,
    /// What was seen, where a person said otherwise.
    pub seen: Option<String>,
    /// 0 to 1; 1 for a person's word.
    pub confidence: f32,
    /// Who set it, where a person did.
    pub set_by: Option<String>,
    /// When.
    pub set_at: Option<Time>,
    /// Why it is believed, strongest first.
    pub reasons: Vec<ReasonView>,
}

/// Something that held for a while.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SpanView {
    /// What.
    pub value: String,
    /// First seen.
    pub first: Time,
    /// Last seen.
    pub last: Time,
    /// Whether it no longer holds.
    pub gone: bool,
}

/// A service that a device offers or offered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServiceView {
    /// `tcp` or `udp`.
    pub transport: String,
    /// Port.
    pub port: u16,
    /// Application.
    pub app: Option<String>,
    /// Whether the application was seen in payload; otherwise it is guessed from the port.
    pub seen: bool,
    /// First seen.
    pub first: Time,
    /// Last seen.
    pub last: Time,
    /// Whether it is no longer offered.
    pub gone: bool,
}

/// Somebody that a device exchanges packets with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PeerView {
    /// The device's id, if it is one of ours.
    pub id: Option<String>,
    /// Its label or address.
    pub label: String,
    /// Whether it is on the Internet.
    pub outside: bool,
    /// `to` where the device opens the conversation, `from` where the peer does.
    pub direction: String,
    /// Applications; `port:` marks a guess.
    pub apps: Vec<String>,
    /// Flows.
    pub flows: u64,
    /// Packets.
    pub packets: u64,
    /// Bytes.
    pub bytes: u64,
}

/// One line of a timeline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventView {
    /// When.
    pub at: Time,
    /// Whose.
    pub device: Link,
    /// The event's kind, such as `address-came`.
    pub kind: String,
    /// A sentence.
    pub says: String,
    /// Who did it, where a person did.
    pub actor: Option<String>,
}

/// A URL under which a device says that its maker describes it (RFC 8520). Nothing is fetched
/// from there, and nobody vouches for what a device says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MudUrlView {
    /// As it was said.
    pub url: String,
    /// Where: `DHCP`, `DHCPv6`, `LLDP` or `its certificate`.
    pub source: String,
    /// The packet that said it first, by its number in its capture.
    pub packet: u64,
    /// When it was first said.
    pub first: Time,
    /// When it was last said.
    pub last: Time,
    /// Whether it says so now, and nothing else in the same place.
    pub now: bool,
    /// A sentence.
    pub says: String,
    /// What is wrong with it.
    pub faults: Vec<String>,
    /// Whether anything in the contract in force is from this file.
    pub imported: bool,
}

/// Everything about one device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DeviceView {
    /// As in the list.
    pub row: DeviceRow,
    /// Identified and set fields, with reasons.
    pub fields: Vec<FieldView>,
    /// Addresses now and before.
    pub addresses: Vec<SpanView>,
    /// Names now and before.
    pub names: Vec<SpanView>,
    /// Services now and before.
    pub services: Vec<ServiceView>,
    /// With whom it speaks, the busiest first.
    pub peers: Vec<PeerView>,
    /// Its findings, gravest first, accepted and closed ones last.
    pub findings: Vec<FindingRow>,
    /// The newest lines of its timeline.
    pub timeline: Vec<EventView>,
    /// The hub or router that stands for it.
    pub parent: Option<Link>,
    /// Devices it stands for.
    pub children: Vec<Link>,
    /// Whether its only link-layer addresses are randomised.
    pub random_mac: bool,
    /// Whether it forwards for others.
    pub routes: bool,
    /// Packets from it since the service started.
    pub packets: u64,
    /// Bytes from it since the service started.
    pub bytes: u64,
    /// Ids that were joined into it.
    pub joined: Vec<String>,
    /// Where it says that its maker describes it, newest first.
    pub mud: Vec<MudUrlView>,
    /// The newest change that can be taken back.
    pub undo: Option<ChangeView>,
}

/// A change that can be taken back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChangeView {
    /// Its id.
    pub id: u64,
    /// When.
    pub at: Time,
    /// Who.
    pub by: String,
    /// What, in words.
    pub says: String,
    /// Whether it was taken back.
    pub undone: bool,
}

/// What a packet said, as kept in the history.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FactView {
    /// When.
    pub at: Time,
    /// Which kind: `dhcp`, `tls-client-hello` …
    pub kind: String,
    /// What, in short.
    pub says: String,
}

/// Changes to a device's entry. A field left out stays; an empty text clears what was set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DeviceEdit {
    /// What people call it.
    pub name: Option<String>,
    /// A kind's name.
    pub kind: Option<String>,
    /// Who made it.
    pub vendor: Option<String>,
    /// Which product it is.
    pub model: Option<String>,
    /// Firmware version.
    pub firmware: Option<String>,
    /// Operating system.
    pub os: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Where it stands.
    pub location: Option<String>,
    /// Zone.
    pub zone: Option<String>,
    /// `normal`, `process` or `life-safety`.
    #[schema(pattern = "^(|normal|process|life-safety)$")]
    pub criticality: Option<String>,
    /// Labels; replaces the list.
    pub tags: Option<Vec<String>>,
    /// Free text.
    pub notes: Option<String>,
}
