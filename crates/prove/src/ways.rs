//! What got through, explained: by which rules, and because of which entries of contracts.

use std::collections::BTreeMap;

use cordon_contract::{Carrier, MemberNo, Opens, Packet, Ports, Rule, Side, Stage, Where};
use cordon_enforce::{ChainName, Element, Family, SetName, Value};
use cordon_model::Text;

use crate::answer::{Allowed, Step, Way};
use crate::prover::{End, Prover};
use crate::region::{Part, Region, address};
use crate::spans::{Span, Spans};
use crate::walk::{Does, Ends, Met, Piece, met};

/// Most addresses or ports that are listed one by one.
const LISTED: usize = 16;

impl<'a> Prover<'a> {
    /// The ways of what passed; only those that need a name to be told, or only the others.
    pub(crate) fn ways(&self, from: &End, to: &End, ends: &Ends<'a>, told: bool) -> Vec<Way> {
        // Only a name that may yet be told makes these ways others than those that are open now.
        let mine = |piece: &&Piece<'a>| met(&piece.trail).iter().any(|met| met.told) == told;
        joined(ends.passed.iter().filter(mine))
            .iter()
            .take(crate::MAX_WAYS + 1)
            .filter_map(|piece| self.way(from, to, piece, told))
            .collect()
    }

    fn way(&self, from: &End, to: &End, piece: &Piece<'a>, told: bool) -> Option<Way> {
        let region = &piece.region;
        let trail = met(&piece.trail);
        let packet = region.witness(&self.links).packet;
        let source =
            self.member(from).map(|(no, _)| no).or_else(|| self.judge.member_at(packet.from));
        let destination =
            self.member(to).map(|(no, _)| no).or_else(|| self.judge.member_at(packet.to));
        let until = trail.iter().filter_map(|met| met.element.and_then(|element| element.until));
        let ports = has_ports(region);
        let types =
            region.part(Part::Proto).contains(if region.family == Family::V4 { 1 } else { 58 });
        Some(Way {
            from: ranges(region.family, region.part(Part::From)),
            to: ranges(region.family, region.part(Part::To)),
            carrier: carriers(region.part(Part::Proto)),
            client: if ports { spans_of_ports(region.part(Part::FromPort)) } else { Vec::new() },
            service: if ports || types {
                spans_of_ports(region.part(Part::ToPort))
            } else {
                Vec::new()
            },
            in_links: self.link_names(region.part(Part::InLink)),
            out_links: self.link_names(region.part(Part::OutLink)),
            path: trail.iter().map(|met| step(met)).collect(),
            by_source: self.allowed(source, Side::Source, &packet, told),
            by_destination: self.allowed(destination, Side::Destination, &packet, told),
            warned: piece.warned.is_some(),
            told,
            until: until.min(),
            region: region.clone(),
            links: self.links.clone(),
        })
    }

    /// The entry because of which an end allows a packet; none if nothing of its contract is
    /// asked, or nothing allows it.
    fn allowed(
        &self,
        member: Option<MemberNo>,
        side: Side,
        packet: &Packet,
        told: bool,
    ) -> Option<Allowed> {
        let no = member?;
        if self.policy.member(no)?.stage == Stage::Watch {
            return None;
        }
        let peer = match side {
            Side::Source => packet.to,
            Side::Destination => packet.from,
        };
        let held = self.judge.allows(no, side, peer, packet, self.bindings, self.at);
        let name_of = |rule: &Rule| match rule.at {
            Where::Name(name) => self.policy.names.get(name.0 as usize).cloned(),
            Where::Net(_) => None,
        };
        let named = || self.named_rules(no, side).find(|rule| fits(rule, packet));
        let (entry, name) = match held {
            Some(entry) => {
                let rule = self.rules_of(no).iter().find(|rule| rule.entry == entry);
                (entry, rule.and_then(name_of))
            }
            None => {
                let rule = told.then(named).flatten()?;
                (rule.entry, name_of(rule))
            }
        };
        let origin = self.policy.entries.get(entry as usize)?;
        let member = self.policy.member(origin.member)?;
        let (device, called) = (member.device.clone(), member.label.clone());
        Some(Allowed { device, called, entry: origin.entry.clone(), name })
    }

    /// The rules of a member; rules are sorted by member.
    fn rules_of(&self, no: MemberNo) -> &'a [Rule] {
        let rules = &self.policy.rules;
        let from = rules.partition_point(|rule| rule.member < no);
        let to = rules.partition_point(|rule| rule.member <= no);
        rules.get(from..to).unwrap_or_default()
    }

    fn named_rules(&self, no: MemberNo, side: Side) -> impl Iterator<Item = &'a Rule> {
        let opens = match side {
            Side::Source => Opens::Device,
            Side::Destination => Opens::Peer,
        };
        let named = move |rule: &&Rule| rule.opens == opens && matches!(rule.at, Where::Name(_));
        self.rules_of(no).iter().filter(named)
    }

    fn link_names(&self, spans: &Spans) -> Vec<Text> {
        let all = Spans::one(0, self.links.count() - 1);
        if *spans == all {
            return Vec::new();
        }
        spans
            .iter()
            .flat_map(|(first, last)| first..=last)
            .take(LISTED)
            .map(|no| self.links.name(no))
            .collect()
    }
}

