//! Whether one device can reach another, by the rules that the kernel holds.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;

use cordon_contract::resolve::Known;
use cordon_contract::{Bindings, Carrier, Judge, Packet, Policy, Side, Stage};
use cordon_enforce::Ruleset;
use cordon_enforce::keeper::{Ask, Tell};
use cordon_enforce::prove::{End, Prover, Way};
use cordon_model::DeviceId;
use cordon_model::record::Action;
use serde::Serialize;

use super::site::site;
use crate::engine::Engine;
use crate::engine::devices::find;
use crate::engine::show::{hex, time};
use crate::view::{ProofRequest, ProofView};
use crate::{Answer, Caller, Problem, ProblemKind};

/// What a proof is, under its signature.
const PROOF_TYPE: &str = "application/vnd.cordon.proof+json";
/// Ways that an answer lists; the rest is counted.
const MAX_WAYS: usize = 12;
/// Pairs of devices that the search for a chain of devices looks at.
const MAX_PAIRS: usize = 100_000;
/// Devices that an answer names.
const NAMED: usize = 20;

/// A proof as it is signed.
#[derive(Serialize)]
struct Proof<'a> {
    schema: &'static str,
    from: &'a str,
    to: &'a str,
    answer: &'a str,
    says: &'a str,
    steps: &'a [String],
    limits: &'a [String],
    ways: &'a [Way],
    at: &'a str,
    /// SHA-256 of the rules that the kernel held, as they are written.
    rules: String,
}

/// What was found, before it is put into words.
struct Found {
    answer: &'static str,
    says: String,
    steps: Vec<String>,
    limits: Vec<String>,
    ways: Vec<Way>,
}

impl Engine {
    pub(in crate::engine) async fn prove_reach(
        &self,
        caller: &Caller,
        request: &ProofRequest,
    ) -> Answer<ProofView> {
        self.may_site(caller, Action::ProofMake)?;
        let rules = self.held_rules().await?;
        let now = self.clock.now();
        let (world, book) = (self.world.load_full(), self.book());
        let policy = self
            .contracts
            .loaded()
            .policy
            .clone()
            .unwrap_or_else(|| std::sync::Arc::new(self.resolved(&book).policy));
        let known = site(&world.register, &self.options.enforce);
        let from = end_named(&world, &known.devices, &request.from)?;
        let digest = {
            use sha2::Digest as _;
            let written = serde_json::to_vec(&rules).unwrap_or_default();
            hex(&sha2::Sha256::digest(written))
        };
        let everything = matches!(request.to.trim(), "" | "*");
        let found = match (&rules, everything) {
            (None, _) => nothing_loaded(&from.label, &self.rules_view().says),
            (Some(rules), true) => {
                let prover = Prover::new(rules, now);
                radius(&prover, &from, &known.devices)
            }
            (Some(rules), false) => {
                let to = end_named(&world, &known.devices, &request.to)?;
                let case = Case { rules, policy: &policy, from: &from, to: &to };
                case.proof(now)
            }
        };
        let at = time(now);
        let proof = Proof {
            schema: "cordon.proof/1",
            from: &request.from,
            to: &request.to,
            answer: found.answer,
            says: &found.says,
            steps: &found.steps,
            limits: &found.limits,
            ways: &found.ways,
            at: &at,
            rules: digest,
        };
        let body = serde_json::to_vec(&proof).unwrap_or_default();
        let envelope = self.contracts.sign(PROOF_TYPE, &body);
        let detail = [("to", request.to.as_str()), ("answer", found.answer)];
        let entry = self.entry(&caller.actor(), Action::ProofMake, &from.id.0, &detail);
        self.commit(Vec::new(), vec![entry]).await?;
        Ok(ProofView {
            answer: found.answer.to_owned(),
            says: found.says,
            steps: found.steps,
            limits: found.limits,
            at,
            envelope: serde_json::to_value(envelope).unwrap_or_default(),
        })
    }

    /// What the kernel holds, read back now; none where nothing of ours is loaded.
    async fn held_rules(&self) -> Answer<Option<Ruleset>> {
        let Some(gate) = &self.contracts.gate else { return Ok(None) };
        match gate.ask(Ask::Held).await {
            Ok(Tell::Held(rules)) => Ok(rules.map(|rules| *rules)),
            Ok(Tell::Refused(why)) => Err(Problem::new(ProblemKind::Conflict, why)),
            Ok(_) => Err(Problem::new(ProblemKind::Broken, "the answer is to another question")),
            Err(why) => Err(Problem::new(ProblemKind::Unavailable, why)),
        }
    }
}

