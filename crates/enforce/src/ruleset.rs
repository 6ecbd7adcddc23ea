//! What the kernel holds: sets with elements, and chains of rules over them.
//!
//! A small model of the part of nftables that is used here, so that the same value can be loaded,
//! compared with what was read back, and interpreted.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use cordon_model::{Mac, Text, Timestamp};

use serde::{Deserialize, Serialize};

use crate::compile::Options;
use crate::layout::{ChainName, SetName};
use crate::log::Logged;
use crate::skeleton;

/// One part of a key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Value {
    /// The name of an interface.
    Link(Text),
    /// A link-layer address.
    Mac(Mac),
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address.
    V6(Ipv6Addr),
    /// An IP protocol number.
    Proto(u8),
    /// A port.
    Port(u16),
    /// An ICMP type.
    Type(u8),
}

impl From<IpAddr> for Value {
    fn from(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(ip) => Value::V4(ip),
            IpAddr::V6(ip) => Value::V6(ip),
        }
    }
}

/// What an element matches: in each part the value itself, or everything up to another value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Key {
    /// The first value of each part.
    pub first: Box<[Value]>,
    /// The last value of each part, where any part is more than one value.
    pub last: Option<Box<[Value]>>,
}

impl Key {
    /// One value in each part.
    #[must_use]
    pub fn one(values: impl Into<Box<[Value]>>) -> Self {
        Key { first: values.into(), last: None }
    }

    /// From a first to a last value in each part, both included.
    #[must_use]
    pub fn spans(spans: Vec<(Value, Value)>) -> Self {
        if spans.iter().all(|(first, last)| first == last) {
            return Key::one(spans.into_iter().map(|(first, _)| first).collect::<Vec<_>>());
        }
        let (first, last): (Vec<_>, Vec<_>) = spans.into_iter().unzip();
        Key { first: first.into(), last: Some(last.into()) }
    }

    /// First and last value of each part.
    pub fn parts(&self) -> impl Iterator<Item = (&Value, &Value)> {
        self.first.iter().zip(self.last.as_ref().unwrap_or(&self.first).iter())
    }

    /// Whether it matches these values.
    #[must_use]
    pub fn contains(&self, values: &[Value]) -> bool {
        self.first.len() == values.len()
            && self
                .parts()
                .zip(values)
                .all(|((first, last), value)| first <= value && value <= last)
    }
}

/// What a map says of a packet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Verdict {
    /// It goes back to the chain that jumped here.
    Return,
    /// It goes to a chain, and comes back.
    Jump(ChainName),
    /// It goes to a chain for good.
    Goto(ChainName),
}

/// One element of a set or a map.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Element {
    /// What it matches.
    pub key: Key,
    /// When the kernel drops it by itself; never if none.
    pub until: Option<Timestamp>,
    /// What becomes of the packet, in a map.
    pub to: Option<Verdict>,
}

impl Element {
    /// An element that stays.
    #[must_use]
    pub fn new(key: Key) -> Self {
        Element { key, until: None, to: None }
    }

    /// Whether it is there at a time.
    #[must_use]
    pub fn holds(&self, at: Timestamp) -> bool {
        self.until.is_none_or(|until| at < until)
    }
}

/// What of a packet is looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Field {
    /// The interface it came in by.
    InLink,
    /// The interface it goes out by.
    OutLink,
    /// Link-layer source.
    Mac,
    /// IPv4 source.
    From4,
    /// IPv4 destination.
    To4,
    /// IPv6 source.
    From6,
    /// IPv6 destination.
    To6,
    /// IP protocol number.
    Proto,
    /// Source port.
    FromPort,
    /// Destination port.
    ToPort,
    /// Source port, of UDP only.
    UdpFromPort,
    /// Destination port, of UDP only.
    UdpToPort,
    /// ICMP type.
    Type4,
    /// ICMPv6 type.
    Type6,
}

/// A condition of a rule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Match {
    /// The fields together are in a set.
    In(Vec<Field>, SetName),
    /// A field is not in a set.
    NotIn(Field, SetName),
    /// A field has a value.
    Is(Field, Value),
    /// A field has one of some values.
    OneOf(Field, Vec<Value>),
    /// A field is in a network, by its first address and its prefix length.
    Net(Field, IpAddr, u8),
    /// The address in this field, of either family, is one of this machine's own.
    Here(Field),
    /// The IPv6 hop limit is 255: no router has forwarded it (RFC 4861, section 3.1).
    NeverForwarded,
    /// It belongs to a conversation that was allowed to begin, or is an error about one.
    Established,
    /// No more than this many a second from one source address.
    Scarce(&'static str, Field, u32),
}

/// What a rule does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Then {
    /// Lets the packet pass this table.
    Accept,
    /// Drops the packet.
    Drop,
    /// Goes back to the chain that jumped here.
    Return,
    /// Goes to a chain, and comes back.
    Jump(ChainName),
    /// Goes to a chain for good.
    Goto(ChainName),
    /// What the map says for these fields; goes on where it says nothing.
    Map(Vec<Field>, SetName),
    /// Sends a copy to the log, and why.
    Log(Logged),
}

/// A rule: if all conditions hold, it does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rule {
    /// The conditions.
    pub matches: Vec<Match>,
    /// What follows.
    pub then: Then,
}

/// Where the kernel calls a chain.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Hook {
    /// What the machine forwards, between its networks or within a bridge of its own.
    Forward,
    /// What is for the machine itself.
    Input,
    /// What the machine itself sends.
    Output,
}

/// A chain of rules.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Chain {
    /// Its name.
    pub name: ChainName,
    /// Where the kernel calls it; none for one that others jump to.
    pub hook: Option<Hook>,
    /// Its rules, in order.
    pub rules: Vec<Rule>,
}

/// Elements by the set that they are in.
pub type Elements = BTreeMap<SetName, Vec<Element>>;

/// Everything that the kernel must hold.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Ruleset {
    /// The chains; the same whatever the policy is.
    pub chains: Vec<Chain>,
    /// The elements, sorted by key.
    pub elements: Elements,
    /// What was settled beside the policy.
    pub options: Options,
}

impl Ruleset {
    /// How many elements there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.elements.values().map(Vec::len).sum()
    }

    /// Whether there are no elements.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The format in which rule sets are written; the chains are not in it but in the program.
const VERSION: u32 = 1;

/// A rule set as it is written.
#[derive(Serialize, Deserialize)]
struct Written {
    version: u32,
    options: Options,
    sets: Vec<(String, Vec<Element>)>,
}

impl From<Ruleset> for Written {
    fn from(ruleset: Ruleset) -> Self {
        let sets = ruleset.elements.into_iter();
        Written {
            version: VERSION,
            options: ruleset.options,
            sets: sets.map(|(set, elements)| (set.to_string(), elements)).collect(),
        }
    }
}

impl TryFrom<Written> for Ruleset {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        if written.version != VERSION {
            return Err(format!("version {}", written.version));
        }
        let set = |(name, elements): (String, Vec<Element>)| match SetName::parse(&name) {
            Some(set) => Ok((set, elements)),
            None => Err(format!("no set is called {name:?}")),
        };
        Ok(Ruleset {
            chains: skeleton::chains(&written.options),
            elements: written.sets.into_iter().map(set).collect::<Result<_, _>>()?,
            options: written.options,
        })
    }
}
