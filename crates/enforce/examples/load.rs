//! What a hundred thousand entries of two thousand devices cost, beside plain rules and a hash set
//! by hand, in one run; one more entry; a new connection and a stream through a router.
//!
//! `cargo run --release -p cordon-enforce --example load`, as root; needs nft, iperf3,
//! ethtool and time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement, not the product"
)]

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cordon_contract::policy::Policy;
use cordon_contract::{
    Bindings, Carrier, Member, MemberNo, Opens, Ports, Reach, Rule, Stage, Where,
};
use cordon_enforce::{Compiler, Enforcer, Nft, Options, Ruleset};
use cordon_model::{DeviceId, Mac, Timestamp};

const DEVICES: u32 = 2_000;
const ENTRIES: u32 = 100_000;
/// The client whose traffic is measured is the last device.
const CLIENT_MAC: Mac = Mac([2, 1, 0, 0, 0, 9]);
const AT: Timestamp = Timestamp::from_secs(0);

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("inside") => inside(),
        Some("compiled") => compiled(),
        Some("serve") => serve(),
        Some("connect") => connect(),
        _ => {
            let me = std::env::current_exe().unwrap();
            let inside = Command::new("unshare").args(["-n", "-m"]).arg(me).arg("inside").status();
            assert!(inside.unwrap().success());
        }
    }
}

/// 2,000 cameras behind `lan0`, each with 50 services at single addresses, and a client among them.
fn policy() -> Policy {
    let mut policy = Policy::default();
    for no in 0..DEVICES {
        let [_, _, a, b] = no.to_be_bytes();
        let last = no + 1 == DEVICES;
        policy.members.push(Member {
            device: DeviceId(format!("d{no}").into()),
            label: format!("device {no}").into(),
            macs: vec![if last { CLIENT_MAC } else { Mac([2, 0, 0, 0, a, b]) }],
            ips: vec![IpAddr::V4(if last {
                Ipv4Addr::new(10, 77, 0, 2)
            } else {
                Ipv4Addr::new(10, 50, a, b)
            })],
            link: Some("lan0".into()),
            stage: Stage::Enforce,
            reach: Reach::Normal,
        });
    }
    let of_one = ENTRIES / DEVICES;
    for no in 0..ENTRIES {
        let member = no / of_one;
        let [_, a, b, c] = no.to_be_bytes();
        let last = no + 1 == ENTRIES;
        let ip = if last { Ipv4Addr::new(10, 88, 0, 2) } else { Ipv4Addr::new(20 + a, b, c, 1) };
        policy.rules.push(Rule {
            member: MemberNo(member),
            opens: Opens::Device,
            at: Where::Net(IpAddr::V4(ip).into()),
            carrier: Carrier::Tcp,
            service: if last { Ports::one(5201) } else { Ports::one(443) },
            client: Ports::ALL,
            entry: no,
        });
    }
    // The port of the connections that are timed.
    policy.rules.push(Rule { service: Ports::one(5202), ..policy.rules.last().unwrap().clone() });
    policy.rules.sort();
    policy
}

fn compile(policy: &Policy) -> Ruleset {
    let compiler = Compiler::new(policy).unwrap();
    compiler.ruleset(&Bindings::default(), &Options::default(), AT).unwrap()
}

/// The whole: policy to kernel; run as a process of its own so that its memory is its own.
fn compiled() {
    let policy = policy();
    let begun = (Instant::now(), usage());
    let ruleset = compile(&policy);
    let compiled = (Instant::now(), usage());
    let elements = ruleset.len();
    let mut enforcer = Enforcer::new(Nft::default());
    enforcer.set(ruleset, AT).unwrap();
    let loaded = (Instant::now(), usage());
    println!(
        "  compiled in {:.3} CPU s ({} elements), loaded in {:.3} CPU s with nft ({:.2} s wall)",
        compiled.1 - begun.1,
        elements,
        loaded.1 - compiled.1,
        (loaded.0 - compiled.0).as_secs_f64(),
    );
    println!("  compile and load: {:.3} CPU s", loaded.1 - begun.1);
    let (own, children) = peaks();
    println!("  peak memory: {own} MB here, {children} MB in the largest nft");
    one_more(policy, &mut enforcer);
    let begun = (Instant::now(), usage());
    let drift = enforcer.drift(AT).unwrap();
    println!(
        "  read back and compared: {:.2} CPU s with nft, {:.2} s wall; as meant: {}",
        usage() - begun.1,
        begun.0.elapsed().as_secs_f64(),
        drift.is_none()
    );
}

