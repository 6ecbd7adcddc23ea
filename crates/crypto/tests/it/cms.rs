//! Detached signatures: made here byte by byte, and one that a maker made.

use std::path::PathBuf;

use aws_lc_rs::digest::{SHA256, SHA384, digest};
use cordon_crypto::cms::{CmsError, SIGNATURE_MAX, certificates, verify};
use cordon_model::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SigningKey as _, date_time_ymd,
};
use rustls::pki_types::CertificateDer;

const FILE: &[u8] = b"{\"ietf-mud:mud\": {}}\n";
/// In the middle of 2026.
const NOW: Timestamp = Timestamp::from_secs(1_780_000_000);

const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03];
const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04];
const SHA_256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
const SHA_384: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02];
const SHA_1: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1a];
const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];

fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut whole = vec![tag];
    match content.len() {
        short @ 0..=127 => whole.push(short as u8),
        long @ 128..=255 => whole.extend([0x81, long as u8]),
        long => whole.extend([0x82, (long >> 8) as u8, long as u8]),
    }
    whole.extend(content);
    whole
}

fn oid(of: &[u8]) -> Vec<u8> {
    der(6, &[of])
}

/// A certificate with its key.
struct Own {
    der: CertificateDer<'static>,
    params: CertificateParams,
    key: KeyPair,
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2030, 1, 1);
    params
}

fn authority(name: &str) -> Own {
    authority_of(params(name), None)
}

fn authority_of(mut params: CertificateParams, by: Option<&Own>) -> Own {
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    issued(params, by)
}

fn issued(params: CertificateParams, by: Option<&Own>) -> Own {
    let key = KeyPair::generate().unwrap();
    let certificate = match by {
        Some(by) => {
            let issuer = Issuer::from_params(&by.params, &by.key);
            params.signed_by(&key, &issuer).unwrap()
        }
        None => params.self_signed(&key).unwrap(),
    };
    Own { der: certificate.der().clone(), params, key }
}

fn signer(by: &Own) -> Own {
    issued(params("maker.example"), Some(by))
}

/// How a signature is made, so that each part can be made wrong.
struct Recipe<'a> {
    signer: &'a Own,
    brings: Vec<&'a Own>,
    hash: &'a [u8],
    digest: Vec<u8>,
    signed_type: &'a [u8],
    /// The file inside.
    inside: Option<&'a [u8]>,
    /// Signed attributes; without them the file itself is signed.
    attributes: bool,
}

impl<'a> Recipe<'a> {
    fn new(signer: &'a Own) -> Self {
        Recipe {
            signer,
            brings: vec![signer],
            hash: SHA_256,
            digest: digest(&SHA256, FILE).as_ref().to_vec(),
            signed_type: DATA,
            inside: None,
            attributes: true,
        }
    }

    fn info(&self) -> Vec<u8> {
        let attribute = |kind: &[u8], value: &[u8]| der(0x30, &[&oid(kind), &der(0x31, &[value])]);
        let attributes = [
            attribute(CONTENT_TYPE, &oid(self.signed_type)),
            attribute(MESSAGE_DIGEST, &der(4, &[&self.digest])),
        ]
        .concat();
        let message = if self.attributes { der(0x31, &[&attributes]) } else { FILE.to_vec() };
        let signature = self.signer.key.sign(&message).unwrap();
        let (_, x509) = x509_parser::parse_x509_certificate(&self.signer.der).unwrap();
        let name = der(0x30, &[x509.issuer().as_raw(), &der(2, &[x509.raw_serial()])]);
        let shown = if self.attributes { der(0xa0, &[&attributes]) } else { Vec::new() };
        der(
            0x30,
            &[
                &der(2, &[&[1]]),
                &name,
                &der(0x30, &[&oid(self.hash)]),
                &shown,
                &der(0x30, &[&oid(ECDSA_SHA256)]),
                &der(4, &[&signature]),
            ],
        )
    }

    fn make(&self) -> Vec<u8> {
        self.with_infos(&self.info())
    }

