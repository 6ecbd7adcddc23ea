//! What is remembered: one row per flow, one row per fact.

use std::net::IpAddr;

use cordon_model::flow::TcpFlags;
use cordon_model::{App, Basis, Ends, Flow, Mac, PacketId, Party, Timestamp, Transport};
use serde::{Serialize, Serializer};

/// Longest value of a fact, in bytes: what fits one line on a screen, and bounds the buffer.
pub const MAX_VALUE: usize = 256;
/// Longest name of a kind of fact.
pub const MAX_KIND: usize = 40;

/// A flow as it is remembered.
///
/// The Community ID is not kept: 28 bytes that do not compress, and it follows from addresses,
/// ports and transport.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct FlowRow {
    /// Number of the row: unique in this history and the same on every page.
    pub seq: u64,
    /// Number of the flow in the run that saw it.
    pub flow: u64,
    /// Time of the first packet, in whole microseconds.
    pub first: Timestamp,
    /// Time of the latest packet, in whole microseconds; what rows are ordered by.
    pub last: Timestamp,
    /// The end that opened the conversation.
    pub client: Party,
    /// The end that offers the service.
    pub server: Party,
    /// From what the ends were decided.
    pub ends: Ends,
    /// What carries the flow.
    #[serde(serialize_with = "transport_as_text")]
    pub transport: Transport,
    /// The outermost VLAN, if tagged.
    pub vlan: Option<u16>,
    /// Whether the flow ran inside a tunnel.
    pub tunnelled: bool,
    /// The application, if recognised or guessed.
    pub app: Option<App>,
    /// How the application is known.
    pub basis: Option<Basis>,
    /// Packets from client to server.
    pub sent_packets: u64,
    /// Bytes on the wire from client to server.
    pub sent_bytes: u64,
    /// Packets from server to client.
    pub received_packets: u64,
    /// Bytes on the wire from server to client.
    pub received_bytes: u64,
    /// TCP flags seen from the client.
    pub sent_flags: TcpFlags,
    /// TCP flags seen from the server.
    pub received_flags: TcpFlags,
    /// Where the first packet lies.
    pub packet: PacketId,
}

impl FlowRow {
    /// What is kept of a flow, under this row number.
    #[must_use]
    pub fn new(flow: &Flow, seq: u64) -> Self {
        FlowRow {
            seq,
            flow: flow.id.0,
            first: whole_micros(flow.first),
            last: whole_micros(flow.last),
            client: flow.client,
            server: flow.server,
            ends: flow.ends,
            transport: flow.transport,
            vlan: flow.vlan,
            tunnelled: flow.tunnelled,
            app: flow.app,
            basis: flow.basis,
            sent_packets: countable(flow.sent.packets),
            sent_bytes: countable(flow.sent.bytes),
            received_packets: countable(flow.received.packets),
            received_bytes: countable(flow.received.bytes),
            sent_flags: flow.sent_flags,
            received_flags: flow.received_flags,
            packet: PacketId { input: flow.packet.input, number: countable(flow.packet.number) },
        }
    }
}

/// A fact as it is remembered: something said of a device, short and readable.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct FactRow {
    /// Number of the row; given when the row is taken in.
    pub seq: u64,
    /// When it was said, in whole microseconds.
    pub at: Timestamp,
    /// Link-layer address of the speaker.
    pub mac: Option<Mac>,
    /// Address of the speaker.
    pub ip: Option<IpAddr>,
    /// The outermost VLAN, if tagged.
    pub vlan: Option<u16>,
    /// What kind of fact: one of a few names, such as `dhcp`.
    pub kind: Box<str>,
    /// What was said.
    pub value: Box<str>,
    /// The flow it belongs to, by its number in the run that saw it.
    pub flow: Option<u64>,
}

impl FactRow {
    /// A fact; `kind` and `value` are cut to [`MAX_KIND`] and [`MAX_VALUE`] bytes.
    #[must_use]
    pub fn new(at: Timestamp, kind: &str, value: &str) -> Self {
        FactRow {
            seq: 0,
            at: whole_micros(at),
            mac: None,
            ip: None,
            vlan: None,
            kind: cut(kind, MAX_KIND).into(),
            value: cut(value, MAX_VALUE).into(),
            flow: None,
        }
    }

    /// The same row within all bounds: fields are public, so nothing else says that they hold.
    pub(crate) fn bounded(&self, seq: u64) -> Self {
        FactRow {
            seq,
            at: whole_micros(self.at),
            kind: cut(&self.kind, MAX_KIND).into(),
            value: cut(&self.value, MAX_VALUE).into(),
            flow: self.flow.map(countable),
            ..*self
        }
    }
}

/// The name of a transport in files, filters and exports.
#[must_use]
pub fn transport_name(transport: Transport) -> String {
    match transport {
        Transport::Tcp => "tcp".to_owned(),
        Transport::Udp => "udp".to_owned(),
        Transport::Icmp => "icmp".to_owned(),
        Transport::Icmpv6 => "icmpv6".to_owned(),
        Transport::Ip(number) => format!("ip-{number}"),
    }
}

/// The transport with this name.
#[must_use]
pub fn transport_named(name: &str) -> Option<Transport> {
    match name {
        "tcp" => Some(Transport::Tcp),
        "udp" => Some(Transport::Udp),
        "icmp" => Some(Transport::Icmp),
        "icmpv6" => Some(Transport::Icmpv6),
        _ => name.strip_prefix("ip-")?.parse().ok().map(Transport::Ip),
    }
}

/// Microseconds since the epoch, rounded down.
pub(crate) const fn micros(time: Timestamp) -> i64 {
    time.nanos().div_euclid(1_000)
}

const fn whole_micros(time: Timestamp) -> Timestamp {
    Timestamp::from_micros(micros(time))
}

/// Signed columns are what Spark and Trino read; a counter beyond that does not occur.
fn countable(count: u64) -> u64 {
    count.min(i64::MAX.unsigned_abs())
}

fn cut(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or(text)
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn transport_as_text<S: Serializer>(transport: &Transport, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&transport_name(*transport))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transport_has_one_name() {
        for transport in [Transport::Tcp, Transport::Udp, Transport::Icmpv6, Transport::Ip(89)] {
            assert_eq!(transport_named(&transport_name(transport)), Some(transport));
        }
        assert_eq!(transport_named("ip-256"), None);
    }

    #[test]
    fn a_long_value_is_cut_between_characters() {
        let row = FactRow::new(Timestamp::default(), "dhcp", &"ü".repeat(300));
        assert_eq!(row.value.len(), MAX_VALUE);
        let odd = FactRow::new(Timestamp::default(), "dhcp", &format!("a{}", "ü".repeat(300)));
        assert_eq!(odd.value.len(), MAX_VALUE - 1);
    }
}
