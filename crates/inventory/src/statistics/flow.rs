//! TCP and UDP: which end serves, the first payloads of a flow, and the shape of its SYN.

use super::device::{Cast, Device, Way};
use super::frame::Packet;
use super::kind::{Kind, ServicePort};
use super::token::Part::{B, N, S};

/// Flows kept of one device; each packet of a further one counts as a flow of its own.
const MOST_FLOWS: usize = 512;
/// Data packets of a flow whose exact length is a token.
const FIRST_PAYLOADS: u8 = 6;
/// Ports from here on are chosen by chance unless a service is known there.
const CHOSEN_BY_CHANCE: u16 = 10_000;

/// What tells a device's flows apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct FlowKey {
    remote: u128,
    tcp: bool,
    v6: bool,
    local_port: u16,
    remote_port: u16,
}

/// A flow of a device.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flow {
    service: ServicePort,
    kind: Option<u16>,
    /// Data packets seen, up to [`FIRST_PAYLOADS`].
    payloads: u8,
    /// Directions and casts whose packet token is there already.
    told: u8,
}

impl Device {
    /// A TCP segment or UDP datagram; tells as which kind it counts.
    pub(super) fn segment(&mut self, packet: &Packet<'_>) -> Option<u16> {
        let (way, body, tcp) = (packet.way, packet.body, packet.protocol == 6);
        let Some([p0, p1, p2, p3, ..]) = body.first_chunk::<8>() else {
            return self.kind(if tcp { Kind::ShortTcp } else { Kind::ShortUdp });
        };
        let (from, to) = (u16::from_be_bytes([*p0, *p1]), u16::from_be_bytes([*p2, *p3]));
        let (local_port, remote_port) = if way.sent { (from, to) } else { (to, from) };
        let key = FlowKey { remote: packet.remote, tcp, v6: packet.v6, local_port, remote_port };
        let flags = if tcp { body.get(13).copied().unwrap_or(0) } else { 0 };
        let mut flow = match self.flows.get(&key) {
            Some(flow) => *flow,
            None => self.open(key, way, flags),
        };
        let before = (flow.payloads, flow.told);
        let service = flow.service;
        let bit = 1 << way.index();
        if flow.told & bit == 0 {
            flow.told |= bit;
            let port = port_text(service);
            let parts = [
                S(service.transport()),
                S(service.side()),
                B(&port),
                S(way.direction()),
                S(way.cast()),
            ];
            self.add(&[S("P"), parts[0], parts[1], parts[2], parts[3], parts[4]]);
        }
        if way.sent && way.cast == Cast::Unicast {
            self.peer(packet.remote);
        }
        let payload = if tcp {
            let offset = body.get(12).map_or(20, |byte| usize::from(byte >> 4) * 4);
            if flags & 7 != 0 {
                self.tcp_flags(way, service, remote_port, flags, body, offset);
            }
            body.get(offset..).unwrap_or_default()
        } else {
            body.get(8..).unwrap_or_default()
        };
        if !payload.is_empty() && flow.payloads < FIRST_PAYLOADS {
            flow.payloads += 1;
            let port = port_text(service);
            let (place, length) = (N(u64::from(flow.payloads)), N(payload.len() as u64));
            let (transport, side) = (S(service.transport()), S(service.side()));
            self.add(&[S("F"), transport, side, B(&port), place, S(way.direction()), length]);
        }
        if (flow.payloads, flow.told) != before
            && let Some(kept) = self.flows.get_mut(&key)
        {
            *kept = flow;
        }
        if way.sent {
            self.parameters(payload);
        }
        if !tcp {
            self.datagram(way, from, to, payload);
        } else if !payload.is_empty() {
            self.stream(way, payload);
        }
        flow.kind
    }

