//! From what contracts say to what packets show: peers become addresses.
//!
//! [`resolve`] takes what is known of the site ([`World`]) and the contracts in force, and makes
//! the [`Policy`] of one moment. It is made anew when a device changes its address, a contract
//! changes, or [`Resolved::holds_until`] is reached. What leads nowhere (no controller is known, a
//! group is empty) allows nothing and is said so: an entry is never widened to be useful.

mod nets;
mod peers;
mod world;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use cordon_model::{DeviceId, Text, Timestamp};
use ipnet::IpNet;

pub use world::{DNS_SERVERS, Known, NTP_SERVERS, World};

use crate::document::{Carrier, Contract, Entry, EntryId, IpVersion, MAX_ENTRIES, Ports, Validity};
use crate::policy::{Member, MemberNo, NameNo, Origin, Policy, Reach, Rule, Stage, Where};
use peers::{Peers, Places};

/// Most rules of one entry: a group of 4,096 devices by 16 ports. What is larger is better said as
/// a network.
const MAX_RULES: usize = 65_536;

/// A contract in force.
#[derive(Clone, Copy, Debug)]
pub struct Bound<'a> {
    /// The contract.
    pub contract: &'a Contract,
    /// How far it has come.
    pub stage: Stage,
    /// The device's switch.
    pub reach: Reach,
}

/// What contracts mean at a moment.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Resolved {
    /// The policy.
    pub policy: Policy,
    /// What leads nowhere, and so allows nothing.
    pub unresolved: Vec<Unresolved>,
    /// When an entry begins or ceases to hold, at the earliest; none for never.
    pub holds_until: Option<Timestamp>,
}

/// Something that leads nowhere.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Unresolved {
    /// Whose contract.
    pub device: DeviceId,
    /// Which entry; none for the whole contract.
    pub entry: Option<EntryId>,
    /// Why.
    pub missing: Missing,
}

/// Why something leads nowhere.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Missing {
    /// The contract is for a device that is not known.
    Unknown,
    /// A second contract for the same device.
    Twice,
    /// No other device is meant.
    NoDevice,
    /// The devices that are meant have no address.
    NoAddress,
    /// Nobody was named as controller.
    NoController,
    /// No router is known in the networks of the device.
    NoGateway,
    /// The address is no multicast group.
    NoGroup,
    /// Ports, and a protocol that has none.
    NoPorts,
    /// An address, a protocol and an IP version that do not go together.
    NoSuchIp,
    /// More rules than one entry may become.
    TooMany,
    /// More entries than a contract may have; those behind are left out.
    TooManyEntries,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Missing::Unknown => "the device is not known",
            Missing::Twice => "the device has another contract in force; this one is left out",
            Missing::NoDevice => "no other device is meant by it",
            Missing::NoAddress => "the devices that are meant have no address yet",
            Missing::NoController => {
                "nobody is named as controller; name one for this device or class"
            }
            Missing::NoGateway => "no router is known in the networks of the device",
            Missing::NoGroup => "the address is no multicast group",
            Missing::NoPorts => "the protocol has no ports; remove them from the entry",
            Missing::NoSuchIp => "peer, transport and IP version do not go together",
            Missing::TooMany => "it means too many addresses and ports; name a network instead",
            Missing::TooManyEntries => "the contract has too many entries; the last are left out",
        })
    }
}

/// What contracts mean at a time.
#[must_use]
pub fn resolve(world: &World, bound: &[Bound<'_>], at: Timestamp) -> Resolved {
    let mut work = Work::new(world, at);
    let mut sorted: Vec<&Bound<'_>> = bound.iter().collect();
    // The order of the contracts must not show in the policy.
    sorted.sort_by(|a, b| a.contract.device.cmp(&b.contract.device));
    let mut last = None;
    for bound in sorted {
        let device = &bound.contract.device;
        if last == Some(device) {
            work.missing(device, None, Missing::Twice);
            continue;
        }
        last = Some(device);
        work.contract(bound);
    }
    work.done()
}

struct Work<'a> {
    at: Timestamp,
    peers: Peers<'a>,
    resolved: Resolved,
    names: BTreeMap<(Text, Option<IpVersion>), NameNo>,
}

