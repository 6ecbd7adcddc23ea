//! Devices in lists: searched, narrowed, sorted, in pages.

use std::collections::BTreeMap;

use cordon_model::Severity;
use cordon_model::record::{Criticality, Record};
use cordon_register::View;

use crate::engine::Engine;
use crate::engine::show::{limit, time};
use crate::engine::world::World;
use crate::view::{DeviceGroups, DeviceQuery, DeviceRow, Group, Page};
use crate::{Answer, Caller, Problem};

/// A device that appeared within this time is new.
pub(in crate::engine) const NEW: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

impl Engine {
    pub(in crate::engine) fn list_devices(
        &self,
        caller: &Caller,
        query: &DeviceQuery,
    ) -> Answer<Page<DeviceRow>> {
        self.may_view(caller)?;
        let limit = limit(query.limit)?;
        let world = self.world.load();
        let wanted = Wanted::new(query)?;
        let mut rows: Vec<DeviceRow> =
            self.rows(&world).into_iter().filter(|row| wanted.has(row, &world)).collect();
        sort(&mut rows, query.sort.as_deref())?;
        let total = rows.len() as u64;
        // A page begins behind the device that ended the one before, wherever that is by now.
        let begin = match query.cursor.as_ref().filter(|cursor| !cursor.is_empty()) {
            None => 0,
            Some(cursor) => rows
                .iter()
                .position(|row| row.id == *cursor)
                .map(|place| place + 1)
                .ok_or_else(crate::engine::show::bad_cursor)?,
        };
        let more = rows.len() > begin + limit;
        let items: Vec<DeviceRow> = rows.into_iter().skip(begin).take(limit).collect();
        let next = items.last().filter(|_| more).map(|row| row.id.clone());
        Ok(Page { items, next, total: Some(total) })
    }

    pub(in crate::engine) fn groups(&self, caller: &Caller) -> Answer<DeviceGroups> {
        self.may_view(caller)?;
        let world = self.world.load();
        let rows = self.rows(&world);
        let kinds = rows.iter().filter_map(|row| row.kind.clone().zip(row.kind_title.clone()));
        let same = |name: &String| (name.clone(), name.clone());
        Ok(DeviceGroups {
            kinds: counted(kinds),
            vendors: counted(rows.iter().filter_map(|row| row.vendor.as_ref().map(same))),
            zones: counted(rows.iter().map(|row| same(&row.zone))),
            tags: counted(rows.iter().flat_map(|row| row.tags.iter().map(same))),
        })
    }

    /// Every device as a row, in no particular order.
    pub(in crate::engine) fn rows(&self, world: &World) -> Vec<DeviceRow> {
        let open = world.open_by_device();
        world
            .register
            .records()
            .map(|record| self.row(world, record, open.get(&record.id).copied()))
            .collect()
    }

    pub(in crate::engine) fn row(
        &self,
        world: &World,
        record: &Record,
        open: Option<(u32, Severity)>,
    ) -> DeviceRow {
        let view = View::of(record);
        let set = [
            view.name.as_ref().is_some_and(|field| field.is_set()),
            view.kind.as_ref().is_some_and(|field| field.is_set()),
            view.vendor.as_ref().is_some_and(|field| field.is_set()),
            view.model.as_ref().is_some_and(|field| field.is_set()),
        ];
        let seen = &record.seen;
        let confidence = match &record.own.kind {
            Some(_) => 1.0,
            None => seen
                .kind
                .as_ref()
                .map(|claim| claim.confidence)
                .or(seen.model.as_ref().map(|claim| claim.confidence))
                .or(seen.vendor.as_ref().map(|claim| claim.confidence))
                .unwrap_or(0.0),
        };
        let own = |set: &Option<cordon_model::record::Set<cordon_model::Text>>| {
            set.as_ref().map(|set| set.value.to_string())
        };
        DeviceRow {
            id: record.id.to_string(),
            label: record.label(),
            kind: record.kind().map(|kind| kind.name().to_owned()),
            kind_title: record.kind().map(|kind| kind.title().to_owned()),
            vendor: view.vendor.map(|field| field.value.to_string()),
            model: view.model.map(|field| field.value.to_string()),
            confidence,
            set_by_person: set.contains(&true),
            named: record.is_named(),
            ips: seen.ips.iter().map(ToString::to_string).collect(),
            macs: seen.macs.iter().map(ToString::to_string).collect(),
            vlans: seen.vlans.clone(),
            zone: zone(record),
            owner: own(&record.own.owner),
            location: own(&record.own.location),
            criticality: criticality(record.criticality()).to_owned(),
            tags: record.own.tags.iter().map(ToString::to_string).collect(),
            first: time(record.first),
            last: time(record.last),
            online: world.is_online(record, self.options.online_within),
            findings: open.map_or(0, |(count, _)| count),
            worst: open.map(|(_, worst)| worst.name().to_owned()),
        }
    }
}

