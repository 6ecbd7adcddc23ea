//! Long headers (RFC 8999, 5.1; RFC 9000, 17.2; RFC 9369, 3.2).

use super::keys::Derivation;
use crate::Reader;

/// The longest connection id of any known version.
pub const MAX_CID: usize = 20;

/// A QUIC version by its wire number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Version(pub u32);

/// What is known of a version.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Family {
    /// Version negotiation.
    Negotiation,
    /// Can be decrypted.
    Open(Derivation),
    /// Recognised, not decrypted: old drafts, Google's versions, reserved ones.
    Closed,
}

impl Version {
    /// Version 1 (RFC 9000).
    pub const V1: Version = Version(1);
    /// Version 2 (RFC 9369).
    pub const V2: Version = Version(0x6b33_43cf);

    /// What is known of it; `None` for a number that nobody uses.
    #[must_use]
    pub fn family(self) -> Option<Family> {
        match self {
            Version(0) => return Some(Family::Negotiation),
            Version::V1 => return Some(Family::Open(Derivation::V1)),
            Version::V2 => return Some(Family::Open(Derivation::V2)),
            _ => {}
        }
        match self.0 {
            0xff00_0017..=0xff00_001c => Some(Family::Open(Derivation::DRAFT_23)),
            0xff00_001d..=0xff00_0020 => Some(Family::Open(Derivation::DRAFT_29)),
            0xff00_0021..=0xff00_0022 => Some(Family::Open(Derivation::V1)),
            // Older drafts, mvfst, and the versions reserved to keep peers tolerant.
            0xff00_0001..=0xff00_0016 | 0xface_b000..=0xface_b0ff => Some(Family::Closed),
            other if other & 0x0f0f_0f0f == 0x0a0a_0a0a => Some(Family::Closed),
            other => is_google(other.to_be_bytes()).then_some(Family::Closed),
        }
    }
}

/// `Q046`, `T051` and their like.
#[must_use]
pub fn is_google(version: [u8; 4]) -> bool {
    let [letter, digits @ ..] = version;
    matches!(letter, b'Q' | b'T') && digits.iter().all(u8::is_ascii_digit)
}

/// What a packet with a long header is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Initial.
    Initial,
    /// Retry: the client begins anew with another id.
    Retry,
    /// 0-RTT or Handshake, under keys that a listener cannot have.
    Sealed,
    /// Version negotiation.
    Negotiation,
    /// Of a version whose layout is not known here.
    Foreign,
}

/// A packet with a long header.
#[derive(Clone, Copy, Debug)]
pub struct Long<'a> {
    /// Version.
    pub version: Version,
    /// What it is.
    pub kind: Kind,
    /// Destination connection id.
    pub destination: &'a [u8],
    /// The whole packet, as far as it was captured.
    pub bytes: &'a [u8],
    /// Where in `bytes` the packet number begins.
    pub number_at: usize,
    /// Whether all of it was captured.
    pub whole: bool,
}

impl<'a> Long<'a> {
    /// Reads the packet at the front of a datagram and leaves those coalesced behind it.
    pub fn read(reader: &mut Reader<'a>) -> Option<Long<'a>> {
        let mut ahead = *reader;
        let start = ahead.rest();
        let first = ahead.u8()?;
        let version = Version(ahead.u32()?);
        let family = version.family()?;
        if first & 0x80 == 0 || first & 0x40 == 0 && family != Family::Negotiation {
            return None;
        }
        // Where the layout is not known, not even the ids are.
        let ids = family != Family::Closed;
        let destination = if ids { cid(&mut ahead)? } else { &[] };
        if ids {
            cid(&mut ahead)?;
        }
        let kind = kind(first, version, family);
        let mut long = Long {
            version,
            kind,
            destination,
            bytes: start,
            number_at: start.len() - ahead.len(),
            whole: true,
        };
        match kind {
            Kind::Initial | Kind::Sealed => {
                if kind == Kind::Initial {
                    let token = usize::try_from(varint(&mut ahead)?).ok()?;
                    ahead.skip(token)?;
                }
                let length = usize::try_from(varint(&mut ahead)?).ok()?;
                long.number_at = start.len() - ahead.len();
                long.whole = ahead.skip(length).is_some();
                if !long.whole {
                    ahead.skip(ahead.len());
                }
                let used = start.len() - ahead.len();
                long.bytes = start.get(..used)?;
            }
            Kind::Retry | Kind::Negotiation | Kind::Foreign => {
                ahead.skip(ahead.len());
            }
        }
        *reader = ahead;
        Some(long)
    }
}

fn kind(first: u8, version: Version, family: Family) -> Kind {
    let number = first >> 4 & 3;
    match family {
        Family::Negotiation => return Kind::Negotiation,
        Family::Closed => return Kind::Foreign,
        Family::Open(_) => {}
    }
    // Version 2 turns the numbers round by one.
    let number = if version == Version::V2 { number.wrapping_sub(1) & 3 } else { number };
    match number {
        0 => Kind::Initial,
        3 => Kind::Retry,
        _ => Kind::Sealed,
    }
}

fn cid<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = usize::from(reader.u8()?);
    if length > MAX_CID {
        return None;
    }
    reader.take(length)
}

/// A number of one to eight bytes (RFC 9000, 16).
pub fn varint(reader: &mut Reader<'_>) -> Option<u64> {
    let mut ahead = *reader;
    let first = ahead.u8()?;
    let more = (1_usize << (first >> 6)) - 1;
    let tail = ahead.take(more)?;
    let start = u64::from(first & 0x3f);
    *reader = ahead;
    Some(tail.iter().fold(start, |value, byte| value << 8 | u64::from(*byte)))
}
