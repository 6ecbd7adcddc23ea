//! What one device did, on its way to tokens: its token set and the counters behind it.

use std::hash::BuildHasher;

use cordon_model::{Mac, Timestamp};
use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashSet};

use super::counters::Counters;
use super::flow::{Flow, FlowKey};
use super::kind::Kind;
use super::normal::{OwnDigits, norm, words};
use super::token::{Part, TokenSet};

/// Kinds of frames told apart; set-up captures show at most 80.
const MOST_KINDS: usize = 160;
/// Things already said of which no token need be made again.
const MOST_REMEMBERED: usize = 2_048;
/// Peers counted.
const MOST_PEERS: usize = 2_048;

/// To whom a frame was sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Cast {
    Unicast,
    Multicast,
    Broadcast,
}

/// A frame's direction as seen from the device, and to whom it was sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    pub sent: bool,
    pub cast: Cast,
}

impl Way {
    /// `s` or `r`.
    pub(super) const fn direction(self) -> &'static str {
        if self.sent { "s" } else { "r" }
    }

    /// `u`, `m` or `b`.
    pub(super) const fn cast(self) -> &'static str {
        match self.cast {
            Cast::Unicast => "u",
            Cast::Multicast => "m",
            Cast::Broadcast => "b",
        }
    }

    /// Both in one word.
    const fn word(self) -> &'static str {
        match (self.sent, self.cast) {
            (true, Cast::Unicast) => "su",
            (true, Cast::Multicast) => "sm",
            (true, Cast::Broadcast) => "sb",
            (false, Cast::Unicast) => "ru",
            (false, Cast::Multicast) => "rm",
            (false, Cast::Broadcast) => "rb",
        }
    }

    /// 0 to 5.
    pub(super) const fn index(self) -> u8 {
        self.cast as u8 + if self.sent { 0 } else { 3 }
    }
}

/// A kind of frame as this device shows it.
#[derive(Clone, Debug)]
pub(super) struct KindSeen {
    pub kind: Kind,
    pub sent: u32,
    pub received: u32,
    last_sent: Option<Timestamp>,
    /// Which gaps between two of them have their token already.
    gaps: u16,
}

/// One device while it is watched.
#[derive(Debug)]
pub(super) struct Device {
    pub own: OwnDigits,
    pub packets: u32,
    pub first_sent: Option<Timestamp>,
    pub counters: Counters,
    pub kinds: Vec<KindSeen>,
    pub flows: HashMap<FlowKey, Flow, FixedState>,
    pub peers: HashSet<u64, FixedState>,
    tokens: TokenSet,
    kind_index: HashMap<Kind, u16, FixedState>,
    remembered: HashSet<u64, FixedState>,
    scratch: Vec<u8>,
}

impl Device {
    pub(super) fn new(mac: Mac) -> Self {
        Device {
            own: OwnDigits::new(mac),
            packets: 0,
            first_sent: None,
            counters: Counters::default(),
            kinds: Vec::new(),
            flows: HashMap::default(),
            peers: HashSet::default(),
            tokens: TokenSet::default(),
            kind_index: HashMap::default(),
            remembered: HashSet::default(),
            scratch: Vec::new(),
        }
    }

    /// All tokens, with those of the counters as they stand now.
    pub(super) fn tokens(&self) -> TokenSet {
        let mut tokens = self.tokens.clone();
        self.counters.tokens(&self.kinds, self.peers.len(), &mut tokens);
        tokens
    }

