//! Probes between vantage points: what would be tried, what was met, what that means.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Link, Time};

/// Somebody wants to try from their machine whether rules hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ProbeRequest {
    /// In which device's place the machine stands that tries: id, name or address; `this-machine` where it
    /// stands in nobody's.
    pub from: String,
    /// Which device is tried: id, name or address.
    pub to: String,
    /// The address that the machine sends from; only a rehearsal goes without.
    pub source: Option<String>,
    /// What to try; the service chooses where nothing is named. At most 24.
    #[schema(max_items = 24)]
    pub ports: Vec<ProbePort>,
    /// Whether it was said that a device is meant on which a plant or lives depend.
    pub towards_ot: bool,
    /// Whether a machine that listens (`cordon probe --listen`) stands at the far end; only then are datagrams
    /// sent.
    pub listening: bool,
    /// Only say what would be tried.
    pub rehearse: bool,
}

/// A port of TCP or UDP.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(pattern = "^(tcp|udp)/[1-9][0-9]{0,4}$")]
pub struct ProbePort(pub String);

/// What is tried.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProbePlanView {
    /// Under which the outcomes are told; empty for a rehearsal.
    pub id: String,
    /// Whose place the machine was said to have; empty for nobody's.
    pub from: String,
    /// The device that is tried.
    pub to: Link,
    /// Its address.
    pub address: String,
    /// What is tried, in this order.
    pub tries: Vec<ProbeTryView>,
    /// What there is to know before, in plain words.
    pub says: Vec<String>,
}

/// One try.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProbeTryView {
    /// The port.
    pub port: ProbePort,
    /// What the rules say: `possible`, `impossible` or `unknown`; empty before it is known from where.
    pub chance: String,
    /// Why, where there is a reason to tell.
    pub why: String,
}

/// What a probe met.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ProbeReport {
    /// One for each port that was tried.
    #[schema(max_items = 24)]
    pub outcomes: Vec<ProbeOutcome>,
}

/// What came of one try.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProbeOutcome {
    /// The port.
    pub port: ProbePort,
    /// `connected`, `refused` (in the name of the far end), `unreachable`, `silent` or `not-sent`.
    #[schema(pattern = "^(connected|refused|unreachable|silent|not-sent)$")]
    pub outcome: String,
}

/// What a probe met, beside what the rules say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProbeView {
    /// `got-through` (against the rules), `agrees`, `quiet` (nothing came back where something may) or
    /// `shows-nothing`.
    pub answer: String,
    /// The sentence.
    pub says: String,
    /// Each try.
    pub lines: Vec<ProbeLineView>,
    /// What the probe does not show.
    pub limits: Vec<String>,
    /// When.
    pub at: Time,
    /// The whole result under a signature (DSSE).
    #[schema(value_type = Object)]
    pub envelope: serde_json::Value,
}

/// One try and what it means.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProbeLineView {
    /// The port.
    pub port: ProbePort,
    /// What the rules say: `possible`, `impossible` or `unknown`.
    pub chance: String,
    /// What came of it.
    pub outcome: String,
    /// `got-through`, `agrees`, `quiet` or `shows-nothing`.
    pub meaning: String,
    /// In a sentence.
    pub says: String,
}
