//! A router in a namespace with a cable at each interface, real frames put into one end of a
//! cable, and what comes out at others.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cordon_capture::{LiveOptions, LiveSource, Next};
use cordon_contract::{Carrier, Packet};
use cordon_model::{Mac, Timestamp};
use tempfile::TempDir;

pub const LINKS: [&str; 4] = ["lan0", "lan1", "wan0", "mgmt0"];

/// Marks our frames, before their number.
const MAGIC: &[u8] = b"cordon-test-frame";

/// How the link-layer addresses of neighbours begin, to whom the router forwards.
const NEIGHBOUR: [u8; 2] = [0x02, 0xee];

pub fn sh(line: &str) -> String {
    let output = Command::new("sh").args(["-ec", line]).output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The router's own link-layer address at a link.
fn router_mac(link: &str) -> Mac {
    let no = LINKS.iter().position(|one| *one == link).unwrap() as u8;
    Mac([2, 0xff, 0, 0, 0, no])
}

/// Interfaces, routes to neighbours that do not exist, forwarding; no rule yet. The other end of
/// each cable is called like the interface with a `p`.
pub fn router() {
    sh("ip link set lo up");
    for link in LINKS {
        let mac = router_mac(link);
        sh(&format!(
            "ip link add {link} type veth peer name {link}p
             ip link set {link} address {mac}
             for i in {link} {link}p; do echo 1 > /proc/sys/net/ipv6/conf/$i/disable_ipv6; done
             echo 0 > /proc/sys/net/ipv6/conf/{link}/disable_ipv6
             echo 0 > /proc/sys/net/ipv6/conf/{link}/accept_dad
             ip link set {link} up; ip link set {link}p up
             echo 0 > /proc/sys/net/ipv4/conf/{link}/rp_filter
             echo 0 > /proc/sys/net/ipv4/conf/{link}/send_redirects"
        ));
    }
    sh("echo 1 > /proc/sys/net/ipv4/ip_forward
        echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
        echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter
        echo 0 > /proc/sys/net/ipv4/conf/all/send_redirects
        ip addr add 198.18.0.1/24 dev wan0
        ip addr add 198.18.1.1/24 dev lan1
        ip neigh add 198.18.0.2 lladdr 02:ee:00:00:00:02 dev wan0 nud permanent
        ip neigh add 198.18.1.2 lladdr 02:ee:00:00:00:01 dev lan1 nud permanent
        ip neigh add fe80::2 lladdr 02:ee:00:00:00:02 dev wan0 nud permanent
        ip neigh add fe80::2 lladdr 02:ee:00:00:00:01 dev lan1 nud permanent
        ip route add default via 198.18.0.2
        ip route add 10.1.0.0/16 via 198.18.1.2
        ip -6 route add default via fe80::2 dev wan0
        ip -6 route add 2a00:1::/64 via fe80::2 dev lan1");
}

/// Puts numbered frames into the cable of a link. Slow enough for every queue on the way.
pub fn put(link: &str, frames: &[(usize, Packet)]) {
    put_to(router_mac(link), link, frames);
}

/// The same, to whom a bridge knows no port for.
pub fn put_beyond(link: &str, frames: &[(usize, Packet)]) {
    put_to(Mac([NEIGHBOUR[0], NEIGHBOUR[1], 0, 0, 0, 9]), link, frames);
}

/// The same, as fast as it goes.
pub fn flood(link: &str, frames: &[(usize, Packet)]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("frames.pcap");
    std::fs::write(&path, capture(router_mac(link), frames)).unwrap();
    sh(&format!("tcpreplay -q --topspeed -i {link}p {} >/dev/null 2>&1", path.display()));
}

fn put_to(to: Mac, link: &str, frames: &[(usize, Packet)]) {
    if frames.is_empty() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("frames.pcap");
    std::fs::write(&path, capture(to, frames)).unwrap();
    sh(&format!("tcpreplay -q --pps 8000 -i {link}p {} >/dev/null 2>&1", path.display()));
}

/// Puts one frame into the cable of a link a thousand times a second, until killed.
pub struct Stream(Child, TempDir);

impl Stream {
    pub fn start(link: &str, packet: &Packet) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("frame.pcap");
        std::fs::write(&path, capture(router_mac(link), &[(0, *packet)])).unwrap();
        let child = Command::new("tcpreplay")
            .args(["-q", "--pps", "1000", "--loop", "100000", "-i", &format!("{link}p")])
            .arg(&path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Stream(child, folder)
    }

    /// Stops it; it must still have been at it.
    pub fn stop(mut self) {
        assert_eq!(self.0.try_wait().unwrap(), None, "the stream ended by itself");
        self.0.kill().unwrap();
        self.0.wait().unwrap();
        assert!(self.1.path().exists());
    }
}

fn capture(to: Mac, frames: &[(usize, Packet)]) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 1] {
        file.extend(word.to_le_bytes());
    }
    for (no, packet) in frames {
        let frame = frame(to, *no, packet);
        for word in [0, 0, frame.len() as u32, frame.len() as u32] {
            file.extend(word.to_le_bytes());
        }
        file.extend(frame);
    }
    file
}

