//! One packet's way: link, network, transport, flow, payload, facts.

mod link;
mod portless;
mod transport;

use std::net::IpAddr;
use std::time::Duration;

use cordon_model::flow::{Ends, TcpFlags};
use cordon_model::{
    Fact, Flow, FlowId, Mac, PacketId, Party, RawPacket, Said, SecretKey, Timestamp, Transport,
};
use cordon_wire::ip::{self, Ip, protocol};
use cordon_wire::link::{Link, Payload};
use cordon_wire::transport as headers;

use crate::coverage::Coverage;
use crate::flow::{Content, Entry, Step};
use crate::fragments::Fragments;
use crate::key::{Direction, Key};
use crate::roles;
use crate::table::{Due, Table};

/// Tunnels looked into, one inside another.
const MAX_TUNNELS: u8 = 1;

/// The longest frame without jumbo frames or a card that joins segments: 1500 bytes behind an
/// Ethernet header and two tags.
const LONGEST_FRAME: u32 = 1_522;

/// Takes what the sensor learns.
pub trait Sink {
    /// A packet said something.
    fn fact(&mut self, fact: &Fact);

    /// A conversation ended, or the input did, or a part of a long one is due
    /// ([`Options::active_timeout`]).
    fn flow(&mut self, flow: &Flow);
}

/// Takes nothing.
impl Sink for () {
    fn fact(&mut self, _: &Fact) {}

    fn flow(&mut self, _: &Flow) {}
}

/// How a sensor works.
#[derive(Clone, Debug)]
pub struct Options {
    /// Under which secrets are hashed.
    pub key: SecretKey,
    /// Seeds the flow table's hash.
    pub seed: u64,
    /// Flows held at a time.
    pub max_flows: usize,
    /// Whether flows carry their Community ID.
    pub community_id: bool,
    /// After how long a flow that is still open is reported as far as it went, and again each
    /// time that much later; none to report every flow once.
    pub active_timeout: Option<Duration>,
}

impl Options {
    /// The usual bounds, with the run's random key and seed.
    #[must_use]
    pub fn new(key: SecretKey, seed: u64) -> Self {
        Options { key, seed, max_flows: 200_000, community_id: false, active_timeout: None }
    }
}

/// Turns packets into flows and facts.
pub struct Sensor {
    key: SecretKey,
    community_id: bool,
    table: Table,
    fragments: Fragments,
    coverage: Coverage,
    said: Vec<Said>,
    next_flow: u64,
}

/// The packet at hand, as far as it is decoded.
#[derive(Clone, Copy)]
struct Here {
    at: Timestamp,
    packet: PacketId,
    wire_len: u32,
    link: Link,
    tunnelled: u8,
    whole: bool,
}

