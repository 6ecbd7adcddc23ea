//! Makes capture files.

use std::io::Cursor;

use cordon_capture::{CaptureError, FileSource, InputStatus};
use cordon_model::{LinkType, Timestamp};

/// A packet as it should come out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Packet {
    pub at: Timestamp,
    pub link: LinkType,
    pub wire_len: u32,
    pub data: Vec<u8>,
}

/// Whole microseconds, so that every format can hold them; sizes that need padding, and none; one
/// that the capture cut.
pub fn packets() -> Vec<Packet> {
    let packet = |micros, wire_len, data: &[u8]| Packet {
        at: Timestamp::from_micros(micros),
        link: LinkType::ETHERNET,
        wire_len,
        data: data.to_vec(),
    };
    vec![
        packet(1_700_000_000_000_001, 5, b"first"),
        packet(1_700_000_000_999_999, 1_500, b"cut short by the snap length"),
        packet(1_600_000_000_000_000, 3, b"ago"),
        packet(4_000_000_000_000_000, 0, b""),
        packet(1_700_000_001_000_000, 300, &[0xee; 300]),
    ]
}

/// Reads everything; the numbers of the packets must be 1, 2, 3 and so on.
pub fn read(file: &[u8]) -> Result<(Vec<Packet>, InputStatus), CaptureError> {
    drain(FileSource::from_reader(Box::new(Cursor::new(file.to_vec())), "made", 7)?)
}

pub fn drain(mut source: FileSource) -> Result<(Vec<Packet>, InputStatus), CaptureError> {
    let mut packets = Vec::new();
    while let Some(packet) = source.next() {
        assert_eq!(packet.id.number, packets.len() as u64 + 1);
        packets.push(Packet {
            at: packet.at,
            link: packet.link,
            wire_len: packet.wire_len,
            data: packet.data.to_vec(),
        });
    }
    assert!(source.next().is_none(), "nothing comes after the end");
    Ok((packets, source.status().clone()))
}

/// Writes numbers in one byte order.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    pub big: bool,
}

pub const ORDERS: [Order; 2] = [Order { big: false }, Order { big: true }];

impl Order {
    pub fn u16(self, into: &mut Vec<u8>, value: u16) {
        into.extend_from_slice(&if self.big { value.to_be_bytes() } else { value.to_le_bytes() });
    }

    pub fn u32(self, into: &mut Vec<u8>, value: u32) {
        into.extend_from_slice(&if self.big { value.to_be_bytes() } else { value.to_le_bytes() });
    }

    pub fn u64(self, into: &mut Vec<u8>, value: u64) {
        into.extend_from_slice(&if self.big { value.to_be_bytes() } else { value.to_le_bytes() });
    }
}

/// The head of a classic file.
pub fn classic_head(order: Order, magic: u32, minor: u16, link: u32) -> Vec<u8> {
    let mut file = Vec::new();
    order.u32(&mut file, magic);
    order.u16(&mut file, 2);
    order.u16(&mut file, minor);
    for word in [0, 0, 262_144, link] {
        order.u32(&mut file, word);
    }
    file
}

/// A classic file of version 2.4.
pub fn classic(order: Order, magic: u32, packets: &[Packet]) -> Vec<u8> {
    let nanos_per_tick = if magic == 0xa1b2_3c4d { 1 } else { 1_000 };
    let mut file = classic_head(order, magic, 4, 1);
    for packet in packets {
        order.u32(&mut file, u32::try_from(packet.at.secs()).unwrap());
        let nanos = u32::try_from(packet.at.nanos() % 1_000_000_000).unwrap();
        order.u32(&mut file, nanos / nanos_per_tick);
        order.u32(&mut file, u32::try_from(packet.data.len()).unwrap());
        order.u32(&mut file, packet.wire_len);
        if magic == 0xa1b2_cd34 {
            file.extend_from_slice(&[0xff; 8]);
        }
        file.extend_from_slice(&packet.data);
    }
    file
}

