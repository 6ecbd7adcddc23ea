//! One row group of one file: its columns are read one by one, and only when asked for.

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::{TimestampMicrosecondType, UInt16Type};
use memchr::memmem::Finder;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::basic::{PageType, Type};
use parquet::bloom_filter::Sbbf;
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::statistics::Statistics;

use crate::HistoryError;
use crate::columns::Reader;
use crate::file::{Chunk, PartFile};
use crate::indexes::{Body, Fits, Refused, by_dictionary};
use crate::pages::{Coded, Opener, Pages};
use crate::part::{Bounds, Part, column_bounds};
use crate::record::{Record, Select};

/// Texts that are looked for in long lists of others.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    texts: HashSet<Box<str>>,
    /// As long as they are few: what finds each in a list of distinct values.
    finders: Vec<Finder<'static>>,
    /// Bit n: one of them has n bytes. Most others are told apart by their length already.
    lengths: u64,
}

impl Wanted {
    /// Up to so many, looking for each is quicker than looking at every other.
    const FEW: usize = 8;

    pub(crate) fn add(&mut self, text: &str) {
        self.lengths |= length_bit(text.len());
        if self.texts.insert(text.into()) && self.texts.len() <= Self::FEW {
            let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
            let stored = [&length.to_le_bytes(), text.as_bytes()].concat();
            self.finders.push(Finder::new(&stored).into_owned());
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    fn has(&self, value: &[u8]) -> bool {
        self.lengths & length_bit(value.len()) != 0
            && std::str::from_utf8(value).is_ok_and(|value| self.texts.contains(value))
    }
}

/// Most bytes of Bloom filters that are read at once: four of the largest that are written.
const MAX_FILTERS: u64 = 4 << 20;

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
    /// Columns of which the list of distinct values was read; `None` if the list is not whole.
    coded: RefCell<HashMap<&'static str, Option<Rc<Coded>>>>,
    filters: RefCell<HashMap<&'static str, Option<Rc<Sbbf>>>>,
    /// The bytes of all Bloom filters, which lie together.
    filter_bytes: OnceCell<Option<Chunk>>,
    opener: &'a Opener,
}

/// A column, or some rows of it: its list of distinct values, and for every row its place there.
pub(crate) struct Listed {
    pub list: Rc<Coded>,
    pub places: Vec<u32>,
}

/// What a column can say to a condition.
pub(crate) enum Hits {
    /// No row can fit.
    Nowhere,
    /// Rows with one of these values fit.
    Places(Fits),
    /// These rows fit: the column has no whole list of distinct values.
    Rows(Select),
}

impl Hits {
    /// Whether no row can fit.
    pub(crate) const fn nowhere(&self) -> bool {
        matches!(self, Hits::Nowhere)
    }
}

impl<'a> Group<'a> {
    pub(crate) fn new(
        part: &'a Part,
        file: &'a PartFile,
        meta: &'a ArrowReaderMetadata,
        index: usize,
        opener: &'a Opener,
    ) -> Result<Self, HistoryError> {
        let group = meta.metadata().row_groups().get(index);
        let group = group.ok_or_else(|| part.damaged("row group missing"))?;
        let rows = usize::try_from(group.num_rows()).map_err(|error| part.damaged(error))?;
        Ok(Group {
            part,
            file,
            meta,
            index,
            rows,
            columns: RefCell::default(),
            coded: RefCell::default(),
            filters: RefCell::default(),
            filter_bytes: OnceCell::new(),
            opener,
        })
    }

    pub(crate) const fn rows(&self) -> usize {
        self.rows
    }

    /// The bounds that the file states for these rows.
    pub(crate) fn bounds<R: Record>(&self) -> Bounds {
        Bounds::of::<R>(self.meta.metadata().row_group(self.index))
    }

    /// Smallest and largest time in this column, as far as the file says.
    pub(crate) fn span(&self, name: &str) -> (i64, i64) {
        column_bounds(self.meta.metadata().row_group(self.index), name)
    }

    /// Columns to rows.
    pub(crate) fn decode<R: Record>(&self, batch: &RecordBatch) -> Result<Vec<R>, HistoryError> {
        R::decode(batch).map_err(|error| self.part.damaged(error))
    }

    /// Whether this column can have one of these, as far as its Bloom filter says.
    pub(crate) fn may_have(
        &self,
        name: &'static str,
        wanted: &Wanted,
    ) -> Result<bool, HistoryError> {
        let has = |filter: &Sbbf| wanted.texts.iter().any(|text| filter.check(&**text));
        Ok(!wanted.is_empty() && self.filter(name)?.is_none_or(|filter| has(&filter)))
    }

    /// Where the text of this column is one of these. Asks the Bloom filter first, then the list
    /// of distinct values.
    pub(crate) fn one_of(&self, name: &'static str, wanted: &Wanted) -> Result<Hits, HistoryError> {
        if !self.may_have(name, wanted)? {
            return Ok(Hits::Nowhere);
        }
        if wanted.texts.len() <= Wanted::FEW
            && let Some(coded) = self.coded(name)?
        {
            return Ok(coded.distinct.these(&wanted.finders).map_or(Hits::Nowhere, Hits::Places));
        }
        self.text(name, &|value| wanted.has(value))
    }

