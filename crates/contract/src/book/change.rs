//! What people do with contracts.

use std::sync::Arc;

use cordon_model::{DeviceId, Text, Timestamp};

use super::rows::{Did, Signed, Standing, Step, Undone};
use super::{Book, BookError, STEPS, Update};
use crate::document::{Contract, Entry, EntryId, Expected, MAX_ENTRIES};
use crate::envelope::Envelope;
use crate::policy::{Reach, Stage};

/// Signs a contract.
pub type Seal<'a> = &'a dyn Fn(&Contract) -> Envelope;

/// What is put in force.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Adopt {
    /// Everything that is proposed and was not refused.
    pub proposed: bool,
    /// Of what is proposed or was held back, these entries.
    pub admit: Vec<EntryId>,
    /// Entries that come from elsewhere: a person, a MUD file.
    pub add: Vec<Entry>,
    /// Entries that go; what is proposed and not in force is refused from now on.
    pub remove: Vec<EntryId>,
    /// Who the device is expected to be from now on.
    pub expected: Option<Expected>,
}

impl Book {
    /// Puts contracts in force, each as a new version.
    ///
    /// # Errors
    /// Where one of them cannot be; then none is.
    pub fn adopt(
        &mut self,
        what: &[(DeviceId, Adopt)],
        by: &str,
        why: &str,
        at: Timestamp,
        seal: Seal<'_>,
    ) -> Result<Update, BookError> {
        let mut after = Vec::new();
        for (device, adopt) in what {
            let mut standing = self.standing_or_new(device, at);
            let before = standing.clone();
            let contract = self.adopted(&standing, adopt, by, at)?;
            for gone in &adopt.remove {
                if !standing.refused.contains(gone) {
                    standing.refused.push(gone.clone());
                }
            }
            standing.refused.retain(|refused| contract.entry(refused).is_none());
            let same = standing.contract().is_some_and(|held| is_same(held, &contract));
            if same && standing.refused == before.refused {
                continue;
            }
            if !same {
                put(&mut standing, contract, seal);
            }
            standing.since = at;
            after.push(standing);
        }
        if after.is_empty() {
            return Err(BookError::Nothing("the contracts in force say the same".into()));
        }
        Ok(self.step(after, Did::Adopted, by, why, at))
    }

    /// Changes how far contracts are enforced.
    ///
    /// # Errors
    /// Where a device has no contract, or all are there already; then nothing is changed.
    pub fn stage(
        &mut self,
        devices: &[DeviceId],
        stage: Stage,
        by: &str,
        why: &str,
        at: Timestamp,
    ) -> Result<Update, BookError> {
        let mut after = Vec::new();
        for device in devices {
            let standing = self.standing_or_new(device, at);
            if standing.signed.is_none() {
                return Err(BookError::NoContract(device.clone()));
            }
            if standing.stage != stage {
                after.push(Standing { stage, since: at, ..standing });
            }
        }
        if after.is_empty() {
            return Err(BookError::Nothing("that is how far they are enforced now".into()));
        }
        Ok(self.step(after, Did::Staged { stage }, by, why, at))
    }

    /// Switches what devices may reach. This needs no contract.
    ///
    /// # Errors
    /// Where all are switched so already.
    pub fn switch(
        &mut self,
        devices: &[DeviceId],
        reach: Reach,
        by: &str,
        why: &str,
        at: Timestamp,
    ) -> Result<Update, BookError> {
        let standings = devices.iter().map(|device| self.standing_or_new(device, at));
        let after: Vec<Standing> = standings
            .filter(|standing| standing.reach != reach)
            .map(|standing| Standing { reach, since: at, ..standing })
            .collect();
        if after.is_empty() {
            return Err(BookError::Nothing("they are switched so already".into()));
        }
        Ok(self.step(after, Did::Switched { reach }, by, why, at))
    }

    /// Takes a step back: what it changed is as it was, as a new version where a contract changes.
    ///
    /// # Errors
    /// Where it is not there, was taken back, or a later step changed the same device.
    pub fn undo(
        &mut self,
        id: u64,
        by: &str,
        at: Timestamp,
        seal: Seal<'_>,
    ) -> Result<Update, BookError> {
        let found = self.steps.iter().position(|step| step.id == id);
        let place = found.ok_or(BookError::NoStep(id))?;
        let step = self.steps.get(place).cloned().ok_or(BookError::NoStep(id))?;
        if step.undone.is_some() {
            return Err(BookError::Undone(id));
        }
        let later = self.steps.iter().skip(place + 1).filter(|later| later.undone.is_none());
        for later in later.filter(|later| !matches!(later.did, Did::TookBack { .. })) {
            let both = |one: &&Standing| later.before.iter().any(|held| held.device == one.device);
            if let Some(standing) = step.before.iter().find(both) {
                let device = standing.device.clone();
                return Err(BookError::Later { later: later.id, device });
            }
        }
        let after = step.before.iter().map(|before| self.back_to(before, by, at, seal)).collect();
        let mut update = self.step(after, Did::TookBack { step: id }, by, "", at);
        let undone = Some(Undone { at, by: by.into() });
        let taken = Arc::new(Step { undone, ..Step::clone(&step) });
        if let Some(held) = self.steps.iter_mut().find(|held| held.id == id) {
            *held = Arc::clone(&taken);
        }
        update.steps.insert(0, taken);
        Ok(update)
    }

