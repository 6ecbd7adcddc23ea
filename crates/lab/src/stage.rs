//! The stage on which conversations are played: who has which address now, what time it is, and
//! the frames so far.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use cordon_model::Mac;

use crate::capture::Frame;
use crate::error::SiteError;
use crate::net::{End, Ip, Stack, ethernet, ip_packet, udp};
use crate::proto;
use crate::rng::Rng;
use crate::site::{Device, Network, Site};

const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
/// Routers between the captured segment and a host of the Internet.
const HOPS_OUTSIDE: u8 = 11;
/// First port of the ephemeral range (RFC 6335).
const FIRST_PORT: u16 = 49_152;
/// How long a host knows a neighbour's link-layer address.
const NEIGHBOUR_AGE: Duration = Duration::from_secs(30 * 60);
/// How long a host knows the addresses of a name.
const NAME_AGE: Duration = Duration::from_secs(60 * 60);

/// Index of a device in the site.
pub(crate) type HostId = usize;

/// One end of a path, as the captured segment shows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    pub(crate) host: HostId,
    /// Its own, or its router's where it is elsewhere.
    pub(crate) mac: Mac,
    pub(crate) ip: IpAddr,
    /// Time to live as it arrives here.
    pub(crate) ttl: u8,
}

/// Between two devices, seen on the segment of the server, or of the client where the server is
/// a host of the Internet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Path {
    pub(crate) vlan: Option<u16>,
    pub(crate) client: Link,
    pub(crate) server: Link,
    /// Time until the other end answers.
    pub(crate) delay: Duration,
}

impl Path {
    pub(crate) const fn end(&self, end: End) -> Link {
        match end {
            End::Client => self.client,
            End::Server => self.server,
        }
    }
}

/// A UDP conversation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Udp {
    pub(crate) path: Path,
    pub(crate) client_port: u16,
    pub(crate) server_port: u16,
}

impl Udp {
    pub(crate) fn ask(&self, stage: &mut Stage<'_>, payload: impl AsRef<[u8]>) {
        stage.datagram(
            &self.path,
            End::Client,
            self.client_port,
            self.server_port,
            payload.as_ref(),
        );
    }

    pub(crate) fn answer(&self, stage: &mut Stage<'_>, payload: impl AsRef<[u8]>) {
        stage.wait(self.path.delay);
        stage.datagram(
            &self.path,
            End::Server,
            self.server_port,
            self.client_port,
            payload.as_ref(),
        );
    }
}

/// What changes about a device while the scenario runs.
#[derive(Debug)]
struct Host<'s> {
    stack: &'s Stack,
    ip: Ipv4Addr,
    port: u16,
    id: u16,
}

/// See the module.
pub(crate) struct Stage<'s> {
    pub(crate) site: &'s Site,
    pub(crate) rng: Rng,
    hosts: Vec<Host<'s>>,
    names: BTreeMap<&'s str, HostId>,
    now: Duration,
    frames: Vec<Frame>,
    /// Who has asked for whose link-layer address, and when.
    neighbours: BTreeMap<(Mac, IpAddr), Duration>,
    /// Who has looked up which name, and when.
    looked_up: BTreeMap<(HostId, String), Duration>,
}

impl<'s> Stage<'s> {
    pub(crate) fn new(site: &'s Site) -> Result<Self, SiteError> {
        let mut hosts = Vec::new();
        for (device, number) in site.devices.iter().zip(0u16..) {
            let stack = site
                .stacks
                .get(&device.stack)
                .ok_or_else(|| SiteError::new(format!("there is no stack {:?}", device.stack)))?;
            let port = FIRST_PORT + number.wrapping_mul(397) % 12_000;
            hosts.push(Host { stack, ip: device.ip, port, id: number.wrapping_mul(7919) });
        }
        let names = site.devices.iter().map(|d| d.name.as_str()).zip(0..).collect();
        Ok(Stage {
            site,
            rng: Rng::new(0, 0),
            hosts,
            names,
            now: Duration::ZERO,
            frames: Vec::new(),
            neighbours: BTreeMap::new(),
            looked_up: BTreeMap::new(),
        })
    }

