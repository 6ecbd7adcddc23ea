//! Who the other end is, in words.

use std::net::IpAddr;

use crate::document::Peer;
use crate::resolve::{DNS_SERVERS, NTP_SERVERS};

/// Groups that people may know by name.
const GROUPS: &[(&str, &str)] = &[
    ("224.0.0.251", "everybody nearby"),
    ("ff02::fb", "everybody nearby"),
    ("239.255.255.250", "everybody nearby"),
    ("ff02::c", "everybody nearby"),
    ("224.0.0.252", "everybody nearby"),
    ("ff02::1:3", "everybody nearby"),
    ("224.0.0.1", "every device nearby"),
    ("ff02::1", "every device nearby"),
    ("ff02::2", "every router nearby"),
    ("ff02::1:2", "every DHCP server nearby"),
];

/// Who a peer is.
pub(super) fn who(peer: &Peer) -> String {
    match peer {
        Peer::Device { id, name } if name.is_empty() => format!("the device {id}"),
        Peer::Device { name, .. } => name.to_string(),
        Peer::Group { tag } => format!("every device labelled {tag}"),
        Peer::Zone { zone } => format!("every device in zone {zone}"),
        Peer::Network { net } if net.prefix_len() == net.max_prefix_len() => {
            format!("the address {}", net.addr())
        }
        Peer::Network { net } => format!("every address of {net}"),
        Peer::Name { name } => match name.strip_prefix("*.") {
            Some(parent) => format!("anything below {parent}"),
            None => name.to_string(),
        },
        Peer::MyController => "its own controller".to_owned(),
        Peer::Controller { class } if class == DNS_SERVERS => "the name servers".to_owned(),
        Peer::Controller { class } if class == NTP_SERVERS => "the time servers".to_owned(),
        Peer::Controller { class } => format!("the controllers for {class}"),
        Peer::SameManufacturer => "every device of the same maker".to_owned(),
        Peer::Manufacturer { name } => format!("every device made by {name}"),
        Peer::Model { name } => format!("every {name}"),
        Peer::LocalNetworks => "everybody in the local networks".to_owned(),
        Peer::Gateway => "the router".to_owned(),
        Peer::Multicast { group } => group_name(*group),
        Peer::Broadcast => "everybody nearby".to_owned(),
        Peer::Internet => "anybody on the Internet".to_owned(),
        Peer::Anyone => "anybody at all".to_owned(),
    }
}

fn group_name(group: IpAddr) -> String {
    let known = GROUPS.iter().find(|(ip, _)| ip.parse() == Ok(group));
    known.map_or_else(|| format!("the group {group}"), |(_, name)| (*name).to_owned())
}
