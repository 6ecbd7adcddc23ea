//! Flows: their columns, and which of them a question means.

use std::net::IpAddr;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Int64Array, RecordBatch, TimestampMicrosecondArray, UInt8Array,
    UInt16Array, UInt32Array,
};
use arrow::datatypes::{
    DataType, Field, Int64Type, Schema, SchemaRef, TimestampMicrosecondType, UInt8Type, UInt16Type,
    UInt32Type,
};
use cordon_model::flow::TcpFlags;
use cordon_model::{App, Basis, Ends, Mac, PacketId, Party, Timestamp};
use parquet::basic::Encoding;
use parquet::file::properties::WriterPropertiesBuilder;

use crate::columns::{Reader, check_texts, encode, maybe, sure, text, text_column, time};
use crate::part::filtered;
use crate::query::Cursor;
use crate::record::Record;
use crate::row::{micros, transport_name, transport_named};
use crate::{FlowRow, HistoryError};

impl Record for FlowRow {
    const FOLDER: &'static str = "flows";
    const TIME: &'static str = "last";
    const BEGIN: &'static str = "first";

    fn schema() -> SchemaRef {
        let long = |name: &str| Field::new(name, DataType::Int64, false);
        let flags = |name: &str| Field::new(name, DataType::UInt8, false);
        let port = |name: &str| Field::new(name, DataType::UInt16, true);
        Arc::new(Schema::new(vec![
            time("first"),
            time("last"),
            text("client_ip", true),
            text("client_mac", true),
            port("client_port"),
            text("server_ip", true),
            text("server_mac", true),
            port("server_port"),
            text("transport", false),
            text("app", true),
            text("basis", true),
            text("ends", false),
            port("vlan"),
            Field::new("tunnelled", DataType::Boolean, false),
            long("sent_packets"),
            long("sent_bytes"),
            long("received_packets"),
            long("received_bytes"),
            flags("sent_flags"),
            flags("received_flags"),
            Field::new("packet_input", DataType::UInt32, false),
            long("packet_number"),
            long("flow"),
            long("seq"),
        ]))
    }

    fn properties(mut builder: WriterPropertiesBuilder) -> WriterPropertiesBuilder {
        // Values that mostly grow, or that have no pattern: a dictionary would only add to them.
        for name in ["first", "last", "client_port", "packet_number", "flow", "seq"] {
            builder = builder
                .set_column_dictionary_enabled(name.into(), false)
                .set_column_encoding(name.into(), Encoding::DELTA_BINARY_PACKED);
        }
        ["client_ip", "client_mac", "server_ip", "server_mac"].into_iter().fold(builder, filtered)
    }

    fn place(&self) -> Cursor {
        Cursor { time: micros(self.last), seq: self.seq }
    }

    fn begin(&self) -> i64 {
        micros(self.first)
    }

    fn encode(rows: &[Self]) -> Result<RecordBatch, HistoryError> {
        let times = |of: fn(&FlowRow) -> Timestamp| -> ArrayRef {
            let times = rows.iter().map(|row| micros(of(row)));
            Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC"))
        };
        let longs = |of: fn(&FlowRow) -> u64| -> ArrayRef {
            Arc::new(Int64Array::from_iter_values(
                rows.iter().map(|row| i64::try_from(of(row)).unwrap_or(i64::MAX)),
            ))
        };
        let ports = |of: fn(&FlowRow) -> Option<u16>| -> ArrayRef {
            Arc::new(rows.iter().map(of).collect::<UInt16Array>())
        };
        let flags = |of: fn(&FlowRow) -> TcpFlags| -> ArrayRef {
            Arc::new(UInt8Array::from_iter_values(rows.iter().map(|row| of(row).0)))
        };
        let ips = |of: fn(&FlowRow) -> Option<IpAddr>| text_column(rows, of, IpAddr::to_string);
        let macs = |of: fn(&FlowRow) -> Option<Mac>| text_column(rows, of, Mac::to_string);
        let tunnelled: Vec<bool> = rows.iter().map(|row| row.tunnelled).collect();
        let columns: Vec<ArrayRef> = vec![
            times(|row| row.first),
            times(|row| row.last),
            ips(|row| row.client.ip)?,
            macs(|row| row.client.mac)?,
            ports(|row| row.client.port),
            ips(|row| row.server.ip)?,
            macs(|row| row.server.mac)?,
            ports(|row| row.server.port),
            text_column(rows, |row| Some(row.transport), |it| transport_name(*it))?,
            text_column(rows, |row| row.app, |app| app.name().to_owned())?,
            text_column(rows, |row| row.basis, |basis| basis_name(*basis).to_owned())?,
            text_column(rows, |row| Some(row.ends), |ends| ends_name(*ends).to_owned())?,
            ports(|row| row.vlan),
            Arc::new(BooleanArray::from(tunnelled)),
            longs(|row| row.sent_packets),
            longs(|row| row.sent_bytes),
            longs(|row| row.received_packets),
            longs(|row| row.received_bytes),
            flags(|row| row.sent_flags),
            flags(|row| row.received_flags),
            Arc::new(UInt32Array::from_iter_values(rows.iter().map(|row| row.packet.input))),
            longs(|row| row.packet.number),
            longs(|row| row.flow),
            longs(|row| row.seq),
        ];
        RecordBatch::try_new(Self::schema(), columns).map_err(encode)
    }

