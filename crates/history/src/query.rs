//! What can be asked, and what comes back.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use cordon_model::{App, Mac, Timestamp, Transport};
use serde::{Deserialize, Serialize, Serializer};

use crate::row::micros;
use crate::{FactRow, FlowRow, HistoryError, Site};

/// Most rows on one page: a page is held in memory, and a row takes about 200 bytes.
pub const MAX_LIMIT: usize = 16_384;
/// Rows on a page when nobody says otherwise.
pub const DEFAULT_LIMIT: usize = 100;
/// Most addresses looked for at once; further ones are ignored. A device has a few, a subnet is
/// better asked for as text.
pub const MAX_ADDRESSES: usize = 1_024;

/// An address of either layer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Address {
    /// A link-layer address.
    Mac(Mac),
    /// An IP address.
    Ip(IpAddr),
}

/// An address, and when it counts: a device may have had an address that another has now.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct AddressSpan {
    /// The address.
    pub address: Address,
    /// From when on, compared with a row's latest packet.
    pub from: Option<Timestamp>,
    /// Until before when.
    pub to: Option<Timestamp>,
}

impl AddressSpan {
    /// An address at any time.
    #[must_use]
    pub const fn always(address: Address) -> Self {
        AddressSpan { address, from: None, to: None }
    }

    /// Whether the address counts at this time.
    #[must_use]
    pub fn covers(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at < to)
    }
}

impl From<IpAddr> for AddressSpan {
    fn from(ip: IpAddr) -> Self {
        AddressSpan::always(Address::Ip(ip))
    }
}

impl From<Mac> for AddressSpan {
    fn from(mac: Mac) -> Self {
        AddressSpan::always(Address::Mac(mac))
    }
}

/// Which flows. Every part that is given must hold.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct FlowQuery {
    /// Only this site.
    pub site: Option<Site>,
    /// Only flows whose latest packet is at or after this time.
    pub from: Option<Timestamp>,
    /// Only flows whose first packet is before this time.
    pub to: Option<Timestamp>,
    /// One end has one of these addresses; empty: any.
    pub device: Vec<AddressSpan>,
    /// The other end has one of these addresses; empty: any.
    pub peer: Vec<AddressSpan>,
    /// Service port.
    pub port: Option<u16>,
    /// What carries the flow.
    pub transport: Option<Transport>,
    /// The application.
    pub app: Option<App>,
    /// Occurs in an address or the name of the application, whatever the case: `192.168.7.`.
    pub text: Option<String>,
    /// Only rows behind this one.
    pub cursor: Option<Cursor>,
    /// Rows on the page, [`DEFAULT_LIMIT`] if zero, at most [`MAX_LIMIT`].
    pub limit: usize,
}

/// Which facts. Every part that is given must hold.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct FactQuery {
    /// Only this site.
    pub site: Option<Site>,
    /// Only facts at or after this time.
    pub from: Option<Timestamp>,
    /// Only facts before this time.
    pub to: Option<Timestamp>,
    /// The speaker has one of these addresses; empty: any.
    pub device: Vec<AddressSpan>,
    /// The kind of fact.
    pub kind: Option<String>,
    /// Occurs in what was said, whatever the case.
    pub text: Option<String>,
    /// Only rows behind this one.
    pub cursor: Option<Cursor>,
    /// Rows on the page, [`DEFAULT_LIMIT`] if zero, at most [`MAX_LIMIT`].
    pub limit: usize,
}

/// Where a page ended: the place of its last row. It stays valid while rows are added, moved
/// into other files or removed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Cursor {
    /// Microseconds since the epoch.
    pub(crate) time: i64,
    /// Number of the row.
    pub(crate) seq: u64,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.time, self.seq)
    }
}

impl FromStr for Cursor {
    type Err = HistoryError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || HistoryError::Cursor(text.chars().take(60).collect());
        let (time, seq) = text.split_once('.').ok_or_else(wrong)?;
        Ok(Cursor {
            time: time.parse().map_err(|_| wrong())?,
            seq: seq.parse().map_err(|_| wrong())?,
        })
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// How much was looked at for an answer, and what could not be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Looked {
    /// Files opened.
    pub files: u64,
    /// Row groups in those files.
    pub groups: u64,
    /// Row groups left out by times or by their list of distinct values.
    pub skipped: u64,
    /// Rows compared one by one.
    pub rows: u64,
    /// Files that could not be read: the answer may lack rows.
    pub damaged: u64,
}

impl Looked {
    pub(crate) fn add(&mut self, other: &Looked) {
        self.files += other.files;
        self.groups += other.groups;
        self.skipped += other.skipped;
        self.rows += other.rows;
        self.damaged += other.damaged;
    }
}

/// One page of rows, newest first.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Page<R> {
    /// The rows.
    pub rows: Vec<R>,
    /// Where to go on; `None` at the end.
    pub next: Option<Cursor>,
    /// What was looked at.
    pub looked: Looked,
}

/// One page of flows.
pub type FlowPage = Page<FlowRow>;
/// One page of facts.
pub type FactPage = Page<FactRow>;

/// Sums over flows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct FlowSummary {
    /// Flows.
    pub flows: u64,
    /// Packets of both directions.
    pub packets: u64,
    /// Bytes of both directions.
    pub bytes: u64,
    /// Time of the earliest first packet.
    pub first: Option<Timestamp>,
    /// Time of the latest packet.
    pub last: Option<Timestamp>,
    /// What was looked at.
    pub looked: Looked,
}

/// How long rows are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Keep {
    /// Whole days of flows behind today.
    pub flow_days: u32,
    /// Whole days of facts behind today.
    pub fact_days: u32,
}

impl Default for Keep {
    fn default() -> Self {
        Keep { flow_days: 30, fact_days: 365 }
    }
}

/// The bounds of a query in whole microseconds, which is what rows carry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    /// Latest packet at or after.
    pub from: i64,
    /// First packet before or at.
    pub to: i64,
    /// Place strictly before.
    pub before: Cursor,
}

impl Window {
    pub(crate) fn new(
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        cursor: Option<Cursor>,
    ) -> Self {
        Window {
            from: from.map_or(i64::MIN, ceil_micros),
            to: to.map_or(i64::MAX, |to| ceil_micros(to).saturating_sub(1)),
            before: cursor.unwrap_or(Cursor { time: i64::MAX, seq: u64::MAX }),
        }
    }

    pub(crate) fn has(&self, first: i64, place: Cursor) -> bool {
        place.time >= self.from && first <= self.to && place < self.before
    }
}

pub(crate) fn page_size(limit: usize) -> usize {
    if limit == 0 { DEFAULT_LIMIT } else { limit.min(MAX_LIMIT) }
}

fn ceil_micros(time: Timestamp) -> i64 {
    let whole = micros(time);
    if time.nanos().rem_euclid(1_000) == 0 { whole } else { whole.saturating_add(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_being_text() {
        let cursor = Cursor { time: -5, seq: u64::MAX };
        assert_eq!(cursor.to_string().parse::<Cursor>().unwrap(), cursor);
        for text in ["", "1", "a.b", "1.-1", "1.2.3"] {
            assert!(text.parse::<Cursor>().is_err(), "{text}");
        }
    }
}