    /// Where the text of this column is accepted.
    pub(crate) fn text(
        &self,
        name: &'static str,
        accept: &dyn Fn(&[u8]) -> bool,
    ) -> Result<Hits, HistoryError> {
        match self.coded(name)? {
            Some(coded) => Ok(coded.distinct.texts(accept).map_or(Hits::Nowhere, Hits::Places)),
            None => Ok(Hits::Rows(self.text_rows(name, accept)?)),
        }
    }

    /// Where the text of this column contains another.
    pub(crate) fn containing(
        &self,
        name: &'static str,
        part: &Finder<'_>,
    ) -> Result<Hits, HistoryError> {
        // Once through the whole list is quicker than text by text, and mostly says no.
        if self.coded(name)?.is_some_and(|coded| part.find(&coded.distinct.bytes).is_none()) {
            return Ok(Hits::Nowhere);
        }
        self.text(name, &|value| part.find(value).is_some())
    }

    /// Where the number of this column is this one.
    pub(crate) fn number(&self, name: &'static str, wanted: u16) -> Result<Hits, HistoryError> {
        match self.coded(name)? {
            Some(coded) => {
                let fits = coded.distinct.number(wanted.into());
                Ok(fits.map_or(Hits::Nowhere, Hits::Places))
            }
            None => Ok(Hits::Rows(self.number_rows(name, wanted)?)),
        }
    }

    /// The rows to which hits in this column lead, among those that are still in question; of
    /// others nothing is said.
    pub(crate) fn rows_of(
        &self,
        name: &'static str,
        hits: &Hits,
        within: &Select,
    ) -> Result<Select, HistoryError> {
        let within = match within {
            Select::None => return Ok(Select::None),
            Select::All => None,
            Select::Rows(rows) => Some(rows.as_slice()),
        };
        match hits {
            Hits::Nowhere => Ok(Select::None),
            Hits::Rows(rows) => Ok(rows.clone()),
            Hits::Places(fits) => {
                let coded = self.coded(name)?;
                let coded = coded.ok_or_else(|| self.part.damaged("a list of values is gone"))?;
                let nullable = self.chunk(name)?.column_descr().max_def_level() > 0;
                let rows = coded.rows(fits, nullable, self.rows, within, self.opener);
                let rows = rows.map_err(|refused| self.refused(refused))?;
                if rows.len() == self.rows {
                    Ok(Select::Rows(rows))
                } else {
                    Err(self.part.damaged("row group has fewer rows than it says"))
                }
            }
        }
    }

    /// The list of distinct values of this column, and for every row its place in it; rows that
    /// are not in question may have none. `None` if the list is not whole or its values are not
    /// of this type.
    pub(crate) fn places(
        &self,
        name: &'static str,
        kind: Type,
        asked: Option<&[u32]>,
        mut places: Vec<u32>,
    ) -> Result<Option<Listed>, HistoryError> {
        let chunk = self.chunk(name)?;
        if chunk.column_type() != kind {
            return Ok(None);
        }
        let Some(coded) = self.coded(name)? else { return Ok(None) };
        let nullable = chunk.column_descr().max_def_level() > 0;
        let read = coded.places(nullable, self.rows, asked, self.opener, &mut places);
        read.map_err(|refused| self.refused(refused))?;
        Ok(Some(Listed { list: coded, places }))
    }

    /// The rows in which this column says yes; `None` if none does.
    pub(crate) fn flags(&self, name: &str) -> Result<Option<Vec<bool>>, HistoryError> {
        if let Some(Statistics::Boolean(stats)) = self.chunk(name)?.statistics()
            && stats.max_opt() == Some(&false)
        {
            return Ok(None);
        }
        let batch = self.column(name)?;
        let flags = Reader(&batch).flags(name).map_err(|error| self.part.damaged(error))?;
        Ok(Some(flags.iter().map(|flag| flag == Some(true)).collect()))
    }

    fn refused(&self, refused: Refused) -> HistoryError {
        match refused {
            Refused::Otherwise => self.part.damaged("a page is not encoded as it says"),
            Refused::Damaged(reason) => self.part.damaged(reason),
        }
    }

    fn filter(&self, name: &'static str) -> Result<Option<Rc<Sbbf>>, HistoryError> {
        if let Some(known) = self.filters.borrow().get(name) {
            return Ok(known.clone());
        }
        let chunk = self.chunk(name)?;
        let filter = match self.filter_bytes.get_or_init(|| self.all_filters()) {
            Some(bytes) => Sbbf::read_from_column_chunk(chunk, bytes),
            None => Sbbf::read_from_column_chunk(chunk, self.file),
        };
        let filter = filter.map_err(|error| self.part.damaged(error))?.map(Rc::new);
        self.filters.borrow_mut().insert(name, filter.clone());
        Ok(filter)
    }

