//! Refused actions on their way into the ledger: every one is told, and a flood of them is short.
//!
//! The first refusal of somebody is an entry at once. What they are refused again of the same kind
//! is counted and told together, after a minute at first, then after two, and so on up to an hour.
//! So whoever asks without end gets some thirty entries a day for each action, and the numbers in
//! them still say how often they asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use cordon_model::record::{Action, Entry};
use tokio::sync::Notify;

use super::Engine;
use crate::Caller;

/// From an entry to the next of the same caller and action.
const PAUSE: Duration = Duration::from_secs(60);
/// The pause doubles with every entry, up to this.
const LONGEST: Duration = Duration::from_secs(3600);
/// Callers and actions that are told apart: far more than a site has people who try things. What
/// is beyond is counted together.
const MOST: usize = 1024;
/// Between two looks at what has waited long enough.
const LOOK: Duration = Duration::from_secs(10);

/// Refusals that are not written yet, and when their next entry is due.
#[derive(Default)]
pub(super) struct Refusals {
    kept: Mutex<HashMap<Key, Kept>>,
    wake: Arc<Notify>,
}

/// Who was refused what; nobody where more were refused than are told apart.
type Key = (Option<String>, Action);

struct Kept {
    waiting: u64,
    latest: Refusal,
    due: Instant,
    pause: Duration,
}

/// What is told of one refusal.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Refusal {
    subject: String,
    from: String,
}

/// Refusals that become one entry.
struct Told {
    key: Key,
    count: u64,
    latest: Refusal,
}

impl Refusals {
    fn add(&self, actor: String, action: Action, refusal: Refusal, now: Instant) {
        let mut kept = self.kept();
        let mut key = (Some(actor), action);
        if kept.len() >= MOST && !kept.contains_key(&key) {
            key.0 = None;
        }
        let one = kept.entry(key).or_insert_with(|| Kept {
            waiting: 0,
            latest: Refusal::default(),
            due: now,
            pause: PAUSE,
        });
        one.waiting = one.waiting.saturating_add(1);
        one.latest = refusal;
        if one.due <= now {
            self.wake.notify_one();
        }
    }

    /// What is to be written now, or all of it; whoever was quiet for a pause begins anew.
    fn take(&self, now: Instant, all: bool) -> Vec<Told> {
        let mut kept = self.kept();
        kept.retain(|_, one| one.waiting > 0 || now < one.due);
        let due = kept.iter_mut().filter(|(_, one)| one.waiting > 0 && (all || one.due <= now));
        let mut told: Vec<Told> = due
            .map(|(key, one)| {
                one.due = now.checked_add(one.pause).unwrap_or(now);
                one.pause = one.pause.saturating_mul(2).min(LONGEST);
                let count = std::mem::take(&mut one.waiting);
                Told { key: key.clone(), count, latest: one.latest.clone() }
            })
            .collect();
        told.sort_by(|a, b| a.key.cmp(&b.key));
        told
    }

