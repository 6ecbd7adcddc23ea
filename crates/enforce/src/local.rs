//! Which addresses are no part of the Internet, as disjoint ranges.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use crate::boxes::Span;
use crate::layout::Family;

/// What [`cordon_model::scope`] calls public is what none of these holds; a test compares the two.
const NOT_PUBLIC_4: [(u32, u8); 14] = [
    (0x0000_0000, 8),
    (0x0a00_0000, 8),
    (0x6440_0000, 10),
    (0x7f00_0000, 8),
    (0xa9fe_0000, 16),
    (0xac10_0000, 12),
    (0xc000_0000, 24),
    (0xc000_0200, 24),
    (0xc0a8_0000, 16),
    (0xc612_0000, 15),
    (0xc633_6400, 24),
    (0xcb00_7100, 24),
    (0xe000_0000, 4),
    (0xf000_0000, 4),
];

/// IPv6 that is public (RFC 4291), IPv4 inside IPv6 apart.
const PUBLIC_6: Span = (0x2000 << 112, (0x4000 << 112) - 1);

/// Within that: documentation (RFC 3849, RFC 9637) and benchmarks (RFC 5180).
const NOT_PUBLIC_6: [(u128, u8); 3] =
    [(0x2001_0db8 << 96, 32), (0x3fff << 112, 20), (0x2001_0002_0000 << 80, 48)];

/// Where IPv4 is written inside IPv6: mapped (RFC 4291) and NAT64 (RFC 6052).
const INSIDE_6: [u128; 2] = [0xffff << 32, 0x0064_ff9b << 96];

/// The addresses that count as the site's: those that are not public, and the given networks.
pub(crate) fn ranges(family: Family, site: &[IpNet]) -> Vec<Span> {
    let mut spans = match family {
        Family::V4 => not_public_4(),
        Family::V6 => not_public_6(),
    };
    spans.extend(site.iter().filter_map(|net| match (family, net) {
        (Family::V4, IpNet::V4(net)) => {
            Some((u32::from(net.network()).into(), u32::from(net.broadcast()).into()))
        }
        (Family::V6, IpNet::V6(net)) => {
            Some((u128::from(net.network()), u128::from(net.broadcast())))
        }
        _ => None,
    }));
    union(spans)
}

/// The addresses that count as the Internet's: what is public and not of these networks, from a
/// first to a last, both included.
#[must_use]
pub fn internet(family: Family, site: &[IpNet]) -> Vec<(u128, u128)> {
    let all = match family {
        Family::V4 => (0, u128::from(u32::MAX)),
        Family::V6 => (0, u128::MAX),
    };
    minus(&[all], &ranges(family, site))
}

/// An address of a family from its number.
pub(crate) fn address(family: Family, number: u128) -> crate::ruleset::Value {
    use crate::ruleset::Value;
    match family {
        Family::V4 => Value::V4(Ipv4Addr::from_bits(u32::try_from(number).unwrap_or(u32::MAX))),
        Family::V6 => Value::V6(Ipv6Addr::from_bits(number)),
    }
}

fn not_public_4() -> Vec<Span> {
    let spans = NOT_PUBLIC_4.iter().map(|(first, length)| {
        (u128::from(*first), u128::from(*first) + (u128::from(u32::MAX) >> length))
    });
    union(spans.collect())
}

fn not_public_6() -> Vec<Span> {
    let mut public = vec![PUBLIC_6];
    let not_public =
        NOT_PUBLIC_6.iter().map(|(first, length)| (*first, first + (u128::MAX >> length)));
    public = minus(&public, &union(not_public.collect()));
    let all4 = (0, u128::from(u32::MAX));
    for base in INSIDE_6 {
        let inner = minus(&[all4], &not_public_4());
        public.extend(inner.into_iter().map(|(first, last)| (base + first, base + last)));
    }
    minus(&[(0, u128::MAX)], &union(public))
}

/// Sorted, without overlap, what touches joined.
fn union(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    spans.dedup_by(|next, held| {
        let touches = next.0 <= held.1.saturating_add(1);
        if touches {
            held.1 = held.1.max(next.1);
        }
        touches
    });
    spans
}

/// What of `spans` is in none of `holes`, which are sorted and apart.
fn minus(spans: &[Span], holes: &[Span]) -> Vec<Span> {
    let mut left = Vec::new();
    for span in spans {
        let mut from = Some(span.0);
        for hole in holes.iter().filter(|hole| hole.0 <= span.1 && span.0 <= hole.1) {
            let Some(first) = from else { break };
            if first < hole.0 {
                left.push((first, hole.0 - 1));
            }
            from = hole.1.checked_add(1).filter(|next| *next <= span.1);
        }
        left.extend(from.map(|first| (first, span.1)));
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use cordon_model::{Scope, scope};
    use proptest::prelude::*;

    fn is_local(spans: &[Span], number: u128) -> bool {
        spans.iter().any(|(first, last)| (*first..=*last).contains(&number))
    }

    #[test]
    fn the_edges_of_every_range_are_what_the_vocabulary_says() {
        let v4 = ranges(Family::V4, &[]);
        for (first, last) in &v4 {
            for number in [*first, *last, first.wrapping_sub(1), last + 1] {
                let Ok(bits) = u32::try_from(number) else { continue };
                let public = scope(Ipv4Addr::from_bits(bits).into()) == Scope::Public;
                assert_eq!(public, !is_local(&v4, number), "{}", Ipv4Addr::from_bits(bits));
            }
        }
        let v6 = ranges(Family::V6, &[]);
        for (first, last) in &v6 {
            for number in [*first, *last, first.wrapping_sub(1), last.wrapping_add(1)] {
                let ip = Ipv6Addr::from_bits(number);
                assert_eq!(scope(ip.into()) == Scope::Public, !is_local(&v6, number), "{ip}");
            }
        }
        assert!(v4.len() > 10 && v6.len() > 10);
    }

    proptest! {
        #[test]
        fn any_address_is_what_the_vocabulary_says(bits: u32, high: u64, low: u64, head in 0..6_usize) {
            let v4 = ranges(Family::V4, &[]);
            prop_assert_eq!(
                scope(Ipv4Addr::from_bits(bits).into()) == Scope::Public,
                !is_local(&v4, bits.into())
            );
            let heads = [0x2001_0db8_0000_0000, 0x2001_0002_0000_0000, 0x3fff_0000_0000_0000, 0x0064_ff9b_0000_0000, 0, high];
            let number = u128::from(heads[head] | (high >> 40)) << 64 | u128::from(low);
            let ip = Ipv6Addr::from_bits(number);
            let v6 = ranges(Family::V6, &[]);
            prop_assert_eq!(scope(ip.into()) == Scope::Public, !is_local(&v6, number), "{}", ip);
        }
    }

    #[test]
    fn a_network_of_the_site_counts_as_local() {
        let site = ["5.6.0.0/16".parse().unwrap(), "2a00:1::/32".parse().unwrap()];
        assert!(is_local(&ranges(Family::V4, &site), 0x0506_0001));
        assert!(is_local(&ranges(Family::V6, &site), 0x2a00_0001 << 96));
        assert!(!is_local(&ranges(Family::V4, &site), 0x0507_0001));
    }
}
