//! What is remembered while packets pass, and its two inlets: facts and flows.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, Hasher};
use std::net::IpAddr;
use std::sync::Arc;

use cordon_feeds::recog::Patterns;
use cordon_model::{Fact, Flow, Mac, PacketId, Timestamp};
use foldhash::fast::FixedState;

use crate::devices::Devices;
use crate::ends::{End, EndId, Ends};
use crate::statistics::Statistics;
use crate::{fuse, listen};

/// Devices remembered unless told otherwise; about 1 KiB each.
const MOST_DEVICES: usize = 65_536;
/// Slots of [`Recent`].
const RECENT: usize = 1 << 14;
/// Gateways remembered: addresses that DHCP hands out as routers.
const MOST_GATEWAYS: usize = 64;
/// Children remembered behind hubs and gateways.
const MOST_CHILDREN: usize = 4096;

/// What the inventory is made with.
#[derive(Clone, Debug)]
pub struct InventoryOptions {
    /// Pattern sets that the user has, tried after our own.
    pub patterns: Option<Arc<Patterns>>,
    /// Link-layer and network addresses remembered at most; the rest is counted.
    pub most_devices: usize,
    /// Keys the hash of the address tables.
    pub seed: u64,
}

impl Default for InventoryOptions {
    fn default() -> Self {
        InventoryOptions { patterns: None, most_devices: MOST_DEVICES, seed: 0 }
    }
}

/// Facts and flows on their way to devices.
#[derive(Debug)]
pub struct Inventory {
    pub(crate) ends: Ends,
    pub(crate) patterns: Option<Arc<Patterns>>,
    pub(crate) recent: Recent,
    /// Addresses that DHCP servers name as routers.
    pub(crate) gateways: Vec<Gateway>,
    pub(crate) children: Vec<Child>,
}

/// An address that DHCP hands out as a router's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gateway {
    pub ip: IpAddr,
    pub packet: PacketId,
    pub last: Timestamp,
}

/// Something behind a hub or gateway that has no address of its own here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Child {
    /// Who stands for it.
    pub hub: EndId,
    /// Which of its children it is: `light-3`, `bacnet-1201`, `unit-4`.
    pub key: String,
    pub kind: ChildKind,
    pub packet: PacketId,
    pub last: Timestamp,
    /// What the hub said about it, such as an object name.
    pub name: Option<String>,
    pub vendor: Option<String>,
    pub model: Option<String>,
    pub firmware: Option<String>,
}

impl Child {
    pub(crate) fn new(hub: EndId, kind: ChildKind, key: String, packet: PacketId) -> Self {
        let last = Timestamp::default();
        Child {
            hub,
            key,
            kind,
            packet,
            last,
            name: None,
            vendor: None,
            model: None,
            firmware: None,
        }
    }
}

/// How a child showed itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ChildKind {
    HueLight,
    HueSensor,
    BacnetDevice,
    ModbusUnit,
}

impl Inventory {
    /// Knows nothing yet.
    #[must_use]
    pub fn new(options: InventoryOptions) -> Self {
        Inventory {
            ends: Ends::new(options.seed, options.most_devices.max(1)),
            patterns: options.patterns,
            recent: Recent::new(options.seed),
            gateways: Vec::new(),
            children: Vec::new(),
        }
    }

    /// Takes in what a packet said. Allocates only for what is new.
    pub fn fact(&mut self, fact: &Fact) {
        self.ends.now = fact.at;
        listen::fact(self, fact);
    }

    /// Takes in a conversation, once it has ended.
    pub fn flow(&mut self, flow: &Flow) {
        self.ends.now = flow.last;
        listen::flow(self, flow);
    }

    /// Leaves out what was last heard before `before`; where a table is more than half full, what
    /// was last heard before `if_crowded`, too. A device that speaks now and then stays.
    pub fn forget(&mut self, before: Timestamp, if_crowded: Timestamp) {
        let places = self.ends.forget(before, if_crowded);
        let crowded = |used: usize, most: usize| if used > most / 2 { if_crowded } else { before };
        let young = crowded(self.gateways.len(), MOST_GATEWAYS);
        self.gateways.retain(|gateway| gateway.last >= young);
        let young = crowded(self.children.len(), MOST_CHILDREN);
        self.children.retain_mut(|child| {
            let place = places.get(child.hub as usize).copied().flatten();
            child.hub = place.unwrap_or(child.hub);
            place.is_some() && child.last >= young
        });
        // What was taken in before is taken in once more, so that its time is known.
        self.recent.clear();
    }

