//! Conditions of an entry (RFC 8519, `matches`).

use std::net::IpAddr;

use cordon_model::{Mac, Text};
use ipnet::IpNet;
use serde_json::Value;

use super::Reader;
use super::place::{bare, is_empty_leaf, number, number8, number16, text};
use super::tls;
use crate::acl::{
    Abstract, AclKind, Eth, FIELDS, Field, Header, Initiated, Ip, IpVersion, L4, Layer, MacMatch,
    Matches, Ported,
};
use crate::ports::PortMatch;
use crate::warning::{Problem, shown};

/// Ethertypes by the names of `ietf-ethertypes`, as far as devices use them.
const ETHERTYPES: [(&str, u16); 8] = [
    ("ipv4", 0x0800),
    ("arp", 0x0806),
    ("ipv6", 0x86dd),
    ("vlan", 0x8100),
    ("profinet", 0x8892),
    ("eap", 0x888e),
    ("ethercat", 0x88a4),
    ("lldp", 0x88cc),
];
/// Below, an ethertype is the length of an 802.3 frame (IEEE 802.3, 3.2.6).
const FIRST_ETHERTYPE: u16 = 0x0600;

pub(super) fn read(value: &Value, kind: AclKind, reader: &mut Reader) -> Matches {
    let mut found = Found::default();
    let Some(parts) = value.as_object() else {
        reader.warn(Problem::BadMatch("matches".into(), "an object"));
        return found.matches;
    };
    for (part, value) in parts {
        found.part(part, value, reader);
    }
    found.finish(kind, reader)
}

/// What was found so far.
#[derive(Default)]
struct Found {
    matches: Matches,
    /// Ports beside the transport's own container, as drafts had them.
    source: Option<PortMatch>,
    destination: Option<PortMatch>,
}

impl Found {
    fn part(&mut self, part: &str, value: &Value, reader: &mut Reader) {
        let old = |reader: &mut Reader, old, new| reader.old(old, new);
        match bare(part) {
            "ipv4" => self.ip(IpVersion::V4, value, reader),
            "ipv6" => self.ip(IpVersion::V6, value, reader),
            "ipv4-acl" => {
                old(reader, "ipv4-acl", "ipv4");
                self.ip(IpVersion::V4, value, reader);
            }
            "ipv6-acl" => {
                old(reader, "ipv6-acl", "ipv6");
                self.ip(IpVersion::V6, value, reader);
            }
            "eth" => self.eth(value, reader),
            "eth-acl" | "ethernet" | "l2" => {
                old(reader, "eth-acl", "eth");
                self.eth(value, reader);
            }
            name @ ("tcp" | "tcp-acl") => {
                let ports = self.ported(value, Layer::Tcp, reader);
                self.l4(L4::Tcp(ports), name, reader);
            }
            name @ ("udp" | "udp-acl") => {
                let ports = self.ported(value, Layer::Udp, reader);
                self.l4(L4::Udp(ports), name, reader);
            }
            name @ ("icmp" | "icmp-acl" | "icmpv6") => {
                let icmp = self.icmp(value, reader);
                self.l4(icmp, name, reader);
            }
            "mud" => self.who(value, reader),
            "mud-acl" => {
                old(reader, "mud-acl", "mud");
                self.who(value, reader);
            }
            "client-profiles" => self.matches.tls = tls::read(value, reader),
            // Drafts had them without the container.
            name => {
                if self.abstraction(name, value, reader) {
                    old(reader, "conditions of ietf-mud outside of \"mud\"", "them inside");
                } else {
                    reader.warn(Problem::UnknownMatch(shown(part)));
                }
            }
        }
    }

    fn who(&mut self, value: &Value, reader: &mut Reader) {
        for (part, value) in object(value, "mud", reader) {
            if !self.abstraction(bare(part), value, reader) {
                reader.warn(Problem::UnknownMatch(shown(&format!("mud/{part}"))));
            }
        }
    }

    /// A condition of RFC 8520, section 4; false where it is none.
    fn abstraction(&mut self, name: &str, value: &Value, reader: &mut Reader) -> bool {
        let who: &mut Abstract = &mut self.matches.who;
        let empty = |place: &mut bool, reader: &mut Reader| {
            *place = true;
            if !is_empty_leaf(value) {
                reader.warn(Problem::BadMatch(name.into(), "[null]"));
            }
        };
        let said = |place: &mut Option<Text>, reader: &mut Reader| {
            *place = text(value);
            if place.is_none() {
                reader.warn(Problem::BadMatch(name.into(), "a URI or host name"));
            }
        };
        match name {
            "manufacturer" => said(&mut who.manufacturer, reader),
            "model" => said(&mut who.model, reader),
            "controller" => said(&mut who.controller, reader),
            "same-manufacturer" => empty(&mut who.same_manufacturer, reader),
            "local-networks" => empty(&mut who.local_networks, reader),
            "my-controller" => empty(&mut who.my_controller, reader),
            _ => return false,
        }
        true
    }

