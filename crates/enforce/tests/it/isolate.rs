//! Neighbours on one bridge: first they speak past us, then only as their contracts allow.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use cordon_contract::policy::Policy;
use cordon_contract::{
    Bindings, Carrier, Member, MemberNo, Opens, Ports, Reach, Rule, Stage, Where,
};
use cordon_enforce::keeper::Neighbours;
use cordon_enforce::{Compiler, Enforcer, Isolation, Nft, Options};
use cordon_model::{DeviceId, Mac, Timestamp};

use crate::lab::sh;
use crate::namespace;

const AT: Timestamp = Timestamp::from_secs(0);
const PATIENCE: Duration = Duration::from_millis(500);
const CAMERA: u8 = 1;
const RECORDER: u8 = 2;
const PRINTER: u8 = 3;

struct Host(Child);

impl Host {
    fn new(no: u8) -> Self {
        let mut child = Command::new("unshare")
            .args(["-n", "sh", "-c", "echo here; exec cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut [0; 5]).unwrap();
        let pid = child.id();
        sh(&format!(
            "ip link add port{no} type veth peer name eth0 netns {pid}
             ip link set port{no} master br0; ip link set port{no} up
             nsenter -t {pid} -n sh -ec 'echo 1 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6
                ip link set lo up; ip link set eth0 address 02:00:00:00:00:0{no}
                ip addr add 10.9.0.{no}/24 dev eth0; ip link set eth0 up'"
        ));
        Host(child)
    }

    fn at<T: Send>(&self, act: impl FnOnce() -> T + Send) -> T {
        let space = std::fs::File::open(format!("/proc/{}/ns/net", self.0.id())).unwrap();
        std::thread::scope(|scope| {
            let there = scope.spawn(|| {
                use std::os::fd::AsFd as _;
                rustix::thread::move_into_link_name_space(space.as_fd(), None).unwrap();
                act()
            });
            there.join().unwrap()
        })
    }

    fn forgets_its_neighbours(&self) {
        sh(&format!("nsenter -t {} -n ip neigh flush all", self.0.id()));
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn ip(no: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 9, 0, no)
}

/// The camera may reach the recorder's port 554, and the recorder lets it in.
fn policy() -> Policy {
    let member = |no: u8| Member {
        device: DeviceId(format!("d{no}").into()),
        label: format!("device {no}").into(),
        macs: vec![Mac([2, 0, 0, 0, 0, no])],
        ips: vec![ip(no).into()],
        link: Some("br0".into()),
        stage: Stage::Enforce,
        reach: Reach::Normal,
    };
    let rule = |member: u32, opens, peer: u8| Rule {
        member: MemberNo(member),
        opens,
        at: Where::Net(std::net::IpAddr::V4(ip(peer)).into()),
        carrier: Carrier::Tcp,
        service: Ports::one(554),
        client: Ports::ALL,
        entry: 0,
    };
    Policy {
        members: vec![member(CAMERA), member(RECORDER), member(PRINTER)],
        rules: vec![rule(0, Opens::Device, RECORDER), rule(1, Opens::Peer, CAMERA)],
        ..Policy::default()
    }
}

#[test]
fn neighbours_speak_only_as_contracts_allow_once_their_ports_are_isolated() {
    let me = "isolate::neighbours_speak_only_as_contracts_allow_once_their_ports_are_isolated";
    if !namespace::entered(me) {
        return;
    }
    // What is under /sys is of the namespace in which it was mounted.
    sh("mount -t sysfs sysfs /sys
        ip link set lo up; echo 1 > /proc/sys/net/ipv4/ip_forward
        ip link add br0 type bridge; ip addr add 10.9.0.254/24 dev br0; ip link set br0 up");
    let calls = std::path::Path::new("/proc/sys/net/bridge/bridge-nf-call-iptables");
    if calls.exists() {
        // Bridged packets pass unseen here: isolation alone is what is tried.
        std::fs::write(calls, "0").unwrap();
    }
    let hosts = [Host::new(CAMERA), Host::new(RECORDER), Host::new(PRINTER)];
    let connects = |from: u8, to: u8, port: u16| {
        let service = SocketAddr::from((ip(to), port));
        let server = hosts[usize::from(to) - 1].at(|| TcpListener::bind(service)).unwrap();
        let client = &hosts[usize::from(from) - 1];
        hosts.iter().for_each(Host::forgets_its_neighbours);
        let good = client.at(|| TcpStream::connect_timeout(&service, PATIENCE).is_ok());
        drop(server);
        good
    };
    let mut enforcer = Enforcer::new(Nft::default());
    let rules = Compiler::new(&policy())
        .unwrap()
        .ruleset(&Bindings::default(), &Options::default(), AT)
        .unwrap();
    enforcer.set(rules, AT).unwrap();
    let pairs = [
        (CAMERA, RECORDER, 554),
        (CAMERA, RECORDER, 80),
        (CAMERA, PRINTER, 554),
        (PRINTER, RECORDER, 554),
    ];
    let all = || pairs.map(|(from, to, port)| connects(from, to, port));
    assert_eq!(all(), [true; 4], "rules alone do not see neighbours");

    let isolation = Isolation::new("br0".into(), BTreeSet::new()).unwrap();
    let untouched = isolation.state().unwrap();
    assert!(!untouched.is_whole() && !untouched.answers);
    let before = isolation.set().unwrap();
    let state = isolation.state().unwrap();
    assert!(state.is_whole() && state.answers && state.ports.len() == 3, "{state:?}");
    assert_eq!(all(), [true, false, false, false]);

    // A port that somebody opens shows, and is mended.
    sh("echo 0 > /sys/class/net/port3/brport/isolated");
    assert_eq!(isolation.state().unwrap().missing, ["port3".into()].into());
    isolation.set().unwrap();
    assert!(isolation.state().unwrap().is_whole());

    // An uplink stays open.
    let uplink = Isolation::new("br0".into(), ["port3".into()].into()).unwrap();
    let state = uplink.state().unwrap();
    assert_eq!(state.ports, ["port1".into(), "port2".into()].into());
    assert!(!state.is_whole(), "who is behind the uplink reaches them all");

    before.restore().unwrap();
    assert_eq!(isolation.state().unwrap(), untouched);
    assert_eq!(all(), [true; 4], "as it was before");

    // The keeper does the same, also at a bridge that it met earlier, and puts it back when asked.
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let keeper = Neighbours::start(folder.path(), vec![isolation.clone()]);
        assert_eq!(keeper.says(), ["Neighbours at 3 ports of br0 are kept apart."]);
        sh("echo 0 > /sys/class/net/port2/brport/isolated");
        assert_eq!(keeper.says(), ["Neighbours on br0 are not kept apart at port2."]);
        keeper.look();
        assert!(isolation.state().unwrap().is_whole());
    }
    let none = Isolation::new("br7".into(), BTreeSet::new()).unwrap();
    let keeper = Neighbours::start(folder.path(), vec![none]);
    assert_eq!(
        keeper.says(),
        ["Neighbours on br7 are not kept apart: br7 is no bridge of this machine"]
    );
    assert_eq!(isolation.state().unwrap(), untouched, "no longer asked for");
}
