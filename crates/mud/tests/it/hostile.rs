//! Files that would make a careless reader allow more than is written, or fall over.

use cordon_mud::limits::{MAX_ACES, MAX_DEPTH, MAX_FILE_BYTES, MAX_WARNINGS};
use cordon_mud::{MudError, Problem, parse};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{file, read, said, with_matches};

#[test]
fn an_entry_with_a_condition_that_is_not_understood_is_refused() {
    let ports = |condition: Value| json!({ "tcp": { "destination-port": condition } });
    let cases = [
        json!({ "vendor:time-of-day": "night" }),
        json!({ "ipv4": { "vendor:geo": "CH" } }),
        json!({ "ipv4": { "protocol": 300 } }),
        json!({ "ipv4": { "protocol": "tcp" } }),
        json!({ "ipv4": { "ietf-acldns:dst-dnsname": "192.0.2.1" } }),
        json!({ "ipv4": { "ietf-acldns:dst-dnsname": "a..example" } }),
        json!({ "ipv4": { "ietf-acldns:dst-dnsname": "" } }),
        json!({ "ipv4": { "destination-ipv4-network": "2001:db8::/32" } }),
        json!({ "ipv4": { "destination-ipv4-network": "10.0.0.0/33" } }),
        json!({ "ipv4": { "destination-ipv6-network": "2001:db8::/32" } }),
        json!({ "ipv4": "all" }),
        json!({ "ipv6": {} }),
        json!({ "ipv4": {}, "ipv6": {} }),
        json!({ "tcp": {}, "udp": {} }),
        json!({ "ipv4": { "protocol": 17 }, "tcp": {} }),
        json!({ "eth": { "ethertype": "0x0800" } }),
        json!({ "ietf-mud:mud": { "vendor:neighbour": [null] } }),
        json!({ "ietf-mud:mud": { "controller": 7 } }),
        json!({ "icmp": { "type": 256 } }),
        json!({ "tcp": { "vendor:flag": 1 } }),
        json!({ "tcp": { "window-size": 70_000 } }),
        json!({ "tcp": { "ietf-mud:direction-initiated": "both" } }),
        ports(json!({ "operator": "lt", "port": 80 })),
        ports(json!({ "operator": "eq", "port": 65_536 })),
        ports(json!({ "operator": "eq", "port": -1 })),
        ports(json!({ "operator": "eq" })),
        ports(json!({ "lower-port": 90, "upper-port": 80 })),
        ports(json!({ "lower-port": 80, "upper-port": 90, "except": 85 })),
        json!({ "ietf-acl-tls:client-profiles": { "tls-dtls-profile": [{ "ja3": "x" }] } }),
        json!({ "ietf-acl-tls:client-profiles": { "tls-dtls-profile": [] } }),
        json!({ "ietf-acl-tls:client-profiles":
            { "tls-dtls-profile": [{ "supported-tls-version": ["tls99"] }] } }),
        json!([]),
    ];
    for matches in cases {
        let parsed = read(&with_matches("ipv4-acl-type", matches.clone()));
        assert_eq!(parsed.refused(), 1, "{matches} was let in: {:?}", said(&parsed));
        assert!(
            said(&parsed)
                .iter()
                .any(|text| text.starts_with("list \"out\": entry \"one\": refused")),
            "{matches}: {:?}",
            said(&parsed)
        );
        // And it does not come out again either.
        assert!(!cordon_mud::write(&parsed.file).contains("\"one\""), "{matches}");
    }
}

#[test]
fn actions_and_parts_that_are_not_understood_refuse_too() {
    for (part, value) in [
        ("actions", json!({ "forwarding": "accept", "vendor:rate-limit": 5 })),
        ("actions", json!({ "forwarding": "maybe" })),
        ("actions", json!({})),
        ("vendor:schedule", json!({ "from": "08:00" })),
    ] {
        let mut value_of = with_matches("ipv4-acl-type", json!({ "ipv4": {} }));
        value_of["ietf-access-control-list:acls"]["acl"][0]["aces"]["ace"][0][part] = value;
        assert_eq!(read(&value_of).refused(), 1, "{part}");
    }
}

#[test]
fn a_refusal_does_not_spread_to_the_next_entry() {
    let ace = |name: &str, matches: Value| {
        json!({
            "name": name, "matches": matches, "actions": { "forwarding": "accept" }
        })
    };
    let parsed = read(&file(json!([{
        "name": "out", "type": "ipv4-acl-type",
        "aces": { "ace": [ace("bad", json!({ "x": 1 })), ace("good", json!({ "ipv4": {} }))] }
    }])));
    let understood: Vec<_> = parsed.file.acls[0].aces.iter().map(|ace| ace.understood).collect();
    assert_eq!(understood, [false, true]);
}

