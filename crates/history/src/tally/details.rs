//! What is shown of single rows of a row group.

use arrow::array::RecordBatch;
use arrow::datatypes::{Int64Type, TimestampMicrosecondType, UInt8Type, UInt16Type};
use cordon_model::Timestamp;
use cordon_model::flow::TcpFlags;
use parquet::arrow::arrow_reader::RowSelection;

use super::kinds::Pick;
use super::{Seen, Tally};
use crate::HistoryError;
use crate::columns::{Reader, maybe, sure};
use crate::flows::app_named;
use crate::scan::Group;

/// What is read of every row that is shown.
const COLUMNS: [&str; 8] = [
    "first",
    "last",
    "app",
    "sent_packets",
    "sent_bytes",
    "received_packets",
    "received_bytes",
    "received_flags",
];
const CLIENT_PORT: &str = "client_port";
/// So many times fewer rows than there are, they are read one by one.
const SPARSE: usize = 16;

/// When rows of a slice began, and the ports of their clients where that was asked for.
pub(super) struct Glances {
    first: Vec<i64>,
    ports: Option<Vec<Option<u16>>>,
}

impl Glances {
    pub(super) fn read(
        group: &Group<'_>,
        from: usize,
        picks: &[Pick],
    ) -> Result<Glances, HistoryError> {
        let mut first = group.times("first")?;
        let ports = if picks.iter().any(|pick| pick.with_port()) {
            let mut ports = group.ports(CLIENT_PORT)?;
            ports.drain(..from.min(ports.len()));
            Some(ports)
        } else {
            None
        };
        first.drain(..from.min(first.len()));
        Ok(Glances { first, ports })
    }

    /// Leaves what is to be shown.
    pub(super) fn choose(&self, picks: &mut Vec<Pick>, to: &mut dyn Tally) {
        picks.retain(|pick| {
            let first = self.first.get(pick.row()).copied().unwrap_or_default();
            let port = self.ports.as_ref().and_then(|ports| *ports.get(pick.row())?);
            !pick.is_glance() || to.glance(pick.tag(), Timestamp::from_micros(first), port)
        });
    }
}

/// The rows that are to be shown of a slice of a row group.
pub(super) struct Details {
    batch: RecordBatch,
    /// Whether the batch holds those rows only, one after the other.
    picked: bool,
    /// Where the slice starts.
    from: usize,
}

impl Details {
    pub(super) fn read(
        group: &Group<'_>,
        from: usize,
        picks: &[Pick],
    ) -> Result<Details, HistoryError> {
        let mut names = COLUMNS.to_vec();
        if picks.iter().any(|pick| pick.with_port()) {
            names.push(CLIENT_PORT);
        }
        let picked = picks.len().saturating_mul(SPARSE) < group.rows();
        let selection = picked.then(|| {
            let places = picks.iter().map(|pick| pick.row().saturating_add(from));
            let ranges = places.map(|place| place..place.saturating_add(1));
            RowSelection::from_consecutive_ranges(ranges, group.rows())
        });
        Ok(Details { batch: group.read(&names, selection)?, picked, from })
    }

    /// Hands out every row, with its tag.
    pub(super) fn each(
        &self,
        picks: &[Pick],
        mut to: impl FnMut(u32, &Seen),
    ) -> Result<(), String> {
        let reader = Reader(&self.batch);
        let long = |name: &str| reader.numbers::<Int64Type>(name);
        let time = |name: &str| reader.numbers::<TimestampMicrosecondType>(name);
        let (first, last) = (time("first")?, time("last")?);
        let app = reader.text("app")?.parsed(|text| Some(app_named(text)))?;
        let (sent_packets, sent_bytes) = (long("sent_packets")?, long("sent_bytes")?);
        let (received_packets, received_bytes) =
            (long("received_packets")?, long("received_bytes")?);
        let flags = reader.numbers::<UInt8Type>("received_flags")?;
        let ports = match self.batch.column_by_name(CLIENT_PORT) {
            Some(_) => Some(reader.numbers::<UInt16Type>(CLIENT_PORT)?),
            None => None,
        };
        let count = |column, row| u64::try_from(sure::<Int64Type>(column, row)).unwrap_or_default();
        for (place, pick) in picks.iter().enumerate() {
            let row = if self.picked { place } else { pick.row().saturating_add(self.from) };
            let seen = Seen {
                first: Timestamp::from_micros(sure(first, row)),
                last: Timestamp::from_micros(sure(last, row)),
                client_port: ports.and_then(|ports| maybe(ports, row)),
                app: app.at(row).flatten(),
                sent_packets: count(sent_packets, row),
                sent_bytes: count(sent_bytes, row),
                received_packets: count(received_packets, row),
                received_bytes: count(received_bytes, row),
                received_flags: TcpFlags(sure(flags, row)),
            };
            to(pick.tag(), &seen);
        }
        Ok(())
    }
}
