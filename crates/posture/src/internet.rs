//! Who talks to the Internet, whom the Internet talks to, and under which names.

use std::collections::HashMap;
use std::net::IpAddr;

use cordon_model::fact::{Dns, DnsKind, DnsValue};
use cordon_model::{App, Basis, Ends, Fact, Flow, Text, Timestamp, Transport};

use crate::ends::{Subject, may_be_outside};
use crate::ledger::{Forget, Moment};

/// How many pairs of inside and outside address are kept: about 16 MB when full.
const MOST_PAIRS: usize = 64 * 1024;
/// How many peers of one subject are kept: a scanner cannot push the others out.
const MOST_PEERS: usize = 1024;
/// How many pairs of inside networks' ends are kept for plant protocols.
const MOST_CROSSING: usize = 4 * 1024;
/// How many names of outside addresses are kept.
const MOST_NAMES: usize = 32 * 1024;

/// One outside peer of one subject.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub packet: Moment,
    pub last: Timestamp,
    pub flows: u64,
    pub bytes: u64,
    pub app: Option<App>,
    pub transport: Transport,
    pub port: Option<u16>,
    /// A plant protocol, seen in payload.
    pub plant: bool,
}

/// The outside peers of one subject.
#[derive(Clone, Debug, Default)]
pub(crate) struct Peers {
    pub peers: HashMap<IpAddr, Peer>,
    /// Flows to peers beyond the limit.
    pub more: u64,
}

/// A plant protocol from another network inside.
#[derive(Clone, Debug)]
pub(crate) struct Crossing {
    pub packet: Moment,
    pub last: Timestamp,
    pub app: App,
    pub flows: u64,
}

/// All traffic with addresses that may lie outside.
#[derive(Clone, Default)]
pub(crate) struct Internet {
    /// By the client.
    pub contacts: HashMap<Subject, Peers>,
    /// By the server that answered.
    pub exposed: HashMap<Subject, Peers>,
    /// Plant protocols between two inside networks, by the server and the client.
    pub crossing: HashMap<(Subject, Subject), Crossing>,
    /// What outside addresses are called.
    pub names: Names,
    pairs: usize,
}

impl Internet {
    /// Takes in a flow.
    pub(crate) fn flow(&mut self, flow: &Flow) {
        if !matches!(flow.transport, Transport::Tcp | Transport::Udp) {
            return;
        }
        if let Some(ip) = flow.server.ip.filter(|ip| may_be_outside(*ip)) {
            let subject = Subject::of(&flow.client, flow.vlan);
            add(&mut self.contacts, &mut self.pairs, subject, ip, flow);
        }
        if let Some(ip) = flow.client.ip.filter(|ip| may_be_outside(*ip))
            && was_answered(flow)
        {
            let subject = Subject::of(&flow.server, flow.vlan);
            add(&mut self.exposed, &mut self.pairs, subject, ip, flow);
        }
        if let (Some(app), Some(Basis::Payload)) = (flow.app, flow.basis)
            && crate::data::is_plant(app)
            && crate::data::crosses_zones(&flow.client, &flow.server)
        {
            self.cross(flow, app);
        }
    }
}

impl Internet {
    fn cross(&mut self, flow: &Flow, app: App) {
        let ends = (Subject::of(&flow.server, flow.vlan), Subject::of(&flow.client, flow.vlan));
        if self.crossing.len() >= MOST_CROSSING && !self.crossing.contains_key(&ends) {
            return;
        }
        let packet = Moment::of_flow(flow);
        let new = || Crossing { packet, last: flow.last, app, flows: 0 };
        let crossing = self.crossing.entry(ends).or_insert_with(new);
        crossing.flows = crossing.flows.saturating_add(u64::from(flow.part == 0));
        crossing.last = crossing.last.max(flow.last);
        if packet < crossing.packet {
            (crossing.packet, crossing.app) = (packet, app);
        }
    }

