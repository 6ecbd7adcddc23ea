//! What is on the map: nodes and zones, drawn together where there are too many.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use cordon_model::Severity;

use super::links::Link;
use crate::plain::{clip, plain};
use crate::view::{Row, View};
use crate::words;

/// Nodes beyond which devices are drawn together.
const MOST_NODES: usize = 60;

/// Nodes in the middle; further routers stand in their networks.
const MOST_CENTRAL: usize = 3;

/// Columns of a node's name and of the line below it.
const NAME: usize = 26;
const NOTE: usize = 37;

/// Nodes, zones and links.
pub(super) struct Graph {
    /// In reading order within their zones.
    pub nodes: Vec<Node>,
    pub zones: Vec<Zone>,
    /// Indices of nodes that route, drawn in the middle.
    pub central: Vec<usize>,
    /// Heaviest last, so that it is drawn on top.
    pub links: Vec<Link>,
    /// Whether anything talks to the Internet.
    pub internet: bool,
    pub notes: Vec<String>,
}

/// A device, or several of one type.
pub(super) struct Node {
    pub name: String,
    /// What it is and where.
    pub note: String,
    pub worst: Option<Severity>,
    /// Where the page tells more.
    pub href: String,
}

/// A network and the nodes in it.
pub(super) struct Zone {
    pub title: String,
    pub nodes: Vec<usize>,
}

/// Where devices stand: VLAN, else IPv4 network; `None` sorts last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct ZoneKey {
    unknown: bool,
    vlan: Option<u16>,
    network: Option<Ipv4Addr>,
}

impl Graph {
    /// None where there are no devices.
    pub(super) fn new(view: &View) -> Option<Self> {
        if view.devices.is_empty() {
            return None;
        }
        let mut graph = Graph {
            nodes: Vec::new(),
            zones: Vec::new(),
            central: Vec::new(),
            links: Vec::new(),
            internet: false,
            notes: Vec::new(),
        };
        let places = graph.place(view);
        graph.link(view, &places);
        Some(graph)
    }

    /// Makes nodes and zones; says for each device in reading order which node shows it.
    fn place(&mut self, view: &View) -> Vec<usize> {
        let mut places = vec![0; view.devices.len()];
        let central = central(view);
        for at in &central {
            if let Some(row) = view.devices.get(*at) {
                self.central.push(self.nodes.len());
                self.show(&mut places, single(row, *at), &[*at]);
            }
        }
        let mut zones: BTreeMap<ZoneKey, Vec<usize>> = BTreeMap::new();
        for (at, row) in view.devices.iter().enumerate() {
            if !central.contains(&at) {
                zones.entry(zone_of(row)).or_default().push(at);
            }
        }
        let by_type: usize = zones.values().map(|members| grouped(view, members, true).len()).sum();
        let together = view.devices.len() > MOST_NODES;
        if together && by_type > MOST_NODES {
            self.whole_networks(view, &mut places, &zones);
        } else {
            self.devices(view, &mut places, &zones, together);
        }
        places
    }

    /// One box per network, in it one node per device or per type.
    fn devices(
        &mut self,
        view: &View,
        places: &mut [usize],
        zones: &BTreeMap<ZoneKey, Vec<usize>>,
        together: bool,
    ) {
        if together {
            self.too_many(view, "devices of one type in one network are drawn together");
        }
        for (key, members) in zones {
            let mut nodes = Vec::new();
            for (what, group) in grouped(view, members, together) {
                let node = node(view, &what, &group);
                nodes.push(self.show(places, node, &group));
            }
            self.zones.push(Zone { title: zone_title(view, *key, members), nodes });
        }
    }

    /// One node per network; the last one stands for all that are too many even so.
    fn whole_networks(
        &mut self,
        view: &View,
        places: &mut [usize],
        zones: &BTreeMap<ZoneKey, Vec<usize>>,
    ) {
        self.too_many(view, "each network is drawn as one");
        let mut nodes = Vec::new();
        for (key, members) in zones.iter().take(MOST_NODES - 1) {
            let node = node(view, &zone_title(view, *key, members), members);
            nodes.push(self.show(places, node, members));
        }
        let rest: Vec<usize> = zones.values().skip(MOST_NODES - 1).flatten().copied().collect();
        if !rest.is_empty() {
            let node = node(view, "Further networks", &rest);
            nodes.push(self.show(places, node, &rest));
        }
        self.zones.push(Zone { title: "Networks".to_owned(), nodes });
    }

