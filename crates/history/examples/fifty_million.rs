//! Fifty million flows with the skew of a real site: what they cost to write and keep, and how
//! long searches take.
//!
//! `cargo run --release -p cordon-history --example fifty_million -- FOLDER [FLOWS] [ONLY]`
//!
//! An existing folder is searched as it is. With ONLY, only searches whose name contains it are
//! made, and nothing is summed or exported. Before its first run every search finds none of the
//! files in the page cache.

#![allow(clippy::print_stdout, reason = "its output is the measurement")]
#![allow(clippy::disallowed_methods, reason = "it measures time")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a chore may stop")]

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::{Duration, Instant};

use cordon_history::{
    Address, AddressSpan, FlowQuery, Format, History, Options, ParquetHistory, Site,
};
use cordon_model::flow::{Counters, TcpFlags};
use cordon_model::{
    App, Basis, Ends, Flow, FlowId, Mac, PacketId, Party, Text, Timestamp, Transport,
};

const DAYS: u64 = 30;
const DEVICES: u64 = 3_000;
const START: i64 = 1_792_713_600; // 2026-10-23
/// Devices that talk once in the whole time.
const RARE: u64 = 2_990;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap();
    let flows: u64 = arguments.next().map_or(50_000_000, |text| text.parse().unwrap());
    let only = arguments.next();
    let folder = Path::new(&folder);
    if !folder.exists() {
        fill(folder, flows);
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
    let device =
        |number: u64| vec![AddressSpan::from(device_mac(number)), device_ip(number).into()];
    let nobody: Vec<AddressSpan> = vec![
        AddressSpan::always(Address::Mac(Mac([2, 9, 9, 9, 9, 9]))),
        IpAddr::V4(Ipv4Addr::new(10, 99, 99, 99)).into(),
    ];
    let hour = |day: i64| {
        let from = START + day * 86_400 + 3_600 * 13;
        (Some(Timestamp::from_secs(from)), Some(Timestamp::from_secs(from + 3_600)))
    };
    let all = FlowQuery::default;
    let first_day = Some(Timestamp::from_secs(START + 86_400));
    let queries: Vec<(&str, FlowQuery)> = vec![
        ("newest 100, no filter", all()),
        ("device that talked once", FlowQuery { device: device(RARE), ..all() }),
        ("device that never talked", FlowQuery { device: nobody, ..all() }),
        ("busiest device, newest 100", FlowQuery { device: device(0), ..all() }),
        (
            "busiest device, page at the far end",
            FlowQuery { device: device(0), to: first_day, ..all() },
        ),
        ("device and peer, common", FlowQuery { device: device(0), peer: device(2), ..all() }),
        (
            "device and peer, both busy, never together",
            FlowQuery { device: device(1), peer: device(4), ..all() },
        ),
        (
            "device and peer, both clients and servers, hardly ever together",
            FlowQuery { device: device(1), peer: device(3), ..all() },
        ),
        (
            "device, gateway and application, never together",
            FlowQuery { device: device(1), peer: device(2_999), app: Some(App::Modbus), ..all() },
        ),
        (
            "device by MAC, text of an address it never meets",
            FlowQuery {
                device: device(2).into_iter().take(1).collect(),
                text: Some("10.0.0.7".into()),
                app: Some(App::Tls),
                ..all()
            },
        ),
        (
            "application and transport, both common, never together",
            FlowQuery { app: Some(App::Modbus), transport: Some(Transport::Udp), ..all() },
        ),
        (
            "1024 addresses and a port, never together",
            FlowQuery {
                device: (0..1_024).map(|it| device_ip(it * 2 + 1).into()).collect(),
                port: Some(1_883),
                ..all()
            },
        ),
        ("port nobody uses", FlowQuery { port: Some(31_337), ..all() }),
        ("port in rare use (scan)", FlowQuery { port: Some(4_444), ..all() }),
        ("application, common", FlowQuery { app: Some(App::Modbus), ..all() }),
        ("application, never", FlowQuery { app: Some(App::Dnp3), ..all() }),
        ("one hour, day 3", FlowQuery { from: hour(3).0, to: hour(3).1, ..all() }),
        (
            "one hour, day 3, device, port, app",
            FlowQuery {
                from: hour(3).0,
                to: hour(3).1,
                device: device(5),
                port: Some(53),
                app: Some(App::Dns),
                ..all()
            },
        ),
        (
            "busy device, common port, never together",
            FlowQuery { device: device(1), port: Some(1883), ..all() },
        ),
        ("text in an address, common", FlowQuery { text: Some("10.0.0.7".into()), ..all() }),
        ("text that occurs nowhere", FlowQuery { text: Some("zebra".into()), ..all() }),
        (
            "everything of transport ICMPv6 (none)",
            FlowQuery { transport: Some(Transport::Icmpv6), ..all() },
        ),
        ("page of 16384 rows", FlowQuery { limit: 16_384, ..all() }),
    ];
    println!(
        "| search | ms, median of 5 | CPU ms | ms, files not in memory | rows | files | groups | \
         skipped | rows compared |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for (name, query) in queries {
        if only.is_some_and(|only| !name.contains(only)) {
            continue;
        }
        forget(folder);
        let began = Instant::now();
        history.search(&query).unwrap();
        let first = began.elapsed().as_secs_f64() * 1e3;
        let mut times = Vec::new();
        let used = cpu();
        let mut page = None;
        for _ in 0..5 {
            let began = Instant::now();
            page = Some(history.search(&query).unwrap());
            times.push(began.elapsed().as_secs_f64() * 1e3);
        }
        let used = (cpu() - used).as_secs_f64() * 1e3 / times.len() as f64;
        times.sort_by(f64::total_cmp);
        let page = page.unwrap();
        let looked = page.looked;
        println!(
            "| {name} | {:.0} | {used:.0} | {first:.0} | {} | {} | {} | {} | {} |",
            times[2],
            page.rows.len(),
            looked.files,
            looked.groups,
            looked.skipped,
            looked.rows
        );
    }
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

fn device_ip(number: u64) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + u32::try_from(number).unwrap() + 1))
}

