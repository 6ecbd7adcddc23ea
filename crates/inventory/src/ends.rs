//! The ends that speak: one per pair of link-layer address and address, bounded in number.
//!
//! Pairs, not addresses, are the unit of what is heard: an address that moves to another device,
//! or a router that stands for many, is untangled at the end, when everything is known.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};
use std::net::IpAddr;

use cordon_model::{App, Basis, Mac, MudUrl, PacketId, Timestamp, Transport, Verb};
use foldhash::fast::FixedState;
use hashbrown::HashTable;

use crate::saying::Sayings;
use crate::scope::{Scope, scope};

/// Public addresses remembered behind one link-layer address; with more it is a router's, and
/// they are peers.
const MOST_PUBLIC: u32 = 4;
/// Addresses remembered behind one link-layer address: a router's subnets.
const MOST_BEHIND: u32 = 4096;
/// VLANs remembered of one end.
const MOST_VLANS: usize = 16;
/// Services remembered of one end; a scan of all ports of a honeypot is cut here.
const MOST_SERVICES: usize = 64;
/// Applications remembered that an end uses.
const MOST_USES: usize = 24;
/// Different servers counted per application that an end uses.
const MOST_SERVERS: usize = 16;

/// Index of an [`End`].
pub(crate) type EndId = u32;
/// Index of a [`Link`]; [`NO_LINK`] where the capture shows none.
pub(crate) type LinkId = u32;
/// No link-layer address.
pub(crate) const NO_LINK: LinkId = u32::MAX;

/// How an address is tied to a link-layer address, strongest last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(crate) enum Tie {
    /// Only packets were seen: a router may have forwarded them.
    #[default]
    Carried,
    /// It speaks a protocol that routers do not forward.
    LinkLocal,
    /// ARP, neighbour discovery or DHCP says so.
    Stated,
}

/// One link-layer address.
#[derive(Debug)]
pub(crate) struct Link {
    pub mac: Mac,
    /// Public addresses beyond [`MOST_PUBLIC`] seen behind it.
    pub more_public: u64,
    pub public: u32,
    pub behind: u32,
    /// It says of itself, or a DHCP server says, that it is a router.
    pub routes: Option<PacketId>,
}

/// A service that an end offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offer {
    pub transport: Transport,
    pub port: u16,
    pub app: Option<App>,
    pub basis: Basis,
    pub packet: PacketId,
    /// When it was first and last shown.
    pub first: Timestamp,
    pub last: Timestamp,
}

/// An application that an end uses as a client.
#[derive(Clone, Debug)]
pub(crate) struct Use {
    pub app: App,
    pub basis: Basis,
    pub packet: PacketId,
    pub flows: u32,
    pub last: Timestamp,
    /// The first different servers.
    pub servers: Vec<IpAddr>,
}

/// How often an end was the actor or target of an act, with the first packet of each verb.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    pub app: App,
    pub verb: Verb,
    /// Whether this end did it, rather than having it done.
    pub actor: bool,
    pub packet: PacketId,
    pub count: u32,
    /// Units behind the address that answered.
    pub units: Vec<u32>,
}

/// One pair of link-layer address and address.
#[derive(Debug)]
pub(crate) struct End {
    pub link: LinkId,
    pub ip: Option<IpAddr>,
    pub tie: Tie,
    /// Where the tie was stated.
    pub tied_by: Option<PacketId>,
    pub vlans: Vec<u16>,
    pub first: Timestamp,
    pub last: Timestamp,
    pub first_packet: PacketId,
    /// First and last time that it spoke or was spoken of.
    pub made: Timestamp,
    pub touched: Timestamp,
    /// Latest packet counted from facts outside flows.
    pub counted: PacketId,
    pub packets: u64,
    pub bytes: u64,
    /// It spoke itself; it was not only spoken about.
    pub spoke: bool,
    /// Somebody answered it, or it answered somebody.
    pub answered: bool,
    /// It exchanged packets with a site-local address.
    pub meets_site: bool,
    pub sayings: Sayings,
    pub offers: Vec<Offer>,
    pub uses: Vec<Use>,
    pub acts: Vec<Act>,
    /// MUD URLs, the latest of each source.
    pub mud: Vec<MudUrl>,
    /// Bits of [`crate::roles::Trait`].
    pub traits: u32,
}

/// All ends, found by link and address.
#[derive(Debug)]
pub(crate) struct Ends {
    pub links: Vec<Link>,
    pub ends: Vec<End>,
    by_mac: HashTable<LinkId>,
    by_pair: HashTable<EndId>,
    hasher: FixedState,
    most_links: usize,
    most_ends: usize,
    /// Time of what is being taken in.
    pub now: Timestamp,
    /// Sightings of addresses that found no place.
    pub left_out: u64,
}

