//! One record of a log: named fields, from JSON or from separated values.

use std::borrow::Cow;
use std::net::IpAddr;

use cordon_model::fact::Party;
use cordon_model::{Mac, Text, Timestamp};
use serde_json::{Map, Value};

use super::{some_text, time};

/// Named fields. A dot goes down into an object, unless the whole name is a field.
#[derive(Clone, Copy)]
pub(super) struct Row<'a>(pub(super) &'a Map<String, Value>);

impl<'a> Row<'a> {
    pub(super) fn get(self, name: &str) -> Option<&'a Value> {
        if let Some(value) = self.0.get(name) {
            return Some(value);
        }
        let (first, rest) = name.split_once('.')?;
        Row(self.0.get(first)?.as_object()?).get(rest)
    }

    pub(super) fn object(self, name: &str) -> Option<Row<'a>> {
        self.get(name)?.as_object().map(Row)
    }

    /// A text or number as text.
    pub(super) fn string(self, name: &str) -> Option<Cow<'a, str>> {
        scalar(self.get(name)?)
    }

    /// A text that is kept.
    pub(super) fn text(self, name: &str) -> Option<Text> {
        some_text(&self.string(name)?)
    }

    pub(super) fn number<N: TryFrom<u64>>(self, name: &str) -> Option<N> {
        let number = match self.get(name)? {
            Value::Number(number) => number.as_u64()?,
            Value::String(text) => text.parse().ok()?,
            _ => return None,
        };
        number.try_into().ok()
    }

    pub(super) fn decimal(self, name: &str) -> Option<f64> {
        match self.get(name)? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    pub(super) fn ip(self, name: &str) -> Option<IpAddr> {
        self.string(name)?.parse().ok()
    }

    pub(super) fn mac(self, name: &str) -> Option<Mac> {
        self.string(name)?.parse().ok().filter(|mac: &Mac| mac.is_device())
    }

    /// The elements of a list that are texts or numbers; a lone one is a list of itself.
    pub(super) fn list(self, name: &str) -> Vec<Cow<'a, str>> {
        match self.get(name) {
            Some(Value::Array(list)) => list.iter().filter_map(scalar).collect(),
            Some(value) => scalar(value).into_iter().collect(),
            None => Vec::new(),
        }
    }

    /// Seconds since the epoch, or a date with a time of day.
    pub(super) fn time(self, name: &str) -> Option<Timestamp> {
        let text = self.string(name)?;
        time::epoch(&text).or_else(|| time::iso(&text))
    }

    /// The end whose address, port and link-layer address have these names.
    pub(super) fn party(self, ip: &str, port: &str, mac: &str) -> Party {
        Party { mac: self.mac(mac), ip: self.ip(ip), port: self.number(port) }
    }
}

fn scalar(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        _ => None,
    }
}
