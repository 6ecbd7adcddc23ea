//! What capture drivers put in front of an 802.11 frame.

use cordon_model::LinkType;

use crate::Reader;

/// Length of the frame check sequence behind a frame.
const CHECKSUM: usize = 4;
/// Prism headers are 144 octets in all drivers; more is damage.
const MAX_PRISM: u32 = 512;

/// The 802.11 frame behind a radiotap, Prism, AVS or PPI header, management frames without their
/// checksum where the header says that there is one; bare frames as they are. None where the header is malformed,
/// the link type is another, or the driver found the checksum wrong.
#[must_use]
pub fn strip_header(link: LinkType, bytes: &[u8]) -> Option<&[u8]> {
    match link {
        LinkType::IEEE802_11 => Some(bytes),
        LinkType::RADIOTAP => radiotap(bytes),
        LinkType::PRISM | LinkType::AVS => prism_or_avs(bytes),
        LinkType::PPI => ppi(bytes),
        _ => None,
    }
}

/// <https://www.radiotap.org>: version, length and chained words of presence bits, then the
/// fields, of which only the first two tell something about the framing.
fn radiotap(bytes: &[u8]) -> Option<&[u8]> {
    const TIME: u32 = 1 << 0;
    const FLAGS: u32 = 1 << 1;
    const MORE_WORDS: u32 = 1 << 31;
    const HAS_CHECKSUM: u8 = 0x10;
    const WRONG_CHECKSUM: u8 = 0x40;

    let mut reader = Reader::new(bytes);
    reader.u8().filter(|version| *version == 0)?;
    reader.skip(1)?;
    let length = usize::from(reader.u16_le()?);
    let (header, frame) = bytes.split_at_checked(length)?;
    let mut fields = Reader::new(header.get(4..)?);
    let present = fields.u32_le()?;
    let mut word = present;
    while word & MORE_WORDS != 0 {
        word = fields.u32_le()?;
    }
    if present & FLAGS == 0 {
        return Some(frame);
    }
    if present & TIME != 0 {
        let position = header.len() - fields.len();
        fields.skip(position.next_multiple_of(8) - position)?;
        fields.skip(8)?;
    }
    let flags = fields.u8()?;
    if flags & WRONG_CHECKSUM != 0 {
        return None;
    }
    Some(without_checksum(frame, flags & HAS_CHECKSUM != 0))
}

/// AVS headers begin with a magic number and are found under the link type of Prism too; Prism
/// headers are in the byte order of the capturing machine.
fn prism_or_avs(bytes: &[u8]) -> Option<&[u8]> {
    const AVS_MAGIC: u32 = 0x8021_1000;
    let mut reader = Reader::new(bytes);
    let first = reader.u32()?;
    let length = reader.u32()?;
    let length = if first & 0xffff_f000 == AVS_MAGIC || length <= MAX_PRISM {
        length
    } else {
        length.swap_bytes()
    };
    if !(8..=MAX_PRISM).contains(&length) {
        return None;
    }
    bytes.get(usize::try_from(length).ok()?..)
}

/// PPI: version, flags, length, inner link type, then fields behind type and length.
fn ppi(bytes: &[u8]) -> Option<&[u8]> {
    const COMMON: u16 = 2;
    const MAX_FIELDS: usize = 64;
    let mut reader = Reader::new(bytes);
    reader.u8().filter(|version| *version == 0)?;
    reader.skip(1)?;
    let length = usize::from(reader.u16_le()?);
    reader.u32_le().filter(|link| *link == LinkType::IEEE802_11.0)?;
    let (header, frame) = bytes.split_at_checked(length)?;
    let mut fields = Reader::new(header.get(8..)?);
    for _ in 0..MAX_FIELDS {
        let (Some(kind), Some(size)) = (fields.u16_le(), fields.u16_le()) else { break };
        let Some(mut field) = fields.sub(usize::from(size)) else { break };
        if kind == COMMON {
            field.skip(8)?;
            let flags = field.u16_le()?;
            if flags & 0x4 != 0 {
                return None;
            }
            return Some(without_checksum(frame, flags & 0x1 != 0));
        }
    }
    Some(frame)
}

/// Cuts the checksum off management frames, whose elements run to the end. What data frames carry
/// knows its own length, and in a frame that the capture cut the last octets are no checksum.
fn without_checksum(frame: &[u8], has_checksum: bool) -> &[u8] {
    let is_management = frame.first().is_some_and(|control| control & 0x0c == 0);
    let cut = if has_checksum && is_management { CHECKSUM } else { 0 };
    frame.get(..frame.len().saturating_sub(cut)).unwrap_or(frame)
}
