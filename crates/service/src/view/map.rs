//! Who talks to whom.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The map: zones with devices, and what passes between them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MapView {
    /// Zones, each with its devices.
    pub zones: Vec<ZoneView>,
    /// Between devices, the busiest first.
    pub links: Vec<LinkView>,
}

/// A zone that a person named, or else a subnet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ZoneView {
    /// Its name.
    pub name: String,
    /// Its devices.
    pub nodes: Vec<NodeView>,
}

/// A device on the map.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NodeView {
    /// Device id.
    pub id: String,
    /// What to call it.
    pub label: String,
    /// Its kind's name.
    pub kind: Option<String>,
    /// The gravest open finding's severity.
    pub worst: Option<String>,
    /// Whether it was heard lately.
    pub online: bool,
    /// Whether it forwards for others.
    pub routes: bool,
}

/// Two ends that exchange packets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LinkView {
    /// Device id, or the address of what is no device.
    pub from: String,
    /// Device id, or the address of what is no device.
    pub to: String,
    /// Whether an end is on the Internet.
    pub outside: bool,
    /// Applications; `port:` marks a guess.
    pub apps: Vec<String>,
    /// Flows.
    pub flows: u64,
    /// Bytes.
    pub bytes: u64,
}
