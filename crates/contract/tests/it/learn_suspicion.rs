//! Traffic in the shape of an attack enters no contract without a person's word.

use cordon_contract::learn::{Learner, Suspicion};
use cordon_model::{App, DeviceType, Flow, Object, Operation, Outcome, Said, Transport, Verb};

use super::learn::{
    allowed, at, claim, conclude, device, end, fact, flow, learned, of, short, site, suspicions,
    told, udp, unanswered,
};

const CAMERA: &str = "10.0.0.1";
const RECORDER: &str = "10.0.0.7";
const DESK: &str = "10.0.0.9";

#[test]
fn one_service_tried_at_many_peers_is_held_back_with_those_that_answered() {
    let mut flows: Vec<Flow> =
        (0..60).map(|no| unanswered(CAMERA, &format!("10.0.0.{}", 100 + no), 23, 0)).collect();
    flows.push(flow(CAMERA, RECORDER, 23, 2));
    let camera = learned("camera", flows);
    assert_eq!(allowed(&camera), [""; 0]);
    assert!(suspicions(&camera).iter().all(|one| matches!(one, Suspicion::FanOut { .. })));
    assert!(camera.held.iter().any(|held| format!("{:?}", held.entry.peer).contains("recorder")));
}

#[test]
fn a_device_that_looks_for_a_handful_of_its_kind_scans_nothing() {
    let flows = (0..5).flat_map(|no| {
        (0..4).map(move |minute| {
            unanswered(CAMERA, &format!("10.0.0.{}", 100 + no), 9999, minute * 60)
        })
    });
    let camera = learned("camera", flows);
    assert!(suspicions(&camera).is_empty(), "{:?}", suspicions(&camera));
}

#[test]
fn the_ports_that_a_port_scan_found_open_are_held_back_as_well() {
    let mut flows: Vec<Flow> = (1..200).map(|port| unanswered(CAMERA, RECORDER, port, 0)).collect();
    flows.extend([554, 8080].map(|port| flow(CAMERA, RECORDER, port, 3)));
    let camera = learned("camera", flows);
    assert_eq!(allowed(&camera), [""; 0]);
    assert!(suspicions(&camera).iter().all(|one| matches!(one, Suspicion::PortScan { .. })));
}

#[test]
fn what_was_done_before_a_port_scan_stays_allowed() {
    let mut flows: Vec<Flow> =
        (0..30).map(|no| flow(CAMERA, RECORDER, 554, no * 60 - 3_600)).collect();
    flows.extend((1..200).map(|port| unanswered(CAMERA, RECORDER, port, 0)));
    let camera = learned("camera", flows);
    assert_eq!(allowed(&camera), ["to recorder tcp/554"]);
}

#[test]
fn guessing_passwords_is_held_back_at_both_ends() {
    let flows: Vec<Flow> = (0..40).map(|no| short(flow(CAMERA, RECORDER, 22, no))).collect();
    let mut learner = Learner::new();
    flows.iter().for_each(|flow| learner.flow(flow));
    let all = conclude(&learner, &site());
    for name in ["camera", "recorder"] {
        let one = of(name, all.clone());
        assert_eq!(allowed(&one), [""; 0], "{name}");
        assert!(matches!(suspicions(&one)[..], [Suspicion::Guessing { sessions: 40 }]), "{name}");
    }
}

#[test]
fn many_short_sessions_without_a_password_service_are_no_guessing() {
    let camera = learned("camera", (0..40).map(|no| short(flow(CAMERA, RECORDER, 80, no))));
    assert_eq!(allowed(&camera), ["to recorder tcp/80"]);
}

#[test]
fn a_flood_is_held_back() {
    let camera = learned("camera", (0..2_000).map(|_| udp(CAMERA, "9.9.9.9", 7_777, 0)));
    assert_eq!(allowed(&camera), [""; 0]);
    assert!(matches!(suspicions(&camera)[..], [Suspicion::Flood { .. }]));
}

