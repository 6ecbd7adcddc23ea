//! Packets per CPU second and peak memory, cordon and nDPI in turns on the same file.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};

use super::corpus::scratch;
use crate::chore::{cargo, command, corpus, root, run as run_command};
use crate::tools;

/// What one run of a program cost.
#[derive(Clone, Copy)]
pub struct Cost {
    /// User and system time in seconds.
    pub cpu: f64,
    /// Peak memory in KiB.
    pub peak_kib: u64,
}

/// Prints the table.
pub fn run(file: Option<&Path>, times: usize) -> Result<()> {
    let file = match file {
        Some(file) => file.to_owned(),
        None => big()?,
    };
    let capture = file.to_str().context("the capture lies at a path that is not UTF-8")?;
    tools::need("ndpiReader")?;
    let cordon = built()?;
    let ours = ["look", capture, "--format", "json", "--quiet"];
    let theirs = ["-q", "-i", capture];
    let packets = packets(capture)?;
    // The first round fills the page cache and is not counted.
    let (mut us, mut them) = (Vec::new(), Vec::new());
    for round in 0..=times {
        let ((a, _), (b, _)) =
            (measure(&cordon, &ours, &[0])?, measure("ndpiReader", &theirs, &[0])?);
        if round > 0 {
            us.push(a);
            them.push(b);
        }
    }
    println!("| tool | CPU s (median of {times}) | Mpkt / CPU s | peak MiB |");
    println!("|---|---|---|---|");
    let rate = |costs: &mut Vec<Cost>, name: &str| {
        costs.sort_by(|a, b| a.cpu.total_cmp(&b.cpu));
        let cpu = costs.get(costs.len() / 2).map_or(f64::NAN, |cost| cost.cpu);
        let peak = costs.iter().map(|cost| cost.peak_kib).max().unwrap_or(0);
        let rate = packets as f64 / cpu / 1e6;
        println!("| {name} | {cpu:.2} | {rate:.2} | {} |", peak / 1024);
        rate
    };
    let ratio = rate(&mut us, "cordon look --format json") / rate(&mut them, "ndpiReader -q");
    println!("\n{packets} packets; cordon at {ratio:.2} times nDPI's packets per CPU second");
    Ok(())
}

/// The corpus' large capture, made once by its recipe.
pub fn big() -> Result<PathBuf> {
    let corpus = corpus().context("no corpus at ../shared/corpus; name a capture with --file")?;
    let target = scratch().join("big.pcap");
    if !target.exists() {
        let speed = corpus.join("captures/speed");
        let paths = [speed.join("mkbig.py"), speed.join("speed.tar.zst"), target.clone()];
        let arguments: Vec<&str> = paths.iter().filter_map(|path| path.to_str()).collect();
        std::fs::create_dir_all(scratch())?;
        run_command(command("python3", &arguments))?;
    }
    Ok(target)
}

/// Packets in a capture.
pub fn packets(capture: &str) -> Result<u64> {
    let output = command("capinfos", &["-c", "-M", "-T", "-r", capture])
        .output()
        .context("cannot start capinfos")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.split_whitespace().last().context("capinfos says nothing")?;
    last.parse().with_context(|| format!("capinfos says {last:?} instead of a packet count"))
}

/// The released command, built now.
pub fn built() -> Result<String> {
    run_command(cargo(&["build", "--quiet", "--release", "--package", "cordon-cli"]))?;
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let cordon = target.join("release/cordon");
    Ok(cordon.to_str().context("the target folder is at a path that is not UTF-8")?.to_owned())
}

/// CPU time of the whole process, its peak memory as the kernel accounts them, and its exit code,
/// which must be one of `fine`.
pub fn measure(program: &str, arguments: &[&str], fine: &[i32]) -> Result<(Cost, i32)> {
    tools::need("time")?;
    let output = command("/usr/bin/time", &[&["-f", "%U %S %M", program], arguments].concat())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .context("cannot start /usr/bin/time")?;
    let text = String::from_utf8_lossy(&output.stderr);
    let last = text.lines().last().unwrap_or_default();
    let numbers: Vec<f64> = last.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    match (output.status.code(), numbers.as_slice()) {
        (Some(code), [user, system, peak]) if fine.contains(&code) => {
            Ok((Cost { cpu: user + system, peak_kib: *peak as u64 }, code))
        }
        _ => bail!("{program} failed: {text}"),
    }
}
