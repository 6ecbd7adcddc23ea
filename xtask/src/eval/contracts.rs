//! Contracts learned from one half of what was seen, judged by the other; and attacks judged by
//! contracts that were learned without them.
//!
//! A conversation is judged as the kernel would judge its first packet: by the policy that the
//! contract means, with the names that the device was told. Beside the kernel's answer, the bound on
//! conversations a minute counts, which the watcher looks at.

mod attacks;
mod judged;
mod maker;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;
use cordon_model::Mac;

use crate::captures::labelled;
use crate::chore::corpus;
use crate::eval::corpus::files;
use judged::{At, Outcome, Scene};

/// What is learned from, of what was seen; the rest is judged.
const HALVES: [(&str, Learns); 3] = [
    ("the first half of the packets of each capture", |at| at.before),
    ("the first half of the time of each capture", |at| at.early),
    ("every other capture", |at| at.capture % 2 == 0),
];

type Learns = fn(At) -> bool;

/// Prints the tables.
pub fn run(explain: bool) -> Result<()> {
    let mut devices: BTreeMap<String, (Mac, Vec<PathBuf>)> = BTreeMap::new();
    for capture in labelled(None)? {
        let held = devices.entry(capture.folder).or_insert((capture.mac, Vec::new()));
        held.1.push(capture.path);
    }
    if let Some(corpus) = corpus() {
        let folder = corpus.join("mud/mudmaker/SmarterCoffee");
        let text = std::fs::read_to_string(folder.join("_iotdevice-mac.txt")).unwrap_or_default();
        if let Ok(mac) = text.trim().parse() {
            let captures = files(&folder)?;
            let captures = captures
                .into_iter()
                .filter(|path| path.extension().is_some_and(|ext| ext == "pcap"));
            devices.insert("SmarterCoffee (mud)".to_owned(), (mac, captures.collect()));
        }
    }
    println!(
        "| device | captures | half of the packets: judged | broken | half of the time: judged | broken | every other capture: judged | broken |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let (mut watched, mut with_mud) = (maker::Watched::default(), Vec::new());
    let mut sums = HALVES.map(|(how, _)| (how, Outcome::default()));
    for (name, (mac, captures)) in &devices {
        let scene = Scene::of(captures);
        watched.add(&maker::watched(&scene, *mac, |at| at.before, explain));
        if name.ends_with("(mud)") {
            with_mud.push((name.clone(), *mac, captures.clone()));
        }
        let mut row = format!("| {name} | {} |", captures.len());
        for ((how, learn), (_, sum)) in HALVES.iter().zip(&mut sums) {
            if explain {
                println!("  {name}, learned from {how}:");
            }
            let outcome = scene.judge(*mac, learn, explain);
            row.push_str(&format!(" {} | {} |", outcome.judged, outcome.broken));
            sum.add(&outcome);
        }
        println!("{row}");
    }
    for (how, sum) in &sums {
        println!(
            "\nlearned from {how} ({} conversations): {} answered conversations judged, {} broken ({:.2} %); of {} that nobody answered, {} are outside",
            sum.learned,
            sum.judged,
            sum.broken,
            sum.share(),
            sum.unanswered,
            sum.refused
        );
    }
    println!(
        "\nthe watcher, learned from the first half of the packets: of {} conversations {} are another application's and {} are beyond a bound; of {} things said {} may not be said",
        watched.flows, watched.apps, watched.over, watched.words, watched.unsaid
    );
    for (name, mac, captures) in &with_mud {
        maker::compare(name, &Scene::of(captures), *mac, explain);
    }
    attacks::run(explain)
}
