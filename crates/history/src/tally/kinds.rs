//! Kinds of flows by number, and what each is worth.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash};
use std::net::IpAddr;

use cordon_model::{Mac, Party, Transport};
use foldhash::fast::RandomState;

use super::{FlowKind, Tally, Want};

/// Bits of a key: both ends, service, and two marks.
const END_BITS: u32 = 22;
const SERVICE_BITS: u32 = 18;
const SERVER_ONLY: u64 = 1 << 62;
const TUNNELLED: u64 = 1 << 63;
/// Most ends, services and kinds that are remembered, besides those of one slice of rows: about
/// 100 MB, and more than any site has. A slice has at most 2¹⁸ new ends and 2¹⁷ new services, so
/// that their numbers always fit.
const MAX_ENDS: usize = 1 << 19;
const MAX_SERVICES: usize = 1 << 17;
const MAX_KINDS: usize = 1 << 20;

/// An end, as far as it makes a kind.
pub(super) type End = (Option<Mac>, Option<IpAddr>);
/// What an end offers, as far as it makes a kind.
pub(super) type Service = (Transport, Option<u16>);

/// Things by number.
struct Numbered<T> {
    numbers: HashMap<T, u32, RandomState>,
    things: Vec<T>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Numbered { numbers: HashMap::default(), things: Vec::new() }
    }
}

impl<T: Copy + Hash + Eq> Numbered<T> {
    fn number(&mut self, thing: T) -> u32 {
        let next = u32::try_from(self.things.len()).unwrap_or(u32::MAX);
        *self.numbers.entry(thing).or_insert_with(|| {
            self.things.push(thing);
            next
        })
    }

    fn thing(&self, number: u64) -> Option<T> {
        usize::try_from(number).ok().and_then(|at| self.things.get(at)).copied()
    }

    fn clear(&mut self) {
        self.numbers.clear();
        self.things.clear();
    }
}

/// A row that is to be shown.
#[derive(Clone, Copy)]
pub(super) struct Pick {
    row: u32,
    worth: Worth,
}

impl Pick {
    /// Its place among the rows.
    pub(super) const fn row(self) -> usize {
        self.row as usize
    }

    pub(super) const fn tag(self) -> u32 {
        self.worth.0 & Worth::TAG
    }

    /// Whether it is shown only if a glance says so.
    pub(super) const fn is_glance(self) -> bool {
        self.worth.0 & Worth::GLANCE != 0
    }

    pub(super) const fn with_port(self) -> bool {
        self.worth.0 & Worth::WITH_PORT != 0
    }
}

/// [`Want`] in four bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Worth(u32);

impl Worth {
    const TAG: u32 = (1 << 29) - 1;
    const GLANCE: u32 = 1 << 29;
    const WITH_PORT: u32 = 1 << 30;
    const COUNT: Worth = Worth(u32::MAX);
    const NOTHING: Worth = Worth(u32::MAX - 1);

    const fn of(want: Want) -> Self {
        match want {
            Want::Nothing => Worth::NOTHING,
            Want::Count => Worth::COUNT,
            Want::Rows(tag) => Worth(tag & Worth::TAG),
            Want::Glance { tag, client_port: false } => Worth(tag & Worth::TAG | Worth::GLANCE),
            Want::Glance { tag, client_port: true } => {
                Worth(tag & Worth::TAG | Worth::GLANCE | Worth::WITH_PORT)
            }
        }
    }
}

/// Kinds that were met.
#[derive(Default)]
pub(super) struct Kinds {
    ends: Numbered<End>,
    services: Numbered<Service>,
    worth: Worths,
}

impl Kinds {
    /// Forgets everything once it is too much; keys that were made before mean nothing then.
    pub(super) fn make_room(&mut self) -> bool {
        let full = self.ends.things.len() > MAX_ENDS
            || self.services.things.len() > MAX_SERVICES
            || self.worth.kinds > MAX_KINDS;
        if full {
            self.ends.clear();
            self.services.clear();
            self.worth = Worths::default();
        }
        full
    }

    pub(super) fn end(&mut self, end: End) -> u32 {
        self.ends.number(end)
    }

    pub(super) fn service(&mut self, service: Service) -> u32 {
        self.services.number(service)
    }

    /// The key of a kind, by the numbers of its parts.
    #[inline]
    pub(super) fn joined(client: u32, server: u32, service: u32) -> u64 {
        u64::from(client) | u64::from(server) << END_BITS | u64::from(service) << (2 * END_BITS)
    }

    /// The key with its marks.
    #[inline]
    pub(super) fn marked(key: u64, server_only: bool, tunnelled: bool) -> u64 {
        let mark = |on: bool, mark: u64| if on { mark } else { 0 };
        key | mark(server_only, SERVER_ONLY) | mark(tunnelled, TUNNELLED)
    }

    pub(super) fn key(&mut self, kind: &FlowKind) -> u64 {
        let client = self.end((kind.client.mac, kind.client.ip));
        let server = self.end((kind.server.mac, kind.server.ip));
        let service = self.service((kind.transport, kind.server.port));
        Kinds::marked(Kinds::joined(client, server, service), kind.server_only, kind.tunnelled)
    }

