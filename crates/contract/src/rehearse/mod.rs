//! Rehearsal: what recorded conversations would have met under a set of contracts.
//!
//! Every conversation is judged, none is sampled. What decides about one is who spoke with whom
//! over what; of that there is little on a network, so that each kind is judged once: either by
//! whoever calls, who counts the rest ([`Rehearsal::kind`]), or here, where kinds are remembered
//! ([`Rehearsal::see`]). Whoever calls says who had an address at the time: a conversation of
//! January is judged as the device's that had the address in January.

mod losses;
mod report;

use std::collections::HashMap;
use std::net::IpAddr;

use cordon_model::{App, Flow, Timestamp};
use foldhash::fast::RandomState;

use crate::document::{Carrier, Opens, Ports};
use crate::learn::{Opening, is_upkeep, stays_on_link};
use crate::policy::{
    Bindings, Decision, Judge, Member, MemberNo, Packet, Policy, Rule, Side, Where,
};

pub use losses::Loss;
pub use report::{Kind, Lost, Report};

use losses::Losses;

/// Most kinds that are remembered; more are judged each time they come.
const MAX_REMEMBERED: usize = 4_000_000;

/// Behind every conversation.
const NEVER: Timestamp = Timestamp::from_nanos(i64::MAX);

/// A conversation as it was recorded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sighting {
    /// Who opened it: an address that the policy knows the device by.
    pub from: IpAddr,
    /// Who was spoken to.
    pub to: IpAddr,
    /// What carried it.
    pub carrier: Carrier,
    /// Port of the service, or ICMP type; 0 where there is none.
    pub service: u16,
    /// Port of the one who opened.
    pub client: u16,
    /// The application, where one was recognised.
    pub app: Option<App>,
    /// First packet.
    pub first: Timestamp,
    /// Last packet.
    pub last: Timestamp,
    /// Packets of both directions.
    pub packets: u64,
    /// Bytes of both directions.
    pub bytes: u64,
    /// Whether somebody answered.
    pub answered: bool,
}

impl Sighting {
    /// A conversation as it was seen; none for what no firewall sees: tunnelled, or without
    /// addresses.
    #[must_use]
    pub fn of(flow: &Flow) -> Option<Self> {
        if flow.tunnelled {
            return None;
        }
        let opening = Opening::of(flow);
        Some(Sighting {
            from: opening.from.ip?,
            to: opening.to.ip?,
            carrier: opening.carrier,
            service: opening.service,
            client: opening.client,
            app: flow.app,
            first: flow.first,
            last: flow.last,
            packets: flow.packets(),
            bytes: flow.bytes(),
            answered: Opening::answered(flow),
        })
    }

    /// What it came to.
    #[must_use]
    pub const fn traffic(&self) -> Traffic {
        Traffic {
            first: self.first,
            last: self.last,
            packets: self.packets,
            bytes: self.bytes,
            answered: self.answered,
            app: self.app,
        }
    }

    /// The packet that opened it.
    #[must_use]
    pub fn packet(&self) -> Packet {
        packet(self)
    }
}

/// What a conversation came to, whoever's it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Traffic {
    /// First packet.
    pub first: Timestamp,
    /// Last packet.
    pub last: Timestamp,
    /// Packets of both directions.
    pub packets: u64,
    /// Bytes of both directions.
    pub bytes: u64,
    /// Whether somebody answered.
    pub answered: bool,
    /// The application, where one was recognised.
    pub app: Option<App>,
}

/// What a conversation would have met.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It would have passed.
    Passes,
    /// It would have been blocked by the contract of this member, at this end.
    Blocked(MemberNo, Side),
}

/// What every conversation of a kind would have met, whatever its times and its opener's port.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Judged {
    /// All would have passed.
    Passes,
    /// All would have been blocked by the contract of this member, at this end.
    Blocked(MemberNo, Side),
    /// It depends: each has to be judged by itself.
    Depends,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    from: IpAddr,
    to: IpAddr,
    carrier: Carrier,
    service: u16,
    client: u16,
}

/// Members at the end that opened and at the one that was spoken to.
type Ends = [Option<MemberNo>; 2];

