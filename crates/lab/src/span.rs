//! Lengths of time as people write them in a site: `250ms`, `2s`, `1m30s`.

use std::time::Duration;

use serde::Deserialize;

/// A length of time, parsed from text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Span(pub(crate) Duration);

impl Span {
    pub(crate) const fn millis(millis: u64) -> Self {
        Span(Duration::from_millis(millis))
    }
}

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a length of time; write 250ms, 2s or 1m30s");
        let mut rest = text.as_str();
        let mut total = Duration::ZERO;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
            let (number, tail) = rest.split_at(digits);
            let unit = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
            let (unit, tail) = tail.split_at(unit);
            let factor = match unit {
                "ms" => 1,
                "s" => 1_000,
                "m" => 60_000,
                "h" => 3_600_000,
                _ => return Err(wrong()),
            };
            let number: u64 = number.parse().map_err(|_| wrong())?;
            let millis = number.checked_mul(factor).ok_or_else(wrong)?;
            total = total.saturating_add(Duration::from_millis(millis));
            rest = tail;
        }
        if text.is_empty() { Err(wrong()) } else { Ok(Span(total)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_people_write_them() {
        let read = |text: &str| Span::try_from(text.to_owned());
        assert_eq!(read("1m30s"), Ok(Span::millis(90_000)));
        assert_eq!(read("250ms"), Ok(Span::millis(250)));
        for wrong in ["", "5", "s", "2 s", "3d", "99999999999999999999s"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