    fn with_infos(&self, infos: &[u8]) -> Vec<u8> {
        let inside = self.inside.map_or(Vec::new(), |file| der(0xa0, &[&der(4, &[file])]));
        let certificates: Vec<u8> =
            self.brings.iter().flat_map(|own| own.der.as_ref().to_vec()).collect();
        let data = der(
            0x30,
            &[
                &der(2, &[&[1]]),
                &der(0x31, &[&der(0x30, &[&oid(self.hash)])]),
                &der(0x30, &[&oid(DATA), &inside]),
                &der(0xa0, &[&certificates]),
                &der(0x31, &[infos]),
            ],
        );
        der(0x30, &[&oid(SIGNED_DATA), &der(0xa0, &[&data])])
    }
}

fn check(signature: &[u8], trusted: &[&Own]) -> Result<String, CmsError> {
    let trusted: Vec<_> = trusted.iter().map(|own| own.der.clone()).collect();
    verify(signature, FILE, &trusted, NOW).map(|by| by.name)
}

#[test]
fn a_signature_by_a_maker_whose_authority_is_trusted_holds() {
    let maker = authority("Maker CA");
    let signer = signer(&maker);
    let signature = Recipe::new(&signer).make();
    assert_eq!(check(&signature, &[&maker]), Ok("maker.example".to_owned()));
    let direct = Recipe { attributes: false, ..Recipe::new(&signer) }.make();
    assert_eq!(check(&direct, &[&maker]), Ok("maker.example".to_owned()));
    assert_eq!(check(&signature, &[&signer]), Ok("maker.example".to_owned()), "trusted itself");

    let by = verify(&signature, FILE, std::slice::from_ref(&maker.der), NOW).unwrap();
    assert_eq!(by.subject, "CN=maker.example");
    assert_eq!(by.until.to_string(), "2030-01-01T00:00:00Z");
    assert!(!by.serial.is_empty());
}

#[test]
fn a_chain_over_one_between_holds_if_it_is_brought() {
    let root = authority("Root");
    let between = authority_of(params("Between"), Some(&root));
    let signer = signer(&between);
    let brings = Recipe { brings: vec![&between, &signer], ..Recipe::new(&signer) }.make();
    assert_eq!(check(&brings, &[&root]), Ok("maker.example".to_owned()));
    let not = Recipe::new(&signer).make();
    assert_eq!(check(&not, &[&root]), Err(CmsError::Unknown("maker.example".into())));
}

#[test]
fn every_changed_byte_of_the_file_is_noticed() {
    let maker = authority("Maker CA");
    let signer = signer(&maker);
    for recipe in [Recipe::new(&signer), Recipe { attributes: false, ..Recipe::new(&signer) }] {
        let signature = recipe.make();
        let trusted = [maker.der.clone()];
        for at in 0..FILE.len() {
            let mut file = FILE.to_vec();
            file[at] ^= 1;
            assert!(verify(&signature, &file, &trusted, NOW).is_err(), "byte {at}");
        }
        assert!(verify(&signature, &FILE[1..], &trusted, NOW).is_err());
        assert!(verify(&signature, b"", &trusted, NOW).is_err());
    }
    let other =
        Recipe { digest: digest(&SHA256, b"other").as_ref().to_vec(), ..Recipe::new(&signer) };
    assert_eq!(check(&other.make(), &[&maker]), Err(CmsError::Changed));
}