/// A pcapng file, block by block.
pub struct Pcapng {
    pub order: Order,
    pub file: Vec<u8>,
}

impl Pcapng {
    /// With its first section.
    pub fn new(order: Order) -> Self {
        let mut made = Pcapng { order, file: Vec::new() };
        made.section(order);
        made
    }

    pub fn section(&mut self, order: Order) {
        self.order = order;
        let mut body = Vec::new();
        order.u32(&mut body, 0x1a2b_3c4d);
        order.u16(&mut body, 1);
        order.u16(&mut body, 0);
        order.u64(&mut body, u64::MAX);
        self.block(0x0a0d_0d0a, &body);
    }

    pub fn block(&mut self, kind: u32, body: &[u8]) {
        let total = u32::try_from(body.len().next_multiple_of(4) + 12).unwrap();
        self.order.u32(&mut self.file, kind);
        self.order.u32(&mut self.file, total);
        self.file.extend_from_slice(body);
        self.file.resize(self.file.len().next_multiple_of(4), 0);
        self.order.u32(&mut self.file, total);
    }

    pub fn option(&self, into: &mut Vec<u8>, code: u16, value: &[u8]) {
        self.order.u16(into, code);
        self.order.u16(into, u16::try_from(value.len()).unwrap());
        into.extend_from_slice(value);
        into.resize(into.len().next_multiple_of(4), 0);
    }

    pub fn interface(&mut self, link: u16, snaplen: u32, options: &[(u16, &[u8])]) {
        let mut body = Vec::new();
        self.order.u16(&mut body, link);
        self.order.u16(&mut body, 0);
        self.order.u32(&mut body, snaplen);
        for (code, value) in options {
            self.option(&mut body, *code, value);
        }
        self.option(&mut body, 0, &[]);
        self.block(1, &body);
    }

    /// An enhanced packet with a comment behind it.
    pub fn enhanced(&mut self, interface: u32, units: u64, packet: &Packet) {
        let mut body = Vec::new();
        self.order.u32(&mut body, interface);
        self.times_and_lengths(&mut body, units, packet);
        self.option(&mut body, 1, b"a comment");
        self.option(&mut body, 0, &[]);
        self.block(6, &body);
    }

    pub fn obsolete(&mut self, interface: u16, units: u64, packet: &Packet) {
        let mut body = Vec::new();
        self.order.u16(&mut body, interface);
        self.order.u16(&mut body, 3);
        self.times_and_lengths(&mut body, units, packet);
        self.block(2, &body);
    }

    pub fn simple(&mut self, packet: &Packet) {
        let mut body = Vec::new();
        self.order.u32(&mut body, packet.wire_len);
        body.extend_from_slice(&packet.data);
        self.block(3, &body);
    }

    pub fn statistics(&mut self, interface: u32, dropped: u64) {
        let mut body = Vec::new();
        self.order.u32(&mut body, interface);
        self.order.u64(&mut body, 0);
        let mut value = Vec::new();
        self.order.u64(&mut value, dropped);
        self.option(&mut body, 5, &value);
        self.block(5, &body);
    }

    fn times_and_lengths(&self, body: &mut Vec<u8>, units: u64, packet: &Packet) {
        self.order.u32(body, u32::try_from(units >> 32).unwrap());
        self.order.u32(body, u32::try_from(units & 0xffff_ffff).unwrap());
        self.order.u32(body, u32::try_from(packet.data.len()).unwrap());
        self.order.u32(body, packet.wire_len);
        body.extend_from_slice(&packet.data);
        body.resize(body.len().next_multiple_of(4), 0);
    }
}

/// One section, one interface with times in microseconds.
pub fn pcapng(order: Order, packets: &[Packet]) -> Vec<u8> {
    let mut made = Pcapng::new(order);
    made.interface(1, 262_144, &[]);
    for packet in packets {
        made.enhanced(0, packet.at.nanos().unsigned_abs() / 1_000, packet);
    }
    made.file
}