/// Pieces that came by the same rules, made as few as is cheap.
fn joined<'p, 'a: 'p>(pieces: impl Iterator<Item = &'p Piece<'a>>) -> Vec<Piece<'a>> {
    /// Most pieces of one way that are compared with each other.
    const COMPARED: usize = 256;
    type Rules = Vec<(ChainName, usize, Option<SetName>, usize, bool)>;
    let mut by: BTreeMap<(Rules, Option<Side>), Vec<Piece<'a>>> = BTreeMap::new();
    for piece in pieces {
        let rule = |met: &&Met<'a>| {
            let element = met.element.map_or(0, |element| std::ptr::from_ref(element).addr());
            (met.chain, met.rule, met.set, element, met.told)
        };
        let rules = met(&piece.trail).iter().map(rule).collect();
        by.entry((rules, piece.warned)).or_default().push(piece.clone());
    }
    let mut all = Vec::new();
    for (_, mut of) in by {
        loop {
            let before = of.len();
            let mut kept: Vec<Piece<'a>> = Vec::with_capacity(before);
            for piece in of {
                let near = kept.iter_mut().rev().take(COMPARED);
                let join =
                    near.filter_map(|held| Some((held.region.join(&piece.region)?, held))).next();
                match join {
                    Some((region, held)) => held.region = region,
                    None => kept.push(piece),
                }
            }
            of = kept;
            if of.len() == before {
                break;
            }
        }
        all.extend(of);
    }
    all
}

fn fits(rule: &Rule, packet: &Packet) -> bool {
    rule.carrier.covers(packet.carrier)
        && rule.service.contains(packet.to_port)
        && rule.client.contains(packet.from_port)
}

fn has_ports(region: &Region) -> bool {
    let proto = region.part(Part::Proto);
    proto.contains(6) || proto.contains(17)
}

fn step(met: &Met<'_>) -> Step {
    Step {
        chain: met.chain.name().into(),
        rule: u32::try_from(met.rule).unwrap_or(u32::MAX).saturating_add(1),
        set: met.set.map(|set| set.to_string().into()),
        element: match met.element {
            None if met.told => {
                Some("(not held; whatever the device is told for its names)".into())
            }
            element => element.map(element_text),
        },
        does: match met.does {
            Does::Accept => "accept".into(),
            Does::Return => "return".into(),
            Does::Goto(chain) => format!("goto {}", chain.name()).into(),
            Does::Jump(chain) => format!("jump {}", chain.name()).into(),
        },
    }
}

/// A key as `nft` writes it.
pub(crate) fn element_text(element: &Element) -> Text {
    let parts: Vec<String> =
        element
            .key
            .parts()
            .map(|(first, last)| {
                if first == last { text(first) } else { format!("{}-{}", text(first), text(last)) }
            })
            .collect();
    parts.join(" . ").into()
}

fn text(value: &Value) -> String {
    match value {
        Value::Link(link) => link.to_string(),
        Value::Mac(mac) => mac.to_string(),
        Value::V4(ip) => ip.to_string(),
        Value::V6(ip) => ip.to_string(),
        Value::Proto(number) | Value::Type(number) => number.to_string(),
        Value::Port(port) => port.to_string(),
    }
}

fn ranges(family: Family, spans: &Spans) -> Vec<Text> {
    let full = match family {
        Family::V4 => (0, u128::from(u32::MAX)),
        Family::V6 => (0, u128::MAX),
    };
    let one = |(first, last): Span| -> Text {
        if (first, last) == full {
            return "any address".into();
        }
        let (a, b) = (address(family, first), address(family, last));
        if first == last { a.to_string().into() } else { format!("{a}-{b}").into() }
    };
    listed(spans, one)
}

fn carriers(spans: &Spans) -> Vec<Text> {
    listed(spans, |(first, last)| {
        let name = |number: u128| {
            Carrier::of_protocol(u8::try_from(number).unwrap_or(u8::MAX)).to_string()
        };
        if first == last { name(first).into() } else { format!("ip/{first}-{last}").into() }
    })
}

fn listed(spans: &Spans, one: impl Fn(Span) -> Text) -> Vec<Text> {
    let mut texts: Vec<Text> = spans.iter().take(LISTED).map(one).collect();
    let more = spans.iter().count().saturating_sub(LISTED);
    if more > 0 {
        texts.push(format!("and {more} more").into());
    }
    texts
}

fn spans_of_ports(spans: &Spans) -> Vec<Ports> {
    let port = |number: u128| u16::try_from(number).unwrap_or(u16::MAX);
    spans.iter().map(|(first, last)| Ports::range(port(first), port(last))).collect()
}
