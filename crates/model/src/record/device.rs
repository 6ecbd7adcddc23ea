//! A device over time: what it was seen to be, and what people say it is.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::TrackedFinding;
use crate::{Attribute, Device, DeviceId, DeviceType, Mac, Reason, Service, Text, Timestamp};

/// Something that held from a first to a latest sighting.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Span<T> {
    /// What held.
    pub value: T,
    /// First seen.
    pub first: Timestamp,
    /// Last seen.
    pub last: Timestamp,
    /// Whether it no longer holds.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gone: bool,
}

/// An address that a device had.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Address {
    /// Link-layer.
    Mac(Mac),
    /// Network.
    Ip(IpAddr),
}

/// How much depends on a device.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Criticality {
    /// An ordinary device.
    #[default]
    Normal,
    /// Production stops without it.
    Process,
    /// People come to harm without it. Never blocked automatically.
    LifeSafety,
}

/// A value that a person set, and who did when.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Set<T> {
    /// The value.
    pub value: T,
    /// Who set it, as in a ledger entry.
    pub by: Text,
    /// When.
    pub at: Timestamp,
}

/// What people say of a device. It outweighs what was seen, and is shown as such.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Own {
    /// What people call it.
    pub name: Option<Set<Text>>,
    /// What it is for.
    pub kind: Option<Set<DeviceType>>,
    /// Who made it.
    pub vendor: Option<Set<Text>>,
    /// Which product it is.
    pub model: Option<Set<Text>>,
    /// Firmware version.
    pub firmware: Option<Set<Text>>,
    /// Operating system.
    pub os: Option<Set<Text>>,
    /// Who answers for it.
    pub owner: Option<Set<Text>>,
    /// Where it stands.
    pub location: Option<Set<Text>>,
    /// The zone it belongs to.
    pub zone: Option<Set<Text>>,
    /// How much depends on it.
    pub criticality: Option<Set<Criticality>>,
    /// Labels, sorted.
    pub tags: Vec<Text>,
    /// Free text.
    pub notes: Option<Set<Text>>,
}

impl Own {
    /// Whether nobody has said anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Own::default()
    }
}

/// One device as the service knows it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Record {
    /// Its id for good: the id under which it was first seen.
    pub id: DeviceId,
    /// What it was seen to be, last; `seen.id` is the id above.
    pub seen: Device,
    /// What gave it away, strongest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<(Attribute, Reason)>,
    /// What people say.
    #[serde(default, skip_serializing_if = "Own::is_empty")]
    pub own: Own,
    /// First seen, over all runs.
    pub first: Timestamp,
    /// Last seen, over all runs.
    pub last: Timestamp,
    /// Addresses it had, newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<Span<Address>>,
    /// Names it gave itself, newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<Span<Text>>,
    /// Services it offered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<Span<Service>>,
    /// Further ids that were joined into this record by a person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub joined: Vec<DeviceId>,
    /// Addresses that a person said are not this device's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parted: Vec<Address>,
    /// Where it is known from if no packet showed it: an import's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported: Option<Text>,
    /// Whether it has not been seen for a while, and its timeline says so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub silent: bool,
}

impl Record {
    /// What to call it in a sentence: the name that people gave, else what it was seen to be.
    #[must_use]
    pub fn label(&self) -> String {
        match &self.own.name {
            Some(name) => name.value.to_string(),
            None => self.seen.label(),
        }
    }

    /// Whether it has a name, a model, or at least a kind: only then may anything alert on it.
    #[must_use]
    pub fn is_named(&self) -> bool {
        let own = self.own.name.is_some() || self.own.kind.is_some() || self.own.model.is_some();
        own || self.seen.name.is_some() || self.seen.model.is_some() || self.seen.kind.is_some()
    }

    /// What it is for: people's word first.
    #[must_use]
    pub fn kind(&self) -> Option<DeviceType> {
        let own = self.own.kind.as_ref().map(|set| set.value);
        own.or_else(|| self.seen.kind.as_ref().map(|claim| claim.value))
    }

    /// How much depends on it.
    #[must_use]
    pub fn criticality(&self) -> Criticality {
        self.own.criticality.as_ref().map_or(Criticality::Normal, |set| set.value)
    }
}

/// What happened to a device.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// Seen for the first time.
    Appeared,
    /// Seen again after an absence.
    Returned,
    /// Not seen for a while.
    Silent,
    /// Has an address that it did not have.
    AddressCame,
    /// No longer has an address.
    AddressWent,
    /// Calls itself something else.
    NameChanged,
    /// Identified as something else.
    IdentityChanged,
    /// Names a MUD file, or another one than before.
    MudUrl,
    /// Offers a service that it did not offer.
    ServiceCame,
    /// No longer offers a service.
    ServiceWent,
    /// A person changed its entry.
    Edited,
    /// Joined with another.
    Merged,
    /// Split from another.
    Split,
    /// A weakness was found.
    FindingOpened,
    /// A weakness is no longer seen.
    FindingClosed,
    /// It left its contract, and was stopped or told about.
    Breach,
    /// It does something else than its contract says, which its new firmware explains.
    Differs,
}

/// One line of a device's timeline.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// Whose.
    pub device: DeviceId,
    /// What.
    pub kind: EventKind,
    /// A sentence: `now has the address 10.0.0.7`.
    pub says: Text,
    /// Who did it, where a person did.
    pub actor: Option<Text>,
}

/// A person's change that can be taken back: the records before and after.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Change {
    /// Its id, ascending.
    pub id: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: Text,
    /// What, in words.
    pub says: Text,
    /// The records as they were; a device that did not exist is missing.
    pub before: Vec<Record>,
    /// The ids that exist afterwards.
    pub after: Vec<DeviceId>,
    /// The records as the change left them: what differs later was observed since.
    #[serde(default)]
    pub made: Vec<Record>,
    /// The findings of these devices as they were, where the change moved them.
    #[serde(default)]
    pub findings: Vec<TrackedFinding>,
    /// Whether it was taken back.
    pub undone: bool,
}
