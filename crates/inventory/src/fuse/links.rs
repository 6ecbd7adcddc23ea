//! Per link-layer address: which of the addresses behind it are its own, and does it route.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use super::{Node, Nodes};
use crate::ends::{End, EndId, NO_LINK, Tie};
use crate::inventory::Inventory;
use crate::roles::Trait;
use crate::scope::{Scope, eui64, neighbourhood, scope, virtual_router};

/// So many site addresses that nobody stated as its own make a router: hosts have one or two,
/// and a third after a change.
const MANY_SITE: usize = 4;

/// What is known about the segment as a whole.
struct Segment {
    /// Networks whose addresses are on this segment.
    near: HashSet<(bool, u64)>,
    /// Who stated an address as its own.
    stated: HashMap<IpAddr, u32>,
    /// Addresses that DHCP names as routers.
    gateways: HashSet<IpAddr>,
    /// Whether private IPv4 addresses were stated: public ones then come from elsewhere.
    private: bool,
}

/// One node per link-layer address, with the ends that are its own.
pub(super) fn nodes(inventory: &Inventory) -> Nodes {
    let ends = &inventory.ends;
    let segment = Segment::of(inventory);
    let mut of_link: Vec<Vec<EndId>> = vec![Vec::new(); ends.links.len()];
    for (id, end) in ends.ends.iter().enumerate() {
        if let Some(list) = of_link.get_mut(end.link as usize) {
            list.push(id as EndId);
        }
    }
    let mut nodes = Nodes { of_end: vec![None; ends.ends.len()], ..Nodes::default() };
    for (index, (link, ids)) in ends.links.iter().zip(&of_link).enumerate() {
        let members: Vec<(EndId, &End)> =
            ids.iter().filter_map(|id| Some((*id, ends.ends.get(*id as usize)?))).collect();
        let mut node = Node { mac: Some(link.mac), ..Node::default() };
        let (mut own, rest): (Vec<_>, Vec<_>) =
            members.into_iter().partition(|(_, end)| is_certain(end, link.mac));
        node.routes = why_routes(inventory, &segment, index as u32, &own, &rest);
        match node.routes {
            None => own.extend(rest),
            Some(_) => own.extend(own_of_router(&segment, index as u32, &own, &rest)),
        }
        for (id, _) in own {
            node.ends.push(id);
            if let Some(slot) = nodes.of_end.get_mut(id as usize) {
                *slot = Some(index);
            }
        }
        nodes.nodes.push(node);
    }
    nodes
}

impl Segment {
    fn of(inventory: &Inventory) -> Segment {
        let mut near = HashSet::new();
        let mut stated = HashMap::new();
        for end in inventory.ends.ends.iter().filter(|end| end.link != NO_LINK) {
            let Some(ip) = end.ip else { continue };
            let mac = inventory.ends.links.get(end.link as usize).map(|link| link.mac);
            if end.tie == Tie::Stated || mac.is_some_and(|mac| made_from(ip) == Some(mac)) {
                near.insert((ip.is_ipv4(), neighbourhood(ip)));
                if scope(ip) != Scope::Link {
                    stated.entry(ip).or_insert(end.link);
                }
            }
        }
        let gateways = inventory.gateways.iter().map(|gateway| gateway.ip).collect();
        let private = stated.keys().copied().any(is_site_v4);
        Segment { near, stated, gateways, private }
    }

    fn is_near(&self, ip: IpAddr) -> bool {
        self.near.contains(&(ip.is_ipv4(), neighbourhood(ip)))
    }

    /// Whether another link-layer address stated this address as its own.
    fn is_of_another(&self, ip: IpAddr, link: u32) -> bool {
        self.stated.get(&ip).is_some_and(|owner| *owner != link)
    }
}

fn made_from(ip: IpAddr) -> Option<cordon_model::Mac> {
    match ip {
        IpAddr::V6(ip) => eui64(ip),
        IpAddr::V4(_) => None,
    }
}

/// Whether the address surely belongs to the link-layer address it was seen with.
fn is_certain(end: &End, mac: cordon_model::Mac) -> bool {
    match end.ip {
        None => true,
        Some(ip) => end.tie > Tie::Carried || made_from(ip) == Some(mac),
    }
}

type Members<'a> = [(EndId, &'a End)];

