//! From what was noted to contracts.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;

use cordon_model::record::Criticality;
use cordon_model::{Device, Party, Scope, Timestamp, scope};

use super::act::{Act, ActKey, Other, Service};
use super::entries::{Draft, entries};
use super::held::{Held, Suspicion};
use super::progress::progress;
use super::{End, Learner, infer};
use crate::document::{
    Bounds, Carrier, Contract, Entry, EntryId, Expected, MAX_ENTRIES, Opens, Peer, Why,
};

/// Tries without an answer from which on they belong to the device: it looks for something that
/// is away.
const PATIENT: u64 = 3;
/// A conversation that nobody answered is a stream from that many packets on.
const STREAM: u64 = 4;
/// Packets of both directions below which a single conversation with a stranger is one in passing:
/// a TCP conversation that says anything and is ended has ten.
const PASSING: u64 = 8;

/// Most things that are held back of one device. A person looks at a handful; a scan of a whole
/// network says how large it was in each of them.
const MAX_HELD: usize = 512;

/// Who has which address.
pub struct Who<'a> {
    /// The devices.
    pub devices: &'a [Device],
    /// The place of the device at an address, if it is one's.
    pub index_of: &'a dyn Fn(&Party) -> Option<usize>,
}

/// What was learned of one device.
#[derive(Clone, PartialEq, Debug)]
pub struct Learned {
    /// What it does, as a contract.
    pub contract: Contract,
    /// What it does not contain, because it looks like an attack.
    pub held: Vec<Held>,
}

impl Learner {
    /// What was learned of every device that took part in anything, in the order of the devices.
    #[must_use]
    pub fn conclude(&self, who: &Who<'_>) -> Vec<Learned> {
        let since = self.first.unwrap_or_default();
        let mut acts: Vec<(&ActKey, &Act)> = self.acts.iter().collect();
        acts.sort_unstable_by(|a, b| a.0.cmp(b.0));
        let mut drafts: BTreeMap<usize, Vec<Draft<'_>>> = BTreeMap::new();
        for (key, act) in acts {
            let client = (who.index_of)(&key.client.party());
            let servers = self.servers(key, act);
            let mut server = match &key.other {
                Other::End(end) => (who.index_of)(&end.party()),
                Other::Name(_) => servers.iter().find_map(|end| (who.index_of)(&end.party())),
            };
            // What a device says to itself goes by no network.
            server = server.filter(|server| Some(*server) != client);
            if let Some(client) = client {
                let peer = peer_of(&key.other, &servers, server, who);
                let draft = Draft { opens: Opens::Device, peer, key, act, suspicion: None };
                drafts.entry(client).or_default().push(self.suspect(
                    draft,
                    &servers,
                    Some(client),
                    who,
                ));
            }
            if let Some(server) = server {
                let peer = caller(peer_of(&Other::End(key.client), &[], client, who));
                let draft = Draft { opens: Opens::Peer, peer, key, act, suspicion: None };
                drafts.entry(server).or_default().push(self.suspect(draft, &servers, client, who));
            }
        }
        let concluded = drafts.into_iter().filter_map(|(index, drafts)| {
            let device = who.devices.get(index)?;
            Some(self.of_device(device, drafts, since))
        });
        concluded.collect()
    }