#[test]
fn of_two_values_for_one_name_none_is_taken() {
    let text = r#"{"ietf-mud:mud": {"mud-version": 1, "mud-url": "https://a.example/", "mud-url": "https://b.example/"}}"#;
    let error = parse(text.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("\"mud-url\" stands twice"), "{error}");
}

#[test]
fn two_containers_for_the_lists_are_not_mixed() {
    let mut value = with_matches("ipv4-acl-type", json!({ "ipv4": {} }));
    value["ietf-access-control-list:access-lists"] = json!({ "acl": [{
        "name": "in", "type": "ipv4-acl-type", "aces": { "ace": [] }
    }] });
    let parsed = read(&value);
    assert_eq!(parsed.file.acls.len(), 1);
    assert!(
        parsed.warnings.iter().any(|warning| matches!(warning.problem, Problem::UnknownLeaf(_)))
    );
}

#[test]
fn what_is_no_mud_file_is_said_so() {
    let url = |url: Value| {
        json!({ "ietf-mud:mud": { "mud-version": 1, "mud-url": url } }).to_string().into_bytes()
    };
    assert!(matches!(parse(b"").unwrap_err(), MudError::Json(_)));
    assert!(matches!(parse(b"[]").unwrap_err(), MudError::NoContainer(_)));
    assert!(matches!(parse(b"{} {}").unwrap_err(), MudError::Json(_)));
    assert!(matches!(parse(&url(json!("no url"))).unwrap_err(), MudError::Url(_)));
    assert!(matches!(parse(&url(json!(null))).unwrap_err(), MudError::Url(_)));
    let long = format!("https://a.example/{}", "x".repeat(300));
    assert!(matches!(parse(&url(json!(long))).unwrap_err(), MudError::Url(_)));
    let version = json!({ "ietf-mud:mud": { "mud-version": 2, "mud-url": "https://a.example/" } });
    assert!(matches!(parse(version.to_string().as_bytes()).unwrap_err(), MudError::Version(_)));
    let large = vec![b' '; MAX_FILE_BYTES + 1];
    assert!(matches!(parse(&large).unwrap_err(), MudError::TooLarge(_)));
    let deep = "[".repeat(MAX_DEPTH + 1);
    assert!(parse(deep.as_bytes()).unwrap_err().to_string().contains("nested deeper"));
}

#[test]
fn a_flood_of_entries_and_of_warnings_is_cut_and_counted() {
    let ace = json!({ "name": "x", "matches": { "ipv4": {}, "odd": 1 }, "actions": {} });
    let parsed = read(&file(json!([
        { "name": "out", "type": "ipv4-acl-type", "aces": { "ace": vec![ace.clone(); MAX_ACES] } },
        { "name": "in", "type": "ipv4-acl-type", "aces": { "ace": [ace] } }
    ])));
    assert_eq!(parsed.file.ace_count(), MAX_ACES);
    assert!(parsed.warnings.len() <= MAX_WARNINGS + 1);
    assert!(
        said(&parsed).iter().any(|text| text.contains("more than 2048 entries")),
        "{:?}",
        said(&parsed)
    );

    let names: Vec<_> = (0..MAX_WARNINGS * 3).map(|n| (format!("odd-{n}"), json!(n))).collect();
    let mut value = file(json!([]));
    value["ietf-mud:mud"].as_object_mut().unwrap().extend(names);
    let parsed = read(&value);
    assert_eq!(parsed.warnings.len(), MAX_WARNINGS + 1);
    assert!(parsed.warnings.last().unwrap().to_string().contains("more warnings"));
}

#[test]
fn a_denial_is_said_to_be_one() {
    let mut value = with_matches("ipv4-acl-type", json!({ "ipv4": {} }));
    let ace = &mut value["ietf-access-control-list:acls"]["acl"][0]["aces"]["ace"][0];
    ace["actions"]["forwarding"] = json!("drop");
    let parsed = read(&value);
    assert!(said(&parsed)[0].contains("the entry denies"), "{:?}", said(&parsed));
    assert_eq!(parsed.refused(), 0);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn a_changed_file_is_read_or_refused(at in 0_usize..900, with: u8) {
        let value = with_matches("ipv4-acl-type", json!({
            "ipv4": { "ietf-acldns:dst-dnsname": "cloud.example.com", "protocol": 6 },
            "tcp": { "destination-port": { "operator": "eq", "port": 443 } }
        }));
        let mut bytes = value.to_string().into_bytes();
        let at = at % bytes.len();
        bytes[at] = with;
        if let Ok(parsed) = parse(&bytes) {
            // An entry is never understood with fewer conditions than were written.
            for ace in parsed.file.acls.iter().flat_map(|acl| &acl.aces).filter(|ace| ace.understood) {
                let ip = ace.matches.ip.as_ref();
                prop_assert!(ip.is_some_and(|ip| ip.protocol.is_some() && ip.destination_name.is_some()));
                prop_assert!(ace.matches.l4.is_some());
            }
        }
    }
}
