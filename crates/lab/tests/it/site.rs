//! Sites are data: what is missing or misspelt is named, and the same seed gives the same bytes.

use std::collections::BTreeSet;

use cordon_lab::{Capture, Site, demo, write};
use cordon_model::{LinkType, Mac};

/// Every kind of weakness that the demonstration has to show.
const KINDS: [&str; 34] = [
    "default-credential",
    "clear-text-credential",
    "obsolete-tls",
    "weak-cipher-suite",
    "expired-certificate",
    "weak-certificate",
    "shared-key",
    "self-signed-certificate",
    "clear-text-data",
    "clear-text-command",
    "telnet-service",
    "ftp-service",
    "upnp-port-mapping",
    "open-rtsp",
    "open-mqtt",
    "open-coap",
    "snmp-v1v2c",
    "internet-contact",
    "internet-exposed",
    "odd-name-lookup",
    "ot-write",
    "ot-control",
    "ot-restart",
    "ot-stop",
    "ot-program-transfer",
    "ot-firmware",
    "ot-exposed",
    "wifi-wep",
    "wifi-tkip",
    "wifi-wps",
    "wifi-no-pmf",
    "wifi-open",
    "outdated-software",
    "weak-ssh",
];

/// A site of two devices with one row of activity.
fn small(activity: &str) -> String {
    format!(
        r#"
name = "small"
start = "2026-01-01T00:00:00Z"
[[network]]
name = "lan"
prefix = 24
router = "router"
dns = "router"
dhcp = "router"
domain = "lan"
[[stack]]
name = "linux"
ttl = 64
window = 64240
options = ["mss", "sack", "ts", "nop", "ws:7"]
[[device]]
name = "router"
network = "lan"
mac = "02:00:00:00:00:01"
ip = "10.0.0.1"
[[device]]
name = "pc"
network = "lan"
mac = "02:00:00:00:00:02"
ip = "10.0.0.2"
[[activity]]
at = "1s"
{activity}
"#
    )
}

fn error(text: &str) -> String {
    match Site::parse(text) {
        Ok(site) => write(&site, 1).unwrap_err().to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn every_kind_of_weakness_is_planted() {
    let planted: BTreeSet<String> = demo().unwrap().planted.into_iter().map(|p| p.kind).collect();
    assert_eq!(planted, KINDS.map(str::to_owned).into());
}

#[test]
fn every_device_of_the_demonstration_speaks() {
    let site = demo().unwrap();
    let captures = write(&site, 1).unwrap();
    let wired = &captures[0];
    let speakers: BTreeSet<&[u8]> =
        wired.frames.iter().filter_map(|frame| frame.bytes.get(6..12)).collect();
    let macs: Vec<Mac> = site.devices.iter().filter_map(|device| device.mac).collect();
    for mac in &macs {
        assert!(speakers.contains(mac.0.as_slice()), "{mac} is silent");
    }
    let expected = site.devices.iter().filter(|device| device.expect.is_some()).count();
    assert!(expected >= 24, "only {expected} devices");
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_does_not() {
    let site = demo().unwrap();
    assert_eq!(write(&site, 7).unwrap(), write(&site, 7).unwrap());
    assert_ne!(write(&site, 7).unwrap(), write(&site, 8).unwrap());
}

#[test]
fn the_captures_are_in_order_of_time_and_of_a_handy_size() {
    let captures = write(&demo().unwrap(), 1).unwrap();
    let links: Vec<LinkType> = captures.iter().map(|capture| capture.link).collect();
    assert_eq!(links, [LinkType::ETHERNET, LinkType::RADIOTAP]);
    for Capture { name, frames, .. } in &captures {
        assert!(frames.is_sorted_by_key(|frame| frame.at), "{name}");
        let minutes = frames.last().unwrap().at.since(frames[0].at).as_secs() / 60;
        assert!(minutes < 12, "{name} takes {minutes} minutes");
    }
    assert!((5_000..30_000).contains(&captures[0].frames.len()));
}

#[test]
fn a_small_site_plays_its_row_with_the_arp_before_it() {
    let text = small("act = \"ping\"\nfrom = \"pc\"\nto = \"router\"\ncount = 1");
    let captures = write(&Site::parse(&text).unwrap(), 1).unwrap();
    let kinds: Vec<&[u8]> = captures[0].frames.iter().map(|f| &f.bytes[12..14]).collect();
    assert_eq!(kinds, [[8, 6], [8, 6], [8, 0], [8, 0]]);
}

#[test]
fn an_error_names_the_row_and_the_mistake() {
    let cases = [
        ("act = \"ping\"\nfrom = \"pc\"\nto = \"ruoter\"", "\"ruoter\""),
        ("act = \"pong\"\nfrom = \"pc\"", "pong"),
        ("act = \"ping\"\nto = \"pc\"", "`from`"),
        ("act = \"ping\"\nfrom = \"pc\"\nto = \"router\"\ncuont = 2", "cuont"),
        ("act = \"ping\"\nfrom = \"pc\"\nto = \"router\"\nevery = \"soon\"", "soon"),
        ("act = \"ssh\"\nfrom = \"pc\"\nto = \"router\"", "`ssh` table"),
        ("act = \"lldp\"\nfrom = \"pc\"\nevery = \"1s\"\ntimes = 4000000000", "lower `times`"),
    ];
    for (activity, mistake) in cases {
        let says = error(&small(activity));
        assert!(says.starts_with("activity 1 ("), "{says}");
        assert!(says.contains(mistake), "{says}");
    }
    assert!(error("name = 3").contains("name"));
    let twice = small("act = \"lldp\"\nfrom = \"pc\"").replace("\"pc\"", "\"router\"");
    assert!(error(&twice).contains("same name"));
}
