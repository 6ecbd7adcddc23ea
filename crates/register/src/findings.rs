//! Findings over time: opened, waiting for a name, accepted, closed, and open again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use cordon_model::record::{EventKind, FindingKey, FindingState, Record, Set, TrackedFinding};
use cordon_model::{DeviceId, Finding, Text, Timestamp};

use crate::observe::SETTLED;
use crate::register::Update;
use crate::{Register, RegisterError, text};

/// Findings kept at most; the closed ones go first. A site of 3,000 devices has about as many.
const MOST_FINDINGS: usize = 65_536;
/// Evidence kept where several sightings are told as one.
const MOST_EVIDENCE: usize = 5;

/// A finding's stable id: its kind and whose it is, and a mark of its title where that says more
/// than the kind.
#[must_use]
pub fn finding_key(finding: &Finding) -> FindingKey {
    let kind = finding.kind;
    let whose = finding.device.as_ref().map_or("network", |device| device.0.as_str());
    if finding.title == kind.title() {
        return FindingKey(Text::from(format!("{kind}@{whose}")));
    }
    FindingKey(Text::from(format!("{kind}@{whose}.{:08x}", mark(&finding.title))))
}

/// FNV-1a, 32 bits: the same in every version and on every machine.
fn mark(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

impl Register {
    /// Enters what was found, and closes what was not for long.
    pub(crate) fn track(
        &mut self,
        findings: &[Finding],
        owners: &HashMap<DeviceId, DeviceId>,
        now: Timestamp,
        update: &mut Update,
    ) {
        let mut found: HashMap<FindingKey, Finding> = HashMap::with_capacity(findings.len());
        let mut order: Vec<FindingKey> = Vec::with_capacity(findings.len());
        for finding in findings {
            let device = finding.device.as_ref();
            let device = device.map(|id| owners.get(id).unwrap_or(id).clone());
            let finding = Finding { device, ..finding.clone() };
            let key = finding_key(&finding);
            match found.get_mut(&key) {
                Some(known) => add(known, finding),
                None => {
                    order.push(key.clone());
                    found.insert(key, finding);
                }
            }
        }
        for key in order {
            let Some(finding) = found.remove(&key) else { continue };
            if self.findings.contains_key(&key) {
                self.seen_again(&key, finding, now, update);
            } else {
                self.open(key, finding, now, update);
            }
        }
        self.revise(now, update);
    }

    /// Accepts the risk of a finding, for a reason and perhaps until a time.
    ///
    /// # Errors
    /// Where there is no such finding, or no reason.
    pub fn accept(
        &mut self,
        key: &FindingKey,
        reason: &str,
        until: Option<Timestamp>,
        by: &str,
        now: Timestamp,
    ) -> Result<Update, RegisterError> {
        let reason = text::note("the reason", reason)?.ok_or_else(|| RegisterError::Text {
            field: "the reason",
            problem: "is empty: say why the risk is accepted".to_owned(),
        })?;
        self.decide(key, FindingState::Accepted, Some((reason, until)), by, now)
    }

    /// Opens an accepted or closed finding again.
    ///
    /// # Errors
    /// Where there is no such finding.
    pub fn reopen(
        &mut self,
        key: &FindingKey,
        by: &str,
        now: Timestamp,
    ) -> Result<Update, RegisterError> {
        let known = self.findings.get(key).ok_or_else(|| RegisterError::NoFinding(key.clone()))?;
        let state = self.state_of(known.finding.device.as_ref());
        self.decide(key, state, None, by, now)
    }

    fn decide(
        &mut self,
        key: &FindingKey,
        state: FindingState,
        accepted: Option<(Text, Option<Timestamp>)>,
        by: &str,
        now: Timestamp,
    ) -> Result<Update, RegisterError> {
        let no = || RegisterError::NoFinding(key.clone());
        let tracked = Arc::make_mut(self.findings.get_mut(key).ok_or_else(no)?);
        tracked.state = state;
        tracked.accepted = accepted.map(|(value, until)| {
            let set = Set { value, by: Text::from(by), at: now };
            (set, until)
        });
        let mut update = Update::default();
        update.findings.push(tracked.clone());
        let (kind, says) = match state {
            FindingState::Accepted => {
                (EventKind::FindingClosed, format!("risk accepted: {}", tracked.finding.title))
            }
            _ => (EventKind::FindingOpened, format!("opened again: {}", tracked.finding.title)),
        };
        if let Some(device) = tracked.finding.device.clone() {
            update.event(now, &device, kind, says, Some(by));
        }
        Ok(update)
    }

    /// First names, then alarms.
    fn state_of(&self, device: Option<&DeviceId>) -> FindingState {
        let named = device.and_then(|id| self.get(id)).is_some_and(Record::is_named);
        if named { FindingState::Open } else { FindingState::Waiting }
    }

    fn open(&mut self, key: FindingKey, finding: Finding, now: Timestamp, update: &mut Update) {
        if self.findings.len() >= MOST_FINDINGS {
            let closed = self.findings.values().filter(|one| one.state == FindingState::Closed);
            let Some(oldest) = closed.min_by_key(|one| one.last).map(|one| one.id.clone()) else {
                return;
            };
            self.findings.remove(&oldest);
            update.removed_findings.push(oldest);
        }
        let state = self.state_of(finding.device.as_ref());
        let (first, last) = times(&finding, now);
        if state == FindingState::Open {
            say(update, now, EventKind::FindingOpened, &finding, "found");
        }
        let tracked =
            TrackedFinding { id: key.clone(), finding, first, last, state, accepted: None };
        update.findings.push(tracked.clone());
        self.findings.insert(key, Arc::new(tracked));
    }

    fn seen_again(
        &mut self,
        key: &FindingKey,
        finding: Finding,
        now: Timestamp,
        update: &mut Update,
    ) {
        let state = self.state_of(finding.device.as_ref());
        let every = self.options.times_every;
        let Some(tracked) = self.findings.get_mut(key) else { return };
        let (first, last) = times(&finding, now);
        let ahead = tracked.last.since(now) > crate::spans::AHEAD;
        let newer = last > tracked.last || ahead;
        // The words of a run that has just begun are poorer: they replace when something is new.
        let words = |one: &Finding| (one.severity, one.title.clone(), one.fix.clone());
        let differs = words(&tracked.finding) != words(&finding);
        let mut store = differs;
        if tracked.state == FindingState::Closed && newer {
            Arc::make_mut(tracked).state = state;
            store = true;
            if state == FindingState::Open {
                say(update, now, EventKind::FindingOpened, &finding, "seen again");
            }
        }
        if tracked.state == FindingState::Waiting && state == FindingState::Open {
            Arc::make_mut(tracked).state = state;
            store = true;
            say(update, now, EventKind::FindingOpened, &finding, "found");
        }
        if newer || differs {
            store |= last.since(tracked.last) >= every || ahead;
            // Written at most once in a while: the time in between is not lost but late.
            if store {
                let tracked = Arc::make_mut(tracked);
                tracked.first = tracked.first.min(first);
                tracked.last = if ahead { last } else { tracked.last.max(last) };
                tracked.finding = finding;
            }
        }
        if store {
            update.findings.push(TrackedFinding::clone(tracked));
        }
    }

    /// What only time or a name changes.
    fn revise(&mut self, now: Timestamp, update: &mut Update) {
        let settled = self.is_settled(now, SETTLED);
        let patience = self.options.close_after;
        let mut closed: Vec<FindingKey> = Vec::new();
        let mut over: Vec<FindingKey> = Vec::new();
        let mut named: Vec<FindingKey> = Vec::new();
        for tracked in self.findings.values() {
            let ends = tracked.accepted.as_ref().and_then(|(_, until)| *until);
            let open = matches!(tracked.state, FindingState::Open | FindingState::Waiting);
            let record = tracked.finding.device.as_ref().and_then(|id| self.get(id));
            // Silence of a device that is away mends nothing.
            let heard = record.map_or(now, |record| record.last);
            if tracked.state == FindingState::Accepted && ends.is_some_and(|ends| ends <= now) {
                over.push(tracked.id.clone());
            } else if settled && open && is_over(tracked.last, heard, patience) {
                closed.push(tracked.id.clone());
            } else if tracked.state == FindingState::Waiting && record.is_some_and(Record::is_named)
            {
                named.push(tracked.id.clone());
            }
        }
        self.restate(closed, true, "no longer seen", now, update);
        self.restate(over, false, "accepted until now, open again", now, update);
        self.restate(named, false, "found", now, update);
    }

    /// What only a name changes. People's time is not that of a recording, so nothing is over here.
    pub(crate) fn alert_on_named(&mut self, now: Timestamp, update: &mut Update) {
        let named = self.findings.values().filter(|tracked| {
            let record = tracked.finding.device.as_ref().and_then(|id| self.get(id));
            tracked.state == FindingState::Waiting && record.is_some_and(Record::is_named)
        });
        let named = named.map(|tracked| tracked.id.clone()).collect();
        self.restate(named, false, "found", now, update);
    }

    fn restate(
        &mut self,
        keys: Vec<FindingKey>,
        close: bool,
        words: &str,
        now: Timestamp,
        update: &mut Update,
    ) {
        for key in keys {
            let device = self.findings.get(&key).and_then(|one| one.finding.device.clone());
            let open = self.state_of(device.as_ref());
            let Some(tracked) = self.findings.get_mut(&key).map(Arc::make_mut) else { continue };
            let was = tracked.state;
            tracked.state = if close { FindingState::Closed } else { open };
            let kind = if close { EventKind::FindingClosed } else { EventKind::FindingOpened };
            // What was never told of need not be taken back.
            if !(close && was == FindingState::Waiting) {
                say(update, now, kind, &tracked.finding, words);
            }
            update.findings.retain(|one| one.id != key);
            update.findings.push(tracked.clone());
        }
    }

    /// Moves the findings of one device to another.
    pub(crate) fn move_findings(&mut self, from: &DeviceId, to: &DeviceId, update: &mut Update) {
        let theirs: Vec<TrackedFinding> = self.findings_of(from).cloned().collect();
        for mut tracked in theirs {
            self.findings.remove(&tracked.id);
            update.removed_findings.push(tracked.id.clone());
            tracked.finding.device = Some(to.clone());
            tracked.id = finding_key(&tracked.finding);
            if let Some(known) = self.findings.get_mut(&tracked.id).map(Arc::make_mut) {
                known.first = known.first.min(tracked.first);
                known.last = known.last.max(tracked.last);
                if tracked.state == FindingState::Open {
                    known.state = FindingState::Open;
                }
                add(&mut known.finding, tracked.finding);
                update.findings.push(known.clone());
            } else {
                update.findings.push(tracked.clone());
                self.findings.insert(tracked.id.clone(), Arc::new(tracked));
            }
        }
    }

    pub(crate) fn findings_of<'a>(
        &'a self,
        id: &'a DeviceId,
    ) -> impl Iterator<Item = &'a TrackedFinding> + 'a {
        self.findings().filter(move |one| one.finding.device.as_ref() == Some(id))
    }
}

fn is_over(last: Timestamp, heard: Timestamp, patience: Duration) -> bool {
    heard.since(last) > patience
}

/// First and last time; a finding without times is one of now.
fn times(finding: &Finding, now: Timestamp) -> (Timestamp, Timestamp) {
    if finding.last == Timestamp::default() {
        return (now, now);
    }
    let ahead = |at: Timestamp| if at.since(now) > crate::spans::AHEAD { now } else { at };
    (ahead(finding.first), ahead(finding.last))
}

/// Two findings that are told as one.
fn add(into: &mut Finding, other: Finding) {
    into.severity = into.severity.max(other.severity);
    into.count = into.count.saturating_add(other.count);
    into.first = into.first.min(other.first);
    into.last = into.last.max(other.last);
    for evidence in other.evidence {
        if into.evidence.len() < MOST_EVIDENCE && !into.evidence.contains(&evidence) {
            into.evidence.push(evidence);
        }
    }
}

fn say(update: &mut Update, now: Timestamp, kind: EventKind, finding: &Finding, words: &str) {
    if let Some(device) = &finding.device {
        update.event(now, device, kind, format!("{words}: {}", finding.title), None);
    }
}
