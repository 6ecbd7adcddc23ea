//! Promises: what was proven impossible once, proven again at intervals and with every change of
//! the rules. One that no longer holds is found on the timeline of the device that could.

use cordon_contract::Bindings;
use cordon_model::record::{Event, EventKind};
use cordon_model::{DeviceId, Text, Timestamp};
use cordon_prove::{Answer as Proven, End, Prover};
use cordon_store::Write;
use serde::{Deserialize, Serialize};

use super::prove::{Ground, is_beside};
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
        if self.promises().held.is_empty() {
            return Ok(());
        }
        let ground = self.ground().await?;
        let _writing = self.writing.lock().await;
        let mut after = self.promises().clone();
        let pairs: Vec<_> = after.held.iter().map(|one| (&one.from, &one.to)).collect();
        let ways = ground.ways(&pairs);
        let mut events = Vec::new();
        for (one, way) in after.held.iter_mut().zip(ways) {
            let Some(way) = way else { continue };
            let to = ground.label(&one.to);
            let (kind, says) = match (&one.broken, &way) {
                (None, Some(way)) => (
                    EventKind::FindingOpened,
                    format!("found: it was promised that it cannot reach {to}, and {way}"),
                ),
                (Some(_), None) => (
                    EventKind::FindingClosed,
                    format!("it cannot reach {to} any more, as promised"),
                ),
                (None, None) | (Some(_), Some(_)) => continue,
            };
            one.broken = way.map(|way| (ground.now, way.into()));
            let (at, device) = (ground.now, one.from.clone());
            events.push(Event { at, device, kind, says: says.into(), actor: None });
        }
        if events.is_empty() {
            return Ok(());
        }
        let writes = events.into_iter().map(Write::AddEvent).chain([after.write()]).collect();
        self.commit(writes, Vec::new()).await?;
        self.hold_promises(after);
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
            Some(format!(
                "{} must not reach {}, and since {since} {way}",
                label(&one.from),
                label(&one.to)
            ))
        });
        (!promises.held.is_empty()).then_some((promises.held.len(), says))
    }

    fn promises(&self) -> std::sync::MutexGuard<'_, Promises> {
        let held = self.contracts.promises.lock();
        held.unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Ground {
    /// For each pair of devices what is open from one to the other, to be read behind "and"; none
    /// where it is impossible, and nothing where one of them has no address now, so that nothing
    /// can be said.
    fn ways(&self, pairs: &[(&DeviceId, &DeviceId)]) -> Vec<Option<Option<String>>> {
        let loaded = self.loaded();
        let bindings = Bindings::default();
        // Rules are made ready once, not for every promise.
        let [routed, beside] = [true, false].map(|routed| self.surroundings(routed));
        let prover = |around| Prover::new(&loaded, &self.policy, &bindings, around, self.now);
        let (routed, beside) = (prover(&routed), prover(&beside));
        let known = |id: &DeviceId| {
            let mut devices = self.site.devices.iter();
            devices.find(|device| device.id == *id && !device.ips.is_empty())
        };
        let way = |(from, to): &(&DeviceId, &DeviceId)| {
            let (from, to) = (known(from)?, known(to)?);
            let prover = if is_beside(from, to) { &beside } else { &routed };
            let [from, to] = [from, to].map(|one| End::Device(one.id.clone()));
            Some(match prover.prove(&from, &to).answer {
                Proven::Impossible { .. } => None,
                Proven::Possible { ways, .. } => Some(match ways.first() {
                    Some(way) => format!("it can now: {}", way.says()),
                    None => "it can now".to_owned(),
                }),
                Proven::Unknown { .. } => Some("that is no longer proven".to_owned()),
            })
        };
        pairs.iter().map(way).collect()
    }
}
