//! What may come to be held without anybody's doing: a device that may speak to a name may be told
//! that the name means any address of the Internet. None of the site: such answers bind nothing.

use cordon_contract::{Bindings, IpVersion, Policy, Rule, Where};
use cordon_enforce::{CompileError, Compiler, Elements, Family, Options, SetName, internet};
use cordon_model::Timestamp;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::prover::addresses;
use crate::region::number;
use crate::spans::Spans;

/// Addresses for documentation (RFC 5737, RFC 3849, RFC 9637): they stand for public ones; also as
/// IPv6 writes those of IPv4 (RFC 4291, section 2.5.5.2, and RFC 6052).
const DOCUMENTATION: [&str; 11] = [
    "192.0.2.0/24",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "2001:db8::/32",
    "3fff::/20",
    "::ffff:192.0.2.0/120",
    "::ffff:198.51.100.0/120",
    "::ffff:203.0.113.0/120",
    "64:ff9b::192.0.2.0/120",
    "64:ff9b::198.51.100.0/120",
    "64:ff9b::203.0.113.0/120",
];

/// The addresses that a name may come to mean, as [`Bindings::learn`] takes them.
pub(crate) fn meanings(policy: &Policy, family: Family) -> Spans {
    let span = |net: &IpNet| {
        let (of, first) = number(net.network());
        (of == family).then(|| (first, number(net.broadcast()).1))
    };
    let documentation = DOCUMENTATION.iter().filter_map(|net| span(&net.parse().ok()?));
    let all = Spans::of(internet(family, &[]).into_iter().chain(documentation).collect());
    let site = Spans::of(policy.local.iter().filter_map(span).collect());
    let members = policy
        .members
        .iter()
        .flat_map(|member| addresses(member, family).iter().collect::<Vec<_>>());
    all.minus(&site).minus(&Spans::of(members.collect()))
}

/// The elements that there would be if every name meant every address.
///
/// # Errors
///
/// Where there would be too many.
pub(crate) fn elements(policy: &Policy, at: Timestamp) -> Result<Elements, CompileError> {
    let any4 = IpNet::V4(Ipv4Net::default());
    let any6 = IpNet::V6(Ipv6Net::default());
    let mut rules = Vec::new();
    for rule in &policy.rules {
        let Where::Name(name) = rule.at else { continue };
        let only = policy.only.iter().find(|(held, _)| *held == name);
        for (version, net) in [(IpVersion::V4, any4), (IpVersion::V6, any6)] {
            if only.is_none_or(|(_, only)| *only == version) {
                rules.push(Rule { at: Where::Net(net), ..rule.clone() });
            }
        }
    }
    if rules.is_empty() {
        return Ok(Elements::new());
    }
    let policy = Policy { members: policy.members.clone(), rules, ..Policy::default() };
    let compiler = Compiler::new(&policy)?;
    let ruleset = compiler.ruleset(&Bindings::default(), &Options::default(), at)?;
    let mut elements = ruleset.elements;
    elements.retain(|set, _| matches!(set, SetName::Allow(..)));
    Ok(elements)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cordon_contract::{Member, MemberNo, Reach, Stage};
    use cordon_model::DeviceId;
    use proptest::prelude::*;
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    fn policy() -> Policy {
        let member = Member {
            device: DeviceId("d".into()),
            label: "d".into(),
            macs: Vec::new(),
            ips: vec!["198.51.100.7".parse().unwrap(), "2a00:5::7".parse().unwrap()],
            link: None,
            stage: Stage::Enforce,
            reach: Reach::Normal,
        };
        let local = ["8.8.0.0/16", "2a00:1::/32"].map(|net| net.parse().unwrap());
        Policy {
            members: vec![member],
            names: vec!["a.example".into()],
            local: local.into(),
            ..Policy::default()
        }
    }

    fn is_as_learnt(ip: IpAddr) -> bool {
        let policy = policy();
        let until = Timestamp::from_secs(9);
        let learnt = Bindings::default().learn(&policy, MemberNo(0), "a.example", ip, until);
        let (family, ip) = number(ip);
        meanings(&policy, family).contains(ip) != learnt.is_empty()
    }

    #[test]
    fn the_edges_of_what_a_name_may_mean_are_those_of_what_is_learnt() {
        for family in Family::ALL {
            for (first, last) in meanings(&policy(), family).iter() {
                for edge in [first, first.wrapping_sub(1), last, last.wrapping_add(1)] {
                    let most = if family == Family::V4 { u32::MAX.into() } else { u128::MAX };
                    let ip = crate::region::address(family, edge.min(most));
                    assert!(is_as_learnt(ip), "{ip}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn what_a_name_may_mean_is_what_is_learnt(v4: u32, high: u64, low: u64, head in 0..6_usize) {
            prop_assert!(is_as_learnt(Ipv4Addr::from_bits(v4).into()));
            let heads = [0x2001_0db8_0000_0000, 0x2a00_0001_0000_0000, 0x3fff_0000_0000_0000, 0x0064_ff9b_0000_0000, 0, high];
            let bits = u128::from(heads[head] | (high >> 40)) << 64 | u128::from(low);
            prop_assert!(is_as_learnt(Ipv6Addr::from_bits(bits).into()));
        }
    }
}
