//! From contracts to the rules of this machine's kernel.

use std::sync::Arc;
use std::time::Duration;

use cordon_contract::Policy;
use cordon_contract::book::Book;
use cordon_contract::resolve::{Resolved, resolve};
use cordon_enforce::keeper::{Ask, Status, Tell};
use cordon_model::record::Action;

use super::site::site;
use crate::engine::Engine;
use crate::engine::show::time;
use crate::view::RulesView;
use crate::watch::{Held, InForce};
use crate::{Answer, Caller, Problem, ProblemKind};

impl Engine {
    /// What contracts mean at this moment.
    pub(super) fn resolved(&self, book: &Book) -> Resolved {
        let world = self.world.load();
        let site = site(&world.register, &self.options.enforce);
        let none = book.switched();
        let bound: Vec<_> = book.bound(&none).collect();
        resolve(&site, &bound, self.clock.now())
    }

    /// Has the kernel hold what a book means; on trial where `patience` says how long. Nothing is
    /// asked where nothing differs.
    pub(super) async fn load(
        &self,
        book: &Book,
        patience: Option<Duration>,
    ) -> Answer<Option<Status>> {
        let resolved = self.resolved(book);
        self.hold(book, &resolved.policy);
        let Some(gate) = &self.contracts.gate else {
            self.contracts.unresolved.store(Arc::new(resolved.unresolved));
            return Ok(None);
        };
        let same = {
            let loaded = self.contracts.loaded();
            loaded.policy.as_deref() == Some(&resolved.policy)
                || (loaded.policy.is_none() && binds_nothing(&resolved.policy))
        };
        if same {
            self.contracts.unresolved.store(Arc::new(resolved.unresolved));
            return Ok(None);
        }
        let policy = Arc::new(resolved.policy);
        let ask = Ask::Load {
            policy: Box::new(Policy::clone(&policy)),
            options: self.options.enforce.rules.clone(),
            patience: patience.map(|patience| patience.as_secs()),
        };
        let status = self.asked(gate.ask(ask).await)?;
        self.contracts.changed.notify_one();
        self.contracts.unresolved.store(Arc::new(resolved.unresolved));
        self.contracts.loaded().policy = Some(policy);
        Ok(Some(status))
    }

    /// Where the contracts in force are to be found.
    #[must_use]
    pub fn in_force(&self) -> Held {
        Arc::clone(&self.contracts.in_force)
    }

    /// Has the detector hold everything against what a book means.
    fn hold(&self, book: &Book, policy: &Policy) {
        let none = book.switched();
        let bound = || book.bound(&none).map(|bound| bound.contract);
        let held = self.contracts.in_force.load();
        if held.policy != *policy || !bound().eq(&held.contracts) {
            let contracts = bound().cloned().collect();
            let in_force = InForce { policy: policy.clone(), contracts };
            self.contracts.in_force.store(Arc::new(in_force));
        }
    }

    /// Has the kernel and the detector follow devices that changed their addresses, and entries
    /// that begin or end.
    pub(in crate::engine) async fn follow(&self) {
        let book = self.book();
        if let Err(problem) = self.load(&book, None).await {
            tracing::error!(%problem, "the rules cannot follow the devices; those before stay");
        }
    }

    /// What the keeper answered, kept for who asks how things are.
    pub(super) fn asked(&self, answer: Result<Tell, String>) -> Answer<Status> {
        let mut loaded = self.contracts.loaded();
        let (kind, why) = match answer {
            Ok(Tell::Done(status) | Tell::TakenBack(status)) => {
                loaded.trouble = None;
                loaded.status = Some(status.clone());
                return Ok(status);
            }
            Ok(Tell::Refused(why)) => (ProblemKind::Conflict, why),
            Ok(Tell::Held { .. } | Tell::Mended(_) | Tell::Logged(_)) => {
                (ProblemKind::Broken, "the answer is to another question".to_owned())
            }
            Err(why) => (ProblemKind::Unavailable, why),
        };
        loaded.trouble = Some(why.clone());
        Err(Problem::new(kind, why))
    }

    pub(in crate::engine) async fn show_rules(&self, caller: &Caller) -> Answer<RulesView> {
        self.may_view(caller)?;
        if let Some(gate) = &self.contracts.gate {
            // That it does not answer is what the view says.
            let _ = self.asked(gate.ask(Ask::Status).await);
        }
        Ok(self.rules_view())
    }

    pub(in crate::engine) fn rules_view(&self) -> RulesView {
        if self.contracts.gate.is_none() {
            return RulesView {
                driver: "none".to_owned(),
                state: "off".to_owned(),
                says: "This machine enforces nothing: contracts are watched only. Set \
                    enforce.driver = \"nftables\" on the machine that forwards the devices' \
                    packets."
                    .to_owned(),
                ..RulesView::default()
            };
        }
        let loaded = self.contracts.loaded();
        let status = loaded.status.clone().unwrap_or_default();
        let (state, says) = match (&loaded.trouble, &loaded.trial, status.loaded) {
            (_, Some(trial), _) => (
                "trial",
                format!(
                    "On trial until {} UTC. Confirm them, or they are taken back then by themselves.",
                    clock(trial.until)
                ),
            ),
            (Some(trouble), None, _) => ("trouble", trouble.clone()),
            (None, None, true) => ("confirmed", "The confirmed rules are in force.".to_owned()),
            (None, None, false) => ("nothing", "Nothing is enforced yet.".to_owned()),
        };
        RulesView {
            driver: status.driver.to_string(),
            state: state.to_owned(),
            says,
            trial_until: loaded.trial.as_ref().map(|trial| time(trial.until)),
            devices: status.members as u64,
            elements: status.elements as u64,
            cut: status.cut as u64,
            neighbours: status.neighbours,
        }
    }

    pub(in crate::engine) async fn confirm(&self, caller: &Caller) -> Answer<RulesView> {
        self.may_site(caller, Action::RulesConfirm)?;
        let Some(gate) = &self.contracts.gate else { return Err(nothing_on_trial()) };
        let writing = self.writing.lock().await;
        if self.contracts.loaded().trial.is_none() {
            return Err(nothing_on_trial());
        }
        self.asked(gate.ask(Ask::Confirm).await)?;
        let entry = self.entry(&caller.actor(), Action::RulesConfirm, "", &[]);
        self.end_trial(vec![entry]).await?;
        drop(writing);
        self.tick(&["contracts", "today"]);
        Ok(self.rules_view())
    }

    pub(in crate::engine) async fn take_back_rules(&self, caller: &Caller) -> Answer<RulesView> {
        self.may_site(caller, Action::RulesBack)?;
        let Some(gate) = &self.contracts.gate else { return Err(nothing_on_trial()) };
        let writing = self.writing.lock().await;
        if self.contracts.loaded().trial.is_none() {
            return Err(nothing_on_trial());
        }
        self.asked(gate.ask(Ask::TakeBack).await)?;
        self.undo_trial(&caller.actor()).await?;
        drop(writing);
        Ok(self.rules_view())
    }
}

/// `07:28:27`.
fn clock(at: cordon_model::Timestamp) -> String {
    time(at).chars().skip(11).take(8).collect()
}

fn nothing_on_trial() -> Problem {
    Problem::new(ProblemKind::Conflict, "no rules are on trial; there is nothing to decide")
}

/// Whether every packet passes: nobody is switched, and no contract does more than watch.
fn binds_nothing(policy: &Policy) -> bool {
    use cordon_contract::{Reach, Stage};
    let free = |member: &cordon_contract::Member| {
        member.stage == Stage::Watch && member.reach == Reach::Normal
    };
    policy.members.iter().all(free)
}
