//! The site: few devices make most of the flows, most peers are few servers, some are anywhere.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use cordon_model::flow::{Counters, TcpFlags};
use cordon_model::{
    App, Basis, Ends, Flow, FlowId, Mac, PacketId, Party, Text, Timestamp, Transport,
};

pub const DAYS: u64 = 30;
pub const DEVICES: u64 = 3_000;
pub const START: i64 = 1_792_713_600; // 2026-10-23
/// Devices that talk once in the whole time.
pub const RARE: u64 = 2_990;
/// The router: what comes from and goes to the internet carries its MAC.
pub const ROUTER: u64 = 2_999;

pub fn device_ip(number: u64) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + u32::try_from(number).unwrap() + 1))
}

pub fn device_mac(number: u64) -> Mac {
    let [.., a, b, c] = number.to_be_bytes();
    Mac([0x00, 0x17, 0x88, a, b, c])
}

/// A flow: few devices make most of them, most peers are few servers, some are anywhere.
pub fn flow(random: &mut Random, number: u64, flows: u64) -> Flow {
    let late = random.below(DAYS * 86_400 * 1_000_000 / flows);
    let last = at(number, flows).plus(Duration::from_micros(late));
    let magnitude = random.below(26);
    let lasted = Duration::from_micros(random.below(1 << magnitude));
    let first = Timestamp::from_nanos(last.nanos() - i64::try_from(lasted.as_nanos()).unwrap());
    // Squared: the first tenth of the devices makes a third of the flows.
    let draw = random.below(1 << 20);
    let device =
        if number == flows / 3 { RARE } else { (((draw * draw) >> 20) * (DEVICES - 20)) >> 20 };
    let even = device.is_multiple_of(2);
    let kind = random.below(100);
    let (peer, port, app, transport, packets) = match kind {
        0..35 => (device_ip(2), 53, Some(App::Dns), Transport::Udp, 1),
        35..55 if even => (device_ip(6), 1_883, Some(App::Mqtt), Transport::Tcp, 8),
        35..55 => (device_ip(10), 502, Some(App::Modbus), Transport::Tcp, 12),
        55..75 => (internet(random), 443, Some(App::Tls), Transport::Tcp, 20),
        75..85 => (device_ip(2), 123, Some(App::Ntp), Transport::Udp, 1),
        85..95 => (
            IpAddr::V4(Ipv4Addr::new(239, 255, 255, 250)),
            1_900,
            Some(App::Ssdp),
            Transport::Udp,
            3,
        ),
        95..99 => {
            (device_ip(20 + 2 * random.below(1_000)), 80, Some(App::Http), Transport::Tcp, 10)
        }
        _ => {
            let port = 1_024 + u16::try_from(random.below(30_000)).unwrap();
            (device_ip(random.below(2_900) | 1), port, None, Transport::Tcp, 1)
        }
    };
    let port = if port == 31_337 { 31_338 } else { port };
    let local = matches!(peer, IpAddr::V4(ip) if ip.octets()[0] == 10);
    let peer_mac = if local {
        let IpAddr::V4(ip) = peer else { unreachable!() };
        device_mac(u64::from(ip.to_bits() - 0x0a00_0001))
    } else {
        device_mac(ROUTER)
    };
    let counters = |packets: u64, bytes: u64| Counters { packets, bytes, ..Counters::default() };
    let packets = packets + random.below(packets);
    Flow {
        id: FlowId(number),
        transport,
        client: Party {
            mac: Some(device_mac(device)),
            ip: Some(device_ip(device)),
            port: Some(32_768 + u16::try_from(random.below(28_232)).unwrap()),
        },
        server: Party { mac: Some(peer_mac), ip: Some(peer), port: Some(port) },
        ends: if transport == Transport::Tcp { Ends::Syn } else { Ends::Roles },
        vlan: device.is_multiple_of(10).then_some(20),
        tunnelled: false,
        app,
        basis: app.map(|_| if kind.is_multiple_of(5) { Basis::Port } else { Basis::Payload }),
        first,
        last,
        packet: PacketId { input: 0, number: number * 14 + random.below(200) },
        sent: counters(packets, packets * (70 + random.below(40))),
        received: counters(packets, packets * (90 + random.below(600))),
        sent_flags: TcpFlags(if transport == Transport::Tcp { 0x1b } else { 0 }),
        received_flags: TcpFlags(if transport == Transport::Tcp { 0x1b } else { 0 }),
        first_sizes: [0; 8],
        part: 0,
        continues: false,
        community_id: Text::default(),
    }
}

/// When a flow ends.
pub fn at(number: u64, flows: u64) -> Timestamp {
    let micros = number * (DAYS * 86_400 * 1_000_000 / flows);
    Timestamp::from_micros(START * 1_000_000 + i64::try_from(micros).unwrap())
}

/// Few addresses often, many once.
fn internet(random: &mut Random) -> IpAddr {
    let magnitude = random.below(18);
    let most = 16 << magnitude;
    let number = u32::try_from(random.below(most)).unwrap();
    IpAddr::V4(Ipv4Addr::from_bits(0x3400_0000 + number.wrapping_mul(2_654_435_761) % 0x1000_0000))
}

/// xorshift64*: the same flows every time.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32;
        if most == 0 { 0 } else { (drawn * most) >> 32 }
    }
}