    fn of_device(&self, device: &Device, drafts: Vec<Draft<'_>>, since: Timestamp) -> Learned {
        let until = self.last;
        let mut contract = Contract::new(device.id.clone(), &device.label(), until);
        contract.expected = expected(device);
        let begun = device.first.max(since);
        contract.learning = Some(progress(drafts.iter().map(|draft| draft.act), begun, until));
        let verbs = |draft: &Draft<'_>| match draft.key.service {
            Service::Port(port) => {
                self.sayings.rules(draft.key.client, &self.servers(draft.key, draft.act), port)
            }
            Service::Picked => Vec::new(),
        };
        let (clean, suspect): (Vec<_>, Vec<_>) =
            drafts.into_iter().partition(|draft| draft.suspicion.is_none());
        let maker = device.vendor.as_ref().map(|claim| claim.value.as_str());
        let inferred = infer::inferred(&clean, &self.answers);
        contract.entries = most_seen(joined(entries(clean, maker, &verbs)));
        inferred.into_iter().for_each(|entry| contract.allow(entry));
        let mut known: HashSet<EntryId> = contract.entries.iter().map(Entry::id).collect();
        let mut held: Vec<Held> = Vec::new();
        for draft in worth_telling(suspect) {
            let suspicion = draft.suspicion.clone();
            for entry in entries(vec![draft], maker, &verbs) {
                if let Some(suspicion) = suspicion.clone().filter(|_| known.insert(entry.id())) {
                    held.push(Held { entry, suspicion });
                }
            }
        }
        Learned { contract, held }
    }

    fn servers(&self, key: &ActKey, act: &Act) -> Vec<End> {
        match &key.other {
            Other::End(end) => vec![*end],
            Other::Name(_) => act.servers.clone(),
        }
    }

    /// Says in which way a draft looks like an attack, if it does.
    fn suspect<'a>(
        &self,
        mut draft: Draft<'a>,
        servers: &[End],
        client: Option<usize>,
        who: &Who<'_>,
    ) -> Draft<'a> {
        let (key, act) = (draft.key, draft.act);
        let port = match key.service {
            Service::Port(port) => port,
            Service::Picked => 0,
        };
        let answered = act.answered > 0;
        let group = matches!(draft.peer, Peer::Multicast { .. } | Peer::Broadcast);
        draft.suspicion = self.guard.suspects(key.client, servers, key.carrier, port, act);
        if draft.suspicion.is_none() && !group {
            let stream = key.carrier != Carrier::Tcp && act.packets >= STREAM;
            // Time servers of a pool are strangers that are seen once each.
            let to_stranger = matches!(&draft.peer, Peer::Network { .. })
                && act.app != Some(cordon_model::App::Ntp);
            if !answered && act.times < PATIENT && !stream && key.service != Service::Picked {
                draft.suspicion = Some(Suspicion::NoAnswer);
            } else if to_stranger && act.times == 1 && act.packets < PASSING {
                draft.suspicion = Some(Suspicion::OneOff);
            }
        }
        if draft.suspicion.is_none()
            && let Some(verb) = self.sayings.change(key.client, servers, port)
        {
            let kind = client
                .and_then(|index| who.devices.get(index))
                .and_then(|device| device.kind.as_ref())
                .map(|kind| kind.value);
            if !kind.is_some_and(entries_may_command) {
                draft.suspicion = Some(Suspicion::Commands { verb, by: kind });
            }
        }
        draft
    }
}

/// Who uses a service of a device, where nobody has the address that he came from: somebody here,
/// in another network, whom the address will not be found at again.
fn caller(peer: Peer) -> Peer {
    match peer {
        Peer::Network { net } if scope(net.addr()) == Scope::Private => Peer::LocalNetworks,
        peer => peer,
    }
}

/// One entry where several came to say the same, in the order they had.
fn joined(entries: Vec<Entry>) -> Vec<Entry> {
    let mut places: HashMap<EntryId, usize> = HashMap::new();
    let mut joined: Vec<Entry> = Vec::new();
    for entry in entries {
        let place = *places.entry(entry.id()).or_insert(joined.len());
        match joined.get_mut(place) {
            Some(held) => held.join(entry),
            None => joined.push(entry),
        }
    }
    joined
}

