//! Fifty million flows with the skew of a real site: what they cost to write and keep, and how
//! long searches take.
//!
//! `cargo run --release -p cordon-history --example fifty_million -- FOLDER [FLOWS] [ONLY]`
//!
//! An existing folder is searched as it is. With ONLY, only searches whose name contains it are
//! made, and nothing is summed or exported; with `sql` in its place the questions are printed for
//! `peer.py`, which asks them of DuckDB. Before its first run every search finds none of the files
//! in the page cache.

#![allow(clippy::print_stdout, reason = "its output is the measurement")]
#![allow(clippy::disallowed_methods, reason = "it measures time")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a chore may stop")]

mod network;
mod questions;

use std::path::Path;
use std::time::{Duration, Instant};

use cordon_history::{
    AddressSpan, FlowPage, FlowQuery, Format, History, Options, ParquetHistory, Site,
};

use network::{DAYS, Random, at, device_ip, device_mac, flow};
use questions::{questions, sql};

/// Times a search is repeated once its files are in memory.
const RUNS: usize = 5;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap();
    let flows: u64 = arguments.next().map_or(50_000_000, |text| text.parse().unwrap());
    let only = arguments.next();
    let folder = Path::new(&folder);
    if !folder.exists() {
        fill(folder, flows);
    }
    if only.as_deref() == Some("sql") {
        questions().iter().for_each(|(name, query)| println!("{name}\t{}", sql(query)));
        return;
    }
    sizes(folder);
    let began = Instant::now();
    let history = ParquetHistory::open(folder, Options::default()).unwrap();
    println!("open: {:.0} ms", began.elapsed().as_secs_f64() * 1e3);
    searches(&history, folder, only.as_deref());
    println!("resident, peak: {}", peak());
    if only.is_none() {
        sums_and_exports(&history);
        println!("resident, peak: {}", peak());
    }
}

fn fill(folder: &Path, flows: u64) {
    let history = ParquetHistory::open(folder, Options::default()).unwrap();
    let site = Site::default();
    let mut random = Random(1);
    let (mut append, mut flush, mut compact) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let mut moved = 0;
    let mut batch = Vec::with_capacity(1_000);
    let day = flows / DAYS;
    for number in 0..flows {
        batch.push(flow(&mut random, number, flows));
        if batch.len() == 1_000 || number + 1 == flows {
            let began = cpu();
            let appended = history.append_flows(&site, &batch);
            append += cpu() - began;
            assert_eq!(appended.dropped, 0);
            batch.clear();
            if appended.flush_soon {
                let began = cpu();
                history.flush().unwrap();
                flush += cpu() - began;
                let began = cpu();
                moved += history.compact(at(number, flows)).unwrap().rows;
                compact += cpu() - began;
            }
        }
        if number % day == day - 1 {
            println!("day {} written, peak {}", number / day + 1, peak());
        }
    }
    let began = cpu();
    history.flush().unwrap();
    flush += cpu() - began;
    let began = cpu();
    for day in [DAYS + 1, DAYS + 2] {
        moved += history.compact(at(day * flows / DAYS, flows)).unwrap().rows;
    }
    compact += cpu() - began;
    let each = |time: Duration| time.as_nanos() as f64 / flows as f64;
    println!(
        "CPU per flow: append {:.0} ns, flush {:.0} ns, merging {:.0} ns in the background; \
         each flow was merged {:.2} times",
        each(append),
        each(flush),
        each(compact),
        moved as f64 / flows as f64
    );
}

fn searches(history: &ParquetHistory, folder: &Path, only: Option<&str>) {
    println!(
        "| search | rows | ms | CPU ms | files not in memory: ms | CPU ms | MB from disk | MB read | \
         groups | skipped | rows compared |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    for (name, query) in questions() {
        if only.is_some_and(|only| !name.contains(only)) {
            continue;
        }
        forget(folder);
        let cold = cost(|| history.search(&query).unwrap());
        let mut runs: Vec<Cost> =
            (0..RUNS).map(|_| cost(|| history.search(&query).unwrap())).collect();
        let cpu = runs.iter().map(|run| run.cpu).sum::<f64>() / RUNS as f64;
        runs.sort_by(|a, b| a.wall.total_cmp(&b.wall));
        let warm = &runs[RUNS / 2];
        let looked = warm.page.looked;
        println!(
            "| {name} | {} | {:.0} | {cpu:.0} | {:.0} | {:.0} | {:.1} | {:.1} | {} | {} | {} |",
            warm.page.rows.len(),
            warm.wall,
            cold.wall,
            cold.cpu,
            cold.disk as f64 / 1e6,
            cold.read as f64 / 1e6,
            looked.groups,
            looked.skipped,
            looked.rows
        );
    }
    if only.is_none() {
        far_pages(history);
    }
}

