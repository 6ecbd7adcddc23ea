//! Trust anchors of a TLS profile (RFC 9761, `accept-list-ta-cert`): the certificates in a CMS
//! structure that carries nothing else (RFC 9640, RFC 5652, 5.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Most certificates of one structure.
const MAX_CERTIFICATES: usize = 16;
/// id-signedData (RFC 5652, 5.1).
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];

const OID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
/// `[0]`, constructed.
const FIRST: u8 = 0xa0;

/// The certificates of a trust anchor as a file has it, in DER; none where it cannot be read. A
/// bare certificate is taken, too.
#[must_use]
pub fn anchor_certificates(text: &str) -> Option<Vec<Vec<u8>>> {
    let plain: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let der = STANDARD.decode(plain).ok()?;
    let (outer, rest) = Element::read(&der)?;
    if outer.tag != SEQUENCE || !rest.is_empty() {
        return None;
    }
    let (first, content) = Element::read(outer.value)?;
    match first.tag {
        // A certificate begins with what is signed of it.
        SEQUENCE => Some(vec![outer.whole.to_vec()]),
        OID if first.value == SIGNED_DATA => certificates(content),
        _ => None,
    }
}

fn certificates(content: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (explicit, _) = Element::read(content).filter(|(one, _)| one.tag == FIRST)?;
    let (signed, _) = Element::read(explicit.value).filter(|(one, _)| one.tag == SEQUENCE)?;
    let mut rest = signed.value;
    while let Some((part, next)) = Element::read(rest) {
        rest = next;
        if part.tag != FIRST {
            continue;
        }
        let mut found = Vec::new();
        let mut list = part.value;
        while !list.is_empty() {
            let (one, next) = Element::read(list)?;
            if one.tag != SEQUENCE || found.len() == MAX_CERTIFICATES {
                return None;
            }
            found.push(one.whole.to_vec());
            list = next;
        }
        return (!found.is_empty()).then_some(found);
    }
    None
}

/// One element of DER (X.690), of a definite length.
struct Element<'a> {
    tag: u8,
    value: &'a [u8],
    whole: &'a [u8],
}

impl<'a> Element<'a> {
    /// The first element, and what follows it.
    fn read(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (tag, length, head) = match bytes {
            [tag, length @ ..=0x7f, ..] => (*tag, usize::from(*length), 2),
            [tag, 0x81, length, ..] => (*tag, usize::from(*length), 3),
            [tag, 0x82, high, low, ..] => (*tag, usize::from(u16::from_be_bytes([*high, *low])), 4),
            _ => return None,
        };
        let (whole, rest) = bytes.split_at_checked(head + length)?;
        Some((Element { tag, value: whole.get(head..)?, whole }, rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let value = parts.concat();
        let length = value.len() as u16;
        let head = match length {
            ..0x80 => vec![tag, length as u8],
            0x80..0x100 => vec![tag, 0x81, length as u8],
            _ => [&[tag, 0x82][..], &length.to_be_bytes()].concat(),
        };
        [head, value].concat()
    }

    /// SignedData of nobody, with these certificates.
    fn cms(certificates: &[&[u8]]) -> Vec<u8> {
        let data = der(SEQUENCE, &[&der(OID, &[&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1]])]);
        let signed = der(
            SEQUENCE,
            &[&[2, 1, 1], &der(0x31, &[]), &data, &der(FIRST, certificates), &der(0x31, &[])],
        );
        der(SEQUENCE, &[&der(OID, &[SIGNED_DATA]), &der(FIRST, &[&signed])])
    }

    fn read(der: &[u8]) -> Option<Vec<Vec<u8>>> {
        anchor_certificates(&STANDARD.encode(der))
    }

    #[test]
    fn the_certificates_of_a_structure_are_found_in_order() {
        let short = der(SEQUENCE, &[&der(SEQUENCE, &[&[2, 1, 5]])]);
        let long = der(SEQUENCE, &[&der(SEQUENCE, &[&[0; 400]])]);
        assert_eq!(read(&cms(&[&short, &long])), Some(vec![short.clone(), long.clone()]));
        assert_eq!(read(&long), Some(vec![long.clone()]), "a bare one");
        let lines: String =
            STANDARD.encode(cms(&[&short])).chars().flat_map(|c| [c, '\n']).collect();
        assert_eq!(anchor_certificates(&lines), Some(vec![short]));
    }

    #[test]
    fn what_is_no_such_structure_is_none_and_never_a_crash() {
        let one = der(SEQUENCE, &[&der(SEQUENCE, &[&[2, 1, 5]])]);
        let whole = cms(&[&one]);
        for end in 0..whole.len() {
            assert_eq!(read(&whole[..end]), None, "cut at {end}");
        }
        assert_eq!(read(&cms(&[])), None, "no certificate");
        assert_eq!(read(&cms(&[&[4, 1, 0]])), None, "something else");
        assert_eq!(read(&cms(&vec![&one[..]; MAX_CERTIFICATES + 1])), None, "too many");
        assert_eq!(read(&[whole, vec![0]].concat()), None, "something behind it");
        assert_eq!(anchor_certificates("not base64!"), None);
        assert_eq!(read(&[0x30, 0x80, 0x30, 0, 0, 0]), None, "an indefinite length");
    }
}
