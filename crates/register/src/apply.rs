//! One record meets what was seen of its device.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use cordon_model::record::{Address, EventKind, Own, Record, Span};
use cordon_model::{Attribute, Device, DeviceId, Service, Timestamp};

use crate::claims::{self, Changes};
use crate::mud::Heard;
use crate::observe::{EARLIEST, Snapshot, store};
use crate::register::hold;
use crate::spans::{AHEAD, Effect, borrow, see};
use crate::{Register, Update};

/// An address that another of the same kind has followed is waited for so long: a device may
/// have two for good.
const REPLACED: Duration = Duration::from_secs(3600);
/// Two that use one address within this time both have it.
const QUARREL: Duration = Duration::from_secs(60);
/// VLANs kept of one device.
const MOST_VLANS: usize = 32;

/// What happened to a record.
#[derive(Default)]
struct Outcome {
    /// It differs in more than times.
    differs: bool,
    /// Times, counters or evidence differ.
    touched: bool,
    /// Addresses that it did not have.
    came: Vec<Span<Address>>,
}

impl Register {
    /// Makes the record of a device that was never seen.
    pub(crate) fn appear(
        &mut self,
        id: &DeviceId,
        members: &[usize],
        snapshot: &Snapshot<'_>,
        owners: &HashMap<DeviceId, DeviceId>,
        now: Timestamp,
        update: &mut Update,
    ) {
        let Some((index, device)) = main_of(members, snapshot) else { return };
        self.make_room(update);
        let mut seen = device.clone();
        seen.id = id.clone();
        // Heard below, with its line on the timeline.
        seen.mud = Vec::new();
        let record = Record {
            id: id.clone(),
            evidence: snapshot.evidence.get(index).cloned().unwrap_or_default(),
            own: Own::default(),
            first: seen.first.min(now),
            last: sane(seen.last, now),
            addresses: Vec::new(),
            names: Vec::new(),
            services: Vec::new(),
            joined: Vec::new(),
            parted: Vec::new(),
            imported: None,
            silent: false,
            seen,
        };
        let says = format!("was seen for the first time, as {}", record.seen.label());
        update.event(record.first, id, EventKind::Appeared, says, None);
        self.put(record);
        if let Some(entry) = self.entries.get_mut(id) {
            // So that it is written even if nothing is added.
            entry.written = Timestamp::from_nanos(i64::MIN);
        }
        self.apply(id, members, snapshot, owners, now, update);
    }

    /// Enters what was seen of a known device.
    pub(crate) fn apply(
        &mut self,
        id: &DeviceId,
        members: &[usize],
        snapshot: &Snapshot<'_>,
        owners: &HashMap<DeviceId, DeviceId>,
        now: Timestamp,
        update: &mut Update,
    ) {
        let mut outcome = Outcome::default();
        let mut elsewhere: Vec<Span<Address>> = Vec::new();
        let Some(entry) = self.entries.get_mut(id) else { return };
        let fresh = entry.written == Timestamp::from_nanos(i64::MIN);
        outcome.differs |= fresh;
        let before = entry.record.seen.packets;
        for index in ordered(members, snapshot) {
            let Some(device) = snapshot.devices.get(index) else { continue };
            let record = Arc::make_mut(&mut entry.record);
            times(record, device, now, fresh, update, &mut outcome);
            let heard = snapshot.evidence.get(index).map_or(&[][..], Vec::as_slice);
            let learning = fresh || now.since(record.first) < self.options.learning;
            let old = (!learning).then(|| identity(&record.seen));
            let changes = claims::take(
                &mut record.seen,
                &mut record.evidence,
                device,
                heard,
                &mut entry.doubts,
                now,
            );
            // A device that was just met is named bit by bit: that is no change of what it is.
            if let Some(old) = old {
                tell(record, &changes, &old, now, update);
            }
            outcome.differs |= changes.surer || !changes.values.is_empty();
            name_span(record, device, now, &mut outcome);
            let spans = snapshot.addresses.get(index).map_or(&[][..], Vec::as_slice);
            for span in spans {
                let span = clamp(span, now);
                if record.parted.contains(&span.value) {
                    elsewhere.push(span);
                } else {
                    match borrow(&mut record.addresses, &span) {
                        Effect::Nothing => {}
                        Effect::Longer => outcome.touched = true,
                        Effect::Came => outcome.came.push(span),
                    }
                }
            }
            let offered = snapshot.services.get(index).map_or(&[][..], Vec::as_slice);
            let quiet = fresh || now.since(record.first) < self.options.learning;
            services(record, offered, quiet, now, &mut outcome, update);
            match crate::mud::hear(record, &device.mud, now, update) {
                Heard::Nothing => {}
                Heard::Again => outcome.touched = true,
                Heard::New => outcome.differs = true,
            }
            nature(record, device, owners, index == first_of(members, snapshot), &mut outcome);
        }
        let quiet = fresh || before == 0 || now.since(entry.record.first) < self.options.learning;
        leave(Arc::make_mut(&mut entry.record), self.options.gone_after, now, &mut outcome, update);
        if !outcome.came.is_empty() || outcome.differs {
            outcome.differs |= addresses(Arc::make_mut(&mut entry.record), members, snapshot);
        }
        outcome.differs |= !outcome.came.is_empty();
        let due = now.since(entry.written) >= self.options.times_every || entry.written > now;
        if outcome.differs || outcome.touched && due {
            entry.written = now;
            store(update, &entry.record);
        }
        for span in outcome.came {
            self.arrived(id, &span, quiet, now, update);
        }
        for span in elsewhere {
            self.pass_on(id, &span, now, update);
        }
    }

