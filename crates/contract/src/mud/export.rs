//! A MUD file from a contract.

use std::net::IpAddr;

use cordon_model::Text;
use cordon_mud::{
    Abstract, Ace, Acl, AclKind, Eth, Forwarding, Initiated, Ip, IpVersion as MudIp, L4, Matches,
    MudFile, Ported, TlsProfile, limits,
};
use ipnet::IpNet;

use super::GATEWAY;
use super::half::Way;
use super::pair::{covers, unsaid};
use super::ports::{PortSet, as_match};
use super::unsaid::{Unsaid, UnsaidWhat};
use crate::document::{
    Carrier, Contract, Entry, EntryId, IpVersion, Opens, Peer, Ports, Validity, VerbRule,
};
use crate::resolve::World;

/// Most entries of a list for one entry of the contract, by peers, ports and their pairs.
const MAX_ACES_EACH: usize = 256;

/// A MUD file made from a contract, and what of the contract is not in it.
#[derive(Clone, PartialEq, Debug)]
pub struct Exported {
    /// The file.
    pub file: MudFile,
    /// What is not in it.
    pub unsaid: Vec<Unsaid>,
}

/// Makes a MUD file of a contract. It allows what the contract allows and is allowed to say; what
/// it cannot say is listed, entry by entry.
#[must_use]
pub fn export(contract: &Contract, url: &str, world: &World) -> Exported {
    let mut file = MudFile::new(url);
    file.last_update = Some(contract.made);
    file.systeminfo = Some(contract.name.chars().take(60).collect());
    file.mfg_name = contract.expected.vendor.clone();
    file.model_name = contract.expected.model.clone();
    file.firmware_rev = contract.expected.firmware.clone();
    let mut lists = Lists::default();
    let mut written = Written { contract, world, unsaid: Vec::new() };
    for entry in &contract.entries {
        let id = entry.id();
        if let Err(what) = written.entry(entry, &id, &mut lists) {
            written.say(&id, what);
        }
    }
    let unsaid = written.unsaid;
    if lists.tls {
        file.extensions.push("ietf-mud-tls".into());
        file.tls_profiles = Some(true);
    }
    for (kind, way, name, aces) in lists.done() {
        match way {
            Way::From => file.from_device.push(name.clone()),
            Way::To => file.to_device.push(name.clone()),
        }
        file.acls.push(Acl { name, kind, aces });
    }
    Exported { file, unsaid }
}

/// The lists of a file: from and to the device, for each kind.
#[derive(Default)]
struct Lists {
    aces: Vec<(AclKind, Way, Ace)>,
    tls: bool,
}

impl Lists {
    fn done(self) -> impl Iterator<Item = (AclKind, Way, Text, Vec<Ace>)> {
        const LISTS: [(AclKind, Way, &str); 6] = [
            (AclKind::Ipv4, Way::From, "ipv4-from-device"),
            (AclKind::Ipv4, Way::To, "ipv4-to-device"),
            (AclKind::Ipv6, Way::From, "ipv6-from-device"),
            (AclKind::Ipv6, Way::To, "ipv6-to-device"),
            (AclKind::Ethernet, Way::From, "ethernet-from-device"),
            (AclKind::Ethernet, Way::To, "ethernet-to-device"),
        ];
        let lists = LISTS.into_iter().map(move |(kind, way, name)| {
            let of = self.aces.iter().filter(|(k, w, _)| *k == kind && *w == way);
            (kind, way, Text::from(name), of.map(|(_, _, ace)| ace.clone()).collect::<Vec<_>>())
        });
        lists.filter(|(_, _, _, aces)| !aces.is_empty())
    }
}

/// Where the other end is, in the words of MUD.
#[derive(Clone, Default)]
struct Target {
    who: Abstract,
    name: Option<Text>,
    net: Option<IpNet>,
}

struct Written<'a> {
    contract: &'a Contract,
    world: &'a World,
    unsaid: Vec<Unsaid>,
}

