//! The world: a router, the devices of a small clinic behind it, and the Internet. The router is the
//! namespace that the story runs in; every other host has one of its own.

use std::fs::{self, File};
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::AsFd as _;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::programs::{must, run};

/// A network at the router.
pub struct Link {
    /// The router's interface.
    pub name: &'static str,
    /// Its network.
    pub network: &'static str,
    /// The router in it.
    router: &'static str,
    /// What is there, in words.
    pub what: &'static str,
}

impl Link {
    /// Whether it is one of the clinic's.
    pub fn is_inside(&self) -> bool {
        self.name != OUTSIDE
    }
}

/// The link that leads to the Internet.
const OUTSIDE: &str = "wan0";

/// All.
pub static LINKS: [Link; 4] = [
    Link { name: "building0", network: "10.40.60.0/24", router: "10.40.60.1", what: "building" },
    Link { name: "medical0", network: "10.40.30.0/24", router: "10.40.30.1", what: "medical" },
    Link { name: "office0", network: "10.40.40.0/24", router: "10.40.40.1", what: "office" },
    Link { name: OUTSIDE, network: "203.0.113.0/24", router: "203.0.113.1", what: "Internet" },
];

/// A host with a namespace.
pub struct Host {
    /// What it calls itself; its namespace too.
    pub name: &'static str,
    /// Where it sits.
    pub link: &'static str,
    /// Its link-layer address, of the maker's block where it is a device.
    pub mac: [u8; 6],
    /// Its addresses.
    pub ips: &'static [Ipv4Addr],
}

impl Host {
    /// Its first address.
    pub fn ip(&self) -> Ipv4Addr {
        self.ips.first().copied().unwrap_or(Ipv4Addr::UNSPECIFIED)
    }

    /// Whether it is one of the clinic's.
    pub fn is_device(&self) -> bool {
        self.link != OUTSIDE
    }
}

/// The maker of the thermostat, which is also who it reports to.
pub const MAKER: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 9);
/// Whose films the television shows.
pub const FILMS: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 10);
/// Who knows names.
pub const NAMES: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 53);
/// Names and what they mean.
pub const ZONE: [(&str, Ipv4Addr); 2] =
    [("telemetry.warmhouse.example", MAKER), ("cdn.films.example", FILMS)];

/// Reports to its maker.
pub static THERMOSTAT: Host = Host {
    name: "thermostat",
    link: "building0",
    mac: [0x00, 0x60, 0x34, 0x5d, 0x60, 0x20],
    ips: &[Ipv4Addr::new(10, 40, 60, 20)],
};
/// Films the entrance.
pub static CAMERA: Host = Host {
    name: "camera",
    link: "building0",
    mac: [0x44, 0x19, 0xb6, 0x2e, 0x60, 0x21],
    ips: &[Ipv4Addr::new(10, 40, 60, 21)],
};
/// In the waiting room.
pub static TV: Host = Host {
    name: "tv",
    link: "building0",
    mac: [0xac, 0x5f, 0x3e, 0x22, 0x60, 0x22],
    ips: &[Ipv4Addr::new(10, 40, 60, 22)],
};
/// Keeps the X-ray images.
pub static IMAGING: Host = Host {
    name: "imaging",
    link: "medical0",
    mac: [0x90, 0x4c, 0x81, 0x00, 0x30, 0x10],
    ips: &[Ipv4Addr::new(10, 40, 30, 10)],
};
/// Keeps the camera's film.
pub static RECORDER: Host = Host {
    name: "recorder",
    link: "office0",
    mac: [0x44, 0x19, 0xb6, 0x91, 0x40, 0x30],
    ips: &[Ipv4Addr::new(10, 40, 40, 30)],
};
/// The doctor's.
pub static DESK: Host = Host {
    name: "desk",
    link: "office0",
    mac: [0xa4, 0xbb, 0x6d, 0x3f, 0x40, 0x21],
    ips: &[Ipv4Addr::new(10, 40, 40, 21)],
};
/// Somebody's.
pub static PHONE: Host = Host {
    name: "phone",
    link: "office0",
    mac: [0x3c, 0x22, 0xfb, 0x90, 0x40, 0x24],
    ips: &[Ipv4Addr::new(10, 40, 40, 24)],
};
/// All that is beyond the router.
pub static INTERNET: Host = Host {
    name: "internet",
    link: OUTSIDE,
    mac: [0x02, 0x00, 0x00, 0x00, 0x00, 0x09],
    ips: &[MAKER, FILMS, NAMES],
};

/// Everybody.
pub static HOSTS: [&Host; 8] =
    [&THERMOSTAT, &CAMERA, &TV, &IMAGING, &RECORDER, &DESK, &PHONE, &INTERNET];

/// Makes it. Whoever calls is in namespaces of its own.
pub fn build() -> io::Result<()> {
    // The names of namespaces, and all data: in memory, seen by nobody else, gone at the end.
    must("mount", &["-t", "tmpfs", "-o", "mode=755,size=512m", "none", "/run"])?;
    if fs::canonicalize("/var/run").ok().as_deref() != Some(std::path::Path::new("/run")) {
        // Where it is a folder of its own, `ip` may keep names there.
        let _ = run("mount", &["--bind", "/run", "/var/run"]);
    }
    must("ip", &["link", "set", "lo", "up"])?;
    for link in &LINKS {
        let address = format!("{}/24", link.router);
        must("ip", &["link", "add", link.name, "type", "bridge"])?;
        must("ip", &["address", "add", &address, "dev", link.name])?;
        must("ip", &["link", "set", link.name, "up"])?;
    }
    for host in HOSTS {
        settle(host)?;
    }
    fs::write("/proc/sys/net/ipv4/ip_forward", "1")
}

/// Gives a host its namespace, its cable and its addresses.
fn settle(host: &Host) -> io::Result<()> {
    let (name, cable) = (host.name, format!("p-{}", host.name));
    let mac: Vec<String> = host.mac.iter().map(|byte| format!("{byte:02x}")).collect();
    must("ip", &["netns", "add", name])?;
    let ends = ["link", "add", &cable, "type", "veth", "peer", "name", "eth0", "address"];
    must("ip", &[&ends[..], &[&mac.join(":"), "netns", name]].concat())?;
    must("ip", &["link", "set", &cable, "master", host.link, "up"])?;
    must("ip", &["-n", name, "link", "set", "lo", "up"])?;
    for ip in host.ips {
        must("ip", &["-n", name, "address", "add", &format!("{ip}/24"), "dev", "eth0"])?;
    }
    must("ip", &["-n", name, "link", "set", "eth0", "up"])?;
    let router = LINKS.iter().find(|link| link.name == host.link).map_or("", |link| link.router);
    must("ip", &["-n", name, "route", "add", "default", "via", router])
}

/// Does something at a host: in a thread that has moved there. A socket stays where it was made.
pub fn at<T: Send>(
    host: &'static Host,
    work: impl FnOnce() -> io::Result<T> + Send,
) -> io::Result<T> {
    std::thread::scope(|scope| {
        let moved = || {
            let namespace = File::open(format!("/run/netns/{}", host.name))?;
            move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))?;
            work()
        };
        scope.spawn(moved).join().unwrap_or_else(|_| Err(io::Error::other("a thread broke down")))
    })
}
