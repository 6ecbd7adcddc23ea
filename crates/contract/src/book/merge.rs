//! What is learned becomes what is proposed.

use std::sync::Arc;

use super::rows::Proposal;
use super::{Book, Update};
use crate::document::{Contract, Learning, MAX_ENTRIES};
use crate::learn::{Held, Learned};

impl Book {
    /// Takes in what was learned in this run, on top of what was proposed when it began. Proposals
    /// that say nothing new are left as they are.
    pub fn propose(&mut self, learned: Vec<Learned>) -> Update {
        let mut update = Update::default();
        for learned in learned {
            let device = learned.contract.device.clone();
            let proposal = match self.base.get(&device) {
                Some(base) => on_top(base, learned),
                None => Proposal { contract: learned.contract, held: learned.held },
            };
            let known = self.proposals.get(&device);
            let news = known.is_none_or(|known| !says_the_same(known, &proposal));
            let proposal = Arc::new(proposal);
            if news {
                update.proposals.push(Arc::clone(&proposal));
            }
            self.proposals.insert(device, proposal);
        }
        update
    }

    /// Every proposal as it is now: to be written from time to time, so that a restart loses no
    /// more of the counts than that.
    #[must_use]
    pub fn proposals(&self) -> Vec<Arc<Proposal>> {
        self.proposals.values().cloned().collect()
    }
}

/// What was learned now, and what was known before and is not covered by it.
fn on_top(base: &Proposal, learned: Learned) -> Proposal {
    let Learned { mut contract, mut held } = learned;
    contract.learning =
        together(base.contract.learning.as_ref(), contract.learning, &base.contract);
    for old in &base.contract.entries {
        let same = contract.entry(&old.id()).is_some();
        let covered = !same && contract.entries.iter().any(|entry| entry.covers(old));
        if !covered && contract.entries.len() < MAX_ENTRIES {
            contract.allow(old.clone());
        }
    }
    let known =
        |held: &[Held], one: &Held| held.iter().any(|held| held.entry.id() == one.entry.id());
    for old in &base.held {
        if !known(&held, old) && contract.entry(&old.entry.id()).is_none() {
            held.push(old.clone());
        }
    }
    Proposal { contract, held }
}

/// How far learning has come in both runs.
fn together(
    before: Option<&Learning>,
    now: Option<Learning>,
    known: &Contract,
) -> Option<Learning> {
    let (Some(before), Some(now)) = (before, now.clone()) else { return now.or(before.cloned()) };
    // What was seen in an earlier run is not new because this one sees it for the first time.
    let fresh =
        now.new.min(now.kinds.saturating_sub(u32::try_from(known.entries.len()).unwrap_or(0)));
    Some(Learning {
        since: before.since.min(now.since),
        known: now.known.max(before.known),
        kinds: now.kinds.max(before.kinds),
        new: fresh,
        done: now.done || (before.done && fresh == 0),
        ..now
    })
}

/// Whether two proposals allow and hold back the same; counts and times aside.
fn says_the_same(a: &Proposal, b: &Proposal) -> bool {
    let ids = |proposal: &Proposal| {
        let mut ids: Vec<_> = proposal.contract.entries.iter().map(|entry| entry.id()).collect();
        ids.sort_unstable();
        ids
    };
    let held = |proposal: &Proposal| {
        let mut ids: Vec<_> = proposal.held.iter().map(|held| held.entry.id()).collect();
        ids.sort_unstable();
        ids
    };
    let done = |proposal: &Proposal| proposal.contract.learning.as_ref().map(|one| one.done);
    ids(a) == ids(b) && held(a) == held(b) && done(a) == done(b)
}
