//! The keeper: the small process that alone may change the kernel's rules.
//!
//! The service that reads packets and talks to browsers gives its rights up at the start; what is
//! left of them is here, behind a handful of questions. When the service goes, the keeper goes,
//! and the watchdog of a trial takes back what nobody confirmed; confirmed rules stay.

mod answers;
mod messages;
mod neighbours;
mod serve;

use std::time::Duration;

use cordon_contract::{Bindings, Carrier, Judge, Packet, Policy, Refusal, Side};
use cordon_model::Timestamp;

use crate::compile::{CompileError, Compiler, Lifeline, Options};
use crate::denied::{Denied, Explainer};
use crate::driver::{Driver, DriverError};
use crate::enforcer::Enforcer;
use crate::guard::{Guard, GuardError, Recovered};
use crate::isolate::Isolation;
use crate::nflog::Record;
use answers::Answers;

pub use messages::{Ask, Line, LoggedPacket, MAX_LINE, Question, Status, Tell, Told};
pub use neighbours::Neighbours;
pub use serve::serve;

/// Between two looks at what the kernel holds.
const LOOK: Duration = Duration::from_secs(60);

/// What somebody is told who builds on a trial that is over.
const JUST_ENDED: &str = "the rules on trial were taken back a moment ago, because nobody confirmed \
    them; look at what stands now, and do it again";

/// Ends conversations: [`cut()`](crate::cut()), or nothing where there is no kernel.
pub type Cutter = fn(&dyn Fn(&Packet) -> bool) -> Result<usize, DriverError>;

