//! Addresses, names and services that come and go; restarts; clocks.

use std::time::Instant;

use cordon_model::record::EventKind;
use cordon_model::{App, Device, DeviceType, Text};

use crate::scene::*;

const CAMERA: &str = "00:17:88:00:00:01";
const PLC: &str = "00:1b:1b:00:00:02";

fn named(name: &str, confidence: f32, device: Device) -> Device {
    Device { name: claim(Text::from(name), confidence), ..device }
}

#[test]
fn what_is_seen_again_is_stored_at_most_once_a_minute() {
    let mut register = register();
    let mut stored = 0;
    for second in 0..600 {
        let now = START + second;
        let scene = Scene::default().with(device(&[CAMERA], &["10.0.0.5"], START, now));
        let update = scene.see(&mut register, now);
        stored += update.records.len();
        assert_eq!(update.events.len(), usize::from(second == 0), "{:?}", update.events);
    }
    assert!((10..=11).contains(&stored), "{stored}");
    assert!(Scene::default().see(&mut register, START + 600).is_empty());
}

#[test]
fn a_phone_that_changes_its_random_address_at_midnight_stays_one_record() {
    let mut register = register();
    let midnight = START + DAY;
    Scene::default()
        .with(phone("da:a1:19:00:00:01", "10.0.0.30", START, midnight - 60))
        .see(&mut register, midnight - 60);
    // The new address first shows without a name, and the pipeline takes it for another device.
    let nameless = device(&["6e:41:07:00:00:02"], &["10.0.0.31"], midnight, midnight + 5);
    Scene::default()
        .with(phone("da:a1:19:00:00:01", "10.0.0.30", START, midnight - 60))
        .with(nameless)
        .see(&mut register, midnight + 5);
    assert_eq!(register.len(), 2, "nobody can tell yet");
    // Then both are fused, and named after the smaller address.
    let mut fused = phone("6e:41:07:00:00:02", "10.0.0.31", START, midnight + 60);
    fused.macs.push(mac("da:a1:19:00:00:01"));
    let update = Scene::default().with(fused).see(&mut register, midnight + 60);
    assert_eq!(register.len(), 1);
    assert_eq!(update.removed, [id("mac-6e4107000002")]);
    let record = register.get(&id("mac-6e4107000002")).unwrap();
    assert_eq!(record.id, id("mac-daa119000001"), "the first id stays");
    assert_eq!(record.first, at(START));
}

#[test]
fn a_phone_under_a_new_random_address_after_a_restart_is_known_by_its_name() {
    let mut register = register();
    Scene::default()
        .with(phone("da:a1:19:00:00:01", "10.0.0.30", START, START + 60))
        .see(&mut register, START + 60);
    let mut register = restarted(&register);
    let later = START + DAY;
    let nameless = Device {
        name: None,
        kind: None,
        ..phone("6e:41:07:00:00:02", "10.0.0.31", later, later + 5)
    };
    Scene::default().with(nameless).see(&mut register, later + 5);
    assert_eq!(register.len(), 2);
    let update = Scene::default()
        .with(phone("6e:41:07:00:00:02", "10.0.0.31", later, later + 60))
        .see(&mut register, later + 60);
    assert_eq!(register.len(), 1);
    assert_eq!(says(&update, EventKind::Merged).len(), 1);
    let record = register.get(&id("mac-daa119000001")).unwrap();
    assert_eq!(record.seen.macs[0], mac("6e:41:07:00:00:02"));
}

#[test]
fn two_phones_of_one_name_that_are_there_at_once_stay_two() {
    let mut register = register();
    for now in [START + 60, START + 120] {
        Scene::default()
            .with(phone("da:a1:19:00:00:01", "10.0.0.30", START, now))
            .with(phone("6e:41:07:00:00:02", "10.0.0.31", START, now))
            .see(&mut register, now);
    }
    assert_eq!(register.len(), 2);
}

#[test]
fn a_docking_station_that_moves_to_another_laptop_does_not_make_them_one() {
    let mut register = register();
    let dock = "00:50:b6:00:00:09";
    Scene::default()
        .with(device(&["00:1b:21:00:00:01", dock], &["10.0.0.40"], START, START + 60))
        .see(&mut register, START + 60);
    let mut register = restarted(&register);
    let now = START + DAY;
    for second in [0, 60] {
        Scene::default()
            .with(device(&["00:1c:42:00:00:02", dock], &["10.0.0.41"], now, now + second))
            .see(&mut register, now + second);
    }
    assert_eq!(register.len(), 2);
}

