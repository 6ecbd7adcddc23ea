//! Promises: what was proven impossible once, proven again at intervals and with every change of
//! the rules. One that no longer holds is found on the timeline of the device that could.

use cordon_model::record::{Event, EventKind};
use cordon_model::{DeviceId, Text, Timestamp};
use cordon_store::Write;
use serde::{Deserialize, Serialize};

use super::prove::Ground;
use crate::engine::Engine;
use crate::{Answer, Problem};

/// The setting that holds them.
pub(in crate::engine) const PROMISES: &str = "contracts.promises";
/// Most promises of a site.
const MOST: usize = 1_000;

/// What was promised.
#[derive(Clone, PartialEq, Default, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Promises {
    held: Vec<Promise>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct Promise {
    /// Who must not reach.
    from: DeviceId,
    /// Whom.
    to: DeviceId,
    /// Who promised.
    by: Text,
    /// When.
    at: Timestamp,
    /// Since when it does not hold, and how.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    broken: Option<(Timestamp, Text)>,
}

impl Promises {
    /// What a former run wrote.
    pub fn read(setting: Option<&Text>) -> Self {
        setting.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    pub fn write(&self) -> Write {
        let value = serde_json::to_string(self).unwrap_or_default();
        Write::PutSetting { name: Text::from(PROMISES), value: value.into() }
    }
}

impl Engine {
    /// The promises with one of what was just proven, or without it; nothing where that changes
    /// nothing.
    pub(super) fn promised(
        &self,
        from: &DeviceId,
        to: &DeviceId,
        keep: bool,
        by: &str,
        at: Timestamp,
    ) -> Answer<Option<Promises>> {
        let mut promises = self.promises().clone();
        let same = |one: &Promise| one.from == *from && one.to == *to;
        let known = promises.held.iter().any(same);
        match (keep, known) {
            (true, false) if promises.held.len() >= MOST => {
                return Err(Problem::invalid(format!(
                    "a site has at most {MOST} promises; let go of one with --let-go"
                )));
            }
            (true, false) => promises.held.push(Promise {
                from: from.clone(),
                to: to.clone(),
                by: by.into(),
                at,
                broken: None,
            }),
            (false, true) => promises.held.retain(|one| !same(one)),
            _ => return Ok(None),
        }
        Ok(Some(promises))
    }

    /// Holds promises that were written.
    pub(super) fn hold_promises(&self, promises: Promises) {
        *self.promises() = promises;
    }

    /// Whether it was promised that one device cannot reach another.
    pub(super) fn is_promised(&self, from: &DeviceId, to: &DeviceId) -> bool {
        self.promises().held.iter().any(|one| one.from == *from && one.to == *to)
    }

    /// Proves every promise again.
    ///
    /// # Errors
    /// Where the rules cannot be read, or what was found cannot be written.
    pub async fn keep_promises(&self) -> Answer<()> {
        let before = self.promises().clone();
        if before.held.is_empty() {
            return Ok(());
        }
        let ground = self.ground().await?;
        let now = ground.now;
        let mut events = Vec::new();
        let mut after = before.clone();
        for one in &mut after.held {
            let Some(way) = ground.way(&one.from, &one.to) else { continue };
            let label = |id| ground.label(id);
            let event = |kind, says: String| Event {
                at: now,
                device: one.from.clone(),
                kind,
                says: says.into(),
                actor: None,
            };
            match (&one.broken, way) {
                (None, Some(way)) => {
                    events.push(event(
                        EventKind::FindingOpened,
                        format!(
                            "found: it can reach {}, which was promised to be impossible: {way}",
                            label(&one.to)
                        ),
                    ));
                    one.broken = Some((now, way.into()));
                }
                (Some(_), None) => {
                    events.push(event(
                        EventKind::FindingClosed,
                        format!("it cannot reach {} any more, as promised", label(&one.to)),
                    ));
                    one.broken = None;
                }
                (None, None) | (Some(_), Some(_)) => {}
            }
        }
        if events.is_empty() {
            return Ok(());
        }
        let writes = events.into_iter().map(Write::AddEvent).chain([after.write()]).collect();
        {
            // What somebody promised in the meantime stays.
            let mut held = self.promises();
            for one in &mut held.held {
                let same = |other: &&Promise| other.from == one.from && other.to == one.to;
                if let Some(other) = after.held.iter().find(same) {
                    one.broken = other.broken.clone();
                }
            }
        }
        self.commit(writes, Vec::new()).await?;
        self.tick(&["devices", "today", "health"]);
        Ok(())
    }

    /// Waits until the kernel's rules change.
    pub(in crate::engine) async fn rules_change(&self) {
        self.contracts.changed.notified().await;
    }

    /// How many promises there are, and in a sentence how the first one is broken.
    pub(in crate::engine) fn promises_kept(&self) -> Option<(usize, Option<String>)> {
        let promises = self.promises();
        let world = self.world.load();
        let label = |id: &DeviceId| {
            world.register.get(id).map_or_else(|| id.0.to_string(), |one| one.label())
        };
        let says = promises.held.iter().find_map(|one| {
            let (since, way) = one.broken.as_ref()?;
            let since = crate::engine::show::moment(*since);
            Some(format!("since {since} {} can reach {}: {way}", label(&one.from), label(&one.to)))
        });
        (!promises.held.is_empty()).then_some((promises.held.len(), says))
    }

    fn promises(&self) -> std::sync::MutexGuard<'_, Promises> {
        let held = self.contracts.promises.lock();
        held.unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Ground {
    /// The first way from one device to another in a sentence, if there is one; nothing where one
    /// of them has no address now, so that nothing can be said.
    fn way(&self, from: &DeviceId, to: &DeviceId) -> Option<Option<String>> {
        let known = |id: &DeviceId| {
            let mut devices = self.site.devices.iter();
            devices.find(|device| device.id == *id && !device.ips.is_empty()).cloned()
        };
        let said = self.pair(&known(from)?, &known(to)?);
        Some((said.answer != "impossible").then(|| {
            let way = said.steps.get(1).cloned();
            way.unwrap_or(said.says).trim_end_matches('.').to_owned()
        }))
    }
}
