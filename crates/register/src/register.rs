//! The records, how they are found, and what a change of theirs hands back.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use cordon_model::record::{
    Address, Change, Event, EventKind, FindingKey, FindingState, Record, Span, TrackedFinding,
};
use cordon_model::{DeviceId, Mac, Text, Timestamp};

use crate::claims::Doubts;
use crate::{Options, RegisterError};

/// Changes kept to be taken back; of older ones the store knows the text only.
const MOST_CHANGES: usize = 256;

/// What changed: to be stored, and to be told.
#[derive(Clone, PartialEq, Default, Debug)]
#[must_use]
pub struct Update {
    /// Records that are new or differ; shared with the register, which copies one before it
    /// changes it.
    pub records: Vec<Arc<Record>>,
    /// Records that are no more: joined, forgotten, or pushed out.
    pub removed: Vec<DeviceId>,
    /// Lines for timelines, in order.
    pub events: Vec<Event>,
    /// Findings that are new or differ.
    pub findings: Vec<TrackedFinding>,
    /// Findings that are no more: their device was joined or forgotten.
    pub removed_findings: Vec<FindingKey>,
    /// Changes made by people, new or taken back.
    pub changes: Vec<Change>,
    /// Changes that hold what is to be forgotten, and go with it.
    pub removed_changes: Vec<u64>,
}

impl Update {
    /// Whether nothing is to be stored.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
            && self.removed.is_empty()
            && self.events.is_empty()
            && self.findings.is_empty()
            && self.removed_findings.is_empty()
            && self.changes.is_empty()
            && self.removed_changes.is_empty()
    }

    /// Leaves of each record and finding the latest state only.
    pub(crate) fn settle(&mut self) {
        fn latest<T, K: std::hash::Hash + Eq + Clone>(list: &mut Vec<T>, key: impl Fn(&T) -> &K) {
            let mut seen: HashSet<K> = HashSet::with_capacity(list.len());
            list.reverse();
            list.retain(|one| seen.insert(key(one).clone()));
            list.reverse();
        }
        latest(&mut self.records, |record| &record.id);
        latest(&mut self.findings, |tracked| &tracked.id);
        let there: HashSet<&FindingKey> = self.findings.iter().map(|one| &one.id).collect();
        self.removed_findings.retain(|key| !there.contains(key));
    }

    pub(crate) fn event(
        &mut self,
        at: Timestamp,
        device: &DeviceId,
        kind: EventKind,
        says: impl Into<Text>,
        actor: Option<&str>,
    ) {
        let (device, says) = (device.clone(), says.into());
        self.events.push(Event { at, device, kind, says, actor: actor.map(Text::from) });
    }
}

/// One record at work.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Copied only where it changes: the register itself is copied with every change.
    pub record: Arc<Record>,
    /// When it was last handed out to be stored.
    pub written: Timestamp,
    /// Values that are not believed yet.
    pub doubts: Doubts,
}

impl Entry {
    pub(crate) fn new(record: Record) -> Self {
        Entry { record: Arc::new(record), written: Timestamp::default(), doubts: Doubts::default() }
    }
}

/// Devices over time.
#[derive(Clone, Debug)]
pub struct Register {
    pub(crate) options: Options,
    pub(crate) entries: HashMap<DeviceId, Entry>,
    /// Who has, or had, an address.
    pub(crate) holders: Arc<HashMap<Address, Vec<DeviceId>>>,
    /// Ids that were joined into others.
    pub(crate) aliases: Arc<HashMap<DeviceId, DeviceId>>,
    pub(crate) findings: BTreeMap<FindingKey, Arc<TrackedFinding>>,
    pub(crate) changes: Vec<Change>,
    pub(crate) next_change: u64,
    /// Since when it observes without a gap, and when it did last.
    pub(crate) since: Option<(Timestamp, Timestamp)>,
}

impl Register {
    /// What the store remembers. `changes` may be the latest few.
    #[must_use]
    pub fn load(
        records: Vec<Record>,
        findings: Vec<TrackedFinding>,
        mut changes: Vec<Change>,
        options: Options,
    ) -> Self {
        changes.sort_by_key(|change| change.id);
        let next_change = changes.last().map_or(1, |change| change.id.saturating_add(1));
        let mut register = Register {
            options,
            entries: HashMap::with_capacity(records.len()),
            holders: Arc::default(),
            aliases: Arc::default(),
            findings: findings.into_iter().map(|one| (one.id.clone(), Arc::new(one))).collect(),
            changes,
            next_change,
            since: None,
        };
        register.trim_changes();
        for record in records {
            register.put(record);
        }
        register
    }