    /// A device has an address that it did not have: who had it before has lost it.
    fn arrived(
        &mut self,
        id: &DeviceId,
        span: &Span<Address>,
        quiet: bool,
        now: Timestamp,
        update: &mut Update,
    ) {
        let Some(label) = self.get(id).map(Record::label) else { return };
        hold(&mut self.holders, span.value, id);
        if !quiet && is_told(&span.value) {
            let says = format!("now has the address {}", text(&span.value));
            update.event(span.first, id, EventKind::AddressCame, says, None);
        }
        let others: Vec<DeviceId> = self
            .holders
            .get(&span.value)
            .into_iter()
            .flatten()
            .filter(|other| *other != id)
            .cloned()
            .collect();
        for other in others {
            let Some(entry) = self.entries.get_mut(&other) else { continue };
            let record = Arc::make_mut(&mut entry.record);
            let Some(theirs) = record
                .addresses
                .iter_mut()
                .find(|old| old.value == span.value && !old.gone && is_past(old, span))
            else {
                continue;
            };
            theirs.gone = true;
            drop_address(record, &span.value);
            entry.written = now;
            store(update, &entry.record);
            if is_told(&span.value) {
                let says =
                    format!("no longer has the address {}: {label} has it", text(&span.value));
                update.event(span.first, &other, EventKind::AddressWent, says, None);
            }
        }
    }

    /// An address that a person split off belongs to the record that it was given to.
    fn pass_on(
        &mut self,
        from: &DeviceId,
        span: &Span<Address>,
        now: Timestamp,
        update: &mut Update,
    ) {
        let owner = self
            .holders
            .get(&span.value)
            .into_iter()
            .flatten()
            .filter(|id| *id != from)
            .find(|id| self.get(id).is_some_and(|record| !record.parted.contains(&span.value)))
            .cloned();
        let Some(entry) = owner.and_then(|id| self.entries.get_mut(&id)) else { return };
        let record = Arc::make_mut(&mut entry.record);
        let effect = borrow(&mut record.addresses, span);
        let later = span.last > record.last;
        record.last = record.last.max(span.last);
        record.seen.last = record.seen.last.max(span.last);
        let due = now.since(entry.written) >= self.options.times_every;
        if effect == Effect::Came || (later || effect == Effect::Longer) && due {
            entry.written = now;
            store(update, &entry.record);
        }
    }
}

