//! Captures played again: as fast as they can be read, or in recorded time.

use std::time::{Duration, Instant};

use cordon_capture::{CaptureError, FileSource, InputPath};
use cordon_model::{RawPacket, Timestamp};

use super::{Batch, Feed, Pace, Pulled};

/// Packets passed on between two looks at whether to stop.
const STRIDE: usize = 1024;

/// Captures, one after the other.
pub struct FileFeed {
    name: String,
    paths: std::vec::IntoIter<InputPath>,
    source: Option<FileSource>,
    pace: Option<Pace>,
    opened: u32,
    held: Option<Held>,
    /// Added to every packet's time, in nanoseconds.
    shift: Shift,
    trouble: Option<String>,
}

/// By how much recorded times are moved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shift {
    /// Not at all.
    None,
    /// So that the first packet is at this time.
    Begin(Timestamp),
    /// By this many nanoseconds.
    By(i64),
}

impl FileFeed {
    /// Captures to be played at `speed`, or as fast as possible.
    ///
    /// # Errors
    /// Says why the first of them cannot be read.
    pub fn open(paths: Vec<InputPath>, speed: Option<f64>) -> Result<Self, CaptureError> {
        let name = paths.first().map_or_else(|| "nothing".to_owned(), ToString::to_string);
        let mut paths = paths.into_iter();
        let source = paths.next().map(|path| FileSource::open(&path, 0)).transpose()?;
        Ok(FileFeed {
            name,
            paths,
            source,
            pace: speed.map(Pace::new),
            opened: 1,
            held: None,
            shift: Shift::None,
            trouble: None,
        })
    }

    /// Moves the recording in time, so that its first packet is at `begin`.
    #[must_use]
    pub fn beginning(mut self, begin: Timestamp) -> Self {
        self.shift = Shift::Begin(begin);
        self
    }

    fn next_file(&mut self) -> bool {
        for path in self.paths.by_ref() {
            let number = self.opened;
            self.opened += 1;
            match FileSource::open(&path, number) {
                Ok(source) => {
                    self.source = Some(source);
                    return true;
                }
                Err(error) => self.trouble = Some(format!("left out: {error}")),
            }
        }
        false
    }
}

impl Feed for FileFeed {
    fn name(&self) -> &str {
        &self.name
    }

    fn pull(&mut self, patience: Duration, take: &mut dyn FnMut(&RawPacket<'_>)) -> Pulled {
        let until = instant() + patience;
        if let Some(held) = self.held.take() {
            let wait = held.due.saturating_duration_since(instant());
            if instant() + wait > until {
                self.held = Some(held);
                std::thread::sleep(patience);
                return Pulled::Quiet;
            }
            std::thread::sleep(wait);
            held.packet.packets().for_each(|packet| take(&packet));
        }
        for _ in 0..STRIDE {
            let Some(source) = &mut self.source else {
                return Pulled::Over(self.trouble.take());
            };
            let Some(packet) = source.next() else {
                // Health says that something is missing, and of which file.
                if let Some(why) = &source.status().cut_short {
                    self.trouble = Some(format!("{}: {why}", source.status().path));
                }
                self.source = None;
                self.next_file();
                continue;
            };
            let packet = self.shift.apply(&packet);
            let Some(pace) = &mut self.pace else {
                take(&packet);
                continue;
            };
            let now = instant();
            let wait = pace.wait(packet.at, now);
            if wait.is_zero() {
                take(&packet);
                continue;
            }
            let mut copy = Batch::default();
            copy.push(&packet);
            self.held = Some(Held { packet: copy, due: now + wait });
            return Pulled::Quiet;
        }
        Pulled::More
    }
}

/// A packet that was read before it was due.
struct Held {
    packet: Batch,
    due: Instant,
}

impl Shift {
    fn apply<'a>(&mut self, packet: &RawPacket<'a>) -> RawPacket<'a> {
        if let Shift::Begin(begin) = *self {
            *self = Shift::By(begin.nanos().saturating_sub(packet.at.nanos()));
        }
        match *self {
            Shift::By(by) => RawPacket {
                at: Timestamp::from_nanos(packet.at.nanos().saturating_add(by)),
                ..*packet
            },
            _ => *packet,
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "a replay in recorded time needs the wall clock")]
fn instant() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;
    use cordon_capture::{PcapWriter, Precision};
    use cordon_model::LinkType;

    fn capture(times: &[i64]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let out = file.reopen().unwrap();
        let mut writer = PcapWriter::new(out, LinkType::ETHERNET, Precision::Nanos).unwrap();
        for millis in times {
            writer.write(Timestamp::from_micros(millis * 1000), 60, &[0; 60]).unwrap();
        }
        writer.finish().unwrap();
        file
    }

    fn play(mut feed: FileFeed) -> (Vec<Timestamp>, usize) {
        let (mut times, mut quiet) = (Vec::new(), 0);
        loop {
            match feed.pull(Duration::from_millis(5), &mut |packet| times.push(packet.at)) {
                Pulled::Over(_) => return (times, quiet),
                Pulled::Quiet => quiet += 1,
                _ => {}
            }
        }
    }

    #[test]
    fn everything_is_played_once_and_in_order_with_and_without_pace() {
        let file = capture(&[0, 1, 40, 41, 90]);
        let paths = || vec![InputPath::File(file.path().to_owned())];
        let (fast, _) = play(FileFeed::open(paths(), None).unwrap());
        let (paced, quiet) = play(FileFeed::open(paths(), Some(1.0)).unwrap());
        assert_eq!(fast.len(), 5);
        assert_eq!(fast, paced);
        assert!(quiet > 2, "ninety milliseconds pass in steps of five");
    }

    #[test]
    fn a_recording_can_be_moved_to_today() {
        let file = capture(&[0, 1000]);
        let begin = Timestamp::from_secs(1_700_000_000);
        let feed = FileFeed::open(vec![InputPath::File(file.path().to_owned())], None).unwrap();
        let (times, _) = play(feed.beginning(begin));
        assert_eq!(times, vec![begin, Timestamp::from_secs(1_700_000_001)]);
    }
}
