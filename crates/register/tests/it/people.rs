//! What people say, join and part, and lists from elsewhere.

use cordon_model::record::{Address, Criticality, EventKind, FindingKey, Hint};
use cordon_model::{App, Device, DeviceType, FindingKind, Text};
use cordon_register::{Edit, RegisterError, View};

use crate::scene::*;

const A: &str = "00:1b:1b:00:00:0a";
const B: &str = "00:1b:1b:00:00:0b";
const BY: &str = "person:anna";

fn a() -> cordon_model::DeviceId {
    id("mac-001b1b00000a")
}

fn b() -> cordon_model::DeviceId {
    id("mac-001b1b00000b")
}

fn two(last: i64) -> Scene {
    let one = Device {
        name: claim(Text::from("press"), 0.9),
        ..device(&[A], &["10.0.0.1"], START, last)
    };
    Scene::default()
        .with(one)
        .offers(502, App::Modbus, START, last)
        .with(device(&[B], &["10.0.0.2"], START, last))
        .offers(80, App::Http, START, last)
        .weak(FindingKind::TelnetService, START, last)
}

fn name(text: &str) -> Edit {
    Edit { name: Some(Some(text.into())), ..Edit::default() }
}

#[test]
fn what_a_person_set_survives_rescans_and_restarts_and_is_shown_as_set() {
    let mut register = register();
    two(START).see(&mut register, START);
    let edit = Edit {
        kind: Some(Some(DeviceType::Plc)),
        criticality: Some(Some(Criticality::Process)),
        tags: Some(vec!["hall-2".into(), "press".into()]),
        notes: Some(Some("two\nlines".into())),
        ..name("Press 4")
    };
    let update = register.edit(&a(), &edit, BY, at(START)).unwrap();
    assert_eq!(update.events[0].actor.as_deref(), Some(BY));
    two(START + 60).see(&mut register, START + 60);
    let mut register = restarted(&register);
    two(START + 120).see(&mut register, START + 120);
    let record = register.get(&a()).unwrap();
    assert_eq!((record.label(), record.kind()), ("Press 4".to_owned(), Some(DeviceType::Plc)));
    let view = View::of(record);
    let shown = view.name.unwrap();
    assert!(shown.is_set());
    assert_eq!(shown.instead_of.unwrap(), "press");
    let clear = Edit { name: Some(None), ..Edit::default() };
    register.edit(&a(), &clear, BY, at(START + 130)).unwrap();
    let record = register.get(&a()).unwrap();
    assert_eq!(record.label(), "press", "as seen");
    assert!(!View::of(record).name.unwrap().is_set());
}

#[test]
fn an_edit_that_cannot_be_taken_changes_nothing() {
    let mut register = register();
    two(START).see(&mut register, START);
    let before = register.get(&a()).unwrap().clone();
    let edit = Edit { owner: Some(Some("a\u{1b}[2J".into())), ..name("fine") };
    assert!(register.edit(&a(), &edit, BY, at(START)).is_err());
    assert_eq!(register.edit(&a(), &Edit::default(), BY, at(START)), Err(RegisterError::Nothing));
    let long = Edit { notes: Some(Some("x".repeat(4_001).into())), ..Edit::default() };
    assert!(register.edit(&a(), &long, BY, at(START)).is_err());
    assert!(matches!(
        register.edit(&id("mac-0"), &name("x"), BY, at(START)),
        Err(RegisterError::NoDevice(_))
    ));
    assert_eq!(*register.get(&a()).unwrap(), before);
}

