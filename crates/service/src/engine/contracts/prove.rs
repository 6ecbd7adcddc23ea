//! Whether one device can reach another, by the rules that the kernel holds.

use std::collections::BTreeMap;
use std::net::IpAddr;

use cordon_contract::book::Book;
use cordon_contract::resolve::{Bound, Known, World as Site, resolve};
use cordon_contract::{Bindings, Contract, Policy, Reach, Stage};
use cordon_enforce::keeper::{Ask, Tell};
use cordon_enforce::{Loaded, Other, Ruleset};
use cordon_model::record::Action;
use cordon_model::{DeviceId, Timestamp};
use cordon_prove::{Answer as Proven, End, Expectation, Must, Prover, Surroundings};

use super::promise::Promises;
use super::site::site;
use crate::engine::Engine;
use crate::engine::devices::find;
use crate::engine::show::{moment, time};
use crate::engine::world::World;
use crate::view::{ProofRequest, ProofView};
use crate::{Answer, Caller, Problem, ProblemKind};

/// What a proof is, under its signature.
const PROOF_TYPE: &str = "application/vnd.cordon.proof+json";
/// Steps of the search for a chain of devices.
const HOPS: usize = 4;
/// Devices that an answer names.
const NAMED: usize = 20;
/// Lines of an answer.
const LINES: usize = 30;

/// Everything that a question is answered from.
pub(super) struct Ground {
    pub(super) policy: Policy,
    pub(super) site: Site,
    rules: Option<Ruleset>,
    others: Vec<Other>,
    pub(super) now: Timestamp,
}

/// What was found, in words and as the document that is signed.
struct Said {
    answer: &'static str,
    says: String,
    steps: Vec<String>,
    limits: Vec<String>,
    document: Vec<u8>,
}

impl Engine {
    pub(in crate::engine) async fn prove_reach(
        &self,
        caller: &Caller,
        request: &ProofRequest,
    ) -> Answer<ProofView> {
        self.may_site(caller, Action::ProofMake)?;
        // A promise is written over those that there are.
        let _writing = match request.keep {
            Some(_) => Some(self.writing.lock().await),
            None => None,
        };
        let ground = self.ground().await?;
        let (now, world) = (ground.now, self.world.load_full());
        let from = ground.device(&world, &request.from)?;
        let to = match request.to.trim() {
            "" | "*" => None,
            name => Some(ground.device(&world, name)?),
        };
        let said = match &to {
            Some(to) => ground.pair(&from, to),
            None => ground.radius(&from, &self.rules_view().says),
        };
        let envelope = self.contracts.sign(PROOF_TYPE, &said.document);
        let mut detail = vec![("to", request.to.as_str()), ("answer", said.answer)];
        let mut promises = None;
        if let (Some(keep), Some(to)) = (request.keep, &to) {
            if keep && said.answer != "impossible" {
                let why = format!("only what is impossible can be promised: {}", said.says);
                return Err(Problem::new(ProblemKind::Conflict, why));
            }
            detail.push(("keep", if keep { "yes" } else { "no" }));
            promises = self.promised(&from.id, &to.id, keep, &caller.actor(), now)?;
        } else if request.keep.is_some() {
            return Err(Problem::invalid("a promise is about two devices; name both"));
        }
        let entry = self.entry(&caller.actor(), Action::ProofMake, &from.id.0, &detail);
        self.commit(promises.iter().map(Promises::write).collect(), vec![entry]).await?;
        promises.into_iter().for_each(|promises| self.hold_promises(promises));
        let kept = to.as_ref().is_some_and(|to| self.is_promised(&from.id, &to.id));
        Ok(ProofView {
            answer: said.answer.to_owned(),
            says: said.says,
            steps: said.steps,
            limits: said.limits,
            kept,
            at: time(now),
            envelope: serde_json::to_value(envelope).unwrap_or_default(),
        })
    }

    /// Everything that a question is answered from, as it is now.
    pub(super) async fn ground(&self) -> Answer<Ground> {
        let (rules, others) = self.held_rules().await?;
        let now = self.clock.now();
        let (world, book) = (self.world.load_full(), self.book());
        let site = site(&world.register, &self.options.enforce);
        let policy = explaining(&site, &book, now);
        Ok(Ground { policy, site, rules, others, now })
    }

    /// What the kernel holds, read back now, and what others hold around it; no rules where
    /// nothing of ours is loaded.
    async fn held_rules(&self) -> Answer<(Option<Ruleset>, Vec<Other>)> {
        let Some(gate) = &self.contracts.gate else { return Ok((None, Vec::new())) };
        match gate.ask(Ask::Held).await {
            Ok(Tell::Held { rules, others }) => Ok((rules.map(|rules| *rules), others)),
            Ok(Tell::Refused(why)) => Err(Problem::new(ProblemKind::Conflict, why)),
            Ok(_) => Err(Problem::new(ProblemKind::Broken, "the answer is to another question")),
            Err(why) => Err(Problem::new(ProblemKind::Unavailable, why)),
        }
    }
}

