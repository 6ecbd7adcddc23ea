//! What is to be done first, and why.

use crate::scene::{self, Scene};
use cordon_model::*;
use cordon_posture::{Action, first_five};

fn actions(scene: &Scene) -> Vec<Action> {
    first_five(&scene.findings(), &scene.devices)
}

fn two_cameras() -> Scene {
    Scene::default()
        .device("10.0.0.5", "camera-1", DeviceType::Camera)
        .device("10.0.0.6", "camera-2", DeviceType::Camera)
        .password(Scheme::HttpBasic, "10.0.0.9:50000", "10.0.0.5:80", "admin", "admin")
        .say_in(2, "10.0.0.9:1", "10.0.0.6:80", basic())
}

fn basic() -> Said {
    Said::Credential(Credential::new(&scene::key(), Scheme::HttpBasic, b"root", b"vizxv"))
}

#[test]
fn one_action_mends_the_same_thing_on_several_devices() {
    let first = actions(&two_cameras()).remove(0);
    assert_eq!(first.title, "Change the factory passwords of camera-1 and camera-2");
    assert_eq!((first.severity, first.devices.len(), first.findings), (Severity::Critical, 2, 2));
    assert!(first.reason.contains("2 findings on 2 devices"), "{}", first.reason);
}

#[test]
fn what_the_internet_reaches_comes_first() {
    let scene = Scene::default()
        .device("10.0.0.5", "camera-1", DeviceType::Camera)
        .device("10.0.0.6", "camera-2", DeviceType::Camera)
        .password(Scheme::RtspBasic, "10.0.0.9:50000", "10.0.0.5:554", "u", "long secret")
        .password(Scheme::Telnet, "10.0.0.9:50000", "10.0.0.6:23", "u", "long secret")
        .flow("8.8.4.4:999", "10.0.0.6:23", None);
    let done = actions(&scene);
    let place = |word: &str| done.iter().position(|action| action.title.contains(word)).unwrap();
    assert!(place("Telnet") < place("streams"), "{done:#?}");
    assert!(done[place("Telnet")].reason.contains("reachable from the Internet"));
}

#[test]
fn a_crowd_of_small_things_does_not_hide_a_great_one() {
    let mut scene = two_cameras();
    for n in 20..120 {
        scene = scene
            .device(&format!("10.0.1.{n}"), &format!("thing-{n}"), DeviceType::Sensor)
            .flow(&format!("10.0.1.{n}:5000"), "8.8.4.4:443", None);
    }
    let done = actions(&scene);
    assert!(done[0].title.starts_with("Change the factory passwords"), "{}", done[0].title);
    let limit = done.iter().find(|action| action.title.contains("Internet")).unwrap();
    assert!(limit.title.contains("96 more") && limit.devices.len() == 100);
}

#[test]
fn there_are_five_at_most_and_none_for_what_is_only_worth_knowing() {
    assert!(actions(&two_cameras()).len() <= 5);
    let phone = Scene::default().device("10.0.0.5", "phone", DeviceType::Phone).flow(
        "10.0.0.5:5000",
        "8.8.4.4:443",
        None,
    );
    assert!(!phone.findings().is_empty() && actions(&phone).is_empty());
}

#[test]
fn everything_done_to_a_controller_is_one_action() {
    use crate::words::{PC, operation};
    let plant = Scene::default().device("10.0.0.5", "plc-1", DeviceType::Plc);
    let verbs = [Verb::Write, Verb::Control, Verb::Configure, Verb::Restart, Verb::Stop];
    let scene = verbs
        .iter()
        .fold(plant, |scene, verb| scene.say(PC, "10.0.0.5:502", operation(*verb, Outcome::Asked)));
    let done = actions(&scene);
    assert_eq!(done[0].title, "Limit who may write to and program plc-1");
    assert_eq!((done.len(), done[0].kinds.len()), (1, 5), "{done:#?}");
}