impl Written<'_> {
    fn say(&mut self, id: &EntryId, what: UnsaidWhat) {
        let unsaid = Unsaid { entry: id.clone(), what };
        if !self.unsaid.contains(&unsaid) {
            self.unsaid.push(unsaid);
        }
    }

    /// Writes an entry; in error why it is left out.
    fn entry(&mut self, entry: &Entry, id: &EntryId, lists: &mut Lists) -> Result<(), UnsaidWhat> {
        if entry.valid != Validity::default() {
            return Err(UnsaidWhat::Time);
        }
        if let Carrier::Ether(ethertype) = entry.transport {
            if entry.peer != Peer::Anyone {
                return Err(UnsaidWhat::Contradiction);
            }
            lists.aces.push(frame(ethertype, entry.opens, id));
            return Ok(());
        }
        let targets = self.targets(entry, id)?;
        let shapes = shapes(entry)?;
        if targets.len().saturating_mul(shapes.len()) > MAX_ACES_EACH
            || lists.aces.len() + 4 * targets.len() * shapes.len() > limits::MAX_ACES
        {
            return Err(UnsaidWhat::TooMany);
        }
        let tls = profiles(entry);
        lists.tls |= !tls.is_empty();
        let versions = [IpVersion::V4, IpVersion::V6];
        let mut any = false;
        let each =
            targets.iter().flat_map(|target| shapes.iter().map(move |shape| (target, shape)));
        for (no, (target, shape)) in each.enumerate() {
            for version in versions.into_iter().filter(|version| fits(*version, entry, target)) {
                any = true;
                let name = |way| format!("{id}-{no}-{way}");
                let make = |way, name: String| Ace {
                    name: name.into(),
                    matches: matches(target, shape, entry.opens, way, version, &tls),
                    forwarding: Forwarding::Accept,
                    understood: true,
                };
                let kind = match version {
                    IpVersion::V4 => AclKind::Ipv4,
                    IpVersion::V6 => AclKind::Ipv6,
                };
                let sides = [(Way::From, "frdev"), (Way::To, "todev")];
                for (way, suffix) in sides.into_iter().filter(|(way, _)| shape.goes(*way, entry)) {
                    lists.aces.push((kind, way, make(way, name(suffix))));
                }
            }
        }
        if !any {
            return Err(UnsaidWhat::Contradiction);
        }
        self.rest(entry, id, &shapes);
        Ok(())
    }

    /// What is written without.
    fn rest(&mut self, entry: &Entry, id: &EntryId, shapes: &[Shape]) {
        if !entry.bounds.is_none() {
            self.say(id, UnsaidWhat::Bounds);
        }
        if entry.app.is_some() {
            self.say(id, UnsaidWhat::Application);
        }
        if !entry.verbs.iter().all(can_say) {
            self.say(id, UnsaidWhat::Verbs);
        }
        if entry.transport == Carrier::Tcp || shapes.iter().any(|shape| shape.one_way) {
            return;
        }
        let allowed = |opens, service: PortSet, client: PortSet, carrier| {
            let mut other = Entry::new(entry.peer.clone(), opens, carrier, service.into_entry());
            other.client_ports = client.into_entry();
            other.ip = entry.ip;
            other.verbs = entry.verbs.clone();
            self.contract.entries.iter().any(|held| covers(held, &other))
        };
        let whole = shapes.iter().all(|shape| {
            let (here, there) = match (entry.transport, entry.opens) {
                // Question and answer differ: the file says who asks.
                (Carrier::Icmp | Carrier::Icmpv6, _) if !shape.service.eq(&Ports::ALL) => {
                    return true;
                }
                (_, Opens::Device) => (shape.client, shape.service),
                (_, Opens::Peer) => (shape.service, shape.client),
            };
            let said = unsaid(&entry.peer, shape.carrier, here.into(), there.into());
            let own = (entry.opens, shape.service.into(), shape.client.into());
            shape.carrier == Carrier::Tcp
                || said.contains(&own)
                    && said.into_iter().all(|(opens, service, client)| {
                        allowed(opens, service, client, shape.carrier)
                    })
        });
        if !whole {
            self.say(id, UnsaidWhat::WhoOpens);
        }
    }

    fn targets(&mut self, entry: &Entry, id: &EntryId) -> Result<Vec<Target>, UnsaidWhat> {
        let who = |who: Abstract| Ok(vec![Target { who, ..Target::default() }]);
        let net = |net: IpNet| Ok(vec![Target { net: Some(net), ..Target::default() }]);
        let is_url = |name: &str| name.contains("://") || name.starts_with("urn:");
        match &entry.peer {
            Peer::Device { id: device, .. } => {
                let device = self.world.devices.iter().find(|known| known.id == *device);
                let ips = device.map_or(&[][..], |known| &known.ips);
                if ips.is_empty() {
                    return Err(UnsaidWhat::Address);
                }
                self.say(id, UnsaidWhat::DeviceAsAddress);
                let net = |ip: &IpAddr| Some(IpNet::from(*ip));
                Ok(ips.iter().map(|ip| Target { net: net(ip), ..Target::default() }).collect())
            }
            Peer::Group { .. } | Peer::Zone { .. } => Err(UnsaidWhat::Label),
            Peer::Network { net: of } if of.prefix_len() > 0 => net(of.trunc()),
            // It would be read as anyone, over this IP.
            Peer::Network { .. } => Err(UnsaidWhat::Contradiction),
            Peer::Name { name } if name.starts_with("*.") => Err(UnsaidWhat::Wildcard),
            Peer::Name { name } => {
                Ok(vec![Target { name: Some(name.clone()), ..Target::default() }])
            }
            Peer::MyController => who(Abstract { my_controller: true, ..Abstract::default() }),
            Peer::Controller { class } => {
                who(Abstract { controller: Some(class.clone()), ..Abstract::default() })
            }
            Peer::Gateway => {
                who(Abstract { controller: Some(GATEWAY.into()), ..Abstract::default() })
            }
            Peer::SameManufacturer => {
                who(Abstract { same_manufacturer: true, ..Abstract::default() })
            }
            Peer::Manufacturer { name } if name.contains('.') && !name.contains(' ') => {
                who(Abstract { manufacturer: Some(name.clone()), ..Abstract::default() })
            }
            Peer::Model { name } if is_url(name) => {
                who(Abstract { model: Some(name.clone()), ..Abstract::default() })
            }
            Peer::Manufacturer { .. } | Peer::Model { .. } => Err(UnsaidWhat::NoUrl),
            Peer::LocalNetworks => who(Abstract { local_networks: true, ..Abstract::default() }),
            Peer::Multicast { group } if group.is_multicast() => net(IpNet::from(*group)),
            Peer::Multicast { .. } => Err(UnsaidWhat::Contradiction),
            Peer::Broadcast => {
                self.say(id, UnsaidWhat::BroadcastOfNetworks);
                net(IpNet::from(IpAddr::from([255; 4])))
            }
            Peer::Internet => Err(UnsaidWhat::Internet),
            Peer::Anyone => Ok(vec![Target::default()]),
        }
    }
}

