//! Taking a change back: the records are as they were, and what was seen since is kept.

use std::sync::Arc;

use cordon_model::record::{Address, Change, EventKind, Record, Span};
use cordon_model::{DeviceId, Timestamp};

use crate::register::Update;
use crate::spans::see;
use crate::{Register, RegisterError};

impl Register {
    /// Takes a change back.
    ///
    /// # Errors
    /// Where there is no such change, it was taken back before, or a later one touches the same
    /// devices.
    pub fn undo(&mut self, change: u64, by: &str, now: Timestamp) -> Result<Update, RegisterError> {
        let known = self.changes.iter().find(|one| one.id == change);
        let change = known.ok_or(RegisterError::NoChange(change))?.clone();
        if change.undone {
            return Err(RegisterError::Undone(change.id));
        }
        if let Some(error) = self.later(&change) {
            return Err(error);
        }
        let now_there: Vec<Record> =
            change.after.iter().filter_map(|id| self.get(id).cloned()).collect();
        let mut restored = change.before.clone();
        for record in &now_there {
            let made = change.made.iter().find(|made| made.id == record.id);
            carry_over(&mut restored, record, made);
        }
        let mut update = Update::default();
        for record in &now_there {
            self.take(&record.id);
            if !restored.iter().any(|one| one.id == record.id) {
                update.removed.push(record.id.clone());
            }
        }
        for record in &restored {
            self.replace(record.clone());
            update.records.push(Arc::new(record.clone()));
            let says = format!("taken back: {}", change.says);
            update.event(now, &record.id, EventKind::Edited, says, Some(by));
        }
        self.restore_findings(&change, &mut update);
        update.settle();
        if let Some(kept) = self.changes.iter_mut().find(|one| one.id == change.id) {
            kept.undone = true;
            update.changes.push(kept.clone());
        }
        Ok(update)
    }

    /// The first later change that is still in force and touches the same devices.
    fn later(&self, change: &Change) -> Option<RegisterError> {
        let ids = |change: &Change| -> Vec<DeviceId> {
            let before = change.before.iter().map(|record| record.id.clone());
            before.chain(change.after.iter().cloned()).collect()
        };
        let mine = ids(change);
        self.changes.iter().filter(|one| one.id > change.id && !one.undone).find_map(|later| {
            let device = ids(later).into_iter().find(|id| mine.contains(id))?;
            let says = later.says.to_string();
            Some(RegisterError::Later { later: later.id, says, device })
        })
    }

    fn restore_findings(&mut self, change: &Change, update: &mut Update) {
        if change.findings.is_empty() {
            return;
        }
        let theirs: Vec<_> = change
            .after
            .iter()
            .flat_map(|id| self.findings_of(id).map(|one| one.id.clone()).collect::<Vec<_>>())
            .collect();
        for key in theirs {
            self.findings.remove(&key);
            if !change.findings.iter().any(|one| one.id == key) {
                update.removed_findings.push(key);
            }
        }
        for tracked in &change.findings {
            self.findings.insert(tracked.id.clone(), Arc::new(tracked.clone()));
            update.findings.push(tracked.clone());
        }
    }
}

/// Enters into the old records what was seen between the change and now.
fn carry_over(restored: &mut [Record], now: &Record, made: Option<&Record>) {
    if made == Some(now) {
        return;
    }
    let since = |span: &Span<Address>| made.is_none_or(|made| !made.addresses.contains(span));
    for span in now.addresses.iter().filter(|span| since(span)) {
        let has = |record: &Record| record.addresses.iter().any(|one| one.value == span.value);
        let place = restored
            .iter()
            .position(has)
            .or_else(|| restored.iter().position(|record| record.id == now.id))
            .unwrap_or(0);
        let Some(record) = restored.get_mut(place) else { continue };
        // The entry that went on, or a new one.
        let first = span.first;
        let same = |one: &&mut Span<Address>| one.value == span.value && one.first == first;
        match record.addresses.iter_mut().find(same) {
            Some(mine) => mine.clone_from(span),
            None => drop(see(&mut record.addresses, span, |value| *value == span.value)),
        }
        record.last = record.last.max(span.last);
    }
    let Some(record) = restored.iter_mut().find(|record| record.id == now.id) else { return };
    let seen = |record: &Record| {
        (
            record.seen.clone(),
            record.evidence.clone(),
            record.names.clone(),
            record.services.clone(),
        )
    };
    // Only what a sighting changed: the change itself may have changed the same fields.
    if made.is_some_and(|made| made.seen.id == record.seen.id && single(made, record)) {
        (record.seen, record.evidence, record.names, record.services) = seen(now);
        record.silent = now.silent;
        record.first = now.first;
        record.last = now.last;
    }
}

/// Whether the change touched nothing but what people say.
fn single(made: &Record, before: &Record) -> bool {
    made.seen == before.seen
        && made.addresses.iter().map(|span| span.value).eq(before.addresses.iter().map(|s| s.value))
}