    /// What could not be written waits for the next time.
    fn give_back(&self, told: Vec<Told>) {
        let mut kept = self.kept();
        for one in told {
            if let Some(kept) = kept.get_mut(&one.key) {
                kept.waiting = kept.waiting.saturating_add(one.count);
            }
        }
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<Key, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// Notes that somebody was refused something; it is in the ledger a moment later.
    pub(super) fn note_refusal(&self, caller: &Caller, action: Action, subject: &str) {
        let from = caller.from.map(|from| from.to_string()).unwrap_or_default();
        let refusal = Refusal { subject: subject.to_owned(), from };
        self.refusals.add(caller.actor(), action, refusal, self.clock.instant());
    }

    /// Writes what is due, or all that waits.
    pub(super) async fn write_refusals(&self, all: bool) {
        let told = self.refusals.take(self.clock.instant(), all);
        if told.is_empty() {
            return;
        }
        let entries: Vec<Entry> = told.iter().map(|one| self.refusal_entry(one)).collect();
        // One commit takes them all: there are no more than are told apart, and one each.
        let mut entries = entries.into_iter().peekable();
        while entries.peek().is_some() {
            let part: Vec<Entry> = entries.by_ref().take(cordon_store::ENTRIES_MAX).collect();
            if let Err(problem) = self.commit(Vec::new(), part).await {
                tracing::error!(%problem, "refused actions cannot be written down; trying again");
                return self.refusals.give_back(told);
            }
        }
    }

    fn refusal_entry(&self, told: &Told) -> Entry {
        let (who, action) = &told.key;
        let count = if told.count > 1 { told.count.to_string() } else { String::new() };
        let others = if who.is_none() { "many" } else { "" };
        let detail = [
            ("action", action.name()),
            ("count", count.as_str()),
            ("from", told.latest.from.as_str()),
            ("who", others),
        ];
        let who = who.as_deref().unwrap_or("system");
        self.entry(who, Action::ActionRefused, &told.latest.subject, &detail)
    }

    /// Writes refusals as they come, as long as the engine is there.
    pub(super) fn keep_writing_refusals(self: &Arc<Self>) {
        let (engine, wake) = (Arc::downgrade(self), Arc::clone(&self.refusals.wake));
        tokio::spawn(write_until_gone(engine, wake));
    }
}

async fn write_until_gone(engine: Weak<Engine>, wake: Arc<Notify>) {
    loop {
        // Woken, or time to look: the two are the same here.
        let _ = tokio::time::timeout(LOOK, wake.notified()).await;
        let Some(engine) = engine.upgrade() else { return };
        engine.write_refusals(false).await;
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a steady clock has to begin somewhere")]
mod tests {
    use super::*;

    fn add(refusals: &Refusals, who: &str, action: Action, now: Instant) {
        refusals.add(who.to_owned(), action, Refusal::default(), now);
    }

    #[test]
    fn a_flood_of_refusals_is_few_entries_that_count_every_one() {
        let (refusals, begin) = (Refusals::default(), Instant::now());
        let (mut entries, mut counted) = (0_u64, 0_u64);
        let day = 24 * 3600;
        for second in 0..day {
            let now = begin + Duration::from_secs(second);
            for _ in 0..10 {
                add(&refusals, "person:eve", Action::BackupMake, now);
            }
            for one in refusals.take(now, false) {
                entries += 1;
                counted += one.count;
            }
        }
        counted += refusals.take(begin, true).iter().map(|one| one.count).sum::<u64>();
        assert_eq!(counted, day * 10, "none is left out");
        assert!((24..=32).contains(&entries), "{entries}");
    }

    #[test]
    fn the_first_is_told_at_once_and_after_quiet_the_next_again() {
        let (refusals, begin) = (Refusals::default(), Instant::now());
        let at = |secs| begin + Duration::from_secs(secs);
        add(&refusals, "person:eve", Action::BackupMake, begin);
        assert_eq!(refusals.take(begin, false).len(), 1);
        add(&refusals, "person:eve", Action::BackupMake, at(1));
        add(&refusals, "person:eve", Action::LedgerExport, at(1));
        assert_eq!(refusals.take(at(2), false).len(), 1, "another action is told at once");
        assert_eq!(refusals.take(at(60), false).len(), 1, "the second one after a minute");
        assert!(refusals.take(at(3600), false).is_empty());
        assert!(refusals.kept().is_empty(), "nothing is remembered of who is quiet");
        add(&refusals, "person:eve", Action::BackupMake, at(3601));
        assert_eq!(refusals.take(at(3601), false).len(), 1);
    }

    #[test]
    fn callers_without_end_fill_no_memory_and_are_counted_together() {
        let (refusals, begin) = (Refusals::default(), Instant::now());
        for number in 0..5_000 {
            add(&refusals, &format!("token:{number}"), Action::BackupMake, begin);
        }
        assert_eq!(refusals.kept().len(), MOST + 1);
        let told = refusals.take(begin, false);
        assert_eq!(told.iter().map(|one| one.count).sum::<u64>(), 5_000);
        assert_eq!(told[0].key.0, None);
    }

    #[test]
    fn what_could_not_be_written_is_told_later() {
        let (refusals, begin) = (Refusals::default(), Instant::now());
        add(&refusals, "person:eve", Action::BackupMake, begin);
        let told = refusals.take(begin, false);
        refusals.give_back(told);
        assert_eq!(refusals.take(begin + PAUSE, false)[0].count, 1);
    }
}
