//! Which record each device of a snapshot is: by id, by address, by what it says of itself.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::time::Duration;

use cordon_model::record::{Address, Record};
use cordon_model::{Device, DeviceId, Text};

use crate::Register;
use crate::observe::Snapshot;

/// Names shorter than that are common to many.
const SHORTEST_NAME: usize = 5;
/// After so long, somebody else may have a phone of the same name.
const REMEMBERED: Duration = Duration::from_secs(30 * 24 * 3600);
/// Surer than that, a name tells one device from another.
const SURE_NAME: f32 = 0.8;

/// What to do with a snapshot.
#[derive(Default)]
pub(crate) struct Plan {
    /// Per record: the devices of the snapshot that it is. Records that are not there yet are to
    /// be made.
    pub members: BTreeMap<DeviceId, Vec<usize>>,
    /// Records that turned out to be the same as another: into, from.
    pub absorbed: Vec<(DeviceId, DeviceId)>,
}

impl Plan {
    fn add(&mut self, record: DeviceId, device: usize) {
        self.members.entry(record).or_default().push(device);
    }

    fn is_taken(&self, record: &DeviceId) -> bool {
        self.members.contains_key(record) || self.absorbed.iter().any(|(_, from)| from == record)
    }
}

impl Register {
    /// Finds the records of all devices, strongest ties first.
    pub(crate) fn plan(&self, snapshot: &Snapshot<'_>) -> Plan {
        let mut plan = Plan::default();
        let is_child = |device: &Device| device.id.0.starts_with("child-");
        let named: HashMap<DeviceId, usize> = snapshot
            .devices
            .iter()
            .enumerate()
            .filter_map(|(index, device)| Some((self.by_id(device)?.id.clone(), index)))
            .collect();
        let mut loose: Vec<usize> = Vec::new();
        for (index, device) in snapshot.devices.iter().enumerate() {
            if !is_child(device) && !self.tied(&mut plan, &named, index, device) {
                loose.push(index);
            }
        }
        self.renamed(&mut plan, snapshot);
        let sayings = if loose.is_empty() { HashMap::new() } else { self.names() };
        for index in loose {
            let Some(device) = snapshot.devices.get(index) else { continue };
            let record = self
                .by_name(&plan, &sayings, device)
                .or_else(|| self.by_address(&plan, device))
                .map_or_else(|| device.id.clone(), |record| record.id.clone());
            plan.add(record, index);
        }
        let owners = plan.owners(snapshot);
        for (index, device) in snapshot.devices.iter().enumerate() {
            if is_child(device) {
                plan.add(self.child(&owners, device), index);
            }
        }
        plan
    }

    fn by_id(&self, device: &Device) -> Option<&Record> {
        self.get(&device.id)
    }

    /// Places a device whose id or link-layer address is known.
    fn tied(
        &self,
        plan: &mut Plan,
        named: &HashMap<DeviceId, usize>,
        index: usize,
        device: &Device,
    ) -> bool {
        let mut candidates: Vec<&Record> = self.by_id(device).into_iter().collect();
        for mac in &device.macs {
            let address = Address::Mac(*mac);
            let holders = self.holders.get(&address).into_iter().flatten();
            let holder = holders
                .filter_map(|id| self.entries.get(id))
                .map(|entry| entry.record.as_ref())
                .filter(|record| !record.parted.contains(&address))
                .filter(|record| mac.is_local() || is_nested(record, device))
                .max_by_key(|record| last_with(record, &address));
            candidates.extend(holder.filter(|one| !candidates.iter().any(|c| c.id == one.id)));
        }
        // Whose id another device of the snapshot has is that one's.
        let free = |record: &&Record| named.get(&record.id).is_none_or(|other| *other == index);
        let best = candidates
            .iter()
            .copied()
            .filter(free)
            .min_by_key(|record| {
                (is_part_of(record, device), !crate::edit::is_said_of(record), record.first)
            })
            .or_else(|| candidates.first().copied());
        let Some(best) = best else { return false };
        for other in candidates.iter().copied().filter(free).filter(|one| one.id != best.id) {
            let apart = crate::edit::is_said_of(other) || are_parted(best, other);
            if !apart && is_whole_in(other, device) && !plan.is_taken(&other.id) {
                plan.absorbed.push((best.id.clone(), other.id.clone()));
            }
        }
        plan.add(best.id.clone(), index);
        true
    }

