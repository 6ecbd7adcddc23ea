//! Whole days go: those that are too old, and the oldest when the disk gets full.

use std::sync::PoisonError;

use cordon_model::Timestamp;
use std::sync::atomic::Ordering;

use crate::record::Record;
use crate::table::{Place, Table};
use crate::{Day, DaySize, HistoryError, Keep, ParquetHistory, Retired};

/// Days up to today in which rows of two must exist.
const CLOCK_DAYS: u32 = 7;

/// Removes what is older than it may be kept, then the oldest days until enough disk is free.
/// Today stays in any case.
pub(crate) fn retire(
    history: &ParquetHistory,
    now: Timestamp,
    keep: Keep,
) -> Result<Retired, HistoryError> {
    let today = Day::of(now);
    let mut retired = Retired::default();
    let flows = older(&history.flows, today.before(keep.flow_days));
    let facts = older(&history.facts, today.before(keep.fact_days));
    if (!flows.is_empty() || !facts.is_empty()) && told_twice(history, today) {
        for place in flows {
            remove(&history.flows, &place, &mut retired)?;
        }
        for place in facts {
            remove(&history.facts, &place, &mut retired)?;
        }
    }
    make_room(history, today, &mut retired)?;
    Ok(retired)
}

/// Whether a second day says that it is today: a clock that jumped ahead for an hour must not cost
/// a month of history. There must be rows of two days in the week up to today, so after a jump,
/// or a long time switched off, nothing goes for its age before the following day.
fn told_twice(history: &ParquetHistory, today: Day) -> bool {
    let mut days = history.flows.days();
    days.append(&mut history.facts.days());
    let told = days.range(today.before(CLOCK_DAYS)..=today).count() >= 2;
    let mut doubted = history.doubted.lock().unwrap_or_else(PoisonError::into_inner);
    if told {
        *doubted = None;
    } else if doubted.replace(today) != Some(today) {
        let newest = days.range(..today).next_back();
        let newest = newest.map_or_else(|| "no earlier day".to_owned(), Day::to_string);
        history.problems.note(format!(
            "the clock says {today}, rows before it are of {newest}: nothing is removed for its \
             age until rows of a second day say the same; check the clock"
        ));
    }
    told
}

fn make_room(
    history: &ParquetHistory,
    today: Day,
    retired: &mut Retired,
) -> Result<(), HistoryError> {
    loop {
        let free = history.flows.disk.free(&history.flows.root)?;
        if free >= history.min_free {
            return Ok(());
        }
        let flows = older(&history.flows, today).into_iter().min_by_key(|place| place.1);
        let facts = older(&history.facts, today).into_iter().min_by_key(|place| place.1);
        let kind = match (&flows, &facts) {
            (Some(place), facts) if facts.as_ref().is_none_or(|other| place.1 <= other.1) => {
                remove(&history.flows, place, retired)?;
                format!("flows of {} at {}", place.1, place.0)
            }
            (_, Some(place)) => {
                remove(&history.facts, place, retired)?;
                format!("facts of {} at {}", place.1, place.0)
            }
            _ => {
                let needed = history.min_free;
                history.problems.note(format!(
                    "{free} bytes are free, {needed} should be, and no day but today is left; \
                     free disk space"
                ));
                return Ok(());
            }
        };
        retired.for_space += 1;
        history.problems.days_for_space.fetch_add(1, Ordering::Relaxed);
        history.problems.note(format!("removed {kind} early: only {free} bytes were free"));
    }
}

fn older<R: Record>(table: &Table<R>, than: Day) -> Vec<Place> {
    table.lock().parts.keys().filter(|(_, day)| *day < than).cloned().collect()
}

fn remove<R: Record>(
    table: &Table<R>,
    place: &Place,
    retired: &mut Retired,
) -> Result<(), HistoryError> {
    let _one = table.upkeep.lock().unwrap_or_else(PoisonError::into_inner);
    let parts = table.lock().parts.remove(place).unwrap_or_default();
    for part in &parts {
        table.disk.remove(&part.path)?;
        retired.rows += part.rows;
        retired.bytes += part.bytes;
    }
    retired.days += 1;
    // A folder with files that are not ours, or with rows that just came, stays.
    let _ = std::fs::remove_dir(table.folder(place));
    Ok(())
}

/// What every day takes.
pub(crate) fn sizes<R: Record>(table: &Table<R>) -> Vec<DaySize> {
    let state = table.lock();
    let size = |((site, day), parts): (&Place, &Vec<std::sync::Arc<crate::part::Part>>)| DaySize {
        table: R::FOLDER,
        site: site.clone(),
        day: *day,
        files: parts.len() as u64,
        rows: parts.iter().map(|part| part.rows).sum(),
        bytes: parts.iter().map(|part| part.bytes).sum(),
    };
    state.parts.iter().map(size).collect()
}
