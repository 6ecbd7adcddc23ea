//! From kinds of conversation to entries: what belongs together is said once.

use std::collections::{BTreeMap, BTreeSet};

use cordon_model::{App, Text};

use super::act::{Act, ActKey, Service};
use super::conclude::{bounds, reason};
use super::held::Suspicion;
use super::names;
use crate::document::{Carrier, Entry, Opens, Peer, Ports, VerbRule};

/// Ports of one service from which on it sprays them.
const SPRAYED: usize = 3;
/// Ports that nobody registers (RFC 6335): a service there was put there for the moment.
const DYNAMIC: u16 = 49_152;
/// Devices that use one service from which on it is there for everybody here.
const EVERYBODY: usize = 3;
/// Addresses without a name on one port of the Internet from which on the port is meant.
const STRANGERS: usize = 5;
/// The same of time servers: who uses two without a name uses a pool.
const TIME_SERVERS: usize = 2;
/// NTP (RFC 5905).
const NTP: u16 = 123;

/// A kind of conversation, seen from one of its ends.
pub(super) struct Draft<'a> {
    pub opens: Opens,
    pub peer: Peer,
    pub key: &'a ActKey,
    pub act: &'a Act,
    pub suspicion: Option<Suspicion>,
}

impl Draft<'_> {
    /// What was recognised, unless it was now this and now that.
    fn app(&self) -> Option<App> {
        self.act.app.filter(|_| !self.act.mixed)
    }

    fn carrier(&self) -> Carrier {
        self.key.carrier
    }
}

/// The entries that drafts of one device amount to.
pub(super) fn entries(
    mut drafts: Vec<Draft<'_>>,
    maker: Option<&str>,
    verbs: &dyn Fn(&Draft<'_>) -> Vec<VerbRule>,
) -> Vec<Entry> {
    share_names(&mut drafts, maker);
    share_services(&mut drafts);
    share_strangers(&mut drafts);
    let mut groups: BTreeMap<(Peer, Opens, Carrier), Vec<Draft<'_>>> = BTreeMap::new();
    for draft in drafts {
        let key = (draft.peer.clone(), draft.opens, draft.carrier());
        groups.entry(key).or_default().push(draft);
    }
    let mut entries = Vec::new();
    for ((peer, opens, carrier), drafts) in groups {
        for (ports, drafts) in by_ports(carrier, drafts) {
            entries.push(entry(&peer, opens, carrier, ports, &drafts, maker, verbs));
        }
    }
    entries
}

/// Drafts of one peer by the ports that they amount to: sprayed ones are one class.
fn by_ports<'a>(carrier: Carrier, drafts: Vec<Draft<'a>>) -> Vec<(Option<Ports>, Vec<Draft<'a>>)> {
    if !carrier.has_ports() {
        return vec![(None, drafts)];
    }
    let icmp = matches!(carrier, Carrier::Icmp | Carrier::Icmpv6);
    let is_high = |draft: &Draft<'_>| match draft.key.service {
        Service::Picked => true,
        Service::Port(port) => !icmp && port >= 1024,
    };
    let moment = |draft: &Draft<'_>| match draft.key.service {
        Service::Picked => true,
        Service::Port(port) => !icmp && port >= DYNAMIC && draft.act.times < 3,
    };
    let high: BTreeSet<Service> =
        drafts.iter().filter(|draft| is_high(draft)).map(|draft| draft.key.service).collect();
    let sprayed = high.len() >= SPRAYED;
    let mut by: BTreeMap<Ports, Vec<Draft<'a>>> = BTreeMap::new();
    for draft in drafts {
        let class = is_high(&draft) && (sprayed && draft.app().is_none() || moment(&draft));
        let ports = match draft.key.service {
            _ if class => Ports::HIGH,
            Service::Port(port) => Ports::one(port),
            Service::Picked => Ports::HIGH,
        };
        by.entry(ports).or_default().push(draft);
    }
    by.into_iter().map(|(ports, drafts)| (Some(ports), drafts)).collect()
}