fn one_more(mut policy: Policy, enforcer: &mut Enforcer<Nft>) {
    let mut all = Vec::new();
    let mut kernel = Vec::new();
    for no in 0..20 {
        let member = MemberNo(no * 7);
        let begun = Instant::now();
        let before =
            Compiler::new(&policy).unwrap().member(member, &Bindings::default(), AT).unwrap();
        policy.rules.push(Rule {
            member,
            opens: Opens::Device,
            at: Where::Net("192.0.2.1/32".parse().unwrap()),
            carrier: Carrier::Tcp,
            service: Ports::one(8080),
            client: Ports::ALL,
            entry: 0,
        });
        let after =
            Compiler::new(&policy).unwrap().member(member, &Bindings::default(), AT).unwrap();
        let compiled = Instant::now();
        enforcer.amend(&before, &after, AT).unwrap();
        kernel.push(compiled.elapsed());
        all.push(begun.elapsed());
    }
    println!(
        "  one more entry: {:?} median, of it {:?} nft",
        median(&mut all),
        median(&mut kernel)
    );
}

fn inside() {
    println!("{ENTRIES} entries of {DEVICES} devices, {}", sh("nft --version"));
    println!("compiled by us:");
    let me = std::env::current_exe().unwrap();
    assert!(Command::new(&me).arg("compiled").status().unwrap().success());
    let policy = policy();
    println!("hash set by hand: {}", by_hand(&policy, true));
    println!("a rule for each: {}", by_hand(&policy, false));
    sh("nft flush ruleset");
    cables();
    for offload in ["off", "on"] {
        set_offload(offload);
        println!("streams, segmentation offload {offload} (1,500 bytes a packet if off):");
        let mut none = Vec::new();
        let mut tracked = Vec::new();
        let mut looked = Vec::new();
        let mut ours = Vec::new();
        for _ in 0..11 {
            sh("nft flush ruleset");
            none.push(traffic());
            sh(
                "nft 'table inet t { chain c { type filter hook forward priority 0; ct state established,related accept; }; }'",
            );
            tracked.push(traffic());
            one_look(&policy);
            looked.push(traffic());
            sh("nft flush ruleset");
            Enforcer::new(Nft::default()).set(compile(&policy), AT).unwrap();
            ours.push(traffic());
        }
        let none = Traffic::median(none);
        none.print("  no rules at all", &none);
        Traffic::median(tracked).print("  connection tracking alone", &none);
        Traffic::median(looked).print("  and one look at who sends", &none);
        Traffic::median(ours).print(&format!("  {ENTRIES} entries"), &none);
    }
    sh("nft flush ruleset");
    by_hand(&policy, false);
    let rules = traffic();
    rules.print("  a rule for each, offload on", &rules);
}

/// The least that keeps a neighbour out of conversations under way: link, link-layer address and
/// address of who sends, before connection tracking.
fn one_look(policy: &Policy) {
    let mut text = String::from(
        "flush ruleset\ntable inet look { map m { type ifname . ether_addr . ipv4_addr : verdict; elements = {\n",
    );
    for member in &policy.members {
        let link = member.link.as_deref().unwrap();
        text.push_str(&format!("{link} . {} . {} : continue,\n", member.macs[0], member.ips[0]));
    }
    text.push_str("} }\n chain c { type filter hook forward priority 0; iifname . ether saddr . ip saddr vmap @m; ct state established,related accept; iifname \"lan0\" accept; drop\n}\n}\n");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("look.nft");
    std::fs::write(&path, text).unwrap();
    sh(&format!("nft -f {}", path.display()));
}

