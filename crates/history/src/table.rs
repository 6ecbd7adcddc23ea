//! The rows of one kind: those in memory, those being written, and the files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::disk::Disk;
use crate::part::{Part, Writes, guard, write_part};
use crate::problems::Problems;
use crate::record::Record;
use crate::{Appended, Day, HistoryError, Site};

/// Most sites kept apart: each has its folders and files.
pub const MAX_SITES: usize = 256;
/// Most days per site. Retention keeps fewer; only packets of many wrong clocks reach it, and
/// their rows then lie in the nearest day that exists.
pub const MAX_DAYS: usize = 800;
/// Most new days that wait in memory at once, so that one flush does not write thousands of files.
const MAX_NEW_DAYS: usize = 32;

/// Site and day: one folder.
pub(crate) type Place = (Site, Day);

/// Rows of one kind.
pub(crate) struct Table<R> {
    pub root: PathBuf,
    pub disk: Disk,
    pub problems: Arc<Problems>,
    capacity: usize,
    state: Mutex<State<R>>,
    /// One flush at a time, so that numbers of writes grow.
    flushing: Mutex<()>,
    /// Compaction and retention take turns.
    pub upkeep: Mutex<()>,
}

/// What a table holds.
pub(crate) struct State<R> {
    /// Rows that only memory has.
    pub buffer: BTreeMap<Site, BTreeMap<Day, Vec<R>>>,
    /// Rows that are being written.
    pub writing: BTreeMap<Place, Arc<Vec<R>>>,
    /// Files in use, in the order of their writes.
    pub parts: BTreeMap<Place, Vec<Arc<Part>>>,
    /// Rows in `buffer` and `writing`.
    held: usize,
    next_seq: u64,
    next_write: u64,
}

impl<R: Record> Table<R> {
    /// Opens the folder, sets aside what is damaged and finishes what a crash interrupted.
    pub(crate) fn open(
        dir: &Path,
        disk: Disk,
        problems: Arc<Problems>,
        capacity: usize,
    ) -> Result<Self, HistoryError> {
        let root = dir.join(R::FOLDER);
        disk.folder(dir, &root)?;
        let table = Table {
            root,
            disk,
            problems,
            capacity,
            state: Mutex::new(State {
                buffer: BTreeMap::new(),
                writing: BTreeMap::new(),
                parts: BTreeMap::new(),
                held: 0,
                next_seq: 1,
                next_write: 1,
            }),
            flushing: Mutex::new(()),
            upkeep: Mutex::new(()),
        };
        for (site, folder) in partitions(&table.root, "site=")? {
            let Ok(site) = site.parse::<Site>() else { continue };
            for (day, folder) in partitions(&folder, "day=")? {
                let Ok(day) = day.parse::<Day>() else { continue };
                table.open_day(&(site.clone(), day), &folder)?;
            }
        }
        let quarantined = table.quarantine_folder();
        for name in names(&quarantined)? {
            let plain = name.split_once('.').and_then(|(_, rest)| Writes::of_name(rest));
            let mut state = table.lock();
            state.next_write =
                state.next_write.max(plain.map_or(0, |writes| writes.to.saturating_add(1)));
        }
        Ok(table)
    }

