//! What makes two packets one flow.

use std::hash::BuildHasher;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use cordon_model::Transport;

/// Stands before an IPv4 address where an IPv6 address has its upper half; no IPv6 address in use
/// begins so, and IPv4-mapped ones keep their own.
const V4: u64 = u64::MAX;

/// Both ends in a fixed order, so that both directions have one key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Key {
    low: [u64; 2],
    high: [u64; 2],
    /// Ports of low and high end, protocol, tunnel bit, VLAN.
    rest: u64,
}

/// Which end of the key a packet comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// From the lower to the higher end.
    Up,
    /// From the higher to the lower end.
    Down,
}

impl Direction {
    /// The other one.
    pub const fn other(self) -> Self {
        match self {
            Direction::Up => Direction::Down,
            Direction::Down => Direction::Up,
        }
    }
}

/// One end of a packet.
pub type End = (IpAddr, u16);

impl Key {
    /// The key of a packet, and its direction.
    #[inline]
    pub fn of(
        from: End,
        to: End,
        transport: Transport,
        vlan: Option<u16>,
        tunnelled: bool,
    ) -> (Key, Direction) {
        let (a, b) = (words(from.0), words(to.0));
        let up = (a, from.1) <= (b, to.1);
        let (low, high, low_port, high_port) =
            if up { (a, b, from.1, to.1) } else { (b, a, to.1, from.1) };
        let rest = u64::from(low_port) << 48
            | u64::from(high_port) << 32
            | u64::from(number(transport)) << 16
            | u64::from(tunnelled) << 15
            | u64::from(vlan.unwrap_or(0) & 0x0fff);
        (Key { low, high, rest }, if up { Direction::Up } else { Direction::Down })
    }

    /// Lower and higher end.
    pub fn ends(&self) -> (End, End) {
        let port = |shift: u32| u16::try_from(self.rest >> shift & 0xffff).unwrap_or(0);
        ((address(self.low), port(48)), (address(self.high), port(32)))
    }

    /// The keyed hash.
    #[inline]
    pub fn hash(&self, by: &foldhash::fast::FixedState) -> u64 {
        by.hash_one(self)
    }
}

#[inline]
fn words(ip: IpAddr) -> [u64; 2] {
    match ip {
        IpAddr::V4(ip) => [V4, u64::from(ip.to_bits())],
        IpAddr::V6(ip) => {
            let bits = ip.to_bits();
            [(bits >> 64) as u64, bits as u64]
        }
    }
}

fn address(words: [u64; 2]) -> IpAddr {
    match words {
        [V4, low] => IpAddr::V4(Ipv4Addr::from_bits((low & 0xffff_ffff) as u32)),
        [high, low] => IpAddr::V6(Ipv6Addr::from_bits(u128::from(high) << 64 | u128::from(low))),
    }
}

/// The IP protocol number.
pub const fn number(transport: Transport) -> u8 {
    match transport {
        Transport::Tcp => 6,
        Transport::Udp => 17,
        Transport::Icmp => 1,
        Transport::Icmpv6 => 58,
        Transport::Ip(number) => number,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_directions_share_a_key() {
        let a = ("10.0.0.1".parse().unwrap(), 40000);
        let b = ("10.0.0.2".parse().unwrap(), 502);
        let (there, up) = Key::of(a, b, Transport::Tcp, None, false);
        let (back, down) = Key::of(b, a, Transport::Tcp, None, false);
        assert_eq!(there, back);
        assert_eq!(up, down.other());
        assert_eq!(there.ends(), (a, b));
    }

    #[test]
    fn vlan_tunnel_and_transport_keep_flows_apart() {
        let a = ("fe80::1".parse().unwrap(), 1);
        let b = ("fe80::2".parse().unwrap(), 2);
        let plain = Key::of(a, b, Transport::Udp, None, false).0;
        assert_ne!(plain, Key::of(a, b, Transport::Udp, Some(7), false).0);
        assert_ne!(plain, Key::of(a, b, Transport::Udp, None, true).0);
        assert_ne!(plain, Key::of(a, b, Transport::Tcp, None, false).0);
        assert_eq!(plain.ends(), (a, b));
        let mapped = ("::ffff:10.0.0.1".parse().unwrap(), 1);
        let (low, high) = Key::of(mapped, b, Transport::Udp, None, false).0.ends();
        assert!(low == mapped || high == mapped);
    }
}
