//! Durations, sizes and speeds as people write them.

use std::{fmt, str::FromStr, time::Duration};

use crate::{rule::Rule, value::Word};

/// A duration, as in `90s`, `12h` or `1d12h`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Period(Duration);

/// How long something is kept: for a [`Period`], or for ever.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keep {
    /// So long after it was last true.
    For(Period),
    /// Until a person removes it.
    Forever,
}

/// An amount of memory or disk, as in `64MiB`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Size(u64);

/// How fast a recording is played.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Speed(Option<f64>);

/// Largest first; what people mean by a month differs, so there is none.
const PERIODS: [(&str, u64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

/// Largest first; decimal units are read and not written.
const SIZES: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("TB", 1_000_000_000_000),
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("kB", 1000),
    ("B", 1),
];

const HOW_PERIODS: &str = "a duration such as 90s, 30m, 12h, 30d, 2w, 1y or 1d12h";
const HOW_SIZES: &str = "a size such as 512KiB, 64MiB or 2GiB";
const FOREVER: &str = "forever";

impl Period {
    pub(crate) const fn secs(secs: u64) -> Period {
        Period(Duration::from_secs(secs))
    }

    /// As the standard library has it.
    #[must_use]
    pub const fn duration(self) -> Duration {
        self.0
    }

    fn millis(self) -> u64 {
        u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX)
    }
}

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("must be {HOW_PERIODS}");
        let (mut rest, mut total, mut before) = (text, 0_u64, u64::MAX);
        while !rest.is_empty() {
            let (number, behind) = leading_number(rest).ok_or_else(wrong)?;
            let letters = behind.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(behind.len());
            let (unit, behind) = behind.split_at_checked(letters).ok_or_else(wrong)?;
            let (_, millis) = PERIODS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
            if *millis >= before {
                return Err(wrong());
            }
            before = *millis;
            total = number
                .checked_mul(*millis)
                .and_then(|part| total.checked_add(part))
                .ok_or_else(wrong)?;
            rest = behind;
        }
        if text.is_empty() { Err(wrong()) } else { Ok(Period(Duration::from_millis(total))) }
    }
}

impl fmt::Display for Period {
    /// In the largest units that leave no remainder: `36h` is `1d12h`, and `14d` stays.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = self.millis();
        if left == 0 {
            return f.write_str("0s");
        }
        for (unit, millis) in PERIODS {
            // 14d says more than 2w, and 365d must not come out as 52w1d.
            if unit == "w" || (unit == "y" && !left.is_multiple_of(millis)) {
                continue;
            }
            let count = left / millis;
            if count > 0 {
                write!(f, "{count}{unit}")?;
                left %= millis;
            }
        }
        Ok(())
    }
}

impl Word for Period {
    const KIND: &'static str = "duration";

    fn from_word(word: &str, rule: Rule) -> Result<Self, String> {
        let period: Period = word.parse()?;
        match rule.range {
            Some((least, most)) if period < Period::secs(least) || period > Period::secs(most) => {
                let (least, most) = (Period::secs(least), Period::secs(most));
                Err(format!("must be {least} to {most}, not {period}"))
            }
            _ => Ok(period),
        }
    }

    fn to_word(&self) -> String {
        self.to_string()
    }

    fn limits(rule: Rule) -> Option<String> {
        rule.range.map(|(least, most)| format!("{} to {}", Period::secs(least), Period::secs(most)))
    }
}

impl Keep {
    pub(crate) const fn days(days: u64) -> Keep {
        Keep::For(Period::secs(days * 86_400))
    }

    /// The duration; `None` for ever.
    #[must_use]
    pub const fn duration(self) -> Option<Duration> {
        match self {
            Keep::For(period) => Some(period.duration()),
            Keep::Forever => None,
        }
    }
}

impl fmt::Display for Keep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Keep::For(period) => period.fmt(f),
            Keep::Forever => f.write_str(FOREVER),
        }
    }
}

impl Word for Keep {
    const KIND: &'static str = "duration, or \"forever\"";

    fn from_word(word: &str, rule: Rule) -> Result<Self, String> {
        match word {
            FOREVER => Ok(Keep::Forever),
            _ => Period::from_word(word, rule)
                .map(Keep::For)
                .map_err(|says| format!("{says}, or \"{FOREVER}\"")),
        }
    }

