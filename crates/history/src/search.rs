//! Pages of rows, newest first, from memory and files alike.
//!
//! Files and row groups are taken by their latest time, so the search ends as soon as the page is
//! full and nothing that is left can be newer. Two threads share the queue.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Mutex, PoisonError};

use parquet::arrow::arrow_reader::{ArrowReaderMetadata, RowSelection};

use crate::HistoryError;
use crate::checksums::Sums;
use crate::file::{PartFile, free_buffers};
use crate::pages::Opener;
use crate::part::{Bounds, Part};
use crate::query::{Cursor, Looked, Page, Window};
use crate::record::{Ask, Record, Select};
use crate::scan::Group;
use crate::table::{Place, Table};

/// Threads of one search: what the smallest machine has.
pub(crate) const THREADS: usize = 2;
/// How often a search starts again because files were merged under it.
pub(crate) const ATTEMPTS: usize = 5;

/// One page.
pub(crate) fn page<R: Record, A: Ask<R>>(
    table: &Table<R>,
    ask: &A,
) -> Result<Page<R>, HistoryError> {
    let limit = ask.limit();
    let mut attempt = 1;
    let (mut rows, looked) = loop {
        match collect(table, ask, limit.saturating_add(1)) {
            Err(error) if error.is_gone() && attempt < ATTEMPTS => attempt += 1,
            result => break result?,
        }
    };
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = if more { rows.last().map(R::place) } else { None };
    Ok(Page { rows, next, looked })
}

fn collect<R: Record, A: Ask<R>>(
    table: &Table<R>,
    ask: &A,
    wanted: usize,
) -> Result<(Vec<R>, Looked), HistoryError> {
    let window = ask.window();
    let mut looked = Looked::default();
    let mut best = Best { rows: BinaryHeap::new(), wanted };
    let mut queue = BinaryHeap::new();
    {
        let state = table.lock();
        let site = |place: &Place| ask.site().is_none_or(|site| *site == place.0);
        let buffered = state
            .buffer
            .iter()
            .filter(|(site, _)| ask.site().is_none_or(|wanted| wanted == *site))
            .flat_map(|(_, days)| days.values().flatten());
        let writing = state.writing.iter().filter(|(place, _)| site(place));
        for row in buffered.chain(writing.flat_map(|(_, rows)| rows.iter())) {
            looked.rows += 1;
            if window.has(row.begin(), row.place()) && ask.fits(row) {
                best.offer(row);
            }
        }
        for (place, parts) in state.parts.iter().filter(|(place, _)| site(place)) {
            for part in parts.iter().filter(|part| may_have(&window, &part.bounds)) {
                queue.push(Work::part(place, part));
            }
        }
    }
    let shared = Mutex::new(Shared { best, queue, looked, failed: None });
    std::thread::scope(|scope| {
        for _ in 1..THREADS {
            scope.spawn(|| work(table, ask, &window, &shared));
        }
        work(table, ask, &window, &shared);
    });
    free_buffers();
    let shared = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
    shared.failed.map_or_else(|| Ok((shared.best.sorted(), shared.looked)), Err)
}

/// Whether rows within these bounds can lie in the window.
pub(crate) fn may_have(window: &Window, bounds: &Bounds) -> bool {
    bounds.time.1 >= window.from
        && bounds.begin.0 <= window.to
        && bounds.time.0 <= window.before.time
}

struct Shared<R> {
    best: Best<R>,
    queue: BinaryHeap<Work>,
    looked: Looked,
    failed: Option<HistoryError>,
}

/// A file or a row group that waits, ordered by its latest time.
struct Work {
    latest: i64,
    place: Place,
    part: Arc<Part>,
    group: Option<(Arc<Opened>, usize)>,
}

/// A file, and what it says of itself.
pub(crate) struct Opened {
    pub file: PartFile,
    pub meta: ArrowReaderMetadata,
}

impl Opened {
    pub(crate) fn new<R: Record>(part: &Part) -> Result<Self, HistoryError> {
        let mut file = PartFile::open(&part.path)?;
        let meta = part.load::<R>(&file)?;
        file.check(Sums::of(meta.metadata().file_metadata()));
        Ok(Opened { file, meta })
    }
}

impl Work {
    fn part(place: &Place, part: &Arc<Part>) -> Self {
        Work {
            latest: part.bounds.time.1,
            place: place.clone(),
            part: Arc::clone(part),
            group: None,
        }
    }
}

impl PartialEq for Work {
    fn eq(&self, other: &Self) -> bool {
        self.latest == other.latest
    }
}

impl Eq for Work {}

impl PartialOrd for Work {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Work {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.latest.cmp(&other.latest)
    }
}

/// The newest rows so far.
struct Best<R> {
    rows: BinaryHeap<Reverse<Placed<R>>>,
    wanted: usize,
}

struct Placed<R> {
    place: Cursor,
    row: R,
}

impl<R> PartialEq for Placed<R> {
    fn eq(&self, other: &Self) -> bool {
        self.place == other.place
    }
}

impl<R> Eq for Placed<R> {}

impl<R> PartialOrd for Placed<R> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<R> Ord for Placed<R> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.place.cmp(&other.place)
    }
}

impl<R: Record> Best<R> {
    /// The place that a row must be behind to be of use, once the page is full.
    fn floor(&self) -> Option<Cursor> {
        let full = self.rows.len() >= self.wanted;
        self.rows.peek().filter(|_| full).map(|Reverse(placed)| placed.place)
    }

    fn offer(&mut self, row: &R) {
        let place = row.place();
        if self.floor().is_some_and(|floor| place < floor) {
            return;
        }
        self.rows.push(Reverse(Placed { place, row: row.clone() }));
        if self.rows.len() > self.wanted {
            self.rows.pop();
        }
    }

