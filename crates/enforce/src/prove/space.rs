//! What is left of a packet when both ends are known, as boxes.

use super::{End, Way};
use crate::boxes::{Region, Span};

/// The protocol number; the sender's port, or the ICMP type; the receiver's port; whether no
/// router has forwarded it.
pub(super) const PROTOCOL: usize = 0;
pub(super) const CLIENT: usize = 1;
pub(super) const SERVICE: usize = 2;
pub(super) const FRESH: usize = 3;

/// Protocols whose packets have the same parts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shape {
    /// TCP or UDP, by its number.
    Ports(u8),
    /// ICMP of the packets' family.
    Icmp(u8),
    /// Everything between two numbers.
    Other(u8, u8),
}

impl Shape {
    /// Every packet there is, each in one shape.
    pub fn all(v4: bool) -> impl Iterator<Item = Shape> {
        const TCP: u8 = 6;
        const UDP: u8 = 17;
        let icmp = if v4 { 1 } else { 58 };
        let mut known = [TCP, UDP, icmp];
        known.sort_unstable();
        let mut shapes = vec![Shape::Ports(TCP), Shape::Ports(UDP), Shape::Icmp(icmp)];
        let mut from = 0_u16;
        for number in known {
            let number = u16::from(number);
            if let (Ok(first), Some(Ok(last))) =
                (u8::try_from(from), number.checked_sub(1).map(u8::try_from))
                && from < number
            {
                shapes.push(Shape::Other(first, last));
            }
            from = number + 1;
        }
        shapes.push(Shape::Other(u8::try_from(from).unwrap_or(u8::MAX), u8::MAX));
        shapes.into_iter()
    }

    /// All packets of the shape.
    pub fn everything(self) -> Region {
        let (first, last) = match self {
            Shape::Ports(number) | Shape::Icmp(number) => (number, number),
            Shape::Other(first, last) => (first, last),
        };
        let ports: Span = (0, 0xffff);
        let none: Span = (0, 0);
        let (client, service) = match self {
            Shape::Ports(_) => (ports, ports),
            Shape::Icmp(_) => ((0, 0xff), none),
            Shape::Other(..) => (none, none),
        };
        Region { spans: [(first.into(), last.into()), client, service, (0, 1)], until: None }
    }

    /// What a box means.
    pub fn way(self, from: &End, to: &End, region: &Region) -> Way {
        let [protocol, client, service, fresh] = region.spans;
        let byte = |number: u128| u8::try_from(number).unwrap_or(u8::MAX);
        let port = |(low, high): Span| {
            (u16::try_from(low).unwrap_or(u16::MAX), u16::try_from(high).unwrap_or(u16::MAX))
        };
        let (client, service) = match self {
            Shape::Ports(_) => (Some(port(client)), Some(port(service))),
            Shape::Icmp(_) => (None, Some(port(client))),
            Shape::Other(..) => (None, None),
        };
        Way {
            from: from.ip,
            to: to.ip,
            protocols: (byte(protocol.0), byte(protocol.1)),
            client,
            service,
            fresh_only: fresh.0 == 1,
        }
    }
}

/// What boxes have in common with a box.
pub(super) fn within(regions: &[Region], limits: &Region) -> Vec<Region> {
    let meet = |region: &Region| {
        let mut common = *region;
        for (span, limit) in common.spans.iter_mut().zip(&limits.spans) {
            *span = (span.0.max(limit.0), span.1.min(limit.1));
        }
        common.spans.iter().all(|span| span.0 <= span.1).then_some(common)
    };
    regions.iter().filter_map(meet).collect()
}

/// What boxes have beyond a box.
pub(super) fn beyond(regions: &[Region], limits: &Region) -> Vec<Region> {
    let mut rest = Vec::with_capacity(regions.len());
    for region in regions {
        crate::boxes::cut(region, limits, &mut rest);
    }
    rest
}
