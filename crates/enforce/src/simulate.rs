//! An interpreter of our rule sets: the kernel's answer, worked out without a kernel.

use std::collections::HashMap;
use std::net::IpAddr;

use cordon_contract::{Carrier, Refusal, Side};
use cordon_model::Timestamp;

use crate::layout::{ChainName, SetName};
use crate::log::Logged;
use crate::reference::Seen;
use crate::ruleset::{self, Chain, Element, Field, Hook, Match, Ruleset, Then, Value};

/// Deepest chain of jumps; the kernel takes 16 as well.
const MAX_DEPTH: u32 = 16;

/// What became of a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It passes without a word.
    Pass,
    /// It passes and is logged as outside of this end's contract.
    Warn(Side),
    /// It is dropped.
    Drop(Side, Refusal),
}

/// A rule set made ready to be interpreted.
pub struct Simulator<'a> {
    chains: HashMap<ChainName, &'a Chain>,
    sets: HashMap<SetName, Index<'a>>,
}

#[derive(Default)]
struct Index<'a> {
    /// Elements of one value in each part.
    exact: HashMap<&'a [Value], &'a Element>,
    /// The others, by their first part where that is one value.
    spans: HashMap<&'a Value, Vec<&'a Element>>,
    /// The rest.
    open: Vec<&'a Element>,
}

enum Verdict {
    Accept,
    Drop,
    /// Falls off the end, or returns.
    Back,
}

struct Walk<'p> {
    hook: Hook,
    seen: &'p Seen,
    at: Timestamp,
    logged: Option<Logged>,
}

impl<'a> Simulator<'a> {
    /// Makes a rule set ready.
    #[must_use]
    pub fn new(ruleset: &'a Ruleset) -> Self {
        let chains = ruleset.chains.iter().map(|chain| (chain.name, chain)).collect();
        let mut sets: HashMap<SetName, Index<'_>> = HashMap::new();
        for (name, elements) in &ruleset.elements {
            let index = sets.entry(*name).or_default();
            for element in elements {
                match (&element.key.last, element.key.first.first()) {
                    (None, _) => {
                        index.exact.insert(&element.key.first, element);
                    }
                    (Some(last), Some(first)) if last.first() == Some(first) => {
                        index.spans.entry(first).or_default().push(element);
                    }
                    _ => index.open.push(element),
                }
            }
        }
        Simulator { chains, sets }
    }

    /// What becomes of a packet at a hook at a time; a hook without a chain lets everything pass.
    #[must_use]
    pub fn run(&self, hook: Hook, seen: &Seen, at: Timestamp) -> Outcome {
        let mut walk = Walk { hook, seen, at, logged: None };
        let base = self.chains.values().find(|chain| chain.hook == Some(hook));
        let verdict = base.map_or(Verdict::Back, |chain| self.chain(chain.name, &mut walk, 0));
        match (verdict, walk.logged) {
            (Verdict::Drop, Some(logged)) => Outcome::Drop(logged.side, logged.why),
            // Nothing of ours drops without a word.
            (Verdict::Drop, None) => Outcome::Drop(Side::Source, Refusal::Outside),
            (_, Some(logged)) => Outcome::Warn(logged.side),
            (_, None) => Outcome::Pass,
        }
    }

    fn chain(&self, name: ChainName, walk: &mut Walk<'_>, depth: u32) -> Verdict {
        let Some(chain) = self.chains.get(&name).filter(|_| depth < MAX_DEPTH) else {
            // The kernel does not load such a rule set.
            return Verdict::Drop;
        };
        for rule in &chain.rules {
            if !rule.matches.iter().all(|condition| self.holds(condition, walk)) {
                continue;
            }
            let jump = match &rule.then {
                Then::Accept => return Verdict::Accept,
                Then::Drop => return Verdict::Drop,
                Then::Return => return Verdict::Back,
                Then::Goto(to) => return self.chain(*to, walk, depth + 1),
                Then::Jump(to) => Some(*to),
                Then::Map(fields, set) => {
                    match self.find(fields, *set, walk).and_then(|element| element.to) {
                        None => None,
                        Some(ruleset::Verdict::Return) => return Verdict::Back,
                        Some(ruleset::Verdict::Goto(to)) => return self.chain(to, walk, depth + 1),
                        Some(ruleset::Verdict::Jump(to)) => Some(to),
                    }
                }
                Then::Log(logged) => {
                    // Of warnings the first; what is dropped outweighs them.
                    if logged.dropped || walk.logged.is_none() {
                        walk.logged = Some(*logged);
                    }
                    None
                }
            };
            if let Some(to) = jump {
                match self.chain(to, walk, depth + 1) {
                    Verdict::Back => {}
                    verdict => return verdict,
                }
            }
        }
        Verdict::Back
    }

