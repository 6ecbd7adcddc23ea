//! The history in a folder on this machine.

use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use cordon_model::{Flow, Timestamp};

use crate::ask::{FactAsk, FlowAsk};
use crate::compact::{Settled, compact};
use crate::disk::{Disk, Fault};
use crate::export::export;
use crate::file::free_buffers;
use crate::problems::Problems;
use crate::retire::{retire, sizes};
use crate::search::page;
use crate::summary::summary;
use crate::table::Table;
use crate::tally::tally;
use crate::{
    Appended, Compacted, Day, DaySize, Exported, FactPage, FactQuery, FactRow, FlowPage, FlowQuery,
    FlowRow, FlowSummary, Flushed, Format, History, HistoryError, Keep, Retired, Site, Status,
    Tallied, Tally, TallyQuery,
};

/// Flows held in memory: about 7 MB, half a minute at a thousand flows a second.
const FLOW_CAPACITY: usize = 32_768;
/// Facts held in memory: about 6 MB with usual values, 14 MB with the longest.
const FACT_CAPACITY: usize = 32_768;
/// Free disk space that is left to others.
const MIN_FREE: u64 = 1 << 30;

/// How the history uses memory and disk.
#[derive(Clone)]
pub struct Options {
    /// Flows held in memory until they are flushed.
    pub flow_capacity: usize,
    /// Facts held in memory until they are flushed.
    pub fact_capacity: usize,
    /// Bytes that stay free on the disk: the oldest days are removed for them.
    pub min_free: u64,
    /// For tests: what to do in place of a step on disk.
    pub fault: Option<Fault>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            flow_capacity: FLOW_CAPACITY,
            fact_capacity: FACT_CAPACITY,
            min_free: MIN_FREE,
            fault: None,
        }
    }
}

/// Flows and facts as Parquet files in a folder. One process at a time uses the folder; others
/// may read the files.
pub struct ParquetHistory {
    pub(crate) flows: Table<FlowRow>,
    pub(crate) facts: Table<FactRow>,
    pub(crate) problems: Arc<Problems>,
    pub(crate) min_free: u64,
    settled: Mutex<(Settled, Settled)>,
    /// The day on which a clock was last not believed.
    pub(crate) doubted: Mutex<Option<Day>>,
}

impl ParquetHistory {
    /// Opens the folder, which is made if it does not exist. Damaged files are set aside and
    /// reported, what a crash interrupted is finished.
    pub fn open(dir: &Path, options: Options) -> Result<Self, HistoryError> {
        let problems = Arc::new(Problems::default());
        let disk = Disk::new(options.fault);
        disk.folder(dir, dir)?;
        let shared = || (disk.clone(), Arc::clone(&problems));
        let (flow_disk, flow_problems) = shared();
        let (fact_disk, fact_problems) = shared();
        let flows = Table::open(dir, flow_disk, flow_problems, options.flow_capacity);
        let facts = Table::open(dir, fact_disk, fact_problems, options.fact_capacity);
        free_buffers();
        Ok(ParquetHistory {
            flows: flows?,
            facts: facts?,
            problems,
            min_free: options.min_free,
            settled: Mutex::default(),
            doubted: Mutex::default(),
        })
    }
}

impl History for ParquetHistory {
    fn append_flows(&self, site: &Site, flows: &[Flow]) -> Appended {
        let appended =
            self.flows.append(site, flows, FlowRow::new, |row: &FlowRow| Day::of(row.last));
        self.problems.dropped_flows.fetch_add(appended.dropped as u64, Ordering::Relaxed);
        appended
    }

    fn append_facts(&self, site: &Site, facts: &[FactRow]) -> Appended {
        let appended =
            self.facts.append(site, facts, FactRow::bounded, |row: &FactRow| Day::of(row.at));
        self.problems.dropped_facts.fetch_add(appended.dropped as u64, Ordering::Relaxed);
        appended
    }

    fn flush(&self) -> Result<Flushed, HistoryError> {
        let flows = self.flows.flush();
        let facts = self.facts.flush();
        let failed = flows.as_ref().err().or(facts.as_ref().err());
        self.problems.flushed(failed.map(ToString::to_string));
        let ((flows, flows_through), (facts, facts_through)) = (flows?, facts?);
        Ok(Flushed { flows, facts, flows_through, facts_through })
    }

    fn search(&self, query: &FlowQuery) -> Result<FlowPage, HistoryError> {
        page(&self.flows, &FlowAsk::new(query))
    }

    fn facts(&self, query: &FactQuery) -> Result<FactPage, HistoryError> {
        page(&self.facts, &FactAsk::new(query))
    }

    fn summary(&self, query: &FlowQuery) -> Result<FlowSummary, HistoryError> {
        summary(&self.flows, &FlowAsk::new(query))
    }

    fn tally(&self, query: &TallyQuery, to: &mut dyn Tally) -> Result<Tallied, HistoryError> {
        tally(&self.flows, query, to)
    }

    fn export(
        &self,
        query: &FlowQuery,
        format: Format,
        sink: &mut (dyn Write + Send),
    ) -> Result<Exported, HistoryError> {
        export(&self.flows, query, format, sink)
    }

    fn compact(&self, now: Timestamp) -> Result<Compacted, HistoryError> {
        let mut settled = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
        let (flows_seen, facts_seen) = &mut *settled;
        let flows = compact(&self.flows, now, flows_seen)?;
        let facts = compact(&self.facts, now, facts_seen)?;
        Ok(Compacted {
            files: flows.files + facts.files,
            merged_files: flows.merged_files + facts.merged_files,
            rows: flows.rows + facts.rows,
        })
    }

    fn retire(&self, now: Timestamp, keep: Keep) -> Result<Retired, HistoryError> {
        retire(self, now, keep)
    }

    fn sizes(&self) -> Result<Vec<DaySize>, HistoryError> {
        let mut all = sizes(&self.flows);
        all.extend(sizes(&self.facts));
        Ok(all)
    }

    fn status(&self) -> Status {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Status {
            held_flows: self.flows.held(),
            held_facts: self.facts.held(),
            dropped_flows: read(&self.problems.dropped_flows),
            dropped_facts: read(&self.problems.dropped_facts),
            damaged_files: read(&self.problems.damaged),
            days_for_space: read(&self.problems.days_for_space),
            free_bytes: self.flows.disk.free(&self.flows.root).ok(),
            problems: self.problems.latest(),
        }
    }
}
