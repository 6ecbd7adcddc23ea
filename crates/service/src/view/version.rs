//! Versions of contracts, and what differs between two of them.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{EntryView, Link, Time};

/// Which versions are compared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ContractDiffQuery {
    /// The earlier version; `0` for nothing in force. Without it, the one that `to` took the
    /// place of.
    #[param(pattern = "^(|0|[1-9][0-9]{0,8})$")]
    pub from: Option<String>,
    /// The later version; `0` for nothing in force, `proposed` for what would be in force if
    /// everything that is proposed were adopted. Without it, the one in force.
    #[param(pattern = "^(|proposed|0|[1-9][0-9]{0,8})$")]
    pub to: Option<String>,
}

/// What differs between two versions of a contract.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ContractDiffView {
    /// Whose.
    pub device: Link,
    /// The earlier version; 0 for nothing in force.
    pub from: u32,
    /// The later version; 0 for nothing in force, none for what is proposed.
    pub to: Option<u32>,
    /// In one sentence.
    pub says: String,
    /// Entries that the later one alone has.
    pub came: Vec<EntryView>,
    /// Entries that the earlier one alone has.
    pub went: Vec<EntryView>,
    /// Entries about the same conversation that differ.
    pub changed: Vec<EntryChange>,
    /// What differs in who the device is expected to be: one line each.
    pub identity: Vec<String>,
    /// Versions that are known, newest first, at most 50.
    pub versions: Vec<VersionView>,
    /// Entries that are proposed beside what is in force.
    pub proposed: u32,
    /// What was held back, because it looks like an attack.
    pub held: u32,
}

/// An entry before and after.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EntryChange {
    /// As it was.
    pub before: EntryView,
    /// As it is.
    pub after: EntryView,
    /// What became what.
    pub says: String,
}

/// One version of a contract.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VersionView {
    /// Its number.
    pub version: u32,
    /// When it was put in force.
    pub at: Time,
    /// Who put it in force.
    pub by: String,
    /// What they did, in words.
    pub did: String,
    /// Why, in their words; empty where they did not say.
    pub why: String,
    /// The step, where it is known.
    pub step: Option<u64>,
    /// The version that it took the place of: 0 for none, nothing where that is not known.
    pub replaced: Option<u32>,
    /// Entries.
    pub entries: u32,
    /// Whether it is in force now.
    pub now: bool,
    /// What differs from the one before, in one sentence.
    pub says: String,
}
