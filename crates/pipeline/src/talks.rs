//! Who exchanged packets with whom, summed over flows.

use std::collections::BTreeMap;
use std::net::IpAddr;

use cordon_inventory::Devices;
use cordon_model::{App, Basis, Flow, Party, Timestamp};
use hashbrown::HashMap;

/// Pairs of addresses kept; a scan of random peers must not fill the memory.
const MAX_PAIRS: usize = 20_000;

/// Pairs told of at the end, the busiest.
const MAX_TALKS: usize = 5_000;

/// Applications kept per pair.
const MAX_APPS: usize = 8;

/// Two ends that exchanged packets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Talk {
    /// Device id, or the address of what is no device.
    pub from: String,
    /// Device id, or the address of what is no device.
    pub to: String,
    /// Whether either end is no device but a public address.
    pub outside: bool,
    /// Applications; the port basis marks a guess.
    pub apps: Vec<(App, Basis)>,
    /// Flows.
    pub flows: u64,
    /// Packets.
    pub packets: u64,
    /// Bytes.
    pub bytes: u64,
}

#[derive(Default)]
pub(crate) struct Talks {
    pairs: HashMap<(IpAddr, IpAddr, Option<u16>), Pair>,
}

struct Pair {
    last: Timestamp,
    ends: (Party, Party),
    apps: Vec<(App, Basis)>,
    flows: u64,
    packets: u64,
    bytes: u64,
}

impl Talks {
    pub fn flow(&mut self, flow: &Flow) {
        let (Some(client), Some(server)) = (flow.client.ip, flow.server.ip) else { return };
        // A packet that nobody answered is no exchange.
        if flow.is_one_way() {
            return;
        }
        let key = (client, server, flow.vlan);
        if self.pairs.len() >= MAX_PAIRS && !self.pairs.contains_key(&key) {
            return;
        }
        let pair = self.pairs.entry(key).or_insert_with(|| Pair {
            last: flow.last,
            ends: (flow.client, flow.server),
            apps: Vec::new(),
            flows: 0,
            packets: 0,
            bytes: 0,
        });
        pair.flows += u64::from(flow.part == 0);
        pair.last = pair.last.max(flow.last);
        pair.packets += flow.packets();
        pair.bytes += flow.bytes();
        if let Some(app) = flow.app.zip(flow.basis)
            && pair.apps.len() < MAX_APPS
            && !pair.apps.contains(&app)
        {
            pair.apps.push(app);
        }
    }

    /// Leaves out pairs last seen before `before`, or before `if_crowded` where the table is more
    /// than half full.
    pub fn forget(&mut self, before: Timestamp, if_crowded: Timestamp) {
        self.pairs.retain(|_, pair| pair.last >= before);
        if self.pairs.len() > MAX_PAIRS / 2 {
            self.pairs.retain(|_, pair| pair.last >= if_crowded);
        }
    }

    pub fn conclude(&self, devices: &Devices) -> Vec<Talk> {
        let mut talks: BTreeMap<(String, String), Talk> = BTreeMap::new();
        for ((_, _, vlan), pair) in &self.pairs {
            let (from, from_outside) = name(devices, &pair.ends.0, *vlan);
            let (to, to_outside) = name(devices, &pair.ends.1, *vlan);
            let talk = talks.entry((from.clone(), to.clone())).or_insert_with(|| Talk {
                from,
                to,
                outside: from_outside || to_outside,
                apps: Vec::new(),
                flows: 0,
                packets: 0,
                bytes: 0,
            });
            talk.flows += pair.flows;
            talk.packets += pair.packets;
            talk.bytes += pair.bytes;
            for app in &pair.apps {
                if !talk.apps.contains(app) {
                    talk.apps.push(*app);
                }
            }
            talk.apps.sort_unstable();
        }
        let mut talks: Vec<Talk> =
            talks.into_values().filter(|talk| talk.from != talk.to).collect();
        talks.sort_by(|a, b| {
            b.bytes.cmp(&a.bytes).then_with(|| (&a.from, &a.to).cmp(&(&b.from, &b.to)))
        });
        talks.truncate(MAX_TALKS);
        talks
    }
}

fn name(devices: &Devices, party: &Party, vlan: Option<u16>) -> (String, bool) {
    match (devices.device_of(party, vlan), party.ip) {
        (Some(id), _) => (id.to_string(), false),
        (None, Some(ip)) => (ip.to_string(), cordon_model::address::is_public(ip)),
        (None, None) => (String::new(), false),
    }
}