fn entry(
    peer: &Peer,
    opens: Opens,
    carrier: Carrier,
    ports: Option<Ports>,
    drafts: &[Draft<'_>],
    maker: Option<&str>,
    verbs: &dyn Fn(&Draft<'_>) -> Vec<VerbRule>,
) -> Entry {
    let mut entry = Entry::new(peer.clone(), opens, carrier, ports);
    let apps: BTreeSet<Option<App>> = drafts.iter().map(Draft::app).collect();
    let mixed = drafts.iter().any(|draft| draft.act.mixed);
    // Not recognised once and recognised another time is the same application.
    let mut known = apps.into_iter().flatten();
    entry.app = match (known.next(), known.next()) {
        (Some(app), None) if !mixed => Some(app),
        _ => None,
    };
    if ports == Some(Ports::HIGH) {
        entry.client_ports = from_one_port(drafts);
    }
    let said: BTreeSet<VerbRule> = drafts.iter().flat_map(verbs).collect();
    entry.verbs = together(said, maker);
    entry.bounds = bounds(drafts.iter().map(|draft| draft.act));
    for draft in drafts {
        entry = match (&mut entry.why.first_mut(), &draft.act.why) {
            (Some(held), Some(why)) => {
                held.join(why.clone());
                entry
            }
            (None, why) => reason(entry, why.as_ref()),
            (Some(_), None) => entry,
        };
    }
    entry
}

/// The port that everything came from, if it was one service's own.
fn from_one_port(drafts: &[Draft<'_>]) -> Vec<Ports> {
    let ports = drafts.iter().map(|draft| draft.act.client_ports);
    let low = ports.clone().flatten().map(|(low, _)| low).min();
    let high = ports.flatten().map(|(_, high)| high).max();
    match (low, high) {
        (Some(low), Some(high)) if low == high && low < DYNAMIC && low != 0 => {
            vec![Ports::one(low)]
        }
        _ => Vec::new(),
    }
}

/// Names below one parent in several rules of several peers become the parent's.
fn together(said: BTreeSet<VerbRule>, maker: Option<&str>) -> Vec<VerbRule> {
    let mut rules = Vec::new();
    let mut asked: Vec<Text> = Vec::new();
    for rule in said {
        match rule {
            VerbRule::Dns { name } => asked.push(name),
            other => rules.push(other),
        }
    }
    rules.extend(names::of_device(asked, maker).into_iter().map(|name| VerbRule::Dns { name }));
    rules
}

/// Names that belong to one maker become the maker's.
fn share_names(drafts: &mut [Draft<'_>], maker: Option<&str>) {
    let mut lists: BTreeMap<(Opens, Carrier, Service), Vec<Text>> = BTreeMap::new();
    for draft in drafts.iter() {
        if let Peer::Name { name } = &draft.peer {
            let key = (draft.opens, draft.carrier(), draft.key.service);
            lists.entry(key).or_default().push(name.clone());
        }
    }
    for (key, list) in lists {
        let patterns = names::of_device(list, maker);
        for draft in drafts.iter_mut() {
            let same = (draft.opens, draft.carrier(), draft.key.service) == key;
            if let Peer::Name { name } = &mut draft.peer
                && same
                && let Some(pattern) =
                    patterns.iter().find(|pattern| crate::policy::name_fits(pattern, name))
            {
                *name = pattern.clone();
            }
        }
    }
}

/// A service that several devices here use is there for everybody here.
fn share_services(drafts: &mut [Draft<'_>]) {
    let mut users: BTreeMap<(Carrier, Service), BTreeSet<Peer>> = BTreeMap::new();
    let is_device = |peer: &Peer| matches!(peer, Peer::Device { .. } | Peer::Gateway);
    for draft in drafts.iter().filter(|draft| draft.opens == Opens::Peer && is_device(&draft.peer))
    {
        users.entry((draft.carrier(), draft.key.service)).or_default().insert(draft.peer.clone());
    }
    for draft in drafts.iter_mut().filter(|draft| draft.opens == Opens::Peer) {
        let many = users.get(&(draft.carrier(), draft.key.service));
        if is_device(&draft.peer) && many.is_some_and(|users| users.len() >= EVERYBODY) {
            draft.peer = Peer::LocalNetworks;
        }
    }
}

/// A port on which a device speaks to many strangers is open to strangers: time servers of a pool.
/// Never one that asks for a password: who logs in to many strangers is a worm.
fn share_strangers(drafts: &mut [Draft<'_>]) {
    let mut strangers: BTreeMap<(Carrier, Service), usize> = BTreeMap::new();
    let public =
        |peer: &Peer| matches!(peer, Peer::Network { net } if cordon_model::is_public(net.addr()));
    for draft in drafts.iter().filter(|draft| draft.opens == Opens::Device && public(&draft.peer)) {
        *strangers.entry((draft.carrier(), draft.key.service)).or_default() += 1;
    }
    let widens = |draft: &&mut Draft<'_>| {
        draft.opens == Opens::Device && !super::guard::asks_for_a_password(draft.key.service)
    };
    for draft in drafts.iter_mut().filter(widens) {
        let many = strangers.get(&(draft.carrier(), draft.key.service)).copied().unwrap_or(0);
        let time = draft.key.service == Service::Port(NTP) && draft.carrier() == Carrier::Udp;
        let enough = if time { TIME_SERVERS } else { STRANGERS };
        if public(&draft.peer) && many >= enough {
            draft.peer = Peer::Internet;
        }
    }
}
