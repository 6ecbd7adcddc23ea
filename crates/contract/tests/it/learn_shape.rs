//! Learning draws together what belongs together, and nothing else.

use cordon_contract::learn::Learner;
use cordon_contract::{Carrier, Opens, Ports, VerbRule, Why};
use cordon_model::flow::Counters;
use cordon_model::{App, Device, Flow, Transport};
use proptest::prelude::*;

use super::learn::{
    allowed, as_app, asked, at, conclude, device, end, flow, learned, of, site, told, udp,
};

const CAMERA: &str = "10.0.0.1";
const RECORDER: &str = "10.0.0.7";

/// Some conversations with one service, a minute apart.
fn often(times: i64, make: impl Fn(i64) -> Flow) -> Vec<Flow> {
    (0..times).map(|no| make(no * 60)).collect()
}

#[test]
fn both_ends_of_a_conversation_have_it_in_their_contracts() {
    let mut learner = Learner::new();
    often(3, |secs| flow(RECORDER, CAMERA, 554, secs)).iter().for_each(|flow| learner.flow(flow));
    let all = conclude(&learner, &site());
    assert_eq!(allowed(&of("camera", all.clone())), ["from recorder tcp/554"]);
    assert_eq!(allowed(&of("recorder", all)), ["to camera tcp/554"]);
}

#[test]
fn every_entry_says_when_it_was_seen_and_how_often() {
    let learned = learned("camera", often(5, |secs| flow(CAMERA, RECORDER, 80, secs)));
    let why = &learned.contract.entries[0].why;
    let [Why::Learned { first, last, times, days, evidence }] = &why[..] else { panic!("{why:?}") };
    assert_eq!((*first, *last, *times), (at(0), at(4 * 60), 5));
    assert_eq!(days.len(), 1);
    assert!(!evidence.is_empty());
}

#[test]
fn an_answer_to_somebody_else_names_nothing() {
    let mut learner = Learner::new();
    learner.fact(&told(RECORDER, "cloud.example.com", "9.9.9.9", 0));
    often(3, |secs| flow(CAMERA, "9.9.9.9", 443, secs)).iter().for_each(|flow| learner.flow(flow));
    let camera = of("camera", conclude(&learner, &site()));
    assert_eq!(
        allowed(&camera),
        ["to 9.9.9.9/32 tcp/443"],
        "the recorder was told, not the camera"
    );
}

#[test]
fn what_the_device_was_told_is_what_it_speaks_with() {
    let mut learner = Learner::new();
    learner.fact(&told(CAMERA, "Cloud.Example.com.", "9.9.9.9", 0));
    often(3, |secs| flow(CAMERA, "9.9.9.9", 443, secs + 1)).iter().for_each(|f| learner.flow(f));
    let camera = of("camera", conclude(&learner, &site()));
    assert_eq!(allowed(&camera), ["to cloud.example.com tcp/443"], "names have no case");
}

#[test]
fn a_name_that_leads_inside_is_what_is_there_and_no_name() {
    for (inside, peer) in
        [(RECORDER, "recorder"), ("10.0.0.254", "gateway"), ("10.0.0.77", "10.0.0.77/32")]
    {
        let mut learner = Learner::new();
        learner.fact(&told(CAMERA, "rebound.example.com", inside, 0));
        often(3, |secs| flow(CAMERA, inside, 80, secs + 1)).iter().for_each(|f| learner.flow(f));
        let camera = of("camera", conclude(&learner, &site()));
        let own = |line: &String| !line.ends_with(" icmp/8");
        let lines: Vec<String> = allowed(&camera).into_iter().filter(own).collect();
        assert_eq!(lines, [format!("to {peer} tcp/80")]);
    }
}

#[test]
fn whoever_uses_a_gateway_may_ask_whether_it_is_there() {
    let camera = learned("camera", often(3, |secs| udp(CAMERA, "10.0.0.254", 53, secs)));
    assert_eq!(allowed(&camera), ["to gateway icmp/8", "to gateway udp/53"]);
    let camera = learned("camera", often(3, |secs| flow(CAMERA, RECORDER, 80, secs)));
    assert_eq!(allowed(&camera), ["to recorder tcp/80"]);
}

#[test]
fn another_name_of_those_that_a_device_talks_to_may_follow_and_a_strangers_may_not() {
    let mut learner = Learner::new();
    learner.fact(&told(CAMERA, "api.example.com", "9.9.9.9", 0));
    learner.fact(&told(CAMERA, "nat.example.com", "9.9.9.10", 1));
    learner.fact(&told(CAMERA, "nat.example.net", "9.9.9.11", 2));
    learner.fact(&told(CAMERA, "inside.example.com", "10.0.0.9", 3));
    learner.flow(&flow(CAMERA, "9.9.9.9", 443, 4));
    let camera = of("camera", conclude(&learner, &site()));
    assert_eq!(allowed(&camera), ["to api.example.com tcp/443", "to nat.example.com tcp/"]);
    let why = &camera.contract.entries[1].why;
    assert_eq!(why[0].says(), "it asked for nat.example.com, and talks to others of example.com");
}

