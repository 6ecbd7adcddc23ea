//! Recorded traffic under contracts that are not in force yet.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use cordon_contract::book::{Adopt, Book};
use cordon_contract::rehearse::{Kind, Lost, Report};
use cordon_contract::resolve::{Bound, resolve};
use cordon_contract::{
    Bindings, Carrier, Contract, Entry, MemberNo, Opens, Policy, Reach, Side, Stage,
};
use cordon_history::{FactQuery, History as _, MAX_LIMIT, ParquetHistory, Tallied, TallyQuery};
use cordon_model::{DeviceId, Timestamp};
use cordon_register::Register;

use super::approved::ContractRequest;
use super::past::rehearse_history;
use super::site::site;
use crate::engine::Engine;
use crate::engine::devices::link;
use crate::engine::show::{parse_time, time};
use crate::engine::world::World;
use crate::view::{Changed, Link, RehearsalView, RehearseRequest, RehearsedDevice, RehearsedKind};
use crate::watch::ANSWER;
use crate::{Answer, Caller, Problem, ProblemKind};

/// The past that is rehearsed where nobody says otherwise.
const PAST: Duration = Duration::from_secs(7 * 24 * 3600);
/// Devices that an answer lists, and kinds of each; the rest is counted.
const MAX_DEVICES: usize = 200;
const MAX_KINDS: usize = 50;
/// Most conversations of one rehearsal: under a minute of work. What is older is said to be left
/// out.
const MAX_FLOWS: u64 = 1_000_000_000;

impl Engine {
    pub(in crate::engine) async fn rehearse_contracts(
        &self,
        caller: &Caller,
        request: &RehearseRequest,
    ) -> Answer<RehearsalView> {
        self.may_view(caller)?;
        let devices = match request.devices.is_empty() {
            true => None,
            false => Some(self.devices_named(&request.devices, false)?),
        };
        let mut book = Book::clone(&self.book());
        if request.proposed {
            let ids: Vec<DeviceId> = match &devices {
                Some(devices) => devices.clone(),
                None => book.devices().into_iter().cloned().collect(),
            };
            let now = self.clock.now();
            let seal = |contract: &Contract| self.contracts.seal(contract);
            for id in ids {
                // What proposes nothing stays as it is.
                let adopt = Adopt { proposed: true, ..Adopt::default() };
                let _ = book.adopt(&[(id, adopt)], "rehearsal", "", now, &seal);
            }
        }
        let when = |text: &Option<String>| -> Answer<Option<Timestamp>> {
            let text = text.as_ref().filter(|text| !text.is_empty());
            text.map(|text| {
                parse_time(text)
                    .ok_or_else(|| Problem::invalid("write times as 2026-11-22T07:00:00Z"))
            })
            .transpose()
        };
        let to = when(&request.to)?.unwrap_or_else(|| self.site_now().plus(Duration::from_secs(1)));
        let from = when(&request.from)?.unwrap_or_else(|| to.minus(PAST));
        self.rehearsed(&book, devices.as_deref(), from, to).await
    }

    /// What a change would do, and what recorded traffic would have met under it.
    pub(super) async fn rehearse_change(
        &self,
        caller: &Caller,
        what: &ContractRequest,
    ) -> Answer<Changed> {
        self.may_view(caller)?;
        let mut book = Book::clone(&self.book());
        let now = self.clock.now();
        let seal = |contract: &Contract| self.contracts.seal(contract);
        let actor = caller.actor();
        let update = match what.clone() {
            ContractRequest::Adopt { device, proposed, admit, add, remove, .. } => {
                let adopt = Adopt { proposed, admit, add, remove, expected: None };
                book.adopt(&[(device, adopt)], &actor, "", now, &seal)
            }
            ContractRequest::Stage { devices, stage, .. } => {
                book.stage(&devices, stage, &actor, "", now)
            }
            ContractRequest::Reach { devices, reach, .. } => {
                book.switch(&devices, reach, &actor, "", now)
            }
        }
        .map_err(super::told)?;
        let to = self.site_now().plus(Duration::from_secs(1));
        let rehearsal = self.rehearsed(&book, Some(what.devices()), to.minus(PAST), to).await?;
        let says =
            update.steps.iter().map(|step| format!("This would have {}.", self.step_says(step)));
        Ok(Changed {
            outcome: "rehearsed".to_owned(),
            says: says.collect(),
            step: None,
            rules: self.rules_view(),
            rehearsal: Some(rehearsal),
        })
    }

