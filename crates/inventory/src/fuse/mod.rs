//! From ends to devices: which ends are one thing, which stand for others, which are nobody.

mod build;
mod links;
mod merge;
mod owners;

use std::collections::HashMap;
use std::net::IpAddr;

use cordon_model::{Mac, PacketId};

use crate::devices::Devices;
use crate::ends::EndId;
use crate::inventory::Inventory;
use crate::statistics::Statistics;

/// A candidate device: one link-layer address, or one address where there is none.
#[derive(Debug, Default)]
pub(crate) struct Node {
    pub mac: Option<Mac>,
    /// Ends that are it.
    pub ends: Vec<EndId>,
    /// Where it became clear that it forwards for others, and why.
    pub routes: Option<(&'static str, Option<PacketId>)>,
    /// Index of the router it stands behind.
    pub behind: Option<usize>,
}

/// All candidates, and which of them each end belongs to.
#[derive(Debug, Default)]
pub(crate) struct Nodes {
    pub nodes: Vec<Node>,
    /// Per end: its node, or none for peers and ghosts.
    pub of_end: Vec<Option<usize>>,
    /// Nodes without a link-layer address.
    pub by_ip: HashMap<IpAddr, usize>,
}

/// The devices in what was heard so far.
pub(crate) fn devices(inventory: &Inventory, statistics: &dyn Statistics) -> Devices {
    let mut nodes = links::nodes(inventory);
    owners::place(inventory, &mut nodes);
    let groups = merge::groups(inventory, &nodes);
    build::devices(inventory, &nodes, &groups, statistics)
}
