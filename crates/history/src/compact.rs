//! Many small files become few large ones, in the background.
//!
//! Files of similar size are merged eight at a time, so that a row is written about once per
//! tier; when a day gets no more rows, what is left of it is merged into one file. A crash at any
//! step loses and doubles nothing: see [`crate::part`] for how names decide which file counts.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::ops::Range;
use std::sync::{Arc, PoisonError};

use cordon_model::Timestamp;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use crate::part::{Part, Writes, write_all};
use crate::query::Cursor;
use crate::record::Record;
use crate::search::Opened;
use crate::table::{Place, Table};
use crate::{Compacted, Day, HistoryError};

/// Files of one tier that are worth merging.
const TIER_FILES: usize = 8;
/// Most files merged at once: each costs a page of every column.
const FAN_IN: usize = 16;
/// Most rows of a merged file: beyond it, the description at its end gets slow to read.
const MAX_ROWS: u64 = 4 << 20;
/// Rows decoded at once from each file.
const BATCH_ROWS: usize = 1_024;

/// The newest write of each partition when it was last looked at: a day that has got no rows
/// since is settled.
pub(crate) type Settled = BTreeMap<Place, u64>;

/// Merges what is worth it.
pub(crate) fn compact<R: Record>(
    table: &Table<R>,
    now: Timestamp,
    seen: &mut Settled,
) -> Result<Compacted, HistoryError> {
    let _one = table.upkeep.lock().unwrap_or_else(PoisonError::into_inner);
    let today = Day::of(now);
    let mut done = Compacted::default();
    let places: Vec<Place> = table.lock().parts.keys().cloned().collect();
    seen.retain(|place, _| places.contains(place));
    for place in places {
        let newest = table.parts(&place).last().map_or(0, |part| part.writes.to);
        let quiet = seen.insert(place.clone(), newest) == Some(newest);
        let settled = quiet && place.1 != today;
        loop {
            let parts = table.parts(&place);
            let Some(run) = plan(&parts, settled) else { break };
            let Some(sources) = parts.get(run) else { break };
            match merge(table, &place, sources) {
                Ok(rows) => {
                    done.merged_files += sources.len() as u64;
                    done.rows += rows;
                    done.files += 1;
                }
                // It is set aside and reported; what is left is planned anew.
                Err(error) if error.is_damage() => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(done)
}

/// The next files to merge: neighbours in the order of their writes, so that the merged file's
/// numbers cover its sources and nothing else.
fn plan(parts: &[Arc<Part>], settled: bool) -> Option<Range<usize>> {
    let tier = |part: &Arc<Part>| (part.rows / BATCH_ROWS as u64).checked_ilog(8).unwrap_or(0);
    let run = |most_tier: u32, least: usize| {
        let mut start = 0;
        let mut rows: u64 = 0;
        for (place, part) in parts.iter().enumerate() {
            let fits = tier(part) <= most_tier
                && rows.saturating_add(part.rows) <= MAX_ROWS
                && place.saturating_sub(start) < FAN_IN;
            if fits {
                rows = rows.saturating_add(part.rows);
                continue;
            }
            if place.saturating_sub(start) >= least {
                return Some(start..place);
            }
            let alone = tier(part) <= most_tier && part.rows <= MAX_ROWS;
            start = if alone { place } else { place.saturating_add(1) };
            rows = if alone { part.rows } else { 0 };
        }
        (parts.len().saturating_sub(start) >= least).then_some(start..parts.len())
    };
    (0..=4)
        .find_map(|tier| run(tier, TIER_FILES))
        .or_else(|| settled.then(|| run(u32::MAX, 2)).flatten())
}

fn merge<R: Record>(
    table: &Table<R>,
    place: &Place,
    sources: &[Arc<Part>],
) -> Result<u64, HistoryError> {
    let (Some(first), Some(last)) = (sources.first(), sources.last()) else { return Ok(0) };
    let writes = Writes { from: first.writes.from, to: last.writes.to };
    let mut merge = Merge { table, place, rows: Vec::new(), heads: BinaryHeap::new() };
    for part in sources {
        let opened = table.reading(place, part, || Opened::new::<R>(part))?;
        merge.add(Rows {
            part: Arc::clone(part),
            opened,
            next_group: 0,
            reader: None,
            batch: Vec::new().into_iter(),
        })?;
    }
    let merged = write_all(&table.disk, &table.folder(place), writes, || merge.next())?;
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
    rows: Vec<(Rows<R>, Option<R>)>,
    heads: BinaryHeap<Reverse<(Cursor, usize)>>,
}

impl<R: Record> Merge<'_, R> {
    fn add(&mut self, mut rows: Rows<R>) -> Result<(), HistoryError> {
        let head = rows.next(self.table, self.place)?;
        if let Some(row) = &head {
            self.heads.push(Reverse((row.place(), self.rows.len())));
        }
        self.rows.push((rows, head));
        Ok(())
    }

    fn next(&mut self) -> Result<Option<R>, HistoryError> {
        let Some(mut top) = self.heads.peek_mut() else { return Ok(None) };
        let Reverse((_, index)) = *top;
        let Some((rows, head)) = self.rows.get_mut(index) else { return Ok(None) };
        let following = rows.next(self.table, self.place)?;
        if let Some(row) = &following {
            *top = Reverse((row.place(), index));
        } else {
            std::collections::binary_heap::PeekMut::pop(top);
        }
        Ok(std::mem::replace(head, following))
    }
}

/// Rows of one file, a few at a time.
struct Rows<R> {
    part: Arc<Part>,
    opened: Opened,
    next_group: usize,
    reader: Option<ParquetRecordBatchReader>,
    batch: std::vec::IntoIter<R>,
}

impl<R: Record> Rows<R> {
    fn next(&mut self, table: &Table<R>, place: &Place) -> Result<Option<R>, HistoryError> {
        loop {
            if let Some(row) = self.batch.next() {
                return Ok(Some(row));
            }
            let part = Arc::clone(&self.part);
            let Some(batch) = table.reading(place, &part, || self.read())? else {
                return Ok(None);
            };
            self.batch = batch.into_iter();
        }
    }

    fn read(&mut self) -> Result<Option<Vec<R>>, HistoryError> {
        loop {
            let batch = self.reader.as_mut().and_then(Iterator::next);
            if let Some(batch) = batch {
                let batch = batch.map_err(|error| self.part.damaged(error))?;
                return R::decode(&batch).map(Some).map_err(|error| self.part.damaged(error));
            }
            if self.next_group >= self.opened.meta.metadata().num_row_groups() {
                return Ok(None);
            }
            // One row group at a time: a batch across two would have to join their dictionaries.
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(
                self.opened.file.clone(),
                self.opened.meta.clone(),
            );
            let reader = builder
                .with_row_groups(vec![self.next_group])
                .with_batch_size(BATCH_ROWS)
                .build()
                .map_err(|error| self.part.damaged(error))?;
            self.next_group = self.next_group.saturating_add(1);
            self.reader = Some(reader);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::part::Bounds;

    fn parts(rows: &[u64]) -> Vec<Arc<Part>> {
        let part = |(number, rows): (usize, &u64)| {
            let number = number as u64 + 1;
            Arc::new(Part {
                path: number.to_string().into(),
                writes: Writes { from: number, to: number },
                rows: *rows,
                bytes: 0,
                bounds: Bounds { time: (0, 0), begin: (0, 0) },
                top: 0,
            })
        };
        rows.iter().enumerate().map(part).collect()
    }

    #[test]
    fn few_files_wait_and_many_are_merged() {
        assert_eq!(plan(&parts(&[10; 7]), false), None);
        assert_eq!(plan(&parts(&[10; 8]), false), Some(0..8));
        assert_eq!(plan(&parts(&[10; 40]), false), Some(0..16));
        let mut grown = vec![2_000_000];
        grown.extend([10; 8]);
        assert_eq!(plan(&parts(&grown), false), Some(1..9));
    }

    #[test]
    fn a_settled_day_becomes_one_file_unless_it_is_too_large() {
        assert_eq!(plan(&parts(&[500_000, 9, 9]), true), Some(0..3));
        assert_eq!(plan(&parts(&[500_000]), true), None);
        assert_eq!(plan(&parts(&[3_000_000, 3_000_000]), true), None);
        assert_eq!(plan(&parts(&[3_000_000, 3_000_000, 9]), true), Some(1..3));
        assert_eq!(plan(&parts(&[9_000_000, 9, 9]), true), Some(1..3));
    }
}
