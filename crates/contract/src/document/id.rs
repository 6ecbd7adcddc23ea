//! Ids of entries.

use std::fmt;

use cordon_model::Text;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Entry, Peer};

/// The id of an entry: made from what it allows, so that the same permission has the same id in
/// every version of a contract, in the kernel's comments and in an auditor's list.
#[derive(
    Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct EntryId(#[schemars(with = "String")] pub Text);

impl EntryId {
    /// The id of an entry: reasons, bounds and validity are no part of it, nor is the name that a
    /// peer had at the time.
    pub(super) fn of(entry: &Entry) -> Self {
        let mut peer = entry.peer.clone();
        if let Peer::Device { name, .. } = &mut peer {
            *name = "".into();
        }
        let what = (
            peer,
            entry.opens,
            entry.transport,
            &entry.ports,
            &entry.client_ports,
            entry.app,
            &entry.verbs,
        );
        // Nothing in it can fail to be written.
        let mut text = serde_json::to_vec(&what).unwrap_or_default();
        if let Some(ip) = entry.ip {
            text.extend(serde_json::to_vec(&ip).unwrap_or_default());
        }
        let hash = Sha256::digest(&text);
        let mut id = Text::const_new("e-");
        for byte in hash.iter().take(5) {
            id.push_str(&format!("{byte:02x}"));
        }
        EntryId(id)
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
