//! Sets of packets: in each part of a packet a set of values, independent of the others.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use cordon_contract::{Carrier, Packet};
use cordon_enforce::{Family, Field, Seen, Value};
use cordon_model::{Mac, Text};

use crate::spans::Spans;

/// A packet without a link-layer address has this in its place, above all that there are.
pub(crate) const NO_MAC: u128 = 1 << 48;

/// Protocols with ports.
pub(crate) const TCP: u128 = 6;
pub(crate) const UDP: u128 = 17;

/// Part of a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    InLink,
    OutLink,
    Mac,
    From,
    To,
    Proto,
    FromPort,
    ToPort,
    Established,
    Fresh,
}

const PARTS: [Part; 10] = [
    Part::InLink,
    Part::OutLink,
    Part::Mac,
    Part::From,
    Part::To,
    Part::Proto,
    Part::FromPort,
    Part::ToPort,
    Part::Established,
    Part::Fresh,
];

/// What must hold for a packet to be among some, part by part; a part may come twice.
pub(crate) type Cube = Vec<(Part, Spans)>;

/// Packets of one family: every combination of what is in the parts. Never empty.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Region {
    pub(crate) family: Family,
    parts: [Spans; PARTS.len()],
}

impl Region {
    /// Every packet of a family, as regions: what has ports, what has types, and the rest, in
    /// which the parts for ports are 0.
    pub(crate) fn all(family: Family, links: u128) -> Vec<Region> {
        let addresses = match family {
            Family::V4 => Spans::one(0, u32::MAX.into()),
            Family::V6 => Spans::one(0, u128::MAX),
        };
        let (ports, zero) = (Spans::one(0, 0xffff), Spans::point(0));
        let icmp = icmp(family);
        let rest = Spans::one(0, 255).minus(&Spans::of(vec![(TCP, TCP), (UDP, UDP), (icmp, icmp)]));
        let links = Spans::one(0, links.saturating_sub(1));
        let bit = Spans::one(0, 1);
        let region = |proto: Spans, from_port: &Spans, to_port: Spans| Region {
            family,
            parts: [
                links.clone(),
                links.clone(),
                Spans::one(0, NO_MAC),
                addresses.clone(),
                addresses.clone(),
                proto,
                from_port.clone(),
                to_port,
                bit.clone(),
                bit.clone(),
            ],
        };
        vec![
            region(Spans::of(vec![(TCP, TCP), (UDP, UDP)]), &ports, ports.clone()),
            region(Spans::point(icmp), &zero, Spans::one(0, 255)),
            region(rest, &zero, zero.clone()),
        ]
    }

    pub(crate) fn part(&self, part: Part) -> &Spans {
        let [in_link, out_link, mac, from, to, proto, from_port, to_port, established, fresh] =
            &self.parts;
        match part {
            Part::InLink => in_link,
            Part::OutLink => out_link,
            Part::Mac => mac,
            Part::From => from,
            Part::To => to,
            Part::Proto => proto,
            Part::FromPort => from_port,
            Part::ToPort => to_port,
            Part::Established => established,
            Part::Fresh => fresh,
        }
    }

    fn with(&self, part: Part, spans: Spans) -> Region {
        let mut region = self.clone();
        let place = PARTS.iter().position(|one| *one == part);
        if let Some(slot) = place.and_then(|place| region.parts.get_mut(place)) {
            *slot = spans;
        }
        region
    }

    /// Those with one of these values in a part; none if there are none.
    pub(crate) fn and(&self, part: Part, spans: &Spans) -> Option<Region> {
        let both = self.part(part).and(spans);
        (!both.is_empty()).then(|| self.with(part, both))
    }

    pub(crate) fn and_cube(&self, cube: &[(Part, Spans)]) -> Option<Region> {
        let mut region = self.clone();
        for (part, spans) in cube {
            region = region.and(*part, spans)?;
        }
        Some(region)
    }

    /// Those that are in a cube, and into `out` those that are not.
    pub(crate) fn split(&self, cube: &[(Part, Spans)], out: &mut Vec<Region>) -> Option<Region> {
        let meets =
            |(part, spans): &(Part, Spans)| spans.iter().any(|span| self.part(*part).meets(span));
        // Most meet nothing, and this is cheap.
        if !cube.iter().all(meets) {
            out.push(self.clone());
            return None;
        }
        let mut rest = self.clone();
        let from = out.len();
        for (part, spans) in cube {
            let outside = rest.part(*part).minus(spans);
            if !outside.is_empty() {
                out.push(rest.with(*part, outside));
                match rest.and(*part, spans) {
                    Some(inside) => rest = inside,
                    // Two conditions on one part that exclude each other.
                    None => {
                        out.truncate(from);
                        out.push(self.clone());
                        return None;
                    }
                }
            }
        }
        Some(rest)
    }

    /// Both as one, where they differ in one part at most.
    pub(crate) fn join(&self, other: &Region) -> Option<Region> {
        if self.family != other.family {
            return None;
        }
        let mut differ = PARTS.into_iter().filter(|part| self.part(*part) != other.part(*part));
        let Some(part) = differ.next() else { return Some(self.clone()) };
        if differ.next().is_some() {
            return None;
        }
        let both = self.part(part).iter().chain(other.part(part).iter()).collect();
        Some(self.with(part, Spans::of(both)))
    }

