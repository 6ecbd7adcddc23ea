//! The whole of it, with a real kernel: three devices behind a router of namespaces are watched, their
//! contracts learned, rehearsed and enforced; a scan is stopped, a trial takes itself back, and
//! what cannot happen is proven.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::{Ran, ran};

const INSIDE: &str = "CORDON_TEST_IN_NAMESPACE";
pub const SERVE: &str = "CORDON_TEST_SERVE";
const CONNECT: &str = "CORDON_TEST_CONNECT";

/// The router with two networks and the way to the Internet; a camera and a television on one, an
/// imaging server on the other.
pub const SITE: &str = "
set -e
mount -t sysfs sysfs /sys
mount -t tmpfs none /run/netns 2>/dev/null || { mkdir -p /run/netns; mount -t tmpfs none /run/netns; }
ip link set lo up
for host in camera tv imaging cloud; do ip netns add $host; ip -n $host link set lo up; done
ip link add lan0 type bridge; ip link set lan0 up; ip addr add 10.0.5.1/24 dev lan0
for host in camera tv; do
  ip link add p-$host type veth peer name eth0 netns $host
  ip link set p-$host master lan0 up; ip -n $host link set eth0 up
done
ip link add lan1 type veth peer name eth0 netns imaging; ip link set lan1 up; ip addr add 10.0.6.1/24 dev lan1
ip link add wan0 type veth peer name eth0 netns cloud; ip link set wan0 up; ip addr add 203.0.113.1/24 dev wan0
ip -n imaging link set eth0 up; ip -n cloud link set eth0 up
ip -n camera addr add 10.0.5.7/24 dev eth0; ip -n tv addr add 10.0.5.8/24 dev eth0
ip -n imaging addr add 10.0.6.5/24 dev eth0; ip -n cloud addr add 203.0.113.9/24 dev eth0
for host in camera tv; do ip -n $host route add default via 10.0.5.1; done
ip -n imaging route add default via 10.0.6.1; ip -n cloud route add default via 203.0.113.1
sysctl -qw net.ipv4.ip_forward=1
";

/// Answers on ports until it is ended: a test that does nothing unless it is told so.
#[test]
fn as_server() {
    let Ok(ports) = std::env::var(SERVE) else { return };
    let serve = |port: &str| {
        let listener = TcpListener::bind(format!("0.0.0.0:{port}")).unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                std::thread::spawn(move || answer(stream));
            }
        })
    };
    let servers: Vec<_> = ports.split(',').map(serve).collect();
    println!("serving");
    for server in servers {
        server.join().unwrap();
    }
}

fn answer(mut stream: TcpStream) {
    let mut bytes = [0; 64];
    while let Ok(1..) = stream.read(&mut bytes) {
        if stream.write_all(b"ok").is_err() {
            return;
        }
    }
}

/// Connects and is answered, or fails: a test that does nothing unless it is told so.
#[test]
fn as_client() {
    let Ok(to) = std::env::var(CONNECT) else { return };
    let to: SocketAddr = to.parse().unwrap();
    let mut stream = TcpStream::connect_timeout(&to, Duration::from_millis(800)).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(800))).unwrap();
    stream.write_all(b"hello").unwrap();
    assert!(stream.read(&mut [0; 8]).unwrap() > 0);
}

/// This binary in a namespace, as one of the two above.
pub fn there(host: &str, role: &str, key: &str, value: &str) -> Command {
    let mut command = Command::new("ip");
    command.args(["netns", "exec", host]).arg(std::env::current_exe().unwrap());
    command.args([&format!("contracts::as_{role}"), "--exact", "--nocapture"]);
    command.env(key, value).stdin(Stdio::null()).stderr(Stdio::null());
    command
}

/// Whether a host reaches a service and is answered.
pub fn reaches(host: &str, to: &str) -> bool {
    let status = there(host, "client", CONNECT, to).stdout(Stdio::null()).status();
    status.unwrap().success()
}

pub struct Service {
    child: Child,
    pub data: String,
}

