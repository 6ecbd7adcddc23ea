//! Half a conversation: what one entry of a MUD file says of one direction.

use cordon_model::Text;
use cordon_mud::{Ace, Acl, AclKind, Initiated, Ip, IpVersion as MudIp, L4, Matches, TlsProfile};
use ipnet::IpNet;

use super::GATEWAY;
use super::ports::PortSet;
use super::warning::ImportProblem;
use crate::document::{Anchor, Carrier, IpVersion, Peer, TlsRule, VerbRule};

/// Which way packets go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    /// The device sends.
    From,
    /// The device is sent to.
    To,
}

/// Half a conversation.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Half {
    pub way: Way,
    pub peer: Peer,
    /// Over which IP; none for both.
    pub ip: Option<IpVersion>,
    pub carrier: Carrier,
    /// Ports of the device.
    pub here: PortSet,
    /// Ports of the other end.
    pub there: PortSet,
    /// Types of ICMP.
    pub types: PortSet,
    pub initiated: Option<Initiated>,
    pub tls: Vec<VerbRule>,
    /// Names of the list and of the entry.
    pub from: (Text, Text),
}

/// What an entry says of one direction; in error why it is not imported.
pub(super) fn half(
    acl: &Acl,
    ace: &Ace,
    way: Way,
    warn: &mut impl FnMut(ImportProblem),
) -> Result<Half, ImportProblem> {
    let matches = &ace.matches;
    if let Some(header) = matches.headers.first() {
        return Err(ImportProblem::HeaderField(header.name));
    }
    let ip = match (&matches.ip, acl.kind) {
        (Some(ip), _) => Some(version(ip.version)),
        (None, AclKind::Ipv4) => Some(IpVersion::V4),
        (None, AclKind::Ipv6) => Some(IpVersion::V6),
        (None, AclKind::Ethernet | AclKind::Mixed) => None,
    };
    let mut half = Half {
        way,
        peer: peer(matches, way)?,
        ip,
        carrier: Carrier::Ip,
        here: PortSet::all(),
        there: PortSet::all(),
        types: PortSet::all(),
        initiated: None,
        tls: Vec::new(),
        from: (acl.name.clone(), ace.name.clone()),
    };
    ethernet(&mut half, matches, acl.kind)?;
    transport(&mut half, matches)?;
    half.tls = matches.tls.iter().map(|profile| verb(profile, warn)).collect();
    // What has an address of one version has that version.
    half.ip = match &half.peer {
        Peer::Network { .. } | Peer::Multicast { .. } => None,
        _ if matches!(half.carrier, Carrier::Icmp | Carrier::Icmpv6 | Carrier::Ether(_)) => None,
        _ => half.ip,
    };
    Ok(half)
}

pub(super) const fn version(of: MudIp) -> IpVersion {
    match of {
        MudIp::V4 => IpVersion::V4,
        MudIp::V6 => IpVersion::V6,
    }
}

fn ethernet(half: &mut Half, matches: &Matches, kind: AclKind) -> Result<(), ImportProblem> {
    let Some(eth) = &matches.eth else {
        // A list about Ethernet whose entry says nothing means every frame.
        let nothing = kind == AclKind::Ethernet && matches.ip.is_none();
        return if nothing { Err(ImportProblem::Frames) } else { Ok(()) };
    };
    if eth.source.is_some() || eth.destination.is_some() {
        return Err(ImportProblem::MacAddress);
    }
    match eth.ethertype {
        Some(0x0800) if half.ip != Some(IpVersion::V6) => half.ip = Some(IpVersion::V4),
        Some(0x86dd) if half.ip != Some(IpVersion::V4) => half.ip = Some(IpVersion::V6),
        Some(ethertype) if matches.ip.is_none() && matches.l4.is_none() => {
            if half.peer != Peer::Anyone {
                return Err(ImportProblem::SeveralPeers);
            }
            half.carrier = Carrier::Ether(ethertype);
        }
        _ => return Err(ImportProblem::Frames),
    }
    Ok(())
}

fn transport(half: &mut Half, matches: &Matches) -> Result<(), ImportProblem> {
    let protocol = matches.ip.as_ref().and_then(|ip| ip.protocol);
    match matches.l4 {
        Some(L4::Tcp(ports) | L4::Udp(ports)) => {
            half.carrier = match matches.l4 {
                Some(L4::Tcp(_)) => Carrier::Tcp,
                _ => Carrier::Udp,
            };
            let (source, destination) = (PortSet::of(ports.source), PortSet::of(ports.destination));
            (half.here, half.there) = match half.way {
                Way::From => (source, destination),
                Way::To => (destination, source),
            };
            half.initiated = ports.initiated;
        }
        Some(L4::Icmp { kind, code }) => {
            half.carrier = match (protocol, half.ip) {
                (Some(58), _) | (None, Some(IpVersion::V6)) => Carrier::Icmpv6,
                _ => Carrier::Icmp,
            };
            // Types that ask or answer have no code but 0 (RFC 792, RFC 4443, RFC 4861).
            let only_zero = match half.carrier {
                Carrier::Icmp => matches!(kind, Some(0 | 8 | 13..=18)),
                _ => matches!(kind, Some(128..=136)),
            };
            if code.is_some() && !(only_zero && code == Some(0)) {
                return Err(ImportProblem::IcmpCode);
            }
            if let Some(kind) = kind {
                half.types = PortSet::from(crate::document::Ports::one(kind.into()));
            }
        }
        None => {
            if let Some(number) = protocol {
                half.carrier = Carrier::of_protocol(number);
            }
        }
    }
    Ok(())
}

