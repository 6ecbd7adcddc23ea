//! A file read by position, so that threads can share it.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::sync::{Arc, OnceLock};

use bytes::{Buf, Bytes};
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

use crate::HistoryError;
use crate::checksums::{BLOCK, Sums};

/// A file read by position, so that threads can share it.
#[derive(Clone, Debug)]
pub(crate) struct PartFile {
    file: Arc<File>,
    length: u64,
    sums: Option<Sums>,
}

impl PartFile {
    pub(crate) fn open(path: &std::path::Path) -> Result<Self, HistoryError> {
        let failed = |error| HistoryError::disk("open", path, error);
        let file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        Ok(PartFile { file: Arc::new(file), length, sums: None })
    }

    /// From now on compares what is read with these checksums.
    pub(crate) fn check(&mut self, sums: Option<Sums>) {
        self.sums = sums;
    }

    fn read(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let mut room = buffer(length);
        room.resize(length, 0);
        self.file.read_exact_at(&mut room, start)?;
        Ok(lent(room))
    }
}

/// Most buffers that a thread keeps for its next reads, and the largest kept: a column of a row
/// group fits. Fresh memory is given out page by page, which takes longer than the reading.
const SPARE_BUFFERS: usize = 12;
const SPARE_BYTES: usize = 1 << 20;

thread_local! {
    static SPARE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// An empty buffer with at least this much room.
pub(crate) fn buffer(room: usize) -> Vec<u8> {
    let spare = SPARE.try_with(|spare| spare.borrow_mut().pop()).ok().flatten();
    let mut buffer = spare.unwrap_or_default();
    buffer.clear();
    buffer.reserve(room);
    buffer
}

/// Bytes whose buffer is used again once nobody looks at them any more.
pub(crate) fn lent(buffer: Vec<u8>) -> Bytes {
    Bytes::from_owner(Lent(buffer))
}

/// Lets this thread keep no buffers.
pub(crate) fn free_buffers() {
    let _ = SPARE.try_with(RefCell::take);
}

struct Lent(Vec<u8>);

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.0);
        // Where the thread ends there is nobody to keep it for.
        let _ = SPARE.try_with(|spare| {
            let mut spare = spare.borrow_mut();
            if spare.len() < SPARE_BUFFERS && buffer.capacity() <= SPARE_BYTES {
                spare.push(buffer);
            }
        });
    }
}

/// Reads on from a position, a block at a time.
pub(crate) struct At {
    file: PartFile,
    position: u64,
    block: Bytes,
}

impl Read for At {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.block.is_empty() {
            let left = self.file.length.saturating_sub(self.position);
            let length = left.min(BLOCK.saturating_sub(self.position % BLOCK));
            let length = usize::try_from(length).unwrap_or(0);
            self.block = self.file.get_bytes(self.position, length).map_err(io::Error::other)?;
            self.position = self.position.saturating_add(length as u64);
        }
        let length = buffer.len().min(self.block.len());
        let bytes = self.block.split_to(length);
        if let Some(to) = buffer.get_mut(..length) {
            to.copy_from_slice(&bytes);
        }
        Ok(length)
    }
}

impl Length for PartFile {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for PartFile {
    type T = At;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(At { file: self.clone(), position: start, block: Bytes::new() })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let end = start.checked_add(length as u64).filter(|end| *end <= self.length);
        let Some(end) = end else {
            return Err(ParquetError::EOF(format!("{length} bytes at {start} lie behind the end")));
        };
        let Some(sums) = &self.sums else { return self.read(start, length) };
        // Whole blocks: only they have a checksum.
        let first = start / BLOCK;
        let from = first.saturating_mul(BLOCK);
        let to = end.next_multiple_of(BLOCK).min(self.length);
        let whole = usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX);
        let bytes = self.read(from, whole)?;
        if let Some(block) = sums.broken(first, &bytes) {
            let at = block.saturating_mul(BLOCK);
            return Err(ParquetError::General(format!(
                "its bytes from {at} on are not those that were written; check the disk"
            )));
        }
        let skipped = usize::try_from(start.saturating_sub(from)).unwrap_or(usize::MAX);
        Ok(bytes.slice(skipped..skipped.saturating_add(length)))
    }
}

/// A column chunk read in two steps: its list of distinct values, and all the rest at once.
pub(crate) struct Chunk {
    file: PartFile,
    start: u64,
    /// Where the data pages start.
    data: u64,
    end: u64,
    list: OnceLock<Bytes>,
    rest: OnceLock<Bytes>,
}

impl Chunk {
    /// The chunk from `start` on, its data pages from `data` on, up to `end`.
    pub(crate) fn new(file: &PartFile, start: u64, data: u64, end: u64) -> Self {
        let (list, rest) = (OnceLock::new(), OnceLock::new());
        Chunk { file: file.clone(), start, data: data.clamp(start, end), end, list, rest }
    }

    /// The bytes from here to the end of the piece in which they lie.
    fn from(&self, at: u64) -> Result<Bytes, ParquetError> {
        let (piece, start, end) = if at < self.data {
            (&self.list, self.start, self.data)
        } else {
            (&self.rest, self.data, self.end)
        };
        let bytes = if let Some(bytes) = piece.get() {
            bytes
        } else {
            let length = usize::try_from(end.saturating_sub(start)).unwrap_or(usize::MAX);
            let read = self.file.get_bytes(start, length)?;
            piece.get_or_init(|| read)
        };
        let skipped = usize::try_from(at.saturating_sub(start)).unwrap_or(usize::MAX);
        if skipped > bytes.len() {
            return Err(ParquetError::EOF(format!("{at} lies behind the end of its column")));
        }
        Ok(bytes.slice(skipped..))
    }
}

impl Length for Chunk {
    fn len(&self) -> u64 {
        self.file.len()
    }
}

impl ChunkReader for Chunk {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(self.from(start)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let bytes = self.from(start)?;
        if length > bytes.len() {
            return Err(ParquetError::EOF(format!("{length} bytes at {start} leave their column")));
        }
        Ok(bytes.slice(..length))
    }
}
