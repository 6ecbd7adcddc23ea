//! Devices of one model help each other: what several do, the others may do as well.

use std::collections::BTreeMap;

use cordon_model::Text;

use super::Learned;
use crate::document::{Bounds, Contract, Entry, MAX_ENTRIES, Peer, Why};

/// Devices of a model that do something from which on it is the model's. One alone may have been
/// set up by its owner in a way of its own, or be somebody else's by now.
const DOERS: usize = 2;

/// What was learned, and beside it what at least two devices of the same maker and model do.
///
/// Nothing is handed on that means one particular device or address: another camera has another
/// recorder. Nor is anything that was held back of any device of the model, so that several that
/// were taken over do not speak for the rest.
#[must_use]
pub fn share(learned: &[Learned]) -> Vec<Learned> {
    let mut shared = learned.to_vec();
    let mut models: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
    for (place, one) in learned.iter().enumerate() {
        if let Some(model) = model_of(&one.contract) {
            models.entry(model).or_default().push(place);
        }
    }
    for places in models.into_values().filter(|places| places.len() > DOERS) {
        let peers: Vec<&Learned> = places.iter().filter_map(|place| learned.get(*place)).collect();
        let usual = usual(&peers);
        for place in places {
            let Some(one) = shared.get_mut(place) else { continue };
            for entry in &usual {
                let covered = one.contract.entries.iter().any(|held| held.covers(entry));
                if !covered && one.contract.entries.len() < MAX_ENTRIES {
                    one.contract.allow(entry.clone());
                }
            }
        }
    }
    shared
}

/// Maker and model, if both are known. Two makers call different things by one name.
fn model_of(contract: &Contract) -> Option<(String, String)> {
    let plain = |text: &Text| text.trim().to_lowercase();
    let vendor = contract.expected.vendor.as_ref().map(plain)?;
    let model = contract.expected.model.as_ref().map(plain)?;
    (!vendor.is_empty() && !model.is_empty()).then_some((vendor, model))
}

/// What enough devices of a model do, each once.
fn usual(peers: &[&Learned]) -> Vec<Entry> {
    let Some(model) = peers.first().and_then(|first| first.contract.expected.model.clone()) else {
        return Vec::new();
    };
    let mut usual: Vec<Entry> = Vec::new();
    for entry in peers.iter().flat_map(|peer| &peer.contract.entries) {
        if is_particular(&entry.peer)
            || !seen(entry)
            || usual.iter().any(|held| held.id() == entry.id())
            || peers.iter().any(|peer| holds_back(peer, entry))
        {
            continue;
        }
        let doers: Vec<&Entry> = peers
            .iter()
            .filter_map(|peer| {
                let mut entries = peer.contract.entries.iter();
                entries.find(|held| seen(held) && held.covers(entry))
            })
            .collect();
        if doers.len() >= DOERS {
            let devices = u32::try_from(doers.len()).unwrap_or(u32::MAX);
            usual.push(Entry {
                bounds: widest(&doers),
                why: vec![Why::Profile { model: model.clone(), devices }],
                ..entry.clone()
            });
        }
    }
    usual
}

/// Whether a peer is one device or one address, and nobody else's affair.
fn is_particular(peer: &Peer) -> bool {
    match peer {
        Peer::Device { .. } | Peer::MyController => true,
        Peer::Network { net } => net.prefix_len() == net.max_prefix_len(),
        _ => false,
    }
}

/// Whether the device did it itself: what it has from others does not count again.
fn seen(entry: &Entry) -> bool {
    entry.why.iter().any(|why| matches!(why, Why::Learned { .. }))
}

fn holds_back(peer: &Learned, entry: &Entry) -> bool {
    peer.held.iter().any(|held| entry.covers(&held.entry) || held.entry.covers(entry))
}

/// What all of them keep to; no bound where one has none.
fn widest(doers: &[&Entry]) -> Bounds {
    let all = |pick: &dyn Fn(&Bounds) -> Option<u64>| {
        let picked: Option<Vec<u64>> = doers.iter().map(|entry| pick(&entry.bounds)).collect();
        picked.and_then(|bounds| bounds.into_iter().max())
    };
    let small = |bound: Option<u64>| bound.map(|bound| u32::try_from(bound).unwrap_or(u32::MAX));
    Bounds {
        bytes_per_hour: all(&|bounds| bounds.bytes_per_hour),
        flows_per_minute: small(all(&|bounds| bounds.flows_per_minute.map(u64::from))),
        packets_per_second: small(all(&|bounds| bounds.packets_per_second.map(u64::from))),
    }
}
