//! Dialogues as the sensor offers them.

use cordon_model::{Credential, SecretKey};

use super::*;
use crate::testing::{Feed, shows};

fn facts(feed: &Feed) -> Vec<&Telnet> {
    let facts = feed.said.iter().filter_map(|said| match said {
        Said::Telnet(telnet) => Some(telnet.as_ref()),
        _ => None,
    });
    facts.collect()
}

fn credential(user: &[u8], secret: &[u8]) -> Said {
    Said::Credential(Credential::new(&SecretKey::new([7; 32]), Scheme::Telnet, user, secret))
}

/// Types characters that the server echoes, as one session does.
fn type_in(feed: &mut Feed, typed: &[u8], echo: bool) {
    for key in typed.chunks(1) {
        feed.send(Side::Client, key);
        if echo {
            feed.send(Side::Server, key);
        }
    }
}

#[test]
fn a_login_typed_key_by_key_is_read() {
    let mut feed = Feed::new(start());
    feed.send(Side::Server, &[255, 253, 1, 255, 251, 3]);
    feed.send(Side::Client, &[255, 252, 1, 255, 253, 3]);
    feed.send(Side::Server, b"\x1b[1mAcmeCam v1.2\r\ncam login: ");
    type_in(&mut feed, b"rx\x7foot\r\0", true);
    feed.send(Side::Server, b"\r\nPassword: ");
    type_in(&mut feed, b"hunter3\x082\r\n", false);
    let step = feed.send(Side::Server, b"\r\n\r\nBusyBox v1.1\r\n~ # ");
    assert_eq!(step, Step::Done);
    assert!(feed.said.contains(&credential(b"root", b"hunter2")));
    assert!(!shows(&feed.said, "hunter"));
    let [Telnet::Negotiates, Telnet::Banner(banner), Telnet::Login(user)] = facts(&feed)[..] else {
        panic!("{:?}", feed.said)
    };
    assert_eq!((banner.as_str(), user.as_str()), ("AcmeCam v1.2\ncam login:", "root"));
}

#[test]
fn refusals_are_said_one_by_one() {
    let mut feed = Feed::new(start());
    feed.send(Side::Server, b"Username: ");
    for secret in [&b"1111\r\n"[..], b"2222\r\n"] {
        feed.send(Side::Client, b"admin\r\n");
        feed.send(Side::Server, b"\r\nPassword: ");
        feed.send(Side::Client, secret);
        feed.send(Side::Server, b"\r\nLogin incorrect\r\nUsername: ");
    }
    let refused = facts(&feed).iter().filter(|said| matches!(said, Telnet::Refused(_))).count();
    assert_eq!(refused, 2);
    assert!(feed.said.contains(&credential(b"admin", b"2222")));
}

#[test]
fn a_new_prompt_without_a_word_is_a_refusal() {
    let mut feed = Feed::new(start());
    feed.send(Side::Server, b"login: ");
    feed.send(Side::Client, b"admin\r");
    feed.send(Side::Server, b"Password: ");
    feed.send(Side::Client, b"x\r");
    feed.send(Side::Server, b"\r\nlogin: ");
    assert!(facts(&feed).contains(&&Telnet::Refused("admin".into())));
}

#[test]
fn a_password_with_a_hole_is_not_reported() {
    let mut feed = Feed::new(start());
    feed.send(Side::Server, b"Password: ");
    feed.send(Side::Client, b"hun");
    feed.gap(Side::Client);
    feed.send(Side::Client, b"2\r\n");
    assert!(!feed.said.iter().any(|said| matches!(said, Said::Credential(_))));
}

#[test]
fn the_second_half_of_a_line_end_is_not_an_empty_password() {
    let mut feed = Feed::new(start());
    feed.send(Side::Server, b"login: ");
    feed.send(Side::Client, b"root\r");
    feed.send(Side::Server, b"Password: ");
    feed.send(Side::Client, b"\n");
    feed.send(Side::Client, b"x\r\n");
    assert!(feed.said.contains(&credential(b"root", b"x")));
    assert!(!feed.said.contains(&credential(b"root", b"")));
}

#[test]
fn negotiations_are_told_from_other_bytes() {
    let judge = |data: &[u8]| recognise(Side::Server, data);
    assert_eq!(judge(&[255, 253, 24, 255, 253, 32]), Guess::Sure);
    assert_eq!(judge(&[255, 251, 1]), Guess::Fits);
    assert_eq!(judge(&[255, 251]), Guess::More);
    assert_eq!(judge(b"Welcome\r\nlogin: "), Guess::Fits);
    for other in [&[255, 216, 255, 224][..], &[255, 255, 255, 255], &[1, 2, 3, 4]] {
        assert_eq!(judge(other), Guess::No, "{other:?}");
    }
    assert_eq!(recognise(Side::Client, b"login: "), Guess::No);
}

#[test]
fn an_endless_line_does_not_grow_the_memory() {
    let mut login = Login::default();
    let key = SecretKey::new([0; 32]);
    let mut said = Vec::new();
    for _ in 0..100 {
        login.data(Side::Server, &[b'x'; 1000], &mut Out::new(&key, &mut said));
    }
    assert!(login.line.len() <= MAX_LINE && login.banner.len() <= MAX_BANNER);
}
