//! Rows to and from the database: the same queries for every engine.

pub(crate) mod apply;
pub(crate) mod read;
pub(crate) mod retire;
pub(crate) mod runs;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::state::BODY_MAX;
use crate::{PAGE_MAX, StoreError};

/// Room for a row as JSON: most need no more.
const BODY_USUAL: usize = 1024;

/// A row as JSON, within its bound.
fn body<T: Serialize>(row: &T) -> Result<String, StoreError> {
    let mut bytes = Vec::with_capacity(BODY_USUAL);
    serde_json::to_writer(&mut bytes, row).map_err(|error| StoreError::Value(error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|error| StoreError::Value(error.to_string()))?;
    if text.len() > BODY_MAX {
        return Err(StoreError::TooLarge { what: "a row's bytes", limit: BODY_MAX });
    }
    Ok(text)
}

/// A row from JSON; `table` and `id` are for the message.
fn parse<T: DeserializeOwned>(
    table: &'static str,
    id: impl ToString,
    body: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(body).map_err(|error| StoreError::row(table, id, error))
}

/// The word that serde writes for a unit variant.
fn word<T: Serialize>(value: &T) -> Result<String, StoreError> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        other => Err(StoreError::Value(format!("{other:?} instead of a word"))),
    }
}

/// Bytes as lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Numbers from 0 are kept as signed 64-bit integers.
fn signed(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number)
        .map_err(|_| StoreError::TooLarge { what: "a number", limit: i64::MAX as usize })
}

fn unsigned(table: &'static str, number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::row(table, number, "its number is negative"))
}

/// The number before which a page ends, and how many rows to ask for.
fn window(page: crate::Before) -> (i64, u64) {
    let before = page.before.map_or(i64::MAX, |before| i64::try_from(before).unwrap_or(i64::MAX));
    (before, page.limit.clamp(1, PAGE_MAX) as u64)
}
