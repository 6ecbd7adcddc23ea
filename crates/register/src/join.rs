//! Two records that are one device, and one record that is two.

use std::sync::Arc;

use cordon_model::record::{Address, Change, EventKind, Own, Record, Set};
use cordon_model::{Device, DeviceId, Text, Timestamp};

use crate::apply::{drop_address, text};
use crate::register::Update;
use crate::spans::join;
use crate::{Register, RegisterError};

/// Ids remembered of what was joined: a phone changes its address every day.
const MOST_JOINED: usize = 64;

impl Register {
    /// Joins two devices: `other` becomes part of `id`, with its history and findings.
    ///
    /// # Errors
    /// Where one of them does not exist, or both are the same.
    pub fn merge(
        &mut self,
        id: &DeviceId,
        other: &DeviceId,
        by: &str,
        now: Timestamp,
    ) -> Result<Update, RegisterError> {
        let get = |id: &DeviceId| self.get(id).cloned().ok_or(RegisterError::NoDevice(id.clone()));
        let (a, b) = (get(id)?, get(other)?);
        if a.id == b.id {
            return Err(RegisterError::Same);
        }
        let mut record = a.clone();
        join(&mut record.addresses, &b.addresses);
        join(&mut record.names, &b.names);
        join(&mut record.services, &b.services);
        record.own = both(&a.own, &b.own);
        record.first = a.first.min(b.first);
        record.last = a.last.max(b.last);
        record.silent = a.silent && b.silent;
        record.imported = a.imported.clone().or(b.imported.clone());
        remember(&mut record.joined, &b);
        let theirs = |record: &Record, address: &Address| {
            record.addresses.iter().any(|span| span.value == *address)
        };
        record.parted.retain(|address| !theirs(&b, address));
        let parted = b.parted.iter().filter(|address| !theirs(&a, address));
        record.parted.extend(parted);
        record.parted.sort_unstable();
        record.parted.dedup();
        fill(&mut record.seen, &b.seen);
        crate::mud::join(&mut record.seen.mud, &b.seen.mud);
        crate::apply::list_services(&mut record);
        for (attribute, reason) in &b.evidence {
            if !record.evidence.iter().any(|(known, _)| known == attribute) {
                record.evidence.push((*attribute, reason.clone()));
            }
        }
        let findings = self.findings_of(&a.id).chain(self.findings_of(&b.id)).cloned().collect();
        let mut update = Update::default();
        self.move_findings(&b.id, &a.id, &mut update);
        self.take(&b.id);
        self.replace(record.clone());
        update.removed.push(b.id.clone());
        update.records.push(Arc::new(record.clone()));
        let says = format!("joined with {} ({})", b.label(), b.id);
        update.event(now, &a.id, EventKind::Merged, says, Some(by));
        let change = Change {
            id: 0,
            at: now,
            by: Text::from(by),
            says: Text::from(format!("{} joined with {}", a.label(), b.label())),
            before: vec![a, b],
            after: vec![record.id.clone()],
            made: vec![record],
            findings,
            undone: false,
        };
        self.keep(change, &mut update);
        self.name_findings(id, now, &mut update);
        update.settle();
        Ok(update)
    }

    /// Splits addresses off a device: they become a device of their own.
    ///
    /// # Errors
    /// Where there is no such device, or the addresses are not its own, or all that it has.
    pub fn split(
        &mut self,
        id: &DeviceId,
        addresses: &[Address],
        by: &str,
        now: Timestamp,
    ) -> Result<Update, RegisterError> {
        let before = self.get(id).ok_or_else(|| RegisterError::NoDevice(id.clone()))?.clone();
        let is_named = |address: &Address| addresses.contains(address);
        let (off, rest): (Vec<_>, Vec<_>) =
            before.addresses.iter().cloned().partition(|span| is_named(&span.value));
        let mut named: Vec<Address> = addresses.to_vec();
        named.sort_unstable();
        named.dedup();
        let all = named.iter().all(|one| off.iter().any(|span| span.value == *one));
        if off.is_empty() || rest.is_empty() || !all {
            return Err(RegisterError::Addresses(before.id));
        }
        let new = id_of(&named);
        if new == before.id || self.entries.contains_key(&new) {
            return Err(RegisterError::Namesake(new));
        }
        let mut record = before.clone();
        record.addresses = rest;
        record.parted.extend(named.iter().copied());
        record.parted.sort_unstable();
        record.parted.dedup();
        record.joined.retain(|joined| *joined != new);
        for address in &named {
            drop_address(&mut record, address);
        }
        let born = Record {
            id: new.clone(),
            seen: Device {
                id: new.clone(),
                name: None,
                kind: None,
                vendor: None,
                model: None,
                firmware: None,
                os: None,
                macs: named
                    .iter()
                    .filter_map(|one| match one {
                        Address::Mac(mac) => Some(*mac),
                        Address::Ip(_) => None,
                    })
                    .collect(),
                ips: named
                    .iter()
                    .filter_map(|one| match one {
                        Address::Ip(ip) => Some(*ip),
                        Address::Mac(_) => None,
                    })
                    .collect(),
                random_mac: false,
                parent: None,
                routes: false,
                services: Vec::new(),
                mud: Vec::new(),
                ..before.seen.clone()
            },
            evidence: Vec::new(),
            own: Own::default(),
            first: off.iter().map(|span| span.first).min().unwrap_or(before.first),
            last: off.iter().map(|span| span.last).max().unwrap_or(before.last),
            addresses: off,
            names: Vec::new(),
            services: Vec::new(),
            joined: Vec::new(),
            parted: record.addresses.iter().map(|span| span.value).collect(),
            imported: None,
            silent: before.silent,
        };
        let mut update = Update::default();
        self.replace(record.clone());
        self.put(born.clone());
        let list: Vec<String> = named.iter().map(text).collect();
        let list = list.join(", ");
        let says = format!("split off {list}, now {new}");
        update.event(now, &before.id, EventKind::Split, says, Some(by));
        let says = format!("split off {} ({})", before.label(), before.id);
        update.event(now, &new, EventKind::Split, says, Some(by));
        update.records.extend([record.clone(), born.clone()].map(Arc::new));
        let change = Change {
            id: 0,
            at: now,
            by: Text::from(by),
            says: Text::from(format!("{}: split off {list}", before.label())),
            after: vec![before.id.clone(), new],
            before: vec![before],
            made: vec![record, born],
            findings: Vec::new(),
            undone: false,
        };
        self.keep(change, &mut update);
        Ok(update)
    }
}

