//! The reference semantics at the enforcing machine: what [`Judge`] says, and what it cannot know
//! because a policy does not speak of it — the interface, lifelines, what a link needs to work.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use cordon_contract::{
    Bindings, Carrier, Decision, Judge, MemberNo, Packet, Policy, Reach, Refusal, Side,
};
use cordon_model::{Mac, Text, Timestamp};

use crate::compile::Lifeline;

/// A packet that the enforcing machine forwards.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Seen {
    /// The packet.
    pub packet: Packet,
    /// The interface by which it came.
    pub in_link: Text,
    /// The interface by which it leaves.
    pub out_link: Text,
    /// Whether no router has forwarded it: its IPv6 hop limit is still 255.
    pub fresh: bool,
}

/// Answers for the enforcing machine.
pub struct Reference<'a> {
    policy: &'a Policy,
    judge: Judge<'a>,
    by_mac: HashMap<Mac, MemberNo>,
    lifelines: &'a [Lifeline],
}

impl<'a> Reference<'a> {
    /// Makes a policy ready to answer.
    #[must_use]
    pub fn new(policy: &'a Policy, lifelines: &'a [Lifeline]) -> Self {
        let mut by_mac = HashMap::new();
        for (no, member) in (0..).map(MemberNo).zip(&policy.members) {
            if member.link.is_some() {
                by_mac.extend(member.macs.iter().map(|mac| (*mac, no)));
            }
        }
        Reference { policy, judge: Judge::new(policy), by_mac, lifelines }
    }

    /// What becomes of a forwarded packet at a time. A lifeline and what a link needs are allowed
    /// without an entry.
    #[must_use]
    pub fn decide(&self, seen: &Seen, bindings: &Bindings, at: Timestamp) -> Decision {
        const PASSES: Decision = Decision::Allow { source: None, destination: None };
        let packet = &seen.packet;
        if self.is_lifeline(seen) {
            return PASSES;
        }
        let said = self.judge.decide(packet, bindings, at);
        if matches!(said, Decision::Drop(_, _, Refusal::Spoofed)) {
            return said;
        }
        let by_mac = packet.mac.and_then(|mac| self.by_mac.get(&mac).copied());
        let source = by_mac.or_else(|| self.judge.member_at(packet.from));
        if let Some(member) = source.filter(|member| self.is_elsewhere(*member, seen)) {
            return Decision::Drop(member, Side::Source, Refusal::Spoofed);
        }
        let ends = [(source, Side::Source), (self.judge.member_at(packet.to), Side::Destination)];
        for (member, side) in ends {
            let off = |member: &MemberNo| {
                self.policy.member(*member).is_some_and(|member| member.reach == Reach::Off)
            };
            if let Some(member) = member.filter(off) {
                return Decision::Drop(member, side, Refusal::Switched);
            }
        }
        if is_housekeeping(seen) { PASSES } else { said }
    }

    /// A member on a link that is heard by another interface than its own, or without the
    /// link-layer address that it has there.
    fn is_elsewhere(&self, member: MemberNo, seen: &Seen) -> bool {
        let link = self.policy.member(member).and_then(|member| member.link.as_ref());
        link.is_some_and(|link| *link != seen.in_link || seen.packet.mac.is_none())
    }

    fn is_lifeline(&self, seen: &Seen) -> bool {
        let packet = &seen.packet;
        self.lifelines.iter().any(|lifeline| match lifeline {
            Lifeline::Link(link) => *link == seen.in_link || *link == seen.out_link,
            Lifeline::Here(..) => false,
            Lifeline::At(ip, carrier, port) => {
                *carrier == packet.carrier
                    && ((packet.to, packet.to_port) == (*ip, *port)
                        || ((packet.from, packet.from_port) == (*ip, *port) && packet.established))
            }
        })
    }
}

/// Neighbour discovery and the question for an address; see the chain of this name.
fn is_housekeeping(seen: &Seen) -> bool {
    let packet = &seen.packet;
    let ports = (packet.from_port, packet.to_port);
    match (packet.carrier, packet.from, packet.to) {
        (Carrier::Icmpv6, IpAddr::V6(from), IpAddr::V6(to)) => {
            let near = from.segments()[0] & 0xffc0 == 0xfe80 && to.segments()[0] == 0xff02;
            (seen.fresh && matches!(packet.to_port, 133 | 135 | 136))
                || (near && matches!(packet.to_port, 131 | 132 | 143))
        }
        (Carrier::Udp, _, IpAddr::V4(Ipv4Addr::BROADCAST)) => ports == (68, 67),
        (Carrier::Udp, _, IpAddr::V6(to)) => {
            ports == (546, 547) && to == Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 1, 2)
        }
        _ => false,
    }
}
