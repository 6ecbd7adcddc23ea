//! Every kind of peer becomes the addresses that it means, and no others.

use std::net::IpAddr;

use cordon_contract::resolve::{Bound, DNS_SERVERS, Known, Missing, Resolved, World, resolve};
use cordon_contract::{
    Bindings, Carrier, Contract, Decision, Entry, IpVersion, Judge, MemberNo, Opens, Peer, Ports,
    Reach, Stage, Validity, Where, Window,
};
use cordon_model::{DeviceId, Mac, Timestamp};
use proptest::prelude::*;

use super::{contract, enforced, entry, known, packet};

const NOON: Timestamp = Timestamp::from_secs(1_700_000_000);

/// A camera (1) with a sibling (2) and a stranger (3), a recorder (7), a router (254).
fn world() -> World {
    let of = |device: Known, vendor: &str, zone: &str, tag: &str| Known {
        vendor: Some(vendor.into()),
        zone: Some(zone.into()),
        tags: vec![tag.into()],
        ..device
    };
    let mut devices = vec![
        of(known("camera", 1), "Acme", "yard", "cameras"),
        of(known("sibling", 2), "ACME", "yard", "cameras"),
        of(known("stranger", 3), "Other", "hall", "doors"),
        of(known("recorder", 7), "Rec", "hall", "it"),
    ];
    devices[0].mud_url = Some("https://acme.example/cam".into());
    devices[1].mud_url = Some("https://ACME.example/cam2".into());
    devices[1].model = Some("Cam 2".into());
    devices[3].serves = vec!["https://acme.example/recorders".into()];
    devices[0].my_controllers = vec![DeviceId("recorder".into())];
    World {
        devices,
        networks: vec!["10.0.0.0/24".parse().unwrap(), "2001:db8::/64".parse().unwrap()],
        gateways: vec!["10.0.0.254".parse().unwrap(), "fe80::1".parse().unwrap()],
        controllers: [(DNS_SERVERS.into(), vec!["10.0.0.53".parse().unwrap()])].into(),
        ..World::default()
    }
}

fn one(world: &World, entry: Entry) -> Resolved {
    resolve(world, &[enforced(&contract("camera", [entry]))], NOON)
}

/// Which of some addresses the camera may open to on port 80.
fn reached(world: &World, peer: Peer) -> Vec<&'static str> {
    const TRIED: [&str; 14] = [
        "10.0.0.2",
        "10.0.0.3",
        "10.0.0.7",
        "10.0.0.53",
        "10.0.0.254",
        "10.0.0.255",
        "10.9.0.1",
        "255.255.255.255",
        "239.255.255.250",
        "8.8.8.8",
        "2001:db8::2",
        "2001:db8::7",
        "fe80::1",
        "2a00:1450::8",
    ];
    let resolved = one(world, entry(peer, Opens::Device, 80));
    let judge = Judge::new(&resolved.policy);
    let passes = |to: &&&str| {
        let packet = packet("10.0.0.1", to, Carrier::Tcp, 50_000, 80);
        judge.decide(&packet, &Bindings::default(), NOON).passes()
    };
    TRIED.iter().filter(passes).copied().collect()
}

