//! The watcher: conversations and what is said in them, held against contracts as they come.
//!
//! A firewall decides about the first packet of a conversation; a [`Watch`] sees how much follows,
//! which application it is and what is said. It answers for every device with a contract, whatever
//! its stage, and for both ends of a conversation. It keeps nothing but counters, of a bounded
//! number; whoever calls draws breaches together.

mod breach;
mod meter;
mod names;
mod tls;

use std::collections::HashMap;
use std::net::IpAddr;

use cordon_model::flow::TcpFlags;
use cordon_model::{App, Basis, Fact, Flow, Timestamp, Transport};

pub use breach::{Breach, What};
pub use meter::Meter;

use crate::document::{Carrier, Contract, Entry, EntryId, Opens, VerbRule};
use crate::learn::{Opening, is_upkeep, said};
use crate::policy::{Bindings, Judge, MemberNo, Packet, Policy, Side, Where};

/// Contracts, and what was counted against them.
pub struct Watch<'a> {
    policy: &'a Policy,
    judge: Judge<'a>,
    /// The entries behind the policy's, by their place there.
    entries: HashMap<u32, &'a Entry>,
    /// The same by member, peer and opener: of entries that mean the same addresses and ports the
    /// policy names one only.
    alike: HashMap<(MemberNo, Opens), Vec<(u32, &'a Entry)>>,
    minutes: Meter,
    hours: Meter,
}

/// One end of what is looked at.
struct View {
    member: MemberNo,
    side: Side,
    peer: IpAddr,
}

impl<'a> Watch<'a> {
    /// Holds everything against the contracts that a policy was made from.
    #[must_use]
    pub fn new(policy: &'a Policy, contracts: impl IntoIterator<Item = &'a Contract>) -> Self {
        let mut of_member: HashMap<(MemberNo, EntryId), u32> = HashMap::new();
        for (place, origin) in (0..).zip(&policy.entries) {
            of_member.insert((origin.member, origin.entry.clone()), place);
        }
        let members: HashMap<_, _> =
            (0..).map(MemberNo).zip(&policy.members).map(|(no, one)| (&one.device, no)).collect();
        let mut entries = HashMap::new();
        let mut alike: HashMap<(MemberNo, Opens), Vec<(u32, &Entry)>> = HashMap::new();
        for contract in contracts {
            let Some(member) = members.get(&contract.device) else { continue };
            for entry in &contract.entries {
                if let Some(place) = of_member.get(&(*member, entry.id())) {
                    entries.insert(*place, entry);
                    alike.entry((*member, entry.opens)).or_default().push((*place, entry));
                }
            }
        }
        Watch {
            policy,
            judge: Judge::new(policy),
            entries,
            alike,
            minutes: Meter::new(60),
            hours: Meter::new(3_600),
        }
    }

    /// The member that an address belongs to.
    #[must_use]
    pub fn member_at(&self, ip: IpAddr) -> Option<MemberNo> {
        self.judge.member_at(ip)
    }

    /// Looks at a conversation, or a part of one.
    pub fn flow(&mut self, flow: &Flow, bindings: &Bindings) -> Vec<Breach> {
        let opening = Opening::of(flow);
        let (Some(from), Some(to)) = (opening.from.ip, opening.to.ip) else { return Vec::new() };
        if flow.tunnelled || is_upkeep(opening.carrier, opening.service) || is_remainder(flow) {
            return Vec::new();
        }
        let packet = Packet {
            mac: None,
            from,
            to,
            carrier: opening.carrier,
            from_port: opening.client,
            to_port: opening.service,
            established: false,
        };
        let mut breaches = Vec::new();
        for view in self.views(from, to) {
            let allowing = self.allowing(&view, &packet, bindings, flow.first);
            let Some(first) = allowing.first().copied() else {
                breaches.extend(self.breach(&view, &packet, flow.first, None, What::Outside));
                continue;
            };
            let of = |place: u32| self.entries.get(&place).copied();
            if let (Some(seen), Some(Basis::Payload)) = (flow.app, flow.basis)
                && let Some((place, expected)) = other_app(&allowing, of, seen)
            {
                let what = What::OtherApp { expected, seen };
                breaches.extend(self.breach(&view, &packet, flow.first, Some(place), what));
            }
            for what in self.exceeds(first, flow) {
                breaches.extend(self.breach(&view, &packet, flow.first, Some(first), what));
            }
        }
        breaches
    }

    /// Looks at what one end said to another. Who may not speak to whom at all is told of the
    /// conversation, and not again of every word in it.
    #[must_use]
    pub fn fact(&self, fact: &Fact, bindings: &Bindings) -> Vec<Breach> {
        let mut breaches: Vec<Breach> = self.other_name(fact, bindings).into_iter().collect();
        if let Some(found) = self.tls(fact, bindings) {
            breaches.extend(found);
            return breaches;
        }
        let (Some(from), Some(to), Some(to_port)) = (fact.from.ip, fact.to.ip, fact.to.port) else {
            return breaches;
        };
        let said = said::rules_of(&fact.said);
        if said.is_empty() {
            return breaches;
        }
        for view in self.views(from, to) {
            let mut entries: Vec<(Packet, u32, &Entry)> = Vec::new();
            // What was said does not tell what carried it, so that entries over either count.
            for carrier in [Carrier::Tcp, Carrier::Udp] {
                let packet = Packet {
                    mac: None,
                    from,
                    to,
                    carrier,
                    from_port: fact.from.port.unwrap_or(0),
                    to_port,
                    established: false,
                };
                let allowing = self.allowing(&view, &packet, bindings, fact.at);
                entries.extend(allowing.into_iter().filter_map(|place| {
                    self.entries.get(&place).map(|entry| (packet, place, *entry))
                }));
            }
            let Some((packet, place, _)) = entries.first() else { continue };
            let all: Vec<&Entry> = entries.iter().map(|(_, _, entry)| *entry).collect();
            for said in unsaid(&all, &said) {
                let what = What::Unsaid { said };
                breaches.extend(self.breach(&view, packet, fact.at, Some(*place), what));
            }
        }
        breaches
    }

