//! A made-up site: 2,000 devices that say the same to the same peers day after day, a few
//! conversations that nobody expects, and addresses that are lent to another device.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use cordon_model::flow::{Counters, TcpFlags};
use cordon_model::{
    App, Basis, Ends, Flow, FlowId, Mac, PacketId, Party, Text, Timestamp, Transport,
};

pub const DEVICES: u64 = 2_000;
pub const DAYS: u64 = 14;
pub const START: i64 = 1_794_096_000; // 2026-11-08
pub const MAKERS: u64 = 12;
/// Numbers of what serves the site; they have addresses like devices.
pub const RESOLVER: u64 = DEVICES;
pub const CLOCK: u64 = DEVICES + 1;
pub const BROKER: u64 = DEVICES + 2;
pub const MASTER: u64 = DEVICES + 3;
pub const MONITOR: u64 = DEVICES + 4;
pub const COLLECTOR: u64 = DEVICES + 5;
/// One hub for each hall.
pub const HUBS: u64 = DEVICES + 10;
pub const HALLS: u64 = 25;
pub const ROUTER: u64 = DEVICES + 40;
/// Everything with an address of its own.
pub const ALL: u64 = ROUTER + 1;
/// Addresses behind one name of a maker.
pub const CLOUD: u64 = 24;

pub fn mac(number: u64) -> Mac {
    let [.., a, b] = number.to_be_bytes();
    Mac([0x00, 0x17, 0x88, 0, a, b])
}

pub fn address(number: u64) -> IpAddr {
    let low = u32::try_from(number).unwrap_or(u32::MAX);
    IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0100_u32.wrapping_add(low)))
}

/// Devices behind a router: its link-layer address is all that is seen of theirs.
pub const fn is_routed(number: u64) -> bool {
    number < DEVICES && number % 10 == 9
}

/// With whom a device exchanges its address in the middle of the time.
pub const fn exchanges_with(number: u64) -> Option<u64> {
    match number % 40 {
        _ if number >= DEVICES => None,
        6 | 29 => Some(number + 1 + 9 * (number % 2)),
        7 => Some(number - 1),
        39 => Some(number - 10),
        _ => None,
    }
}

pub fn half() -> Timestamp {
    Timestamp::from_secs(START).plus(Duration::from_secs(DAYS * 43_200))
}

/// The address of something at a time.
pub fn address_at(number: u64, at: Timestamp) -> IpAddr {
    match exchanges_with(number) {
        Some(other) if at >= half() => address(other),
        _ => address(number),
    }
}

/// An address of a maker's service.
pub fn cloud(maker: u64, service: u64, number: u64) -> IpAddr {
    let low = u32::try_from((maker * 4 + service) * 256 + number).unwrap_or(u32::MAX);
    IpAddr::V4(Ipv4Addr::from_bits(0x3400_0000_u32.wrapping_add(low)))
}

/// What a device says, or is told: who, which port, over what.
struct Talk {
    peer: Peer,
    port: u16,
    transport: Transport,
    app: Option<App>,
    packets: u64,
}

enum Peer {
    /// The device opens to something of the site.
    To(u64),
    /// Something of the site opens to the device.
    From(u64),
    /// The device opens to an address elsewhere.
    At(IpAddr),
}

fn talk(random: &mut Random, device: u64, day: u64) -> Talk {
    use Transport::{Icmp, Tcp, Udp};
    let of = |peer, port, transport, app, packets| Talk { peer, port, transport, app, packets };
    let maker = device % MAKERS;
    match random.below(1_000) {
        0..300 => of(Peer::To(RESOLVER), 53, Udp, Some(App::Dns), 1),
        300..360 => of(Peer::To(CLOCK), 123, Udp, Some(App::Ntp), 1),
        360..520 if maker.is_multiple_of(2) => of(Peer::To(BROKER), 8_883, Tcp, Some(App::Mqtt), 9),
        360..520 => of(Peer::From(MASTER), 502, Tcp, Some(App::Modbus), 12),
        520..720 => {
            // Which address a name means to a device changes by the day.
            let number = (device * 7 + day * 5 + random.below(3)) % CLOUD;
            of(Peer::At(cloud(maker, random.below(2), number)), 443, Tcp, Some(App::Tls), 20)
        }
        720..770 => of(Peer::At([224, 0, 0, 251].into()), 5_353, Udp, Some(App::Mdns), 2),
        770..820 => of(Peer::At([239, 255, 255, 250].into()), 1_900, Udp, Some(App::Ssdp), 3),
        820..870 => of(Peer::To(HUBS + device % HALLS), 80, Tcp, Some(App::Http), 10),
        870..910 => of(Peer::To(COLLECTOR), 514, Udp, None, 1),
        910..940 => of(Peer::From(MONITOR), 161, Udp, Some(App::Snmp), 1),
        940..960 => of(Peer::From(MONITOR), 8, Icmp, None, 3),
        960..990 => {
            let next = (device + HALLS * (1 + random.below(4))) % DEVICES;
            of(Peer::To(next), 5_683, Udp, Some(App::Coap), 2)
        }
        990..994 => of(Peer::At([255, 255, 255, 255].into()), 67, Udp, Some(App::Dhcp), 2),
        // What nobody expects: an address nobody knows, a neighbour's ports.
        994..997 => of(Peer::At(anywhere(random)), 443, Tcp, Some(App::Tls), 15),
        _ => {
            let port = 1 + u16::try_from(random.below(9_000)).unwrap_or(1);
            of(Peer::To(random.below(DEVICES)), port, Tcp, None, 1)
        }
    }
}

