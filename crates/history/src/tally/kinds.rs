//! Kinds of flows by number, and what each is worth.

use std::collections::HashMap;
use std::hash::Hash;
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

    pub(super) const fn with_port(self) -> bool {
        self.worth.0 & Worth::WITH_PORT != 0
    }
}

/// [`Want`] in four bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Worth(u32);

impl Worth {
    const TAG: u32 = (1 << 30) - 1;
    const WITH_PORT: u32 = 1 << 30;
    const COUNT: Worth = Worth(u32::MAX);
    const NOTHING: Worth = Worth(u32::MAX - 1);

    const fn of(want: Want) -> Self {
        match want {
            Want::Nothing => Worth::NOTHING,
            Want::Count => Worth::COUNT,
            Want::Rows { tag, client_port: false } => Worth(tag & Worth::TAG),
            Want::Rows { tag, client_port: true } => Worth(tag & Worth::TAG | Worth::WITH_PORT),
        }
    }
}

/// Kinds that were met.
#[derive(Default)]
pub(super) struct Kinds {
    ends: Numbered<End>,
    services: Numbered<Service>,
    worth: HashMap<u64, Worth, RandomState>,
}

impl Kinds {
    /// Forgets everything once it is too much; keys that were made before mean nothing then.
    pub(super) fn make_room(&mut self) -> bool {
        let full = self.ends.things.len() > MAX_ENDS
            || self.services.things.len() > MAX_SERVICES
            || self.worth.len() > MAX_KINDS;
        if full {
            self.ends.clear();
            self.services.clear();
            self.worth.clear();
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
        for (row, key) in (0..).zip(keys) {
            if let Some(within) = &mut within
                && within.next() != Some(&true)
            {
                continue;
            }
            let worth = match self.worth.get(key) {
                Some(worth) => *worth,
                None => self.ask(*key, to),
            };
            if worth == Worth::NOTHING {
                ignored += 1;
                continue;
            }
            counted += 1;
            if worth != Worth::COUNT {
                picks.push(Pick { row, worth });
            }
        }
        (counted, ignored)
    }

    #[cold]
    fn ask(&mut self, key: u64, to: &mut dyn Tally) -> Worth {
        let worth = self.kind(key).map_or(Worth::NOTHING, |kind| Worth::of(to.kind(&kind)));
        self.worth.insert(key, worth);
        worth
    }
}
