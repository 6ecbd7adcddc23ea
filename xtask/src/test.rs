//! `cargo xtask test`: everything that must hold before a change lands.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Result, bail};

use crate::chore::{cargo, corpus, exists};
use crate::{e2e, tools, torture};

/// A stage: its name, its cargo command line, and a program without which it is skipped.
type Stage = (&'static str, &'static [&'static str], Option<&'static str>);

/// Cheap ones first, so that a slip shows early.
const STAGES: &[Stage] = &[
    ("formatting", &["fmt", "--all", "--check"], None),
    ("lints", &["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"], None),
    (
        "licences and sources",
        &["deny", "--log-level", "error", "check", "licenses", "bans", "sources"],
        Some("cargo-deny"),
    ),
    (
        "tests",
        &["test", "--workspace", "--all-targets", "--no-fail-fast", "--", "--show-output"],
        None,
    ),
    ("examples in the documentation", &["test", "--quiet", "--workspace", "--doc"], None),
    ("documentation", &["doc", "--quiet", "--workspace", "--no-deps"], None),
];

/// Kills in the short run of `cargo xtask torture`.
const KILLS: u32 = 15;

/// A stage that meets the built program from outside: its name, what is missing for it, and how it
/// is run.
type Outside = (&'static str, fn() -> Option<String>, fn() -> Result<()>);

const API: e2e::What = e2e::What::Api { long: false };

const OUTSIDE: &[Outside] = &[
    ("kills at random moments", || None, || torture::run(KILLS, None, None)),
    ("the API from outside", || e2e::hindrance(API), || e2e::run_all(Some(API))),
    (
        "the console in a browser",
        || e2e::hindrance(e2e::What::Browser),
        || e2e::run_all(Some(e2e::What::Browser)),
    ),
];

/// Runs every stage and says at the end which failed and which were skipped.
pub fn run() -> Result<()> {
    let begun = Instant::now();
    let mut skipped = tools::prepare();
    if corpus().is_none() {
        skipped.push(
            "tests on the corpus: no corpus at ../shared/corpus; set CORDON_CORPUS".to_owned(),
        );
    }
    let mut passed = 0;
    let mut failed = Vec::new();
    for (name, arguments, needs) in STAGES {
        if let Some(program) = needs.filter(|program| !exists(program)) {
            skipped.push(format!("{name}: {program} is not installed"));
            continue;
        }
        println!("\n== {name}");
        let mut command = cargo(arguments);
        command.env("RUSTDOCFLAGS", "-D warnings");
        match watch(command) {
            Ok(said) => {
                passed += 1;
                skipped.extend(said);
            }
            Err(error) => {
                println!("failed: {error:#}");
                failed.push(*name);
            }
        }
    }
    for (name, hindrance, run) in OUTSIDE {
        println!("\n== {name}");
        if let Some(missing) = hindrance() {
            skipped.push(format!("{name}: {missing}"));
            continue;
        }
        match run() {
            Ok(()) => passed += 1,
            Err(error) => {
                println!("failed: {error:#}");
                failed.push(*name);
            }
        }
    }
    let stages = STAGES.len() + OUTSIDE.len();
    println!("\n== {} s", begun.elapsed().as_secs());
    for reason in &skipped {
        println!("skipped: {reason}");
    }
    for name in &failed {
        println!("failed: {name}");
    }
    println!(
        "stages: {passed} passed, {} failed, {} skipped",
        failed.len(),
        stages - passed - failed.len()
    );
    if !failed.is_empty() {
        bail!("{} of {stages} stages failed", failed.len());
    }
    Ok(())
}

/// Runs a command, passes on what it prints, and gives back what tests said they skipped.
fn watch(mut command: Command) -> Result<Vec<String>> {
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let mut skipped = Vec::new();
    for line in child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines()) {
        let line = line?;
        println!("{line}");
        if let Some(reason) = line.strip_prefix("skipped: ") {
            skipped.push(format!("a test: {reason}"));
        }
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(skipped)
}
