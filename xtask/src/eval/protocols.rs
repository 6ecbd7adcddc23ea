//! Which flows are recognised, with tshark as judge.
//!
//! A flow counts for a protocol when tshark dissects that protocol in at least one of its packets.
//! It is recognised when cordon saw the same protocol in its payload; a guess from the port is not
//! enough.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::net::IpAddr;
use std::path::Path;

use anyhow::{Context as _, Result};
use cordon_capture::{FileSource, InputPath};
use cordon_model::{App, Basis, Fact, Flow, SecretKey, Transport};
use cordon_sensor::{Options, Sensor, Sink};

use super::corpus::{files, scratch, unpacked};
use crate::chore::command;
use crate::tools;

/// Protocols judged, by cordon's and tshark's name.
const JUDGED: &[(App, &str)] = &[
    (App::Dhcp, "dhcp"),
    (App::Dhcpv6, "dhcpv6"),
    (App::Dns, "dns"),
    (App::Mdns, "mdns"),
    (App::Llmnr, "llmnr"),
    (App::Nbns, "nbns"),
    (App::Ssdp, "ssdp"),
    (App::Http, "http"),
    (App::Tls, "tls"),
    (App::Quic, "quic"),
    (App::Ntp, "ntp"),
    (App::Snmp, "snmp"),
    (App::Ssh, "ssh"),
    (App::Telnet, "telnet"),
    (App::Ftp, "ftp"),
    (App::Rtsp, "rtsp"),
    (App::Mqtt, "mqtt"),
    (App::Coap, "coap"),
    (App::Modbus, "mbtcp"),
    (App::Dnp3, "dnp3"),
    (App::S7comm, "s7comm"),
    (App::Enip, "enip"),
    (App::Bacnet, "bacnet"),
];

/// The two ends in a fixed order, and whether it is TCP.
type Ends = (bool, (IpAddr, u16), (IpAddr, u16));

#[derive(Default)]
struct Score {
    flows: u64,
    recognised: u64,
    otherwise: u64,
    missed: u64,
    extra: u64,
}

/// Prints the table.
pub fn run(dir: Option<&Path>, explain: bool) -> Result<()> {
    tools::need("tshark")?;
    let folders = match dir {
        Some(dir) => vec![dir.to_owned()],
        None => vec![
            unpacked("captures/dev/dev.tar.zst")?.join("dev"),
            unpacked("captures/speed/speed.tar.zst")?,
        ],
    };
    let mut scores: BTreeMap<App, Score> = BTreeMap::new();
    let (mut judged, mut unreadable) = (0, 0);
    for folder in &folders {
        for path in files(folder)? {
            let Some(theirs) = tshark(folder, &path)? else { continue };
            let Some(ours) = cordon(&path) else {
                unreadable += 1;
                continue;
            };
            judged += 1;
            compare(&path, &theirs, &ours, &mut scores, explain);
        }
    }
    println!(
        "| protocol | flows by tshark | recognised | share | seen as another | not recognised | cordon alone |"
    );
    println!("|---|---|---|---|---|---|---|");
    for (app, score) in &scores {
        let share =
            if score.flows == 0 { 1.0 } else { score.recognised as f64 / score.flows as f64 };
        println!(
            "| {app} | {} | {} | {:.1} % | {} | {} | {} |",
            score.flows,
            score.recognised,
            share * 100.0,
            score.otherwise,
            score.missed,
            score.extra
        );
    }
    let flows: u64 = scores.values().map(|score| score.flows).sum();
    let recognised: u64 = scores.values().map(|score| score.recognised).sum();
    println!(
        "\n{judged} captures, {unreadable} of them not readable by cordon; {recognised} of {flows} flows recognised"
    );
    Ok(())
}

fn compare(
    path: &Path,
    theirs: &HashMap<Ends, BTreeSet<&'static str>>,
    ours: &HashMap<Ends, BTreeSet<App>>,
    scores: &mut BTreeMap<App, Score>,
    explain: bool,
) {
    let none = BTreeSet::new();
    for (ends, names) in theirs {
        let seen = ours.get(ends).unwrap_or(&none);
        for (app, name) in JUDGED.iter().filter(|(_, name)| names.contains(name)) {
            let score = scores.entry(*app).or_default();
            score.flows += 1;
            let verdict = if seen.contains(app) {
                score.recognised += 1;
                continue;
            } else if seen.is_empty() {
                score.missed += 1;
                "missed".to_owned()
            } else {
                score.otherwise += 1;
                format!("seen as {seen:?}")
            };
            if explain {
                println!("{name}: {verdict}: {ends:?} in {}", path.display());
            }
        }
    }
    for (ends, apps) in ours {
        for app in apps {
            let Some((_, name)) = JUDGED.iter().find(|(judged, _)| judged == app) else { continue };
            if !theirs.get(ends).is_some_and(|names| names.contains(name)) {
                scores.entry(*app).or_default().extra += 1;
                if explain {
                    println!("{name}: cordon alone: {ends:?} in {}", path.display());
                }
            }
        }
    }
}