/// Whether one held before the other does: a moment's overlap is a quarrel about the address.
fn is_past(old: &Span<Address>, new: &Span<Address>) -> bool {
    old.last < new.first || old.last.plus(QUARREL) < new.last
}

/// First and last, and whether it is back.
fn times(
    record: &mut Record,
    device: &Device,
    now: Timestamp,
    fresh: bool,
    update: &mut Update,
    outcome: &mut Outcome,
) {
    let last = sane(device.last, now);
    if record.silent && last > record.last {
        record.silent = false;
        outcome.differs = true;
        let says = format!("is back; it was last seen {}", record.last);
        update.event(last, &record.id, EventKind::Returned, says, None);
    }
    if record.seen.packets == 0 && device.packets > 0 && !fresh && record.imported.is_some() {
        outcome.differs = true;
        let says = format!("was seen for the first time, as {}", device.label());
        update.event(device.first.min(now), &record.id, EventKind::Appeared, says, None);
    }
    if device.first < record.first || last > record.last {
        outcome.touched = true;
        record.first = first_known([record.first, device.first, last]);
        record.last = record.last.max(last);
    }
    record.seen.first = record.first;
    record.seen.last = record.last;
}

/// The earliest time that can be one; where there is none, the earliest.
fn first_known(times: [Timestamp; 3]) -> Timestamp {
    let known = times.iter().filter(|time| **time >= EARLIEST).min();
    known.or_else(|| times.iter().min()).copied().unwrap_or_default()
}

/// What it is, apart from claims and addresses.
fn nature(
    record: &mut Record,
    device: &Device,
    owners: &HashMap<DeviceId, DeviceId>,
    main: bool,
    outcome: &mut Outcome,
) {
    let seen = &mut record.seen;
    for vlan in &device.vlans {
        if !seen.vlans.contains(vlan) && seen.vlans.len() < MOST_VLANS {
            seen.vlans.push(*vlan);
            seen.vlans.sort_unstable();
            outcome.differs = true;
        }
    }
    if device.routes && !seen.routes {
        seen.routes = true;
        outcome.differs = true;
    }
    if !main {
        return;
    }
    let parent = device.parent.as_ref();
    let parent = parent.map(|parent| owners.get(parent).unwrap_or(parent).clone());
    let parent = parent.filter(|parent| *parent != record.id);
    if parent.is_some() && parent != seen.parent {
        seen.parent = parent;
        outcome.differs = true;
    }
    if (seen.packets, seen.bytes) != (device.packets, device.bytes) {
        (seen.packets, seen.bytes) = (device.packets, device.bytes);
        outcome.touched = true;
    }
    if seen.random_mac != device.random_mac && !device.macs.is_empty() {
        seen.random_mac = device.random_mac;
        outcome.differs = true;
    }
}

/// The name that it gives itself, with its times.
fn name_span(record: &mut Record, device: &Device, now: Timestamp, outcome: &mut Outcome) {
    let (Some(claim), Some(known)) = (&device.name, &record.seen.name) else { return };
    if claim.value != known.value {
        return;
    }
    let value = claim.value.clone();
    let last = sane(device.last, now);
    let first = if record.names.is_empty() { record.first } else { last };
    let span = Span { value, first, last, gone: false };
    let mut back = span.clone();
    // It may return to a name that it had.
    if let Some(old) = record.names.iter().find(|old| old.value == span.value && old.gone) {
        back.last = back.last.max(old.last.plus(Duration::from_nanos(1)));
    }
    match see(&mut record.names, &back, |value| *value == span.value) {
        Effect::Nothing => {}
        Effect::Longer => outcome.touched = true,
        Effect::Came => {
            for old in record.names.iter_mut().filter(|old| old.value != span.value) {
                old.gone = true;
            }
            record.names.sort_by_key(|span| (!span.gone, span.last));
            outcome.differs = true;
        }
    }
}

