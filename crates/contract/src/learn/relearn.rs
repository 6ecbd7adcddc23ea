//! After a firmware change: what a device does anew is a difference to look at, not an alarm.
//!
//! This changes what people are told and nothing else. What passes is what the contract in force
//! says, until somebody puts another one in force: whoever takes a device over may well make it say
//! a new version.

use std::time::Duration;

use cordon_model::{Text, Timestamp};

use super::{Held, Learned};
use crate::document::{Contract, Entry, Learning, MAX_ENTRIES, Why};

/// The longest that a window stays open: a day shows what a device does by day and by night.
const LONGEST: Duration = Duration::from_hours(24);

/// A device that has another firmware than its contract expects.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// What the contract expects.
    pub from: Text,
    /// What was seen.
    pub to: Text,
}

/// Whether a device has to be learned again, by the firmware that its contract expects and the one
/// that was seen. A version that becomes known for the first time is no change.
#[must_use]
pub fn due(expected: Option<&str>, seen: Option<&str>) -> Option<Change> {
    let (from, to) = (expected?, seen?);
    let (a, b) = (plain(from), plain(to));
    let differs = !a.is_empty() && !b.is_empty() && a != b;
    differs.then(|| Change { from: from.into(), to: to.into() })
}

/// A version without what the same version is written with here and not there: `V1.2` and `1.2`.
fn plain(version: &str) -> String {
    let version = version.trim().to_ascii_lowercase();
    match version.strip_prefix('v') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => rest.to_owned(),
        _ => version,
    }
}

/// A time in which a device is learned again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// When the change was seen.
    pub since: Timestamp,
}

impl Window {
    /// Opens when a change is seen.
    #[must_use]
    pub const fn new(since: Timestamp) -> Self {
        Window { since }
    }

    /// Whether it is open: not longer than a day, and not when learning has come to its end with
    /// what was seen since. `learning` is that of what was learned since it opened.
    #[must_use]
    pub fn is_open(&self, at: Timestamp, learning: Option<&Learning>) -> bool {
        let done = learning.is_some_and(|one| one.done && one.since >= self.since);
        at >= self.since && at < self.since.plus(LONGEST) && !done
    }
}

/// A contract in force beside what was learned since the firmware changed.
#[derive(Clone, PartialEq, Debug)]
pub struct Proposal {
    /// Everything that was allowed and everything new, under the new firmware.
    pub contract: Contract,
    /// What is new, as it stands in the contract.
    pub new: Vec<Entry>,
    /// What was learned once and was not seen since; it stays in the contract until somebody takes
    /// it out, because it may be rare.
    pub unseen: Vec<Entry>,
    /// What looks like an attack and is not in the contract.
    pub held: Vec<Held>,
}

impl Proposal {
    /// Whether the new firmware does nothing else.
    #[must_use]
    pub fn is_the_same(&self) -> bool {
        self.new.is_empty() && self.held.is_empty()
    }

    /// In words: "after the change from 1.2 to 1.3 it does 2 things that it did not do before".
    #[must_use]
    pub fn says(&self, change: &Change) -> String {
        let after = format!("after the change from {} to {} it does", change.from, change.to);
        let things = |count: usize| match count {
            1 => "one thing".to_owned(),
            count => format!("{count} things"),
        };
        let mut text = match self.new.len() {
            0 => format!("{after} nothing that it did not do before"),
            count => format!("{after} {} that it did not do before", things(count)),
        };
        if !self.unseen.is_empty() {
            text.push_str(&format!("; {} not seen since", things(self.unseen.len())));
        }
        if !self.held.is_empty() {
            text.push_str(&format!("; {} held back", things(self.held.len())));
        }
        text
    }
}

/// What to propose: the contract in force with what is new, and the difference.
///
/// What people, makers and profiles allowed stays whether it was seen or not.
#[must_use]
pub fn propose(old: &Contract, new: &Learned) -> Proposal {
    let mut contract = old.clone();
    contract.made = new.contract.made;
    contract.by = new.contract.by.clone();
    contract.learning = new.contract.learning.clone();
    if new.contract.expected.firmware.is_some() {
        contract.expected.firmware = new.contract.expected.firmware.clone();
    }
    let mut fresh = Vec::new();
    for entry in &new.contract.entries {
        let same = contract.entry(&entry.id()).is_some();
        let covered = old.entries.iter().any(|held| held.covers(entry));
        let room = contract.entries.len() < MAX_ENTRIES;
        if same || (!covered && room) {
            contract.allow(entry.clone());
        }
        if !same && !covered && room {
            fresh.push(entry.clone());
        }
    }
    let is_learned = |why: &Why| matches!(why, Why::Learned { .. });
    let seen_since = |entry: &Entry| {
        new.contract.entries.iter().any(|one| one.covers(entry) || entry.covers(one))
    };
    let unseen = old
        .entries
        .iter()
        .filter(|entry| entry.why.iter().all(is_learned) && !seen_since(entry))
        .cloned()
        .collect();
    let held = new
        .held
        .iter()
        .filter(|held| !old.entries.iter().any(|entry| entry.covers(&held.entry)))
        .cloned()
        .collect();
    Proposal { contract, new: fresh, unseen, held }
}
