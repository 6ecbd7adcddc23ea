//! What every driver must do, the same for all.

use std::time::Duration;

use cordon_contract::policy::Policy;
use cordon_contract::{Carrier, MemberNo, Opens, Ports, Reach, Rule, Where};
use cordon_enforce::{
    Change, Compiler, Done, Driver, DriverError, Element, Elements, Enforcer, Family, Key, Memory,
    Nft, Options, Ruleset, SetName, Value,
};
use cordon_model::Timestamp;

use crate::namespace;
use crate::world::World;

fn ruleset(world: &World) -> Ruleset {
    let options = Options { host: true, lifelines: world.lifelines.clone(), ..Options::default() };
    Compiler::new(&world.policy).unwrap().ruleset(&world.bindings, &options, world.at).unwrap()
}

fn everything(make: fn() -> Box<dyn Driver>) {
    what_is_loaded_reads_back_without_a_difference(&mut Enforcer::new(Boxed(make())));
    a_change_of_one_entry_touches_that_entry(&mut Enforcer::new(Boxed(make())));
    what_is_refused_leaves_everything_as_it_was(&mut Enforcer::new(Boxed(make())));
    names_end_by_themselves_and_are_renewed(&mut Enforcer::new(Boxed(make())));
    what_was_taken_away_is_gone_and_cannot_be_amended(&mut Enforcer::new(Boxed(make())));
}

struct Boxed(Box<dyn Driver>);

impl Driver for Boxed {
    fn name(&self) -> &'static str {
        self.0.name()
    }
    fn read(&self, at: Timestamp) -> Result<Option<cordon_enforce::Held>, DriverError> {
        self.0.read(at)
    }
    fn apply(&self, change: &Change, at: Timestamp) -> Result<(), DriverError> {
        self.0.apply(change, at)
    }
}

fn what_is_loaded_reads_back_without_a_difference<D: Driver>(enforcer: &mut Enforcer<D>) {
    for seed in [1, 2, 3, 4] {
        let world = World::new(seed);
        let meant = ruleset(&world);
        enforcer.set(meant.clone(), world.at).unwrap();
        let drift = enforcer.drift(world.at).unwrap();
        assert!(drift.is_none(), "{}: {drift:#?}", enforcer.driver().name());
        assert_eq!(enforcer.set(meant, world.at).unwrap(), Done::Nothing);
    }
}

fn a_change_of_one_entry_touches_that_entry<D: Driver>(enforcer: &mut Enforcer<D>) {
    let mut world = World::new(5);
    world.policy.members[0].stage = cordon_contract::Stage::Enforce;
    enforcer.set(ruleset(&world), world.at).unwrap();
    let before = Compiler::new(&world.policy)
        .unwrap()
        .member(MemberNo(0), &world.bindings, world.at)
        .unwrap();
    world.policy.rules.push(Rule {
        member: MemberNo(0),
        opens: Opens::Peer,
        at: Where::Net("192.0.2.9/32".parse().unwrap()),
        carrier: Carrier::Tcp,
        service: Ports::one(8080),
        client: Ports::ALL,
        entry: 0,
    });
    let after = Compiler::new(&world.policy)
        .unwrap()
        .member(MemberNo(0), &world.bindings, world.at)
        .unwrap();
    let done = enforcer.amend(&before, &after, world.at).unwrap();
    assert!(matches!(done, Done::Amended { removed: 0, added: 1..=2 }), "{done:?}");
    assert_eq!(enforcer.meant(), Some(&ruleset(&world)), "amended and compiled are the same");
    assert!(enforcer.drift(world.at).unwrap().is_none());
    world.policy.members[0].reach = Reach::Off;
    assert!(matches!(
        enforcer.set(ruleset(&world), world.at).unwrap(),
        Done::Amended { .. } | Done::Nothing
    ));
    assert!(enforcer.drift(world.at).unwrap().is_none());
}

fn what_is_refused_leaves_everything_as_it_was<D: Driver>(enforcer: &mut Enforcer<D>) {
    let world = World::new(6);
    enforcer.set(ruleset(&world), world.at).unwrap();
    let held = enforcer.driver().read(world.at).unwrap().unwrap();
    let element = |text: &str| Element::new(Key::one([Value::V4(text.parse().unwrap())]));
    let one = |text| Elements::from([(SetName::Far(Family::V4), vec![element(text)])]);
    let bad = Change::Amend { remove: one("198.51.100.77"), add: one("198.51.100.78") };
    let error = enforcer.driver().apply(&bad, world.at).unwrap_err();
    assert!(matches!(error, DriverError::Refused(_)), "{error}");
    let line = error.to_string();
    assert!(!line.contains('\n') && line.len() < 400, "{line}");
    let still = enforcer.driver().read(world.at).unwrap().unwrap();
    assert_eq!((still.rules, still.elements.len()), (held.rules, held.elements.len()));
    assert!(enforcer.drift(world.at).unwrap().is_none());
}

fn names_end_by_themselves_and_are_renewed<D: Driver>(enforcer: &mut Enforcer<D>) {
    let mut policy = Policy { names: vec!["a.example".into()], ..Policy::default() };
    let world = World::new(1);
    let mut member = world.policy.members[0].clone();
    member.stage = cordon_contract::Stage::Enforce;
    member.link = None;
    member.ips = vec!["10.0.0.5".parse().unwrap()];
    policy.members.push(member);
    policy.rules.push(Rule {
        member: MemberNo(0),
        opens: Opens::Device,
        at: Where::Name(cordon_contract::NameNo(0)),
        carrier: Carrier::Tcp,
        service: Ports::range(440, 450),
        client: Ports::ALL,
        entry: 0,
    });
    let ip = "203.0.113.80".parse().unwrap();
    let mut bindings = cordon_contract::Bindings::default();
    let at = world.at;
    let later = |seconds| at.plus(Duration::from_secs(seconds));
    bindings.learn(&policy, MemberNo(0), "a.example", ip, later(60));
    let compile = |bindings: &_, at| {
        Compiler::new(&policy).unwrap().ruleset(bindings, &Options::default(), at).unwrap()
    };
    enforcer.set(compile(&bindings, at), at).unwrap();
    assert!(enforcer.drift(at).unwrap().is_none());
    bindings.learn(&policy, MemberNo(0), "a.example", ip, later(600));
    let done = enforcer.set(compile(&bindings, at), at).unwrap();
    assert_eq!(done, Done::Amended { removed: 1, added: 1 });
    assert!(enforcer.drift(at).unwrap().is_none());
    let done = enforcer.set(compile(&bindings, later(601)), later(601)).unwrap();
    assert_eq!(done, Done::Amended { removed: 1, added: 0 });
}

fn what_was_taken_away_is_gone_and_cannot_be_amended<D: Driver>(enforcer: &mut Enforcer<D>) {
    let world = World::new(8);
    enforcer.set(ruleset(&world), world.at).unwrap();
    enforcer.unload(world.at).unwrap();
    assert_eq!(enforcer.driver().read(world.at).unwrap(), None);
    let change = Change::Amend { remove: Elements::new(), add: Elements::new() };
    assert_eq!(enforcer.driver().apply(&change, world.at), Err(DriverError::Unloaded));
    enforcer.unload(world.at).unwrap();
}

#[test]
fn the_memory_driver_conforms() {
    everything(|| Box::new(Memory::default()));
}

#[test]
fn the_nftables_driver_conforms() {
    if namespace::entered("conformance::the_nftables_driver_conforms") {
        everything(|| Box::new(Nft::default()));
    }
}
