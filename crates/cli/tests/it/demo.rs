//! The demo, and whether look finds what the lab planted.

use std::collections::BTreeSet;

use crate::{LAB, cordon, look, text};

#[test]
fn the_demo_leaves_captures_and_a_report() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("here");
    let ran = cordon(&["demo", "--out", &text(&out)]);
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