#[test]
fn names_that_anybody_rents_have_no_owner() {
    let mut learner = Learner::new();
    learner.fact(&told(CAMERA, "a.s3.amazonaws.com", "9.9.9.9", 0));
    learner.fact(&told(CAMERA, "b.s3.amazonaws.com", "9.9.9.10", 1));
    learner.flow(&flow(CAMERA, "9.9.9.9", 443, 4));
    let camera = of("camera", conclude(&learner, &site()));
    assert_eq!(allowed(&camera), ["to a.s3.amazonaws.com tcp/443"]);
}

#[test]
fn a_caller_from_a_network_that_is_nobodys_is_somebody_here() {
    let flows = often(3, |secs| flow("192.168.77.9", CAMERA, 10_000, secs));
    assert_eq!(allowed(&learned("camera", flows)), ["from localnetworks tcp/10000"]);
}

#[test]
fn many_names_of_one_owner_are_the_owners() {
    let mut learner = Learner::new();
    for no in 0..5_u8 {
        let ip = format!("9.9.9.{no}");
        learner.fact(&told(CAMERA, &format!("n{no}.iot.example.com"), &ip, 0));
        (1..4).for_each(|secs| learner.flow(&flow(CAMERA, &ip, 443, secs * 60)));
    }
    assert_eq!(
        allowed(&of("camera", conclude(&learner, &site()))),
        ["to *.iot.example.com tcp/443"]
    );
}

#[test]
fn names_that_anybody_may_rent_stay_single() {
    let mut learner = Learner::new();
    for no in 0..5_u8 {
        let ip = format!("9.9.9.{no}");
        learner.fact(&told(CAMERA, &format!("b{no}.s3.amazonaws.com"), &ip, 0));
        (1..4).for_each(|secs| learner.flow(&flow(CAMERA, &ip, 443, secs * 60)));
    }
    let lines = allowed(&of("camera", conclude(&learner, &site())));
    assert_eq!(lines.len(), 5);
    assert!(lines.iter().all(|line| !line.contains('*')), "{lines:?}");
}

#[test]
fn names_asked_for_bind_what_may_be_asked() {
    let mut learner = Learner::new();
    learner.fact(&asked(CAMERA, "cloud.example.com", 0));
    learner.flow(&udp(CAMERA, "10.0.0.254", 53, 0));
    let camera = of("camera", conclude(&learner, &site()));
    let asks = VerbRule::Dns { name: "cloud.example.com".into() };
    assert_eq!(camera.contract.entries[0].verbs, [asks], "a tunnel asks for other names");
}

#[test]
fn sprayed_ports_are_one_class_and_system_ports_never_are() {
    let high = (0..6_u16).flat_map(|no| {
        often(3, move |secs| udp(CAMERA, RECORDER, 20_000 + 977 * no, secs + i64::from(no)))
    });
    let low = often(3, |secs| udp(CAMERA, RECORDER, 123, secs));
    let camera = learned("camera", high.chain(low));
    assert_eq!(allowed(&camera), ["to recorder udp/1024-65535", "to recorder udp/123"]);
}

#[test]
fn a_recognised_service_keeps_its_port_among_sprayed_ones() {
    let sprayed = (0..6_u16).flat_map(|no| {
        often(3, move |secs| udp(CAMERA, RECORDER, 20_000 + 977 * no, secs + i64::from(no)))
    });
    let broker = often(3, |secs| as_app(App::Mqtt, udp(CAMERA, RECORDER, 1883, secs)));
    let camera = learned("camera", sprayed.chain(broker));
    assert!(
        allowed(&camera).contains(&"to recorder udp/1883".to_owned()),
        "{:?}",
        allowed(&camera)
    );
}

#[test]
fn a_service_that_many_use_is_there_for_everybody_here_and_for_nobody_outside() {
    let users = (20..26)
        .flat_map(|no| often(3, move |secs| flow(&format!("10.0.0.{no}"), CAMERA, 80, secs)));
    let mut lines = allowed(&learned("camera", users));
    assert_eq!(lines, ["from localnetworks tcp/80"]);
    let one = often(3, |secs| flow("10.0.0.20", CAMERA, 80, secs));
    lines = allowed(&learned("camera", one));
    assert_eq!(lines, ["from phone-20 tcp/80"]);
}

#[test]
fn many_strangers_on_one_port_are_the_internet_on_that_port_only() {
    let many = (1..20).flat_map(|no| {
        often(3, move |secs| udp(CAMERA, &format!("9.9.{no}.9"), 123, secs + i64::from(no)))
    });
    let other = often(3, |secs| flow(CAMERA, "8.8.8.8", 443, secs));
    let camera = learned("camera", many.chain(other));
    assert_eq!(allowed(&camera), ["to 8.8.8.8/32 tcp/443", "to internet udp/123"]);
}

