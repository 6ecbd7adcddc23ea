//! Findings over time.

use cordon_model::record::{EventKind, FindingKey, FindingState};
use cordon_model::{Device, FindingKind, Text};
use cordon_register::Edit;

use crate::scene::*;

const PLC: &str = "00:1b:1b:00:00:02";
const TELNET: FindingKind = FindingKind::TelnetService;

fn key() -> FindingKey {
    FindingKey("telnet-service@mac-001b1b000002".into())
}

fn unnamed(last: i64) -> Device {
    device(&[PLC], &["10.0.0.5"], START, last)
}

fn named(last: i64) -> Device {
    Device { name: claim(Text::from("press-4"), 0.9), ..unnamed(last) }
}

#[test]
fn a_finding_of_a_device_without_a_name_waits_until_it_has_one() {
    let mut register = register();
    let update =
        Scene::default().with(unnamed(START)).weak(TELNET, START, START).see(&mut register, START);
    assert_eq!(update.findings[0].state, FindingState::Waiting);
    assert!(says(&update, EventKind::FindingOpened).is_empty());
    let update = Scene::default()
        .with(named(START + 5))
        .weak(TELNET, START, START)
        .see(&mut register, START + 5);
    assert_eq!(update.findings[0].state, FindingState::Open);
    assert_eq!(says(&update, EventKind::FindingOpened).len(), 1);
}

#[test]
fn a_persons_name_ends_the_waiting_at_once() {
    let mut register = register();
    Scene::default().with(unnamed(START)).weak(TELNET, START, START).see(&mut register, START);
    let edit = Edit { name: Some(Some("press 4".into())), ..Edit::default() };
    let update =
        register.edit(&id("mac-001b1b000002"), &edit, "person:anna", at(START + 60)).unwrap();
    assert_eq!(update.findings[0].state, FindingState::Open);
}

#[test]
fn it_closes_when_it_is_not_seen_for_a_week_while_its_device_is_and_reopens() {
    let mut register = register();
    let mut states = Vec::new();
    for hour in 0..24 * 12 {
        let now = START + hour * 3_600;
        let last = if hour < 24 * 10 { START + 3_600 } else { now };
        let update =
            Scene::default().with(named(now)).weak(TELNET, START, last).see(&mut register, now);
        for event in update.events {
            if matches!(event.kind, EventKind::FindingOpened | EventKind::FindingClosed) {
                states.push((event.kind, hour));
            }
        }
    }
    let week = 24 * 7 + 2;
    assert_eq!(
        states,
        [
            (EventKind::FindingOpened, 0),
            (EventKind::FindingClosed, week),
            (EventKind::FindingOpened, 240)
        ]
    );
}

#[test]
fn it_stays_open_while_its_device_is_away() {
    let mut register = register();
    Scene::default().with(named(START)).weak(TELNET, START, START).see(&mut register, START);
    for hour in 0..24 * 20 {
        Scene::default().see(&mut register, START + hour * 3_600);
    }
    assert_eq!(register.finding(&key()).unwrap().state, FindingState::Open);
}

#[test]
fn an_accepted_risk_stays_accepted_until_its_time_and_then_opens() {
    let mut register = register();
    let see = |register: &mut _, now| {
        Scene::default().with(named(now)).weak(TELNET, START, now).see(register, now)
    };
    see(&mut register, START);
    assert!(register.accept(&key(), " ", None, "person:anna", at(START)).is_err());
    let until = Some(at(START + DAY));
    register.accept(&key(), "behind a firewall", until, "person:anna", at(START)).unwrap();
    let update = see(&mut register, START + 3_600);
    assert!(update.findings.iter().all(|one| one.state == FindingState::Accepted));
    let mut register = restarted(&register);
    assert_eq!(register.finding(&key()).unwrap().state, FindingState::Accepted);
    let update = see(&mut register, START + DAY + 1);
    assert_eq!(update.findings[0].state, FindingState::Open);
    assert!(says(&update, EventKind::FindingOpened)[0].starts_with("accepted until now"));
}

#[test]
fn an_edit_during_a_recording_of_long_ago_ends_no_acceptance() {
    let mut register = register();
    Scene::default().with(named(START)).weak(TELNET, START, START).see(&mut register, START);
    let until = Some(at(START + DAY));
    register.accept(&key(), "behind a firewall", until, "person:anna", at(START)).unwrap();
    let edit = Edit { owner: Some(Some("Anna".into())), ..Default::default() };
    let device = register.finding(&key()).unwrap().finding.device.clone().unwrap();
    // People edit by the clock on the wall, years after the packets.
    let update = register.edit(&device, &edit, "person:anna", at(START + 900 * DAY)).unwrap();
    assert!(update.findings.is_empty());
    assert_eq!(register.finding(&key()).unwrap().state, FindingState::Accepted);
}

#[test]
fn findings_of_one_kind_with_different_titles_are_told_apart() {
    let mut register = register();
    let mut scene =
        Scene::default().with(named(START)).weak(TELNET, START, START).weak(TELNET, START, START);
    scene.findings[1].title = "answers the Internet on TCP 80".into();
    scene.see(&mut register, START);
    assert_eq!(register.findings().count(), 2);
    assert!(register.finding(&key()).is_some());
}
