//! One packet's way: link, network, transport, flow, payload, facts.

use std::net::IpAddr;

use cordon_model::flow::{Ends, TcpFlags};
use cordon_model::{
    App, Fact, Flow, FlowId, Mac, PacketId, Party, RawPacket, Said, SecretKey, Timestamp, Transport,
};
use cordon_wire::ip::{self, Ip, protocol};
use cordon_wire::link::{self, Link, Payload};
use cordon_wire::{Datagram, Out, Side, transport};

use crate::community::counterpart;
use crate::coverage::Coverage;
use crate::flow::{Content, Entry, Step};
use crate::fragments::Fragments;
use crate::key::{Direction, Key};
use crate::streams::{Interest, Streams};
use crate::table::Table;
use crate::{checksum, roles};

/// Tunnels looked into, one inside another.
const MAX_TUNNELS: u8 = 1;

/// The longest frame without jumbo frames or a card that joins segments: 1500 bytes behind an
/// Ethernet header and two tags.
const LONGEST_FRAME: u32 = 1_522;

/// Takes what the sensor learns.
pub trait Sink {
    /// A packet said something.
    fn fact(&mut self, fact: &Fact);

    /// A conversation ended, or the input did.
    fn flow(&mut self, flow: &Flow);
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
}

impl Options {
    /// The usual bounds, with the run's random key and seed.
    #[must_use]
    pub fn new(key: SecretKey, seed: u64) -> Self {
        Options { key, seed, max_flows: 200_000, community_id: false }
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
            table: Table::new(options.max_flows, options.seed),
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
        if let Some(ended) = self.table.sweep(packet.at) {
            self.end(&ended, sink);
        }
        let (link, payload) = link::decode(packet.link, packet.data);
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
            other => self.beside_ip(&here, packet, other, sink),
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
            protocol::TCP => match transport::tcp(ip.payload) {
                Some(tcp) => self.tcp(here, ip, &tcp, sink),
                None => self.coverage.malformed += 1,
            },
            protocol::UDP => match transport::udp(ip.payload) {
                Some(udp) => self.udp(here, ip, &udp, sink),
                None => self.coverage.malformed += 1,
            },
            protocol::ICMP | protocol::ICMPV6 => self.icmp(here, ip, sink),
            other => self.other_ip(here, ip, other, sink),
        }
    }

    fn tcp(&mut self, here: &Here, ip: &Ip<'_>, tcp: &transport::Tcp<'_>, sink: &mut impl Sink) {
        let (key, direction) = Key::of(
            (ip.from, tcp.from),
            (ip.to, tcp.to),
            Transport::Tcp,
            here.link.vlan,
            here.tunnelled > 0,
        );
        let (syn, ack) = (tcp.flags.has(TcpFlags::SYN), tcp.flags.has(TcpFlags::ACK));
        let found = self.table.find(&key);
        let slot = match found {
            Some(slot) if syn && !ack && self.is_reused(slot, tcp.seq) => {
                if let Some(old) = self.table.remove(slot) {
                    self.end(&old, sink);
                }
                self.open(here, key, Transport::Tcp, sink)
            }
            Some(slot) => slot,
            None => self.open(here, key, Transport::Tcp, sink),
        };
        let Some(entry) = self.table.get(slot) else { return };
        if found.is_none() || syn {
            settle_ends(entry, direction, syn, ack, (tcp.from, tcp.to));
            if syn && !ack {
                entry.syn = Some(tcp.seq);
            }
        }
        entry.count(&here.step(direction, tcp.payload.len(), tcp.flags));
        let side = entry.side(direction);
        if syn {
            if let Content::Fresh = entry.content {
                entry.content = Content::Streams(Box::default());
            }
            if let Content::Streams(streams) = &mut entry.content {
                streams.begin(side, tcp.seq.wrapping_add(1));
            }
            self.said.push(Said::Syn(tcp.fingerprint(ip.ttl)));
        }
        if !tcp.payload.is_empty() {
            if entry.data_packets() == 1 && here.whole && !ip.cut {
                let right = checksum::transport_is_right(ip.from, ip.to, ip.protocol, ip.payload);
                self.coverage.checksums += 1;
                self.coverage.wrong_checksums += u64::from(!right);
            }
            let seq = if syn { tcp.seq.wrapping_add(1) } else { tcp.seq };
            segment(
                entry,
                side,
                seq,
                tcp.payload,
                (tcp.from, tcp.to),
                Out::new(&self.key, &mut self.said),
            );
        }
        if !self.said.is_empty() {
            let ends = ((ip.from, tcp.from), (ip.to, tcp.to));
            self.tell_flow(here, slot, direction, ends, sink);
        }
    }

    fn udp(&mut self, here: &Here, ip: &Ip<'_>, udp: &transport::Udp<'_>, sink: &mut impl Sink) {
        let (key, direction) = Key::of(
            (ip.from, udp.from),
            (ip.to, udp.to),
            Transport::Udp,
            here.link.vlan,
            here.tunnelled > 0,
        );
        let found = self.table.find(&key);
        let slot = found.unwrap_or_else(|| self.open(here, key, Transport::Udp, sink));
        let multicast = roles::is_group(ip.to);
        let Some(entry) = self.table.get(slot) else { return };
        if found.is_none() {
            if multicast {
                (entry.client, entry.ends) = (direction, Ends::Roles);
            } else {
                settle_ends(entry, direction, false, false, (udp.from, udp.to));
            }
        }
        entry.count(&here.step(direction, udp.payload.len(), TcpFlags::default()));
        if udp.payload.is_empty() {
            return;
        }
        if entry.data_packets() == 1 && here.whole && !ip.cut && !udp.cut {
            let right = checksum::transport_is_right(ip.from, ip.to, ip.protocol, ip.payload);
            self.coverage.checksums += 1;
            self.coverage.wrong_checksums += u64::from(!right);
        }
        let side = entry.side(direction);
        if let Content::Datagrams(datagrams) = &mut entry.content {
            let datagram = Datagram {
                side,
                from_port: udp.from,
                to_port: udp.to,
                multicast,
                payload: udp.payload,
            };
            let fine =
                datagrams.take(&datagram, &mut entry.app, &mut Out::new(&self.key, &mut self.said));
            self.coverage.odd_messages += u64::from(!fine);
        }
        if !self.said.is_empty() {
            let ends = ((ip.from, udp.from), (ip.to, udp.to));
            self.tell_flow(here, slot, direction, ends, sink);
        }
        if udp.to == transport::VXLAN_PORT
            && here.tunnelled < MAX_TUNNELS
            && let Some(inner) = transport::vxlan(udp.payload)
        {
            self.tunnel(here, inner, sink);
        }
    }

    fn icmp(&mut self, here: &Here, ip: &Ip<'_>, sink: &mut impl Sink) {
        let v6 = ip.protocol == protocol::ICMPV6;
        let (transport, app) =
            if v6 { (Transport::Icmpv6, App::Icmpv6) } else { (Transport::Icmp, App::Icmp) };
        let Some(kind) = ip.payload.first().map(|kind| u16::from(*kind)) else {
            self.coverage.malformed += 1;
            return;
        };
        // A request and its answer are one conversation, named by the request.
        let answer = counterpart(transport, kind);
        let asked = answer.map_or(kind, |other| if v6 { kind.min(other) } else { kind.max(other) });
        let slot_direction = self.plain_flow(here, ip, transport, asked, kind == asked, sink);
        self.coverage.flowless(app);
        if v6 {
            let mut out = Out::new(&self.key, &mut self.said);
            match kind {
                130..=132 | 143 => {
                    known(cordon_wire::group::mld(ip.payload, &mut out), &mut self.coverage)
                }
                133..=137 => {
                    known(cordon_wire::ndp::dissect(ip.payload, &mut out), &mut self.coverage)
                }
                _ => {}
            }
        }
        if !self.said.is_empty()
            && let Some((slot, direction)) = slot_direction
        {
            self.tell_flow(here, slot, direction, ((ip.from, asked), (ip.to, asked)), sink);
        }
    }

    fn other_ip(&mut self, here: &Here, ip: &Ip<'_>, number: u8, sink: &mut impl Sink) {
        let slot_direction = self.plain_flow(here, ip, Transport::Ip(number), 0, true, sink);
        let inner = match number {
            protocol::GRE => transport::gre(ip.payload),
            protocol::IPV4 | protocol::IPV6 => Some((Link::default(), Payload::Ip(ip.payload))),
            _ => None,
        };
        if number == protocol::IGMP {
            self.coverage.flowless(App::Igmp);
            known(
                cordon_wire::group::igmp(ip.payload, &mut Out::new(&self.key, &mut self.said)),
                &mut self.coverage,
            );
            if let Some((slot, direction)) = slot_direction {
                self.tell_flow(here, slot, direction, ((ip.from, 0), (ip.to, 0)), sink);
            }
            return;
        }
        match inner {
            Some(inner) if here.tunnelled < MAX_TUNNELS => self.tunnel(here, inner, sink),
            _ => self.coverage.not_decoded(format_args!("IP protocol {number}")),
        }
    }

    fn tunnel(&mut self, here: &Here, (link, payload): (Link, Payload<'_>), sink: &mut impl Sink) {
        let here = Here { link, tunnelled: here.tunnelled + 1, ..*here };
        match payload {
            Payload::Ip(data) => self.network(&here, data, sink),
            Payload::Arp(data) => self.arp(&here, data, sink),
            _ => {}
        }
    }

    /// Counts a packet in a flow without ports; `asks` where it is the client's.
    fn plain_flow(
        &mut self,
        here: &Here,
        ip: &Ip<'_>,
        transport: Transport,
        port: u16,
        asks: bool,
        sink: &mut impl Sink,
    ) -> Option<(u32, Direction)> {
        let (key, direction) =
            Key::of((ip.from, port), (ip.to, port), transport, here.link.vlan, here.tunnelled > 0);
        let found = self.table.find(&key);
        let slot = found.unwrap_or_else(|| self.open(here, key, transport, sink));
        let entry = self.table.get(slot)?;
        if found.is_none() {
            entry.client = if asks { direction } else { direction.other() };
            entry.ends = Ends::Roles;
        }
        entry.count(&here.step(direction, ip.payload.len(), TcpFlags::default()));
        Some((slot, direction))
    }

    fn beside_ip(
        &mut self,
        here: &Here,
        packet: &RawPacket<'_>,
        payload: Payload<'_>,
        sink: &mut impl Sink,
    ) {
        match payload {
            Payload::Ip(_) => {}
            Payload::Arp(data) => self.arp(here, data, sink),
            Payload::Eapol(data) => {
                self.control(here, App::Eapol, cordon_wire::eapol::dissect, data, sink)
            }
            Payload::Lldp(data) => {
                self.control(here, App::Lldp, cordon_wire::lldp::dissect, data, sink)
            }
            Payload::Cdp(data) => {
                self.control(here, App::Cdp, cordon_wire::cdp::dissect, data, sink)
            }
            Payload::Wlan(data) => self.wlan(here, packet, data, sink),
            Payload::Llc(to, from) => {
                self.coverage.not_decoded(format_args!("LLC {to:#04x}/{from:#04x}"))
            }
            Payload::Other(kind) => {
                self.coverage.not_decoded(format_args!("EtherType {kind:#06x}"))
            }
            Payload::Malformed => self.coverage.malformed += 1,
            Payload::UnknownLink => {
                self.coverage.not_decoded(format_args!("link type {}", packet.link.0))
            }
        }
    }

    fn arp(&mut self, here: &Here, data: &[u8], sink: &mut impl Sink) {
        self.control(here, App::Arp, cordon_wire::arp::dissect, data, sink);
    }

    /// A protocol right behind the link header.
    fn control(
        &mut self,
        here: &Here,
        app: App,
        dissect: fn(&[u8], &mut Out<'_>) -> bool,
        data: &[u8],
        sink: &mut impl Sink,
    ) {
        self.coverage.flowless(app);
        known(dissect(data, &mut Out::new(&self.key, &mut self.said)), &mut self.coverage);
        self.tell(
            here,
            None,
            here.party(here.link.from, None),
            here.party(here.link.to, None),
            sink,
        );
    }

    fn wlan(&mut self, here: &Here, packet: &RawPacket<'_>, data: &[u8], sink: &mut impl Sink) {
        use cordon_wire::wlan::{self, WlanFrame};
        let Some(frame) = wlan::strip_header(packet.link, data) else {
            self.coverage.malformed += 1;
            return;
        };
        match wlan::frame(frame, &mut Out::new(&self.key, &mut self.said)) {
            WlanFrame::Management => {
                self.coverage.flowless(App::Wlan);
                let from = frame.get(10..16).and_then(|mac| mac.try_into().ok()).map(Mac);
                self.tell(here, None, here.party(from, None), Party::default(), sink);
            }
            WlanFrame::Data(inner) => {
                let mut link = Link { from: Some(inner.src), to: Some(inner.dst), vlan: None };
                let payload = link::network(inner.ethertype, inner.payload, &mut link);
                let here = Here { link, ..*here };
                match payload {
                    Payload::Ip(data) => self.network(&here, data, sink),
                    Payload::Wlan(_) => {}
                    other => self.beside_ip(&here, packet, other, sink),
                }
            }
            WlanFrame::Protected { .. } => self.coverage.wlan_protected += 1,
            WlanFrame::Control => {}
            WlanFrame::Malformed => self.coverage.malformed += 1,
        }
    }

    /// Whether a SYN on an existing flow begins another connection.
    fn is_reused(&mut self, slot: u32, seq: u32) -> bool {
        self.table.get(slot).is_some_and(|entry| {
            entry.syn != Some(seq)
                && (entry.closing() || entry.syn.is_some() || entry.data_packets() > 0)
        })
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

    fn end(&mut self, entry: &Entry, sink: &mut impl Sink) {
        let flow = entry.record(self.community_id);
        let group = flow.server.ip.is_some_and(roles::is_group);
        self.coverage.ended(&flow, group);
        sink.flow(&flow);
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

/// Decides which end is the client, from the handshake if there is one.
fn settle_ends(
    entry: &mut Entry,
    direction: Direction,
    syn: bool,
    ack: bool,
    (from, to): (u16, u16),
) {
    let (side, ends) = match (syn, ack) {
        (true, false) => (Side::Client, Ends::Syn),
        (true, true) => (Side::Server, Ends::Syn),
        _ => (roles::of_first_sender(entry.transport, from, to), Ends::Ports),
    };
    entry.ends = ends;
    let client = if side == Side::Client { direction } else { direction.other() };
    if client != entry.client {
        entry.flip();
        if let Content::Streams(streams) = &mut entry.content {
            streams.flip();
        }
    }
}

fn segment(
    entry: &mut Entry,
    side: Side,
    seq: u32,
    data: &[u8],
    ports: (u16, u16),
    mut out: Out<'_>,
) {
    if let Content::Fresh = entry.content {
        entry.content = Content::Streams(Box::<Streams>::default());
    }
    if let Content::Streams(streams) = &mut entry.content
        && streams.segment(side, seq, data, ports, &mut entry.app, &mut out) == Interest::Over
    {
        entry.content = Content::Closed;
    }
}

fn known(well_formed: bool, coverage: &mut Coverage) {
    coverage.odd_messages += u64::from(!well_formed);
}
