//! One device's conversations: some are learned from, the others judged.

use std::path::PathBuf;

use cordon_capture::{FileSource, InputPath};
use cordon_contract::learn::{Learner, Who};
use cordon_contract::rehearse::{Pace, Sighting};
use cordon_contract::resolve::{Bound, Known, World, resolve};
use cordon_contract::{Bindings, Contract, Decision, Judge, MemberNo, Reach, Stage};
use cordon_inventory::InventoryOptions;
use cordon_model::fact::{DnsKind, DnsValue};
use cordon_model::{Device, Fact, Flow, Mac, Said, Scope, SecretKey, Timestamp, scope};
use cordon_pipeline::{Conclusions, Options, Pipeline, Sink};
use ipnet::IpNet;

/// Where something was seen.
#[derive(Clone, Copy)]
pub struct At {
    /// Which capture.
    pub capture: usize,
    /// Whether in the first half of its time.
    pub early: bool,
}

/// Everything that captures show.
pub struct Scene {
    facts: Vec<(At, Fact)>,
    flows: Vec<(At, Flow)>,
    conclusions: Conclusions,
}

/// What became of conversations.
#[derive(Default)]
pub struct Outcome {
    pub learned: u64,
    pub judged: u64,
    pub broken: u64,
}

impl Outcome {
    pub fn add(&mut self, other: &Outcome) {
        self.learned += other.learned;
        self.judged += other.judged;
        self.broken += other.broken;
    }

    #[expect(clippy::cast_precision_loss, reason = "a share shown with two digits")]
    pub fn share(&self) -> f64 {
        if self.judged == 0 { 0.0 } else { self.broken as f64 * 100.0 / self.judged as f64 }
    }
}

#[derive(Default)]
struct Heard {
    facts: Vec<Fact>,
    flows: Vec<Flow>,
}

impl Sink for Heard {
    fn fact(&mut self, fact: &Fact) {
        self.facts.push(fact.clone());
    }

    fn flow(&mut self, flow: &Flow) {
        self.flows.push(flow.clone());
    }
}

impl Scene {
    /// What captures show, one after the other, as if one site had seen them all.
    pub fn of(captures: &[PathBuf]) -> Self {
        let seed = 7;
        let inventory = InventoryOptions { seed, ..InventoryOptions::default() };
        let mut pipeline = Pipeline::new(Options::new(SecretKey::new([7; 32]), seed, inventory));
        let (mut facts, mut flows) = (Vec::new(), Vec::new());
        for (capture, path) in captures.iter().enumerate() {
            let mut heard = Heard::default();
            let (mut first, mut last) = (None::<Timestamp>, Timestamp::default());
            if let Ok(mut source) = FileSource::open(&InputPath::File(path.clone()), 0) {
                while let Some(packet) = source.next() {
                    first = Some(first.map_or(packet.at, |first| first.min(packet.at)));
                    last = last.max(packet.at);
                    pipeline.packet_with(&packet, &mut heard);
                }
            }
            pipeline.end_flows(&mut heard);
            let begun = first.unwrap_or_default();
            let middle = begun.plus(last.since(begun) / 2);
            let at = |time: Timestamp| At { capture, early: time < middle };
            facts.extend(heard.facts.into_iter().map(|fact| (at(fact.at), fact)));
            flows.extend(heard.flows.into_iter().map(|flow| (at(flow.first), flow)));
        }
        Scene { facts, flows, conclusions: pipeline.conclude() }
    }

