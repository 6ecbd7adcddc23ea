//! Every way in and every way out tells the same.

use std::fs::File;
use std::process::{Command, Stdio};

use crate::{LAB, cordon, look, ran};

#[test]
fn json_holds_every_promised_field_with_its_type() {
    let look = look(&[&LAB.text("wired.pcap"), &LAB.text("wifi.pcap")]);
    assert_eq!(look["schema"], "cordon.look/1");
    let input = &look["inputs"][0];
    for field in ["packets", "bytes"] {
        assert!(input[field].is_u64(), "{field}");
    }
    assert!(
        input["path"].is_string() && input["first"].is_string() && input["cut_short"].is_boolean()
    );
    let coverage = &look["coverage"];
    assert!(coverage["undecoded_packets"].is_u64() && coverage["one_way_flows"].is_u64());
    assert!(coverage["notes"].is_array() && look["flows"].is_u64());
    assert!(look["protocols"]["modbus"]["flows"].as_u64() > Some(0));
    let device = &look["devices"][0];
    for field in ["id", "label"] {
        assert!(device[field].is_string(), "{field}");
    }
    for field in ["macs", "ips", "services", "evidence"] {
        assert!(device[field].is_array(), "{field}");
    }
    for field in ["name", "type", "vendor", "model", "firmware", "os", "parent"] {
        assert!(device[field].is_string() || device[field].is_null(), "{field}");
    }
    assert!(device["confidence"].is_number() && device["random_mac"].is_boolean());
    let finding = &look["findings"][0];
    for field in ["kind", "severity", "title", "why", "fix"] {
        assert!(finding[field].is_string(), "{field}");
    }
    let evidence = &finding["evidence"][0];
    assert!(
        evidence["file"].is_string()
            && evidence["packet"].is_u64()
            && evidence["detail"].is_string()
    );
}

#[test]
fn every_finding_points_at_a_packet_and_a_device_of_this_result() {
    let look = look(&[&LAB.text("wired.pcap")]);
    let ids: Vec<_> =
        look["devices"].as_array().unwrap().iter().map(|device| &device["id"]).collect();
    for finding in look["findings"].as_array().unwrap() {
        assert!(finding["device"].is_null() || ids.contains(&&finding["device"]), "{finding}");
        assert!(!finding["evidence"].as_array().unwrap().is_empty(), "{finding}");
    }
}

#[test]
fn the_schema_accepts_what_look_prints() {
    let ran = cordon(&["schema", "look"]);
    let schema: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let look = look(&[&LAB.text("wired.pcap")]);
    let required = schema["required"].as_array().unwrap();
    for field in required {
        assert!(!look[field.as_str().unwrap()].is_null(), "{field}");
    }
    for field in look.as_object().unwrap().keys() {
        assert!(schema["properties"].get(field).is_some(), "{field} is not in the schema");
    }
}

#[test]
fn standard_input_and_compression_change_nothing() {
    let plain = look(&[&LAB.text("wifi.pcap")]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_cordon"));
    command
        .args(["look", "-", "--format", "json"])
        .stdin(File::open(LAB.path("wifi.pcap")).unwrap());
    let piped: serde_json::Value =
        serde_json::from_str(&ran(command.output().unwrap()).out).unwrap();
    assert_eq!(named(&piped), named(&plain));
    assert_eq!(piped["inputs"][0]["packets"], plain["inputs"][0]["packets"]);
    assert_eq!(piped["protocols"], plain["protocols"]);
    let folder = tempfile::tempdir().unwrap();
    for (program, name) in [("gzip", "wifi.pcap.gz"), ("zstd", "wifi.pcap.zst")] {
        let packed = folder.path().join(name);
        let done = Command::new(program)
            .args(["-c", &LAB.text("wifi.pcap")])
            .stdout(File::create(&packed).unwrap())
            .stderr(Stdio::null())
            .status();
        if !done.is_ok_and(|status| status.success()) {
            println!("skipped: no {program}");
            continue;
        }
        let unpacked = look(&[&crate::text(&packed)]);
        assert_eq!(unpacked["protocols"], plain["protocols"], "{name}");
        assert_eq!(
            unpacked["findings"].as_array().unwrap().len(),
            plain["findings"].as_array().unwrap().len()
        );
    }
}

/// Ids, names, types and models of all devices; evidence names its file, and that differs.
fn named(look: &serde_json::Value) -> Vec<[serde_json::Value; 4]> {
    let devices = look["devices"].as_array().unwrap();
    assert!(!devices.is_empty());
    devices
        .iter()
        .map(|device| ["id", "name", "type", "model"].map(|field| device[field].clone()))
        .collect()
}

#[test]
fn the_same_input_gives_the_same_answer() {
    let (a, b) = (look(&[&LAB.text("wired.pcap")]), look(&[&LAB.text("wired.pcap")]));
    assert_eq!(a["devices"], b["devices"]);
    assert_eq!(a["findings"], b["findings"]);
    assert_eq!(a["talks"], b["talks"]);
}

#[test]
fn findings_decide_the_exit_code_only_when_asked() {
    let wired = LAB.text("wired.pcap");
    assert_eq!(cordon(&["look", &wired, "-q"]).code, 0);
    assert_eq!(cordon(&["look", &wired, "-q", "--fail-on", "high"]).code, 1);
}

#[test]
fn the_terminal_report_ends_with_what_to_do_and_has_no_colour_in_a_pipe() {
    let ran = cordon(&["look", &LAB.text("wired.pcap"), "-q"]);
    assert!(
        ran.out.contains("packets sent: 0") || ran.out.contains("packets\nsent: 0"),
        "{}",
        ran.out
    );
    let first_five = ran.out.find("Do these five first").unwrap();
    assert!(first_five > ran.out.find("What this capture cannot show").unwrap());
    assert!(!ran.out.contains('\u{1b}'));
}

#[test]
fn html_is_one_file_without_anything_from_outside() {
    let ran = cordon(&["look", &LAB.text("wired.pcap"), "-q", "--format", "html"]);
    assert!(ran.out.starts_with("<!DOCTYPE html>") && ran.out.contains("<svg"));
    for outside in
        ["<link rel=\"stylesheet\"", "<script src", "<img src=\"http", "@import", "url(http"]
    {
        assert!(!ran.out.contains(outside), "{outside}");
    }
}

/// Passwords that the lab's devices send in clear text.
const SECRETS: [&str; 9] = [
    "factorycast@schneider",
    "Tor-2019",
    "steckdose42",
    "xc3511",
    "nursery-2021",
    "Blaue-Tuer-7",
    "vital-signs-3",
    "Ultraschall1",
    "bbraun-2011",
];

#[test]
fn no_secret_of_the_lab_is_in_any_output() {
    let bytes = std::fs::read(LAB.path("wired.pcap")).unwrap();
    let sent =
        |secret: &&str| bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
    assert!(SECRETS.iter().filter(|secret| sent(secret)).count() >= 4, "the lab sends no secrets");
    for format in ["text", "json", "html", "markdown"] {
        let ran = cordon(&["look", &LAB.text("wired.pcap"), "-q", "--format", format]);
        for secret in SECRETS {
            assert!(!ran.out.contains(secret), "{secret} in {format}");
        }
        // "admin:admin" and "viewer:Tor-2019" as HTTP Basic carries them.
        for encoded in ["YWRtaW46YWRtaW4", "dmlld2VyOlRvci0yMDE5"] {
            assert!(!ran.out.contains(encoded), "{encoded} in {format}");
        }
    }
}
