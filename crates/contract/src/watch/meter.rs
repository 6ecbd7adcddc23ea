//! How much within a minute or an hour.

use std::collections::HashMap;

use cordon_model::Timestamp;

/// Most entries that are counted at once: those of 2,000 devices with 100 each. Beyond it nothing
/// new is counted until a time is over.
const MAX_COUNTED: usize = 200_000;

/// Counts by entry, within stretches of time of one length.
///
/// Conversations are reported when they end, so that one may belong to the stretch before the one
/// that is counted now; both are kept, and what is older counts with the older one.
#[derive(Debug)]
pub struct Meter {
    secs: i64,
    counted: HashMap<u32, [(i64, u64); 2], foldhash::fast::FixedState>,
    latest: i64,
    /// The stretch in which what was over made room last; once in each is enough.
    cleaned: i64,
}

impl Meter {
    /// Stretches of so many seconds, above zero.
    #[must_use]
    pub fn new(secs: i64) -> Self {
        Meter { secs, counted: HashMap::default(), latest: i64::MIN, cleaned: i64::MIN }
    }

    /// Counts in, and returns the count within the stretch of time that `at` is in.
    pub fn add(&mut self, entry: u32, at: Timestamp, amount: u64) -> u64 {
        let stretch = at.secs().div_euclid(self.secs.max(1));
        self.latest = self.latest.max(stretch);
        if self.counted.len() >= MAX_COUNTED && !self.counted.contains_key(&entry) {
            let latest = self.latest;
            if self.cleaned < latest {
                self.cleaned = latest;
                self.counted.retain(|_, [(newer, _), _]| *newer >= latest - 1);
            }
            if self.counted.len() >= MAX_COUNTED {
                return amount;
            }
        }
        let empty = [(stretch, 0), (i64::MIN, 0)];
        let [newer, older] = self.counted.entry(entry).or_insert(empty);
        if stretch > newer.0 {
            *older = std::mem::replace(newer, (stretch, 0));
        }
        let held = if stretch == newer.0 { newer } else { older };
        held.1 = held.1.saturating_add(amount);
        held.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stretch_begins_anew_and_reports_that_come_late_take_nothing_back() {
        let mut meter = Meter::new(60);
        let mut add = |secs| meter.add(7, Timestamp::from_secs(secs), 1);
        assert_eq!([add(0), add(59), add(60)], [1, 2, 1]);
        assert_eq!(add(30), 3, "one that ended late counts with its own minute");
        assert_eq!(add(61), 2, "and the minute that is counted now goes on");
    }

    #[test]
    fn more_entries_than_fit_are_bounded() {
        let mut meter = Meter::new(60);
        for entry in 0..300_000 {
            meter.add(entry, Timestamp::from_secs(0), 1);
        }
        assert_eq!(meter.counted.len(), MAX_COUNTED);
        meter.add(300_001, Timestamp::from_secs(600), 1);
        assert_eq!(meter.counted.len(), 1, "what is over makes room");
    }
}