    fn ip(&mut self, version: IpVersion, value: &Value, reader: &mut Reader) {
        let (layer, name, source, destination) = match version {
            IpVersion::V4 => {
                (Layer::Ipv4, "ipv4", "source-ipv4-network", "destination-ipv4-network")
            }
            IpVersion::V6 => {
                (Layer::Ipv6, "ipv6", "source-ipv6-network", "destination-ipv6-network")
            }
        };
        if self.matches.ip.is_some() {
            reader.warn(Problem::Contradiction("conditions on IPv4 and on IPv6 at once"));
        }
        let mut ip = Ip::any(version);
        for (part, value) in object(value, name, reader) {
            let wrong = |reader: &mut Reader, wanted| {
                reader.warn(Problem::BadMatch(shown(part), wanted));
            };
            match bare(part) {
                "protocol" => match number8(value) {
                    Some(number) => ip.protocol = Some(number),
                    None => wrong(reader, "a protocol number"),
                },
                leaf @ ("src-dnsname" | "dst-dnsname") => match dns_name(value) {
                    Some(name) if leaf == "src-dnsname" => ip.source_name = Some(name),
                    Some(name) => ip.destination_name = Some(name),
                    None => wrong(reader, "a DNS name"),
                },
                leaf if leaf == source || leaf == destination => {
                    let net = network(value, version);
                    if net.is_none() {
                        wrong(reader, "a network of this IP version");
                    }
                    if leaf == source { ip.source = net } else { ip.destination = net }
                }
                leaf if self.old_port(leaf, value, reader) => {}
                leaf => self.field(layer, leaf, value, reader),
            }
        }
        self.matches.ip = Some(ip);
    }

    /// A condition on a port beside the transport's container; false where it is none.
    fn old_port(&mut self, leaf: &str, value: &Value, reader: &mut Reader) -> bool {
        let (side, old) = match leaf {
            "source-port-range" | "source-port-range-or-operator" => {
                (&mut self.source, "source-port-range-or-operator")
            }
            "destination-port-range" | "destination-port-range-or-operator" => {
                (&mut self.destination, "destination-port-range-or-operator")
            }
            _ => return false,
        };
        reader.old(old, "tcp or udp with source-port or destination-port");
        *side = port(leaf, value, reader);
        true
    }

    fn ported(&mut self, value: &Value, layer: Layer, reader: &mut Reader) -> Ported {
        let name = if layer == Layer::Tcp { "tcp" } else { "udp" };
        let mut ports = Ported::default();
        for (part, value) in object(value, name, reader) {
            match bare(part) {
                "source-port" => ports.source = port("source-port", value, reader),
                "destination-port" => ports.destination = port("destination-port", value, reader),
                "direction-initiated" => {
                    if layer == Layer::Udp {
                        reader.warn(Problem::DirectionWithoutTcp);
                    }
                    ports.initiated = match value.as_str() {
                        Some("from-device") => Some(Initiated::FromDevice),
                        Some("to-device") => Some(Initiated::ToDevice),
                        _ => {
                            let wanted = "from-device or to-device";
                            reader.warn(Problem::BadMatch("direction-initiated".into(), wanted));
                            None
                        }
                    };
                }
                leaf if self.old_port(leaf, value, reader) => {}
                leaf => self.field(layer, leaf, value, reader),
            }
        }
        ports
    }

    fn icmp(&mut self, value: &Value, reader: &mut Reader) -> L4 {
        let (mut kind, mut code) = (None, None);
        for (part, value) in object(value, "icmp", reader) {
            let place = match bare(part) {
                "type" => &mut kind,
                "code" => &mut code,
                leaf => {
                    self.field(Layer::Icmp, leaf, value, reader);
                    continue;
                }
            };
            *place = number8(value);
            if place.is_none() {
                reader.warn(Problem::BadMatch(shown(part), "a number up to 255"));
            }
        }
        L4::Icmp { kind, code }
    }

    fn l4(&mut self, l4: L4, name: &str, reader: &mut Reader) {
        if name.ends_with("-acl") {
            reader.old("tcp-acl, udp-acl and icmp-acl", "tcp, udp and icmp");
        }
        if self.matches.l4.replace(l4).is_some() {
            reader.warn(Problem::Contradiction("conditions on two transports at once"));
        }
    }