#[test]
fn json_tells_a_field_that_stays_from_one_that_is_cleared() {
    let edit: Edit = serde_json::from_str(r#"{"name":null,"owner":"Anna"}"#).unwrap();
    assert_eq!(edit.name, Some(None));
    assert_eq!(edit.owner, Some(Some("Anna".into())));
    assert_eq!(edit.vendor, None);
    assert!(serde_json::from_str::<Edit>(r#"{"nmae":"x"}"#).is_err());
}

#[test]
fn joined_devices_stay_joined_when_they_are_seen_and_can_be_parted_again() {
    let mut register = register();
    two(START).see(&mut register, START);
    let telnet = |id: &str| FindingKey(Text::from(format!("telnet-service@{id}")));
    let update = register.merge(&a(), &b(), BY, at(START + 10)).unwrap();
    assert_eq!(update.removed, [b()]);
    for second in 20..40 {
        let update = two(START + second).see(&mut register, START + second);
        assert!(update.events.is_empty(), "{:?}", update.events);
    }
    assert_eq!(register.len(), 1);
    let record = register.get(&b()).unwrap();
    assert_eq!(record.id, a());
    assert_eq!((record.seen.macs.len(), record.seen.services.len()), (2, 2));
    assert!(register.finding(&telnet("mac-001b1b00000a")).is_some());
    register.undo(update.changes[0].id, BY, at(START + 50)).unwrap();
    let update = two(START + 60).see(&mut register, START + 60);
    assert!(says(&update, EventKind::Appeared).is_empty(), "nobody is new");
    assert_eq!(register.len(), 2);
    assert_eq!(register.get(&b()).unwrap().seen.macs, [mac(B)]);
    assert_eq!(register.get(&b()).unwrap().last, at(START + 60), "what was seen since is kept");
    assert!(register.finding(&telnet("mac-001b1b00000b")).is_some());
    assert!(register.finding(&telnet("mac-001b1b00000a")).is_none());
}

#[test]
fn what_was_split_off_stays_apart_although_the_pipeline_takes_it_for_one() {
    let mut register = register();
    let fused =
        |last| Scene::default().with(device(&[A, B], &["10.0.0.1", "10.0.0.2"], START, last));
    fused(START).see(&mut register, START);
    let off = [Address::Mac(mac(B)), Address::Ip(ip("10.0.0.2"))];
    let update = register.split(&a(), &off, BY, at(START + 10)).unwrap();
    for second in 20..200 {
        fused(START + second).see(&mut register, START + second);
    }
    assert_eq!(register.len(), 2);
    assert_eq!(register.get(&a()).unwrap().seen.macs, [mac(A)]);
    assert_eq!(register.get(&b()).unwrap().seen.ips, [ip("10.0.0.2")]);
    assert!(register.get(&b()).unwrap().last >= at(START + 100), "it is seen, too");
    let who = register.record_of(Some(mac(B)), None, at(START + 100)).unwrap();
    assert_eq!(who.id, b());
    let mut register = restarted(&register);
    fused(START + 300).see(&mut register, START + 300);
    assert_eq!(register.len(), 2);
    register.undo(update.changes[0].id, BY, at(START + 310)).unwrap();
    fused(START + 320).see(&mut register, START + 320);
    assert_eq!(register.len(), 1);
    assert_eq!(register.get(&a()).unwrap().seen.macs.len(), 2);
}

#[test]
fn a_split_must_leave_something_and_name_what_is_there() {
    let mut register = register();
    two(START).see(&mut register, START);
    let all = [Address::Mac(mac(A)), Address::Ip(ip("10.0.0.1"))];
    assert!(matches!(register.split(&a(), &all, BY, at(START)), Err(RegisterError::Addresses(_))));
    let strange = [Address::Ip(ip("10.9.9.9"))];
    assert!(matches!(
        register.split(&a(), &strange, BY, at(START)),
        Err(RegisterError::Addresses(_))
    ));
    let own = [Address::Mac(mac(A))];
    assert!(matches!(register.split(&a(), &own, BY, at(START)), Err(RegisterError::Namesake(_))));
    assert_eq!(register.merge(&a(), &a(), BY, at(START)), Err(RegisterError::Same));
}

#[test]
fn a_change_on_which_a_later_one_stands_is_not_taken_back_first() {
    let mut register = register();
    two(START).see(&mut register, START);
    let first = register.edit(&a(), &name("one"), BY, at(START)).unwrap().changes[0].id;
    let second = register.edit(&a(), &name("two"), BY, at(START)).unwrap().changes[0].id;
    let error = register.undo(first, BY, at(START)).unwrap_err();
    assert!(error.to_string().contains("take that back first"), "{error}");
    register.undo(second, BY, at(START)).unwrap();
    assert_eq!(register.get(&a()).unwrap().label(), "one");
    assert_eq!(register.undo(second, BY, at(START)), Err(RegisterError::Undone(second)));
    register.undo(first, BY, at(START)).unwrap();
    assert_eq!(register.get(&a()).unwrap().label(), "press");
    assert_eq!(register.undo(999, BY, at(START)), Err(RegisterError::NoChange(999)));
}

#[test]
fn a_list_names_what_nobody_named_and_overwrites_nobody() {
    let mut register = register();
    two(START).see(&mut register, START);
    let edit = Edit { owner: Some(Some("Anna".into())), ..name("mine") };
    register.edit(&b(), &edit, BY, at(START)).unwrap();
    let hint = |mac_text: &str, name: &str| Hint {
        mac: Some(mac(mac_text)),
        name: Some(name.into()),
        owner: Some("IT".into()),
        location: Some("hall 2".into()),
        source: "assets.csv".into(),
        ..Hint::default()
    };
    let hints = [
        hint(A, "listed-a"),
        hint(B, "listed-b"),
        hint("00:1b:1b:00:00:0c", "listed-c"),
        Hint::default(),
    ];
    let update = register.import(&hints, BY, at(START + 10));
    assert_eq!(update.records.len(), 3);
    assert_eq!(register.get(&a()).unwrap().label(), "press", "what it says of itself is surer");
    assert_eq!(register.get(&b()).unwrap().label(), "mine");
    assert_eq!(register.get(&b()).unwrap().own.owner.as_ref().unwrap().value, "Anna");
    assert_eq!(register.get(&b()).unwrap().own.location.as_ref().unwrap().by, "import:assets.csv");
    let new = register.get(&id("mac-001b1b00000c")).unwrap();
    assert_eq!((new.label().as_str(), new.imported.as_deref()), ("listed-c", Some("assets.csv")));
    assert!(register.import(&hints, BY, at(START + 20)).records.is_empty(), "the same list again");
    let scene = Scene::default().with(device(
        &["00:1b:1b:00:00:0c"],
        &["10.0.0.3"],
        START + 30,
        START + 30,
    ));
    let update = scene.see(&mut register, START + 30);
    assert_eq!(says(&update, EventKind::Appeared).len(), 1, "now it was seen");
    assert_eq!(register.get(&id("mac-001b1b00000c")).unwrap().label(), "listed-c");
}

#[test]
fn an_import_is_taken_back_as_a_whole() {
    let mut register = register();
    two(START).see(&mut register, START);
    let before: Vec<_> = [a(), b()].iter().map(|id| register.get(id).unwrap().clone()).collect();
    let hints: Vec<Hint> = (0..20)
        .map(|n| Hint {
            mac: Some(mac(&format!("00:1b:1b:00:00:{n:02x}"))),
            ip: Some(ip(&format!("10.0.0.{}", n + 50))),
            location: Some("hall".into()),
            source: "leases".into(),
            ..Hint::default()
        })
        .collect();
    let update = register.import(&hints, BY, at(START + 10));
    assert_eq!(register.len(), 20);
    let update = register.undo(update.changes[0].id, BY, at(START + 20)).unwrap();
    assert_eq!(update.removed.len(), 18);
    let after: Vec<_> = [a(), b()].iter().map(|id| register.get(id).unwrap().clone()).collect();
    assert_eq!(before, after);
}

#[test]
fn what_is_forgotten_leaves_nothing_behind_not_even_in_changes() {
    let mut register = register();
    two(START).see(&mut register, START);
    register.edit(&b(), &name("secret name"), BY, at(START)).unwrap();
    let update = register.forget(&b()).unwrap();
    assert_eq!((update.removed.len(), update.removed_findings.len()), (1, 1));
    assert!(register.get(&b()).is_none() && register.changes().is_empty());
    assert!(register.record_of(Some(mac(B)), None, at(START)).is_none());
    register.edit(&a(), &name("kept"), BY, at(START)).unwrap();
    assert!(register.forget_before(at(START + DAY), 9).is_empty(), "somebody named it");
}

#[test]
fn what_is_past_its_time_leaves_memory_a_part_at_a_time() {
    let mut register = register();
    two(START).see(&mut register, START);
    let all = register.len();
    assert!(register.forget_before(at(START), 9).is_empty(), "seen at that time, not before");
    let update = register.forget_before(at(START + DAY), 1);
    assert_eq!((update.removed.len(), register.len()), (1, all - 1));
    let rest = register.forget_before(at(START + DAY), 99);
    assert_eq!((rest.removed.len(), register.len()), (all - 1, 0));
    assert!(register.findings().next().is_none(), "findings go with their devices");

    two(START).see(&mut register, START);
    register.edit(&a(), &name("kept"), BY, at(START + 1)).unwrap();
    register.let_go(at(START + 1), at(START + DAY));
    assert_eq!(register.changes().len(), 1);
    assert!(register.findings().next().is_some(), "an open one stays, however old");
    register.let_go(at(START + 2), at(START + DAY));
    assert!(register.changes().is_empty());
}
