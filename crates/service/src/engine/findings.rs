//! Findings: lists, one of them, accepting and reopening, and what mends the most.

use super::Engine;
use super::devices::{find, link, severity_named};
use super::show::{bad_cursor, limit, time};
use super::world::World;
use crate::view::{
    Acceptance, EvidenceView, FindingQuery, FindingRow, FindingView, Link, Need, Page,
};
use crate::{Answer, Caller, Problem};
use cordon_model::DeviceId;
use cordon_model::record::{Action, FindingKey, FindingState, TrackedFinding};

/// Devices named per thing to mend.
const DEVICES: usize = 200;
const DAY: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

impl Engine {
    pub(super) fn list_findings(
        &self,
        caller: &Caller,
        query: &FindingQuery,
    ) -> Answer<Page<FindingRow>> {
        self.may_view(caller)?;
        let limit = limit(query.limit)?;
        let world = self.world.load();
        let state = match query.state.as_deref().unwrap_or("open") {
            "" | "open" => Some(FindingState::Open),
            "waiting" => Some(FindingState::Waiting),
            "accepted" => Some(FindingState::Accepted),
            "closed" => Some(FindingState::Closed),
            "all" => None,
            _ => {
                let detail = "state is open, waiting, accepted, closed or all";
                return Err(Problem::invalid(detail));
            }
        };
        let least = query.severity.as_deref().filter(|text| !text.is_empty());
        let least = least.map(severity_named).transpose()?;
        let device = query.device.as_deref().filter(|text| !text.is_empty());
        let device =
            device.map(|id| find(&world, id).map(|record| record.id.clone())).transpose()?;
        let kind = query.kind.as_deref().filter(|text| !text.is_empty());
        let mut found: Vec<&TrackedFinding> = world
            .register
            .findings()
            .filter(|one| state.is_none_or(|state| one.state == state))
            .filter(|one| least.is_none_or(|least| one.finding.severity >= least))
            .filter(|one| kind.is_none_or(|kind| one.finding.kind.name() == kind))
            .filter(|one| device.is_none() || one.finding.device == device)
            .collect();
        gravest_first(&mut found);
        let total = found.len() as u64;
        let begin = match query.cursor.as_ref().filter(|cursor| !cursor.is_empty()) {
            None => 0,
            Some(cursor) => found
                .iter()
                .position(|one| one.id.0 == *cursor)
                .map(|place| place + 1)
                .ok_or_else(bad_cursor)?,
        };
        let more = found.len() > begin + limit;
        let items: Vec<FindingRow> =
            found.into_iter().skip(begin).take(limit).map(|one| row(&world, one)).collect();
        let next = items.last().filter(|_| more).map(|row| row.id.clone());
        Ok(Page { items, next, total: Some(total) })
    }

    pub(super) fn show_finding(&self, caller: &Caller, id: &str) -> Answer<FindingView> {
        self.may_view(caller)?;
        let world = self.world.load();
        let known = world.register.finding(&FindingKey(id.into()));
        let one = known.ok_or_else(|| Problem::not_found("such finding"))?;
        let folk = self.folk();
        let finding = &one.finding;
        Ok(FindingView {
            row: row(&world, one),
            why: finding.why.to_string(),
            fix: finding.fix.to_string(),
            evidence: finding
                .evidence
                .iter()
                .map(|evidence| EvidenceView {
                    at: when_known(evidence.at).map(time),
                    packet: evidence.packet.number,
                    detail: evidence.detail.to_string(),
                })
                .collect(),
            accepted_by: one.accepted.as_ref().map(|(set, _)| folk.label(&set.by)),
            accepted_because: one.accepted.as_ref().map(|(set, _)| set.value.to_string()),
            accepted_until: one.accepted.as_ref().and_then(|(_, until)| until.map(time)),
        })
    }

    /// A device's findings: open ones first, the gravest first.
    pub(super) fn findings_of(&self, world: &World, device: &DeviceId) -> Vec<FindingRow> {
        let of = |one: &&TrackedFinding| one.finding.device.as_ref() == Some(device);
        let mut found: Vec<&TrackedFinding> = world.register.findings().filter(of).collect();
        gravest_first(&mut found);
        found.sort_by_key(|one| one.state);
        found.into_iter().map(|one| row(world, one)).collect()
    }

