//! Days in UTC: the partitions.

use std::fmt;
use std::str::FromStr;

use cordon_model::Timestamp;
use serde::{Serialize, Serializer};

const SECONDS: i64 = 86_400;

/// A day in UTC, by its number since 1970-01-01. Days outside 2000 to 2099 do not exist: clocks
/// that say so are wrong, and their rows lie in the first or last day with their times unchanged.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Day(i32);

impl Day {
    /// 2000-01-01.
    pub const MIN: Day = Day(10_957);
    /// 2099-12-31.
    pub const MAX: Day = Day(47_481);

    /// The day of a time, clamped to the days that exist.
    #[must_use]
    pub fn of(time: Timestamp) -> Day {
        let day = i32::try_from(time.secs().div_euclid(SECONDS)).unwrap_or(i32::MAX);
        Day(day).clamp(Day::MIN, Day::MAX)
    }

    /// The first moment of the day.
    #[must_use]
    pub fn start(self) -> Timestamp {
        Timestamp::from_secs(i64::from(self.0).saturating_mul(SECONDS))
    }

    /// The day this many days earlier, if it exists.
    #[must_use]
    pub fn before(self, days: u32) -> Day {
        let days = i32::try_from(days).unwrap_or(i32::MAX);
        Day(self.0.saturating_sub(days)).clamp(Day::MIN, Day::MAX)
    }

    /// How many days lie between two days.
    #[must_use]
    pub fn distance(self, other: Day) -> u32 {
        self.0.abs_diff(other.0)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = jiff::Timestamp::from_second(i64::from(self.0).saturating_mul(SECONDS));
        match start {
            Ok(start) => {
                write!(f, "{}", jiff::tz::Offset::UTC.to_datetime(start).date())
            }
            Err(_) => write!(f, "{}", self.0),
        }
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Not a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayParseError;

impl fmt::Display for DayParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a day; write it as 2026-11-22")
    }
}

impl std::error::Error for DayParseError {}

impl FromStr for Day {
    type Err = DayParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let date: jiff::civil::Date = text.parse().map_err(|_| DayParseError)?;
        let start = jiff::tz::Offset::UTC
            .to_timestamp(date.to_datetime(jiff::civil::Time::midnight()))
            .map_err(|_| DayParseError)?;
        let day =
            i32::try_from(start.as_second().div_euclid(SECONDS)).map_err(|_| DayParseError)?;
        if (Day::MIN.0..=Day::MAX.0).contains(&day) { Ok(Day(day)) } else { Err(DayParseError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_written_and_read_as_a_date() {
        let day = Day::of(Timestamp::from_secs(1_795_305_600));
        assert_eq!(day.to_string(), "2026-11-22");
        assert_eq!("2026-11-22".parse(), Ok(day));
        assert_eq!(day.before(22).to_string(), "2026-10-31");
        assert_eq!(Day::of(day.start()), day);
    }

    #[test]
    fn a_clock_that_says_1970_or_2262_gets_the_first_or_last_day() {
        assert_eq!(Day::of(Timestamp::from_secs(0)).to_string(), "2000-01-01");
        assert_eq!(Day::of(Timestamp::from_nanos(i64::MIN)), Day::MIN);
        assert_eq!(Day::of(Timestamp::from_nanos(i64::MAX)).to_string(), "2099-12-31");
        assert!("1999-12-31".parse::<Day>().is_err());
    }
}
