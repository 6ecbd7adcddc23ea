//! Recorded conversations as a policy knows their ends, and what each kind of them would have met.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use cordon_contract::rehearse::{Judged, Loss, Rehearsal, Report, Sighting, Traffic, Verdict};
use cordon_contract::{Bindings, Carrier, Policy};
use cordon_history::{FlowKind, History, HistoryError, Seen, Tallied, Tally, TallyQuery, Want};
use cordon_model::flow::TcpFlags;
use cordon_model::record::{Address, Record};
use cordon_model::{DeviceId, Mac, Party, Timestamp, Transport};
use cordon_register::Register;
use foldhash::fast::RandomState;

/// Before every conversation.
const NEVER: Timestamp = Timestamp::from_nanos(i64::MIN);
/// Most times at which the answer for one kind may change; beyond, each row is judged by itself.
const MAX_TURNS: usize = 256;

/// What every conversation of a time would have met under a policy. `register` says who had an
/// address at the time, `bindings` what names meant.
///
/// # Errors
/// Where the history cannot be read.
pub fn rehearse_history(
    history: &dyn History,
    register: &Register,
    (policy, bindings): (&Policy, &Bindings),
    query: &TallyQuery,
) -> Result<(Report, Tallied), HistoryError> {
    let mut past = Past {
        ends: Ends::new(policy, register),
        rehearsal: Rehearsal::new(policy, bindings),
        latest: query.to.unwrap_or(Timestamp::from_nanos(i64::MAX)),
        tagged: Vec::new(),
        varied: Vec::new(),
        shown: 0,
    };
    let tallied = history.tally(query, &mut past)?;
    // Those that were shown are counted already.
    past.rehearsal.pass(tallied.flows.saturating_sub(past.shown));
    Ok((past.rehearsal.conclude(), tallied))
}

struct Past<'a> {
    ends: Ends<'a>,
    rehearsal: Rehearsal<'a>,
    /// No conversation begins later.
    latest: Timestamp,
    tagged: Vec<Tagged>,
    /// Kinds of which the rows do not all meet the same.
    varied: Vec<Varied>,
    /// Rows that were counted one by one.
    shown: u64,
}

/// What is known of a kind whose rows are shown.
#[derive(Clone, Copy)]
struct Tagged {
    tcp: bool,
    /// Rows that began before pass.
    passes_before: Timestamp,
    how: How,
}

#[derive(Clone, Copy)]
enum How {
    /// All are lost, and counted there.
    Lost(Loss),
    /// It depends; the kind's place in [`Past::varied`].
    Varied(u32),
}

/// A kind of which the rows do not all meet the same.
struct Varied {
    kind: FlowKind,
    /// From when on another answer may hold than before, in order.
    turns: Vec<Timestamp>,
    /// The answers before, between and behind the turns; none where each is judged by itself.
    judged: Vec<Judged>,
    /// Where the rows of each are lost, once there were some.
    losses: Vec<Option<Loss>>,
}

impl Past<'_> {
    /// The answers of a kind, between the times at which they may change.
    fn over_time(&mut self, kind: &FlowKind) -> Varied {
        let mut turns: Vec<Timestamp> = Vec::new();
        turns.extend(self.ends.turns(&kind.client));
        turns.extend(self.ends.turns(&kind.server));
        let mut judged = Vec::new();
        if is_by_port(kind) {
            return Varied { kind: *kind, turns, judged, losses: Vec::new() };
        }
        // Who the ends are says which names matter, so that further turns may lie in between.
        let mut named = Vec::new();
        for at in stretches(&turns, self.latest) {
            if let Some(sighting) = self.at(kind, at) {
                named.extend(self.rehearsal.turns(&sighting));
            }
        }
        turns.extend(named);
        turns.sort_unstable();
        turns.dedup();
        turns.retain(|turn| *turn <= self.latest);
        if turns.len() <= MAX_TURNS {
            for at in stretches(&turns, self.latest) {
                let sighting = self.at(kind, at);
                judged.extend(sighting.map(|sighting| self.rehearsal.kind_at(&sighting)));
            }
        }
        let losses = vec![None; judged.len()];
        Varied { kind: *kind, turns, judged, losses }
    }

    /// A conversation of a kind as the policy knows its ends at that time.
    fn at(&mut self, kind: &FlowKind, first: Timestamp) -> Option<Sighting> {
        let client = self.ends.at(&kind.client, first)?;
        let server = self.ends.at(&kind.server, first)?;
        Some(Sighting { first, ..sighting(kind, (client, server)) })
    }

    /// Where a row of a kind is lost; none where it passes.
    fn lost(&mut self, place: u32, first: Timestamp, client_port: Option<u16>) -> Option<Loss> {
        let varied = self.varied.get(place as usize)?;
        let stretch = varied.turns.partition_point(|turn| *turn <= first);
        let judged = varied.judged.get(stretch).copied().unwrap_or(Judged::Depends);
        if judged == Judged::Passes {
            return None;
        }
        if let Some(Some(loss)) = varied.losses.get(stretch) {
            return Some(*loss);
        }
        let kind = varied.kind;
        let mut sighting = self.at(&kind, first)?;
        if let Judged::Blocked(member, side) = judged {
            let loss = self.rehearsal.loss(member, side, &sighting);
            let held = self.varied.get_mut(place as usize);
            if let Some(slot) = held.and_then(|varied| varied.losses.get_mut(stretch)) {
                *slot = Some(loss);
            }
            return Some(loss);
        }
        if matches!(sighting.carrier, Carrier::Tcp | Carrier::Udp) {
            let port = client_port.unwrap_or(0);
            if is_by_port(&kind) { sighting.service = port } else { sighting.client = port }
        }
        match self.rehearsal.one(&sighting) {
            Verdict::Passes => None,
            Verdict::Blocked(member, side) => Some(self.rehearsal.loss(member, side, &sighting)),
        }
    }
}

