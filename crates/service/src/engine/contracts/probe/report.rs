//! What a probe met, compared with what the rules say now and said before.

use std::str::FromStr as _;

use cordon_model::record::{Action, Event, EventKind};
use cordon_model::{DeviceId, Timestamp};
use cordon_probe::{Chance, MAX_PORTS, Meaning, Outcome, Port, compare, sentence};
use cordon_store::Write;
use serde::Serialize;

use super::open::{Changed, Hole};
use super::plan::plain;
use super::{Plan, Probes};
use crate::engine::Engine;
use crate::engine::contracts::prove::Ground;
use crate::engine::show::{moment, time};
use crate::view::{ProbeLineView, ProbePort, ProbeReport, ProbeView};
use crate::{Answer, Caller, Problem, ProblemKind};

/// What the result is, under its signature.
const PROBE_TYPE: &str = "application/vnd.cordon.probe+json";
/// What the document calls itself.
const SCHEMA: &str = "cordon.probe/1";

/// One try and what it means.
struct Tried {
    port: Port,
    chance: Chance,
    outcome: Outcome,
    meaning: Meaning,
}

/// The document that is signed.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    at: Timestamp,
    by: &'a str,
    from: &'a str,
    source: String,
    to: &'a DeviceId,
    address: String,
    tries: Vec<DocumentTry>,
    limits: &'a [String],
}

#[derive(Serialize)]
struct DocumentTry {
    port: Port,
    chance: &'static str,
    outcome: &'static str,
    meaning: &'static str,
}

impl Engine {
    pub(in crate::engine) async fn take_probe(
        &self,
        caller: &Caller,
        id: &str,
        report: &ProbeReport,
    ) -> Answer<ProbeView> {
        self.may_site(caller, Action::ProbeReport)?;
        let met = outcomes(report)?;
        let ground = self.ground().await?;
        let _writing = self.writing.lock().await;
        let plan = self.plan_of(caller, id)?;
        let world = self.world.load_full();
        let record =
            world.register.get(&plan.to).ok_or_else(|| Problem::not_found("such device"))?;
        let tried = compared(&ground, &plan, &met)?;
        let label = record.label();
        let from = match plan.from.as_str() {
            "" => plan.source.to_string(),
            from => format!("{} (in the place of {from})", plan.source),
        };
        let (answer, says) = verdict(&tried, &from, &label);
        let limits = limits(&plan, &ground);
        let document = Document {
            schema: SCHEMA,
            at: ground.now,
            by: &plan.actor,
            from: &plan.from,
            source: plan.source.to_string(),
            to: &plan.to,
            address: plan.address.to_string(),
            tries: tried.iter().map(Tried::document).collect(),
            limits: &limits,
        };
        let envelope =
            self.contracts.sign(PROBE_TYPE, &serde_json::to_vec(&document).unwrap_or_default());
        let mut open = self.probes().open.clone();
        let mut changed = Changed::default();
        for one in &tried {
            let hole = Hole {
                source: plan.source,
                to: plan.to.clone(),
                address: plan.address,
                port: one.port,
                at: ground.now,
            };
            open.take(&hole, one.chance, one.outcome, &mut changed);
        }
        let mut writes = events(&plan, &changed, &from, &label, ground.now);
        if !writes.is_empty() {
            writes.push(open.write());
        }
        let told: Vec<String> =
            tried.iter().map(|one| format!("{} {}", one.port, one.outcome)).collect();
        let (source, told) = (plan.source.to_string(), told.join(","));
        let detail = [
            ("from", plan.from.as_str()),
            ("source", &source),
            ("outcomes", &told),
            ("answer", answer.name()),
            ("probe", &plan.id),
        ];
        let entry = self.entry(&caller.actor(), Action::ProbeReport, &plan.to.0, &detail);
        let found = !writes.is_empty();
        self.commit(writes, vec![entry]).await?;
        {
            let mut probes = self.probes();
            probes.open = open;
            // Its tries still count against those of the hour.
            probes.plans.iter_mut().filter(|one| one.id == plan.id).for_each(|one| {
                one.reported = true;
            });
        }
        if found {
            self.tick(&["devices", "today", "health"]);
        }
        Ok(ProbeView {
            answer: answer.name().to_owned(),
            says,
            lines: tried.iter().map(Tried::line).collect(),
            limits,
            at: time(ground.now),
            envelope: serde_json::to_value(envelope).unwrap_or_default(),
        })
    }

    /// A plan of the caller's that waits for its outcomes.
    fn plan_of(&self, caller: &Caller, id: &str) -> Answer<Plan> {
        let mut probes = self.probes();
        probes.tidy(self.clock.instant());
        let actor = caller.actor();
        let plan = probes.plans.iter().find(|plan| plan.id == id && plan.actor == actor);
        let plan = plan.ok_or_else(|| {
            Problem::not_found("such probe of yours; outcomes are taken for an hour after it began")
        })?;
        if plan.reported {
            return Err(Problem::new(
                ProblemKind::Conflict,
                "what this probe met was told already",
            ));
        }
        Ok(plan.clone())
    }

