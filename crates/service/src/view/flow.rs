//! Flows as people search them.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Link, Time};

/// Which flows; every given condition must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct FlowSearch {
    /// A device's id: either end.
    pub device: Option<String>,
    /// A second device's id or an address: the other end.
    pub peer: Option<String>,
    /// An IP or link-layer address: either end.
    pub address: Option<String>,
    /// The service's port.
    pub port: Option<u16>,
    /// `tcp`, `udp`, `icmp` or `icmpv6`.
    pub transport: Option<String>,
    /// An application's name, such as `modbus`.
    pub app: Option<String>,
    /// Not before this time (RFC 3339).
    pub from: Option<Time>,
    /// Before this time (RFC 3339).
    pub to: Option<Time>,
    /// From an earlier page.
    pub cursor: Option<String>,
    /// Items per page: 1 to 500, 100 unless told.
    #[schema(minimum = 1, maximum = 500)]
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
}

/// One end of a flow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EndView {
    /// The device that had the address at that time.
    pub device: Option<Link>,
    /// Address.
    pub ip: Option<String>,
    /// Link-layer address on the captured segment.
    pub mac: Option<String>,
    /// Port.
    pub port: Option<u16>,
}

/// One flow, or one part of a long one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FlowRow {
    /// First packet.
    pub first: Time,
    /// Latest packet.
    pub last: Time,
    /// Who opened it.
    pub client: EndView,
    /// Who offers the service.
    pub server: EndView,
    /// `tcp`, `udp` …
    pub transport: String,
    /// Application.
    pub app: Option<String>,
    /// Whether the application was seen in payload; otherwise it is guessed from the port.
    pub seen: bool,
    /// Outermost VLAN.
    pub vlan: Option<u16>,
    /// Packets from the client.
    pub sent_packets: u64,
    /// Bytes from the client.
    pub sent_bytes: u64,
    /// Packets from the server.
    pub received_packets: u64,
    /// Bytes from the server.
    pub received_bytes: u64,
    /// Community ID, which other tools know too.
    pub community_id: String,
}

/// One page of flows, newest first, and how much was looked at for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FlowPage {
    /// The flows.
    pub items: Vec<FlowRow>,
    /// Passed as `cursor` to get the next page.
    pub next: Option<String>,
    /// Flows in the history that were passed over or looked at.
    pub searched: u64,
    /// How long it took.
    pub took_ms: u64,
}