    /// Begins a row at its time, with randomness of its own.
    pub(crate) fn begin(&mut self, at: Duration, rng: Rng) {
        self.rng = rng;
        self.now = at + Duration::from_micros(self.rng.below(4_000));
    }

    /// The frames since it was last asked.
    pub(crate) fn take_frames(&mut self) -> Vec<Frame> {
        std::mem::take(&mut self.frames)
    }

    /// Time since the capture began.
    pub(crate) const fn elapsed(&self) -> Duration {
        self.now
    }

    pub(crate) fn wait(&mut self, time: Duration) {
        self.now += time;
    }

    pub(crate) fn wait_millis(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
    }

    pub(crate) fn host(&self, name: &str) -> Result<HostId, SiteError> {
        let wrong = || SiteError::new(format!("there is no device {name:?}"));
        self.names.get(name).copied().ok_or_else(wrong)
    }

    pub(crate) fn device(&self, name: &str) -> Result<&'s Device, SiteError> {
        self.site.device(name).ok_or_else(|| SiteError::new(format!("there is no device {name:?}")))
    }

    /// A device inside, with its address and network.
    pub(crate) fn inside(&self, name: &str) -> Result<(&'s Device, Mac, &'s Network), SiteError> {
        let device = self.device(name)?;
        match (device.mac, &device.network) {
            (Some(mac), Some(network)) => Ok((device, mac, self.site.network(network)?)),
            _ => Err(SiteError::new(format!("{name:?} is outside; name a device inside"))),
        }
    }

    pub(crate) fn ip_of(&self, host: HostId) -> Ipv4Addr {
        self.hosts.get(host).map_or(Ipv4Addr::UNSPECIFIED, |host| host.ip)
    }

    pub(crate) fn set_ip(&mut self, host: HostId, ip: Ipv4Addr) {
        if let Some(host) = self.hosts.get_mut(host) {
            host.ip = ip;
        }
    }

    pub(crate) fn stack(&self, host: HostId) -> Result<&'s Stack, SiteError> {
        let none = || SiteError::new("there is no such host");
        self.hosts.get(host).map(|host| host.stack).ok_or_else(none)
    }

    pub(crate) fn window(&self, host: HostId) -> u16 {
        self.hosts.get(host).map_or(0, |host| host.stack.window)
    }

    pub(crate) fn next_id(&mut self, host: HostId) -> u16 {
        self.hosts.get_mut(host).map_or(0, |host| {
            host.id = host.id.wrapping_add(1);
            host.id
        })
    }

    pub(crate) fn next_port(&mut self, host: HostId) -> u16 {
        self.hosts.get_mut(host).map_or(FIRST_PORT, |host| {
            host.port = host.port.checked_add(1).unwrap_or(FIRST_PORT);
            host.port
        })
    }

    /// The name by which `name` is asked for in URLs: its DNS name, or its address.
    pub(crate) fn url_host(&self, name: &str) -> Result<String, SiteError> {
        let device = self.device(name)?;
        let ip = self.ip_of(self.host(name)?);
        Ok(device.names.first().cloned().unwrap_or_else(|| ip.to_string()))
    }

    /// The path between two devices over IPv4, after the ARP and DNS that they need.
    pub(crate) fn path(&mut self, from: &str, to: &str) -> Result<Path, SiteError> {
        self.look_up(from, to)?;
        let path = self.bare_path(from, to, false)?;
        self.meet(&path, from, to)?;
        Ok(path)
    }

    /// As [`Stage::path`], over IPv6: both need a global address.
    pub(crate) fn path6(&mut self, from: &str, to: &str) -> Result<Path, SiteError> {
        self.look_up(from, to)?;
        let path = self.bare_path(from, to, true)?;
        self.meet(&path, from, to)?;
        Ok(path)
    }

    fn look_up(&mut self, from: &str, to: &str) -> Result<(), SiteError> {
        let (client, server) = (self.device(from)?, self.device(to)?);
        let (Some(name), Some(network)) = (server.names.first(), &client.network) else {
            return Ok(());
        };
        let resolver = self.site.network(network)?.dns.clone();
        let key = (self.host(from)?, name.clone());
        let fresh = |at: &Duration| self.now.saturating_sub(*at) < NAME_AGE;
        if resolver == from || resolver == to || self.looked_up.get(&key).is_some_and(fresh) {
            return Ok(());
        }
        self.looked_up.insert(key, self.now);
        let mut addresses = vec![IpAddr::V4(server.ip)];
        addresses.extend(server.ip6.map(IpAddr::V6));
        proto::dns::resolve(self, from, name, &addresses)
    }

    fn bare_path(&self, from: &str, to: &str, v6: bool) -> Result<Path, SiteError> {
        let (client, server) = (self.device(from)?, self.device(to)?);
        let seen_at = if server.network.is_some() { server } else { client };
        let Some(network) = &seen_at.network else {
            let says = format!("{from:?} and {to:?} are both outside; one must be inside");
            return Err(SiteError::new(says));
        };
        let network = self.site.network(network)?;
        let link = |device: &Device| self.link(device, network, v6);
        let outside = client.network.is_none() || server.network.is_none();
        let delay = Duration::from_micros(if outside { 14_300 } else { 240 });
        Ok(Path { vlan: network.vlan, client: link(client)?, server: link(server)?, delay })
    }

    fn link(&self, device: &Device, network: &Network, v6: bool) -> Result<Link, SiteError> {
        let host = self.host(&device.name)?;
        let ip = if v6 {
            let none = || SiteError::new(format!("{:?} needs an `ip6`", device.name));
            IpAddr::V6(device.ip6.ok_or_else(none)?)
        } else {
            IpAddr::V4(self.ip_of(host))
        };
        let ttl = self.stack(host)?.ttl;
        match &device.network {
            Some(own) if *own == network.name => {
                Ok(Link { host, mac: device.mac.unwrap_or_default(), ip, ttl })
            }
            other => {
                let (_, mac, _) = self.inside(&network.router)?;
                let hops = if other.is_none() { HOPS_OUTSIDE } else { 1 };
                Ok(Link { host, mac, ip, ttl: ttl.saturating_sub(hops) })
            }
        }
    }

    /// Address resolution on the segment, the first time that two ends meet.
    fn meet(&mut self, path: &Path, from: &str, to: &str) -> Result<(), SiteError> {
        let (client, server) = (self.device(from)?, self.device(to)?);
        let seen_at = if server.network.is_some() { server } else { client };
        let network = self.site.network(seen_at.network.as_deref().unwrap_or_default())?;
        let here = |device: &Device| device.network.as_deref() == Some(network.name.as_str());
        let (router, router_mac, _) = self.inside(&network.router)?;
        let v6 = path.client.ip.is_ipv6();
        let own = |link: &Link, local: bool| match (local, v6) {
            (true, _) => link.ip,
            (false, false) => IpAddr::V4(router.ip),
            (false, true) => IpAddr::V6(link_local(router_mac)),
        };
        let (asker, target) = (path.client, path.server);
        let (asker_ip, target_ip) = (own(&asker, here(client)), own(&target, here(server)));
        let fresh = |at: &Duration| self.now.saturating_sub(*at) < NEIGHBOUR_AGE;
        let known = self.neighbours.get(&(asker.mac, target_ip)).is_some_and(fresh);
        if asker.mac == target.mac || known {
            return Ok(());
        }
        self.neighbours.insert((asker.mac, target_ip), self.now);
        self.neighbours.insert((target.mac, asker_ip), self.now);
        match (asker_ip, target_ip) {
            (IpAddr::V4(asks), IpAddr::V4(wants)) => {
                proto::arp::resolve(self, path.vlan, (asker.mac, asks), (target.mac, wants));
            }
            (IpAddr::V6(asks), IpAddr::V6(wants)) => {
                let is_router = target.mac == router_mac;
                proto::ndp::resolve(
                    self,
                    path.vlan,
                    (asker.mac, asks),
                    (target.mac, wants),
                    is_router,
                );
            }
            _ => {}
        }
        Ok(())
    }

    /// A UDP conversation with an ephemeral port, after the ARP and DNS that it needs.
    pub(crate) fn udp(&mut self, from: &str, to: &str, port: u16) -> Result<Udp, SiteError> {
        let path = self.path(from, to)?;
        Ok(self.udp_over(path, port))
    }

    pub(crate) fn udp_over(&mut self, path: Path, port: u16) -> Udp {
        Udp { path, client_port: self.next_port(path.client.host), server_port: port }
    }

    fn datagram(&mut self, path: &Path, end: End, from_port: u16, to_port: u16, payload: &[u8]) {
        let (from, to) = match end {
            End::Client => (path.client, path.server),
            End::Server => (path.server, path.client),
        };
        let id = self.next_id(from.host);
        let ip = Ip { from: from.ip, to: to.ip, ttl: from.ttl, protocol: 17, id, alert: false };
        self.ip(path, end, &ip, &udp(&ip, from_port, to_port, payload));
    }

    /// Puts an IP packet on the segment, from one end of a path to the other.
    pub(crate) fn ip(&mut self, path: &Path, end: End, ip: &Ip, payload: &[u8]) {
        let (from, to) = match end {
            End::Client => (path.client, path.server),
            End::Server => (path.server, path.client),
        };
        self.packet(path.vlan, from.mac, to.mac, ip, payload);
    }

    /// Puts an IP packet on a segment, in fragments where it is long.
    pub(crate) fn packet(
        &mut self,
        vlan: Option<u16>,
        from: Mac,
        to: Mac,
        ip: &Ip,
        payload: &[u8],
    ) {
        let kind = if ip.from.is_ipv6() { IPV6 } else { IPV4 };
        for packet in ip_packet(ip, payload) {
            self.frame(ethernet(to, from, vlan, kind, &packet));
        }
    }

    /// A UDP datagram from a device to a group or to everybody on its segment.
    pub(crate) fn spread(
        &mut self,
        from: &str,
        source: IpAddr,
        group: (IpAddr, u8),
        ports: (u16, u16),
        payload: &[u8],
    ) -> Result<(), SiteError> {
        let (_, mac, network) = self.inside(from)?;
        let (to, ttl) = group;
        let id = self.next_id(self.host(from)?);
        let ip = Ip { from: source, to, ttl, protocol: 17, id, alert: false };
        self.packet(network.vlan, mac, group_mac(to), &ip, &udp(&ip, ports.0, ports.1, payload));
        Ok(())
    }

    pub(crate) fn frame(&mut self, bytes: Vec<u8>) {
        let at = self.site.start.plus(self.now);
        self.frames.push(Frame { at, bytes });
        self.now += Duration::from_nanos(18_000 + self.rng.below(45_000));
    }
}

/// The link-layer address of a group: broadcast for anything that is not multicast.
pub(crate) fn group_mac(ip: IpAddr) -> Mac {
    match ip {
        IpAddr::V4(ip) if ip.is_multicast() => {
            let [_, b, c, d] = ip.octets();
            Mac([1, 0, 0x5e, b & 0x7f, c, d])
        }
        IpAddr::V6(ip) if ip.is_multicast() => {
            let [.., a, b, c, d] = ip.octets();
            Mac([0x33, 0x33, a, b, c, d])
        }
        _ => Mac::BROADCAST,
    }
}

/// The link-local address made from a MAC (RFC 4291, appendix A).
pub(crate) fn link_local(mac: Mac) -> Ipv6Addr {
    let [a, b, c, d, e, f] = mac.0;
    Ipv6Addr::from([0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 2, b, c, 0xff, 0xfe, d, e, f])
}
