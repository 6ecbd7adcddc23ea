//! Devices of one model help each other, and a new firmware is a difference and no alarm.

use cordon_contract::learn::relearn::{Window, due, propose};
use cordon_contract::learn::{Held, Learned, Suspicion, share};
use cordon_contract::{Bounds, Carrier, Entry, Learning, Opens, Peer, Ports, Why};
use cordon_model::{DeviceId, PacketId};

use super::contract;
use super::learn::{allowed, at};

fn cloud(port: u16) -> Entry {
    seen(Peer::Name { name: "cloud.example.com".into() }, port)
}

fn seen(peer: Peer, port: u16) -> Entry {
    Entry::new(peer, Opens::Device, Carrier::Tcp, [Ports::one(port)])
        .because(Why::seen(at(0), PacketId::default()))
}

/// A device of a model that does some things.
fn camera(name: &str, entries: impl IntoIterator<Item = Entry>) -> Learned {
    let mut contract = contract(name, entries);
    contract.expected.vendor = Some("Acme".into());
    contract.expected.model = Some("Cam 2".into());
    Learned { contract, held: Vec::new() }
}

fn held(entry: Entry) -> Held {
    Held { entry, suspicion: Suspicion::OneOff }
}

#[test]
fn what_two_of_a_model_do_the_third_may_do() {
    let shared = share(&[camera("a", [cloud(443)]), camera("b", [cloud(443)]), camera("c", [])]);
    let [entry] = &shared[2].contract.entries[..] else { panic!("{shared:?}") };
    assert_eq!(entry.id(), cloud(443).id());
    assert_eq!(entry.why, [Why::Profile { model: "Cam 2".into(), devices: 2 }]);
    assert_eq!(shared[0].contract.entries[0].why.len(), 1, "who does it itself needs no profile");
}

#[test]
fn what_one_of_a_model_does_is_its_own_affair() {
    let shared = share(&[camera("a", [cloud(443)]), camera("b", []), camera("c", [])]);
    assert_eq!(allowed(&shared[2]), [""; 0]);
}

#[test]
fn another_model_and_another_maker_of_the_same_model_gain_nothing() {
    let mut other_model = camera("c", []);
    other_model.contract.expected.model = Some("Cam 3".into());
    let mut other_maker = camera("d", []);
    other_maker.contract.expected.vendor = Some("Other".into());
    let mut unknown = camera("e", []);
    unknown.contract.expected.model = None;
    let doers = [camera("a", [cloud(443)]), camera("b", [cloud(443)])];
    let shared = share(&[&doers[..], &[other_model, other_maker, unknown]].concat());
    assert!(shared[2..].iter().all(|one| one.contract.entries.is_empty()), "{shared:?}");
}

#[test]
fn one_particular_peer_is_never_handed_on() {
    let recorder = Peer::Device { id: DeviceId("recorder".into()), name: "recorder".into() };
    let inside = Peer::Network { net: "10.0.0.7/32".parse().unwrap() };
    let stranger = Peer::Network { net: "9.9.9.9/32".parse().unwrap() };
    for peer in [recorder, inside, stranger, Peer::MyController] {
        let doer = |name| camera(name, [seen(peer.clone(), 80)]);
        let shared = share(&[doer("a"), doer("b"), camera("c", [])]);
        assert_eq!(allowed(&shared[2]), [""; 0], "{peer:?}");
    }
}

#[test]
fn what_was_held_back_of_one_is_handed_on_to_none() {
    let mut victim = camera("c", []);
    victim.held.push(held(cloud(443)));
    let doers = [camera("a", [cloud(443)]), camera("b", [cloud(443)])];
    let shared = share(&[&doers[..], &[victim, camera("d", [])]].concat());
    assert!(shared[2..].iter().all(|one| one.contract.entries.is_empty()));
}

#[test]
fn a_profile_is_no_sighting_that_counts_for_the_next() {
    let mut from_others = cloud(443);
    from_others.why = vec![Why::Profile { model: "Cam 2".into(), devices: 2 }];
    let shared = share(&[camera("a", [cloud(443)]), camera("b", [from_others]), camera("c", [])]);
    assert_eq!(allowed(&shared[2]), [""; 0]);
}