fn nothing_loaded(from: &str, says: &str) -> Found {
    Found {
        answer: "possible",
        says: format!("{from} can reach everything: no rules are loaded on this machine."),
        steps: vec![says.to_owned()],
        limits: Vec::new(),
        ways: Vec::new(),
    }
}

fn end_named(world: &crate::engine::world::World, devices: &[Known], name: &str) -> Answer<Known> {
    let record = find(world, name)?;
    let known = devices.iter().find(|device| device.id == record.id);
    known
        .cloned()
        .filter(|known| !known.ips.is_empty())
        .ok_or_else(|| Problem::invalid(format!("{} has no address in the site", record.label())))
}

fn ends(device: &Known) -> Vec<End> {
    let link = device.link.clone().unwrap_or_default();
    let macs: Vec<_> = match &device.link {
        Some(_) if !device.macs.is_empty() => device.macs.iter().copied().map(Some).collect(),
        _ => vec![None],
    };
    // No router forwards what is from or for an address of a link alone (RFC 4291, 2.5.6).
    let forwarded = |ip: &&IpAddr| cordon_model::scope(**ip) != cordon_model::Scope::LinkLocal;
    device
        .ips
        .iter()
        .filter(forwarded)
        .flat_map(|ip| {
            let link = link.clone();
            macs.iter().map(move |mac| End { link: link.clone(), mac: *mac, ip: *ip })
        })
        .collect()
}

/// Whether packets of two devices may go past this machine.
fn is_beside(from: &Known, to: &Known) -> bool {
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

struct Case<'a> {
    rules: &'a Ruleset,
    policy: &'a Policy,
    from: &'a Known,
    to: &'a Known,
}

impl Case<'_> {
    fn proof(&self, now: cordon_model::Timestamp) -> Found {
        let prover = Prover::new(self.rules, now);
        let (from, to) = (&self.from.label, &self.to.label);
        let mut ways = Vec::new();
        let mut disguised = Vec::new();
        let mut pairs = 0;
        for a in ends(self.from) {
            for b in ends(self.to) {
                let here = End { mac: None, ..b };
                pairs += 1;
                ways.extend(prover.ways(&a, &here));
                if a.mac.is_some() {
                    disguised.extend(prover.disguised(&a, &here));
                }
            }
        }
        ways.sort();
        ways.dedup();
        disguised.retain(|way| !ways.contains(way));
        disguised.sort();
        disguised.dedup();
        let mut limits = Vec::new();
        if is_beside(self.from, self.to) {
            limits.push(format!(
                "{from} and {to} are in one network: what they say to each other need not pass \
                 this machine"
            ));
        }
        if self.from.link.is_none() {
            limits.push(format!(
                "{from} is not on a link of this machine: that it does not use another's address \
                 is not shown"
            ));
        }
        let mut steps = vec![format!(
            "Every packet that could begin a conversation was taken through the {} elements that \
             the kernel holds, read back on {}: {pairs} pairs of addresses, all protocols, all \
             ports.",
            self.rules.len(),
            time(now)
        )];
        steps.extend(self.stops());
        let (answer, says) = match (ways.is_empty(), disguised.is_empty(), limits.is_empty()) {
            (false, _, _) => ("possible", format!("{from} can reach {to}.")),
            (true, false, _) => (
                "possible",
                format!("{from} can reach {to}, but only under an address that is not its own."),
            ),
            (true, true, false) if is_beside(self.from, self.to) => {
                ("unknown", format!("No packet of {from} reaches {to} through this machine."))
            }
            (true, true, _) => ("impossible", format!("A compromised {from} cannot reach {to}.")),
        };
        let listed = if ways.is_empty() { &disguised } else { &ways };
        steps.extend(listed.iter().take(MAX_WAYS).map(|way| self.way_says(way, now)));
        if listed.len() > MAX_WAYS {
            steps.push(format!("… and {} ways more.", listed.len() - MAX_WAYS));
        }
        let ways = listed.clone();
        Found { answer, says, steps, limits, ways }
    }

    /// What stands between the two.
    fn stops(&self) -> Vec<String> {
        let member = |id: &DeviceId| self.policy.members.iter().find(|one| one.device == *id);
        let mut says = Vec::new();
        for (device, role) in [(self.from, "may open"), (self.to, "takes")] {
            says.push(match member(&device.id) {
                Some(member) if member.stage == Stage::Enforce => format!(
                    "The contract of {} is enforced: it {role} nothing but what it says.",
                    device.label
                ),
                Some(_) => format!("The contract of {} is not enforced.", device.label),
                None => format!("{} has no contract in force.", device.label),
            });
            if let Some(member) = member(&device.id)
                && member.reach != cordon_contract::Reach::Normal
            {
                says.push(format!(
                    "{} is switched to {}.",
                    device.label,
                    super::reach_name(member.reach)
                ));
            }
        }
        says
    }

    fn way_says(&self, way: &Way, now: cordon_model::Timestamp) -> String {
        let (carrier, from_port, to_port) = way.witness();
        let span = |(low, high): (u16, u16)| match low == high {
            true => low.to_string(),
            false => format!("{low} to {high}"),
        };
        let carried = match carrier {
            Carrier::Tcp | Carrier::Udp => {
                let ports = way.service.map(span).unwrap_or_default();
                format!("{} port {ports}", carrier.to_string().to_uppercase())
            }
            _ if way.protocols.0 != way.protocols.1 => {
                format!("protocols {} to {}", way.protocols.0, way.protocols.1)
            }
            other => other.to_string().to_uppercase(),
        };
        let judge = Judge::new(self.policy);
        let packet = Packet {
            mac: None,
            from: way.from,
            to: way.to,
            carrier,
            from_port,
            to_port,
            established: false,
        };
        let bindings = Bindings::default();
        let mut by = Vec::new();
        for (ip, side, peer, whose) in [
            (way.from, Side::Source, way.to, &self.from.label),
            (way.to, Side::Destination, way.from, &self.to.label),
        ] {
            let Some(member) = judge.member_at(ip) else { continue };
            let entry = judge.allows(member, side, peer, &packet, &bindings, now);
            if let Some(origin) = entry.and_then(|entry| self.policy.entries.get(entry as usize)) {
                by.push(format!("entry {} of {whose}", origin.entry));
            }
        }
        let by = if by.is_empty() { String::new() } else { format!(", by {}", by.join(" and ")) };
        format!("{} → {} over {carried}{by}", way.from, way.to)
    }
}

