//! History: flows and facts as Parquet files by day and site.
//!
//! ```text
//! <dir>/flows/site=main/day=2026-11-22/part-0000000001-0000000042.parquet
//! <dir>/facts/site=main/day=2026-11-22/part-….parquet
//! <dir>/quarantine/…                       files that could not be read
//! ```
//!
//! DuckDB, Spark, Trino and pyarrow read the folder as it is (Hive partitions). Addresses are text:
//! with a dictionary per row group they take no more room than bytes would, and people can ask for
//! them. Everything here is synchronous; the caller gives it a thread.
//!
//! ```
//! use cordon_history::{FactQuery, FactRow, History, Options, ParquetHistory, Site};
//! use cordon_model::Timestamp;
//!
//! let dir = tempfile::tempdir().unwrap();
//! let history = ParquetHistory::open(dir.path(), Options::default()).unwrap();
//! let at = Timestamp::from_secs(1_795_305_600);
//! history.append_facts(&Site::default(), &[FactRow::new(at, "dhcp", "hostname lamp-7")]);
//! history.flush().unwrap();
//! let page = history.facts(&FactQuery::default()).unwrap();
//! assert_eq!(&*page.rows[0].value, "hostname lamp-7");
//! ```
//!
//! This crate must not know: devices and their names, findings, how flows come about, async, HTTP.

mod ask;
mod checksums;
mod columns;
mod compact;
pub mod conformance;
mod day;
mod disk;
mod error;
mod export;
mod facts;
mod file;
mod flows;
mod indexes;
mod local;
mod merge;
mod packed;
mod pages;
mod part;
mod problems;
mod query;
mod record;
mod retire;
mod row;
mod scan;
mod search;
mod site;
mod summary;
mod table;
mod tally;

use std::io::Write;

use cordon_model::{Flow, Timestamp};
use serde::Serialize;

pub use day::{Day, DayParseError};
pub use disk::{Fault, Step};
pub use error::HistoryError;
pub use local::{Options, ParquetHistory};
pub use query::{
    Address, AddressSpan, Cursor, DEFAULT_LIMIT, FactPage, FactQuery, FlowPage, FlowQuery,
    FlowSummary, Keep, Looked, MAX_ADDRESSES, MAX_LIMIT, Page,
};
pub use row::{FactRow, FlowRow, MAX_KIND, MAX_VALUE, transport_name, transport_named};
pub use site::Site;
pub use table::{MAX_DAYS, MAX_SITES};
pub use tally::{FlowKind, Seen, Tallied, Tally, TallyQuery, Want};

/// Where flows and facts are remembered.
pub trait History: Send + Sync {
    /// Takes flows in. Never waits for the disk; what finds no room is dropped and counted.
    fn append_flows(&self, site: &Site, flows: &[Flow]) -> Appended;

    /// Takes facts in, as [`History::append_flows`] does. Row numbers in `facts` are ignored.
    fn append_facts(&self, site: &Site, facts: &[FactRow]) -> Appended;

    /// Makes every row durable that was accepted before the call. After an error the rows that
    /// are not durable are still held, found by searches, and tried again next time.
    fn flush(&self) -> Result<Flushed, HistoryError>;

    /// One page of flows, newest first by their latest packet; rows not yet durable included.
    fn search(&self, query: &FlowQuery) -> Result<FlowPage, HistoryError>;

    /// One page of facts, newest first.
    fn facts(&self, query: &FactQuery) -> Result<FactPage, HistoryError>;

    /// Sums over every flow that the query means.
    fn summary(&self, query: &FlowQuery) -> Result<FlowSummary, HistoryError>;

    /// Tallies every flow of a time by its kind; rows not yet durable included. Nothing is merged or
    /// retired meanwhile.
    fn tally(&self, query: &TallyQuery, to: &mut dyn Tally) -> Result<Tallied, HistoryError>;

    /// Writes every flow that the query means, newest first; the query's limit does not count.
    fn export(
        &self,
        query: &FlowQuery,
        format: Format,
        sink: &mut (dyn Write + Send),
    ) -> Result<Exported, HistoryError>;

    /// Merges small files; to be called every few minutes.
    fn compact(&self, now: Timestamp) -> Result<Compacted, HistoryError>;

    /// Removes days that are too old, and the oldest while the disk is too full.
    fn retire(&self, now: Timestamp, keep: Keep) -> Result<Retired, HistoryError>;

    /// What every day takes on disk.
    fn sizes(&self) -> Result<Vec<DaySize>, HistoryError>;

    /// Counters and the latest problems.
    fn status(&self) -> Status;
}

/// What became of rows that were handed over.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Appended {
    /// Rows taken in.
    pub accepted: usize,
    /// Rows for which there was no room, or no room for another site.
    pub dropped: usize,
    /// Number of the last row taken in; durable once [`Flushed`] reaches it.
    pub through: u64,
    /// Rows of this kind that are not yet durable.
    pub held: usize,
    /// Whether the buffer is at least half full.
    pub flush_soon: bool,
}

/// What is acknowledged: a crash does not lose it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Flushed {
    /// Flows made durable by this call.
    pub flows: u64,
    /// Facts made durable by this call.
    pub facts: u64,
    /// Every accepted flow with a number up to this is durable.
    pub flows_through: u64,
    /// Every accepted fact with a number up to this is durable.
    pub facts_through: u64,
}

/// What merging did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Compacted {
    /// Files made.
    pub files: u64,
    /// Files that went into them.
    pub merged_files: u64,
    /// Rows moved.
    pub rows: u64,
}

/// What retention removed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Retired {
    /// Days, counted per site and kind of row.
    pub days: u64,
    /// Rows in them.
    pub rows: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// Of the days, those that went early because the disk was full.
    pub for_space: u64,
}

/// A day on disk.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct DaySize {
    /// `flows` or `facts`.
    pub table: &'static str,
    /// Whose.
    pub site: Site,
    /// Which day, in UTC.
    pub day: Day,
    /// Files.
    pub files: u64,
    /// Rows.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
}

/// How an export is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// RFC 4180, with a header.
    Csv,
    /// One JSON object per line.
    Ndjson,
    /// The columns of the history itself.
    Parquet,
}

/// What an export wrote.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Exported {
    /// Rows written.
    pub rows: u64,
    /// What was looked at for them.
    pub looked: Looked,
}

/// How the history is.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Status {
    /// Flows that are not yet durable.
    pub held_flows: usize,
    /// Facts that are not yet durable.
    pub held_facts: usize,
    /// Flows for which there was no room, since the start.
    pub dropped_flows: u64,
    /// Facts for which there was no room, since the start.
    pub dropped_facts: u64,
    /// Files that could not be read, since the start.
    pub damaged_files: u64,
    /// Days removed early because the disk was full, since the start.
    pub days_for_space: u64,
    /// Free bytes on the disk, if it can be said.
    pub free_bytes: Option<u64>,
    /// The latest problems as sentences, oldest first.
    pub problems: Vec<String>,
}
