//! From a policy to what the kernel must hold: pure, and member by member, so that what changes
//! for one device is found without looking at the others.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use cordon_contract::{
    Bindings, Carrier, MemberNo, NameNo, Opens, Policy, Ports, Reach, Rule, Stage, Where,
};
use cordon_model::{Mac, Text, Timestamp};
use serde::{Deserialize, Serialize};

use crate::boxes::{Region, disjoint};
use crate::layout::{ChainName, Class, Family, SET_SIZE, SetName, Who};
use crate::local;
use crate::ruleset::{Element, Elements, Key, Ruleset, Value, Verdict};
use crate::skeleton;

/// Most lifelines; each is a door, and nobody needs many.
pub const MAX_LIFELINES: usize = 64;

/// A path that is never cut: by it people reach the console that could undo a mistake.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Lifeline {
    /// Everything by one interface.
    Link(Text),
    /// A service of this machine: carrier TCP or UDP, and port.
    Here(Carrier, u16),
    /// A service elsewhere.
    At(IpAddr, Carrier, u16),
}

/// What is settled beside the policy.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Options {
    /// What is never cut.
    pub lifelines: Vec<Lifeline>,
    /// Whether packets from and for this machine itself are judged too, not only what it forwards.
    pub host: bool,
    /// Where the log goes (`NFLOG` group).
    pub log_group: u16,
}

impl Default for Options {
    fn default() -> Self {
        Options { lifelines: Vec::new(), host: false, log_group: 5 }
    }
}

/// Why a policy cannot be turned into sets.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CompileError {
    /// Too many pieces.
    #[error(
        "the contract of {label} overlaps itself too often; join its ranges of ports and networks"
    )]
    TooManyPieces {
        /// Whose.
        label: Text,
    },
    /// Too many elements in one set.
    #[error(
        "{set} would have {len} elements, the kernel is told to take {SET_SIZE} at most; use networks instead of single addresses"
    )]
    TooManyElements {
        /// Which set.
        set: SetName,
        /// How many.
        len: usize,
    },
    /// Too many lifelines.
    #[error("{0} lifelines are too many, {MAX_LIFELINES} is the most")]
    TooManyLifelines(usize),
    /// A name that no interface can have.
    #[error(
        "{0:?} cannot be the name of an interface: it has 1 to 15 letters, digits or any of . _ @ - "
    )]
    BadLink(Text),
}

/// A policy made ready to be compiled.
pub struct Compiler<'a> {
    policy: &'a Policy,
    by_mac: HashMap<Mac, MemberNo>,
    by_ip: HashMap<IpAddr, MemberNo>,
    rules: Vec<Vec<u32>>,
}

/// The addresses by which one member is known, one family at a time.
struct Known {
    link: Option<Text>,
    macs: Vec<Mac>,
    ips: Vec<IpAddr>,
}

impl<'a> Compiler<'a> {
    /// Makes a policy ready. An address that two members claim belongs to the last.
    ///
    /// # Errors
    ///
    /// Where an interface has an impossible name.
    pub fn new(policy: &'a Policy) -> Result<Self, CompileError> {
        let mut by_mac = HashMap::new();
        let mut by_ip = HashMap::new();
        for (no, member) in (0..).map(MemberNo).zip(&policy.members) {
            if let Some(link) = &member.link {
                check_link(link)?;
                by_mac.extend(member.macs.iter().map(|mac| (*mac, no)));
            }
            by_ip.extend(member.ips.iter().map(|ip| (*ip, no)));
        }
        let mut rules = vec![Vec::new(); policy.members.len()];
        for (place, rule) in (0..).zip(&policy.rules) {
            if let Some(of_member) = rules.get_mut(rule.member.0 as usize) {
                of_member.push(place);
            }
        }
        Ok(Compiler { policy, by_mac, by_ip, rules })
    }

    /// Everything that the kernel must hold at a time.
    ///
    /// # Errors
    ///
    /// Where there is too much of something.
    pub fn ruleset(
        &self,
        bindings: &Bindings,
        options: &Options,
        at: Timestamp,
    ) -> Result<Ruleset, CompileError> {
        let mut elements = self.common(options)?;
        let mut bound: HashMap<MemberNo, Vec<Bound>> = HashMap::new();
        for (member, name, ip, until) in bindings.all(at) {
            bound.entry(member).or_default().push(Bound { name, ip, until });
        }
        for no in (0..).map(MemberNo).take(self.policy.members.len()) {
            let bound = bound.get(&no).map_or(&[][..], Vec::as_slice);
            self.add_member(no, bound, &mut elements)?;
        }
        for (set, of_set) in &mut elements {
            of_set.sort_unstable();
            of_set.dedup();
            if of_set.len() > SET_SIZE as usize {
                return Err(CompileError::TooManyElements { set: *set, len: of_set.len() });
            }
        }
        let chains = skeleton::chains(options);
        Ok(Ruleset { chains, elements, options: options.clone() })
    }

