//! Attacks put into a home's traffic, judged by contracts that were learned before them.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use cordon_contract::rehearse::Sighting;
use cordon_contract::resolve::{Bound, resolve};
use cordon_contract::watch::Meter;
use cordon_contract::{Decision, Judge, Reach, Side, Stage};
use cordon_model::Timestamp;

use super::judged::Scene;
use crate::chore::{command, corpus, run as start};
use crate::eval::corpus::scratch;

/// Packets that are learned from: twelve minutes, and no attack among them.
const LEARNED: usize = 20_000;

/// Both ends of a conversation with their ports, the lower first, and the protocol.
type Ends = ((IpAddr, u16), (IpAddr, u16), u8);

/// Prints the table.
pub fn run(explain: bool) -> Result<()> {
    let Some((mix, head, labels)) = captures()? else {
        println!("\nattacks: skipped: no corpus or no python3");
        return Ok(());
    };
    let before = Scene::of(std::slice::from_ref(&head));
    let contracts = before.contracts(|_| true);
    let all = Scene::of(std::slice::from_ref(&mix));
    let bound: Vec<Bound<'_>> = contracts
        .iter()
        .map(|contract| Bound { contract, stage: Stage::Enforce, reach: Reach::Normal })
        .collect();
    // Devices are known by the same addresses in both: the head is a part of the mix.
    let policy = resolve(&before.world(), &bound, Timestamp::default()).policy;
    let judge = Judge::new(&policy);
    let bindings = all.bindings(&policy);
    let mut pace = Meter::new(60);
    let mut outside: HashMap<Ends, bool> = HashMap::new();
    let mut flows: Vec<Sighting> = all.flows().filter_map(Sighting::of).collect();
    flows.sort_by_key(|sighting| sighting.first);
    for sighting in &flows {
        let out = leaves(&judge, &policy, &bindings, &contracts, sighting, &mut pace);
        let ends = ends(
            (sighting.from, sighting.client),
            (sighting.to, sighting.service),
            sighting.carrier.protocol().unwrap_or(0),
        );
        *outside.entry(ends).or_default() |= out;
    }
    let mut tally: BTreeMap<&str, (u64, u64, u64)> = BTreeMap::new();
    for packet in &labels {
        let (all, out, unseen) = tally.entry(&packet.label).or_default();
        *all += 1;
        match packet.ends.and_then(|ends| outside.get(&ends)) {
            Some(true) => *out += 1,
            Some(false) => {
                if explain && packet.label != "-" && *all < 20 {
                    println!("    inside: {} {:?}", packet.label, packet.ends);
                }
            }
            None => *unseen += 1,
        }
    }
    println!("\n| packets of the mix | count | outside | without an address |");
    println!("|---|---|---|---|");
    let (mut attacks, mut caught) = (0, 0);
    for (label, (all, out, unseen)) in &tally {
        println!(
            "| {} | {all} | {out} | {unseen} |",
            if *label == "-" { "real, after the first 20,000" } else { label }
        );
        if *label != "-" && *label != "arpmitm" {
            attacks += all;
            caught += out;
        }
    }
    println!(
        "\nattack packets outside of every contract: {caught} of {attacks}; ARP claims (arpmitm) have no"
    );
    println!("conversation: they are the affair of the finding about two owners of one address");
    Ok(())
}