    /// How many devices there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The record of an id; also of one that was joined into another.
    #[must_use]
    pub fn get(&self, id: &DeviceId) -> Option<&Record> {
        let id = if self.entries.contains_key(id) { id } else { self.aliases.get(id)? };
        self.entries.get(id).map(|entry| entry.record.as_ref())
    }

    /// Every record, in no particular order.
    pub fn records(&self) -> impl Iterator<Item = &Record> + '_ {
        self.entries.values().map(|entry| entry.record.as_ref())
    }

    /// A finding by its id.
    #[must_use]
    pub fn finding(&self, key: &FindingKey) -> Option<&TrackedFinding> {
        self.findings.get(key).map(Arc::as_ref)
    }

    /// Every finding, by id.
    pub fn findings(&self) -> impl Iterator<Item = &TrackedFinding> + '_ {
        self.findings.values().map(Arc::as_ref)
    }

    /// The latest changes, oldest first.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Which device had the address at that time. Addresses are lent: who had it then decides,
    /// not who has it now. What a router carries is whose the network address is.
    #[must_use]
    pub fn record_of(
        &self,
        mac: Option<Mac>,
        ip: Option<IpAddr>,
        at: Timestamp,
    ) -> Option<&Record> {
        let by_mac = mac.and_then(|mac| self.holder(&Address::Mac(mac), at));
        let has =
            |record: &Record, ip| record.addresses.iter().any(|span| span.value == Address::Ip(ip));
        match (by_mac, ip) {
            (Some(record), Some(ip)) if record.seen.routes && !has(record, ip) => {
                self.holder(&Address::Ip(ip), at)
            }
            (Some(record), _) => Some(record),
            (None, Some(ip)) => self.holder(&Address::Ip(ip), at),
            (None, None) => None,
        }
    }

    /// The addresses that a device has and had, for a search in flows.
    #[must_use]
    pub fn addresses_of(&self, id: &DeviceId) -> &[Span<Address>] {
        self.get(id).map_or(&[], |record| &record.addresses)
    }

    /// Removes a device and its findings for good.
    ///
    /// # Errors
    /// Where there is no such device.
    pub fn forget(&mut self, id: &DeviceId) -> Result<Update, RegisterError> {
        let id = self.get(id).ok_or_else(|| RegisterError::NoDevice(id.clone()))?.id.clone();
        let mut update = Update::default();
        self.remove(&id, &mut update);
        // A change holds the record as it was: that goes, too.
        self.changes.retain(|change| {
            let touched = change.before.iter().any(|record| record.id == id);
            let goes = touched || change.after.contains(&id);
            update.removed_changes.extend(goes.then_some(change.id));
            !goes
        });
        Ok(update)
    }

    /// Removes devices last seen before `time` of which nobody said anything; at most so many, the
    /// others the next time.
    pub fn forget_before(&mut self, time: Timestamp, most: usize) -> Update {
        let mut update = Update::default();
        let mut old: Vec<DeviceId> = self
            .records()
            .filter(|record| record.last < time && !crate::edit::is_said_of(record))
            .map(|record| record.id.clone())
            .collect();
        old.sort();
        for id in old.into_iter().take(most) {
            self.remove(&id, &mut update);
        }
        update
    }

    /// Lets go of what the store removes by itself: changes made before one time, and findings
    /// that are closed and were last seen before another.
    pub fn let_go(&mut self, changes_before: Timestamp, findings_before: Timestamp) {
        self.changes.retain(|change| change.at >= changes_before);
        self.findings.retain(|_, tracked| {
            tracked.state != FindingState::Closed || tracked.last >= findings_before
        });
    }

    /// The span that covers `at`; else the latest begun before it; else the earliest.
    fn holder(&self, address: &Address, at: Timestamp) -> Option<&Record> {
        let records = self.holders.get(address)?.iter().filter_map(|id| self.entries.get(id));
        let rank = |span: &Span<Address>| {
            let begun = span.first <= at;
            let covers = begun && (at <= span.last || !span.gone);
            let nearness =
                if begun { span.first.nanos() } else { span.first.nanos().saturating_neg() };
            (begun && at <= span.last, covers, begun, nearness)
        };
        records
            .filter_map(|entry| {
                let spans = entry.record.addresses.iter();
                let best = spans.filter(|span| span.value == *address).map(rank).max()?;
                Some((best, entry.record.as_ref()))
            })
            .max_by(|a, b| a.0.cmp(&b.0).then_with(|| b.1.id.cmp(&a.1.id)))
            .map(|(_, record)| record)
    }

    /// Enters a record, and its addresses and ids into the tables.
    pub(crate) fn put(&mut self, record: Record) {
        for joined in &record.joined {
            Arc::make_mut(&mut self.aliases).insert(joined.clone(), record.id.clone());
        }
        let id = record.id.clone();
        for span in &record.addresses {
            hold(&mut self.holders, span.value, &id);
        }
        match self.entries.get_mut(&id) {
            Some(entry) => entry.record = Arc::new(record),
            None => {
                self.entries.insert(id, Entry::new(record));
            }
        }
    }

    /// Takes a record out of all tables.
    pub(crate) fn take(&mut self, id: &DeviceId) -> Option<Arc<Record>> {
        let entry = self.entries.remove(id)?;
        for span in &entry.record.addresses {
            self.release(&span.value, id);
        }
        if self.aliases.values().any(|to| to == id) {
            Arc::make_mut(&mut self.aliases).retain(|_, to| to != id);
        }
        Some(entry.record)
    }

    /// Replaces a record, tables included.
    pub(crate) fn replace(&mut self, record: Record) {
        let entry = self.entries.get(&record.id).map(|entry| (entry.written, entry.doubts.clone()));
        self.take(&record.id);
        let id = record.id.clone();
        self.put(record);
        if let (Some(new), Some((written, doubts))) = (self.entries.get_mut(&id), entry) {
            (new.written, new.doubts) = (written, doubts);
        }
    }

    /// Removes a record with its findings.
    pub(crate) fn remove(&mut self, id: &DeviceId, update: &mut Update) {
        if self.take(id).is_none() {
            return;
        }
        update.removed.push(id.clone());
        update.records.retain(|record| record.id != *id);
        let theirs = |one: &&Arc<TrackedFinding>| one.finding.device.as_ref() == Some(id);
        let keys: Vec<FindingKey> =
            self.findings.values().filter(theirs).map(|one| one.id.clone()).collect();
        for key in keys {
            self.findings.remove(&key);
            update.findings.retain(|one| one.id != key);
            update.removed_findings.push(key);
        }
    }

    /// Makes room for one more record.
    pub(crate) fn make_room(&mut self, update: &mut Update) {
        if self.entries.len() < self.options.most_records.max(1) {
            return;
        }
        // Several at once, so that a flood of made-up addresses does not search for each.
        let mut old: Vec<(Timestamp, DeviceId)> = self
            .records()
            .filter(|record| !crate::edit::is_said_of(record))
            .map(|record| (record.last, record.id.clone()))
            .collect();
        old.sort();
        old.truncate((self.options.most_records / 16).max(1));
        for (_, id) in old {
            self.remove(&id, update);
        }
    }

    fn release(&mut self, address: &Address, id: &DeviceId) {
        let holders = Arc::make_mut(&mut self.holders);
        if let Some(ids) = holders.get_mut(address) {
            ids.retain(|holder| holder != id);
            if ids.is_empty() {
                holders.remove(address);
            }
        }
    }

    /// Numbers a change and keeps it.
    pub(crate) fn keep(&mut self, mut change: Change, update: &mut Update) {
        change.id = self.next_change;
        self.next_change = self.next_change.saturating_add(1);
        update.changes.push(change.clone());
        self.changes.push(change);
        self.trim_changes();
    }

    fn trim_changes(&mut self) {
        let surplus = self.changes.len().saturating_sub(MOST_CHANGES);
        self.changes.drain(..surplus);
    }
}

/// Notes that a record has or had an address.
pub(crate) fn hold(
    holders: &mut Arc<HashMap<Address, Vec<DeviceId>>>,
    address: Address,
    id: &DeviceId,
) {
    if holders.get(&address).is_some_and(|ids| ids.contains(id)) {
        return;
    }
    Arc::make_mut(holders).entry(address).or_default().push(id.clone());
}
