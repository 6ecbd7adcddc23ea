//! Who may talk to whom, by zones.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use cordon_contract::{MemberNo, Opens, Stage, Where};
use cordon_model::DeviceId;

use super::site::site;
use crate::engine::Engine;
use crate::view::{ZoneCell, ZoneHead, ZonesView};
use crate::{Answer, Caller};

/// Where devices without a zone are, and what is beyond the site.
const NO_ZONE: &str = "no zone";
const INTERNET: &str = "Internet";
/// Lines that a cell shows.
const LINES: usize = 6;

impl Engine {
    pub(in crate::engine) fn show_zones(&self, caller: &Caller) -> Answer<ZonesView> {
        self.may_view(caller)?;
        let (world, book) = (self.world.load(), self.book());
        let resolved = self.resolved(&book);
        let policy = &resolved.policy;
        let known = site(&world.register, &self.options.enforce);
        let zone_of: HashMap<&DeviceId, String> = known
            .devices
            .iter()
            .map(|device| {
                let zone = device.zone.as_ref().map_or(NO_ZONE, |zone| zone.as_str());
                (&device.id, zone.to_owned())
            })
            .collect();
        let names: BTreeSet<&String> = zone_of.values().collect();
        let place: BTreeMap<&str, usize> =
            names.iter().enumerate().map(|(place, name)| (name.as_str(), place)).collect();
        let mut zones: Vec<ZoneHead> = names
            .iter()
            .map(|name| ZoneHead { name: (*name).clone(), devices: 0, enforced: 0 })
            .collect();
        let stage: HashMap<&DeviceId, (Stage, MemberNo)> = (0..)
            .map(MemberNo)
            .zip(&policy.members)
            .map(|(no, member)| (&member.device, (member.stage, no)))
            .collect();
        for device in &known.devices {
            let zone = zone_of.get(&device.id).and_then(|zone| place.get(zone.as_str()));
            if let Some(zone) = zone.and_then(|place| zones.get_mut(*place)) {
                zone.devices += 1;
                let enforced = stage.get(&device.id).is_some_and(|(s, _)| *s == Stage::Enforce);
                zone.enforced += u32::from(enforced);
            }
        }
        let by_ip: HashMap<std::net::IpAddr, &DeviceId> = known
            .devices
            .iter()
            .flat_map(|device| device.ips.iter().map(move |ip| (*ip, &device.id)))
            .collect();
        let columns = zones.len() + 1;
        let mut cells = vec![vec![ZoneCell::default(); columns]; zones.len()];
        let free = |zone: &ZoneHead| zone.enforced < zone.devices;
        let mut pairs: BTreeMap<(usize, usize), BTreeSet<(String, String)>> = BTreeMap::new();
        for member in &policy.members {
            let Some((Stage::Enforce, no)) = stage.get(&member.device).copied() else { continue };
            let Some(own) = zone_of.get(&member.device).and_then(|zone| place.get(zone.as_str()))
            else {
                continue;
            };
            for rule in policy.rules_of(no) {
                let (there, peer) = match rule.at {
                    Where::Name(name) => {
                        let name = policy.names.get(name.0 as usize);
                        (columns - 1, name.map_or_else(String::new, ToString::to_string))
                    }
                    Where::Net(net) => match by_ip.get(&net.addr()) {
                        Some(id) if net.prefix_len() == net.max_prefix_len() => {
                            let zone = zone_of.get(*id).and_then(|zone| place.get(zone.as_str()));
                            let label = known.devices.iter().find(|device| device.id == **id);
                            let label = label.map_or_else(String::new, |one| one.label.to_string());
                            (zone.copied().unwrap_or(columns - 1), label)
                        }
                        _ if net.addr().is_multicast() => continue,
                        _ => (columns - 1, net.to_string()),
                    },
                };
                let key = match rule.opens {
                    Opens::Device => (*own, there),
                    // What others open is theirs: beyond the site nobody has a row.
                    Opens::Peer if there < columns - 1 => (there, *own),
                    Opens::Peer => continue,
                };
                let label = member.label.to_string();
                let pair = match rule.opens {
                    Opens::Device => (label, peer),
                    Opens::Peer => (peer, label),
                };
                pairs.entry(key).or_default().insert(pair);
            }
        }
        for (row, cells) in cells.iter_mut().enumerate() {
            for (column, cell) in cells.iter_mut().enumerate() {
                let here = zones.get(row).is_some_and(free);
                let there = zones.get(column).is_none_or(free);
                let listed = pairs.get(&(row, column));
                cell.pairs = listed.map_or(0, |pairs| pairs.len() as u64);
                // Where a device at each end is not enforced, those two may say anything.
                cell.allows = match (here && there, cell.pairs) {
                    (true, _) => "anything",
                    (false, 0) => "nothing",
                    (false, _) => "some",
                }
                .to_owned();
                cell.says = listed
                    .into_iter()
                    .flatten()
                    .take(LINES)
                    .map(|(from, to)| format!("{from} → {to}"))
                    .collect();
            }
        }
        zones.push(ZoneHead { name: INTERNET.to_owned(), devices: 0, enforced: 0 });
        Ok(ZonesView { zones, cells })
    }
}