    pub(super) async fn accept_risk(
        &self,
        caller: &Caller,
        id: &str,
        acceptance: &Acceptance,
    ) -> Answer<FindingView> {
        self.may_site(caller, Action::FindingAccept)?;
        if !(1..=365).contains(&acceptance.days) {
            return Err(Problem::invalid("a risk is accepted for 1 to 365 days"));
        }
        let (actor, key) = (caller.actor(), FindingKey(id.into()));
        // Time that a finding stays accepted is the time of people, not of a recording.
        let now = self.clock.now();
        let until = self.site_now().plus(DAY.saturating_mul(acceptance.days));
        let days = acceptance.days.to_string();
        let detail = [("reason", acceptance.reason.as_str()), ("days", days.as_str())];
        let entry = self.entry(&actor, Action::FindingAccept, id, &detail);
        let writing = self.writing.lock().await;
        let _update = self
            .write_register(vec![entry], |register| {
                register.accept(&key, &acceptance.reason, Some(until), &actor, now)
            })
            .await?;
        drop(writing);
        self.show_finding(caller, id)
    }

    pub(super) async fn reopen_risk(&self, caller: &Caller, id: &str) -> Answer<FindingView> {
        self.may_site(caller, Action::FindingReopen)?;
        let (actor, key, now) = (caller.actor(), FindingKey(id.into()), self.clock.now());
        let entry = self.entry(&actor, Action::FindingReopen, id, &[]);
        let writing = self.writing.lock().await;
        let _update =
            self.write_register(vec![entry], |register| register.reopen(&key, &actor, now)).await?;
        drop(writing);
        self.show_finding(caller, id)
    }

    /// What to mend, the most urgent first: one line per kind of weakness and what mends it.
    pub(super) fn needs(&self, world: &World) -> Vec<Need> {
        let mut groups: Vec<Vec<&TrackedFinding>> = Vec::new();
        let mut open: Vec<&TrackedFinding> = world.open().collect();
        gravest_first(&mut open);
        for one in open {
            let same = |group: &&mut Vec<&TrackedFinding>| {
                group.first().is_some_and(|first| {
                    first.finding.kind == one.finding.kind && first.finding.fix == one.finding.fix
                })
            };
            match groups.iter_mut().find(same) {
                Some(group) => group.push(one),
                None => groups.push(vec![one]),
            }
        }
        let rank = |group: &Vec<&TrackedFinding>| {
            let critical = group.iter().any(|one| is_critical(world, one));
            let worst = group.iter().map(|one| one.finding.severity).max();
            std::cmp::Reverse((worst, critical, group.len()))
        };
        groups.sort_by_cached_key(rank);
        groups.iter().filter_map(|group| need(world, group)).collect()
    }
}

fn need(world: &World, group: &[&TrackedFinding]) -> Option<Need> {
    let first = group.first()?;
    let mut devices: Vec<Link> = Vec::new();
    for one in group {
        let device = one.finding.device.as_ref();
        if let Some(link) = device.and_then(|id| link(world, id))
            && !devices.contains(&link)
            && devices.len() < DEVICES
        {
            devices.push(link);
        }
    }
    let worst = group.iter().map(|one| one.finding.severity).max()?;
    let what = match devices.as_slice() {
        [] => first.finding.title.to_string(),
        [one] => format!("{} on {}", first.finding.title, one.label),
        many => format!("{} on {} devices", first.finding.kind.title(), many.len()),
    };
    Some(Need {
        what,
        // What is said of one device need not hold of the next.
        why: match group.iter().all(|one| one.finding.why == first.finding.why) {
            true => first.finding.why.to_string(),
            false => first.finding.kind.why().to_owned(),
        },
        fix: first.finding.fix.to_string(),
        severity: worst.name().to_owned(),
        devices,
        findings: group.iter().map(|one| one.id.0.to_string()).collect(),
        kind: Some(first.finding.kind.name().to_owned()),
    })
}

fn is_critical(world: &World, one: &TrackedFinding) -> bool {
    let record = one.finding.device.as_ref().and_then(|id| world.register.get(id));
    record.is_some_and(|record| record.criticality() != cordon_model::record::Criticality::Normal)
}

fn gravest_first(found: &mut [&TrackedFinding]) {
    found.sort_by(|a, b| b.finding.severity.cmp(&a.finding.severity).then_with(|| a.id.cmp(&b.id)));
}

fn row(world: &World, one: &TrackedFinding) -> FindingRow {
    let state = serde_json::to_value(one.state).ok();
    FindingRow {
        id: one.id.0.to_string(),
        kind: one.finding.kind.name().to_owned(),
        severity: one.finding.severity.name().to_owned(),
        title: one.finding.title.to_string(),
        device: one.finding.device.as_ref().and_then(|id| link(world, id)),
        first: time(one.first),
        last: time(one.last),
        count: one.finding.count,
        state: state.and_then(|state| state.as_str().map(str::to_owned)).unwrap_or_default(),
    }
}

/// A time that is known: what was written before times were kept says 1970.
fn when_known(at: cordon_model::Timestamp) -> Option<cordon_model::Timestamp> {
    (at != cordon_model::Timestamp::default()).then_some(at)
}