    /// Leaves out what is too old.
    pub(crate) fn forget(&mut self, forget: Forget) {
        let crowded = self.pairs > MOST_PAIRS / 2;
        for of in [&mut self.contacts, &mut self.exposed] {
            for peers in of.values_mut() {
                let full = crowded || peers.peers.len() > MOST_PEERS / 2;
                let before = if full { forget.if_crowded } else { forget.before };
                peers.peers.retain(|_, peer| peer.last >= before);
            }
            of.retain(|_, peers| !peers.peers.is_empty());
        }
        let all = self.contacts.values().chain(self.exposed.values());
        self.pairs = all.map(|peers| peers.peers.len()).sum();
        forget.thin(&mut self.crossing, MOST_CROSSING, |crossing| crossing.last);
        forget.thin(&mut self.names.names, MOST_NAMES, |name| name.last);
    }
}

/// Whether somebody asked and the service really answered: a refusal opens no door, and the order
/// of ports alone proves no direction.
fn was_answered(flow: &Flow) -> bool {
    flow.ends != Ends::Ports && flow.received.data_packets > 0
}

fn add(
    all: &mut HashMap<Subject, Peers>,
    pairs: &mut usize,
    subject: Subject,
    ip: IpAddr,
    flow: &Flow,
) {
    let full = *pairs >= MOST_PAIRS;
    if full && !all.contains_key(&subject) {
        return;
    }
    let of = all.entry(subject).or_default();
    if (full || of.peers.len() >= MOST_PEERS) && !of.peers.contains_key(&ip) {
        of.more = of.more.saturating_add(1);
        return;
    }
    let seen = flow.basis == Some(Basis::Payload);
    let plant = seen && flow.app.is_some_and(crate::data::is_plant);
    let peer = of.peers.entry(ip).or_insert_with(|| {
        *pairs += 1;
        Peer {
            packet: Moment::of_flow(flow),
            last: flow.last,
            flows: 0,
            bytes: 0,
            app: flow.app,
            transport: flow.transport,
            port: flow.server.port,
            plant: false,
        }
    });
    peer.flows = peer.flows.saturating_add(u64::from(flow.part == 0));
    peer.last = peer.last.max(flow.last);
    peer.bytes = peer.bytes.saturating_add(flow.bytes());
    if Moment::of_flow(flow) < peer.packet || (plant && !peer.plant) {
        peer.packet = Moment::of_flow(flow);
        peer.app = flow.app;
        peer.transport = flow.transport;
        peer.port = flow.server.port;
    }
    peer.plant |= plant;
}

/// What outside addresses are called: what a client asked the address for comes before what a
/// resolver said, and the earlier packet before the later.
#[derive(Clone, Default)]
pub(crate) struct Names {
    names: HashMap<IpAddr, Name>,
}

#[derive(Clone)]
struct Name {
    rank: Rank,
    packet: Moment,
    last: Timestamp,
    text: Text,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Asked,
    Resolved,
}

impl Names {
    /// A client named the server it speaks to (SNI, Host).
    pub(crate) fn asked(&mut self, fact: &Fact, name: &Text) {
        if let Some(ip) = fact.to.ip
            && name.parse::<IpAddr>().is_err()
        {
            let host = name.split(':').next().unwrap_or(name);
            self.add(ip, Rank::Asked, Moment::of(fact), host);
        }
    }

    /// A resolver named addresses.
    pub(crate) fn resolved(&mut self, fact: &Fact, dns: &Dns) {
        if dns.kind != DnsKind::Dns || !dns.response {
            return;
        }
        for record in &dns.records {
            if let DnsValue::Address(ip) = record.value {
                let name = dns.questions.first().map_or(&record.name, |question| &question.name);
                self.add(ip, Rank::Resolved, Moment::of(fact), name);
            }
        }
    }

    fn add(&mut self, ip: IpAddr, rank: Rank, packet: Moment, name: &str) {
        if !may_be_outside(ip) || name.is_empty() {
            return;
        }
        if self.names.len() >= MOST_NAMES && !self.names.contains_key(&ip) {
            return;
        }
        match self.names.get_mut(&ip) {
            Some(known) => {
                known.last = known.last.max(packet.at);
                if (rank, packet, name) < (known.rank, known.packet, known.text.as_str()) {
                    *known = Name { rank, packet, last: known.last, text: name.into() };
                }
            }
            None => {
                let text = name.into();
                self.names.insert(ip, Name { rank, packet, last: packet.at, text });
            }
        }
    }

    /// The name of an address, if one was seen.
    pub(crate) fn of(&self, ip: IpAddr) -> Option<&Text> {
        self.names.get(&ip).map(|name| &name.text)
    }
}
