//! Access lists (RFC 8519) with the matches of RFC 8520 and RFC 9761.

use cordon_model::{Mac, Text};
use ipnet::IpNet;

use crate::ports::PortMatch;
use crate::tls::TlsProfile;

/// An access list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Acl {
    /// Its name, by which policies refer to it.
    pub name: Text,
    /// What kinds of packets it is about.
    pub kind: AclKind,
    /// Its entries; the first that fits decides.
    pub aces: Vec<Ace>,
}

/// What kinds of packets a list is about (`type`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum AclKind {
    /// `ipv4-acl-type`.
    Ipv4,
    /// `ipv6-acl-type`.
    Ipv6,
    /// `eth-acl-type`.
    Ethernet,
    /// Several of them, or not said: each entry says it by its matches.
    Mixed,
}

/// An entry of a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ace {
    /// Its name.
    pub name: Text,
    /// Which packets; all of them must hold.
    pub matches: Matches,
    /// What becomes of them.
    pub forwarding: Forwarding,
    /// Whether its conditions are all understood. One that is not has the conditions that are, and
    /// must not be used to allow anything.
    pub understood: bool,
}

/// What becomes of a packet (RFC 8519, `forwarding`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Forwarding {
    /// It passes.
    Accept,
    /// It is dropped.
    Drop,
    /// It is refused with an answer.
    Reject,
}

/// Conditions on a packet; all of them must hold.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Matches {
    /// Who the other end is, in the words of RFC 8520.
    pub who: Abstract,
    /// On the Ethernet header.
    pub eth: Option<Eth>,
    /// On the IP header.
    pub ip: Option<Ip>,
    /// On the transport header.
    pub l4: Option<L4>,
    /// On other fields of the headers.
    pub headers: Vec<Header>,
    /// On how TLS is opened; one of them must hold where there are any.
    pub tls: Vec<TlsProfile>,
}

/// Who the other end is (RFC 8520, 8).
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Abstract {
    /// Devices whose MUD URL has this authority.
    pub manufacturer: Option<Text>,
    /// Devices of the same authority as this one.
    pub same_manufacturer: bool,
    /// Devices with this MUD URL.
    pub model: Option<Text>,
    /// Any address of the site.
    pub local_networks: bool,
    /// Whoever serves this class, a URI.
    pub controller: Option<Text>,
    /// The controller of this device.
    pub my_controller: bool,
}

/// Which IP.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum IpVersion {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// On the Ethernet header.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Eth {
    /// Source address.
    pub source: Option<MacMatch>,
    /// Destination address.
    pub destination: Option<MacMatch>,
    /// Ethertype; below 0x0600 it is the length of an 802.3 frame.
    pub ethertype: Option<u16>,
}

/// A link-layer address under a mask.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MacMatch {
    /// The address.
    pub address: Mac,
    /// Which bits count; all where none is given.
    pub mask: Option<Mac>,
}

/// On the IP header.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ip {
    /// Which IP.
    pub version: IpVersion,
    /// Protocol, or next header.
    pub protocol: Option<u8>,
    /// The source is what this name means (RFC 8520, `ietf-acldns`).
    pub source_name: Option<Text>,
    /// The destination is what this name means.
    pub destination_name: Option<Text>,
    /// The source is in this network.
    pub source: Option<IpNet>,
    /// The destination is in this network.
    pub destination: Option<IpNet>,
}

impl Ip {
    /// No condition but the version.
    #[must_use]
    pub const fn any(version: IpVersion) -> Self {
        Ip {
            version,
            protocol: None,
            source_name: None,
            destination_name: None,
            source: None,
            destination: None,
        }
    }
}

/// On the transport header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum L4 {
    /// TCP.
    Tcp(Ported),
    /// UDP.
    Udp(Ported),
    /// ICMP or ICMPv6.
    Icmp {
        /// Type.
        kind: Option<u8>,
        /// Code.
        code: Option<u8>,
    },
}

/// On ports.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Ported {
    /// Source port.
    pub source: Option<PortMatch>,
    /// Destination port.
    pub destination: Option<PortMatch>,
    /// Who opened (RFC 8520, 4.8; for TCP only).
    pub initiated: Option<Initiated>,
}

/// Who opened the connection (RFC 8520, `direction-initiated`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Initiated {
    /// The device.
    FromDevice,
    /// The other end.
    ToDevice,
}

/// A header.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Layer {
    Ipv4,
    Ipv6,
    Tcp,
    Udp,
    Icmp,
}

/// A condition on a field of a header that has no type of its own: they tell packets of one
/// conversation apart, and a contract is about conversations.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Header {
    /// Which header.
    pub layer: Layer,
    /// Which field, as RFC 8519 calls it.
    pub name: &'static str,
    /// Its value.
    pub value: Field,
}

/// The value of a header's field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Field {
    /// A number.
    Number(u64),
    /// Bits by their names, or bytes in base64.
    Text(Text),
}

/// What RFC 8519 knows of headers beside what has a type: layer, field, largest value; none where
/// the value is text. Reading and writing go by this table.
pub(crate) const FIELDS: &[(Layer, &str, Option<u64>)] = &[
    (Layer::Ipv4, "dscp", Some(63)),
    (Layer::Ipv4, "ecn", Some(3)),
    (Layer::Ipv4, "length", Some(65_535)),
    (Layer::Ipv4, "ttl", Some(255)),
    (Layer::Ipv4, "ihl", Some(60)),
    (Layer::Ipv4, "flags", None),
    (Layer::Ipv4, "offset", Some(65_535)),
    (Layer::Ipv4, "identification", Some(65_535)),
    (Layer::Ipv6, "dscp", Some(63)),
    (Layer::Ipv6, "ecn", Some(3)),
    (Layer::Ipv6, "length", Some(65_535)),
    (Layer::Ipv6, "ttl", Some(255)),
    (Layer::Ipv6, "flow-label", Some(0xf_ffff)),
    (Layer::Tcp, "sequence-number", Some(0xffff_ffff)),
    (Layer::Tcp, "acknowledgement-number", Some(0xffff_ffff)),
    (Layer::Tcp, "data-offset", Some(15)),
    (Layer::Tcp, "reserved", Some(255)),
    (Layer::Tcp, "flags", None),
    (Layer::Tcp, "window-size", Some(65_535)),
    (Layer::Tcp, "urgent-pointer", Some(65_535)),
    (Layer::Tcp, "options", None),
    (Layer::Udp, "length", Some(65_535)),
    (Layer::Icmp, "rest-of-header", None),
];