fn leaves(
    judge: &Judge<'_>,
    policy: &cordon_contract::Policy,
    bindings: &cordon_contract::Bindings,
    contracts: &[cordon_contract::Contract],
    sighting: &Sighting,
    pace: &mut Meter,
) -> bool {
    if cordon_contract::learn::is_upkeep(sighting.carrier, sighting.service)
        || cordon_contract::learn::stays_on_link(sighting.to)
    {
        return false;
    }
    match judge.decide(&sighting.packet(), bindings, sighting.first) {
        Decision::Drop(..) | Decision::Warn(..) => true,
        Decision::Allow { source, destination } => {
            let sides = [(source, Side::Source), (destination, Side::Destination)];
            sides.into_iter().any(|(entry, _)| {
                let Some((no, origin)) =
                    entry.and_then(|no| Some((no, policy.entries.get(no as usize)?)))
                else {
                    return false;
                };
                let device = policy.member(origin.member).map(|member| &member.device);
                let contract = contracts.iter().find(|one| Some(&one.device) == device);
                let held = contract.and_then(|contract| contract.entry(&origin.entry));
                let bound = held.and_then(|entry| entry.bounds.flows_per_minute);
                bound.is_some_and(|bound| pace.add(no, sighting.first, 1) > u64::from(bound))
            })
        }
    }
}

/// One packet of the table after those that are learned from.
struct Labelled {
    label: String,
    ends: Option<Ends>,
}

/// The capture of the mix, that of its head, and the packets after the head with their labels.
fn captures() -> Result<Option<(PathBuf, PathBuf, Vec<Labelled>)>> {
    let Some(corpus) = corpus() else { return Ok(None) };
    let folder = corpus.join("behaviour");
    let scratch = scratch().join("behaviour");
    fs::create_dir_all(&scratch)?;
    let text = |path: &Path| path.to_string_lossy().into_owned();
    for name in ["mix.tsv", "mix_labels.txt"] {
        let target = scratch.join(name);
        if !target.exists() {
            let source = folder.join(format!("{name}.zst"));
            start(command("zstd", &["-q", "-d", &text(&source), "-o", &text(&target)]))?;
        }
    }
    let table = fs::read_to_string(scratch.join("mix.tsv"))?;
    let mut lines = table.lines();
    let heading = lines.next().context("the table is empty")?;
    let rows: Vec<&str> = lines.collect();
    let head = scratch.join("head.tsv");
    let first: Vec<&str> = rows.iter().take(LEARNED).copied().collect();
    fs::write(&head, format!("{heading}\n{}\n", first.join("\n")))?;
    let script = text(&folder.join("tsv2pcap.py"));
    for name in ["mix", "head"] {
        let (from, to) =
            (scratch.join(format!("{name}.tsv")), scratch.join(format!("{name}.pcap")));
        if !to.exists() && start(command("python3", &[&script, &text(&from), &text(&to)])).is_err()
        {
            return Ok(None);
        }
    }
    let labels = fs::read_to_string(scratch.join("mix_labels.txt"))?;
    let packets = rows
        .iter()
        .zip(labels.lines())
        .skip(LEARNED)
        .map(|(row, label)| Labelled { label: label.trim().to_owned(), ends: of_row(row) });
    Ok(Some((scratch.join("mix.pcap"), scratch.join("head.pcap"), packets.collect())))
}

/// The conversation of a row: its columns are tshark's.
fn of_row(row: &str) -> Option<Ends> {
    let fields: Vec<&str> = row.split('\t').collect();
    let field = |place: usize| {
        fields.get(place).and_then(|text| text.split(',').next()).unwrap_or_default()
    };
    let ip = |v4: usize, v6: usize| field(v4).parse().or_else(|_| field(v6).parse()).ok();
    let (from, to): (IpAddr, IpAddr) = (ip(4, 17)?, ip(5, 18)?);
    let port = |place: usize| field(place).parse::<u16>().ok();
    match (port(6), port(7), port(8), port(9)) {
        (Some(a), Some(b), ..) => Some(ends((from, a), (to, b), 6)),
        (_, _, Some(a), Some(b)) => Some(ends((from, a), (to, b), 17)),
        _ => {
            let kind = field(10).parse().unwrap_or(0);
            Some(ends((from, 0), (to, kind), if from.is_ipv4() { 1 } else { 58 }))
        }
    }
}

fn ends(a: (IpAddr, u16), b: (IpAddr, u16), protocol: u8) -> Ends {
    if a <= b { (a, b, protocol) } else { (b, a, protocol) }
}
