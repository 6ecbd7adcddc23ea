//! Two halves make a conversation.

use cordon_mud::Initiated;

use super::half::Half;
use super::ports::PortSet;
use crate::document::{Carrier, Entry, IpVersion, Opens, Peer, Ports, VerbRule};

/// ICMP that asks, and what answers it (RFC 792).
const ICMP: &[(u16, u16)] = &[(8, 0), (13, 14), (15, 16), (17, 18)];
/// ICMPv6 that asks, and what answers it (RFC 4443, RFC 4620).
const ICMPV6: &[(u16, u16)] = &[(128, 129), (139, 140)];

/// Who opens, at which ports of the service, from which ports.
pub(super) type Opener = (Opens, PortSet, PortSet);

/// Whether the halves are about the same other end, and if so, about what both are.
pub(super) struct Common {
    pub peer: Peer,
    pub ip: Option<IpVersion>,
    pub carrier: Carrier,
    pub here: PortSet,
    pub there: PortSet,
    pub tls: Vec<VerbRule>,
}

pub(super) fn common(from: &Half, to: &Half) -> Option<Common> {
    let peer = match (&from.peer, &to.peer) {
        (a, b) if a == b => a.clone(),
        (a, Peer::Anyone) => a.clone(),
        (Peer::Anyone, b) => b.clone(),
        _ => return None,
    };
    let ip = match (from.ip, to.ip) {
        (a, None) => a,
        (None, b) => b,
        (a, b) if a == b => a,
        _ => return None,
    };
    let carrier = match (from.carrier, to.carrier) {
        (Carrier::Ether(_), _) | (_, Carrier::Ether(_)) => return None,
        (a, b) if a == b => a,
        (a, Carrier::Ip) => a,
        (Carrier::Ip, b) => b,
        _ => return None,
    };
    let (here, there) = (from.here.and(&to.here), from.there.and(&to.there));
    if here.is_empty() || there.is_empty() {
        return None;
    }
    let mut tls = from.tls.clone();
    tls.extend(to.tls.iter().filter(|verb| !from.tls.contains(verb)).cloned());
    Some(Common { peer, ip, carrier, here, there, tls })
}

/// Who may open a conversation of which both directions are allowed; none where the halves
/// disagree.
pub(super) fn openers(from: &Half, to: &Half, common: &Common) -> Option<Vec<Opener>> {
    if matches!(common.carrier, Carrier::Icmp | Carrier::Icmpv6) {
        return Some(icmp(from, to, common.carrier));
    }
    let initiated = match (from.initiated, to.initiated) {
        (a, None) => a,
        (None, b) => b,
        (a, b) if a == b => a,
        _ => return None,
    };
    let (here, there) = (common.here.clone(), common.there.clone());
    Some(match initiated {
        Some(Initiated::FromDevice) => vec![(Opens::Device, there, here)],
        Some(Initiated::ToDevice) => vec![(Opens::Peer, here, there)],
        None => unsaid(&common.peer, common.carrier, here, there),
    })
}

/// Who may open where the file does not say: see the module's head.
pub(super) fn unsaid(peer: &Peer, carrier: Carrier, here: PortSet, there: PortSet) -> Vec<Opener> {
    let mirrored = carrier == Carrier::Udp && is_of_the_site(peer);
    let same = |opens, port: &PortSet| mirrored.then(|| (opens, port.clone(), port.clone()));
    match (here.is_all(), there.is_all()) {
        (true, false) => {
            let back = same(Opens::Peer, &there);
            [(Opens::Device, there, here)].into_iter().chain(back).collect()
        }
        (false, true) => {
            let back = same(Opens::Device, &here);
            [(Opens::Peer, here, there)].into_iter().chain(back).collect()
        }
        _ => vec![(Opens::Device, there.clone(), here.clone()), (Opens::Peer, here, there)],
    }
}

/// Whether a peer may be a device with such a file of its own.
fn is_of_the_site(peer: &Peer) -> bool {
    matches!(
        peer,
        Peer::LocalNetworks
            | Peer::SameManufacturer
            | Peer::Manufacturer { .. }
            | Peer::Model { .. }
            | Peer::MyController
    )
}

/// What asks and is answered. Of types that neither ask nor answer see [`tells`].
fn icmp(from: &Half, to: &Half, carrier: Carrier) -> Vec<Opener> {
    let types = |half: &Half| {
        // A half about any IP is about any ICMP.
        if half.carrier == Carrier::Ip { PortSet::all() } else { half.types.clone() }
    };
    let (sent, received) = (types(from), types(to));
    if sent.is_all() && received.is_all() {
        let any = || (PortSet::all(), PortSet::all());
        return [Opens::Device, Opens::Peer].map(|opens| (opens, any().0, any().1)).into();
    }
    let mut found = Vec::new();
    for (ask, answer) in asking(carrier) {
        let one = |opens| (opens, PortSet::from(Ports::one(*ask)), PortSet::all());
        if sent.contains(*ask) && received.contains(*answer) {
            found.push(one(Opens::Device));
        }
        if received.contains(*ask) && sent.contains(*answer) {
            found.push(one(Opens::Peer));
        }
    }
    found
}

fn asking(carrier: Carrier) -> &'static [(u16, u16)] {
    if carrier == Carrier::Icmp { ICMP } else { ICMPV6 }
}

/// Whether this has no other direction: groups, and frames.
pub(super) fn alone(half: &Half) -> bool {
    let group = match &half.peer {
        Peer::Multicast { .. } | Peer::Broadcast => true,
        Peer::Network { net } => net.addr().is_multicast() || is_broadcast(net),
        _ => false,
    };
    group || matches!(half.carrier, Carrier::Ether(_))
}

/// Whether this asks for no answer: ICMP that says something.
pub(super) fn tells(half: &Half) -> bool {
    matches!(half.carrier, Carrier::Icmp | Carrier::Icmpv6)
        && !half.types.is_all()
        && !asking(half.carrier).iter().any(|(ask, _)| half.types.contains(*ask))
}

fn is_broadcast(net: &ipnet::IpNet) -> bool {
    matches!(net, ipnet::IpNet::V4(net) if net.prefix_len() == 32 && net.addr().is_broadcast())
}

/// Whether whatever `b` allows is allowed by `a` too.
pub(super) fn covers(a: &Entry, b: &Entry) -> bool {
    let ports = |a: &[Ports], b: &[Ports]| {
        let all = [Ports::ALL];
        let b = if b.is_empty() { &all[..] } else { b };
        a.is_empty() || b.iter().all(|b| a.iter().any(|a| a.covers(*b)))
    };
    (a.peer == b.peer || a.peer == Peer::Anyone)
        && a.opens == b.opens
        && a.transport.covers(b.transport)
        && (a.ip.is_none() || a.ip == b.ip)
        && ports(&a.ports, &b.ports)
        && ports(&a.client_ports, &b.client_ports)
        && a.verbs == b.verbs
}
