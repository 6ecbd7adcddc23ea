//! One device's conversations: some are learned from, the others judged.

use std::path::PathBuf;

use cordon_capture::{FileSource, InputPath};
use cordon_contract::learn::{Learner, Who};
use cordon_contract::rehearse::Sighting;
use cordon_contract::resolve::{Bound, Known, World, resolve};
use cordon_contract::watch::Meter;
use cordon_contract::{Bindings, Contract, Decision, Judge, MemberNo, Reach, Stage};
use cordon_inventory::InventoryOptions;
use cordon_model::fact::{DnsKind, DnsValue};
use cordon_model::{Device, Fact, Flow, Mac, PacketId, Said, Scope, SecretKey, Timestamp, scope};
use cordon_pipeline::{Conclusions, Options, Pipeline, Sink};
use ipnet::IpNet;

/// Where something was seen.
#[derive(Clone, Copy)]
pub struct At {
    /// Which capture.
    pub capture: usize,
    /// Whether in the first half of its packets.
    pub before: bool,
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
    /// Conversations with an answer.
    pub judged: u64,
    /// Of them, outside.
    pub broken: u64,
    /// Conversations that nobody answered.
    pub unanswered: u64,
    /// Of them, outside.
    pub refused: u64,
}

impl Outcome {
    pub fn add(&mut self, other: &Outcome) {
        self.learned += other.learned;
        self.judged += other.judged;
        self.broken += other.broken;
        self.unanswered += other.unanswered;
        self.refused += other.refused;
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
            let (mut begins, mut ends) = (u64::MAX, 0);
            if let Ok(mut source) = FileSource::open(&InputPath::File(path.clone()), 0) {
                while let Some(packet) = source.next() {
                    first = Some(first.map_or(packet.at, |first| first.min(packet.at)));
                    last = last.max(packet.at);
                    begins = begins.min(packet.id.number);
                    ends = ends.max(packet.id.number);
                    pipeline.packet_with(&packet, &mut heard);
                }
            }
            pipeline.end_flows(&mut heard);
            let begun = first.unwrap_or_default();
            let middle = begun.plus(last.since(begun) / 2);
            let half = begins.midpoint(ends);
            let at = |time: Timestamp, packet: PacketId| At {
                capture,
                before: packet.number < half,
                early: time < middle,
            };
            facts.extend(heard.facts.into_iter().map(|fact| (at(fact.at, fact.packet), fact)));
            flows.extend(heard.flows.into_iter().map(|flow| (at(flow.first, flow.packet), flow)));
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
        let resolved = resolve(&self.world(), &bound, Timestamp::default());
        if explain {
            resolved
                .unresolved
                .iter()
                .for_each(|one| println!("    {}: {}", one.device.0, one.missing));
        }
        let policy = resolved.policy;
        let judge = Judge::new(&policy);
        let mut told = Told::new(&self.facts);
        let mut pace = Meter::new(60);
        // In the order in which conversations began, so that a name means what was told by then.
        let mut flows: Vec<&(At, Flow)> = self.flows.iter().collect();
        flows.sort_by_key(|(_, flow)| flow.first);
        for (at, flow) in flows {
            let Some(mut sighting) = Sighting::of(flow) else { continue };
            // An address is another device's in another capture; the link-layer address is not.
            let own = |party: &cordon_model::Party| {
                party.mac == Some(mac)
                    || (party.mac.is_none() && device.ips.iter().any(|ip| party.ip == Some(*ip)))
            };
            let (client, server) = (own(&flow.client), own(&flow.server));
            if !client && !server {
                continue;
            }
            // Whoever has an address of the device's today was somebody else then.
            let stranger = |ip: &mut std::net::IpAddr, is_own: bool| {
                if !is_own && judge.member_at(*ip).is_some() {
                    *ip = [10, 255, 255, 254].into();
                }
            };
            let swapped = flow.client.ip != Some(sighting.from);
            let (from, to) = if swapped { (server, client) } else { (client, server) };
            stranger(&mut sighting.from, from);
            stranger(&mut sighting.to, to);
            let bindings = told.until(&policy, flow.first, device);
            if learn(*at) {
                outcome.learned += 1;
                continue;
            }
            // What nobody answered breaks nothing that anybody would notice; it is counted apart.
            let answered = sighting.answered;
            if answered {
                outcome.judged += 1;
            } else {
                outcome.unanswered += 1;
            }
            if let Some(why) = broken(&judge, &policy, bindings, contract, &sighting, &mut pace) {
                if answered {
                    outcome.broken += 1;
                } else {
                    outcome.refused += 1;
                }
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

/// What the device was told for names, up to a time.
struct Told<'a> {
    answers: Vec<&'a (At, Fact)>,
    next: usize,
    bindings: Bindings,
}

impl<'a> Told<'a> {
    fn new(facts: &'a [(At, Fact)]) -> Self {
        let is = |(_, fact): &&(At, Fact)| matches!(&fact.said, Said::Dns(dns) if dns.kind == DnsKind::Dns && dns.response);
        let mut answers: Vec<_> = facts.iter().filter(is).collect();
        answers.sort_by_key(|(_, fact)| fact.at);
        Told { answers, next: 0, bindings: Bindings::default() }
    }

    fn until(
        &mut self,
        policy: &cordon_contract::Policy,
        time: Timestamp,
        device: &Device,
    ) -> &Bindings {
        while let Some((_, fact)) = self.answers.get(self.next)
            && fact.at <= time
        {
            self.next += 1;
            let Said::Dns(dns) = &fact.said else { continue };
            let asked = fact.to.mac.is_some_and(|mac| device.macs.contains(&mac));
            let Some(question) = dns.questions.first().filter(|_| asked) else { continue };
            for record in &dns.records {
                if let DnsValue::Address(ip) = record.value {
                    let ttl = std::time::Duration::from_secs(u64::from(record.ttl));
                    let until = fact.at.plus(cordon_contract::lifetime(ttl));
                    self.bindings.learn(policy, MemberNo(0), &question.name, ip, until);
                }
            }
        }
        &self.bindings
    }
}

/// Why a conversation leaves a contract; none if it stays within.
pub fn broken(
    judge: &Judge<'_>,
    policy: &cordon_contract::Policy,
    bindings: &Bindings,
    contract: &Contract,
    sighting: &Sighting,
    pace: &mut Meter,
) -> Option<&'static str> {
    if cordon_contract::learn::is_upkeep(sighting.carrier, sighting.service)
        || cordon_contract::learn::stays_on_link(sighting.to)
    {
        return None;
    }
    match judge.decide(&sighting.packet(), bindings, sighting.first) {
        Decision::Drop(..) => Some("no entry"),
        Decision::Warn(..) => Some("warned"),
        Decision::Allow { source, destination } => {
            let over = [source, destination].into_iter().flatten().any(|entry| {
                let origin = policy.entries.get(entry as usize);
                let held = origin.and_then(|origin| contract.entry(&origin.entry));
                let bound = held.and_then(|held| held.bounds.flows_per_minute);
                bound.is_some_and(|bound| pace.add(entry, sighting.first, 1) > u64::from(bound))
            });
            over.then_some("too often")
        }
    }
}
