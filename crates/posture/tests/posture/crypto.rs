//! TLS, certificates, SSH, Wi-Fi and old software: found on the evidence, not on its healthy twin.

use cordon_model::fact::*;
use cordon_model::*;

use crate::scene::{self, Scene};
use crate::words::*;

#[test]
fn only_what_the_server_chose_is_its_weakness() {
    let chose = |version| Scene::default().say("10.0.0.5:443", PC, server_hello(version, 0xc02f));
    assert_eq!(chose(TlsVersion::TLS1_0).one(FindingKind::ObsoleteTls).severity, Severity::Medium);
    assert_eq!(chose(TlsVersion::SSL3).one(FindingKind::ObsoleteTls).severity, Severity::High);
    chose(TlsVersion::TLS1_2).none(FindingKind::ObsoleteTls);
    let offers =
        |version| Scene::default().say(PC, "10.0.0.5:443", client_hello(version, &[0xc02f]));
    let client = offers(TlsVersion::TLS1_1).one(FindingKind::ObsoleteTls);
    assert_eq!(client.device, Some(scene::id("10.0.0.9".parse().unwrap())));
    offers(TlsVersion::TLS1_3).none(FindingKind::ObsoleteTls);
}

#[test]
fn weak_suites_are_found_and_strong_ones_are_not() {
    let chose =
        |suite| Scene::default().say("10.0.0.5:443", PC, server_hello(TlsVersion::TLS1_2, suite));
    assert_eq!(chose(0x0005).one(FindingKind::WeakCipherSuite).severity, Severity::Medium);
    assert_eq!(chose(0x0001).one(FindingKind::WeakCipherSuite).severity, Severity::High);
    assert_eq!(chose(0x002f).one(FindingKind::WeakCipherSuite).severity, Severity::Low);
    chose(0xc02f).none(FindingKind::WeakCipherSuite);
    let offers = |suites: &[u16]| {
        Scene::default().say(PC, "10.0.0.5:443", client_hello(TlsVersion::TLS1_2, suites))
    };
    offers(&[0xc02f, 0x0003]).one(FindingKind::WeakCipherSuite);
    offers(&[0xc02f, 0x0005, 0x000a, 0x00ff]).none(FindingKind::WeakCipherSuite);
}

#[test]
fn certificates_are_held_against_packet_time() {
    shows(|own| own.not_after = days(-1)).one(FindingKind::ExpiredCertificate);
    let early = shows(|own| own.not_before = days(20)).one(FindingKind::ExpiredCertificate);
    assert!(early.title.contains("not valid yet"));
    shows(|own| own.not_after = days(10)).one(FindingKind::ExpiringCertificate);
    shows(|_| {}).none(FindingKind::ExpiredCertificate);
    shows(|_| {}).none(FindingKind::ExpiringCertificate);
    let mut unset = shows(|own| own.not_before = days(0));
    unset.facts[0].at = Timestamp::from_secs(3);
    unset.none(FindingKind::ExpiredCertificate);
}

#[test]
fn weak_certificates_are_found() {
    shows(|own| own.key_bits = 1024).one(FindingKind::WeakCertificate);
    shows(|own| own.signature = "sha1WithRSAEncryption".into()).one(FindingKind::WeakCertificate);
    shows(|own| own.not_after = days(4000)).one(FindingKind::WeakCertificate);
    shows(|own| (own.key, own.key_bits) = (KeyAlgorithm::Ec, 192))
        .one(FindingKind::WeakCertificate);
    shows(|own| (own.key, own.key_bits) = (KeyAlgorithm::Ec, 256))
        .none(FindingKind::WeakCertificate);
    shows(|own| own.key_bits = 0).none(FindingKind::WeakCertificate);
    shows(|_| {}).none(FindingKind::WeakCertificate);
}

#[test]
fn a_self_signed_certificate_is_worth_knowing() {
    let finding = shows(|own| own.self_signed = true).one(FindingKind::SelfSignedCertificate);
    assert_eq!(finding.severity, Severity::Info);
    shows(|_| {}).none(FindingKind::SelfSignedCertificate);
}

