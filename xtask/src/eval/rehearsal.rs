//! Recorded flows under contracts: how many records a second of processor time are judged, by the
//! tally and by paging through rows, in turns on the same history.

mod network;
mod rows;
mod site;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use cordon_contract::rehearse::Report;
use cordon_contract::{Bindings, Policy};
use cordon_history::{History as _, Options, ParquetHistory, Site, TallyQuery};
use cordon_model::Timestamp;
use cordon_register::Register;
use cordon_service::rehearse_history;
use rustix::time::{ClockId, clock_gettime};

use network::{DAYS, Random, START};
use site::Allowed;

/// Flows that are taken in at once.
const BATCH: usize = 4_096;

/// Prints the table. The history is kept in `folder` for the next time; without one it lies below
/// `/tmp` and is removed.
pub fn run(
    flows: u64,
    times: usize,
    folder: Option<&Path>,
    rows: bool,
    only: Option<&str>,
) -> Result<()> {
    let temporary = folder.is_none().then(|| {
        let name = format!("cordon-rehearsal-{}", std::process::id());
        Temporary(std::env::temp_dir().join(name))
    });
    let folder = folder.or(temporary.as_ref().map(|kept| kept.0.as_path()));
    let folder = folder.context("there is no folder")?;
    if !folder.exists() {
        fill(folder, flows)?;
    }
    let history = ParquetHistory::open(folder, Options::default())?;
    let register = site::register();
    println!(
        "| contracts | judged | blocked | kinds of those | by | CPU s (median of {times}) | million records / CPU s | slowest | peak MiB more |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let scenarios = [
        ("what devices usually do", Allowed::Usual),
        ("the same, names end after a day", Allowed::NamesEnd),
        ("nothing allowed", Allowed::Nothing),
    ];
    for (name, allowed) in scenarios {
        if only.is_some_and(|only| !name.contains(only)) {
            continue;
        }
        let (policy, bindings) = site::policy(allowed);
        let with = Rehearsed { history: &history, register: &register, policy, bindings };
        let (mut tallied, mut paged) = (Vec::new(), Vec::new());
        let mut reports = Vec::new();
        for round in 0..=times {
            let (cost, report) = measured(|| with.tallied())?;
            // The first round fills the page cache and is not counted.
            if round > 0 {
                tallied.push(cost);
            }
            reports.push(report);
            // One round costs a minute; the first finds the files in memory already.
            if rows && round < times {
                let (cost, report) = measured(|| with.paged())?;
                paged.push(cost);
                reports.push(report);
            }
        }
        let Some(report) = reports.first() else { continue };
        // Which kinds are listed depends on the order where there are too many.
        let listed = report.unlisted == 0;
        let same = |other: &Report| {
            (other.flows, other.blocked) == (report.flows, report.blocked)
                && (!listed || other == report)
        };
        if !reports.iter().all(same) {
            bail!("{name}: the two ways do not agree, or do not agree with themselves");
        }
        for (by, costs) in [("tally", &mut tallied), ("rows", &mut paged)] {
            row(name, by, report, costs);
        }
    }
    Ok(())
}

fn row(name: &str, by: &str, report: &Report, costs: &mut [Cost]) {
    costs.sort_by(|a, b| a.cpu.total_cmp(&b.cpu));
    let (Some(median), Some(slowest)) = (costs.get(costs.len() / 2), costs.last()) else { return };
    #[allow(clippy::cast_precision_loss, reason = "far below 2⁵²")]
    let rate = |cost: &Cost| report.flows as f64 / cost.cpu / 1e6;
    let peak = costs.iter().map(|cost| cost.peak_kib).max().unwrap_or(0);
    println!(
        "| {name} | {} | {} | {} | {by} | {:.2} | {:.2} | {:.2} | {} |",
        report.flows,
        report.blocked,
        report.lost.len(),
        median.cpu,
        rate(median),
        rate(slowest),
        peak / 1024
    );
}

struct Rehearsed<'a> {
    history: &'a ParquetHistory,
    register: &'a Register,
    policy: Policy,
    bindings: Bindings,
}

impl Rehearsed<'_> {
    fn span() -> (Timestamp, Timestamp) {
        (Timestamp::from_secs(START), site::end())
    }

    fn tallied(&self) -> Result<Report> {
        let (from, to) = Self::span();
        let query = TallyQuery { from: Some(from), to: Some(to), ..TallyQuery::default() };
        let under = (&self.policy, &self.bindings);
        let (report, tallied) = rehearse_history(self.history, self.register, under, &query)?;
        if tallied.left_out || tallied.looked.damaged > 0 {
            bail!("not everything was judged");
        }
        Ok(report)
    }

    fn paged(&self) -> Result<Report> {
        let under = (&self.policy, &self.bindings);
        rows::rehearse(self.history, self.register, under, Self::span())
    }
}

struct Cost {
    /// User and system time of the process, in seconds.
    cpu: f64,
    /// Memory at its peak beyond what there was before, in KiB.
    peak_kib: u64,
}

fn measured(run: impl FnOnce() -> Result<Report>) -> Result<(Cost, Report)> {
    // Five: the peak begins anew (proc_pid_clear_refs(5)).
    fs::write("/proc/self/clear_refs", "5")?;
    let (before, begun) = (memory("VmRSS")?, cpu());
    let report = run()?;
    let cpu = cpu().saturating_sub(begun).as_secs_f64();
    Ok((Cost { cpu, peak_kib: memory("VmHWM")?.saturating_sub(before) }, report))
}

fn cpu() -> Duration {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    let nanos = u32::try_from(spent.tv_nsec).unwrap_or(0);
    Duration::new(u64::try_from(spent.tv_sec).unwrap_or(0), nanos)
}

fn memory(key: &str) -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    kib.with_context(|| format!("no {key} in /proc"))
}

/// Writes the flows as the service does: flushed every few seconds, merged in the background.
fn fill(folder: &Path, flows: u64) -> Result<()> {
    let history = ParquetHistory::open(folder, Options::default())?;
    let (site, mut random) = (Site::default(), Random(20_261_123));
    let mut batch = Vec::with_capacity(BATCH);
    for number in 0..flows {
        batch.push(network::flow(&mut random, number, flows));
        if batch.len() < BATCH && number + 1 < flows {
            continue;
        }
        let at = batch.last().map_or_else(Timestamp::default, |flow| flow.last);
        let appended = history.append_flows(&site, &batch);
        if appended.dropped > 0 {
            bail!("the history had no room for {} flows", appended.dropped);
        }
        batch.clear();
        if appended.flush_soon {
            history.flush()?;
            history.compact(at)?;
        }
    }
    history.flush()?;
    for _ in 0..2 {
        history.compact(site::end().plus(Duration::from_secs(86_400)))?;
    }
    let (files, bytes) = history
        .sizes()?
        .iter()
        .fold((0, 0), |(files, bytes), day| (files + day.files, bytes + day.bytes));
    println!("{flows} flows of {DAYS} days in {files} files, {} MB\n", bytes / 1_000_000);
    Ok(())
}

/// A folder that is removed when it is no longer needed.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("{} stays: {error}", self.0.display());
        }
    }
}