/// The zone that a person gave, or else VLAN and subnet.
pub(in crate::engine) fn zone(record: &Record) -> String {
    if let Some(zone) = &record.own.zone {
        return zone.value.to_string();
    }
    let subnet = record.seen.ips.iter().find_map(|ip| match ip {
        std::net::IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            Some(format!("{a}.{b}.{c}.0/24"))
        }
        std::net::IpAddr::V6(_) => None,
    });
    match (subnet, record.seen.vlans.first()) {
        (Some(subnet), Some(vlan)) => format!("VLAN {vlan}, {subnet}"),
        (Some(subnet), None) => subnet,
        (None, Some(vlan)) => format!("VLAN {vlan}"),
        (None, None) => "no address".to_owned(),
    }
}

/// As policies and the API name it.
pub(in crate::engine) const fn criticality(value: Criticality) -> &'static str {
    match value {
        Criticality::Normal => "normal",
        Criticality::Process => "process",
        Criticality::LifeSafety => "life-safety",
    }
}

/// Which devices, read from a query.
struct Wanted<'a> {
    query: &'a DeviceQuery,
    words: Vec<String>,
    severity: Option<Severity>,
}

impl<'a> Wanted<'a> {
    fn new(query: &'a DeviceQuery) -> Answer<Self> {
        let severity = query.severity.as_deref().map(severity_named).transpose()?;
        if let Some(state) = query.state.as_deref()
            && !matches!(state, "" | "online" | "silent" | "new" | "unnamed")
        {
            return Err(Problem::invalid("state is online, silent, new or unnamed"));
        }
        let words = query.q.as_deref().unwrap_or_default().to_lowercase();
        let words = words.split_whitespace().take(8).map(str::to_owned).collect();
        Ok(Wanted { query, words, severity })
    }

    fn has(&self, row: &DeviceRow, world: &World) -> bool {
        let query = self.query;
        let is = |wanted: &Option<String>, value: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| wanted.is_empty() || value == Some(wanted))
        };
        let tag = query
            .tag
            .as_deref()
            .is_none_or(|tag| tag.is_empty() || row.tags.iter().any(|own| own == tag));
        let severity = self.severity.is_none_or(|least| {
            row.worst.as_deref().and_then(|name| severity_named(name).ok()) >= Some(least)
        });
        is(&query.kind, row.kind.as_deref())
            && is(&query.vendor, row.vendor.as_deref())
            && is(&query.zone, Some(&row.zone))
            && tag
            && severity
            && self.is_in_state(row, world)
            && (self.words.is_empty() || {
                let text = text_of(row);
                self.words.iter().all(|word| text.contains(word.as_str()))
            })
    }

    fn is_in_state(&self, row: &DeviceRow, world: &World) -> bool {
        match self.query.state.as_deref() {
            Some("online") => row.online,
            Some("silent") => !row.online,
            Some("unnamed") => !row.named,
            Some("new") => crate::engine::show::parse_time(&row.first)
                .is_some_and(|first| world.now.since(first) <= NEW),
            _ => true,
        }
    }
}

fn text_of(row: &DeviceRow) -> String {
    let parts = [Some(row.label.as_str()), row.kind_title.as_deref(), row.vendor.as_deref()];
    let more = [row.model.as_deref(), row.owner.as_deref(), row.location.as_deref()];
    let lists = [&row.ips, &row.macs, &row.tags];
    let mut text: Vec<&str> = parts.into_iter().chain(more).flatten().collect();
    text.push(&row.id);
    text.extend(lists.into_iter().flatten().map(String::as_str));
    text.join("\n").to_lowercase()
}

/// The severity of a name.
pub(in crate::engine) fn severity_named(name: &str) -> Answer<Severity> {
    Severity::ALL
        .into_iter()
        .find(|severity| severity.name() == name)
        .ok_or_else(|| Problem::invalid("severity is info, low, medium, high or critical"))
}

fn sort(rows: &mut [DeviceRow], by: Option<&str>) -> Answer<()> {
    // Names before bare addresses, letters in whatever case; the id makes the order certain.
    let label = |row: &DeviceRow| (!row.named, row.label.to_lowercase(), row.id.clone());
    let rank = |row: &DeviceRow| row.worst.as_deref().and_then(|name| severity_named(name).ok());
    match by.unwrap_or("label") {
        "" | "label" => rows.sort_by_cached_key(label),
        "kind" => {
            rows.sort_by_cached_key(|row| (row.kind.is_none(), row.kind_title.clone(), label(row)));
        }
        "vendor" => {
            rows.sort_by_cached_key(|row| (row.vendor.is_none(), row.vendor.clone(), label(row)));
        }
        "zone" => rows.sort_by_cached_key(|row| (row.zone.clone(), label(row))),
        "last" => {
            rows.sort_by_cached_key(|row| (std::cmp::Reverse(row.last.clone()), label(row)));
        }
        "first" => {
            rows.sort_by_cached_key(|row| (std::cmp::Reverse(row.first.clone()), label(row)));
        }
        "findings" => {
            rows.sort_by_cached_key(|row| {
                (std::cmp::Reverse((rank(row), row.findings)), label(row))
            });
        }
        _ => {
            let detail = "sort is label, kind, vendor, zone, last, first or findings";
            return Err(Problem::invalid(detail));
        }
    }
    Ok(())
}

fn counted(values: impl Iterator<Item = (String, String)>) -> Vec<Group> {
    let mut counts: BTreeMap<(String, String), u64> = BTreeMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    let mut groups: Vec<Group> =
        counts.into_iter().map(|((name, title), count)| Group { name, title, count }).collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.count));
    groups
}