    /// Whether a packet is among them.
    pub(crate) fn contains(&self, seen: &Seen, links: &Links) -> bool {
        let packet = &seen.packet;
        let (family, from) = number(packet.from);
        let (_, to) = number(packet.to);
        let Some(proto) = packet.carrier.protocol().map(u128::from) else { return false };
        let ported = proto == TCP || proto == UDP;
        let typed = proto == icmp(family);
        let values = [
            links.no(&seen.in_link),
            links.no(&seen.out_link),
            packet.mac.map_or(NO_MAC, mac_number),
            from,
            to,
            proto,
            if ported { packet.from_port.into() } else { 0 },
            if ported || typed { packet.to_port.into() } else { 0 },
            packet.established.into(),
            seen.fresh.into(),
        ];
        family == self.family
            && self.parts.iter().zip(values).all(|(spans, value)| spans.contains(value))
    }

    /// One of the packets.
    pub(crate) fn witness(&self, links: &Links) -> Seen {
        let first = |part: Part| self.part(part).first().unwrap_or(0);
        // A port that a program would have, where that is possible.
        let port = |part: Part| {
            let usual = 40_000;
            let ephemeral = part == Part::FromPort && self.part(part).contains(usual);
            u16::try_from(if ephemeral { usual } else { first(part) }).unwrap_or(u16::MAX)
        };
        // The usual: with a link-layer address if that is possible, and not fresh.
        let mac = first(Part::Mac);
        let proto = u8::try_from(first(Part::Proto)).unwrap_or(u8::MAX);
        Seen {
            packet: Packet {
                mac: (mac < NO_MAC).then(|| mac_of(mac)),
                from: address(self.family, first(Part::From)),
                to: address(self.family, first(Part::To)),
                carrier: Carrier::of_protocol(proto),
                from_port: port(Part::FromPort),
                to_port: port(Part::ToPort),
                established: first(Part::Established) == 1,
            },
            in_link: links.name(first(Part::InLink)),
            out_link: links.name(first(Part::OutLink)),
            fresh: first(Part::Fresh) == 1,
        }
    }
}

/// Interfaces by number; the last number stands for every other.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Links(Vec<Text>);

impl Links {
    pub(crate) fn of(mut names: Vec<Text>) -> Self {
        names.sort_unstable();
        names.dedup();
        Links(names)
    }

    pub(crate) fn count(&self) -> u128 {
        self.0.len() as u128 + 1
    }

    pub(crate) fn no(&self, name: &Text) -> u128 {
        self.0.binary_search(name).unwrap_or(self.0.len()) as u128
    }

    pub(crate) fn name(&self, no: u128) -> Text {
        let known = usize::try_from(no).ok().and_then(|no| self.0.get(no)).cloned();
        // Letters that no interface has: it is none of those that rules name.
        known.unwrap_or_else(|| "(any other)".into())
    }
}

/// The part that a field reads.
pub(crate) const fn part(field: Field) -> Part {
    match field {
        Field::InLink => Part::InLink,
        Field::OutLink => Part::OutLink,
        Field::Mac => Part::Mac,
        Field::From4 | Field::From6 => Part::From,
        Field::To4 | Field::To6 => Part::To,
        Field::Proto => Part::Proto,
        Field::FromPort | Field::UdpFromPort => Part::FromPort,
        Field::ToPort | Field::UdpToPort | Field::Type4 | Field::Type6 => Part::ToPort,
    }
}

/// Of which packets of a family the kernel finds something in a field; none of them if none.
pub(crate) fn readable(field: Field, family: Family) -> Option<Cube> {
    let v4 = family == Family::V4;
    let only = |there: bool| there.then(Vec::new);
    match field {
        Field::InLink | Field::OutLink | Field::Proto => Some(Vec::new()),
        Field::Mac => Some(vec![(Part::Mac, Spans::one(0, NO_MAC - 1))]),
        Field::From4 | Field::To4 => only(v4),
        Field::From6 | Field::To6 => only(!v4),
        Field::FromPort | Field::ToPort => {
            Some(vec![(Part::Proto, Spans::of(vec![(TCP, TCP), (UDP, UDP)]))])
        }
        Field::UdpFromPort | Field::UdpToPort => Some(vec![(Part::Proto, Spans::point(UDP))]),
        Field::Type4 | Field::Type6 => {
            let same = v4 == matches!(field, Field::Type4);
            same.then(|| vec![(Part::Proto, Spans::point(icmp(family)))])
        }
    }
}

/// A value as a number.
pub(crate) fn value(value: &Value, links: &Links) -> u128 {
    match value {
        Value::Link(link) => links.no(link),
        Value::Mac(mac) => mac_number(*mac),
        Value::V4(ip) => ip.to_bits().into(),
        Value::V6(ip) => ip.to_bits(),
        Value::Proto(number) | Value::Type(number) => (*number).into(),
        Value::Port(port) => (*port).into(),
    }
}

const fn icmp(family: Family) -> u128 {
    match family {
        Family::V4 => 1,
        Family::V6 => 58,
    }
}

pub(crate) fn mac_number(mac: Mac) -> u128 {
    mac.0.iter().fold(0, |number, byte| number << 8 | u128::from(*byte))
}

fn mac_of(number: u128) -> Mac {
    let [.., a, b, c, d, e, f] = number.to_be_bytes();
    Mac([a, b, c, d, e, f])
}

pub(crate) fn number(ip: IpAddr) -> (Family, u128) {
    match ip {
        IpAddr::V4(ip) => (Family::V4, ip.to_bits().into()),
        IpAddr::V6(ip) => (Family::V6, ip.to_bits()),
    }
}

pub(crate) fn address(family: Family, number: u128) -> IpAddr {
    match family {
        Family::V4 => Ipv4Addr::from_bits(u32::try_from(number).unwrap_or(u32::MAX)).into(),
        Family::V6 => Ipv6Addr::from_bits(number).into(),
    }
}