/// Page after page of one question: the last as quick as the first.
fn far_pages(history: &ParquetHistory) {
    let device = vec![AddressSpan::from(device_mac(1)), device_ip(1).into()];
    let mut query = FlowQuery { device, ..FlowQuery::default() };
    let (mut slowest, mut used, mut pages) = (0.0_f64, 0.0, 0);
    while pages < 200 {
        let one = cost(|| history.search(&query).unwrap());
        slowest = slowest.max(one.wall);
        used += one.cpu;
        pages += 1;
        query.cursor = one.page.next;
        if query.cursor.is_none() {
            break;
        }
    }
    println!(
        "{pages} pages by cursor: slowest {slowest:.0} ms, CPU {:.1} ms each",
        used / f64::from(pages)
    );
}

/// What a search took: milliseconds and bytes.
struct Cost {
    page: FlowPage,
    wall: f64,
    cpu: f64,
    /// Bytes that came from the disk.
    disk: u64,
    /// Bytes that were asked for, wherever they came from.
    read: u64,
}

fn cost(search: impl FnOnce() -> FlowPage) -> Cost {
    let (began, used, before) = (Instant::now(), cpu(), bytes_read());
    let page = search();
    let after = bytes_read();
    Cost {
        page,
        wall: began.elapsed().as_secs_f64() * 1e3,
        cpu: (cpu() - used).as_secs_f64() * 1e3,
        disk: after.0 - before.0,
        read: after.1 - before.1,
    }
}

/// Bytes from the disk, and bytes by system calls, of this process.
fn bytes_read() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/io").unwrap();
    let value = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim_start_matches(':').trim().parse().unwrap()
    };
    (value("read_bytes"), value("rchar"))
}

fn sums_and_exports(history: &ParquetHistory) {
    let timed = |what: &str, run: &dyn Fn() -> String| {
        let (began, used) = (Instant::now(), cpu());
        let said = run();
        let (wall, used) = (began.elapsed().as_secs_f64(), (cpu() - used).as_secs_f64());
        println!("{what}: {wall:.2} s, CPU {used:.2} s, {said}");
    };
    let busy = FlowQuery { device: vec![device_ip(0).into()], ..FlowQuery::default() };
    let sum = |query: &FlowQuery| {
        let sum = history.summary(query).unwrap();
        format!("{} flows, {} bytes", sum.flows, sum.bytes)
    };
    timed("summary of everything", &|| sum(&FlowQuery::default()));
    timed("summary of the busiest device", &|| sum(&busy));
    for format in [Format::Csv, Format::Ndjson, Format::Parquet] {
        timed(&format!("export of the busiest device, {format:?}"), &|| {
            let mut sink = Counting(0);
            let exported = history.export(&busy, format, &mut sink).unwrap();
            format!("{} flows, {} bytes", exported.rows, sink.0)
        });
    }
}

struct Counting(u64);

impl std::io::Write for Counting {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Lets the page cache forget the files.
fn forget(folder: &Path) {
    each_file(folder, &mut |path| {
        let file = std::fs::File::open(path).unwrap();
        rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).unwrap();
    });
}

fn sizes(folder: &Path) {
    let (mut files, mut bytes) = (0, 0);
    each_file(folder, &mut |path| {
        files += 1;
        bytes += path.metadata().unwrap().len();
    });
    println!("{files} files, {bytes} bytes");
}

fn each_file(folder: &Path, act: &mut dyn FnMut(&Path)) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { each_file(&path, act) } else { act(&path) }
    }
}

/// Processor time of this process, all threads.
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap(), u32::try_from(time.tv_nsec).unwrap())
}

fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.trim_start_matches("VmHWM:").trim().to_owned()
}
