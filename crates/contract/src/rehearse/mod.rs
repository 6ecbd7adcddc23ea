//! Rehearsal: what recorded conversations would have met under a set of contracts.
//!
//! Every conversation is judged, none is sampled. What decides about one is who spoke with whom
//! over what; of that there is little on a network, so that each kind is judged once: either by
//! whoever calls, who counts the rest ([`Rehearsal::kind`]), or here, where kinds are remembered
//! ([`Rehearsal::see`]). Whoever calls says who had an address at the time: a conversation of
//! January is judged as the device's that had the address in January.

mod losses;
mod pace;
mod report;

use std::collections::HashMap;
use std::net::IpAddr;

use cordon_model::{App, Flow, Timestamp};

use crate::document::{Carrier, Opens, Ports};
use crate::learn::{Opening, is_upkeep, stays_on_link};
use crate::policy::{Bindings, Decision, Judge, MemberNo, Packet, Policy, Rule, Side, Where};

pub use losses::Loss;
pub use pace::Pace;
pub use report::{Kind, Lost, Report};

use losses::Losses;

/// Most kinds that are remembered; more are judged each time they come.
const MAX_REMEMBERED: usize = 4_000_000;

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

    /// The packet that opened it.
    #[must_use]
    pub fn packet(&self) -> Packet {
        packet(self)
    }
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
    /// All would have been blocked, and are counted there.
    Blocked(Loss),
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

/// A rehearsal under one policy; every member counts as its stage says.
pub struct Rehearsal<'a> {
    judge: Judge<'a>,
    policy: &'a Policy,
    bindings: &'a Bindings,
    /// Whether ports of openers matter to any rule.
    ported: bool,
    /// Whether names do, whose meaning ends.
    named: bool,
    remembered: HashMap<Key, Remembered, foldhash::fast::FixedState>,
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
        Rehearsal {
            judge: Judge::new(policy),
            policy,
            bindings,
            ported: policy.rules.iter().any(|rule| rule.client != Ports::ALL),
            named: policy.rules.iter().any(|rule| matches!(rule.at, Where::Name(_))),
            remembered: HashMap::default(),
            losses: Losses::default(),
            flows: 0,
        }
    }

    /// Judges what conversations like this one would have met that began no later than `latest`;
    /// counts none.
    pub fn kind(&mut self, sighting: &Sighting, latest: Timestamp) -> Judged {
        if self.ported && self.some_rule(sighting, |rule| rule.client != Ports::ALL) {
            return Judged::Depends;
        }
        // Names lose meanings as time passes and never gain any: what holds first and last holds
        // in between.
        let at = |first| self.decide(&Sighting { first, ..*sighting });
        let verdict = at(Timestamp::from_nanos(i64::MIN));
        if self.named && verdict != at(latest) {
            return Judged::Depends;
        }
        match verdict {
            Verdict::Passes => Judged::Passes,
            Verdict::Blocked(member, side) => {
                Judged::Blocked(self.losses.of(member, side, sighting))
            }
        }
    }

    /// Counts conversations that would have passed.
    pub fn pass(&mut self, flows: u64) {
        self.flows = self.flows.saturating_add(flows);
    }

    /// Counts one that would have been blocked as its kind.
    #[inline]
    pub fn lose(&mut self, loss: Loss, sighting: &Sighting) {
        self.flows += 1;
        self.losses.add(loss, sighting);
    }

    /// Judges one conversation of a kind that is not remembered, and counts it.
    pub fn alone(&mut self, sighting: &Sighting) -> Verdict {
        let verdict = self.decide(sighting);
        self.count(verdict, sighting);
        verdict
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
            client: if self.ported { sighting.client } else { 0 },
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
                let loss = self.losses.of(member, side, sighting);
                self.lose(loss, sighting);
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

    /// Whether another time could have another answer: a name would have to mean the address.
    fn is_fleeting(&self, sighting: &Sighting) -> bool {
        self.some_rule(sighting, |rule| matches!(rule.at, Where::Name(_)))
    }

    /// Whether such a rule of either end is about what carries a conversation, and its service.
    fn some_rule(&self, sighting: &Sighting, such: impl Fn(&Rule) -> bool) -> bool {
        let has = |ip: IpAddr, opens: Opens| {
            self.judge.member_at(ip).is_some_and(|member| {
                self.policy.rules_of(member).iter().any(|rule| {
                    rule.opens == opens
                        && such(rule)
                        && rule.carrier.covers(sighting.carrier)
                        && rule.service.contains(sighting.service)
                })
            })
        };
        has(sighting.from, Opens::Device) || has(sighting.to, Opens::Peer)
    }
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
