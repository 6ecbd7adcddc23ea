//! The service at work: packets per CPU second beside `look`, memory, and how fast pages come.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::speed::{Cost, big, built, measure, packets};
use crate::chore::{cargo, command, root, run as run_command};
use crate::service::{Socket, scratch};
use crate::tools;

/// One recording at full speed takes seconds; what takes longer hangs.
const PLAYED_WITHIN: Duration = Duration::from_secs(170);
/// Between two looks at the service; each look costs it less than a millisecond.
const LOOK: Duration = Duration::from_millis(250);
/// Looks in a row at which no CPU time may have passed, so that everything is written.
const STILL: u32 = 4;
/// Clock ticks a second in `/proc` (`sysconf(_SC_CLK_TCK)`, the same on every Linux of today).
const TICKS: f64 = 100.0;
/// A day of the lab in 24 seconds.
const PACED: &str = "3600";
/// The port of the service that is measured.
const PORT: u16 = 18_443;

/// Prints the tables.
pub fn run(times: usize, requests: usize) -> Result<()> {
    tools::need("capinfos")?;
    let cordon = built()?;
    let (big, day) = (big()?, day()?);
    println!("load of the machine at the beginning: {}", load()?);
    ingest(&cordon, &[&big, &day], times)?;
    pages(&cordon, &day, requests)?;
    println!("\nload of the machine at the end: {}", load()?);
    Ok(())
}

/// A day of the lab's clinic with 300 devices, made once.
fn day() -> Result<PathBuf> {
    let target = root().join("target/eval/clinic-day.pcap");
    if !target.exists() {
        fs::create_dir_all(root().join("target/eval"))?;
        let path = target.to_str().context("the target folder is at a path that is not UTF-8")?;
        run_command(cargo(&[
            "run",
            "--quiet",
            "--release",
            "--package",
            "cordon-lab",
            "--example",
            "clinic_day",
            "--",
            path,
        ]))?;
    }
    Ok(target)
}

/// `look` and `run` in turns on the same file.
fn ingest(cordon: &str, files: &[&Path], times: usize) -> Result<()> {
    println!(
        "\n| capture | packets | look, CPU s | run, CPU s | run / look, packets per CPU s | look, peak MiB | run, peak MiB | run, MiB at the end |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for file in files {
        let capture = file.to_str().context("a capture lies at a path that is not UTF-8")?;
        let count = packets(capture)?;
        let (mut looked, mut ran, mut resident) = (Vec::new(), Vec::new(), 0);
        for round in 0..=times {
            let look = ["look", capture, "-q", "--format", "json", "-o", "/dev/null"];
            // Findings make another exit code.
            let (cost, _) = measure(cordon, &look, &[0, 1])?;
            let (played, left) = play(cordon, file)?;
            // The first round fills the page cache and is not counted.
            if round > 0 {
                looked.push(cost);
                ran.push(played);
                resident = resident.max(left);
            }
        }
        let ((look, look_peak), (run, run_peak)) = (median(&mut looked), median(&mut ran));
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        println!(
            "| {name} | {count} | {look:.2} | {run:.2} | {:.2} | {} | {} | {} |",
            look / run,
            look_peak / 1024,
            run_peak / 1024,
            resident / 1024
        );
    }
    Ok(())
}

/// Plays a recording as fast as it goes, until everything is concluded and written; what it cost,
/// and the memory that it has then, in KiB.
fn play(cordon: &str, file: &Path) -> Result<(Cost, u64)> {
    let served = Served::start(cordon, file, "max")?;
    let begun = Instant::now();
    let (mut still, mut before) = (0, 0.0);
    while still < STILL {
        std::thread::sleep(LOOK);
        if begun.elapsed() > PLAYED_WITHIN {
            bail!("{} was not played within {PLAYED_WITHIN:?}", file.display());
        }
        let Ok(health) = served.socket.get("/api/v1/health") else { continue };
        let source = health.pointer("/sources/0/state").and_then(|state| state.as_str());
        let waits = |key: &str| health.get(key).and_then(|value| value.as_u64()) != Some(0);
        let cpu = served.cpu()?;
        let done = source == Some("ended") && !waits("queue_depth") && !waits("flows_waiting");
        // Answering us is a hundredth of a second at most.
        still = if done && cpu - before < 0.02 { still + 1 } else { 0 };
        before = cpu;
    }
    let cost = Cost { cpu: served.cpu()?, peak_kib: served.memory("VmHWM")? };
    let left = served.memory("VmRSS")?;
    Ok((cost, left))
}

/// Eight people use the console and the API while the day is played.
fn pages(cordon: &str, day: &Path, requests: usize) -> Result<()> {
    let served = Served::start(cordon, day, PACED)?;
    let script = root().join("xtask/e2e/pages.py");
    let script = script.to_str().context("the project lies at a path that is not UTF-8")?;
    let begun = Instant::now();
    let link = loop {
        let said = fs::read_to_string(&served.errors)?;
        let link = said.split_whitespace().find(|word| word.contains("/enrol/"));
        match link {
            Some(link) => break link.to_owned(),
            None if begun.elapsed() > PLAYED_WITHIN => bail!("no link was given out: {said}"),
            None => std::thread::sleep(LOOK),
        }
    };
    println!();
    let (pid, count) = (served.child.id().to_string(), requests.to_string());
    let socket = served.data.join("cordon.sock").display().to_string();
    run_command(command("python3", &[script, &link, &pid, &count, &socket]))?;
    println!(
        "\nmemory while the day was played at {PACED} times its speed and the console was used: peak {} MiB, at the end {} MiB",
        served.memory("VmHWM")? / 1024,
        served.memory("VmRSS")? / 1024
    );
    Ok(())
}

/// A service; killed when it is dropped.
struct Served {
    child: Child,
    data: PathBuf,
    errors: PathBuf,
    socket: Socket,
}

impl Served {
    fn start(cordon: &str, replay: &Path, speed: &str) -> Result<Self> {
        let data = scratch("eval-service")?;
        let errors = data.with_extension("stderr");
        let listen = format!("127.0.0.1:{PORT}");
        let child = command(cordon, &["run", "--speed", speed, "--listen", &listen])
            .arg("--replay")
            .arg(replay)
            .arg("--data")
            .arg(&data)
            // What is configured on this machine is not what is measured.
            .args(["--config", "/dev/null"])
            .stdout(Stdio::null())
            .stderr(fs::File::create(&errors)?)
            .spawn()?;
        let socket = Socket::of(&data);
        Ok(Served { child, data, errors, socket })
    }

    /// User and system time so far, in seconds.
    fn cpu(&self) -> Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let (_, fields) = stat.rsplit_once(')').context("/proc has another form")?;
        let ticks: f64 = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|field| field.parse::<f64>().ok())
            .sum();
        Ok(ticks / TICKS)
    }

    /// A line of the kernel's account of memory, in KiB.
    fn memory(&self, key: &str) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        kib.with_context(|| format!("no {key} in /proc"))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Median of the CPU time, and the largest peak.
fn median(costs: &mut [Cost]) -> (f64, u64) {
    costs.sort_by(|a, b| a.cpu.total_cmp(&b.cpu));
    let cpu = costs.get(costs.len() / 2).map_or(f64::NAN, |cost| cost.cpu);
    (cpu, costs.iter().map(|cost| cost.peak_kib).max().unwrap_or(0))
}

fn load() -> Result<String> {
    let load = fs::read_to_string("/proc/loadavg")?;
    Ok(load.split_whitespace().take(3).collect::<Vec<_>>().join(" "))
}
