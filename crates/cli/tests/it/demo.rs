//! The demo, and whether look finds what the lab planted.

use std::collections::BTreeSet;

use crate::{LAB, cordon, look, text};

#[test]
fn the_demo_without_a_service_leaves_captures_and_a_report() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("here");
    let ran = cordon(&["demo", "--once", "--out", &text(&out)]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("Do these five first") && ran.out.contains("Now try yours"));
    for file in ["wired.pcap", "wifi.pcap", "report.html"] {
        assert!(out.join(file).metadata().unwrap().len() > 1_000, "{file}");
    }
}

#[test]
fn every_planted_defect_is_found_on_its_device() {
    let look = look(&[&LAB.text("wired.pcap"), &LAB.text("wifi.pcap")]);
    let devices = look["devices"].as_array().unwrap();
    let id_of = |mac: &str| {
        let with = |device: &&serde_json::Value| {
            device["macs"].as_array().unwrap().iter().any(|own| own == mac)
        };
        devices.iter().find(with).map(|device| device["id"].as_str().unwrap().to_owned())
    };
    let found: BTreeSet<(String, String)> = look["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            let device = finding["device"].as_str().unwrap_or_default();
            (device.to_owned(), finding["kind"].as_str().unwrap().to_owned())
        })
        .collect();
    let mut missing = Vec::new();
    for planted in &LAB.site.planted {
        let macs: Vec<String> = match planted.mac {
            Some(mac) => vec![mac.to_string()],
            None => LAB.site.macs(&planted.device).iter().map(ToString::to_string).collect(),
        };
        let kind = planted.kind.to_string();
        let hit =
            macs.iter().filter_map(|mac| id_of(mac)).any(|id| found.contains(&(id, kind.clone())));
        if !hit {
            missing.push(format!("{} on {}", planted.kind, planted.device));
        }
    }
    assert!(missing.is_empty(), "not found: {missing:#?}");
}

/// What the lab's devices say of themselves is enough to know them by; a few are known only by
/// their address block, and then for less than sure.
#[test]
fn every_device_of_the_lab_is_known_for_what_it_is() {
    let look = look(&[&LAB.text("wired.pcap"), &LAB.text("wifi.pcap")]);
    let devices = look["devices"].as_array().unwrap();
    let same = |said: &serde_json::Value, expected: &str| {
        let plain = |text: &str| text.to_lowercase().replace([' ', '-', '_', '.'], "");
        let said = plain(said.as_str().unwrap_or_default());
        said.contains(&plain(expected)) || !said.is_empty() && plain(expected).contains(&said)
    };
    let (mut asked, mut right, mut wrong) = (0, 0, Vec::new());
    for device in LAB.site.devices.iter().filter(|device| device.expect.is_some()) {
        let expect = device.expect.as_ref().unwrap();
        let macs: Vec<String> =
            LAB.site.macs(&device.name).iter().map(ToString::to_string).collect();
        let owns = |found: &&serde_json::Value| {
            found["macs"].as_array().unwrap().iter().any(|mac| macs.iter().any(|own| mac == own))
        };
        let found =
            devices.iter().find(owns).unwrap_or_else(|| panic!("{} is missing", device.name));
        let kind = expect.kind.map(|kind| kind.name().to_owned());
        let fields = [
            ("name", expect.name.as_ref()),
            ("type", kind.as_ref()),
            ("vendor", expect.vendor.as_ref()),
            ("model", expect.model.as_ref()),
        ];
        for (field, expected) in fields {
            let Some(expected) = expected else { continue };
            asked += 1;
            if same(&found[field], expected) {
                right += 1;
                continue;
            }
            let sure = found["confidences"][field].as_f64().unwrap_or(0.0) >= 0.9;
            wrong.push(format!(
                "{} {field}: {} instead of {expected}, sure: {sure}",
                device.name, found[field]
            ));
        }
    }
    assert!(right * 100 >= asked * 95, "{right} of {asked}: {wrong:#?}");
    println!("{right} of {asked}: {wrong:#?}");
}

#[test]
fn lamps_behind_a_hub_are_its_children() {
    let look = look(&[&LAB.text("wired.pcap")]);
    let devices = look["devices"].as_array().unwrap();
    for child in &LAB.site.children {
        let named = |device: &&serde_json::Value| device["name"] == child.name.as_str();
        let Some(found) = devices.iter().find(named) else { panic!("{} is missing", child.name) };
        assert!(found["parent"].is_string(), "{found}");
    }
}
