//! Lines of a file, bounded, whatever the file holds.

use std::borrow::Cow;
use std::io::BufRead;

use super::ImportError;

/// Bytes of a line that are read: Suricata's longest events take some 100 kB.
const MOST_LINE: usize = 1 << 20;

/// One line after the other.
pub(super) struct Lines<'a> {
    reader: &'a mut dyn BufRead,
    file: String,
    number: u64,
    buffer: Vec<u8>,
}

/// A line, or that it was longer than [`MOST_LINE`].
pub(super) enum Line<'a> {
    Text(Cow<'a, str>),
    TooLong,
}

impl<'a> Lines<'a> {
    pub(super) fn new(reader: &'a mut dyn BufRead, file: &str) -> Self {
        Lines { reader, file: file.to_owned(), number: 0, buffer: Vec::new() }
    }

    /// Number of the latest line, from 1.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// The next line without its end and without a byte order mark; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<Line<'_>>, ImportError> {
        self.buffer.clear();
        let (mut any, mut long) = (false, false);
        loop {
            let available = match self.reader.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(source) => {
                    let (file, line) = (self.file.clone(), self.number);
                    return Err(ImportError::Read { file, line, source });
                }
            };
            if available.is_empty() {
                break;
            }
            any = true;
            let end = available.iter().position(|byte| *byte == b'\n');
            let piece = available.get(..end.unwrap_or(available.len())).unwrap_or_default();
            long |= self.buffer.len() + piece.len() > MOST_LINE;
            if !long {
                self.buffer.extend_from_slice(piece);
            }
            let used = end.map_or(available.len(), |end| end + 1);
            self.reader.consume(used);
            if end.is_some() {
                break;
            }
        }
        if !any {
            return Ok(None);
        }
        self.number += 1;
        if long {
            return Ok(Some(Line::TooLong));
        }
        let bytes = self.buffer.strip_suffix(b"\r").unwrap_or(&self.buffer);
        let bytes =
            bytes.strip_prefix(b"\xef\xbb\xbf").filter(|_| self.number == 1).unwrap_or(bytes);
        Ok(Some(Line::Text(decode(bytes))))
    }

    /// Why nothing in this file can be understood.
    pub(super) fn header(&self, says: impl Into<String>) -> ImportError {
        ImportError::Header { file: self.file.clone(), line: self.number, says: says.into() }
    }
}

/// UTF-8, or Latin-1 where it is none, as old spreadsheets write it.
pub(super) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().map(|byte| char::from(*byte)).collect()),
    }
}
