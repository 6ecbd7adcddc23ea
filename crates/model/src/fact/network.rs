//! Facts of the network's own protocols.

use std::net::{IpAddr, Ipv4Addr};

use serde::{Deserialize, Serialize};

use crate::{Mac, Text};

/// ARP (RFC 826).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Arp {
    /// Whether it answers.
    pub reply: bool,
    /// The sender's link-layer address as the ARP body says it.
    pub sender_mac: Mac,
    /// The sender's address; unspecified in a probe (RFC 5227).
    pub sender_ip: Ipv4Addr,
    /// The address asked for.
    pub target_ip: Ipv4Addr,
}

/// Which neighbour discovery message.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NeighbourMessage {
    /// Router solicitation.
    RouterSolicit,
    /// Router advertisement.
    RouterAdvert,
    /// Neighbour solicitation.
    Solicit,
    /// Neighbour advertisement.
    Advert,
    /// Redirect.
    Redirect,
}

/// IPv6 neighbour discovery (RFC 4861).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Neighbour {
    /// Which message.
    pub message: NeighbourMessage,
    /// The target address, for solicitations, advertisements and redirects.
    pub target: Option<IpAddr>,
    /// The link-layer address option.
    pub mac: Option<Mac>,
    /// The router flag of an advertisement, or that it is a router advertisement with a lifetime.
    pub router: bool,
}

/// IGMP or MLD.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct GroupMembership {
    /// The group joined or left; none in a general query.
    pub group: Option<IpAddr>,
    /// Whether it is a query, as a router or snooping switch sends.
    pub query: bool,
}

/// What the first packet of a TCP connection tells about its sender's stack.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct SynFingerprint {
    /// Whether it is the SYN-ACK.
    pub ack: bool,
    /// Time to live or hop limit as seen here.
    pub ttl: u8,
    /// Window.
    pub window: u16,
    /// Maximum segment size option.
    pub mss: Option<u16>,
    /// Window scale option.
    pub scale: Option<u8>,
    /// Option kinds in their order, at most 16.
    pub options: Text,
}

/// 802.1X (EAPOL).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Eapol {
    /// Packet type: 0 EAP, 1 start, 2 logoff, 3 key.
    pub kind: u8,
    /// Length of the body in bytes.
    pub length: u16,
    /// EAP method number of a request or response (RFC 3748, 5), if EAP.
    pub method: Option<u8>,
    /// The identity of an EAP response.
    pub identity: Option<Text>,
}

/// DHCP message types (RFC 2132, 9.6).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DhcpMessage {
    /// DHCPDISCOVER.
    Discover,
    /// DHCPOFFER.
    Offer,
    /// DHCPREQUEST.
    Request,
    /// DHCPDECLINE.
    Decline,
    /// DHCPACK.
    Ack,
    /// DHCPNAK.
    Nak,
    /// DHCPRELEASE.
    Release,
    /// DHCPINFORM.
    Inform,
    /// BOOTP without a message type, or a type of a later RFC.
    Other,
}

/// DHCP (RFC 2131). Client fields are about the client even in a server's answer.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Dhcp {
    /// Message type.
    pub message: DhcpMessage,
    /// Client hardware address, for Ethernet.
    pub client: Option<Mac>,
    /// The client's present address, if it has one.
    pub client_ip: Option<Ipv4Addr>,
    /// The address given by the server.
    pub your_ip: Option<Ipv4Addr>,
    /// Option 50.
    pub requested_ip: Option<Ipv4Addr>,
    /// Option 54.
    pub server_id: Option<Ipv4Addr>,
    /// Option 3: routers.
    pub routers: Vec<Ipv4Addr>,
    /// Option 6: resolvers.
    pub resolvers: Vec<Ipv4Addr>,
    /// Option 12, or 81 where 12 is missing.
    pub hostname: Option<Text>,
    /// Option 60.
    pub vendor_class: Option<Text>,
    /// Option 77.
    pub user_class: Option<Text>,
    /// Option 55 in wire order.
    pub parameters: Vec<u8>,
    /// Option codes in wire order, without pad and end.
    pub options: Vec<u8>,
    /// Option 57: largest message.
    pub max_size: Option<u16>,
    /// Option 61, as bytes.
    pub client_id: Vec<u8>,
    /// Option 161: MUD URL (RFC 8520).
    pub mud_url: Option<Text>,
}

/// DHCPv6 (RFC 8415).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Dhcpv6 {
    /// Message type number (1 solicit, 2 advertise, 3 request, 7 reply, 11 information-request …).
    pub message: u8,
    /// Client DUID.
    pub duid: Vec<u8>,
    /// Link-layer address inside the DUID, if it has one.
    pub duid_mac: Option<Mac>,
    /// Option 39: FQDN.
    pub fqdn: Option<Text>,
    /// Option 16: enterprise number and vendor class.
    pub vendor_class: Option<(u32, Text)>,
    /// Option 6 in wire order.
    pub parameters: Vec<u16>,
    /// Addresses given or asked for in IA options.
    pub addresses: Vec<IpAddr>,
    /// Option 112: MUD URL.
    pub mud_url: Option<Text>,
}

/// Which member of the DNS family.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DnsKind {
    /// Unicast DNS (RFC 1035).
    Dns,
    /// Multicast DNS (RFC 6762).
    Mdns,
    /// LLMNR (RFC 4795).
    Llmnr,
    /// NetBIOS name service (RFC 1002).
    Nbns,
}

/// One question.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct DnsQuestion {
    /// Name, lower-case, without the last dot. NetBIOS names are decoded, without their suffix byte.
    pub name: Text,
    /// Type number.
    pub rtype: u16,
}

/// The data of one record.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DnsValue {
    /// A or AAAA.
    Address(IpAddr),
    /// CNAME, PTR, NS.
    Name(Text),
    /// SRV: target and port.
    Service(Text, u16),
    /// TXT strings in their order.
    Texts(Vec<Text>),
    /// HINFO: CPU and OS.
    Host(Text, Text),
    /// NBSTAT names of the node, without suffix byte.
    NodeNames(Vec<Text>),
    /// Any other, not kept.
    Other,
}

/// One record, of any section but the questions.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct DnsRecord {
    /// Owner name; case kept for mDNS (service instances are display names), lower-case otherwise.
    pub name: Text,
    /// Type number.
    pub rtype: u16,
    /// Lifetime in seconds.
    pub ttl: u32,
    /// Data.
    pub value: DnsValue,
}

/// A DNS message.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Dns {
    /// Which member of the family.
    pub kind: DnsKind,
    /// Whether it is a response.
    pub response: bool,
    /// Response code (0 no error, 3 no such name).
    pub rcode: u8,
    /// Questions, at most 16.
    pub questions: Vec<DnsQuestion>,
    /// Answer, authority and additional records in their order, at most 128.
    pub records: Vec<DnsRecord>,
    /// Records left out by the limit or damaged.
    pub left_out: u16,
}
