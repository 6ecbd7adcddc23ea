//! The chains: the order in which a packet is looked at. They are the same for every policy.
//!
//! Lifelines, misused addresses, the switch, conversations that were allowed to begin, what a link
//! needs to work at all, contracts. The switch comes before connection tracking, so that it also
//! stops what is under way; nothing that allows comes before the look for misused addresses but the
//! lifelines. A packet of a conversation under way meets two to four sets.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use cordon_contract::{Refusal, Side};

use crate::compile::{Lifeline, Options};
use crate::layout::{ChainName, Class, Family, SetName, Who};
use crate::log::Logged;
use crate::ruleset::{Chain, Field, Hook, Match, Rule, Then, Value};

/// Copies to the log a second, from one address and for one reason: enough to see what somebody
/// does, too few to drown what others do.
const LOGS_PER_SECOND: u32 = 5;

/// All chains: those for what the machine itself sends and receives only where that is judged, and
/// lifelines only where there are some.
#[must_use]
pub fn chains(options: &Options) -> Vec<Chain> {
    let mut chains = vec![
        plain(ChainName::Spoof, spoof()),
        plain(ChainName::SpoofLinked, spoof_linked()),
        plain(ChainName::Housekeeping, housekeeping()),
        plain(ChainName::LocalFrom, reach(Field::To4, Field::To6, true)),
        plain(ChainName::LocalTo, reach(Field::From4, Field::From6, true)),
        plain(ChainName::InternetFrom, reach(Field::To4, Field::To6, false)),
        plain(ChainName::InternetTo, reach(Field::From4, Field::From6, false)),
    ];
    for who in Who::ALL {
        chains.push(plain(ChainName::Enforce(who), enforce(who)));
        chains.push(plain(ChainName::Warn(who), warn(who)));
    }
    chains.extend(DROPS.map(|(name, meters, side, why)| plain(name, dropped(meters, side, why))));
    chains.push(Chain {
        name: ChainName::Forward,
        hook: Some(Hook::Forward),
        rules: forward(&options.lifelines),
    });
    if options.host {
        chains.push(Chain { name: ChainName::Input, hook: Some(Hook::Input), rules: input() });
        chains.push(Chain { name: ChainName::Output, hook: Some(Hook::Output), rules: output() });
    }
    chains
}

fn forward(lifelines: &[Lifeline]) -> Vec<Rule> {
    let mut rules = Vec::new();
    if lifelines.iter().any(|lifeline| matches!(lifeline, Lifeline::Link(_))) {
        for field in [Field::InLink, Field::OutLink] {
            rules.push(rule([Match::In(vec![field], SetName::LifeLink)], Then::Accept));
        }
    }
    if lifelines.iter().any(|lifeline| matches!(lifeline, Lifeline::At(..))) {
        for family in Family::ALL {
            let there = vec![family.to(), Field::Proto, Field::ToPort];
            let back = vec![family.from(), Field::Proto, Field::FromPort];
            let set = SetName::LifeAt(family);
            rules.push(rule([Match::In(there, set)], Then::Accept));
            rules.push(rule([Match::In(back, set), Match::Established], Then::Accept));
        }
    }
    rules.push(rule([], Then::Jump(ChainName::Spoof)));
    rules.extend(receivers());
    rules.push(rule([Match::Established], Then::Accept));
    rules.push(rule([], Then::Jump(ChainName::Housekeeping)));
    rules.extend(MAPS.map(|(who, family)| map(who, family, SetName::Stage(who, family))));
    rules
}

/// What is for this machine. It stands for both the site and the way to the Internet, so of the
/// switch only "off" counts here.
fn input() -> Vec<Rule> {
    let mut rules = vec![
        rule([Match::Is(Field::InLink, Value::Link("lo".into()))], Then::Accept),
        rule([Match::In(vec![Field::InLink], SetName::LifeLink)], Then::Accept),
        rule([Match::In(vec![Field::Proto, Field::ToPort], SetName::LifeHere)], Then::Accept),
        rule([], Then::Jump(ChainName::Spoof)),
    ];
    rules.push(rule([Match::Established], Then::Accept));
    rules.push(rule([], Then::Jump(ChainName::Housekeeping)));
    // A lease is renewed by a datagram to the server's own address (RFC 2131, RFC 8415).
    rules.push(rule(udp(68, 67), Then::Accept));
    rules.push(rule(udp(546, 547), Then::Accept));
    let senders = MAPS.into_iter().filter(|(who, _)| *who != Who::To);
    rules.extend(senders.map(|(who, family)| map(who, family, SetName::Stage(who, family))));
    rules
}

fn output() -> Vec<Rule> {
    let back = vec![Field::Proto, Field::FromPort];
    let mut rules = vec![
        rule([Match::Is(Field::OutLink, Value::Link("lo".into()))], Then::Accept),
        rule([Match::In(vec![Field::OutLink], SetName::LifeLink)], Then::Accept),
        rule([Match::In(back, SetName::LifeHere), Match::Established], Then::Accept),
    ];
    rules.extend(receivers());
    rules.push(rule([Match::Established], Then::Accept));
    rules.push(rule([], Then::Jump(ChainName::Housekeeping)));
    rules.push(rule(udp(67, 68), Then::Accept));
    rules.push(rule(udp(547, 546), Then::Accept));
    let stage = |family| map(Who::To, family, SetName::Stage(Who::To, family));
    rules.extend(Family::ALL.map(stage));
    rules
}

