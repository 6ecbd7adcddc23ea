//! Flows for other programs: CSV, NDJSON or Parquet, newest first.

use std::io::{self, Write};

use cordon_model::Party;
use parquet::arrow::ArrowWriter;

use crate::ask::FlowAsk;
use crate::columns::encode;
use crate::flows::{basis_name, ends_name};
use crate::part::properties;
use crate::query::{FlowQuery, Looked};
use crate::record::Record;
use crate::row::transport_name;
use crate::search::page;
use crate::table::Table;
use crate::{Exported, FlowRow, Format, HistoryError};

/// Rows fetched at once: about 3 MB.
const PAGE: usize = 16_384;
const HEADER: &str = "first,last,client_ip,client_mac,client_port,server_ip,server_mac,\
    server_port,transport,app,basis,ends,vlan,tunnelled,sent_packets,sent_bytes,\
    received_packets,received_bytes,sent_flags,received_flags,packet_input,packet_number,flow,seq";

/// Writes every flow that the query means; its limit does not count, its cursor does.
pub(crate) fn export(
    table: &Table<FlowRow>,
    query: &FlowQuery,
    format: Format,
    sink: &mut (dyn Write + Send),
) -> Result<Exported, HistoryError> {
    let mut sink = Sink::new(format, sink)?;
    let mut query = FlowQuery { limit: PAGE, ..query.clone() };
    let mut exported = Exported { rows: 0, looked: Looked::default() };
    loop {
        let found = page(table, &FlowAsk::new(&query))?;
        exported.looked.add(&found.looked);
        exported.rows += found.rows.len() as u64;
        sink.write(&found.rows)?;
        query.cursor = found.next;
        if found.next.is_none() {
            break;
        }
    }
    sink.finish()?;
    Ok(exported)
}

enum Sink<'s> {
    Csv(&'s mut (dyn Write + Send)),
    Ndjson(&'s mut (dyn Write + Send)),
    Parquet(Box<ArrowWriter<&'s mut (dyn Write + Send)>>),
}

impl<'s> Sink<'s> {
    fn new(format: Format, sink: &'s mut (dyn Write + Send)) -> Result<Self, HistoryError> {
        match format {
            Format::Csv => {
                write!(sink, "{HEADER}\r\n").map_err(HistoryError::Sink)?;
                Ok(Sink::Csv(sink))
            }
            Format::Ndjson => Ok(Sink::Ndjson(sink)),
            Format::Parquet => {
                let properties = properties::<FlowRow>().build();
                let writer = ArrowWriter::try_new(sink, FlowRow::schema(), Some(properties));
                Ok(Sink::Parquet(Box::new(writer.map_err(encode)?)))
            }
        }
    }

    fn write(&mut self, rows: &[FlowRow]) -> Result<(), HistoryError> {
        match self {
            Sink::Csv(sink) => {
                rows.iter().try_for_each(|row| csv(*sink, row)).map_err(HistoryError::Sink)
            }
            Sink::Ndjson(sink) => rows.iter().try_for_each(|row| {
                let mut line = serde_json::to_vec(row).map_err(encode)?;
                line.push(b'\n');
                sink.write_all(&line).map_err(HistoryError::Sink)
            }),
            Sink::Parquet(writer) => {
                writer.write(&FlowRow::encode(rows)?).map_err(|error| refused(&error))
            }
        }
    }

    fn finish(self) -> Result<(), HistoryError> {
        match self {
            Sink::Csv(sink) | Sink::Ndjson(sink) => sink.flush().map_err(HistoryError::Sink),
            Sink::Parquet(mut writer) => {
                writer.finish().map(|_| ()).map_err(|error| refused(&error))
            }
        }
    }
}

fn refused(error: &parquet::errors::ParquetError) -> HistoryError {
    HistoryError::Sink(io::Error::other(error.to_string()))
}

/// One line (RFC 4180). Every value is a number, an address or one of our own names, so that
/// nothing needs quotes and nothing can be taken for a formula.
fn csv(sink: &mut (dyn Write + Send), row: &FlowRow) -> io::Result<()> {
    fn maybe<T: ToString>(value: Option<T>) -> String {
        value.map(|value| value.to_string()).unwrap_or_default()
    }
    let party =
        |party: &Party| format!("{},{},{}", maybe(party.ip), maybe(party.mac), maybe(party.port));
    write!(
        sink,
        "{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\r\n",
        row.first,
        row.last,
        party(&row.client),
        party(&row.server),
        transport_name(row.transport),
        maybe(row.app),
        row.basis.map(basis_name).unwrap_or_default(),
        ends_name(row.ends),
        maybe(row.vlan),
        row.tunnelled,
        row.sent_packets,
        row.sent_bytes,
        row.received_packets,
        row.received_bytes,
        row.sent_flags.0,
        row.received_flags.0,
        row.packet.input,
        row.packet.number,
        row.flow,
        row.seq
    )
}
