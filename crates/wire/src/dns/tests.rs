//! Behaviour of the family as the sensor sees it.

use cordon_model::fact::{Dns, DnsValue};

use super::*;
use crate::testing::said;
use crate::{Side, Step};

const QUERY: &[u8] = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x03WWW\x07example\0\0\x01\0\x01";

fn datagram(from_port: u16, to_port: u16, payload: &[u8]) -> Datagram<'_> {
    Datagram { side: Side::Client, from_port, to_port, multicast: false, payload }
}

fn dns(payload: &[u8], kind: DnsKind) -> Dns {
    let (good, mut facts) = said(|out| say(payload, kind, out));
    assert!(good);
    match facts.pop() {
        Some(Said::Dns(dns)) => *dns,
        other => panic!("{other:?}"),
    }
}

/// A response with one question (root, A) and these records.
fn response(records: &[(&[u8], u16, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0, 1, 0x84, 0, 0, 1, 0, records.len() as u8, 0, 0, 0, 0, 0, 0, 1, 0, 1];
    for (name, rtype, data) in records {
        bytes.extend(*name);
        bytes.extend(rtype.to_be_bytes());
        bytes.extend([0, 1, 0, 0, 0, 120]);
        bytes.extend((data.len() as u16).to_be_bytes());
        bytes.extend(*data);
    }
    bytes
}

#[test]
fn a_query_is_recognised_on_any_port_and_lower_cased() {
    assert_eq!((DNS.recognise)(&datagram(40000, 9999, QUERY)), Guess::Sure);
    let dns = dns(QUERY, DnsKind::Dns);
    assert_eq!(dns.questions[0].name, "www.example");
    assert!(!dns.response);
}

#[test]
fn mdns_and_llmnr_are_told_by_their_ports_and_dns_keeps_off_them() {
    for (port, row) in [(5353, &MDNS), (5355, &LLMNR)] {
        let datagram = datagram(40000, port, QUERY);
        assert_eq!((row.recognise)(&datagram), Guess::Sure);
        assert_eq!((DNS.recognise)(&datagram), Guess::No);
    }
    let chance = datagram(5353, 53, QUERY);
    assert_eq!((MDNS.recognise)(&chance), Guess::No);
    assert_eq!((DNS.recognise)(&chance), Guess::Sure);
}

#[test]
fn off_its_port_bytes_behind_or_missing_make_it_something_else() {
    let longer = [QUERY, b"x"].concat();
    for bytes in [&longer[..], &QUERY[..QUERY.len() - 1]] {
        assert_eq!((DNS.recognise)(&datagram(40000, 9999, bytes)), Guess::No);
    }
    assert_eq!((DNS.recognise)(&datagram(40000, 53, &longer)), Guess::Fits);
}

#[test]
fn stun_and_ntp_are_not_dns() {
    let stun = b"\0\x01\0\0\x21\x12\xa4\x42abcdefghijkl";
    let mut ntp = [0; 48];
    ntp[0] = 0x23;
    for payload in [&stun[..], &ntp] {
        assert_eq!((DNS.recognise)(&datagram(40000, 40001, payload)), Guess::No);
    }
}

#[test]
fn records_keep_their_data() {
    let bytes = response(&[
        (b"\x04Lamp\0", 1, &[10, 0, 0, 9]),
        (b"\0", 12, b"\x03Hue\xc0\x11"),
        (b"\0", 33, b"\0\0\0\0\x1f\x90\x01h\0"),
        (b"\0", 16, b"\x04md=X\0\x03a=b"),
        (b"\0", 13, b"\x03ARM\x05Linux"),
        (b"\0", 47, b"\0"),
    ]);
    let dns = dns(&bytes, DnsKind::Mdns);
    let values: Vec<_> = dns.records.iter().map(|record| record.value.clone()).collect();
    assert_eq!(
        values,
        [
            DnsValue::Address("10.0.0.9".parse().unwrap()),
            DnsValue::Name("Hue.Lamp".into()),
            DnsValue::Service("h".into(), 8080),
            DnsValue::Texts(vec!["md=X".into(), "a=b".into()]),
            DnsValue::Host("ARM".into(), "Linux".into()),
            DnsValue::Other,
        ]
    );
    assert_eq!(dns.records[0].name, "Lamp", "the case of mDNS names is kept");
    assert_eq!(dns.records[0].ttl, 120);
}

#[test]
fn a_damaged_tail_keeps_what_was_read_and_counts_the_rest() {
    let bytes = response(&[(b"\0", 1, &[10, 0, 0, 9]), (b"\0", 1, &[10, 0, 0, 8])]);
    let dns = dns(&bytes[..bytes.len() - 3], DnsKind::Dns);
    assert_eq!((dns.records.len(), dns.left_out), (1, 1));
}

#[test]
fn a_flood_of_records_is_bounded_and_counted() {
    let records: Vec<(&[u8], u16, &[u8])> = vec![(b"\0", 1, &[10, 0, 0, 9]); 200];
    let dns = dns(&response(&records), DnsKind::Dns);
    assert_eq!((dns.records.len(), dns.left_out), (128, 72));
}

#[test]
fn a_name_that_runs_over_the_end_of_its_record_is_not_kept() {
    let dns = dns(&response(&[(b"\0", 12, b"\x03h"), (b"\0", 1, &[1, 2, 3, 4])]), DnsKind::Dns);
    assert_eq!(dns.records[0].value, DnsValue::Other);
}

#[test]
fn updates_and_notifications_are_dns() {
    let mut update = QUERY.to_vec();
    update[2] = 0x28;
    update[9] = 1;
    update.extend(b"\x01a\0\0\x01\0\x01\0\0\0\x09\0\x04\x0a\0\0\x05");
    assert_eq!((DNS.recognise)(&datagram(40000, 9999, &update)), Guess::Sure);
    let mut notify = QUERY.to_vec();
    notify[2] = 0x24;
    assert_eq!((DNS.recognise)(&datagram(40000, 9999, &notify)), Guess::Sure);
}

#[test]
fn on_its_port_an_inverse_query_or_an_unknown_code_is_dns_all_the_same() {
    let inverse = b"\0\x01\x08\0\0\0\0\x01\0\0\0\0\0\0\x01\0\x01\0\0\0\0\0\x04\x0a\0\0\x05";
    assert_eq!((DNS.recognise)(&datagram(40000, 53, inverse)), Guess::Sure);
    assert_eq!(dns(inverse, DnsKind::Dns).records.len(), 1);
    let mut odd = QUERY.to_vec();
    odd[2] = 0x19;
    assert_eq!((DNS.recognise)(&datagram(40000, 53, &odd)), Guess::Sure);
    assert_eq!((DNS.recognise)(&datagram(40000, 9999, &odd)), Guess::No);
}

#[test]
fn a_message_larger_than_the_window_is_passed_over() {
    let records: Vec<(&[u8], u16, &[u8])> = vec![(b"\0", 16, &[0; 100]); 90];
    let large = response(&records);
    assert!(large.len() > 8000);
    let framed = |message: &[u8]| [&(message.len() as u16).to_be_bytes()[..], message].concat();
    let stream = [framed(&large), framed(QUERY)].concat();
    let mut parser = (DNS_STREAM.start)();
    let window = parser.window();
    let (rest, facts) = said(|out| {
        let mut rest = &stream[..];
        while let Step::Consumed(count @ 1..) =
            parser.data(Side::Server, &rest[..window.min(rest.len())], out)
        {
            rest = &rest[count..];
        }
        rest.len()
    });
    assert_eq!(rest, 0);
    assert!(matches!(&facts[..], [Said::Dns(a), Said::Dns(b)]
        if a.left_out > 0 && b.questions[0].name == "www.example"));
}

#[test]
fn a_stream_is_judged_as_soon_as_its_first_message_is_there() {
    let framed = [&[0, QUERY.len() as u8][..], QUERY].concat();
    for length in 0..framed.len() {
        assert_eq!((DNS_STREAM.recognise)(Side::Client, &framed[..length]), Guess::More);
    }
    assert_eq!((DNS_STREAM.recognise)(Side::Client, &framed), Guess::Sure);
    assert_eq!((DNS_STREAM.recognise)(Side::Client, b"GET / HTTP/1.1\r\n"), Guess::No);
    assert_eq!(
        (DNS_STREAM.recognise)(Side::Client, b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03rrrrr"),
        Guess::No
    );
}
