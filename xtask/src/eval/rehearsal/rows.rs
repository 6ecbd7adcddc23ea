//! The same by paging through the rows, as it was done before: what the tally is compared with.

use std::collections::HashMap;
use std::net::IpAddr;

use anyhow::Result;
use cordon_contract::rehearse::{Rehearsal, Report, Sighting};
use cordon_contract::{Bindings, Carrier, Policy};
use cordon_history::{FlowQuery, FlowRow, History, MAX_LIMIT};
use cordon_model::flow::TcpFlags;
use cordon_model::record::Address;
use cordon_model::{DeviceId, Mac, Party, Timestamp, Transport};
use cordon_register::Register;

/// Every row is read and judged.
pub fn rehearse(
    history: &dyn History,
    register: &Register,
    (policy, bindings): (&Policy, &Bindings),
    (from, to): (Timestamp, Timestamp),
) -> Result<Report> {
    let mut rehearsal = Rehearsal::new(policy, bindings);
    let mut ends = Ends::new(policy, register);
    let mut query =
        FlowQuery { from: Some(from), to: Some(to), limit: MAX_LIMIT, ..FlowQuery::default() };
    loop {
        let page = history.search(&query)?;
        for row in &page.rows {
            if let Some(sighting) = ends.sighting(row) {
                rehearsal.see(&sighting);
            }
        }
        query.cursor = page.next;
        if page.next.is_none() {
            return Ok(rehearsal.conclude());
        }
    }
}

struct Ends<'a> {
    register: &'a Register,
    members: HashMap<&'a DeviceId, IpAddr>,
    /// How many devices have or had each address.
    holders: HashMap<Address, u32>,
    known: HashMap<(Option<Mac>, IpAddr), IpAddr>,
}

impl<'a> Ends<'a> {
    fn new(policy: &'a Policy, register: &'a Register) -> Self {
        let members = policy
            .members
            .iter()
            .filter_map(|member| Some((&member.device, *member.ips.first()?)))
            .collect();
        let mut holders: HashMap<Address, u32> = HashMap::new();
        for span in register.records().flat_map(|record| &record.addresses) {
            *holders.entry(span.value).or_default() += 1;
        }
        Ends { register, members, holders, known: HashMap::new() }
    }

    fn sighting(&mut self, row: &FlowRow) -> Option<Sighting> {
        if row.tunnelled {
            return None;
        }
        let swapped =
            row.sent_packets == 0 && row.received_packets > 0 && row.transport != Transport::Tcp;
        let (from, to) = if swapped { (row.server, row.client) } else { (row.client, row.server) };
        let carrier = Carrier::from(row.transport);
        let icmp = matches!(row.transport, Transport::Icmp | Transport::Icmpv6);
        let port = |party: &Party| match carrier {
            Carrier::Tcp | Carrier::Udp => party.port.unwrap_or(0),
            _ => 0,
        };
        let refused = row.transport == Transport::Tcp
            && row.received_flags.has(TcpFlags::RST)
            && !row.received_flags.has(TcpFlags::SYN);
        Some(Sighting {
            from: self.end(&from, row.first)?,
            to: self.end(&to, row.first)?,
            carrier,
            service: if icmp { row.server.port.unwrap_or(0) } else { port(&to) },
            client: port(&from),
            app: row.app,
            first: row.first,
            last: row.last,
            packets: row.sent_packets.saturating_add(row.received_packets),
            bytes: row.sent_bytes.saturating_add(row.received_bytes),
            answered: row.sent_packets > 0 && row.received_packets > 0 && !refused,
        })
    }

    fn end(&mut self, party: &Party, at: Timestamp) -> Option<IpAddr> {
        let ip = party.ip?;
        let key = (party.mac, ip);
        if let Some(known) = self.known.get(&key) {
            return Some(*known);
        }
        let record = self.register.record_of(party.mac, Some(ip), at);
        let member = record.and_then(|record| {
            let own = record.seen.ips.contains(&ip).then_some(ip);
            let held = self.members.get(&record.id).copied();
            held.map(|held| own.unwrap_or(held))
        });
        let end = member.unwrap_or(ip);
        if self.holders.get(&Address::Ip(ip)).is_none_or(|count| *count < 2) {
            self.known.insert(key, end);
        }
        Some(end)
    }
}
