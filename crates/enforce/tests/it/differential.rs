//! The compiled rule set, interpreted, against the reference.

use std::time::Duration;

use cordon_contract::{Decision, Refusal};
use cordon_enforce::{Compiler, Hook, Options, Outcome, Reference, Simulator};

use crate::world::{Dice, World};

/// How often each answer was given.
#[derive(Default, Debug)]
pub struct Tally {
    pub passed: u64,
    pub warned: u64,
    pub spoofed: u64,
    pub switched: u64,
    pub outside: u64,
}

/// Compares both on so many packets of one site, at the time of loading and when names have ended.
pub fn compare(seed: u64, packets: u64, tally: &mut Tally) {
    let world = World::new(seed);
    let compiler = Compiler::new(&world.policy).unwrap();
    let options = Options { lifelines: world.lifelines.clone(), ..Options::default() };
    let ruleset = compiler.ruleset(&world.bindings, &options, world.at).unwrap();
    let reference = Reference::new(&world.policy, &world.lifelines);
    let simulator = Simulator::new(&ruleset);
    let mut dice = Dice::new(seed ^ 0xd1ce);
    for _ in 0..packets {
        let seen = world.packet(&mut dice);
        let at = world.at.plus(Duration::from_secs(dice.next() % 3 * 40));
        let meant = reference.decide(&seen, &world.bindings, at);
        let did = simulator.run(Hook::Forward, &seen, at);
        assert!(agree(meant, did), "seed {seed}: {seen:?} at {at}: {meant:?}, but {did:?}");
        count(did, tally);
    }
}

fn agree(meant: Decision, did: Outcome) -> bool {
    match (meant, did) {
        (Decision::Allow { .. }, Outcome::Pass) => true,
        (Decision::Warn(_, meant), Outcome::Warn(did)) => meant == did,
        (Decision::Drop(_, meant_side, meant), Outcome::Drop(side, did)) => {
            // Where both switches say no, either may be named.
            meant == did && (meant_side == side || meant == Refusal::Switched)
        }
        _ => false,
    }
}

fn count(outcome: Outcome, tally: &mut Tally) {
    match outcome {
        Outcome::Pass => tally.passed += 1,
        Outcome::Warn(_) => tally.warned += 1,
        Outcome::Drop(_, Refusal::Spoofed) => tally.spoofed += 1,
        Outcome::Drop(_, Refusal::Switched) => tally.switched += 1,
        Outcome::Drop(_, Refusal::Outside) => tally.outside += 1,
    }
}

#[test]
fn the_rule_set_does_what_the_policy_means() {
    let mut tally = Tally::default();
    for seed in 1..=40 {
        compare(seed, 500, &mut tally);
    }
    // A generator that only makes one kind of packet would prove nothing.
    let Tally { passed, warned, spoofed, switched, outside } = tally;
    for (what, often) in [
        ("passed", passed),
        ("warned", warned),
        ("spoofed", spoofed),
        ("switched", switched),
        ("outside", outside),
    ] {
        assert!(often > 400, "{what} only {often} times of 20,000");
    }
}

#[test]
fn what_belongs_to_members_alone_is_what_belongs_to_all() {
    let world = World::new(7);
    let compiler = Compiler::new(&world.policy).unwrap();
    let at = world.at;
    let all = compiler.ruleset(&world.bindings, &Options::default(), at).unwrap();
    let mut sum = 0;
    for no in (0..).map(cordon_contract::MemberNo).take(world.policy.members.len()) {
        let alone = compiler.member(no, &world.bindings, at).unwrap();
        for (set, elements) in alone {
            sum += elements.len();
            assert!(elements.iter().all(|element| all.elements[&set].contains(element)));
        }
    }
    let common = all.elements.iter().filter(|(set, _)| set.to_string().contains("local"));
    assert_eq!(sum + common.map(|(_, elements)| elements.len()).sum::<usize>(), all.len());
}
