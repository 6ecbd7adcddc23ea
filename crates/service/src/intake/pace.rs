//! Recorded time played against the wall clock.

use std::time::{Duration, Instant};

use cordon_model::Timestamp;

/// The longest silence that is kept; a gap of days in a recording is passed over.
const LONGEST_GAP: Duration = Duration::from_secs(3600);

/// When a recorded packet is due.
#[derive(Debug)]
pub struct Pace {
    speed: f64,
    position: Duration,
    last: Option<Timestamp>,
    began: Option<Instant>,
}

impl Pace {
    /// Plays this many recorded seconds in a second.
    #[must_use]
    pub fn new(speed: f64) -> Self {
        Pace { speed: speed.max(0.001), position: Duration::ZERO, last: None, began: None }
    }

    /// How long to wait at `now` until a packet recorded at `at` is due.
    pub fn wait(&mut self, at: Timestamp, now: Instant) -> Duration {
        let gap = self.last.map_or(Duration::ZERO, |last| at.since(last));
        self.last = Some(self.last.map_or(at, |last| last.max(at)));
        self.position = self.position.saturating_add(gap.min(LONGEST_GAP));
        let began = *self.began.get_or_insert(now);
        let due = Duration::try_from_secs_f64(self.position.as_secs_f64() / self.speed)
            .unwrap_or(Duration::MAX);
        due.saturating_sub(now.saturating_duration_since(began))
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "the clock is what is tested against")]
mod tests {
    use super::*;

    #[test]
    fn a_minute_at_sixty_times_the_speed_takes_a_second() {
        let (mut pace, now) = (Pace::new(60.0), Instant::now());
        assert_eq!(pace.wait(Timestamp::from_secs(100), now), Duration::ZERO);
        assert_eq!(pace.wait(Timestamp::from_secs(160), now), Duration::from_secs(1));
        let later = now + Duration::from_millis(600);
        assert_eq!(pace.wait(Timestamp::from_secs(160), later), Duration::from_millis(400));
    }

    #[test]
    fn a_gap_of_a_century_does_not_stop_the_replay() {
        let (mut pace, now) = (Pace::new(3600.0), Instant::now());
        pace.wait(Timestamp::from_secs(0), now);
        assert_eq!(pace.wait(Timestamp::from_secs(3_155_760_000), now), Duration::from_secs(1));
        assert_eq!(pace.wait(Timestamp::from_secs(10), now), Duration::from_secs(1));
    }
}
