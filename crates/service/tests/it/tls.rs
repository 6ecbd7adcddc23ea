//! A device that opens TLS otherwise than its maker's profile says (RFC 9761), from the bytes on the
//! wire to its timeline.

use std::sync::Arc;

use cordon_lab::Frame;
use cordon_service::Site;
use cordon_service::clock::Clock;
use cordon_service::view::MudRequest;

use crate::mud::{CAMERA, ID, at, ethernet, ipv4};
use crate::scene::{How, Running, TestClock, root, until};

const ROUTER: [u8; 6] = [0x00, 0x17, 0x88, 0, 0, 1];
const HERE: [u8; 4] = [10, 0, 5, 7];
const RESOLVER: [u8; 4] = [10, 0, 5, 1];
const CLOUD: [u8; 4] = [203, 0, 113, 9];

fn from_camera(second: i64, packet: &[u8]) -> Frame {
    Frame { at: at(second), bytes: ethernet(ROUTER, CAMERA, 0x0800, packet) }
}

fn to_camera(second: i64, packet: &[u8]) -> Frame {
    Frame { at: at(second), bytes: ethernet(CAMERA, ROUTER, 0x0800, packet) }
}

fn udp(from: u16, to: u16, payload: &[u8]) -> Vec<u8> {
    let length = (8 + payload.len()) as u16;
    [from, to, length, 0]
        .iter()
        .flat_map(|word| word.to_be_bytes())
        .chain(payload.to_vec())
        .collect()
}

/// A question for the cloud's name (RFC 1035, 4), and its answer.
fn names(second: i64) -> [Frame; 2] {
    let question = b"\x05cloud\x05maker\x07example\0\0\x01\0\x01";
    let ask = [&b"\0\x07\x01\0\0\x01\0\0\0\0\0\0"[..], question].concat();
    let record = [&b"\xc0\x0c\0\x01\0\x01\0\0\x0e\x10\0\x04"[..], &CLOUD].concat();
    let told = [&b"\0\x07\x81\x80\0\x01\0\x01\0\0\0\0"[..], question, &record].concat();
    [
        from_camera(second, &ipv4(17, HERE, RESOLVER, &udp(40_000, 53, &ask))),
        to_camera(second, &ipv4(17, RESOLVER, HERE, &udp(53, 40_000, &told))),
    ]
}

fn tcp(ports: (u16, u16), seq: u32, ack: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let head = [&ports.0.to_be_bytes()[..], &ports.1.to_be_bytes(), &seq.to_be_bytes()].concat();
    let rest = [&ack.to_be_bytes()[..], &[0x50, flags, 0xff, 0xff, 0, 0, 0, 0], payload].concat();
    [head, rest].concat()
}

/// A connection to the cloud at port 443 that begins with these bytes.
fn opens(second: i64, port: u16, bytes: &[u8]) -> Vec<Frame> {
    let (there, back) = ((port, 443), (443, port));
    vec![
        from_camera(second, &ipv4(6, HERE, CLOUD, &tcp(there, 100, 0, 0x02, &[]))),
        to_camera(second, &ipv4(6, CLOUD, HERE, &tcp(back, 500, 101, 0x12, &[]))),
        from_camera(second, &ipv4(6, HERE, CLOUD, &tcp(there, 101, 501, 0x10, &[]))),
        from_camera(second, &ipv4(6, HERE, CLOUD, &tcp(there, 101, 501, 0x18, bytes))),
        to_camera(
            second,
            &ipv4(6, CLOUD, HERE, &tcp(back, 501, 101 + bytes.len() as u32, 0x10, &[])),
        ),
    ]
}

fn counted(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat()
}

/// A ClientHello (RFC 8446, 4.1.2) in its record, with these suites and versions.
fn client_hello(suites: &[u8], versions: &[u8]) -> Vec<u8> {
    let name = [&[0][..], &counted(b"cloud.maker.example")].concat();
    let versions = [&[versions.len() as u8][..], versions].concat();
    let share = [&[0, 29, 0, 32][..], &[9; 32]].concat();
    let extensions: Vec<u8> = [
        (0u16, counted(&name)),
        (10, counted(&[0, 29])),
        (13, counted(&[4, 3])),
        (43, versions),
        (51, counted(&share)),
    ]
    .iter()
    .flat_map(|(number, value)| [&number.to_be_bytes()[..], &counted(value)].concat())
    .collect();
    let body = [&[3, 3][..], &[7; 32], &[0], &counted(suites), &[1, 0], &counted(&extensions)];
    let body = body.concat();
    let message = [&[1, 0][..], &(body.len() as u16).to_be_bytes(), &body].concat();
    [&[22, 3, 1][..], &counted(&message)].concat()
}

fn breaches(site: &Running) -> Vec<String> {
    let told = site.runtime.block_on(site.engine.timeline(&root(), Some(ID), None, 500)).unwrap();
    let breach = told.items.into_iter().filter(|event| event.kind == "breach");
    breach.map(|event| event.says).collect()
}

#[test]
fn a_client_hello_that_the_makers_profile_does_not_bear_is_on_the_timeline() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(TestClock::default()));
    let mut site = Running::begin(folder.path(), &clock, How { live: true, ..How::default() });
    let shift = clock.now().nanos() - at(600).nanos();
    site.play(&names(0), shift);
    until("the camera", || {
        site.devices().iter().any(|one| one.id == ID && one.ips.iter().any(|ip| ip == "10.0.5.7"))
    });
    let file = include_str!("mud.json").to_owned();
    let request = MudRequest { file, ..MudRequest::default() };
    let done = site.runtime.block_on(site.engine.import_mud(&root(), ID, &request)).unwrap();
    let noted = "note: one of its entries says how the device opens TLS (RFC 9761)";
    assert!(done.says.iter().any(|line| line.starts_with(noted)), "{:?}", done.says);

    site.play(&names(60), shift);
    site.play(&opens(61, 50_001, &client_hello(&[0x13, 1, 0x13, 2], &[3, 4])), shift);
    site.settle();
    assert_eq!(breaches(&site), [] as [&str; 0], "as its maker built it");
    // Another program on it: an old suite, and TLS 1.2 as well.
    site.play(&opens(120, 50_002, &client_hello(&[0x13, 1, 0, 5], &[3, 4, 3, 3])), shift);
    until("the breach", || !breaches(&site).is_empty());
    assert_eq!(
        breaches(&site),
        ["speaks TLS otherwise than its maker's profile says: versions TLS 1.2 beside TLS 1.3; \
             cipher suites 0x0005 beside 0x1301, 0x1302; with tcp/443 at 203.0.113.9"]
    );
    site.play(&opens(180, 50_003, &client_hello(&[0x13, 1, 0, 5], &[3, 4, 3, 3])), shift);
    site.settle();
    assert_eq!(breaches(&site).len(), 1, "the same again is told once an hour");
    site.end();
}
