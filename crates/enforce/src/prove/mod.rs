//! Proof: whether any packet at all may begin a conversation between two ends, by the rules that
//! are loaded. Every packet there is, not samples.
//!
//! Sender and receiver are given; what is left of a packet is its protocol, its ports or type, and
//! whether a router forwarded it. [`Prover::ways`] takes all of that at once through the chains, as
//! boxes that conditions cut, and returns what comes out at the other end. An end that makes its
//! addresses up is tried with one of each kind that the rules tell apart ([`Prover::disguised`]).

mod space;
mod walk;

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use cordon_contract::Carrier;
use cordon_model::{Mac, Text, Timestamp};
use serde::{Deserialize, Serialize};

use crate::layout::{Class, Family, SetName, Who};
use crate::ruleset::{Element, Hook, Ruleset, Value};

use space::Shape;
use walk::Walk;

/// Most made-up addresses that are tried for one end: the kinds that the rules of one receiver
/// tell apart are far fewer.
const MAX_DISGUISES: usize = 20_000;

/// One end of a conversation.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct End {
    /// The interface of this machine behind which it is; empty where that is not known.
    pub link: Text,
    /// Its link-layer address, where this machine sees it.
    pub mac: Option<Mac>,
    /// Its address.
    pub ip: IpAddr,
}

/// Packets that may begin a conversation, as a box: every combination of these.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Way {
    /// The sender's address.
    pub from: IpAddr,
    /// The receiver's.
    pub to: IpAddr,
    /// First and last IP protocol number.
    pub protocols: (u8, u8),
    /// First and last port of the sender; none where there are none.
    pub client: Option<(u16, u16)>,
    /// First and last port, or ICMP type, of what is spoken to; none where there is none.
    pub service: Option<(u16, u16)>,
    /// Whether only packets that no router has forwarded.
    pub fresh_only: bool,
}

impl Way {
    /// A packet of the box: what carries it, the port of the sender, the port or type.
    #[must_use]
    pub fn witness(&self) -> (Carrier, u16, u16) {
        let carrier = Carrier::of_protocol(self.protocols.0);
        let low = |span: Option<(u16, u16)>| span.map_or(0, |(low, _)| low);
        (carrier, low(self.client), low(self.service))
    }
}

/// A rule set made ready to be proven about.
pub struct Prover<'a> {
    ruleset: &'a Ruleset,
    sets: HashMap<SetName, HashMap<&'a Value, Vec<&'a Element>>>,
}

impl<'a> Prover<'a> {
    /// Makes a rule set ready, as it is at a time.
    #[must_use]
    pub fn new(ruleset: &'a Ruleset, at: Timestamp) -> Self {
        let mut sets: HashMap<SetName, HashMap<&Value, Vec<&Element>>> = HashMap::new();
        for (name, elements) in &ruleset.elements {
            let of_set = sets.entry(*name).or_default();
            for element in elements.iter().filter(|element| element.holds(at)) {
                if let Some(first) = element.key.first.first() {
                    of_set.entry(first).or_default().push(element);
                }
            }
        }
        Prover { ruleset, sets }
    }

    /// Everything that may begin a conversation from one end to another, through this machine.
    /// Nothing means: no packet at all.
    #[must_use]
    pub fn ways(&self, from: &End, to: &End) -> Vec<Way> {
        if from.ip.is_ipv4() != to.ip.is_ipv4() {
            return Vec::new();
        }
        let mut ways = Vec::new();
        for shape in Shape::all(from.ip.is_ipv4()) {
            let mut walk = Walk::new(self, from, to, shape);
            walk.run(Hook::Forward);
            ways.extend(walk.passed().map(|region| shape.way(from, to, region)));
        }
        ways.sort();
        ways
    }

    /// The same for an end that makes its addresses up, on its own link: from every kind of
    /// address that the rules tell apart, with its own link-layer address and a stranger's.
    #[must_use]
    pub fn disguised(&self, from: &End, to: &End) -> Vec<Way> {
        let mut ways = Vec::new();
        let stranger = self.stranger();
        for ip in self.kinds_of_senders(to) {
            for mac in [from.mac, Some(stranger)] {
                let end = End { link: from.link.clone(), mac, ip };
                ways.extend(self.ways(&end, to));
            }
        }
        ways.sort();
        ways.dedup();
        ways
    }

    /// A link-layer address that no member has.
    fn stranger(&self) -> Mac {
        let macs = self.sets.get(&SetName::Macs);
        let taken = |mac: Mac| macs.is_some_and(|macs| macs.contains_key(&Value::Mac(mac)));
        (0..=u8::MAX)
            .map(|last| Mac([0x02, 0xc0, 0xde, 0, 0, last]))
            .find(|mac| !taken(*mac))
            .unwrap_or(Mac([0x02; 6]))
    }

    /// One address of each kind: the bounds of what the receiver takes, and their neighbours; the
    /// members' own; and one that nobody speaks of.
    fn kinds_of_senders(&self, to: &End) -> BTreeSet<IpAddr> {
        let family = if to.ip.is_ipv4() { Family::V4 } else { Family::V6 };
        let mut kinds = BTreeSet::new();
        let mut put = |value: &Value| {
            if kinds.len() >= MAX_DISGUISES {
                return;
            }
            let ip = match value {
                Value::V4(ip) => IpAddr::V4(*ip),
                Value::V6(ip) => IpAddr::V6(*ip),
                _ => return,
            };
            kinds.extend([Some(ip), beside(ip, false), beside(ip, true)].into_iter().flatten());
        };
        let receiver = Value::from(to.ip);
        for class in Class::ALL {
            let set = self.sets.get(&SetName::Allow(Who::To, class, family));
            for element in set.and_then(|set| set.get(&receiver)).into_iter().flatten() {
                // Receiver first, then who may speak to it.
                if let Some((first, last)) = element.key.parts().nth(1) {
                    put(first);
                    put(last);
                }
            }
        }
        for set in [SetName::Near(family), SetName::Far(family), SetName::Sender(family)] {
            for value in self.sets.get(&set).into_iter().flat_map(HashMap::keys) {
                put(value);
            }
        }
        for element in self.ruleset.elements.get(&SetName::Local(family)).into_iter().flatten() {
            for (first, last) in element.key.parts() {
                put(first);
                put(last);
            }
        }
        kinds.insert(match family {
            Family::V4 => IpAddr::from([8, 8, 4, 4]),
            Family::V6 => IpAddr::from([0x2600, 0, 0, 0, 0, 0, 0, 0x53]),
        });
        kinds
    }
}

/// The next address in a direction, of the same family.
fn beside(ip: IpAddr, up: bool) -> Option<IpAddr> {
    match ip {
        IpAddr::V4(ip) => {
            let number = u32::from(ip);
            let next = if up { number.checked_add(1) } else { number.checked_sub(1) };
            next.map(|number| IpAddr::V4(number.into()))
        }
        IpAddr::V6(ip) => {
            let number = u128::from(ip);
            let next = if up { number.checked_add(1) } else { number.checked_sub(1) };
            next.map(|number| IpAddr::V6(number.into()))
        }
    }
}
