//! What needs a human, and how much is seen.

use cordon_model::Severity;
use cordon_model::record::FindingState;
use std::sync::atomic::Ordering;

use super::Engine;
use super::devices::NEW;
use super::show::time;
use super::world::World;
use crate::view::{Counts, CoverageView, DeviceRow, Need, Today};
use crate::{Answer, Caller};

/// Things to do on the first page: more is on the fix list.
const NEEDS: usize = 5;
/// New devices on the first page.
const NEW_SHOWN: usize = 20;

impl Engine {
    pub(super) fn show_today(&self, caller: &Caller) -> Answer<Today> {
        self.may_view(caller)?;
        let world = self.world.load();
        let mut needs = self.needs(&world);
        needs.truncate(NEEDS);
        let open = world.open_by_device();
        let mut new_devices: Vec<DeviceRow> = world
            .register
            .records()
            .filter(|record| world.now.since(record.first) <= NEW)
            .map(|record| self.row(&world, record, open.get(&record.id).copied()))
            .collect();
        new_devices.sort_by(|a, b| b.first.cmp(&a.first).then_with(|| a.id.cmp(&b.id)));
        new_devices.truncate(NEW_SHOWN);
        Ok(Today {
            site: self.options.site_name.clone(),
            now: time(world.now),
            needs,
            counts: self.counts(&world),
            coverage: self.coverage(&world),
            new_devices,
        })
    }

    pub(super) fn show_fixes(&self, caller: &Caller) -> Answer<Vec<Need>> {
        self.may_view(caller)?;
        Ok(self.needs(&self.world.load()))
    }

    pub(super) fn counts(&self, world: &World) -> Counts {
        let mut counts = Counts::default();
        for record in world.register.records() {
            counts.devices += 1;
            counts.named += u64::from(record.is_named());
            counts.online += u64::from(world.is_online(record, self.options.online_within));
            counts.new += u64::from(world.now.since(record.first) <= NEW);
        }
        for one in world.register.findings() {
            match (one.state, one.finding.severity) {
                (FindingState::Waiting, _) => counts.waiting += 1,
                (FindingState::Open, Severity::Critical) => counts.critical += 1,
                (FindingState::Open, Severity::High) => counts.high += 1,
                (FindingState::Open, Severity::Medium) => counts.medium += 1,
                (FindingState::Open, _) => counts.low += 1,
                _ => {}
            }
        }
        let now = self.clock.now();
        counts.approvals = self
            .folk()
            .approvals
            .values()
            .filter(|row| row.decided.is_none() && now < row.expires)
            .count() as u64;
        counts.flows = self.gauges.flows_taken.load(Ordering::Relaxed);
        counts
    }

    fn coverage(&self, world: &World) -> CoverageView {
        let sources = self.source_views();
        let dropped = sources
            .iter()
            .map(|source| source.dropped_by_kernel.saturating_add(source.dropped_by_queue))
            .sum();
        let mut view = CoverageView {
            packets: self.gauges.packets.load(Ordering::Relaxed),
            dropped,
            sources,
            ..CoverageView::default()
        };
        if let Some(latest) = &world.latest {
            let sum = |counts: &std::collections::BTreeMap<_, cordon_pipeline::ProtocolCount>| {
                counts.values().map(|count| count.flows).sum::<u64>()
            };
            view.seen_flows = sum(&latest.coverage.protocols);
            view.guessed_flows = sum(&latest.coverage.guessed);
            let known = view.seen_flows + view.guessed_flows;
            view.unknown_flows = latest.coverage.flows.saturating_sub(known);
            view.limits = latest.limits.clone();
        }
        view
    }

    /// Numbers that pages show without asking again.
    pub(super) fn live_numbers(&self) -> Vec<(String, String)> {
        let world = self.world.load();
        let counts = self.counts(&world);
        let grave = counts.critical + counts.high;
        let packets = self.gauges.packets.load(Ordering::Relaxed);
        [
            ("devices", counts.devices),
            ("online", counts.online),
            ("findings", counts.critical + counts.high + counts.medium + counts.low),
            ("grave", grave),
            ("approvals", counts.approvals),
            ("packets", packets),
            ("flows", counts.flows),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_string()))
        .collect()
    }
}
