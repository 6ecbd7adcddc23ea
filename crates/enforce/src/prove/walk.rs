//! All packets of one shape through the chains at once.

use std::net::IpAddr;

use super::space::{CLIENT, FRESH, PROTOCOL, SERVICE, Shape, beyond, within};
use super::{End, Prover};
use crate::boxes::{Region, Span};
use crate::layout::{ChainName, SetName};
use crate::ruleset::{Element, Field, Hook, Match, Then, Value, Verdict};

/// Deepest chain of jumps; the kernel takes 16 as well.
const MAX_DEPTH: u32 = 16;

/// All packets of one shape between two ends.
pub(super) struct Walk<'p> {
    prover: &'p Prover<'p>,
    from: &'p End,
    to: &'p End,
    shape: Shape,
    passed: Vec<Region>,
}

/// What a packet has in a field.
enum Part {
    /// This value.
    Known(Value),
    /// Any value of a dimension.
    Open(usize),
    /// Nothing.
    Missing,
}

impl<'p> Walk<'p> {
    pub fn new(prover: &'p Prover<'p>, from: &'p End, to: &'p End, shape: Shape) -> Self {
        Walk { prover, from, to, shape, passed: Vec::new() }
    }

    /// Sends everything through a hook.
    pub fn run(&mut self, hook: Hook) {
        let everything = vec![self.shape.everything()];
        let base = self.prover.ruleset.chains.iter().find(|chain| chain.hook == Some(hook));
        // What falls off the end of our base chain passes.
        let through = match base {
            Some(base) => self.chain(base.name, everything, 0),
            None => everything,
        };
        self.passed.extend(through);
    }

    /// What came through.
    pub fn passed(&self) -> impl Iterator<Item = &Region> {
        self.passed.iter()
    }

    /// Sends boxes through a chain, and returns those that come back from it.
    fn chain(&mut self, name: ChainName, regions: Vec<Region>, depth: u32) -> Vec<Region> {
        let chain = self.prover.ruleset.chains.iter().find(|chain| chain.name == name);
        let Some(chain) = chain.filter(|_| depth < MAX_DEPTH) else {
            // The kernel loads no such rules, and what it does not load drops nothing.
            return regions;
        };
        let mut left = regions;
        let mut back = Vec::new();
        for rule in &chain.rules {
            if left.is_empty() {
                break;
            }
            // A copy for the log changes nothing.
            if matches!(rule.then, Then::Log(_)) {
                continue;
            }
            let mut matched = left.clone();
            let mut unmatched = Vec::new();
            for condition in &rule.matches {
                let (yes, no) = self.split(condition, matched);
                matched = yes;
                unmatched.extend(no);
            }
            if matched.is_empty() {
                continue;
            }
            left = unmatched;
            match &rule.then {
                Then::Accept => self.passed.append(&mut matched),
                Then::Drop | Then::Log(_) => {}
                Then::Return => back.append(&mut matched),
                Then::Goto(to) => back.extend(self.chain(*to, matched, depth + 1)),
                Then::Jump(to) => left.extend(self.chain(*to, matched, depth + 1)),
                Then::Map(fields, set) => match self.look_up(fields, *set) {
                    None => left.append(&mut matched),
                    Some(Verdict::Return) => back.append(&mut matched),
                    Some(Verdict::Goto(to)) => back.extend(self.chain(to, matched, depth + 1)),
                    Some(Verdict::Jump(to)) => left.extend(self.chain(to, matched, depth + 1)),
                },
            }
        }
        back.append(&mut left);
        back
    }

    /// Boxes for which a condition holds, and those for which it does not.
    fn split(&self, condition: &Match, regions: Vec<Region>) -> (Vec<Region>, Vec<Region>) {
        let all = |holds: bool, regions| {
            if holds { (regions, Vec::new()) } else { (Vec::new(), regions) }
        };
        match condition {
            Match::In(fields, set) => {
                let elements = self.elements(fields, *set);
                let mut yes = Vec::new();
                let mut no = regions;
                for limits in elements.iter().filter_map(|element| self.limits(fields, element)) {
                    yes.extend(within(&no, &limits));
                    no = beyond(&no, &limits);
                    if no.is_empty() {
                        break;
                    }
                }
                (yes, no)
            }
            Match::NotIn(field, set) => match self.part(*field) {
                Part::Missing => all(false, regions),
                _ => all(
                    !self
                        .elements(&[*field], *set)
                        .iter()
                        .any(|element| self.limits(&[*field], element).is_some()),
                    regions,
                ),
            },
            Match::Is(field, value) => self.one_of(*field, std::slice::from_ref(value), regions),
            Match::OneOf(field, values) => self.one_of(*field, values, regions),
            Match::Net(field, first, length) => {
                let ip = match self.part(*field) {
                    Part::Known(Value::V4(ip)) => IpAddr::V4(ip),
                    Part::Known(Value::V6(ip)) => IpAddr::V6(ip),
                    _ => return all(false, regions),
                };
                let net = ipnet::IpNet::new(*first, *length);
                all(net.is_ok_and(|net| net.contains(&ip)), regions)
            }
            // What is forwarded is neither from nor for this machine, and what opens a
            // conversation belongs to none.
            Match::Here(_) | Match::Established => all(false, regions),
            Match::NeverForwarded if self.from.ip.is_ipv4() => all(false, regions),
            Match::NeverForwarded => {
                let mut limits = self.shape.everything();
                set(&mut limits, FRESH, (1, 1));
                (within(&regions, &limits), beyond(&regions, &limits))
            }
            Match::Scarce(..) => all(true, regions),
        }
    }