#[test]
fn an_address_that_dhcp_lends_to_another_device_belongs_to_each_in_its_time() {
    let mut register = register();
    Scene::default()
        .with(device(&[CAMERA], &["10.0.0.5"], START, START + 3_600))
        .see(&mut register, START + 3_600);
    let later = START + 2 * DAY;
    let update = Scene::default()
        .with(device(&[CAMERA], &["10.0.0.5"], START, START + 3_600))
        .with(device(&[PLC], &["10.0.0.5"], later, later + 60))
        .see(&mut register, later + 60);
    let went = says(&update, EventKind::AddressWent);
    assert_eq!(went.len(), 1);
    assert!(went[0].starts_with("no longer has the address 10.0.0.5"), "{went:?}");
    let who = |time| {
        register.record_of(None, Some(ip("10.0.0.5")), at(time)).map(|record| record.id.to_string())
    };
    assert_eq!(who(START + 60).as_deref(), Some("mac-001788000001"));
    assert_eq!(who(later + 30).as_deref(), Some("mac-001b1b000002"));
    assert_eq!(who(later + DAY).as_deref(), Some("mac-001b1b000002"), "whoever has it now");
    assert!(register.get(&id("mac-001788000001")).unwrap().seen.ips.is_empty());
    assert_eq!(register.addresses_of(&id("mac-001788000001")).len(), 2);
}

#[test]
fn an_address_that_returns_to_its_first_holder_was_the_seconds_in_between() {
    let mut register = register();
    let own = "10.0.0.4";
    let see = |register: &mut _, spans: [(i64, i64); 2], now: i64| {
        // The pipeline knows one time span per pair of addresses.
        let mut scene = Scene::default();
        for (mac, ips, (first, last)) in
            [(CAMERA, &["10.0.0.5"][..], spans[0]), (PLC, &["10.0.0.5", own][..], spans[1])]
        {
            if first < now {
                scene = scene.with(device(&[mac], ips, first, last));
            }
        }
        scene.see(register, now)
    };
    let day = |n: i64| START + n * DAY;
    see(&mut register, [(day(0), day(1)), (day(9), 0)], day(1));
    see(&mut register, [(day(0), day(1)), (day(2), day(3))], day(3));
    let update = see(&mut register, [(day(0), day(5)), (day(2), day(3))], day(5));
    assert_eq!(says(&update, EventKind::AddressWent).len(), 1);
    let who = |time| {
        let record = register.record_of(None, Some(ip("10.0.0.5")), at(time)).unwrap();
        record.seen.macs[0]
    };
    assert_eq!(who(day(0) + 60), mac(CAMERA));
    assert_eq!(who(day(2) + 60), mac(PLC));
    assert_eq!(who(day(5) + 60), mac(CAMERA));
}

#[test]
fn a_packet_that_a_router_carries_is_whose_the_network_address_is() {
    let mut register = register();
    let router =
        Device { routes: true, ..device(&["00:00:5e:00:00:01"], &["10.0.0.1"], START, START) };
    Scene::default()
        .with(router)
        .with(device(&[], &["10.9.0.5"], START, START))
        .see(&mut register, START);
    let via = register.record_of(Some(mac("00:00:5e:00:00:01")), Some(ip("10.9.0.5")), at(START));
    assert_eq!(via.unwrap().id, id("ip-10.9.0.5"));
    let own = register.record_of(Some(mac("00:00:5e:00:00:01")), Some(ip("10.0.0.1")), at(START));
    assert!(own.unwrap().seen.routes);
}

#[test]
fn a_new_router_at_the_old_address_is_another_device() {
    let mut register = register();
    let router =
        |mac, first, last| Device { routes: true, ..device(&[mac], &["192.168.1.1"], first, last) };
    Scene::default()
        .with(named("old-router", 0.9, router("00:aa:00:00:00:01", START, START + DAY)))
        .see(&mut register, START + DAY);
    let swap = START + DAY + 3_600;
    Scene::default()
        .with(named("new-router", 0.9, router("00:bb:00:00:00:02", swap, swap + 60)))
        .see(&mut register, swap + 60);
    assert_eq!(register.len(), 2);
    let old = register.get(&id("mac-00aa00000001")).unwrap();
    assert!(old.seen.ips.is_empty() && old.addresses.iter().any(|span| span.gone));
    assert_eq!(register.get(&id("mac-00bb00000002")).unwrap().label(), "new-router");
}