/// The policy that says whose addresses are whose: of every device, also of those that no contract
/// binds.
fn explaining(site: &Site, book: &Book, now: Timestamp) -> Policy {
    let none = book.switched();
    let mut bound: BTreeMap<DeviceId, Bound<'_>> =
        book.bound(&none).map(|bound| (bound.contract.device.clone(), bound)).collect();
    let unbound: Vec<Contract> = site
        .devices
        .iter()
        .filter(|device| !bound.contains_key(&device.id))
        .map(|device| Contract::new(device.id.clone(), &device.label, now))
        .collect();
    for contract in &unbound {
        let free = Bound { contract, stage: Stage::Watch, reach: Reach::Normal };
        bound.insert(contract.device.clone(), free);
    }
    let bound: Vec<Bound<'_>> = bound.into_values().collect();
    resolve(site, &bound, now).policy
}

impl Ground {
    fn device(&self, world: &World, name: &str) -> Answer<Known> {
        let record = find(world, name)?;
        let known = self.site.devices.iter().find(|device| device.id == record.id);
        known.filter(|known| !known.ips.is_empty()).cloned().ok_or_else(|| {
            Problem::invalid(format!("{} has no address in the site yet", record.label()))
        })
    }

    /// The rules as they are held; where nothing is loaded, none.
    pub(super) fn loaded(&self) -> Loaded {
        self.rules.as_ref().map(Loaded::from).unwrap_or_default()
    }

    /// Between two networks there is this machine; within one, packets need not pass it.
    pub(super) fn surroundings(&self, routed: bool) -> Surroundings {
        Surroundings { others: self.others.clone(), routed, ..Surroundings::default() }
    }

    pub(super) fn label(&self, id: &DeviceId) -> String {
        let known = self.site.devices.iter().find(|device| device.id == *id);
        known.map_or_else(|| id.0.to_string(), |known| known.label.to_string())
    }

    fn pair(&self, from: &Known, to: &Known) -> Said {
        let (loaded, around) = (self.loaded(), self.surroundings(!is_beside(from, to)));
        let bindings = Bindings::default();
        let prover = Prover::new(&loaded, &self.policy, &bindings, &around, self.now);
        let expectation = Expectation {
            from: End::Device(from.id.clone()),
            to: End::Device(to.id.clone()),
            must: Must::Impossible,
        };
        let finding = prover.prove(&expectation.from, &expectation.to);
        let proof = prover.check(&[expectation]);
        let mut lines = finding.says().lines().map(str::to_owned).collect::<Vec<_>>();
        let says = if lines.is_empty() { String::new() } else { lines.remove(0) };
        // Ways that differ in nothing that people read are one to them.
        lines.dedup();
        lines.truncate(LINES);
        let answer = match &finding.answer {
            Proven::Impossible { .. } => "impossible",
            Proven::Possible { .. } => "possible",
            Proven::Unknown { .. } => "unknown",
        };
        lines.insert(
            0,
            format!(
                "Every packet that could begin a conversation was taken through the {} elements \
                 that the kernel holds, read back on {}.",
                self.rules.as_ref().map_or(0, Ruleset::len),
                moment(self.now)
            ),
        );
        Said {
            answer,
            says,
            steps: lines.iter().map(|line| line.trim_start_matches("- ").to_owned()).collect(),
            limits: proof.assumes.iter().chain(&proof.limits).map(ToString::to_string).collect(),
            document: proof.to_json().unwrap_or_default(),
        }
    }

    fn radius(&self, from: &Known, rules: &str) -> Said {
        let (loaded, around) = (self.loaded(), self.surroundings(false));
        let bindings = Bindings::default();
        let prover = Prover::new(&loaded, &self.policy, &bindings, &around, self.now);
        let Some(blast) = prover.blast(&from.id, HOPS) else {
            return Said {
                answer: "unknown",
                says: format!("Nothing is known of {}.", from.label),
                steps: Vec::new(),
                limits: Vec::new(),
                document: Vec::new(),
            };
        };
        let names = |ids: &[DeviceId]| -> String {
            let mut list: Vec<String> = ids.iter().take(NAMED).map(|id| self.label(id)).collect();
            if ids.len() > NAMED {
                list.push(format!("{} more", ids.len() - NAMED));
            }
            list.join(", ")
        };
        let mut steps = vec![rules.to_owned()];
        for (hop, devices) in blast.hops.iter().enumerate() {
            steps.push(match hop {
                0 => format!("directly: {}", names(devices)),
                _ => format!("in {} steps, through those: {}", hop + 1, names(devices)),
            });
        }
        if !blast.beside.is_empty() {
            steps.push(format!(
                "on its own link, where packets need not pass this machine: {}",
                names(&blast.beside)
            ));
        }
        let reached: usize = blast.hops.iter().map(Vec::len).sum();
        Said {
            answer: if reached == 0 { "impossible" } else { "possible" },
            says: blast.says().replacen(&*from.id.0, &from.label, 1),
            steps,
            limits: blast.limits.iter().map(ToString::to_string).collect(),
            document: serde_json::to_vec(&blast).unwrap_or_default(),
        }
    }
}

/// Whether packets of two devices may go past this machine.
pub(super) fn is_beside(from: &Known, to: &Known) -> bool {
    if from.link.is_some() || to.link.is_some() {
        return from.link == to.link;
    }
    let near = |a: &IpAddr, b: &IpAddr| match (a, b) {
        (IpAddr::V4(a), IpAddr::V4(b)) => a.octets().get(..3) == b.octets().get(..3),
        (IpAddr::V6(a), IpAddr::V6(b)) => a.segments().get(..4) == b.segments().get(..4),
        _ => false,
    };
    from.ips.iter().any(|a| to.ips.iter().any(|b| near(a, b)))
}
