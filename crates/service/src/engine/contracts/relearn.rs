//! After a firmware change: what a device does anew is a difference to look at, not an alarm.

use std::collections::BTreeMap;

use cordon_contract::learn::Learned;
use cordon_contract::learn::relearn::{Change, Window, due, propose};
use cordon_model::record::{Event, EventKind};
use cordon_model::{DeviceId, Text, Timestamp};
use cordon_register::{Register, View};
use cordon_store::Write;
use serde::{Deserialize, Serialize};

use crate::Answer;
use crate::engine::Engine;

/// The setting that says which devices are learned again.
pub(in crate::engine) const RELEARN: &str = "contracts.relearn";

/// Devices that have another firmware than their contracts expect.
#[derive(Clone, PartialEq, Default, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Relearning {
    devices: BTreeMap<DeviceId, Since>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct Since {
    from: Text,
    to: Text,
    since: Timestamp,
}

impl Relearning {
    /// What a former run wrote.
    pub fn read(setting: Option<&Text>) -> Self {
        setting.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    fn write(&self) -> Write {
        let value = serde_json::to_string(self).unwrap_or_default();
        Write::PutSetting { name: Text::from(RELEARN), value: value.into() }
    }
}

impl Engine {
    /// Sees whose firmware is another than the contract in force expects. Whoever calls holds
    /// `writing`.
    pub(in crate::engine) async fn look_for_firmware(
        &self,
        register: &Register,
        now: Timestamp,
    ) -> Answer<()> {
        let book = self.book();
        let held = self.relearning().clone();
        let mut next = Relearning::default();
        let mut writes = Vec::new();
        for standing in book.standings() {
            let (Some(contract), Some(record)) =
                (standing.contract(), register.get(&standing.device))
            else {
                continue;
            };
            let seen = View::of(record).firmware.map(|field| field.value.clone());
            let Some(change) = due(contract.expected.firmware.as_deref(), seen.as_deref()) else {
                continue;
            };
            let new = Since { from: change.from, to: change.to, since: now };
            let same = |held: &&Since| held.from == new.from && held.to == new.to;
            let since = match held.devices.get(&standing.device).filter(same) {
                Some(held) => held.clone(),
                None => {
                    let says = format!(
                        "has the firmware {} where its contract expects {}: it is learned again, \
                         and what it does anew is a difference to look at",
                        new.to, new.from
                    );
                    writes.push(Write::AddEvent(differs(standing.device.clone(), now, says)));
                    new
                }
            };
            next.devices.insert(standing.device.clone(), since);
        }
        if next != held {
            writes.push(next.write());
            self.commit(writes, Vec::new()).await?;
            *self.relearning() = next;
        }
        Ok(())
    }

    /// Whether a device is learned again at a time.
    pub(super) fn is_learned_again(&self, device: &DeviceId, at: Timestamp) -> bool {
        let since = self.relearning().devices.get(device).map(|held| held.since);
        let book = self.book();
        let learning = book.proposal(device).and_then(|one| one.contract.learning.as_ref());
        since.is_some_and(|since| Window::new(since).is_open(at, learning))
    }

    /// What a device does anew since its firmware changed, in a sentence; none where it did not.
    pub(super) fn since_its_firmware(&self, device: &DeviceId, at: Timestamp) -> Option<String> {
        let held = self.relearning().devices.get(device).cloned()?;
        let book = self.book();
        let contract = book.standing(device)?.contract()?;
        let proposal = book.proposal(device)?;
        let new = Learned { contract: proposal.contract.clone(), held: proposal.held.clone() };
        let change = Change { from: held.from, to: held.to };
        let says = propose(contract, &new).says(&change);
        Some(match self.is_learned_again(device, at) {
            true => format!("{says}. For a day that is a difference to look at, and no alarm."),
            false => format!("{says}."),
        })
    }

    fn relearning(&self) -> std::sync::MutexGuard<'_, Relearning> {
        let held = self.contracts.relearning.lock();
        held.unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// A line of the timeline about a device that differs.
pub(super) fn differs(device: DeviceId, at: Timestamp, says: String) -> Event {
    Event { at, device, kind: EventKind::Differs, says: says.into(), actor: None }
}