impl<'a> Work<'a> {
    fn new(world: &'a World, at: Timestamp) -> Self {
        let mut resolved = Resolved::default();
        resolved.policy.local = nets::without(&world.networks, &[]);
        Work { at, peers: Peers::new(world), resolved, names: BTreeMap::new() }
    }

    fn contract(&mut self, bound: &Bound<'_>) {
        let contract = bound.contract;
        let Some(known) = self.peers.device(&contract.device) else {
            return self.missing(&contract.device, None, Missing::Unknown);
        };
        let no = MemberNo(count(self.resolved.policy.members.len()));
        self.resolved.policy.members.push(member(known, bound));
        if contract.entries.len() > MAX_ENTRIES {
            self.missing(&contract.device, None, Missing::TooManyEntries);
        }
        let mut seen = BTreeSet::new();
        for entry in contract.entries.iter().take(MAX_ENTRIES) {
            self.note_change(&entry.valid);
            if !entry.valid.holds(self.at) || matches!(entry.transport, Carrier::Ether(_)) {
                continue;
            }
            let id = entry.id();
            // The same permission may stand twice, with other times.
            if !seen.insert(id.clone()) {
                continue;
            }
            if let Err(missing) = self.entry(no, known, entry, &id) {
                self.missing(&contract.device, Some(id), missing);
            }
        }
    }

    fn entry(
        &mut self,
        member: MemberNo,
        known: &Known,
        entry: &Entry,
        id: &EntryId,
    ) -> Result<(), Missing> {
        let shapes = shapes(entry)?;
        let held;
        let nets: &[IpNet] = match self.peers.places(&entry.peer, known)? {
            Places::Shared(nets) => nets,
            Places::Nets(nets) => {
                held = nets;
                &held
            }
            Places::Name(name) => {
                let version = entry.ip.or(of_carrier(entry.transport));
                let next = NameNo(count(self.names.len()));
                let at = Where::Name(*self.names.entry((name, version)).or_insert(next));
                push(&mut self.resolved.policy, member, entry, id, [at].into_iter(), &shapes);
                return Ok(());
            }
        };
        let fits = |net: &&IpNet| {
            let version = IpVersion::of(net.addr());
            entry.ip.is_none_or(|only| only == version)
                && of_carrier(entry.transport).is_none_or(|only| only == version)
        };
        let places = nets.iter().filter(fits).count();
        if places == 0 {
            return Err(Missing::NoSuchIp);
        }
        if places.saturating_mul(shapes.len()) > MAX_RULES {
            return Err(Missing::TooMany);
        }
        let at = nets.iter().filter(fits).map(|net| Where::Net(*net));
        push(&mut self.resolved.policy, member, entry, id, at, &shapes);
        Ok(())
    }

    fn missing(&mut self, device: &DeviceId, entry: Option<EntryId>, missing: Missing) {
        self.resolved.unresolved.push(Unresolved { device: device.clone(), entry, missing });
    }

    fn note_change(&mut self, valid: &Validity) {
        let next = &mut self.resolved.holds_until;
        for change in changes(valid, self.at).filter(|change| *change > self.at) {
            *next = Some(next.map_or(change, |held| held.min(change)));
        }
    }

    /// Numbers the names in their order, and puts the rules into theirs.
    fn done(mut self) -> Resolved {
        let policy = &mut self.resolved.policy;
        let mut renumbered = HashMap::new();
        for (new, ((name, version), old)) in (0..).map(NameNo).zip(self.names) {
            renumbered.insert(old, new);
            policy.names.push(name);
            policy.only.extend(version.map(|version| (new, version)));
        }
        for rule in &mut policy.rules {
            if let Where::Name(no) = &mut rule.at {
                *no = renumbered.get(no).copied().unwrap_or(*no);
            }
        }
        policy.rules.sort_unstable();
        // Two entries may allow the same; the first answers for it.
        policy.rules.dedup_by(|a, b| Rule { entry: b.entry, ..a.clone() } == *b);
        self.resolved.unresolved.sort_unstable();
        self.resolved
    }
}

