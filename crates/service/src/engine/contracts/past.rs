//! Recorded conversations as a policy knows their ends, and what each kind of them would have met.

use std::collections::HashMap;
use std::net::IpAddr;

use cordon_contract::rehearse::{Judged, Loss, Rehearsal, Report, Sighting};
use cordon_contract::{Bindings, Carrier, Policy};
use cordon_history::{FlowKind, History, HistoryError, Seen, Tallied, Tally, TallyQuery, Want};
use cordon_model::flow::TcpFlags;
use cordon_model::record::Address;
use cordon_model::{DeviceId, Party, Timestamp, Transport};
use cordon_register::Register;

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
    /// Kinds of which every row is shown.
    tagged: Vec<Tagged>,
    shown: u64,
}

struct Tagged {
    kind: FlowKind,
    /// With the times and counts of the latest row that was shown.
    sighting: Sighting,
    /// Where all are lost; none where each is judged by itself.
    loss: Option<Loss>,
}

impl Tally for Past<'_> {
    fn kind(&mut self, kind: &FlowKind) -> Want {
        // No firewall sees what is tunnelled, or what has no addresses.
        let (Some(client), Some(server)) = (kind.client.ip, kind.server.ip) else {
            return Want::Nothing;
        };
        if kind.tunnelled {
            return Want::Nothing;
        }
        let mut sighting = sighting(kind, (client, server));
        let known = (self.ends.always(&kind.client), self.ends.always(&kind.server));
        // Where the server spoke first, it spoke to the client's port.
        let by_port = swapped(kind) && sighting.carrier == Carrier::Udp;
        let judged = match known {
            (Some(client), Some(server)) if !by_port => {
                place(&mut sighting, kind, (client, server));
                self.rehearsal.kind(&sighting, self.latest)
            }
            _ => Judged::Depends,
        };
        let loss = match judged {
            Judged::Passes => return Want::Count,
            Judged::Blocked(loss) => Some(loss),
            Judged::Depends => None,
        };
        let tag = u32::try_from(self.tagged.len()).unwrap_or(u32::MAX);
        self.tagged.push(Tagged { kind: *kind, sighting, loss });
        Want::Rows { tag, client_port: loss.is_none() }
    }

    fn row(&mut self, tag: u32, row: &Seen) {
        let Some(tagged) = self.tagged.get_mut(tag as usize) else { return };
        self.shown += 1;
        let (kind, sighting) = (tagged.kind, &mut tagged.sighting);
        sighting.app = row.app;
        (sighting.first, sighting.last) = (row.first, row.last);
        sighting.packets = row.sent_packets.saturating_add(row.received_packets);
        sighting.bytes = row.sent_bytes.saturating_add(row.received_bytes);
        sighting.answered = answered(&kind, row);
        if let Some(loss) = tagged.loss {
            self.rehearsal.lose(loss, sighting);
            return;
        }
        let client = self.ends.at(&kind.client, row.first);
        let server = self.ends.at(&kind.server, row.first);
        if let (Some(client), Some(server)) = (client, server) {
            place(sighting, &kind, (client, server));
        }
        if matches!(sighting.carrier, Carrier::Tcp | Carrier::Udp) {
            let port = row.client_port.unwrap_or(0);
            if swapped(&kind) { sighting.service = port } else { sighting.client = port }
        }
        self.rehearsal.alone(sighting);
    }

    fn forget(&mut self) {
        self.tagged.clear();
    }
}

/// Whether the one who offers the service spoke first to a firewall: where only it was heard. Not
/// over TCP, where nobody speaks who was not called: its caller is out of sight.
fn swapped(kind: &FlowKind) -> bool {
    kind.server_only && kind.transport != Transport::Tcp
}

/// Whether somebody answered. A refusal is no answer.
fn answered(kind: &FlowKind, row: &Seen) -> bool {
    let refused = kind.transport == Transport::Tcp
        && row.received_flags.has(TcpFlags::RST)
        && !row.received_flags.has(TcpFlags::SYN);
    row.sent_packets > 0 && row.received_packets > 0 && !refused
}

/// A conversation of a kind, as far as the kind says it.
fn sighting(kind: &FlowKind, (client, server): (IpAddr, IpAddr)) -> Sighting {
    let carrier = Carrier::from(kind.transport);
    let offered = kind.server.port.unwrap_or(0);
    let mut sighting = Sighting {
        from: client,
        to: server,
        carrier,
        service: if carrier.has_ports() { offered } else { 0 },
        client: 0,
        app: None,
        first: Timestamp::default(),
        last: Timestamp::default(),
        packets: 0,
        bytes: 0,
        answered: false,
    };
    if swapped(kind) && carrier == Carrier::Udp {
        (sighting.service, sighting.client) = (0, offered);
    }
    place(&mut sighting, kind, (client, server));
    sighting
}

/// Enters who opened it and who was spoken to.
fn place(sighting: &mut Sighting, kind: &FlowKind, (client, server): (IpAddr, IpAddr)) {
    (sighting.from, sighting.to) = if swapped(kind) { (server, client) } else { (client, server) };
}

/// Who had which address: every end of a recorded conversation as the policy knows it.
struct Ends<'a> {
    register: &'a Register,
    /// An address of each member, by version of IP.
    members: HashMap<&'a DeviceId, (Option<IpAddr>, Option<IpAddr>)>,
    /// How many devices have or had each address.
    holders: HashMap<Address, u32>,
    /// Ends that are the same at any time.
    known: HashMap<(Option<cordon_model::Mac>, IpAddr), IpAddr>,
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
        let mut holders: HashMap<Address, u32> = HashMap::new();
        for record in register.records() {
            let mut held: Vec<Address> = record.addresses.iter().map(|span| span.value).collect();
            held.sort_unstable();
            held.dedup();
            held.into_iter().for_each(|address| *holders.entry(address).or_default() += 1);
        }
        Ends { register, members, holders, known: HashMap::new() }
    }

    /// The address by which the policy knows an end, whatever the time; none for an end that was
    /// one device and then another.
    fn always(&mut self, party: &Party) -> Option<IpAddr> {
        let ip = party.ip?;
        if let Some(known) = self.known.get(&(party.mac, ip)) {
            return Some(*known);
        }
        let one = |address| self.holders.get(&address).copied().unwrap_or(0) <= 1;
        // As the register finds devices: by the link-layer address, but by the network address
        // where nobody has the former, or a router carries what another sent.
        let by_mac = party.mac.and_then(|mac| self.register.record_of(Some(mac), None, at_any()));
        let by_ip = by_mac.is_none_or(|record| {
            let has = |ip| record.addresses.iter().any(|span| span.value == Address::Ip(ip));
            record.seen.routes && !has(ip)
        });
        let sure = party.mac.is_none_or(|mac| one(Address::Mac(mac)));
        if !sure || (by_ip && !one(Address::Ip(ip))) {
            return None;
        }
        // With one holder at most, every time has the same answer.
        let end = self.looked_up(party, at_any())?;
        self.known.insert((party.mac, ip), end);
        Some(end)
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
