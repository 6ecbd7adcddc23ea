//! One Parquet file: its name, its bounds, and how it is written.
//!
//! A name carries the first and last number of the writes whose rows it holds: `part-7-7` was
//! written by flush 7, `part-3-9` was merged from the files of a partition with numbers 3 to 9.
//! A file whose numbers lie within those of another is superseded by it. So the rename of a merged
//! file is the one moment at which it takes the place of its sources, and no list can disagree.

use std::fs::File;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::file::statistics::Statistics;

use crate::HistoryError;
use crate::checksums::Summing;
use crate::disk::Disk;
use crate::file::PartFile;
use crate::record::Record;

/// Rows of a row group: bounds what a writer and a reader hold, and is what a search skips by.
/// With half of it lists of distinct values take as long to read as the rows; with twice as many
/// most devices are in every row group, and Bloom filters skip less.
pub(crate) const GROUP_ROWS: usize = 131_072;
/// Rows of a page: what is decoded to show a single row.
const PAGE_ROWS: usize = 8_192;
/// Rows turned into columns at once.
const BATCH_ROWS: usize = 8_192;
/// Largest dictionary of a column: 128 Ki different IPv6 addresses as text fit, so that the list
/// of distinct values is always whole.
const DICTIONARY_BYTES: usize = 6 << 20;

/// How often a Bloom filter says "maybe" where it could say "no": then the list of distinct
/// values is read, which says it for certain.
const FALSE_POSITIVES: f64 = 0.02;

/// Adds a Bloom filter for a column in which single values are looked for.
pub(crate) fn filtered(builder: WriterPropertiesBuilder, name: &str) -> WriterPropertiesBuilder {
    builder
        .set_column_bloom_filter_fpp(name.into(), FALSE_POSITIVES)
        .set_column_bloom_filter_max_ndv(name.into(), GROUP_ROWS as u64)
}

/// Numbers of the writes in a file, both inclusive.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Writes {
    pub from: u64,
    pub to: u64,
}

impl Writes {
    /// Whether this file replaces that one.
    pub(crate) fn supersedes(self, other: Writes) -> bool {
        self != other && self.from <= other.from && other.to <= self.to
    }

    pub(crate) fn file_name(self) -> String {
        format!("part-{:010}-{:010}.parquet", self.from, self.to)
    }

    pub(crate) fn of_name(name: &str) -> Option<Writes> {
        let numbers = name.strip_prefix("part-")?.strip_suffix(".parquet")?;
        let (from, to) = numbers.split_once('-')?;
        let writes = Writes { from: from.parse().ok()?, to: to.parse().ok()? };
        // The last number is kept free, so that there is always a next one.
        (writes.from <= writes.to && writes.to < u64::MAX).then_some(writes)
    }
}

/// Bounds of rows, in microseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Bounds {
    /// Smallest and largest time by which rows are ordered.
    pub time: (i64, i64),
    /// Smallest and largest time at which rows began.
    pub begin: (i64, i64),
}

impl Bounds {
    /// The bounds of nothing, to be widened.
    const EMPTY: Bounds = Bounds { time: (i64::MAX, i64::MIN), begin: (i64::MAX, i64::MIN) };

    fn widen(self, other: Bounds) -> Bounds {
        let wide = |a: (i64, i64), b: (i64, i64)| (a.0.min(b.0), a.1.max(b.1));
        Bounds { time: wide(self.time, other.time), begin: wide(self.begin, other.begin) }
    }

    /// The bounds of a row group; everything, where the file does not say.
    pub(crate) fn of<R: Record>(group: &RowGroupMetaData) -> Bounds {
        Bounds { time: column_bounds(group, R::TIME), begin: column_bounds(group, R::BEGIN) }
    }
}

/// Smallest and largest value of a column of whole numbers; everything, where the file does not say.
pub(crate) fn column_bounds(group: &RowGroupMetaData, name: &str) -> (i64, i64) {
    let chunk = group.columns().iter().find(|column| column.column_descr().name() == name);
    match chunk.and_then(|chunk| chunk.statistics()) {
        Some(Statistics::Int64(stats)) => (
            stats.min_opt().copied().unwrap_or(i64::MIN),
            stats.max_opt().copied().unwrap_or(i64::MAX),
        ),
        _ => (i64::MIN, i64::MAX),
    }
}

/// A file that is in use.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub path: PathBuf,
    pub writes: Writes,
    pub rows: u64,
    pub bytes: u64,
    pub bounds: Bounds,
    /// Largest row number.
    pub top: u64,
}

impl Part {
    /// Looks at the end of a file, where Parquet says what is in it.
    pub(crate) fn open<R: Record>(path: &Path, writes: Writes) -> Result<Part, HistoryError> {
        let file = PartFile::open(path)?;
        let mut part = Part {
            path: path.to_owned(),
            writes,
            rows: 0,
            bytes: parquet::file::reader::Length::len(&file),
            bounds: Bounds::EMPTY,
            top: 0,
        };
        let meta = part.load::<R>(&file)?;
        for group in meta.metadata().row_groups() {
            part.rows = part.rows.saturating_add(u64::try_from(group.num_rows()).unwrap_or(0));
            part.bounds = part.bounds.widen(Bounds::of::<R>(group));
            let top = u64::try_from(column_bounds(group, "seq").1).unwrap_or(0);
            // A foreign file without statistics must not use up all numbers.
            if top < i64::MAX.unsigned_abs() {
                part.top = part.top.max(top);
            }
        }
        Ok(part)
    }