    fn to_word(&self) -> String {
        self.to_string()
    }

    fn limits(rule: Rule) -> Option<String> {
        Period::limits(rule).map(|limits| format!("{limits}, or \"{FOREVER}\""))
    }
}

impl Size {
    pub(crate) const fn mebibytes(count: u64) -> Size {
        Size(count << 20)
    }

    /// In bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0
    }

    /// In bytes, as the memory of this machine is counted.
    #[must_use]
    pub fn in_memory(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("must be {HOW_SIZES}");
        let (number, behind) = leading_number(text).ok_or_else(wrong)?;
        let unit = behind.strip_prefix(' ').unwrap_or(behind);
        let (_, bytes) = SIZES.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        number.checked_mul(*bytes).map(Size).ok_or_else(wrong)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let binary = SIZES.iter().filter(|(unit, _)| unit.len() != 2);
        for (unit, bytes) in binary {
            if self.0 >= *bytes && self.0.is_multiple_of(*bytes) {
                return write!(f, "{}{unit}", self.0 / bytes);
            }
        }
        write!(f, "{}B", self.0)
    }
}

impl Word for Size {
    const KIND: &'static str = "size";

    fn from_word(word: &str, rule: Rule) -> Result<Self, String> {
        let size: Size = word.parse()?;
        if rule.holds(size.0) {
            return Ok(size);
        }
        let limits = Self::limits(rule).unwrap_or_default();
        Err(format!("must be {limits}, not {size}"))
    }

    fn to_word(&self) -> String {
        self.to_string()
    }

    fn limits(rule: Rule) -> Option<String> {
        rule.range.map(|(least, most)| format!("{} to {}", Size(least), Size(most)))
    }
}

impl Speed {
    pub(crate) const AS_RECORDED: Speed = Speed(Some(1.0));
    pub(crate) const AS_FAST_AS_IT_GOES: Speed = Speed(None);
    pub(crate) const WORD: &'static str = "max";
    pub(crate) const SLOWEST: f64 = 0.01;
    pub(crate) const FASTEST: f64 = 1_000_000.0;

    /// So many times as fast as recorded; `None` outside 0.01 to 1,000,000.
    #[must_use]
    pub fn times(factor: f64) -> Option<Speed> {
        (Speed::SLOWEST..=Speed::FASTEST).contains(&factor).then_some(Speed(Some(factor)))
    }

    /// How many times as fast as recorded; `None` for as fast as the machine can.
    #[must_use]
    pub const fn factor(self) -> Option<f64> {
        self.0
    }
}

/// The digits in front, and what follows them.
fn leading_number(text: &str) -> Option<(u64, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at_checked(digits)?;
    Some((number.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, secs, again) in [
            ("90s", 90, "1m30s"),
            ("12h", 43_200, "12h"),
            ("36h", 129_600, "1d12h"),
            ("30d", 2_592_000, "30d"),
            ("2w", 1_209_600, "14d"),
            ("1y", 31_536_000, "1y"),
            ("1d12h", 129_600, "1d12h"),
            ("0s", 0, "0s"),
        ] {
            let period: Period = text.parse().unwrap();
            assert_eq!(period.duration().as_secs(), secs, "{text}");
            assert_eq!(period.to_string(), again, "{text}");
        }
        assert_eq!("1500ms".parse::<Period>().unwrap().to_string(), "1s500ms");
        for text in ["", "30", "d", "30 d", "-1s", "1.5h", "1h1d", "1h1h", "9999999999999y", "1M"] {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_need_a_unit() {
        for (text, bytes, again) in [
            ("64MiB", 64 << 20, "64MiB"),
            ("64 MiB", 64 << 20, "64MiB"),
            ("2GB", 2_000_000_000, "1953125KiB"),
            ("1024KiB", 1 << 20, "1MiB"),
            ("7B", 7, "7B"),
            ("0B", 0, "0B"),
        ] {
            let size: Size = text.parse().unwrap();
            assert_eq!((size.bytes(), size.to_string().as_str()), (bytes, again), "{text}");
        }
        for text in ["", "64", "64M", "64mib", "MiB", "1.5GiB", "99999999999TiB", "1  KiB"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }
}
