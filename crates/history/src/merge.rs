//! Several files become one, in the order of their rows.
//!
//! Rows are moved as columns and never taken apart; where the files do not overlap in time, whole
//! batches go through untouched. A file is opened when its first row is due.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, PrimitiveArray, RecordBatch};
use arrow::compute::interleave_record_batch;
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use crate::HistoryError;
use crate::columns::{Reader, encode};
use crate::file::free_buffers;
use crate::part::{Part, Writes, write_all};
use crate::query::Cursor;
use crate::record::Record;
use crate::search::Opened;
use crate::table::{Place, Table};

/// Rows read at once from each file.
const READ_ROWS: usize = 2_048;
/// Rows put in order at once.
const MERGED_ROWS: usize = 4_096;
/// Most batches from which they come.
const MERGED_BATCHES: usize = 24;

/// Merges these files, which are neighbours, and puts the result in their place.
pub(crate) fn merge<R: Record>(
    table: &Table<R>,
    place: &Place,
    sources: &[Arc<Part>],
) -> Result<u64, HistoryError> {
    let (Some(first), Some(last)) = (sources.first(), sources.last()) else { return Ok(0) };
    let writes = Writes { from: first.writes.from, to: last.writes.to };
    let mut merge = Merge { table, place, sources: Vec::new(), heads: BinaryHeap::new() };
    for (index, part) in sources.iter().enumerate() {
        let earliest = Cursor { time: part.bounds.time.0, seq: 0 };
        merge.heads.push(Reverse((earliest, index)));
        merge.sources.push(Source::new(part));
    }
    let merged = write_all::<R>(&table.disk, &table.folder(place), writes, || merge.next());
    drop(merge);
    free_buffers();
    let merged = merged?;
    let rows = merged.rows;
    {
        let mut state = table.lock();
        let parts = state.parts.entry(place.clone()).or_default();
        parts.retain(|part| !sources.iter().any(|source| source.path == part.path));
        parts.push(merged);
        parts.sort_by_key(|part| part.writes);
    }
    for part in sources {
        table.disk.remove(&part.path)?;
    }
    Ok(rows)
}

/// Rows of several files in one order.
struct Merge<'t, R> {
    table: &'t Table<R>,
    place: &'t Place,
    sources: Vec<Source>,
    /// The next row of every file, or a time before it if the file is not open.
    heads: BinaryHeap<Reverse<(Cursor, usize)>>,
}

impl<R: Record> Merge<'_, R> {
    /// The next rows.
    fn next(&mut self) -> Result<Option<RecordBatch>, HistoryError> {
        let mut taken = Taken::default();
        while let Some(mut top) = self.heads.peek_mut() {
            let Reverse((_, index)) = *top;
            let Some(source) = self.sources.get_mut(index) else { break };
            let Some(head) = &mut source.head else {
                if taken.batches.len() >= MERGED_BATCHES {
                    break;
                }
                let part = Arc::clone(&source.part);
                self.table.reading(self.place, &part, || source.read::<R>())?;
                match source.head.as_ref().and_then(|head| head.place(head.next)) {
                    Some(place) => {
                        if let Some(head) = &mut source.head {
                            head.batch_in_use = None;
                        }
                        *top = Reverse((place, index));
                    }
                    None => drop(PeekMut::pop(top)),
                }
                continue;
            };
            taken.push(head);
            head.next = head.next.saturating_add(1);
            let following = head.place(head.next);
            match following {
                Some(place) => *top = Reverse((place, index)),
                // The place stays: what follows is not before it.
                None => source.head = None,
            }
            if taken.rows.len() >= MERGED_ROWS {
                break;
            }
        }
        self.sources.iter_mut().filter_map(|source| source.head.as_mut()).for_each(|head| {
            head.batch_in_use = None;
        });
        taken.batch()
    }
}

/// Rows taken, by batch and place in it.
#[derive(Default)]
struct Taken {
    batches: Vec<RecordBatch>,
    rows: Vec<(usize, usize)>,
}

impl Taken {
    fn push(&mut self, head: &mut Head) {
        let number = *head.batch_in_use.get_or_insert_with(|| {
            self.batches.push(head.batch.clone());
            self.batches.len().saturating_sub(1)
        });
        self.rows.push((number, head.next));
    }

    fn batch(&self) -> Result<Option<RecordBatch>, HistoryError> {
        let (Some((_, from)), [first, others @ ..]) = (self.rows.first(), &*self.batches) else {
            return Ok(None);
        };
        if others.is_empty() {
            return Ok(Some(first.slice(*from, self.rows.len())));
        }
        let batches: Vec<&RecordBatch> = self.batches.iter().collect();
        interleave_record_batch(&batches, &self.rows).map(Some).map_err(encode)
    }
}

/// A file, a few rows at a time.
struct Source {
    part: Arc<Part>,
    opened: Option<Opened>,
    next_group: usize,
    reader: Option<ParquetRecordBatchReader>,
    head: Option<Head>,
    /// Lists of distinct values that were found in order, one per column.
    checked: Vec<Option<ArrayRef>>,
}

/// Rows that were read, and the next of them.
struct Head {
    batch: RecordBatch,
    times: PrimitiveArray<TimestampMicrosecondType>,
    seqs: Int64Array,
    next: usize,
    batch_in_use: Option<usize>,
}

impl Head {
    fn new<R: Record>(batch: RecordBatch) -> Result<Head, String> {
        let reader = Reader(&batch);
        let times = reader.numbers::<TimestampMicrosecondType>(R::TIME)?.clone();
        let seqs = reader.numbers::<Int64Type>("seq")?.clone();
        Ok(Head { batch, times, seqs, next: 0, batch_in_use: None })
    }

    fn place(&self, row: usize) -> Option<Cursor> {
        let time = *self.times.values().get(row)?;
        let seq = u64::try_from(*self.seqs.values().get(row)?).unwrap_or_default();
        Some(Cursor { time, seq })
    }
}

impl Source {
    fn new(part: &Arc<Part>) -> Self {
        Source {
            part: Arc::clone(part),
            opened: None,
            next_group: 0,
            reader: None,
            head: None,
            checked: Vec::new(),
        }
    }

    /// Reads the next rows; there is no head at the end.
    fn read<R: Record>(&mut self) -> Result<(), HistoryError> {
        loop {
            if let Some(batch) = self.reader.as_mut().and_then(Iterator::next) {
                let part = &self.part;
                let batch = batch.map_err(|error| part.damaged(error))?;
                // A strange value is found here, while it is still in a small file.
                R::check(&batch, &mut self.checked).map_err(|error| part.damaged(error))?;
                self.head = Some(Head::new::<R>(batch).map_err(|error| part.damaged(error))?);
                return Ok(());
            }
            self.reader = None;
            let opened = match self.opened.take() {
                Some(opened) => opened,
                None if self.next_group == 0 => Opened::new::<R>(&self.part)?,
                None => return Ok(()),
            };
            if self.next_group >= opened.meta.metadata().num_row_groups() {
                // Nothing of a file is held for longer than its rows are due.
                self.checked = Vec::new();
                return Ok(());
            }
            // One row group at a time: a batch across two would have to join their dictionaries.
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(
                opened.file.clone(),
                opened.meta.clone(),
            );
            let reader = builder
                .with_row_groups(vec![self.next_group])
                .with_batch_size(READ_ROWS)
                .build()
                .map_err(|error| self.part.damaged(error))?;
            self.next_group = self.next_group.saturating_add(1);
            self.opened = Some(opened);
            self.reader = Some(reader);
        }
    }
}