#[test]
fn who_may_more_already_gains_nothing_and_bounds_are_those_of_the_busiest() {
    let paced = |pace| {
        let bounds = Bounds { flows_per_minute: Some(pace), ..Bounds::default() };
        Entry { bounds, ..cloud(443) }
    };
    let wide = Entry { peer: Peer::Name { name: "*.example.com".into() }, ..paced(20) };
    let shared = share(&[
        camera("a", [paced(10)]),
        camera("b", [paced(30)]),
        camera("c", [wide]),
        camera("d", []),
    ]);
    assert_eq!(allowed(&shared[2]), ["to *.example.com tcp/443"]);
    assert_eq!(shared[3].contract.entries[0].bounds.flows_per_minute, Some(30));
}

#[test]
fn another_version_is_due_and_another_spelling_is_not() {
    let change = due(Some("1.2"), Some("1.3")).unwrap();
    assert_eq!((change.from.as_str(), change.to.as_str()), ("1.2", "1.3"));
    for (expected, seen) in [
        (Some("V1.2"), Some("1.2 ")),
        (None, Some("1.2")),
        (Some("1.2"), None),
        (Some("1"), Some("")),
    ] {
        assert_eq!(due(expected, seen), None, "{expected:?} {seen:?}");
    }
    assert!(due(Some("vega"), Some("ega")).is_some(), "a name that begins with v is no version");
}

#[test]
fn a_window_ends_with_learning_and_after_a_day_at_the_latest() {
    let window = Window::new(at(0));
    let learning = |since, done| Learning {
        since: at(since),
        until: at(7_200),
        known: 1.0,
        kinds: 3,
        new: 0,
        done,
    };
    assert!(window.is_open(at(3_600), None));
    assert!(window.is_open(at(7_200), Some(&learning(0, false))));
    assert!(!window.is_open(at(7_200), Some(&learning(0, true))));
    assert!(window.is_open(at(7_200), Some(&learning(-9_000, true))), "known before the change");
    assert!(!window.is_open(at(86_400), None), "a version that changes daily mutes nothing");
    assert!(!window.is_open(at(-1), None));
}

#[test]
fn a_new_firmware_shows_what_is_new_and_what_is_no_more() {
    let operator = Why::Operator { by: "person:anna".into(), why: "".into(), at: at(0) };
    let mut by_hand = cloud(22);
    by_hand.why = vec![operator];
    let old = camera("a", [cloud(80), cloud(443), by_hand]);
    let mut new = camera("a", [cloud(443), cloud(8_883)]);
    new.contract.expected.firmware = Some("1.3".into());
    new.held.push(held(cloud(23)));
    let proposal = propose(&old.contract, &new);
    let ids = |entries: &[Entry]| entries.iter().map(Entry::id).collect::<Vec<_>>();
    assert_eq!(ids(&proposal.new), [cloud(8_883).id()]);
    assert_eq!(ids(&proposal.unseen), [cloud(80).id()], "what a person allowed is not asked about");
    assert_eq!(proposal.contract.entries.len(), 4, "nothing is lost");
    assert!(proposal.contract.entry(&cloud(23).id()).is_none(), "what was held back stays out");
    assert_eq!(proposal.held.len(), 1);
    assert_eq!(proposal.contract.expected.firmware.as_deref(), Some("1.3"));
    let change = due(Some("1.2"), Some("1.3")).unwrap();
    assert_eq!(
        proposal.says(&change),
        "after the change from 1.2 to 1.3 it does one thing that it did not do before; one thing \
         not seen since; one thing held back"
    );
}

#[test]
fn a_firmware_that_does_the_same_has_nothing_to_show() {
    let old = camera("a", [cloud(443)]);
    let proposal = propose(&old.contract, &camera("a", [cloud(443)]));
    assert!(proposal.is_the_same());
    assert_eq!(proposal.contract.entries.len(), 1);
}