/// Makes one machine's kernel hold what contracts mean.
pub struct Keeper<D> {
    enforcer: Enforcer<D>,
    guard: Guard,
    cutter: Cutter,
    policy: Policy,
    options: Options,
    answers: Answers,
    bindings: Bindings,
    trial: Option<Timestamp>,
    /// Whether a trial was taken back and nobody was told yet.
    untold: bool,
    /// What was in force before the trial.
    before: Option<(Policy, Options)>,
    cut: usize,
    uncut: Option<String>,
    looked: Timestamp,
    neighbours: Neighbours,
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
enum KeepError {
    #[error(transparent)]
    Compile(#[from] CompileError),
    #[error(transparent)]
    Driver(#[from] DriverError),
    #[error(transparent)]
    Guard(#[from] GuardError),
}

impl<D: Driver> Keeper<D> {
    /// Begins from what the guard knows: the last confirmed rules are loaded.
    ///
    /// # Errors
    /// Where they cannot be.
    pub fn start(
        driver: D,
        mut guard: Guard,
        cutter: Cutter,
        at: Timestamp,
    ) -> Result<(Self, Recovered), GuardError> {
        let (what, confirmed) = guard.recover(&driver, at)?;
        let answers = Answers::read(&guard.folder().join(answers::FILE));
        let options = confirmed.as_ref().map(|rules| rules.options.clone()).unwrap_or_default();
        let mut enforcer = Enforcer::new(driver);
        enforcer.assume(confirmed);
        let keeper = Keeper {
            enforcer,
            guard,
            cutter,
            policy: Policy::default(),
            options,
            answers,
            bindings: Bindings::default(),
            trial: None,
            untold: false,
            before: None,
            cut: 0,
            uncut: None,
            looked: at,
            neighbours: Neighbours::default(),
        };
        Ok((keeper, what))
    }

    /// Keeps neighbours on these bridges apart, whatever contracts say.
    #[must_use]
    pub fn apart(mut self, bridges: Vec<Isolation>) -> Self {
        self.neighbours = Neighbours::start(self.guard.folder(), bridges);
        self
    }

    /// Answers one question.
    pub fn ask(&mut self, ask: Ask, at: Timestamp) -> Tell {
        // A trial may have ended a moment ago, and what follows must know.
        if self.is_over() {
            self.after_trial(at);
            self.untold = true;
        }
        if self.untold && matches!(ask, Ask::Load { .. }) {
            // It may be what was taken back, with an address changed: loaded now, it would be
            // confirmed.
            return Tell::Refused(JUST_ENDED.to_owned());
        }
        let done = match ask {
            Ask::Load { policy, options, patience } => self.load(*policy, options, patience, at),
            Ask::Bind(told) => self.bind(told, at),
            Ask::Confirm => self.confirm(at),
            Ask::TakeBack => self.take_back(at),
            Ask::Status => Ok(()),
            Ask::Held => return self.held(at),
            Ask::Unload => self.unload(at),
        };
        match done {
            Ok(()) => Tell::Done(self.status()),
            Err(error) => Tell::Refused(error.to_string()),
        }
    }

    /// Looks whether a trial ended and whether the kernel still holds what is meant; to be called
    /// about once a second.
    pub fn look(&mut self, at: Timestamp) -> Vec<Tell> {
        let mut tells = Vec::new();
        if self.is_over() {
            self.after_trial(at);
            self.untold = true;
        }
        if std::mem::take(&mut self.untold) {
            tells.push(Tell::TakenBack(self.status()));
        }
        if at.since(self.looked) >= LOOK || at < self.looked {
            self.looked = at;
            self.neighbours.look();
            tells.extend(self.mend(at));
            self.bindings.expire(at);
            self.answers.expire(at);
            self.answers.write(&self.guard.folder().join(answers::FILE));
        }
        tells
    }

    /// What packets of the log mean; none about those whose device is not known any more.
    #[must_use]
    pub fn explain(&self, records: Vec<Record>, at: Timestamp) -> Vec<Tell> {
        let explainer = Explainer::new(&self.policy);
        let explained = records.into_iter().map(|record| explainer.explain(record));
        explained.filter_map(|denied| logged(denied, at)).collect()
    }

    /// How things are.
    #[must_use]
    pub fn status(&self) -> Status {
        let meant = self.enforcer.meant();
        Status {
            driver: self.enforcer.driver().name().into(),
            loaded: meant.is_some(),
            elements: meant.map_or(0, crate::Ruleset::len),
            members: self.policy.members.len(),
            trial: self.trial,
            cut: self.cut,
            uncut: self.uncut.clone(),
            bound: self.answers.len(),
            neighbours: self.neighbours.says(),
        }
    }

    fn load(
        &mut self,
        policy: Policy,
        options: Options,
        patience: Option<u64>,
        at: Timestamp,
    ) -> Result<(), KeepError> {
        let bindings = self.answers.bindings(&policy, at);
        let ruleset = Compiler::new(&policy)?.ruleset(&bindings, &options, at)?;
        match patience.map(Duration::from_secs) {
            Some(patience) => {
                // What is amended while nothing is on trial is confirmed as it goes; the guard
                // must know it before it can come back to it. What is on trial is not.
                if self.guard.is_trying() {
                    return Err(GuardError::UnderWay.into());
                }
                if let Some(meant) = self.enforcer.meant() {
                    self.guard.keep(meant)?;
                }
                let tried = self.guard.try_out(self.enforcer.driver(), ruleset, patience, at)?;
                self.enforcer.assume(Some(tried));
                self.before = Some((self.policy.clone(), self.options.clone()));
                self.trial = Some(at.plus(patience));
            }
            None => {
                self.enforcer.set(ruleset, at)?;
                if self.trial.is_none()
                    && let Some(meant) = self.enforcer.meant()
                {
                    self.guard.keep(meant)?;
                }
            }
        }
        (self.policy, self.options, self.bindings) = (policy, options, bindings);
        self.cut_off(at);
        Ok(())
    }

    /// Ends the conversations that may not begin any more.
    fn cut_off(&mut self, at: Timestamp) {
        let judge = Judge::new(&self.policy);
        let (bindings, options) = (&self.bindings, &self.options);
        let keep = |packet: &Packet| {
            is_lifeline(options, packet) || judge.decide(packet, bindings, at).passes()
        };
        (self.cut, self.uncut) = match (self.cutter)(&keep) {
            Ok(cut) => (cut, None),
            // The switch is looked at before connection tracking, so that nothing is left open
            // that was switched off; the rest ends when it ends.
            Err(error) => (0, Some(error.to_string())),
        };
    }

    fn bind(&mut self, told: Vec<Told>, at: Timestamp) -> Result<(), KeepError> {
        let judge = Judge::new(&self.policy);
        let mut changed = Vec::new();
        let mut after = self.bindings.clone();
        for told in told {
            if let Some(member) = judge.member_at(told.asker) {
                let Told { name, ip, until, .. } = &told;
                let bound = after.learn(&self.policy, member, name, *ip, *until);
                if !bound.is_empty() && !changed.contains(&member) {
                    changed.push(member);
                }
            }
            self.answers.put(told);
        }
        if changed.is_empty() || self.enforcer.meant().is_none() {
            return Ok(());
        }
        let compiler = Compiler::new(&self.policy)?;
        for member in changed {
            let before = compiler.member(member, &self.bindings, at)?;
            let now = compiler.member(member, &after, at)?;
            if self.enforcer.amend(&before, &now, at).is_err() {
                // An element may have run out in this moment, or somebody changed our sets.
                let ruleset = compiler.ruleset(&after, &self.options, at)?;
                self.enforcer.load(ruleset, at)?;
                break;
            }
        }
        self.bindings = after;
        Ok(())
    }

    fn confirm(&mut self, at: Timestamp) -> Result<(), KeepError> {
        self.guard.confirm()?;
        (self.trial, self.before) = (None, None);
        // What was bound meanwhile belongs to it.
        if let Some(meant) = self.enforcer.meant() {
            self.guard.keep(meant)?;
        }
        self.looked = at;
        Ok(())
    }

    fn take_back(&mut self, at: Timestamp) -> Result<(), KeepError> {
        self.guard.take_back(self.enforcer.driver(), at)?;
        self.after_trial(at);
        Ok(())
    }

    /// Whether a trial ended without us: the watchdog took it back.
    fn is_over(&self) -> bool {
        self.trial.is_some() && !self.guard.is_trying()
    }

    /// The kernel is at the confirmed rules; so are we.
    fn after_trial(&mut self, at: Timestamp) {
        self.trial = None;
        if let Some((policy, options)) = self.before.take() {
            (self.policy, self.options) = (policy, options);
            self.bindings = self.answers.bindings(&self.policy, at);
        }
        self.enforcer.assume(self.guard.confirmed().unwrap_or_default());
    }

    fn unload(&mut self, at: Timestamp) -> Result<(), KeepError> {
        if self.trial.is_some() {
            self.take_back(at)?;
        }
        self.enforcer.unload(at)?;
        self.guard.forget()?;
        self.policy = Policy::default();
        Ok(())
    }

    /// Makes the kernel hold what is meant again, and says what was wrong.
    fn mend(&mut self, at: Timestamp) -> Option<Tell> {
        let drift = self.enforcer.drift(at).ok().filter(|drift| !drift.is_none())?;
        let meant = self.enforcer.meant().cloned()?;
        let says = drift.to_string();
        match self.enforcer.load(meant, at) {
            Ok(_) => Some(Tell::Mended(says)),
            Err(error) => Some(Tell::Refused(format!("{says}; and {error}"))),
        }
    }

    fn held(&self, at: Timestamp) -> Tell {
        let driver = self.enforcer.driver();
        let others = match driver.others() {
            Ok(others) => others,
            Err(error) => return Tell::Refused(error.to_string()),
        };
        let Some(meant) = self.enforcer.meant() else { return Tell::Held { rules: None, others } };
        match self.enforcer.drift(at) {
            Ok(drift) if drift.is_none() => {
                Tell::Held { rules: Some(Box::new(meant.clone())), others }
            }
            Ok(drift) => Tell::Refused(format!("the kernel holds something else: {drift}")),
            Err(error) => Tell::Refused(error.to_string()),
        }
    }
}

fn logged(denied: Denied, at: Timestamp) -> Option<Tell> {
    let Denied { record, device, missing, .. } = denied;
    let why = match (record.logged.why, record.logged.side) {
        (Refusal::Spoofed, _) => "the address is not its own",
        (Refusal::Switched, _) => "its switch says no",
        (Refusal::Outside, Side::Source) => "its contract does not allow it",
        (Refusal::Outside, Side::Destination) => "its contract does not let it in",
    };
    Some(Tell::Logged(Box::new(LoggedPacket {
        device: device?,
        at,
        dropped: record.logged.dropped,
        why: why.to_owned(),
        from: record.packet.from,
        to: record.packet.to,
        carrier: record.packet.carrier,
        service: record.packet.to_port,
        missing,
    })))
}

/// Whether a conversation is one that is never cut.
fn is_lifeline(options: &Options, packet: &Packet) -> bool {
    options.lifelines.iter().any(|lifeline| match lifeline {
        // Which interface a conversation goes by is not in connection tracking; its next packet is
        // let through by the rules.
        Lifeline::Link(_) => false,
        Lifeline::Here(carrier, port) => same(*carrier, packet) && packet.to_port == *port,
        Lifeline::At(ip, carrier, port) => {
            same(*carrier, packet) && packet.to_port == *port && packet.to == *ip
        }
    })
}

fn same(carrier: Carrier, packet: &Packet) -> bool {
    carrier.covers(packet.carrier)
}
