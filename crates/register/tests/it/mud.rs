//! Where devices say that their makers describe them.

use cordon_model::record::EventKind;
use cordon_model::{Device, MudSource, MudUrl, PacketId};

use crate::scene::*;

const CAMERA: &str = "00:17:88:00:00:01";
const A: &str = "https://maker.example/a.json";
const B: &str = "https://maker.example/b.json";

fn naming(url: &str, source: MudSource, last: i64) -> Device {
    let packet = PacketId { input: 0, number: 7 };
    let mud = vec![MudUrl { url: url.into(), source, packet, first: at(last), last: at(last) }];
    Device { mud, ..device(&[CAMERA], &["10.0.0.5"], START, last) }
}

fn tell(register: &mut cordon_register::Register, url: &str, now: i64) -> Vec<String> {
    let scene = Scene::default().with(naming(url, MudSource::Dhcp, now));
    says(&scene.see(register, now), EventKind::MudUrl)
}

fn urls(register: &cordon_register::Register) -> Vec<String> {
    let record = register.records().next().unwrap();
    record.seen.mud.iter().map(|one| one.url.to_string()).collect()
}

#[test]
fn a_mud_url_is_told_once_and_another_one_beside_it() {
    let mut register = register();
    assert_eq!(tell(&mut register, A, START), [format!("names a MUD file in DHCP: {A}")]);
    assert!(tell(&mut register, A, START + 60).is_empty());
    let mut register = restarted(&register);
    assert!(tell(&mut register, A, START + 120).is_empty(), "nor after a restart");
    let changed = tell(&mut register, B, START + 180);
    assert_eq!(changed, [format!("names another MUD file in DHCP: {B} (before: {A})")]);
    assert_eq!(urls(&register), [B, A]);
    let back = tell(&mut register, A, START + 240);
    assert_eq!(back, [format!("names another MUD file in DHCP: {A} (before: {B})")]);
    assert_eq!(urls(&register), [A, B], "what it says now stands first");
}

#[test]
fn what_it_said_stays_known_when_it_says_nothing() {
    let mut register = register();
    tell(&mut register, A, START);
    Scene::default()
        .with(device(&[CAMERA], &["10.0.0.5"], START, START + 60))
        .see(&mut register, START + 60);
    assert_eq!(urls(&register), [A]);
}

#[test]
fn another_source_is_another_word_and_no_change() {
    let mut register = register();
    tell(&mut register, A, START);
    let scene = Scene::default().with(naming(B, MudSource::Lldp, START + 60));
    let told = says(&scene.see(&mut register, START + 60), EventKind::MudUrl);
    assert_eq!(told, [format!("names a MUD file in LLDP: {B}")]);
    assert_eq!(urls(&register), [B, A]);
}

#[test]
fn a_device_that_says_another_url_every_second_does_not_fill_its_timeline() {
    let mut register = register();
    let mut told = 0;
    for second in 0..3_600 {
        told += tell(&mut register, &format!("https://m/{second}"), START + second).len();
    }
    assert!(told <= 5, "{told}");
    assert_eq!(urls(&register).len(), 8);
    assert_eq!(urls(&register)[0], "https://m/3599");
}

#[test]
fn two_parts_of_a_device_that_say_two_things_are_told_once() {
    let mut register = register();
    let both = |now: i64| {
        let mut two = naming(B, MudSource::Dhcp, START + 1);
        two.mud.extend(naming(A, MudSource::Dhcp, START).mud);
        two.last = at(now);
        Scene::default().with(two)
    };
    let told: usize = (0..100)
        .map(|n| both(START + n).see(&mut register, START + n))
        .map(|update| says(&update, EventKind::MudUrl).len())
        .sum();
    assert_eq!(told, 2);
    assert_eq!(urls(&register), [B, A]);
}
