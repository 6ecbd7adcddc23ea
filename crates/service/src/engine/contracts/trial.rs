//! Rules on trial: what nobody confirms is taken back, in the kernel and in the book.

use std::sync::Arc;

use cordon_contract::book::Book;
use cordon_enforce::keeper::Tell;
use cordon_model::record::{Action, Entry};
use cordon_model::{Text, Timestamp};
use cordon_store::Write;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::told;
use crate::Answer;
use crate::engine::Engine;

/// The setting that says which steps are on trial.
pub(in crate::engine) const TRIAL: &str = "rules.trial";

/// Steps that are on trial.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Trial {
    /// Their numbers, oldest first.
    pub steps: Vec<u64>,
    /// Until when.
    pub until: Timestamp,
}

impl Trial {
    pub fn write(&self) -> Write {
        let value = serde_json::to_string(self).unwrap_or_default();
        Write::PutSetting { name: Text::from(TRIAL), value: value.into() }
    }
}

impl Engine {
    /// Begins where the last run ended: what was on trial then was taken back by its watchdog, and
    /// is taken back in the book; the rest is loaded.
    pub(in crate::engine) async fn begin_rules(self: &Arc<Self>, trial: Option<&str>) {
        if let Some(trial) = trial.and_then(|text| serde_json::from_str::<Trial>(text).ok()) {
            let writing = self.writing.lock().await;
            self.contracts.loaded().trial = Some(trial);
            if let Err(problem) = self.undo_trial("system").await {
                tracing::error!(%problem, "contracts that were on trial cannot be taken back");
            }
            drop(writing);
        }
        if let Some(unasked) = self.contracts.gate.as_ref().and_then(|gate| gate.unasked()) {
            tokio::spawn(Arc::clone(self).hear(unasked));
        }
        self.follow().await;
    }

    /// Hears what the keeper tells by itself.
    async fn hear(self: Arc<Self>, mut unasked: mpsc::Receiver<Tell>) {
        while let Some(tell) = unasked.recv().await {
            match tell {
                Tell::TakenBack(status) => {
                    let writing = self.writing.lock().await;
                    let _ = self.asked(Ok(Tell::TakenBack(status)));
                    if let Err(problem) = self.undo_trial("system").await {
                        tracing::error!(%problem, "contracts on trial cannot be taken back");
                    }
                    drop(writing);
                }
                Tell::Mended(what) => {
                    tracing::warn!(what, "somebody changed our rules; they are as meant again");
                    let detail = [("mended", what.as_str())];
                    if let Err(problem) = self.note(Action::RulesMend, "", &detail).await {
                        tracing::error!(%problem, "the ledger cannot be written");
                    }
                }
                Tell::Refused(why) => self.contracts.loaded().trouble = Some(why),
                Tell::Done(status) => self.contracts.loaded().status = Some(status),
                Tell::Logged(packet) => self.breach(*packet).await,
                Tell::Held { .. } => {}
            }
            self.tick(&["contracts", "today"]);
        }
        self.contracts.loaded().trouble = Some(
            "the process that keeps the rules is gone; what was confirmed stays in force. Start \
             the service anew"
                .to_owned(),
        );
    }

    /// The trial is over and what was tried stays. Whoever calls holds `writing`.
    pub(super) async fn end_trial(&self, entries: Vec<Entry>) -> Answer<()> {
        self.commit(vec![Write::DropSetting(Text::from(TRIAL))], entries).await?;
        self.contracts.loaded().trial = None;
        Ok(())
    }

    /// The trial is over and the kernel is at the confirmed rules: so is the book. Whoever calls
    /// holds `writing`.
    pub(super) async fn undo_trial(&self, actor: &str) -> Answer<()> {
        let Some(trial) = self.contracts.loaded().trial.clone() else { return Ok(()) };
        let now = self.clock.now();
        let mut book = Book::clone(&self.book());
        let mut writes = vec![Write::DropSetting(Text::from(TRIAL))];
        let mut back = Vec::new();
        for step in trial.steps.iter().rev() {
            // A step that cannot be taken back was changed since by somebody who knew of it.
            match book.undo(*step, actor, now, &|contract| self.contracts.seal(contract)) {
                Ok(update) => {
                    writes.extend(super::change::writes(&update));
                    back.push(step.to_string());
                }
                Err(error) => tracing::warn!(problem = %told(error), "a step stays"),
            }
        }
        let steps = back.join(" ");
        let entry = self.entry(actor, Action::RulesBack, "", &[("steps", steps.as_str())]);
        self.commit(writes, vec![entry]).await?;
        self.contracts.book.store(Arc::new(book));
        {
            let mut loaded = self.contracts.loaded();
            loaded.trial = None;
            // What the kernel holds now is what was confirmed; what the book means is loaded over
            // it, where it is another thing.
            loaded.policy = None;
        }
        self.follow().await;
        self.tick(&["contracts", "devices", "today"]);
        Ok(())
    }
}
