//! Makes devices of groups of candidates: addresses, services, times, identity, children.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

use cordon_model::record::{Address, Span};
use cordon_model::{
    Attribute, Claim, Device, DeviceId, DeviceType, Mac, Reason, Service, Text, Timestamp,
};

use super::Nodes;
use crate::devices::Devices;
use crate::ends::{Act, End, Offer, Tie};
use crate::identify::{self, Behaviour, Case, NO_UNIT, Subject};
use crate::inventory::{Child, ChildKind, Inventory};
use crate::scope::{Scope, eui64, scope, virtual_machine};
use crate::statistics::Statistics;

/// Addresses listed of one device.
const MOST_ADDRESSES: usize = 64;
/// Units of one gateway that become children.
const MOST_UNITS: usize = 32;

/// Devices with ids, identity and lookup tables.
pub(super) fn devices(
    inventory: &Inventory,
    nodes: &Nodes,
    groups: &[Vec<usize>],
    statistics: &dyn Statistics,
) -> Devices {
    let mut drafts: Vec<Draft<'_>> = Vec::with_capacity(groups.len());
    let mut group_of_node = vec![None; nodes.nodes.len()];
    for members in groups {
        let draft = Draft::of(inventory, nodes, members);
        if draft.ends.is_empty() && draft.macs.is_empty() {
            continue;
        }
        for member in members {
            if let Some(slot) = group_of_node.get_mut(*member) {
                *slot = Some(drafts.len());
            }
        }
        drafts.push(draft);
    }
    let ids: Vec<DeviceId> = drafts.iter().map(Draft::id).collect();
    let mut built: Vec<Built> = Vec::with_capacity(drafts.len());
    for (draft, id) in drafts.iter().zip(&ids) {
        let parent = draft
            .behind
            .and_then(|node| group_of_node.get(node).copied().flatten())
            .and_then(|index| ids.get(index).cloned())
            .filter(|parent| parent != id);
        built.push(draft.build(inventory, id.clone(), parent, statistics));
    }
    let of_end: Vec<Option<usize>> = nodes
        .of_end
        .iter()
        .map(|node| node.and_then(|node| group_of_node.get(node).copied().flatten()))
        .collect();
    children(inventory, &of_end, &mut built);
    index(inventory, &of_end, drafts.iter().map(|draft| draft.macs.as_slice()), built)
}

/// A device and what gave it away.
struct Built {
    device: Device,
    evidence: Vec<(Attribute, Reason)>,
    addresses: Vec<Span<Address>>,
    services: Vec<Span<Service>>,
}

/// One group of candidates, gathered.
struct Draft<'a> {
    ends: Vec<&'a End>,
    macs: Vec<Mac>,
    ips: Vec<IpAddr>,
    routes: Option<(&'static str, Option<cordon_model::PacketId>)>,
    behind: Option<usize>,
}

