//! What the log means for contracts: whose it was, and which entry would have allowed it.

use std::collections::HashMap;
use std::net::IpAddr;

use cordon_contract::{Carrier, Entry, MemberNo, Opens, Peer, Policy, Ports, Refusal, Side};
use cordon_model::{DeviceId, Mac};

use crate::nflog::Record;

/// A packet of the log, explained.
#[derive(Clone, PartialEq, Debug)]
pub struct Denied {
    /// The packet, and why it was logged.
    pub record: Record,
    /// Whose contract, switch or address it is about; none where the policy has no such member
    /// any more.
    pub member: Option<MemberNo>,
    /// The device of that member.
    pub device: Option<DeviceId>,
    /// The entry that is missing in its contract; none where an entry would not help: the switch
    /// is off, or the address misused.
    pub missing: Option<Entry>,
}

/// Explains what is in the log.
pub struct Explainer<'a> {
    policy: &'a Policy,
    by_mac: HashMap<Mac, MemberNo>,
    by_ip: HashMap<IpAddr, MemberNo>,
}

impl<'a> Explainer<'a> {
    /// Makes a policy ready to explain.
    #[must_use]
    pub fn new(policy: &'a Policy) -> Self {
        let mut by_mac = HashMap::new();
        let mut by_ip = HashMap::new();
        for (no, member) in (0..).map(MemberNo).zip(&policy.members) {
            if member.link.is_some() {
                by_mac.extend(member.macs.iter().map(|mac| (*mac, no)));
            }
            by_ip.extend(member.ips.iter().map(|ip| (*ip, no)));
        }
        Explainer { policy, by_mac, by_ip }
    }

    /// Whose it was, and what is missing.
    #[must_use]
    pub fn explain(&self, record: Record) -> Denied {
        let packet = &record.packet;
        let by_ip = |ip: IpAddr| self.by_ip.get(&ip).copied();
        let by_mac = packet.mac.and_then(|mac| self.by_mac.get(&mac).copied());
        let (member, peer, opens) = match record.logged.side {
            Side::Source => (by_mac.or_else(|| by_ip(packet.from)), packet.to, Opens::Device),
            Side::Destination => (by_ip(packet.to), packet.from, Opens::Peer),
        };
        let outside = record.logged.why == Refusal::Outside;
        let missing = member.filter(|_| outside).map(|_| {
            let ports = match packet.carrier {
                Carrier::Tcp | Carrier::Udp | Carrier::Icmp | Carrier::Icmpv6 => {
                    Some(Ports::one(packet.to_port))
                }
                _ => None,
            };
            Entry::new(self.peer(peer), opens, packet.carrier, ports)
        });
        let device =
            member.and_then(|no| self.policy.member(no)).map(|member| member.device.clone());
        Denied { record, member, device, missing }
    }

    fn peer(&self, ip: IpAddr) -> Peer {
        let member = self.by_ip.get(&ip).and_then(|no| self.policy.member(*no));
        match member {
            Some(member) => Peer::Device { id: member.device.clone(), name: member.label.clone() },
            None if ip == IpAddr::V4(std::net::Ipv4Addr::BROADCAST) => Peer::Broadcast,
            None if ip.is_multicast() => Peer::Multicast { group: ip },
            None => Peer::Network { net: ip.into() },
        }
    }
}
