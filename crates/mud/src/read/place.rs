//! Small questions to JSON values.

use cordon_model::Text;
use serde_json::Value;

use crate::limits::MAX_TEXT;

/// The modules of RFC 8520, 8519 and 9761, whose names may stand before a leaf (RFC 7951, 4).
const MODULES: [&str; 6] = [
    "ietf-mud:",
    "ietf-acldns:",
    "ietf-access-control-list:",
    "ietf-acl-tls:",
    "ietf-mud-tls:",
    "ietf-ethertypes:",
];

/// A name without its module, where the module is one of ours.
pub(super) fn bare(name: &str) -> &str {
    MODULES.iter().find_map(|module| name.strip_prefix(module)).unwrap_or(name)
}

/// A text that is neither empty nor endless.
pub(super) fn text(value: &Value) -> Option<Text> {
    text_of(value, MAX_TEXT)
}

/// A text that is not empty and has at most so many bytes.
pub(super) fn text_of(value: &Value, most: usize) -> Option<Text> {
    let text = value.as_str()?.trim();
    (!text.is_empty() && text.len() <= most).then(|| text.into())
}

/// A whole number up to `most`, also as text in decimal digits.
pub(super) fn number(value: &Value, most: u64) -> Option<u64> {
    let number = match value {
        Value::Number(number) => number.as_u64()?,
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            text.parse().ok()?
        }
        _ => return None,
    };
    (number <= most).then_some(number)
}

/// A whole number of 16 bits.
pub(super) fn number16(value: &Value) -> Option<u16> {
    number(value, u64::from(u16::MAX)).and_then(|number| number.try_into().ok())
}

/// A whole number of 8 bits.
pub(super) fn number8(value: &Value) -> Option<u8> {
    number(value, u64::from(u8::MAX)).and_then(|number| number.try_into().ok())
}

/// Yes or no; also as text, as in the examples of RFC 9761.
pub(super) fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::String(text) if text == "true" => Some(true),
        Value::String(text) if text == "false" => Some(false),
        _ => None,
    }
}

/// A leaf of type `empty`: `[null]` (RFC 7951, 6.9), and what makers write instead.
pub(super) fn is_empty_leaf(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(true) => true,
        Value::Array(list) => list.iter().all(Value::is_null),
        _ => false,
    }
}
