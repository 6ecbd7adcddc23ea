//! JA4, the fingerprint of a TLS client.
//!
//! The parts are joined by `_`: what the hello offers in words, a hash of the sorted cipher
//! suites, a hash of the sorted extensions and of the signature algorithms in wire order.

use std::fmt::Write;

use cordon_model::{Text, fact::TlsVersion};
use sha2::{Digest, Sha256};

/// Extension number of the server name, which counts but is not hashed.
const SERVER_NAME: u16 = 0x0000;
/// Extension number of the application protocols, which count but are not hashed.
const ALPN: u16 = 0x0010;

/// What a ClientHello offers, as far as JA4 looks at it; GREASE may still be in the lists.
#[derive(Clone, Copy, Debug)]
pub struct Offer<'a> {
    /// Whether the hello came inside QUIC.
    pub quic: bool,
    /// Highest version offered.
    pub version: TlsVersion,
    /// Cipher suites in wire order.
    pub suites: &'a [u16],
    /// Extension numbers in wire order.
    pub extensions: &'a [u16],
    /// First application protocol, empty where there is none.
    pub alpn: &'a [u8],
    /// Signature algorithms in wire order.
    pub signatures: &'a [u16],
}

/// Whether a value is one of those reserved for keeping implementations tolerant (RFC 8701).
#[must_use]
pub const fn is_grease(value: u16) -> bool {
    let [high, low] = value.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

/// The fingerprint, such as `t13d1516h2_8daaf6152771_b186095e22b6`.
#[must_use]
pub fn ja4(offer: &Offer<'_>) -> Text {
    let suites = sorted(offer.suites, |_| true);
    let extensions = sorted(offer.extensions, |_| true);
    let hashed = sorted(offer.extensions, |number| number != SERVER_NAME && number != ALPN);
    let named = extensions.contains(&SERVER_NAME);
    let [first, last] = alpn_ends(offer.alpn);
    let mut print = Text::default();
    let written = write!(
        print,
        "{}{}{}{:02}{:02}{first}{last}_{}_{}",
        if offer.quic { 'q' } else { 't' },
        version(offer.version),
        if named { 'd' } else { 'i' },
        suites.len().min(99),
        extensions.len().min(99),
        hash(&suites, &[]),
        hash(&hashed, offer.signatures),
    );
    debug_assert!(written.is_ok(), "text takes every character");
    print
}

const fn version(version: TlsVersion) -> &'static str {
    match version.0 {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        0xfeff => "d1",
        0xfefd => "d2",
        0xfefc => "d3",
        _ => "00",
    }
}

fn sorted(values: &[u16], wanted: impl Fn(u16) -> bool) -> Vec<u16> {
    let mut sorted: Vec<u16> =
        values.iter().copied().filter(|value| !is_grease(*value) && wanted(*value)).collect();
    sorted.sort_unstable();
    sorted
}

/// First and last character of the protocol, or of its hexadecimal form where either is no
/// letter or digit.
fn alpn_ends(alpn: &[u8]) -> [char; 2] {
    let (Some(&first), Some(&last)) = (alpn.first(), alpn.last()) else {
        return ['0', '0'];
    };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return [char::from(first), char::from(last)];
    }
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    [digit(first >> 4), digit(last & 0x0f)]
}

/// The first twelve hexadecimal digits of SHA-256 over the list, or zeros for no list.
fn hash(list: &[u16], signatures: &[u16]) -> String {
    if list.is_empty() {
        return "0".repeat(12);
    }
    let mut text = joined(list);
    let signatures: Vec<u16> = signatures.iter().copied().filter(|s| !is_grease(*s)).collect();
    if !signatures.is_empty() {
        text.push('_');
        text.push_str(&joined(&signatures));
    }
    Sha256::digest(text.as_bytes()).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

fn joined(list: &[u16]) -> String {
    list.iter().map(|value| format!("{value:04x}")).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the published description.
    const SUITES: [u16; 16] = [
        0x1a1a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013,
        0xc014, 0x009c, 0x009d, 0x002f, 0x0035,
    ];
    const EXTENSIONS: [u16; 18] = [
        0x2a2a, 0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005, 0x0023,
        0x0012, 0x002b, 0xff01, 0x000b, 0x000a, 0x0015, 0xfafa,
    ];
    const SIGNATURES: [u16; 8] = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601];

    fn offer(alpn: &[u8]) -> Offer<'_> {
        Offer {
            quic: false,
            version: TlsVersion::TLS1_3,
            suites: &SUITES,
            extensions: &EXTENSIONS,
            alpn,
            signatures: &SIGNATURES,
        }
    }

    #[test]
    fn grease_is_ignored_and_lists_are_sorted() {
        assert_eq!(ja4(&offer(b"h2")), "t13d1516h2_8daaf6152771_e5627efa2ab1");
    }

    #[test]
    fn without_signature_algorithms_no_underscore_is_hashed() {
        let print = ja4(&Offer { signatures: &[], ..offer(b"h2") });
        assert!(print.ends_with("_6d807ffa2a79"), "{print}");
    }

    #[test]
    fn a_protocol_that_is_no_text_is_named_by_its_hexadecimal_form() {
        for (alpn, ends) in [
            (&b""[..], "00"),
            (b"q", "qq"),
            (b"http/1.1", "h1"),
            (&[0xab], "ab"),
            (&[0xab, 0xcd], "ad"),
            (&[0x30, 0xab], "3b"),
            (&[0x30, 0xab, 0xcd, 0x31], "01"),
        ] {
            assert_eq!(&ja4(&offer(alpn))[8..10], ends, "{alpn:?}");
        }
    }

    #[test]
    fn a_hello_with_nothing_in_it_has_zeros_for_hashes() {
        let empty = Offer { suites: &[], extensions: &[], signatures: &[], ..offer(b"") };
        assert_eq!(ja4(&empty), "t13i000000_000000000000_000000000000");
    }
}
