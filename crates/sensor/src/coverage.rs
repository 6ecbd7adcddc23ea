//! What the sensor saw, and what it could not see or understand.

use std::collections::BTreeMap;
use std::fmt;

use cordon_model::{App, Basis, Flow, Transport};

/// Distinct EtherTypes, link types and IP protocols named one by one; the rest is a sum.
const MAX_NAMES: usize = 64;

/// Flows and packets of one protocol.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct ProtocolCount {
    /// Flows.
    pub flows: u64,
    /// Packets that carried its payload.
    pub packets: u64,
}

/// A kind of packet that is not decoded.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Unknown {
    /// A link type.
    Link(u32),
    /// An EtherType.
    EtherType(u16),
    /// 802.2 with these destination and source service access points.
    Llc(u8, u8),
    /// An IP protocol.
    Ip(u8),
    /// One of further kinds, not told apart.
    Others,
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unknown::Link(number) => write!(f, "link type {number}"),
            Unknown::EtherType(number) => write!(f, "EtherType {number:#06x}"),
            Unknown::Llc(to, from) => write!(f, "LLC {to:#04x}/{from:#04x}"),
            Unknown::Ip(number) => write!(f, "IP protocol {number}"),
            Unknown::Others => f.write_str("others"),
        }
    }
}

/// Counts of one run.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Coverage {
    /// Packets taken in.
    pub packets: u64,
    /// Bytes on the wire.
    pub bytes: u64,
    /// Packets of which the capture kept only a part.
    pub truncated: u64,
    /// Packets whose link, network or transport header is damaged.
    pub malformed: u64,
    /// Packets of kinds that are not decoded.
    pub unknown: BTreeMap<Unknown, u64>,
    /// Packets with payload in flows whose application was not recognised.
    pub unrecognised: u64,
    /// Messages that broke the rules of the protocol of their flow.
    pub odd_messages: u64,
    /// Encrypted 802.11 data frames.
    pub wlan_protected: u64,
    /// Datagrams of which pieces are missing.
    pub incomplete_fragments: u64,
    /// Checksums verified, a sample.
    pub checksums: u64,
    /// Checksums found wrong in the sample.
    pub wrong_checksums: u64,
    /// Frames longer than any Ethernet sends without jumbo frames: joined by the capturing card.
    pub merged: u64,
    /// Unicast packets.
    pub unicast: u64,
    /// Multicast and broadcast packets.
    pub group: u64,
    /// Flows reported.
    pub flows: u64,
    /// Flows of which one direction was never seen, groups aside.
    pub one_way: u64,
    /// TCP and UDP flows between two single addresses.
    pub conversations: u64,
    /// Flows pushed out because the table was full.
    pub pushed_out: u64,
    /// Flows and packets by protocol seen in payload.
    pub protocols: BTreeMap<App, ProtocolCount>,
    /// Flows and packets by protocol guessed from the port.
    pub guessed: BTreeMap<App, ProtocolCount>,
}

impl Coverage {
    /// Packets that no parser understood: damaged, unknown, or payload of an unknown application.
    #[must_use]
    pub fn undecoded(&self) -> u64 {
        self.malformed + self.unknown.values().sum::<u64>() + self.unrecognised
    }

    /// Counts a packet of something that is not decoded.
    pub(crate) fn not_decoded(&mut self, what: Unknown) {
        let room = self.unknown.len() < MAX_NAMES || self.unknown.contains_key(&what);
        *self.unknown.entry(if room { what } else { Unknown::Others }).or_default() += 1;
    }

    /// Counts a packet of a protocol without flows.
    pub(crate) fn flowless(&mut self, app: App) {
        self.protocols.entry(app).or_default().packets += 1;
    }

    /// Counts a flow that is reported; one in parts is counted with its first part.
    pub(crate) fn reported(&mut self, flow: &Flow, group: bool) {
        let first = flow.part == 0;
        self.flows += u64::from(first);
        if first && matches!(flow.transport, Transport::Tcp | Transport::Udp) && !group {
            self.conversations += 1;
            if flow.is_one_way() {
                self.one_way += 1;
            }
        }
        let carried = flow.sent.data_packets + flow.received.data_packets;
        let counts = match (flow.app, flow.basis) {
            (Some(app), Some(Basis::Payload)) => Some(self.protocols.entry(app).or_default()),
            (Some(app), Some(Basis::Port)) => Some(self.guessed.entry(app).or_default()),
            _ => None,
        };
        if let Some(count) = counts {
            count.flows += u64::from(first);
            count.packets += carried;
        }
        if flow.basis != Some(Basis::Payload)
            && matches!(flow.transport, Transport::Tcp | Transport::Udp)
        {
            self.unrecognised += carried;
        }
    }
}