/// Listens at the far ends of some links.
pub struct Ears(Vec<LiveSource>);

impl Ears {
    pub fn at(links: &[&str]) -> Self {
        let open = |link: &&str| {
            LiveSource::open(&format!("{link}p"), &LiveOptions::default(), 0).unwrap()
        };
        Ears(links.iter().map(open).collect())
    }

    /// The numbers of our frames that came, once nothing more comes.
    pub fn heard(&mut self) -> BTreeSet<usize> {
        let mut numbers = BTreeSet::new();
        let mut last = Instant::now();
        while last.elapsed() < Duration::from_millis(300) {
            for (number, _) in self.batch() {
                if numbers.insert(number) {
                    last = Instant::now();
                }
            }
        }
        numbers
    }

    /// When our frames came, those that came until now.
    pub fn times(&mut self) -> Vec<Timestamp> {
        let mut times = Vec::new();
        for _ in 0..40 {
            times.extend(self.batch().into_iter().map(|(_, time)| time));
        }
        times
    }

    fn batch(&mut self) -> Vec<(usize, Timestamp)> {
        let mut heard = Vec::new();
        for source in &mut self.0 {
            let Next::Packets(mut batch) = source.next_batch(Duration::from_millis(20)).unwrap()
            else {
                continue;
            };
            while let Some(packet) = batch.next() {
                // The cable shows what we put in as well.
                if packet.data[..2] != NEIGHBOUR {
                    continue;
                }
                let found = packet.data.windows(MAGIC.len()).position(|part| part == MAGIC);
                let Some(place) = found else { continue };
                // An error of the router's quotes a frame, further behind.
                if place > if packet.data[12] == 0x08 { 54 } else { 74 } {
                    continue;
                }
                let digits = &packet.data[place + MAGIC.len()..][..8];
                let number = u64::from_be_bytes(digits.try_into().unwrap());
                heard.push((number as usize, packet.at));
            }
        }
        heard
    }
}

fn frame(to: Mac, no: usize, packet: &Packet) -> Vec<u8> {
    let mut inner = transport(packet);
    inner.extend(MAGIC);
    inner.extend((no as u64).to_be_bytes());
    let mut frame = Vec::new();
    frame.extend(to.0);
    frame.extend(packet.mac.unwrap().0);
    let protocol = packet.carrier.protocol().unwrap();
    match (packet.from, packet.to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            frame.extend([0x08, 0x00]);
            let mut header = vec![0x45, 0, 0, 0, 0, 1, 0, 0, 64, protocol, 0, 0];
            header[2..4].copy_from_slice(&(20 + inner.len() as u16).to_be_bytes());
            header.extend(from.octets());
            header.extend(to.octets());
            let sum = checksum(&header);
            header[10..12].copy_from_slice(&sum.to_be_bytes());
            frame.extend(header);
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            frame.extend([0x86, 0xdd, 0x60, 0, 0, 0]);
            frame.extend((inner.len() as u16).to_be_bytes());
            frame.extend([protocol, 64]);
            frame.extend(from.octets());
            frame.extend(to.octets());
        }
        _ => panic!("two families in one packet"),
    }
    frame.extend(inner);
    frame
}

fn transport(packet: &Packet) -> Vec<u8> {
    let ports = [packet.from_port.to_be_bytes(), packet.to_port.to_be_bytes()].concat();
    match packet.carrier {
        Carrier::Tcp => [&ports[..], &[0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 4, 0, 0, 0, 0, 0]].concat(),
        Carrier::Udp => [&ports[..], &[0, 33, 0, 0]].concat(),
        Carrier::Icmp | Carrier::Icmpv6 => vec![packet.to_port as u8, 0, 0, 0, 0, 1, 0, 1],
        _ => vec![0; 4],
    }
}

fn checksum(bytes: &[u8]) -> u16 {
    let mut sum: u32 =
        bytes.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    !(sum as u16)
}