impl Ends {
    pub(crate) fn new(seed: u64, most_devices: usize) -> Self {
        Ends {
            links: Vec::new(),
            ends: Vec::new(),
            by_mac: HashTable::new(),
            by_pair: HashTable::new(),
            hasher: FixedState::with_seed(seed),
            most_links: most_devices,
            most_ends: most_devices.saturating_mul(4),
            now: Timestamp::default(),
            left_out: 0,
        }
    }

    /// The pair, made if there is room. None for addresses that are nobody's, for peers behind a
    /// router, and where there is no room.
    #[inline]
    pub(crate) fn at(&mut self, mac: Option<Mac>, ip: Option<IpAddr>) -> Option<EndId> {
        let mac = mac.filter(|mac| mac.is_device());
        let ip = ip.filter(|ip| match scope(*ip) {
            Scope::Nobody => false,
            Scope::Loopback => mac.is_none(),
            _ => true,
        });
        if mac.is_none() && ip.is_none() {
            return None;
        }
        let link = match mac {
            Some(mac) => self.link(mac)?,
            None => NO_LINK,
        };
        self.find(link, ip).or_else(|| self.insert(link, ip))
    }

    /// The pair, if it is known.
    #[inline]
    pub(crate) fn known(&self, mac: Option<Mac>, ip: Option<IpAddr>) -> Option<EndId> {
        let link = match mac.filter(|mac| mac.is_device()) {
            Some(mac) => self.find_link(mac)?,
            None => NO_LINK,
        };
        self.find(link, ip)
    }

    #[inline]
    pub(crate) fn get(&mut self, id: EndId) -> Option<&mut End> {
        let end = self.ends.get_mut(id as usize)?;
        end.touched = self.now;
        Some(end)
    }

    /// The entry of a link-layer address, if it is known.
    pub(crate) fn link_of(&mut self, mac: Mac) -> Option<&mut Link> {
        let link = self.find_link(mac)?;
        self.links.get_mut(link as usize)
    }

    /// Leaves out the old, and says where every end has gone. See [`crate::Inventory::forget`].
    pub(crate) fn forget(
        &mut self,
        before: Timestamp,
        if_crowded: Timestamp,
    ) -> Vec<Option<EndId>> {
        let crowded =
            self.ends.len() > self.most_ends / 2 || self.links.len() > self.most_links / 2;
        let mut behind: Vec<u32> = vec![0; self.links.len()];
        for end in &self.ends {
            if let Some(count) = behind.get_mut(end.link as usize) {
                *count += 1;
            }
        }
        let mut ends = std::mem::take(&mut self.ends);
        let mut links: Vec<Option<Link>> =
            std::mem::take(&mut self.links).into_iter().map(Some).collect();
        let mut link_places: Vec<Option<LinkId>> = vec![None; links.len()];
        let mut places = Vec::with_capacity(ends.len());
        self.by_mac.clear();
        self.by_pair.clear();
        for mut end in ends.drain(..) {
            let many = behind.get(end.link as usize).is_some_and(|count| *count > MOST_BEHIND / 2);
            let young = if crowded || many { if_crowded } else { before };
            if end.touched < young {
                places.push(None);
                continue;
            }
            if end.link != NO_LINK {
                if let Some(link) = links.get_mut(end.link as usize).and_then(Option::take)
                    && let Some(place) = link_places.get_mut(end.link as usize)
                {
                    *place = Some(self.links.len() as LinkId);
                    self.links.push(Link { public: 0, behind: 0, ..link });
                }
                let place = link_places.get(end.link as usize).copied().flatten();
                end.link = place.unwrap_or(NO_LINK);
            }
            end.forget(before, if_crowded);
            places.push(Some(self.ends.len() as EndId));
            self.count_behind(&end);
            self.ends.push(end);
        }
        self.index();
        places
    }

    /// When each address was last heard or spoken of.
    pub(crate) fn last_heard(&self) -> HashMap<Mac, Timestamp> {
        let mut heard: HashMap<Mac, Timestamp> = HashMap::with_capacity(self.links.len());
        for end in &self.ends {
            if let Some(link) = self.links.get(end.link as usize) {
                let last = heard.entry(link.mac).or_insert(end.touched);
                *last = (*last).max(end.touched);
            }
        }
        heard
    }