    /// The file's own description of its content.
    pub(crate) fn load<R: Record>(
        &self,
        file: &PartFile,
    ) -> Result<ArrowReaderMetadata, HistoryError> {
        let options = ArrowReaderOptions::new().with_schema(R::schema());
        guard(self, || {
            ArrowReaderMetadata::load(file, options).map_err(|error| self.damaged(error))
        })
    }

    pub(crate) fn damaged(&self, reason: impl ToString) -> HistoryError {
        HistoryError::damaged(&self.path, reason)
    }
}

/// Runs what decodes a file: bytes that a disk garbled must not end the service, even where the
/// decoder does not expect them.
pub(crate) fn guard<T>(
    part: &Part,
    decode: impl FnOnce() -> Result<T, HistoryError>,
) -> Result<T, HistoryError> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(decode))
        .unwrap_or_else(|_| Err(part.damaged("the decoder gave up on its bytes")))
}

/// Writes rows to a file that is not yet in use; [`Writer::finish`] puts it in use.
pub(crate) struct Writer<R> {
    writer: ArrowWriter<Summing<File>>,
    kind: PhantomData<R>,
    hidden: PathBuf,
    path: PathBuf,
    writes: Writes,
}

impl<R: Record> Writer<R> {
    /// Begins a file in this folder.
    pub(crate) fn new(disk: &Disk, folder: &Path, writes: Writes) -> Result<Self, HistoryError> {
        let path = folder.join(writes.file_name());
        let hidden = folder.join(format!(".{}.tmp", writes.file_name()));
        let file = disk.create(&hidden)?;
        let writer =
            ArrowWriter::try_new(Summing::new(file), R::schema(), Some(properties::<R>().build()));
        match writer {
            Ok(writer) => Ok(Writer { writer, kind: PhantomData, hidden, path, writes }),
            Err(error) => {
                disk.discard(&hidden);
                Err(HistoryError::Encode(error.to_string()))
            }
        }
    }

    /// Adds rows, which come in their order.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), HistoryError> {
        self.writer.write(batch).map_err(|error| self.failed("write", error))
    }

    /// Makes the file durable and puts it in use.
    pub(crate) fn finish(mut self, disk: &Disk) -> Result<Part, HistoryError> {
        self.writer.flush().map_err(|error| self.failed("finish", error))?;
        let flushed = self.writer.sync();
        flushed.map_err(|error| HistoryError::disk("write", &self.hidden, error))?;
        self.writer.append_key_value_metadata(self.writer.inner().entry());
        self.writer.finish().map_err(|error| self.failed("finish", error))?;
        let flushed = self.writer.sync();
        flushed.map_err(|error| HistoryError::disk("write", &self.hidden, error))?;
        disk.sync(self.writer.inner().inner(), &self.hidden)?;
        disk.rename(&self.hidden, &self.path)?;
        if let Some(folder) = self.path.parent() {
            disk.sync_folder(folder)?;
        }
        Part::open::<R>(&self.path, self.writes)
    }

    /// The names that the file has before and after it is in use.
    pub(crate) fn paths(&self) -> [PathBuf; 2] {
        [self.hidden.clone(), self.path.clone()]
    }

    fn failed(&self, what: &'static str, error: parquet::errors::ParquetError) -> HistoryError {
        HistoryError::disk(what, &self.hidden, std::io::Error::other(error.to_string()))
    }
}

pub(crate) fn properties<R: Record>() -> WriterPropertiesBuilder {
    let builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_write_batch_size(PAGE_ROWS)
        .set_dictionary_page_size_limit(DICTIONARY_BYTES)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_bloom_filter_for_dictionary_encoded_chunks(true)
        .set_created_by(concat!("cordon ", env!("CARGO_PKG_VERSION")).to_owned());
    R::properties(builder)
}

/// Writes rows that are in order as one file.
pub(crate) fn write_part<R: Record>(
    disk: &Disk,
    folder: &Path,
    number: u64,
    rows: &[R],
) -> Result<Arc<Part>, HistoryError> {
    let writes = Writes { from: number, to: number };
    let mut batches = rows.chunks(BATCH_ROWS);
    write_all::<R>(disk, folder, writes, || batches.next().map(R::encode).transpose())
}

/// Writes every row that comes, in order, as one file; after an error nothing of it stays.
pub(crate) fn write_all<R: Record>(
    disk: &Disk,
    folder: &Path,
    writes: Writes,
    mut next: impl FnMut() -> Result<Option<RecordBatch>, HistoryError>,
) -> Result<Arc<Part>, HistoryError> {
    let mut writer = Writer::<R>::new(disk, folder, writes)?;
    let paths = writer.paths();
    let mut fill = || {
        while let Some(batch) = next()? {
            writer.write(&batch)?;
        }
        Ok(())
    };
    let filled: Result<(), HistoryError> = fill();
    let part = filled.and_then(|()| writer.finish(disk));
    if part.is_err() {
        // Also the final name: rows that are not known to be durable are written again.
        paths.iter().for_each(|path| disk.discard(path));
    }
    part.map(Arc::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merged_file_supersedes_exactly_its_sources() {
        let writes = |from, to| Writes { from, to };
        assert!(writes(3, 9).supersedes(writes(3, 3)));
        assert!(writes(3, 9).supersedes(writes(9, 9)));
        assert!(!writes(3, 9).supersedes(writes(3, 9)));
        assert!(!writes(3, 9).supersedes(writes(10, 10)));
        assert_eq!(Writes::of_name(&writes(3, 9).file_name()), Some(writes(3, 9)));
        for name in ["part-9-3.parquet", "part-1.parquet", "part-1-18446744073709551615.parquet"] {
            assert_eq!(Writes::of_name(name), None, "{name}");
        }
    }
}
