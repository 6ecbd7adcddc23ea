//! The ledger as people read it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Time;

/// One record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LedgerRow {
    /// Its number; the first is 0.
    pub index: u64,
    /// When.
    pub at: Time,
    /// Who: `person:ID`, `token:ID`, `local:UID` or `system`.
    pub actor: String,
    /// Who, in words.
    pub actor_label: String,
    /// What, such as `device.edit`.
    pub action: String,
    /// What, in words.
    pub action_title: String,
    /// To what.
    pub subject: String,
    /// To what, in words.
    pub subject_label: String,
    /// Particulars.
    pub detail: BTreeMap<String, String>,
    /// The record's leaf hash, hexadecimal.
    pub hash: String,
}

impl LedgerRow {
    /// Whether somebody did it to themselves, as who signs in or enrols: naming them once is enough.
    #[must_use]
    pub fn is_about_its_actor(&self) -> bool {
        self.actor.strip_prefix("person:") == Some(self.subject.as_str())
    }
}

/// The state of the whole log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LedgerHead {
    /// Records.
    pub size: u64,
    /// The newest signed checkpoint, to be kept elsewhere.
    pub checkpoint: String,
    /// The key that signs, as text.
    pub public_key: String,
    /// When the log was last verified from the first record on.
    pub verified: Option<Time>,
    /// What that came to, in one sentence.
    pub says: String,
    /// Whether it verified.
    pub good: bool,
}