/// A time before the first turn, and each turn.
fn stretches(turns: &[Timestamp], latest: Timestamp) -> Vec<Timestamp> {
    let before = turns.iter().min().copied().unwrap_or(latest).minus(Duration::from_nanos(1));
    std::iter::once(before).chain(turns.iter().copied()).collect()
}

impl Tally for Past<'_> {
    fn kind(&mut self, kind: &FlowKind) -> Want {
        // No firewall sees what is tunnelled, or what has no addresses.
        if kind.tunnelled || kind.client.ip.is_none() || kind.server.ip.is_none() {
            return Want::Nothing;
        }
        let tcp = kind.transport == Transport::Tcp;
        let tag = u32::try_from(self.tagged.len()).unwrap_or(u32::MAX);
        // Nearly all are such.
        if !is_by_port(kind)
            && let Some(client) = self.ends.always(&kind.client)
            && let Some(server) = self.ends.always(&kind.server)
        {
            let sighting = sighting(kind, (client, server));
            match self.rehearsal.kind(&sighting) {
                Judged::Passes => return Want::Count,
                Judged::Blocked(member, side) => {
                    let loss = self.rehearsal.loss(member, side, &sighting);
                    let how = How::Lost(loss);
                    self.tagged.push(Tagged { tcp, passes_before: NEVER, how });
                    return Want::Rows(tag);
                }
                Judged::Depends => {}
            }
        }
        let varied = self.over_time(kind);
        let by_port = varied.judged.is_empty() || varied.judged.contains(&Judged::Depends);
        // With a port or turns, what is lost may be of another kind each time.
        if !by_port && varied.judged.iter().all(|answer| *answer == Judged::Passes) {
            return Want::Count;
        }
        let passing = varied.judged.iter().take_while(|answer| **answer == Judged::Passes);
        let turn = passing.count().checked_sub(1).and_then(|turn| varied.turns.get(turn));
        let passes_before = turn.copied().unwrap_or(NEVER);
        let how = How::Varied(u32::try_from(self.varied.len()).unwrap_or(u32::MAX));
        self.varied.push(varied);
        self.tagged.push(Tagged { tcp, passes_before, how });
        Want::Glance { tag, client_port: by_port }
    }

    fn glance(&mut self, tag: u32, first: Timestamp, client_port: Option<u16>) -> bool {
        match self.tagged.get(tag as usize) {
            Some(tagged) if first < tagged.passes_before => false,
            Some(Tagged { how: How::Varied(place), .. }) => {
                self.lost(*place, first, client_port).is_some()
            }
            _ => true,
        }
    }

    fn row(&mut self, tag: u32, row: &Seen) {
        let Some(tagged) = self.tagged.get(tag as usize).copied() else { return };
        let refused = tagged.tcp
            && row.received_flags.has(TcpFlags::RST)
            && !row.received_flags.has(TcpFlags::SYN);
        let traffic = Traffic {
            first: row.first,
            last: row.last,
            packets: row.sent_packets.saturating_add(row.received_packets),
            bytes: row.sent_bytes.saturating_add(row.received_bytes),
            // A refusal is no answer.
            answered: row.sent_packets > 0 && row.received_packets > 0 && !refused,
            app: row.app,
        };
        let loss = match tagged.how {
            How::Lost(loss) => Some(loss),
            How::Varied(place) => self.lost(place, row.first, row.client_port),
        };
        if let Some(loss) = loss {
            self.shown += 1;
            self.rehearsal.lose(loss, &traffic);
        }
    }

    fn forget(&mut self) {
        self.tagged.clear();
        self.varied.clear();
        self.ends.known.clear();
    }
}

/// Whether the one who offers the service spoke first to a firewall: where only it was heard. Not
/// over TCP, where nobody speaks who was not called: its caller is out of sight.
fn swapped(kind: &FlowKind) -> bool {
    kind.server_only && kind.transport != Transport::Tcp
}

/// Whether the client's port says which service was spoken to: the server spoke first, to it.
fn is_by_port(kind: &FlowKind) -> bool {
    swapped(kind) && kind.transport == Transport::Udp
}