    fn who(&self) -> Who<'_> {
        Who { devices: &self.conclusions.devices.devices, index_of: &|_| None }
    }

    /// Every device's contract, from what `learn` chooses.
    pub fn contracts(&self, learn: impl Fn(At) -> bool) -> Vec<Contract> {
        let mut learner = Learner::new();
        self.facts.iter().filter(|(at, _)| learn(*at)).for_each(|(_, fact)| learner.fact(fact));
        self.flows.iter().filter(|(at, _)| learn(*at)).for_each(|(_, flow)| learner.flow(flow));
        let devices = &self.conclusions.devices;
        let index_of = |party: &cordon_model::Party| devices.index_of(party);
        let who = Who { index_of: &index_of, ..self.who() };
        learner.conclude(&who).into_iter().map(|learned| learned.contract).collect()
    }

    /// The device with this link-layer address.
    pub fn device(&self, mac: Mac) -> Option<&Device> {
        self.conclusions.devices.devices.iter().find(|device| device.macs.contains(&mac))
    }

    /// Learns of one device, and judges its other conversations.
    pub fn judge(&self, mac: Mac, learn: impl Fn(At) -> bool, explain: bool) -> Outcome {
        let mut outcome = Outcome::default();
        let Some(device) = self.device(mac) else { return outcome };
        let contracts = self.contracts(&learn);
        let nothing = Contract::new(device.id.clone(), &device.label(), Timestamp::default());
        let contract =
            contracts.iter().find(|contract| contract.device == device.id).unwrap_or(&nothing);
        let bound = [Bound { contract, stage: Stage::Enforce, reach: Reach::Normal }];
        let policy = resolve(&self.world(), &bound, Timestamp::default()).policy;
        let judge = Judge::new(&policy);
        let bindings = self.bindings(&policy);
        let mut pace = Pace::default();
        for (at, flow) in &self.flows {
            let Some(sighting) = Sighting::of(flow) else { continue };
            let own = |ip| judge.member_at(ip).is_some();
            if !own(sighting.from) && !own(sighting.to) {
                continue;
            }
            if learn(*at) {
                outcome.learned += 1;
                continue;
            }
            outcome.judged += 1;
            if let Some(why) = broken(&judge, &policy, &bindings, contract, &sighting, &mut pace) {
                outcome.broken += 1;
                if explain {
                    println!(
                        "    {}: {} → {} {} {} ({:?}, answered {}): {why}",
                        device.label(),
                        sighting.from,
                        sighting.to,
                        sighting.carrier,
                        sighting.service,
                        sighting.app,
                        sighting.answered
                    );
                }
            }
        }
        outcome
    }

    /// The site, as far as contracts speak of it.
    pub fn world(&self) -> World {
        let devices = &self.conclusions.devices.devices;
        let here = |ip: &std::net::IpAddr| scope(*ip) != Scope::Public;
        let known = |device: &Device| Known {
            macs: device.macs.clone(),
            ips: device.ips.iter().copied().filter(here).collect(),
            ..Known::new(device.id.clone(), &device.label())
        };
        let private = devices
            .iter()
            .flat_map(|device| &device.ips)
            .filter(|ip| scope(**ip) == Scope::Private);
        let net = |ip: &std::net::IpAddr| {
            IpNet::new(*ip, if ip.is_ipv4() { 24 } else { 64 }).ok().map(|net| net.trunc())
        };
        let mut networks: Vec<IpNet> = private.filter_map(net).collect();
        networks.sort_unstable();
        networks.dedup();
        World {
            devices: devices.iter().map(known).collect(),
            networks,
            gateways: devices
                .iter()
                .filter(|device| device.routes)
                .flat_map(|device| device.ips.iter().copied().filter(here))
                .collect(),
            ..World::default()
        }
    }

    /// What devices were told for names, at any time.
    pub fn bindings(&self, policy: &cordon_contract::Policy) -> Bindings {
        let mut bindings = Bindings::default();
        let judge = Judge::new(policy);
        for (_, fact) in &self.facts {
            let (Said::Dns(dns), Some(asker)) = (&fact.said, fact.to.ip) else { continue };
            let (Some(question), Some(member)) = (dns.questions.first(), judge.member_at(asker))
            else {
                continue;
            };
            if dns.kind != DnsKind::Dns || !dns.response {
                continue;
            }
            for record in &dns.records {
                if let DnsValue::Address(ip) = record.value {
                    let ever = Timestamp::from_nanos(i64::MAX);
                    bindings.learn(policy, member, &question.name, ip, ever);
                }
            }
        }
        bindings
    }

    /// Every conversation, and where it was seen.
    pub fn placed_flows(&self) -> impl Iterator<Item = &(At, Flow)> {
        self.flows.iter()
    }

    /// Everything that was said, and where.
    pub fn placed_facts(&self) -> impl Iterator<Item = &(At, Fact)> {
        self.facts.iter()
    }

    /// Every conversation.
    pub fn flows(&self) -> impl Iterator<Item = &Flow> {
        self.flows.iter().map(|(_, flow)| flow)
    }
}

/// Why a conversation leaves a contract; none if it stays within.
pub fn broken(
    judge: &Judge<'_>,
    policy: &cordon_contract::Policy,
    bindings: &Bindings,
    contract: &Contract,
    sighting: &Sighting,
    pace: &mut Pace,
) -> Option<&'static str> {
    if cordon_contract::learn::is_upkeep(sighting.carrier, sighting.service) {
        return None;
    }
    match judge.decide(&sighting.packet(), bindings, sighting.first) {
        Decision::Drop(..) => Some("no entry"),
        Decision::Warn(..) => Some("warned"),
        Decision::Allow { source, destination } => {
            let over = [source, destination].into_iter().flatten().any(|entry| {
                let origin = policy.entries.get(entry as usize);
                let held = origin.and_then(|origin| contract.entry(&origin.entry));
                match (origin, held) {
                    (Some(origin), Some(held)) => pace.exceeds(
                        MemberNo(0),
                        &origin.entry,
                        held.bounds.flows_per_minute,
                        sighting.first,
                    ),
                    _ => false,
                }
            });
            over.then_some("too often")
        }
    }
}
