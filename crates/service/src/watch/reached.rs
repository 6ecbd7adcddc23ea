//! The time that traffic has reached: later packets move it, one packet of the year 2262 does not.

use std::time::Duration;

use cordon_model::Timestamp;

/// A silence up to this is believed at once.
const NEAR: Duration = Duration::from_secs(24 * 3600);
/// Packets in a row, one near the other, until a longer silence is believed.
const WITNESSES: u32 = 8;

/// The time that traffic has reached.
#[derive(Clone, Copy, Default, Debug)]
pub struct Reached {
    now: Option<Timestamp>,
    /// Packets that agreed on it.
    heard: u32,
    /// Another time, and the packets in a row that agree on that.
    other: Option<(Timestamp, u32)>,
}

impl Reached {
    /// Traffic that has reached a time for certain.
    pub const fn at(now: Timestamp) -> Self {
        Reached { now: Some(now), heard: WITNESSES, other: None }
    }

    /// Hears of a packet; the time reached by now.
    pub fn hear(&mut self, at: Timestamp) -> Timestamp {
        let now = *self.now.get_or_insert(at);
        if is_near(at, now) {
            self.heard = self.heard.saturating_add(1).min(WITNESSES);
            self.other = None;
            self.now = Some(now.max(at));
        } else if at > now || self.heard < WITNESSES {
            let count = match self.other {
                Some((before, count)) if is_near(at, before) => count + 1,
                _ => 1,
            };
            self.other = Some((at, count));
            if count >= WITNESSES {
                *self = Reached::at(at);
            }
        }
        // Else an older recording after a newer one: time does not go back for it.
        self.now.unwrap_or(at)
    }
}

fn is_near(a: Timestamp, b: Timestamp) -> bool {
    a.since(b).max(b.since(a)) <= NEAR
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAST: Timestamp = Timestamp::from_nanos(i64::MAX);

    fn day(day: i64) -> Timestamp {
        Timestamp::from_secs(1_760_000_000 + day * 86_400)
    }

    #[test]
    fn a_packet_of_2262_moves_no_time_and_a_long_silence_does() {
        let mut reached = Reached::default();
        assert_eq!(reached.hear(day(0)), day(0));
        assert_eq!(reached.hear(LAST), day(0));
        assert_eq!(reached.hear(day(1)), day(1));
        assert_eq!(reached.hear(Timestamp::default()), day(1));
        assert_eq!(reached.hear(LAST), day(1));
        let after = [day(40); 8].map(|at| reached.hear(at));
        assert_eq!(after[..7], [day(1); 7]);
        assert_eq!(after[7], day(40));
        assert_eq!([day(2); 20].map(|at| reached.hear(at)), [day(40); 20], "an older recording");
    }

    #[test]
    fn a_first_packet_with_a_nonsense_time_is_outvoted() {
        for nonsense in [LAST, Timestamp::default(), Timestamp::from_nanos(i64::MIN)] {
            let mut reached = Reached::default();
            reached.hear(nonsense);
            let _heard = [day(0); 8].map(|at| reached.hear(at));
            assert_eq!(reached.hear(day(0)), day(0));
        }
    }
}
