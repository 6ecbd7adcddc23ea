//! The analysis against the interpreter, in both directions: whatever passes is in a way, and
//! whatever a way holds passes.

use std::collections::HashMap;

use cordon_contract::Member;
use cordon_enforce::{
    Change, Compiler, Driver as _, Hook, Lifeline, Loaded, Memory, Options, Outcome, Seen,
    Simulator,
};
use cordon_model::Timestamp;
use cordon_prove::{Answer, End, Prover, Surroundings, Way};

use crate::world::{Dice, World};

/// As whoever reads the rules back sees them.
fn read_back(world: &World) -> (cordon_enforce::Ruleset, Loaded) {
    let compiler = Compiler::new(&world.policy).unwrap();
    let options = Options { lifelines: world.lifelines.clone(), ..Options::default() };
    let ruleset = compiler.ruleset(&world.bindings, &options, world.at).unwrap();
    let memory = Memory::default();
    memory.apply(&Change::Load(ruleset.clone()), world.at).unwrap();
    let loaded = Loaded::from(&memory.read(world.at).unwrap().unwrap());
    (ruleset, loaded)
}

/// The questions that a packet is a case of.
fn questions(world: &World, seen: &Seen) -> Vec<(End, End)> {
    let packet = &seen.packet;
    let by_mac = |member: &&Member| {
        member.link.is_some() && packet.mac.is_some_and(|mac| member.macs.contains(&mac))
    };
    let device = |member: &Member| End::Device(member.device.clone());
    let members = || world.policy.members.iter();
    let mut from: Vec<End> = members().filter(by_mac).map(device).collect();
    let of_member = members().filter(|member| member.ips.contains(&packet.from));
    from.extend(of_member.map(device));
    if from.is_empty() {
        from.push(End::Net(packet.from.into()));
    }
    let mut to: Vec<End> =
        members().filter(|member| member.ips.contains(&packet.to)).map(device).collect();
    to.push(End::Net(packet.to.into()));
    from.iter().flat_map(|from| to.iter().map(move |to| (from.clone(), to.clone()))).collect()
}

fn passes(simulator: &Simulator<'_>, seen: &Seen, at: Timestamp) -> bool {
    !matches!(simulator.run(Hook::Forward, seen, at), Outcome::Drop(..))
}

#[derive(Default, Debug)]
struct Tally {
    passed: usize,
    dropped: usize,
    witnesses: usize,
    impossible: usize,
    twice: usize,
}

fn compare(seed: u64, packets: usize, tally: &mut Tally) {
    let mut world = World::new(seed);
    if seed.is_multiple_of(2) {
        // By an interface that is never cut everybody reaches everybody.
        world.lifelines.retain(|lifeline| !matches!(lifeline, Lifeline::Link(_)));
    }
    let (ruleset, loaded) = read_back(&world);
    let simulator = Simulator::new(&ruleset);
    let around = Surroundings { elsewhere: true, routed: true, ..Surroundings::default() };
    let prover = Prover::new(&loaded, &world.policy, &world.bindings, &around, world.at);
    let mut dice = Dice::new(seed ^ 0x9_400f);
    let mut asked: HashMap<(End, End), Vec<Way>> = HashMap::new();
    for _ in 0..packets {
        let mut seen = world.packet(&mut dice);
        seen.packet.established = false;
        let passes_here = passes(&simulator, &seen, world.at);
        for question in questions(&world, &seen) {
            let ways = asked.entry(question.clone()).or_insert_with(|| {
                let finding = prover.prove(&question.0, &question.1);
                if finding.stopped_twice {
                    tally.twice += 1;
                }
                match finding.answer {
                    Answer::Possible { ways, .. } => {
                        ways.into_iter().filter(|way| !way.told).collect()
                    }
                    _ => Vec::new(),
                }
            });
            let packet = &seen.packet;
            let admitted = ways
                .iter()
                .any(|way| way.admits(packet.from, packet.to, packet.carrier, packet.to_port));
            assert!(admitted || !passes_here, "seed {seed}: {seen:?} passes and is not admitted");
            let held = ways.iter().filter(|way| way.contains(&seen)).count();
            assert!(held <= 1, "seed {seed}: {seen:?} is in {held} ways");
            assert_eq!(
                held == 1,
                passes_here,
                "seed {seed}: {seen:?} from {:?} to {:?}",
                question.0,
                question.1
            );
        }
        if passes_here {
            tally.passed += 1;
        } else {
            tally.dropped += 1;
        }
    }
    for ((from, to), ways) in asked {
        tally.impossible += usize::from(ways.is_empty());
        for way in ways {
            let witness = way.witness();
            assert!(way.contains(&witness), "{way:?}");
            assert!(
                passes(&simulator, &witness, world.at),
                "seed {seed}: {from:?} to {to:?}: {witness:?} by {way:?}"
            );
            tally.witnesses += 1;
        }
    }
}

