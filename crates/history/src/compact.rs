//! Many small files become few large ones, in the background.
//!
//! Small files wait until there are many, and all of a day are merged into one when it gets no
//! more rows: so a row is mostly written twice, when it is flushed and when its day is over. A
//! crash at any step loses and doubles nothing: see [`crate::part`] for how names decide which
//! file counts.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, PoisonError};

use cordon_model::Timestamp;

use crate::merge::merge;
use crate::part::Part;
use crate::record::Record;
use crate::table::{Place, Table};
use crate::{Compacted, Day, HistoryError};

/// Files of one tier that are worth merging, and most that are merged at once. A search opens
/// each in less than a millisecond; a day with 1.6 million flows has about a hundred.
const TIER_FILES: usize = 128;
/// Most files of one merge whose times overlap: only these are open at the same time.
const MAX_OPEN: usize = 16;
/// Rows of the smallest tier; each further one is so many times larger.
const TIER_ROWS: u64 = 32 << 10;
/// How much larger files of the next tier are.
const TIER_STEP: u64 = 32;
/// Most rows of a merged file: beyond it, the description at its end gets slow to read.
const MAX_ROWS: u64 = 4 << 20;

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
    (0..=2)
        .find_map(|tier| neighbours(parts, tier, TIER_FILES))
        .or_else(|| settled.then(|| neighbours(parts, u32::MAX, 2)).flatten())
}

fn neighbours(parts: &[Arc<Part>], most_tier: u32, least: usize) -> Option<Range<usize>> {
    let tier = |part: &Part| (part.rows / TIER_ROWS).max(1).ilog(TIER_STEP);
    let overlap = |one: &Part, other: &Part| {
        one.bounds.time.0 <= other.bounds.time.1 && other.bounds.time.0 <= one.bounds.time.1
    };
    let mut start = 0;
    let mut rows: u64 = 0;
    for (place, part) in parts.iter().enumerate() {
        let run = parts.get(start..place).unwrap_or(&[]);
        let crowded = run.iter().filter(|other| overlap(part, other)).count() >= MAX_OPEN;
        let small = tier(part) <= most_tier && part.rows <= MAX_ROWS;
        let fits = small && rows.saturating_add(part.rows) <= MAX_ROWS && run.len() < TIER_FILES;
        if fits && !crowded {
            rows = rows.saturating_add(part.rows);
            continue;
        }
        if run.len() >= least || (fits && crowded) {
            return Some(start..place);
        }
        start = if small { place } else { place.saturating_add(1) };
        rows = if small { part.rows } else { 0 };
    }
    (parts.len().saturating_sub(start) >= least).then_some(start..parts.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::part::{Bounds, Writes};

    /// Files of so many rows; each covers so many seconds, one after the other begins.
    fn lasting(rows: &[u64], seconds: i64) -> Vec<Arc<Part>> {
        let part = |(number, rows): (usize, &u64)| {
            let number = number as u64 + 1;
            let from = number as i64;
            Arc::new(Part {
                path: number.to_string().into(),
                writes: Writes { from: number, to: number },
                rows: *rows,
                bytes: 0,
                bounds: Bounds { time: (from, from + seconds), begin: (0, 0) },
                top: 0,
            })
        };
        rows.iter().enumerate().map(part).collect()
    }

    fn parts(rows: &[u64]) -> Vec<Arc<Part>> {
        lasting(rows, 0)
    }

    #[test]
    fn few_files_wait_and_many_are_merged() {
        assert_eq!(plan(&parts(&[10; 127]), false), None);
        assert_eq!(plan(&parts(&[10; 128]), false), Some(0..128));
        assert_eq!(plan(&parts(&[10; 400]), false), Some(0..128));
        let mut grown = vec![2_000_000];
        grown.extend([10; 128]);
        assert_eq!(plan(&parts(&grown), false), Some(1..129));
    }

    #[test]
    fn files_of_the_same_time_are_merged_before_too_many_would_be_open() {
        assert_eq!(plan(&lasting(&[10; 16], 1_000), false), None);
        assert_eq!(plan(&lasting(&[10; 40], 1_000), false), Some(0..16));
        assert_eq!(plan(&lasting(&[10; 40], 3), false), None);
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
