//! The scenarios of NIST's MUD implementation with real packets: its files become contracts, those
//! a policy, that a rule set in the kernel of a router, and every step of its tests is a connection
//! from one host to another through that router.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cordon_contract::resolve::{Bound, resolve};
use cordon_contract::{Bindings, Policy, Reach, Stage};
use cordon_enforce::{Compiler, Enforcer, Nft, Options, cut};
use cordon_model::Timestamp;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketType, ipproto};

use crate::lab::sh;
use crate::namespace;
use crate::nist_files::{
    NOBODY_ANSWERS, NOW, Scenario, Step, corpus, looked_up, scenario, steps_of_scale,
};

/// How long an answer may take before there is none. Nothing here is further than a cable.
const PATIENCE: Duration = Duration::from_millis(400);

/// Hosts of the site by their last number; 0 is everything beyond the router.
const HOSTS: std::ops::RangeInclusive<u8> = 0..=8;

const BEYOND: [&str; 2] = ["203.0.113.13", "203.0.113.14"];

const HELLO: &[u8] = b"hello";

/// The machines: each a namespace behind an interface of the router, which is where this runs.
struct Site(Vec<Child>);

impl Site {
    fn new() -> Self {
        sh("ip link set lo up; echo 1 > /proc/sys/net/ipv4/ip_forward");
        Site(HOSTS.map(host).collect())
    }

    /// Does something on the machine with an address. What it opens stays there.
    fn at<T: Send>(&self, ip: Ipv4Addr, act: impl FnOnce() -> T + Send) -> T {
        let [a, _, _, no] = ip.octets();
        let host = &self.0[if a == 10 { usize::from(no) } else { 0 }];
        let space = std::fs::File::open(format!("/proc/{}/ns/net", host.id())).unwrap();
        std::thread::scope(|scope| {
            let there = scope.spawn(|| {
                use std::os::fd::AsFd as _;
                rustix::thread::move_into_link_name_space(space.as_fd(), None).unwrap();
                act()
            });
            there.join().unwrap()
        })
    }