    /// A device under a new random address that by now says who it is: its young record is
    /// absorbed by the old one.
    fn renamed(&self, plan: &mut Plan, snapshot: &Snapshot<'_>) {
        let young: Vec<(DeviceId, usize)> = plan
            .members
            .iter()
            .filter_map(|(id, members)| match members.as_slice() {
                [only] => Some((id.clone(), *only)),
                _ => None,
            })
            .filter(|(id, index)| {
                let random = snapshot.devices.get(*index).is_some_and(|one| one.random_mac);
                random && self.get(id).is_some_and(|record| !crate::edit::is_said_of(record))
            })
            .collect();
        if young.is_empty() {
            return;
        }
        let names = self.names();
        for (id, index) in young {
            let (Some(record), Some(device)) = (self.get(&id), snapshot.devices.get(index)) else {
                continue;
            };
            let Some(old) = self.by_name(plan, &names, device) else { continue };
            if old.last < record.first && !are_parted(old, record) {
                plan.members.remove(&id);
                plan.absorbed.push((old.id.clone(), id));
                plan.add(old.id.clone(), index);
            }
        }
    }

    /// Records of random addresses by the name that they gave themselves.
    fn names(&self) -> HashMap<String, Vec<&Record>> {
        let mut names: HashMap<String, Vec<&Record>> = HashMap::new();
        for record in self.records().filter(|record| record.seen.random_mac) {
            if let Some(name) = own_name(&record.seen) {
                names.entry(name).or_default().push(record);
            }
        }
        names
    }

    /// The record of a device that changed its random address: the same name and nothing that
    /// contradicts, and the two were never there at once.
    fn by_name<'a>(
        &self,
        plan: &Plan,
        names: &HashMap<String, Vec<&'a Record>>,
        device: &Device,
    ) -> Option<&'a Record> {
        let name = own_name(device).filter(|_| device.random_mac)?;
        let addresses = || {
            let macs = device.macs.iter().map(|mac| Address::Mac(*mac));
            macs.chain(device.ips.iter().map(|ip| Address::Ip(*ip)))
        };
        names
            .get(&name)?
            .iter()
            .copied()
            .filter(|record| {
                !plan.is_taken(&record.id)
                    && record.last < device.first
                    && device.first.since(record.last) <= REMEMBERED
                    && agree(&record.seen, device)
                    && !addresses().any(|address| record.parted.contains(&address))
            })
            .max_by(|a, b| a.last.cmp(&b.last).then_with(|| b.id.cmp(&a.id)))
    }

    /// The record that has the address of a device without a link-layer address, or that a list
    /// knows by its address alone.
    fn by_address(&self, plan: &Plan, device: &Device) -> Option<&Record> {
        let fits = |record: &Record, ip: &IpAddr| {
            let address = Address::Ip(*ip);
            let has = record.addresses.iter().find(|span| span.value == address && !span.gone);
            let listed = record.imported.is_some() && record.seen.packets == 0;
            let fresh =
                has.is_some_and(|span| device.first.since(span.last) <= self.options.silent_after);
            has.is_some()
                && !plan.is_taken(&record.id)
                && !record.parted.contains(&address)
                && match (device.macs.is_empty(), record.seen.macs.is_empty()) {
                    (true, true) => true,
                    // Behind a router for now.
                    (true, false) => fresh,
                    (false, true) => listed,
                    (false, false) => false,
                }
        };
        device.ips.iter().find_map(|ip| {
            let holders = self.holders.get(&Address::Ip(*ip))?.iter();
            holders
                .filter_map(|id| self.entries.get(id))
                .map(|entry| entry.record.as_ref())
                .filter(|record| fits(record, ip))
                .max_by_key(|record| last_with(record, &Address::Ip(*ip)))
        })
    }

    /// What stands behind a hub is named after the hub's record.
    fn child(&self, owners: &HashMap<DeviceId, DeviceId>, device: &Device) -> DeviceId {
        let renamed = device.parent.as_ref().and_then(|parent| {
            let rest = device.id.0.strip_prefix(&format!("child-{parent}-"))?;
            let hub = owners.get(parent)?;
            Some(DeviceId(Text::from(format!("child-{hub}-{rest}"))))
        });
        let id = renamed.unwrap_or_else(|| device.id.clone());
        self.get(&id).map_or(id, |record| record.id.clone())
    }
}

