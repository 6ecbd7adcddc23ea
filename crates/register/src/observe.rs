//! What was concluded just now, entered into the records.

use std::sync::Arc;
use std::time::Duration;

use cordon_model::record::{Address, EventKind, Record, Span};
use cordon_model::{Attribute, Device, DeviceId, Finding, Reason, Service, Timestamp};

use crate::spans::{AHEAD, join};
use crate::{Register, Update};

/// After a gap of this length, or a start, so much time passes before silence means anything.
pub(crate) const SETTLED: Duration = Duration::from_secs(3600);

/// 1990, when there were no captures yet: a machine that says less has no battery for its clock, and
/// it was not set yet. When something was seen first is neither learned nor corrected by that.
pub(crate) const EARLIEST: Timestamp = Timestamp::from_secs(631_152_000);

/// What the pipeline concluded: the lists run in the order of `devices`, and may be shorter.
#[derive(Clone, Copy, Default, Debug)]
pub struct Snapshot<'a> {
    /// Devices.
    pub devices: &'a [Device],
    /// What gave each away.
    pub evidence: &'a [Vec<(Attribute, Reason)>],
    /// When each had which addresses.
    pub addresses: &'a [Vec<Span<Address>>],
    /// When each offered which services.
    pub services: &'a [Vec<Span<Service>>],
    /// Weaknesses.
    pub findings: &'a [Finding],
}

impl Register {
    /// Takes in what was concluded. `now` is on the clock of the packets. A device that is missing
    /// is not gone: the pipeline may have started anew.
    pub fn observe(&mut self, snapshot: &Snapshot<'_>, now: Timestamp) -> Update {
        let mut update = Update::default();
        self.keep_time(now, &mut update);
        let plan = self.plan(snapshot);
        for (into, from) in &plan.absorbed {
            self.absorb(into, from, now, &mut update);
        }
        let owners = plan.owners(snapshot);
        for (id, members) in &plan.members {
            if self.entries.contains_key(id) {
                self.apply(id, members, snapshot, &owners, now, &mut update);
            } else {
                self.appear(id, members, snapshot, &owners, now, &mut update);
            }
        }
        self.fall_silent(now, &mut update);
        self.track(snapshot.findings, &owners, now, &mut update);
        update.settle();
        update
    }

    /// Whether it observes for long enough that what is not seen means something.
    pub(crate) fn is_settled(&self, now: Timestamp, patience: Duration) -> bool {
        self.since.is_some_and(|(since, _)| now.since(since) >= patience)
    }

    /// A gap in time, or a clock that was set, begins a new stretch of observation.
    fn keep_time(&mut self, now: Timestamp, update: &mut Update) {
        let jumped = |before: Timestamp| now.since(before) > AHEAD || before.since(now) > AHEAD;
        let since = match self.since {
            Some((since, before)) if !jumped(before) => since,
            _ => now,
        };
        let set_back = self.since.is_none_or(|(_, before)| before.since(now) > AHEAD);
        self.since = Some((since, now));
        if !set_back {
            return;
        }
        let mut ahead: Vec<&mut crate::register::Entry> = self
            .entries
            .values_mut()
            .filter(|entry| entry.record.last.since(now) > AHEAD)
            .collect();
        ahead.sort_by(|a, b| a.record.id.cmp(&b.record.id));
        for entry in ahead {
            let record = Arc::make_mut(&mut entry.record);
            record.last = now;
            if now >= EARLIEST {
                record.first = record.first.min(now);
            }
            crate::spans::pull_back(&mut record.addresses, now);
            crate::spans::pull_back(&mut record.names, now);
            crate::spans::pull_back(&mut record.services, now);
            entry.written = now;
            update.records.push(Arc::clone(&entry.record));
        }
    }

    /// Two records turn out to be one device, without a person's word.
    fn absorb(&mut self, into: &DeviceId, from: &DeviceId, now: Timestamp, update: &mut Update) {
        let Some(gone) = self.get(from).cloned() else { return };
        let Some(mut record) = self.get(into).cloned() else {
            return;
        };
        join(&mut record.addresses, &gone.addresses);
        join(&mut record.names, &gone.names);
        join(&mut record.services, &gone.services);
        crate::mud::join(&mut record.seen.mud, &gone.seen.mud);
        record.first = record.first.min(gone.first);
        record.last = record.last.max(gone.last);
        crate::join::remember(&mut record.joined, &gone);
        self.move_findings(from, into, update);
        self.remove(from, update);
        let says = format!("is the device that was seen as {}", gone.seen.label());
        update.event(now, into, EventKind::Merged, says, None);
        update.records.push(Arc::new(record.clone()));
        self.replace(record);
    }

    /// Says of records that were not seen for long that they fell silent.
    fn fall_silent(&mut self, now: Timestamp, update: &mut Update) {
        let patience = self.options.silent_after;
        if !self.is_settled(now, patience) {
            return;
        }
        let mut silent: Vec<DeviceId> = self
            .records()
            .filter(|record| {
                !record.silent && record.seen.packets > 0 && now.since(record.last) > patience
            })
            .map(|record| record.id.clone())
            .collect();
        silent.sort();
        for id in silent {
            let Some(entry) = self.entries.get_mut(&id) else { continue };
            Arc::make_mut(&mut entry.record).silent = true;
            entry.written = now;
            let says = format!("was last seen {}", entry.record.last);
            store(update, &entry.record);
            update.event(now, &id, EventKind::Silent, says, None);
        }
    }
}

/// Hands out a record to be stored; [`Update::settle`] keeps the latest.
pub(crate) fn store(update: &mut Update, record: &Arc<Record>) {
    update.records.push(Arc::clone(record));
}
