//! The contracts of a site: what is in force, what is proposed, and every step that led there.
//!
//! A [`Book`] changes only in memory. Each change returns an [`Update`]: the rows to write before
//! anybody acts on it. A [`Step`] keeps what was before, so that it can be taken back; versions of
//! a contract only count up, taking a step back included.

mod change;
mod merge;
mod rows;
mod versions;
mod view;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use cordon_model::{DeviceId, Text};

use crate::document::EntryId;

pub use change::{Adopt, Seal};
pub use rows::{Did, Proposal, Signed, Standing, Step, Undone};
pub use versions::{Version, Versions};
pub use view::News;

/// Steps that are kept in memory to be taken back.
const STEPS: usize = 256;

/// The contracts of a site.
#[derive(Clone, Default, Debug)]
pub struct Book {
    standings: BTreeMap<DeviceId, Arc<Standing>>,
    proposals: BTreeMap<DeviceId, Arc<Proposal>>,
    /// What was proposed when this run began: what is learned now is counted on top of it.
    base: BTreeMap<DeviceId, Arc<Proposal>>,
    /// Newest last.
    steps: VecDeque<Arc<Step>>,
    next_step: u64,
}

/// Rows that a change makes.
#[derive(Clone, Default, Debug)]
pub struct Update {
    /// New or changed.
    pub standings: Vec<Arc<Standing>>,
    /// New or changed.
    pub proposals: Vec<Arc<Proposal>>,
    /// What was done, where a person can take it back.
    pub steps: Vec<Arc<Step>>,
}

/// Why a change was not made. Nothing was changed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BookError {
    /// Nothing is known of it.
    #[error("nothing was learned of {0} yet, and it has no contract")]
    Unknown(DeviceId),
    /// A stage needs something to stand for.
    #[error("{0} has no contract in force; adopt one first")]
    NoContract(DeviceId),
    /// Nothing would change.
    #[error("nothing would change: {0}")]
    Nothing(Text),
    /// An entry that is not there.
    #[error("{device} has no entry {entry}, neither in its contract nor proposed or held back")]
    NoEntry {
        /// Whose.
        device: DeviceId,
        /// Which.
        entry: EntryId,
    },
    /// More than a contract may hold.
    #[error("the contract of {0} would have too many entries; name networks instead of addresses")]
    TooMany(DeviceId),
    /// A step that is not there.
    #[error("there is no step {0} that could be taken back")]
    NoStep(u64),
    /// A step that was taken back already.
    #[error("step {0} was taken back already")]
    Undone(u64),
    /// A later step changed the same device.
    #[error("step {later} changed {device} since; take that back first")]
    Later {
        /// The later step.
        later: u64,
        /// Which device.
        device: DeviceId,
    },
}

impl Book {
    /// The book of a site as it was written down. `steps` are the latest, oldest first.
    #[must_use]
    pub fn load(
        standings: Vec<Standing>,
        proposals: Vec<Proposal>,
        steps: Vec<Step>,
        next_step: u64,
    ) -> Self {
        let proposals: BTreeMap<_, _> =
            proposals.into_iter().map(|one| (one.device().clone(), Arc::new(one))).collect();
        let surplus = steps.len().saturating_sub(STEPS);
        Book {
            standings: standings
                .into_iter()
                .map(|one| (one.device.clone(), Arc::new(one)))
                .collect(),
            base: proposals.clone(),
            proposals,
            steps: steps.into_iter().skip(surplus).map(Arc::new).collect(),
            next_step,
        }
    }
}
