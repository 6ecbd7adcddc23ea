//! What is shown of single rows of a row group.

use cordon_model::flow::TcpFlags;
use cordon_model::{App, Timestamp};
use parquet::arrow::arrow_reader::RowSelection;
use parquet::basic::Type;

use super::kinds::Pick;
use super::{Seen, Tally};
use crate::flows::app_named;
use crate::indexes::NOTHING;
use crate::scan::{Group, Listed};
use crate::{FlowRow, HistoryError};

/// What stands for a number that is not there; no port.
const NONE: i64 = i64::MIN;

/// When rows of a row group began, and the ports of their clients.
#[derive(Default)]
pub(super) struct Glances {
    first: Vec<i64>,
    ports: Vec<i64>,
}

impl Glances {
    /// Of the picks of the slice that starts there.
    pub(super) fn read(
        group: &Group<'_>,
        from: usize,
        picks: &[Pick],
    ) -> Result<Glances, HistoryError> {
        let asked = asked(from, picks);
        let first = times(group, "first", &asked)?;
        if !picks.iter().any(|pick| pick.with_port()) {
            return Ok(Glances { first, ports: Vec::new() });
        }
        let name = "client_port";
        let ports = match group.deltas(name, Type::INT32, &asked, NONE)? {
            Some(ports) => ports,
            None => {
                let port = |port: Option<u16>| port.map_or(NONE, i64::from);
                group.ports(name)?.into_iter().map(port).collect()
            }
        };
        Ok(Glances { first, ports })
    }

    /// Leaves what is to be shown.
    pub(super) fn choose(&self, from: usize, picks: &mut Vec<Pick>, to: &mut dyn Tally) {
        picks.retain(|pick| {
            let row = pick.row().saturating_add(from);
            let first = self.first.get(row).copied().unwrap_or_default();
            !pick.is_glance()
                || to.glance(pick.tag(), Timestamp::from_micros(first), self.port(row))
        });
    }

    fn port(&self, row: usize) -> Option<u16> {
        self.ports.get(row).and_then(|port| u16::try_from(*port).ok())
    }
}

/// The rows that are to be shown of a slice.
pub(super) enum Details {
    /// By their columns.
    Columns(Box<Columns>),
    /// As such: another program wrote the columns in another way.
    Rows(Vec<FlowRow>),
}

/// Columns of the rows that are to be shown: times of the whole row group, of the others those
/// rows only.
pub(super) struct Columns {
    from: usize,
    glances: Glances,
    last: Vec<i64>,
    app: Vec<u32>,
    apps: Vec<Option<App>>,
    flags: Listed,
    counts: [Listed; COUNTS.len()],
}

const COUNTS: [&str; 4] = ["sent_packets", "sent_bytes", "received_packets", "received_bytes"];

impl Details {
    pub(super) fn read(
        group: &Group<'_>,
        from: usize,
        picks: &[Pick],
        glances: Option<Glances>,
    ) -> Result<Details, HistoryError> {
        let asked = asked(from, picks);
        let mut counts = Vec::with_capacity(COUNTS.len());
        for name in COUNTS {
            counts.extend(group.picked(name, Type::INT64, &asked)?);
        }
        let app = group.picked("app", Type::BYTE_ARRAY, &asked)?;
        let flags = group.picked("received_flags", Type::INT32, &asked)?;
        let counts = <[Listed; COUNTS.len()]>::try_from(counts);
        let (Ok(counts), Some(app), Some(flags)) = (counts, app, flags) else {
            return Self::rows(group, from, picks);
        };
        let glances = match glances {
            Some(glances) => glances,
            None => Glances { first: times(group, "first", &asked)?, ports: Vec::new() },
        };
        let named = |text: &&[u8]| std::str::from_utf8(text).ok().and_then(app_named);
        let apps = app.list.distinct.all_texts().iter().map(named).collect();
        let last = times(group, "last", &asked)?;
        let app = app.places;
        Ok(Details::Columns(Box::new(Columns { from, glances, last, app, apps, flags, counts })))
    }

    fn rows(group: &Group<'_>, from: usize, picks: &[Pick]) -> Result<Details, HistoryError> {
        let places = picks.iter().map(|pick| pick.row().saturating_add(from));
        let ranges = places.map(|place| place..place.saturating_add(1));
        let selection = RowSelection::from_consecutive_ranges(ranges, group.rows());
        Ok(Details::Rows(group.decode(&group.read(&[], Some(selection))?)?))
    }

    /// Hands out every row, with its tag.
    pub(super) fn each(&self, picks: &[Pick], mut to: impl FnMut(u32, &Seen)) {
        match self {
            Details::Rows(rows) => {
                picks.iter().zip(rows).for_each(|(pick, row)| to(pick.tag(), &Seen::of(row)));
            }
            Details::Columns(columns) => {
                for (place, pick) in picks.iter().enumerate() {
                    to(pick.tag(), &columns.at(place, *pick));
                }
            }
        }
    }
}

impl Columns {
    fn at(&self, place: usize, pick: Pick) -> Seen {
        let row = pick.row().saturating_add(self.from);
        let time = |times: &[i64]| Timestamp::from_micros(times.get(row).copied().unwrap_or(0));
        let at = |column: &Listed| column.places.get(place).copied().unwrap_or(NOTHING);
        let [sent_packets, sent_bytes, received_packets, received_bytes] =
            self.counts.each_ref().map(|column| {
                let count = column.list.distinct.long(at(column)).unwrap_or(0);
                u64::try_from(count).unwrap_or(0)
            });
        let app = self.app.get(place).and_then(|app| self.apps.get(*app as usize));
        let flags = self.flags.list.distinct.int(at(&self.flags)).unwrap_or(0);
        Seen {
            first: time(&self.glances.first),
            last: time(&self.last),
            client_port: self.glances.port(row),
            app: app.copied().flatten(),
            sent_packets,
            sent_bytes,
            received_packets,
            received_bytes,
            received_flags: TcpFlags(u8::try_from(flags).unwrap_or(0)),
        }
    }
}

/// The rows of the row group that are picked.
fn asked(from: usize, picks: &[Pick]) -> Vec<u32> {
    let row = |pick: &Pick| u32::try_from(pick.row().saturating_add(from)).unwrap_or(u32::MAX);
    picks.iter().map(row).collect()
}

fn times(group: &Group<'_>, name: &str, asked: &[u32]) -> Result<Vec<i64>, HistoryError> {
    match group.deltas(name, Type::INT64, asked, NONE)? {
        Some(times) => Ok(times),
        None => group.times(name),
    }
}
