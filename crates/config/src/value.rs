//! How a value is read from TOML and written as TOML.

use std::{net::SocketAddr, ops::Range};

use toml::{Spanned, de::DeValue};

use crate::{
    rule::Rule,
    values::{
        EnforceDriver, FilePath, HostName, InterfaceName, Keep, LinkNetwork, LogFormat, LogLevel,
        MetricsFor, Network, Period, ServiceAt, SiteName, Size, Speed, UserName, ZoneName,
    },
};

/// A list is written by hand; longer is a mistake.
pub(crate) const MOST_IN_LIST: usize = 64;

/// What is wrong with a value, and where in the text it lies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Wrong {
    pub(crate) at: Range<usize>,
    pub(crate) says: String,
}

/// The type of a key.
pub(crate) trait Value: Sized {
    /// What it is, in words.
    const KIND: &'static str;
    const LIST: bool = false;

    fn read(value: &Spanned<DeValue<'_>>, rule: Rule) -> Result<Self, Wrong>;

    /// As one writes it in the file; `None` where there is nothing.
    fn show(&self) -> Option<String>;

    /// The bounds in words.
    fn limits(_: Rule) -> Option<String> {
        None
    }
}

/// The type of a key that is written as one string.
pub(crate) trait Word: Sized {
    const KIND: &'static str;
    /// Of a list of them.
    const KINDS: &'static str = "";

    /// An error says what is expected.
    fn from_word(word: &str, rule: Rule) -> Result<Self, String>;

    fn to_word(&self) -> String;

    fn limits(_: Rule) -> Option<String> {
        None
    }
}

macro_rules! words {
    ($($Type:ty),+ $(,)?) => {$(
        impl Value for $Type {
            const KIND: &'static str = <$Type as Word>::KIND;

            fn read(value: &Spanned<DeValue<'_>>, rule: Rule) -> Result<Self, Wrong> {
                read_word(value, rule)
            }

            fn show(&self) -> Option<String> {
                Some(quoted(&self.to_word()))
            }

            fn limits(rule: Rule) -> Option<String> {
                <$Type as Word>::limits(rule)
            }
        }
    )+};
}

words!(
    SocketAddr,
    EnforceDriver,
    FilePath,
    HostName,
    InterfaceName,
    Keep,
    LinkNetwork,
    LogFormat,
    LogLevel,
    MetricsFor,
    Network,
    Period,
    ServiceAt,
    SiteName,
    Size,
    UserName,
    ZoneName,
);

impl<T: Word> Value for Option<T> {
    const KIND: &'static str = T::KIND;

    /// An empty string is no value, so that a variable can take back what a file sets.
    fn read(value: &Spanned<DeValue<'_>>, rule: Rule) -> Result<Self, Wrong> {
        match value.get_ref() {
            DeValue::String(word) if word.is_empty() => Ok(None),
            _ => read_word(value, rule).map(Some),
        }
    }

    fn show(&self) -> Option<String> {
        self.as_ref().map(|value| quoted(&value.to_word()))
    }

    fn limits(rule: Rule) -> Option<String> {
        T::limits(rule)
    }
}

impl<T: Word + PartialEq> Value for Vec<T> {
    const KIND: &'static str = T::KINDS;
    const LIST: bool = true;

    fn read(value: &Spanned<DeValue<'_>>, rule: Rule) -> Result<Self, Wrong> {
        let DeValue::Array(items) = value.get_ref() else {
            return Err(kind_differs(value, T::KINDS));
        };
        let wrong = |says: String| Err(Wrong { at: value.span(), says });
        if items.is_empty() && rule.not_empty {
            return wrong("must name at least one".to_owned());
        }
        if items.len() > MOST_IN_LIST {
            return wrong(format!("has {} entries; {MOST_IN_LIST} are the most", items.len()));
        }
        let mut read = Vec::with_capacity(items.len());
        for item in items.iter() {
            let word: T = read_word(item, rule)?;
            if read.contains(&word) {
                let says = format!("names {} twice", quoted(&word.to_word()));
                return Err(Wrong { at: item.span(), says });
            }
            read.push(word);
        }
        Ok(read)
    }

    fn show(&self) -> Option<String> {
        let items: Vec<String> = self.iter().map(|item| quoted(&item.to_word())).collect();
        Some(format!("[{}]", items.join(", ")))
    }

    fn limits(rule: Rule) -> Option<String> {
        rule.not_empty.then(|| "at least one".to_owned())
    }
}

impl Value for bool {
    const KIND: &'static str = "true or false";

    fn read(value: &Spanned<DeValue<'_>>, _: Rule) -> Result<Self, Wrong> {
        value.get_ref().as_bool().ok_or_else(|| kind_differs(value, Self::KIND))
    }

    fn show(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Value for u64 {
    const KIND: &'static str = "whole number";

    fn read(value: &Spanned<DeValue<'_>>, rule: Rule) -> Result<Self, Wrong> {
        let Some(number) = value.get_ref().as_integer() else {
            return Err(kind_differs(value, Self::KIND));
        };
        u64::from_str_radix(number.as_str(), number.radix())
            .ok()
            .filter(|&number| rule.holds(number))
            .ok_or_else(|| {
                let limits = Self::limits(rule).unwrap_or_else(|| Self::KIND.to_owned());
                Wrong { at: value.span(), says: format!("must be {limits}, not {number}") }
            })
    }

    fn show(&self) -> Option<String> {
        Some(self.to_string())
    }

    fn limits(rule: Rule) -> Option<String> {
        rule.range.map(|(least, most)| format!("{least} to {most}"))
    }
}

impl Value for Speed {
    const KIND: &'static str = "number, or \"max\"";

    fn read(value: &Spanned<DeValue<'_>>, _: Rule) -> Result<Self, Wrong> {
        let number = match value.get_ref() {
            DeValue::String(word) if word == Speed::WORD => return Ok(Speed::AS_FAST_AS_IT_GOES),
            DeValue::Integer(number) => {
                i64::from_str_radix(number.as_str(), number.radix()).ok().map(|n| n as f64)
            }
            DeValue::Float(number) => number.as_str().parse().ok(),
            _ => return Err(kind_differs(value, Self::KIND)),
        };
        number.and_then(Speed::times).ok_or_else(|| {
            let limits = Self::limits(Rule::NONE).unwrap_or_default();
            Wrong { at: value.span(), says: format!("must be {limits}") }
        })
    }

    fn show(&self) -> Option<String> {
        Some(match self.factor() {
            Some(factor) => factor.to_string(),
            None => quoted(Speed::WORD),
        })
    }

    fn limits(_: Rule) -> Option<String> {
        Some(format!("{} to {}, or \"{}\"", Speed::SLOWEST, Speed::FASTEST, Speed::WORD))
    }
}

/// A string of TOML.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            _ if letter.is_control() => {
                quoted.push_str(&format!("\\u{:04X}", u32::from(letter)));
            }
            _ => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

fn read_word<T: Word>(value: &Spanned<DeValue<'_>>, rule: Rule) -> Result<T, Wrong> {
    let Some(word) = value.get_ref().as_str() else {
        return Err(kind_differs(value, T::KIND));
    };
    T::from_word(word, rule).map_err(|says| Wrong { at: value.span(), says })
}

fn kind_differs(value: &Spanned<DeValue<'_>>, wants: &str) -> Wrong {
    let is = match value.get_ref() {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    Wrong { at: value.span(), says: format!("must be of the kind {wants}, not {is}") }
}
