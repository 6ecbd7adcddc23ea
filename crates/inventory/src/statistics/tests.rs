//! Frames made by hand in, tokens and verdicts out.

use cordon_model::{LinkType, PacketId, RawPacket, Timestamp};

use super::*;

const DEVICE: Mac = Mac([0x00, 0x1b, 0x2c, 0x3d, 0x4e, 0x5f]);
const GATEWAY: Mac = Mac([0x00, 0x50, 0x56, 0x01, 0x02, 0x03]);
const BROADCAST: Mac = Mac([0xff; 6]);

fn ethernet(from: Mac, to: Mac, ethertype: u16, body: &[u8]) -> Vec<u8> {
    [&to.0[..], &from.0, &ethertype.to_be_bytes(), body].concat()
}

fn ipv4(protocol: u8, from: [u8; 4], to: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let total = (20 + payload.len() as u16).to_be_bytes();
    let head = [0x45, 0, total[0], total[1], 0, 1, 0x40, 0, 64, protocol, 0, 0];
    [&head[..], &from, &to, payload].concat()
}

fn udp(from: u16, to: u16, payload: &[u8]) -> Vec<u8> {
    let length = 8 + payload.len() as u16;
    let head = [from, to, length, 0].map(u16::to_be_bytes).concat();
    [&head[..], payload].concat()
}

fn tcp(from: u16, to: u16, flags: u8, options: &[u8], payload: &[u8]) -> Vec<u8> {
    let offset = ((20 + options.len()) / 4 * 16) as u8;
    let mut head = [from, to].map(u16::to_be_bytes).concat();
    head.extend([0, 0, 0, 1, 0, 0, 0, 0, offset, flags, 0x20, 0xd0, 0, 0, 0, 0]);
    [&head[..], options, payload].concat()
}

fn feed(tracker: &mut Tracker, millis: i64, data: &[u8]) {
    tracker.packet(&RawPacket {
        id: PacketId::default(),
        at: Timestamp::from_micros(1_500_000_000_000_000 + millis * 1000),
        link: LinkType::ETHERNET,
        wire_len: data.len() as u32,
        data,
    });
}

fn sent(payload: &[u8], protocol: u8) -> Vec<u8> {
    ethernet(DEVICE, GATEWAY, 0x0800, &ipv4(protocol, [10, 0, 0, 7], [10, 0, 0, 1], payload))
}

fn received(payload: &[u8], protocol: u8) -> Vec<u8> {
    ethernet(GATEWAY, DEVICE, 0x0800, &ipv4(protocol, [10, 0, 0, 1], [10, 0, 0, 7], payload))
}

fn texts(tracker: &Tracker) -> Vec<String> {
    let tokens = tracker.tokens(DEVICE).unwrap();
    let mut texts: Vec<String> =
        tokens.iter().map(|(_, text)| String::from_utf8_lossy(text).into_owned()).collect();
    texts.sort();
    texts
}

fn shows(tracker: &Tracker, wanted: &[&str]) {
    let texts = texts(tracker);
    for token in wanted {
        assert!(texts.iter().any(|text| text == token), "{token} is not in {texts:#?}");
    }
}

fn question(name: &[u8]) -> Vec<u8> {
    [&[0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0][..], name, &[0, 1, 0, 1]].concat()
}

#[test]
fn an_address_probe_and_a_question_become_tokens() {
    let mut tracker = Tracker::default();
    let mut probe = vec![0, 1, 8, 0, 6, 4, 0, 1];
    probe.extend(DEVICE.0);
    probe.extend([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 7]);
    feed(&mut tracker, 0, &ethernet(DEVICE, BROADCAST, 0x0806, &probe));
    feed(&mut tracker, 300, &ethernet(DEVICE, BROADCAST, 0x0806, &probe));
    let asked = udp(4000, 53, &question(b"\x03api\x07Example\x03org\x00"));
    feed(&mut tracker, 400, &sent(&asked, 17));
    shows(
        &tracker,
        &[
            "A:s:probe:b",
            "C:arp_probe:2",
            "C:arp_sprobe:2",
            "C:castb:2",
            "C:dnsq:1",
            "C:kinds:5",
            "C:peers:1",
            "C:syn:0",
            "F:udp:c:53:1:s:33",
            "GS:arp_probe:-2",
            "N:dom:example.org",
            "N:q:1:api.example.org",
            "P:udp:c:53:s:u",
            "R:castb:5",
            "S:sb:arp_probe:10",
            "T:df:17:1:0",
            "T:ttl:64:u",
            "X:u:udp>53:61",
        ],
    );
}

