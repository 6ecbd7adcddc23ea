//! Conversations between two ends.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{App, Basis, PacketId, Party, Text, Timestamp};

/// A flow within one run; numbers are given in the order in which flows are first seen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct FlowId(pub u64);

/// What carries a flow.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// TCP (RFC 9293).
    Tcp,
    /// UDP (RFC 768).
    Udp,
    /// ICMP (RFC 792); the service port holds the type.
    Icmp,
    /// ICMPv6 (RFC 4443); the service port holds the type.
    Icmpv6,
    /// Any other IP protocol, by its number.
    Ip(u8),
}

/// From what it was decided which end offers the service.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ends {
    /// Only from the order of packets or the size of port numbers.
    Ports,
    /// From who asked and who answered.
    Roles,
    /// From a SYN.
    Syn,
}

/// Counters of one direction.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Counters {
    /// Packets.
    pub packets: u64,
    /// Bytes on the wire, link header included.
    pub bytes: u64,
    /// Packets that carried payload.
    pub data_packets: u64,
    /// Payload bytes.
    pub payload: u64,
}

/// TCP flags seen in either direction, as in the header (RFC 9293, 3.1).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct TcpFlags(pub u8);

impl TcpFlags {
    /// FIN.
    pub const FIN: u8 = 0x01;
    /// SYN.
    pub const SYN: u8 = 0x02;
    /// RST.
    pub const RST: u8 = 0x04;
    /// PSH.
    pub const PSH: u8 = 0x08;
    /// ACK.
    pub const ACK: u8 = 0x10;

    /// Whether every bit of `flags` is set.
    #[must_use]
    pub const fn has(self, flags: u8) -> bool {
        self.0 & flags == flags
    }
}

/// Payload lengths of the first packets that carried data: positive from the client, negative
/// from the server, zero behind the last.
pub type FirstSizes = [i16; 8];

/// A bidirectional conversation.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Flow {
    /// Its number in this run.
    pub id: FlowId,
    /// What carries it.
    pub transport: Transport,
    /// The end that opened the conversation.
    pub client: Party,
    /// The end that offers the service.
    pub server: Party,
    /// From what the ends were decided.
    pub ends: Ends,
    /// The outermost VLAN, if tagged.
    pub vlan: Option<u16>,
    /// Whether the flow ran inside a GRE, VXLAN or IP-in-IP tunnel.
    pub tunnelled: bool,
    /// The application, if recognised or guessed.
    pub app: Option<App>,
    /// How the application is known.
    pub basis: Option<Basis>,
    /// Time of the first packet.
    pub first: Timestamp,
    /// Time of the latest packet.
    pub last: Timestamp,
    /// Where the first packet lies.
    pub packet: PacketId,
    /// From client to server.
    pub sent: Counters,
    /// From server to client.
    pub received: Counters,
    /// Flags seen from the client.
    pub sent_flags: TcpFlags,
    /// Flags seen from the server.
    pub received_flags: TcpFlags,
    /// Payload lengths of the first data packets.
    pub first_sizes: FirstSizes,
    /// Number of this part of a conversation that is reported in parts, from 0; 0 where it is
    /// reported once. Every part has counters, flags and times of its own.
    #[serde(default)]
    pub part: u32,
    /// Whether the conversation was still open when this part was reported; further parts may
    /// follow.
    #[serde(default)]
    pub continues: bool,
    /// Community ID v1, seed 0 (<https://github.com/corelight/community-id-spec>); empty for
    /// flows without addresses.
    pub community_id: Text,
}

impl Flow {
    /// Packets of both directions.
    #[must_use]
    pub const fn packets(&self) -> u64 {
        self.sent.packets.saturating_add(self.received.packets)
    }

    /// Wire bytes of both directions.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.sent.bytes.saturating_add(self.received.bytes)
    }

    /// Whether only one direction was seen.
    #[must_use]
    pub const fn is_one_way(&self) -> bool {
        self.sent.packets == 0 || self.received.packets == 0
    }

    /// From the first packet to the latest.
    #[must_use]
    pub const fn duration(&self) -> Duration {
        self.last.since(self.first)
    }
}