    fn count_behind(&mut self, end: &End) {
        if let (Some(link), Some(ip)) = (self.links.get_mut(end.link as usize), end.ip) {
            link.behind += 1;
            link.public += u32::from(scope(ip) == Scope::Global && ip.is_ipv4());
        }
    }

    /// Fills the lookup tables anew.
    fn index(&mut self) {
        let (links, ends, hasher) = (&self.links, &self.ends, &self.hasher);
        let of_link =
            |id: &LinkId| links.get(*id as usize).map_or(0, |link| hasher.hash_one(link.mac));
        for id in 0..links.len() as LinkId {
            self.by_mac.insert_unique(of_link(&id), id, of_link);
        }
        let of_pair = |id: &EndId| {
            ends.get(*id as usize).map_or(0, |end| pair_hash(hasher, end.link, end.ip))
        };
        for id in 0..ends.len() as EndId {
            self.by_pair.insert_unique(of_pair(&id), id, of_pair);
        }
    }

    fn find_link(&self, mac: Mac) -> Option<LinkId> {
        let links = &self.links;
        let same = |id: &LinkId| links.get(*id as usize).is_some_and(|link| link.mac == mac);
        self.by_mac.find(self.hasher.hash_one(mac), same).copied()
    }

    fn link(&mut self, mac: Mac) -> Option<LinkId> {
        if let Some(id) = self.find_link(mac) {
            return Some(id);
        }
        if self.links.len() >= self.most_links {
            self.left_out += 1;
            return None;
        }
        let id = self.links.len() as LinkId;
        self.links.push(Link { mac, more_public: 0, public: 0, behind: 0, routes: None });
        let (links, hasher) = (&self.links, &self.hasher);
        self.by_mac.insert_unique(hasher.hash_one(mac), id, |id| {
            links.get(*id as usize).map_or(0, |link| hasher.hash_one(link.mac))
        });
        Some(id)
    }

    #[inline]
    fn find(&self, link: LinkId, ip: Option<IpAddr>) -> Option<EndId> {
        let ends = &self.ends;
        let same =
            |id: &EndId| ends.get(*id as usize).is_some_and(|end| end.link == link && end.ip == ip);
        self.by_pair.find(pair_hash(&self.hasher, link, ip), same).copied()
    }

    fn insert(&mut self, link: LinkId, ip: Option<IpAddr>) -> Option<EndId> {
        if let (Some(entry), Some(ip)) = (self.links.get_mut(link as usize), ip) {
            if scope(ip) == Scope::Global && ip.is_ipv4() {
                if entry.public >= MOST_PUBLIC {
                    entry.more_public += 1;
                    return None;
                }
                entry.public += 1;
            }
            if entry.behind >= MOST_BEHIND {
                self.left_out += 1;
                return None;
            }
            entry.behind += 1;
        }
        if self.ends.len() >= self.most_ends {
            self.left_out += 1;
            return None;
        }
        let id = self.ends.len() as EndId;
        self.ends.push(End::new(link, ip, self.now));
        let (ends, hasher) = (&self.ends, &self.hasher);
        self.by_pair.insert_unique(pair_hash(hasher, link, ip), id, |id| {
            ends.get(*id as usize).map_or(0, |end| pair_hash(hasher, end.link, end.ip))
        });
        Some(id)
    }
}

#[inline]
fn pair_hash(hasher: &FixedState, link: LinkId, ip: Option<IpAddr>) -> u64 {
    let mut state = hasher.build_hasher();
    link.hash(&mut state);
    ip.hash(&mut state);
    std::hash::Hasher::finish(&state)
}

impl End {
    fn new(link: LinkId, ip: Option<IpAddr>, now: Timestamp) -> Self {
        let tie = match ip {
            Some(ip) if scope(ip) == Scope::Link => Tie::Stated,
            _ => Tie::Carried,
        };
        End {
            link,
            ip,
            tie,
            tied_by: None,
            vlans: Vec::new(),
            first: Timestamp::from_nanos(i64::MAX),
            last: Timestamp::from_nanos(i64::MIN),
            first_packet: PacketId { input: u32::MAX, number: u64::MAX },
            made: now,
            touched: now,
            counted: PacketId::default(),
            packets: 0,
            bytes: 0,
            spoke: false,
            answered: false,
            meets_site: false,
            sayings: Sayings::default(),
            offers: Vec::new(),
            uses: Vec::new(),
            acts: Vec::new(),
            mud: Vec::new(),
            traits: 0,
        }
    }