#[test]
fn every_kind_of_peer_is_where_it_is_and_nowhere_else() {
    let recorder = ["10.0.0.7", "2001:db8::7"];
    let sibling = ["10.0.0.2", "2001:db8::2"];
    let device = Peer::Device { id: DeviceId("recorder".into()), name: "any name".into() };
    let cases: Vec<(Peer, &[&str])> = vec![
        (device, &recorder),
        (Peer::Group { tag: "cameras".into() }, &sibling),
        (Peer::Zone { zone: "yard".into() }, &sibling),
        (Peer::Zone { zone: "hall".into() }, &["10.0.0.3", "10.0.0.7", "2001:db8::7"]),
        (Peer::SameManufacturer, &sibling),
        (Peer::Manufacturer { name: "Acme.Example".into() }, &sibling),
        (Peer::Manufacturer { name: "acme".into() }, &sibling),
        (Peer::Model { name: "https://acme.example/cam2".into() }, &sibling),
        (Peer::Model { name: "cam 2".into() }, &sibling),
        (Peer::MyController, &recorder),
        (Peer::Controller { class: "https://acme.example/recorders".into() }, &recorder),
        (Peer::Controller { class: DNS_SERVERS.into() }, &["10.0.0.53"]),
        (Peer::Network { net: "10.0.0.53/31".parse().unwrap() }, &["10.0.0.53"]),
        (
            Peer::LocalNetworks,
            &[
                "10.0.0.2",
                "10.0.0.3",
                "10.0.0.7",
                "10.0.0.53",
                "10.0.0.254",
                "10.0.0.255",
                "2001:db8::2",
                "2001:db8::7",
                "fe80::1",
            ],
        ),
        (Peer::Gateway, &["10.0.0.254"]),
        (Peer::Broadcast, &["10.0.0.255", "255.255.255.255"]),
        (Peer::Multicast { group: "239.255.255.250".parse().unwrap() }, &["239.255.255.250"]),
        (Peer::Internet, &["8.8.8.8", "2a00:1450::8"]),
    ];
    for (peer, wanted) in cases {
        assert_eq!(reached(&world(), peer.clone()), wanted, "{peer:?}");
    }
    assert_eq!(reached(&world(), Peer::Anyone).len(), 14);
}

#[test]
fn what_leads_nowhere_allows_nothing_and_is_said() {
    let mut world = world();
    world.devices[0].my_controllers.clear();
    world.devices[2].ips.clear();
    world.gateways.clear();
    let device = |id: &str| Peer::Device { id: DeviceId(id.into()), name: id.into() };
    let cases = [
        (Peer::MyController, Missing::NoController),
        (Peer::Controller { class: "urn:nobody".into() }, Missing::NoController),
        (device("gone"), Missing::NoDevice),
        (device("stranger"), Missing::NoAddress),
        (device("camera"), Missing::NoDevice),
        (Peer::Group { tag: "nothing".into() }, Missing::NoDevice),
        (Peer::Zone { zone: "nowhere".into() }, Missing::NoDevice),
        (Peer::Gateway, Missing::NoGateway),
        (Peer::Multicast { group: "8.8.8.8".parse().unwrap() }, Missing::NoGroup),
    ];
    for (peer, missing) in cases {
        let resolved = one(&world, entry(peer.clone(), Opens::Device, 80));
        assert_eq!(resolved.policy.rules, [], "{peer:?}");
        assert_eq!(resolved.unresolved.len(), 1, "{peer:?}");
        assert_eq!(resolved.unresolved[0].missing, missing, "{peer:?}");
        assert!(resolved.unresolved[0].entry.is_some());
    }
}

#[test]
fn a_device_that_is_not_known_and_a_second_contract_are_said() {
    let (mine, twice, ghost) =
        (contract("camera", []), contract("camera", []), contract("ghost", []));
    let resolved = resolve(&world(), &[enforced(&ghost), enforced(&mine), enforced(&twice)], NOON);
    assert_eq!(resolved.policy.members.len(), 1);
    let missing: Vec<_> = resolved.unresolved.iter().map(|what| what.missing).collect();
    assert_eq!(missing, [Missing::Twice, Missing::Unknown]);
}

#[test]
fn excluded_addresses_are_not_local() {
    let excluded = vec!["10.0.0.254/32".parse().unwrap()];
    let reached = reached(&World { excluded, ..world() }, Peer::LocalNetworks);
    assert!(!reached.contains(&"10.0.0.254") && reached.contains(&"10.0.0.53"));
}

#[test]
fn the_controllers_of_a_model_are_named_by_its_mud_url() {
    let mut world = world();
    world.devices[0].my_controllers.clear();
    world.controllers.insert("https://acme.example/cam".into(), vec!["10.0.0.3".parse().unwrap()]);
    assert_eq!(reached(&world, Peer::MyController), ["10.0.0.3"]);
}

#[test]
fn a_device_without_mud_url_knows_its_kind_by_the_makers_name() {
    let mut world = world();
    world.devices[0].mud_url = None;
    assert_eq!(reached(&world, Peer::SameManufacturer), ["10.0.0.2", "2001:db8::2"]);
}

