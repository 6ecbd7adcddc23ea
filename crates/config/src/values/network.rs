//! Networks and where to listen.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
};

use crate::{rule::Rule, value::Word};

/// A network in CIDR notation, as in `192.0.2.0/24`; an address alone is a network of one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Network {
    first: IpAddr,
    prefix: u8,
}

impl Network {
    const fn new(first: IpAddr, prefix: u8) -> Network {
        Network { first, prefix }
    }

    /// The first address of it.
    #[must_use]
    pub const fn first(self) -> IpAddr {
        self.first
    }

    /// How many leading bits its addresses share.
    #[must_use]
    pub const fn prefix(self) -> u8 {
        self.prefix
    }

    /// Whether `address` is in it. An IPv4 address that a socket of IPv6 shows as `::ffff:a.b.c.d`
    /// is taken for what it is.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        same_family(self.first, address) && masked(address, self.prefix) == self.first
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "must be a network such as 192.0.2.0/24 or 2001:db8::/32".to_owned();
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let all = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => all,
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse().ok().filter(|&prefix| prefix <= all).ok_or_else(wrong)?
            }
            Some(_) => return Err(wrong()),
        };
        let first = masked(address, prefix);
        if first == address {
            return Ok(Network { first, prefix });
        }
        Err(format!("names an address within a network; the network is {first}/{prefix}"))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix)
    }
}

impl Word for Network {
    const KIND: &'static str = "network";
    const KINDS: &'static str = "list of networks";

    fn from_word(word: &str, _: Rule) -> Result<Self, String> {
        word.parse()
    }

    fn to_word(&self) -> String {
        self.to_string()
    }
}

impl Word for SocketAddr {
    const KIND: &'static str = "address and port";

    fn from_word(word: &str, _: Rule) -> Result<Self, String> {
        word.parse()
            .map_err(|_| "must be an address and a port such as 192.0.2.7:8443 or [::]:8443".into())
    }

    fn to_word(&self) -> String {
        self.to_string()
    }
}

/// Every address of the machine.
pub(crate) const fn everywhere(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), port)
}

/// This machine, private networks (RFC 1918, RFC 4193) and links (RFC 3927, RFC 4291).
pub(crate) fn private_networks() -> Vec<Network> {
    let four = |a, b, prefix| Network::new(IpAddr::V4(Ipv4Addr::new(a, b, 0, 0)), prefix);
    let six =
        |front, prefix| Network::new(IpAddr::V6(Ipv6Addr::new(front, 0, 0, 0, 0, 0, 0, 0)), prefix);
    vec![
        four(127, 0, 8),
        four(10, 0, 8),
        four(172, 16, 12),
        four(192, 168, 16),
        four(169, 254, 16),
        Network::new(IpAddr::V6(Ipv6Addr::LOCALHOST), 128),
        six(0xfc00, 7),
        six(0xfe80, 10),
    ]
}

fn same_family(one: IpAddr, other: IpAddr) -> bool {
    one.is_ipv4() == other.is_ipv4()
}

/// The address with nothing behind its first `prefix` bits.
fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    let prefix = u32::from(prefix);
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(prefix)).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & mask))
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128_u32.saturating_sub(prefix)).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
        }
    }
}

/// A network and the interface behind which it is, as in `lan0=192.0.2.0/24`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LinkNetwork {
    link: String,
    network: Network,
}

impl LinkNetwork {
    /// The interface.
    #[must_use]
    pub fn link(&self) -> &str {
        &self.link
    }

    /// The network.
    #[must_use]
    pub const fn network(&self) -> Network {
        self.network
    }
}

impl Word for LinkNetwork {
    const KIND: &'static str = "interface and network";
    const KINDS: &'static str = "list of interfaces and networks";

    fn from_word(word: &str, _: Rule) -> Result<Self, String> {
        let wrong = || "must be an interface and its network, as in lan0=192.0.2.0/24".to_owned();
        let (link, network) = word.split_once('=').ok_or_else(wrong)?;
        let good = |byte: u8| byte.is_ascii_alphanumeric() || b"._@-".contains(&byte);
        if link.is_empty() || link.len() > 15 || !link.bytes().all(good) {
            return Err(wrong());
        }
        Ok(LinkNetwork { link: link.to_owned(), network: network.parse()? })
    }

    fn to_word(&self) -> String {
        format!("{}={}", self.link, self.network)
    }
}

/// A service by its address, port and protocol, as in `192.0.2.7:22/tcp`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ServiceAt {
    address: SocketAddr,
    udp: bool,
}

impl ServiceAt {
    /// Where it is.
    #[must_use]
    pub const fn address(self) -> SocketAddr {
        self.address
    }

    /// Whether it is spoken to over UDP; otherwise over TCP.
    #[must_use]
    pub const fn is_udp(self) -> bool {
        self.udp
    }
}

impl Word for ServiceAt {
    const KIND: &'static str = "address, port and protocol";
    const KINDS: &'static str = "list of addresses, ports and protocols";

    fn from_word(word: &str, _: Rule) -> Result<Self, String> {
        let wrong = || "must be an address with port and protocol, as in 192.0.2.7:22/tcp";
        let (address, protocol) = word.rsplit_once('/').ok_or_else(wrong)?;
        let udp = match protocol {
            "tcp" => false,
            "udp" => true,
            _ => return Err(wrong().to_owned()),
        };
        Ok(ServiceAt { address: address.parse().map_err(|_| wrong().to_owned())?, udp })
    }

    fn to_word(&self) -> String {
        format!("{}/{}", self.address, if self.udp { "udp" } else { "tcp" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_what_they_say() {
        let holds = |network: &str, address: &str| {
            network.parse::<Network>().unwrap().contains(address.parse().unwrap())
        };
        assert!(holds("192.0.2.0/24", "192.0.2.255"));
        assert!(!holds("192.0.2.0/24", "192.0.3.0"));
        assert!(holds("192.0.2.0/24", "::ffff:192.0.2.7"));
        assert!(holds("0.0.0.0/0", "203.0.113.9"));
        assert!(!holds("0.0.0.0/0", "2001:db8::1"));
        assert!(holds("::/0", "2001:db8::1"));
        assert!(!holds("::/0", "::ffff:203.0.113.9"));
        assert!(holds("2001:db8::/32", "2001:db8:ffff::1"));
        assert!(holds("192.0.2.7", "192.0.2.7"));
        assert!(!holds("192.0.2.7", "192.0.2.6"));
    }

    #[test]
    fn a_network_with_bits_behind_its_prefix_is_told_what_it_is() {
        let says = "192.0.2.7/24".parse::<Network>().unwrap_err();
        assert!(says.ends_with("the network is 192.0.2.0/24"), "{says}");
        for text in ["", "/", "192.0.2.0/33", "192.0.2.0/+8", "192.0.2.0/", "x/8", "::/129"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_default_lets_private_networks_in_and_no_others() {
        let allowed = |address: &str| {
            let address = address.parse().unwrap();
            private_networks().iter().any(|network| network.contains(address))
        };
        for address in ["127.0.0.1", "::1", "10.1.2.3", "172.31.0.1", "192.168.1.1", "fd00::1"] {
            assert!(allowed(address), "{address}");
        }
        for address in ["8.8.8.8", "172.32.0.1", "100.64.0.1", "2001:db8::1", "::ffff:8.8.8.8"] {
            assert!(!allowed(address), "{address}");
        }
    }
}