    /// What the kernel must hold for one member. Nothing of it belongs to another.
    ///
    /// # Errors
    ///
    /// Where there is too much of something.
    pub fn member(
        &self,
        no: MemberNo,
        bindings: &Bindings,
        at: Timestamp,
    ) -> Result<Elements, CompileError> {
        let of_member = bindings.all(at).filter(|(member, ..)| *member == no);
        let bound: Vec<_> =
            of_member.map(|(_, name, ip, until)| Bound { name, ip, until }).collect();
        let mut elements = Elements::new();
        self.add_member(no, &bound, &mut elements)?;
        for of_set in elements.values_mut() {
            of_set.sort_unstable();
            of_set.dedup();
        }
        Ok(elements)
    }

    /// What belongs to no member: lifelines, and which addresses are local.
    fn common(&self, options: &Options) -> Result<Elements, CompileError> {
        if options.lifelines.len() > MAX_LIFELINES {
            return Err(CompileError::TooManyLifelines(options.lifelines.len()));
        }
        let mut elements = Elements::new();
        for lifeline in &options.lifelines {
            let (set, values) = match lifeline {
                Lifeline::Link(link) => {
                    check_link(link)?;
                    (SetName::LifeLink, vec![Value::Link(link.clone())])
                }
                Lifeline::Here(carrier, port) => {
                    (SetName::LifeHere, vec![protocol(*carrier), Value::Port(*port)])
                }
                Lifeline::At(ip, carrier, port) => (
                    SetName::LifeAt(family(*ip)),
                    vec![Value::from(*ip), protocol(*carrier), Value::Port(*port)],
                ),
            };
            put(&mut elements, set, Element::new(Key::one(values)));
        }
        for family in Family::ALL {
            for (first, last) in local::ranges(family, &self.policy.local) {
                let span = (local::address(family, first), local::address(family, last));
                let element = Element::new(Key::spans(vec![span]));
                put(&mut elements, SetName::Local(family), element);
            }
        }
        Ok(elements)
    }

    fn add_member(
        &self,
        no: MemberNo,
        bound: &[Bound],
        elements: &mut Elements,
    ) -> Result<(), CompileError> {
        let Some(member) = self.policy.member(no) else { return Ok(()) };
        let known = Known {
            link: member.link.clone(),
            macs: self.owned(&self.by_mac, &member.macs, no),
            ips: self.owned(&self.by_ip, &member.ips, no),
        };
        add_identity(&known, member.reach, elements);
        let chain = match member.stage {
            // Nobody asks for its entries.
            Stage::Watch => return Ok(()),
            Stage::Warn => ChainName::Warn,
            Stage::Enforce => ChainName::Enforce,
        };
        for (who, value) in known.members() {
            let set = SetName::Stage(who, map_family(&value));
            let to = Some(Verdict::Jump(chain(who)));
            put(elements, set, Element { to, ..Element::new(Key::one([value])) });
        }
        let mut gathered = Gathered::default();
        for rule in self.rules.get(no.0 as usize).into_iter().flatten() {
            if let Some(rule) = self.policy.rules.get(*rule as usize) {
                gathered.rule(rule, bound);
            }
        }
        let too_many = || CompileError::TooManyPieces { label: member.label.clone() };
        gathered.finish(&known, elements).ok_or_else(too_many)
    }

    fn owned<A: Copy + Eq + std::hash::Hash>(
        &self,
        owners: &HashMap<A, MemberNo>,
        addresses: &[A],
        no: MemberNo,
    ) -> Vec<A> {
        let mine = |address: &&A| owners.get(*address) == Some(&no);
        addresses.iter().filter(mine).copied().collect()
    }
}

/// What a name means to a member.
struct Bound {
    name: NameNo,
    ip: IpAddr,
    until: Timestamp,
}

impl Known {
    /// Every way in which it shows, with the value.
    fn members(&self) -> impl Iterator<Item = (Who, Value)> {
        let macs = self.macs.iter().filter(|_| self.link.is_some());
        let from = self.ips.iter().filter(|_| self.link.is_none());
        macs.map(|mac| (Who::Mac, Value::Mac(*mac)))
            .chain(from.map(|ip| (Who::From, Value::from(*ip))))
            .chain(self.ips.iter().map(|ip| (Who::To, Value::from(*ip))))
    }