/// The switch of whoever is sent to.
fn receivers() -> [Rule; 2] {
    Family::ALL.map(|family| map(Who::To, family, SetName::Receiver(family)))
}

/// The sender: who is bound to a link is done with one look, its switch included; then who must
/// have been, and those behind a router.
fn spoof() -> Vec<Rule> {
    let bound = Family::ALL.map(|family| {
        let fields = vec![Field::InLink, Field::Mac, family.from()];
        rule([], Then::Map(fields, SetName::Bound(family)))
    });
    let linked = Match::In(vec![Field::Mac], SetName::Macs);
    let sender =
        Family::ALL.map(|family| rule([], Then::Map(vec![family.from()], SetName::Sender(family))));
    let linked = rule([linked], Then::Goto(ChainName::SpoofLinked));
    bound.into_iter().chain([linked]).chain(sender).collect()
}

/// Addresses that every interface may use besides its own: none yet, and link-local; also as IPv6
/// writes those of IPv4 (RFC 4291, section 2.5.5.2, and RFC 6052).
const OF_THE_LINK: [(Family, IpAddr, u8); 8] = [
    (Family::V4, IpAddr::V4(Ipv4Addr::UNSPECIFIED), 8),
    (Family::V4, IpAddr::V4(Ipv4Addr::new(169, 254, 0, 0)), 16),
    (Family::V6, IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0)), 10),
    (Family::V6, IpAddr::V6(Ipv6Addr::UNSPECIFIED), 128),
    (Family::V6, IpAddr::V6(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0)), 104),
    (Family::V6, IpAddr::V6(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0xa9fe, 0)), 112),
    (Family::V6, IpAddr::V6(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0)), 104),
    (Family::V6, IpAddr::V6(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0xa9fe, 0)), 112),
];

fn spoof_linked() -> Vec<Rule> {
    let mut rules = Vec::new();
    for family in Family::ALL {
        for set in [SetName::Near(family), SetName::Far(family)] {
            let known = Match::In(vec![family.from()], set);
            rules.push(rule([known], Then::Goto(ChainName::DropSpoofed)));
        }
    }
    for (family, first, length) in OF_THE_LINK {
        let net = Match::Net(family.from(), first, length);
        let own = Then::Map(vec![Field::InLink, Field::Mac], SetName::Linked);
        rules.push(rule([net], own));
    }
    rules.push(rule([], Then::Goto(ChainName::DropSpoofed)));
    rules
}

/// Neighbour discovery (RFC 4861) and group membership (RFC 3810) within a link, and the question
/// for an address (RFC 2131, RFC 8415). Not what a router or a server says: that a member pretends
/// to be one is what contracts are for.
fn housekeeping() -> Vec<Rule> {
    needed().map(|matches| rule(matches, Then::Accept)).into()
}

fn needed() -> [Vec<Match>; 4] {
    let types = |types: &[u8]| {
        Match::OneOf(Field::Type6, types.iter().map(|number| Value::Type(*number)).collect())
    };
    let all_dhcp = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 1, 2);
    let near = IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0));
    let groups = IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0));
    let broadcast = Match::Is(Field::To4, Value::V4(Ipv4Addr::BROADCAST));
    let servers = Match::Is(Field::To6, Value::V6(all_dhcp));
    let listeners = [
        Match::Net(Field::From6, near, 10),
        Match::Net(Field::To6, groups, 16),
        types(&[131, 132, 143]),
    ];
    [
        vec![Match::NeverForwarded, types(&[133, 135, 136])],
        listeners.into(),
        [vec![broadcast], udp(68, 67)].concat(),
        [vec![servers], udp(546, 547)].concat(),
    ]
}

/// By which maps members are found.
const MAPS: [(Who, Family); 5] = [
    (Who::Mac, Family::V4),
    (Who::From, Family::V4),
    (Who::From, Family::V6),
    (Who::To, Family::V4),
    (Who::To, Family::V6),
];

fn reach(field4: Field, field6: Field, local: bool) -> Vec<Rule> {
    let to = match field4 {
        Field::To4 => ChainName::DropSwitchedFrom,
        _ => ChainName::DropSwitchedTo,
    };
    let outside = [(field4, Family::V4), (field6, Family::V6)].map(|(field, family)| {
        let set = SetName::Local(family);
        let outside = if local { Match::NotIn(field, set) } else { Match::In(vec![field], set) };
        rule([outside], Then::Goto(to))
    });
    let here = rule([Match::Here(field4)], Then::Return);
    let needed = needed().map(|matches| rule(matches, Then::Return));
    needed.into_iter().chain([here]).chain(outside).collect()
}

fn allowed(who: Who) -> impl Iterator<Item = Rule> {
    Class::ALL.into_iter().flat_map(move |class| {
        Family::ALL.into_iter().map(move |family| {
            let set = SetName::Allow(who, class, family);
            rule([Match::In(set.fields(), set)], Then::Return)
        })
    })
}

