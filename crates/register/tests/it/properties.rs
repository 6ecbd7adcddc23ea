//! Whatever the devices are: what is taken back is as it was.

use std::collections::BTreeMap;

use cordon_model::record::{Address, Record, TrackedFinding};
use cordon_model::{App, Device, FindingKind, Text};
use cordon_register::{Edit, Register};
use proptest::prelude::*;

use crate::scene::*;

const BY: &str = "person:anna";

/// A site of up to eight devices with up to three addresses of each sort.
fn site() -> impl Strategy<Value = Scene> {
    let one = (1..4_usize, 0..4_usize, 0..1_000_i64, 0..100_000_i64, any::<u16>(), 0..4_u8);
    prop::collection::vec(one, 2..8).prop_map(|devices| {
        let mut scene = Scene::default();
        for (n, (macs, ips, first, length, port, more)) in devices.into_iter().enumerate() {
            let macs: Vec<String> =
                (0..macs).map(|m| format!("00:1b:21:00:{n:02x}:{m:02x}")).collect();
            let ips: Vec<String> = (0..ips).map(|i| format!("10.0.{n}.{i}")).collect();
            let macs: Vec<&str> = macs.iter().map(String::as_str).collect();
            let ips: Vec<&str> = ips.iter().map(String::as_str).collect();
            let (first, last) = (START + first, START + first + length);
            let mut one = device(&macs, &ips, first, last);
            if more & 1 == 1 {
                one.name = claim(Text::from(format!("name-{n}")), 0.9);
            }
            scene = scene.with(one).offers(port, App::Http, first, last);
            if more & 2 == 2 {
                scene = scene.weak(FindingKind::TelnetService, first, last);
            }
        }
        scene
    })
}

type State = (BTreeMap<String, Record>, Vec<TrackedFinding>);

fn state(register: &Register) -> State {
    let records = register.records().map(|record| (record.id.to_string(), record.clone()));
    (records.collect(), register.findings().cloned().collect())
}

fn seen(scene: &Scene) -> Register {
    let mut register = register();
    scene.see(&mut register, START + 200_000);
    let edit = Edit { tags: Some(vec!["one".into()]), ..Edit::default() };
    register.edit(&scene.devices[0].id, &edit, BY, at(START)).unwrap();
    register
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn joined_and_taken_back_is_as_before(scene in site(), a in any::<usize>(), b in any::<usize>()) {
        let mut register = seen(&scene);
        let before = state(&register);
        let of = |n: usize| scene.devices[n % scene.devices.len()].id.clone();
        if let Ok(update) = register.merge(&of(a), &of(b), BY, at(START + 1)) {
            prop_assert_ne!(&before, &state(&register));
            register.undo(update.changes[0].id, BY, at(START + 2)).unwrap();
        } else {
            prop_assert_eq!(of(a), of(b));
        }
        prop_assert_eq!(before, state(&register));
    }

    #[test]
    fn split_and_taken_back_is_as_before(scene in site(), n in any::<usize>(), mask in any::<u8>()) {
        let mut register = seen(&scene);
        let before = state(&register);
        let device: &Device = &scene.devices[n % scene.devices.len()];
        let off: Vec<Address> = register.addresses_of(&device.id).iter().enumerate()
            .filter(|(index, _)| mask >> (index % 8) & 1 == 1)
            .map(|(_, span)| span.value).collect();
        if let Ok(update) = register.split(&device.id, &off, BY, at(START + 1)) {
            prop_assert_eq!(register.len(), before.0.len() + 1);
            register.undo(update.changes[0].id, BY, at(START + 2)).unwrap();
        }
        prop_assert_eq!(before, state(&register));
    }

    #[test]
    fn the_same_sight_twice_changes_nothing(scene in site()) {
        let mut register = seen(&scene);
        let before = state(&register);
        let update = scene.see(&mut register, START + 200_001);
        prop_assert!(update.is_empty(), "{:?}", update);
        prop_assert_eq!(before, state(&register));
    }

    #[test]
    fn a_restart_forgets_nothing(scene in site()) {
        let register = seen(&scene);
        let mut again = restarted(&register);
        let update = scene.see(&mut again, START + 200_001);
        prop_assert!(update.events.is_empty(), "{:?}", update.events);
        prop_assert_eq!(state(&register), state(&again));
    }
}
