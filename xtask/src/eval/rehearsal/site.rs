//! What is known of the made-up site: who had which address, and what each device may do.

use std::collections::HashMap;

use cordon_contract::resolve::{Bound, Known, World, resolve};
use cordon_contract::{
    Bindings, Carrier, Contract, Entry, MemberNo, Opens, Peer, Policy, Ports, Reach, Stage,
};
use cordon_model::record::{Address, Own, Record, Span};
use cordon_model::{Device, DeviceId, Mac, Timestamp};
use cordon_register::{Options, Register};
use ipnet::IpNet;

use super::network::{
    ALL, BROKER, CLOCK, CLOUD, COLLECTOR, DAYS, DEVICES, HALLS, HUBS, MAKERS, MASTER, MONITOR,
    RESOLVER, ROUTER, START, address, address_at, cloud, exchanges_with, half, is_routed, mac,
};

/// How much devices may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Allowed {
    /// What they usually do; names mean what they meant, whatever the time.
    Usual,
    /// The same, and names lose their meaning after a day.
    NamesEnd,
    /// Nothing.
    Nothing,
}

pub fn end() -> Timestamp {
    Timestamp::from_secs(START + i64::try_from(DAYS * 86_400).unwrap_or(0))
}

fn id(number: u64) -> DeviceId {
    DeviceId(format!("device-{number}").into())
}

fn macs(number: u64) -> Vec<Mac> {
    if is_routed(number) { Vec::new() } else { vec![mac(number)] }
}

/// Every device with the addresses that it had.
pub fn register() -> Register {
    let (begin, end) = (Timestamp::from_secs(START), end());
    let span = |value, first, last, gone| Span { value, first, last, gone };
    let record = |number: u64| {
        let mut addresses: Vec<Span<Address>> = macs(number)
            .into_iter()
            .map(|mac| span(Address::Mac(mac), begin, end, false))
            .collect();
        match exchanges_with(number) {
            Some(other) => {
                addresses.push(span(Address::Ip(address(number)), begin, half(), true));
                addresses.push(span(Address::Ip(address(other)), half(), end, false));
            }
            None => addresses.push(span(Address::Ip(address(number)), begin, end, false)),
        }
        Record {
            id: id(number),
            seen: Device {
                id: id(number),
                name: None,
                kind: None,
                vendor: None,
                model: None,
                firmware: None,
                os: None,
                macs: macs(number),
                ips: vec![address_at(number, end)],
                random_mac: false,
                parent: None,
                routes: number == ROUTER,
                vlans: Vec::new(),
                services: Vec::new(),
                mud: Vec::new(),
                first: begin,
                last: end,
                packets: 0,
                bytes: 0,
            },
            evidence: Vec::new(),
            own: Own::default(),
            first: begin,
            last: end,
            addresses,
            names: Vec::new(),
            services: Vec::new(),
            joined: Vec::new(),
            parted: Vec::new(),
            imported: None,
            silent: false,
        }
    };
    let records = (0..ALL).map(record).collect();
    Register::load(records, Vec::new(), Vec::new(), Options::default())
}

/// The contracts of all devices as a policy, and what names meant to them.
pub fn policy(allowed: Allowed) -> (Policy, Bindings) {
    let known = |number: u64| Known {
        macs: macs(number),
        ips: vec![address_at(number, end())],
        ..Known::new(id(number), &id(number).0)
    };
    let net = |text: &str| text.parse::<IpNet>().into_iter();
    let world = World {
        devices: (0..ALL).map(known).collect(),
        networks: net("10.0.0.0/16").collect(),
        gateways: vec![address(ROUTER)],
        ..World::default()
    };
    let contracts: Vec<Contract> = (0..DEVICES)
        .map(|number| {
            let mut contract = Contract::new(id(number), "", Timestamp::from_secs(START));
            if allowed != Allowed::Nothing {
                contract.entries = entries(number);
            }
            contract
        })
        .collect();
    let bound: Vec<Bound<'_>> = contracts
        .iter()
        .map(|contract| Bound { contract, stage: Stage::Enforce, reach: Reach::Normal })
        .collect();
    let policy = resolve(&world, &bound, end()).policy;
    let mut bindings = Bindings::default();
    if allowed != Allowed::Nothing {
        let numbers: HashMap<DeviceId, u64> = (0..DEVICES).map(|it| (id(it), it)).collect();
        for (no, member) in (0..).map(MemberNo).zip(&policy.members) {
            if let Some(number) = numbers.get(&member.device) {
                tell(&mut bindings, &policy, no, *number, allowed == Allowed::NamesEnd);
            }
        }
    }
    (policy, bindings)
}

/// A device is told on each day what its maker's names mean.
fn tell(bindings: &mut Bindings, policy: &Policy, member: MemberNo, number: u64, ends: bool) {
    let maker = number % MAKERS;
    for service in 0..2 {
        for day in 0..DAYS {
            for choice in 0..3 {
                let place = (number * 7 + day * 5 + choice) % CLOUD;
                let until = match ends {
                    true => {
                        Timestamp::from_secs(START + i64::try_from((day + 1) * 86_400).unwrap_or(0))
                    }
                    false => Timestamp::from_nanos(i64::MAX),
                };
                let ip = cloud(maker, service, place);
                bindings.learn(policy, member, &name(maker, service), ip, until);
            }
        }
    }
}

fn name(maker: u64, service: u64) -> String {
    format!("s{service}.maker{maker}.example")
}

fn entries(number: u64) -> Vec<Entry> {
    use Carrier::{Icmp, Tcp, Udp};
    let maker = number % MAKERS;
    let device = |number: u64| Peer::Device { id: id(number), name: id(number).0 };
    let opens = |peer, carrier, port| Entry::new(peer, Opens::Device, carrier, [Ports::one(port)]);
    let opened = |peer, carrier, port| Entry::new(peer, Opens::Peer, carrier, [Ports::one(port)]);
    let group = |a, b, c, d| Peer::Multicast { group: [a, b, c, d].into() };
    let mut time = opens(device(CLOCK), Udp, 123);
    if maker == 3 {
        time.client_ports = vec![Ports::one(123)];
    }
    let mut entries = vec![
        opens(device(RESOLVER), Udp, 53),
        time,
        opens(group(224, 0, 0, 251), Udp, 5_353),
        opens(group(239, 255, 255, 250), Udp, 1_900),
        opens(device(HUBS + number % HALLS), Tcp, 80),
        opens(device(COLLECTOR), Udp, 514),
        opened(device(MONITOR), Udp, 161),
        opened(device(MONITOR), Icmp, 8),
        opens(Peer::Broadcast, Udp, 67),
        match maker % 2 {
            0 => opens(device(BROKER), Tcp, 8_883),
            _ => opened(device(MASTER), Tcp, 502),
        },
    ];
    for place in 1..5 {
        entries.push(opens(device((number + HALLS * place) % DEVICES), Udp, 5_683));
        entries.push(opened(device((number + DEVICES - HALLS * place) % DEVICES), Udp, 5_683));
    }
    // One maker has a service of which no contract knows.
    for service in 0..if maker == 5 { 1 } else { 2 } {
        entries.push(opens(Peer::Name { name: name(maker, service).into() }, Tcp, 443));
    }
    entries
}
