//! Real packets through the real kernel, against the reference.

use std::process::Command;
use std::time::Duration;

use cordon_enforce::{Compiler, Driver as _, Enforcer, Nft, Options, Reference, Seen};

use crate::lab::{Ears, LINKS, put, router, sh};
use crate::namespace;
use crate::world::{Dice, World, mac};

/// How many packets, unless the environment says otherwise.
const PACKETS: usize = 1_500;
/// Packets of one made-up site.
const OF_ONE: usize = 500;

fn possible() -> bool {
    let there = Command::new("tcpreplay").arg("--version").output().is_ok();
    if !there {
        println!("skipped: needs tcpreplay");
    }
    there
}

#[test]
fn the_kernel_does_what_the_policy_means() {
    if !possible() || !namespace::entered("kernel::the_kernel_does_what_the_policy_means") {
        return;
    }
    router();
    // Every packet for itself: whether it belongs to a conversation is another test's matter.
    sh(
        "nft 'table inet probe { chain raw { type filter hook prerouting priority raw; notrack; }; }'",
    );
    let packets = std::env::var("CORDON_KERNEL_PACKETS").ok();
    let packets = packets.and_then(|text| text.parse().ok()).unwrap_or(PACKETS);
    let (mut judged, mut passed) = (0, 0);
    for seed in 0.. {
        if judged >= packets {
            break;
        }
        let world = World::new(100 + seed);
        // Earlier than the names of this site were learnt, so that none ends while we send.
        let at = world.at.minus(Duration::from_secs(900));
        let seen = packets_of(&world, 100 + seed);
        let without = send(&seen);
        let options = Options { lifelines: world.lifelines.clone(), ..Options::default() };
        let compiler = Compiler::new(&world.policy).unwrap();
        let mut enforcer = Enforcer::new(Nft::default());
        enforcer.set(compiler.ruleset(&world.bindings, &options, at).unwrap(), at).unwrap();
        let with = send(&seen);
        enforcer.unload(at).unwrap();
        let reference = Reference::new(&world.policy, &world.lifelines);
        for no in without {
            let meant = reference.decide(&seen[no], &world.bindings, at);
            let passes = with.contains(&no);
            assert_eq!(passes, meant.passes(), "site {}: {:?}: {meant:?}", 100 + seed, seen[no]);
            judged += 1;
            passed += usize::from(passes);
        }
    }
    println!("{judged} packets through the kernel, {passed} passed, no disagreement");
    assert!(passed * 10 > judged && passed * 10 < judged * 9, "{passed} of {judged}");
    assert_eq!(Nft::default().read(World::new(1).at).unwrap(), None);
    assert!(sh("nft list tables").contains("inet probe"), "somebody else's table is gone");
}

/// Packets as they can be on these cables.
fn packets_of(world: &World, seed: u64) -> Vec<Seen> {
    let mut dice = Dice::new(seed);
    let mut made = Vec::new();
    while made.len() < OF_ONE {
        let mut seen = world.packet(&mut dice);
        seen.packet.established = false;
        seen.packet.mac = seen.packet.mac.or(Some(mac(60_000)));
        seen.fresh = false;
        let to_lan = match seen.packet.to {
            std::net::IpAddr::V4(ip) => ip.octets()[..2] == [10, 1],
            std::net::IpAddr::V6(ip) => ip.segments()[..4] == [0x2a00, 1, 0, 0],
        };
        seen.out_link = if to_lan { "lan1".into() } else { "wan0".into() };
        made.push(seen);
    }
    made
}

fn send(seen: &[Seen]) -> std::collections::BTreeSet<usize> {
    let mut ears = Ears::at(&["lan1", "wan0"]);
    for link in LINKS {
        let frames: Vec<_> = seen
            .iter()
            .enumerate()
            .filter(|(_, seen)| seen.in_link == link)
            .map(|(no, seen)| (no, seen.packet))
            .collect();
        put(link, &frames);
    }
    ears.heard()
}