    fn sorted(self) -> Vec<R> {
        let sorted = self.rows.into_sorted_vec();
        sorted.into_iter().map(|Reverse(placed)| placed.row).collect()
    }
}

fn work<R: Record, A: Ask<R>>(
    table: &Table<R>,
    ask: &A,
    window: &Window,
    shared: &Mutex<Shared<R>>,
) {
    let opener = Opener::default();
    loop {
        let mut now = shared.lock().unwrap_or_else(PoisonError::into_inner);
        if now.failed.is_some() {
            return;
        }
        let Some(next) = now.queue.pop() else { return };
        let floor = now.best.floor();
        if floor.is_some_and(|floor| next.latest < floor.time) {
            return;
        }
        let wanted = now.best.wanted;
        // A file is opened under the lock: what is in it belongs into the queue before the other
        // thread decides that nothing newer is left.
        let Some((opened, index)) = next.group else {
            expand(table, window, &mut now, &next);
            continue;
        };
        drop(now);
        let mut looked = Looked::default();
        let found = table.reading(&next.place, &next.part, || {
            let mut group = Group::new(&next.part, &opened.file, &opened.meta, index, &opener)?;
            search_group(&mut group, ask, window, wanted, &mut looked)
        });
        let mut now = shared.lock().unwrap_or_else(PoisonError::into_inner);
        now.looked.add(&looked);
        match found {
            Ok(rows) => rows.iter().for_each(|row| now.best.offer(row)),
            Err(error) if error.is_damage() => now.looked.damaged += 1,
            Err(error) => now.failed = Some(error),
        }
    }
}

/// Puts the row groups of a file into the queue.
fn expand<R: Record>(table: &Table<R>, window: &Window, shared: &mut Shared<R>, next: &Work) {
    match table.reading(&next.place, &next.part, || Opened::new::<R>(&next.part)) {
        Ok(opened) => {
            let opened = Arc::new(opened);
            shared.looked.files += 1;
            for (index, group) in opened.meta.metadata().row_groups().iter().enumerate() {
                shared.looked.groups += 1;
                let bounds = Bounds::of::<R>(group);
                if may_have(window, &bounds) {
                    shared.queue.push(Work {
                        latest: bounds.time.1,
                        place: next.place.clone(),
                        part: Arc::clone(&next.part),
                        group: Some((Arc::clone(&opened), index)),
                    });
                } else {
                    shared.looked.skipped += 1;
                }
            }
        }
        Err(error) if error.is_damage() => shared.looked.damaged += 1,
        Err(error) => shared.failed = Some(error),
    }
}

/// The newest fitting rows of a row group.
fn search_group<R: Record, A: Ask<R>>(
    group: &mut Group<'_>,
    ask: &A,
    window: &Window,
    wanted: usize,
    looked: &mut Looked,
) -> Result<Vec<R>, HistoryError> {
    let select = selected::<R, A>(group, ask, window, looked)?;
    let Some(picked) = newest(&select, group.rows(), wanted) else { return Ok(Vec::new()) };
    let batch = group.read(&[], Some(picked))?;
    group.decode::<R>(&batch)
}

/// Rows of the group that fit, times included.
pub(crate) fn selected<R: Record, A: Ask<R>>(
    group: &mut Group<'_>,
    ask: &A,
    window: &Window,
    looked: &mut Looked,
) -> Result<Select, HistoryError> {
    let select = ask.select(group)?;
    if select == Select::None {
        looked.skipped += 1;
        return Ok(Select::None);
    }
    looked.rows += group.rows() as u64;
    if select.is_empty() {
        return Ok(Select::None);
    }
    Ok(select.and(in_window::<R>(group, window)?))
}

/// Rows in the window; columns are read only where the bounds leave a doubt.
pub(crate) fn in_window<R: Record>(
    group: &Group<'_>,
    window: &Window,
) -> Result<Select, HistoryError> {
    let bounds = group.bounds::<R>();
    let before = window.before;
    let mut select = Select::All;
    if bounds.time.0 < window.from || bounds.time.1 >= before.time {
        let times = group.times(R::TIME)?;
        let seqs = if bounds.time.1 >= before.time && before.time < i64::MAX {
            group.longs("seq")?
        } else {
            Vec::new()
        };
        let mut seqs = seqs.into_iter().map(|seq| u64::try_from(seq).unwrap_or(0));
        let fits = times.iter().map(|time| {
            let place = Cursor { time: *time, seq: seqs.next().unwrap_or(0) };
            *time >= window.from && place < before
        });
        select = select.and(Select::Rows(fits.collect()));
    }
    if bounds.begin.1 > window.to {
        let begins = group.times(R::BEGIN)?;
        select = select.and(Select::Rows(begins.iter().map(|at| *at <= window.to).collect()));
    }
    Ok(select)
}

/// The last rows of a selection: rows stand in their order within a row group.
fn newest(select: &Select, rows: usize, wanted: usize) -> Option<RowSelection> {
    match select {
        Select::None => None,
        Select::All => {
            let range = rows.saturating_sub(wanted)..rows;
            Some(RowSelection::from_consecutive_ranges(std::iter::once(range), rows))
        }
        Select::Rows(fits) => {
            let fitting = fits.iter().enumerate().rev().filter(|(_, fits)| **fits);
            let mut places: Vec<usize> = fitting.map(|(place, _)| place).take(wanted).collect();
            places.reverse();
            let ranges = places.iter().map(|place| *place..place.saturating_add(1));
            (!places.is_empty()).then(|| RowSelection::from_consecutive_ranges(ranges, rows))
        }
    }
}
