//! Devices that say where their makers describe them (RFC 8520), from the bytes on the wire to what
//! people read.

use std::sync::Arc;

use cordon_lab::Frame;
use cordon_model::Timestamp;
use cordon_service::Site;
use cordon_service::view::{DeviceView, MudRequest};

use crate::scene::{How, Running, TestClock, root, until};

pub const CAMERA: [u8; 6] = [0x00, 0x17, 0x88, 0, 0, 0x28];
pub const ID: &str = "mac-001788000028";
const URL: &str = "https://maker.example/camera.json";

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_secs(1_790_000_000 + second)
}

pub fn ethernet(to: [u8; 6], from: [u8; 6], ethertype: u16, payload: &[u8]) -> Vec<u8> {
    [&to[..], &from, &ethertype.to_be_bytes(), payload].concat()
}

/// IPv4 (RFC 791) without options, with its checksum.
pub fn ipv4(protocol: u8, from: [u8; 4], to: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let length = (20 + payload.len() as u16).to_be_bytes();
    let mut head =
        [&[0x45, 0][..], &length, &[0, 1, 0, 0, 64, protocol, 0, 0], &from, &to].concat();
    let sum: u32 = head.chunks(2).map(|two| u32::from(u16::from_be_bytes([two[0], two[1]]))).sum();
    let sum = !((sum & 0xffff) + (sum >> 16)) as u16;
    head[10..12].copy_from_slice(&sum.to_be_bytes());
    [head, payload.to_vec()].concat()
}

/// A DHCPREQUEST (RFC 2131) of the camera, with option 161 (RFC 8520, 10).
fn request(second: i64, url: &[u8]) -> Frame {
    let mut bootp = vec![0; 236];
    bootp[..4].copy_from_slice(&[1, 1, 6, 0]);
    bootp[28..34].copy_from_slice(&CAMERA);
    bootp.extend([0x63, 0x82, 0x53, 0x63, 53, 1, 3, 12, 8]);
    bootp.extend(b"camera-3");
    bootp.extend([161, url.len() as u8]);
    bootp.extend(url);
    bootp.push(255);
    let length = (8 + bootp.len() as u16).to_be_bytes();
    let udp = [&[0, 68, 0, 67][..], &length, &[0, 0], &bootp].concat();
    let ip = ipv4(17, [0; 4], [255; 4], &udp);
    Frame { at: at(second), bytes: ethernet([0xff; 6], CAMERA, 0x0800, &ip) }
}

/// An LLDP frame (IEEE 802.1AB) with the organisation's own TLV of RFC 8520, 12.
fn lldp(second: i64, url: &[u8]) -> Frame {
    let tlv = |kind: u16, value: &[u8]| {
        [&(kind << 9 | value.len() as u16).to_be_bytes()[..], value].concat()
    };
    let own = [&[0, 0, 0x5e, 1][..], url].concat();
    let chassis = [&[4][..], &CAMERA].concat();
    let payload =
        [tlv(1, &chassis), tlv(2, b"\x07eth0"), tlv(3, &[0, 120]), tlv(127, &own), tlv(0, &[])];
    let bytes = ethernet([1, 0x80, 0xc2, 0, 0, 0xe], CAMERA, 0x88cc, &payload.concat());
    Frame { at: at(second), bytes }
}

fn device(site: &Running) -> Option<DeviceView> {
    site.runtime.block_on(site.engine.device(&root(), ID)).ok()
}

fn named(site: &Running) -> Vec<(String, String, bool)> {
    let view = device(site);
    let urls = view.into_iter().flat_map(|view| view.mud);
    urls.map(|one| (one.url, one.source, one.now)).collect()
}

#[test]
fn what_a_device_names_is_shown_and_held_against_the_file_that_is_taken_in() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(TestClock::default()));
    let mut site = Running::begin(folder.path(), &clock, How::default());
    let said = [URL.as_bytes(), b" reserved=later"].concat();
    site.play(&[request(0, &said), lldp(1, URL.as_bytes())], 0);
    let own = |source: &str, now| (URL.to_owned(), source.to_owned(), now);
    until("both sources", || named(&site) == [own("LLDP", true), own("DHCP", true)]);
    let view = device(&site).unwrap();
    let dhcp = &view.mud[1];
    assert_eq!(dhcp.says, format!("this device names a MUD file: {URL} (from DHCP, packet 1)"));
    assert!(dhcp.faults.is_empty() && !dhcp.imported);
    assert!(view.findings.iter().all(|finding| finding.kind != "mud-url"));

    // Another one, over which anybody could answer.
    site.play(&[request(60, b"http://other.example/camera.json")], 0);
    until("the change", || named(&site).first().is_some_and(|one| one.0.starts_with("http:")));
    let view = device(&site).unwrap();
    assert_eq!(view.mud.len(), 3, "what it said before stays: {:?}", view.mud);
    assert!(view.mud[0].faults[0].contains("not https"), "{:?}", view.mud);
    until("the finding", || {
        device(&site).unwrap().findings.iter().any(|finding| finding.kind == "mud-url")
    });
    let told: Vec<_> = device(&site)
        .unwrap()
        .timeline
        .into_iter()
        .filter(|event| event.kind == "mud-url")
        .map(|event| event.says)
        .collect();
    assert_eq!(
        told[0],
        format!("names another MUD file in DHCP: http://other.example/camera.json (before: {URL})")
    );

    let file = include_str!("mud.json");
    let import = |rehearse| {
        let request = MudRequest { file: file.to_owned(), rehearse, ..MudRequest::default() };
        site.runtime.block_on(site.engine.import_mud(&root(), ID, &request)).unwrap()
    };
    for done in [import(true), import(false)] {
        let warned = done.says.iter().any(|line| {
            line.contains("the device itself names another MUD file in DHCP")
                && line.contains("http://other.example/camera.json")
        });
        assert!(warned, "{:?}", done.says);
        let lldp = done.says.iter().any(|line| line.contains("in LLDP"));
        assert!(!lldp, "LLDP names this file: {:?}", done.says);
    }
    let contract = site.engine.contract(&root(), ID).unwrap();
    assert!(contract.mud.iter().any(|one| one.url == URL && one.imported), "{:?}", contract.mud);
    assert_eq!(contract.document["expected"]["mud_url"], URL);

    // A decision later on does not forget where the contract is from.
    let entry = contract.parts[0].entries[0].id.clone();
    let remove = cordon_service::view::AdoptRequest { remove: vec![entry], ..Default::default() };
    site.runtime.block_on(site.engine.adopt(&root(), ID, &remove)).unwrap();
    let contract = site.engine.contract(&root(), ID).unwrap();
    assert_eq!((contract.row.version, &contract.document["expected"]["mud_url"]), (2, &URL.into()));
    site.end();
}
