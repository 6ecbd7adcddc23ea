//! What recorded conversations would have met, compared with judging every one by itself.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use cordon_contract::learn::{is_upkeep, stays_on_link};
use cordon_contract::rehearse::{Kind, Lost, Report};
use cordon_contract::{
    Bindings, Carrier, Decision, EntryId, Judge, Member, MemberNo, NameNo, Opens, Origin, Packet,
    Policy, Ports, Reach, Rule, Side, Stage, Where,
};
use cordon_history::conformance::{every_page, flow};
use cordon_history::{FlowQuery, FlowRow, History, Options, ParquetHistory, Site, TallyQuery};
use cordon_model::flow::TcpFlags;
use cordon_model::record::{Address, Own, Record, Span};
use cordon_model::{App, Device, DeviceId, Flow, FlowId, Mac, Party, Timestamp, Transport};
use cordon_register::Register;
use cordon_service::rehearse_history;

const START: i64 = 1_795_305_600;
const SECONDS: u64 = 200_000;
/// Devices; the last one routes.
const DEVICES: u64 = 8;

/// xorshift64*: the same every time.
struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = u128::from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D));
        ((drawn * u128::from(most)) >> 64) as u64
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    fn time(&mut self) -> Timestamp {
        Timestamp::from_secs(START).plus(Duration::from_micros(self.below(SECONDS * 1_000_000)))
    }

    fn inside(&mut self) -> IpAddr {
        IpAddr::from([10, 0, 0, self.below(DEVICES + 2) as u8])
    }

    fn anywhere(&mut self) -> IpAddr {
        match self.below(10) {
            0..6 => self.inside(),
            6 => IpAddr::from([224, 0, 0, 251]),
            _ => IpAddr::from([9, 9, 9, self.below(4) as u8]),
        }
    }

    fn mac(&mut self) -> Mac {
        Mac([0, 1, 2, 3, 4, self.below(DEVICES + 2) as u8])
    }

    fn port(&mut self) -> u16 {
        self.one(&[8, 53, 68, 443, 5_000])
    }

    fn ports(&mut self) -> Ports {
        match self.below(3) {
            0 => Ports::ALL,
            1 => Ports::one(self.port()),
            _ => Ports::range(self.port(), self.port()),
        }
    }
}

/// Devices that had addresses one after the other, and at the same time.
fn register(random: &mut Random) -> Register {
    let record = |number: u64| {
        let id = DeviceId(number.to_string().into());
        let mut addresses = Vec::new();
        for _ in 0..1 + random.below(4) {
            let (a, b) = (random.time(), random.time());
            let value = match random.below(3) {
                0 => Address::Mac(random.mac()),
                _ => Address::Ip(random.inside()),
            };
            let gone = random.below(2) == 0;
            addresses.push(Span { value, first: a.min(b), last: a.max(b), gone });
        }
        let ips = addresses.last().and_then(|span| match span.value {
            Address::Ip(ip) => Some(ip),
            Address::Mac(_) => None,
        });
        Record {
            id: id.clone(),
            seen: Device {
                id,
                name: None,
                kind: None,
                vendor: None,
                model: None,
                firmware: None,
                os: None,
                macs: Vec::new(),
                ips: ips.into_iter().collect(),
                random_mac: false,
                parent: None,
                routes: number + 1 == DEVICES,
                vlans: Vec::new(),
                services: Vec::new(),
                mud: Vec::new(),
                first: Timestamp::from_secs(START),
                last: Timestamp::from_secs(START),
                packets: 0,
                bytes: 0,
            },
            evidence: Vec::new(),
            own: Own::default(),
            first: Timestamp::from_secs(START),
            last: Timestamp::from_secs(START),
            addresses,
            names: Vec::new(),
            services: Vec::new(),
            joined: Vec::new(),
            parted: Vec::new(),
            imported: None,
            silent: false,
        }
    };
    let records = (0..DEVICES).map(record).collect();
    Register::load(records, Vec::new(), Vec::new(), cordon_register::Options::default())
}

fn policy(random: &mut Random) -> Policy {
    let members: Vec<Member> = (0..6_u64)
        .map(|number| Member {
            device: DeviceId(number.to_string().into()),
            label: "one".into(),
            macs: Vec::new(),
            ips: vec![IpAddr::from([10, 0, 0, number as u8])],
            link: None,
            stage: random.one(&[Stage::Watch, Stage::Warn, Stage::Enforce, Stage::Enforce]),
            reach: match random.below(12) {
                0 => Reach::Off,
                1 => Reach::LocalOnly,
                2 => Reach::InternetOnly,
                _ => Reach::Normal,
            },
        })
        .collect();
    let mut rules: Vec<Rule> = (0..random.below(60))
        .map(|_| {
            let carrier = random.one(&[Carrier::Tcp, Carrier::Udp, Carrier::Icmp, Carrier::Ip]);
            Rule {
                member: MemberNo(random.below(6) as u32),
                opens: random.one(&[Opens::Device, Opens::Device, Opens::Peer]),
                at: match random.below(5) {
                    0 => Where::Name(NameNo(0)),
                    1 => Where::Net("10.0.0.0/30".parse().unwrap()),
                    _ => Where::Net(random.anywhere().into()),
                },
                carrier,
                service: if carrier.has_ports() { random.ports() } else { Ports::ALL },
                client: if random.below(6) == 0 { random.ports() } else { Ports::ALL },
                entry: 0,
            }
        })
        .collect();
    rules.sort();
    rules.dedup();
    Policy {
        members,
        rules,
        names: vec!["a.example".into()],
        entries: vec![Origin { member: MemberNo(0), entry: EntryId("entry".into()) }],
        local: vec!["10.0.0.0/8".parse().unwrap()],
        ..Policy::default()
    }
}