    fn one_of(
        &self,
        field: Field,
        values: &[Value],
        regions: Vec<Region>,
    ) -> (Vec<Region>, Vec<Region>) {
        match self.part(field) {
            Part::Missing => (Vec::new(), regions),
            Part::Known(known) if values.contains(&known) => (regions, Vec::new()),
            Part::Known(_) => (Vec::new(), regions),
            Part::Open(dimension) => {
                let mut yes = Vec::new();
                let mut no = regions;
                for number in values.iter().filter_map(number) {
                    let mut limits = self.shape.everything();
                    set(&mut limits, dimension, (number, number));
                    yes.extend(within(&no, &limits));
                    no = beyond(&no, &limits);
                }
                (yes, no)
            }
        }
    }

    /// What a map says. Its keys are made of what both ends are known by.
    fn look_up(&self, fields: &[Field], set: SetName) -> Option<Verdict> {
        let elements = self.elements(fields, set);
        let found = elements.iter().find(|element| self.limits(fields, element).is_some());
        found.and_then(|element| element.to)
    }

    /// The elements of a set that may match: by their first part, where that is known.
    fn elements(&self, fields: &[Field], set: SetName) -> Vec<&'p Element> {
        let Some(of_set) = self.prover.sets.get(&set) else { return Vec::new() };
        match fields.first().map(|field| self.part(*field)) {
            // Intervals begin elsewhere.
            Some(Part::Known(value)) if !starts_with_interval(set) => {
                of_set.get(&value).into_iter().flatten().copied().collect()
            }
            Some(Part::Missing) | None => Vec::new(),
            Some(_) => of_set.values().flatten().copied().collect(),
        }
    }

    /// What an element leaves open, as a box; none where a known part is another one.
    fn limits(&self, fields: &[Field], element: &Element) -> Option<Region> {
        let mut limits = self.shape.everything();
        if element.key.first.len() != fields.len() {
            return None;
        }
        for (field, (first, last)) in fields.iter().zip(element.key.parts()) {
            match self.part(*field) {
                Part::Missing => return None,
                Part::Known(value) if *first <= value && value <= *last => {}
                Part::Known(_) => return None,
                Part::Open(dimension) => {
                    set(&mut limits, dimension, (number(first)?, number(last)?));
                }
            }
        }
        Some(limits)
    }

    /// What packets of this shape have in a field.
    fn part(&self, field: Field) -> Part {
        let (from, to) = (self.from, self.to);
        let v4 = |ip: IpAddr| match ip {
            IpAddr::V4(ip) => Part::Known(Value::V4(ip)),
            IpAddr::V6(_) => Part::Missing,
        };
        let v6 = |ip: IpAddr| match ip {
            IpAddr::V6(ip) => Part::Known(Value::V6(ip)),
            IpAddr::V4(_) => Part::Missing,
        };
        let ports = matches!(self.shape, Shape::Ports(_));
        let udp = self.shape == Shape::Ports(17);
        let open = |there: bool, dimension| {
            if there { Part::Open(dimension) } else { Part::Missing }
        };
        match field {
            Field::InLink => Part::Known(Value::Link(from.link.clone())),
            Field::OutLink => Part::Known(Value::Link(to.link.clone())),
            Field::Mac => from.mac.map_or(Part::Missing, |mac| Part::Known(Value::Mac(mac))),
            Field::From4 => v4(from.ip),
            Field::To4 => v4(to.ip),
            Field::From6 => v6(from.ip),
            Field::To6 => v6(to.ip),
            Field::Proto => Part::Open(PROTOCOL),
            Field::FromPort => open(ports, CLIENT),
            Field::ToPort => open(ports, SERVICE),
            Field::UdpFromPort => open(udp, CLIENT),
            Field::UdpToPort => open(udp, SERVICE),
            Field::Type4 => open(self.shape == Shape::Icmp(1), CLIENT),
            Field::Type6 => open(self.shape == Shape::Icmp(58), CLIENT),
        }
    }
}

/// Whether the first part of a set's keys is a range.
fn starts_with_interval(set: SetName) -> bool {
    matches!(set, SetName::Local(_))
}

fn set(region: &mut Region, dimension: usize, span: Span) {
    if let Some(place) = region.spans.get_mut(dimension) {
        *place = (place.0.max(span.0), place.1.min(span.1));
    }
}

fn number(value: &Value) -> Option<u128> {
    match value {
        Value::Proto(number) | Value::Type(number) => Some(u128::from(*number)),
        Value::Port(port) => Some(u128::from(*port)),
        _ => None,
    }
}
