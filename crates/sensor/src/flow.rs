//! The state of one flow.

use cordon_model::flow::{Counters, Ends, FirstSizes, TcpFlags};
use cordon_model::{App, Basis, Flow, FlowId, Mac, PacketId, Party, Timestamp, Transport};
use cordon_wire::Side;

use crate::community;
use crate::datagrams::Datagrams;
use crate::key::{Direction, End, Key};
use crate::streams::Streams;

/// What the sensor remembers of a flow.
pub struct Entry {
    pub key: Key,
    pub id: FlowId,
    pub transport: Transport,
    pub first: Timestamp,
    pub last: Timestamp,
    pub packet: PacketId,
    /// The direction in which the client speaks.
    pub client: Direction,
    pub ends: Ends,
    pub vlan: Option<u16>,
    pub tunnelled: bool,
    /// Link addresses of the lower and the higher end.
    macs: [Option<Mac>; 2],
    counters: [Counters; 2],
    flags: [TcpFlags; 2],
    sizes: FirstSizes,
    sized: u8,
    /// Parts reported so far.
    pub part: u32,
    /// Sequence number of the client's SYN.
    pub syn: Option<u32>,
    pub app: Option<App>,
    pub content: Content,
}

/// How the payload of a flow is looked at.
pub enum Content {
    /// It is not, or not any more.
    Closed,
    /// TCP before the first payload.
    Fresh,
    /// TCP payload.
    Streams(Box<Streams>),
    /// UDP payload.
    Datagrams(Datagrams),
}

/// What one packet adds to its flow.
#[derive(Clone, Copy)]
pub struct Step {
    pub at: Timestamp,
    pub packet: PacketId,
    pub direction: Direction,
    pub from_mac: Option<Mac>,
    pub to_mac: Option<Mac>,
    pub wire_len: u32,
    pub payload_len: usize,
    pub flags: TcpFlags,
}

impl Entry {
    /// A flow as its first packet shows it.
    pub fn new(
        key: Key,
        id: FlowId,
        transport: Transport,
        packet: PacketId,
        at: Timestamp,
    ) -> Self {
        Entry {
            key,
            id,
            transport,
            first: at,
            last: at,
            packet,
            client: Direction::Up,
            ends: Ends::Ports,
            vlan: None,
            tunnelled: false,
            macs: [None; 2],
            counters: [Counters::default(); 2],
            flags: [TcpFlags::default(); 2],
            sizes: [0; 8],
            sized: 0,
            part: 0,
            syn: None,
            app: None,
            content: match transport {
                Transport::Tcp => Content::Fresh,
                Transport::Udp => Content::Datagrams(Datagrams::default()),
                _ => Content::Closed,
            },
        }
    }

    /// Counts one packet.
    #[inline]
    pub fn count(&mut self, step: &Step) {
        if self.part > 0 && !self.has_news() {
            self.begin(step);
        }
        self.last = self.last.max(step.at);
        self.first = self.first.min(step.at);
        let (here, there) = (slot(step.direction), slot(step.direction.other()));
        if let Some(mac) = self.macs.get_mut(here) {
            *mac = step.from_mac.or(*mac);
        }
        if let Some(mac) = self.macs.get_mut(there)
            && mac.is_none()
        {
            *mac = step.to_mac.filter(|mac| mac.is_device());
        }
        if let Some(flags) = self.flags.get_mut(here) {
            flags.0 |= step.flags.0;
        }
        if let Some(counters) = self.counters.get_mut(here) {
            counters.packets += 1;
            counters.bytes += u64::from(step.wire_len);
            if step.payload_len > 0 {
                counters.data_packets += 1;
                counters.payload += step.payload_len as u64;
            }
        }
        if step.payload_len > 0
            && let Some(size) = self.sizes.get_mut(usize::from(self.sized))
        {
            let length = i16::try_from(step.payload_len).unwrap_or(i16::MAX);
            *size = if step.direction == Direction::Up { length } else { -length };
            self.sized += 1;
        }
    }