    fn kind(&self, key: u64) -> Option<FlowKind> {
        let end = |from: u32| self.ends.thing(key >> from & ((1 << END_BITS) - 1));
        let (client, server) = (end(0)?, end(END_BITS)?);
        let (transport, port) =
            self.services.thing(key >> (2 * END_BITS) & ((1 << SERVICE_BITS) - 1))?;
        Some(FlowKind {
            client: Party { mac: client.0, ip: client.1, port: None },
            server: Party { mac: server.0, ip: server.1, port },
            transport,
            server_only: key & SERVER_ONLY != 0,
            tunnelled: key & TUNNELLED != 0,
        })
    }

    /// Counts rows by their keys; the number of those that count, and of those worth nothing.
    pub(super) fn count(
        &mut self,
        keys: &[u64],
        within: Option<&[bool]>,
        to: &mut dyn Tally,
        picks: &mut Vec<Pick>,
    ) -> (u64, u64) {
        let (mut counted, mut ignored) = (0, 0);
        let mut within = within.map(|within| within.iter());
        let mut row = 0_u32;
        for few in keys.chunks(FEW) {
            let guesses = self.worth.guesses(few);
            for (key, guess) in few.iter().zip(guesses) {
                let this = row;
                row = row.saturating_add(1);
                if let Some(within) = &mut within
                    && within.next() != Some(&true)
                {
                    continue;
                }
                let worth = if guess.key == *key { guess.worth } else { self.worth(*key, to) };
                if worth == Worth::COUNT {
                    counted += 1;
                } else if worth == Worth::NOTHING {
                    ignored += 1;
                } else {
                    counted += 1;
                    picks.push(Pick { row: this, worth });
                }
            }
        }
        (counted, ignored)
    }

    #[inline(never)]
    fn worth(&mut self, key: u64, to: &mut dyn Tally) -> Worth {
        if let Some(worth) = self.worth.get(key) {
            return worth;
        }
        let worth = self.kind(key).map_or(Worth::NOTHING, |kind| Worth::of(to.kind(&kind)));
        self.worth.insert(key, worth);
        worth
    }
}

/// Keys that are looked up side by side, so that memory is waited for once.
const FEW: usize = 16;

#[derive(Clone, Copy)]
struct Slot {
    key: u64,
    worth: Worth,
}

impl Slot {
    /// A key whose ends have numbers beyond all that are given.
    const FREE: Slot = Slot { key: u64::MAX, worth: Worth::NOTHING };
}

/// What kinds are worth, by their keys. At most half of the slots are in use, so that most keys
/// stand where they are looked for first.
struct Worths {
    slots: Vec<Slot>,
    kinds: usize,
    state: RandomState,
}

impl Default for Worths {
    fn default() -> Self {
        Worths { slots: vec![Slot::FREE; 1 << 12], kinds: 0, state: RandomState::default() }
    }
}

impl Worths {
    #[inline]
    fn place(&self, key: u64) -> usize {
        #[allow(clippy::cast_possible_truncation, reason = "masked below the number of slots")]
        let hash = self.state.hash_one(key) as usize;
        hash & self.slots.len().wrapping_sub(1)
    }

    /// What stands where these keys are looked for first.
    #[inline]
    fn guesses(&self, keys: &[u64]) -> [Slot; FEW] {
        let mut guesses = [Slot::FREE; FEW];
        for (guess, key) in guesses.iter_mut().zip(keys) {
            *guess = self.slots.get(self.place(*key)).copied().unwrap_or(Slot::FREE);
        }
        guesses
    }

    /// The slot of a key, or the free one that it would get.
    fn slot(&self, key: u64) -> usize {
        let from = self.place(key);
        let (before, behind) = self.slots.split_at_checked(from).unwrap_or((&[], &self.slots));
        let fits = |slot: &Slot| slot.key == key || slot.key == Slot::FREE.key;
        match behind.iter().position(fits) {
            Some(place) => from.saturating_add(place),
            None => before.iter().position(fits).unwrap_or(0),
        }
    }

    fn get(&self, key: u64) -> Option<Worth> {
        self.slots.get(self.slot(key)).filter(|slot| slot.key == key).map(|slot| slot.worth)
    }

    fn insert(&mut self, key: u64, worth: Worth) {
        if self.kinds.saturating_mul(2) >= self.slots.len() {
            let more = vec![Slot::FREE; self.slots.len().saturating_mul(2)];
            for held in std::mem::replace(&mut self.slots, more) {
                if held.key != Slot::FREE.key {
                    self.put(held);
                }
            }
        }
        self.put(Slot { key, worth });
        self.kinds = self.kinds.saturating_add(1);
    }

    fn put(&mut self, held: Slot) {
        let place = self.slot(held.key);
        if let Some(slot) = self.slots.get_mut(place) {
            *slot = held;
        }
    }
}
