//! Learning: what a site does becomes contracts; helpers to make sites.

use std::net::IpAddr;

use cordon_contract::learn::{Learned, Learner, Suspicion, Who};
use cordon_contract::{Entry, Opens, Peer};
use cordon_model::fact::{Dns, DnsKind, DnsQuestion, DnsRecord, DnsValue};
use cordon_model::flow::{Counters, Ends, FlowId, TcpFlags};
use cordon_model::{
    App, Basis, Claim, Device, DeviceId, DeviceType, Fact, Flow, Mac, PacketId, Party, Said,
    Timestamp, Transport,
};

/// When everything begins: on the first second of a minute.
pub const BEGIN: i64 = 1_700_000_040;

/// A device at 10.0.0.`no`.
pub fn device(name: &str, no: u8) -> Device {
    Device {
        id: DeviceId(name.into()),
        name: Some(claim(name.into())),
        kind: None,
        vendor: None,
        model: None,
        firmware: None,
        os: None,
        macs: vec![mac(no)],
        ips: vec![[10, 0, 0, no].into()],
        random_mac: false,
        parent: None,
        routes: false,
        vlans: Vec::new(),
        services: Vec::new(),
        mud: Vec::new(),
        first: at(0),
        last: at(0),
        packets: 1,
        bytes: 1,
    }
}

pub fn claim<T>(value: T) -> Claim<T> {
    Claim { value, confidence: 1.0, reasons: Vec::new() }
}

pub fn mac(no: u8) -> Mac {
    Mac([0, 0x17, 0x88, 0, 0, no])
}

pub fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(BEGIN + secs)
}

/// The end at an address: one at 10.0.0.x has a link-layer address of its own, others the router's.
pub fn end(ip: &str, port: u16) -> Party {
    let ip: IpAddr = ip.parse().unwrap();
    let mac = match ip {
        IpAddr::V4(ip) if ip.octets().starts_with(&[10, 0, 0]) => mac(ip.octets()[3]),
        _ => mac(254),
    };
    Party { mac: Some(mac), ip: Some(ip), port: Some(port) }
}

/// A conversation that was answered: ten packets each way.
pub fn flow(from: &str, to: &str, port: u16, secs: i64) -> Flow {
    let counters = Counters { packets: 10, bytes: 1_000, data_packets: 4, payload: 400 };
    Flow {
        id: FlowId(0),
        transport: Transport::Tcp,
        client: end(from, 50_000),
        server: end(to, port),
        ends: Ends::Syn,
        vlan: None,
        tunnelled: false,
        app: None,
        basis: None,
        first: at(secs),
        last: at(secs + 1),
        packet: PacketId { input: 0, number: 1 },
        sent: counters,
        received: counters,
        sent_flags: TcpFlags(TcpFlags::SYN | TcpFlags::ACK),
        received_flags: TcpFlags(TcpFlags::SYN | TcpFlags::ACK),
        first_sizes: [0; 8],
        part: 0,
        continues: false,
        community_id: "".into(),
    }
}

pub fn udp(from: &str, to: &str, port: u16, secs: i64) -> Flow {
    let none = TcpFlags::default();
    Flow {
        transport: Transport::Udp,
        ends: Ends::Roles,
        sent_flags: none,
        received_flags: none,
        ..flow(from, to, port, secs)
    }
}

pub fn as_app(app: App, flow: Flow) -> Flow {
    Flow { app: Some(app), basis: Some(Basis::Payload), ..flow }
}

/// A SYN that nobody answered.
pub fn unanswered(from: &str, to: &str, port: u16, secs: i64) -> Flow {
    let one = Counters { packets: 1, bytes: 60, data_packets: 0, payload: 0 };
    Flow {
        sent: one,
        received: Counters::default(),
        sent_flags: TcpFlags(TcpFlags::SYN),
        received_flags: TcpFlags::default(),
        ..flow(from, to, port, secs)
    }
}