impl Sensor {
    /// A sensor that has seen nothing.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Sensor {
            key: options.key,
            community_id: options.community_id,
            table: Table::new(options.max_flows, options.seed, options.active_timeout),
            fragments: Fragments::default(),
            coverage: Coverage::default(),
            said: Vec::new(),
            next_flow: 0,
        }
    }

    /// Takes in one packet.
    #[inline]
    pub fn packet(&mut self, packet: &RawPacket<'_>, sink: &mut impl Sink) {
        self.coverage.packets += 1;
        self.coverage.bytes += u64::from(packet.wire_len);
        let whole = packet.data.len() >= packet.wire_len as usize;
        self.coverage.truncated += u64::from(!whole);
        self.coverage.merged += u64::from(packet.wire_len > LONGEST_FRAME);
        if let Some(due) = self.table.sweep(packet.at) {
            self.due(due, sink);
        }
        let (link, payload) = cordon_wire::link::decode(packet.link, packet.data);
        let here = Here {
            at: packet.at,
            packet: packet.id,
            wire_len: packet.wire_len,
            link,
            tunnelled: 0,
            whole,
        };
        if let Some(to) = link.to {
            if to.is_group() { self.coverage.group += 1 } else { self.coverage.unicast += 1 }
        }
        match payload {
            Payload::Ip(data) => self.network(&here, data, sink),
            other => self.beside_ip(&here, packet.link, other, sink),
        }
    }

    /// Looks at every flow, for when no packet does: ends what has been silent too long at `now`
    /// and reports the parts that are due. `now` is on the clock of the packets.
    pub fn tick(&mut self, now: Timestamp, sink: &mut impl Sink) {
        for slot in 0..self.table.slots() {
            if let Some(due) = self.table.due(slot, now) {
                self.due(due, sink);
            }
        }
    }

    /// Ends every flow that is still open.
    pub fn finish(&mut self, sink: &mut impl Sink) {
        while let Some(entry) = self.table.pop() {
            self.end(&entry, sink);
        }
        self.fragments.finish();
        self.coverage.incomplete_fragments = self.fragments.incomplete;
    }

    /// What was seen so far, and what not.
    #[must_use]
    pub fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    /// Flows open at the moment.
    #[must_use]
    pub fn open_flows(&self) -> usize {
        self.table.len()
    }

    fn network(&mut self, here: &Here, data: &[u8], sink: &mut impl Sink) {
        let Some(ip) = ip::decode(data) else {
            self.coverage.malformed += 1;
            return;
        };
        let Some(piece) = ip.fragment else { return self.transport(here, &ip, sink) };
        if let Some((protocol, whole)) = self.fragments.add(&ip, piece) {
            let ip = Ip { protocol, payload: &whole, fragment: None, ..ip };
            self.transport(here, &ip, sink);
        }
    }

    fn transport(&mut self, here: &Here, ip: &Ip<'_>, sink: &mut impl Sink) {
        match ip.protocol {
            protocol::TCP => match headers::tcp(ip.payload) {
                Some(tcp) => self.tcp(here, ip, &tcp, sink),
                None => self.coverage.malformed += 1,
            },
            protocol::UDP => match headers::udp(ip.payload) {
                Some(udp) => self.udp(here, ip, &udp, sink),
                None => self.coverage.malformed += 1,
            },
            protocol::ICMP | protocol::ICMPV6 => self.icmp(here, ip, sink),
            other => self.other_ip(here, ip, other, sink),
        }
    }

    fn open(&mut self, here: &Here, key: Key, transport: Transport, sink: &mut impl Sink) -> u32 {
        let id = FlowId(self.next_flow);
        self.next_flow += 1;
        let mut entry = Entry::new(key, id, transport, here.packet, here.at);
        entry.vlan = here.link.vlan;
        entry.tunnelled = here.tunnelled > 0;
        let (slot, pushed_out) = self.table.insert(entry);
        if let Some(old) = pushed_out {
            self.coverage.pushed_out += 1;
            self.end(&old, sink);
        }
        slot
    }

    fn due(&mut self, due: Due, sink: &mut impl Sink) {
        match due {
            Due::Ended(slot) => {
                if let Some(entry) = self.table.remove(slot) {
                    self.end(&entry, sink);
                }
            }
            Due::Part(slot) => {
                let Some(entry) = self.table.get(slot) else { return };
                let flow = entry.record(self.community_id, true);
                entry.next_part();
                self.report(&flow, sink);
            }
        }
    }

    fn end(&mut self, entry: &Entry, sink: &mut impl Sink) {
        if entry.has_news() {
            self.report(&entry.record(self.community_id, false), sink);
        }
    }

    fn report(&mut self, flow: &Flow, sink: &mut impl Sink) {
        let group = flow.server.ip.is_some_and(roles::is_group);
        self.coverage.reported(flow, group);
        sink.flow(flow);
    }

    /// Passes on what was said within a flow, and learns from it which end is which.
    fn tell_flow(
        &mut self,
        here: &Here,
        slot: u32,
        direction: Direction,
        (from, to): ((IpAddr, u16), (IpAddr, u16)),
        sink: &mut impl Sink,
    ) {
        let mut flow = None;
        if let Some(entry) = self.table.get(slot) {
            flow = Some(entry.id);
            if entry.ends == Ends::Ports
                && let Some(side) = self.said.iter().find_map(roles::of_speaker)
            {
                if entry.side(direction) != side {
                    entry.flip();
                    if let Content::Streams(streams) = &mut entry.content {
                        streams.flip();
                    }
                }
                entry.ends = Ends::Roles;
            }
        }
        let from = here.party(here.link.from, Some(from));
        let to = here.party(here.link.to, Some(to));
        self.tell(here, flow, from, to, sink);
    }

    fn tell(
        &mut self,
        here: &Here,
        flow: Option<FlowId>,
        from: Party,
        to: Party,
        sink: &mut impl Sink,
    ) {
        for said in self.said.drain(..) {
            sink.fact(&Fact {
                at: here.at,
                packet: here.packet,
                flow,
                vlan: here.link.vlan,
                from,
                to,
                said,
            });
        }
    }
}

impl Here {
    fn step(&self, direction: Direction, payload_len: usize, flags: TcpFlags) -> Step {
        Step {
            at: self.at,
            packet: self.packet,
            direction,
            from_mac: self.link.from.filter(|mac| mac.is_device()),
            to_mac: self.link.to,
            wire_len: self.wire_len,
            payload_len,
            flags,
        }
    }

    fn party(&self, mac: Option<Mac>, end: Option<(IpAddr, u16)>) -> Party {
        Party {
            mac,
            ip: end.map(|(ip, _)| ip),
            port: end.map(|(_, port)| port).filter(|port| *port != 0),
        }
    }
}

fn known(well_formed: bool, coverage: &mut Coverage) {
    coverage.odd_messages += u64::from(!well_formed);
}