/// As text, the way a person would, in one file; CPU seconds and memory of nft.
fn by_hand(policy: &Policy, set: bool) -> String {
    sh("nft flush ruleset");
    let mut text = String::from(
        "table inet hand { chain c { type filter hook forward priority 0; policy accept;\n",
    );
    let entries = policy.rules.iter().map(|rule| {
        let Where::Net(net) = rule.at else { panic!("a name") };
        let mac = policy.members[rule.member.0 as usize].macs[0];
        (mac, net.addr(), rule.service)
    });
    if set {
        text = "table inet hand { set s { type ether_addr . ipv4_addr . inet_proto . inet_service; size 1000000; elements = {\n".into();
        for (mac, ip, port) in entries {
            text.push_str(&format!("{mac} . {ip} . tcp . {port},\n"));
        }
        text.push_str("} }\n chain c { type filter hook forward priority 0; ct state established,related accept; ether saddr . ip daddr . meta l4proto . th dport @s accept; iifname \"lan0\" drop\n}\n}\n");
    } else {
        text.push_str("ct state established,related accept\n");
        for (mac, ip, port) in entries {
            text.push_str(&format!("ether saddr {mac} ip daddr {ip} tcp dport {port} accept\n"));
        }
        text.push_str("iifname \"lan0\" drop\n}\n}\n");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hand.nft");
    std::fs::write(&path, text).unwrap();
    let output = Command::new("/usr/bin/time")
        .args(["-f", "%U %S %M", "nft", "-f"])
        .arg(&path)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let numbers: Vec<f64> = said.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    match numbers.as_slice() {
        [user, system, kilobytes] => {
            format!("{:.2} CPU s, {:.0} MB", user + system, kilobytes / 1024.0)
        }
        _ => panic!("{said}"),
    }
}

/// A client and a server, each in a namespace of its own, and this one between as a router.
fn cables() {
    sh("ip link set lo up; echo 1 > /proc/sys/net/ipv4/ip_forward");
    for (link, subnet, far) in [("lan0", "10.77.0", "client"), ("wan0", "10.88.0", "server")] {
        let me = std::env::current_exe().unwrap();
        let mut command = Command::new("unshare");
        command.arg("-n").arg(me).arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // It says one line when it is in its namespace.
        let mut line = String::new();
        let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
        std::io::BufRead::read_line(&mut out, &mut line).unwrap();
        let pid = child.id();
        let mac = if far == "client" { format!("address {CLIENT_MAC}") } else { String::new() };
        sh(&format!(
            "ip link add {link} type veth peer name eth0 netns {pid}
             ip addr add {subnet}.1/24 dev {link}; ip link set {link} up
             nsenter -t {pid} -n sh -ec 'ip link set eth0 {mac}
               ip link set lo up; ip addr add {subnet}.2/24 dev eth0; ip link set eth0 up
               ip route add default via {subnet}.1'"
        ));
        FAR.lock().unwrap().push((far, child));
    }
}

static FAR: std::sync::Mutex<Vec<(&str, Child)>> = std::sync::Mutex::new(Vec::new());

fn pid(far: &str) -> u32 {
    FAR.lock().unwrap().iter().find(|(name, _)| *name == far).unwrap().1.id()
}

/// What a client sees through the router.
struct Traffic {
    connect: Duration,
    megabits: f64,
}

impl Traffic {
    fn median(mut all: Vec<Traffic>) -> Traffic {
        all.sort_by(|a, b| a.megabits.total_cmp(&b.megabits));
        let megabits = all[all.len() / 2].megabits;
        let mut connects: Vec<_> = all.iter().map(|one| one.connect).collect();
        Traffic { connect: median(&mut connects), megabits }
    }

    fn print(&self, what: &str, base: &Traffic) {
        let share = self.megabits / base.megabits * 100.0;
        let Traffic { connect, megabits } = self;
        println!("{what}: new connection {connect:?}, {megabits:.0} Mbit/s ({share:.0} %)");
    }
}

fn set_offload(to: &str) {
    let (client, server) = (pid("client"), pid("server"));
    let set = |link| format!("ethtool -K {link} gso {to} tso {to} gro {to} >/dev/null");
    sh(&format!("{}; {}", set("lan0"), set("wan0")));
    for far in [client, server] {
        sh(&format!("nsenter -t {far} -n {}", set("eth0")));
    }
}

fn traffic() -> Traffic {
    let (client, server) = (pid("client"), pid("server"));
    let me = std::env::current_exe().unwrap().display().to_string();
    let connect = sh(&format!("nsenter -t {client} -n {me} connect"));
    let mut iperf = Command::new("nsenter")
        .args(["-t", &server.to_string(), "-n", "iperf3", "-s", "-1"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let json = sh(&format!("nsenter -t {client} -n iperf3 -c 10.88.0.2 -t 2 -J"));
    iperf.wait().unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let bits = json["end"]["sum_received"]["bits_per_second"].as_f64().unwrap();
    let connect = Duration::from_nanos(connect.parse().unwrap());
    Traffic { connect, megabits: bits / 1e6 }
}

/// At the far end of a cable: accepts connections until standard input ends.
fn serve() {
    println!("here");
    std::thread::spawn(|| {
        let any: SocketAddr = "0.0.0.0:5202".parse().unwrap();
        let listener = TcpListener::bind(any).unwrap();
        for stream in listener.incoming() {
            drop(stream);
        }
    });
    let mut nothing = String::new();
    std::io::stdin().read_line(&mut nothing).unwrap();
}

fn connect() {
    let to: SocketAddr = "10.88.0.2:5202".parse().unwrap();
    let mut times: Vec<_> = (0..1_000)
        .map(|_| {
            let begun = Instant::now();
            let stream = TcpStream::connect_timeout(&to, Duration::from_secs(2)).unwrap();
            let took = begun.elapsed();
            drop(stream);
            took
        })
        .collect();
    println!("{}", median(&mut times).as_nanos());
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// CPU seconds of this process and of the children it has waited for.
fn usage() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after = stat.rsplit(')').next().unwrap();
    let fields: Vec<&str> = after.split_whitespace().collect();
    let ticks: f64 = fields[11..15].iter().map(|field| field.parse::<f64>().unwrap()).sum();
    ticks / 100.0
}

/// Peak memory of this process and of its largest child, in MB.
fn peaks() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let own = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let own: u64 = own.trim().trim_end_matches(" kB").trim().parse().unwrap();
    (own / 1024, largest_child() / 1024)
}

fn largest_child() -> u64 {
    // The standard library has no getrusage; nft is asked for the same piece once more.
    let elements: Vec<String> = (0..5_000)
        .map(|no: u32| {
            let [_, _, a, b] = no.to_be_bytes();
            format!("{{\"concat\":[\"02:00:00:00:00:01\",\"10.9.{a}.{b}\",6,443]}}")
        })
        .collect();
    let active = if sh("nft list tables").contains("cordon_a") { "cordon_a" } else { "cordon_b" };
    let json = |verb: &str| {
        format!(
            "{{\"nftables\":[{{\"{verb}\":{{\"element\":{{\"family\":\"inet\",\"table\":\"{active}\",\"name\":\"cd_mac_ports4\",\"elem\":[{}]}}}}}}]}}",
            elements.join(",")
        )
    };
    let folder = tempfile::tempdir().unwrap();
    let (add, delete) = (folder.path().join("add"), folder.path().join("delete"));
    std::fs::write(&add, json("add")).unwrap();
    std::fs::write(&delete, json("delete")).unwrap();
    let said = Command::new("/usr/bin/time")
        .args(["-f", "%M", "nft", "-j", "-f"])
        .arg(&add)
        .output()
        .unwrap();
    sh(&format!("nft -j -f {}", delete.display()));
    String::from_utf8_lossy(&said.stderr).trim().parse().unwrap()
}

fn sh(line: &str) -> String {
    let output = Command::new("sh").args(["-ec", line]).output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
