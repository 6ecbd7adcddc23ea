//! Captures played again: as fast as they can be read, or in recorded time.

use std::time::{Duration, Instant};

use cordon_capture::{CaptureError, FileSource, InputPath};
use cordon_model::{RawPacket, Timestamp};

use super::{Batch, Feed, Pace, Pulled};

/// Packets passed on between two looks at whether to stop.
const STRIDE: usize = 1024;

/// Files in trouble that are told with their reason; more do not fit in one line of the Health page.
const TOLD: usize = 4;

/// Captures, one after the other.
pub struct FileFeed {
    name: String,
    paths: std::vec::IntoIter<InputPath>,
    source: Option<FileSource>,
    pace: Option<Pace>,
    opened: u32,
    files: usize,
    held: Option<Held>,
    /// Added to every packet's time, in nanoseconds.
    shift: Shift,
    trouble: Vec<String>,
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
        let files = paths.len();
        let name = match (paths.first(), files.saturating_sub(1)) {
            (None, _) => "nothing".to_owned(),
            (Some(first), 0) => first.to_string(),
            (Some(first), 1) => format!("{first} and another file"),
            (Some(first), more) => format!("{first} and {more} more files"),
        };
        let mut paths = paths.into_iter();
        let source = paths.next().map(|path| FileSource::open(&path, 0)).transpose()?;
        Ok(FileFeed {
            name,
            paths,
            source,
            pace: speed.map(Pace::new),
            opened: 1,
            files,
            held: None,
            shift: Shift::None,
            trouble: Vec::new(),
        })
    }

    /// Moves the recording in time, so that its first packet is at `begin`.
    #[must_use]
    pub fn beginning(mut self, begin: Timestamp) -> Self {
        self.shift = Shift::Begin(begin);
        self
    }

    fn next_file(&mut self) -> bool {
        while let Some(path) = self.paths.next() {
            let number = self.opened;
            self.opened += 1;
            match FileSource::open(&path, number) {
                Ok(source) => {
                    self.source = Some(source);
                    return true;
                }
                Err(error) => self.trouble.push(format!("left out{}: {error}", self.place())),
            }
        }
        false
    }

    /// Which of several files is at hand.
    fn place(&self) -> String {
        match self.files {
            0 | 1 => String::new(),
            files => format!(" ({} of {files})", self.opened),
        }
    }

    /// What is missing, and of which files.
    fn told(&mut self) -> Option<String> {
        let trouble = std::mem::take(&mut self.trouble);
        let more = trouble.len().saturating_sub(TOLD);
        let told = trouble.iter().take(TOLD).map(String::as_str).collect::<Vec<_>>().join("; ");
        match (told.is_empty(), more) {
            (true, _) => None,
            (false, 0) => Some(told),
            (false, 1) => Some(format!("{told}; and of another file")),
            (false, more) => Some(format!("{told}; and of {more} more files")),
        }
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
                return Pulled::Over(self.told());
            };
            let Some(packet) = source.next() else {
                // Health says that something is missing, and of which file.
                let status = source.status().clone();
                self.source = None;
                if let Some(why) = status.cut_short {
                    self.trouble.push(format!("{}{}: {why}", status.path, self.place()));
                }
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

    fn play(feed: FileFeed) -> (Vec<Timestamp>, usize) {
        let (times, quiet, _) = played(feed);
        (times, quiet)
    }

    fn played(mut feed: FileFeed) -> (Vec<Timestamp>, usize, Option<String>) {
        let (mut times, mut quiet) = (Vec::new(), 0);
        loop {
            match feed.pull(Duration::from_millis(5), &mut |packet| times.push(packet.at)) {
                Pulled::Over(why) => return (times, quiet, why),
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
    fn every_file_that_something_is_missing_of_is_named() {
        let (whole, cut) = (capture(&[0, 1]), capture(&[2, 3]));
        let cut_len = cut.as_file().metadata().unwrap().len();
        cut.as_file().set_len(cut_len - 10).unwrap();
        let other = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(other.path(), "no capture at all").unwrap();
        let path = |file: &tempfile::NamedTempFile| InputPath::File(file.path().to_owned());
        let feed = FileFeed::open(vec![path(&whole), path(&cut), path(&other)], None).unwrap();
        assert_eq!(feed.name(), format!("{} and 2 more files", whole.path().display()));
        let (times, _, why) = played(feed);
        let why = why.unwrap();
        assert_eq!(times.len(), 3);
        assert!(why.starts_with(&format!("{} (2 of 3): ", cut.path().display())), "{why}");
        assert!(why.contains(&format!("; left out (3 of 3): {}", other.path().display())), "{why}");
        let many = (0..9).map(|_| path(&other));
        let feed = FileFeed::open([path(&whole)].into_iter().chain(many).collect(), None).unwrap();
        let why = played(feed).2.unwrap();
        assert!(why.contains("(5 of 10)") && why.ends_with("and of 5 more files"), "{why}");
        assert!(!why.contains("(6 of 10)"), "{why}");
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
