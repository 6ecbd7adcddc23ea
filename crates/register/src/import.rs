//! What other tools know, entered where neither a packet nor a person knows better.

use std::sync::Arc;

use cordon_model::record::{Address, Change, EventKind, Hint, Own, Record, Set, Span};
use cordon_model::{Attribute, Claim, Device, DeviceId, Reason, Text, Timestamp};

use crate::Register;
use crate::register::Update;
use crate::spans::see;
use crate::text::{MOST_LINE, MOST_TAG, MOST_TAGS, lenient};

/// Lines taken at a time: more is no site's list.
const MOST_HINTS: usize = 65_536;
/// Devices touched by one import that can still be taken back as one change.
const MOST_UNDOABLE: usize = 4_096;
/// How sure a name from a list is: less than what a device says of itself.
const LISTED_NAME: f32 = 0.75;
/// How sure anything else from a list is: more than what statistics guess.
const LISTED: f32 = 0.7;

impl Register {
    /// Enters a list. Lines without an address are left out, and so is what somebody set.
    pub fn import(&mut self, hints: &[Hint], by: &str, now: Timestamp) -> Update {
        let mut update = Update::default();
        let mut before: Vec<Record> = Vec::new();
        let mut touched: Vec<DeviceId> = Vec::new();
        let mut source = Text::default();
        for hint in hints.iter().take(MOST_HINTS) {
            let Some(mut record) = self.hinted(hint, now, &mut update) else { continue };
            let new = !self.entries.contains_key(&record.id);
            let old = record.clone();
            enter(&mut record, hint, now);
            if !new && record == old {
                continue;
            }
            if !touched.contains(&record.id) {
                touched.push(record.id.clone());
                if !new {
                    before.push(old);
                }
            }
            source = lenient(&hint.source, MOST_LINE).unwrap_or_default();
            let says = format!("imported from {source}");
            update.event(now, &record.id, EventKind::Edited, says, Some(by));
            self.replace(record);
        }
        if touched.is_empty() {
            return update;
        }
        let made: Vec<Record> = touched.iter().filter_map(|id| self.get(id).cloned()).collect();
        update.records.extend(made.iter().cloned().map(Arc::new));
        if made.len() <= MOST_UNDOABLE {
            let says = format!("imported {} devices from {source}", made.len());
            let change = Change {
                id: 0,
                at: now,
                by: Text::from(by),
                says: Text::from(says),
                before,
                after: touched,
                made,
                findings: Vec::new(),
                undone: false,
            };
            self.keep(change, &mut update);
        }
        self.alert_on_named(now, &mut update);
        update
    }

    /// The record that a line is about, or a new one.
    fn hinted(&mut self, hint: &Hint, now: Timestamp, update: &mut Update) -> Option<Record> {
        let mac = hint.mac.filter(|mac| mac.is_device());
        let current = |address: Address| {
            let ids = self.holders.get(&address)?.iter();
            ids.filter_map(|id| self.get(id))
                .filter(|record| {
                    record.addresses.iter().any(|span| span.value == address && !span.gone)
                })
                .max_by_key(|record| record.last)
        };
        let known = match (mac, hint.ip) {
            (Some(mac), ip) => current(Address::Mac(mac)).or_else(|| {
                let by_ip = ip.and_then(|ip| current(Address::Ip(ip)));
                by_ip.filter(|record| record.seen.macs.is_empty())
            }),
            (None, Some(ip)) => current(Address::Ip(ip)),
            (None, None) => return None,
        };
        if let Some(record) = known {
            return Some(record.clone());
        }
        let id = match (mac, hint.ip) {
            (Some(mac), _) => format!("mac-{}", mac.to_string().replace(':', "")),
            (None, Some(ip)) => format!("ip-{ip}"),
            (None, None) => return None,
        };
        let id = DeviceId(Text::from(id));
        if let Some(record) = self.get(&id) {
            return Some(record.clone());
        }
        self.make_room(update);
        let last = hint.last.or(hint.first).unwrap_or(now).min(now);
        Some(blank(id, hint.first.unwrap_or(last).min(last), last, &hint.source))
    }
}

