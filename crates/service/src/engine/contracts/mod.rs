//! What devices may do: learned, put in force, enforced on trial, taken back.

mod act;
mod approved;
mod breach;
mod change;
mod diff;
mod learn;
mod list;
mod mud;
mod past;
mod probe;
mod promise;
mod prove;
mod rehearse;
mod relearn;
mod rules;
mod show;
mod site;
mod trial;
mod zones;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use arc_swap::ArcSwap;
use cordon_contract::Policy;
use cordon_contract::book::{Book, BookError, Standing};
use cordon_contract::envelope::Envelope;
use cordon_contract::resolve::Unresolved;
use cordon_crypto::SigningKey;
use cordon_enforce::keeper::Status;
use cordon_ledger::Signer as _;
use cordon_model::Text;
use cordon_store::Snapshot;

use super::Engine;
use super::show::hex;
use crate::gate::Gate;
use crate::{Problem, ProblemKind};

pub(super) use approved::ContractRequest;
pub use past::rehearse_history;
pub use site::EnforceOptions;
pub(super) use trial::TRIAL;

/// Everything about contracts that is kept in memory.
pub(super) struct Contracts {
    book: ArcSwap<Book>,
    gate: Option<Arc<dyn Gate>>,
    signing: Arc<SigningKey>,
    loaded: Mutex<Loaded>,
    /// What the detector holds everything against.
    in_force: crate::watch::Held,
    /// What leads nowhere in the contracts in force.
    unresolved: ArcSwap<Vec<Unresolved>>,
    breaches: Mutex<breach::Breaches>,
    /// What was promised to be impossible.
    promises: Mutex<promise::Promises>,
    /// Probes under way, and what they found.
    probes: Mutex<probe::Probes>,
    /// Told when the kernel's rules change.
    changed: tokio::sync::Notify,
    /// Whose firmware changed.
    relearning: Mutex<relearn::Relearning>,
    /// When proposals were written with their counts.
    written: Mutex<Option<Instant>>,
}

/// What the keeper holds, as far as it told.
#[derive(Default)]
struct Loaded {
    policy: Option<Arc<Policy>>,
    status: Option<Status>,
    /// Why the latest try failed.
    trouble: Option<String>,
    trial: Option<trial::Trial>,
}

impl Contracts {
    pub fn new(
        snapshot: &mut Snapshot,
        signing: Arc<SigningKey>,
        gate: Option<Arc<dyn Gate>>,
    ) -> Self {
        let standings: Vec<Standing> = std::mem::take(&mut snapshot.standings);
        let proposals = std::mem::take(&mut snapshot.proposals);
        let steps = std::mem::take(&mut snapshot.steps);
        Contracts {
            book: ArcSwap::from_pointee(Book::load(
                standings,
                proposals,
                steps,
                snapshot.next_step,
            )),
            gate,
            signing,
            loaded: Mutex::default(),
            in_force: crate::watch::Held::default(),
            unresolved: ArcSwap::default(),
            breaches: Mutex::default(),
            promises: Mutex::new(promise::Promises::read(snapshot.settings.get(promise::PROMISES))),
            probes: Mutex::new(probe::Probes::read(snapshot)),
            changed: tokio::sync::Notify::new(),
            relearning: Mutex::new(relearn::Relearning::read(
                snapshot.settings.get(relearn::RELEARN),
            )),
            written: Mutex::new(None),
        }
    }

    fn loaded(&self) -> MutexGuard<'_, Loaded> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a contract under the service's signature.
    fn seal(&self, contract: &cordon_contract::Contract) -> Envelope {
        let body = serde_json::to_vec(contract).unwrap_or_default();
        self.sign(cordon_contract::envelope::PAYLOAD_TYPE, &body)
    }

    /// Puts anything under the service's signature.
    fn sign(&self, payload_type: &str, body: &[u8]) -> Envelope {
        let keyid = hex(&self.signing.public_key());
        Envelope::of(payload_type, body, &keyid, |bytes| self.signing.sign(bytes).to_vec())
    }
}

impl Engine {
    /// Contracts as they are now.
    pub(in crate::engine) fn book(&self) -> Arc<Book> {
        self.contracts.book.load_full()
    }
}

/// A refusal of the book, as surfaces tell it.
fn told(error: BookError) -> Problem {
    let kind = match &error {
        BookError::Unknown(_) | BookError::NoEntry { .. } | BookError::NoStep(_) => {
            ProblemKind::NotFound
        }
        BookError::TooMany(_) => ProblemKind::TooLarge,
        _ => ProblemKind::Conflict,
    };
    Problem::new(kind, error.to_string())
}

/// A stage by its name.
fn stage_named(name: &str) -> Result<cordon_contract::Stage, Problem> {
    use cordon_contract::Stage;
    match name {
        "watch" => Ok(Stage::Watch),
        "warn" => Ok(Stage::Warn),
        "enforce" => Ok(Stage::Enforce),
        _ => Err(Problem::invalid("stage is watch, warn or enforce")),
    }
}

const fn stage_name(stage: cordon_contract::Stage) -> &'static str {
    use cordon_contract::Stage;
    match stage {
        Stage::Watch => "watch",
        Stage::Warn => "warn",
        Stage::Enforce => "enforce",
    }
}

/// A switch by its name.
fn reach_named(name: &str) -> Result<cordon_contract::Reach, Problem> {
    use cordon_contract::Reach;
    match name {
        "normal" => Ok(Reach::Normal),
        "local-only" => Ok(Reach::LocalOnly),
        "internet-only" => Ok(Reach::InternetOnly),
        "off" => Ok(Reach::Off),
        _ => Err(Problem::invalid("reach is normal, local-only, internet-only or off")),
    }
}

const fn reach_name(reach: cordon_contract::Reach) -> &'static str {
    use cordon_contract::Reach;
    match reach {
        Reach::Normal => "normal",
        Reach::LocalOnly => "local-only",
        Reach::InternetOnly => "internet-only",
        Reach::Off => "off",
    }
}

/// A text of a request within its bound.
fn reason(text: &str) -> Result<Text, Problem> {
    const MOST: usize = 500;
    let text = text.trim();
    if text.chars().count() > MOST {
        return Err(Problem::invalid(format!("the reason has at most {MOST} characters")));
    }
    Ok(text.into())
}
