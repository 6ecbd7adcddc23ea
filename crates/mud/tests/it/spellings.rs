//! Every kind of condition, in the RFC's spelling and in those of its drafts.

use cordon_mud::{Field, Initiated, L4, Layer, PortMatch, Ported};
use serde_json::{Value, json};

use crate::{file, read, said, with_matches};

fn tcp(of: Value) -> (Option<L4>, Vec<String>) {
    let parsed = read(&with_matches("ipv4-acl-type", json!({ "tcp": of })));
    (parsed.file.acls[0].aces[0].matches.l4, said(&parsed))
}

#[test]
fn every_operator_on_ports_is_understood() {
    let cases = [
        (json!({"operator": "eq", "port": 80}), PortMatch::Eq(80)),
        (json!({"operator": "neq", "port": 80}), PortMatch::Neq(80)),
        (json!({"operator": "lte", "port": 80}), PortMatch::Lte(80)),
        (json!({"operator": "gte", "port": 80}), PortMatch::Gte(80)),
        (json!({"lower-port": 80, "upper-port": 90}), PortMatch::Range(80, 90)),
        (json!({"lower-port": 80, "upper-port": 80}), PortMatch::Eq(80)),
        (json!({"lower-port": 80}), PortMatch::Eq(80)),
        (json!({"port": "80"}), PortMatch::Eq(80)),
        (json!(80), PortMatch::Eq(80)),
    ];
    for (port, wanted) in cases {
        let (l4, said) = tcp(json!({ "destination-port": port }));
        let ports = Ported { destination: Some(wanted), ..Ported::default() };
        assert_eq!(l4, Some(L4::Tcp(ports)), "{said:?}");
    }
}

#[test]
fn ports_beside_the_transport_belong_to_it() {
    let old = json!({
        "ipv4-acl": {
            "protocol": 6,
            "source-port-range-or-operator": { "operator": "eq", "port": 443 }
        },
        "tcp": { "ietf-mud:direction-initiated": "from-device" }
    });
    let parsed = read(&with_matches("ipv4-acl", old));
    let ports = Ported {
        source: Some(PortMatch::Eq(443)),
        destination: None,
        initiated: Some(Initiated::FromDevice),
    };
    assert_eq!(parsed.file.acls[0].aces[0].matches.l4, Some(L4::Tcp(ports)));
    assert_eq!(parsed.refused(), 0);
    let said = said(&parsed).join("\n");
    assert!(said.contains("ipv4-acl is the spelling of a draft; RFC 8520 has ipv4"), "{said}");

    let without =
        json!({ "ipv4-acl": { "source-port-range": { "lower-port": 1, "upper-port": 2 } } });
    assert_eq!(read(&with_matches("ipv4-acl", without)).refused(), 1, "which transport's ports?");
}

#[test]
fn every_word_of_rfc_8520_for_the_other_end_is_understood() {
    let who = json!({ "ietf-mud:mud": {
        "manufacturer": "maker.example", "model": "https://maker.example/m",
        "controller": "urn:ietf:params:mud:dns", "local-networks": [null],
        "same-manufacturer": [null], "my-controller": [null]
    } });
    let parsed = read(&with_matches("ipv6-acl-type", who));
    let who = &parsed.file.acls[0].aces[0].matches.who;
    assert_eq!(who.manufacturer.as_deref(), Some("maker.example"));
    assert_eq!(who.model.as_deref(), Some("https://maker.example/m"));
    assert_eq!(who.controller.as_deref(), Some("urn:ietf:params:mud:dns"));
    assert!(who.local_networks && who.same_manufacturer && who.my_controller);
    assert_eq!(said(&parsed), Vec::<String>::new());
}

#[test]
fn a_switch_that_says_false_is_refused_and_not_taken_as_set() {
    let parsed = read(&with_matches(
        "ipv4-acl-type",
        json!({ "ietf-mud:mud": { "local-networks": false } }),
    ));
    assert_eq!(parsed.refused(), 1);
}

