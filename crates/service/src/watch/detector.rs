//! The detector: everything that is heard, held against the contracts in force, in a thread of its
//! own. It sends nothing and needs no firewall: a mirror port is enough.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use arc_swap::ArcSwap;
use cordon_contract::watch::{Breach, Watch};
use cordon_contract::{Bindings, Contract, Policy};
use cordon_enforce::keeper::Told;
use cordon_model::{Fact, Flow};
use tokio::sync::mpsc;

use super::Gauges;
use super::told::{answer, told};

/// What waits for the detector. What comes live while it is full is not looked at, and counted:
/// packets do not wait. A recording does.
const WAITING: usize = 16_384;
/// Until it looks whether other contracts are in force, where nothing is heard.
const LOOK: Duration = Duration::from_millis(500);
/// Answers of name servers that are remembered for contracts that come later.
const MOST_ANSWERS: usize = 50_000;

/// Contracts in force, and what they mean.
#[derive(Default)]
pub struct InForce {
    /// What they mean at the addresses that devices have now.
    pub policy: Policy,
    /// The contracts.
    pub contracts: Vec<Contract>,
}

/// Where the contracts in force are to be found.
pub type Held = Arc<ArcSwap<InForce>>;

/// Something heard.
enum Heard {
    Flow(Box<Flow>),
    Fact(Box<Fact>),
}

/// Where to tell what is heard.
pub struct Detector {
    heard: SyncSender<Heard>,
    live: bool,
    held: Held,
    gauges: Arc<Gauges>,
}

impl Detector {
    /// Starts the thread, which ends with the detector. Of what comes `live`, what it has no time
    /// for and breaches that nobody takes in time are counted and left out; a recording waits.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn start(
        held: Held,
        breaches: mpsc::Sender<Breach>,
        gauges: Arc<Gauges>,
        live: bool,
    ) -> std::io::Result<Self> {
        let (heard, hears) = sync_channel(WAITING);
        let (own, counts) = (Arc::clone(&held), Arc::clone(&gauges));
        std::thread::Builder::new()
            .name("detector".to_owned())
            .spawn(move || listen(&own, &hears, &breaches, &counts, live))?;
        Ok(Detector { heard, live, held, gauges })
    }

    /// A conversation, or a part of one.
    pub(super) fn flow(&self, flow: &Flow) {
        if !self.held.load().contracts.is_empty() {
            self.hear(Heard::Flow(Box::new(flow.clone())));
        }
    }

    /// What one end said to another. Answers of name servers are remembered for later contracts.
    pub(super) fn fact(&self, fact: &Fact) {
        if answer(fact).is_some() || !self.held.load().contracts.is_empty() {
            self.hear(Heard::Fact(Box::new(fact.clone())));
        }
    }

    fn hear(&self, heard: Heard) {
        let lost = match self.live {
            true => self.heard.try_send(heard).is_err(),
            false => self.heard.send(heard).is_err(),
        };
        if lost {
            self.gauges.not_detected.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn listen(
    held: &Held,
    hears: &Receiver<Heard>,
    breaches: &mpsc::Sender<Breach>,
    gauges: &Gauges,
    live: bool,
) {
    let mut answers: VecDeque<Told> = VecDeque::new();
    loop {
        let in_force = held.load_full();
        let mut watch = Watch::new(&in_force.policy, &in_force.contracts);
        let mut bindings = Bindings::default();
        answers.iter().for_each(|told| bind(told, &watch, &in_force.policy, &mut bindings));
        while Arc::ptr_eq(&in_force, &held.load()) {
            let found = match hears.recv_timeout(LOOK) {
                Ok(Heard::Flow(flow)) => watch.flow(&flow, &bindings),
                Ok(Heard::Fact(fact)) => {
                    for told in told(&fact) {
                        bind(&told, &watch, &in_force.policy, &mut bindings);
                        answers.push_back(told);
                    }
                    answers.drain(..answers.len().saturating_sub(MOST_ANSWERS));
                    watch.fact(&fact, &bindings)
                }
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            for breach in found {
                let lost = match live {
                    true => breaches.try_send(breach).is_err(),
                    false => breaches.blocking_send(breach).is_err(),
                };
                if lost {
                    gauges.breaches_lost.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }
}

fn bind(told: &Told, watch: &Watch<'_>, policy: &Policy, bindings: &mut Bindings) {
    if let Some(member) = watch.member_at(told.asker) {
        bindings.learn(policy, member, &told.name, told.ip, told.until);
    }
}
