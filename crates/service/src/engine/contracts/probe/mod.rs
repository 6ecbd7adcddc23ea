//! Probes: a machine that somebody named tries what a proof says. The service sends nothing itself: it
//! says what is tried, writes that down first, and compares what came of it.

mod care;
mod open;
mod plan;
mod report;

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use cordon_model::{DeviceId, Text};
use cordon_probe::{Chance, Port};
use cordon_prove::End;
use cordon_store::Snapshot;

use self::open::Open;

/// Plans that are remembered: more probes at once are no probes.
const PLANS: usize = 64;
/// How long outcomes are waited for: the slowest probe takes 25 minutes.
const LASTS: Duration = Duration::from_secs(3_600);
/// Tries towards one device in that time; many probes one after the other are a scan.
const MOST_TRIES: usize = 96;

/// Probes under way, and what they found.
#[derive(Default)]
pub(super) struct Probes {
    plans: VecDeque<Plan>,
    open: Open,
}

/// A probe that was allowed and written down.
#[derive(Clone, Debug)]
struct Plan {
    id: String,
    /// Who may tell what came of it.
    actor: String,
    /// Whose place the machine has, as people call it; empty for nobody's.
    from: Text,
    /// What its address is to the rules.
    end: End,
    /// Whose address it is.
    device: Option<DeviceId>,
    source: IpAddr,
    to: DeviceId,
    address: IpAddr,
    tries: Vec<(Port, Chance)>,
    /// Whether packets from there need not pass this machine.
    beside: bool,
    /// Whether it cannot be told what the address is to the rules.
    unsure: bool,
    made: Instant,
    reported: bool,
}

impl Probes {
    /// What a former run wrote; its plans are void.
    pub fn read(snapshot: &Snapshot) -> Self {
        let open = Open::read(snapshot.settings.get(open::PROBES));
        Probes { plans: VecDeque::new(), open }
    }

    /// Lets go of plans whose time is over.
    fn tidy(&mut self, now: Instant) {
        self.plans.retain(|plan| now.saturating_duration_since(plan.made) < LASTS);
    }

    /// How often a device may still be tried.
    fn left(&self, to: &DeviceId) -> usize {
        let plans = self.plans.iter().filter(|plan| plan.to == *to);
        MOST_TRIES.saturating_sub(plans.map(|plan| plan.tries.len()).sum())
    }
}