#[test]
fn one_word_with_a_stranger_is_held_back_and_one_with_somebody_named_is_not() {
    let mut word = short(flow(CAMERA, "9.9.9.9", 4_444, 0));
    (word.sent.packets, word.received.packets) = (4, 3);
    let camera = learned("camera", [word]);
    assert_eq!(allowed(&camera), [""; 0]);
    assert_eq!(suspicions(&camera), [Suspicion::OneOff]);
    let mut long = flow(CAMERA, "9.9.9.9", 4_444, 0);
    long.sent.packets = 4_000;
    assert_eq!(allowed(&learned("camera", [long])), ["to 9.9.9.9/32 tcp/4444"], "kept open");
    let mut learner = Learner::new();
    learner.fact(&told(CAMERA, "update.example.com", "9.9.9.9", 0));
    learner.flow(&short(flow(CAMERA, "9.9.9.9", 443, 1)));
    let camera = of("camera", conclude(&learner, &site()));
    assert_eq!(allowed(&camera), ["to update.example.com tcp/443"]);
}

#[test]
fn what_nobody_answered_is_held_back_until_it_is_tried_again_and_again() {
    let camera = learned("camera", [unanswered(CAMERA, RECORDER, 9_999, 0)]);
    assert_eq!(suspicions(&camera), [Suspicion::NoAnswer]);
    let tries = (0..6).map(|no| unanswered(CAMERA, RECORDER, 9_999, no * 600));
    assert_eq!(allowed(&learned("camera", tries)), ["to recorder tcp/9999"], "it is away");
}

#[test]
fn password_services_of_strangers_never_become_the_internets() {
    let flows = (0..40).flat_map(|no| {
        // Slowly, each answered and long: nothing of a scan.
        (0..2).map(move |turn| flow(CAMERA, &format!("9.9.{no}.9"), 23, no * 600 + turn * 60))
    });
    let lines = allowed(&learned("camera", flows));
    assert!(!lines.contains(&"to internet tcp/23".to_owned()), "a worm that is slow: {lines:?}");
}

fn writes(from: &str, outcome: Outcome, verb: Verb) -> cordon_model::Fact {
    let operation = Operation {
        app: App::Modbus,
        verb,
        code: 6,
        name: "write single register".into(),
        unit: None,
        object: Object::Range { table: "holding registers".into(), start: 4, count: 2 },
        value: None,
        outcome,
    };
    fact(end(from, 50_000), end(RECORDER, 502), 0, Said::Operation(Box::new(operation)))
}

fn after(from: &str, kind: Option<DeviceType>, said: cordon_model::Fact) -> Vec<Suspicion> {
    let mut learner = Learner::new();
    learner.fact(&said);
    (0..5).for_each(|no| learner.flow(&flow(from, RECORDER, 502, no * 60)));
    let mut devices = site();
    devices[2].kind = kind.map(claim);
    suspicions(&of("desk", conclude(&learner, &devices)))
}

#[test]
fn a_change_to_a_controller_from_a_workstation_is_held_back() {
    let write = || writes(DESK, Outcome::Asked, Verb::Write);
    for kind in [Some(DeviceType::Computer), Some(DeviceType::Camera), None] {
        assert_eq!(
            after(DESK, kind, write()),
            [Suspicion::Commands { verb: Verb::Write, by: kind }],
            "{kind:?}"
        );
    }
    assert!(after(DESK, Some(DeviceType::Hmi), write()).is_empty(), "an operator panel may");
    let read = writes(DESK, Outcome::Asked, Verb::Read);
    assert!(after(DESK, Some(DeviceType::Computer), read).is_empty(), "anybody may read");
}

#[test]
fn the_same_change_is_held_back_at_the_controller() {
    let mut learner = Learner::new();
    learner.fact(&writes(DESK, Outcome::Asked, Verb::Write));
    (0..5).for_each(|no| learner.flow(&flow(DESK, RECORDER, 502, no * 60)));
    let controller = of("recorder", conclude(&learner, &site()));
    assert_eq!(allowed(&controller), [""; 0]);
    assert_eq!(suspicions(&controller).len(), 1);
}