    /// Judges every recorded conversation of a time, as if the contracts of these devices were
    /// enforced.
    async fn rehearsed(
        &self,
        book: &Book,
        devices: Option<&[DeviceId]>,
        from: Timestamp,
        to: Timestamp,
    ) -> Answer<RehearsalView> {
        let world = self.world.load_full();
        let policy = self.as_if_enforced(&world, book, devices);
        let query = TallyQuery {
            site: Some(self.options.history_site.clone()),
            from: Some(from),
            to: Some(to),
            most: MAX_FLOWS,
        };
        let (history, register) = (Arc::clone(&self.history), Arc::clone(&world.register));
        let worked = tokio::task::spawn_blocking(move || -> Answer<(Policy, Report, Tallied)> {
            let bindings = bindings(&history, &policy, &register, &query)?;
            let (report, tallied) =
                rehearse_history(&*history, &register, (&policy, &bindings), &query)
                    .map_err(|error| Problem::new(ProblemKind::Broken, error.to_string()))?;
            Ok((policy, report, tallied))
        });
        let (policy, report, tallied) = worked
            .await
            .map_err(|error| Problem::new(ProblemKind::Broken, error.to_string()))??;
        Ok(self.rehearsal_view(&world, book, &policy, (&report, &tallied), (from, to)))
    }

    fn as_if_enforced(&self, world: &World, book: &Book, devices: Option<&[DeviceId]>) -> Policy {
        let site = site(&world.register, &self.options.enforce);
        let none = book.switched();
        let bound: Vec<Bound<'_>> = book
            .bound(&none)
            .map(|bound| {
                let wanted = devices.is_none_or(|list| list.contains(&bound.contract.device));
                let stage = match wanted && bound.contract.version > 0 {
                    true if book
                        .standing(&bound.contract.device)
                        .is_some_and(|held| held.signed.is_some()) =>
                    {
                        Stage::Enforce
                    }
                    _ => Stage::Watch,
                };
                let reach = if wanted { bound.reach } else { Reach::Normal };
                Bound { stage, reach, ..bound }
            })
            .collect();
        let mut policy = resolve(&site, &bound, self.clock.now()).policy;
        // Where a device sits says nothing about conversations that were recorded.
        policy.members.iter_mut().for_each(|member| member.link = None);
        policy
    }

    fn rehearsal_view(
        &self,
        world: &World,
        book: &Book,
        policy: &Policy,
        (report, tallied): (&Report, &Tallied),
        (from, to): (Timestamp, Timestamp),
    ) -> RehearsalView {
        let mut by_device: BTreeMap<MemberNo, Vec<&(Kind, Lost)>> = BTreeMap::new();
        for lost in &report.lost {
            by_device.entry(lost.0.member).or_default().push(lost);
        }
        let mut devices: Vec<RehearsedDevice> = by_device
            .into_iter()
            .filter_map(|(member, kinds)| {
                let member = policy.member(member)?;
                let device = link(world, &member.device)?;
                let mut notices: Vec<String> =
                    kinds.iter().filter_map(|(kind, lost)| lost.notice(kind)).collect();
                notices.dedup();
                notices.truncate(8);
                Some(RehearsedDevice {
                    blocked: kinds.iter().map(|(_, lost)| lost.times).sum(),
                    notices: notices
                        .iter()
                        .map(|what| format!("{} would have lost {what}", device.label))
                        .collect(),
                    kinds: kinds
                        .iter()
                        .take(MAX_KINDS)
                        .map(|(kind, lost)| {
                            kind_view(world, book, &member.device, &device, kind, lost)
                        })
                        .collect(),
                    device,
                })
            })
            .collect();
        devices.sort_by(|a, b| {
            b.blocked.cmp(&a.blocked).then_with(|| a.device.label.cmp(&b.device.label))
        });
        let mut says = match (report.flows, report.blocked) {
            (0, _) => "No conversation was recorded in that time: it says nothing.".to_owned(),
            (flows, 0) => format!("Nothing would have been blocked in {flows} conversations."),
            (flows, blocked) => format!(
                "{blocked} of {flows} conversations would have been blocked, of {} {}.",
                devices.len(),
                if devices.len() == 1 { "device" } else { "devices" }
            ),
        };
        if tallied.left_out {
            says.push_str(" What is older was left out: there is more than can be judged at once.");
        }
        if tallied.looked.damaged > 0 {
            says.push_str(" Files of the history that are damaged were left out.");
        }
        devices.truncate(MAX_DEVICES);
        RehearsalView {
            from: time(from),
            to: time(to),
            flows: report.flows,
            blocked: report.blocked,
            says,
            devices,
        }
    }
}

