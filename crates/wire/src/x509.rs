//! X.509 certificates (RFC 5280): who a server says it is, and how strong its key is.

use std::{fmt::Write, net::IpAddr};

use cordon_model::{
    Text, Timestamp,
    fact::{Certificate, KeyAlgorithm},
};
use sha2::{Digest, Sha256};
use x509_parser::{
    asn1_rs::{Oid, Tag, oid},
    certificate::X509CertificateParser,
    extensions::{GeneralName, SubjectAlternativeName},
    nom::Parser,
    prelude::{FromDer, X509Certificate},
    public_key::PublicKey,
    x509::{AttributeTypeAndValue, SubjectPublicKeyInfo, X509Name},
};

use crate::dissect::{MAX_MUD_URL, some_text, text};

/// The longest distinguished name that is kept, in characters.
const MAX_NAME: usize = 512;
/// The longest single attribute or alternative name that is kept.
const MAX_VALUE: usize = 255;
/// More names than a device certificate has.
const MAX_NAMES: usize = 32;

/// id-pe-mud-url (RFC 8520, 11).
const MUD_URL: Oid<'_> = oid!(1.3.6.1.5.5.7.1.25);
const SUBJECT_ALT_NAME: Oid<'_> = oid!(2.5.29.17);
const COMMON_NAME: Oid<'_> = oid!(2.5.4.3);
const ORGANISATION: Oid<'_> = oid!(2.5.4.10);