    fn show(&mut self, places: &mut [usize], node: Node, group: &[usize]) -> usize {
        let shown = self.nodes.len();
        for at in group {
            if let Some(place) = places.get_mut(*at) {
                *place = shown;
            }
        }
        self.nodes.push(node);
        shown
    }

    fn too_many(&mut self, view: &View, how: &str) {
        let devices = words::count(view.devices.len() as u64);
        self.notes.push(format!("{devices} devices are too many for one picture: {how}."));
    }
}

/// The busiest devices that route.
fn central(view: &View) -> Vec<usize> {
    let mut central: Vec<(u64, usize)> = view
        .devices
        .iter()
        .enumerate()
        .filter(|(_, row)| row.device.routes)
        .map(|(at, row)| (row.device.bytes, at))
        .collect();
    central.sort_by_key(|(bytes, at)| (std::cmp::Reverse(*bytes), *at));
    central.into_iter().take(MOST_CENTRAL).map(|(_, at)| at).collect()
}

/// Members of a zone by type, each by itself or those of one type together.
fn grouped(view: &View, members: &[usize], together: bool) -> Vec<(String, Vec<usize>)> {
    let mut groups: BTreeMap<(String, usize), Vec<usize>> = BTreeMap::new();
    for at in members {
        let what = view.devices.get(*at).map(Row::what).unwrap_or_default();
        groups.entry((what, if together { 0 } else { *at })).or_default().push(*at);
    }
    groups.into_iter().map(|((what, _), group)| (what, group)).collect()
}

fn node(view: &View, kind: &str, group: &[usize]) -> Node {
    let one = match group {
        [at] => view.devices.get(*at).map(|row| single(row, *at)),
        _ => None,
    };
    one.unwrap_or_else(|| {
        let attention = group
            .iter()
            .filter(|at| view.devices.get(**at).is_some_and(Row::needs_attention))
            .count();
        let note = match attention {
            0 => "none needs attention".to_owned(),
            1 => "1 needs attention".to_owned(),
            many => format!("{many} need attention"),
        };
        Node {
            name: format!("{kind} × {}", group.len()),
            note,
            worst: worst(view, group),
            href: "#devices".to_owned(),
        }
    })
}

fn single(row: &Row, at: usize) -> Node {
    let note = format!("{} · {}", row.address(), words::short_type(&row.what()));
    Node {
        name: clip(&plain(&row.device.label), NAME, "…").into_owned(),
        note: clip(&plain(&note), NOTE, "…").into_owned(),
        worst: row.tally.worst(),
        href: format!("#d{at}"),
    }
}

fn worst(view: &View, group: &[usize]) -> Option<Severity> {
    group.iter().filter_map(|at| view.devices.get(*at)?.tally.worst()).max()
}

fn network_of(row: &Row) -> Option<Ipv4Addr> {
    let ip: Ipv4Addr = row.device.ips.iter().find_map(|ip| ip.parse().ok())?;
    let [a, b, c, _] = ip.octets();
    Some(Ipv4Addr::new(a, b, c, 0))
}

fn zone_of(row: &Row) -> ZoneKey {
    match (row.device.vlans.first(), network_of(row)) {
        (Some(vlan), _) => ZoneKey { unknown: false, vlan: Some(*vlan), network: None },
        (None, Some(network)) => ZoneKey { unknown: false, vlan: None, network: Some(network) },
        (None, None) => ZoneKey { unknown: true, vlan: None, network: None },
    }
}

/// The VLAN with its network, where all members agree on one.
fn zone_title(view: &View, key: ZoneKey, members: &[usize]) -> String {
    let networks: BTreeSet<Ipv4Addr> =
        members.iter().filter_map(|at| network_of(view.devices.get(*at)?)).collect();
    match (key.vlan, key.network, networks.first()) {
        (Some(vlan), _, Some(network)) if networks.len() == 1 => {
            format!("VLAN {vlan} · {network}/24")
        }
        (Some(vlan), _, _) => format!("VLAN {vlan}"),
        (None, Some(network), _) => format!("{network}/24"),
        (None, None, _) => "No IPv4 address seen".to_owned(),
    }
}