/// Why this link-layer address forwards for others, if it does.
fn why_routes(
    inventory: &Inventory,
    segment: &Segment,
    link: u32,
    own: &Members<'_>,
    rest: &Members<'_>,
) -> Option<(&'static str, Option<cordon_model::PacketId>)> {
    let entry = inventory.ends.links.get(link as usize)?;
    if virtual_router(entry.mac).is_some() {
        return Some(("its address is a virtual router's", None));
    }
    if let Some(packet) = entry.routes {
        return Some(("says that it routes", Some(packet)));
    }
    let gateway = |end: &End| end.ip.is_some_and(|ip| segment.gateways.contains(&ip));
    if own.iter().chain(rest).any(|(_, end)| gateway(end)) {
        let packet = inventory.gateways.first().map(|gateway| gateway.packet);
        return Some(("DHCP names its address as the router", packet));
    }
    let far = |end: &&(EndId, &End)| {
        end.1.ip.is_some_and(|ip| scope(ip) == Scope::Global && !segment.is_near(ip))
    };
    let mut global = rest.iter().filter(far);
    if let Some((_, first)) = global.next() {
        let packet = Some(first.first_packet);
        let others = global.next().is_some() || entry.more_public > 0;
        let v6_of_one_network = entry.more_public == 0
            && rest.iter().filter(far).all(|(_, end)| {
                end.ip.is_some_and(|ip| ip.is_ipv6())
                    && end.ip.map(neighbourhood) == first.ip.map(neighbourhood)
            });
        let addressed = own.iter().any(|(_, end)| {
            end.ip.is_some_and(|ip| scope(ip) != Scope::Link) && end.ip != first.ip
        });
        if v6_of_one_network {
            // A host's own global addresses, unless it has nothing to do with this network.
        } else if others || addressed || first.meets_site || segment.private || rest.len() > 1 {
            return Some(("packets of public addresses come from its link address", packet));
        }
    }
    let foreign = rest.iter().find(|(_, end)| {
        end.ip.is_some_and(|ip| segment.is_of_another(ip, link)) && !own.is_empty()
    });
    if let Some((_, end)) = foreign {
        return Some(("forwards packets of another device", Some(end.first_packet)));
    }
    let site =
        |end: &&(EndId, &End)| end.1.ip.is_some_and(|ip| scope(ip) == Scope::Site && ip.is_ipv4());
    if rest.iter().filter(site).count() >= MANY_SITE {
        let packet = rest.iter().find(site).map(|(_, end)| end.first_packet);
        return Some(("packets of many addresses come from its link address", packet));
    }
    None
}

/// Which of the addresses seen behind a router are the router's own.
fn own_of_router<'a>(
    segment: &Segment,
    link: u32,
    own: &Members<'a>,
    rest: &Members<'a>,
) -> Vec<(EndId, &'a End)> {
    let free = |end: &End| end.ip.is_some_and(|ip| !segment.is_of_another(ip, link));
    let mut found: Vec<(EndId, &End)> = Vec::new();
    // Global IPv6 of a network that is on this segment, stated by nobody else.
    found.extend(rest.iter().filter(|(_, end)| {
        free(end)
            && end
                .ip
                .is_some_and(|ip| ip.is_ipv6() && scope(ip) == Scope::Global && segment.is_near(ip))
    }));
    let has_site = own.iter().any(|(_, end)| end.ip.is_some_and(is_site_v4));
    if has_site {
        return found;
    }
    let site: Vec<_> = rest
        .iter()
        .filter(|(_, end)| end.ip.is_some_and(is_site_v4) && free(end))
        .copied()
        .collect();
    let serves = Trait::ServesDhcp.bit() | Trait::ServesDns.bit();
    let best = site
        .iter()
        .find(|(_, end)| end.ip.is_some_and(|ip| segment.gateways.contains(&ip)))
        .or_else(|| site.iter().find(|(_, end)| end.ip.is_some_and(|ip| segment.is_near(ip))))
        .or_else(|| site.iter().find(|(_, end)| end.traits & serves != 0 && looks_first(end.ip)))
        .or_else(|| {
            site.first()
                .filter(|_| site.len() == 1 && site.iter().all(|(_, end)| looks_first(end.ip)))
        });
    found.extend(best.copied());
    found
}

fn is_site_v4(ip: IpAddr) -> bool {
    ip.is_ipv4() && scope(ip) == Scope::Site
}

/// Routers like the first and the last address of their network.
fn looks_first(ip: Option<IpAddr>) -> bool {
    matches!(ip, Some(IpAddr::V4(ip)) if matches!(ip.octets(), [.., 1 | 254]))
}