    fn eth(&mut self, value: &Value, reader: &mut Reader) {
        let mut eth = Eth::default();
        let (mut source_mask, mut destination_mask) = (None, None);
        let (mut source, mut destination) = (None, None);
        for (part, value) in object(value, "eth", reader) {
            let place = match bare(part) {
                "source-mac-address" => &mut source,
                "destination-mac-address" => &mut destination,
                "source-mac-address-mask" => &mut source_mask,
                "destination-mac-address-mask" => &mut destination_mask,
                "ethertype" => {
                    eth.ethertype = ethertype(value);
                    match eth.ethertype {
                        Some(length) if length < FIRST_ETHERTYPE => {
                            reader.warn(Problem::LengthForEthertype(length));
                        }
                        Some(_) => {}
                        None => reader.warn(Problem::BadMatch("ethertype".into(), "an ethertype")),
                    }
                    continue;
                }
                _ => {
                    reader.warn(Problem::UnknownMatch(shown(&format!("eth/{part}"))));
                    continue;
                }
            };
            *place = value.as_str().and_then(|text| text.parse::<Mac>().ok());
            if place.is_none() {
                reader.warn(Problem::BadMatch(shown(part), "a MAC address"));
            }
        }
        if (source.is_none() && source_mask.is_some())
            || (destination.is_none() && destination_mask.is_some())
        {
            reader.warn(Problem::BadMatch("mac-address-mask".into(), "beside an address"));
        }
        eth.source = source.map(|address| MacMatch { address, mask: source_mask });
        eth.destination = destination.map(|address| MacMatch { address, mask: destination_mask });
        self.matches.eth = Some(eth);
    }

    /// A header's field without a type of its own.
    fn field(&mut self, layer: Layer, leaf: &str, value: &Value, reader: &mut Reader) {
        let known = FIELDS.iter().find(|(at, name, _)| *at == layer && *name == leaf);
        let Some((_, name, most)) = known else {
            return reader.warn(Problem::UnknownMatch(shown(leaf)));
        };
        let value = match most {
            Some(most) => number(value, *most).map(Field::Number),
            None => text(value).map(Field::Text),
        };
        match value {
            Some(value) => self.matches.headers.push(Header { layer, name, value }),
            None => reader.warn(Problem::BadMatch(leaf.into(), "a value of that field")),
        }
    }

    /// Puts the parts together, and looks whether they go together.
    fn finish(mut self, kind: AclKind, reader: &mut Reader) -> Matches {
        self.take_old_ports(reader);
        let Matches { ip, l4, eth, tls, .. } = &self.matches;
        let against = |reader: &mut Reader, why| reader.warn(Problem::Contradiction(why));
        let version = ip.as_ref().map(|ip| ip.version);
        match (kind, version) {
            (AclKind::Ipv4, Some(IpVersion::V6)) => against(reader, "IPv6 in a list for IPv4"),
            (AclKind::Ipv6, Some(IpVersion::V4)) => against(reader, "IPv4 in a list for IPv6"),
            (AclKind::Ethernet, Some(_)) => against(reader, "IP in a list for Ethernet"),
            _ => {}
        }
        if kind == AclKind::Ethernet && l4.is_some() {
            against(reader, "a transport in a list for Ethernet");
        }
        if matches!(kind, AclKind::Ipv4 | AclKind::Ipv6) && eth.is_some() {
            against(reader, "an Ethernet header in a list for IP");
        }
        let protocol = ip.as_ref().and_then(|ip| ip.protocol);
        let fits = match (l4, protocol) {
            (None, _) | (_, None) => true,
            (Some(L4::Tcp(_)), Some(number)) => number == 6,
            (Some(L4::Udp(_)), Some(number)) => number == 17,
            (Some(L4::Icmp { .. }), Some(number)) => number == 1 || number == 58,
        };
        if !fits {
            against(reader, "the protocol is not the transport's");
        }
        if !tls.is_empty() && matches!(l4, Some(L4::Icmp { .. })) {
            against(reader, "TLS over ICMP");
        }
        self.matches
    }

