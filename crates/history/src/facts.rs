//! Facts: their columns.

use std::net::IpAddr;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, TimestampMicrosecondArray, UInt16Array};
use arrow::datatypes::{
    DataType, Field, Int64Type, Schema, SchemaRef, TimestampMicrosecondType, UInt16Type,
};
use cordon_model::{Mac, Timestamp};
use parquet::basic::Encoding;
use parquet::file::properties::WriterPropertiesBuilder;

use crate::columns::{Reader, check_texts, encode, maybe, sure, text, text_column, time};
use crate::part::filtered;
use crate::query::Cursor;
use crate::record::Record;
use crate::row::micros;
use crate::{FactRow, HistoryError};

impl Record for FactRow {
    const FOLDER: &'static str = "facts";
    const TIME: &'static str = "at";
    const BEGIN: &'static str = "at";

    fn schema() -> SchemaRef {
        Arc::new(Schema::new(vec![
            time("at"),
            text("mac", true),
            text("ip", true),
            Field::new("vlan", DataType::UInt16, true),
            text("kind", false),
            text("value", false),
            Field::new("flow", DataType::Int64, true),
            Field::new("seq", DataType::Int64, false),
        ]))
    }

    fn properties(mut builder: WriterPropertiesBuilder) -> WriterPropertiesBuilder {
        for name in ["at", "flow", "seq"] {
            builder = builder
                .set_column_dictionary_enabled(name.into(), false)
                .set_column_encoding(name.into(), Encoding::DELTA_BINARY_PACKED);
        }
        ["mac", "ip"].into_iter().fold(builder, filtered)
    }

    fn place(&self) -> Cursor {
        Cursor { time: micros(self.at), seq: self.seq }
    }

    fn begin(&self) -> i64 {
        micros(self.at)
    }

    fn encode(rows: &[Self]) -> Result<RecordBatch, HistoryError> {
        let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let times = rows.iter().map(|row| micros(row.at));
        let columns: Vec<ArrayRef> = vec![
            Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC")),
            text_column(rows, |row| row.mac, Mac::to_string)?,
            text_column(rows, |row| row.ip, IpAddr::to_string)?,
            Arc::new(rows.iter().map(|row| row.vlan).collect::<UInt16Array>()),
            text_column(rows, |row| Some(&*row.kind), |kind| (*kind).to_owned())?,
            text_column(rows, |row| Some(&*row.value), |value| (*value).to_owned())?,
            Arc::new(rows.iter().map(|row| row.flow.map(signed)).collect::<Int64Array>()),
            Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| signed(row.seq)))),
        ];
        RecordBatch::try_new(Self::schema(), columns).map_err(encode)
    }

    fn check(batch: &RecordBatch, checked: &mut Vec<Option<ArrayRef>>) -> Result<(), String> {
        let columns: [crate::columns::Asked; 4] = [
            ("mac", |text| text.parse::<Mac>().is_ok()),
            ("ip", |text| text.parse::<IpAddr>().is_ok()),
            ("kind", |_| true),
            ("value", |_| true),
        ];
        check_texts(batch, &columns, checked)
    }

    fn decode(batch: &RecordBatch) -> Result<Vec<Self>, String> {
        let reader = Reader(batch);
        let at = reader.numbers::<TimestampMicrosecondType>("at")?;
        let mac = reader.text("mac")?.parsed(|text| text.parse::<Mac>().ok())?;
        let ip = reader.text("ip")?.parsed(|text| text.parse::<IpAddr>().ok())?;
        let vlan = reader.numbers::<UInt16Type>("vlan")?;
        let (kind, value) = (reader.text("kind")?, reader.text("value")?);
        let (flow, seq) =
            (reader.numbers::<Int64Type>("flow")?, reader.numbers::<Int64Type>("seq")?);
        let row = |row: usize| {
            Ok(FactRow {
                seq: u64::try_from(sure(seq, row)).unwrap_or_default(),
                at: Timestamp::from_micros(sure(at, row)),
                mac: mac.at(row),
                ip: ip.at(row),
                vlan: maybe(vlan, row),
                kind: kind.at(row).ok_or("a row without kind")?.into(),
                value: value.at(row).ok_or("a row without value")?.into(),
                flow: maybe(flow, row).and_then(|flow| u64::try_from(flow).ok()),
            })
        };
        (0..batch.num_rows()).map(row).collect()
    }
}