impl Plan {
    /// The record of each device's id.
    pub(crate) fn owners(&self, snapshot: &Snapshot<'_>) -> HashMap<DeviceId, DeviceId> {
        let mut owners = HashMap::with_capacity(snapshot.devices.len());
        for (record, members) in &self.members {
            for device in members.iter().filter_map(|index| snapshot.devices.get(*index)) {
                owners.insert(device.id.clone(), record.clone());
            }
        }
        owners
    }
}

fn last_with(record: &Record, address: &Address) -> Option<(bool, cordon_model::Timestamp)> {
    let spans = record.addresses.iter().filter(|span| span.value == *address);
    spans.map(|span| (!span.gone, span.last)).max()
}

/// Whether the record has further link-layer addresses that the device does not have.
fn is_part_of(record: &Record, device: &Device) -> bool {
    record.id != device.id && !is_whole_in(record, device)
}

/// Whether the device has every link-layer address of the record.
fn is_whole_in(record: &Record, device: &Device) -> bool {
    record.seen.macs.iter().all(|mac| device.macs.contains(mac))
}

/// Whether one has every link-layer address of the other. A docking station has an address, too,
/// and goes from one computer to the next.
fn is_nested(record: &Record, device: &Device) -> bool {
    is_whole_in(record, device) || device.macs.iter().all(|mac| record.seen.macs.contains(mac))
}

/// Whether a person said that these are two.
fn are_parted(a: &Record, b: &Record) -> bool {
    let has = |record: &Record, address: &Address| {
        record.addresses.iter().any(|span| span.value == *address)
    };
    a.parted.iter().any(|address| has(b, address)) || b.parted.iter().any(|address| has(a, address))
}

/// The name that tells this device from others, in lower case.
fn own_name(device: &Device) -> Option<String> {
    let claim = device.name.as_ref().filter(|claim| claim.confidence >= SURE_NAME)?;
    let name = claim.value.to_lowercase();
    let common = [
        "localhost",
        "android",
        "iphone",
        "macbook",
        "windows",
        "desktop",
        "laptop",
        "watch",
        "unknown",
        "macbook-air",
        "macbook-pro",
        "esp32",
        "esp8266",
        "espressif",
        "wlan0",
        "raspberrypi",
        "ubuntu",
        "debian",
        "openwrt",
        "printer",
        "camera",
        "appletv",
    ];
    let told = name.chars().count() >= SHORTEST_NAME && !common.contains(&name.as_str());
    // What a maker calls all of its products tells none from another.
    let letters = |text: &str| -> String {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let own = letters(&name);
    let product = [&device.model, &device.vendor].into_iter().flatten().any(|claim| {
        let product = letters(&claim.value);
        product.contains(&own) || own == product
    });
    (told && !product).then(|| name.to_string())
}

/// Whether nothing that both say of themselves differs.
fn agree(a: &Device, b: &Device) -> bool {
    fn same<T: PartialEq>(a: &Option<T>, b: &Option<T>) -> bool {
        match (a, b) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        }
    }
    let model = |device: &Device| device.model.as_ref().map(|claim| claim.value.clone());
    let vendor = |device: &Device| device.vendor.as_ref().map(|claim| claim.value.clone());
    let kind = |device: &Device| device.kind.as_ref().map(|claim| claim.value);
    same(&model(a), &model(b)) && same(&vendor(a), &vendor(b)) && same(&kind(a), &kind(b))
}
