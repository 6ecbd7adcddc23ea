//! A weakness over time.

use serde::{Deserialize, Serialize};

use super::Set;
use crate::{Finding, Text, Timestamp};

/// A finding's stable id: its kind and whose it is, such as `telnet-service@mac-0017882476ff`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FindingKey(pub Text);

/// Where a finding stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingState {
    /// Seen, and to be mended.
    Open,
    /// Its device has no name yet: not shown as an alarm.
    Waiting,
    /// A person accepted the risk.
    Accepted,
    /// Not seen any more.
    Closed,
}

/// A finding with its history.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TrackedFinding {
    /// Its id.
    pub id: FindingKey,
    /// What was found, as last concluded; `finding.device` is the record's id.
    pub finding: Finding,
    /// First seen.
    pub first: Timestamp,
    /// Last time something new showed it.
    pub last: Timestamp,
    /// Where it stands.
    pub state: FindingState,
    /// Who accepted it, with the reason, and until when.
    pub accepted: Option<(Set<Text>, Option<Timestamp>)>,
}