/// Reads one certificate in DER; `None` where it is damaged or cut short.
#[must_use]
pub fn certificate(der: &[u8]) -> Option<Certificate> {
    let (_, parsed) =
        X509CertificateParser::new().with_deep_parse_extensions(false).parse(der).ok()?;
    let (key, key_bits) = key(parsed.public_key());
    let validity = parsed.validity();
    let (subject, issuer) = (parsed.subject(), parsed.issuer());
    Some(Certificate {
        subject: name(subject),
        common_name: attribute(subject, &COMMON_NAME),
        organisation: attribute(subject, &ORGANISATION),
        issuer: name(issuer),
        names: alternative_names(&parsed),
        not_before: Timestamp::from_secs(validity.not_before.timestamp()),
        not_after: Timestamp::from_secs(validity.not_after.timestamp()),
        key,
        key_bits,
        signature: signature_name(&parsed.signature_algorithm.algorithm),
        self_signed: subject.as_raw() == issuer.as_raw(),
        sha256: digest(der),
        key_sha256: digest(parsed.public_key().raw),
        mud_url: mud_url(&parsed),
    })
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// A distinguished name as RFC 4514 writes it: the last part first.
fn name(name: &X509Name<'_>) -> Text {
    let mut out = Text::default();
    let parts: Vec<_> = name.iter_rdn().collect();
    for (index, part) in parts.into_iter().rev().enumerate() {
        for (inner, attribute) in part.iter().enumerate() {
            match (index, inner) {
                (0, 0) => {}
                (_, 0) => out.push(','),
                _ => out.push('+'),
            }
            out.push_str(&attribute_name(attribute.attr_type()));
            out.push('=');
            escape(&value(attribute), &mut out);
            if out.len() > MAX_NAME {
                return out.chars().take(MAX_NAME).collect();
            }
        }
    }
    out
}

/// Escapes what has a meaning in the text form of a name (RFC 4514, 2.4).
fn escape(value: &str, out: &mut Text) {
    for (index, c) in value.chars().enumerate() {
        if c == '\0' {
            out.push_str("\\00");
            continue;
        }
        let first = index == 0 && c == '#';
        if first || matches!(c, '"' | '+' | ',' | ';' | '<' | '>' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
}

fn attribute(name: &X509Name<'_>, wanted: &Oid<'_>) -> Option<Text> {
    let found = name.iter_attributes().find(|attribute| attribute.attr_type() == wanted)?;
    Some(value(found)).filter(|value| !value.is_empty())
}

/// The text of an attribute in whichever string type it was written.
fn value(attribute: &AttributeTypeAndValue<'_>) -> Text {
    let bytes = attribute.as_slice();
    match attribute.attr_value().tag() {
        Tag::BmpString => {
            let units = bytes.as_chunks::<2>().0.iter().map(|pair| u16::from_be_bytes(*pair));
            let characters =
                char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER));
            characters.take(MAX_VALUE).collect()
        }
        Tag::T61String => bytes.iter().copied().map(char::from).take(MAX_VALUE).collect(),
        _ => text(bytes, MAX_VALUE),
    }
}

/// The short names of RFC 4514 and the two others in daily use; else the number.
fn attribute_name(oid: &Oid<'_>) -> Text {
    let known: [(Oid<'_>, &str); 12] = [
        (COMMON_NAME, "CN"),
        (oid!(2.5.4.7), "L"),
        (oid!(2.5.4.8), "ST"),
        (ORGANISATION, "O"),
        (oid!(2.5.4.11), "OU"),
        (oid!(2.5.4.6), "C"),
        (oid!(2.5.4.9), "STREET"),
        (oid!(0.9.2342.19200300.100.1.25), "DC"),
        (oid!(0.9.2342.19200300.100.1.1), "UID"),
        (oid!(2.5.4.5), "serialNumber"),
        (oid!(2.5.4.4), "SN"),
        (oid!(1.2.840.113549.1.9.1), "emailAddress"),
    ];
    named(oid, &known)
}

/// The name of a signature algorithm (RFC 3279, 4055, 5758, 8410).
fn signature_name(oid: &Oid<'_>) -> Text {
    let known: [(Oid<'_>, &str); 19] = [
        (oid!(1.2.840.113549.1.1.2), "md2WithRSAEncryption"),
        (oid!(1.2.840.113549.1.1.3), "md4WithRSAEncryption"),
        (oid!(1.2.840.113549.1.1.4), "md5WithRSAEncryption"),
        (oid!(1.2.840.113549.1.1.5), "sha1WithRSAEncryption"),
        (oid!(1.3.14.3.2.29), "sha1WithRSAEncryption"),
        (oid!(1.2.840.113549.1.1.10), "rsassaPss"),
        (oid!(1.2.840.113549.1.1.11), "sha256WithRSAEncryption"),
        (oid!(1.2.840.113549.1.1.12), "sha384WithRSAEncryption"),
        (oid!(1.2.840.113549.1.1.13), "sha512WithRSAEncryption"),
        (oid!(1.2.840.113549.1.1.14), "sha224WithRSAEncryption"),
        (oid!(1.2.840.10040.4.3), "dsa-with-sha1"),
        (oid!(2.16.840.1.101.3.4.3.2), "dsa-with-sha256"),
        (oid!(1.2.840.10045.4.1), "ecdsa-with-SHA1"),
        (oid!(1.2.840.10045.4.3.1), "ecdsa-with-SHA224"),
        (oid!(1.2.840.10045.4.3.2), "ecdsa-with-SHA256"),
        (oid!(1.2.840.10045.4.3.3), "ecdsa-with-SHA384"),
        (oid!(1.2.840.10045.4.3.4), "ecdsa-with-SHA512"),
        (oid!(1.3.101.112), "Ed25519"),
        (oid!(1.3.101.113), "Ed448"),
    ];
    named(oid, &known)
}

fn named(oid: &Oid<'_>, known: &[(Oid<'_>, &str)]) -> Text {
    match known.iter().find(|(listed, _)| listed == oid) {
        Some((_, name)) => Text::from(*name),
        None => {
            let mut number = Text::default();
            let written = write!(number, "{oid}");
            debug_assert!(written.is_ok(), "text takes every character");
            number.chars().take(MAX_VALUE).collect()
        }
    }
}

fn alternative_names(parsed: &X509Certificate<'_>) -> Vec<Text> {
    let extension = parsed.extensions().iter().find(|extension| extension.oid == SUBJECT_ALT_NAME);
    let Some((_, list)) =
        extension.and_then(|extension| SubjectAlternativeName::from_der(extension.value).ok())
    else {
        return Vec::new();
    };
    list.general_names.iter().filter_map(alternative_name).take(MAX_NAMES).collect()
}

fn alternative_name(name: &GeneralName<'_>) -> Option<Text> {
    match name {
        GeneralName::DNSName(name) | GeneralName::URI(name) => {
            some_text(name.as_bytes(), MAX_VALUE)
        }
        GeneralName::IPAddress(bytes) => {
            let address = match (<[u8; 4]>::try_from(*bytes), <[u8; 16]>::try_from(*bytes)) {
                (Ok(four), _) => IpAddr::from(four),
                (_, Ok(sixteen)) => IpAddr::from(sixteen),
                _ => return None,
            };
            Some(address.to_string().into())
        }
        _ => None,
    }
}

/// The URL inside the extension is an IA5String; some write it bare.
fn mud_url(parsed: &X509Certificate<'_>) -> Option<Text> {
    let value = parsed.extensions().iter().find(|extension| extension.oid == MUD_URL)?.value;
    let bare = match value {
        [0x16, length, url @ ..] if usize::from(*length) == url.len() => url,
        [0x16, 0x81, length, url @ ..] if usize::from(*length) == url.len() => url,
        [0x16, 0x82, high, low, url @ ..]
            if usize::from(u16::from_be_bytes([*high, *low])) == url.len() =>
        {
            url
        }
        other => other,
    };
    some_text(bare, MAX_MUD_URL)
}

/// Algorithm and size in bits of a public key.
fn key(info: &SubjectPublicKeyInfo<'_>) -> (KeyAlgorithm, u32) {
    let algorithm = &info.algorithm.algorithm;
    if *algorithm == oid!(1.3.101.112) {
        return (KeyAlgorithm::Ed, 256);
    }
    if *algorithm == oid!(1.3.101.113) {
        return (KeyAlgorithm::Ed, 456);
    }
    match info.parsed() {
        Ok(PublicKey::RSA(key)) => (KeyAlgorithm::Rsa, bits(key.modulus)),
        Ok(PublicKey::EC(point)) => {
            let size = u32::try_from(point.key_size()).unwrap_or(0);
            // Half of an uncompressed point is the field; that of P-521 has seven bits to spare.
            (KeyAlgorithm::Ec, if size == 528 { 521 } else { size })
        }
        Ok(PublicKey::DSA(public)) => (KeyAlgorithm::Dsa, dsa_bits(info).unwrap_or(bits(public))),
        Err(_) if *algorithm == oid!(1.2.840.113549.1.1.1) => (KeyAlgorithm::Rsa, 0),
        _ => (KeyAlgorithm::Other, 0),
    }
}

/// The size of a DSA key is that of its prime, the first of the parameters.
fn dsa_bits(info: &SubjectPublicKeyInfo<'_>) -> Option<u32> {
    let parameters = info.algorithm.parameters.as_ref()?;
    let (_, prime) = x509_parser::asn1_rs::Any::from_der(parameters.data).ok()?;
    Some(bits(prime.data))
}

/// Bits of a big-endian number.
fn bits(number: &[u8]) -> u32 {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let Some(top) = number.get(zeros) else { return 0 };
    let bytes = u32::try_from(number.len() - zeros).unwrap_or(0);
    bytes.saturating_mul(8).saturating_sub(top.leading_zeros())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A DER value with tag and length.
    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = content.len();
        let mut out = vec![tag];
        match length {
            0..=127 => out.push(length as u8),
            128..=255 => out.extend([0x81, length as u8]),
            _ => out.extend([0x82, (length >> 8) as u8, length as u8]),
        }
        out.extend_from_slice(content);
        out
    }

    fn list(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
        der(tag, &parts.concat())
    }

    fn rdn(oid: &[u8], tag: u8, value: &[u8]) -> Vec<u8> {
        list(0x31, &[list(0x30, &[der(6, oid), der(tag, value)])])
    }

    const SHA1_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5];
    const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];

    fn extension(oid: &[u8], value: &[u8]) -> Vec<u8> {
        list(0x30, &[der(6, oid), der(4, value)])
    }

    /// A self-signed certificate of a camera with a 1024-bit key.
    fn camera() -> Vec<u8> {
        camera_with(&der(0x16, b"https://mud.example/cam.json"))
    }

    fn camera_with(mud: &[u8]) -> Vec<u8> {
        let algorithm = list(0x30, &[der(6, SHA1_RSA), der(5, &[])]);
        let name = list(
            0x30,
            &[
                rdn(&[0x55, 4, 6], 0x13, b"DE"),
                rdn(&[0x55, 4, 10], 0x0c, b"Acme, Inc"),
                rdn(&[0x55, 4, 3], 0x1e, &[0, b'c', 0, b'a', 0, b'm']),
            ],
        );
        let validity = list(0x30, &[der(0x17, b"100101000000Z"), der(0x17, b"200101000000Z")]);
        let mut modulus = vec![0, 0x80];
        modulus.extend([1; 127]);
        let mut bits = vec![0];
        bits.extend(list(0x30, &[der(2, &modulus), der(2, &[1, 0, 1])]));
        let key = list(0x30, &[list(0x30, &[der(6, RSA), der(5, &[])]), der(3, &bits)]);
        let names = list(0x30, &[der(0x82, b"cam.example"), der(0x87, &[10, 0, 0, 7])]);
        let extensions = der(
            0xa3,
            &list(
                0x30,
                &[
                    extension(&[0x55, 0x1d, 17], &names),
                    extension(&[0x2b, 6, 1, 5, 5, 7, 1, 25], mud),
                ],
            ),
        );
        let body = list(
            0x30,
            &[
                der(0xa0, &der(2, &[2])),
                der(2, &[5]),
                algorithm.clone(),
                name.clone(),
                validity,
                name,
                key,
                extensions,
            ],
        );
        list(0x30, &[body, algorithm, der(3, &[0, 1, 2, 3])])
    }

    #[test]
    fn every_field_of_a_certificate_is_read() {
        let certificate = certificate(&camera()).unwrap();
        assert_eq!(certificate.subject, "CN=cam,O=Acme\\, Inc,C=DE");
        assert_eq!(certificate.issuer, certificate.subject);
        assert!(certificate.self_signed);
        assert_eq!(certificate.common_name.as_deref(), Some("cam"));
        assert_eq!(certificate.organisation.as_deref(), Some("Acme, Inc"));
        assert_eq!(certificate.names, ["cam.example", "10.0.0.7"]);
        assert_eq!(certificate.not_before.to_string(), "2010-01-01T00:00:00Z");
        assert_eq!(certificate.not_after.to_string(), "2020-01-01T00:00:00Z");
        assert_eq!((certificate.key, certificate.key_bits), (KeyAlgorithm::Rsa, 1024));
        assert_eq!(certificate.signature, "sha1WithRSAEncryption");
        assert_eq!(certificate.mud_url.as_deref(), Some("https://mud.example/cam.json"));
    }

    #[test]
    fn a_mud_url_is_read_in_every_form_of_length() {
        for length in [9, 127, 128, 255, 256, 400] {
            let url = format!("https://m/{}", "a".repeat(length));
            let certificate = certificate(&camera_with(&der(0x16, url.as_bytes()))).unwrap();
            assert_eq!(certificate.mud_url.as_deref(), Some(url.as_str()));
        }
        let bare = certificate(&camera_with(b"https://m/bare")).unwrap();
        assert_eq!(bare.mud_url.as_deref(), Some("https://m/bare"));
    }

    #[test]
    fn a_name_with_a_nul_inside_cannot_pass_for_a_shorter_one() {
        let mut escaped = Text::default();
        escape("bank.example\0.evil, #x", &mut escaped);
        assert_eq!(escaped, "bank.example\\00.evil\\, #x");
    }

    #[test]
    fn a_certificate_cut_or_changed_anywhere_is_harmless() {
        let whole = camera();
        for end in 0..whole.len() {
            assert!(certificate(&whole[..end]).is_none());
        }
        for index in 0..whole.len() {
            let mut changed = whole.clone();
            changed[index] ^= 0xff;
            let _ = certificate(&changed);
        }
    }
}