#[test]
fn every_changed_byte_of_the_signature_is_refused_or_changes_nothing() {
    let maker = authority("Maker CA");
    let signer = signer(&maker);
    let whole = Recipe::new(&signer).make();
    assert!(check(&whole, &[&maker]).is_ok());
    let mut held = 0;
    for at in 0..whole.len() {
        let mut signature = whole.clone();
        signature[at] ^= 1;
        match check(&signature, &[&maker]) {
            Ok(name) => {
                assert_eq!(name, "maker.example");
                held += 1;
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
        let _ = check(&whole[..at], &[&maker]).unwrap_err();
    }
    // What nobody relies on: version numbers, the list of hashes beside those of the signers.
    assert!(held <= 20, "{held} of {} bytes could be changed", whole.len());
}

#[test]
fn who_is_not_trusted_is_unknown() {
    let (maker, stranger) = (authority("Maker CA"), authority("Maker CA"));
    let signer = signer(&maker);
    let signature = Recipe::new(&signer).make();
    let unknown = Err(CmsError::Unknown("maker.example".into()));
    assert_eq!(check(&signature, &[&stranger]), unknown, "of the same name");
    assert_eq!(check(&signature, &[]), Err(CmsError::NoAuthority));
    let own = issued(params("self"), None);
    assert_eq!(check(&Recipe::new(&own).make(), &[&maker]), Err(CmsError::Unknown("self".into())));
    let brings = Recipe { brings: vec![&signer, &maker], ..Recipe::new(&signer) }.make();
    assert_eq!(check(&brings, &[&stranger]), unknown, "it brought its own authority");
}

#[test]
fn a_key_that_is_not_the_certificates_is_noticed() {
    let maker = authority("Maker CA");
    let (mut mine, other) = (signer(&maker), signer(&maker));
    mine.key = other.key;
    let signature = Recipe::new(&mine).make();
    assert_eq!(check(&signature, &[&maker]), Err(CmsError::NotBy("maker.example".into())));
}

#[test]
fn certificates_hold_from_their_first_second_to_their_last() {
    let maker = authority("Maker CA");
    let mut short = params("short");
    short.not_before = date_time_ymd(2026, 1, 1);
    short.not_after = date_time_ymd(2026, 2, 1);
    let signer = issued(short, Some(&maker));
    let signature = Recipe::new(&signer).make();
    let at = |secs| {
        verify(&signature, FILE, std::slice::from_ref(&maker.der), Timestamp::from_secs(secs))
    };
    let (first, last) = (1_767_225_600, 1_769_904_000);
    assert!(matches!(at(first - 1), Err(CmsError::NotYetValid { .. })));
    assert!(at(first).is_ok() && at(last).is_ok());
    let expired = at(last + 1).unwrap_err();
    assert_eq!(
        expired.to_string(),
        "expired: the certificate of short ended on 2026-02-01T00:00:00Z"
    );
}

#[test]
fn an_authority_that_ended_trusts_nobody() {
    let mut ended = params("Old CA");
    ended.not_after = date_time_ymd(2025, 1, 1);
    let ended = authority_of(ended, None);
    let signer = signer(&ended);
    let signature = Recipe::new(&signer).make();
    let error = check(&signature, &[&ended]).unwrap_err();
    assert!(matches!(&error, CmsError::Expired { who, .. } if who == "Old CA"), "{error}");

    let root = authority("Root");
    let mut between = params("Between");
    between.not_after = date_time_ymd(2025, 1, 1);
    let between = authority_of(between, Some(&root));
    let signer = self::signer(&between);
    let signature = Recipe { brings: vec![&signer, &between], ..Recipe::new(&signer) }.make();
    let error = check(&signature, &[&root]).unwrap_err();
    assert!(matches!(&error, CmsError::Expired { who, .. } if who == "Between"), "{error}");
}

#[test]
fn a_certificate_for_something_else_signs_no_file() {
    let maker = authority("Maker CA");
    let usage = |purposes: Vec<ExtendedKeyUsagePurpose>, keys: Vec<KeyUsagePurpose>| {
        let mut params = params("web");
        params.extended_key_usages = purposes;
        params.key_usages = keys;
        let signer = issued(params, Some(&maker));
        check(&Recipe::new(&signer).make(), &[&maker])
    };
    let refused = Err(CmsError::Usage("web".into()));
    assert_eq!(usage(vec![ExtendedKeyUsagePurpose::ServerAuth], vec![]), refused);
    assert_eq!(usage(vec![], vec![KeyUsagePurpose::KeyAgreement]), refused);
    let code = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::CodeSigning];
    assert!(usage(code, vec![KeyUsagePurpose::DigitalSignature]).is_ok());
}

#[test]
fn forms_that_are_not_asked_for_are_refused() {
    let maker = authority("Maker CA");
    let signer = signer(&maker);
    let refused = |recipe: Recipe<'_>| check(&recipe.make(), &[&maker]).unwrap_err();
    let new = || Recipe::new(&signer);
    assert_eq!(refused(Recipe { inside: Some(FILE), ..new() }), CmsError::Attached);
    assert_eq!(refused(Recipe { brings: vec![], ..new() }), CmsError::NoCertificate);
    assert_eq!(refused(Recipe { brings: vec![&maker], ..new() }), CmsError::NoCertificate);
    assert!(matches!(
        refused(Recipe { signed_type: SIGNED_DATA, ..new() }),
        CmsError::Malformed(_)
    ));
    assert!(matches!(refused(Recipe { hash: SHA_1, ..new() }), CmsError::Algorithm(_)));
    // The hash beside is another one than the way to sign names.
    let digest = digest(&SHA384, FILE).as_ref().to_vec();
    assert!(matches!(refused(Recipe { hash: SHA_384, digest, ..new() }), CmsError::Algorithm(_)));
    let mut behind = new().make();
    behind.push(0);
    assert!(matches!(check(&behind, &[&maker]), Err(CmsError::Malformed(_))));
    assert_eq!(check(&new().with_infos(&[]), &[&maker]), Err(CmsError::NoSigner));
    let many = new().info().repeat(5);
    assert!(matches!(check(&new().with_infos(&many), &[&maker]), Err(CmsError::Malformed(_))));
    assert!(matches!(check(&vec![0; SIGNATURE_MAX + 1], &[&maker]), Err(CmsError::Malformed(_))));
}

#[test]
fn of_several_who_signed_one_who_is_trusted_is_enough() {
    let (maker, stranger) = (authority("Maker CA"), authority("Stranger"));
    let (mine, other) = (signer(&maker), issued(params("other"), Some(&stranger)));
    let both = Recipe { brings: vec![&mine, &other], ..Recipe::new(&mine) };
    let infos = [Recipe::new(&other).info(), both.info()].concat();
    assert_eq!(check(&both.with_infos(&infos), &[&maker]), Ok("maker.example".to_owned()));
}

#[test]
fn certificates_are_read_as_pem_and_as_der() {
    let maker = authority("Maker CA");
    let pem = format!("text before\n{}", pem(&maker.der));
    assert_eq!(certificates(pem.as_bytes()), std::slice::from_ref(&maker.der));
    assert_eq!(certificates(&maker.der), std::slice::from_ref(&maker.der));
    assert!(certificates(b"nothing").is_empty());
}

fn pem(der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

#[test]
fn the_signature_of_a_real_maker_holds_at_its_time_and_over_its_bytes() {
    let corpus = std::env::var("CORDON_CORPUS").unwrap_or_else(|_| {
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpus").to_owned()
    });
    let folder = PathBuf::from(corpus).join("mud/mud-manager");
    let read = |name: &str| std::fs::read(folder.join(name)).ok();
    let (Some(signature), Some(file), Some(authority)) =
        (read("Luminaire_150.p7s"), read("Luminaire_150.json"), read("luminaire-cacert.pem"))
    else {
        println!("skipped: no corpus");
        return;
    };
    let trusted = certificates(&authority);
    let then = Timestamp::from_secs(1_546_300_800);
    let by = verify(&signature, &file, &trusted, then).unwrap();
    assert_eq!(by.name, "luminaire.example.com");
    let now = verify(&signature, &file, &trusted, NOW).unwrap_err();
    assert_eq!(
        now.to_string(),
        "expired: the certificate of O=Demo Luminaire Manufacturer ended on 2019-07-12T20:54:35Z"
    );
    for at in 0..file.len() {
        let mut changed = file.clone();
        changed[at] ^= 0x20;
        assert_eq!(
            verify(&signature, &changed, &trusted, then),
            Err(CmsError::Changed),
            "byte {at}"
        );
    }
    let lines = String::from_utf8(file.clone()).unwrap().replace('\n', "\r\n");
    assert_eq!(verify(&signature, lines.as_bytes(), &trusted, then), Err(CmsError::Changed));
    for at in 0..signature.len() {
        assert!(verify(&signature[..at], &file, &trusted, then).is_err());
    }
}