    /// Ports beside the transport's container belong to the transport.
    fn take_old_ports(&mut self, reader: &mut Reader) {
        if self.source.is_none() && self.destination.is_none() {
            return;
        }
        let protocol = self.matches.ip.as_ref().and_then(|ip| ip.protocol);
        let l4 = self.matches.l4.or(match protocol {
            Some(6) => Some(L4::Tcp(Ported::default())),
            Some(17) => Some(L4::Udp(Ported::default())),
            _ => None,
        });
        let mut twice = false;
        let mut merge = |ports: Ported| {
            twice = (ports.source.is_some() && self.source.is_some())
                || (ports.destination.is_some() && self.destination.is_some());
            Ported {
                source: ports.source.or(self.source),
                destination: ports.destination.or(self.destination),
                initiated: ports.initiated,
            }
        };
        self.matches.l4 = match l4 {
            Some(L4::Tcp(ports)) => Some(L4::Tcp(merge(ports))),
            Some(L4::Udp(ports)) => Some(L4::Udp(merge(ports))),
            other => {
                reader.warn(Problem::Contradiction("ports without TCP or UDP"));
                other
            }
        };
        if twice {
            reader.warn(Problem::BadMatch("a port".into(), "said once"));
        }
    }
}

/// The parts of an object; a warning where it is none.
fn object<'a>(
    value: &'a Value,
    name: &'static str,
    reader: &mut Reader,
) -> impl Iterator<Item = (&'a String, &'a Value)> + use<'a> {
    let parts = value.as_object();
    if parts.is_none() {
        reader.warn(Problem::BadMatch(name.into(), "an object"));
    }
    parts.into_iter().flatten()
}

/// A condition on a port, in each of its spellings.
fn port(leaf: &str, value: &Value, reader: &mut Reader) -> Option<PortMatch> {
    let found = port_match(value);
    match found {
        Some(PortMatch::Range(lower, upper)) if lower > upper => {
            reader.warn(Problem::Contradiction("the lower port is above the upper one"));
            None
        }
        Some(found) => Some(found),
        None => {
            reader.warn(Problem::BadMatch(shown(leaf), "a port, a range or an operator"));
            None
        }
    }
}

fn port_match(value: &Value) -> Option<PortMatch> {
    let Value::Object(parts) = value else { return number16(value).map(PortMatch::Eq) };
    // A part that is not read would be a condition that is lost.
    let known = ["operator", "port", "lower-port", "upper-port"];
    if parts.keys().any(|part| !known.contains(&part.as_str())) {
        return None;
    }
    let part = |name| parts.get(name);
    match (part("operator"), part("port"), part("lower-port"), part("upper-port")) {
        (None, None, Some(lower), Some(upper)) => {
            let (lower, upper) = (number16(lower)?, number16(upper)?);
            let one = lower == upper;
            Some(if one { PortMatch::Eq(lower) } else { PortMatch::Range(lower, upper) })
        }
        (None, None, Some(lower), None) => number16(lower).map(PortMatch::Eq),
        (None, Some(port), None, None) => number16(port).map(PortMatch::Eq),
        (Some(operator), Some(port), None, None) => {
            let port = number16(port)?;
            Some(match operator.as_str()? {
                "eq" => PortMatch::Eq(port),
                "neq" => PortMatch::Neq(port),
                "lte" => PortMatch::Lte(port),
                "gte" => PortMatch::Gte(port),
                _ => return None,
            })
        }
        _ => None,
    }
}

/// A DNS name (RFC 1035, 2.3.4), in lower case and without its last dot. Underscores are seen in
/// service names.
fn dns_name(value: &Value) -> Option<Text> {
    let name = value.as_str()?.trim();
    let name = name.strip_suffix('.').unwrap_or(name);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    // An address is no name, and no answer would ever bind it.
    let fits = name.len() <= 253 && name.split('.').all(label) && name.parse::<IpAddr>().is_err();
    fits.then(|| name.to_ascii_lowercase().into())
}

/// A network, or one address, of an IP version. Bits below the prefix are cut off.
fn network(value: &Value, version: IpVersion) -> Option<IpNet> {
    let text = value.as_str()?.trim();
    let net = match text.parse::<IpNet>() {
        Ok(net) => net.trunc(),
        Err(_) => IpNet::from(text.parse::<IpAddr>().ok()?),
    };
    let fits =
        matches!((&net, version), (IpNet::V4(_), IpVersion::V4) | (IpNet::V6(_), IpVersion::V6));
    fits.then_some(net)
}

fn ethertype(value: &Value) -> Option<u16> {
    if let Some(number) = number16(value) {
        return Some(number);
    }
    let text = value.as_str()?.trim();
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u16::from_str_radix(hex, 16).ok();
    }
    let name = bare(text).to_ascii_lowercase();
    ETHERTYPES.iter().find(|(known, _)| *known == name).map(|(_, number)| *number)
}
