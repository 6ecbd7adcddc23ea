//! What is proven is what happens: for every packet, and no way without one.

use cordon_contract::{Carrier, Packet};
use cordon_enforce::prove::{End, Prover, Way};
use cordon_enforce::{Compiler, Hook, Options, Outcome, Ruleset, Seen, Simulator};

use crate::world::{Dice, World};

/// Sites, and packets of each.
const SITES: u64 = 25;
const PACKETS: usize = 400;

fn compiled(world: &World) -> Ruleset {
    let options = Options { lifelines: world.lifelines.clone(), ..Options::default() };
    Compiler::new(&world.policy).unwrap().ruleset(&world.bindings, &options, world.at).unwrap()
}

fn ends(seen: &Seen) -> (End, End) {
    let from = End { link: seen.in_link.clone(), mac: seen.packet.mac, ip: seen.packet.from };
    (from, End { link: seen.out_link.clone(), mac: None, ip: seen.packet.to })
}

fn has(way: &Way, seen: &Seen) -> bool {
    let packet = &seen.packet;
    let Some(protocol) = packet.carrier.protocol() else { return false };
    let within = |span: Option<(u16, u16)>, port| span.is_none_or(|(a, b)| a <= port && port <= b);
    way.protocols.0 <= protocol
        && protocol <= way.protocols.1
        && within(way.client, packet.from_port)
        && within(way.service, packet.to_port)
        && (seen.fresh || !way.fresh_only)
}

/// Packets whose parts fit together: no type 300, no ICMP of the other family.
fn is_real(packet: &Packet) -> bool {
    let v4 = packet.from.is_ipv4();
    match packet.carrier {
        Carrier::Icmp => v4 && packet.to_port < 256,
        Carrier::Icmpv6 => !v4 && packet.to_port < 256,
        Carrier::Protocol(1) | Carrier::Protocol(58) => false,
        carrier => carrier.protocol().is_some() && packet.to.is_ipv4() == v4,
    }
}

#[test]
fn a_packet_passes_if_and_only_if_a_way_has_it() {
    let (mut passed, mut dropped) = (0, 0);
    for seed in 0..SITES {
        let world = World::new(seed);
        let mut dice = Dice::new(seed + 1_000);
        let ruleset = compiled(&world);
        let (simulator, prover) = (Simulator::new(&ruleset), Prover::new(&ruleset, world.at));
        for _ in 0..PACKETS {
            let mut seen = world.packet(&mut dice);
            seen.packet.established = false;
            if !is_real(&seen.packet) {
                continue;
            }
            let passes =
                !matches!(simulator.run(Hook::Forward, &seen, world.at), Outcome::Drop(..));
            let (from, to) = ends(&seen);
            let ways = prover.ways(&from, &to);
            assert_eq!(ways.iter().any(|way| has(way, &seen)), passes, "{seen:?}\n{ways:?}");
            if passes {
                passed += 1
            } else {
                dropped += 1
            }
            for way in &ways {
                let (carrier, from_port, to_port) = way.witness();
                let packet = Packet { carrier, from_port, to_port, ..seen.packet };
                let witness = Seen { packet, fresh: way.fresh_only, ..seen.clone() };
                let outcome = simulator.run(Hook::Forward, &witness, world.at);
                assert!(!matches!(outcome, Outcome::Drop(..)), "{witness:?} {way:?}");
            }
        }
    }
    println!("{passed} packets passed, {dropped} were dropped");
    assert!(passed > 1_000 && dropped > 1_000);
}

#[test]
fn ways_share_no_packet() {
    let world = World::new(7);
    let mut dice = Dice::new(8);
    let ruleset = compiled(&world);
    let prover = Prover::new(&ruleset, world.at);
    for _ in 0..200 {
        let seen = world.packet(&mut dice);
        let (from, to) = ends(&seen);
        let ways = prover.ways(&from, &to);
        let meets = |a: &Way, b: &Way| {
            let cross = |a: Option<(u16, u16)>, b: Option<(u16, u16)>| match (a, b) {
                (Some(a), Some(b)) => a.0 <= b.1 && b.0 <= a.1,
                _ => true,
            };
            a.protocols.0 <= b.protocols.1
                && b.protocols.0 <= a.protocols.1
                && cross(a.client, b.client)
                && cross(a.service, b.service)
                && a.fresh_only == b.fresh_only
        };
        for (place, a) in ways.iter().enumerate() {
            assert!(!ways.iter().skip(place + 1).any(|b| meets(a, b)), "{ways:?}");
        }
    }
}
