//! Who serves, who asks, and what lies outside the operator's networks.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use cordon_model::{Fact, Mac, Party, Said, Scope, Timestamp, Transport, scope};

use crate::ledger::Forget;

/// A network by its prefix.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// `address` with `bits` of prefix; more bits than the address has mean the address itself.
    #[must_use]
    pub fn new(address: IpAddr, bits: u8) -> Self {
        Network { address: masked(address, bits), bits }
    }

    /// Whether `ip` lies in it.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        ip.is_ipv4() == self.address.is_ipv4() && masked(ip, self.bits) == self.address
    }
}

fn masked(ip: IpAddr, bits: u8) -> IpAddr {
    match ip {
        IpAddr::V4(ip) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits.min(32))).unwrap_or(0);
            Ipv4Addr::from_bits(ip.to_bits() & mask).into()
        }
        IpAddr::V6(ip) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits.min(128))).unwrap_or(0);
            Ipv6Addr::from_bits(ip.to_bits() & mask).into()
        }
    }
}

/// Whose weakness a sighting is, before devices are known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(crate) struct Subject {
    pub mac: Option<Mac>,
    pub ip: Option<IpAddr>,
    pub vlan: Option<u16>,
}

impl Subject {
    pub(crate) const fn of(party: &Party, vlan: Option<u16>) -> Self {
        Subject { mac: party.mac, ip: party.ip, vlan }
    }

    pub(crate) const fn station(mac: Mac, vlan: Option<u16>) -> Self {
        Subject { mac: Some(mac), ip: None, vlan }
    }

    pub(crate) const fn party(&self) -> Party {
        Party { mac: self.mac, ip: self.ip, port: None }
    }

    /// Multicast or broadcast: many, and nobody's device.
    pub(crate) fn is_group(&self) -> bool {
        self.mac.is_some_and(Mac::is_group)
            || self.ip.is_some_and(|ip| scope(ip) == Scope::Multicast)
    }

    /// Address as people write it.
    pub(crate) fn address(&self) -> String {
        match (self.ip, self.mac) {
            (Some(ip), _) => ip.to_string(),
            (None, Some(mac)) => mac.to_string(),
            (None, None) => "an unknown address".to_owned(),
        }
    }
}

/// Address and port of a party as people write it.
pub(crate) fn at(party: &Party) -> String {
    match (party.ip, party.port, party.mac) {
        (Some(IpAddr::V6(ip)), Some(port), _) => format!("[{ip}]:{port}"),
        (Some(ip), Some(port), _) => format!("{ip}:{port}"),
        (Some(ip), None, _) => ip.to_string(),
        (None, _, Some(mac)) => mac.to_string(),
        (None, _, None) => "an unknown address".to_owned(),
    }
}

/// The two ends of a message: who offers the service and who uses it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ends {
    pub server: Party,
    pub client: Party,
}

impl Ends {
    /// For messages that only servers send.
    pub(crate) const fn from_server(fact: &Fact) -> Self {
        Ends { server: fact.from, client: fact.to }
    }

    /// For messages that only clients send.
    pub(crate) const fn from_client(fact: &Fact) -> Self {
        Ends { server: fact.to, client: fact.from }
    }

    /// For messages that either end sends: the customary port decides, then the smaller one.
    pub(crate) fn by_port(fact: &Fact, customary: &[u16]) -> Self {
        let listed = |party: &Party| party.port.is_some_and(|port| customary.contains(&port));
        let to_serves = match (listed(&fact.to), listed(&fact.from)) {
            (true, false) => true,
            (false, true) => false,
            _ => fact.to.port <= fact.from.port,
        };
        if to_serves { Ends::from_client(fact) } else { Ends::from_server(fact) }
    }
}

/// How many networks are learned: enough for every segment of a capture, few enough to be small.
const MOST_LEARNED: usize = 4096;

/// Which addresses belong here.
#[derive(Clone, Debug, Default)]
pub(crate) struct Locals {
    given: Vec<Network>,
    /// With the time when ARP or neighbour discovery last showed it.
    learned: HashMap<Network, Timestamp>,
}

impl Locals {
    pub(crate) fn new(given: Vec<Network>) -> Self {
        Locals { given, learned: HashMap::new() }
    }

    /// ARP and neighbour discovery never cross a router: public addresses that take part in them
    /// are of this site, and so are their neighbours.
    pub(crate) fn learn(&mut self, fact: &Fact) {
        let ip = match &fact.said {
            Said::Arp(arp) => IpAddr::V4(arp.sender_ip),
            Said::Neighbour(_) => match fact.from.ip {
                Some(ip) => ip,
                None => return,
            },
            _ => return,
        };
        if !may_be_outside(ip) {
            return;
        }
        let network = Network::new(ip, if ip.is_ipv4() { 24 } else { 64 });
        if self.learned.len() < MOST_LEARNED || self.learned.contains_key(&network) {
            self.learned.insert(network, fact.at);
        }
    }

    /// Leaves out what is too old.
    pub(crate) fn forget(&mut self, forget: Forget) {
        forget.thin(&mut self.learned, MOST_LEARNED, |last| *last);
    }

    /// An address that a device of this site has.
    pub(crate) fn add(&mut self, ip: IpAddr) {
        if may_be_outside(ip) {
            let network = Network::new(ip, if ip.is_ipv4() { 32 } else { 128 });
            self.learned.insert(network, Timestamp::default());
        }
    }

    /// Whether `ip` is beyond the operator's networks.
    pub(crate) fn outside(&self, ip: Option<IpAddr>) -> bool {
        let Some(ip) = ip else { return false };
        may_be_outside(ip)
            && !self.given.iter().any(|network| network.contains(ip))
            && !self.learned.contains_key(&Network::new(ip, if ip.is_ipv4() { 24 } else { 64 }))
            && !self.learned.contains_key(&Network::new(ip, if ip.is_ipv4() { 32 } else { 128 }))
    }
}

/// Whether an address can belong to the Internet. Documentation addresses stand for public ones.
pub(crate) fn may_be_outside(ip: IpAddr) -> bool {
    matches!(scope(ip), Scope::Public | Scope::Documentation)
}

/// The transport's name as reports write it.
pub(crate) const fn transport_name(transport: Transport) -> &'static str {
    match transport {
        Transport::Tcp => "TCP",
        Transport::Udp => "UDP",
        Transport::Icmp => "ICMP",
        Transport::Icmpv6 => "ICMPv6",
        Transport::Ip(_) => "IP",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_its_addresses_and_no_others() {
        let net = Network::new("10.2.3.4".parse().unwrap(), 16);
        assert!(net.contains("10.2.255.1".parse().unwrap()));
        assert!(!net.contains("10.3.0.1".parse().unwrap()));
        assert!(!net.contains("::1".parse().unwrap()));
        assert!(Network::new("1.2.3.4".parse().unwrap(), 0).contains("9.9.9.9".parse().unwrap()));
        let one = Network::new("2001:db8::1".parse().unwrap(), 200);
        assert!(!one.contains("2001:db8::2".parse().unwrap()));
    }
}