#[test]
fn the_shape_of_a_connection_is_seen_from_both_sides() {
    let options = [2, 4, 5, 0xb4, 1, 3, 3, 2];
    let mut tracker = Tracker::default();
    feed(&mut tracker, 0, &sent(&tcp(40_000, 8_443, 0x02, &options, b""), 6));
    feed(&mut tracker, 1, &received(&tcp(8_443, 40_000, 0x12, &options, b""), 6));
    feed(&mut tracker, 2, &sent(&tcp(40_000, 8_443, 0x18, b"", b"hello"), 6));
    feed(&mut tracker, 3, &received(&tcp(8_443, 40_000, 0x14, b"", b""), 6));
    shows(
        &tracker,
        &[
            "Y:syn:8400:1460:2:2.n.3",
            "Y:synw:8400",
            "Y:syno:2:1460:2.n.3",
            "Y:dir:s:syn:8443",
            "Y:dir:r:synack:8443",
            "Y:rst:r:c",
            "F:tcp:c:8443:1:s:5",
            "C:fl_tcpc8443:1",
            "C:tcp>8443:3",
            "C:rstr:1",
        ],
    );
    assert!(!texts(&tracker).iter().any(|text| text.starts_with("Y:synack")), "sent by the peer");
}

#[test]
fn what_a_device_says_is_kept_without_its_serial_number() {
    let notify = b"NOTIFY * HTTP/1.1\r\nHost: 239.255.255.250:1900\r\nServer: Acme/1.0 Lamp-7\r\n\
        USN: uuid:lamp-3d4e5f::upnp:rootdevice\r\n\r\n";
    let mut tracker = Tracker::default();
    feed(&mut tracker, 0, &sent(&udp(1900, 1900, notify), 17));
    shows(
        &tracker,
        &[
            "H:server:acme/1.0 lamp-7",
            "H:server~:lamp-7",
            "H:usn:uuid:lamp-#::upnp:rootdevice",
            "U:s:hdrs:host|server|usn",
            "U:s:line:notify",
        ],
    );
}

#[test]
fn only_devices_are_watched_and_only_so_many() {
    let mut tracker = Tracker::new(Limits { devices: 1, ..Limits::default() });
    feed(&mut tracker, 0, &ethernet(Mac([0; 6]), BROADCAST, 0x0806, &[0; 28]));
    feed(&mut tracker, 0, &ethernet(DEVICE, BROADCAST, 0x0806, &[0; 28]));
    feed(&mut tracker, 0, &ethernet(GATEWAY, DEVICE, 0x0806, &[0; 28]));
    assert_eq!(tracker.macs().collect::<Vec<_>>(), [DEVICE]);
    shows(&tracker, &["C:s:1", "C:r:1"]);
}

#[test]
fn after_enough_packets_or_time_nothing_is_added() {
    let frame = ethernet(DEVICE, BROADCAST, 0x0806, &[0; 28]);
    let mut tracker = Tracker::new(Limits { packets: 4, ..Limits::default() });
    (0..20).for_each(|number| feed(&mut tracker, number, &frame));
    shows(&tracker, &["C:all:3"]);
    let mut tracker = Tracker::default();
    feed(&mut tracker, 0, &frame);
    feed(&mut tracker, 601_000, &frame);
    feed(&mut tracker, 1_000, &frame);
    shows(&tracker, &["C:all:1"]);
}

#[test]
fn frames_cut_anywhere_and_times_that_jump_are_harmless() {
    let frames = [
        sent(&udp(5353, 5353, &[&[0; 7][..], &[9, 0, 200, 0, 9, 0xc0, 12]].concat()), 17),
        sent(&udp(68, 67, &[53; 300]), 17),
        sent(&tcp(80, 40_000, 0x03, &[2, 0, 3, 1], b"GET /a?model=x&&& HTTP/1.1\r\n:\r\n"), 6),
        sent(&tcp(443, 40_000, 0x18, b"", &[22, 3, 1, 0, 9, 1, 0, 0, 0, 3, 3, 1, 2]), 6),
        ethernet(DEVICE, GATEWAY, 0x86dd, &[0x60; 60]),
        ethernet(DEVICE, GATEWAY, 0x8100, &[0, 1, 0, 9, 0xaa, 0xaa, 3]),
    ];
    let mut tracker = Tracker::default();
    for frame in &frames {
        for end in 0..=frame.len() {
            feed(&mut tracker, i64::from(end as i32 % 7) * -1_000_000_000, &frame[..end]);
        }
    }
    assert!(tracker.tokens(DEVICE).is_some());
}

