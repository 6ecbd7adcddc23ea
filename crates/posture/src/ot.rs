//! Acts over plant protocols: who did what to which controller, how often, and how it ended.

use std::collections::HashMap;
use std::time::Duration;

use cordon_model::{
    App, DeviceType, Fact, FindingKind, Object, Operation, Outcome, Severity, Timestamp, Verb,
};

use crate::ends::{Subject, at};
use crate::ledger::{Forget, Moment, Shown};

/// How many pairs of actor and controller with verb are kept: about 8 MB when full.
const MOST_ACTS: usize = 8 * 1024;

/// An actor that asks at least so often …
const REGULAR_COUNT: u64 = 20;
/// … over at least this long does it as its job.
const REGULAR_SPAN: Duration = Duration::from_secs(60);

/// Everything that was done to controllers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Acts {
    acts: HashMap<ActKey, Act>,
    left_out: u64,
}

/// Who did which kind of thing to whom.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct ActKey {
    pub target: Subject,
    pub verb: Verb,
    pub actor: Subject,
    pub app: App,
}

/// How often, and how it ended.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    pub asked: u64,
    pub done: u64,
    pub refused: u64,
    pub first: Timestamp,
    pub last: Timestamp,
    /// Requests; answers stand here only where no request was seen.
    pub requests: Shown,
    pub answers: Shown,
}

impl Acts {
    /// Adds one message.
    pub(crate) fn add(&mut self, fact: &Fact, operation: &Operation) {
        if kind(operation.verb).is_none() {
            return;
        }
        let asks = operation.outcome == Outcome::Asked;
        let (actor, target) = if asks { (&fact.from, &fact.to) } else { (&fact.to, &fact.from) };
        let key = ActKey {
            target: Subject::of(target, fact.vlan),
            verb: operation.verb,
            actor: Subject::of(actor, fact.vlan),
            app: operation.app,
        };
        if self.acts.len() >= MOST_ACTS && !self.acts.contains_key(&key) {
            self.left_out = self.left_out.saturating_add(1);
            return;
        }
        let act = self.acts.entry(key).or_insert_with(|| Act::new(fact.at));
        act.first = act.first.min(fact.at);
        act.last = act.last.max(fact.at);
        let end = match operation.outcome {
            Outcome::Asked => "",
            Outcome::Done => ": done",
            Outcome::Refused => ": refused",
        };
        let detail = || {
            let verb = operation.verb.says();
            let what = describe(operation);
            format!("{} {verb} {}: {what}{end}", at(actor), at(target))
        };
        match operation.outcome {
            Outcome::Asked => {
                act.asked = act.asked.saturating_add(1);
                act.requests.add(Moment::of(fact), detail);
            }
            Outcome::Done => {
                act.done = act.done.saturating_add(1);
                act.answers.add(Moment::of(fact), detail);
            }
            Outcome::Refused => {
                act.refused = act.refused.saturating_add(1);
                act.answers.add(Moment::of(fact), detail);
            }
        }
    }

    /// Leaves out what is too old.
    pub(crate) fn forget(&mut self, forget: Forget) {
        forget.thin(&mut self.acts, MOST_ACTS, |act| act.last);
        for act in self.acts.values_mut() {
            act.requests.forget_before(forget.before);
            act.answers.forget_before(forget.before);
        }
    }

    pub(crate) const fn left_out(&self) -> u64 {
        self.left_out
    }

    /// All acts in a fixed order.
    pub(crate) fn into_sorted(self) -> Vec<(ActKey, Act)> {
        let mut all: Vec<_> = self.acts.into_iter().collect();
        all.sort_unstable_by_key(|(key, _)| *key);
        all
    }
}

impl Act {
    fn new(at: Timestamp) -> Self {
        Act {
            asked: 0,
            done: 0,
            refused: 0,
            first: at,
            last: at,
            requests: Shown::default(),
            answers: Shown::default(),
        }
    }

    /// How often it was attempted, as far as one direction or both show it.
    pub(crate) fn count(&self) -> u64 {
        self.asked.max(self.done.saturating_add(self.refused))
    }

    /// Whether every attempt that was answered was refused.
    pub(crate) const fn only_refused(&self) -> bool {
        self.refused > 0 && self.done == 0
    }

    /// Whether it looks like somebody's job.
    pub(crate) fn is_regular(&self) -> bool {
        self.count() >= REGULAR_COUNT && self.last.since(self.first) >= REGULAR_SPAN
    }

