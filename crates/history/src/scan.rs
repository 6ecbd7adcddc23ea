//! One row group of one file: its columns are read one by one, and only when asked for.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::{TimestampMicrosecondType, UInt16Type};
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::basic::{Encoding, PageType};
use parquet::bloom_filter::Sbbf;
use parquet::column::page::{Page, PageReader};
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;

use crate::HistoryError;
use crate::columns::Reader;
use crate::part::{Bounds, Part};
use crate::record::{Record, Select};

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

/// Texts that are looked for in long lists of others.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    texts: HashSet<Box<str>>,
    /// Bit n: one of them has n bytes. Most others are told apart by their length already.
    lengths: u64,
}

impl Wanted {
    /// Up to so many, comparing is quicker than hashing.
    const FEW: usize = 8;

    pub(crate) fn add(&mut self, text: &str) {
        self.lengths |= length_bit(text.len());
        self.texts.insert(text.into());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    fn has(&self, value: &[u8]) -> bool {
        if self.lengths & length_bit(value.len()) == 0 {
            return false;
        }
        if self.texts.len() <= Self::FEW {
            return self.texts.iter().any(|text| text.as_bytes() == value);
        }
        std::str::from_utf8(value).is_ok_and(|value| self.texts.contains(value))
    }
}

fn length_bit(length: usize) -> u64 {
    1 << length.min(63)
}

/// One row group.
pub(crate) struct Group<'a> {
    part: &'a Part,
    file: &'a PartFile,
    meta: &'a ArrowReaderMetadata,
    index: usize,
    rows: usize,
    /// Columns read so far: a question may ask for one several times.
    columns: RefCell<HashMap<String, RecordBatch>>,
}

impl<'a> Group<'a> {
    pub(crate) fn new(
        part: &'a Part,
        file: &'a PartFile,
        meta: &'a ArrowReaderMetadata,
        index: usize,
    ) -> Result<Self, HistoryError> {
        let group = meta.metadata().row_groups().get(index);
        let group = group.ok_or_else(|| part.damaged("row group missing"))?;
        let rows = usize::try_from(group.num_rows()).map_err(|error| part.damaged(error))?;
        Ok(Group { part, file, meta, index, rows, columns: RefCell::default() })
    }

    pub(crate) const fn rows(&self) -> usize {
        self.rows
    }

    /// The bounds that the file states for these rows.
    pub(crate) fn bounds<R: Record>(&self) -> Bounds {
        Bounds::of::<R>(self.meta.metadata().row_group(self.index))
    }

    /// Columns to rows.
    pub(crate) fn decode<R: Record>(&self, batch: &RecordBatch) -> Result<Vec<R>, HistoryError> {
        R::decode(batch).map_err(|error| self.part.damaged(error))
    }

    /// Rows whose text in this column is one of these. Asks the Bloom filter first, then the list
    /// of distinct values; when none can be there, the rows themselves are not read.
    pub(crate) fn one_of(&self, name: &str, wanted: &Wanted) -> Result<Select, HistoryError> {
        let filter = Sbbf::read_from_column_chunk(self.chunk(name)?, self.file)
            .map_err(|error| self.part.damaged(error))?;
        if filter.is_some_and(|filter| !wanted.texts.iter().any(|text| filter.check(&**text))) {
            return Ok(Select::None);
        }
        self.text(name, &|value| wanted.has(value))
    }

    /// Rows whose text in this column is accepted. Reads the list of distinct values first.
    pub(crate) fn text(
        &self,
        name: &str,
        accept: &dyn Fn(&[u8]) -> bool,
    ) -> Result<Select, HistoryError> {
        let known = self.columns.borrow().contains_key(name);
        if !known && self.lists_none(name, &|page, count| any_text(page, count, accept))? {
            return Ok(Select::None);
        }
        let batch = self.column(name)?;
        let text = Reader(&batch).text(name).map_err(|error| self.part.damaged(error))?;
        let fits: Vec<bool> =
            text.values.iter().map(|value| value.is_some_and(|it| accept(it.as_bytes()))).collect();
        if !fits.contains(&true) {
            return Ok(Select::None);
        }
        let fits_at = |key: &i32| {
            usize::try_from(*key).ok().and_then(|key| fits.get(key)).copied().unwrap_or_default()
        };
        let mut rows: Vec<bool> = text.keys.values().iter().map(fits_at).collect();
        if let Some(nulls) = text.keys.nulls() {
            rows.iter_mut().zip(nulls.iter()).for_each(|(row, valid)| *row &= valid);
        }
        Ok(Select::Rows(rows))
    }

