//! Conclusions become records: the one place where what was seen enters the register.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use cordon_model::DeviceId;
use cordon_pipeline::Talk;
use cordon_register::{Register, Snapshot};
use tokio::sync::mpsc;

use super::Engine;
use super::world::{Latest, World};
use super::write::writes;
use crate::Tick;
use crate::watch::Observed;

/// Until what could not be written is tried again, where nothing newer comes.
const AGAIN: Duration = Duration::from_secs(5);

impl Engine {
    /// Takes in conclusions until there are no more.
    pub async fn observe(self: Arc<Self>, mut observed: mpsc::Receiver<Observed>) {
        let mut waiting = observed.recv().await;
        while let Some(one) = waiting.take() {
            waiting = if self.take_in(&one).await {
                observed.recv().await
            } else {
                // The last word of a recording comes once: it is kept until there is room for it.
                match tokio::time::timeout(AGAIN, observed.recv()).await {
                    Ok(newer) => newer,
                    Err(_) => Some(one),
                }
            };
        }
    }

    /// Whether it was written.
    async fn take_in(&self, observed: &Observed) -> bool {
        let Observed { conclusions, learned, now, over } = observed;
        let now = *now;
        let writing = self.writing.lock().await;
        let world = self.world.load_full();
        let mut register = Register::clone(&world.register);
        let devices = &conclusions.devices;
        let snapshot = Snapshot {
            devices: &devices.devices,
            evidence: &devices.evidence,
            addresses: &devices.addresses,
            services: &devices.services,
            findings: &conclusions.findings,
        };
        let update = register.observe(&snapshot, now);
        if !update.is_empty()
            && let Err(problem) = self.commit(writes(&update), Vec::new()).await
        {
            // What was seen is seen again in a moment; what people did is not waiting behind it.
            tracing::error!(%problem, "what was observed cannot be written; trying again");
            return false;
        }
        self.let_go(&update.removed, false);
        let ids = ids(&register, &devices.devices);
        let talks = with_records(conclusions.talks.clone(), &ids);
        let learned = match self.take_in_learned(learned, &register, &ids, *over).await {
            Ok(news) => news,
            Err(problem) => {
                tracing::error!(%problem, "what was learned cannot be written; trying again");
                return false;
            }
        };
        if let Err(problem) = self.look_for_firmware(&register, now).await {
            tracing::error!(%problem, "a change of firmware cannot be written; trying again");
            return false;
        }
        drop(ids);
        let (coverage, limits) = (conclusions.coverage.clone(), conclusions.limits.clone());
        let latest = Latest { coverage, limits, talks };
        self.world.store(Arc::new(World {
            register: Arc::new(register),
            latest: Some(Arc::new(latest)),
            now,
        }));
        self.follow().await;
        drop(writing);
        let mut topics = vec!["health"];
        if learned {
            topics.push("contracts");
        }
        if !update.is_empty() {
            topics.extend(["today", "devices", "findings"]);
        }
        self.tick(&topics);
        true
    }

    /// Tells whoever listens that something changed.
    pub(super) fn tick(&self, topics: &[&str]) {
        let number = self.ticked.fetch_add(1, Ordering::Relaxed);
        let tick = Tick {
            number,
            topics: topics.iter().map(|topic| (*topic).to_owned()).collect(),
            numbers: self.live_numbers(),
        };
        // Nobody listening is no failure.
        let _ = self.ticks.send(tick);
    }
}

/// The ids of records by those of the watcher: a device may be known under an older id.
fn ids<'a>(register: &Register, devices: &'a [cordon_model::Device]) -> HashMap<&'a str, DeviceId> {
    devices
        .iter()
        .filter_map(|device| {
            let mac = device.macs.first().copied();
            let ip = device.ips.first().copied();
            let record =
                register.get(&device.id).or_else(|| register.record_of(mac, ip, device.last))?;
            Some((device.id.0.as_str(), record.id.clone()))
        })
        .collect()
}

/// The ends of talks by the ids of records.
fn with_records(talks: Vec<Talk>, ids: &HashMap<&str, DeviceId>) -> Vec<Talk> {
    let name = |end: String| match ids.get(end.as_str()) {
        Some(id) => id.0.to_string(),
        None => end,
    };
    talks
        .into_iter()
        .map(|talk| Talk { from: name(talk.from), to: name(talk.to), ..talk })
        .collect()
}