/// Which devices one device could reach, directly and through others.
fn radius(prover: &Prover<'_>, from: &Known, devices: &[Known]) -> Found {
    let reaches = |a: &Known, b: &Known| {
        is_beside(a, b)
            || ends(a).iter().any(|a| {
                ends(b).iter().any(|b| {
                    let here = End { mac: None, ..b.clone() };
                    !prover.ways(a, &here).is_empty()
                })
            })
    };
    let others: Vec<&Known> =
        devices.iter().filter(|one| one.id != from.id && !one.ips.is_empty()).collect();
    let mut hops: BTreeMap<&str, u32> = BTreeMap::new();
    let mut waiting: VecDeque<(&Known, u32)> = VecDeque::from([(from, 0)]);
    let mut pairs = 0;
    let mut whole = true;
    while let Some((device, hop)) = waiting.pop_front() {
        for other in &others {
            if hops.contains_key(other.id.0.as_str()) {
                continue;
            }
            pairs += 1;
            if pairs > MAX_PAIRS {
                whole = false;
                break;
            }
            if reaches(device, other) {
                hops.insert(&other.id.0, hop + 1);
                waiting.push_back((other, hop + 1));
            }
        }
    }
    let named = |wanted: fn(u32) -> bool| -> (usize, String) {
        let labels: BTreeSet<&str> = others
            .iter()
            .filter(|one| hops.get(one.id.0.as_str()).is_some_and(|hop| wanted(*hop)))
            .map(|one| one.label.as_str())
            .collect();
        let list: Vec<&str> = labels.iter().take(NAMED).copied().collect();
        let more = if labels.len() > NAMED { ", …" } else { "" };
        let count = others
            .iter()
            .filter(|one| hops.get(one.id.0.as_str()).is_some_and(|hop| wanted(*hop)))
            .count();
        (count, format!("{}{more}", list.join(", ")))
    };
    let (direct, direct_names) = named(|hop| hop == 1);
    let (through, through_names) = named(|hop| hop > 1);
    let all = others.len();
    let mut limits = vec![
        "devices of one network count as reachable: what they say to each other need not pass \
         this machine"
            .to_owned(),
    ];
    if !whole {
        limits.push(format!("after {MAX_PAIRS} pairs of devices the search was ended"));
    }
    Found {
        answer: if direct == 0 { "impossible" } else { "possible" },
        says: format!(
            "A compromised {} can reach {direct} of {all} other devices directly, and {through} \
             more through them.",
            from.label
        ),
        steps: [
            (direct > 0).then(|| format!("directly: {direct_names}")),
            (through > 0).then(|| format!("through others: {through_names}")),
        ]
        .into_iter()
        .flatten()
        .collect(),
        limits,
        ways: Vec::new(),
    }
}
