//! Networks taken apart, and which addresses are the Internet.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// IPv4 that is not reachable on the Internet, by the IANA special-purpose registry (RFC 6890):
/// what `cordon_model::scope` does not call public, written as networks. Those for documentation
/// are left in, here and below: they stand for public ones and nobody routes them, and without
/// them every entry about the Internet would be half as many rules again.
const NOT_PUBLIC: [Ipv4Net; 11] = [
    v4(0, 0, 0, 0, 8),
    v4(10, 0, 0, 0, 8),
    v4(100, 64, 0, 0, 10),
    v4(127, 0, 0, 0, 8),
    v4(169, 254, 0, 0, 16),
    v4(172, 16, 0, 0, 12),
    v4(192, 0, 0, 0, 24),
    v4(192, 168, 0, 0, 16),
    v4(198, 18, 0, 0, 15),
    v4(224, 0, 0, 0, 4),
    v4(240, 0, 0, 0, 4),
];
/// IPv6 that is given out on the Internet (RFC 4291, 2.4), the networks for documentation and
/// benchmarks included.
const PUBLIC_V6: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
/// What every link has for itself: RFC 3927 and RFC 4291.
pub(super) const OF_THE_LINK: [IpNet; 2] = [
    IpNet::V4(v4(169, 254, 0, 0, 16)),
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10)),
];

const fn v4(a: u8, b: u8, c: u8, d: u8, length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length)
}

static PUBLIC_V4: LazyLock<Vec<IpNet>> = LazyLock::new(|| {
    let not: Vec<IpNet> = NOT_PUBLIC.into_iter().map(IpNet::V4).collect();
    let mut nets = Vec::new();
    subtract(IpNet::V4(v4(0, 0, 0, 0, 0)), &not, &mut nets);
    nets
});

/// Every public address: IPv4, IPv6, and IPv4 through the site's NAT64; without the site's own
/// networks, which may be public too.
pub(super) fn internet(nat64: Option<Ipv6Net>, own: &[IpNet]) -> Vec<IpNet> {
    let mut nets = PUBLIC_V4.clone();
    let inside = |net: &IpNet| match (net, nat64) {
        (IpNet::V4(net), Some(prefix)) => {
            let bits = prefix.network().to_bits() | u128::from(net.network().to_bits());
            Ipv6Net::new(bits.into(), net.prefix_len() + 96).ok().map(IpNet::V6)
        }
        _ => None,
    };
    let translated: Vec<_> = nets.iter().filter_map(inside).collect();
    nets.push(IpNet::V6(PUBLIC_V6));
    nets.extend(translated);
    without(&nets, own)
}

/// Networks without others.
pub(super) fn without(nets: &[IpNet], minus: &[IpNet]) -> Vec<IpNet> {
    let mut left = Vec::new();
    for net in nets {
        subtract(net.trunc(), minus, &mut left);
    }
    left.sort_unstable();
    left.dedup();
    left
}

/// What is left of a network, as few networks as it takes. Splits in half where something is
/// taken out, so at most once for each bit of each of `minus`.
fn subtract(net: IpNet, minus: &[IpNet], left: &mut Vec<IpNet>) {
    let touching: Vec<IpNet> = minus
        .iter()
        .map(IpNet::trunc)
        .filter(|other| other.contains(&net) || net.contains(other))
        .collect();
    if touching.is_empty() {
        left.push(net);
    } else if !touching.iter().any(|other| other.contains(&net)) {
        for half in net.subnets(net.prefix_len() + 1).into_iter().flatten() {
            subtract(half, &touching, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use cordon_model::{Scope, scope};
    use proptest::prelude::*;

    use super::*;

    fn holds(nets: &[IpNet], ip: IpAddr) -> bool {
        nets.iter().filter(|net| net.contains(&ip)).count() == 1
    }

    #[test]
    fn the_ends_of_every_network_that_is_not_public_are_outside() {
        let nets = internet(None, &[]);
        assert_eq!(nets.iter().filter(|net| matches!(net, IpNet::V4(_))).count(), 73);
        for net in NOT_PUBLIC {
            assert!(!holds(&nets, net.network().into()) && !holds(&nets, net.broadcast().into()));
            let below = net.network().to_bits().checked_sub(1).map(Ipv4Addr::from_bits);
            let above = net.broadcast().to_bits().checked_add(1).map(Ipv4Addr::from_bits);
            for ip in [below, above].into_iter().flatten().map(IpAddr::from) {
                assert_eq!(holds(&nets, ip), scope(ip) == Scope::Public, "{ip}");
            }
        }
    }

    #[test]
    fn private_addresses_are_not_the_internet_through_nat64_either() {
        let nets = internet(Some("64:ff9b::/96".parse().unwrap()), &[]);
        assert!(holds(&nets, "64:ff9b::8.8.8.8".parse().unwrap()));
        assert!(!holds(&nets, "64:ff9b::10.0.0.1".parse().unwrap()));
        assert!(!holds(&internet(None, &[]), "64:ff9b::8.8.8.8".parse().unwrap()));
    }

    #[test]
    fn the_sites_own_public_networks_are_not_the_internet() {
        let own = ["8.8.8.0/24".parse().unwrap(), "2a00:1450::/32".parse().unwrap()];
        let nets = internet(None, &own);
        assert!(!holds(&nets, "8.8.8.8".parse().unwrap()));
        assert!(holds(&nets, "8.8.9.8".parse().unwrap()));
        assert!(!holds(&nets, "2a00:1450::8".parse().unwrap()));
        assert!(holds(&nets, "2a00:1451::8".parse().unwrap()));
    }

    proptest! {
        #[test]
        fn the_internet_is_what_the_model_calls_public(v4: u32, v6: u128) {
            let nets = internet(None, &[]);
            let ip = IpAddr::from(v4.to_be_bytes());
            let public = matches!(scope(ip), Scope::Public | Scope::Documentation);
            prop_assert_eq!(holds(&nets, ip), public);
            for ip in [v6, v6 >> 3 | 1 << 125].map(|bits| IpAddr::from(bits.to_be_bytes())) {
                let public =
                    matches!(scope(ip), Scope::Public | Scope::Documentation | Scope::Benchmark);
                prop_assert_eq!(holds(&nets, ip), public);
            }
        }

        #[test]
        fn nothing_is_lost_and_nothing_is_kept_by_taking_out(
            from in any::<(u32, u8)>(), out in proptest::collection::vec(any::<(u32, u8)>(), 0..6),
            near: u32,
        ) {
            let net = |(ip, length): (u32, u8)| {
                IpNet::V4(Ipv4Net::new(ip.into(), length % 33).unwrap())
            };
            let (from, out) = (net(from), out.into_iter().map(net).collect::<Vec<_>>());
            let left = without(&[from], &out);
            let IpNet::V4(v4) = from else { unreachable!() };
            let ip = v4.network().to_bits() | (near & !v4.netmask().to_bits());
            let ip = IpAddr::from(ip.to_be_bytes());
            prop_assert_eq!(holds(&left, ip), !out.iter().any(|net| net.contains(&ip)));
        }
    }
}