    /// Its values on one side towards peers of a family.
    fn side(&self, opens: Opens, of: Family) -> (Who, Vec<Value>) {
        let ips = || {
            let same = self.ips.iter().filter(|ip| family(**ip) == of);
            same.map(|ip| Value::from(*ip)).collect()
        };
        match (opens, &self.link) {
            (Opens::Device, Some(_)) => {
                (Who::Mac, self.macs.iter().map(|mac| Value::Mac(*mac)).collect())
            }
            (Opens::Device, None) => (Who::From, ips()),
            (Opens::Peer, _) => (Who::To, ips()),
        }
    }
}

/// Who a member is as a sender and as a receiver, and what its switch lets it do.
fn add_identity(known: &Known, reach: Reach, elements: &mut Elements) {
    let (sends, receives) = match reach {
        Reach::Normal => (None, None),
        Reach::LocalOnly => (Some(ChainName::LocalFrom), Some(ChainName::LocalTo)),
        Reach::InternetOnly => (Some(ChainName::InternetFrom), Some(ChainName::InternetTo)),
        Reach::Off => (Some(ChainName::DropSwitchedFrom), Some(ChainName::DropSwitchedTo)),
    };
    let one = |value: Value, to| Element { to, ..Element::new(Key::one([value])) };
    for ip in &known.ips {
        let (family, value) = (family(*ip), Value::from(*ip));
        if let Some(chain) = receives {
            let to = Some(Verdict::Jump(chain));
            put(elements, SetName::Receiver(family), one(value.clone(), to));
        }
        let (set, sender) = match known.link {
            // Who is bound to a link was found before this is asked.
            Some(_) => (SetName::Near(family), Some(ChainName::DropSpoofed)),
            None => (SetName::Far(family), sends),
        };
        if let Some(chain) = sender {
            let to = Some(Verdict::Goto(chain));
            put(elements, SetName::Sender(family), one(value.clone(), to));
        }
        put(elements, set, one(value, None));
    }
    let Some(link) = &known.link else { return };
    let link = Value::Link(link.clone());
    let to = Some(sends.map_or(Verdict::Return, Verdict::Goto));
    for mac in &known.macs {
        let mac = Value::Mac(*mac);
        put(elements, SetName::Macs, one(mac.clone(), None));
        let key = Key::one([link.clone(), mac.clone()]);
        put(elements, SetName::Linked, Element { to, ..Element::new(key) });
        for ip in &known.ips {
            let key = Key::one([link.clone(), mac.clone(), Value::from(*ip)]);
            put(elements, SetName::Bound(family(*ip)), Element { to, ..Element::new(key) });
        }
    }
}

/// The rules of one member, sorted to the sets that they go to.
#[derive(Default)]
struct Gathered {
    exact: BTreeMap<(Opens, IpAddr, u8, u16), Option<Timestamp>>,
    boxes: BTreeMap<(Opens, Family, Class), Vec<Region>>,
}

const ALL_PORTS: (u128, u128) = (0, 0xffff);
const TCP: u8 = 6;
const UDP: u8 = 17;

impl Gathered {
    fn rule(&mut self, rule: &Rule, bound: &[Bound]) {
        match rule.at {
            Where::Net(net) => {
                let last = match net {
                    ipnet::IpNet::V4(net) => IpAddr::V4(net.broadcast()),
                    ipnet::IpNet::V6(net) => IpAddr::V6(net.broadcast()),
                };
                self.allow(rule, net.network(), last, None);
            }
            Where::Name(name) => {
                for bound in bound.iter().filter(|bound| bound.name == name) {
                    self.allow(rule, bound.ip, bound.ip, Some(bound.until));
                }
            }
        }
    }

