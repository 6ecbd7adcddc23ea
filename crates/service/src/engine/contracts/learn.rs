//! What devices do becomes what is proposed.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use cordon_contract::book::{Book, Update};
use cordon_contract::learn::{Learned, share};
use cordon_contract::{Contract, Expected, Peer};
use cordon_model::DeviceId;
use cordon_model::record::Record;
use cordon_register::{Register, View};
use cordon_store::Write;

use crate::Answer;
use crate::engine::Engine;

/// Between two times that every proposal is written with its counts, although it says the same.
const WRITE: Duration = Duration::from_secs(600);
/// Proposals written at once.
const AT_ONCE: usize = 1_000;

impl Engine {
    /// Takes in what was learned. `ids` are the records' ids by the ids that the watcher gives.
    /// Whoever calls holds `writing`.
    pub(in crate::engine) async fn take_in_learned(
        &self,
        learned: &[Learned],
        register: &Register,
        ids: &HashMap<&str, DeviceId>,
        over: bool,
    ) -> Answer<bool> {
        let learned = share(&by_record(learned, register, ids));
        let mut book = Book::clone(&self.book());
        let mut update = book.propose(learned);
        let now = self.clock.instant();
        let due = {
            let mut written = self.contracts.written.lock().unwrap_or_else(PoisonError::into_inner);
            let due = over || written.is_none_or(|before| now - before >= WRITE);
            if due {
                *written = Some(now);
            }
            due
        };
        if due {
            update.proposals = book.proposals();
        }
        let news = !update.proposals.is_empty();
        write_proposals(self, &update).await?;
        self.contracts.book.store(Arc::new(book));
        Ok(news)
    }
}

impl Engine {
    /// Lets go of the contracts of devices that are no more. Whoever calls holds `writing`.
    pub(in crate::engine) fn let_go(&self, devices: &[DeviceId], forget: bool) {
        if devices.is_empty() {
            return;
        }
        let mut book = Book::clone(&self.book());
        for device in devices {
            if forget { book.forget(device) } else { book.leave(device) }
        }
        self.contracts.book.store(Arc::new(book));
    }
}

async fn write_proposals(engine: &Engine, update: &Update) -> Answer<()> {
    for part in update.proposals.chunks(AT_ONCE) {
        let writes = part.iter().cloned().map(Write::PutProposal).collect();
        engine.commit(writes, Vec::new()).await?;
    }
    Ok(())
}

/// What was learned, under the ids and names of records: two devices of the watcher may be one.
fn by_record(
    learned: &[Learned],
    register: &Register,
    ids: &HashMap<&str, DeviceId>,
) -> Vec<Learned> {
    let mut all: Vec<Learned> = Vec::new();
    let mut places: HashMap<DeviceId, usize> = HashMap::new();
    for one in learned {
        let Some(record) = ids.get(one.contract.device.0.as_str()).and_then(|id| register.get(id))
        else {
            continue;
        };
        let one = renamed(one.clone(), record, register, ids);
        match places.get(&record.id).and_then(|place| all.get_mut(*place)) {
            None => {
                places.insert(record.id.clone(), all.len());
                all.push(one);
            }
            Some(first) => {
                for entry in one.contract.entries {
                    first.contract.allow(entry);
                }
                first.held.extend(one.held);
            }
        }
    }
    all
}

fn renamed(
    mut learned: Learned,
    record: &Record,
    register: &Register,
    ids: &HashMap<&str, DeviceId>,
) -> Learned {
    let contract = &mut learned.contract;
    contract.device = record.id.clone();
    contract.name = record.label().into();
    contract.expected = expected(record);
    let held = learned.held.iter_mut().map(|held| &mut held.entry);
    for entry in contract.entries.iter_mut().chain(held) {
        if let Peer::Device { id, name } = &mut entry.peer
            && let Some(other) = ids.get(id.0.as_str()).and_then(|id| register.get(id))
        {
            *id = other.id.clone();
            *name = other.label().into();
        }
    }
    // Under new names two entries may be one.
    let entries = std::mem::take(&mut contract.entries);
    for entry in entries {
        contract.allow(entry);
    }
    learned
}

/// Who the device is, by the register: what people say outweighs what was seen.
pub(super) fn expected(record: &Record) -> Expected {
    let view = View::of(record);
    let own = |set: &Option<cordon_model::record::Set<cordon_model::Text>>| {
        set.as_ref().map(|set| set.value.clone())
    };
    Expected {
        kind: view.kind.map(|field| *field.value),
        vendor: view.vendor.map(|field| field.value.clone()),
        model: view.model.map(|field| field.value.clone()),
        firmware: view.firmware.map(|field| field.value.clone()),
        owner: own(&record.own.owner),
        zone: own(&record.own.zone),
        criticality: record.criticality(),
        ..Expected::default()
    }
}

/// A contract for a device of which nothing was learned.
pub(super) fn empty(record: &Record, at: cordon_model::Timestamp) -> Contract {
    let mut contract = Contract::new(record.id.clone(), &record.label(), at);
    contract.expected = expected(record);
    contract
}