fn services(
    record: &mut Record,
    offered: &[Span<Service>],
    quiet: bool,
    now: Timestamp,
    outcome: &mut Outcome,
    update: &mut Update,
) {
    let mut came = false;
    for span in offered {
        let span = clamp(span, now);
        let door = (span.value.transport, span.value.port);
        let known = record
            .services
            .iter()
            .find(|one| (one.value.transport, one.value.port) == door)
            .map(|one| one.value.clone());
        let effect = see(&mut record.services, &span, |one| (one.transport, one.port) == door);
        match effect {
            Effect::Nothing => {}
            Effect::Longer => outcome.touched = true,
            Effect::Came => {
                came = true;
                if !quiet {
                    let says = format!("now offers {}", service(&span.value));
                    update.event(span.first, &record.id, EventKind::ServiceCame, says, None);
                }
            }
        }
        came |= known.is_some_and(|known| known != span.value);
    }
    if came {
        outcome.differs = true;
        list_services(record);
    }
}

/// What was not seen for long, while the device was, has gone.
fn leave(
    record: &mut Record,
    patience: Duration,
    now: Timestamp,
    outcome: &mut Outcome,
    update: &mut Update,
) {
    let last = record.last;
    let id = record.id.clone();
    let newest = record
        .addresses
        .iter()
        .filter(|span| !span.gone && matches!(span.value, Address::Ip(IpAddr::V4(_))))
        .map(|span| span.first)
        .max();
    let mut went: Vec<Address> = Vec::new();
    for span in record.addresses.iter_mut().filter(|span| !span.gone) {
        let v4 = matches!(span.value, Address::Ip(IpAddr::V4(_)));
        let replaced = v4 && newest.is_some_and(|newest| newest > span.last);
        let patience = if replaced { REPLACED.min(patience) } else { patience };
        if last.since(span.last) > patience {
            span.gone = true;
            went.push(span.value);
        }
    }
    let stays = |record: &Record, address: &Address| {
        record.addresses.iter().any(|span| span.value == *address && !span.gone)
    };
    went.retain(|address| !stays(record, address));
    for address in &went {
        drop_address(record, address);
        outcome.differs = true;
        if is_told(address) {
            let says = format!("no longer has the address {}", text(address));
            update.event(now, &id, EventKind::AddressWent, says, None);
        }
    }
    let mut closed = false;
    for span in record.services.iter_mut().filter(|span| !span.gone) {
        if last.since(span.last) > patience {
            span.gone = true;
            closed = true;
            let says = format!("no longer offers {}", service(&span.value));
            update.event(now, &id, EventKind::ServiceWent, says, None);
        }
    }
    if closed {
        outcome.differs = true;
        list_services(record);
    }
}

/// Lists the addresses that it has: as the snapshot orders them, then the others, newest first.
/// Whether the lists changed.
fn addresses(record: &mut Record, members: &[usize], snapshot: &Snapshot<'_>) -> bool {
    let mut spans: Vec<&Span<Address>> =
        record.addresses.iter().filter(|span| !span.gone).collect();
    spans.sort_by_key(|span| (std::cmp::Reverse(span.last), span.value));
    let has = |address: &Address| spans.iter().any(|span| span.value == *address);
    let devices = || ordered(members, snapshot).filter_map(|index| snapshot.devices.get(index));
    let (mut macs, mut ips) = (Vec::new(), Vec::new());
    for device in devices() {
        macs.extend(device.macs.iter().copied().filter(|mac| has(&Address::Mac(*mac))));
        ips.extend(device.ips.iter().copied().filter(|ip| has(&Address::Ip(*ip))));
    }
    for span in spans {
        match span.value {
            Address::Mac(mac) if !macs.contains(&mac) => macs.push(mac),
            Address::Ip(ip) if !ips.contains(&ip) => ips.push(ip),
            _ => {}
        }
    }
    dedup(&mut macs);
    dedup(&mut ips);
    let changed = record.seen.macs != macs || record.seen.ips != ips;
    (record.seen.macs, record.seen.ips) = (macs, ips);
    changed
}

fn dedup<T: PartialEq + Clone>(list: &mut Vec<T>) {
    let mut kept: Vec<T> = Vec::with_capacity(list.len());
    for one in list.drain(..) {
        if !kept.contains(&one) {
            kept.push(one);
        }
    }
    *list = kept;
}

