//! Plant protocols: found on the evidence, not on its healthy twin.

use cordon_model::operation::Outcome;
use cordon_model::*;

use crate::scene::{self, Scene};
use crate::words::*;

#[test]
fn a_plant_protocol_with_the_internet_is_critical() {
    let inbound = Scene::default().flow("8.8.4.4:5000", "10.0.0.5:502", Some(App::Modbus));
    assert_eq!(inbound.one(FindingKind::OtExposed).severity, Severity::Critical);
    let outbound = Scene::default().flow("10.0.0.5:5000", "8.8.4.4:502", Some(App::Modbus));
    assert_eq!(outbound.one(FindingKind::OtExposed).severity, Severity::High);
    Scene::default().flow(PC, "10.0.0.5:502", Some(App::Modbus)).none(FindingKind::OtExposed);
    let mut port = Scene::default().flow("8.8.4.4:5000", "10.0.0.5:502", Some(App::Modbus));
    port.flows[0].basis = Some(Basis::Port);
    port.none(FindingKind::OtExposed);
}

#[test]
fn a_plant_protocol_from_another_network_is_found_unless_the_plant_speaks_it() {
    let from = |kind| {
        Scene::default().flow("10.9.0.7:5000", "10.0.0.5:502", Some(App::Modbus)).device(
            "10.9.0.7",
            "station-9",
            kind,
        )
    };
    let finding = from(DeviceType::Computer).one(FindingKind::OtExposed);
    assert_eq!(finding.severity, Severity::High);
    assert_eq!(finding.device, Some(scene::id(CAM.parse().unwrap())));
    from(DeviceType::ScadaServer).none(FindingKind::OtExposed);
}

#[test]
fn a_panel_that_writes_does_its_job_and_a_camera_that_writes_does_not() {
    use Outcome::{Asked, Done};
    let panel = acts(DeviceType::Hmi, Verb::Write, &[Asked, Done]).one(FindingKind::OtWrite);
    assert_eq!(panel.severity, Severity::Low);
    assert_eq!(panel.device, Some(scene::id(CAM.parse().unwrap())));
    assert!(
        panel.why.contains("station-1 (10.0.0.9) writes to it over Modbus/TCP, once."),
        "{}",
        panel.why
    );
    let camera = acts(DeviceType::Camera, Verb::Write, &[Asked, Done]).one(FindingKind::OtWrite);
    assert_eq!(camera.severity, Severity::High);
    acts(DeviceType::Hmi, Verb::Read, &[Asked, Done]).none(FindingKind::OtWrite);
}

#[test]
fn a_refused_act_weighs_less_and_says_so() {
    use Outcome::{Asked, Refused};
    let finding = acts(DeviceType::Camera, Verb::Stop, &[Asked, Refused]).one(FindingKind::OtStop);
    assert_eq!(finding.severity, Severity::Medium);
    assert!(finding.why.contains("all refused"), "{}", finding.why);
    assert!(finding.evidence.iter().any(|one| one.detail.ends_with("refused")));
}

#[test]
fn every_act_that_changes_a_plant_has_its_kind() {
    use FindingKind as K;
    for (verb, kind) in [
        (Verb::Write, K::OtWrite),
        (Verb::Control, K::OtControl),
        (Verb::SetTime, K::OtConfigure),
        (Verb::Configure, K::OtConfigure),
        (Verb::Start, K::OtStop),
        (Verb::Stop, K::OtStop),
        (Verb::Restart, K::OtRestart),
        (Verb::DisableComms, K::OtRestart),
        (Verb::ProgramUpload, K::OtProgramTransfer),
        (Verb::ProgramDownload, K::OtProgramTransfer),
        (Verb::Firmware, K::OtFirmware),
        (Verb::File, K::OtFirmware),
    ] {
        let camera = acts(DeviceType::Camera, verb, &[Outcome::Asked]).one(kind).severity;
        let station =
            acts(DeviceType::EngineeringStation, verb, &[Outcome::Asked]).one(kind).severity;
        assert!(station <= camera && camera >= Severity::Medium, "{verb:?}");
        let healthy = acts(DeviceType::Camera, Verb::Read, &[Outcome::Asked]);
        healthy.none(kind);
    }
}

#[test]
fn a_write_from_the_internet_is_critical() {
    let said = operation(Verb::Write, Outcome::Asked);
    let finding =
        Scene::default().say("8.8.4.4:5000", "10.0.0.5:502", said).one(FindingKind::OtWrite);
    assert_eq!(finding.severity, Severity::Critical);
    assert!(finding.why.contains("from outside"));
}
