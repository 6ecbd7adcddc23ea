//! The detector: everything that is heard, held against the contracts in force, in a thread of its
//! own. It sends nothing and needs no firewall: a mirror port is enough.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use arc_swap::ArcSwap;
use cordon_contract::watch::{Breach, Watch};
use cordon_contract::{Bindings, Contract, Policy, lifetime};
use cordon_model::fact::{DnsKind, DnsValue};
use cordon_model::{Fact, Flow, Said, Text, Timestamp};
use tokio::sync::mpsc;

/// What waits for the detector. What comes while it is full is not looked at: packets do not wait.
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
    held: Held,
}

impl Detector {
    /// Starts the thread, which ends with the detector. A breach that nobody takes in time is left
    /// out: whoever breaks a contract does so again.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn start(held: Held, breaches: mpsc::Sender<Breach>) -> std::io::Result<Self> {
        let (heard, hears) = sync_channel(WAITING);
        let own = Arc::clone(&held);
        std::thread::Builder::new()
            .name("detector".to_owned())
            .spawn(move || listen(&own, &hears, &breaches))?;
        Ok(Detector { heard, held })
    }

    /// A conversation, or a part of one.
    pub(super) fn flow(&self, flow: &Flow) {
        if !self.held.load().contracts.is_empty() {
            let _ = self.heard.try_send(Heard::Flow(Box::new(flow.clone())));
        }
    }

    /// What one end said to another. Answers of name servers are remembered for later contracts.
    pub(super) fn fact(&self, fact: &Fact) {
        let answers = matches!(&fact.said, Said::Dns(dns) if dns.response);
        if answers || !self.held.load().contracts.is_empty() {
            let _ = self.heard.try_send(Heard::Fact(Box::new(fact.clone())));
        }
    }
}

fn listen(held: &Held, hears: &Receiver<Heard>, breaches: &mpsc::Sender<Breach>) {
    let mut answers = Answers::default();
    loop {
        let in_force = held.load_full();
        let mut watch = Watch::new(&in_force.policy, &in_force.contracts);
        let mut bindings = Bindings::default();
        answers.held.iter().for_each(|answer| answer.bind(&watch, &in_force.policy, &mut bindings));
        while Arc::ptr_eq(&in_force, &held.load()) {
            let found = match hears.recv_timeout(LOOK) {
                Ok(Heard::Flow(flow)) => watch.flow(&flow, &bindings),
                Ok(Heard::Fact(fact)) => {
                    for answer in answers.take(&fact) {
                        answer.bind(&watch, &in_force.policy, &mut bindings);
                    }
                    watch.fact(&fact, &bindings)
                }
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            for breach in found {
                let _ = breaches.try_send(breach);
            }
        }
    }
}

/// What a device was told.
#[derive(Clone)]
struct Answer {
    asker: IpAddr,
    name: Text,
    ip: IpAddr,
    until: Timestamp,
}

impl Answer {
    fn bind(&self, watch: &Watch<'_>, policy: &Policy, bindings: &mut Bindings) {
        if let Some(member) = watch.member_at(self.asker) {
            bindings.learn(policy, member, &self.name, self.ip, self.until);
        }
    }
}

/// The latest answers.
#[derive(Default)]
struct Answers {
    held: VecDeque<Answer>,
}

impl Answers {
    /// Takes in what a fact tells, and returns it.
    fn take(&mut self, fact: &Fact) -> Vec<Answer> {
        let (Said::Dns(dns), Some(asker)) = (&fact.said, fact.to.ip) else { return Vec::new() };
        let Some(question) = dns.questions.first() else { return Vec::new() };
        if dns.kind != DnsKind::Dns || !dns.response {
            return Vec::new();
        }
        let mut new = Vec::new();
        for record in &dns.records {
            let DnsValue::Address(ip) = record.value else { continue };
            let ttl = lifetime(Duration::from_secs(u64::from(record.ttl)));
            let until = fact.at.plus(ttl);
            new.push(Answer { asker, name: question.name.clone(), ip, until });
        }
        self.held.extend(new.iter().cloned());
        let surplus = self.held.len().saturating_sub(MOST_ANSWERS);
        self.held.drain(..surplus);
        new
    }
}
