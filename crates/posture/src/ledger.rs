//! The book of sightings: bounded, without duplicates, the same whatever the order of facts.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::hash::{DefaultHasher, Hash, Hasher};

use cordon_model::{Evidence, Fact, FindingKind, Flow, PacketId, Severity, Text, Timestamp};

use crate::ends::{Ends, Subject, may_be_outside};

/// How many pieces of evidence a finding carries: enough to check it, few enough to read.
pub(crate) const MOST_EVIDENCE: usize = 5;

/// How many different sightings are kept: about 16 MB when full, far above what a site shows.
const MOST_ENTRIES: usize = 16 * 1024;

/// Of these, how many of one kind: one noisy kind cannot push the others out.
const MOST_PER_KIND: u32 = 4 * 1024;

/// Longest detail in characters.
const MOST_DETAIL: usize = 240;

/// What a sighting means: the same for every sighting with the same kind and reason.
#[derive(Clone, Debug)]
pub(crate) struct About {
    pub severity: Severity,
    pub title: Text,
    pub why: Text,
    pub fix: Text,
}

impl About {
    /// As the table of kinds says it.
    pub(crate) fn kind(kind: FindingKind) -> Self {
        About {
            severity: kind.severity(),
            title: kind.title().into(),
            why: kind.why().into(),
            fix: kind.fix().into(),
        }
    }

    pub(crate) fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    pub(crate) fn title(mut self, title: impl Into<Text>) -> Self {
        self.title = title.into();
        self
    }

    pub(crate) fn why(mut self, why: impl Into<Text>) -> Self {
        self.why = why.into();
        self
    }

    pub(crate) fn fix(mut self, fix: impl Into<Text>) -> Self {
        self.fix = fix.into();
        self
    }
}

/// What makes two sightings the same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Key {
    pub kind: FindingKind,
    pub subject: Subject,
    /// The other end, where the subject is a group or may turn out to lie outside.
    pub peer: Option<Subject>,
    reason: u64,
}

impl Key {
    /// A weakness of one end alone.
    pub(crate) fn one(kind: FindingKind, subject: Subject, reason: impl Hash) -> Self {
        Key { kind, subject, peer: None, reason: hash(reason) }
    }

    /// A weakness of a service: the server's, or the client's where the server is a group or lies
    /// outside.
    pub(crate) fn service(
        kind: FindingKind,
        ends: &Ends,
        vlan: Option<u16>,
        reason: impl Hash,
    ) -> Self {
        let subject = Subject::of(&ends.server, vlan);
        let elsewhere = subject.is_group() || subject.ip.is_some_and(may_be_outside);
        let peer = elsewhere.then(|| Subject::of(&ends.client, vlan));
        Key { kind, subject, peer, reason: hash(reason) }
    }
}

fn hash(reason: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    reason.hash(&mut hasher);
    hasher.finish()
}

/// A packet and its time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub(crate) struct Moment {
    pub packet: PacketId,
    pub at: Timestamp,
}

impl Moment {
    pub(crate) const fn of(fact: &Fact) -> Self {
        Moment { packet: fact.packet, at: fact.at }
    }

    /// Where a flow begins.
    pub(crate) const fn of_flow(flow: &Flow) -> Self {
        Moment { packet: flow.packet, at: flow.first }
    }
}

/// What is too old to be kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Forget {
    /// Last seen before this, in any case.
    pub before: Timestamp,
    /// Last seen before this, where a table is crowded.
    pub if_crowded: Timestamp,
}

impl Forget {
    /// Thins a table that holds `most` at most. Where more than half of it is in use, the old
    /// gives way to what is new.
    pub(crate) fn thin<K: Eq + Hash, V>(
        self,
        table: &mut HashMap<K, V>,
        most: usize,
        last: impl Fn(&V) -> Timestamp,
    ) {
        table.retain(|_, value| last(value) >= self.before);
        if table.len() > most / 2 {
            table.retain(|_, value| last(value) >= self.if_crowded);
        }
    }
}

/// The first few packets that show something, how often it was shown, and when.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shown {
    pub evidence: Vec<Evidence>,
    pub count: u64,
    /// First and last time.
    pub times: Option<(Timestamp, Timestamp)>,
}

impl Shown {
    /// Counts, and keeps the packet if it is among the first few; `detail` runs only then.
    pub(crate) fn add(&mut self, seen: Moment, detail: impl FnOnce() -> String) {
        let Moment { packet, at } = seen;
        self.count = self.count.saturating_add(1);
        self.at(at);
        let full = self.evidence.len() >= MOST_EVIDENCE;
        if full && self.evidence.last().is_some_and(|last| last.packet < packet) {
            return;
        }
        let detail = cut(&detail());
        let new = Evidence { packet, at, detail };
        let place = |old: &Evidence| (old.packet, &old.detail) < (new.packet, &new.detail);
        let at = self.evidence.partition_point(place);
        if self.evidence.get(at) == Some(&new) {
            return;
        }
        self.evidence.insert(at, new);
        self.evidence.truncate(MOST_EVIDENCE);
    }

    /// It was shown then, too.
    pub(crate) fn at(&mut self, at: Timestamp) {
        let (first, last) = self.times.unwrap_or((at, at));
        self.times = Some((first.min(at), last.max(at)));
    }

