//! CRYPTO frames (RFC 9000, 19.6) in any order, put together to the stream of one side.

use super::packet::varint;
use crate::Reader;

/// More than a hello with post-quantum keys takes.
const MAX_STREAM: usize = 16 * 1024;
/// Pieces between which there may be holes; real stacks shuffle into a dozen.
const MAX_PIECES: usize = 64;

/// The handshake bytes of one side.
#[derive(Default)]
pub struct Assembly {
    bytes: Vec<u8>,
    /// What is there, as start and end, in order and without touching neighbours.
    pieces: Vec<(usize, usize)>,
}

impl Assembly {
    /// Takes the CRYPTO frames out of a clear payload of an Initial packet.
    pub fn frames(&mut self, payload: &[u8]) {
        let mut reader = Reader::new(payload);
        while self.frame(&mut reader).is_some() {}
    }

    /// The bytes from the front up to the first hole.
    #[must_use]
    pub fn front(&self) -> &[u8] {
        match self.pieces.first() {
            Some((0, end)) => self.bytes.get(..*end).unwrap_or_default(),
            _ => &[],
        }
    }

    fn frame(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        match varint(reader)? {
            // PADDING, PING
            0 | 1 => {}
            // ACK without and with ECN counts
            kind @ (2 | 3) => {
                varint(reader)?;
                varint(reader)?;
                let ranges = varint(reader)?;
                varint(reader)?;
                let ecn = if kind == 3 { 3 } else { 0 };
                for _ in 0..ranges.saturating_mul(2).saturating_add(ecn) {
                    varint(reader)?;
                }
            }
            6 => {
                let offset = usize::try_from(varint(reader)?).ok()?;
                let length = usize::try_from(varint(reader)?).ok()?;
                self.put(offset, reader.take(length)?);
            }
            // Everything else ends the connection or is not allowed here.
            _ => return None,
        }
        Some(())
    }

    fn put(&mut self, offset: usize, bytes: &[u8]) {
        let end = offset.saturating_add(bytes.len());
        if bytes.is_empty() || end > MAX_STREAM || self.pieces.len() >= MAX_PIECES {
            return;
        }
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        if let Some(place) = self.bytes.get_mut(offset..end) {
            place.copy_from_slice(bytes);
        }
        let (mut start, mut end) = (offset, end);
        self.pieces.retain(|piece| {
            let apart = piece.1 < start || piece.0 > end;
            if !apart {
                start = start.min(piece.0);
                end = end.max(piece.1);
            }
            apart
        });
        let at = self.pieces.partition_point(|piece| piece.0 < start);
        self.pieces.insert(at, (start, end));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crypto(offset: u8, bytes: &[u8]) -> Vec<u8> {
        [&[6, offset, bytes.len() as u8], bytes].concat()
    }

    #[test]
    fn pieces_in_any_order_and_overlapping_make_the_stream() {
        let mut assembly = Assembly::default();
        assembly.frames(&[crypto(6, b"ghi"), vec![0, 0, 1], crypto(3, b"def")].concat());
        assert_eq!(assembly.front(), b"");
        assembly.frames(&crypto(0, b"abcd"));
        assert_eq!(assembly.front(), b"abcdefghi");
        assert_eq!(assembly.pieces.len(), 1);
    }

    #[test]
    fn an_acknowledgement_before_the_frame_is_passed_over() {
        let mut assembly = Assembly::default();
        assembly.frames(&[&[3, 9, 1, 1, 0, 2, 2, 7, 8, 9][..], &crypto(0, b"ab")].concat());
        assert_eq!(assembly.front(), b"ab");
    }

    #[test]
    fn far_and_scattered_pieces_do_not_grow_the_memory() {
        let mut assembly = Assembly::default();
        assembly.frames(&[6, 0x80, 0xff, 0xff, 0xff, 1, 0]);
        assert!(assembly.bytes.is_empty());
        for at in 0..=255 {
            assembly.put(at * 2, b"x");
        }
        assert_eq!(assembly.pieces.len(), MAX_PIECES);
    }

    #[test]
    fn a_claim_of_endless_ranges_ends_with_the_bytes() {
        Assembly::default().frames(&[2, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0]);
    }
}