    /// Leaves out what it no longer says, offers or uses.
    fn forget(&mut self, before: Timestamp, if_crowded: Timestamp) {
        let young = |used: usize, most: usize| if used > most / 2 { if_crowded } else { before };
        self.sayings.forget(before, if_crowded);
        let offers = young(self.offers.len(), MOST_SERVICES);
        self.offers.retain(|offer| offer.last >= offers);
        let uses = young(self.uses.len(), MOST_USES);
        self.uses.retain(|one| one.last >= uses);
        self.forget_mud(before);
    }

    /// It was heard then.
    #[inline]
    pub(crate) fn seen(&mut self, at: Timestamp, packet: PacketId, vlan: Option<u16>) {
        self.first = self.first.min(at);
        self.last = self.last.max(at);
        self.first_packet = self.first_packet.min(packet);
        self.spoke = true;
        if let Some(vlan) = vlan
            && !self.vlans.contains(&vlan)
            && self.vlans.len() < MOST_VLANS
        {
            self.vlans.push(vlan);
        }
    }

    /// Its address is tied to its link-layer address at least so firmly.
    #[inline]
    pub(crate) fn tie(&mut self, tie: Tie, packet: PacketId) {
        if tie > self.tie {
            self.tie = tie;
            self.tied_by = Some(packet);
        }
    }

    /// It offers a service. What the payload showed stands above what a port suggests.
    pub(crate) fn offers(&mut self, offer: Offer) {
        let last = self.touched;
        let same =
            |known: &&mut Offer| known.transport == offer.transport && known.port == offer.port;
        let room = self.offers.len() < MOST_SERVICES;
        match self.offers.iter_mut().find(same) {
            Some(known)
                if (known.basis, known.app.is_some()) < (offer.basis, offer.app.is_some()) =>
            {
                *known = Offer { first: known.first, last, ..offer };
            }
            Some(known) => known.last = last,
            None if room => self.offers.push(Offer { first: last, last, ..offer }),
            None => {}
        }
    }

    /// It uses an application of somebody; `new` where the conversation was not counted yet.
    pub(crate) fn uses(
        &mut self,
        app: App,
        basis: Basis,
        packet: PacketId,
        server: Option<IpAddr>,
        new: bool,
    ) {
        let known = self.uses.iter().position(|known| known.app == app && known.basis == basis);
        if known.is_none() && self.uses.len() < MOST_USES {
            self.uses.push(Use {
                app,
                basis,
                packet,
                flows: 0,
                last: self.touched,
                servers: Vec::new(),
            });
        }
        let at = known.unwrap_or(self.uses.len().saturating_sub(1));
        let same = |entry: &&mut Use| entry.app == app && entry.basis == basis;
        let Some(entry) = self.uses.get_mut(at).filter(same) else { return };
        entry.last = self.touched;
        entry.flows = entry.flows.saturating_add(u32::from(new));
        if let Some(server) = server
            && entry.servers.len() < MOST_SERVERS
            && !entry.servers.contains(&server)
        {
            entry.servers.push(server);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_gets_no_end() {
        let mut ends = Ends::new(1, 100);
        assert_eq!(ends.at(None, None), None);
        assert_eq!(ends.at(Some(Mac::BROADCAST), Some("255.255.255.255".parse().unwrap())), None);
        assert_eq!(ends.at(Some(Mac([0; 6])), Some("239.1.1.1".parse().unwrap())), None);
        assert!(ends.ends.is_empty());
    }

    #[test]
    fn a_flood_of_made_up_addresses_is_bounded_and_counted() {
        let mut ends = Ends::new(1, 100);
        for n in 0..10_000_u32 {
            let [_, a, b, c] = n.to_be_bytes();
            ends.at(Some(Mac([2, 0, 0, a, b, c])), Some(IpAddr::from([10, a, b, c])));
        }
        assert_eq!(ends.links.len(), 100);
        assert_eq!(ends.left_out, 9_900);
        for n in 0..10_000_u32 {
            let [_, a, b, c] = n.to_be_bytes();
            ends.at(None, Some(IpAddr::from([10, a, b, c])));
        }
        assert_eq!(ends.ends.len(), 400);
    }

    #[test]
    fn the_internet_behind_a_router_takes_no_room() {
        let mut ends = Ends::new(1, 100);
        let router = Some(Mac([0, 1, 2, 3, 4, 5]));
        for n in 0..1_000_u32 {
            let [_, _, b, c] = n.to_be_bytes();
            ends.at(router, Some(IpAddr::from([93, 184, b, c])));
        }
        assert_eq!(ends.ends.len(), 4);
        assert_eq!((ends.left_out, ends.links[0].more_public), (0, 996));
    }
}
