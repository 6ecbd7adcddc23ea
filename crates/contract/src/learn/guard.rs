//! What has the shape of an attack.

use std::collections::{HashMap, HashSet};

use cordon_model::Flow;

use super::act::{Act, Opening, Service};
use super::{End, Suspicion};
use crate::document::Carrier;

/// Peers without an answer, on one port within a minute, that make a scan. Devices that look for
/// their own kind on a network try a handful.
const SCAN_PEERS: usize = 12;
/// Ports of one peer without an answer within a minute that make a scan.
const SCAN_PORTS: usize = 20;
/// Short sessions with a password service within a minute that make guessing.
const GUESSES: u32 = 15;
/// Conversations with one service of one peer within a minute that make a flood.
const FLOOD: u32 = 600;
/// Services that ask for a password before anything else.
const PASSWORD_PORTS: [u16; 8] = [21, 22, 23, 110, 554, 2323, 3389, 5900];
/// Packets of both directions up to which a session is short: a login that failed.
const SHORT: u64 = 40;
/// Counters of one kind that are left when room was made; twice as many are held before it is.
const MAX_COUNTERS: usize = 50_000;
/// Most different things one counter remembers.
const MAX_DIFFERENT: usize = 4_096;

/// Something counted within one minute.
#[derive(Default)]
struct InMinute<T> {
    minute: i64,
    what: T,
}

impl<T: Default> InMinute<T> {
    /// What was counted in this minute so far. Conversations are reported when they end, so an
    /// earlier minute may come again; it counts from nothing then.
    fn at(&mut self, minute: i64) -> &mut T {
        if self.minute != minute {
            self.minute = minute;
            self.what = T::default();
        }
        &mut self.what
    }
}

/// Who with whom, over what, at which port.
type Session = (End, End, Carrier, u16);

/// Ports of one peer that were tried, and when.
struct Scan {
    ports: u32,
    /// First and last minute of it.
    minutes: (i64, i64),
}

impl Scan {
    /// Whether everything that an act consists of came while this went on: the ports that a scan
    /// finds open answer it, and are no service of whoever scans. Scanners come back to what they
    /// found within minutes.
    fn explains(&self, act: &Act) -> bool {
        const RETURNS: i64 = 10;
        let minute = |at: cordon_model::Timestamp| at.secs().div_euclid(60);
        let (first, last) = self.minutes;
        first - 1 <= minute(act.first) && minute(act.last) <= last + RETURNS
    }
}

/// Counts by the minute, and remembers the worst.
#[derive(Default)]
pub(crate) struct Guard {
    peers: HashMap<(End, Carrier, u16), InMinute<HashSet<End>>>,
    ports: HashMap<(End, End), InMinute<HashSet<u16>>>,
    sessions: HashMap<Session, InMinute<(u32, u32)>>,
    fan_outs: HashMap<(End, Carrier, u16), u32>,
    scans: HashMap<(End, End), Scan>,
    guesses: HashMap<(End, End, u16), u32>,
    floods: HashMap<(End, End, Carrier), u32>,
}

impl Guard {
    /// Takes in a conversation.
    pub fn flow(
        &mut self,
        client: End,
        server: End,
        opening: &Opening,
        flow: &Flow,
        answered: bool,
    ) {
        let group = opening.to.mac.is_some_and(cordon_model::Mac::is_group)
            || opening.to.ip.is_some_and(|ip| ip.is_multicast());
        if group || flow.part != 0 {
            return;
        }
        let minute = flow.first.secs().div_euclid(60);
        self.make_room(minute);
        if !answered {
            self.unanswered(client, server, opening, minute);
        }
        let key = (client, server, opening.carrier, opening.service);
        let (sessions, guesses) = self.sessions.entry(key).or_default().at(minute);
        *sessions += 1;
        *guesses += u32::from(flow.packets() <= SHORT && answered);
        let (sessions, guesses) = (*sessions, *guesses);
        let password = PASSWORD_PORTS.contains(&opening.service) && opening.carrier == Carrier::Tcp;
        if guesses >= GUESSES && password {
            worst(&mut self.guesses, (client, server, opening.service), guesses);
        }
        if sessions >= FLOOD {
            worst(&mut self.floods, (client, server, opening.carrier), sessions);
        }
    }

    /// What a kind of conversation is suspected of.
    pub fn suspects(
        &self,
        client: End,
        servers: &[End],
        carrier: Carrier,
        service: u16,
        act: &Act,
    ) -> Option<Suspicion> {
        for server in servers {
            if let Some(sessions) = self.guesses.get(&(client, *server, service)) {
                return Some(Suspicion::Guessing { sessions: *sessions });
            }
            if let Some(flows) = self.floods.get(&(client, *server, carrier)) {
                return Some(Suspicion::Flood { flows: *flows });
            }
            let scan = self.scans.get(&(client, *server));
            if let Some(scan) = scan.filter(|scan| act.answered == 0 || scan.explains(act)) {
                return Some(Suspicion::PortScan { ports: scan.ports });
            }
        }
        let peers = self.fan_outs.get(&(client, carrier, service))?;
        Some(Suspicion::FanOut { peers: *peers })
    }

    fn unanswered(&mut self, client: End, server: End, opening: &Opening, minute: i64) {
        let service = (client, opening.carrier, opening.service);
        let peers = self.peers.entry(service).or_default().at(minute);
        if peers.len() < MAX_DIFFERENT {
            peers.insert(server);
        }
        if peers.len() >= SCAN_PEERS {
            let count = u32::try_from(peers.len()).unwrap_or(u32::MAX);
            worst(&mut self.fan_outs, service, count);
        }
        let ports = self.ports.entry((client, server)).or_default().at(minute);
        if ports.len() < MAX_DIFFERENT {
            ports.insert(opening.service);
        }
        if ports.len() >= SCAN_PORTS {
            let count = u32::try_from(ports.len()).unwrap_or(u32::MAX);
            if self.scans.len() < MAX_COUNTERS || self.scans.contains_key(&(client, server)) {
                let new = Scan { ports: count, minutes: (minute, minute) };
                let scan = self.scans.entry((client, server)).or_insert(new);
                scan.ports = scan.ports.max(count);
                scan.minutes = (scan.minutes.0.min(minute), scan.minutes.1.max(minute));
            }
        }
    }

    fn make_room(&mut self, minute: i64) {
        room(&mut self.peers, minute);
        room(&mut self.ports, minute);
        room(&mut self.sessions, minute);
    }
}

/// Lets go of past minutes, and of this one too if it has more than fits: what is counted then is
/// counted from nothing. Only when twice as many are held, so that a scan of everything does not
/// look through all of them with every packet.
fn room<K, T>(held: &mut HashMap<K, InMinute<T>>, minute: i64) {
    if held.len() < 2 * MAX_COUNTERS {
        return;
    }
    held.retain(|_, one| one.minute == minute);
    if held.len() > MAX_COUNTERS {
        held.clear();
    }
}

/// Whether a service asks for a password before anything else.
pub(super) fn asks_for_a_password(service: Service) -> bool {
    matches!(service, Service::Port(port) if PASSWORD_PORTS.contains(&port))
}

fn worst<K: std::hash::Hash + Eq>(held: &mut HashMap<K, u32>, key: K, count: u32) {
    if held.len() < MAX_COUNTERS || held.contains_key(&key) {
        let worst = held.entry(key).or_default();
        *worst = (*worst).max(count);
    }
}
