//! What the tests need from outside: Debian packages, cargo tools and Python modules, installed
//! when possible.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use crate::chore::{cargo, command, exists, root, run};

/// Programs that tests use as peers, and the Debian packages that bring them.
const PEERS: &[(&str, &str)] = &[
    ("tshark", "tshark"),
    ("capinfos", "tshark"),
    ("ip", "iproute2"),
    ("tcpreplay", "tcpreplay"),
    ("zstd", "zstd"),
    ("nft", "nftables"),
];

/// Programs that only evaluations measure against, and the Debian packages that bring them.
const MEASURED: &[(&str, &str)] = &[
    ("ndpiReader", "libndpi-bin"),
    ("time", "time"),
    ("iperf3", "iperf3"),
    ("ethtool", "ethtool"),
];

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

/// What the end-to-end tests take from PyPI, with versions that they are known to work with.
const PYTHON: &[&str] = &["schemathesis==4.32.5", "selenium==4.51.0"];

/// The Python of an environment of our own that has a module; makes the environment where needed.
pub fn python(module: &str) -> Result<PathBuf> {
    let folder = root().join("target/tools/e2e");
    let python = folder.join("bin/python");
    let has = |python: &Path| {
        let mut try_it = Command::new(python);
        try_it.args(["-c", &format!("import {module}")]).stderr(Stdio::null());
        try_it.status().is_ok_and(|status| status.success())
    };
    if !has(&python) {
        println!("installing {}", PYTHON.join(", "));
        let made = run(command("python3", &["-m", "venv", &folder.display().to_string()]));
        if made.is_err() {
            apt(&["python3-venv"])?;
            run(command("python3", &["-m", "venv", &folder.display().to_string()]))?;
        }
        let mut pip = command(&python.display().to_string(), &["-m", "pip", "install", "--quiet"]);
        pip.arg("--disable-pip-version-check").args(PYTHON);
        run(pip).with_context(|| format!("{module} cannot be installed from PyPI"))?;
    }
    Ok(python)
}

/// Makes sure that there is a browser that programs can drive.
pub fn browser() -> Result<()> {
    if !exists("chromium") || !exists("chromedriver") {
        apt(&["chromium", "chromium-driver"]).context("Chromium cannot be installed")?;
    }
    Ok(())
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
