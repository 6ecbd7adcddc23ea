//! Headers with their lengths and checksums.

use std::net::IpAddr;

use cordon_model::Mac;

use crate::bytes::{Bytes, checksum, len16, patch16};

/// The shortest Ethernet frame without its check sequence.
const SHORTEST: usize = 60;
/// The payload of a full Ethernet frame.
const MTU: usize = 1500;

/// An Ethernet II frame, tagged where `vlan` says so, padded to its least length.
pub(crate) fn ethernet(
    to: Mac,
    from: Mac,
    vlan: Option<u16>,
    kind: u16,
    payload: &[u8],
) -> Vec<u8> {
    pad(addressed(to, from, vlan).u16(kind).put(payload).done())
}

/// An 802.3 frame with an LLC/SNAP header, as CDP uses it.
pub(crate) fn llc(to: Mac, from: Mac, organisation: u32, protocol: u16, payload: &[u8]) -> Vec<u8> {
    let frame = addressed(to, from, None)
        .sized16(|b| b.put([0xaa, 0xaa, 0x03]).u24(organisation).u16(protocol).put(payload));
    pad(frame.done())
}

fn addressed(to: Mac, from: Mac, vlan: Option<u16>) -> Bytes {
    let frame = Bytes::new().put(to.0).put(from.0);
    match vlan {
        Some(vlan) => frame.u16(0x8100).u16(vlan),
        None => frame,
    }
}

fn pad(mut frame: Vec<u8>) -> Vec<u8> {
    if frame.len() < SHORTEST {
        frame.resize(SHORTEST, 0);
    }
    frame
}

/// What an IP header says beside lengths and sums.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ip {
    pub(crate) from: IpAddr,
    pub(crate) to: IpAddr,
    pub(crate) ttl: u8,
    pub(crate) protocol: u8,
    /// Identification of an IPv4 packet.
    pub(crate) id: u16,
    /// An IPv4 Router Alert or IPv6 hop-by-hop Router Alert, as IGMP and MLD need.
    pub(crate) alert: bool,
}

impl Ip {
    /// The pseudo-header that transports sum (RFC 9293, RFC 8200).
    fn pseudo(&self, length: usize) -> Vec<u8> {
        let bytes = match (self.from, self.to) {
            (IpAddr::V4(from), IpAddr::V4(to)) => Bytes::new()
                .put(from.octets())
                .put(to.octets())
                .u16(u16::from(self.protocol))
                .u16(len16(length)),
            (from, to) => Bytes::new()
                .put(octets(from))
                .put(octets(to))
                .u32(u32::try_from(length).unwrap_or(u32::MAX))
                .u32(u32::from(self.protocol)),
        };
        bytes.done()
    }

    /// Sums a transport segment whose checksum field at `at` is zero.
    pub(crate) fn sum(&self, segment: &mut [u8], at: usize) {
        let sum = match checksum(&[&self.pseudo(segment.len()), segment]) {
            0 if self.protocol == 17 => 0xffff,
            sum => sum,
        };
        patch16(segment, at, sum);
    }
}

fn octets(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
        IpAddr::V6(ip) => ip.octets(),
    }
}

/// The packet, or its fragments where an IPv4 payload is too long for one frame.
pub(crate) fn ip_packet(ip: &Ip, payload: &[u8]) -> Vec<Vec<u8>> {
    match (ip.from, ip.to) {
        (IpAddr::V4(_), IpAddr::V4(_)) => {
            let room = (MTU - 20) & !7;
            let pieces: Vec<&[u8]> = payload.chunks(room).collect();
            let last = pieces.len().saturating_sub(1);
            let mut offset = 0;
            let mut packets = Vec::new();
            for (index, piece) in pieces.into_iter().enumerate() {
                let flags = match (last, index == last) {
                    (0, _) => 0x4000,
                    (_, true) => offset,
                    (_, false) => 0x2000 | offset,
                };
                packets.push(ipv4(ip, flags, piece));
                offset += len16(piece.len() / 8);
            }
            packets
        }
        _ => vec![ipv6(ip, payload)],
    }
}

fn ipv4(ip: &Ip, flags: u16, payload: &[u8]) -> Vec<u8> {
    let alert: &[u8] = if ip.alert { &[0x94, 0x04, 0, 0] } else { &[] };
    let header = 20 + alert.len();
    let words = if ip.alert { 0x46 } else { 0x45 };
    let (IpAddr::V4(from), IpAddr::V4(to)) = (ip.from, ip.to) else { return Vec::new() };
    let mut bytes = Bytes::new()
        .u8(words)
        .u8(0)
        .u16(len16(header + payload.len()))
        .u16(ip.id)
        .u16(flags)
        .u8(ip.ttl)
        .u8(ip.protocol)
        .u16(0)
        .put(from.octets())
        .put(to.octets())
        .put(alert)
        .done();
    let sum = checksum(&[&bytes]);
    patch16(&mut bytes, 10, sum);
    bytes.extend_from_slice(payload);
    bytes
}

fn ipv6(ip: &Ip, payload: &[u8]) -> Vec<u8> {
    let hop_by_hop = [ip.protocol, 0, 5, 2, 0, 0, 1, 0];
    let alert: &[u8] = if ip.alert { &hop_by_hop } else { &[] };
    Bytes::new()
        .u32(0x6000_0000)
        .u16(len16(alert.len() + payload.len()))
        .u8(if ip.alert { 0 } else { ip.protocol })
        .u8(ip.ttl)
        .put(octets(ip.from))
        .put(octets(ip.to))
        .put(alert)
        .put(payload)
        .done()
}

/// A UDP datagram with its checksum.
pub(crate) fn udp(ip: &Ip, from_port: u16, to_port: u16, payload: &[u8]) -> Vec<u8> {
    let mut segment = Bytes::new()
        .u16(from_port)
        .u16(to_port)
        .u16(len16(8 + payload.len()))
        .u16(0)
        .put(payload)
        .done();
    ip.sum(&mut segment, 6);
    segment
}