    fn check(batch: &RecordBatch, checked: &mut Vec<Option<ArrayRef>>) -> Result<(), String> {
        let ip = |text: &str| text.parse::<IpAddr>().is_ok();
        let mac = |text: &str| text.parse::<Mac>().is_ok();
        check_texts(
            batch,
            &[
                ("client_ip", ip),
                ("server_ip", ip),
                ("client_mac", mac),
                ("server_mac", mac),
                ("transport", |text| transport_named(text).is_some()),
                ("app", |_| true),
                ("basis", |text| basis_named(text).is_some()),
                ("ends", |text| ends_named(text).is_some()),
            ],
            checked,
        )
    }

    fn decode(batch: &RecordBatch) -> Result<Vec<Self>, String> {
        let reader = Reader(batch);
        let time = |name: &str| reader.numbers::<TimestampMicrosecondType>(name);
        let long = |name: &str| reader.numbers::<Int64Type>(name);
        let port = |name: &str| reader.numbers::<UInt16Type>(name);
        let flag = |name: &str| reader.numbers::<UInt8Type>(name);
        let ip = |name: &str| reader.text(name)?.parsed(|text| text.parse::<IpAddr>().ok());
        let mac = |name: &str| reader.text(name)?.parsed(|text| text.parse::<Mac>().ok());
        let (first, last) = (time("first")?, time("last")?);
        let (client_ip, server_ip) = (ip("client_ip")?, ip("server_ip")?);
        let (client_mac, server_mac) = (mac("client_mac")?, mac("server_mac")?);
        let (client_port, server_port) = (port("client_port")?, port("server_port")?);
        let transport = reader.text("transport")?.parsed(transport_named)?;
        // A protocol that a newer version wrote is unknown to this one, not damage.
        let app = reader.text("app")?.parsed(|text| Some(app_named(text)))?;
        let basis = reader.text("basis")?.parsed(basis_named)?;
        let ends = reader.text("ends")?.parsed(ends_named)?;
        let (vlan, tunnelled) = (port("vlan")?, reader.flags("tunnelled")?);
        let (sent_packets, sent_bytes) = (long("sent_packets")?, long("sent_bytes")?);
        let (received_packets, received_bytes) =
            (long("received_packets")?, long("received_bytes")?);
        let (sent_flags, received_flags) = (flag("sent_flags")?, flag("received_flags")?);
        let (input, number) =
            (reader.numbers::<UInt32Type>("packet_input")?, long("packet_number")?);
        let (flow, seq) = (long("flow")?, long("seq")?);
        let count = |column: &Int64Array, row| u64::try_from(sure(column, row)).unwrap_or_default();
        let row = |row: usize| {
            Ok(FlowRow {
                seq: count(seq, row),
                flow: count(flow, row),
                first: Timestamp::from_micros(sure(first, row)),
                last: Timestamp::from_micros(sure(last, row)),
                client: Party {
                    mac: client_mac.at(row),
                    ip: client_ip.at(row),
                    port: maybe(client_port, row),
                },
                server: Party {
                    mac: server_mac.at(row),
                    ip: server_ip.at(row),
                    port: maybe(server_port, row),
                },
                ends: ends.at(row).ok_or("a row without ends")?,
                transport: transport.at(row).ok_or("a row without transport")?,
                vlan: maybe(vlan, row),
                tunnelled: tunnelled.is_valid(row) && tunnelled.value(row),
                app: app.at(row).flatten(),
                basis: basis.at(row),
                sent_packets: count(sent_packets, row),
                sent_bytes: count(sent_bytes, row),
                received_packets: count(received_packets, row),
                received_bytes: count(received_bytes, row),
                sent_flags: TcpFlags(sure(sent_flags, row)),
                received_flags: TcpFlags(sure(received_flags, row)),
                packet: PacketId { input: sure(input, row), number: count(number, row) },
            })
        };
        (0..batch.num_rows()).map(row).collect()
    }
}

pub(crate) fn app_named(name: &str) -> Option<App> {
    App::ALL.iter().find(|app| app.name() == name).copied()
}

pub(crate) const fn basis_name(basis: Basis) -> &'static str {
    match basis {
        Basis::Port => "port",
        Basis::Payload => "payload",
    }
}

fn basis_named(name: &str) -> Option<Basis> {
    [Basis::Port, Basis::Payload].into_iter().find(|basis| basis_name(*basis) == name)
}

pub(crate) const fn ends_name(ends: Ends) -> &'static str {
    match ends {
        Ends::Ports => "ports",
        Ends::Roles => "roles",
        Ends::Syn => "syn",
    }
}

fn ends_named(name: &str) -> Option<Ends> {
    [Ends::Ports, Ends::Roles, Ends::Syn].into_iter().find(|ends| ends_name(*ends) == name)
}