/// What packets of an entry look like.
struct Shape {
    carrier: Carrier,
    service: Ports,
    client: Ports,
    /// Whether there are no answers.
    one_way: bool,
}

impl Shape {
    fn goes(&self, way: Way, entry: &Entry) -> bool {
        let opening = match entry.opens {
            Opens::Device => Way::From,
            Opens::Peer => Way::To,
        };
        !self.one_way || way == opening
    }

    /// The type of ICMP that answers.
    fn answer(&self) -> Option<u8> {
        let answer = match (self.carrier, self.service.first()) {
            (Carrier::Icmp, 8) => 0,
            (Carrier::Icmp, ask @ (13 | 15 | 17)) => ask + 1,
            (Carrier::Icmpv6, ask @ (128 | 139)) => ask + 1,
            _ => return None,
        };
        u8::try_from(answer).ok()
    }
}

fn shapes(entry: &Entry) -> Result<Vec<Shape>, UnsaidWhat> {
    let ports = !entry.ports.is_empty() || !entry.client_ports.is_empty();
    let icmp = matches!(entry.transport, Carrier::Icmp | Carrier::Icmpv6);
    let carriers: &[Carrier] = match entry.transport {
        Carrier::Ip if ports => &[Carrier::Tcp, Carrier::Udp],
        carrier if ports && !carrier.has_ports() => return Err(UnsaidWhat::Contradiction),
        _ if icmp && !entry.client_ports.is_empty() => return Err(UnsaidWhat::Contradiction),
        ref carrier => std::slice::from_ref(carrier),
    };
    let group = matches!(entry.peer, Peer::Multicast { .. } | Peer::Broadcast)
        || matches!(&entry.peer, Peer::Network { net } if net.addr().is_multicast());
    // TCP is between two.
    if group && entry.transport == Carrier::Tcp {
        return Err(UnsaidWhat::Contradiction);
    }
    let all = [Ports::ALL];
    let or_all = |ports: &[Ports]| if ports.is_empty() { all.to_vec() } else { ports.to_vec() };
    let mut shapes = Vec::new();
    for carrier in carriers {
        for service in or_all(&entry.ports) {
            if icmp && service != Ports::ALL && !service.is_one() {
                return Err(UnsaidWhat::TooMany);
            }
            for client in or_all(&entry.client_ports) {
                let mut shape = Shape { carrier: *carrier, service, client, one_way: group };
                let asks = shape.answer().is_some() || service == Ports::ALL;
                shape.one_way |= icmp && !asks;
                shapes.push(shape);
                if shapes.len() > MAX_ACES_EACH {
                    return Err(UnsaidWhat::TooMany);
                }
            }
        }
    }
    Ok(shapes)
}

