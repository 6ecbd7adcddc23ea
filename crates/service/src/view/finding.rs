//! Weaknesses as people read them.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Link, Time};

/// One finding in a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FindingRow {
    /// Stable id, such as `telnet-service@mac-0017882476ff`.
    pub id: String,
    /// Its kind's name.
    pub kind: String,
    /// `info`, `low`, `medium`, `high` or `critical`.
    pub severity: String,
    /// What was found.
    pub title: String,
    /// Whose it is; none where it belongs to the network.
    pub device: Option<Link>,
    /// First seen.
    pub first: Time,
    /// Last seen.
    pub last: Time,
    /// How often it was seen.
    pub count: u64,
    /// `open`, `waiting` (its device has no name yet), `accepted` or `closed`.
    pub state: String,
}

/// One finding with its evidence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FindingView {
    /// As in the list.
    pub row: FindingRow,
    /// Why it matters here.
    pub why: String,
    /// How to mend it.
    pub fix: String,
    /// What shows it.
    pub evidence: Vec<EvidenceView>,
    /// Who accepted the risk and why.
    pub accepted_by: Option<String>,
    /// The reason given.
    pub accepted_because: Option<String>,
    /// Until when.
    pub accepted_until: Option<Time>,
}

/// What shows a finding.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EvidenceView {
    /// When the packet was captured, where that is known.
    pub at: Option<Time>,
    /// Number of the packet in its capture.
    pub packet: u64,
    /// What it shows.
    pub detail: String,
}

/// Which findings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct FindingQuery {
    /// `open` (default), `waiting`, `accepted`, `closed` or `all`.
    #[param(pattern = "^(|open|waiting|accepted|closed|all)$")]
    pub state: Option<String>,
    /// Only this severe or worse.
    #[param(pattern = "^(|info|low|medium|high|critical)$")]
    pub severity: Option<String>,
    /// A kind's name.
    pub kind: Option<String>,
    /// A device's id.
    pub device: Option<String>,
    /// From an earlier page.
    pub cursor: Option<String>,
    /// Items per page: 1 to 500, 100 unless told.
    #[schema(minimum = 1, maximum = 500)]
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
}

/// Accepting a risk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// Why it is acceptable; kept with the finding.
    #[schema(min_length = 1)]
    pub reason: String,
    /// Days until it opens again; at most 365.
    #[schema(minimum = 1, maximum = 365)]
    pub days: u32,
}