    /// Whether what a step does comes to an answer.
    fn connects(&self, step: &Step, to: Ipv4Addr, client: u16) -> bool {
        let from: Ipv4Addr = step.from.parse().unwrap();
        let service = SocketAddr::from((to, step.port));
        match step.proto.as_str() {
            "icmp" => self.at(from, || ping(to)),
            "udp" => {
                let server = self.at(to, || UdpSocket::bind(service)).unwrap();
                server.set_read_timeout(Some(PATIENCE)).unwrap();
                self.at(from, || {
                    let client = UdpSocket::bind((from, client)).unwrap();
                    client.set_read_timeout(Some(PATIENCE)).unwrap();
                    client.send_to(HELLO, service).unwrap();
                    let mut text = [0; 16];
                    let Ok((length, whence)) = server.recv_from(&mut text) else { return false };
                    assert_eq!(whence.ip(), IpAddr::V4(from));
                    server.send_to(&text[..length], whence).unwrap();
                    let (length, _) = client.recv_from(&mut text).unwrap();
                    text[..length] == *HELLO
                })
            }
            "tcp" => {
                let server = self.at(to, || TcpListener::bind(service)).unwrap();
                self.at(from, || {
                    let Ok(mut stream) = TcpStream::connect_timeout(&service, PATIENCE) else {
                        return false;
                    };
                    let (mut served, whence) = server.accept().unwrap();
                    assert_eq!(whence.ip(), IpAddr::V4(from));
                    served.write_all(HELLO).unwrap();
                    let mut text = [0; HELLO.len()];
                    stream.set_read_timeout(Some(PATIENCE)).unwrap();
                    stream.read_exact(&mut text).unwrap();
                    text == *HELLO
                })
            }
            other => panic!("{other}"),
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        for host in &mut self.0 {
            let _ = host.kill();
            let _ = host.wait();
        }
    }
}

fn host(no: u8) -> Child {
    let mut child = Command::new("unshare")
        .args(["-n", "sh", "-c", "echo here; exec cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut here = [0; 5];
    child.stdout.as_mut().unwrap().read_exact(&mut here).unwrap();
    let (pid, link) = (child.id(), link(no));
    let mac = if no == 0 { 0xee } else { no };
    let ips =
        if no == 0 { BEYOND.map(str::to_owned).to_vec() } else { vec![format!("10.0.0.{no}")] };
    let add: String = ips.iter().map(|ip| format!("ip addr add {ip}/32 dev eth0\n")).collect();
    let routes: String =
        ips.iter().map(|ip| format!("ip route add {ip}/32 dev {link}\n")).collect();
    // Everybody's router has the same address, at each interface; so all of it passes the router,
    // though the hosts are of one network.
    sh(&format!(
        "ip link add {link} type veth peer name eth0 netns {pid}
         echo 1 > /proc/sys/net/ipv6/conf/{link}/disable_ipv6
         ip addr add 10.0.0.254/32 dev {link}
         ip link set {link} up
         {routes}
         nsenter -t {pid} -n sh -ec 'echo 1 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6
            ip link set lo up
            ip link set eth0 address 00:00:00:00:00:{mac:02x}
            {add}
            ip link set eth0 up
            ip route add 10.0.0.254 dev eth0
            ip route add default via 10.0.0.254'"
    ));
    child
}

fn link(no: u8) -> String {
    if no == 0 { "wan0".into() } else { format!("lan{no}") }
}

/// Whether an echo comes back (RFC 792).
fn ping(to: Ipv4Addr) -> bool {
    let socket =
        rustix::net::socket(AddressFamily::INET, SocketType::RAW, Some(ipproto::ICMP)).unwrap();
    set_socket_timeout(&socket, Timeout::Recv, Some(PATIENCE)).unwrap();
    // Type 8, a checksum that makes all of it come to nothing, identifier and number 1.
    let request = [8, 0, 0xf7, 0xfd, 0, 1, 0, 1];
    let service = std::net::SocketAddrV4::new(to, 0);
    rustix::net::sendto(&socket, &request, SendFlags::empty(), &service).unwrap();
    let mut answer = [0_u8; 64];
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        let Ok((length, _)) = rustix::net::recv(&socket, &mut answer, RecvFlags::empty()) else {
            return false;
        };
        // Behind the header: an answer, from whom it was asked.
        if length >= 28 && answer[20] == 0 && answer[12..16] == to.octets() {
            return true;
        }
    }
    false
}

/// The policy of a scenario, each host behind its interface.
fn policy(scenario: &Scenario, quarantined: bool) -> Policy {
    let bound = scenario.contracts.iter().map(|contract| Bound {
        contract,
        stage: Stage::Enforce,
        reach: if quarantined { Reach::Off } else { Reach::Normal },
    });
    resolve(&scenario.world, &bound.collect::<Vec<_>>(), NOW).policy
}

#[test]
fn the_scenarios_of_nist_are_enforced_as_their_files_say() {
    let Some((root, mut steps)) = corpus() else {
        println!("skipped: no corpus");
        return;
    };
    if !namespace::entered("nist::the_scenarios_of_nist_are_enforced_as_their_files_say") {
        return;
    }
    steps.extend(steps_of_scale());
    let begun = Instant::now();
    let site = Site::new();
    let mut enforcer = Enforcer::new(Nft::default());
    let (mut right, mut denials, mut answerless, mut scenarios) = (0, 0, 0, Vec::new());
    let mut wrong = Vec::new();
    for step in &steps {
        if !scenarios.contains(&&step.scenario) {
            scenarios.push(&step.scenario);
        }
        let mut scenario = scenario(&root.join(&step.scenario));
        for (no, known) in (1..).zip(&mut scenario.world.devices) {
            known.link = Some(link(no).into());
        }
        let policy = policy(&scenario, step.note == "in quarantine");
        let (to, bindings) = looked_up(&policy, &step.from, &step.to);
        let IpAddr::V4(to) = to else { panic!("{to}") };
        // A client of the service's own port as well; see the test that decides these steps.
        let clients: &[u16] = if step.proto == "udp" { &[40_000, step.port] } else { &[40_000] };
        let passes = |site: &Site| {
            clients
                .iter()
                .filter(|client| {
                    // What was under way must not answer for what begins.
                    cut(|_| false).unwrap();
                    site.connects(step, to, **client)
                })
                .count()
        };
        let name = format!("{} {} {}", step.scenario, step.test, step.no);
        let at = Timestamp::from_secs(NOW.secs());
        enforcer.unload(at).unwrap();
        assert_eq!(passes(&site), clients.len(), "{name}: without rules it must pass");
        set(&mut enforcer, &policy, &bindings, at);
        let passed = passes(&site) > 0;
        if (step.scenario.as_str(), step.test.as_str()) == NOBODY_ANSWERS {
            assert!(passed, "the file allows it");
            answerless += 1;
        } else if passed == step.allowed {
            right += 1;
            denials += u32::from(!step.allowed);
        } else {
            wrong.push(format!("{name}: passed {passed}"));
        }
    }
    println!(
        "{} scenarios, {right} steps right with real packets, {denials} of them denials; {answerless} where nobody answers; {:.1} s",
        scenarios.len(),
        begun.elapsed().as_secs_f64()
    );
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!((scenarios.len(), steps.len(), right, denials, answerless), (13, 66, 65, 27, 1));
}

fn set(enforcer: &mut Enforcer<Nft>, policy: &Policy, bindings: &Bindings, at: Timestamp) {
    let compiler = Compiler::new(policy).unwrap();
    enforcer.set(compiler.ruleset(bindings, &Options::default(), at).unwrap(), at).unwrap();
}