    /// Who speaks in a direction.
    pub fn side(&self, direction: Direction) -> Side {
        if direction == self.client { Side::Client } else { Side::Server }
    }

    /// Turns the ends round.
    pub fn flip(&mut self) {
        self.client = self.client.other();
    }

    /// Data packets so far.
    pub fn data_packets(&self) -> u64 {
        self.counters.iter().map(|counters| counters.data_packets).sum()
    }

    pub fn is_tcp(&self) -> bool {
        self.transport == Transport::Tcp
    }

    /// Whether both directions were seen.
    pub fn answered(&self) -> bool {
        self.part > 0 || self.counters.iter().all(|counters| counters.packets > 0)
    }

    /// Whether the connection was reset, or closed by both ends.
    pub fn closed(&self) -> bool {
        self.flags.iter().any(|flags| flags.has(TcpFlags::RST))
            || self.flags.iter().all(|flags| flags.has(TcpFlags::FIN))
    }

    /// Whether either end has begun to close.
    pub fn closing(&self) -> bool {
        self.flags.iter().any(|flags| flags.0 & (TcpFlags::RST | TcpFlags::FIN) != 0)
    }

    /// Whether anything passed since the latest part was reported.
    pub fn has_news(&self) -> bool {
        self.part == 0 || self.counters.iter().any(|counters| counters.packets > 0)
    }

    /// Begins the next part after one was reported: with counters, times and flags of its own.
    /// That an end has closed is kept, for it decides how long the flow is waited for.
    pub fn next_part(&mut self) {
        self.part = self.part.saturating_add(1);
        self.first = self.last;
        self.counters = [Counters::default(); 2];
        self.flags = self.flags.map(|flags| TcpFlags(flags.0 & (TcpFlags::RST | TcpFlags::FIN)));
        self.sizes = [0; 8];
        self.sized = u8::MAX;
    }

    /// Places a part at its first packet.
    #[inline]
    fn begin(&mut self, step: &Step) {
        self.first = step.at;
        self.last = step.at;
        self.packet = step.packet;
    }

    /// What the rest of cordon gets to see.
    pub fn record(&self, community_id: bool, continues: bool) -> Flow {
        let (low, high) = self.key.ends();
        let [low_mac, high_mac] = self.macs;
        let ends = (self.party(low, low_mac), self.party(high, high_mac));
        let up = self.client == Direction::Up;
        let [above, below] = self.counters;
        let [flags_up, flags_down] = self.flags;
        let (client, server) = if up { ends } else { (ends.1, ends.0) };
        let (sent, received) = if up { (above, below) } else { (below, above) };
        let (sent_flags, received_flags) =
            if up { (flags_up, flags_down) } else { (flags_down, flags_up) };
        let guess = || App::guess(self.transport, server.port?);
        let basis =
            if self.app.is_some() { Some(Basis::Payload) } else { guess().map(|_| Basis::Port) };
        Flow {
            id: self.id,
            transport: self.transport,
            client,
            server,
            ends: self.ends,
            vlan: self.vlan,
            tunnelled: self.tunnelled,
            app: self.app.or_else(guess),
            basis,
            first: self.first,
            last: self.last,
            packet: self.packet,
            sent,
            received,
            sent_flags,
            received_flags,
            first_sizes: if up { self.sizes } else { self.sizes.map(|size| -size) },
            part: self.part,
            continues,
            community_id: if community_id {
                community::id(self.transport, (&client, &server)).unwrap_or_default()
            } else {
                Default::default()
            },
        }
    }

    fn party(&self, end: End, mac: Option<Mac>) -> Party {
        let port = matches!(
            self.transport,
            Transport::Tcp | Transport::Udp | Transport::Icmp | Transport::Icmpv6
        );
        Party { mac, ip: Some(end.0), port: port.then_some(end.1) }
    }
}

const fn slot(direction: Direction) -> usize {
    match direction {
        Direction::Up => 0,
        Direction::Down => 1,
    }
}
