//! Learned contracts beside MUD files, and what the watcher says of conversations that may pass.
//!
//! The corpus holds no capture of a device whose maker wrote a MUD file. What it holds is a device
//! with captures and the demand that a MUD file made of them allows everything that the device
//! sends and nothing that does not occur; so the learned contract is held against the MUD file that
//! is made of it, read back by the importer, and each difference has to have its reason.

use std::collections::BTreeMap;

use cordon_contract::learn::is_upkeep;
use cordon_contract::mud::{export, import};
use cordon_contract::rehearse::Sighting;
use cordon_contract::resolve::{Bound, resolve};
use cordon_contract::watch::{Watch, What};
use cordon_contract::{Contract, Decision, Judge, Opens, Packet, Reach, Stage};
use cordon_model::{Mac, Said, Timestamp};

use super::judged::{At, Scene};

/// What the watcher counted.
#[derive(Default)]
pub struct Watched {
    /// Conversations that were looked at.
    pub flows: u64,
    /// Things said in them: questions, paths, topics, operations.
    pub words: u64,
    /// Of the words, those that the contract does not let be said.
    pub unsaid: u64,
    /// Of the conversations, those of another application.
    pub apps: u64,
    /// Of the conversations, those beyond a bound.
    pub over: u64,
}

impl Watched {
    pub fn add(&mut self, other: &Watched) {
        self.flows += other.flows;
        self.words += other.words;
        self.unsaid += other.unsaid;
        self.apps += other.apps;
        self.over += other.over;
    }
}

/// Learns of one device, and lets the watcher look at the rest. Conversations that no entry allows
/// are counted elsewhere.
pub fn watched(scene: &Scene, mac: Mac, learn: impl Fn(At) -> bool, explain: bool) -> Watched {
    let mut count = Watched::default();
    let Some(device) = scene.device(mac) else { return count };
    let contracts = scene.contracts(&learn);
    let Some(contract) = contracts.iter().find(|contract| contract.device == device.id) else {
        return count;
    };
    let bound = [Bound { contract, stage: Stage::Watch, reach: Reach::Normal }];
    let policy = resolve(&scene.world(), &bound, Timestamp::default()).policy;
    let bindings = scene.bindings(&policy);
    let mut watch = Watch::new(&policy, [contract]);
    let mut flows: Vec<_> = scene.placed_flows().collect();
    flows.sort_by_key(|(_, flow)| flow.first);
    let rest = |at: &At| !learn(*at);
    for (_, flow) in flows.into_iter().filter(|(at, _)| rest(at)) {
        count.flows += u64::from([flow.client.mac, flow.server.mac].contains(&Some(mac)));
        for breach in watch.flow(flow, &bindings) {
            match breach.what {
                What::Outside => continue,
                What::OtherApp { .. } => count.apps += 1,
                _ => count.over += 1,
            }
            if explain {
                println!("    watcher: {}", breach.says());
            }
        }
    }
    for (_, fact) in scene.placed_facts().filter(|(at, _)| rest(at)) {
        let asks = match &fact.said {
            Said::Dns(dns) => !dns.response,
            Said::HttpRequest(_) | Said::Mqtt(_) | Said::Coap(_) | Said::Operation(_) => true,
            _ => false,
        };
        count.words += u64::from(asks && fact.from.mac == Some(mac));
        for breach in watch.fact(fact, &bindings) {
            count.unsaid += 1;
            if explain {
                println!("    watcher: {}", breach.says());
            }
        }
    }
    count
}

/// Prints how the contract of a device differs from the MUD file that is made of it.
pub fn compare(name: &str, scene: &Scene, mac: Mac, explain: bool) {
    let Some(device) = scene.device(mac) else { return };
    let contracts = scene.contracts(|_| true);
    let Some(contract) = contracts.iter().find(|contract| contract.device == device.id) else {
        return;
    };
    let world = scene.world();
    let exported = export(contract, "https://site.example/device", &world);
    let text = cordon_mud::write(&exported.file);
    let Ok(parsed) = cordon_mud::parse(text.as_bytes()) else {
        println!("\n{name}: the MUD file that was made is refused");
        return;
    };
    let (again, _) = import(&parsed.file, None, device.id.clone(), name, contract.made);
    println!(
        "\n{name}: {} entries learned, {} read back from the MUD file made of them\n",
        contract.entries.len(),
        again.entries.len()
    );
    let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
    for entry in &contract.entries {
        let same = again.entries.iter().any(|one| one.covers(entry) && entry.covers(one));
        let id = entry.id();
        let said: Vec<_> = exported.unsaid.iter().filter(|one| one.entry == id).collect();
        if said.is_empty() && !same {
            *reasons.entry("not explained".to_owned()).or_default() += 1;
            if explain {
                println!("    not explained: {}", cordon_contract::words::sentence(entry));
            }
        }
        for one in said {
            *reasons.entry(one.what.to_string()).or_default() += 1;
        }
    }
    let mut alone = 0;
    for one in &again.entries {
        let from = |entry: &&cordon_contract::Entry| {
            entry.transport == one.transport
                && (entry.opens == one.opens || entry.transport != cordon_contract::Carrier::Tcp)
        };
        alone += u64::from(!contract.entries.iter().any(|entry| from(&entry)));
    }
    println!("| difference | entries |\n|---|---|");
    for (reason, count) in &reasons {
        println!("| {reason} | {count} |");
    }
    println!("| in the file, and of no learned entry | {alone} |");
    println!("\n| | learned | MUD file |\n|---|---|---|");
    let (a, b) = (exercised(scene, mac, contract), exercised(scene, mac, &again));
    println!("| conversations that the device opened, of {}, within | {} | {} |", a.1, a.0, b.0);
    println!("| entries that none of them uses | {} | {} |", a.2, b.2);
}

/// Of the conversations that the device opened: how many a contract allows and how many there are;
/// and the entries for such that none uses.
fn exercised(scene: &Scene, mac: Mac, contract: &Contract) -> (u64, u64, usize) {
    let bound = [Bound { contract, stage: Stage::Enforce, reach: Reach::Normal }];
    let mut world = scene.world();
    world.devices.iter_mut().for_each(|device| device.link = Some("lan".into()));
    let policy = resolve(&world, &bound, Timestamp::default()).policy;
    let judge = Judge::new(&policy);
    let bindings = scene.bindings(&policy);
    let (mut within, mut all) = (0, 0);
    let mut used = std::collections::HashSet::new();
    for flow in scene.flows() {
        let Some(sighting) = Sighting::of(flow) else { continue };
        let by_device = flow.client.mac == Some(mac) && flow.sent.packets > 0;
        if !by_device || is_upkeep(sighting.carrier, sighting.service) {
            continue;
        }
        all += 1;
        // Whoever asks for an address has none, and is known by its link-layer address.
        let packet = Packet { mac: Some(mac), ..sighting.packet() };
        if let Decision::Allow { source: Some(entry), .. } =
            judge.decide(&packet, &bindings, sighting.first)
        {
            within += 1;
            used.insert(policy.entries.get(entry as usize).map(|origin| origin.entry.clone()));
        }
    }
    let unused = contract
        .entries
        .iter()
        .filter(|entry| entry.opens == Opens::Device && !used.contains(&Some(entry.id())))
        .count();
    (within, all, unused)
}
