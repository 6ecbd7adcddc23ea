//! Link layer: from the first captured byte to the network layer.
//!
//! Ethernet II and 802.3 with LLC/SNAP, up to [`MAX_TAGS`] VLAN tags, MPLS, PPPoE, PPP, Linux
//! cooked capture, BSD loopback and raw IP.

use cordon_model::{LinkType, Mac};

use crate::Reader;

/// VLAN tags (802.1Q, 802.1ad) and MPLS labels passed over; real stacks have two or three, and
/// hostile ones fill the frame.
pub const MAX_TAGS: usize = 8;

/// EtherTypes that the decoder names.
pub mod ethertype {
    #![allow(missing_docs, reason = "the names are those of the registry")]
    pub const IPV4: u16 = 0x0800;
    pub const ARP: u16 = 0x0806;
    pub const TRANSPARENT_ETHERNET: u16 = 0x6558;
    pub const VLAN: u16 = 0x8100;
    pub const IPV6: u16 = 0x86dd;
    pub const PPP: u16 = 0x880b;
    pub const MPLS: u16 = 0x8847;
    pub const MPLS_MULTICAST: u16 = 0x8848;
    pub const PPPOE_SESSION: u16 = 0x8864;
    pub const EAPOL: u16 = 0x888e;
    pub const SERVICE_VLAN: u16 = 0x88a8;
    pub const ERSPAN: u16 = 0x88be;
    pub const LLDP: u16 = 0x88cc;
    pub const QINQ_OLD: u16 = 0x9100;
    pub const ERSPAN3: u16 = 0x22eb;
}

/// What the link header says.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Link {
    /// Source, where the link has addresses.
    pub from: Option<Mac>,
    /// Destination, where the link has addresses.
    pub to: Option<Mac>,
    /// The outermost VLAN.
    pub vlan: Option<u16>,
}

/// What lies behind the link header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Payload<'a> {
    /// An IPv4 or IPv6 packet, as its first nibble says.
    Ip(&'a [u8]),
    /// ARP.
    Arp(&'a [u8]),
    /// 802.1X.
    Eapol(&'a [u8]),
    /// LLDP.
    Lldp(&'a [u8]),
    /// Cisco Discovery Protocol, behind its SNAP header.
    Cdp(&'a [u8]),
    /// An 802.11 frame, its capture header still in front; see [`crate::wlan`].
    Wlan(&'a [u8]),
    /// 802.2 LLC with these service access points (destination, source).
    Llc(u8, u8),
    /// An EtherType that is not decoded.
    Other(u16),
    /// Too short or contradictory.
    Malformed,
    /// A link type that is not decoded.
    UnknownLink,
}

/// Decodes the link header of a captured frame.
#[inline]
#[must_use]
pub fn decode(link: LinkType, data: &[u8]) -> (Link, Payload<'_>) {
    if link == LinkType::ETHERNET {
        return ethernet(data);
    }
    let none = Link::default();
    match link {
        LinkType::RAW
        | LinkType::RAW_BSD
        | LinkType::RAW_OPENBSD
        | LinkType::IPV4
        | LinkType::IPV6 => (none, raw_ip(data)),
        LinkType::NULL | LinkType::LOOP => (none, loopback(data)),
        LinkType::LINUX_SLL => cooked(data),
        LinkType::LINUX_SLL2 => cooked2(data),
        LinkType::PPP => (none, ppp(data)),
        LinkType::C_HDLC => (none, cisco_hdlc(data)),
        LinkType::NFLOG => (none, netfilter_log(data)),
        LinkType::IEEE802_11
        | LinkType::RADIOTAP
        | LinkType::PRISM
        | LinkType::AVS
        | LinkType::PPI => (none, Payload::Wlan(data)),
        _ => (none, Payload::UnknownLink),
    }
}

/// Decodes an Ethernet frame.
#[inline]
#[must_use]
pub fn ethernet(data: &[u8]) -> (Link, Payload<'_>) {
    let Some((header, rest)) = data.split_first_chunk::<14>() else {
        return (Link::default(), Payload::Malformed);
    };
    let [d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, t0, t1] = *header;
    let mut link = Link {
        from: Some(Mac([s0, s1, s2, s3, s4, s5])),
        to: Some(Mac([d0, d1, d2, d3, d4, d5])),
        vlan: None,
    };
    let kind = u16::from_be_bytes([t0, t1]);
    let payload = network(kind, rest, &mut link);
    (link, payload)
}

/// Decodes what an EtherType (or an 802.3 length) announces.
#[inline]
pub fn network<'a>(kind: u16, rest: &'a [u8], link: &mut Link) -> Payload<'a> {
    match kind {
        ethertype::IPV4 | ethertype::IPV6 => raw_ip(rest),
        ethertype::ARP => Payload::Arp(rest),
        _ => behind_tags(kind, rest, link),
    }
}

fn behind_tags<'a>(mut kind: u16, rest: &'a [u8], link: &mut Link) -> Payload<'a> {
    let mut reader = Reader::new(rest);
    for _ in 0..MAX_TAGS {
        match kind {
            ethertype::VLAN | ethertype::SERVICE_VLAN | ethertype::QINQ_OLD => {
                let (Some(tag), Some(next)) = (reader.u16(), reader.u16()) else {
                    return Payload::Malformed;
                };
                // Identifier 0 only carries a priority (802.1Q, 9.6).
                link.vlan = link.vlan.or(Some(tag & 0x0fff).filter(|id| *id != 0));
                kind = next;
            }
            ethertype::MPLS | ethertype::MPLS_MULTICAST => {
                let Some(label) = reader.u32() else { return Payload::Malformed };
                if label & 0x100 != 0 {
                    return raw_ip(reader.rest());
                }
            }
            _ => return tagless(kind, reader.rest()),
        }
    }
    Payload::Malformed
}

fn tagless(kind: u16, rest: &[u8]) -> Payload<'_> {
    match kind {
        ethertype::IPV4 | ethertype::IPV6 => raw_ip(rest),
        ethertype::ARP => Payload::Arp(rest),
        ethertype::EAPOL => Payload::Eapol(rest),
        ethertype::LLDP => Payload::Lldp(rest),
        ethertype::PPPOE_SESSION => pppoe(rest),
        0..=1500 => llc(rest.get(..usize::from(kind)).unwrap_or(rest)),
        other => Payload::Other(other),
    }
}

