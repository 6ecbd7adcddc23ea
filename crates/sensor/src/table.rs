//! The flow table: a slab of entries, found by keyed hash, bounded, aged by packet time.

use std::time::Duration;

use cordon_model::Timestamp;
use hashbrown::HashTable;

use crate::flow::Entry;
use crate::key::Key;

/// How many slots each packet looks at for flows that have ended; with one, a table of N flows
/// is gone through every N packets.
const SWEEP: usize = 1;

/// How many slots are weighed against each other when the table is full.
const CONTEST: usize = 16;

/// Packets lie so far in the future only where the clock was set back.
const SET_BACK: Duration = Duration::from_secs(3600);

/// A flow that is to be reported.
#[allow(
    clippy::large_enum_variant,
    reason = "made and taken apart at once; a box would cost an allocation per flow"
)]
pub enum Due {
    /// In this slot, silent too long.
    Ended(u32),
    /// In this slot, open for so long that a part of it is to be told.
    Part(u32),
}

/// A bounded map from [`Key`] to [`Entry`].
pub struct Table {
    index: HashTable<u32>,
    slots: Vec<Option<Entry>>,
    free: Vec<u32>,
    hand: usize,
    limit: usize,
    /// How long a flow may go on before a part of it is due.
    active: Duration,
    hasher: foldhash::fast::FixedState,
}

impl Table {
    /// At most `limit` flows, hashed under `seed`, reported in parts of `active`.
    pub fn new(limit: usize, seed: u64, active: Option<Duration>) -> Self {
        Table {
            index: HashTable::new(),
            slots: Vec::new(),
            free: Vec::new(),
            hand: 0,
            limit: limit.clamp(CONTEST, u32::MAX as usize),
            active: active.unwrap_or(Duration::MAX),
            hasher: foldhash::fast::FixedState::with_seed(seed),
        }
    }

    /// The slot of a key.
    #[inline]
    pub fn find(&self, key: &Key) -> Option<u32> {
        let slots = &self.slots;
        self.index
            .find(
                key.hash(&self.hasher),
                |slot| matches!(slots.get(*slot as usize), Some(Some(entry)) if entry.key == *key),
            )
            .copied()
    }

    /// The entry in a slot.
    #[inline]
    pub fn get(&mut self, slot: u32) -> Option<&mut Entry> {
        self.slots.get_mut(slot as usize)?.as_mut()
    }

    /// Adds a flow that is not there yet. Where the table is full, another one has to go and is
    /// given back.
    pub fn insert(&mut self, entry: Entry) -> (u32, Option<Entry>) {
        let pushed_out = (self.index.len() >= self.limit)
            .then(|| self.least())
            .and_then(|slot| self.remove(slot));
        let hash = entry.key.hash(&self.hasher);
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                self.slots.push(None);
                (self.slots.len() - 1) as u32
            }
        };
        if let Some(place) = self.slots.get_mut(slot as usize) {
            *place = Some(entry);
        }
        let (slots, hasher) = (&self.slots, &self.hasher);
        self.index.insert_unique(hash, slot, |slot| match slots.get(*slot as usize) {
            Some(Some(entry)) => entry.key.hash(hasher),
            _ => 0,
        });
        (slot, pushed_out)
    }

    /// Takes a flow out.
    pub fn remove(&mut self, slot: u32) -> Option<Entry> {
        let entry = self.slots.get_mut(slot as usize)?.take()?;
        if let Ok(found) =
            self.index.find_entry(entry.key.hash(&self.hasher), |other| *other == slot)
        {
            found.remove();
        }
        self.free.push(slot);
        Some(entry)
    }

    /// One step of the clock hand. Bounded work whatever time does.
    #[inline]
    pub fn sweep(&mut self, now: Timestamp) -> Option<Due> {
        for _ in 0..SWEEP {
            if self.hand >= self.slots.len() {
                self.hand = 0;
            }
            let slot = self.hand;
            self.hand += 1;
            if let Some(due) = self.look(slot, now) {
                return Some(due);
            }
        }
        None
    }

    /// How many slots there are to be looked at.
    pub fn slots(&self) -> usize {
        self.slots.len()
    }

    /// Whether the flow in a slot is due at `now`. A time far before its latest packet means that
    /// the clock was set back: the flow is waited for from then.
    pub fn due(&mut self, slot: usize, now: Timestamp) -> Option<Due> {
        if let Some(Some(entry)) = self.slots.get_mut(slot)
            && entry.last.since(now) > SET_BACK
        {
            (entry.first, entry.last) = (entry.first.min(now), now);
        }
        self.look(slot, now)
    }

    #[inline]
    fn look(&self, slot: usize, now: Timestamp) -> Option<Due> {
        let entry = self.slots.get(slot)?.as_ref()?;
        if now.since(entry.last) > patience(entry) {
            return Some(Due::Ended(slot as u32));
        }
        (now.since(entry.first) >= self.active && entry.has_news())
            .then_some(Due::Part(slot as u32))
    }

    /// Takes out any flow, in slot order; for the end.
    pub fn pop(&mut self) -> Option<Entry> {
        while let Some(slot) = self.slots.len().checked_sub(1) {
            if let Some(entry) = self.remove(slot as u32) {
                self.slots.pop();
                self.free.clear();
                return Some(entry);
            }
            self.slots.pop();
        }
        None
    }

    /// How many flows are in it.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// The least valuable of a few neighbours: never answered first, then silent longest.
    fn least(&mut self) -> u32 {
        let mut worst = None;
        for _ in 0..CONTEST {
            if self.hand >= self.slots.len() {
                self.hand = 0;
            }
            if let Some(Some(entry)) = self.slots.get(self.hand) {
                let worth = (entry.answered(), entry.last);
                if worst.is_none_or(|(least, _)| worth < least) {
                    worst = Some((worth, self.hand));
                }
            }
            self.hand += 1;
        }
        worst.map_or(0, |(_, slot)| slot as u32)
    }
}

/// How long a flow may be silent before it is taken for ended. Devices that speak every few minutes
/// on the same ports have one conversation, not hundreds; the table's bound keeps memory in check.
fn patience(entry: &Entry) -> Duration {
    match (entry.is_tcp(), entry.closed()) {
        (true, true) => Duration::from_secs(60),
        (true, false) => Duration::from_secs(2 * 3600),
        (false, _) => Duration::from_secs(1800),
    }
}
