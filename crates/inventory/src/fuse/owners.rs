//! Places the ends that no link-layer address owns: behind routers, in captures without
//! link-layer addresses, or only spoken about.

use std::collections::HashMap;
use std::net::IpAddr;

use super::{Node, Nodes};
use crate::ends::{End, NO_LINK, Tie};
use crate::inventory::Inventory;
use crate::saying::Field;
use crate::scope::{Scope, eui64, scope};

/// Packets without an answer that make a source more than a forged address.
const FEWEST_PACKETS: u64 = 3;

/// Gives every remaining end to the device that owns its address, to a device of its own, or to
/// nobody.
pub(super) fn place(inventory: &Inventory, nodes: &mut Nodes) {
    let owners = owners(inventory, nodes);
    let by_mac: HashMap<_, usize> = nodes
        .nodes
        .iter()
        .enumerate()
        .filter_map(|(index, node)| node.mac.map(|mac| (mac, index)))
        .collect();
    for (id, end) in inventory.ends.ends.iter().enumerate() {
        if nodes.of_end.get(id).is_none_or(Option::is_some) {
            continue;
        }
        let Some(ip) = end.ip else { continue };
        let maker = match ip {
            IpAddr::V6(ip) => eui64(ip).and_then(|mac| by_mac.get(&mac)),
            IpAddr::V4(_) => None,
        };
        let node = match owners.get(&ip).or(maker) {
            Some(owner) => *owner,
            None if stands_alone(end, ip) => alone(nodes, end, ip),
            None => continue,
        };
        if let Some(slot) = nodes.of_end.get_mut(id) {
            *slot = Some(node);
        }
        if let Some(node) = nodes.nodes.get_mut(node) {
            node.ends.push(id as u32);
        }
    }
}

/// The node that owns each address, where one does: the firmest tie, then the most packets.
fn owners(inventory: &Inventory, nodes: &Nodes) -> HashMap<IpAddr, usize> {
    let mut best: HashMap<IpAddr, (Tie, u64, usize)> = HashMap::new();
    for (end, node) in inventory.ends.ends.iter().zip(&nodes.of_end) {
        let (Some(ip), Some(node)) = (end.ip, node) else { continue };
        if scope(ip) == Scope::Link && end.tie < Tie::Stated {
            continue;
        }
        let rank = (end.tie, end.packets, *node);
        best.entry(ip).and_modify(|known| *known = (*known).max(rank)).or_insert(rank);
    }
    best.into_iter().map(|(ip, (_, _, node))| (ip, node)).collect()
}

/// Whether an address that no link-layer address owns is a device of this site.
fn stands_alone(end: &End, ip: IpAddr) -> bool {
    let told = end.sayings.iter().any(|saying| saying.field != Field::SynShape);
    let real = told || end.answered || end.packets >= FEWEST_PACKETS || !end.acts.is_empty();
    match scope(ip) {
        Scope::Site => real,
        Scope::Link | Scope::Loopback => real && end.link == NO_LINK,
        // Without link-layer addresses nothing tells near from far but what is spoken.
        Scope::Global => end.link == NO_LINK && is_plant(end),
        Scope::Nobody => false,
    }
}

/// Whether it is controlled, or says which controller it is.
fn is_plant(end: &End) -> bool {
    end.acts.iter().any(|act| !act.actor)
        || end.sayings.iter().any(|saying| {
            matches!(saying.field, Field::OtVendor | Field::OtProduct | Field::OtModel)
        })
}

fn alone(nodes: &mut Nodes, end: &End, ip: IpAddr) -> usize {
    let router = Some(end.link as usize).filter(|_| end.link != NO_LINK);
    let next = nodes.nodes.len();
    let index = *nodes.by_ip.entry(ip).or_insert(next);
    if index == next {
        nodes.nodes.push(Node::default());
    }
    if let Some(node) = nodes.nodes.get_mut(index) {
        node.behind = node.behind.or(router);
    }
    index
}