    fn holds(&self, condition: &Match, walk: &Walk<'_>) -> bool {
        let packet = &walk.seen.packet;
        match condition {
            Match::In(fields, set) => self.find(fields, *set, walk).is_some(),
            Match::NotIn(field, set) => {
                read(*field, walk.seen).is_some() && self.find(&[*field], *set, walk).is_none()
            }
            Match::Is(field, value) => read(*field, walk.seen).as_ref() == Some(value),
            Match::OneOf(field, values) => {
                read(*field, walk.seen).is_some_and(|value| values.contains(&value))
            }
            Match::Net(field, first, length) => {
                let ip = match read(*field, walk.seen) {
                    Some(Value::V4(ip)) => IpAddr::V4(ip),
                    Some(Value::V6(ip)) => IpAddr::V6(ip),
                    _ => return false,
                };
                ipnet::IpNet::new(*first, *length).is_ok_and(|net| net.contains(&ip))
            }
            // What is forwarded is neither from nor for this machine.
            Match::Here(Field::From4) => walk.hook == Hook::Output,
            Match::Here(_) => walk.hook == Hook::Input,
            Match::NeverForwarded => walk.seen.fresh && packet.from.is_ipv6(),
            Match::Established => packet.established,
            Match::Scarce(_, field, _) => read(*field, walk.seen).is_some(),
        }
    }

    fn find(&self, fields: &[Field], set: SetName, walk: &Walk<'_>) -> Option<&'a Element> {
        let index = self.sets.get(&set)?;
        // The longest key has five parts.
        let mut values = [const { Value::Type(0) }; 5];
        for (slot, field) in values.iter_mut().zip(fields) {
            *slot = read(*field, walk.seen)?;
        }
        let values = values.get(..fields.len())?;
        let holds = |element: &&'a Element| element.holds(walk.at);
        if let Some(element) = index.exact.get(values).copied().filter(holds) {
            return Some(element);
        }
        let spans = values.first().and_then(|first| index.spans.get(first));
        let inside = |element: &&'a Element| element.holds(walk.at) && element.key.contains(values);
        spans.into_iter().flatten().chain(&index.open).copied().find(inside)
    }
}

/// What a packet has in a field; none where the kernel finds nothing there either, or nothing that
/// means anything.
fn read(field: Field, seen: &Seen) -> Option<Value> {
    let packet = &seen.packet;
    let ports = matches!(packet.carrier, Carrier::Tcp | Carrier::Udp);
    let udp = packet.carrier == Carrier::Udp;
    let v4 = |ip| match ip {
        IpAddr::V4(ip) => Some(Value::V4(ip)),
        IpAddr::V6(_) => None,
    };
    let v6 = |ip| match ip {
        IpAddr::V6(ip) => Some(Value::V6(ip)),
        IpAddr::V4(_) => None,
    };
    match field {
        Field::InLink => Some(Value::Link(seen.in_link.clone())),
        Field::OutLink => Some(Value::Link(seen.out_link.clone())),
        Field::Mac => packet.mac.map(Value::Mac),
        Field::From4 => v4(packet.from),
        Field::To4 => v4(packet.to),
        Field::From6 => v6(packet.from),
        Field::To6 => v6(packet.to),
        Field::Proto => packet.carrier.protocol().map(Value::Proto),
        Field::FromPort => ports.then_some(Value::Port(packet.from_port)),
        Field::ToPort => ports.then_some(Value::Port(packet.to_port)),
        Field::UdpFromPort => udp.then_some(Value::Port(packet.from_port)),
        Field::UdpToPort => udp.then_some(Value::Port(packet.to_port)),
        Field::Type4 => icmp(seen, Carrier::Icmp),
        Field::Type6 => icmp(seen, Carrier::Icmpv6),
    }
}

fn icmp(seen: &Seen, carrier: Carrier) -> Option<Value> {
    let kind = u8::try_from(seen.packet.to_port).ok()?;
    let same_family = seen.packet.from.is_ipv4() == (carrier == Carrier::Icmp);
    (seen.packet.carrier == carrier && same_family).then_some(Value::Type(kind))
}
