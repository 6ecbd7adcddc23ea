//! Kinds of flows by number, and what each is worth.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash};
use std::net::IpAddr;

use cordon_model::{Mac, Party, Transport};
use foldhash::fast::RandomState;

use super::{FlowKind, Tally, Want};

/// Bits of a key: both ends, service, and two marks; the rest is [`CLASS_BITS`].
const END_BITS: u32 = 20;
const END_MASK: u64 = (1 << END_BITS) - 1;
const SERVICE_BITS: u32 = 18;
const SERVER_ONLY: u64 = 1 << 58;
const TUNNELLED: u64 = 1 << 59;
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

    const fn class(self) -> u64 {
        match self {
            Worth::COUNT => COUNT,
            Worth::NOTHING => NOTHING,
            _ => OTHER,
        }
    }

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
        let end = |from: u32| self.ends.thing(key >> from & END_MASK);
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
        let mut unknown: Vec<(u64, u32)> = Vec::new();
        let mut row = 0_u32;
        for few in keys.chunks(FEW) {
            let classes = self.worth.classes(few);
            for (key, class) in few.iter().zip(classes) {
                let this = row;
                row = row.saturating_add(1);
                if let Some(within) = &mut within
                    && within.next() != Some(&true)
                {
                    continue;
                }
                match class {
                    COUNT => counted += 1,
                    NOTHING => ignored += 1,
                    OTHER => {
                        let worth = self.worth.get(*key).unwrap_or(Worth::NOTHING);
                        counted += 1;
                        picks.push(Pick { row: this, worth });
                    }
                    _ => unknown.push((*key, this)),
                }
            }
        }
        // By client: what is asked of one device stands together in memory, where it is asked.
        unknown.sort_unstable_by_key(|(key, row)| (key & END_MASK, *key, *row));
        let ordered = unknown.is_empty();
        let mut last = None;
        for (key, row) in unknown {
            let worth = match last {
                Some((known, worth)) if known == key => worth,
                _ => self.worth(key, to),
            };
            last = Some((key, worth));
            match worth {
                Worth::COUNT => counted += 1,
                Worth::NOTHING => ignored += 1,
                _ => {
                    counted += 1;
                    picks.push(Pick { row, worth });
                }
            }
        }
        if !ordered {
            picks.sort_unstable_by_key(|pick| pick.row);
        }
        (counted, ignored)
    }

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
const FEW: usize = 64;

/// What kinds are worth, by their keys. A slot is a key and its class, in eight bytes: with all
/// kinds of a site in it the table should stay in the processor's cache. At most half of the slots
/// are in use, so that nearly all keys stand in their buckets.
struct Worths {
    slots: Vec<u64>,
    /// By the same places.
    worths: Vec<Worth>,
    kinds: usize,
    state: RandomState,
}

/// Slots that are compared at once: half a line of the processor's cache.
const BUCKET: usize = 4;
/// Behind the keys of [`Kinds::joined`] there is room for this.
const CLASS_BITS: u32 = 3;
/// Classes: rows that only count, rows worth nothing, and others.
const COUNT: u64 = 0;
const NOTHING: u64 = 1;
const OTHER: u64 = 2;
/// A key whose ends have numbers beyond all that are given.
const FREE: u64 = u64::MAX;

impl Default for Worths {
    fn default() -> Self {
        Worths::with(1 << 12, RandomState::default())
    }
}

impl Worths {
    fn with(slots: usize, state: RandomState) -> Self {
        Worths { slots: vec![FREE; slots], worths: vec![Worth::NOTHING; slots], kinds: 0, state }
    }

    /// Where the bucket of a key begins.
    #[inline]
    fn bucket(&self, key: u64) -> usize {
        #[allow(clippy::cast_possible_truncation, reason = "masked below the number of slots")]
        let hash = self.state.hash_one(key) as usize;
        hash & self.slots.len().wrapping_sub(BUCKET)
    }

    /// The classes of keys that stand in their buckets; anything larger for others.
    #[inline]
    fn classes(&self, keys: &[u64]) -> [u64; FEW] {
        // Two loops: the shorter the second one is, the more of memory is waited for at once.
        let mut buckets = [0; FEW];
        for (bucket, key) in buckets.iter_mut().zip(keys) {
            *bucket = self.bucket(*key);
        }
        let mut classes = [FREE; FEW];
        for ((class, key), bucket) in classes.iter_mut().zip(keys).zip(buckets) {
            if let Some(slots) = self.slots.get(bucket..).and_then(<[u64]>::first_chunk) {
                let [a, b, c, d]: [u64; BUCKET] = slots.map(|slot| slot ^ key << CLASS_BITS);
                *class = a.min(b).min(c.min(d));
            }
        }
        classes
    }

    /// The place of a key, or the free one that it would get.
    fn slot(&self, key: u64) -> usize {
        let from = self.bucket(key);
        let (before, behind) = self.slots.split_at_checked(from).unwrap_or((&[], &self.slots));
        let fits = |slot: &u64| *slot == FREE || slot >> CLASS_BITS == key;
        match behind.iter().position(fits) {
            Some(place) => from.saturating_add(place),
            None => before.iter().position(fits).unwrap_or(0),
        }
    }

    fn get(&self, key: u64) -> Option<Worth> {
        let place = self.slot(key);
        let known = self.slots.get(place).is_some_and(|slot| *slot != FREE);
        if known { self.worths.get(place).copied() } else { None }
    }

    fn insert(&mut self, key: u64, worth: Worth) {
        if self.kinds.saturating_mul(2) >= self.slots.len() {
            let mut more = Worths::with(self.slots.len().saturating_mul(2), self.state.clone());
            for (slot, worth) in self.slots.iter().zip(&self.worths) {
                if *slot != FREE {
                    more.put(slot >> CLASS_BITS, *worth);
                }
            }
            *self = more;
        }
        self.put(key, worth);
    }

    fn put(&mut self, key: u64, worth: Worth) {
        let place = self.slot(key);
        if let (Some(slot), Some(held)) = (self.slots.get_mut(place), self.worths.get_mut(place)) {
            *slot = key << CLASS_BITS | worth.class();
            *held = worth;
            self.kinds = self.kinds.saturating_add(1);
        }
    }
}
