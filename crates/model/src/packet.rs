//! A captured packet and where it lies.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Which packet of which input: what every piece of evidence points at.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, Serialize, Deserialize,
)]
pub struct PacketId {
    /// Index of the input, in the order the inputs were given.
    pub input: u32,
    /// Number within the input; the first packet is 1, as in tshark.
    pub number: u64,
}

/// A link type by its LINKTYPE_ number (<https://www.tcpdump.org/linktypes.html>).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct LinkType(pub u32);

impl LinkType {
    /// BSD loopback: a four-byte address family in the byte order of the capturing machine.
    pub const NULL: LinkType = LinkType(0);
    /// Ethernet.
    pub const ETHERNET: LinkType = LinkType(1);
    /// Raw IP, as old files number it.
    pub const RAW_BSD: LinkType = LinkType(12);
    /// Raw IP, as OpenBSD numbered it.
    pub const RAW_OPENBSD: LinkType = LinkType(14);
    /// Raw IP: version from the first nibble.
    pub const RAW: LinkType = LinkType(101);
    /// Bare 802.11 frames.
    pub const IEEE802_11: LinkType = LinkType(105);
    /// OpenBSD loopback: address family in network byte order.
    pub const LOOP: LinkType = LinkType(108);
    /// Cisco HDLC.
    pub const C_HDLC: LinkType = LinkType(104);
    /// Linux "cooked" capture, version 1.
    pub const LINUX_SLL: LinkType = LinkType(113);
    /// 802.11 behind a Prism header.
    pub const PRISM: LinkType = LinkType(119);
    /// 802.11 behind a radiotap header.
    pub const RADIOTAP: LinkType = LinkType(127);
    /// 802.11 behind an AVS header.
    pub const AVS: LinkType = LinkType(163);
    /// 802.11 behind a Per-Packet Information header.
    pub const PPI: LinkType = LinkType(192);
    /// Raw IPv4.
    pub const IPV4: LinkType = LinkType(228);
    /// Raw IPv6.
    pub const IPV6: LinkType = LinkType(229);
    /// Packets handed over by Linux' netfilter log.
    pub const NFLOG: LinkType = LinkType(239);
    /// Linux "cooked" capture, version 2.
    pub const LINUX_SLL2: LinkType = LinkType(276);
    /// PPP in HDLC-like framing, without or with address and control field.
    pub const PPP: LinkType = LinkType(9);
}

/// One captured packet, borrowed from its source.
#[derive(Clone, Copy, Debug)]
pub struct RawPacket<'a> {
    /// Where it lies.
    pub id: PacketId,
    /// When it was captured.
    pub at: Timestamp,
    /// What its first byte means.
    pub link: LinkType,
    /// Length on the wire in bytes; `data` is shorter where the capture cut it.
    pub wire_len: u32,
    /// The captured bytes.
    pub data: &'a [u8],
}
