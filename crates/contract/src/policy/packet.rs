//! What a firewall sees of a packet.

use std::net::IpAddr;

use cordon_model::Mac;

use crate::document::Carrier;

/// What a firewall sees of a packet.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Packet {
    /// Link-layer source: the device's own, or a router's; none where the link has none.
    pub mac: Option<Mac>,
    /// Source.
    pub from: IpAddr,
    /// Destination.
    pub to: IpAddr,
    /// What it carries.
    pub carrier: Carrier,
    /// Source port; 0 where there is none.
    pub from_port: u16,
    /// Destination port, or ICMP type; 0 where there is none.
    pub to_port: u16,
    /// Whether it belongs to a conversation that was allowed to begin.
    pub established: bool,
}