fn enforce(who: Who) -> Vec<Rule> {
    let to = match who {
        Who::Mac | Who::From => ChainName::DropOutsideFrom,
        Who::To => ChainName::DropOutsideTo,
    };
    allowed(who).chain([rule([], Then::Goto(to))]).collect()
}

fn warn(who: Who) -> Vec<Rule> {
    let (meters, side) = match who {
        Who::Mac => (["cd_m_warn_mac4", "cd_m_warn_mac6"], Side::Source),
        Who::From => (["cd_m_warn_from4", "cd_m_warn_from6"], Side::Source),
        Who::To => (["cd_m_warn_to4", "cd_m_warn_to6"], Side::Destination),
    };
    let why = Logged { side, why: Refusal::Outside, dropped: false };
    allowed(who).chain(logged(meters, why)).collect()
}

/// Chains that log and drop, with their meters and why.
const DROPS: [(ChainName, [&str; 2], Side, Refusal); 5] = {
    use Refusal::{Outside, Spoofed, Switched};
    use Side::{Destination, Source};
    [
        (ChainName::DropSpoofed, ["cd_m_spoofed4", "cd_m_spoofed6"], Source, Spoofed),
        (ChainName::DropSwitchedFrom, ["cd_m_off_from4", "cd_m_off_from6"], Source, Switched),
        (ChainName::DropSwitchedTo, ["cd_m_off_to4", "cd_m_off_to6"], Destination, Switched),
        (ChainName::DropOutsideFrom, ["cd_m_from4", "cd_m_from6"], Source, Outside),
        (ChainName::DropOutsideTo, ["cd_m_to4", "cd_m_to6"], Destination, Outside),
    ]
};

fn dropped(meters: [&'static str; 2], side: Side, why: Refusal) -> Vec<Rule> {
    let why = Logged { side, why, dropped: true };
    logged(meters, why).into_iter().chain([rule([], Then::Drop)]).collect()
}

fn logged([v4, v6]: [&'static str; 2], why: Logged) -> [Rule; 2] {
    [(v4, Field::From4), (v6, Field::From6)]
        .map(|(meter, field)| rule([Match::Scarce(meter, field, LOGS_PER_SECOND)], Then::Log(why)))
}

fn udp(from: u16, to: u16) -> Vec<Match> {
    vec![
        Match::Is(Field::UdpFromPort, Value::Port(from)),
        Match::Is(Field::UdpToPort, Value::Port(to)),
    ]
}

fn map(who: Who, family: Family, set: SetName) -> Rule {
    rule([], Then::Map(vec![who.field(family)], set))
}

fn rule(matches: impl Into<Vec<Match>>, then: Then) -> Rule {
    Rule { matches: matches.into(), then }
}

fn plain(name: ChainName, rules: Vec<Rule>) -> Chain {
    Chain { name, hook: None, rules }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cordon_contract::Carrier;

    fn options() -> Options {
        let lifelines = vec![
            Lifeline::Link("mgmt0".into()),
            Lifeline::Here(Carrier::Tcp, 8443),
            Lifeline::At(Ipv4Addr::LOCALHOST.into(), Carrier::Tcp, 8443),
        ];
        Options { lifelines, host: true, ..Options::default() }
    }

    /// CVE-2025-52889 and CVE-2025-52890 came from lists of what is allowed before the look for
    /// misused addresses, and quarantine behind connection tracking stops nothing under way.
    #[test]
    fn misused_addresses_and_the_switch_come_before_everything_that_allows() {
        let chains = chains(&options());
        for hook in [Hook::Forward, Hook::Input] {
            let chain = chains.iter().find(|chain| chain.hook == Some(hook)).unwrap();
            let place = |then: &Then| chain.rules.iter().position(|rule| rule.then == *then);
            let established =
                chain.rules.iter().position(|rule| rule.matches == [Match::Established]).unwrap();
            let spoof = place(&Then::Jump(ChainName::Spoof)).unwrap();
            assert!(spoof < established);
            if hook == Hook::Forward {
                let switch = place(&receivers()[0].then).unwrap();
                assert!(spoof < switch && switch < established);
            }
            for rule in &chain.rules[..spoof] {
                let lifeline = rule.matches.iter().any(|condition| {
                    matches!(
                        condition,
                        Match::In(_, SetName::LifeLink | SetName::LifeHere | SetName::LifeAt(_))
                    )
                });
                let own = matches!(&rule.matches[..], [Match::Is(Field::InLink, _)]);
                assert!(lifeline || own, "{rule:?} lets packets pass unseen");
            }
        }
    }

    #[test]
    fn every_chain_that_is_jumped_to_is_there() {
        let chains = chains(&options());
        for chain in &chains {
            for rule in &chain.rules {
                if let Then::Jump(to) | Then::Goto(to) = rule.then {
                    assert!(chains.iter().any(|chain| chain.name == to), "{to:?}");
                }
            }
        }
        assert_eq!(chains.len(), ChainName::ALL.len());
    }
}