    /// Where all Bloom filters of the row group lie, so that they are read at once; `None` where
    /// they do not lie together.
    fn all_filters(&self) -> Option<Chunk> {
        let columns = self.meta.metadata().row_group(self.index).columns();
        let known = columns.iter().filter(|column| column.bloom_filter_offset().is_some());
        let mut all: Option<(u64, u64)> = None;
        for column in known {
            let start = u64::try_from(column.bloom_filter_offset()?).ok()?;
            let end = start.checked_add(u64::try_from(column.bloom_filter_length()?).ok()?)?;
            all = Some(all.map_or((start, end), |all| (all.0.min(start), all.1.max(end))));
        }
        let (start, end) = all.filter(|(start, end)| end.saturating_sub(*start) <= MAX_FILTERS)?;
        Some(Chunk::new(self.file, start, start, end))
    }

    /// The column by its list of distinct values, if every row refers to it.
    fn coded(&self, name: &'static str) -> Result<Option<Rc<Coded>>, HistoryError> {
        if let Some(known) = self.coded.borrow().get(name) {
            return Ok(known.clone());
        }
        let coded = self.read_list(name)?.map(Rc::new);
        self.coded.borrow_mut().insert(name, coded.clone());
        Ok(coded)
    }

    fn read_list(&self, name: &str) -> Result<Option<Coded>, HistoryError> {
        let chunk = self.chunk(name)?;
        let complete = match (chunk.page_encoding_stats(), chunk.page_encoding_stats_mask()) {
            (Some(stats), _) => stats
                .iter()
                .filter(|stat| stat.page_type != PageType::DICTIONARY_PAGE)
                .all(|stat| by_dictionary(stat.encoding)),
            (None, Some(mask)) => mask.encodings().all(by_dictionary),
            (None, None) => false,
        };
        let flat = chunk.column_descr().max_rep_level() == 0;
        let nullable = chunk.column_descr().max_def_level() <= 1;
        if !complete || !flat || !nullable || chunk.dictionary_page_offset().is_none() {
            return Ok(None);
        }
        Coded::read(self.file, chunk, self.rows, self.opener)
            .map_err(|error| self.part.damaged(error))
    }

    fn text_rows(
        &self,
        name: &str,
        accept: &dyn Fn(&[u8]) -> bool,
    ) -> Result<Select, HistoryError> {
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

    fn number_rows(&self, name: &str, wanted: u16) -> Result<Select, HistoryError> {
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

    /// The numbers of the rows in question in a column that is written by differences; others may
    /// have any. `None` if it is written otherwise.
    pub(crate) fn deltas(
        &self,
        name: &str,
        kind: Type,
        asked: &[u32],
        nothing: i64,
    ) -> Result<Option<Vec<i64>>, HistoryError> {
        let chunk = self.chunk(name)?;
        let column = chunk.column_descr();
        let flat = column.max_rep_level() == 0 && column.max_def_level() <= 1;
        if chunk.column_type() != kind || !flat || chunk.dictionary_page_offset().is_some() {
            return Ok(None);
        }
        let damaged = |error: ParquetError| self.part.damaged(error);
        let pages = Pages::read(self.file, chunk, self.rows).map_err(damaged)?;
        let mut numbers = Vec::with_capacity(self.rows);
        let nullable = column.max_def_level() > 0;
        let read = pages.each(self.rows, Some(asked), self.opener, |page, _, _| match page {
            Ok(page) => Body::numbers(page, nullable, nothing, &mut numbers),
            Err(count) => {
                numbers.resize(numbers.len().saturating_add(count), nothing);
                Ok(())
            }
        });
        match read {
            Ok(()) => Ok(Some(numbers)),
            Err(Refused::Otherwise) => Ok(None),
            Err(refused) => Err(self.refused(refused)),
        }
    }

    /// The list of distinct values of this column, and the places in it of these rows, one after
    /// the other. `None` as for [`Group::places`].
    pub(crate) fn picked(
        &self,
        name: &'static str,
        kind: Type,
        asked: &[u32],
    ) -> Result<Option<Listed>, HistoryError> {
        let chunk = self.chunk(name)?;
        if chunk.column_type() != kind {
            return Ok(None);
        }
        let Some(list) = self.coded(name)? else { return Ok(None) };
        let nullable = chunk.column_descr().max_def_level() > 0;
        let places = list.picked(nullable, self.rows, asked, self.opener);
        let places = places.map_err(|refused| self.refused(refused))?;
        Ok(Some(Listed { list, places }))
    }

    /// The ports in this column.
    pub(crate) fn ports(&self, name: &str) -> Result<Vec<Option<u16>>, HistoryError> {
        let batch = self.column(name)?;
        let reader = Reader(&batch);
        let ports = reader.numbers::<UInt16Type>(name).map_err(|error| self.part.damaged(error))?;
        Ok(ports.iter().collect())
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
}