fn enter(record: &mut Record, hint: &Hint, now: Timestamp) {
    let source = lenient(&hint.source, MOST_LINE).unwrap_or_else(|| "a list".into());
    let last = hint.last.or(hint.first).unwrap_or(now).min(now);
    let first = hint.first.unwrap_or(last).min(last);
    let mac = hint.mac.filter(|mac| mac.is_device());
    for address in mac.map(Address::Mac).into_iter().chain(hint.ip.map(Address::Ip)) {
        if record.parted.contains(&address) {
            continue;
        }
        let span = Span { value: address, first, last, gone: false };
        // A list without times does not say that the device is still there.
        let timed = hint.first.is_some() || hint.last.is_some();
        if timed || !record.addresses.iter().any(|span| span.value == address) {
            see(&mut record.addresses, &span, |value| *value == address);
        }
        let has = record.addresses.iter().any(|span| span.value == address && !span.gone);
        match address {
            Address::Mac(mac) if has && !record.seen.macs.contains(&mac) => {
                record.seen.macs.push(mac);
            }
            Address::Ip(ip) if has && !record.seen.ips.contains(&ip) => record.seen.ips.push(ip),
            _ => {}
        }
    }
    let reason = |what: &str| Reason {
        says: Text::from(format!("{source} lists this {what}")),
        source: "import".into(),
        packet: None,
    };
    let line = |text: &Option<Text>| lenient(text.as_ref()?, MOST_LINE);
    let Record { seen, evidence, own, .. } = record;
    let mut heard = Vec::new();
    for (attribute, slot, value, word) in [
        (Attribute::Name, &mut seen.name, line(&hint.name), "name"),
        (Attribute::Vendor, &mut seen.vendor, line(&hint.vendor), "vendor"),
        (Attribute::Model, &mut seen.model, line(&hint.model), "model"),
    ] {
        let sure = if attribute == Attribute::Name { LISTED_NAME } else { LISTED };
        if put(slot, value, sure, reason(word)) {
            heard.push((attribute, reason(word)));
        }
    }
    if put(&mut seen.kind, hint.kind, LISTED, reason("type")) {
        heard.push((Attribute::Type, reason("type")));
    }
    for (attribute, reason) in heard {
        evidence.retain(|(known, _)| *known != attribute);
        evidence.push((attribute, reason));
    }
    let by = Text::from(format!("import:{source}"));
    for (slot, value) in
        [(&mut own.owner, line(&hint.owner)), (&mut own.location, line(&hint.location))]
    {
        let ours = slot.as_ref().is_none_or(|set| set.by.starts_with("import:"));
        let same = |value: &Text| slot.as_ref().is_some_and(|set| set.value == *value);
        if let Some(value) = value.filter(|value| ours && !same(value)) {
            *slot = Some(Set { value, by: by.clone(), at: now });
        }
    }
    for tag in hint.tags.iter().filter_map(|tag| lenient(tag, MOST_TAG)) {
        if own.tags.len() < MOST_TAGS && !own.tags.contains(&tag) {
            own.tags.push(tag);
        }
    }
    own.tags.sort();
    if record.imported.is_none() {
        record.imported = Some(source);
    }
}

/// Enters a value unless one is known that is as sure.
fn put<T: PartialEq>(
    slot: &mut Option<Claim<T>>,
    value: Option<T>,
    confidence: f32,
    reason: Reason,
) -> bool {
    let Some(value) = value else { return false };
    let listed = |claim: &Claim<T>| claim.reasons.iter().any(|reason| reason.source == "import");
    let better = slot.as_ref().is_some_and(|known| {
        known.value == value || known.confidence >= confidence && !listed(known)
    });
    if !better {
        *slot = Some(Claim { value, confidence, reasons: vec![reason] });
    }
    !better
}

fn blank(id: DeviceId, first: Timestamp, last: Timestamp, source: &str) -> Record {
    Record {
        id: id.clone(),
        seen: Device {
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
            first,
            last,
            packets: 0,
            bytes: 0,
        },
        evidence: Vec::new(),
        own: Own::default(),
        first,
        last,
        addresses: Vec::new(),
        names: Vec::new(),
        services: Vec::new(),
        joined: Vec::new(),
        parted: Vec::new(),
        imported: lenient(source, MOST_LINE),
        silent: false,
    }
}
