//! The time by which things are removed: a wall clock that jumps ahead is not believed at once.
//!
//! A clock that is a year ahead for an hour would make everything a year too old, and what was
//! removed does not come back when the clock does. So the time for removal goes on as if nothing
//! had happened, until the new time has stood for a week in which people could see the warning.
//! A clock that is set back removes less and needs no such care.

use std::time::{Duration, Instant};

use cordon_model::Timestamp;

/// A wall clock that gains more than this on the steady one was set, and is not being adjusted.
const STEP: Duration = Duration::from_secs(24 * 3600);
/// Between two entries of the ledger, or the last one and a start, so much may pass: a machine
/// stands still over holidays.
const PAUSE: Duration = Duration::from_secs(30 * 24 * 3600);
/// For so long a jump is doubted.
const PATIENCE: Duration = Duration::from_secs(7 * 24 * 3600);

/// The time for removal.
#[derive(Clone, Debug)]
pub(super) struct Steady {
    /// What it was at `at`.
    base: Timestamp,
    at: Instant,
    /// Until when a jump is doubted.
    doubt: Option<Instant>,
}

impl Steady {
    /// Begins at a start. `entries` are the times of the ledger's latest entries, newest first:
    /// they tell of a jump that a restart would otherwise hide.
    pub fn new(entries: &[Timestamp], wall: Timestamp, at: Instant) -> Self {
        let times = std::iter::once(wall).chain(entries.iter().copied());
        let pairs = times.clone().zip(times.skip(1));
        for (after, before) in pairs {
            let age = wall.since(after);
            if after.since(before) > PAUSE && age < PATIENCE {
                let doubt = at.checked_add(PATIENCE.saturating_sub(age));
                return Steady { base: before.plus(age), at, doubt };
            }
        }
        Steady { base: wall, at, doubt: None }
    }

    /// The time by which things may be removed.
    pub fn now(&mut self, wall: Timestamp, at: Instant) -> Timestamp {
        let expected = self.base.plus(at.saturating_duration_since(self.at));
        if wall.since(expected) > STEP {
            let until = *self.doubt.get_or_insert_with(|| at.checked_add(PATIENCE).unwrap_or(at));
            if at < until {
                return expected;
            }
        }
        *self = Steady { base: wall, at, doubt: None };
        wall
    }

    /// By how much the wall clock is ahead of what is believed.
    pub fn ahead(&mut self, wall: Timestamp, at: Instant) -> Option<Duration> {
        let ahead = wall.since(self.now(wall, at));
        (!ahead.is_zero()).then_some(ahead)
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a steady clock has to begin somewhere")]
mod tests {
    use super::*;

    const DAY: u64 = 24 * 3600;
    const THEN: Timestamp = Timestamp::from_secs(1_760_000_000);

    fn later(days: u64) -> Timestamp {
        THEN.plus(Duration::from_secs(days * DAY))
    }

    fn days(days: u64) -> Duration {
        Duration::from_secs(days * DAY)
    }

    #[test]
    fn a_year_ahead_is_believed_after_a_week_and_forgotten_when_it_is_set_back() {
        let begin = Instant::now();
        let mut steady = Steady::new(&[], THEN, begin);
        assert_eq!(steady.now(later(1), begin + days(1)), later(1));
        assert_eq!(steady.now(later(367), begin + days(2)), later(2));
        assert_eq!(steady.ahead(later(368), begin + days(3)), Some(days(365)));
        assert_eq!(steady.now(later(4), begin + days(4)), later(4), "set back");
        assert_eq!(steady.now(later(370), begin + days(5)), later(5), "and wrong again");
        assert_eq!(steady.now(later(377), begin + days(12)), later(377), "so it is right");
        assert_eq!(steady.ahead(later(378), begin + days(13)), None);
    }

    #[test]
    fn a_restart_does_not_hide_the_jump() {
        let begin = Instant::now();
        // Written an hour after the jump, then at every restart.
        let entries = [later(366), later(365), later(1), THEN];
        let mut steady = Steady::new(&entries, later(366), begin);
        assert_eq!(steady.now(later(366), begin), later(2));
        assert_eq!(steady.now(later(372), begin + days(6)), later(372));
    }

    #[test]
    fn a_clock_of_1970_removes_nothing_and_leaves_no_doubt_behind() {
        let begin = Instant::now();
        let mut steady = Steady::new(&[THEN], Timestamp::from_secs(7), begin);
        assert_eq!(steady.now(Timestamp::from_secs(8), begin), Timestamp::from_secs(8));
        assert_eq!(steady.now(THEN, begin), Timestamp::from_secs(8), "it was set meanwhile");
        assert_eq!(steady.now(later(7), begin + days(7)), later(7));
    }
}