    fn open_day(&self, place: &Place, folder: &Path) -> Result<(), HistoryError> {
        let mut parts: Vec<Part> = Vec::new();
        for name in names(folder)? {
            let path = folder.join(&name);
            if name.ends_with(".tmp") {
                self.disk.remove(&path)?;
                continue;
            }
            if !name.ends_with(".parquet") {
                continue;
            }
            let Some(writes) = Writes::of_name(&name) else {
                self.problems.note(format!(
                    "{} is not a file of this history; it is left alone",
                    path.display()
                ));
                continue;
            };
            let mut state = self.lock();
            state.next_write = state.next_write.max(writes.to.saturating_add(1));
            drop(state);
            match Part::open::<R>(&path, writes) {
                Ok(part) => parts.push(part),
                Err(error) if error.is_damage() => self.quarantine(place, &path, &error),
                Err(error) => return Err(error),
            }
        }
        let all: Vec<Writes> = parts.iter().map(|part| part.writes).collect();
        let (superseded, mut used): (Vec<_>, Vec<_>) = parts
            .into_iter()
            .partition(|part| all.iter().any(|writes| writes.supersedes(part.writes)));
        for part in superseded {
            self.disk.remove(&part.path)?;
        }
        used.sort_by_key(|part| part.writes);
        let top = used.iter().map(|part| part.top).max().unwrap_or(0);
        let mut state = self.lock();
        state.next_seq = state.next_seq.max(top.saturating_add(1));
        if !used.is_empty() {
            state.parts.insert(place.clone(), used.into_iter().map(Arc::new).collect());
        }
        Ok(())
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State<R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn folder(&self, place: &Place) -> PathBuf {
        self.root.join(format!("site={}", place.0)).join(format!("day={}", place.1))
    }

    fn quarantine_folder(&self) -> PathBuf {
        self.root.with_file_name("quarantine").join(R::FOLDER)
    }

    /// Takes rows in, as many as there is room for. Never waits for the disk.
    pub(crate) fn append<T>(
        &self,
        site: &Site,
        rows: &[T],
        make: impl Fn(&T, u64) -> R,
        day: impl Fn(&R) -> Day,
    ) -> Appended {
        let mut state = self.lock();
        let room = self.capacity.saturating_sub(state.held);
        let room = if state.site_fits(site) { room } else { 0 };
        let accepted = rows.len().min(room);
        let first = state.next_seq;
        for row in rows.iter().take(accepted) {
            let row = make(row, state.next_seq);
            let place = state.day_for(site, day(&row));
            state.next_seq = state.next_seq.saturating_add(1);
            if let Some(days) = state.buffer.get_mut(site) {
                days.entry(place).or_default().push(row);
            } else {
                let days = BTreeMap::from([(place, vec![row])]);
                state.buffer.insert(site.clone(), days);
            }
        }
        state.held = state.held.saturating_add(accepted);
        let held = state.held;
        drop(state);
        let dropped = rows.len().saturating_sub(accepted);
        Appended {
            accepted,
            dropped,
            through: first.saturating_add(accepted as u64).saturating_sub(1),
            held,
            flush_soon: held.saturating_mul(2) >= self.capacity,
        }
    }

    /// Makes durable what was taken in before the call. The number is that of the last row.
    pub(crate) fn flush(&self) -> Result<(u64, u64), HistoryError> {
        let _one = self.flushing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.lock();
        let through = state.next_seq.saturating_sub(1);
        let buffer = std::mem::take(&mut state.buffer);
        for (site, days) in buffer {
            for (day, mut rows) in days {
                if let Some(left) = state.writing.remove(&(site.clone(), day)) {
                    rows.extend(left.iter().cloned());
                }
                rows.sort_unstable_by_key(R::place);
                state.writing.insert((site.clone(), day), Arc::new(rows));
            }
        }
        let waiting: Vec<_> =
            state.writing.iter().map(|(place, rows)| (place.clone(), Arc::clone(rows))).collect();
        drop(state);
        let mut written = 0;
        let mut failed = None;
        for (place, rows) in waiting {
            if failed.is_none() {
                match self.write(&place, &rows) {
                    Ok(part) => {
                        written += rows.len() as u64;
                        let mut state = self.lock();
                        state.writing.remove(&place);
                        state.held = state.held.saturating_sub(rows.len());
                        state.parts.entry(place).or_default().push(part);
                        continue;
                    }
                    Err(error) => failed = Some(error),
                }
            }
            // Back into the buffer: still searchable, and tried again by the next flush.
            let mut state = self.lock();
            state.writing.remove(&place);
            let rows = Arc::try_unwrap(rows).unwrap_or_else(|rows| rows.to_vec());
            state.buffer.entry(place.0).or_default().entry(place.1).or_default().extend(rows);
        }
        failed.map_or(Ok((written, through)), Err)
    }

    fn write(&self, place: &Place, rows: &[R]) -> Result<Arc<Part>, HistoryError> {
        let folder = self.folder(place);
        let number = {
            let mut state = self.lock();
            let number = state.next_write;
            state.next_write = number.saturating_add(1);
            number
        };
        self.disk.folder(&self.root, &folder)?;
        write_part(&self.disk, &folder, number, rows)
    }

    /// The files of a partition, in the order of their writes.
    pub(crate) fn parts(&self, place: &Place) -> Vec<Arc<Part>> {
        self.lock().parts.get(place).cloned().unwrap_or_default()
    }

    /// Days of which there are rows, in files or in memory.
    pub(crate) fn days(&self) -> BTreeSet<Day> {
        let state = self.lock();
        let filed = state.parts.keys().chain(state.writing.keys()).map(|(_, day)| *day);
        filed.chain(state.buffer.values().flat_map(|days| days.keys().copied())).collect()
    }

    /// Rows that are not yet in a file.
    pub(crate) fn held(&self) -> usize {
        self.lock().held
    }

    /// Takes a damaged file out of use and out of the way.
    pub(crate) fn quarantine(&self, place: &Place, path: &Path, error: &HistoryError) {
        {
            let mut state = self.lock();
            if let Some(parts) = state.parts.get_mut(place) {
                parts.retain(|part| part.path != path);
                if parts.is_empty() {
                    state.parts.remove(place);
                }
            }
        }
        let folder = self.quarantine_folder();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let to = folder.join(format!("{}_{}.{name}", place.0, place.1));
        let moved = self
            .disk
            .folder(self.root.parent().unwrap_or(&self.root), &folder)
            .and_then(|()| self.disk.rename(path, &to));
        match moved {
            Ok(()) => self.problems.damaged(format!("{error}; moved to {}", to.display())),
            Err(moving) => self.problems.damaged(format!("{error}; left out ({moving})")),
        }
    }

    /// Runs what reads a file; damage takes the file out of use.
    pub(crate) fn reading<T>(
        &self,
        place: &Place,
        part: &Part,
        read: impl FnOnce() -> Result<T, HistoryError>,
    ) -> Result<T, HistoryError> {
        let result = guard(part, read);
        if let Err(error) = &result
            && error.is_damage()
        {
            self.quarantine(place, &part.path, error);
        }
        result
    }
}

impl<R> State<R> {
    fn site_fits(&self, site: &Site) -> bool {
        let has = |site: &Site| {
            self.buffer.contains_key(site) || self.parts.keys().any(|(known, _)| known == site)
        };
        if has(site) {
            return true;
        }
        let mut sites: Vec<&Site> = self.parts.keys().map(|(site, _)| site).collect();
        sites.extend(self.writing.keys().map(|(site, _)| site));
        sites.extend(self.buffer.keys());
        sites.sort_unstable();
        sites.dedup();
        sites.len() < MAX_SITES
    }

