//! Connections as the sensor offers them.

use cordon_model::{Credential, Scheme, SecretKey, fact::Mqtt};

use super::*;
use crate::testing::{Feed, shows};

fn string(text: &str) -> Vec<u8> {
    [&u16::try_from(text.len()).unwrap().to_be_bytes(), text.as_bytes()].concat()
}

fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![first];
    let mut length = body.len();
    while length > 127 {
        out.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    out.push(u8::try_from(length).unwrap());
    out.extend_from_slice(body);
    out
}

/// CONNECT with will, user and password.
fn connect(level: u8) -> Vec<u8> {
    let properties = if level == 5 { vec![0] } else { vec![] };
    let body = [
        string("MQTT"),
        vec![level, 0xc6, 0, 60],
        properties.clone(),
        string("plug-1"),
        properties,
        string("plug/state"),
        string("offline"),
        string("iot"),
        string("hunter2"),
    ];
    packet(0x10, &body.concat())
}

fn facts(feed: &Feed) -> Vec<&Mqtt> {
    let facts = feed.said.iter().filter_map(|said| match said {
        Said::Mqtt(mqtt) => Some(mqtt.as_ref()),
        _ => None,
    });
    facts.collect()
}

#[test]
fn a_connection_of_either_version_is_walked() {
    for level in [4, 5] {
        let mut feed = Feed::new(start());
        assert_eq!(recognise(Side::Client, &connect(level)), Guess::Sure);
        feed.trickle(Side::Client, &connect(level));
        feed.send(Side::Server, &packet(0x20, if level == 5 { &[0, 0, 0] } else { &[0, 0] }));
        let properties: &[u8] = if level == 5 { &[0] } else { &[] };
        let filters = [&[0, 1], properties, &string("home/#"), &[1], &string("a"), &[0]].concat();
        feed.trickle(Side::Client, &packet(0x82, &filters));
        let message = [&string("home/t")[..], &[0, 9], properties, &[b'x'; 3000]].concat();
        feed.trickle(Side::Client, &packet(0x33, &message));
        feed.send(Side::Client, &packet(0xc0, &[]));
        assert!(!shows(&feed.said, "hunter2"));
        let key = SecretKey::new([7; 32]);
        let wanted = Said::Credential(Credential::new(&key, Scheme::Mqtt, b"iot", b"hunter2"));
        assert!(feed.said.contains(&wanted));
        let said = facts(&feed);
        let Mqtt::Connect { client_id, user, password, will, .. } = said[0] else {
            panic!("{said:?}")
        };
        assert_eq!((client_id.as_str(), user.as_deref()), ("plug-1", Some("iot")));
        assert_eq!((*password, will.as_deref()), (true, Some("plug/state")));
        assert_eq!(said[1], &Mqtt::Connack(0));
        assert_eq!(said[2], &Mqtt::Subscribe(vec!["home/#".into(), "a".into()]));
        assert_eq!(said[3], &Mqtt::Publish { topic: "home/t".into(), retain: true, length: 3000 });
        assert_eq!(said[4], &Mqtt::Other(kind::PINGREQ));
    }
}

#[test]
fn the_middle_of_a_connection_fits() {
    let publish = packet(0x30, &[string("a/b"), b"1".to_vec()].concat());
    let judge = |data: &[u8]| recognise(Side::Client, data);
    assert_eq!(judge(&[publish.clone(), packet(0xc0, &[])].concat()), Guess::Fits);
    assert_eq!(judge(&packet(0xd0, &[])), Guess::Fits);
    assert_eq!(judge(&packet(0x20, &[0, 5])), Guess::Fits);
}

#[test]
fn other_protocols_are_not_mqtt() {
    for other in [
        &b"GET / HTTP/1.1\r\n"[..],
        b"HTTP/1.1 200 OK\r\n",
        b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00",
        b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03",
        b"\xff\xfd\x18\xff\xfd\x20",
        b"\x10\x0c\x00\x04HTTP\x04\x02\x00\x3c\x00\x00",
        b"\xc0\x01\x00",
        b"SSH-2.0-x\r\n",
        &[0; 20],
        &[0xff; 20],
    ] {
        assert_eq!(recognise(Side::Client, other), Guess::No, "{other:?}");
    }
}

#[test]
fn lost_bytes_and_bad_lengths_do_not_confuse_for_long() {
    let mut feed = Feed::new(start());
    feed.gap(Side::Client);
    feed.send(Side::Client, b"some message text");
    feed.send(Side::Client, &connect(4));
    assert!(matches!(facts(&feed)[..], [Mqtt::Connect { .. }]));
    assert_eq!(feed.send(Side::Server, &[0x20, 0xff, 0xff, 0xff, 0xff, 0xff]), Step::Lost);
}

#[test]
fn a_huge_message_is_passed_over_without_being_kept() {
    let mut feed = Feed::new(start());
    let front = [&[0x30, 0xff, 0xff, 0xff, 0x7f][..], &string("t"), &[0; 2000]].concat();
    assert_eq!(feed.send(Side::Server, &front), Step::Consumed(front.len()));
    assert_eq!(feed.send(Side::Server, &[0; 500]), Step::Consumed(500));
    assert!(matches!(facts(&feed)[..], [Mqtt::Publish { length: 0x0fff_fffc, .. }]));
}
