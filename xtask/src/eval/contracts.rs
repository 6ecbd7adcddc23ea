//! Contracts learned from one half of what was seen, judged by the other; and attacks judged by
//! contracts that were learned without them.
//!
//! A conversation is judged as the kernel would judge its first packet: by the policy that the
//! contract means, with the names that the device was told. Beside the kernel's answer, the bound on
//! conversations a minute counts, which the watcher looks at.

mod attacks;
mod judged;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;
use cordon_model::Mac;

use crate::captures::labelled;
use crate::chore::corpus;
use crate::eval::corpus::files;
use judged::{Outcome, Scene};

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
        "| device | captures | learned from | judged | broken | by captures: judged | broken |"
    );
    println!("|---|---|---|---|---|---|---|");
    let (mut halves, mut others) = (Outcome::default(), Outcome::default());
    for (name, (mac, captures)) in &devices {
        let scene = Scene::of(captures);
        let by_time = scene.judge(*mac, |at| at.early, explain);
        let by_capture = scene.judge(*mac, |at| at.capture % 2 == 0, explain);
        println!(
            "| {name} | {} | {} | {} | {} | {} | {} |",
            captures.len(),
            by_time.learned,
            by_time.judged,
            by_time.broken,
            by_capture.judged,
            by_capture.broken
        );
        halves.add(&by_time);
        others.add(&by_capture);
    }
    for (how, sum) in [("first half of each capture", &halves), ("every other capture", &others)] {
        println!(
            "\n{how}: {} answered conversations judged, {} broken ({:.2} %); of {} that nobody answered, {} are outside",
            sum.judged,
            sum.broken,
            sum.share(),
            sum.unanswered,
            sum.refused
        );
    }
    attacks::run(explain)
}