#[test]
fn a_key_on_two_devices_is_found_on_both_and_names_both() {
    let two = |key| shows(|_| {}).say("10.0.0.6:443", PC, certificate(|own| own.key_sha256 = key));
    let found = two([2; 32]).device(CAM, "cam-1", DeviceType::Camera).of(FindingKind::SharedKey);
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|one| one.why.contains("cam-1")), "{found:#?}");
    two([3; 32]).none(FindingKind::SharedKey);
    shows(|_| {}).say("10.0.0.5:8443", PC, certificate(|_| {})).none(FindingKind::SharedKey);
}

#[test]
fn weak_ssh_is_found_when_nothing_better_is_offered() {
    let offers = |banner: Option<&str>, kex: &[&str]| {
        let kex = kex.iter().map(|name| Text::from(*name)).collect();
        let banner = banner.map(Text::from);
        let said = Said::Ssh(Box::new(Ssh { banner, kex, ..Ssh::default() }));
        Scene::default().say("10.0.0.5:22", PC, said)
    };
    offers(Some("1.5-Server"), &[]).one(FindingKind::WeakSsh);
    offers(Some("2.0-Server"), &[]).none(FindingKind::WeakSsh);
    offers(None, &["diffie-hellman-group1-sha1"]).one(FindingKind::WeakSsh);
    offers(None, &["curve25519-sha256", "diffie-hellman-group1-sha1"]).none(FindingKind::WeakSsh);
}

#[test]
fn weak_802_1x_methods_are_found() {
    let uses = |method| {
        let said = Eapol { kind: 0, length: 20, method: Some(method), identity: None };
        Scene::default().say(CAM, "10.0.0.1", Said::Eapol(said))
    };
    uses(4).one(FindingKind::WeakEap);
    uses(17).one(FindingKind::WeakEap);
    uses(13).none(FindingKind::WeakEap);
}

#[test]
fn an_old_banner_is_found_once_however_often_it_is_said() {
    let says = |banner: &str| {
        let banner = Some(banner.into());
        let said = Said::Ssh(Box::new(Ssh { banner, ..Ssh::default() }));
        Scene::default().say("10.0.0.5:22", PC, said.clone()).say("10.0.0.5:22", PC, said)
    };
    let finding = says("2.0-dropbear_2014.63").one(FindingKind::OutdatedSoftware);
    assert_eq!((finding.severity, finding.count), (Severity::High, 2));
    assert!(finding.why.contains("CVE-2016-7406"));
    says("2.0-dropbear_2024.86").none(FindingKind::OutdatedSoftware);
    let packaged = says("2.0-OpenSSH_7.2p2 Ubuntu-4").one(FindingKind::OutdatedSoftware);
    assert_eq!(packaged.severity, Severity::Low);
}

#[test]
fn weak_wifi_is_found_and_healthy_wifi_is_not() {
    use FindingKind as K;
    let kinds = [K::WifiOpen, K::WifiWep, K::WifiTkip, K::WifiWps, K::WifiNoPmf];
    let only = |scene: Scene, kind: K| {
        for other in kinds {
            assert_eq!(scene.of(other).len(), usize::from(other == kind), "{other} for {kind}");
        }
    };
    only(beacon(|ap| (ap.privacy, ap.rsn) = (false, false)), K::WifiOpen);
    only(beacon(|ap| ap.rsn = false), K::WifiWep);
    only(beacon(|ap| ap.ciphers.push(Cipher::Tkip)), K::WifiTkip);
    only(beacon(|ap| ap.wps = Some(2)), K::WifiWps);
    only(beacon(|ap| ap.pmf_capable = false), K::WifiNoPmf);
    only(beacon(|_| {}), K::TelnetService);
    let open = beacon(|ap| (ap.privacy, ap.rsn) = (false, false)).one(K::WifiOpen);
    assert!(open.title.contains("clinic"));
    assert_eq!(open.device, Some(DeviceId("mac-00:11:22:33:44:55".into())));
}