/// 802.2 LLC, with SNAP inside (RFC 1042).
#[must_use]
pub fn llc(data: &[u8]) -> Payload<'_> {
    let mut reader = Reader::new(data);
    let (Some(to), Some(from), Some(_control)) = (reader.u8(), reader.u8(), reader.u8()) else {
        return Payload::Malformed;
    };
    if (to, from) != (0xaa, 0xaa) {
        return Payload::Llc(to, from);
    }
    let (Some(organisation), Some(kind)) = (reader.u24(), reader.u16()) else {
        return Payload::Malformed;
    };
    match (organisation, kind) {
        (0x00_000c, 0x2000) => Payload::Cdp(reader.rest()),
        (0, kind) if kind > 1500 => tagless(kind, reader.rest()),
        _ => Payload::Llc(to, from),
    }
}

fn raw_ip(data: &[u8]) -> Payload<'_> {
    match data.first().map(|byte| byte >> 4) {
        Some(4 | 6) => Payload::Ip(data),
        _ => Payload::Malformed,
    }
}

/// The four-byte family is in the capturing machine's byte order or, for LOOP, in network order;
/// its value differs by system for IPv6, so the IP version decides.
fn loopback(data: &[u8]) -> Payload<'_> {
    let mut reader = Reader::new(data);
    let Some(family) = reader.u32() else { return Payload::Malformed };
    let family = if family > 0xffff { family.swap_bytes() } else { family };
    match family {
        2 | 10 | 23 | 24 | 26 | 28 | 30 => raw_ip(reader.rest()),
        _ => Payload::Other(u16::try_from(family).unwrap_or(u16::MAX)),
    }
}

fn pppoe(data: &[u8]) -> Payload<'_> {
    let mut reader = Reader::new(data);
    let (Some(_version_code), Some(_session), Some(length)) =
        (reader.u16(), reader.u16(), reader.u16())
    else {
        return Payload::Malformed;
    };
    let rest = reader.rest();
    ppp_protocol(rest.get(..usize::from(length)).unwrap_or(rest))
}

fn ppp(data: &[u8]) -> Payload<'_> {
    ppp_protocol(data.strip_prefix(&[0xff, 0x03]).unwrap_or(data))
}

fn cisco_hdlc(data: &[u8]) -> Payload<'_> {
    let mut reader = Reader::new(data);
    let (Some(_address_control), Some(kind)) = (reader.u16(), reader.u16()) else {
        return Payload::Malformed;
    };
    network(kind, reader.rest(), &mut Link::default())
}

/// Family, version and resource, then attributes in the byte order of the capturing machine, each
/// padded to four bytes; one of them is the packet (LINKTYPE_NFLOG).
fn netfilter_log(data: &[u8]) -> Payload<'_> {
    const PACKET: u16 = 9;
    const MAX_ATTRIBUTES: usize = 32;
    let mut reader = Reader::new(data);
    if reader.u32().is_none() {
        return Payload::Malformed;
    }
    for _ in 0..MAX_ATTRIBUTES {
        let (Some(length), Some(kind)) = (reader.u16_le(), reader.u16_le()) else { break };
        let Some(body) = usize::from(length).checked_sub(4) else { break };
        let rest = reader.rest();
        if kind & 0x7fff == PACKET {
            return raw_ip(rest.get(..body).unwrap_or(rest));
        }
        if reader.skip(body.next_multiple_of(4)).is_none() {
            break;
        }
    }
    Payload::Malformed
}

fn ppp_protocol(data: &[u8]) -> Payload<'_> {
    let mut reader = Reader::new(data);
    let Some(first) = reader.u8() else { return Payload::Malformed };
    let protocol = if first & 1 == 1 {
        u16::from(first)
    } else {
        match reader.u8() {
            Some(second) => u16::from_be_bytes([first, second]),
            None => return Payload::Malformed,
        }
    };
    match protocol {
        0x0021 | 0x0057 => raw_ip(reader.rest()),
        other => Payload::Other(other),
    }
}