fn anywhere(random: &mut Random) -> IpAddr {
    let number = u32::try_from(random.below(1 << 16)).unwrap_or(0);
    IpAddr::V4(Ipv4Addr::from_bits(0x5000_0000_u32.wrapping_add(number.wrapping_mul(40_503))))
}

/// A flow of a site: the number says when, and the generator who.
pub fn flow(random: &mut Random, number: u64, flows: u64) -> Flow {
    let step = DAYS * 86_400 * 1_000_000 / flows;
    let last = Timestamp::from_secs(START)
        .plus(Duration::from_micros(number * step + random.below(step.max(1))));
    let magnitude = random.below(26);
    let first = last.minus(Duration::from_micros(random.below(1 << magnitude)));
    // Squared: the first tenth of the devices makes a third of the flows.
    let draw = random.below(1 << 20);
    let device = (((draw * draw) >> 20) * DEVICES) >> 20;
    // Spread over makers and halls.
    let device = device * 1_009 % DEVICES;
    let talk = talk(random, device, number * DAYS / flows);
    let end = |number: u64| {
        let seen = if is_routed(number) { ROUTER } else { number };
        (mac(seen), address_at(number, first))
    };
    let (client, server) = match talk.peer {
        Peer::To(other) => (end(device), end(other)),
        Peer::From(other) => (end(other), end(device)),
        Peer::At(ip) => (end(device), (mac_of(ip), ip)),
    };
    let answered = !matches!(talk.peer, Peer::At(ip) if ip.is_multicast());
    // Now and then only one side was seen.
    let heard = random.below(1_000);
    let sent = if heard < 4 { 0 } else { talk.packets + random.below(talk.packets) };
    let received =
        if answered && heard < 980 { talk.packets + random.below(talk.packets) } else { 0 };
    let counters = |packets: u64, each: u64| Counters {
        packets,
        bytes: packets * each,
        ..Counters::default()
    };
    let tcp = talk.transport == Transport::Tcp;
    let has_ports = talk.transport != Transport::Icmp;
    // Time is asked from the service's own port by some makers.
    let picked = match device % MAKERS {
        3 if talk.port == 123 => 123,
        _ => 32_768 + u16::try_from(random.below(28_232)).unwrap_or(0),
    };
    let party = |(mac, ip), port| Party { mac: Some(mac), ip: Some(ip), port };
    Flow {
        id: FlowId(number),
        transport: talk.transport,
        client: party(client, has_ports.then_some(picked)),
        server: party(server, Some(talk.port)),
        ends: if tcp { Ends::Syn } else { Ends::Roles },
        vlan: device.is_multiple_of(10).then_some(20),
        tunnelled: random.below(2_000_000) == 0,
        app: talk.app,
        basis: talk.app.map(|_| Basis::Payload),
        first,
        last,
        packet: PacketId { input: 0, number: number * 14 + random.below(200) },
        sent: counters(sent, 70 + random.below(40)),
        received: counters(received, 90 + random.below(600)),
        sent_flags: TcpFlags(if tcp { 0x1b } else { 0 }),
        received_flags: TcpFlags(match (tcp, received) {
            (true, 1..) if heard % 50 == 7 => 0x14,
            (true, 1..) => 0x1b,
            _ => 0,
        }),
        first_sizes: [0; 8],
        part: 0,
        continues: false,
        community_id: Text::default(),
    }
}

/// Groups have link-layer addresses of their own; the rest is behind the router.
fn mac_of(ip: IpAddr) -> Mac {
    match ip {
        IpAddr::V4(ip) if ip.is_broadcast() => Mac([0xff; 6]),
        IpAddr::V4(ip) if ip.is_multicast() => {
            let [_, a, b, c] = ip.octets();
            Mac([0x01, 0x00, 0x5e, a & 0x7f, b, c])
        }
        _ => mac(ROUTER),
    }
}

/// xorshift64*: the same flows every time.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32;
        (drawn * most) >> 32
    }
}
