//! Why an entry is allowed.

use cordon_model::{PacketId, Text, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Most days of a learned entry that are kept by name; `times` goes on counting.
const MAX_DAYS: usize = 31;
/// Most packets that are kept as evidence.
const MAX_EVIDENCE: usize = 3;

/// Why an entry is allowed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Why {
    /// The device did it.
    Learned {
        /// First seen (RFC 3339).
        #[schemars(with = "String")]
        first: Timestamp,
        /// Last seen (RFC 3339).
        #[schemars(with = "String")]
        last: Timestamp,
        /// How often: conversations, or messages where there are none.
        times: u64,
        /// On which days, as days since 1970-01-01; at most the last 31.
        days: Vec<i32>,
        /// Packets that show it, the first ones.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[schemars(with = "Vec<serde_json::Value>")]
        evidence: Vec<PacketId>,
    },
    /// Its maker says so in a MUD file.
    Mud {
        /// Where the file is from.
        #[schemars(with = "String")]
        url: Text,
        /// Name of the access-control list.
        #[schemars(with = "String")]
        acl: Text,
        /// Name of its entry.
        #[schemars(with = "String")]
        ace: Text,
        /// Who signed the file, if the signature was checked and holds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        signed: Option<Text>,
    },
    /// A person said so.
    Operator {
        /// Who.
        #[schemars(with = "String")]
        by: Text,
        /// Why.
        #[schemars(with = "String")]
        why: Text,
        /// When (RFC 3339).
        #[schemars(with = "String")]
        at: Timestamp,
    },
    /// Devices of the same model do it.
    Profile {
        /// The model.
        #[schemars(with = "String")]
        model: Text,
        /// How many devices of it do.
        devices: u32,
    },
    /// It follows from what the device did.
    Inferred {
        /// How, to be read behind "because".
        #[schemars(with = "String")]
        because: Text,
    },
}

impl Why {
    /// Something learned from one sighting.
    #[must_use]
    pub fn seen(at: Timestamp, packet: PacketId) -> Self {
        Why::Learned { first: at, last: at, times: 1, days: vec![day(at)], evidence: vec![packet] }
    }

    /// Whether `other` is another sighting of the same, and not a reason of its own.
    pub(super) fn is_same_kind(&self, other: &Why) -> bool {
        match (self, other) {
            (Why::Learned { .. }, Why::Learned { .. }) => true,
            (Why::Profile { model: a, .. }, Why::Profile { model: b, .. }) => a == b,
            _ => self == other,
        }
    }

    /// Counts another sighting in.
    pub fn join(&mut self, other: Why) {
        match (self, other) {
            (
                Why::Learned { first, last, times, days, evidence },
                Why::Learned { first: f, last: l, times: t, days: d, evidence: e },
            ) => {
                *first = (*first).min(f);
                *last = (*last).max(l);
                *times = times.saturating_add(t);
                days.extend(d);
                days.sort_unstable();
                days.dedup();
                days.drain(..days.len().saturating_sub(MAX_DAYS));
                evidence.extend(e);
                evidence.truncate(MAX_EVIDENCE);
            }
            (Why::Profile { devices, .. }, Why::Profile { devices: d, .. }) => {
                *devices = (*devices).max(d)
            }
            _ => {}
        }
    }
}

/// Days since 1970-01-01.
fn day(at: Timestamp) -> i32 {
    i32::try_from(at.secs().div_euclid(86_400)).unwrap_or(i32::MAX)
}
