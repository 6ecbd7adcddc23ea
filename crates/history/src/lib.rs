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
mod columns;
mod day;
mod disk;
mod error;
mod facts;
mod flows;
mod local;
mod part;
mod problems;
mod query;
mod record;
mod row;
mod scan;
mod search;
mod site;
mod table;

use cordon_model::Flow;
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
