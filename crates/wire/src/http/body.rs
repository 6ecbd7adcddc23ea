//! Where a body ends (RFC 9112, 6 and 7), followed without keeping it.

use super::head::{Head, holds, is, number, split_line};

/// A chunk size with its extensions, or a trailer field, is no longer than this.
const MAX_LINE: usize = 4096;

/// What is still to come of a body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Framing {
    /// So many bytes.
    Length(u64),
    /// A line with the size of the next chunk.
    ChunkSize,
    /// So many bytes of a chunk, then the end of its line.
    Chunk(u64),
    /// The line end behind a chunk.
    ChunkEnd,
    /// Fields behind the last chunk, up to a blank line.
    Trailer,
    /// Everything up to the end of the connection.
    Close,
}

/// One step through a body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress<'a> {
    /// These bytes are body; so many were used.
    Part(&'a [u8], usize),
    /// So many bytes of framing were used.
    Skip(usize),
    /// The body is over; so many bytes were used.
    End(usize),
    /// More bytes are needed.
    Wait,
    /// This is not the framing that was announced.
    Lost,
}

/// What the head says about the body behind it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Announced {
    /// Content-Length.
    pub length: Option<u64>,
    /// Transfer-Encoding ends in chunked.
    pub chunked: bool,
}

impl Announced {
    /// Reads the fields that matter.
    #[must_use]
    pub fn read(head: &Head<'_>) -> Self {
        let mut announced = Announced::default();
        for (name, value) in head.fields() {
            if is(name, "content-length") {
                announced.length = announced.length.or(number(value));
            } else if is(name, "transfer-encoding") {
                announced.chunked |= holds(value, "chunked");
            }
        }
        announced
    }

    /// The framing of a body that ends where stated; without a statement it is `otherwise`.
    #[must_use]
    pub fn framing(self, otherwise: Framing) -> Framing {
        match self {
            Announced { chunked: true, .. } => Framing::ChunkSize,
            Announced { length: Some(length), .. } => Framing::Length(length),
            _ => otherwise,
        }
    }
}

impl Framing {
    /// Takes one step over the bytes at hand.
    pub fn step<'a>(&mut self, data: &'a [u8]) -> Progress<'a> {
        match *self {
            Framing::Length(0) => Progress::End(0),
            _ if data.is_empty() => Progress::Wait,
            Framing::Length(left) => {
                let part = front(data, left);
                *self = Framing::Length(left - length(part));
                Progress::Part(part, part.len())
            }
            Framing::Chunk(left) => {
                let part = front(data, left);
                let left = left - length(part);
                *self = if left == 0 { Framing::ChunkEnd } else { Framing::Chunk(left) };
                Progress::Part(part, part.len())
            }
            Framing::Close => Progress::Part(data, data.len()),
            Framing::ChunkSize | Framing::ChunkEnd | Framing::Trailer => self.line(data),
        }
    }

    fn line<'a>(&mut self, data: &[u8]) -> Progress<'a> {
        if !data.contains(&b'\n') {
            return if data.len() > MAX_LINE { Progress::Lost } else { Progress::Wait };
        }
        let (line, rest) = split_line(data);
        let used = data.len() - rest.len();
        match *self {
            Framing::ChunkEnd if line.is_empty() => *self = Framing::ChunkSize,
            Framing::ChunkSize => match chunk_size(line) {
                Some(0) => *self = Framing::Trailer,
                Some(size) => *self = Framing::Chunk(size),
                None => return Progress::Lost,
            },
            Framing::Trailer if line.is_empty() => return Progress::End(used),
            Framing::Trailer => {}
            _ => return Progress::Lost,
        }
        Progress::Skip(used)
    }
}

fn front(data: &[u8], left: u64) -> &[u8] {
    let count = usize::try_from(left).map_or(data.len(), |left| left.min(data.len()));
    data.get(..count).unwrap_or(data)
}

fn length(part: &[u8]) -> u64 {
    u64::try_from(part.len()).unwrap_or(u64::MAX)
}

fn chunk_size(line: &[u8]) -> Option<u64> {
    let line = line.trim_ascii_start();
    let digits = line.iter().map_while(|byte| char::from(*byte).to_digit(16));
    let mut digits = digits.map(u64::from).peekable();
    digits.peek()?;
    digits.try_fold(0_u64, |sum, digit| sum.checked_mul(16)?.checked_add(digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Walks a body offered in pieces of `size`; its content, and what is left behind it.
    fn walk(mut framing: Framing, bytes: &[u8], size: usize) -> (Vec<u8>, Option<usize>) {
        let (mut content, mut held, mut fed) = (Vec::new(), Vec::new(), 0);
        for piece in bytes.chunks(size) {
            held.extend_from_slice(piece);
            fed += piece.len();
            loop {
                let used = match framing.step(&held) {
                    Progress::Part(part, used) => {
                        content.extend_from_slice(part);
                        used
                    }
                    Progress::Skip(used) => used,
                    Progress::End(used) => return (content, Some(fed - held.len() + used)),
                    Progress::Wait => break,
                    Progress::Lost => return (content, None),
                };
                held.drain(..used);
            }
        }
        (content, None)
    }

    #[test]
    fn chunks_are_followed_however_they_arrive() {
        let bytes = b"4;x=y\r\nWiki\r\n5\npedia\n0\r\nTrailer: a\r\n\r\nnext";
        for size in 1..bytes.len() {
            assert_eq!(walk(Framing::ChunkSize, bytes, size), (b"Wikipedia".to_vec(), Some(38)));
        }
    }

    #[test]
    fn a_stated_length_ends_the_body() {
        assert_eq!(walk(Framing::Length(3), b"abcdef", 2), (b"abc".to_vec(), Some(3)));
        assert_eq!(Framing::Length(0).step(b""), Progress::End(0));
    }

    #[test]
    fn a_broken_chunk_is_noticed() {
        assert_eq!(Framing::ChunkSize.step(b"zz\r\n"), Progress::Lost);
        assert_eq!(Framing::ChunkSize.step(b"fffffffffffffffff\r\n"), Progress::Lost);
        assert_eq!(Framing::ChunkEnd.step(b"x\r\n"), Progress::Lost);
        assert_eq!(Framing::ChunkSize.step(&[b'1'; MAX_LINE + 1]), Progress::Lost);
    }
}
