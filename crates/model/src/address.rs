//! Link-layer addresses, and how far an IP address reaches.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A 48-bit IEEE 802 MAC address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// `ff:ff:ff:ff:ff:ff`.
    pub const BROADCAST: Mac = Mac([0xff; 6]);

    /// Group bit set: multicast or broadcast, never one device.
    #[must_use]
    pub const fn is_group(self) -> bool {
        self.0[0] & 1 != 0
    }

    /// Locally administered (bit 1 of the first octet): a randomised or made-up address, which
    /// says nothing about a vendor.
    #[must_use]
    pub const fn is_local(self) -> bool {
        self.0[0] & 2 != 0
    }

    /// All zero: no address at all.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.0 == [0; 6]
    }

    /// Whether this address can stand for one device.
    #[must_use]
    pub fn is_device(self) -> bool {
        !self.is_group() && !self.is_zero()
    }

    /// The first three octets as `0x00OOUUII`.
    #[must_use]
    pub const fn oui(self) -> u32 {
        let [a, b, c, ..] = self.0;
        u32::from_be_bytes([0, a, b, c])
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not six hexadecimal octets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MacParseError(String);

impl fmt::Display for MacParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a MAC address; write it as 00:11:22:aa:bb:cc", self.0)
    }
}

impl std::error::Error for MacParseError {}

impl FromStr for Mac {
    type Err = MacParseError;

    /// Accepts `:`, `-`, `.` or nothing between the digits.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || MacParseError(text.chars().take(40).collect());
        let mut value: u64 = 0;
        let mut digits = 0;
        for c in text.chars().filter(|c| !matches!(c, ':' | '-' | '.')) {
            let digit = c.to_digit(16).ok_or_else(wrong)?;
            digits += 1;
            if digits > 12 {
                return Err(wrong());
            }
            value = value << 4 | u64::from(digit);
        }
        if digits != 12 {
            return Err(wrong());
        }
        let [_, _, octets @ ..] = value.to_be_bytes();
        Ok(Mac(octets))
    }
}

impl From<Mac> for String {
    fn from(mac: Mac) -> Self {
        mac.to_string()
    }
}

impl TryFrom<String> for Mac {
    type Error = MacParseError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// How far an IP address reaches, by the IANA special-purpose registries (RFC 6890).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Scope {
    /// `0.0.0.0/8` and `::`: no address yet.
    Unspecified,
    /// `127.0.0.0/8` and `::1`.
    Loopback,
    /// `169.254.0.0/16` (RFC 3927) and `fe80::/10` (RFC 4291).
    LinkLocal,
    /// RFC 1918 and unique local addresses (RFC 4193).
    Private,
    /// `100.64.0.0/10`, behind a provider's NAT (RFC 6598).
    Shared,
    /// Groups and broadcast.
    Multicast,
    /// Addresses for documentation (RFC 5737, RFC 3849, RFC 9637): they stand for public ones.
    Documentation,
    /// Benchmarks (RFC 2544, RFC 5180).
    Benchmark,
    /// Set aside, never seen on the Internet.
    Reserved,
    /// Reachable on the Internet.
    Public,
}

/// How far `ip` reaches. IPv4 inside IPv6 (mapped, NAT64) counts as the IPv4 address.
#[must_use]
pub fn scope(ip: IpAddr) -> Scope {
    match ip {
        IpAddr::V4(ip) => scope_v4(ip),
        IpAddr::V6(ip) => scope_v6(ip),
    }
}

/// Whether `ip` is reachable on the Internet.
#[must_use]
pub fn is_public(ip: IpAddr) -> bool {
    scope(ip) == Scope::Public
}

const fn scope_v4(ip: Ipv4Addr) -> Scope {
    match ip.octets() {
        [0, ..] => Scope::Unspecified,
        [127, ..] => Scope::Loopback,
        [169, 254, ..] => Scope::LinkLocal,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Scope::Private,
        [100, 64..=127, ..] => Scope::Shared,
        [224..=239, ..] | [255, 255, 255, 255] => Scope::Multicast,
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Scope::Documentation,
        [198, 18..=19, ..] => Scope::Benchmark,
        [192, 0, 0, _] | [240..=255, ..] => Scope::Reserved,
        _ => Scope::Public,
    }
}

fn scope_v6(ip: Ipv6Addr) -> Scope {
    if let Some(inner) = ip.to_ipv4_mapped() {
        return scope_v4(inner);
    }
    match ip.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Scope::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => Scope::Loopback,
        [0x0064, 0xff9b, 0, 0, 0, 0, high, low] => {
            scope_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
        }
        [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => Scope::Documentation,
        [0x2001, 0x0002, 0, ..] => Scope::Benchmark,
        [0xfe80..=0xfebf, ..] => Scope::LinkLocal,
        [0xfc00..=0xfdff, ..] => Scope::Private,
        [0xff00..=0xffff, ..] => Scope::Multicast,
        [0x2000..=0x3fff, ..] => Scope::Public,
        _ => Scope::Reserved,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_internet_are_public() {
        let public = ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2a00:1450::1", "64:ff9b::808:808"];
        for text in public {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
        let here = [
            ("10.1.2.3", Scope::Private),
            ("172.31.255.255", Scope::Private),
            ("192.168.0.1", Scope::Private),
            ("100.64.0.1", Scope::Shared),
            ("169.254.1.1", Scope::LinkLocal),
            ("127.0.0.1", Scope::Loopback),
            ("0.0.0.0", Scope::Unspecified),
            ("239.255.255.250", Scope::Multicast),
            ("255.255.255.255", Scope::Multicast),
            ("203.0.113.9", Scope::Documentation),
            ("198.19.0.1", Scope::Benchmark),
            ("250.0.0.1", Scope::Reserved),
            ("::", Scope::Unspecified),
            ("::1", Scope::Loopback),
            ("fe80::1", Scope::LinkLocal),
            ("fd00::1", Scope::Private),
            ("ff02::fb", Scope::Multicast),
            ("2001:db8::1", Scope::Documentation),
            ("::ffff:10.0.0.1", Scope::Private),
            ("64:ff9b::a00:1", Scope::Private),
            ("4000::1", Scope::Reserved),
        ];
        for (text, expected) in here {
            assert_eq!(scope(text.parse().unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn every_common_spelling_of_a_mac_is_read() {
        let mac = Mac([0, 0x17, 0x88, 0x24, 0x76, 0xff]);
        for text in ["00:17:88:24:76:ff", "00-17-88-24-76-FF", "0017.8824.76ff", "0017882476ff"] {
            assert_eq!(text.parse(), Ok(mac), "{text}");
        }
    }

    #[test]
    fn a_wrong_mac_is_refused_with_the_right_spelling() {
        for text in ["", "00:17", "00:17:88:24:76:ff:00", "zz:17:88:24:76:ff"] {
            let error = text.parse::<Mac>().unwrap_err().to_string();
            assert!(error.contains("00:11:22:aa:bb:cc"), "{error}");
        }
    }
}