    /// The day whose folder takes a row of this day: a bounded number of days exists.
    fn day_for(&self, site: &Site, day: Day) -> Day {
        let waiting = self.buffer.get(site);
        if waiting.is_some_and(|days| days.contains_key(&day)) {
            return day;
        }
        let place = (site.clone(), day);
        if self.parts.contains_key(&place) || self.writing.contains_key(&place) {
            return day;
        }
        let all = (site.clone(), Day::MIN)..=(site.clone(), Day::MAX);
        let filed = self.parts.range(all.clone()).count() + self.writing.range(all.clone()).count();
        let new = waiting.map_or(0, BTreeMap::len);
        if new < MAX_NEW_DAYS && new.saturating_add(filed) < MAX_DAYS {
            return day;
        }
        let known = self.parts.range(all).map(|((_, day), _)| *day);
        let known = known.chain(waiting.into_iter().flat_map(|days| days.keys().copied()));
        known.min_by_key(|known| known.distance(day)).unwrap_or(day)
    }
}

/// Folders called `<prefix><value>`, with their values.
fn partitions(folder: &Path, prefix: &str) -> Result<Vec<(String, PathBuf)>, HistoryError> {
    let mut found: Vec<_> = names(folder)?
        .into_iter()
        .filter_map(|name| Some((name.strip_prefix(prefix)?.to_owned(), folder.join(&name))))
        .filter(|(_, path)| path.is_dir())
        .collect();
    found.sort();
    Ok(found)
}

fn names(folder: &Path) -> Result<Vec<String>, HistoryError> {
    let failed = |error| HistoryError::disk("list", folder, error);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        if let Ok(name) = entry.map_err(failed)?.file_name().into_string() {
            names.push(name);
        }
    }
    Ok(names)
}