fn device_mac(number: u64) -> Mac {
    let [.., a, b, c] = number.to_be_bytes();
    Mac([0x00, 0x17, 0x88, a, b, c])
}

/// A flow: few devices make most of them, most peers are few servers, some are anywhere.
fn flow(random: &mut Random, number: u64, flows: u64) -> Flow {
    let late = random.below(DAYS * 86_400 * 1_000_000 / flows);
    let last = at(number, flows).plus(Duration::from_micros(late));
    let magnitude = random.below(26);
    let lasted = Duration::from_micros(random.below(1 << magnitude));
    let first = Timestamp::from_nanos(last.nanos() - i64::try_from(lasted.as_nanos()).unwrap());
    // Squared: the first tenth of the devices makes a third of the flows.
    let draw = random.below(1 << 20);
    let device =
        if number == flows / 3 { RARE } else { (((draw * draw) >> 20) * (DEVICES - 20)) >> 20 };
    let even = device.is_multiple_of(2);
    let kind = random.below(100);
    let (peer, port, app, transport, packets) = match kind {
        0..35 => (device_ip(2), 53, Some(App::Dns), Transport::Udp, 1),
        35..55 if even => (device_ip(6), 1_883, Some(App::Mqtt), Transport::Tcp, 8),
        35..55 => (device_ip(10), 502, Some(App::Modbus), Transport::Tcp, 12),
        55..75 => (internet(random), 443, Some(App::Tls), Transport::Tcp, 20),
        75..85 => (device_ip(2), 123, Some(App::Ntp), Transport::Udp, 1),
        85..95 => (
            IpAddr::V4(Ipv4Addr::new(239, 255, 255, 250)),
            1_900,
            Some(App::Ssdp),
            Transport::Udp,
            3,
        ),
        95..99 => {
            (device_ip(20 + 2 * random.below(1_000)), 80, Some(App::Http), Transport::Tcp, 10)
        }
        _ => {
            let port = 1_024 + u16::try_from(random.below(30_000)).unwrap();
            (device_ip(random.below(2_900) | 1), port, None, Transport::Tcp, 1)
        }
    };
    let port = if port == 31_337 { 31_338 } else { port };
    let local = matches!(peer, IpAddr::V4(ip) if ip.octets()[0] == 10);
    let peer_mac = if local {
        let IpAddr::V4(ip) = peer else { unreachable!() };
        device_mac(u64::from(ip.to_bits() - 0x0a00_0001))
    } else {
        device_mac(2_999)
    };
    let counters = |packets: u64, bytes: u64| Counters { packets, bytes, ..Counters::default() };
    let packets = packets + random.below(packets);
    Flow {
        id: FlowId(number),
        transport,
        client: Party {
            mac: Some(device_mac(device)),
            ip: Some(device_ip(device)),
            port: Some(32_768 + u16::try_from(random.below(28_232)).unwrap()),
        },
        server: Party { mac: Some(peer_mac), ip: Some(peer), port: Some(port) },
        ends: if transport == Transport::Tcp { Ends::Syn } else { Ends::Roles },
        vlan: device.is_multiple_of(10).then_some(20),
        tunnelled: false,
        app,
        basis: app.map(|_| if kind.is_multiple_of(5) { Basis::Port } else { Basis::Payload }),
        first,
        last,
        packet: PacketId { input: 0, number: number * 14 + random.below(200) },
        sent: counters(packets, packets * (70 + random.below(40))),
        received: counters(packets, packets * (90 + random.below(600))),
        sent_flags: TcpFlags(if transport == Transport::Tcp { 0x1b } else { 0 }),
        received_flags: TcpFlags(if transport == Transport::Tcp { 0x1b } else { 0 }),
        first_sizes: [0; 8],
        part: 0,
        continues: false,
        community_id: Text::default(),
    }
}

/// When a flow ends.
fn at(number: u64, flows: u64) -> Timestamp {
    let micros = number * (DAYS * 86_400 * 1_000_000 / flows);
    Timestamp::from_micros(START * 1_000_000 + i64::try_from(micros).unwrap())
}

/// Few addresses often, many once.
fn internet(random: &mut Random) -> IpAddr {
    let magnitude = random.below(18);
    let most = 16 << magnitude;
    let number = u32::try_from(random.below(most)).unwrap();
    IpAddr::V4(Ipv4Addr::from_bits(0x3400_0000 + number.wrapping_mul(2_654_435_761) % 0x1000_0000))
}

/// xorshift64*: the same flows every time.
struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32;
        if most == 0 { 0 } else { (drawn * most) >> 32 }
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