#[test]
fn addresses_names_icmp_and_ethernet_are_understood() {
    let parsed = read(&with_matches(
        "ipv4-acl-type",
        json!({
            "ipv4": {
                "protocol": 1, "ietf-acldns:dst-dnsname": "Cloud.Example.COM.",
                "source-ipv4-network": "10.0.0.5/8", "destination-ipv4-network": "192.0.2.1",
                "dscp": 46
            },
            "icmp": { "type": 8, "code": 0 }
        }),
    ));
    assert_eq!(said(&parsed), Vec::<String>::new());
    let matches = &parsed.file.acls[0].aces[0].matches;
    let ip = matches.ip.as_ref().unwrap();
    assert_eq!(ip.destination_name.as_deref(), Some("cloud.example.com"));
    assert_eq!(ip.source.unwrap().to_string(), "10.0.0.0/8");
    assert_eq!(ip.destination.unwrap().to_string(), "192.0.2.1/32");
    assert_eq!(matches.l4, Some(L4::Icmp { kind: Some(8), code: Some(0) }));
    let dscp = &matches.headers[0];
    assert_eq!((dscp.layer, dscp.name, &dscp.value), (Layer::Ipv4, "dscp", &Field::Number(46)));

    let parsed = read(&with_matches(
        "ethernet-acl-type",
        json!({ "eth": {
        "ethertype": "0x888e", "destination-mac-address": "01:80:c2:00:00:03"
    } }),
    ));
    let eth = parsed.file.acls[0].aces[0].matches.eth.clone().unwrap();
    assert_eq!((eth.ethertype, eth.destination.unwrap().address.0[0]), (Some(0x888e), 1));
    assert_eq!(said(&parsed), Vec::<String>::new());
}

#[test]
fn the_length_of_a_frame_is_no_protocol_and_is_named_so() {
    let parsed = read(&with_matches("eth-acl-type", json!({ "eth": { "ethertype": "0x0006" } })));
    assert_eq!(parsed.refused(), 0);
    assert!(
        said(&parsed)[0].contains("0x0006 is the length of an 802.3 frame"),
        "{:?}",
        said(&parsed)
    );
}

#[test]
fn tls_profiles_are_read_in_both_spellings() {
    for (list, versions, groups) in [
        ("tls-dtls-profile", "supported-tls-version", "supported-group"),
        ("tls-dtls-profiles", "supported-tls-versions", "supported-groups"),
    ] {
        let parsed = read(&with_matches(
            "ipv6-acl-type",
            json!({
                "tcp": { "destination-port": { "operator": "eq", "port": 443 } },
                "ietf-acl-tls:client-profiles": { list: [{
                    "name": "p", versions: ["tls12", "tls13"], "cipher-suite": [4866, 4865],
                    groups: [29], "application-protocol": ["h2"]
                }] }
            }),
        ));
        assert_eq!(parsed.refused(), 0, "{:?}", said(&parsed));
        let profile = &parsed.file.acls[0].aces[0].matches.tls[0];
        assert_eq!(profile.tls_versions, [0x0303, 0x0304]);
        assert_eq!(
            (&profile.cipher_suites[..], &profile.groups[..]),
            (&[4865, 4866][..], &[29][..])
        );
        assert_eq!(profile.alpn, ["h2"]);
    }
}

#[test]
fn what_the_container_says_is_kept_and_what_is_wrong_with_it_is_said() {
    let mut value = file(json!([]));
    let mud = &mut value["ietf-mud:mud"];
    mud["mud-signature"] = json!("https://maker.example/bulb.p7s");
    mud["cache-validity"] = json!(9999);
    mud["mfg-name"] = json!("Maker");
    mud["extensions"] = json!(["transparency"]);
    mud["nist-mud:quarantine"] = json!({});
    mud["mud-url"] = json!("http://maker.example/bulb");
    mud["firmware-rev"] = json!(7);
    let parsed = read(&value);
    assert_eq!(parsed.file.cache_validity, 168);
    assert_eq!(parsed.file.signature.as_deref(), Some("https://maker.example/bulb.p7s"));
    assert_eq!(parsed.file.last_update.unwrap().to_string(), "2026-01-15T09:22:47Z");
    let said = said(&parsed).join("\n");
    for text in [
        "is not https",
        "cache-validity is 9999 hours; it must be 1 to 168",
        "extension \"transparency\" is not understood",
        "nist-mud:quarantine is not known",
        "firmware-rev is not a short text",
        "a policy names the access list \"out\", which the file does not have",
    ] {
        assert!(said.contains(text), "{text} in:\n{said}");
    }
}