impl<'a> Draft<'a> {
    fn of(inventory: &'a Inventory, nodes: &Nodes, members: &[usize]) -> Draft<'a> {
        let mut draft = Draft {
            ends: Vec::new(),
            macs: Vec::new(),
            ips: Vec::new(),
            routes: None,
            behind: None,
        };
        for node in members.iter().filter_map(|member| nodes.nodes.get(*member)) {
            draft.macs.extend(node.mac);
            draft.routes = draft.routes.or(node.routes);
            draft.behind = draft.behind.or(node.behind);
            let ends = node.ends.iter();
            draft.ends.extend(ends.filter_map(|id| inventory.ends.ends.get(*id as usize)));
        }
        // The address inside an IPv6 address made from it.
        if draft.macs.is_empty() {
            let made_from = |end: &&End| match end.ip {
                Some(IpAddr::V6(ip)) => eui64(ip),
                _ => None,
            };
            draft.macs.extend(draft.ends.iter().find_map(made_from));
        } else {
            draft.behind = None;
        }
        draft.macs.sort_by_key(|mac| (mac.is_local(), *mac));
        draft.macs.dedup();
        draft.ips = addresses(&draft.ends);
        draft
    }

    /// From the strongest address, so that it does not depend on the order of packets.
    fn id(&self) -> DeviceId {
        let text = match (self.macs.first(), self.ips.first()) {
            (Some(mac), _) => {
                let digits: String = mac.to_string().split(':').collect();
                format!("mac-{digits}")
            }
            (None, Some(ip)) => format!("ip-{ip}"),
            (None, None) => "unknown".to_owned(),
        };
        DeviceId(Text::from(text))
    }

    fn build(
        &self,
        inventory: &Inventory,
        id: DeviceId,
        parent: Option<DeviceId>,
        statistics: &dyn Statistics,
    ) -> Built {
        let gateways = &inventory.gateways;
        let gateway = gateways.iter().any(|gateway| self.ips.contains(&gateway.ip));
        let subject = Subject {
            ends: self.ends.clone(),
            macs: &self.macs,
            behaviour: Behaviour { ends: &self.ends, routes: self.routes, gateway },
            guess: self.macs.iter().find_map(|mac| statistics.classify(*mac)),
        };
        let case = identify::weigh(&subject, inventory.patterns.as_deref());
        let mut device = blank(id);
        device.parent = parent;
        device.macs = self.macs.clone();
        device.ips = self.ips.clone();
        device.routes = self.routes.is_some();
        device.random_mac = !self.macs.is_empty()
            && self.macs.iter().all(|mac| mac.is_local() && virtual_machine(*mac).is_none());
        let mut vlans = BTreeSet::new();
        let mut services = BTreeSet::new();
        device.first = Timestamp::from_nanos(i64::MAX);
        for end in &self.ends {
            if end.spoke {
                device.first = device.first.min(end.first);
                device.last = device.last.max(end.last);
            }
            device.packets = device.packets.saturating_add(end.packets);
            device.bytes = device.bytes.saturating_add(end.bytes);
            vlans.extend(end.vlans.iter().copied());
            services.extend(end.offers.iter().map(service));
        }
        if device.first > device.last {
            device.first = device.last;
        }
        device.vlans = vlans.into_iter().collect();
        device.services = services.into_iter().collect();
        device.mud = crate::mud::of_device(&self.ends);
        let built = settle(device, &case);
        Built { addresses: self.spans(inventory), services: self.offers(), ..built }
    }
}

impl Draft<'_> {
    /// When each address was in use. An end that only others spoke of counts for as long.
    fn spans(&self, inventory: &Inventory) -> Vec<Span<Address>> {
        let mut spans: BTreeMap<Address, (Timestamp, Timestamp)> = BTreeMap::new();
        for end in &self.ends {
            let (from, to) =
                if end.spoke { (end.first, end.last) } else { (end.made, end.touched) };
            let mac = inventory.ends.links.get(end.link as usize).map(|link| link.mac);
            let mac = mac.filter(|mac| self.macs.contains(mac)).map(Address::Mac);
            for address in mac.into_iter().chain(end.ip.map(Address::Ip)) {
                let (first, last) = spans.entry(address).or_insert((from, to));
                (*first, *last) = ((*first).min(from), (*last).max(to));
            }
        }
        let span = |(value, (first, last))| Span { value, first, last, gone: false };
        spans.into_iter().map(span).take(MOST_ADDRESSES * 2).collect()
    }

    /// When each service was used.
    fn offers(&self) -> Vec<Span<Service>> {
        let mut spans: BTreeMap<Service, (Timestamp, Timestamp)> = BTreeMap::new();
        for offer in self.ends.iter().flat_map(|end| &end.offers) {
            let (first, last) = spans.entry(service(offer)).or_insert((offer.first, offer.last));
            (*first, *last) = ((*first).min(offer.first), (*last).max(offer.last));
        }
        let span = |(value, (first, last))| Span { value, first, last, gone: false };
        spans.into_iter().map(span).collect()
    }
}

fn service(offer: &Offer) -> Service {
    Service { transport: offer.transport, port: offer.port, app: offer.app, basis: offer.basis }
}

/// The addresses of a device, firmest first.
fn addresses(ends: &[&End]) -> Vec<IpAddr> {
    let mut ranked: Vec<(bool, Scope, Tie, u64, IpAddr)> = ends
        .iter()
        .filter_map(|end| end.ip.map(|ip| (ip.is_ipv6(), scope(ip), end.tie, end.packets, ip)))
        .collect();
    ranked.sort_by_key(|(v6, scope, tie, packets, ip)| {
        (*v6, *scope == Scope::Link, std::cmp::Reverse((*tie, *packets)), *ip)
    });
    let mut ips: Vec<IpAddr> = Vec::new();
    for (.., ip) in ranked {
        if !ips.contains(&ip) && ips.len() < MOST_ADDRESSES {
            ips.push(ip);
        }
    }
    ips
}