/// Carrier, ports of the service and ports of the one who opens.
type Shape = (Carrier, Ports, Ports);

fn push(
    policy: &mut Policy,
    member: MemberNo,
    entry: &Entry,
    id: &EntryId,
    places: impl Iterator<Item = Where>,
    shapes: &[Shape],
) {
    let no = count(policy.entries.len());
    policy.entries.push(Origin { member, entry: id.clone() });
    for at in places {
        policy.rules.extend(shapes.iter().map(|(carrier, service, client)| Rule {
            member,
            opens: entry.opens,
            at,
            carrier: *carrier,
            service: *service,
            client: *client,
            entry: no,
        }));
    }
}

/// What the packets of an entry look like.
fn shapes(entry: &Entry) -> Result<Vec<Shape>, Missing> {
    let ports = !entry.ports.is_empty() || !entry.client_ports.is_empty();
    let carriers: &[Carrier] = match entry.transport {
        // Any IP with a port is one of the two that have ports.
        Carrier::Ip if ports => &[Carrier::Tcp, Carrier::Udp],
        Carrier::Icmp | Carrier::Icmpv6 if !entry.client_ports.is_empty() => {
            return Err(Missing::NoPorts);
        }
        carrier if ports && !carrier.has_ports() => return Err(Missing::NoPorts),
        ref carrier => std::slice::from_ref(carrier),
    };
    let all = [Ports::ALL];
    let or_all = |ports: &'_ [Ports]| if ports.is_empty() { all.to_vec() } else { ports.to_vec() };
    let (service, client) = (or_all(&entry.ports), or_all(&entry.client_ports));
    let count = carriers.len().saturating_mul(service.len()).saturating_mul(client.len());
    if count > MAX_RULES {
        return Err(Missing::TooMany);
    }
    let mut shapes = Vec::with_capacity(count);
    for carrier in carriers {
        for service in &service {
            shapes.extend(client.iter().map(|client| (*carrier, *service, *client)));
        }
    }
    Ok(shapes)
}

fn member(known: &Known, bound: &Bound<'_>) -> Member {
    let mut macs = match bound.contract.expected.macs.as_slice() {
        [] => known.macs.clone(),
        expected => expected.to_vec(),
    };
    let mut ips = known.ips.clone();
    macs.sort_unstable();
    macs.dedup();
    ips.sort_unstable();
    ips.dedup();
    Member {
        device: known.id.clone(),
        label: known.label.clone(),
        macs,
        ips,
        link: known.link.clone(),
        stage: bound.stage,
        reach: bound.reach,
    }
}

/// The IP version that a carrier belongs to.
const fn of_carrier(carrier: Carrier) -> Option<IpVersion> {
    match carrier {
        Carrier::Icmp => Some(IpVersion::V4),
        Carrier::Icmpv6 => Some(IpVersion::V6),
        _ => None,
    }
}

/// Times at which a validity may change, of which those behind `at` come with the next day.
fn changes(valid: &Validity, at: Timestamp) -> impl Iterator<Item = Timestamp> {
    let today = at.secs().div_euclid(86_400).saturating_mul(86_400);
    let minutes = valid.windows.iter().flat_map(|window| [window.from, window.to]);
    let daily = minutes.flat_map(move |minute| {
        let time = today.saturating_add(i64::from(minute) * 60);
        [Timestamp::from_secs(time), Timestamp::from_secs(time.saturating_add(86_400))]
    });
    [valid.from, valid.until].into_iter().flatten().chain(daily)
}

/// A place in a list of the policy. Lists that long do not fit into memory.
fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
