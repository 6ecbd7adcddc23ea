//! What is under way stops when a device is switched off, and when its contract shrinks.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cordon_contract::policy::Policy;
use cordon_contract::{
    Bindings, Carrier, Judge, Member, MemberNo, Opens, Packet, Ports, Reach, Rule, Stage, Where,
};
use cordon_enforce::{Compiler, Done, Enforcer, Nft, Options, Ruleset, cut};
use cordon_model::{DeviceId, Timestamp};

use crate::lab::{Ears, Stream, put, router};
use crate::namespace;
use crate::world::mac;

const DEVICE: &str = "10.1.0.5";
const SERVER: &str = "203.0.113.9";

/// The bar is 50 ms; a machine that does other things at the same time gets some more.
const LONGEST: Duration = Duration::from_millis(250);

pub fn camera() -> Policy {
    let member = Member {
        device: DeviceId("camera".into()),
        label: "camera".into(),
        macs: vec![mac(5)],
        ips: vec![DEVICE.parse().unwrap()],
        link: Some("lan1".into()),
        stage: Stage::Enforce,
        reach: Reach::Normal,
    };
    let rule = Rule {
        member: MemberNo(0),
        opens: Opens::Device,
        at: Where::Net("203.0.113.9/32".parse().unwrap()),
        carrier: Carrier::Udp,
        service: Ports::one(5000),
        client: Ports::ALL,
        entry: 0,
    };
    let other = Rule { service: Ports::one(6000), ..rule.clone() };
    Policy { members: vec![member], rules: vec![rule, other], ..Policy::default() }
}

fn compile(policy: &Policy) -> Ruleset {
    let at = Timestamp::from_secs(0);
    let compiler = Compiler::new(policy).unwrap();
    compiler.ruleset(&Bindings::default(), &Options::default(), at).unwrap()
}

fn there(port: u16) -> Packet {
    Packet {
        mac: Some(mac(5)),
        from: DEVICE.parse().unwrap(),
        to: SERVER.parse().unwrap(),
        carrier: Carrier::Udp,
        from_port: 4_000,
        to_port: port,
        established: false,
    }
}

fn back(port: u16) -> Packet {
    let there = there(port);
    Packet {
        mac: Some(mac(60_000)),
        from: there.to,
        to: there.from,
        from_port: port,
        to_port: 4_000,
        ..there
    }
}

/// Streams both ways, does something meanwhile, and says how long after that began the last packet
/// came.
fn last_after(act: impl FnOnce()) -> Duration {
    let mut ears = Ears::at(&["lan1", "wan0"]);
    // Answers make it a conversation.
    put("lan1", &[(1, there(5000))]);
    put("wan0", &[(2, back(5000))]);
    let before = ears.heard();
    assert_eq!(before.len(), 2, "the conversation began");
    let streams = [Stream::start("lan1", &there(5000)), Stream::start("wan0", &back(5000))];
    std::thread::sleep(Duration::from_millis(400));
    let begun = Timestamp::from_nanos(
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as i64,
    );
    act();
    std::thread::sleep(Duration::from_millis(600));
    let times = ears.times();
    streams.into_iter().for_each(Stream::stop);
    let just_before = begun.minus(Duration::from_millis(100));
    let before = times.iter().filter(|time| (just_before..begun).contains(*time)).count();
    assert!(before > 50, "only {before} packets came in the last 100 ms before");
    times.iter().max().unwrap().since(begun)
}

#[test]
fn a_device_that_is_switched_off_is_silent_at_once() {
    if !namespace::entered("containment::a_device_that_is_switched_off_is_silent_at_once") {
        return;
    }
    router();
    let mut policy = camera();
    let mut enforcer = Enforcer::new(Nft::default());
    let at = Timestamp::from_secs(0);
    enforcer.set(compile(&policy), at).unwrap();
    let last = last_after(|| {
        policy.members[0].reach = Reach::Off;
        let done = enforcer.set(compile(&policy), at).unwrap();
        assert_eq!(done, Done::Amended { removed: 2, added: 3 });
    });
    println!("from the command to the last packet: {last:?}");
    assert!(last < LONGEST, "{last:?}");
}

#[test]
fn a_conversation_that_the_contract_no_longer_allows_is_cut_and_others_live() {
    if !namespace::entered(
        "containment::a_conversation_that_the_contract_no_longer_allows_is_cut_and_others_live",
    ) {
        return;
    }
    router();
    let mut policy = camera();
    let mut enforcer = Enforcer::new(Nft::default());
    let at = Timestamp::from_secs(0);
    enforcer.set(compile(&policy), at).unwrap();
    put("lan1", &[(1, there(6000))]);
    put("wan0", &[(2, back(6000))]);
    let last = last_after(|| {
        policy.rules.remove(0);
        let done = enforcer.set(compile(&policy), at).unwrap();
        assert_eq!(done, Done::Amended { removed: 1, added: 0 });
        let judge = Judge::new(&policy);
        let keep = |packet: &Packet| judge.decide(packet, &Bindings::default(), at).passes();
        assert_eq!(cut(keep).unwrap(), 1);
    });
    println!("from the command to the last packet: {last:?}");
    assert!(last < LONGEST, "{last:?}");
    // Only the answer to what is still allowed comes through.
    let mut ears = Ears::at(&["lan1"]);
    put("wan0", &[(5, back(5000)), (6, back(6000))]);
    assert_eq!(ears.heard().into_iter().collect::<Vec<_>>(), [6]);
}
