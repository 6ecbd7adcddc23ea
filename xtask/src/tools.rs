//! What the tests need from outside: Debian packages and cargo tools, installed when possible.

use anyhow::Result;

use crate::chore::{cargo, command, exists, run};

/// Programs that tests use as peers, and the Debian packages that bring them.
const PEERS: &[(&str, &str)] = &[
    ("tshark", "tshark"),
    ("capinfos", "tshark"),
    ("ip", "iproute2"),
    ("tcpreplay", "tcpreplay"),
    ("zstd", "zstd"),
];

/// Programs that only evaluations measure against, and the Debian packages that bring them.
const MEASURED: &[(&str, &str)] = &[("ndpiReader", "libndpi-bin"), ("time", "time")];

/// Version of cargo-deny that reads `deny.toml`.
const CARGO_DENY: &str = "0.20.2";

/// Installs what is missing and says what could not be had.
pub fn prepare() -> Vec<String> {
    let mut skipped = Vec::new();
    let mut packages: Vec<&str> =
        PEERS.iter().filter(|(program, _)| !exists(program)).map(|(_, package)| *package).collect();
    packages.dedup();
    if !packages.is_empty()
        && let Err(error) = apt(&packages)
    {
        skipped.push(format!("tests against {}: {error:#}", packages.join(", ")));
    }
    if !exists("cargo-deny") {
        println!("installing cargo-deny {CARGO_DENY}");
        if let Err(error) =
            run(cargo(&["install", "--quiet", "--locked", "cargo-deny", "--version", CARGO_DENY]))
        {
            skipped.push(format!("licence check: {error:#}"));
        }
    }
    skipped
}

/// Makes sure that one program is there.
pub fn need(program: &str) -> Result<()> {
    let package = PEERS.iter().chain(MEASURED).find(|(known, _)| *known == program);
    match package {
        Some((_, package)) if !exists(program) => apt(&[package]),
        _ => Ok(()),
    }
}

fn apt(packages: &[&str]) -> Result<()> {
    println!("installing {}", packages.join(", "));
    let noninteractive = |arguments: &[&str]| {
        let mut command = command("apt-get", arguments);
        command.env("DEBIAN_FRONTEND", "noninteractive").stdout(std::process::Stdio::null());
        command
    };
    run(noninteractive(&["update", "-qq"]))?;
    run(noninteractive(&[&["install", "-y", "-qq", "--no-install-recommends"], packages].concat()))
}
