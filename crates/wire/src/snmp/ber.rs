//! As much of BER (X.690) as SNMP uses: definite lengths, low tag numbers.

use std::fmt::Write;

use cordon_model::Text;

use crate::Reader;

/// Tags (RFC 3416, 3; X.690, 8).
pub mod tag {
    /// INTEGER.
    pub const INTEGER: u8 = 0x02;
    /// OCTET STRING.
    pub const OCTETS: u8 = 0x04;
    /// OBJECT IDENTIFIER.
    pub const OBJECT: u8 = 0x06;
    /// SEQUENCE.
    pub const SEQUENCE: u8 = 0x30;
}

/// More bytes of a long tag are not followed.
const MAX_TAG_BYTES: usize = 5;
/// The longest object identifier in SNMP, in numbers (RFC 2578, 3.5).
const MAX_NUMBERS: usize = 128;

/// The next element: its tag and content. Content cut by the capture is given as far as it goes
/// where `cut` allows it.
pub fn element<'a>(reader: &mut Reader<'a>, cut: bool) -> Option<(u8, Reader<'a>)> {
    let mut ahead = *reader;
    let tag = tag_byte(&mut ahead)?;
    let length = match ahead.u8()? {
        short @ 0..=0x7f => usize::from(short),
        long @ 0x81..=0x84 => {
            let bytes = ahead.take(usize::from(long & 0x7f))?;
            bytes.iter().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte))
        }
        _ => return None,
    };
    let length = if cut { length.min(ahead.len()) } else { length };
    let content = ahead.sub(length)?;
    *reader = ahead;
    Some((tag, content))
}

/// The tag as one byte. Small numbers may be written the long way (X.690, 8.1.2.4), which some
/// do to slip past those who watch.
fn tag_byte(reader: &mut Reader<'_>) -> Option<u8> {
    let first = reader.u8()?;
    if first & 0x1f != 0x1f {
        return Some(first);
    }
    for _ in 0..MAX_TAG_BYTES {
        let byte = reader.u8()?;
        if byte & 0x80 == 0 {
            return (byte < 0x1f).then_some(first & 0xe0 | byte);
        }
        // Leading zeros only: no tag of SNMP needs more than five bits.
        if byte & 0x7f > 1 {
            return None;
        }
    }
    None
}

/// The content of the next element, if it has this tag.
pub fn expect<'a>(reader: &mut Reader<'a>, wanted: u8) -> Option<Reader<'a>> {
    let mut ahead = *reader;
    let (tag, content) = element(&mut ahead, false)?;
    if tag != wanted {
        return None;
    }
    *reader = ahead;
    Some(content)
}

/// The next element as a small number that is not negative.
pub fn number(reader: &mut Reader<'_>) -> Option<u32> {
    let content = expect(reader, tag::INTEGER)?;
    let bytes = content.rest();
    let negative = bytes.first().is_none_or(|first| first & 0x80 != 0);
    if negative || bytes.len() > 5 {
        return None;
    }
    let value = bytes.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    u32::try_from(value).ok()
}

/// An object identifier in dotted form (X.690, 8.19).
#[must_use]
pub fn dotted(content: &[u8]) -> Option<Text> {
    let mut out = Text::default();
    let (mut value, mut count) = (0_u32, 0);
    for byte in content {
        value = value.checked_mul(128)?.checked_add(u32::from(byte & 0x7f))?;
        if byte & 0x80 != 0 {
            continue;
        }
        let written = if count == 0 {
            let first = (value / 40).min(2);
            write!(out, "{first}.{}", value - first * 40)
        } else {
            write!(out, ".{value}")
        };
        written.ok()?;
        count += 1;
        if count == MAX_NUMBERS {
            return None;
        }
        value = 0;
    }
    let whole = content.last().is_some_and(|last| last & 0x80 == 0);
    whole.then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_identifiers_are_written_with_dots() {
        let cases: [(&[u8], Option<&str>); 5] = [
            (&[0x2b, 6, 1, 2, 1, 1, 1, 0], Some("1.3.6.1.2.1.1.1.0")),
            (&[0x2b, 6, 1, 4, 1, 0x82, 0x37], Some("1.3.6.1.4.1.311")),
            (&[0x88, 0x37, 1], Some("2.999.1")),
            (&[0x2b, 0x86], None),
            (&[], None),
        ];
        for (content, wanted) in cases {
            assert_eq!(dotted(content).as_deref(), wanted, "{content:?}");
        }
        assert_eq!(dotted(&[0xff; 20]), None);
    }

    #[test]
    fn a_tag_written_the_long_way_is_the_same_tag() {
        let (tag, _) = element(&mut Reader::new(&[0xbf, 0x80, 0x04, 0]), false).unwrap();
        assert_eq!(tag, 0xa4);
        assert!(element(&mut Reader::new(&[0xbf, 0x1f, 0]), false).is_none());
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        for bytes in [&[4, 5, 1][..], &[4, 0x80, 0, 0], &[4, 0x85, 0, 0, 0, 0, 1, 1], &[4]] {
            assert!(element(&mut Reader::new(bytes), false).is_none(), "{bytes:?}");
        }
        let (_, cut) = element(&mut Reader::new(&[4, 5, 1]), true).unwrap();
        assert_eq!(cut.rest(), [1]);
    }
}