/// Few packets, as of a login that failed.
pub fn short(flow: Flow) -> Flow {
    let few = Counters { packets: 6, bytes: 400, data_packets: 3, payload: 60 };
    Flow { sent: few, received: few, ..flow }
}

/// What one end said to another.
pub fn fact(from: Party, to: Party, secs: i64, said: Said) -> Fact {
    let packet = PacketId { input: 0, number: 1 };
    Fact { at: at(secs), packet, flow: None, vlan: None, from, to, said }
}

/// A name server tells a device an address for a name.
pub fn told(asker: &str, name: &str, ip: &str, secs: i64) -> Fact {
    let record = DnsRecord {
        name: name.into(),
        rtype: 1,
        ttl: 60,
        value: DnsValue::Address(ip.parse().unwrap()),
    };
    let dns = dns(name, vec![record], true);
    fact(end("10.0.0.254", 53), end(asker, 40_000), secs, dns)
}

/// A device asks a name server for a name.
pub fn asked(asker: &str, name: &str, secs: i64) -> Fact {
    fact(end(asker, 40_000), end("10.0.0.254", 53), secs, dns(name, Vec::new(), false))
}

fn dns(name: &str, records: Vec<DnsRecord>, response: bool) -> Said {
    let questions = vec![DnsQuestion { name: name.into(), rtype: 1 }];
    let kind = DnsKind::Dns;
    Said::Dns(Box::new(Dns { kind, response, rcode: 0, questions, records, left_out: 0 }))
}

/// A camera (1), a recorder (7), a workstation (9), phones (20 to 29), the router (254).
pub fn site() -> Vec<Device> {
    let mut devices = vec![device("camera", 1), device("recorder", 7), device("desk", 9)];
    devices[2].kind = Some(claim(DeviceType::Computer));
    devices.extend((20..30).map(|no| device(&format!("phone-{no}"), no)));
    devices.push(Device { routes: true, ..device("router", 254) });
    devices
}

pub fn conclude(learner: &Learner, devices: &[Device]) -> Vec<Learned> {
    let index_of = |party: &Party| {
        devices.iter().position(|device| party.ip.is_some_and(|ip| device.ips.contains(&ip)))
    };
    learner.conclude(&Who { devices, index_of: &index_of })
}

/// What was learned of one device of the site from some conversations.
pub fn learned(name: &str, flows: impl IntoIterator<Item = Flow>) -> Learned {
    let mut learner = Learner::new();
    flows.into_iter().for_each(|flow| learner.flow(&flow));
    of(name, conclude(&learner, &site()))
}

/// The one of a device; nothing allowed where nothing was learned.
pub fn of(name: &str, all: Vec<Learned>) -> Learned {
    let nothing = || Learned { contract: super::contract(name, []), held: Vec::new() };
    all.into_iter().find(|one| one.contract.device.0 == name).unwrap_or_else(nothing)
}

/// Who may be spoken to or may speak, on which ports: the contract in short.
pub fn allowed(learned: &Learned) -> Vec<String> {
    let mut lines: Vec<String> = learned.contract.entries.iter().map(line).collect();
    lines.sort();
    lines
}

pub fn line(entry: &Entry) -> String {
    let arrow = if entry.opens == Opens::Device { "to" } else { "from" };
    let peer = match &entry.peer {
        Peer::Device { id, .. } => id.0.to_string(),
        Peer::Network { net } => net.to_string(),
        Peer::Name { name } => name.to_string(),
        other => format!("{other:?}").to_lowercase(),
    };
    let ports: Vec<String> = entry.ports.iter().map(ToString::to_string).collect();
    format!("{arrow} {peer} {}/{}", entry.transport, ports.join(","))
}

pub fn suspicions(learned: &Learned) -> Vec<Suspicion> {
    learned.held.iter().map(|held| held.suspicion.clone()).collect()
}