/// The protocols of each flow as tshark sees them; none where tshark cannot read the file.
fn tshark(folder: &Path, path: &Path) -> Result<Option<HashMap<Ends, BTreeSet<&'static str>>>> {
    let kept = scratch().join("tshark");
    fs::create_dir_all(&kept)?;
    let relative = path.strip_prefix(folder).unwrap_or(path).to_string_lossy().replace('/', "+");
    let size = fs::metadata(path)?.len();
    let cache = kept.join(format!("{size}-{relative}.tsv"));
    if !cache.exists() {
        if !is_capture(path)? {
            return Ok(None);
        }
        let text = path.to_str().context("a capture lies at a path that is not UTF-8")?;
        let mut fields = vec!["-n", "-r", text, "-T", "fields", "-E", "occurrence=l"];
        for field in FIELDS {
            fields.extend(["-e", field]);
        }
        let output = command("tshark", &fields)
            .output()
            .context("cannot start tshark; install Debian's tshark")?;
        fs::write(&cache, output.stdout)?;
    }
    let table = fs::read_to_string(&cache)?;
    let mut flows: HashMap<Ends, BTreeSet<&'static str>> = HashMap::new();
    for line in table.lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        let Some(ends) = ends(&columns) else { continue };
        let layers = columns.first().copied().unwrap_or_default();
        // The packet quoted inside an ICMP error is no packet of its flow.
        if layers.split(':').any(|layer| layer == "icmp" || layer == "icmpv6") {
            continue;
        }
        let names = flows.entry(ends).or_default();
        // The handshake inside QUIC is QUIC's.
        let inside_quic = |name: &str| name == "tls" && !ends.0;
        for (_, name) in JUDGED.iter().filter(|(_, name)| !inside_quic(name)) {
            if layers.split(':').any(|layer| layer == *name) {
                names.insert(name);
            }
        }
    }
    Ok(Some(flows))
}

const FIELDS: [&str; 9] = [
    "frame.protocols",
    "ip.src",
    "ip.dst",
    "ipv6.src",
    "ipv6.dst",
    "tcp.srcport",
    "tcp.dstport",
    "udp.srcport",
    "udp.dstport",
];

fn ends(columns: &[&str]) -> Option<Ends> {
    let column = |number: usize| columns.get(number).copied().filter(|text| !text.is_empty());
    let ip = |v4: usize, v6: usize| column(v4).or(column(v6))?.parse::<IpAddr>().ok();
    let tcp = column(5).is_some();
    let port = |tcp: usize, udp: usize| column(tcp).or(column(udp))?.parse::<u16>().ok();
    Some(ordered(tcp, (ip(1, 3)?, port(5, 7)?), (ip(2, 4)?, port(6, 8)?)))
}

fn ordered(tcp: bool, a: (IpAddr, u16), b: (IpAddr, u16)) -> Ends {
    if a <= b { (tcp, a, b) } else { (tcp, b, a) }
}

fn is_capture(path: &Path) -> Result<bool> {
    use std::io::Read as _;
    let mut magic = [0; 4];
    let read = fs::File::open(path)?.read(&mut magic)?;
    Ok(read == 4
        && matches!(
            magic,
            [0xd4, 0xc3, 0xb2, 0xa1]
                | [0xa1, 0xb2, 0xc3, 0xd4]
                | [0x4d, 0x3c, 0xb2, 0xa1]
                | [0xa1, 0xb2, 0x3c, 0x4d]
                | [0x0a, 0x0d, 0x0d, 0x0a]
        ))
}

#[derive(Default)]
struct Seen(HashMap<Ends, BTreeSet<App>>);

impl Sink for Seen {
    fn fact(&mut self, _: &Fact) {}

    fn flow(&mut self, flow: &Flow) {
        let tcp = match flow.transport {
            Transport::Tcp => true,
            Transport::Udp => false,
            _ => return,
        };
        let (Some(client), Some(server)) =
            (flow.client.ip.zip(flow.client.port), flow.server.ip.zip(flow.server.port))
        else {
            return;
        };
        let apps = self.0.entry(ordered(tcp, client, server)).or_default();
        if let (Some(app), Some(Basis::Payload)) = (flow.app, flow.basis) {
            apps.insert(app);
        }
    }
}

/// The protocols of each flow as cordon sees them; none where cordon cannot read the file.
fn cordon(path: &Path) -> Option<HashMap<Ends, BTreeSet<App>>> {
    let mut source = FileSource::open(&InputPath::File(path.to_owned()), 0).ok()?;
    let mut sensor = Sensor::new(Options::new(SecretKey::new([7; 32]), 7));
    let mut seen = Seen::default();
    while let Some(packet) = source.next() {
        sensor.packet(&packet, &mut seen);
    }
    sensor.finish(&mut seen);
    Some(seen.0)
}