/// A rehearsal under one policy; every member counts as its stage says.
pub struct Rehearsal<'a> {
    judge: Judge<'a>,
    policy: &'a Policy,
    bindings: &'a Bindings,
    /// Who has an address.
    members: HashMap<IpAddr, MemberNo, RandomState>,
    /// Rules to which the opener's port matters.
    ported: HashMap<(MemberNo, Opens), Vec<&'a Rule>, RandomState>,
    /// Whether names do, whose meaning ends.
    named: bool,
    remembered: HashMap<Key, Remembered, RandomState>,
    /// When a name no longer means an address to a member.
    turns: HashMap<(MemberNo, IpAddr), Vec<Timestamp>, RandomState>,
    losses: Losses,
    flows: u64,
}

#[derive(Clone, Copy)]
struct Remembered {
    verdict: Verdict,
    /// Whether it depends on the time.
    fleeting: bool,
}

impl<'a> Rehearsal<'a> {
    /// Begins. `bindings` are what devices were told in the time that is rehearsed.
    #[must_use]
    pub fn new(policy: &'a Policy, bindings: &'a Bindings) -> Self {
        let mut turns: HashMap<_, Vec<Timestamp>, RandomState> = HashMap::default();
        let told = bindings.all(Timestamp::from_nanos(i64::MIN));
        for (member, _, ip, until) in told.filter(|(_, _, _, until)| *until < NEVER) {
            turns.entry((member, ip)).or_default().push(until);
        }
        let mut ported: HashMap<_, Vec<&Rule>, RandomState> = HashMap::default();
        for rule in policy.rules.iter().filter(|rule| rule.client != Ports::ALL) {
            ported.entry((rule.member, rule.opens)).or_default().push(rule);
        }
        let ips = |(no, member): (MemberNo, &'a Member)| member.ips.iter().map(move |ip| (*ip, no));
        Rehearsal {
            judge: Judge::new(policy),
            policy,
            bindings,
            members: (0..).map(MemberNo).zip(&policy.members).flat_map(ips).collect(),
            ported,
            named: policy.rules.iter().any(|rule| matches!(rule.at, Where::Name(_))),
            remembered: HashMap::default(),
            turns,
            losses: Losses::default(),
            flows: 0,
        }
    }

    /// Judges what conversations like this one would have met, whatever their times; counts none.
    #[must_use]
    pub fn kind(&self, sighting: &Sighting) -> Judged {
        let ends = self.ends(sighting);
        if self.turns_of(ends, sighting).next().is_some() {
            return Judged::Depends;
        }
        self.judged(ends, sighting)
    }

    /// Judges what conversations like this one would have met that began between the same
    /// [turns](Self::turns); counts none. It depends, then, where the opener's port decides.
    #[must_use]
    pub fn kind_at(&self, sighting: &Sighting) -> Judged {
        self.judged(self.ends(sighting), sighting)
    }

    fn judged(&self, ends: Ends, sighting: &Sighting) -> Judged {
        if ends == [None, None] {
            return Judged::Passes;
        }
        if self.is_ported(ends, sighting) {
            return Judged::Depends;
        }
        match self.decide(sighting) {
            Verdict::Passes => Judged::Passes,
            Verdict::Blocked(member, side) => Judged::Blocked(member, side),
        }
    }

    /// Judges what this one would have met; counts none.
    #[must_use]
    pub fn one(&self, sighting: &Sighting) -> Verdict {
        self.decide(sighting)
    }

    /// Where those are counted that are like this one and blocked there.
    pub fn loss(&mut self, member: MemberNo, side: Side, sighting: &Sighting) -> Loss {
        self.losses.of(member, side, sighting)
    }

    /// From when on conversations like this one may have another answer than before: a name that
    /// either end may speak to no longer means the other. In no order.
    pub fn turns(&self, sighting: &Sighting) -> impl Iterator<Item = Timestamp> {
        self.turns_of(self.ends(sighting), sighting)
    }

    fn turns_of(
        &self,
        [from, to]: Ends,
        sighting: &Sighting,
    ) -> impl Iterator<Item = Timestamp> + use<'_, 'a> {
        let peers = [(from, sighting.to), (to, sighting.from)];
        let any = !self.turns.is_empty();
        peers.into_iter().filter(move |_| any).flat_map(|(member, peer)| {
            let turns = member.and_then(|member| self.turns.get(&(member, peer)));
            turns.into_iter().flatten().copied()
        })
    }

    /// The members at both ends.
    fn ends(&self, sighting: &Sighting) -> Ends {
        [sighting.from, sighting.to].map(|ip| self.members.get(&ip).copied())
    }

    /// Counts conversations that would have passed.
    pub fn pass(&mut self, flows: u64) {
        self.flows = self.flows.saturating_add(flows);
    }

    /// Counts one that would have been blocked as its kind.
    #[inline]
    pub fn lose(&mut self, loss: Loss, traffic: &Traffic) {
        self.flows += 1;
        self.losses.add(loss, traffic);
    }

    /// Judges one conversation and counts it; its kind is remembered.
    #[inline]
    pub fn see(&mut self, sighting: &Sighting) -> Verdict {
        let verdict = self.judge(sighting);
        self.count(verdict, sighting);
        verdict
    }

    /// Judges one conversation.
    #[inline]
    pub fn judge(&mut self, sighting: &Sighting) -> Verdict {
        let key = Key {
            from: sighting.from,
            to: sighting.to,
            carrier: sighting.carrier,
            service: sighting.service,
            client: if self.ported.is_empty() { 0 } else { sighting.client },
        };
        if let Some(known) = self.remembered.get(&key)
            && !known.fleeting
        {
            return known.verdict;
        }
        let verdict = self.decide(sighting);
        if self.remembered.len() < MAX_REMEMBERED {
            let fleeting = self.named && self.is_fleeting(sighting);
            self.remembered.insert(key, Remembered { verdict, fleeting });
        }
        verdict
    }

    /// What it came to.
    #[must_use]
    pub fn conclude(self) -> Report {
        Report { flows: self.flows, ..self.losses.conclude() }
    }

    fn count(&mut self, verdict: Verdict, sighting: &Sighting) {
        match verdict {
            Verdict::Passes => self.pass(1),
            Verdict::Blocked(member, side) => {
                let loss = self.loss(member, side, sighting);
                self.lose(loss, &sighting.traffic());
            }
        }
    }

    fn decide(&self, sighting: &Sighting) -> Verdict {
        if is_upkeep(sighting.carrier, sighting.service) || stays_on_link(sighting.to) {
            return Verdict::Passes;
        }
        let packet = packet(sighting);
        match self.judge.decide(&packet, self.bindings, sighting.first) {
            Decision::Drop(member, side, _) => Verdict::Blocked(member, side),
            Decision::Allow { .. } | Decision::Warn(..) => Verdict::Passes,
        }
    }

    /// Whether the opener's port may decide about a conversation.
    fn is_ported(&self, ends: Ends, sighting: &Sighting) -> bool {
        !self.ported.is_empty()
            && opening(ends).any(|by| {
                let rules = self.ported.get(&by);
                rules.into_iter().flatten().any(|rule| is_about(rule, sighting))
            })
    }

    /// Whether another time could have another answer: a name would have to mean the address.
    fn is_fleeting(&self, sighting: &Sighting) -> bool {
        opening(self.ends(sighting)).any(|(member, opens)| {
            self.policy.rules_of(member).iter().any(|rule| {
                rule.opens == opens && matches!(rule.at, Where::Name(_)) && is_about(rule, sighting)
            })
        })
    }
}

/// The members at the ends, and which of their rules are about a conversation.
fn opening([from, to]: Ends) -> impl Iterator<Item = (MemberNo, Opens)> {
    let from = from.map(|member| (member, Opens::Device));
    from.into_iter().chain(to.map(|member| (member, Opens::Peer)))
}

/// Whether a rule is about what carries a conversation, and its service.
fn is_about(rule: &Rule, sighting: &Sighting) -> bool {
    rule.carrier.covers(sighting.carrier) && rule.service.contains(sighting.service)
}

/// The packet that would have opened a conversation.
fn packet(sighting: &Sighting) -> Packet {
    Packet {
        mac: None,
        from: sighting.from,
        to: sighting.to,
        carrier: sighting.carrier,
        from_port: sighting.client,
        to_port: sighting.service,
        established: false,
    }
}