pub(crate) fn list_services(record: &mut Record) {
    let open = record.services.iter().filter(|span| !span.gone);
    record.seen.services = open.map(|span| span.value.clone()).collect();
    record.seen.services.sort();
}

pub(crate) fn drop_address(record: &mut Record, address: &Address) {
    match address {
        Address::Mac(mac) => record.seen.macs.retain(|known| known != mac),
        Address::Ip(ip) => record.seen.ips.retain(|known| known != ip),
    }
}

/// Says what it turned out to be, where that is another thing than before.
fn tell(record: &Record, changes: &Changes, old: &Identity, now: Timestamp, update: &mut Update) {
    if changes.values.is_empty() {
        return;
    }
    let new = identity(&record.seen);
    if changes.values.contains(&Attribute::Name)
        && let (Some(was), Some(is)) = (&old.name, &new.name)
    {
        let says = format!("now calls itself {is} (before: {was})");
        update.event(now, &record.id, EventKind::NameChanged, says, None);
    }
    if changes.values.iter().any(|one| *one != Attribute::Name)
        && old.what != new.what
        && !new.what.is_empty()
    {
        let before =
            if old.what.is_empty() { String::new() } else { format!(" (before: {})", old.what) };
        let says = format!("identified as {}{before}", new.what);
        update.event(now, &record.id, EventKind::IdentityChanged, says, None);
    }
}

/// What a device is, in words.
struct Identity {
    name: Option<String>,
    what: String,
}

fn identity(device: &Device) -> Identity {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(device.vendor.as_ref().map(|claim| claim.value.to_string()));
    parts.extend(device.model.as_ref().map(|claim| claim.value.to_string()));
    parts.extend(device.kind.as_ref().map(|claim| claim.value.title().to_owned()));
    parts.extend(device.firmware.as_ref().map(|claim| format!("firmware {}", claim.value)));
    parts.extend(device.os.as_ref().map(|claim| claim.value.to_string()));
    let name = device.name.as_ref().map(|claim| claim.value.to_string());
    Identity { name, what: parts.join(", ") }
}

/// The members, the one that says most first.
fn ordered<'a>(
    members: &'a [usize],
    snapshot: &'a Snapshot<'_>,
) -> impl Iterator<Item = usize> + 'a {
    let first = first_of(members, snapshot);
    std::iter::once(first).chain(members.iter().copied().filter(move |index| *index != first))
}

fn first_of(members: &[usize], snapshot: &Snapshot<'_>) -> usize {
    let packets = |index: &usize| snapshot.devices.get(*index).map(|device| device.packets);
    members
        .iter()
        .copied()
        .max_by_key(|index| (packets(index), std::cmp::Reverse(*index)))
        .unwrap_or(0)
}

fn main_of<'a>(members: &[usize], snapshot: &Snapshot<'a>) -> Option<(usize, &'a Device)> {
    let index = first_of(members, snapshot);
    Some((index, snapshot.devices.get(index)?))
}

/// A time that does not lie far ahead.
pub(crate) fn sane(at: Timestamp, now: Timestamp) -> Timestamp {
    if at.since(now) > AHEAD { now } else { at }
}

fn clamp<T: Clone>(span: &Span<T>, now: Timestamp) -> Span<T> {
    Span { last: sane(span.last, now), first: span.first.min(now), ..span.clone() }
}

/// Whether people want to know of an address: not of those that change by themselves.
fn is_told(address: &Address) -> bool {
    !matches!(address, Address::Ip(IpAddr::V6(_)))
}

pub(crate) fn text(address: &Address) -> String {
    match address {
        Address::Mac(mac) => mac.to_string(),
        Address::Ip(ip) => ip.to_string(),
    }
}

fn service(service: &Service) -> String {
    let transport = match service.transport {
        cordon_model::Transport::Tcp => "TCP",
        cordon_model::Transport::Udp => "UDP",
        _ => "port",
    };
    match service.app {
        Some(app) => format!("{} on {transport} {}", app.title(), service.port),
        None => format!("a service on {transport} {}", service.port),
    }
}