/// A conversation of a kind, as far as the kind says it.
fn sighting(kind: &FlowKind, (client, server): (IpAddr, IpAddr)) -> Sighting {
    let carrier = Carrier::from(kind.transport);
    let (from, to) = if swapped(kind) { (server, client) } else { (client, server) };
    let offered = kind.server.port.filter(|_| carrier.has_ports()).unwrap_or(0);
    let (service, picked) = if is_by_port(kind) { (0, offered) } else { (offered, 0) };
    Sighting {
        from,
        to,
        carrier,
        service,
        client: picked,
        app: None,
        first: Timestamp::default(),
        last: Timestamp::default(),
        packets: 0,
        bytes: 0,
        answered: false,
    }
}

/// Who had which address: every end of a recorded conversation as the policy knows it.
struct Ends<'a> {
    register: &'a Register,
    /// An address of each member, by version of IP.
    members: HashMap<&'a DeviceId, (Option<IpAddr>, Option<IpAddr>)>,
    /// Of addresses that several devices have or had: when who has them may change.
    shared: HashMap<Address, Vec<Timestamp>, RandomState>,
    /// Ends, and by which address they are known if that is the same at any time.
    known: HashMap<(Option<Mac>, IpAddr), Option<IpAddr>, RandomState>,
}

impl<'a> Ends<'a> {
    fn new(policy: &'a Policy, register: &'a Register) -> Self {
        let members = policy
            .members
            .iter()
            .map(|member| {
                let v4 = member.ips.iter().copied().find(IpAddr::is_ipv4);
                let v6 = member.ips.iter().copied().find(IpAddr::is_ipv6);
                (&member.device, (v4, v6))
            })
            .collect();
        let mut holders: HashMap<Address, (&DeviceId, bool)> = HashMap::new();
        let spans = || {
            let of = |record: &'a Record| record.addresses.iter().map(|span| (&record.id, span));
            register.records().flat_map(of)
        };
        for (id, span) in spans() {
            let held = holders.entry(span.value).or_insert((id, false));
            held.1 |= held.0 != id;
        }
        let mut shared: HashMap<Address, Vec<Timestamp>, RandomState> = HashMap::default();
        for (_, span) in spans() {
            if holders.get(&span.value).is_some_and(|(_, several)| *several) {
                let turns = [span.first, span.last.plus(Duration::from_nanos(1))];
                shared.entry(span.value).or_default().extend(turns);
            }
        }
        Ends { register, members, shared, known: HashMap::default() }
    }

    /// Times at which an end may begin to be another device than before, in no order.
    fn turns(&mut self, party: &Party) -> Vec<Timestamp> {
        if self.always(party).is_some() {
            return Vec::new();
        }
        let addresses = [party.mac.map(Address::Mac), party.ip.map(Address::Ip)];
        let shared = addresses.iter().flatten().filter_map(|address| self.shared.get(address));
        shared.flatten().copied().collect()
    }

    /// The address by which the policy knows an end, whatever the time; none for an end that was
    /// one device and then another.
    fn always(&mut self, party: &Party) -> Option<IpAddr> {
        let ip = party.ip?;
        if let Some(known) = self.known.get(&(party.mac, ip)) {
            return *known;
        }
        // With one holder at most, every time has the same answer.
        let end = if self.is_one(party.mac, ip) { self.looked_up(party, at_any()) } else { None };
        self.known.insert((party.mac, ip), end);
        end
    }

    /// Whether an end was never but one device.
    fn is_one(&self, mac: Option<Mac>, ip: IpAddr) -> bool {
        let one = |address| !self.shared.contains_key(&address);
        // As the register finds devices: by the link-layer address, but by the network address
        // where nobody has the former, or a router carries what another sent.
        let by_mac = mac.and_then(|mac| self.register.record_of(Some(mac), None, at_any()));
        let by_ip = by_mac.is_none_or(|record| {
            let has = |ip| record.addresses.iter().any(|span| span.value == Address::Ip(ip));
            record.seen.routes && !has(ip)
        });
        mac.is_none_or(|mac| one(Address::Mac(mac))) && (!by_ip || one(Address::Ip(ip)))
    }

    /// The address by which the policy knows an end at a time.
    fn at(&mut self, party: &Party, at: Timestamp) -> Option<IpAddr> {
        self.always(party).or_else(|| self.looked_up(party, at))
    }

    fn looked_up(&self, party: &Party, at: Timestamp) -> Option<IpAddr> {
        let ip = party.ip?;
        let record = self.register.record_of(party.mac, Some(ip), at);
        let known = record.and_then(|record| {
            let (v4, v6) = self.members.get(&record.id)?;
            // An address that is the device's own today needs no other.
            if record.seen.ips.contains(&ip) {
                return Some(ip);
            }
            if ip.is_ipv4() { *v4 } else { *v6 }
        });
        Some(known.unwrap_or(ip))
    }
}

/// Where every time has the same answer.
fn at_any() -> Timestamp {
    Timestamp::default()
}
