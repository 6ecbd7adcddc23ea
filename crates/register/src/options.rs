//! How patient the register is.

use std::time::Duration;

/// How patient the register is. Times are those of packets.
#[derive(Clone, Debug)]
pub struct Options {
    /// A device that is not seen for so long has fallen silent.
    pub silent_after: Duration,
    /// A service or address that is not seen for so long, while its device is, has gone.
    pub gone_after: Duration,
    /// A finding that is not seen for so long, while its device is, is closed.
    pub close_after: Duration,
    /// What a device that is younger is, has and offers is learned without a word.
    pub learning: Duration,
    /// A record of which only the times changed is written so often.
    pub times_every: Duration,
    /// Records kept at most; the longest unseen, of which nobody said anything, goes first.
    pub most_records: usize,
}

impl Default for Options {
    fn default() -> Self {
        const DAY: u64 = 24 * 3600;
        Options {
            silent_after: Duration::from_secs(DAY),
            gone_after: Duration::from_secs(7 * DAY),
            close_after: Duration::from_secs(7 * DAY),
            learning: Duration::from_secs(3600),
            times_every: Duration::from_secs(60),
            most_records: 65_536,
        }
    }
}
