//! Packets made by hand.

use std::net::Ipv4Addr;

use cordon_model::{LinkType, PacketId, RawPacket, Timestamp};

pub const CLIENT: (Ipv4Addr, u16) = (Ipv4Addr::new(10, 0, 0, 7), 49_200);
pub const SERVER: (Ipv4Addr, u16) = (Ipv4Addr::new(10, 0, 0, 9), 502);

pub const SYN: u8 = 2;
pub const ACK: u8 = 16;
pub const FIN: u8 = 1;

pub type End = (Ipv4Addr, u16);

pub fn raw(data: &[u8], number: u64, at: Timestamp) -> RawPacket<'_> {
    RawPacket {
        id: PacketId { input: 0, number },
        at,
        link: LinkType::ETHERNET,
        wire_len: data.len() as u32,
        data,
    }
}

pub fn ethernet(kind: u16, payload: &[u8]) -> Vec<u8> {
    [&[2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 7][..], &kind.to_be_bytes(), payload].concat()
}

pub fn ip(from: Ipv4Addr, to: Ipv4Addr, protocol: u8, fragment: u16, payload: &[u8]) -> Vec<u8> {
    let length = (20 + payload.len()) as u16;
    let mut bytes = vec![0x45, 0];
    bytes.extend(length.to_be_bytes());
    bytes.extend([0, 1]);
    bytes.extend(fragment.to_be_bytes());
    bytes.extend([64, protocol, 0, 0]);
    bytes.extend(from.octets());
    bytes.extend(to.octets());
    bytes.extend(payload);
    bytes
}

pub fn tcp_segment(from: End, to: End, seq: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(from.1.to_be_bytes());
    bytes.extend(to.1.to_be_bytes());
    bytes.extend(seq.to_be_bytes());
    bytes.extend([0, 0, 0, 0, 0x50, flags, 0x20, 0, 0, 0, 0, 0]);
    bytes.extend(payload);
    bytes
}

pub fn tcp(from: End, to: End, seq: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    ethernet(0x0800, &ip(from.0, to.0, 6, 0, &tcp_segment(from, to, seq, flags, payload)))
}

pub fn udp_datagram(from: End, to: End, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(from.1.to_be_bytes());
    bytes.extend(to.1.to_be_bytes());
    bytes.extend((8 + payload.len() as u16).to_be_bytes());
    bytes.extend([0, 0]);
    bytes.extend(payload);
    bytes
}

pub fn udp(from: End, to: End, payload: &[u8]) -> Vec<u8> {
    ethernet(0x0800, &ip(from.0, to.0, 17, 0, &udp_datagram(from, to, payload)))
}

/// Modbus/TCP: read `count` holding registers from `start`.
pub fn read_registers(transaction: u16, start: u16, count: u16) -> Vec<u8> {
    let mut bytes = transaction.to_be_bytes().to_vec();
    bytes.extend([0, 0, 0, 6, 1, 3]);
    bytes.extend(start.to_be_bytes());
    bytes.extend(count.to_be_bytes());
    bytes
}

/// A DNS question for `plc.example`.
pub fn question() -> Vec<u8> {
    let mut bytes = vec![0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    bytes.extend(b"\x03plc\x07example\x00");
    bytes.extend([0, 1, 0, 1]);
    bytes
}