#[test]
fn what_passes_is_in_a_way_and_what_is_in_a_way_passes() {
    let mut tally = Tally::default();
    for seed in 1..=14 {
        compare(seed, 200, &mut tally);
    }
    println!("{tally:?}");
    // Questions that all have the same answer would prove nothing.
    let Tally { passed, dropped, witnesses, impossible, twice } = tally;
    for (what, often) in [
        ("passed", passed),
        ("dropped", dropped),
        ("witnesses", witnesses),
        ("impossible", impossible * 4),
        ("stopped twice", twice),
    ] {
        assert!(often > 100, "{what} only {often} times");
    }
}

#[test]
fn conversations_under_way_pass_where_the_switch_lets_them() {
    for seed in 1..=10 {
        let world = World::new(seed);
        let (ruleset, loaded) = read_back(&world);
        let simulator = Simulator::new(&ruleset);
        let around = Surroundings { elsewhere: true, routed: true, ..Surroundings::default() };
        let prover = Prover::new(&loaded, &world.policy, &world.bindings, &around, world.at);
        let mut dice = Dice::new(seed);
        for _ in 0..200 {
            let mut seen = world.packet(&mut dice);
            seen.packet.established = true;
            if passes(&simulator, &seen, world.at) {
                for (from, to) in questions(&world, &seen) {
                    assert!(prover.prove(&from, &to).answers, "seed {seed}: {seen:?}");
                }
            }
        }
    }
}

#[test]
fn whole_networks_and_this_machine_are_ends_as_exact_as_devices() {
    let (mut passed, mut dropped) = (0, 0);
    for seed in 1..=10 {
        let mut world = World::new(seed);
        world.lifelines.push(Lifeline::Here(cordon_contract::Carrier::Tcp, 443));
        let compiler = Compiler::new(&world.policy).unwrap();
        let lifelines = world.lifelines.clone();
        let options = Options { lifelines, host: true, ..Options::default() };
        let ruleset = compiler.ruleset(&world.bindings, &options, world.at).unwrap();
        let simulator = Simulator::new(&ruleset);
        let loaded = Loaded::from(&ruleset);
        let around = Surroundings { elsewhere: true, routed: true, ..Surroundings::default() };
        let prover = Prover::new(&loaded, &world.policy, &world.bindings, &around, world.at);
        let all = ["0.0.0.0/0", "::/0"].map(|net| End::Net(net.parse().unwrap()));
        let mut asked: HashMap<(End, End), Vec<Way>> = HashMap::new();
        let mut dice = Dice::new(seed);
        for _ in 0..60 {
            let mut seen = world.packet(&mut dice);
            seen.packet.established = false;
            let everywhere = all[usize::from(seen.packet.to.is_ipv6())].clone();
            let (from, to) = questions(&world, &seen).swap_remove(0);
            for (hook, from, to) in [
                (Hook::Forward, from.clone(), everywhere),
                (Hook::Input, from, End::Here),
                (Hook::Output, End::Here, to),
            ] {
                let meant = !matches!(simulator.run(hook, &seen, world.at), Outcome::Drop(..));
                let ways = asked.entry((from.clone(), to.clone())).or_insert_with(|| match prover
                    .answer(&from, &to)
                {
                    Answer::Possible { ways, .. } => ways,
                    _ => Vec::new(),
                });
                let held = ways.iter().any(|way| !way.told && way.contains(&seen));
                assert_eq!(held, meant, "seed {seed}, {hook:?}: {seen:?}");
                if meant {
                    passed += 1
                } else {
                    dropped += 1
                };
            }
        }
    }
    assert!(passed > 200 && dropped > 200, "{passed} passed, {dropped} dropped");
}

#[test]
fn a_blast_radius_is_whom_one_reaches_one_by_one() {
    let (mut reached, mut safe) = (0, 0);
    for seed in [2, 4, 6, 8] {
        let mut world = World::new(seed);
        world.lifelines.clear();
        let (_, loaded) = read_back(&world);
        let around = Surroundings { routed: true, ..Surroundings::default() };
        let prover = Prover::new(&loaded, &world.policy, &world.bindings, &around, world.at);
        for member in &world.policy.members {
            let from = End::Device(member.device.clone());
            let blast = prover.blast(&member.device, 1).unwrap();
            let hops: Vec<_> = blast.hops.into_iter().flatten().collect();
            for other in world.policy.members.iter().filter(|other| other.device != member.device) {
                // Where two have one address, either may be reached by it; that is not asked here.
                if other.ips.iter().any(|ip| member.ips.contains(ip)) {
                    continue;
                }
                let one = prover.answer(&from, &End::Device(other.device.clone()));
                let open = match &one {
                    Answer::Possible { ways, .. } => ways.iter().any(|way| !way.told),
                    _ => false,
                };
                assert_eq!(hops.contains(&other.device), open, "seed {seed}: {from:?} {one:?}");
                if open {
                    reached += 1
                } else {
                    safe += 1
                };
            }
        }
    }
    assert!(reached > 100 && safe > 100, "{reached} reached, {safe} not");
}