    fn allow(&mut self, rule: &Rule, first: IpAddr, last: IpAddr, until: Option<Timestamp>) {
        let family = family(first);
        let protocol = match rule.carrier {
            Carrier::Tcp => TCP,
            Carrier::Udp => UDP,
            _ => 0,
        };
        if protocol != 0 && first == last && rule.service.is_one() && rule.client == Ports::ALL {
            let held = self.exact.entry((rule.opens, first, protocol, rule.service.first()));
            let held = held.or_insert(until);
            // Whatever ends last; none is never.
            *held = held.zip(until).map(|(held, until)| held.max(until));
            return;
        }
        let peer = (number(first), number(last));
        let span = |ports: Ports| (u128::from(ports.first()), u128::from(ports.last()));
        let (client, service) = (span(rule.client), span(rule.service));
        let mut put = |class, spans: [(u128, u128); 3]| {
            let [kind, client, service] = spans;
            let region = Region { spans: [peer, kind, client, service], until };
            self.boxes.entry((rule.opens, family, class)).or_default().push(region);
        };
        let wide = |protocol: u8| [(protocol.into(), protocol.into()), client, service];
        let none = (0, 0);
        // Where there are no ports, both count as 0.
        let without_client = rule.client.contains(0);
        let without_ports = without_client && rule.service.contains(0);
        let types = (service.0, service.1.min(255));
        let has_types = without_client && types.0 <= 255;
        match rule.carrier {
            Carrier::Tcp | Carrier::Udp => put(Class::Wide, wide(protocol)),
            Carrier::Icmp if family == Family::V4 && has_types => {
                put(Class::Icmp, [types, none, none]);
            }
            Carrier::Icmpv6 if family == Family::V6 && has_types => {
                put(Class::Icmp, [types, none, none]);
            }
            // ICMP of the other family is nothing that a machine sends.
            Carrier::Icmp | Carrier::Icmpv6 => {}
            Carrier::Protocol(number) => {
                if without_ports && Carrier::of_protocol(number) == rule.carrier {
                    put(Class::Other, [(number.into(), number.into()), none, none]);
                }
            }
            Carrier::Ip if (client, service) == (ALL_PORTS, ALL_PORTS) => {
                put(Class::Any, [none, none, none]);
            }
            Carrier::Ip => {
                put(Class::Wide, wide(TCP));
                put(Class::Wide, wide(UDP));
                if has_types {
                    put(Class::Icmp, [types, none, none]);
                }
                if without_ports {
                    // Those with ports have them looked at above.
                    for numbers in [(0, 0), (2, 5), (7, 16), (18, 57), (59, 255)] {
                        put(Class::Other, [numbers, none, none]);
                    }
                }
            }
            // No router forwards it.
            Carrier::Ether(_) => {}
        }
    }

    /// None if there are too many pieces.
    fn finish(self, known: &Known, elements: &mut Elements) -> Option<()> {
        for ((opens, ip, protocol, port), until) in self.exact {
            let (who, values) = known.side(opens, family(ip));
            let set = SetName::Allow(who, Class::Ports, family(ip));
            for value in values {
                let parts = [value, Value::from(ip), Value::Proto(protocol), Value::Port(port)];
                put(elements, set, Element { until, ..Element::new(Key::one(parts)) });
            }
        }
        for ((opens, family, class), regions) in self.boxes {
            let (who, values) = known.side(opens, family);
            if values.is_empty() {
                continue;
            }
            let set = SetName::Allow(who, class, family);
            for region in disjoint(regions)? {
                let rest = parts(&region, class, family);
                for value in &values {
                    let mut spans = vec![(value.clone(), value.clone())];
                    spans.extend(rest.iter().cloned());
                    let element =
                        Element { until: region.until, ..Element::new(Key::spans(spans)) };
                    put(elements, set, element);
                }
            }
        }
        Some(())
    }
}

/// The parts of a key after the first.
fn parts(region: &Region, class: Class, family: Family) -> Vec<(Value, Value)> {
    let [peer, kind, client, service] = region.spans;
    let byte = |number: u128| u8::try_from(number).unwrap_or(u8::MAX);
    let port = |number: u128| Value::Port(u16::try_from(number).unwrap_or(u16::MAX));
    let mut parts = vec![(local::address(family, peer.0), local::address(family, peer.1))];
    match class {
        Class::Any | Class::Ports => {}
        Class::Icmp => parts.push((Value::Type(byte(kind.0)), Value::Type(byte(kind.1)))),
        Class::Other => parts.push((Value::Proto(byte(kind.0)), Value::Proto(byte(kind.1)))),
        Class::Wide => parts.extend([
            (Value::Proto(byte(kind.0)), Value::Proto(byte(kind.1))),
            (port(client.0), port(client.1)),
            (port(service.0), port(service.1)),
        ]),
    }
    parts
}

fn put(elements: &mut Elements, set: SetName, element: Element) {
    elements.entry(set).or_default().push(element);
}

fn family(ip: IpAddr) -> Family {
    if ip.is_ipv4() { Family::V4 } else { Family::V6 }
}

/// Maps by link-layer address are called after the first family.
const fn map_family(value: &Value) -> Family {
    match value {
        Value::V6(_) => Family::V6,
        _ => Family::V4,
    }
}

fn number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => u32::from(ip).into(),
        IpAddr::V6(ip) => ip.into(),
    }
}

fn protocol(carrier: Carrier) -> Value {
    Value::Proto(carrier.protocol().unwrap_or(TCP))
}

/// Names of interfaces, as the kernel takes them and `nft` does not misread them.
fn check_link(link: &Text) -> Result<(), CompileError> {
    if is_link_name(link) {
        Ok(())
    } else {
        Err(CompileError::BadLink(link.chars().take(40).collect()))
    }
}

pub(crate) fn is_link_name(link: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"._@-".contains(&byte);
    (1..=15).contains(&link.len()) && link.bytes().all(good)
}