/// Linux cooked capture, version 1 (LINKTYPE_LINUX_SLL).
fn cooked(data: &[u8]) -> (Link, Payload<'_>) {
    let mut reader = Reader::new(data);
    let mut link = Link::default();
    let header = (|| {
        let _packet_type = reader.u16()?;
        let hardware = reader.u16()?;
        let length = reader.u16()?;
        let address = reader.array::<8>()?;
        Some((hardware, length, address, reader.u16()?))
    })();
    let Some((hardware, length, address, kind)) = header else {
        return (link, Payload::Malformed);
    };
    link.from = cooked_mac(hardware, length, address);
    let payload = cooked_network(kind, reader.rest(), &mut link);
    (link, payload)
}

/// Linux cooked capture, version 2 (LINKTYPE_LINUX_SLL2).
fn cooked2(data: &[u8]) -> (Link, Payload<'_>) {
    let mut reader = Reader::new(data);
    let mut link = Link::default();
    let header = (|| {
        let kind = reader.u16()?;
        let _reserved = reader.u16()?;
        let _interface = reader.u32()?;
        let hardware = reader.u16()?;
        let _packet_type = reader.u8()?;
        let length = u16::from(reader.u8()?);
        Some((hardware, length, reader.array::<8>()?, kind))
    })();
    let Some((hardware, length, address, kind)) = header else {
        return (link, Payload::Malformed);
    };
    link.from = cooked_mac(hardware, length, address);
    let payload = cooked_network(kind, reader.rest(), &mut link);
    (link, payload)
}

/// ARPHRD_ETHER and the 802.11 kinds carry a MAC; loopback has one of zeros.
fn cooked_mac(hardware: u16, length: u16, address: [u8; 8]) -> Option<Mac> {
    let [a, b, c, d, e, f, ..] = address;
    let mac = Mac([a, b, c, d, e, f]);
    (matches!(hardware, 1 | 801..=803) && length == 6 && mac.is_device()).then_some(mac)
}

fn cooked_network<'a>(kind: u16, rest: &'a [u8], link: &mut Link) -> Payload<'a> {
    match kind {
        // 802.2 frames and "novell" 802.3 frames have pseudo-types.
        0x0004 => llc(rest),
        0x0001 => Payload::Other(kind),
        _ => network(kind, rest, link),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IP: [u8; 2] = [0x45, 0];

    fn frame(tail: &[u8]) -> Vec<u8> {
        [&[2, 0, 0, 0, 0, 1, 0, 0x17, 0x88, 1, 2, 3][..], tail].concat()
    }

    #[test]
    fn double_tagged_frames_keep_the_outer_vlan() {
        let data = frame(&[0x88, 0xa8, 0, 100, 0x81, 0, 0, 7, 8, 0, 0x45, 0]);
        let (link, payload) = ethernet(&data);
        assert_eq!(link.vlan, Some(100));
        assert_eq!(payload, Payload::Ip(&IP));
    }

    #[test]
    fn a_priority_tag_is_no_vlan() {
        let data = frame(&[0x81, 0, 0xe0, 0, 8, 0, 0x45, 0]);
        assert_eq!(ethernet(&data).0.vlan, None);
    }

    #[test]
    fn a_frame_made_of_tags_alone_ends() {
        let data = frame(&[0x81, 0, 0, 1].repeat(300));
        assert_eq!(ethernet(&data).1, Payload::Malformed);
    }

    #[test]
    fn pppoe_and_mpls_lead_to_ip() {
        let data = frame(&[0x88, 0x64, 0x11, 0, 0, 1, 0, 4, 0, 0x21, 0x45, 0]);
        assert_eq!(ethernet(&data).1, Payload::Ip(&IP));
        let data = frame(&[0x88, 0x47, 0, 0, 0, 64, 0, 0, 1, 64, 0x45, 0]);
        assert_eq!(ethernet(&data).1, Payload::Ip(&IP));
    }

    #[test]
    fn loopback_families_of_either_byte_order_are_read() {
        for head in [[2, 0, 0, 0], [0, 0, 0, 2]] {
            let data = [&head[..], &IP].concat();
            assert_eq!(decode(LinkType::NULL, &data).1, Payload::Ip(&IP));
        }
    }

    #[test]
    fn a_netfilter_log_gives_its_packet() {
        let data = [&[2, 0, 0, 0, 5, 0, 10, 0, b'x', 0, 0, 0, 6, 0, 9, 0][..], &IP].concat();
        assert_eq!(decode(LinkType::NFLOG, &data).1, Payload::Ip(&IP));
        assert_eq!(decode(LinkType::NFLOG, &[0; 64]).1, Payload::Malformed);
    }

    #[test]
    fn cisco_discovery_lies_behind_snap() {
        let data = frame(&[0, 10, 0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20, 0, 2, 180, 9]);
        assert_eq!(ethernet(&data).1, Payload::Cdp(&[2, 180]));
    }
}