fn blank(id: DeviceId) -> Device {
    Device {
        id,
        name: None,
        kind: None,
        vendor: None,
        model: None,
        firmware: None,
        os: None,
        macs: Vec::new(),
        ips: Vec::new(),
        random_mac: false,
        parent: None,
        routes: false,
        vlans: Vec::new(),
        services: Vec::new(),
        mud: Vec::new(),
        first: Timestamp::from_nanos(0),
        last: Timestamp::from_nanos(i64::MIN),
        packets: 0,
        bytes: 0,
    }
}

/// Fills in the claims that the evidence supports.
fn settle(mut device: Device, case: &Case) -> Built {
    device.name = case.claim(Attribute::Name);
    device.vendor = case.claim(Attribute::Vendor);
    device.model = case.claim(Attribute::Model);
    device.firmware = case.claim(Attribute::Firmware);
    device.os = case.claim(Attribute::Os);
    device.kind = case.kind();
    let evidence = evidence(&device);
    Built { device, evidence, addresses: Vec::new(), services: Vec::new() }
}

fn evidence(device: &Device) -> Vec<(Attribute, Reason)> {
    fn of<T>(attribute: Attribute, claim: Option<&Claim<T>>) -> Vec<(Attribute, f32, &Reason)> {
        let claim = claim.into_iter();
        claim.flat_map(|c| c.reasons.iter().map(move |r| (attribute, c.confidence, r))).collect()
    }
    let mut all = of(Attribute::Model, device.model.as_ref());
    all.extend(of(Attribute::Name, device.name.as_ref()));
    all.extend(of(Attribute::Type, device.kind.as_ref()));
    all.extend(of(Attribute::Vendor, device.vendor.as_ref()));
    all.extend(of(Attribute::Firmware, device.firmware.as_ref()));
    all.extend(of(Attribute::Os, device.os.as_ref()));
    all.sort_by(|a, b| b.1.total_cmp(&a.1));
    all.into_iter().map(|(attribute, _, reason)| (attribute, reason.clone())).collect()
}

/// Devices behind hubs and gateways that have no address of their own.
fn children(inventory: &Inventory, of_end: &[Option<usize>], built: &mut Vec<Built>) {
    let hub_of = |child: &Child| of_end.get(child.hub as usize).copied().flatten();
    let mut bacnet: HashMap<usize, usize> = HashMap::new();
    let mut born: Vec<Built> = Vec::new();
    for child in &inventory.children {
        let Some(hub) = hub_of(child) else { continue };
        if child.kind == ChildKind::BacnetDevice {
            let seen = bacnet.entry(hub).or_default();
            *seen += 1;
            if *seen == 1 {
                continue;
            }
        }
        if let Some(hub) = built.get(hub) {
            born.push(child_of(&hub.device, child));
        }
    }
    for (hub, units) in units(inventory, of_end) {
        let Some(hub) = built.get(hub).filter(|_| units.len() > 1) else { continue };
        for (unit, packet) in units {
            let key = format!("unit-{unit}");
            let child = Child::new(0, ChildKind::ModbusUnit, key, packet);
            born.push(child_of(&hub.device, &child));
        }
    }
    born.sort_by(|a, b| a.device.id.cmp(&b.device.id));
    born.dedup_by(|a, b| a.device.id == b.device.id);
    built.append(&mut born);
}

/// The Modbus units that answered behind the addresses of each device.
fn units(
    inventory: &Inventory,
    of_end: &[Option<usize>],
) -> BTreeMap<usize, BTreeMap<u32, cordon_model::PacketId>> {
    let mut units: BTreeMap<usize, BTreeMap<u32, cordon_model::PacketId>> = BTreeMap::new();
    for (end, owner) in inventory.ends.ends.iter().zip(of_end) {
        let Some(owner) = owner else { continue };
        let served = |act: &&Act| act.app == cordon_model::App::Modbus && !act.actor;
        for act in end.acts.iter().filter(served) {
            for unit in act.units.iter().filter(|unit| !NO_UNIT.contains(unit)) {
                let known = units.entry(*owner).or_default();
                if known.len() < MOST_UNITS {
                    known.entry(*unit).or_insert(act.packet);
                }
            }
        }
    }
    units
}