#[test]
fn an_answer_to_a_question_to_all_comes_from_the_service_to_a_picked_port() {
    let heard = |secs: i64, port: u16| {
        let answer = udp(CAMERA, "10.0.0.20", port, secs);
        // The phone asked a group, so that only the camera's half is heard.
        Flow {
            client: end("10.0.0.20", port),
            server: end(CAMERA, 1900),
            sent: Counters::default(),
            ..answer
        }
    };
    let camera = learned("camera", (0..4).map(|no| heard(i64::from(no) * 60, 40_000 + 31 * no)));
    let entry = &camera.contract.entries[0];
    assert_eq!(camera.contract.entries.len(), 1, "{:?}", allowed(&camera));
    assert_eq!(entry.opens, Opens::Device);
    assert_eq!(entry.ports, [Ports::HIGH]);
    assert_eq!(entry.client_ports, [Ports::one(1900)], "from the one port of the service");
}

#[test]
fn two_applications_on_one_port_are_no_application() {
    let mut flows = often(3, |secs| as_app(App::Http, flow(CAMERA, RECORDER, 8080, secs)));
    let camera = learned("camera", flows.clone());
    assert_eq!(camera.contract.entries[0].app, Some(App::Http));
    flows.push(as_app(App::Tls, flow(CAMERA, RECORDER, 8080, 600)));
    assert_eq!(learned("camera", flows).contract.entries[0].app, None);
}

#[test]
fn upkeep_of_a_link_is_in_no_contract() {
    let upkeep = [(Transport::Icmpv6, 133), (Transport::Icmpv6, 143), (Transport::Ip(2), 0)];
    let flows = upkeep.into_iter().flat_map(|(transport, port)| {
        often(3, move |secs| Flow { transport, ..udp(CAMERA, "10.0.0.254", port, secs) })
    });
    assert_eq!(allowed(&learned("camera", flows)), [""; 0]);
    let echo =
        often(3, |secs| Flow { transport: Transport::Icmp, ..udp(CAMERA, "10.0.0.254", 8, secs) });
    assert_eq!(allowed(&learned("camera", echo)), ["to gateway icmp/8"], "an echo is no upkeep");
    assert!(cordon_contract::learn::is_upkeep(Carrier::Icmpv6, 135));
    assert!(!cordon_contract::learn::is_upkeep(Carrier::Icmpv6, 128), "nor over IPv6");
    assert!(!cordon_contract::learn::is_upkeep(Carrier::Tcp, 135));
}

#[test]
fn what_runs_in_a_tunnel_is_not_learned_as_if_it_did_not() {
    let inside = often(3, |secs| Flow { tunnelled: true, ..flow(CAMERA, RECORDER, 80, secs) });
    assert_eq!(allowed(&learned("camera", inside)), [""; 0]);
}

#[test]
fn a_random_address_is_not_expected_to_stay() {
    let mut learner = Learner::new();
    learner.flow(&flow("10.0.0.40", RECORDER, 80, 0));
    let phone = Device { random_mac: true, ..device("phone", 40) };
    let all = conclude(&learner, &[phone.clone(), device("recorder", 7)]);
    assert!(of("phone", all).contract.expected.macs.is_empty());
    let all = conclude(&learner, &[Device { random_mac: false, ..phone }, device("recorder", 7)]);
    assert_eq!(of("phone", all).contract.expected.macs.len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A contract allows every kind of conversation that it was learned from and that was not held.
    #[test]
    fn what_was_learned_is_allowed_or_held_back(
        acts in proptest::collection::vec((1_u8..30, 1_u16.., 0_i64..100_000, any::<bool>()), 1..80)
    ) {
        let flows = acts.iter().map(|(peer, port, secs, is_udp)| {
            let peer = format!("10.0.0.{}", if *peer == 1 { 7 } else { *peer });
            if *is_udp { udp(CAMERA, &peer, *port, *secs) } else { flow(CAMERA, &peer, *port, *secs) }
        });
        let camera = learned("camera", flows);
        for (_, port, _, is_udp) in &acts {
            let carrier = if *is_udp { Carrier::Udp } else { Carrier::Tcp };
            let mut entries =
                camera.contract.entries.iter().chain(camera.held.iter().map(|held| &held.entry));
            prop_assert!(
                entries.any(|entry| entry.transport.covers(carrier) && entry.has_port(*port)),
                "{carrier} {port}"
            );
        }
    }

    /// The order in which conversations end is no matter.
    #[test]
    fn the_order_of_reports_changes_nothing(
        (ports, shuffled) in proptest::collection::vec((1_u16..3_000, 0_i64..500), 1..40)
            .prop_flat_map(|ports| (Just(ports.clone()), Just(ports).prop_shuffle()))
    ) {
        let learn = |acts: &[(u16, i64)]| {
            allowed(&learned(
                "camera",
                acts.iter().map(|(port, secs)| flow(CAMERA, RECORDER, *port, *secs * 60)),
            ))
        };
        prop_assert_eq!(learn(&ports), learn(&shuffled));
    }
}