#[test]
fn a_restart_keeps_names_and_nothing_flips_to_unknown() {
    let mut register = register();
    let known = Device {
        model: claim(Text::from("Hue Bridge"), 0.95),
        kind: claim(DeviceType::Hub, 0.9),
        ..named("bridge", 0.92, device(&[CAMERA], &["10.0.0.5"], START, START + 60))
    };
    Scene::default().with(known).offers(80, App::Http, START, START).see(&mut register, START + 60);
    let mut register = restarted(&register);
    let now = START + DAY;
    // All that is known after the restart is an address, and a poor guess.
    let poor = Device {
        model: claim(Text::from("something else"), 0.4),
        ..device(&[CAMERA], &["10.0.0.5"], now, now)
    };
    let update = Scene::default().with(poor.clone()).see(&mut register, now);
    assert!(update.events.is_empty(), "{:?}", update.events);
    let record = register.get(&id("mac-001788000001")).unwrap();
    assert_eq!(record.label(), "bridge");
    assert_eq!(record.seen.model.as_ref().unwrap().value, "Hue Bridge");
    assert_eq!(record.seen.services.len(), 1);
    assert_eq!(record.first, at(START));
    // A better one is believed at once.
    let better = Device { model: claim(Text::from("Hue Bridge v2"), 1.0), ..poor };
    let update = Scene::default().with(better).see(&mut register, now + 5);
    assert_eq!(says(&update, EventKind::IdentityChanged).len(), 1);
}

#[test]
fn a_name_that_flaps_every_few_seconds_is_no_change() {
    let mut register = register();
    for second in 0..1_200 {
        let now = START + DAY + second;
        let name = if second % 10 < 5 { "pump-a" } else { "pump-b" };
        let scene =
            Scene::default().with(named(name, 0.9, device(&[PLC], &["10.0.0.5"], START, now)));
        let update = scene.see(&mut register, now);
        assert!(says(&update, EventKind::NameChanged).is_empty(), "second {second}");
    }
    let mut told = 0;
    for second in 1_200..1_320 {
        let now = START + DAY + second;
        let scene =
            Scene::default().with(named("pump-b", 0.9, device(&[PLC], &["10.0.0.5"], START, now)));
        told += says(&scene.see(&mut register, now), EventKind::NameChanged).len();
    }
    assert_eq!(told, 1, "a minute of one name is a change");
    let names = &register.get(&id("mac-001b1b000002")).unwrap().names;
    assert_eq!(names.last().unwrap().value, "pump-b");
    assert!(names[0].gone && names[0].value == "pump-a");
}

#[test]
fn a_service_that_comes_and_goes_is_told_once_each() {
    let mut register = register();
    let (mut came, mut went) = (0, 0);
    for hour in 0..24 * 20 {
        let now = START + hour * 3_600;
        let mut scene = Scene::default().with(device(&[PLC], &["10.0.0.5"], START, now));
        scene = scene.offers(502, App::Modbus, START, now);
        if hour >= 24 {
            scene = scene.offers(
                23,
                App::Telnet,
                START + DAY,
                START + 2 * DAY.min(hour * 3_600 - DAY + 1),
            );
        }
        let update = scene.see(&mut register, now);
        came += says(&update, EventKind::ServiceCame).len();
        went += says(&update, EventKind::ServiceWent).len();
    }
    assert_eq!((came, went), (1, 1));
    let record = register.get(&id("mac-001b1b000002")).unwrap();
    assert_eq!(record.seen.services.len(), 1);
}

#[test]
fn a_device_falls_silent_once_and_returns_once() {
    let mut register = register();
    let mut told = Vec::new();
    for hour in 0..24 * 6 {
        let now = START + hour * 3_600;
        let last = if (24..96).contains(&hour) { START + 23 * 3_600 } else { now };
        let scene = Scene::default().with(device(&[PLC], &["10.0.0.5"], START, last));
        told.extend(scene.see(&mut register, now).events.into_iter().map(|event| event.kind));
    }
    assert_eq!(told, [EventKind::Appeared, EventKind::Silent, EventKind::Returned]);
}

#[test]
fn a_service_that_was_off_for_a_week_does_not_say_that_everything_fell_silent() {
    let mut register = register();
    Scene::default().with(device(&[PLC], &["10.0.0.5"], START, START)).see(&mut register, START);
    let mut register = restarted(&register);
    for hour in 0..20 {
        let update = Scene::default().see(&mut register, START + 7 * DAY + hour * 3_600);
        assert!(update.is_empty());
    }
}