    /// Lets go of a device that was joined into another; what was done to it stays readable.
    pub fn leave(&mut self, device: &DeviceId) {
        self.standings.remove(device);
        self.proposals.remove(device);
        self.base.remove(device);
    }

    /// Forgets a device.
    pub fn forget(&mut self, device: &DeviceId) {
        self.standings.remove(device);
        self.proposals.remove(device);
        self.base.remove(device);
        self.steps.retain(|step| step.before.iter().all(|standing| standing.device != *device));
    }

    fn standing_or_new(&self, device: &DeviceId, at: Timestamp) -> Standing {
        let held = self.standings.get(device).map(|held| Standing::clone(held));
        held.unwrap_or_else(|| Standing::new(device.clone(), at))
    }

    /// The contract that would be in force.
    fn adopted(
        &self,
        standing: &Standing,
        adopt: &Adopt,
        by: &str,
        at: Timestamp,
    ) -> Result<Contract, BookError> {
        let device = &standing.device;
        let proposal = self.proposals.get(device);
        let mut contract = match (standing.contract(), proposal) {
            (Some(held), _) => held.clone(),
            (None, Some(proposal)) => Contract { entries: Vec::new(), ..proposal.contract.clone() },
            (None, None) if adopt.add.is_empty() => {
                return Err(BookError::Unknown(device.clone()));
            }
            (None, None) => Contract::new(device.clone(), &device.0, at),
        };
        if let Some(proposal) = proposal.filter(|_| adopt.proposed) {
            contract.learning.clone_from(&proposal.contract.learning);
            let wanted = proposal.contract.entries.iter();
            for entry in wanted.filter(|entry| !standing.refused.contains(&entry.id())) {
                contract.allow(entry.clone());
            }
        }
        for id in &adopt.admit {
            let entry = proposal.and_then(|proposal| {
                let held = proposal.held.iter().map(|held| &held.entry);
                proposal.contract.entries.iter().chain(held).find(|entry| entry.id() == *id)
            });
            let missing = || BookError::NoEntry { device: device.clone(), entry: id.clone() };
            contract.allow(entry.ok_or_else(missing)?.clone());
        }
        for entry in &adopt.add {
            contract.allow(entry.clone());
        }
        contract.entries.retain(|entry| !adopt.remove.contains(&entry.id()));
        if let Some(expected) = &adopt.expected {
            contract.expected = expected.clone();
        }
        if contract.entries.len() > MAX_ENTRIES {
            return Err(BookError::TooMany(device.clone()));
        }
        contract.made = at;
        contract.by = by.into();
        Ok(contract)
    }

    /// What stood before, now: with a version of its own where the contract is another one.
    fn back_to(&self, before: &Standing, by: &str, at: Timestamp, seal: Seal<'_>) -> Standing {
        let now = self.standing_or_new(&before.device, at);
        let mut back = Standing { versions: now.versions, since: at, ..before.clone() };
        if let Some(contract) = before.contract()
            && now.contract() != Some(contract)
        {
            put(&mut back, Contract { made: at, by: by.into(), ..contract.clone() }, seal);
        }
        back
    }

    /// Enters what was decided.
    fn step(
        &mut self,
        after: Vec<Standing>,
        did: Did,
        by: &str,
        why: &str,
        at: Timestamp,
    ) -> Update {
        let before =
            after.iter().map(|standing| self.standing_or_new(&standing.device, at)).collect();
        let id = self.next_step;
        self.next_step += 1;
        let (by, why) = (Text::from(by), Text::from(why));
        let step = Arc::new(Step { id, at, by, did, why, before, undone: None });
        self.steps.push_back(Arc::clone(&step));
        if self.steps.len() > STEPS {
            self.steps.pop_front();
        }
        let standings: Vec<Arc<Standing>> = after.into_iter().map(Arc::new).collect();
        for standing in &standings {
            self.standings.insert(standing.device.clone(), Arc::clone(standing));
        }
        Update { standings, proposals: Vec::new(), steps: vec![step] }
    }
}

/// Puts a contract in force under the next version.
fn put(standing: &mut Standing, mut contract: Contract, seal: Seal<'_>) {
    standing.versions = standing.versions.saturating_add(1);
    contract.version = standing.versions;
    standing.signed = Some(Signed::new(contract, seal));
}

/// Whether two contracts allow the same, whoever made them and whatever was seen since.
fn is_same(a: &Contract, b: &Contract) -> bool {
    let allows = |contract: &Contract| {
        let mut what: Vec<_> = contract
            .entries
            .iter()
            .map(|entry| (entry.id(), entry.bounds, format!("{:?}", entry.valid)))
            .collect();
        what.sort_by(|a, b| a.0.cmp(&b.0));
        what
    };
    a.expected == b.expected && allows(a) == allows(b)
}
