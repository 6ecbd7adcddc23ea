//! Learning: what a device does, until hardly anything new is to be expected.
//!
//! Facts and flows stream through a [`Learner`]; they are noted against addresses, because who has
//! an address is known only later. [`Learner::conclude`] asks who they are and returns, per device,
//! the contract that what it did amounts to, how far learning has come, and what was held back:
//! traffic in the shape of an attack never enters a contract without a person's word.
//!
//! The estimate of what is still unseen is Good's and Turing's: the share of all sightings that
//! belongs to kinds of behaviour seen once only is about the chance that the next one is new.

mod act;
mod answers;
mod conclude;
mod entries;
mod guard;
mod held;
mod infer;
mod names;
mod progress;
pub mod relearn;
pub(crate) mod said;
mod share;

use std::collections::HashMap;
use std::net::IpAddr;

use cordon_model::{Fact, Flow, Mac, Party, Scope, Text, Timestamp, scope};

use crate::document::Carrier;

pub use conclude::{Learned, Who};
pub use held::{Held, Suspicion};
pub use share::share;

pub(crate) use act::Opening;
use act::{Act, ActKey, Other, Service};
use answers::Answers;
use guard::Guard;
use said::Sayings;

/// Most conversations of different kind that are kept of a site; a scan must not fill the memory.
const MAX_ACTS: usize = 200_000;
/// Most of them that one end opened: whoever scans must not take the room of all others. The
/// busiest server of a site speaks with some thousands.
const MAX_ACTS_OF_ONE: usize = 20_000;

/// One end without its port: the link-layer address only where it is the end's own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub(crate) struct End {
    pub mac: Option<Mac>,
    pub ip: Option<IpAddr>,
}

impl End {
    /// Behind a router the link-layer address is the router's, and says nothing.
    fn of(party: &Party) -> Self {
        let own =
            |mac: &Mac| mac.is_device() && party.ip.is_none_or(|ip| scope(ip) != Scope::Public);
        End { mac: party.mac.filter(own), ip: party.ip }
    }

    fn party(self) -> Party {
        Party { mac: self.mac, ip: self.ip, port: None }
    }
}

/// Notes what devices do.
#[derive(Default)]
pub struct Learner {
    acts: HashMap<ActKey, Act>,
    /// How many of them each end opened.
    of_one: HashMap<End, usize>,
    answers: Answers,
    sayings: Sayings,
    guard: Guard,
    first: Option<Timestamp>,
    last: Timestamp,
    left_out: u64,
}

impl Learner {
    /// A learner that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Learner::default()
    }

    /// Takes in what a packet said.
    pub fn fact(&mut self, fact: &Fact) {
        self.time(fact.at);
        self.answers.fact(fact);
        self.sayings.fact(fact);
    }

    /// Takes in a conversation, or a part of one.
    pub fn flow(&mut self, flow: &Flow) {
        self.time(flow.first);
        self.time(flow.last);
        if flow.tunnelled {
            return;
        }
        let opening = Opening::of(flow);
        let client = End::of(&opening.from);
        let server = End::of(&opening.to);
        if client.ip.is_none() || server.ip.is_none() {
            return;
        }
        let answered = Opening::answered(flow);
        self.guard.flow(client, server, &opening, flow, answered);
        // A name never means somebody here (DNS rebinding): what is here is who it is.
        let outside = |ip: &IpAddr| matches!(scope(*ip), Scope::Public | Scope::Documentation);
        let named = server.ip.filter(outside);
        let other = match named.and_then(|ip| self.answers.name(client, ip)) {
            Some(name) => Other::Name(name),
            None => Other::End(server),
        };
        if is_upkeep(opening.carrier, opening.service) {
            return;
        }
        let picked = opening.swapped && opening.carrier.has_ports() && opening.service >= 1024;
        let service = if picked { Service::Picked } else { Service::Port(opening.service) };
        let key = ActKey { client, other, carrier: opening.carrier, service };
        if !self.acts.contains_key(&key) {
            let of_one = self.of_one.entry(client).or_default();
            if self.acts.len() >= MAX_ACTS || *of_one >= MAX_ACTS_OF_ONE {
                self.left_out += 1;
                return;
            }
            *of_one += 1;
        }
        self.acts.entry(key).or_default().see(flow, &opening, server, answered);
    }

    /// Kinds of conversation that found no room.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    fn time(&mut self, at: Timestamp) {
        if self.first.is_none_or(|first| at < first) {
            self.first = Some(at);
        }
        self.last = self.last.max(at);
    }
}

/// A text without regard to case, as DNS compares names.
pub(crate) fn lower(text: &str) -> Text {
    let text = text.strip_suffix('.').unwrap_or(text);
    text.chars().map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether a carrier and a port are the network's own upkeep: address configuration, neighbour
/// discovery, group membership, errors about conversations. Every device needs it, and a firewall
/// lets it pass with what it belongs to.
#[must_use]
pub fn is_upkeep(carrier: Carrier, service: u16) -> bool {
    match carrier {
        // Errors (RFC 792).
        Carrier::Icmp => matches!(service, 3 | 4 | 11 | 12),
        // Errors (RFC 4443), RFC 4861 and RFC 2710, RFC 3810.
        Carrier::Icmpv6 => matches!(service, 1..=4 | 130..=137 | 143),
        // The answer to who asked for an address (RFC 2131, RFC 8415).
        Carrier::Udp => matches!(service, 68 | 546),
        // IGMP (RFC 3376).
        Carrier::Protocol(2) => true,
        _ => false,
    }
}

/// Whether packets to an address never pass a router: groups and broadcast of a link (RFC 5771, 4,
/// and RFC 4291, 2.7), and nobody yet.
#[must_use]
pub fn stays_on_link(to: IpAddr) -> bool {
    match to {
        IpAddr::V4(ip) => {
            ip.octets().starts_with(&[224, 0, 0]) || ip.is_broadcast() || ip.is_unspecified()
        }
        IpAddr::V6(ip) => ip.segments()[0] & 0xff0f == 0xff02 || ip.is_unspecified(),
    }
}
