//! Changes: first durable, then visible.

use std::sync::Arc;
use std::sync::PoisonError;

use cordon_model::record::Entry;
use cordon_register::{Register, RegisterError, Update};
use cordon_store::{Commit, Committed, StoreError, WRITES_MAX, Write};

use super::folk::Folk;
use super::world::World;
use super::{Engine, broken};
use crate::{Answer, Problem, ProblemKind};

/// Rows of a change that may use the reserve of a full disk: signing in takes four, ending all
/// sessions of somebody some twenty.
const URGENT: usize = 64;
/// Rows written at once: few enough that a person's change does not wait long behind them.
const AT_ONCE: usize = WRITES_MAX / 4;

impl Engine {
    /// Changes the register: `change` works on a copy, which takes its place once it is durable.
    /// Whoever calls holds `writing`.
    pub(super) async fn write_register(
        &self,
        entries: Vec<Entry>,
        change: impl FnOnce(&mut Register) -> Result<Update, RegisterError>,
    ) -> Answer<Update> {
        let world = self.world.load_full();
        let mut register = Register::clone(&world.register);
        let update = change(&mut register).map_err(told)?;
        self.commit(writes(&update), entries).await?;
        self.world.rcu(|world| {
            Arc::new(World { register: Arc::new(register.clone()), ..World::clone(world) })
        });
        self.let_go(&update.removed, false);
        self.tick(&["today", "devices", "findings"]);
        Ok(update)
    }

    /// Writes rows and entries, then lets memory follow.
    pub(super) async fn write_folk(
        &self,
        writes: Vec<Write>,
        entries: Vec<Entry>,
        follow: impl FnOnce(&mut Folk),
    ) -> Answer<()> {
        self.commit(writes, entries).await?;
        follow(&mut self.folk.write().unwrap_or_else(PoisonError::into_inner));
        Ok(())
    }

    /// Writes to the store, and remembers for the Health page whether that worked.
    ///
    /// More than the store takes at once goes in parts, entries with the first: what was written
    /// is then at least known to have been begun. Each part leaves rows that make sense alone, and
    /// rows are written again where a later part fails.
    pub(super) async fn commit(
        &self,
        writes: Vec<Write>,
        entries: Vec<Entry>,
    ) -> Answer<Committed> {
        let mut writes = writes.into_iter();
        let mut entries = entries;
        loop {
            let part: Vec<Write> = writes.by_ref().take(AT_ONCE).collect();
            let commit = Commit { writes: part, entries: std::mem::take(&mut entries) };
            let done = self.write_down(commit).await;
            *self.unwritten.lock().unwrap_or_else(PoisonError::into_inner) = match &done {
                Err(StoreError::Conflict(_) | StoreError::TooLarge { .. }) | Ok(_) => None,
                Err(error) => Some(error.to_string()),
            };
            let done = done.map_err(broken)?;
            if writes.len() == 0 {
                return Ok(done);
            }
        }
    }

    /// Writes one part. On a full disk what people do gets the reserve, and the rest waits until
    /// there is room again.
    async fn write_down(&self, commit: Commit) -> Result<Committed, StoreError> {
        let urgent = !commit.entries.is_empty() && commit.writes.len() <= URGENT;
        if !urgent {
            if self.reserve.is_away() && !self.fill_reserve().await {
                return Err(StoreError::Full);
            }
            return self.state.commit(commit).await;
        }
        match self.state.commit(commit.clone()).await {
            Err(StoreError::Full) if self.reserve.release() => self.state.commit(commit).await,
            done => done,
        }
    }

    /// Sets room aside for the day on which the disk is full, where there is room now; whether it
    /// is there.
    pub async fn fill_reserve(&self) -> bool {
        let reserve = Arc::clone(&self.reserve);
        tokio::task::spawn_blocking(move || reserve.fill()).await.unwrap_or(false)
    }
}

/// What an update of the register means for the store.
pub(super) fn writes(update: &Update) -> Vec<Write> {
    let devices = update.records.iter().map(|record| Write::PutDevice(Arc::clone(record)));
    let removed = update
        .removed
        .iter()
        .flat_map(|id| [Write::DropDevice(id.clone()), Write::DropContract(id.clone())]);
    let findings =
        update.findings.iter().map(|finding| Write::PutFinding(Box::new(finding.clone())));
    let gone = update.removed_findings.iter().map(|key| Write::DropFinding(key.clone()));
    let events = update.events.iter().map(|event| Write::AddEvent(event.clone()));
    let changes = update.changes.iter().map(|change| Write::PutChange(Box::new(change.clone())));
    removed.chain(devices).chain(gone).chain(findings).chain(events).chain(changes).collect()
}

/// A refusal of the register, as surfaces tell it.
pub(super) fn told(error: RegisterError) -> Problem {
    let kind = match &error {
        RegisterError::NoDevice(_) | RegisterError::NoFinding(_) | RegisterError::NoChange(_) => {
            ProblemKind::NotFound
        }
        RegisterError::Undone(_) | RegisterError::Later { .. } => ProblemKind::Conflict,
        _ => ProblemKind::Invalid,
    };
    Problem::new(kind, error.to_string())
}