/// Token sets of two products: one that names itself, and one that speaks to another port.
fn product(port: u16, name: &str, runs: i64) -> TokenSet {
    let mut tracker = Tracker::default();
    for step in 0..(3 + runs % 2) {
        let asked = udp(4000, port, format!("state of {name} {step}").as_bytes());
        feed(&mut tracker, step * 700, &sent(&asked, 17));
    }
    let server = format!("M-SEARCH * HTTP/1.1\r\nNT: urn:{name}:device\r\n\r\n");
    feed(&mut tracker, 5_000, &sent(&udp(1900, 1900, server.as_bytes()), 17));
    tracker.tokens(DEVICE).unwrap()
}

fn trained() -> Model {
    let sets: Vec<(&str, TokenSet)> = (0..6)
        .flat_map(|run| {
            [("Aria", product(7_001, "aria", run)), ("Withings", product(7_002, "bodyscale", run))]
        })
        .collect();
    let samples: Vec<Sample<'_>> =
        sets.iter().map(|(profile, tokens)| Sample { profile, tokens }).collect();
    train(&samples, &["made by hand"])
}

#[test]
fn a_model_is_the_same_after_it_was_written_and_read() {
    let model = trained();
    let text = model.to_string();
    let again = Model::parse(&text).unwrap();
    assert_eq!(again.to_string(), text);
    let tokens = product(7_001, "aria", 0);
    assert_eq!(again.classify(&tokens), model.classify(&tokens));
}

#[test]
fn a_device_is_named_by_what_it_says_and_told_in_words() {
    let tokens = product(7_002, "bodyscale", 1);
    let verdict = trained().classify(&tokens);
    assert!(verdict.voted && verdict.accepted, "{verdict:?}");
    assert_eq!(verdict.label, "Withings");
    let guess = guess(&verdict, &tokens).unwrap();
    assert_eq!(guess.vendor.as_deref(), Some("Withings"));
    assert_eq!(guess.kind, Some(DeviceType::Scale));
    let says = &guess.reasons[0].says;
    assert!(says.contains("urn:bodyscale:device"), "{says}");
}

#[test]
fn a_stranger_is_not_named() {
    let mut tracker = Tracker::default();
    feed(&mut tracker, 0, &sent(&tcp(50_000, 2_323, 0x02, b"", b""), 6));
    feed(&mut tracker, 5, &received(&tcp(2_323, 50_000, 0x14, b"", b""), 6));
    let tokens = tracker.tokens(DEVICE).unwrap();
    let verdict = trained().classify(&tokens);
    assert!(!verdict.accepted, "{verdict:?}");
    assert_eq!(guess(&verdict, &tokens), None);
    assert_eq!(tracker.classify(DEVICE), None);
    assert_eq!(tracker.classify(GATEWAY), None);
}

#[test]
fn a_damaged_model_is_refused_with_its_line() {
    let good = trained().to_string();
    for (damaged, line) in [
        (good.replacen("cordon-devices 1", "cordon-devices 2", 1), "line 1 "),
        (good.replacen("tokens 1", "tokens 0", 1), "line 2 "),
        (good.replacen("profiles ", "profiles =", 1), "line 4 "),
        (format!("{good}zz\n"), "is no token"),
        (format!("{good}0000000000000000 C 0:1\n"), "is out of order"),
        (format!("{good}ffffffffffffffff C 9:1\n"), "is no token"),
    ] {
        let error = Model::parse(&damaged).unwrap_err().to_string();
        assert!(error.contains(line), "{error} instead of {line}");
    }
}

#[test]
fn the_model_that_ships_is_readable_and_every_label_is_a_product() {
    let model = committed().unwrap();
    assert!(model.tokens() > 1_000);
    for label in model.labels() {
        assert!(super::product(label).is_some(), "{label} is no product");
    }
}
