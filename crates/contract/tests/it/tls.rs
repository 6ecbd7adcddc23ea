//! What clients offer, held against the profiles of their makers (RFC 9761).

use cordon_contract::mud::import;
use cordon_contract::tls::{Parameter, differences, judge, judge_chain};
use cordon_contract::{Contract, Entry, Opens, Peer, Ports, TlsRule, VerbRule};
use cordon_model::fact::{Certificate, TlsCertificates, TlsClientHello, TlsVersion};
use cordon_model::{DeviceId, Timestamp};

const CLOUD: &str = "cloud.maker.example";

/// TLS 1.3 and 1.2 with two suites, as a small stack offers them.
pub fn hello() -> TlsClientHello {
    TlsClientHello {
        version: TlsVersion::TLS1_3,
        lowest: Some(TlsVersion::TLS1_2),
        suites: vec![0x1301, 0xc02f],
        groups: vec![29, 23],
        sni: Some(CLOUD.into()),
        alpn: vec!["http/1.1".into()],
        ja4: "t13d0206h1_a_b".into(),
        ech: false,
        quic: None,
        extensions: vec![0, 10, 13, 16, 43, 51],
        signatures: vec![0x0403, 0x0804],
        certificate_signatures: Vec::new(),
        psk_modes: vec![1],
        compressions: Vec::new(),
    }
}

/// What such a stack offers, and no more.
fn profile() -> TlsRule {
    TlsRule {
        versions: vec![0x0303, 0x0304],
        suites: vec![0x1301, 0xc02f],
        groups: vec![23, 29],
        alpn: vec!["http/1.1".into()],
        dtls_versions: Vec::new(),
        extensions: vec![0, 10, 13, 16, 43, 51],
        signatures: vec![0x0403, 0x0804],
        certificate_signatures: Vec::new(),
        psk_modes: vec![1],
        compressions: Vec::new(),
        anchors: Vec::new(),
    }
}

fn of(profile: &TlsRule, hello: &TlsClientHello) -> Vec<Parameter> {
    differences(profile, hello).iter().map(|one| one.of).collect()
}

#[test]
fn what_the_profile_lists_is_borne_in_any_order_and_less_of_it_too() {
    assert!(differences(&profile(), &hello()).is_empty());
    let less = TlsClientHello {
        suites: vec![0xc02f],
        groups: Vec::new(),
        alpn: Vec::new(),
        extensions: vec![0],
        ..hello()
    };
    assert!(differences(&profile(), &less).is_empty());
    assert!(differences(&TlsRule::default(), &hello()).is_empty(), "nothing said, anything borne");
}

#[test]
fn each_thing_that_is_offered_besides_is_told_with_what_was_expected() {
    use Parameter as P;
    let more: [(P, TlsClientHello); 7] = [
        (P::Suites, TlsClientHello { suites: vec![0x1301, 0x0005], ..hello() }),
        (P::Extensions, TlsClientHello { extensions: vec![0, 13_172], ..hello() }),
        (P::Groups, TlsClientHello { groups: vec![24], ..hello() }),
        (P::Signatures, TlsClientHello { signatures: vec![0x0201], ..hello() }),
        (P::PskModes, TlsClientHello { psk_modes: vec![0], ..hello() }),
        (P::Alpn, TlsClientHello { alpn: vec!["h2".into()], ..hello() }),
        (P::Versions, TlsClientHello { lowest: Some(TlsVersion(0x0301)), ..hello() }),
    ];
    for (what, hello) in &more {
        assert_eq!(of(&profile(), hello), [*what]);
    }
    let told = differences(&profile(), &more[0].1)[0].to_string();
    assert_eq!(told, "cipher suites 0x0005 beside 0x1301, 0xc02f");
    let told = differences(&profile(), &more[6].1)[0].to_string();
    assert_eq!(told, "versions TLS 1.0 beside TLS 1.2, TLS 1.3");
    let compresses =
        TlsRule { compressions: vec![2], certificate_signatures: vec![0x0403], ..profile() };
    let hello =
        TlsClientHello { compressions: vec![1], certificate_signatures: vec![0x0804], ..hello() };
    assert_eq!(of(&compresses, &hello), [P::CertificateSignatures, P::Compressions]);
}

#[test]
fn grease_signals_and_what_nobody_registered_are_no_difference() {
    let odd = TlsClientHello {
        // GREASE is left out by whoever reads packets, and not by every log.
        suites: vec![0x1301, 0x0a0a, 0x00ff, 0x5600, 0x4a4a, 0x7777],
        extensions: vec![0, 0x1a1a, 40_000],
        groups: vec![29, 0x2a2a, 9_999],
        signatures: vec![0x0403, 0x3a3a],
        alpn: vec!["http/1.1".into(), "ZZ".into(), "\u{fffd}\u{fffd}".into()],
        psk_modes: vec![1, 0x0b],
        ..hello()
    };
    assert!(differences(&profile(), &odd).is_empty(), "{:?}", differences(&profile(), &odd));
}