    /// In numbers, for a sentence.
    pub(crate) fn tally(&self) -> String {
        let times = match self.count() {
            1 => "once".to_owned(),
            many => format!("{many} times"),
        };
        match (self.done, self.refused) {
            (0, 0) => format!("{times}, answers not seen"),
            (_, 0) => times,
            (0, _) => format!("{times}, all refused"),
            (_, refused) => format!("{times}, {refused} refused"),
        }
    }
}

fn describe(operation: &Operation) -> String {
    let mut what = format!("{} {}", operation.app.title(), operation.name);
    if operation.object != Object::None {
        what.push_str(&format!(", {}", operation.object));
    }
    if let Some(value) = &operation.value {
        what.push_str(&format!(" = {value}"));
    }
    if let Some(unit) = operation.unit {
        what.push_str(&format!(" (unit {unit})"));
    }
    what
}

/// The finding that a verb makes; none for acts that change nothing.
pub(crate) const fn kind(verb: Verb) -> Option<FindingKind> {
    match verb {
        Verb::Write => Some(FindingKind::OtWrite),
        Verb::Control => Some(FindingKind::OtControl),
        Verb::SetTime | Verb::Configure => Some(FindingKind::OtConfigure),
        Verb::Start | Verb::Stop => Some(FindingKind::OtStop),
        Verb::Restart | Verb::DisableComms => Some(FindingKind::OtRestart),
        Verb::ProgramUpload | Verb::ProgramDownload => Some(FindingKind::OtProgramTransfer),
        Verb::Firmware | Verb::File => Some(FindingKind::OtFirmware),
        Verb::Identify
        | Verb::Read
        | Verb::Subscribe
        | Verb::Diagnose
        | Verb::Session
        | Verb::Login => None,
    }
}

/// What was done, in one line.
pub(crate) const fn title(verb: Verb) -> &'static str {
    match verb {
        Verb::Control => "outputs of a controller commanded",
        Verb::SetTime => "clock of a controller set",
        Verb::Configure => "configuration of a controller changed",
        Verb::Start => "controller started",
        Verb::Stop => "controller stopped",
        Verb::Restart => "controller restarted",
        Verb::DisableComms => "controller silenced",
        Verb::ProgramUpload => "program read from a controller",
        Verb::ProgramDownload => "program written to a controller",
        Verb::Firmware => "firmware transferred to a controller",
        Verb::File => "file transferred with a controller",
        _ => "values written to a controller",
    }
}

/// How much an act matters: by what it does, and by whether the actor's job is to do it.
pub(crate) fn severity(
    key: &ActKey,
    act: &Act,
    actor: Option<DeviceType>,
    outside: bool,
) -> Severity {
    if outside {
        return if act.only_refused() { Severity::High } else { Severity::Critical };
    }
    let expected = is_expected(key.verb, act, actor);
    let severity = match (key.verb, expected) {
        (Verb::Write | Verb::Control | Verb::SetTime, true) => Severity::Low,
        (Verb::Configure | Verb::ProgramUpload, true) => Severity::Medium,
        (Verb::ProgramUpload | Verb::SetTime, false) => Severity::Medium,
        (Verb::Write | Verb::Control | Verb::Configure, false) => Severity::High,
        (Verb::ProgramDownload | Verb::Firmware | Verb::Stop, false) => Severity::Critical,
        _ => Severity::High,
    };
    if act.only_refused() { severity.min(Severity::Medium) } else { severity }
}

/// Whether the actor's job explains the act. Programs and stops are an engineering station's;
/// values are written by panels, servers and other controllers, or by whoever does so all day.
fn is_expected(verb: Verb, act: &Act, actor: Option<DeviceType>) -> bool {
    use DeviceType::{
        BuildingController, EngineeringStation, Hmi, IndustrialGateway, Plc, Rtu, ScadaServer,
    };
    match verb {
        Verb::Write | Verb::Control | Verb::SetTime => match actor {
            Some(
                EngineeringStation | Hmi | ScadaServer | Plc | Rtu | IndustrialGateway
                | BuildingController,
            ) => true,
            Some(DeviceType::Computer | DeviceType::Server | DeviceType::Iot) | None => {
                act.is_regular()
            }
            Some(_) => false,
        },
        _ => actor == Some(EngineeringStation),
    }
}
