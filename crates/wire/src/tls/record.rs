//! The record layer (RFC 8446, 5.1) and how to tell it from anything else.

use crate::{Guess, Reader};

/// Content types.
pub mod kind {
    /// change_cipher_spec.
    pub const CHANGE_CIPHER_SPEC: u8 = 20;
    /// alert.
    pub const ALERT: u8 = 21;
    /// handshake.
    pub const HANDSHAKE: u8 = 22;
    /// application_data.
    pub const APPLICATION_DATA: u8 = 23;
    /// heartbeat (RFC 6520).
    pub const HEARTBEAT: u8 = 24;
}

/// The most that a protected record may hold (RFC 5246, 6.2.3).
const MAX_RECORD: u16 = (1 << 14) + 2048;
/// A handshake message longer than this is none.
const MAX_CLAIM: u32 = 256 * 1024;

/// The head of a record and how much of the record is still to come.
#[derive(Clone, Copy, Debug)]
pub struct Header {
    /// Content type.
    pub kind: u8,
    /// Length of the content in bytes.
    pub length: u16,
    /// How much of it is still to come.
    pub left: u16,
}

impl Header {
    /// Reads a head; takes nothing where there is none or it is no TLS.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let mut ahead = *reader;
        let (kind, version, length) = (ahead.u8()?, ahead.u16()?, ahead.u16()?);
        if !is_plausible(kind, version, length) {
            return None;
        }
        *reader = ahead;
        Some(Header { kind, length, left: length })
    }

    /// Whether the record holds just one hello in clear text, as the front of its content tells.
    pub fn begins_a_hello(&self, content: &[u8]) -> bool {
        let mut reader = Reader::new(content);
        let (kind, length, major) = (reader.u8(), reader.u24(), reader.u8());
        self.kind == kind::HANDSHAKE
            && matches!(kind, Some(1 | 2))
            && length.is_some_and(|length| length + 4 == u32::from(self.length))
            && major == Some(3)
    }
}

/// Judges bytes where a record should begin.
#[must_use]
pub fn recognise(data: &[u8]) -> Guess {
    let mut reader = Reader::new(data);
    let Some(header) = Header::read(&mut reader) else {
        return if could_begin(data) { Guess::More } else { Guess::No };
    };
    let content = match header.kind {
        kind::HANDSHAKE => handshake(reader),
        kind::ALERT if header.length == 2 => alert(reader),
        kind::CHANGE_CIPHER_SPEC => reader.u8().map_or(Guess::Fits, |one| fits(one == 1)),
        _ => Guess::Fits,
    };
    if content != Guess::Fits {
        return content;
    }
    // A second record where the first one ends leaves no doubt.
    match reader.skip(usize::from(header.length)).map(|()| Header::read(&mut reader)) {
        Some(Some(_)) => Guess::Sure,
        Some(None) if reader.len() >= 5 => Guess::No,
        _ => Guess::Fits,
    }
}

fn is_plausible(kind: u8, version: u16, length: u16) -> bool {
    let length_fits = match kind {
        kind::CHANGE_CIPHER_SPEC => length == 1,
        kind::ALERT => (2..=512).contains(&length),
        kind::APPLICATION_DATA => length <= MAX_RECORD,
        kind::HANDSHAKE | kind::HEARTBEAT => (1..=MAX_RECORD).contains(&length),
        _ => false,
    };
    length_fits && (0x0300..=0x0304).contains(&version)
}

/// Whether too short a piece could be the front of a record.
fn could_begin(data: &[u8]) -> bool {
    let mut reader = Reader::new(data);
    let (kind, major, minor) = (reader.u8(), reader.u8(), reader.u8());
    data.len() < 5
        && kind.is_none_or(|kind| (20..=24).contains(&kind))
        && major.is_none_or(|major| major == 3)
        && minor.is_none_or(|minor| minor <= 4)
}

/// The front of a handshake record: a known message, or one that may be encrypted.
fn handshake(mut reader: Reader<'_>) -> Guess {
    let Some(kind) = reader.u8() else { return Guess::More };
    let (length, version) = (reader.u24(), reader.u16());
    let hello = matches!(kind, 1 | 2);
    match (length, version) {
        (Some(length), _) if length > MAX_CLAIM => Guess::Fits,
        (Some(_), Some(version)) if hello => {
            if version >> 8 == 3 || version >> 8 == 0x7f {
                Guess::Sure
            } else {
                Guess::Fits
            }
        }
        _ if hello => Guess::More,
        _ => Guess::Fits,
    }
}

fn alert(mut reader: Reader<'_>) -> Guess {
    reader.u8().map_or(Guess::Fits, |level| fits(matches!(level, 1 | 2)))
}

const fn fits(good: bool) -> Guess {
    if good { Guess::Fits } else { Guess::No }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_protocols_are_not_taken_for_records() {
        for bytes in [
            &b"GET / HTTP/1.1\r\n"[..],
            b"\x16\x02\x01\x00\x10\x01\x00\x00\x0c\x03\x01",
            b"\x17\x03\x03\xff\xff\x00\x00",
            b"\x14\x03\x03\x00\x02\x01\x01",
            b"\x17\x03\x03\x00\x01\x00\x99\x99\x99\x99\x99",
        ] {
            assert_eq!(recognise(bytes), Guess::No, "{bytes:?}");
        }
    }

    #[test]
    fn a_few_bytes_wait_for_more() {
        assert_eq!(recognise(&[]), Guess::More);
        assert_eq!(recognise(&[22, 3]), Guess::More);
        assert_eq!(recognise(&[22, 4]), Guess::No);
        assert_eq!(recognise(&[22, 3, 1, 2, 0, 1]), Guess::More);
    }
}
