//! What is exported is imported as the same, as far as MUD can say it.

use cordon_contract::mud::{UnsaidWhat, export, import};
use cordon_contract::resolve::World;
use cordon_contract::{
    Bounds, Carrier, Contract, Entry, IpVersion, Opens, Peer, Ports, TlsRule, Validity, VerbRule,
};
use cordon_model::{App, DeviceId, Timestamp};
use proptest::option::of;
use proptest::prelude::*;

use super::{contract, entry, known};

const URL: &str = "https://site.example/camera";

fn back(contract: &Contract, world: &World) -> (Contract, Vec<UnsaidWhat>) {
    let exported = export(contract, URL, world);
    let text = cordon_mud::write(&exported.file);
    let parsed = cordon_mud::parse(text.as_bytes()).unwrap();
    assert_eq!(parsed.refused(), 0, "{:?}", parsed.warnings);
    assert_eq!(parsed.file, exported.file);
    let device = contract.device.clone();
    let (again, _) = import(&parsed.file, None, device, "again", contract.made);
    (again, exported.unsaid.iter().map(|unsaid| unsaid.what).collect())
}

/// What an entry allows, in pieces: over which IP, with which carrier, at which ports.
fn pieces(entry: &Entry) -> Vec<(bool, Entry)> {
    let or_all = |ports: &[Ports]| {
        if ports.is_empty() { vec![Ports::ALL] } else { ports.to_vec() }
    };
    let by_carrier = match entry.transport {
        Carrier::Icmp => Some(true),
        Carrier::Icmpv6 => Some(false),
        _ => None,
    };
    let by_peer = match &entry.peer {
        Peer::Network { net } => Some(net.addr().is_ipv4()),
        Peer::Multicast { group } => Some(group.is_ipv4()),
        _ => None,
    };
    let mut pieces = Vec::new();
    for v4 in [true, false] {
        let fits = |only: Option<bool>| only.is_none_or(|only| only == v4);
        if !fits(by_carrier) || !fits(by_peer) || !fits(entry.ip.map(|ip| ip == IpVersion::V4)) {
            continue;
        }
        for service in or_all(&entry.ports) {
            for client in or_all(&entry.client_ports) {
                let mut piece =
                    Entry::new(entry.peer.clone(), entry.opens, entry.transport, [service]);
                piece.client_ports = vec![client];
                piece.verbs = entry.verbs.clone();
                pieces.push((v4, piece));
            }
        }
    }
    pieces
}

/// Whether all that `b` allows is allowed by `a`.
fn covers(a: &Contract, b: &Contract) -> Result<(), Box<Entry>> {
    let held: Vec<_> = a.entries.iter().flat_map(pieces).collect();
    for (v4, piece) in b.entries.iter().flat_map(pieces) {
        let covered = held.iter().any(|(held_v4, held)| {
            *held_v4 == v4
                && (held.peer == piece.peer || held.peer == Peer::Anyone)
                && held.opens == piece.opens
                && held.transport.covers(piece.transport)
                && held.ports[0].covers(piece.ports[0])
                && held.client_ports[0].covers(piece.client_ports[0])
                && held.verbs == piece.verbs
        });
        if !covered {
            return Err(Box::new(piece));
        }
    }
    Ok(())
}

#[test]
fn what_mud_cannot_say_is_listed_and_never_widened_in_silence() {
    let recorder = Peer::Device { id: DeviceId("recorder".into()), name: "recorder".into() };
    let ghost = Peer::Device { id: DeviceId("ghost".into()), name: "ghost".into() };
    let named = |name: &str| Peer::Name { name: name.into() };
    let with = |change: fn(&mut Entry)| {
        let mut entry = entry(named("a.example"), Opens::Device, 80);
        change(&mut entry);
        entry
    };
    let udp = Entry::new(Peer::LocalNetworks, Opens::Device, Carrier::Udp, [Ports::one(5683)]);
    let broadcast = Entry::new(Peer::Broadcast, Opens::Device, Carrier::Udp, [Ports::one(67)]);
    let http = |entry: &mut Entry| {
        entry.verbs = vec![VerbRule::Http { method: "GET".into(), path: "/".into() }];
    };
    let cases = [
        (entry(Peer::Group { tag: "x".into() }, Opens::Device, 1), UnsaidWhat::Label),
        (entry(Peer::Zone { zone: "x".into() }, Opens::Device, 1), UnsaidWhat::Label),
        (entry(ghost, Opens::Device, 1), UnsaidWhat::Address),
        (entry(recorder, Opens::Device, 1), UnsaidWhat::DeviceAsAddress),
        (entry(named("*.a.example"), Opens::Device, 1), UnsaidWhat::Wildcard),
        (entry(Peer::Internet, Opens::Device, 1), UnsaidWhat::Internet),
        (
            entry(Peer::Manufacturer { name: "Acme Ltd".into() }, Opens::Device, 1),
            UnsaidWhat::NoUrl,
        ),
        (entry(Peer::Model { name: "X 100".into() }, Opens::Device, 1), UnsaidWhat::NoUrl),
        (
            entry(Peer::Multicast { group: [224, 0, 0, 251].into() }, Opens::Device, 1),
            UnsaidWhat::Contradiction,
        ),
        (broadcast, UnsaidWhat::BroadcastOfNetworks),
        (udp, UnsaidWhat::WhoOpens),
        (
            with(|e| e.bounds = Bounds { flows_per_minute: Some(1), ..Bounds::default() }),
            UnsaidWhat::Bounds,
        ),
        (with(|e| e.app = Some(App::Http)), UnsaidWhat::Application),
        (with(http), UnsaidWhat::Verbs),
        (
            with(|e| {
                e.valid = Validity { until: Some(Timestamp::from_secs(9)), ..Validity::default() }
            }),
            UnsaidWhat::Time,
        ),
        (with(|e| e.ports = (0..300).map(|n| Ports::one(n * 2)).collect()), UnsaidWhat::TooMany),
    ];
    let world = World { devices: vec![known("recorder", 7)], ..World::default() };
    for (entry, what) in cases {
        let (again, unsaid) = back(&contract("camera", [entry.clone()]), &world);
        assert_eq!(unsaid, [what], "{entry:?}");
        assert_eq!(again.entries.is_empty(), what.left_out(), "{entry:?}: {:?}", again.entries);
        assert!(!what.to_string().is_empty());
    }
}