#[test]
fn a_name_is_bound_over_the_ip_that_the_entry_says() {
    let name = || Peer::Name { name: "Cloud.Example.".into() };
    let mut v4 = entry(name(), Opens::Device, 443);
    v4.ip = Some(IpVersion::V4);
    let both = entry(name(), Opens::Device, 80);
    let camera = contract("camera", [v4, both]);
    let policy = resolve(&world(), &[enforced(&camera)], NOON).policy;
    assert_eq!(policy.names, ["cloud.example", "cloud.example"]);
    let mut bindings = Bindings::default();
    for ip in ["203.0.113.7", "2001:db8:1::7"] {
        let until = Timestamp::from_secs(i64::MAX);
        bindings.learn(&policy, MemberNo(0), "cloud.example", ip.parse().unwrap(), until);
    }
    let judge = Judge::new(&policy);
    let passes = |from: &str, to: &str, port| {
        judge.decide(&packet(from, to, Carrier::Tcp, 50_000, port), &bindings, NOON).passes()
    };
    assert!(passes("10.0.0.1", "203.0.113.7", 443) && passes("10.0.0.1", "203.0.113.7", 80));
    assert!(passes("2001:db8::1", "2001:db8:1::7", 80));
    assert!(!passes("2001:db8::1", "2001:db8:1::7", 443), "the entry is about IPv4");
}

#[test]
fn ports_of_both_ends_and_protocols_without_ports() {
    let mut udp =
        Entry::new(Peer::Gateway, Opens::Device, Carrier::Udp, [Ports::one(67), Ports::one(68)]);
    udp.client_ports = vec![Ports::one(68)];
    let any = Entry::new(Peer::Gateway, Opens::Device, Carrier::Ip, [Ports::one(53)]);
    let wrong = Entry::new(Peer::Gateway, Opens::Device, Carrier::Protocol(47), [Ports::one(1)]);
    let v6 = Entry::new(Peer::Gateway, Opens::Device, Carrier::Icmpv6, []);
    let eapol = Entry::new(Peer::Anyone, Opens::Device, Carrier::Ether(0x888e), []);
    let mut only = world();
    only.gateways.truncate(1);
    let camera = contract("camera", [udp, any, wrong, v6, eapol]);
    let resolved = resolve(&only, &[enforced(&camera)], NOON);
    let shapes: Vec<_> =
        resolved.policy.rules.iter().map(|rule| (rule.carrier, rule.service.first())).collect();
    assert_eq!(
        shapes,
        [(Carrier::Tcp, 53), (Carrier::Udp, 53), (Carrier::Udp, 67), (Carrier::Udp, 68)]
    );
    let mut missing: Vec<_> = resolved.unresolved.iter().map(|what| what.missing).collect();
    missing.sort_unstable();
    assert_eq!(missing, [Missing::NoPorts, Missing::NoSuchIp], "EAPOL is no router's business");
}

#[test]
fn entries_hold_when_they_hold_and_the_next_change_is_named() {
    let at = |secs: i64| Timestamp::from_secs(1_700_000_000 / 86_400 * 86_400 + secs);
    let mut over = entry(Peer::Gateway, Opens::Device, 1);
    over.valid = Validity { until: Some(at(3_600)), ..Validity::default() };
    let mut later = entry(Peer::Gateway, Opens::Device, 2);
    later.valid = Validity { from: Some(at(7_200)), ..Validity::default() };
    let mut night = entry(Peer::Gateway, Opens::Device, 3);
    let window = Window { days: vec![], from: 22 * 60, to: 6 * 60 };
    night.valid = Validity { windows: vec![window], ..Validity::default() };
    let camera = contract("camera", [over, later, night]);
    let held = |secs| {
        let resolved = resolve(&world(), &[enforced(&camera)], at(secs));
        let ports = resolved.policy.rules.iter().map(|rule| rule.service.first());
        (ports.collect::<Vec<_>>(), resolved.holds_until)
    };
    assert_eq!(held(0), (vec![1, 3], Some(at(3_600))));
    assert_eq!(held(3_600), (vec![3], Some(at(7_200))));
    assert_eq!(held(7_200), (vec![2, 3], Some(at(6 * 3_600))));
    assert_eq!(held(12 * 3_600), (vec![2], Some(at(22 * 3_600))));
    assert_eq!(held(23 * 3_600), (vec![2, 3], Some(at(30 * 3_600))));
}

