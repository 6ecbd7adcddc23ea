//! Readings, commands, names and the Internet: found on the evidence, not on its healthy twin.

use cordon_model::fact::*;
use cordon_model::operation::Outcome;
use cordon_model::*;

use crate::scene::Scene;
use crate::words::*;

#[test]
fn readings_weigh_more_when_they_leave_the_site_or_come_from_a_patient() {
    let to = |server: &str| Scene::default().say(PC, server, publish("ward/3/spo2"));
    assert_eq!(to("8.8.4.4:1883").one(FindingKind::ClearTextData).severity, Severity::Medium);
    let inside = to("10.0.0.5:1883");
    assert_eq!(inside.one(FindingKind::ClearTextData).severity, Severity::Low);
    let monitor = inside.device("10.0.0.9", "monitor", DeviceType::PatientMonitor);
    let finding = monitor.one(FindingKind::ClearTextData);
    assert_eq!(finding.severity, Severity::Medium);
    assert!(finding.why.contains("patients"), "{}", finding.why);
    Scene::default().say(PC, "10.0.0.5:1883", connect(Some("u"))).none(FindingKind::ClearTextData);
}

#[test]
fn controllers_read_within_their_zone_are_no_finding_and_across_zones_are() {
    let read = |client: &str| {
        let said = operation(Verb::Read, Outcome::Done);
        Scene::default().say("10.0.0.5:502", client, said)
    };
    read("10.9.0.7:5000").one(FindingKind::ClearTextData);
    read("10.0.0.7:5000").none(FindingKind::ClearTextData);
}

#[test]
fn commands_are_told_from_readings() {
    let sends = |topic: &str| Scene::default().say(PC, "10.0.0.5:1883", publish(topic));
    sends("cmnd/plug/POWER").one(FindingKind::ClearTextCommand);
    sends("stat/plug/POWER").none(FindingKind::ClearTextCommand);
    let gets = |path: &str| {
        let said = Said::HttpRequest(Box::new(request("GET", path)));
        Scene::default().say(PC, "10.0.0.5:80", said)
    };
    gets("/cm?cmnd=Power%20On").one(FindingKind::ClearTextCommand);
    gets("/index.html").none(FindingKind::ClearTextCommand);
}

#[test]
fn firmware_over_plain_http_is_found() {
    let gets = |path: &str| {
        let said = Said::HttpRequest(Box::new(request("GET", path)));
        Scene::default().say(PC, "8.8.4.4:80", said)
    };
    gets("/fw/camera-2.1.bin?id=7").one(FindingKind::ClearTextUpdate);
    gets("/fw/list.json").none(FindingKind::ClearTextUpdate);
}

#[test]
fn contact_with_the_internet_weighs_by_what_the_device_is_for() {
    let talks = Scene::default()
        .say(PC, "8.8.4.4:443", client_hello(TlsVersion::TLS1_3, &[0x1301]))
        .flow(PC, "8.8.4.4:443", Some(App::Tls));
    let of = |kind| talks.clone().device("10.0.0.9", "it", kind).one(FindingKind::InternetContact);
    assert_eq!(of(DeviceType::Plc).severity, Severity::High);
    assert_eq!(of(DeviceType::InfusionPump).severity, Severity::High);
    assert_eq!(of(DeviceType::Camera).severity, Severity::Low);
    assert_eq!(of(DeviceType::Phone).severity, Severity::Info);
    assert!(of(DeviceType::Plc).why.contains("cloud.example.com"));
    Scene::default().flow(PC, "10.0.0.5:443", None).none(FindingKind::InternetContact);
    Scene::default().flow(PC, "239.1.1.1:443", None).none(FindingKind::InternetContact);
}

#[test]
fn a_device_that_answers_the_internet_is_exposed_and_one_that_refuses_is_not() {
    let mut scene = Scene::default().flow("8.8.4.4:5000", "10.0.0.5:23", None);
    assert!(scene.one(FindingKind::InternetExposed).title.contains("TCP 23"));
    scene.flows[0].received.data_packets = 0;
    scene.none(FindingKind::InternetExposed);
    let mut guessed = Scene::default().flow("8.8.4.4:5000", "10.0.0.5:23", None);
    guessed.flows[0].ends = Ends::Ports;
    guessed.none(FindingKind::InternetExposed);
}

#[test]
fn public_addresses_that_take_part_in_arp_belong_to_the_site() {
    let arp = Arp {
        reply: false,
        sender_mac: "00:11:22:33:44:55".parse().unwrap(),
        sender_ip: "141.142.1.5".parse().unwrap(),
        target_ip: "141.142.1.1".parse().unwrap(),
    };
    let scene = Scene::default().flow("141.142.1.5:5000", "141.142.1.9:80", None);
    scene
        .clone()
        .say("141.142.1.5", "141.142.1.1", Said::Arp(arp))
        .none(FindingKind::InternetContact);
    let leaves = Scene::default().say("141.142.1.5", "141.142.1.1", Said::Arp(arp)).flow(
        "141.142.1.5:5000",
        "8.8.4.4:80",
        None,
    );
    leaves.one(FindingKind::InternetContact);
}

#[test]
fn names_made_by_an_algorithm_are_found_and_hashes_of_content_networks_are_not() {
    let names = [
        "qxvzjkwpfhgt",
        "kjhwqzxnvbtr",
        "ywpqkdxzvmfj",
        "zqkxjvwhgpfd",
        "xkqjzwvhpbgt",
        "wzxqjkvpdfhg",
        "vkzqxjwgphfd",
    ];
    let asks = |below: &str, rcode| {
        names.iter().fold(Scene::default(), |scene, name| {
            let name = format!("{name}.{below}");
            scene.say(PC, "10.0.0.1:53", query(&name)).say(
                "10.0.0.1:53",
                PC,
                dns(&name, true, rcode),
            )
        })
    };
    let finding = asks("com", 3).one(FindingKind::OddNameLookup);
    assert_eq!(finding.severity, Severity::High);
    asks("com", 0).none(FindingKind::OddNameLookup);
    asks("cloudfront.net", 3).none(FindingKind::OddNameLookup);
    asks("lan", 3).none(FindingKind::OddNameLookup);
}

#[test]
fn names_that_lead_elsewhere_are_found() {
    let asks = |name: &str| Scene::default().say(PC, "10.0.0.1:53", query(name));
    asks("facebookcorewwwi.onion").one(FindingKind::OddNameLookup);
    let dynamic = asks("cam77.duckdns.org").one(FindingKind::OddNameLookup);
    assert_eq!(dynamic.severity, Severity::Low);
    for healthy in ["www.example.org", "5.0.0.10.in-addr.arpa", "_ipp._tcp.local", "printer.lan"] {
        asks(healthy).none(FindingKind::OddNameLookup);
    }
}

#[test]
fn data_inside_names_is_found_unless_the_domain_is_known_for_it() {
    let asks = |domain: &str| {
        (0..20).fold(Scene::default(), |scene, n| {
            let data = format!("{n:02}aafbe0193c7d5e8b0a4429").repeat(3);
            scene.say(PC, "10.0.0.1:53", query(&format!("{data}.{domain}")))
        })
    };
    asks("tunnel.example.com").one(FindingKind::OddNameLookup);
    asks("avqs.mcafee.com").none(FindingKind::OddNameLookup);
}
