//! A site as a stream: its frames in the order of their times, however long it plays.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::num::NonZeroU32;
use std::time::Duration;

use cordon_model::Timestamp;

use crate::capture::Frame;
use crate::error::SiteError;
use crate::rng::Rng;
use crate::schedule::{Schedule, Turn};
use crate::site::Site;
use crate::stage::Stage;

/// The frames on a site's wires, in the order of their times. Holds only conversations that have
/// begun and not ended, so that a day needs no more memory than its busiest minutes; after an
/// error it ends.
///
/// ```
/// let site = cordon_lab::clinic_300().unwrap();
/// let first_hour = cordon_lab::Frames::new(&site, 1).unwrap().take(1000);
/// let frames: Vec<cordon_lab::Frame> = first_hour.map(Result::unwrap).collect();
/// assert!(frames.is_sorted_by_key(|frame| frame.at));
/// ```
pub struct Frames<'s> {
    stage: Stage<'s>,
    schedule: Schedule<'s>,
    next: Option<Turn<'s>>,
    pending: BinaryHeap<Reverse<(Timestamp, u64, Vec<u8>)>>,
    start: Timestamp,
    seed: u64,
    made: u64,
}

impl<'s> Frames<'s> {
    /// From the beginning. The same site and seed give the same frames.
    ///
    /// # Errors
    /// Where a device names a stack that is not there.
    pub fn new(site: &'s Site, seed: u64) -> Result<Self, SiteError> {
        let mut schedule = Schedule::new(&site.activities, site.start, seed);
        Ok(Frames {
            stage: Stage::new(site)?,
            next: schedule.next(),
            schedule,
            pending: BinaryHeap::new(),
            start: site.start,
            seed,
            made: 0,
        })
    }

    /// Frames in memory: those of conversations that are under way.
    #[must_use]
    pub fn held(&self) -> usize {
        self.pending.len()
    }

    fn play(&mut self, turn: Turn<'s>) -> Result<(), SiteError> {
        self.stage.begin(turn.at, Rng::new(self.seed, turn.number));
        let what = turn.what;
        what.act.play(&mut self.stage).map_err(|error| error.in_row(|| what.row.to_string()))?;
        for frame in self.stage.take_frames() {
            self.pending.push(Reverse((frame.at, self.made, frame.bytes)));
            self.made += 1;
        }
        self.next = self.schedule.next();
        Ok(())
    }
}

impl Iterator for Frames<'_> {
    type Item = Result<Frame, SiteError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            // Whatever begins later speaks later: frames before the next beginning are in order.
            let settled = self.next.map(|turn| self.start.plus(turn.at));
            let due = |at: Timestamp| settled.is_none_or(|settled| at < settled);
            if self.pending.peek().is_some_and(|Reverse((at, ..))| due(*at)) {
                let Reverse((at, _, bytes)) = self.pending.pop()?;
                return Some(Ok(Frame { at, bytes }));
            }
            let turn = self.next.take()?;
            if let Err(error) = self.play(turn) {
                self.pending.clear();
                return Some(Err(error));
            }
        }
    }
}

/// A site played in live time, without a clock: says when each frame is due, counted from the
/// start of playing, and leaves the waiting to who asks.
///
/// ```
/// # use std::{num::NonZeroU32, time::Duration};
/// let site = cordon_lab::clinic_300().unwrap();
/// let player = cordon_lab::Player::new(&site, 1).unwrap().from(Duration::from_secs(600));
/// for next in player.speed(NonZeroU32::new(60).unwrap()).take(3) {
///     let (due, frame) = next.unwrap();
///     assert_eq!(site.start.plus(Duration::from_secs(600) + due * 60).secs(), frame.at.secs());
/// }
/// ```
pub struct Player<'s> {
    frames: Frames<'s>,
    from: Duration,
    speed: NonZeroU32,
}

impl<'s> Player<'s> {
    /// Plays a site from its beginning, as fast as it happened.
    ///
    /// # Errors
    /// As [`Frames::new`].
    pub fn new(site: &'s Site, seed: u64) -> Result<Self, SiteError> {
        Ok(Player {
            frames: Frames::new(site, seed)?,
            from: Duration::ZERO,
            speed: NonZeroU32::MIN,
        })
    }

    /// Begins in the middle: what was earlier is made and left out.
    #[must_use]
    pub fn from(self, from: Duration) -> Self {
        Player { from, ..self }
    }

    /// Plays this many times as fast.
    #[must_use]
    pub fn speed(self, speed: NonZeroU32) -> Self {
        Player { speed, ..self }
    }
}

impl Iterator for Player<'_> {
    /// When it is due, counted from the start of playing, and the frame with its time in the site.
    type Item = Result<(Duration, Frame), SiteError>;

    fn next(&mut self) -> Option<Self::Item> {
        let begin = self.frames.start.plus(self.from);
        loop {
            match self.frames.next()? {
                Ok(frame) if frame.at < begin => {}
                Ok(frame) => return Some(Ok((frame.at.since(begin) / self.speed.get(), frame))),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