    /// When each link-layer address was last heard or spoken of.
    #[must_use]
    pub fn last_heard(&self) -> HashMap<Mac, Timestamp> {
        self.ends.last_heard()
    }

    /// The devices as far as they are known now. `statistics` speaks where strings do not.
    #[must_use]
    pub fn snapshot(&self, statistics: &dyn Statistics) -> Devices {
        fuse::devices(self, statistics)
    }

    /// As [`Inventory::snapshot`], for the end.
    #[must_use]
    pub fn finish(self, statistics: &dyn Statistics) -> Devices {
        self.snapshot(statistics)
    }

    /// The end that speaks in a fact, marked as heard.
    #[inline]
    pub(crate) fn speaker(&mut self, fact: &Fact) -> Option<&mut End> {
        let id = self.speaker_id(fact)?;
        self.ends.get(id)
    }

    /// As [`Inventory::speaker`], by its index.
    #[inline]
    pub(crate) fn speaker_id(&mut self, fact: &Fact) -> Option<EndId> {
        let id = self.ends.at(fact.from.mac, fact.from.ip)?;
        if let Some(end) = self.ends.get(id) {
            end.seen(fact.at, fact.packet, fact.vlan);
            if fact.flow.is_none() && end.counted != fact.packet {
                end.counted = fact.packet;
                end.packets = end.packets.saturating_add(1);
            }
        }
        Some(id)
    }

    /// An end that is spoken about: it need not have spoken itself.
    #[inline]
    pub(crate) fn spoken_of(&mut self, mac: Option<Mac>, ip: Option<IpAddr>) -> Option<&mut End> {
        let id = self.ends.at(mac, ip)?;
        self.ends.get(id)
    }

    pub(crate) fn gateway(&mut self, ip: IpAddr, packet: PacketId) {
        let last = self.ends.now;
        let room = self.gateways.len() < MOST_GATEWAYS;
        match self.gateways.iter_mut().find(|known| known.ip == ip) {
            Some(known) => known.last = last,
            None if room => self.gateways.push(Gateway { ip, packet, last }),
            None => {}
        }
    }

    pub(crate) fn child(&mut self, child: Child) {
        let child = Child { last: self.ends.now, ..child };
        let same = |known: &&mut Child| known.hub == child.hub && known.key == child.key;
        let room = self.children.len() < MOST_CHILDREN;
        match self.children.iter_mut().find(same) {
            Some(known) => {
                known.last = child.last;
                known.name = known.name.take().or(child.name);
                known.vendor = known.vendor.take().or(child.vendor);
                known.model = known.model.take().or(child.model);
                known.firmware = known.firmware.take().or(child.firmware);
            }
            None if room => self.children.push(child),
            None => self.ends.left_out += 1,
        }
    }
}

/// Messages heard lately, by hash: devices repeat themselves, and a message that was taken in
/// need not be taken apart again. A slot forgotten costs time and nothing else.
#[derive(Debug)]
pub(crate) struct Recent {
    slots: Vec<u64>,
    hasher: FixedState,
}

impl Recent {
    fn new(seed: u64) -> Self {
        Recent { slots: vec![0; RECENT], hasher: FixedState::with_seed(!seed) }
    }

    fn clear(&mut self) {
        self.slots.fill(0);
    }

    /// Whether `message` of `speaker` was heard lately; remembers it.
    #[inline]
    pub(crate) fn heard(&mut self, speaker: EndId, message: impl FnOnce(&mut dyn Hasher)) -> bool {
        let mut state = self.hasher.build_hasher();
        speaker.hash(&mut state);
        message(&mut state);
        let hash = state.finish() | 1;
        match self.slots.get_mut(hash as usize >> 1 & (RECENT - 1)) {
            Some(slot) if *slot == hash => true,
            Some(slot) => {
                *slot = hash;
                false
            }
            None => false,
        }
    }
}