    fn views(&self, from: IpAddr, to: IpAddr) -> impl Iterator<Item = View> + use<> {
        let source = self.judge.member_at(from);
        let source = source.map(|member| View { member, side: Side::Source, peer: to });
        let destination = self.judge.member_at(to);
        let destination =
            destination.map(|member| View { member, side: Side::Destination, peer: from });
        source.into_iter().chain(destination)
    }

    /// Every entry that allows a packet, the first one first.
    fn allowing(
        &self,
        view: &View,
        packet: &Packet,
        bindings: &Bindings,
        at: Timestamp,
    ) -> Vec<u32> {
        let opens = match view.side {
            Side::Source => Opens::Device,
            Side::Destination => Opens::Peer,
        };
        let mut allowing: Vec<u32> = Vec::new();
        for rule in self.policy.rules_of(view.member) {
            let fits = rule.opens == opens
                && rule.carrier.covers(packet.carrier)
                && rule.service.contains(packet.to_port)
                && rule.client.contains(packet.from_port)
                && match rule.at {
                    Where::Net(net) => net.contains(&view.peer),
                    Where::Name(name) => bindings.means(view.member, name, view.peer, at),
                };
            if fits && !allowing.contains(&rule.entry) {
                allowing.push(rule.entry);
            }
        }
        let named: Vec<&Entry> =
            allowing.iter().filter_map(|place| self.entries.get(place).copied()).collect();
        for (place, entry) in self.alike.get(&(view.member, opens)).into_iter().flatten() {
            let same = named.iter().any(|one| one.peer == entry.peer && one.ip == entry.ip);
            let from = &entry.client_ports;
            let fits = same
                && entry.transport.covers(packet.carrier)
                && entry.has_port(packet.to_port)
                && (from.is_empty() || from.iter().any(|ports| ports.contains(packet.from_port)))
                && entry.valid.holds(at);
            if fits && !allowing.contains(place) {
                allowing.push(*place);
            }
        }
        allowing
    }

    fn exceeds(&mut self, place: u32, flow: &Flow) -> Vec<What> {
        let Some(bounds) = self.entries.get(&place).map(|entry| entry.bounds) else {
            return Vec::new();
        };
        let mut over = Vec::new();
        if let Some(bound) = bounds.flows_per_minute.filter(|_| flow.part == 0)
            && self.minutes.add(place, flow.first, 1) > u64::from(bound)
        {
            over.push(What::TooOften { bound });
        }
        if let Some(bound) = bounds.bytes_per_hour
            && self.hours.add(place, flow.first, flow.bytes()) > bound
        {
            over.push(What::TooMuch { bound });
        }
        // Whoever is above it on the average was above it in some second.
        let secs = flow.duration().as_secs().max(1);
        if let Some(bound) = bounds.packets_per_second
            && flow.packets().div_ceil(secs) > u64::from(bound)
        {
            over.push(What::TooFast { bound });
        }
        over
    }

    fn breach(
        &self,
        view: &View,
        packet: &Packet,
        at: Timestamp,
        place: Option<u32>,
        what: What,
    ) -> Option<Breach> {
        let member = self.policy.member(view.member)?;
        let origin = place.and_then(|place| self.policy.entries.get(place as usize));
        Some(Breach {
            member: view.member,
            device: member.device.clone(),
            name: member.label.clone(),
            side: view.side,
            peer: view.peer,
            carrier: packet.carrier,
            service: packet.to_port,
            at,
            entry: origin.map(|origin| origin.entry.clone()),
            what,
        })
    }
}

/// Whether a flow is what is left of a connection that ended before: packets of one direction,
/// none of which opens anything. Who opened it, and to which port, does not show.
fn is_remainder(flow: &Flow) -> bool {
    let flags = [flow.sent_flags, flow.received_flags];
    flow.transport == Transport::Tcp
        && flow.is_one_way()
        && !flags.iter().any(|flags| flags.has(TcpFlags::SYN))
}

/// The application that the entries are for, if none of them is for the one that was seen.
fn other_app<'a>(
    allowing: &[u32],
    of: impl Fn(u32) -> Option<&'a Entry>,
    seen: App,
) -> Option<(u32, App)> {
    let mut expected = None;
    for place in allowing {
        match of(*place).and_then(|entry| entry.app) {
            Some(app) if app != seen => expected = expected.or(Some((*place, app))),
            _ => return None,
        }
    }
    expected
}

/// What none of the entries lets be said.
fn unsaid(entries: &[&Entry], said: &[VerbRule]) -> Vec<VerbRule> {
    let free = entries.iter().any(|entry| entry.verbs.is_empty());
    let may = |word: &VerbRule| {
        free || entries.iter().any(|entry| entry.verbs.iter().any(|rule| rule.covers(word)))
    };
    said.iter().filter(|word| !may(word)).cloned().collect()
}
