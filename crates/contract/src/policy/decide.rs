//! The reference: whether a packet may pass, and because of which entry.

use std::collections::HashMap;
use std::net::IpAddr;

use cordon_model::{Mac, Scope, Timestamp, scope};
use foldhash::fast::RandomState;

use super::{Bindings, MemberNo, Packet, Policy, Reach, Rule, Stage, Where};
use crate::document::{Carrier, Opens, Ports};

/// Which end of a packet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Side {
    /// The one who sends.
    Source,
    /// The one who is sent to.
    Destination,
}

/// Why a packet is refused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Refusal {
    /// It comes from a member's link-layer address with an address that is not its own, or the
    /// other way round.
    Spoofed,
    /// The member's switch says no.
    Switched,
    /// No entry allows it.
    Outside,
}

/// What becomes of a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decision {
    /// It passes; the entries of both ends that allow it, by their place in
    /// [`Policy::entries`], none where that end has nothing to say.
    Allow {
        /// By the contract of the sender.
        source: Option<u32>,
        /// By the contract of the receiver.
        destination: Option<u32>,
    },
    /// It passes, and is logged as outside this member's contract.
    Warn(MemberNo, Side),
    /// It is dropped.
    Drop(MemberNo, Side, Refusal),
}

impl Decision {
    /// Whether the packet gets through.
    #[must_use]
    pub const fn passes(self) -> bool {
        !matches!(self, Decision::Drop(..))
    }
}

/// A policy made ready to answer.
pub struct Judge<'a> {
    policy: &'a Policy,
    by_mac: HashMap<Mac, MemberNo, RandomState>,
    by_ip: HashMap<IpAddr, MemberNo, RandomState>,
    exact: HashMap<(MemberNo, Opens, IpAddr, Carrier, u16), u32, RandomState>,
    wide: HashMap<(MemberNo, Opens), Vec<&'a Rule>, RandomState>,
}

impl<'a> Judge<'a> {
    /// Makes a policy ready to answer.
    #[must_use]
    pub fn new(policy: &'a Policy) -> Self {
        let mut judge = Judge {
            policy,
            by_mac: HashMap::default(),
            by_ip: HashMap::default(),
            exact: HashMap::default(),
            wide: HashMap::default(),
        };
        for (no, member) in (0..).map(MemberNo).zip(&policy.members) {
            if member.link.is_some() {
                judge.by_mac.extend(member.macs.iter().map(|mac| (*mac, no)));
            }
            judge.by_ip.extend(member.ips.iter().map(|ip| (*ip, no)));
        }
        for rule in &policy.rules {
            match exact(rule) {
                Some((ip, port)) => {
                    let key = (rule.member, rule.opens, ip, rule.carrier, port);
                    judge.exact.entry(key).or_insert(rule.entry);
                }
                None => judge.wide.entry((rule.member, rule.opens)).or_default().push(rule),
            }
        }
        judge
    }

    /// The member that an address belongs to.
    #[must_use]
    pub fn member_at(&self, ip: IpAddr) -> Option<MemberNo> {
        self.by_ip.get(&ip).copied()
    }

    /// What becomes of a packet at a time.
    #[must_use]
    pub fn decide(&self, packet: &Packet, bindings: &Bindings, at: Timestamp) -> Decision {
        let source = match self.source(packet) {
            Ok(source) => source,
            Err(member) => return Decision::Drop(member, Side::Source, Refusal::Spoofed),
        };
        let destination = self.member_at(packet.to);
        let ends =
            [(source, Side::Source, packet.to), (destination, Side::Destination, packet.from)];
        for (member, side, peer) in ends {
            if let Some(member) = member.filter(|member| !self.reaches(*member, peer)) {
                return Decision::Drop(member, side, Refusal::Switched);
            }
        }
        if packet.established {
            return Decision::Allow { source: None, destination: None };
        }
        let mut by = [None, None];
        let mut warned = None;
        for ((member, side, peer), by) in ends.into_iter().zip(&mut by) {
            let Some(no) = member else { continue };
            let stage = self.policy.member(no).map_or(Stage::Watch, |member| member.stage);
            if stage == Stage::Watch {
                continue;
            }
            *by = self.allows(no, side, peer, packet, bindings, at);
            match (&by, stage) {
                (None, Stage::Enforce) => return Decision::Drop(no, side, Refusal::Outside),
                (None, _) => warned = warned.or(Some((no, side))),
                (Some(_), _) => {}
            }
        }
        match (warned, by) {
            (Some((member, side)), _) => Decision::Warn(member, side),
            (None, [source, destination]) => Decision::Allow { source, destination },
        }
    }

    /// The entry by which a member may send or receive a packet that opens a conversation,
    /// whatever its stage.
    #[must_use]
    pub fn allows(
        &self,
        member: MemberNo,
        side: Side,
        peer: IpAddr,
        packet: &Packet,
        bindings: &Bindings,
        at: Timestamp,
    ) -> Option<u32> {
        let opens = match side {
            Side::Source => Opens::Device,
            Side::Destination => Opens::Peer,
        };
        if let Some(entry) = self.exact.get(&(member, opens, peer, packet.carrier, packet.to_port))
        {
            return Some(*entry);
        }
        let fits = |rule: &&&Rule| {
            rule.carrier.covers(packet.carrier)
                && rule.service.contains(packet.to_port)
                && rule.client.contains(packet.from_port)
                && match rule.at {
                    Where::Net(net) => net.contains(&peer),
                    Where::Name(name) => bindings.means(member, name, peer, at),
                }
        };
        self.wide.get(&(member, opens))?.iter().find(fits).map(|rule| rule.entry)
    }

    /// Who sends: the member at the link-layer address if it sits on a link of ours, else the one
    /// at the address. In error whose address is misused.
    fn source(&self, packet: &Packet) -> Result<Option<MemberNo>, MemberNo> {
        let by_ip = self.member_at(packet.from);
        let Some(mac) = packet.mac else { return Ok(by_ip) };
        let by_mac = self.by_mac.get(&mac).copied();
        match (by_mac, by_ip) {
            (Some(a), Some(b)) if a != b => Err(a),
            // A member's address from a strange link-layer address, though it sits on our link.
            (None, Some(b))
                if self.policy.member(b).is_some_and(|member| member.link.is_some()) =>
            {
                Err(b)
            }
            // Before it has an address, or by one that its link alone knows.
            (Some(a), None) if !is_of_the_link(packet.from) => Err(a),
            (a, b) => Ok(a.or(b)),
        }
    }

    /// Whether the member's switch lets it exchange packets with an address.
    fn reaches(&self, member: MemberNo, peer: IpAddr) -> bool {
        let local = || {
            !matches!(scope(peer), Scope::Public)
                || self.policy.local.iter().any(|net| net.contains(&peer))
        };
        match self.policy.member(member).map_or(Reach::Normal, |member| member.reach) {
            Reach::Normal => true,
            Reach::Off => false,
            Reach::LocalOnly => local(),
            Reach::InternetOnly => !local(),
        }
    }
}

/// Addresses that every interface may use besides its own: none yet, and link-local.
fn is_of_the_link(ip: IpAddr) -> bool {
    matches!(scope(ip), Scope::Unspecified | Scope::LinkLocal)
}

/// The address and the port of a rule about one of each.
fn exact(rule: &Rule) -> Option<(IpAddr, u16)> {
    let Where::Net(net) = rule.at else { return None };
    let one = net.prefix_len() == net.max_prefix_len();
    let plain = rule.carrier.has_ports() && rule.service.is_one() && rule.client == Ports::ALL;
    (one && plain).then(|| (net.addr(), rule.service.first()))
}