impl Service {
    pub fn start(data: &str) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_cordon"))
            .args(["run", "lan0", "lan1", "--data", data, "--listen", "127.0.0.1:0"])
            .args(["--set", "enforce.driver=\"nftables\""])
            .args(["--set", "enforce.links=[\"lan0=10.0.5.0/24\",\"lan1=10.0.6.0/24\"]"])
            .args(["--set", "enforce.confirm_within=\"10s\""])
            .args(["--set", "enforce.isolate=[\"lan0\"]"])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let service = Service { child, data: data.to_owned() };
        service
            .until("the service answers", |service| service.says(&["contract", "rules"]).code == 0);
        service
    }

    pub fn says(&self, args: &[&str]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_cordon"))
            .args(args)
            .args(["--data", &self.data])
            .env("NO_COLOR", "1")
            .output();
        ran(output.unwrap())
    }

    /// What a command prints, which has to succeed; lines joined, so that breaks do not matter.
    pub fn done(&self, args: &[&str]) -> String {
        let ran = self.says(args);
        assert_eq!(ran.code, 0, "{args:?}: {}{}", ran.out, ran.err);
        ran.out.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    pub fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !holds(self) {
            assert!(begun.elapsed() < Duration::from_secs(150), "{what}");
            std::thread::sleep(Duration::from_millis(300));
        }
    }

    fn start_again(&mut self) {
        *self = Service::start(&self.data);
    }

    /// Asks all its processes to end, and waits for the first.
    fn end_all(&mut self) {
        let group = format!("-{}", self.child.id());
        assert!(Command::new("kill").args(["-TERM", "--", &group]).status().unwrap().success());
        self.child.wait().unwrap();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether a test runs in namespaces of its own; where not, it is run there, if that is possible.
pub fn entered(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let possible = Command::new("unshare").args(["-n", "-m", "nft", "list", "ruleset"]).output();
    let ip = Command::new("ip").arg("-V").output();
    if !possible.is_ok_and(|out| out.status.success()) || ip.is_err() {
        println!("skipped: needs root, unshare, nft and ip");
        return false;
    }
    let status = Command::new("unshare")
        .args(["-n", "-m"])
        .arg(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env(INSIDE, "1")
        .status()
        .unwrap();
    assert!(status.success(), "{test} failed in its namespace");
    false
}

#[test]
fn what_is_learned_is_enforced_a_scan_is_stopped_and_the_rest_works() {
    let test = "contracts::what_is_learned_is_enforced_a_scan_is_stopped_and_the_rest_works";
    if !entered(test) {
        return;
    }
    let made = Command::new("bash").args(["-c", SITE]).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let mut servers: Vec<Child> = [("cloud", "8883,23,443"), ("imaging", "104"), ("camera", "554")]
        .into_iter()
        .map(|(host, ports)| {
            there(host, "server", SERVE, ports).stdout(Stdio::null()).spawn().unwrap()
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let mut service = Service::start(&crate::text(&folder.path().join("data")));
    whole_story(&mut service, &folder);
    drop(service);
    for server in &mut servers {
        server.kill().unwrap();
        server.wait().unwrap();
    }
}

fn whole_story(service: &mut Service, folder: &tempfile::TempDir) {
    let (camera, tv, imaging) = ("10.0.5.7", "10.0.5.8", "10.0.6.5");
    let work =
        [("camera", "203.0.113.9:8883"), ("imaging", "203.0.113.9:443"), ("tv", "10.0.6.5:104")];
    for (host, to) in work {
        service.until(to, |_| reaches(host, to));
        for _ in 0..4 {
            assert!(reaches(host, to), "{host} {to}");
        }
    }
    // Learned, once conversations have ended.
    for device in [camera, tv, imaging] {
        service.until(device, |service| {
            service.says(&["contract", "show", device]).out.contains("Proposed by learning")
        });
    }
    service.until("both ends of the images", |service| {
        service.says(&["contract", "show", imaging]).out.contains("DICOM")
    });
    for device in [camera, tv, imaging] {
        service.done(&["admit", device, "--why", "as it should be"]);
    }
    let told = service.done(&["contract", "show", camera]);
    assert!(
        told.contains("exchanges messages with the address 203.0.113.9, encrypted (MQTT)"),
        "{told}"
    );
    assert!(told.contains("Nothing else is allowed."), "{told}");
    let came = service.done(&["contract", "diff", camera]);
    for says in ["from nothing in force to version 1:", "as it should be", "Came", "203.0.113.9"] {
        assert!(came.contains(says), "{says}: {came}");
    }
    assert_eq!(service.says(&["contract", "diff", camera, "--from", "v1"]).code, 2);

    let rehearsed = service.done(&["contract", "enforce", "all", "--rehearse"]);
    assert!(rehearsed.contains("Nothing would have been blocked in"), "{rehearsed}");

    let rules = service.done(&["contract", "rules"]);
    assert!(rules.contains("Neighbours at 2 ports of lan0 are kept apart."), "{rules}");
    assert!(reaches("tv", "10.0.5.7:554"), "by the router, for no contract speaks against it yet");

    // A trial that nobody confirms.
    let tried = service.done(&["contract", "enforce", "all"]);
    assert!(tried.contains("On trial until"), "{tried}");
    assert!(!reaches("camera", "203.0.113.9:23"), "the scan is stopped");
    assert!(!reaches("tv", "10.0.5.7:554"), "a neighbour on the same bridge is stopped, too");
    assert!(!reaches("camera", "10.0.6.5:104"));
    for (host, to) in work {
        assert!(reaches(host, to), "{host} {to} has to work");
    }
    service.until("it is taken back", |_| reaches("camera", "203.0.113.9:23"));
    service.until("the book says so", |service| {
        service.done(&["contract", "list", "--state", "enforce"]).contains("No device is like that")
    });

    // One during which everything of the service is told to end, as by Ctrl-C or by systemd.
    service.done(&["contract", "enforce", "all"]);
    assert!(!reaches("camera", "203.0.113.9:23"));
    service.end_all();
    service.until("nobody is left to confirm", |_| reaches("camera", "203.0.113.9:23"));
    service.start_again();

    // One that is confirmed.
    service.done(&["contract", "enforce", "all"]);
    service.done(&["contract", "confirm"]);
    assert!(!reaches("camera", "203.0.113.9:23"));
    let proof = folder.path().join("proof.json");
    let said = service.done(&["prove", camera, imaging, "--keep", "-o", &crate::text(&proof)]);
    assert!(said.contains("cannot reach") && said.contains("Promised:"), "{said}");
    let open = service.says(&["prove", tv, imaging, "--keep"]);
    assert_eq!(open.code, 2, "what is open cannot be promised");
    assert!(open.err.contains("only what is impossible can be promised"), "{}", open.err);
    let envelope: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&proof).unwrap()).unwrap();
    assert_eq!(envelope["payloadType"], "application/vnd.cordon.proof+json");
    let possible = service.says(&["prove", tv, imaging]);
    assert_eq!(possible.code, 1, "{}", possible.out);
    assert!(possible.out.contains("tcp 104"), "{}", possible.out);

    // What was stopped is on the timeline.
    service.until("the breach is told", |service| {
        service.says(&["device", camera]).out.contains("was stopped on the way to")
    });

    // Cut off at once, and back; then everything is taken back.
    service.done(&["isolate", camera, "--why", "scans"]);
    assert!(!reaches("camera", "203.0.113.9:8883"));
    service.done(&["release", camera]);
    assert!(reaches("camera", "203.0.113.9:8883"));
    service.done(&["contract", "undo"]);
    assert!(!reaches("camera", "203.0.113.9:8883"), "undone: it is cut off again");
    service.done(&["contract", "undo"]);
    service.done(&["contract", "undo"]);
    assert!(reaches("camera", "203.0.113.9:23"), "enforcing was taken back");
    service.until("the broken promise is found", |service| {
        let told = service.done(&["device", camera]);
        told.contains("found: it was promised that it cannot reach") && told.contains("it can now")
    });
    service.done(&["contract", "enforce", "all"]);
    service.done(&["contract", "confirm"]);
    service.until("it holds again", |service| {
        let told = service.done(&["device", camera]);
        told.contains("any more, as promised")
    });

    // A device gets another address in the middle of its work: its contract goes with it.
    let moved = "ip -n tv addr flush dev eth0; ip -n tv addr add 10.0.5.80/24 dev eth0; \
        ip -n tv route add default via 10.0.5.1";
    assert!(Command::new("sh").args(["-ec", moved]).status().unwrap().success());
    service.until("it works at its new address", |_| reaches("tv", "10.0.6.5:104"));
    assert!(!reaches("tv", "10.0.5.7:554"), "and may do no more than before");
    let shown = service.done(&["device", "10.0.5.80"]);
    assert!(shown.contains("10.0.5.8 "), "one device with two addresses: {shown}");
}
