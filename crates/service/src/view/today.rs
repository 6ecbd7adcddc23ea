//! What needs a human, and how much of the network is seen.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{DeviceRow, Link, SourceView, Time};

/// The first page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Today {
    /// The site's name.
    pub site: String,
    /// The time that the site's traffic has reached.
    pub now: Time,
    /// What a person should do, the most urgent first.
    pub needs: Vec<Need>,
    /// Numbers, each with the page that shows what it counts.
    pub counts: Counts,
    /// How much is seen.
    pub coverage: CoverageView,
    /// Devices that appeared in the last 24 hours, newest first, at most twenty.
    pub new_devices: Vec<DeviceRow>,
}

/// One thing to do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Need {
    /// What, in one line.
    pub what: String,
    /// Why now.
    pub why: String,
    /// How.
    pub fix: String,
    /// `info`, `low`, `medium`, `high` or `critical`.
    pub severity: String,
    /// On which devices.
    pub devices: Vec<Link>,
    /// Ids of the findings behind it.
    pub findings: Vec<String>,
    /// The kind of finding where they are all of one.
    pub kind: Option<String>,
}

/// Numbers of the site.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Counts {
    /// Devices known.
    pub devices: u64,
    /// Devices with a name, model or kind.
    pub named: u64,
    /// Devices heard lately.
    pub online: u64,
    /// Devices that appeared in the last 24 hours.
    pub new: u64,
    /// Open findings of severity critical.
    pub critical: u64,
    /// Open findings of severity high.
    pub high: u64,
    /// Open findings of severity medium.
    pub medium: u64,
    /// Open findings of severity low or info.
    pub low: u64,
    /// Findings that wait until their device has a name.
    pub waiting: u64,
    /// Requests that wait for a second person.
    pub approvals: u64,
    /// Flows recorded in the last 24 hours.
    pub flows: u64,
}

/// What is seen, and what not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CoverageView {
    /// Packets looked at.
    pub packets: u64,
    /// Packets lost before they could be looked at.
    pub dropped: u64,
    /// Flows whose application was recognised from payload.
    pub seen_flows: u64,
    /// Flows whose application was guessed from a port.
    pub guessed_flows: u64,
    /// Flows of unknown application.
    pub unknown_flows: u64,
    /// Packets sent by this service into the networks it watches.
    pub packets_sent: u64,
    /// What cannot be seen from here, in plain words, the most limiting first.
    pub limits: Vec<String>,
    /// Where packets come from.
    pub sources: Vec<SourceView>,
}