fn kind_view(
    world: &World,
    book: &Book,
    device: &DeviceId,
    name: &Link,
    kind: &Kind,
    lost: &Lost,
) -> RehearsedKind {
    let peer = world
        .register
        .record_of(None, Some(kind.peer), lost.last)
        .map_or_else(|| kind.peer.to_string(), |record| record.label());
    let service = match kind.carrier {
        Carrier::Tcp | Carrier::Udp => {
            format!("{} {}", kind.carrier.to_string().to_uppercase(), kind.service)
        }
        other => other.to_string().to_uppercase(),
    };
    let says = match kind.side {
        Side::Source => format!("{} spoke to {peer} by {service}", name.label),
        Side::Destination => format!("{peer} spoke to {} by {service}", name.label),
    };
    let fits = |entry: &&Entry| {
        let opens = match kind.side {
            Side::Source => Opens::Device,
            Side::Destination => Opens::Peer,
        };
        entry.opens == opens
            && entry.transport.covers(kind.carrier)
            && entry.has_port(kind.service)
            && means(entry, kind.peer, world, lost.last)
    };
    let entry = book.proposal(device).and_then(|proposal| {
        let held = proposal.held.iter().map(|held| &held.entry);
        proposal.contract.entries.iter().chain(held).find(fits).map(|entry| entry.id().to_string())
    });
    RehearsedKind {
        says,
        times: lost.times,
        packets: lost.packets,
        first: time(lost.first),
        last: time(lost.last),
        peer,
        service,
        unanswered: lost.answered == 0,
        entry,
    }
}

/// Whether an entry's peer is at an address, as far as that is plain.
fn means(entry: &Entry, ip: IpAddr, world: &World, at: Timestamp) -> bool {
    use cordon_contract::Peer;
    match &entry.peer {
        Peer::Device { id, .. } => {
            world.register.record_of(None, Some(ip), at).is_some_and(|record| record.id == *id)
        }
        Peer::Network { net } => net.contains(&ip),
        Peer::Multicast { group } => *group == ip,
        Peer::Gateway => {
            world.register.record_of(None, Some(ip), at).is_some_and(|record| record.seen.routes)
        }
        Peer::Anyone => true,
        Peer::Internet => cordon_model::is_public(ip),
        _ => false,
    }
}

/// What names meant to devices in the time of a question, by what they were told then.
fn bindings(
    history: &ParquetHistory,
    policy: &Policy,
    register: &Register,
    flows: &TallyQuery,
) -> Answer<Bindings> {
    let mut bindings = Bindings::default();
    if policy.names.is_empty() {
        return Ok(bindings);
    }
    let members: HashMap<&DeviceId, MemberNo> =
        (0..).map(MemberNo).zip(&policy.members).map(|(no, member)| (&member.device, no)).collect();
    let mut query = FactQuery {
        site: flows.site.clone(),
        // What was told before is used for a while.
        from: flows.from.map(|from| from.minus(Duration::from_secs(24 * 3600))),
        to: flows.to,
        kind: Some(ANSWER.to_owned()),
        limit: MAX_LIMIT,
        ..FactQuery::default()
    };
    loop {
        let page = history
            .facts(&query)
            .map_err(|error| Problem::new(ProblemKind::Broken, error.to_string()))?;
        for row in &page.rows {
            let Some((name, ip)) = row.value.rsplit_once(' ') else { continue };
            let record = register.record_of(row.mac, row.ip, row.at);
            let member = record.and_then(|record| members.get(&record.id));
            if let (Some(member), Ok(ip)) = (member, ip.parse()) {
                // Kept once a day: it held on that day.
                bindings.learn(policy, *member, name, ip, Timestamp::from_nanos(i64::MAX));
            }
        }
        query.cursor = page.next;
        if page.next.is_none() {
            return Ok(bindings);
        }
    }
}