#[test]
fn udp_that_either_end_begins_is_said_whole() {
    let device = Entry::new(Peer::LocalNetworks, Opens::Device, Carrier::Udp, [Ports::one(5683)]);
    let mut peer = Entry { opens: Opens::Peer, ..device.clone() };
    peer.client_ports = peer.ports.clone();
    let both = contract("camera", [device, peer]);
    let (again, unsaid) = back(&both, &World::default());
    assert_eq!(unsaid, []);
    assert_eq!(covers(&again, &both).and(covers(&both, &again)), Ok(()));
}

fn some_peer() -> impl Strategy<Value = Peer> {
    prop_oneof![
        "[ab]\\.example".prop_map(|name| Peer::Name { name: name.into() }),
        Just(Peer::MyController),
        Just(Peer::LocalNetworks),
        Just(Peer::SameManufacturer),
        Just(Peer::Gateway),
        Just(Peer::Anyone),
        Just(Peer::Controller { class: "urn:ietf:params:mud:dns".into() }),
        Just(Peer::Manufacturer { name: "maker.example".into() }),
        Just(Peer::Model { name: "https://maker.example/m".into() }),
        Just(Peer::Network { net: "192.0.2.0/24".parse().unwrap() }),
        Just(Peer::Network { net: "2001:db8::/32".parse().unwrap() }),
        Just(Peer::Multicast { group: "239.255.255.250".parse().unwrap() }),
        Just(Peer::Multicast { group: "ff02::fb".parse().unwrap() }),
    ]
}

fn some_ports() -> impl Strategy<Value = Vec<Ports>> {
    let port = prop_oneof![
        (1_u16..6).prop_map(Ports::one),
        (1_u16..4, 10_u16..14).prop_map(|(a, b)| Ports::range(a, b)),
    ];
    proptest::collection::vec(port, 0..3)
}

fn some_entry() -> impl Strategy<Value = Entry> {
    let carrier = prop_oneof![
        4 => Just(Carrier::Tcp),
        3 => Just(Carrier::Udp),
        1 => Just(Carrier::Icmp),
        1 => Just(Carrier::Icmpv6),
        1 => Just(Carrier::Protocol(47)),
        1 => Just(Carrier::Ip),
    ];
    let opens = prop_oneof![Just(Opens::Device), Just(Opens::Peer)];
    let ip = of(prop_oneof![Just(IpVersion::V4), Just(IpVersion::V6)]);
    (some_peer(), opens, carrier, some_ports(), some_ports(), ip, any::<bool>(), any::<bool>())
        .prop_map(|(peer, opens, carrier, mut ports, mut clients, ip, few, tls)| {
            match carrier {
                Carrier::Icmp => ports = vec![Ports::one(8)],
                Carrier::Icmpv6 => ports = vec![Ports::one(128)],
                Carrier::Protocol(_) | Carrier::Ip => ports.clear(),
                _ => {}
            }
            if few || !matches!(carrier, Carrier::Tcp | Carrier::Udp) {
                clients.clear();
            }
            // Only the device sends to a group that it names.
            let group = matches!(peer, Peer::Multicast { .. });
            let opens = if group { Opens::Device } else { opens };
            let mut entry = Entry::new(peer, opens, carrier, ports);
            entry.client_ports = clients;
            entry.ip = ip;
            if tls && carrier == Carrier::Tcp {
                let (versions, suites) = (vec![0x0304], vec![0x1301]);
                entry.verbs = vec![VerbRule::Tls(Box::new(TlsRule {
                    versions,
                    suites,
                    groups: vec![29],
                    alpn: vec!["h2".into()],
                    dtls_versions: vec![0xfefd],
                    extensions: vec![10, 43],
                    signatures: vec![0x0403],
                    certificate_signatures: vec![0x0804],
                    psk_modes: vec![1],
                    compressions: vec![2],
                    anchors: Vec::new(),
                }))];
            }
            entry
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn what_is_exported_is_imported_as_the_same(entries in proptest::collection::vec(some_entry(), 1..5)) {
        let mut mine = contract("camera", entries);
        // What MUD cannot say goes, and what could be said because of it.
        loop {
            let unsaid = export(&mine, URL, &World::default()).unsaid;
            if unsaid.is_empty() {
                break;
            }
            mine.entries.retain(|entry| unsaid.iter().all(|what| what.entry != entry.id()));
        }
        let (again, _) = back(&mine, &World::default());
        prop_assert_eq!(covers(&again, &mine), Ok(()), "something was lost: {:?}", again.entries);
        prop_assert_eq!(covers(&mine, &again), Ok(()), "something was gained: {:?}", again.entries);
    }
}