#[test]
fn a_clock_that_jumps_ahead_and_back_leaves_sane_times() {
    let mut register = register();
    let year = 365 * DAY;
    let see = |register: &mut _, first, now| {
        Scene::default().with(device(&[PLC], &["10.0.0.5"], first, now)).see(register, now)
    };
    see(&mut register, START, START + 60);
    see(&mut register, START, START + year);
    see(&mut register, START, START + 120);
    let record = register.get(&id("mac-001b1b000002")).unwrap();
    assert_eq!(record.last, at(START + 120));
    assert!(record.addresses.iter().all(|span| !span.gone && span.last == at(START + 120)));
    let update = see(&mut register, START, START + 600);
    assert_eq!(update.records.len(), 1, "time goes on");
    assert!(update.events.is_empty());
}

#[test]
fn a_flood_of_random_addresses_never_pushes_out_what_people_named() {
    let options = cordon_register::Options { most_records: 500, ..Default::default() };
    let mut register = cordon_register::Register::load(vec![], vec![], vec![], options);
    Scene::default().with(device(&[PLC], &["10.0.0.5"], START, START)).see(&mut register, START);
    let edit = cordon_register::Edit { name: Some(Some("press 4".into())), ..Default::default() };
    register.edit(&id("mac-001b1b000002"), &edit, "person:anna", at(START)).unwrap();
    for round in 0..100_u32 {
        let now = START + 60 + i64::from(round);
        let mut scene = Scene::default();
        for n in 0..50_u32 {
            let [a, b, c, d] = (round * 50 + n).to_be_bytes();
            let text = format!("02:00:{a:02x}:{b:02x}:{c:02x}:{d:02x}");
            scene = scene.with(device(
                &[text.as_str()],
                &[format!("10.{b}.{c}.{d}").as_str()],
                now,
                now,
            ));
        }
        scene.see(&mut register, now);
        assert!(register.len() <= 500);
    }
    assert_eq!(register.get(&id("mac-001b1b000002")).unwrap().label(), "press 4");
}

#[test]
#[allow(clippy::disallowed_methods, reason = "it measures itself")]
fn three_thousand_devices_are_observed_in_milliseconds() {
    let mut register = register();
    let scene = |now: i64| {
        let mut scene = Scene::default();
        for n in 0..3_000_u32 {
            let [_, b, c, d] = n.to_be_bytes();
            let mac = format!("00:1b:21:{b:02x}:{c:02x}:{d:02x}");
            let one = device(&[mac.as_str()], &[format!("10.{b}.{c}.{d}").as_str()], START, now);
            let one = Device {
                name: claim(Text::from(format!("device-number-{n}")), 0.9),
                model: claim(Text::from("A model with a longish name"), 0.9),
                kind: claim(DeviceType::Plc, 0.9),
                ..one
            };
            scene = scene.with(one).offers(502, App::Modbus, START, now).offers(
                80,
                App::Http,
                START,
                now,
            );
            scene = scene.weak(cordon_model::FindingKind::TelnetService, START, now);
        }
        scene
    };
    scene(START).see(&mut register, START);
    let mut quickest = f64::MAX;
    let mut stored = 0;
    for second in 1..=5 {
        let scene = scene(START + second * 5);
        let start = Instant::now();
        let update = scene.see(&mut register, START + second * 5);
        quickest = quickest.min(start.elapsed().as_secs_f64() * 1e3);
        stored += update.records.len();
    }
    println!("3,000 devices and findings: {quickest:.1} ms");
    assert_eq!(stored, 0);
    // Unoptimised code is some ten times slower than the 20 ms that a service may take.
    assert!(quickest < if cfg!(debug_assertions) { 300.0 } else { 20.0 }, "{quickest} ms");
}

#[test]
fn a_clock_that_begins_in_1970_is_no_time_at_which_something_was_seen_first() {
    const DAY: i64 = 86_400;
    let mut register = register();
    let mut first = |first: i64, last: i64| {
        let seen = device(&["00:1b:1b:00:00:01"], &["10.0.0.1"], first, last);
        Scene::default().with(seen).see(&mut register, last);
        register.records().next().unwrap().first
    };
    assert_eq!(first(7, 7), at(7), "nothing better is known");
    assert_eq!(first(7, START), at(START), "the clock was set while it was there");
    assert_eq!(first(9, 9), at(START), "the battery failed again");
    assert_eq!(first(9, START + DAY), at(START));
    assert_eq!(first(START - DAY, START + DAY), at(START - DAY), "an older recording is believed");
}
