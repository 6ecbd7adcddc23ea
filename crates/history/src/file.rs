//! A file read by position, so that threads can share it.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::sync::{Arc, OnceLock};

use bytes::{Buf, Bytes};
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

use crate::HistoryError;

/// A file read by position, so that threads can share it.
#[derive(Clone, Debug)]
pub(crate) struct PartFile {
    file: Arc<File>,
    length: u64,
}

impl PartFile {
    pub(crate) fn open(path: &std::path::Path) -> Result<Self, HistoryError> {
        let failed = |error| HistoryError::disk("open", path, error);
        let file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        Ok(PartFile { file: Arc::new(file), length })
    }
}

/// Reads on from a position.
pub(crate) struct At {
    file: Arc<File>,
    position: u64,
}

impl Read for At {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.position)?;
        self.position = self.position.saturating_add(read as u64);
        Ok(read)
    }
}

impl Length for PartFile {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for PartFile {
    type T = BufReader<At>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(BufReader::new(At { file: Arc::clone(&self.file), position: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let end = start.checked_add(length as u64);
        if end.is_none_or(|end| end > self.length) {
            return Err(ParquetError::EOF(format!("{length} bytes at {start} lie behind the end")));
        }
        let mut buffer = vec![0; length];
        self.file.read_exact_at(&mut buffer, start)?;
        Ok(buffer.into())
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
