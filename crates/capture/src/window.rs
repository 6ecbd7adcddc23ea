//! A reused buffer that slides over a stream.

use std::io::{self, Read};

use crate::{MAX_PACKET, source::Step};

/// How much is asked of the system at once: large enough that the call costs nothing per packet,
/// small enough to stay in the second-level cache for whoever parses the packets.
const READ_SIZE: usize = 256 * 1024;

/// The first read is small: many files are, and others are opened only to see what they are.
const FIRST_READ_SIZE: usize = 4 * 1024;

/// How far the buffer grows for one record: a packet of the greatest length and as much again of
/// options and comments.
pub(crate) const MAX_RECORD: usize = 2 * MAX_PACKET;

/// The part of a stream that is in memory.
pub(crate) struct Window {
    source: Box<dyn Read + Send>,
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    ended: bool,
    trouble: Option<io::Error>,
}

impl Window {
    pub(crate) fn new(source: Box<dyn Read + Send>) -> Self {
        Window { source, bytes: Vec::new(), start: 0, end: 0, ended: false, trouble: None }
    }

    /// The next `count` bytes, without passing over them; `None` where the stream has fewer.
    #[inline]
    pub(crate) fn peek(&mut self, count: usize) -> Option<&[u8]> {
        if self.end - self.start < count && !self.fill(count) {
            return None;
        }
        self.bytes.get(self.start..self.start + count)
    }

    /// Passes over `count` bytes that [`Self::peek`] has shown and returns where they begin, for
    /// [`Self::at`]; they stay in place until the next peek.
    #[inline]
    pub(crate) fn pass(&mut self, count: usize) -> usize {
        let at = self.start;
        self.start = (at + count).min(self.end);
        at
    }

    /// `len` bytes at a place that [`Self::pass`] returned.
    #[inline]
    pub(crate) fn at(&self, place: usize, len: usize) -> &[u8] {
        self.bytes.get(place..place + len).unwrap_or_default()
    }

    /// What is in memory and not yet passed.
    pub(crate) fn rest(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    /// Passes over `count` bytes of any number, keeping none; false where the stream ends before.
    pub(crate) fn skip(&mut self, mut count: u64) -> bool {
        while count > 0 {
            if self.rest().is_empty() && !self.fill(1) {
                return false;
            }
            let step = usize::try_from(count).unwrap_or(usize::MAX).min(self.end - self.start);
            self.start += step;
            count -= step as u64;
        }
        true
    }

    /// What the stream failed with, if it did not simply end.
    pub(crate) fn take_trouble(&mut self) -> Option<io::Error> {
        self.trouble.take()
    }

    /// What to conclude where the next `what` is not there: a clean end, or damage.
    #[cold]
    pub(crate) fn end(&self, what: &str) -> Step {
        if self.rest().is_empty() && self.trouble.is_none() {
            Step::End
        } else {
            Step::Damaged(self.why_it_ends(what))
        }
    }

    /// Why `what` is not whole, in words.
    #[cold]
    pub(crate) fn why_it_ends(&self, what: &str) -> String {
        match (&self.trouble, self.rest().len()) {
            (Some(trouble), _) => format!("reading failed before the end of {what}: {trouble}"),
            (None, left) => format!("the file ends within {what} (bytes left: {left})"),
        }
    }

    /// Reads until `count` bytes are there; returns as soon as they are, so that a slow pipe
    /// gives its packets when they come.
    #[cold]
    fn fill(&mut self, count: usize) -> bool {
        if count > MAX_RECORD {
            return false;
        }
        let least = if self.bytes.is_empty() { FIRST_READ_SIZE } else { READ_SIZE };
        let wanted = count.max(least);
        if self.bytes.len() < self.start + wanted {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.bytes.len() < wanted {
            self.bytes.resize(wanted, 0);
        }
        while self.end - self.start < count && !self.ended {
            let room = self.bytes.get_mut(self.end..).unwrap_or_default();
            match self.source.read(room) {
                Ok(0) => self.ended = true,
                Ok(got) => self.end = (self.end + got).min(self.bytes.len()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.trouble = Some(error);
                    self.ended = true;
                }
            }
        }
        self.end - self.start >= count
    }
}