fn conversation(random: &mut Random, number: u64) -> Flow {
    let last = random.time();
    let transport =
        random.one(&[Transport::Tcp, Transport::Udp, Transport::Icmp, Transport::Ip(47)]);
    let has_ports = matches!(transport, Transport::Tcp | Transport::Udp);
    let party = |random: &mut Random, port: bool| Party {
        mac: (random.below(8) > 0).then(|| random.mac()),
        ip: (random.below(20) > 0).then(|| random.anywhere()),
        port: port.then(|| random.port()),
    };
    let mut flow = Flow {
        id: FlowId(number),
        transport,
        client: party(random, has_ports),
        server: party(random, has_ports || transport == Transport::Icmp),
        tunnelled: random.below(30) == 0,
        app: random.one(&[None, Some(App::Dns), Some(App::Tls)]),
        first: last.minus(Duration::from_micros(random.below(1 << 36))),
        last,
        received_flags: TcpFlags(random.one(&[0, 0x1b, 0x14, 0x12])),
        ..flow(number)
    };
    (flow.sent.packets, flow.received.packets) = (random.below(3), random.below(3));
    flow
}

/// Row by row, end by end, at the time of each.
fn one_by_one(
    rows: &[FlowRow],
    register: &Register,
    policy: &Policy,
    bindings: &Bindings,
) -> Report {
    let judge = Judge::new(policy);
    let mut report = Report::default();
    let mut lost: BTreeMap<Kind, Lost> = BTreeMap::new();
    for row in rows.iter().filter(|row| !row.tunnelled) {
        let end = |party: &Party| {
            let ip = party.ip?;
            let record = register.record_of(party.mac, Some(ip), row.first);
            let member =
                record.and_then(|record| policy.members.iter().find(|it| it.device == record.id));
            let own = record.is_some_and(|record| record.seen.ips.contains(&ip));
            Some(member.filter(|_| !own).map_or(ip, |member| member.ips[0]))
        };
        let server_first =
            row.transport != Transport::Tcp && row.sent_packets == 0 && row.received_packets > 0;
        let (from, to) =
            if server_first { (row.server, row.client) } else { (row.client, row.server) };
        let (Some(from_ip), Some(to_ip)) = (end(&from), end(&to)) else { continue };
        report.flows += 1;
        let carrier = Carrier::from(row.transport);
        let service = if carrier == Carrier::Icmp { row.server.port } else { to.port };
        let packet = Packet {
            mac: None,
            from: from_ip,
            to: to_ip,
            carrier,
            from_port: if carrier == Carrier::Icmp { 0 } else { from.port.unwrap_or(0) },
            to_port: service.unwrap_or(0),
            established: false,
        };
        if is_upkeep(carrier, packet.to_port) || stays_on_link(to_ip) {
            continue;
        }
        let decision = judge.decide(&packet, bindings, row.first);
        let Decision::Drop(member, side, _) = decision else { continue };
        report.blocked += 1;
        let peer = if side == Side::Source { to_ip } else { from_ip };
        let kind = Kind { member, side, peer, carrier, service: packet.to_port };
        let none = Lost {
            times: 0,
            packets: 0,
            bytes: 0,
            first: row.first,
            last: row.last,
            answered: 0,
            app: None,
        };
        let held = lost.entry(kind).or_insert(none);
        let refused = row.transport == Transport::Tcp && row.received_flags.0 & 0x06 == 0x04;
        held.times += 1;
        held.packets += row.sent_packets + row.received_packets;
        held.bytes += row.sent_bytes + row.received_bytes;
        held.first = held.first.min(row.first);
        held.last = held.last.max(row.last);
        held.answered += u64::from(row.sent_packets > 0 && row.received_packets > 0 && !refused);
        held.app = held.app.into_iter().chain(row.app).min();
    }
    report.lost = lost.into_iter().collect();
    report.lost.sort_by_key(|(kind, lost)| (std::cmp::Reverse(lost.times), *kind));
    report
}

#[test]
fn kinds_of_a_recorded_time_come_to_what_its_rows_come_to_one_by_one() {
    let (mut blocked, mut passed) = (0, 0);
    for seed in 1..=40 {
        let random = &mut Random(seed);
        let (register, policy) = (register(random), policy(random));
        let mut bindings = Bindings::default();
        for _ in 0..random.below(30) {
            let member = MemberNo(random.below(6) as u32);
            let ends = random.time();
            let until = random.one(&[Timestamp::from_nanos(i64::MAX), ends]);
            bindings.learn(&policy, member, "a.example", random.anywhere(), until);
        }
        let folder = tempfile::tempdir().unwrap();
        let history = ParquetHistory::open(folder.path(), Options::default()).unwrap();
        for number in 0..1_500 {
            let flow = conversation(random, number);
            history.append_flows(&Site::default(), &[flow]);
            if random.below(300) == 0 {
                history.flush().unwrap();
            }
        }
        for _ in 0..3 {
            let (a, b) = (random.time(), random.time());
            let (from, to) = random.one(&[(None, None), (Some(a.min(b)), Some(a.max(b)))]);
            let query = TallyQuery { from, to, ..TallyQuery::default() };
            let (report, tallied) =
                rehearse_history(&history, &register, (&policy, &bindings), &query).unwrap();
            let all = FlowQuery { from, to, limit: 1_000, ..FlowQuery::default() };
            let rows = every_page(&history, &all);
            assert_eq!(report, one_by_one(&rows, &register, &policy, &bindings), "seed {seed}");
            assert_eq!(tallied.flows, report.flows);
            blocked += report.blocked;
            passed += report.flows - report.blocked;
        }
    }
    assert!(blocked > 10_000 && passed > 10_000, "{blocked} blocked, {passed} passed");
}