/// Who the other end is. All conditions must hold at once, and a contract can say one.
fn peer(matches: &Matches, way: Way) -> Result<Peer, ImportProblem> {
    let who = &matches.who;
    let mut found: Vec<Peer> = Vec::new();
    if let Some(name) = &who.manufacturer {
        found.push(Peer::Manufacturer { name: name.clone() });
    }
    if who.same_manufacturer {
        found.push(Peer::SameManufacturer);
    }
    if let Some(name) = &who.model {
        found.push(Peer::Model { name: name.clone() });
    }
    if who.local_networks {
        found.push(Peer::LocalNetworks);
    }
    if let Some(class) = &who.controller {
        let gateway = class == GATEWAY;
        found.push(if gateway { Peer::Gateway } else { Peer::Controller { class: class.clone() } });
    }
    if who.my_controller {
        found.push(Peer::MyController);
    }
    if let Some(ip) = &matches.ip {
        found.extend(addressed(ip, way)?);
    }
    match found.pop() {
        None => Ok(Peer::Anyone),
        Some(peer) if found.is_empty() => Ok(peer),
        Some(_) => Err(ImportProblem::SeveralPeers),
    }
}

/// The other end by name or network, and nothing about this end.
fn addressed(ip: &Ip, way: Way) -> Result<Vec<Peer>, ImportProblem> {
    let (own, other) = match way {
        Way::From => ((&ip.source_name, ip.source), (&ip.destination_name, ip.destination)),
        Way::To => ((&ip.destination_name, ip.destination), (&ip.source_name, ip.source)),
    };
    let everything = |net: &IpNet| net.prefix_len() == 0;
    if way == Way::To && own.1.is_some_and(|net| is_group(&net)) {
        return Err(ImportProblem::ToGroup);
    }
    if own.0.is_some() || own.1.is_some_and(|net| !everything(&net)) {
        return Err(ImportProblem::OwnAddress);
    }
    let mut found = Vec::new();
    if let Some(name) = other.0 {
        found.push(Peer::Name { name: name.clone() });
    }
    if let Some(net) = other.1.filter(|net| !everything(net)) {
        let one = net.prefix_len() == net.max_prefix_len();
        found.push(if one && net.addr().is_multicast() {
            Peer::Multicast { group: net.addr() }
        } else {
            Peer::Network { net }
        });
    }
    Ok(found)
}

/// Whether a network is groups, or broadcast.
fn is_group(net: &IpNet) -> bool {
    let broadcast = matches!(net, IpNet::V4(net) if net.addr().is_broadcast());
    net.network().is_multicast() && net.broadcast().is_multicast() || broadcast
}

/// The authorities of a profile. One that cannot be read makes the list useless: its servers would
/// be told as strangers.
fn anchors(profile: &TlsProfile, warn: &mut impl FnMut(ImportProblem)) -> Vec<Anchor> {
    let mut anchors = Vec::new();
    for text in &profile.trust_anchors {
        let read = cordon_mud::anchor_certificates(text).and_then(|list| {
            let read = list.iter().map(|der| cordon_wire::x509::certificate(der));
            read.collect::<Option<Vec<_>>>()
        });
        let Some(read) = read else {
            warn(ImportProblem::TlsPartly("trust anchors that cannot be read"));
            return Vec::new();
        };
        anchors.extend(read.into_iter().map(|certificate| Anchor {
            sha256: crate::tls::hex(&certificate.sha256),
            subject: certificate.subject,
        }));
    }
    anchors
}

/// A TLS profile as far as a contract holds it.
fn verb(profile: &TlsProfile, warn: &mut impl FnMut(ImportProblem)) -> VerbRule {
    if !profile.authorities.is_empty() {
        warn(ImportProblem::TlsPartly("certificate authorities that the client names"));
    }
    VerbRule::Tls(Box::new(TlsRule {
        versions: profile.tls_versions.clone(),
        suites: profile.cipher_suites.clone(),
        groups: profile.groups.clone(),
        alpn: profile.alpn.clone(),
        dtls_versions: profile.dtls_versions.clone(),
        extensions: profile.extension_types.clone(),
        signatures: profile.signatures.clone(),
        certificate_signatures: profile.certificate_signatures.clone(),
        psk_modes: profile.psk_modes.clone(),
        compressions: profile.compressions.clone(),
        anchors: anchors(profile, warn),
    }))
}
