//! The history in a folder on this machine.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use cordon_model::Flow;

use crate::ask::{FactAsk, FlowAsk};
use crate::disk::{Disk, Fault};
use crate::problems::Problems;
use crate::search::page;
use crate::table::Table;
use crate::{
    Appended, Day, FactPage, FactQuery, FactRow, FlowPage, FlowQuery, FlowRow, Flushed, History,
    HistoryError, Site,
};

/// Flows held in memory: about 12 MB, a minute at a thousand flows a second.
const FLOW_CAPACITY: usize = 65_536;
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
        Ok(ParquetHistory {
            flows: Table::open(dir, flow_disk, flow_problems, options.flow_capacity)?,
            facts: Table::open(dir, fact_disk, fact_problems, options.fact_capacity)?,
            problems,
            min_free: options.min_free,
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
        let ((flows, flows_through), (facts, facts_through)) = (flows?, facts?);
        Ok(Flushed { flows, facts, flows_through, facts_through })
    }

    fn search(&self, query: &FlowQuery) -> Result<FlowPage, HistoryError> {
        page(&self.flows, &FlowAsk::new(query))
    }

    fn facts(&self, query: &FactQuery) -> Result<FactPage, HistoryError> {
        page(&self.facts, &FactAsk::new(query))
    }
}