/// Notes the ids of a record that is no more.
pub(crate) fn remember(joined: &mut Vec<DeviceId>, gone: &Record) {
    joined.extend(gone.joined.iter().cloned());
    joined.push(gone.id.clone());
    let mut kept: Vec<DeviceId> = Vec::new();
    for id in joined.drain(..) {
        if !kept.contains(&id) {
            kept.push(id);
        }
    }
    let surplus = kept.len().saturating_sub(MOST_JOINED);
    kept.drain(..surplus);
    *joined = kept;
}

/// Named as the inventory would: after the firmest link-layer address, else the first address.
fn id_of(addresses: &[Address]) -> DeviceId {
    let mac = addresses.iter().filter_map(|address| match address {
        Address::Mac(mac) => Some(*mac),
        Address::Ip(_) => None,
    });
    let text = match (mac.min_by_key(|mac| (mac.is_local(), *mac)), addresses.first()) {
        (Some(mac), _) => format!("mac-{}", mac.to_string().replace(':', "")),
        (None, Some(address)) => format!("ip-{}", text(address)),
        (None, None) => "unknown".to_owned(),
    };
    DeviceId(Text::from(text))
}

/// What is said of either; of the first where both say something.
fn both(a: &Own, b: &Own) -> Own {
    fn or<T: Clone>(a: &Option<Set<T>>, b: &Option<Set<T>>) -> Option<Set<T>> {
        a.clone().or_else(|| b.clone())
    }
    let mut tags = [a.tags.clone(), b.tags.clone()].concat();
    tags.sort();
    tags.dedup();
    tags.truncate(crate::text::MOST_TAGS);
    // The graver word counts: nothing becomes less critical by being joined.
    let criticality = match (&a.criticality, &b.criticality) {
        (Some(a), Some(b)) if b.value > a.value => Some(b.clone()),
        (a, b) => or(a, b),
    };
    Own {
        name: or(&a.name, &b.name),
        kind: or(&a.kind, &b.kind),
        vendor: or(&a.vendor, &b.vendor),
        model: or(&a.model, &b.model),
        firmware: or(&a.firmware, &b.firmware),
        os: or(&a.os, &b.os),
        owner: or(&a.owner, &b.owner),
        location: or(&a.location, &b.location),
        zone: or(&a.zone, &b.zone),
        criticality,
        tags,
        notes: or(&a.notes, &b.notes),
    }
}

/// Adds what the other was seen to be.
fn fill(seen: &mut Device, other: &Device) {
    seen.name = seen.name.take().or_else(|| other.name.clone());
    seen.kind = seen.kind.take().or_else(|| other.kind.clone());
    seen.vendor = seen.vendor.take().or_else(|| other.vendor.clone());
    seen.model = seen.model.take().or_else(|| other.model.clone());
    seen.firmware = seen.firmware.take().or_else(|| other.firmware.clone());
    seen.os = seen.os.take().or_else(|| other.os.clone());
    seen.macs.extend(
        other.macs.iter().filter(|mac| !seen.macs.contains(mac)).copied().collect::<Vec<_>>(),
    );
    seen.ips
        .extend(other.ips.iter().filter(|ip| !seen.ips.contains(ip)).copied().collect::<Vec<_>>());
    seen.vlans.extend(other.vlans.iter().copied());
    seen.vlans.sort_unstable();
    seen.vlans.dedup();
    seen.routes |= other.routes;
    seen.random_mac &= other.random_mac;
    seen.first = seen.first.min(other.first);
    seen.last = seen.last.max(other.last);
    seen.packets = seen.packets.saturating_add(other.packets);
    seen.bytes = seen.bytes.saturating_add(other.bytes);
}