fn fits(version: IpVersion, entry: &Entry, target: &Target) -> bool {
    let carrier = match entry.transport {
        Carrier::Icmp => version == IpVersion::V4,
        Carrier::Icmpv6 => version == IpVersion::V6,
        _ => true,
    };
    carrier
        && entry.ip.is_none_or(|only| only == version)
        && target.net.is_none_or(|net| IpVersion::of(net.addr()) == version)
}

fn matches(
    target: &Target,
    shape: &Shape,
    opens: Opens,
    way: Way,
    version: IpVersion,
    tls: &[TlsProfile],
) -> Matches {
    let mut ip = Ip::any(match version {
        IpVersion::V4 => MudIp::V4,
        IpVersion::V6 => MudIp::V6,
    });
    ip.protocol = shape.carrier.protocol();
    match way {
        Way::From => (ip.destination_name, ip.destination) = (target.name.clone(), target.net),
        Way::To => (ip.source_name, ip.source) = (target.name.clone(), target.net),
    }
    let asking = matches!((opens, way), (Opens::Device, Way::From) | (Opens::Peer, Way::To));
    let ported = || {
        let (service, client) = (as_match(shape.service), as_match(shape.client));
        let (source, destination) = if asking { (client, service) } else { (service, client) };
        let initiated = match opens {
            Opens::Device => Initiated::FromDevice,
            Opens::Peer => Initiated::ToDevice,
        };
        let initiated = (shape.carrier == Carrier::Tcp).then_some(initiated);
        Ported { source, destination, initiated }
    };
    let l4 = match shape.carrier {
        Carrier::Tcp => Some(L4::Tcp(ported())),
        Carrier::Udp => Some(L4::Udp(ported())),
        Carrier::Icmp | Carrier::Icmpv6 if shape.service != Ports::ALL => {
            let ask = u8::try_from(shape.service.first()).ok();
            Some(L4::Icmp { kind: if asking { ask } else { shape.answer() }, code: None })
        }
        _ => None,
    };
    let tls = if matches!(l4, Some(L4::Tcp(_) | L4::Udp(_))) { tls.to_vec() } else { Vec::new() };
    Matches { who: target.who.clone(), ip: Some(ip), l4, tls, ..Matches::default() }
}

fn frame(ethertype: u16, opens: Opens, id: &EntryId) -> (AclKind, Way, Ace) {
    let (way, suffix) = match opens {
        Opens::Device => (Way::From, "frdev"),
        Opens::Peer => (Way::To, "todev"),
    };
    let eth = Eth { ethertype: Some(ethertype), ..Eth::default() };
    let matches = Matches { eth: Some(eth), ..Matches::default() };
    let name = format!("{id}-{suffix}").into();
    (
        AclKind::Ethernet,
        way,
        Ace { name, matches, forwarding: Forwarding::Accept, understood: true },
    )
}

/// Whether a TLS profile says all of a verb.
fn can_say(verb: &VerbRule) -> bool {
    matches!(verb, VerbRule::Tls(profile)
        if profile.versions.iter().all(|version| matches!(version, 0x0303 | 0x0304))
            // Of an authority the contract holds its name and hash, and not the certificate.
            && profile.anchors.is_empty()
            && profile.dtls_versions.iter().all(|version| matches!(version, 0xfefd | 0xfefc)))
}

/// The TLS profiles of an entry. Where one verb is not TLS, none: together they allow more.
fn profiles(entry: &Entry) -> Vec<TlsProfile> {
    if !entry.verbs.iter().all(can_say) || entry.verbs.len() > limits::MAX_PROFILES {
        return Vec::new();
    }
    let profile = |(no, verb): (usize, &VerbRule)| match verb {
        VerbRule::Tls(profile) => Some(TlsProfile {
            name: format!("profile-{no}").into(),
            tls_versions: profile.versions.clone(),
            dtls_versions: profile.dtls_versions.clone(),
            cipher_suites: profile.suites.clone(),
            extension_types: profile.extensions.clone(),
            psk_modes: profile.psk_modes.clone(),
            groups: profile.groups.clone(),
            certificate_signatures: profile.certificate_signatures.clone(),
            signatures: profile.signatures.clone(),
            alpn: profile.alpn.clone(),
            compressions: profile.compressions.clone(),
            ..TlsProfile::default()
        }),
        _ => None,
    };
    entry.verbs.iter().enumerate().filter_map(profile).collect()
}