    /// Last time.
    pub(crate) fn last(&self) -> Timestamp {
        self.times.map_or(Timestamp::default(), |(_, last)| last)
    }

    /// Leaves out packets before `time`: nobody has them any more. New ones take their place.
    pub(crate) fn forget_before(&mut self, time: Timestamp) {
        self.evidence.retain(|evidence| evidence.at >= time);
    }
}

/// Text short enough for a report.
pub(crate) fn cut(text: &str) -> Text {
    match text.char_indices().nth(MOST_DETAIL) {
        Some((end, _)) => Text::from(text.get(..end).unwrap_or_default()) + "…",
        None => Text::from(text),
    }
}

/// One weakness with what shows it.
#[derive(Clone, Debug)]
pub(crate) struct Sighting {
    pub about: About,
    pub shown: Shown,
}

/// Everything seen so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    entries: HashMap<Key, Sighting>,
    per_kind: HashMap<FindingKind, u32>,
    left_out: u64,
}

impl Ledger {
    /// Notes a sighting. `about` runs the first time only, `detail` for the first few.
    pub(crate) fn note(
        &mut self,
        key: Key,
        seen: Moment,
        about: impl FnOnce() -> About,
        detail: impl FnOnce() -> String,
    ) {
        let room = self.entries.len() < MOST_ENTRIES;
        match self.entries.entry(key) {
            Slot::Occupied(slot) => slot.into_mut().shown.add(seen, detail),
            Slot::Vacant(slot) => {
                let used = self.per_kind.entry(key.kind).or_default();
                if !room || *used >= MOST_PER_KIND {
                    self.left_out = self.left_out.saturating_add(1);
                    return;
                }
                *used += 1;
                let mut sighting = Sighting { about: about(), shown: Shown::default() };
                sighting.shown.add(seen, detail);
                slot.insert(sighting);
            }
        }
    }

    /// Notes what the server of a message does, or its client where the server lies outside.
    pub(crate) fn service(
        &mut self,
        kind: FindingKind,
        fact: &Fact,
        ends: &Ends,
        detail: impl FnOnce() -> String,
    ) {
        let key = Key::service(kind, ends, fact.vlan, ());
        self.note(key, Moment::of(fact), || About::kind(kind), detail);
    }

    /// Notes what the speaker of a message does.
    pub(crate) fn speaker(
        &mut self,
        kind: FindingKind,
        fact: &Fact,
        detail: impl FnOnce() -> String,
    ) {
        let key = Key::one(kind, Subject::of(&fact.from, fact.vlan), ());
        self.note(key, Moment::of(fact), || About::kind(kind), detail);
    }

    /// Sightings for which there was no room.
    pub(crate) const fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Leaves out what is too old.
    pub(crate) fn forget(&mut self, forget: Forget) {
        forget.thin(&mut self.entries, MOST_ENTRIES, |sighting| sighting.shown.last());
        let crowded: Vec<FindingKind> = self
            .per_kind
            .iter()
            .filter(|(_, used)| **used > MOST_PER_KIND / 2)
            .map(|(kind, _)| *kind)
            .collect();
        self.entries.retain(|key, sighting| {
            sighting.shown.last() >= forget.if_crowded || !crowded.contains(&key.kind)
        });
        self.per_kind.clear();
        for (key, sighting) in &mut self.entries {
            *self.per_kind.entry(key.kind).or_default() += 1;
            sighting.shown.forget_before(forget.before);
        }
    }

    /// Everything, in a fixed order.
    pub(crate) fn into_sorted(self) -> Vec<(Key, Sighting)> {
        let mut all: Vec<_> = self.entries.into_iter().collect();
        all.sort_unstable_by_key(|(key, _)| *key);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u32) -> Key {
        let ip = std::net::Ipv4Addr::from_bits(0x0a00_0000 + n).into();
        let subject = Subject { ip: Some(ip), ..Subject::default() };
        Key::one(FindingKind::TelnetService, subject, ())
    }

    fn packet(number: u64) -> Moment {
        Moment { packet: PacketId { input: 0, number }, at: Timestamp::default() }
    }

    #[test]
    fn a_flood_of_subjects_is_bounded_and_counted() {
        let mut ledger = Ledger::default();
        for n in 0..MOST_PER_KIND + 7 {
            let about = || About::kind(FindingKind::TelnetService);
            ledger.note(key(n), Moment::default(), about, String::new);
        }
        assert_eq!(ledger.left_out(), 7);
        assert_eq!(ledger.into_sorted().len(), MOST_PER_KIND as usize);
    }

    #[test]
    fn the_first_packets_are_kept_and_counting_goes_on() {
        let mut shown = Shown::default();
        for number in [9, 3, 7, 1, 8, 2, 6, 5, 4] {
            shown.add(packet(number), || format!("packet {number}"));
        }
        let kept: Vec<_> = shown.evidence.iter().map(|e| e.packet.number).collect();
        assert_eq!((kept, shown.count), (vec![1, 2, 3, 4, 5], 9));
    }

    #[test]
    fn a_repeat_behind_the_first_few_writes_no_words() {
        let mut shown = Shown::default();
        for number in 1..=5 {
            shown.add(packet(number), String::new);
        }
        shown.add(packet(6), || unreachable!("words for a repeat"));
        assert_eq!(shown.count, 6);
    }
}