/// As many entries as a contract bears: the ones that were seen most, in the order they had.
fn most_seen(mut entries: Vec<Entry>) -> Vec<Entry> {
    if entries.len() > MAX_ENTRIES {
        let times = |entry: &Entry| match entry.why.first() {
            Some(Why::Learned { times, .. }) => *times,
            _ => 0,
        };
        entries.sort_by_key(|entry| Reverse(times(entry)));
        entries.truncate(MAX_ENTRIES);
        entries.sort_by(|a, b| (&a.peer, a.opens, &a.ports).cmp(&(&b.peer, b.opens, &b.ports)));
    }
    entries
}

/// As many of what is held back as anybody reads, in the order they had: what was answered before
/// what was not, what was seen often before what was seen once.
fn worth_telling(drafts: Vec<Draft<'_>>) -> Vec<Draft<'_>> {
    let mut ranked: Vec<(usize, Draft<'_>)> = drafts.into_iter().enumerate().collect();
    if ranked.len() > MAX_HELD {
        ranked.sort_by_key(|(_, draft)| Reverse((draft.act.answered > 0, draft.act.times)));
        ranked.truncate(MAX_HELD);
        ranked.sort_unstable_by_key(|(place, _)| *place);
    }
    ranked.into_iter().map(|(_, draft)| draft).collect()
}

/// Whether devices of a type change controllers in the ordinary course of their work.
fn entries_may_command(kind: cordon_model::DeviceType) -> bool {
    use cordon_model::DeviceType as Kind;
    matches!(
        kind,
        Kind::Plc
            | Kind::Hmi
            | Kind::ScadaServer
            | Kind::Rtu
            | Kind::BuildingController
            | Kind::IndustrialGateway
    )
}

/// The other end, as people say it.
fn peer_of(other: &Other, servers: &[End], device: Option<usize>, who: &Who<'_>) -> Peer {
    let end = match other {
        Other::Name(name) if device.is_none() => {
            // A name that means the router or somebody here is the device, which the name may
            // leave tomorrow.
            let _ = servers;
            return Peer::Name { name: name.clone() };
        }
        Other::Name(_) => servers.first().copied().unwrap_or_default(),
        Other::End(end) => *end,
    };
    if let Some(ip) = end.ip {
        if ip.is_multicast() {
            return Peer::Multicast { group: ip };
        }
        let broadcast =
            end.mac.is_some_and(cordon_model::Mac::is_group) || is_limited_broadcast(ip);
        if broadcast {
            return Peer::Broadcast;
        }
    }
    if let Some(device) = device.and_then(|index| who.devices.get(index)) {
        if device.routes {
            return Peer::Gateway;
        }
        return Peer::Device { id: device.id.clone(), name: device.label().into() };
    }
    match end.ip {
        Some(ip) => Peer::Network { net: ip.into() },
        None => Peer::Anyone,
    }
}

fn is_limited_broadcast(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V4(ip) if ip.is_broadcast())
}

/// What the contract relies on.
fn expected(device: &Device) -> Expected {
    Expected {
        macs: if device.random_mac { Vec::new() } else { device.macs.clone() },
        kind: device.kind.as_ref().map(|claim| claim.value),
        vendor: device.vendor.as_ref().map(|claim| claim.value.clone()),
        model: device.model.as_ref().map(|claim| claim.value.clone()),
        firmware: device.firmware.as_ref().map(|claim| claim.value.clone()),
        criticality: Criticality::Normal,
        ..Expected::default()
    }
}

/// How much of it is usual: four times the rush that was seen, and some. What several kinds of
/// conversation amount to may come at once.
pub(super) fn bounds<'a>(acts: impl Iterator<Item = &'a Act>) -> Bounds {
    let rush = acts.fold(0_u32, |sum, act| sum.saturating_add(act.rush));
    let flows = rush.saturating_mul(4).saturating_add(10);
    Bounds { flows_per_minute: Some(flows), ..Bounds::default() }
}

/// An entry of a draft, before anything is drawn together.
pub(super) fn reason(entry: Entry, why: Option<&Why>) -> Entry {
    match why {
        Some(why) => entry.because(why.clone()),
        None => entry,
    }
}
