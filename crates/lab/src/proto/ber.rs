//! BER (X.690), as far as SNMP needs it.

use crate::bytes::Bytes;

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTETS: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OBJECT_ID: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const TICKS: u8 = 0x43;

/// A value behind its tag and length.
pub(crate) fn value(tag: u8, content: impl AsRef<[u8]>) -> Bytes {
    let content = content.as_ref();
    let bytes = Bytes::new().u8(tag);
    let bytes = match u8::try_from(content.len()) {
        Ok(short) if short < 128 => bytes.u8(short),
        Ok(long) => bytes.put([0x81, long]),
        Err(_) => bytes.u8(0x82).u16(u16::try_from(content.len()).unwrap_or(u16::MAX)),
    };
    bytes.put(content)
}

/// Values one behind the other, as one.
pub(crate) fn sequence(tag: u8, parts: impl IntoIterator<Item = Bytes>) -> Bytes {
    value(tag, Bytes::new().each(parts, |bytes, part| bytes.put(part)))
}

/// A non-negative integer in as few bytes as it needs.
pub(crate) fn unsigned(tag: u8, number: u32) -> Bytes {
    let bytes = u64::from(number).to_be_bytes();
    let spare =
        bytes.windows(2).take_while(|pair| matches!(pair, [0, next] if *next < 128)).count();
    value(tag, bytes.get(spare..).unwrap_or(&bytes))
}

/// An object identifier from its dotted form; wrong parts count as zero.
pub(crate) fn object_id(dotted: &str) -> Bytes {
    let mut arcs = dotted.split('.').map(|arc| arc.parse::<u32>().unwrap_or(0));
    let first = arcs.next().unwrap_or(0) * 40 + arcs.next().unwrap_or(0);
    let content = std::iter::once(first).chain(arcs).fold(Bytes::new(), |bytes, arc| {
        let mut groups: Vec<u8> = Vec::new();
        let mut rest = arc;
        loop {
            let low = u8::try_from(rest & 0x7f).unwrap_or(0);
            groups.push(if groups.is_empty() { low } else { low | 0x80 });
            rest >>= 7;
            if rest == 0 {
                break;
            }
        }
        groups.reverse();
        bytes.put(groups)
    });
    value(OBJECT_ID, content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_object_ids_take_the_fewest_bytes() {
        assert_eq!(unsigned(INTEGER, 0).done(), [2, 1, 0]);
        assert_eq!(unsigned(INTEGER, 200).done(), [2, 2, 0, 200]);
        assert_eq!(object_id("1.3.6.1.4.1.4196").done(), [6, 7, 0x2b, 6, 1, 4, 1, 0xa0, 0x64]);
    }
}
