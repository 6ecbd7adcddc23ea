//! One way for every change: rules first on trial, then written down, then seen.

use std::sync::Arc;

use cordon_contract::Stage;
use cordon_contract::book::{Book, BookError, Standing, Update};
use cordon_enforce::keeper::Ask;
use cordon_model::record::{Action, Entry};
use cordon_store::Write;

use super::told;
use super::trial::Trial;
use crate::engine::Engine;
use crate::view::Changed;
use crate::{Answer, Problem, ProblemKind};

/// What an update of the book means for the store.
pub(super) fn writes(update: &Update) -> Vec<Write> {
    let standings = update.standings.iter().cloned().map(Write::PutStanding);
    let proposals = update.proposals.iter().cloned().map(Write::PutProposal);
    let steps = update.steps.iter().cloned().map(Write::PutStep);
    standings.chain(proposals).chain(steps).collect()
}

impl Engine {
    /// Changes the book: the kernel first, on trial where packets may be blocked that were not,
    /// because what it refuses must not be written; then the store, then memory.
    pub(super) async fn change_book(
        &self,
        actor: &str,
        action: Action,
        change: impl FnOnce(&mut Book) -> Result<Update, BookError>,
    ) -> Answer<Changed> {
        let writing = self.writing.lock().await;
        let before = self.book();
        let mut book = Book::clone(&before);
        let update = change(&mut book).map_err(told)?;
        let tightens = update
            .standings
            .iter()
            .any(|after| may_block(before.standing(&after.device).map(|held| &**held), after));
        let trial = self.contracts.gate.is_some() && tightens;
        if trial && self.contracts.loaded().trial.is_some() {
            let detail = "rules are on trial; confirm them or take them back before you tighten \
                more";
            return Err(Problem::new(ProblemKind::Conflict, detail));
        }
        let patience = self.options.enforce.patience;
        let loaded = self.load(&book, trial.then_some(patience)).await?;
        let steps: Vec<u64> = update.steps.iter().map(|step| step.id).collect();
        let on_trial = loaded.as_ref().and_then(|status| status.trial).filter(|_| trial);
        let trial = on_trial.map(|until| Trial { steps: steps.clone(), until });
        let mut rows = writes(&update);
        rows.extend(trial.as_ref().map(Trial::write));
        if let Err(problem) = self.commit(rows, self.entries(actor, action, &update)).await {
            self.back_to(&before, trial.is_some()).await;
            return Err(problem);
        }
        self.contracts.book.store(Arc::new(book));
        if trial.is_some() {
            self.contracts.loaded().trial = trial;
        }
        drop(writing);
        self.tick(&["contracts", "devices", "today"]);
        Ok(Changed {
            outcome: "done".to_owned(),
            // A step that is taken back comes with the one that takes it back.
            says: update.steps.last().map(|step| self.step_says(step)).into_iter().collect(),
            step: steps.last().copied(),
            rules: self.rules_view(),
            rehearsal: None,
        })
    }

    /// What could not be written must not be enforced.
    async fn back_to(&self, before: &Book, trial: bool) {
        if trial && let Some(gate) = &self.contracts.gate {
            let _ = self.asked(gate.ask(Ask::TakeBack).await);
            self.contracts.loaded().policy = None;
        }
        if let Err(problem) = self.load(before, None).await {
            tracing::error!(%problem, "the rules before cannot be loaded again");
        }
    }

    /// One entry of the ledger for every device that a step changed.
    fn entries(&self, actor: &str, action: Action, update: &Update) -> Vec<Entry> {
        /// Devices that are named one by one.
        const MOST: usize = 900;
        let step = update.steps.last().map(|step| step.id.to_string()).unwrap_or_default();
        let why = update.steps.last().map(|step| step.why.to_string()).unwrap_or_default();
        update
            .standings
            .iter()
            .take(MOST)
            .map(|standing| {
                let version = standing.contract().map(|contract| contract.version.to_string());
                let detail = [
                    ("step", step.as_str()),
                    ("version", version.as_deref().unwrap_or_default()),
                    ("stage", super::stage_name(standing.stage)),
                    ("reach", super::reach_name(standing.reach)),
                    ("reason", why.as_str()),
                ];
                self.entry(actor, action, &standing.device.0, &detail)
            })
            .collect()
    }
}

/// Whether packets may be dropped that were not. A switch is left out: whoever isolates a device
/// wants it now, and the rest of the network is not touched by it.
pub(super) fn may_block(before: Option<&Standing>, after: &Standing) -> bool {
    if after.stage != Stage::Enforce {
        return false;
    }
    let Some(before) = before.filter(|before| before.stage == Stage::Enforce) else { return true };
    let (Some(old), Some(new)) = (before.contract(), after.contract()) else { return true };
    if std::ptr::eq(old, new) || old == new {
        return false;
    }
    let narrower = |entry: &cordon_contract::Entry| {
        !new.entries.iter().any(|held| {
            held.covers(entry) && (held.bounds.is_none() || held.bounds == entry.bounds)
        })
    };
    old.expected.macs != new.expected.macs || old.entries.iter().any(narrower)
}