#[test]
fn every_suspicion_says_what_it_is_in_words_of_its_own() {
    let all = [
        Suspicion::FanOut { peers: 41 },
        Suspicion::PortScan { ports: 41 },
        Suspicion::Guessing { sessions: 41 },
        Suspicion::Flood { flows: 41 },
        Suspicion::OneOff,
        Suspicion::NoAnswer,
        Suspicion::Commands { verb: Verb::Stop, by: Some(DeviceType::Computer) },
        Suspicion::Commands { verb: Verb::Stop, by: None },
    ];
    let mut said: Vec<String> = all.iter().map(Suspicion::says).collect();
    assert!(said[..4].iter().all(|says| says.contains("41")), "the count is told: {said:?}");
    said.sort();
    said.dedup();
    assert_eq!(said.len(), all.len());
}

#[test]
fn a_scanner_of_random_addresses_leaves_room_for_what_others_do() {
    let mut learner = Learner::new();
    for no in 0..260_000_u32 {
        let [_, b, c, d] = no.to_be_bytes();
        learner.flow(&unanswered(CAMERA, &format!("11.{b}.{c}.{d}"), 23, i64::from(no / 100)));
    }
    (0..5).for_each(|no| learner.flow(&flow(DESK, RECORDER, 443, 9_000 + no * 60)));
    let devices = site();
    let desk = of("desk", conclude(&learner, &devices));
    assert_eq!(allowed(&desk), ["to recorder tcp/443"], "the scanner is not the only one here");
    assert!(learner.left_out() > 0, "and it is counted that something was left out");
}

/// Whoever looks through everything for every probe takes minutes over this.
#[test]
fn a_scan_of_everything_within_a_minute_stalls_nothing() {
    let mut learner = Learner::new();
    for no in 0..200_000_u32 {
        let [_, b, c, d] = no.to_be_bytes();
        let port = u16::try_from(no % 60_000).unwrap();
        learner.flow(&unanswered(CAMERA, &format!("11.{b}.{c}.{d}"), port, 0));
    }
    let camera = of("camera", conclude(&learner, &site()));
    assert_eq!(allowed(&camera), [""; 0]);
    assert!(camera.held.len() < 1_000, "a person reads it: {}", camera.held.len());
}

#[test]
fn learning_ends_when_nothing_new_comes_and_not_before_an_hour() {
    let steady = |minutes: i64| {
        learned("camera", (0..minutes).map(|no| flow(CAMERA, RECORDER, 554, no * 60)))
    };
    let progress = |minutes| steady(minutes).contract.learning.unwrap();
    assert!(!progress(50).done, "less than an hour");
    assert!(progress(120).done);
    assert_eq!((progress(120).kinds, progress(120).new), (1, 0));
    let mut late: Vec<Flow> = (0..120).map(|no| flow(CAMERA, RECORDER, 554, no * 60)).collect();
    late.push(flow(CAMERA, RECORDER, 80, 119 * 60));
    let progress = learned("camera", late).contract.learning.unwrap();
    assert!(!progress.done, "something new came just now");
    assert_eq!((progress.kinds, progress.new), (2, 1));
}

#[test]
fn a_device_that_does_something_else_each_time_is_never_known() {
    let restless = (0..300).map(|no| {
        let port = u16::try_from(no * 3 + 1).unwrap();
        Flow { transport: Transport::Tcp, ..flow(CAMERA, RECORDER, port, no * 60) }
    });
    let progress = learned("camera", restless).contract.learning.unwrap();
    assert!(progress.known < 0.1, "{}", progress.known);
    assert!(!progress.done);
    assert_eq!(progress.since, at(0));
    let nothing = conclude(&Learner::new(), &[device("camera", 1)]);
    assert!(nothing.is_empty(), "of nothing nothing is learned");
}