fn child_of(hub: &Device, child: &Child) -> Built {
    let id = DeviceId(Text::from(format!("child-{}-{}", hub.id, child.key)));
    let mut device = blank(id);
    device.parent = Some(hub.id.clone());
    (device.first, device.last) = (hub.first, hub.last);
    let number = child.key.rsplit('-').next().unwrap_or_default();
    let (kind, name, says, source) = match child.kind {
        ChildKind::HueLight => (
            Some(DeviceType::Light),
            format!("light {number}"),
            "the hub lists or commands it as one of its lights",
            "http",
        ),
        ChildKind::HueSensor => (
            Some(DeviceType::Sensor),
            format!("sensor {number}"),
            "the hub lists or asks it as one of its sensors",
            "http",
        ),
        ChildKind::BacnetDevice => {
            let says = "announces itself as another BACnet device behind the same address";
            (
                Some(DeviceType::BuildingController),
                format!("BACnet device {number}"),
                says,
                "bacnet",
            )
        }
        ChildKind::ModbusUnit => (
            None,
            format!("unit {number}"),
            "answers as another unit behind the same address",
            "modbus",
        ),
    };
    let reason = Reason { says: says.into(), source: source.into(), packet: Some(child.packet) };
    let claim = |value: &Option<String>| {
        let reasons = vec![reason.clone()];
        value.as_ref().map(|value| Claim { value: Text::new(value), confidence: 0.9, reasons })
    };
    device.vendor = claim(&child.vendor);
    device.model = claim(&child.model);
    device.firmware = claim(&child.firmware);
    device.name = claim(&child.name).or(Some(Claim {
        value: Text::from(name),
        confidence: 0.6,
        reasons: vec![reason.clone()],
    }));
    device.kind = kind.map(|value| Claim { value, confidence: 0.6, reasons: vec![reason] });
    let evidence = evidence(&device);
    Built { device, evidence, addresses: Vec::new(), services: Vec::new() }
}

/// Sorts by id and makes the lookup tables.
fn index<'m>(
    inventory: &Inventory,
    of_end: &[Option<usize>],
    macs: impl Iterator<Item = &'m [Mac]>,
    built: Vec<Built>,
) -> Devices {
    let mut order: Vec<usize> = (0..built.len()).collect();
    order.sort_by(|a, b| {
        let id = |index: &usize| built.get(*index).map(|built| &built.device.id);
        id(a).cmp(&id(b))
    });
    let mut place = vec![0; built.len()];
    for (new, old) in order.iter().enumerate() {
        if let Some(slot) = place.get_mut(*old) {
            *slot = new;
        }
    }
    let placed = |old: usize| place.get(old).copied();
    let mut devices = Devices { left_out: inventory.ends.left_out, ..Devices::default() };
    for (end, owner) in inventory.ends.ends.iter().zip(of_end) {
        let Some(index) = owner.and_then(placed) else { continue };
        let mac = inventory.ends.links.get(end.link as usize).map(|link| link.mac);
        match (mac, end.ip) {
            (Some(mac), ip) => {
                devices.by_pair.insert((mac, ip), index);
                if let Some(ip) = ip {
                    devices.by_ip.entry(ip).or_insert(index);
                }
            }
            (None, Some(ip)) => {
                devices.by_ip.insert(ip, index);
            }
            (None, None) => {}
        }
    }
    for (old, macs) in macs.enumerate() {
        for mac in macs {
            if let Some(index) = placed(old) {
                devices.by_mac.insert(*mac, index);
            }
        }
    }
    let mut slots: Vec<Option<Built>> = built.into_iter().map(Some).collect();
    for old in order {
        let Some(built) = slots.get_mut(old).and_then(Option::take) else { continue };
        devices.routers.push(built.device.routes);
        devices.devices.push(built.device);
        devices.evidence.push(built.evidence);
        devices.addresses.push(built.addresses);
        devices.services.push(built.services);
    }
    devices
}