    /// Rows whose number in this column is this one.
    pub(crate) fn number(&self, name: &str, wanted: u16) -> Result<Select, HistoryError> {
        let bytes = i32::from(wanted).to_le_bytes();
        if self.lists_none(name, &|page, _| page.chunks_exact(4).any(|value| value == bytes))? {
            return Ok(Select::None);
        }
        let batch = self.column(name)?;
        let reader = Reader(&batch);
        let numbers =
            reader.numbers::<UInt16Type>(name).map_err(|error| self.part.damaged(error))?;
        let mut rows: Vec<bool> = numbers.values().iter().map(|value| *value == wanted).collect();
        if let Some(nulls) = numbers.nulls() {
            rows.iter_mut().zip(nulls.iter()).for_each(|(row, valid)| *row &= valid);
        }
        Ok(Select::Rows(rows))
    }

    /// The times in this column, in microseconds.
    pub(crate) fn times(&self, name: &str) -> Result<Vec<i64>, HistoryError> {
        let batch = self.column(name)?;
        let reader = Reader(&batch);
        let times = reader
            .numbers::<TimestampMicrosecondType>(name)
            .map_err(|error| self.part.damaged(error))?;
        Ok(times.values().to_vec())
    }

    /// The signed numbers in this column.
    pub(crate) fn longs(&self, name: &str) -> Result<Vec<i64>, HistoryError> {
        let batch = self.column(name)?;
        let reader = Reader(&batch);
        let numbers = reader
            .numbers::<arrow::datatypes::Int64Type>(name)
            .map_err(|error| self.part.damaged(error))?;
        Ok(numbers.values().to_vec())
    }

    fn column(&self, name: &str) -> Result<RecordBatch, HistoryError> {
        if let Some(batch) = self.columns.borrow().get(name) {
            return Ok(batch.clone());
        }
        let batch = self.read(&[name], None)?;
        self.columns.borrow_mut().insert(name.to_owned(), batch.clone());
        Ok(batch)
    }

    fn chunk(&self, name: &str) -> Result<&ColumnChunkMetaData, HistoryError> {
        let group = self.meta.metadata().row_group(self.index);
        let chunk = group.columns().iter().find(|column| column.column_descr().name() == name);
        chunk.ok_or_else(|| self.part.damaged(format!("no column {name}")))
    }

    /// The selected rows of these columns, all columns if none is named, as one batch.
    pub(crate) fn read(
        &self,
        names: &[&str],
        selection: Option<RowSelection>,
    ) -> Result<RecordBatch, HistoryError> {
        let damaged = |error: ParquetError| self.part.damaged(error);
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(
            self.file.clone(),
            self.meta.clone(),
        );
        let mask = if names.is_empty() {
            ProjectionMask::all()
        } else {
            ProjectionMask::columns(builder.parquet_schema(), names.iter().copied())
        };
        let wanted = selection.as_ref().map_or(self.rows, RowSelection::row_count);
        let mut builder = builder
            .with_row_groups(vec![self.index])
            .with_projection(mask)
            .with_batch_size(wanted.max(1));
        if let Some(selection) = selection {
            builder = builder.with_row_selection(selection);
        }
        let mut reader = builder.build().map_err(damaged)?;
        let batch = reader.next().ok_or_else(|| self.part.damaged("row group is empty"))?;
        let batch = batch.map_err(|error| self.part.damaged(error))?;
        if batch.num_rows() == wanted {
            Ok(batch)
        } else {
            Err(self.part.damaged("row group has fewer rows than it says"))
        }
    }

    /// Whether the column's dictionary shows that no row can fit: every data page must be encoded
    /// by the dictionary, or it proves nothing.
    fn lists_none(
        &self,
        name: &str,
        any: &dyn Fn(&[u8], u32) -> bool,
    ) -> Result<bool, HistoryError> {
        let chunk = self.chunk(name)?;
        let by_dictionary = |encoding: Encoding| {
            matches!(encoding, Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY)
        };
        let complete = match (chunk.page_encoding_stats(), chunk.page_encoding_stats_mask()) {
            (Some(stats), _) => stats
                .iter()
                .filter(|stat| stat.page_type != PageType::DICTIONARY_PAGE)
                .all(|stat| by_dictionary(stat.encoding)),
            (None, Some(mask)) => mask.encodings().all(by_dictionary),
            (None, None) => false,
        };
        if !complete || chunk.dictionary_page_offset().is_none() {
            return Ok(false);
        }
        let damaged = |error: ParquetError| self.part.damaged(error);
        let file = Arc::new(self.file.clone());
        let mut pages = SerializedPageReader::new(file, chunk, self.rows, None).map_err(damaged)?;
        match pages.get_next_page().map_err(damaged)? {
            Some(Page::DictionaryPage { buf, num_values, .. }) => Ok(!any(&buf, num_values)),
            _ => Ok(false),
        }
    }
}

/// Whether any text of a plain-encoded page is accepted: each is a length and its bytes.
fn any_text(page: &[u8], count: u32, accept: &dyn Fn(&[u8]) -> bool) -> bool {
    let mut rest = page;
    for _ in 0..count {
        let Some((length, tail)) = rest.split_first_chunk::<4>() else { return false };
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let Some((value, tail)) = tail.split_at_checked(length) else { return false };
        if accept(value) {
            return true;
        }
        rest = tail;
    }
    false
}
