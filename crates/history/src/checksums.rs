//! Checksums of a file's blocks, kept in its own description: a disk that loses a bit is noticed
//! when the block is next read. Other programs ignore them, and files without them are read
//! unchecked. (Parquet has a checksum per page, which the writer used here leaves out.)

use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::Arc;

use parquet::file::metadata::{FileMetaData, KeyValue};

/// Bytes of a block: about what a page takes, so that a page costs little more than itself.
pub(crate) const BLOCK: u64 = 16 << 10;
/// Name of the entry: CRC-32 (ISO-HDLC) in hexadecimal, eight digits per block of 16 KiB.
const KEY: &str = "cordon.crc32.16k";
/// Digits per block.
const DIGITS: usize = 8;

/// Sums up what is written through it.
pub(crate) struct Summing<W> {
    inner: W,
    block: crc32fast::Hasher,
    filled: u64,
    done: String,
}

impl<W: Write> Summing<W> {
    pub(crate) fn new(inner: W) -> Self {
        Summing { inner, block: crc32fast::Hasher::new(), filled: 0, done: String::new() }
    }

    pub(crate) const fn inner(&self) -> &W {
        &self.inner
    }

    /// The sums of the whole blocks so far.
    pub(crate) fn entry(&self) -> KeyValue {
        KeyValue::new(KEY.to_owned(), self.done.clone())
    }

    fn add(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = usize::try_from(BLOCK.saturating_sub(self.filled)).unwrap_or(usize::MAX);
            let (these, rest) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
            self.block.update(these);
            self.filled = self.filled.saturating_add(these.len() as u64);
            if self.filled == BLOCK {
                let sum = std::mem::take(&mut self.block).finalize();
                // Writing to a string cannot fail.
                let _ = write!(self.done, "{sum:08x}");
                self.filled = 0;
            }
            bytes = rest;
        }
    }
}

impl<W: Write> Write for Summing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.add(bytes.get(..written).unwrap_or(bytes));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// What the blocks of a file should sum up to.
#[derive(Clone, Debug)]
pub(crate) struct Sums(Arc<[u32]>);

impl Sums {
    /// The sums in a file's description, if it has any.
    pub(crate) fn of(meta: &FileMetaData) -> Option<Sums> {
        let entry = meta.key_value_metadata()?.iter().find(|entry| entry.key == KEY)?;
        let digits = entry.value.as_deref()?.as_bytes().chunks(DIGITS);
        let sum = |digits| u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
        digits.map(sum).collect::<Option<Arc<[u32]>>>().map(Sums)
    }

    /// The first block that is not what it was, among bytes that start with the block of this
    /// number. Blocks without a sum, and a last one cut short, are not looked at.
    pub(crate) fn broken(&self, first: u64, bytes: &[u8]) -> Option<u64> {
        let block = usize::try_from(BLOCK).ok()?;
        let sums = self.0.iter().skip(usize::try_from(first).ok()?);
        let wrong = bytes
            .chunks_exact(block)
            .zip(sums)
            .position(|(bytes, sum)| crc32fast::hash(bytes) != *sum)?;
        Some(first.saturating_add(wrong as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_do_not_depend_on_how_the_bytes_came() {
        let bytes: Vec<u8> = (0..70_000_u32).map(|it| (it * 7 % 251) as u8).collect();
        let entries = [1, 16_384, 100_000].map(|piece| {
            let mut summing = Summing::new(Vec::new());
            bytes.chunks(piece).for_each(|piece| summing.write_all(piece).unwrap());
            assert_eq!(*summing.inner(), bytes);
            summing.entry()
        });
        assert_eq!(entries[0].value.as_deref().map(str::len), Some(4 * DIGITS));
        assert!(entries.iter().all(|entry| *entry == entries[0]));
        let block = usize::try_from(BLOCK).unwrap();
        let first = crc32fast::hash(&bytes[..block]);
        assert!(entries[0].value.as_deref().unwrap().starts_with(&format!("{first:08x}")));
    }
}