#[test]
fn datagrams_have_versions_of_their_own() {
    let dtls = TlsClientHello { version: TlsVersion(0xfefd), lowest: None, ..hello() };
    assert!(of(&profile(), &dtls).is_empty(), "the profile says nothing of DTLS");
    let newer = TlsRule { dtls_versions: vec![0xfefc], ..profile() };
    assert_eq!(of(&newer, &dtls), [Parameter::Versions]);
}

#[test]
fn a_log_that_hides_the_version_accuses_nobody() {
    let thirteen = TlsRule { versions: vec![0x0304], ..profile() };
    let logged =
        TlsClientHello { version: TlsVersion::TLS1_2, lowest: None, ja4: "".into(), ..hello() };
    assert!(of(&thirteen, &logged).is_empty());
    let seen = TlsClientHello { ja4: "t12".into(), ..logged.clone() };
    assert_eq!(of(&thirteen, &seen), [Parameter::Versions]);
    let old = TlsClientHello { version: TlsVersion(0x0301), ..logged };
    assert_eq!(of(&thirteen, &old), [Parameter::Versions]);
}

fn entry(verbs: Vec<TlsRule>) -> Entry {
    let peer = Peer::Name { name: CLOUD.into() };
    let mut entry = Entry::new(peer, Opens::Device, "tcp".parse().unwrap(), [Ports::one(443)]);
    entry.verbs = verbs.into_iter().map(|rule| VerbRule::Tls(Box::new(rule))).collect();
    entry
}

#[test]
fn another_stack_is_told_and_the_makers_own_is_not() {
    let entry = entry(vec![profile()]);
    assert!(judge(&[&entry], &hello()).is_none());
    let malware = TlsClientHello { suites: vec![0x0005, 0x000a], ..hello() };
    let found = judge(&[&entry], &malware).unwrap();
    assert_eq!(found.entry, entry.id());
    assert_eq!(
        found.says(),
        "speaks TLS otherwise than its contract says: cipher suites 0x0005, 0x000a beside 0x1301, \
         0xc02f"
    );
}

#[test]
fn an_entry_that_says_nothing_of_tls_bears_anything() {
    let malware = TlsClientHello { suites: vec![0x0005], ..hello() };
    let (bound, free) = (entry(vec![profile()]), entry(Vec::new()));
    assert!(judge(&[&bound, &free], &malware).is_none());
    assert!(judge(&[], &malware).is_none(), "what nothing allows is told elsewhere");
}

#[test]
fn of_several_profiles_one_is_enough_and_the_nearest_is_told() {
    let old = TlsRule { versions: vec![0x0301], suites: vec![0x002f], ..TlsRule::default() };
    let entry = entry(vec![old, profile()]);
    assert!(judge(&[&entry], &hello()).is_none());
    let other = TlsClientHello { suites: vec![0x1301, 0x0005], ..hello() };
    let found = judge(&[&entry], &other).unwrap();
    assert_eq!(found.differences.len(), 1, "{found:?}");
}

#[test]
fn a_profile_of_a_mud_file_is_the_rule_of_its_entries() {
    let file = include_str!("tls.json");
    let parsed = cordon_mud::parse(file.as_bytes()).unwrap();
    assert!(parsed.warnings.is_empty(), "{:?}", parsed.warnings);
    let (contract, warnings) = import(
        &parsed.file,
        Some("CN=maker"),
        DeviceId("camera".into()),
        "camera",
        Timestamp::from_secs(0),
    );
    assert!(warnings.is_empty(), "{warnings:?}");
    let VerbRule::Tls(rule) = &contract.entries[0].verbs[0] else { panic!("{contract:?}") };
    assert_eq!((&rule.versions, &rule.extensions), (&vec![0x0304], &vec![0, 10, 13, 43, 51]));
    let good = TlsClientHello {
        lowest: None,
        suites: vec![0x1301],
        groups: vec![29],
        alpn: Vec::new(),
        extensions: vec![0, 10, 13, 43, 51],
        signatures: vec![0x0403],
        ..hello()
    };
    let entries: Vec<&Entry> = contract.entries.iter().collect();
    assert!(judge(&entries, &good).is_none());
    let found = judge(&entries, &hello()).unwrap();
    let told: Vec<_> = found.differences.iter().map(|one| one.of).collect();
    assert_eq!(
        told,
        [
            Parameter::Versions,
            Parameter::Suites,
            Parameter::Extensions,
            Parameter::Groups,
            Parameter::Signatures
        ]
    );
    assert!(
        found
            .says()
            .starts_with("speaks TLS otherwise than its maker's profile says: versions TLS 1.2")
    );
    // The document carries it, in JSON too.
    let text = serde_json::to_string(&contract).unwrap();
    assert_eq!(serde_json::from_str::<Contract>(&text).unwrap(), contract);
    let odd = text.replacen("\"suites\"", "\"ciphers\"", 1);
    assert!(serde_json::from_str::<Contract>(&odd).is_err(), "an unknown part is refused");
}

#[test]
fn an_entry_that_was_signed_before_has_the_id_that_it_had() {
    let old = r#"{"kind":"tls","versions":[772],"suites":[4865]}"#;
    let rule: VerbRule = serde_json::from_str(old).unwrap();
    assert_eq!(serde_json::to_string(&rule).unwrap(), old);
}

fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let value = parts.concat();
    let head = match value.len() {
        ..0x80 => vec![tag, value.len() as u8],
        _ => [&[tag, 0x82][..], &(value.len() as u16).to_be_bytes()].concat(),
    };
    [head, value].concat()
}

/// A certificate (RFC 5280, 4.1) of an authority of this name, whose signature nobody checks.
fn authority(name: &str) -> Vec<u8> {
    let ecdsa = der(0x30, &[&[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]]);
    let part = der(0x30, &[&[6, 3, 0x55, 4, 3], &der(0x0c, &[name.as_bytes()])]);
    let name = der(0x30, &[&der(0x31, &[&part])]);
    let validity = der(0x30, &[&der(0x17, &[b"200101000000Z"]), &der(0x17, &[b"400101000000Z"])]);
    let curve = [6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    let kind = der(0x30, &[&[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1], &curve]);
    let key = der(0x30, &[&kind, &der(3, &[&[0, 4], &[7; 64]])]);
    let body = der(0x30, &[&[2, 1, 5], &ecdsa, &name, &validity, &name, &key]);
    der(0x30, &[&body, &ecdsa, &der(3, &[&[0, 1, 2, 3]])])
}

/// The authority's certificate alone in a CMS structure (RFC 9640), as a file has it.
fn anchor(name: &str) -> String {
    use base64::Engine as _;
    let data = der(0x30, &[&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1]]);
    let certificates = der(0xa0, &[&authority(name)]);
    let signed = der(0x30, &[&[2, 1, 1], &der(0x31, &[]), &data, &certificates, &der(0x31, &[])]);
    let oid = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
    let cms = der(0x30, &[&oid, &der(0xa0, &[&signed])]);
    base64::engine::general_purpose::STANDARD.encode(cms)
}

/// What a server sends: its own certificate, issued by this authority.
fn chain(issuer: &str) -> TlsCertificates {
    let issuer = cordon_wire::x509::certificate(&authority(issuer)).unwrap();
    let own = cordon_wire::x509::certificate(&authority("cloud")).unwrap();
    let own = Certificate { issuer: issuer.subject, self_signed: false, ..own };
    TlsCertificates { chain: vec![own] }
}

/// The contract of a file whose profile names these trust anchors.
fn with_anchors(anchors: &[String]) -> (Contract, Vec<String>) {
    let file = include_str!("tls.json");
    let mut file: serde_json::Value = serde_json::from_str(file).unwrap();
    for list in [0, 1] {
        let ace = format!("/ietf-access-control-list:acls/acl/{list}/aces/ace/0/matches");
        let matches = file.pointer_mut(&ace).unwrap();
        let profile = &mut matches["ietf-acl-tls:client-profiles"]["tls-dtls-profile"][0];
        profile["accept-list-ta-cert"] = anchors.into();
    }
    let parsed = cordon_mud::parse(file.to_string().as_bytes()).unwrap();
    assert!(parsed.warnings.is_empty(), "{:?}", parsed.warnings);
    let at = Timestamp::from_secs(0);
    let (contract, warnings) =
        import(&parsed.file, Some("CN=maker"), DeviceId("camera".into()), "camera", at);
    (contract, warnings.iter().map(ToString::to_string).collect())
}

#[test]
fn a_server_whose_certificate_leads_to_a_stranger_is_told() {
    let (contract, warnings) = with_anchors(&[anchor("Maker CA"), anchor("Maker CA 2")]);
    assert!(warnings.is_empty(), "{warnings:?}");
    let entries: Vec<&Entry> = contract.entries.iter().collect();
    assert!(judge_chain(&entries, &chain("Maker CA")).is_none());
    assert!(judge_chain(&entries, &chain("Maker CA 2")).is_none());
    let found = judge_chain(&entries, &chain("Evil CA")).unwrap();
    assert_eq!(
        found.says(),
        "speaks TLS otherwise than its maker's profile says: authority CN=Evil CA beside \
         CN=Maker CA, CN=Maker CA 2"
    );
    let own = cordon_wire::x509::certificate(&authority("Maker CA")).unwrap();
    let whole = TlsCertificates { chain: [chain("Between").chain, vec![own]].concat() };
    assert!(judge_chain(&entries, &whole).is_none(), "the authority itself was sent");
    assert!(judge_chain(&entries, &TlsCertificates { chain: Vec::new() }).is_none());
    let (free, _) = with_anchors(&[]);
    let entries: Vec<&Entry> = free.entries.iter().collect();
    assert!(judge_chain(&entries, &chain("Evil CA")).is_none(), "nothing said, anything borne");
}

#[test]
fn an_anchor_that_cannot_be_read_is_said_and_accuses_nobody() {
    let (contract, warnings) = with_anchors(&[anchor("Maker CA"), "MIIB".into()]);
    assert!(warnings.iter().any(|says| says.contains("trust anchors that cannot be read")));
    let entries: Vec<&Entry> = contract.entries.iter().collect();
    assert!(judge_chain(&entries, &chain("Evil CA")).is_none());
}