    /// What got through against the rules, in a sentence; none where nothing did.
    pub(in crate::engine) fn probes_open(&self) -> Option<String> {
        let world = self.world.load();
        let probes = self.probes();
        let mut holes = probes.open.holes(|id| world.register.get(id).is_some());
        let hole = holes.next()?;
        let label = world.register.get(&hole.to).map(|one| one.label()).unwrap_or_default();
        let more = match holes.count() {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        Some(format!(
            "a probe from {} got through to {label} at {} on {}, though the rules say that nothing does{more}",
            hole.source,
            hole.port,
            moment(hole.at)
        ))
    }

    pub(super) fn probes(&self) -> std::sync::MutexGuard<'_, Probes> {
        self.contracts.probes.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Tried {
    fn document(&self) -> DocumentTry {
        DocumentTry {
            port: self.port,
            chance: self.chance.name(),
            outcome: self.outcome.name(),
            meaning: self.meaning.name(),
        }
    }

    fn line(&self) -> ProbeLineView {
        ProbeLineView {
            port: ProbePort(self.port.to_string()),
            chance: self.chance.name().to_owned(),
            outcome: self.outcome.name().to_owned(),
            meaning: self.meaning.name().to_owned(),
            says: sentence(self.port, self.chance, self.outcome),
        }
    }
}

fn outcomes(report: &ProbeReport) -> Answer<Vec<(Port, Outcome)>> {
    if report.outcomes.is_empty() || report.outcomes.len() > MAX_PORTS {
        return Err(Problem::invalid(format!("a probe has 1 to {MAX_PORTS} outcomes")));
    }
    let ports = cordon_probe::ports(report.outcomes.iter().map(|one| one.port.0.as_str()))
        .map_err(|error| Problem::invalid(error.to_string()))?;
    let mut met = Vec::new();
    for (port, one) in ports.into_iter().zip(&report.outcomes) {
        let outcome = Outcome::from_str(&one.outcome).map_err(|()| {
            Problem::invalid("outcome is connected, refused, unreachable, silent or not-sent")
        })?;
        met.push((port, outcome));
    }
    Ok(met)
}

/// Each outcome beside what the rules say; unknown where they say something else now than when the probe
/// began, for nobody knows what they said at its moment.
fn compared(ground: &Ground, plan: &Plan, met: &[(Port, Outcome)]) -> Answer<Vec<Tried>> {
    let now = ground.chances_now(plan);
    met.iter()
        .map(|(port, outcome)| {
            let at = plan.tries.iter().position(|(planned, _)| planned == port);
            let at = at.ok_or_else(|| {
                Problem::invalid(format!("{port} is not what this probe set out to try"))
            })?;
            let before = plan.tries.get(at).map(|(_, chance)| *chance);
            let now = now.get(at).map(plain);
            let chance = match (before, now) {
                (Some(before), Some(now)) if before == now && !plan.unsure => now,
                _ => Chance::Unknown,
            };
            let meaning = compare(chance, *outcome);
            Ok(Tried { port: *port, chance, outcome: *outcome, meaning })
        })
        .collect()
}

/// The whole in one word and one sentence.
fn verdict(tried: &[Tried], from: &str, label: &str) -> (Meaning, String) {
    let of = |meaning| tried.iter().filter(move |one| one.meaning == meaning);
    let ports = |meaning| {
        let ports: Vec<String> = of(meaning).map(|one| one.port.to_string()).collect();
        ports.join(", ")
    };
    let stopped = of(Meaning::Agrees).filter(|one| one.chance == Chance::Impossible).count();
    let passed = of(Meaning::Agrees).count() - stopped;
    let (through, quiet) = (of(Meaning::GotThrough).count(), of(Meaning::Quiet).count());
    let agrees = match (stopped, passed) {
        (0, passed) => format!("{passed} got through"),
        (stopped, 0) => format!("{stopped} were stopped"),
        (stopped, passed) => format!("{stopped} were stopped and {passed} got through"),
    };
    if through > 0 {
        let says = format!(
            "The rules do not hold: from {from}, {} of {label} was answered, and the rules say that nothing gets \
             there.",
            ports(Meaning::GotThrough)
        );
        (Meaning::GotThrough, says)
    } else if stopped + passed > 0 {
        let mut says = format!("From {from} to {label} it is as the rules say: {agrees}.");
        if quiet > 0 {
            says.push_str(&format!(
                " Nothing came back at {}, where something may.",
                ports(Meaning::Quiet)
            ));
        }
        (Meaning::Agrees, says)
    } else if quiet > 0 {
        let says = format!(
            "Nothing came back from {label}, though the rules let it through from {from}: it may be off."
        );
        (Meaning::Quiet, says)
    } else {
        (Meaning::Shows, format!("The tries from {from} to {label} show nothing about the rules."))
    }
}

fn limits(plan: &Plan, ground: &Ground) -> Vec<String> {
    let mut limits = vec![
        "the outcomes are what the machine that tried told; this service did not see them itself"
            .to_owned(),
        "silence does not tell where on the way a packet was lost".to_owned(),
        "other packets than those tried; the proof is about all of them".to_owned(),
    ];
    if let Some(device) = &plan.device {
        limits.push(format!(
            "a machine in the place of {} has its own link-layer address, unless it took that one too",
            ground.label(device)
        ));
    }
    if plan.unsure {
        limits.push("what the address that was sent from is to the rules".to_owned());
    }
    limits
}

/// What changed, on the timeline of the device that could, or else of the one that was reached.
fn events(plan: &Plan, changed: &Changed, from: &str, label: &str, at: Timestamp) -> Vec<Write> {
    let device = plan.device.as_ref().unwrap_or(&plan.to);
    let event = |kind, ports: &[Port], says: &dyn Fn(&str) -> String| {
        let ports: Vec<String> = ports.iter().map(Port::to_string).collect();
        let (device, says) = (device.clone(), says(&ports.join(", ")).into());
        (!ports.is_empty()).then(|| Write::AddEvent(Event { at, device, kind, says, actor: None }))
    };
    let came = event(EventKind::FindingOpened, &changed.came, &|ports| {
        format!(
            "found: a probe from {from} got through to {label} at {ports}, and the rules say that nothing does"
        )
    });
    let went = event(EventKind::FindingClosed, &changed.went, &|ports| {
        format!("a probe from {from} to {label} at {ports} is answered as the rules say again")
    });
    came.into_iter().chain(went).collect()
}