    /// Decides which end serves, from the first packet.
    fn open(&mut self, key: FlowKey, way: Way, flags: u8) -> Flow {
        let client = match (key.tcp, flags & 0x12) {
            (true, 0x02) => way.sent,
            (true, 0x12) => !way.sent,
            _ => match (is_service(key.local_port), is_service(key.remote_port)) {
                (false, true) => true,
                (true, false) => false,
                (true, true) => way.sent,
                (false, false) if !key.tcp && way.sent => true,
                (false, false) => key.remote_port < key.local_port,
            },
        };
        let port = if client { key.remote_port } else { key.local_port };
        let same = key.local_port == key.remote_port && port >= CHOSEN_BY_CHANCE;
        let service = ServicePort { tcp: key.tcp, client, port: (!same).then_some(port) };
        self.counters.flow(service);
        let kind = if key.v6 { Kind::ServiceV6(service) } else { Kind::Service(service) };
        let flow = Flow { service, kind: self.kind(kind), payloads: 0, told: 0 };
        if self.flows.len() < MOST_FLOWS {
            self.flows.insert(key, flow);
        }
        flow
    }

    fn tcp_flags(
        &mut self,
        way: Way,
        service: ServicePort,
        remote_port: u16,
        flags: u8,
        body: &[u8],
        offset: usize,
    ) {
        let d = S(way.direction());
        if let word @ (0x02 | 0x12) = flags & 0x12 {
            let name = if word == 0x02 { "syn" } else { "synack" };
            if way.sent {
                self.syn(name, body, offset);
                self.counters.syn += u32::from(word == 0x02);
            }
            let port = if service.client { port_of(remote_port) } else { port_text(service) };
            self.add(&[S("Y"), S("dir"), d, S(name), B(&port)]);
        }
        if flags & 4 != 0 {
            self.add(&[S("Y"), S("rst"), d, S(service.side())]);
            if way.sent { self.counters.reset_sent += 1 } else { self.counters.reset_received += 1 }
        }
        if flags & 1 != 0 {
            self.add(&[S("Y"), S("fin"), d, S(service.side())]);
        }
    }

    /// Window, segment size, scale and the order of options.
    fn syn(&mut self, name: &str, body: &[u8], offset: usize) {
        let at = |index: usize| body.get(index).copied();
        let word = |index: usize| Some(u64::from(u16::from_be_bytes([at(index)?, at(index + 1)?])));
        let window = N(word(14).unwrap_or(0));
        let (mut mss, mut scale) = (S("-"), S("-"));
        let mut options = Vec::new();
        let mut place = 20;
        while place < offset
            && let Some(kind) = at(place)
        {
            if !options.is_empty() {
                options.push(b'.');
            }
            match kind {
                0 => options.push(b'e'),
                1 => options.push(b'n'),
                _ => N(u64::from(kind)).write(&mut options),
            }
            match kind {
                0 => break,
                1 => {
                    place += 1;
                    continue;
                }
                2 => mss = word(place + 2).map_or(mss, N),
                3 => scale = at(place + 2).map_or(scale, |shift| N(u64::from(shift))),
                _ => {}
            }
            place += at(place + 1).map_or(2, |length| usize::from(length).max(2));
        }
        let with = |suffix: &str| [name, suffix].concat();
        self.add(&[S("Y"), S(name), window, mss, scale, B(&options)]);
        self.add(&[S("Y"), S(&with("w")), window]);
        self.add(&[S("Y"), S(&with("o")), scale, mss, B(&options)]);
    }
}

fn port_text(service: ServicePort) -> Vec<u8> {
    let mut port = Vec::with_capacity(5);
    service.write_port(&mut port);
    port
}

fn port_of(port: u16) -> Vec<u8> {
    let mut text = Vec::with_capacity(5);
    N(u64::from(port)).write(&mut text);
    text
}

/// Whether a port is one at which services wait.
const fn is_service(port: u16) -> bool {
    port < 1024
        || matches!(
            port,
            1900 | 5353 | 5355 | 3702 | 5351 | 3478 | 8080 | 8443 | 1883 | 8883 | 5683
        )
}
