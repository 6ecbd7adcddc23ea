//! Frames made by hand: just enough of Ethernet, ARP, IPv4, TCP, UDP and DHCP.

use std::net::Ipv4Addr;

use cordon_inventory::InventoryOptions;
use cordon_model::{Fact, Flow, LinkType, PacketId, RawPacket, SecretKey, Timestamp};
use cordon_pipeline::{Options, Pipeline, Sink};

pub type Mac = [u8; 6];

/// One end of a frame.
#[derive(Clone, Copy)]
pub struct End {
    pub mac: Mac,
    pub ip: [u8; 4],
    pub port: u16,
}

pub const fn end(mac: Mac, ip: [u8; 4], port: u16) -> End {
    End { mac, ip, port }
}

/// A pipeline with a clock of its own.
pub struct Net {
    pub pipeline: Pipeline,
    pub tap: Tap,
    pub now: i64,
    number: u64,
}

/// What passed.
#[derive(Default)]
pub struct Tap {
    pub facts: usize,
    pub flows: Vec<Flow>,
}

impl Sink for Tap {
    fn fact(&mut self, _: &Fact) {
        self.facts += 1;
    }

    fn flow(&mut self, flow: &Flow) {
        self.flows.push(flow.clone());
    }
}

impl Net {
    pub fn new(active_timeout: Option<u64>) -> Net {
        let inventory = InventoryOptions { most_devices: 8_000, ..InventoryOptions::default() };
        let options = Options {
            active_timeout: active_timeout.map(std::time::Duration::from_secs),
            ..Options::new(SecretKey::new([1; 32]), 7, inventory)
        };
        Net { pipeline: Pipeline::new(options), tap: Tap::default(), now: 1_700_000_000, number: 0 }
    }

    pub fn at(&self) -> Timestamp {
        Timestamp::from_secs(self.now)
    }

    pub fn tick(&mut self) {
        self.pipeline.tick(Timestamp::from_secs(self.now), &mut self.tap);
    }

    pub fn frame(&mut self, data: &[u8]) {
        self.number += 1;
        let packet = RawPacket {
            id: PacketId { input: 0, number: self.number },
            at: Timestamp::from_secs(self.now),
            link: LinkType::ETHERNET,
            wire_len: data.len() as u32,
            data,
        };
        self.pipeline.packet_with(&packet, &mut self.tap);
    }

    pub fn arp(&mut self, who: End) {
        let mut arp = vec![0, 1, 8, 0, 6, 4, 0, 1];
        arp.extend(who.mac);
        arp.extend(who.ip);
        arp.extend([0; 6]);
        arp.extend(who.ip);
        self.frame(&ethernet([0xff; 6], who.mac, 0x0806, &arp));
    }

    pub fn tcp(&mut self, from: End, to: End, seq: u32, flags: u8, payload: &[u8]) {
        let mut segment = Vec::new();
        segment.extend(from.port.to_be_bytes());
        segment.extend(to.port.to_be_bytes());
        segment.extend(seq.to_be_bytes());
        segment.extend([0, 0, 0, 1, 0x50, flags, 0x20, 0, 0, 0, 0, 0]);
        segment.extend(payload);
        self.frame(&ip(from, to, 6, &segment));
    }

    pub fn udp(&mut self, from: End, to: End, payload: &[u8]) {
        let mut datagram = Vec::new();
        datagram.extend(from.port.to_be_bytes());
        datagram.extend(to.port.to_be_bytes());
        datagram.extend((payload.len() as u16 + 8).to_be_bytes());
        datagram.extend([0, 0]);
        datagram.extend(payload);
        self.frame(&ip(from, to, 17, &datagram));
    }

    /// Connects, says something, is answered, and closes.
    pub fn talk(&mut self, client: End, server: End, says: &[u8], answers: &[u8]) {
        self.tcp(client, server, 1, 0x02, &[]);
        self.tcp(server, client, 1, 0x12, &[]);
        self.tcp(client, server, 2, 0x18, says);
        self.tcp(server, client, 2, 0x18, answers);
        self.tcp(client, server, 2 + says.len() as u32, 0x11, &[]);
        self.tcp(server, client, 2 + answers.len() as u32, 0x11, &[]);
    }

    /// A device asks for an address and says its name.
    pub fn dhcp(&mut self, who: End, name: &str) {
        let mut dhcp = vec![1, 1, 6, 0, 1, 2, 3, 4, 0, 0, 0, 0];
        dhcp.extend(who.ip);
        dhcp.extend([0; 12]);
        dhcp.extend(who.mac);
        dhcp.extend([0; 10 + 192]);
        dhcp.extend([0x63, 0x82, 0x53, 0x63, 53, 1, 3, 12, name.len() as u8]);
        dhcp.extend(name.as_bytes());
        dhcp.extend([55, 3, 1, 3, 6, 255]);
        let from = End { port: 68, ..who };
        self.udp(from, end([0xff; 6], [255; 4], 67), &dhcp);
    }
}

fn ethernet(to: Mac, from: Mac, kind: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::from(to);
    frame.extend(from);
    frame.extend(kind.to_be_bytes());
    frame.extend(payload);
    frame
}

fn ip(from: End, to: End, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u16 + 20).to_be_bytes();
    let mut packet = vec![0x45, 0, length[0], length[1], 0, 0, 0, 0, 64, protocol, 0, 0];
    packet.extend(Ipv4Addr::from(from.ip).octets());
    packet.extend(to.ip);
    packet.extend(payload);
    ethernet(to.mac, from.mac, 0x0800, &packet)
}