    /// Adds the token of these parts.
    pub(super) fn add(&mut self, parts: &[Part<'_>]) {
        self.scratch.clear();
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                self.scratch.push(b':');
            }
            part.write(&mut self.scratch);
        }
        self.tokens.insert(&self.scratch);
    }

    /// Adds what a device says: the whole string and, where asked, its words.
    pub(super) fn add_string(
        &mut self,
        group: &str,
        key: &[&[u8]],
        value: &[u8],
        with_words: bool,
    ) {
        let value = norm(value, &self.own);
        let value = value.trim_ascii();
        if value.is_empty() {
            return;
        }
        let key = key.concat();
        self.add(&[Part::S(group), Part::B(&key), Part::B(value)]);
        if with_words {
            let key = [key.as_slice(), b"~"].concat();
            for word in words(value) {
                self.add(&[Part::S(group), Part::B(&key), Part::B(word)]);
            }
        }
    }

    /// Adds a token whose last part is a string that is not empty of meaning when it is empty.
    pub(super) fn add_normal(&mut self, parts: &[Part<'_>], last: &[u8]) {
        let last = norm(last, &self.own);
        let mut all = parts.to_vec();
        all.push(Part::B(&last));
        self.add(&all);
    }

    /// Whether something is said for the first time; where nothing more can be remembered,
    /// everything is new.
    pub(super) fn is_new(&mut self, key: (u8, u64)) -> bool {
        let hash = FixedState::default().hash_one(key);
        if self.remembered.len() < MOST_REMEMBERED {
            self.remembered.insert(hash)
        } else {
            !self.remembered.contains(&hash)
        }
    }

    /// Whether a payload is new to the device: what was read once need not be read again.
    pub(super) fn is_new_payload(&mut self, way: Way, payload: &[u8]) -> bool {
        let hash = FixedState::with_seed(1).hash_one(payload);
        self.is_new((if way.sent { 4 } else { 5 }, hash))
    }

    pub(super) fn peer(&mut self, address: u128) {
        if self.peers.len() < MOST_PEERS {
            self.peers.insert(FixedState::default().hash_one(address));
        }
    }

    /// Where a kind of frame is counted; none where there are too many.
    pub(super) fn kind(&mut self, kind: Kind) -> Option<u16> {
        if let Some(index) = self.kind_index.get(&kind) {
            return Some(*index);
        }
        if self.kinds.len() >= MOST_KINDS {
            return None;
        }
        let index = self.kinds.len() as u16;
        self.kinds.push(KindSeen { kind, sent: 0, received: 0, last_sent: None, gaps: 0 });
        self.kind_index.insert(kind, index);
        Some(index)
    }

    /// Counts a frame of a kind, with its length and the time since the last such frame.
    pub(super) fn count(&mut self, at: Timestamp, way: Way, kind: Option<u16>, length: u32) {
        let Some(index) = kind else { return };
        let Some(seen) = self.kinds.get_mut(usize::from(index)) else { return };
        let kind = seen.kind;
        let mut new_gap = None;
        if way.sent {
            seen.sent += 1;
            if let Some(last) = seen.last_sent.replace(at) {
                let gap = gap_bin(at, last);
                let bit = 1 << (gap + 6);
                if seen.gaps & bit == 0 {
                    seen.gaps |= bit;
                    new_gap = Some(gap);
                }
            }
        } else {
            seen.received += 1;
        }
        if let Some(gap) = new_gap {
            let sign = if gap < 0 { "-" } else { "" };
            let number = [Part::S(sign), Part::N(u64::from(gap.unsigned_abs()))];
            let mut text = Vec::with_capacity(2);
            number.iter().for_each(|part| part.write(&mut text));
            self.add(&[Part::S("GS"), Part::Kind(kind), Part::B(&text)]);
        }
        let key = u64::from(length) << 32 | u64::from(index) << 8 | u64::from(way.index());
        if self.is_new((0, key)) {
            let bin = Part::N(half_octave(length));
            self.add(&[Part::S("S"), Part::S(way.word()), Part::Kind(kind), bin]);
            if way.sent {
                let length = Part::N(u64::from(length));
                self.add(&[Part::S("X"), Part::S(way.cast()), Part::Kind(kind), length]);
            }
        }
    }
}

/// Half octaves: 0, then 1 + floor(2 log2 n).
fn half_octave(number: u32) -> u64 {
    let square = u64::from(number) * u64::from(number);
    square.checked_ilog2().map_or(0, |log| u64::from(log) + 1)
}

/// floor(log2 seconds) between -6 and 7; time that ran backwards counts as no time.
fn gap_bin(at: Timestamp, last: Timestamp) -> i8 {
    let nanos = at.since(last).as_nanos();
    let sixty_fourths = nanos * 64 / 1_000_000_000;
    sixty_fourths.checked_ilog2().map_or(-6, |log| (log.min(13) as i8) - 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_fall_into_half_octaves() {
        for (number, bin) in [(0, 0), (1, 1), (2, 3), (3, 4), (4, 5), (5, 5), (6, 6), (1500, 22)] {
            assert_eq!(half_octave(number), bin, "{number}");
        }
    }

    #[test]
    fn gaps_fall_into_octaves_of_seconds() {
        let bin = |micros: i64| gap_bin(Timestamp::from_micros(micros), Timestamp::from_micros(0));
        for (micros, expected) in [
            (-5, -6),
            (0, -6),
            (15_624, -6),
            (31_250, -5),
            (999_999, -1),
            (1_000_000, 0),
            (200_000_000, 7),
        ] {
            assert_eq!(bin(micros), expected, "{micros}");
        }
    }
}
