//! What the book says.

use std::sync::Arc;

use cordon_model::DeviceId;

use super::Book;
use super::rows::{Proposal, Standing, Step};
use crate::document::Entry;
use crate::learn::Held;
use crate::resolve::Bound;

/// What a person has to decide about a device's contract.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct News<'a> {
    /// Proposed, and allowed by nothing that is in force.
    pub proposed: Vec<&'a Entry>,
    /// Held back, because it looks like an attack.
    pub held: Vec<&'a Held>,
    /// In force because it was learned, and covered by nothing that was learned since.
    pub unseen: Vec<&'a Entry>,
}

impl Book {
    /// What stands for a device; none where nobody has decided anything.
    #[must_use]
    pub fn standing(&self, device: &DeviceId) -> Option<&Arc<Standing>> {
        self.standings.get(device)
    }

    /// What stands, by device.
    pub fn standings(&self) -> impl Iterator<Item = &Arc<Standing>> {
        self.standings.values()
    }

    /// What is proposed for a device.
    #[must_use]
    pub fn proposal(&self, device: &DeviceId) -> Option<&Arc<Proposal>> {
        self.proposals.get(device)
    }

    /// Devices with anything at all.
    #[must_use]
    pub fn devices(&self) -> Vec<&DeviceId> {
        let mut devices: Vec<_> = self.standings.keys().chain(self.proposals.keys()).collect();
        devices.sort_unstable();
        devices.dedup();
        devices
    }

    /// The latest steps, newest first.
    pub fn steps(&self) -> impl Iterator<Item = &Arc<Step>> {
        self.steps.iter().rev()
    }

    /// The latest step that can be taken back.
    #[must_use]
    pub fn last_step(&self) -> Option<&Arc<Step>> {
        self.steps()
            .find(|step| step.undone.is_none() && !matches!(step.did, super::Did::TookBack { .. }))
    }

    /// What a person has to decide about.
    #[must_use]
    pub fn news(&self, device: &DeviceId) -> News<'_> {
        let standing = self.standings.get(device);
        let contract = standing.and_then(|standing| standing.contract());
        let covered = |entry: &Entry| {
            contract.is_some_and(|held| held.entries.iter().any(|mine| mine.covers(entry)))
        };
        let refused =
            |entry: &Entry| standing.is_some_and(|standing| standing.refused.contains(&entry.id()));
        let Some(proposal) = self.proposals.get(device) else { return News::default() };
        let seen =
            |entry: &Entry| proposal.contract.entries.iter().any(|other| entry.covers(other));
        let learned =
            |entry: &&Entry| entry.why.iter().all(|why| matches!(why, crate::Why::Learned { .. }));
        let fresh = |entry: &&Entry| !covered(entry) && !refused(entry);
        News {
            proposed: proposal.contract.entries.iter().filter(fresh).collect(),
            held: proposal
                .held
                .iter()
                .filter(|held| !covered(&held.entry) && !refused(&held.entry))
                .collect(),
            unseen: contract
                .map(|held| held.entries.iter())
                .into_iter()
                .flatten()
                .filter(learned)
                .filter(|entry| !seen(entry))
                .collect(),
        }
    }

    /// What binds packets: contracts in force, and switches of devices without one.
    pub fn bound<'a>(&'a self, nothing: &'a NoContracts) -> impl Iterator<Item = Bound<'a>> {
        self.standings.values().filter_map(|standing| {
            let (stage, reach) = (standing.stage, standing.reach);
            match (standing.contract(), nothing.0.get(&standing.device)) {
                (Some(contract), _) => Some(Bound { contract, stage, reach }),
                // A switch needs no contract, and nothing else binds without one.
                (None, Some(contract)) => {
                    Some(Bound { contract, stage: crate::Stage::Watch, reach })
                }
                (None, None) => None,
            }
        })
    }

    /// Empty contracts for devices that are switched and have none.
    #[must_use]
    pub fn switched(&self) -> NoContracts {
        let switched = self
            .standings
            .values()
            .filter(|standing| standing.signed.is_none() && standing.reach != crate::Reach::Normal);
        NoContracts(
            switched
                .map(|standing| {
                    let device = standing.device.clone();
                    let name = device.0.clone();
                    (device.clone(), crate::Contract::new(device, &name, standing.since))
                })
                .collect(),
        )
    }
}

/// Contracts that allow nothing, for devices that are switched without having one.
#[derive(Clone, Default, Debug)]
pub struct NoContracts(std::collections::BTreeMap<DeviceId, crate::Contract>);