#[test]
fn stage_and_switch_are_the_members_own() {
    let camera = contract("camera", []);
    let decide = |stage, reach, to: &str| {
        let bound = Bound { contract: &camera, stage, reach };
        let policy = resolve(&world(), &[bound], NOON).policy;
        let packet = packet("10.0.0.1", to, Carrier::Tcp, 50_000, 80);
        Judge::new(&policy).decide(&packet, &Bindings::default(), NOON)
    };
    assert!(matches!(decide(Stage::Warn, Reach::Normal, "8.8.8.8"), Decision::Warn(..)));
    assert!(decide(Stage::Watch, Reach::LocalOnly, "10.0.0.3").passes());
    assert!(!decide(Stage::Watch, Reach::LocalOnly, "8.8.8.8").passes());
    assert!(
        !decide(Stage::Watch, Reach::InternetOnly, "2001:db8::3").passes(),
        "a network of the site"
    );
    assert!(!decide(Stage::Watch, Reach::Off, "8.8.8.8").passes());
}

#[test]
fn a_contract_that_expects_a_link_layer_address_takes_no_other() {
    let mut camera = contract("camera", []);
    camera.expected.macs = vec![Mac([2, 9, 9, 9, 9, 9])];
    let policy = resolve(&world(), &[enforced(&camera)], NOON).policy;
    assert_eq!(policy.members[0].macs, camera.expected.macs);
}

#[test]
fn an_entry_that_means_too_much_is_refused_whole() {
    let mut world = world();
    world.devices.extend((0..70_000_u32).map(|n| Known {
        ips: vec![IpAddr::from((0x0b00_0000 + n).to_be_bytes())],
        tags: vec!["all".into()],
        ..Known::new(DeviceId(format!("d{n}").into()), "d")
    }));
    let resolved = one(&world, entry(Peer::Group { tag: "all".into() }, Opens::Device, 80));
    assert_eq!(resolved.policy.rules.len(), 0);
    assert_eq!(resolved.unresolved[0].missing, Missing::TooMany);
}

#[test]
fn rules_are_sorted_and_without_doubles_and_each_has_its_entry() {
    let device = |id: &str| Peer::Device { id: DeviceId(id.into()), name: id.into() };
    let entries = [
        entry(Peer::Zone { zone: "hall".into() }, Opens::Device, 80),
        entry(device("recorder"), Opens::Device, 80),
        entry(Peer::MyController, Opens::Device, 80),
    ];
    let camera: Contract = contract("camera", entries);
    let policy = resolve(&world(), &[enforced(&camera)], NOON).policy;
    assert_eq!(policy.rules.len(), 4, "two devices by two addresses");
    for rule in &policy.rules {
        let origin = policy.origin(rule).unwrap();
        assert_eq!(origin.member, rule.member);
        assert!(camera.entry(&origin.entry).is_some());
    }
    assert!(policy.rules.is_sorted());
}

proptest! {
    #[test]
    fn the_order_of_contracts_and_devices_does_not_show(turn in 0_usize..4, ports in proptest::collection::vec(1_u16..2_000, 1..6)) {
        let mut world = world();
        let make = |name: &str| {
            let entries = ports.iter().map(|port| entry(Peer::SameManufacturer, Opens::Peer, *port));
            contract(name, entries.chain([entry(Peer::Name { name: format!("{name}.example").into() }, Opens::Device, 443)]))
        };
        let contracts: Vec<_> = world.devices.iter().map(|known| make(&known.label)).collect();
        let mut bound: Vec<_> = contracts.iter().map(enforced).collect();
        let first = resolve(&world, &bound, NOON);
        bound.rotate_left(turn);
        world.devices.rotate_left(turn);
        prop_assert_eq!(&first, &resolve(&world, &bound, NOON));
        for rule in &first.policy.rules {
            prop_assert!(!matches!(rule.at, Where::Name(no) if first.policy.names.get(no.0 as usize).is_none()));
        }
    }
}
