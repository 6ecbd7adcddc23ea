//! One device, whole.

use std::net::IpAddr;

use cordon_history::{FactQuery, History as _};
use cordon_model::record::{Address, Record, Set, Span};
use cordon_model::{Attribute, DeviceId, Mac, Text};
use cordon_register::{Effective, Origin, View};
use cordon_store::{Before, EventFilter};

use super::list::{criticality, zone};
use crate::engine::flows::spans;
use crate::engine::folk::Folk;
use crate::engine::show::{bad_cursor, number, time};
use crate::engine::world::World;
use crate::engine::{Engine, broken};
use crate::view::{
    ChangeView, DeviceView, EventView, FactView, FieldView, Link, Page, PeerView, ReasonView,
    ServiceView, SpanView,
};
use crate::{Answer, Caller, Problem, ProblemKind};

/// Lines of the timeline that come with the device.
const TIMELINE: usize = 30;
/// Peers that come with the device.
const PEERS: usize = 100;
/// Reasons told per field.
const REASONS: usize = 8;

impl Engine {
    pub(in crate::engine) async fn show_device(
        &self,
        caller: &Caller,
        id: &str,
    ) -> Answer<DeviceView> {
        self.may_view(caller)?;
        let world = self.world.load_full();
        let record = find(&world, id)?.clone();
        let wanted = EventFilter { devices: with_joined(&record), ..EventFilter::default() };
        let page = Before { before: None, limit: TIMELINE };
        let events = self.state.events(&wanted, page).await.map_err(broken)?;
        let open = world.open_by_device().get(&record.id).copied();
        let row = self.row(&world, &record, open);
        let findings = self.findings_of(&world, &record.id);
        let folk = self.folk();
        let timeline = events.rows.iter().map(|event| event_view(&world, &folk, &event.row));
        let undo = world
            .register
            .changes()
            .iter()
            .rev()
            .find(|change| !change.undone && change.after.contains(&record.id));
        let seen = &record.seen;
        Ok(DeviceView {
            fields: fields(&record, &folk),
            addresses: newest_first(&record.addresses, |address| match address {
                Address::Mac(mac) => mac.to_string(),
                Address::Ip(ip) => ip.to_string(),
            }),
            names: newest_first(&record.names, ToString::to_string),
            services: services(&record),
            peers: peers(&world, &record.id),
            findings,
            timeline: timeline.collect(),
            parent: seen.parent.as_ref().and_then(|id| link(&world, id)),
            children: world
                .register
                .records()
                .filter(|other| other.seen.parent.as_ref() == Some(&record.id))
                .map(|other| Link { id: other.id.to_string(), label: other.label() })
                .collect(),
            random_mac: seen.random_mac,
            routes: seen.routes,
            packets: seen.packets,
            bytes: seen.bytes,
            joined: record.joined.iter().map(ToString::to_string).collect(),
            mud: {
                let book = self.book();
                let standing = book.standing(&record.id);
                super::mud::mud_urls(&record, standing.and_then(|held| held.contract()))
            },
            undo: undo.map(|change| change_view(&folk, change)),
            row,
        })
    }

    pub(in crate::engine) async fn show_timeline(
        &self,
        caller: &Caller,
        device: Option<&str>,
        cursor: Option<&str>,
        limit: u32,
    ) -> Answer<Page<EventView>> {
        self.may_view(caller)?;
        let limit = crate::engine::show::limit(Some(limit))?;
        let world = self.world.load_full();
        let devices = device.map(|id| find(&world, id).map(with_joined)).transpose()?;
        let wanted = EventFilter { devices: devices.unwrap_or_default(), ..EventFilter::default() };
        let page = Before { before: number(cursor)?, limit };
        let events = self.state.events(&wanted, page).await.map_err(broken)?;
        let folk = self.folk();
        let items = events.rows.iter().map(|event| event_view(&world, &folk, &event.row)).collect();
        Ok(Page { items, next: events.next.map(|next| next.to_string()), total: None })
    }

    pub(in crate::engine) async fn show_facts(
        &self,
        caller: &Caller,
        device: &str,
        cursor: Option<&str>,
        limit: u32,
    ) -> Answer<Page<FactView>> {
        self.may_view(caller)?;
        let limit = crate::engine::show::limit(Some(limit))?;
        let world = self.world.load_full();
        let record = find(&world, device)?;
        let query = FactQuery {
            site: Some(self.options.history_site.clone()),
            device: spans(&world, &record.id),
            cursor: cursor.map(str::parse).transpose().map_err(|_| bad_cursor())?,
            limit,
            ..FactQuery::default()
        };
        if query.device.is_empty() {
            return Ok(Page::default());
        }
        let history = std::sync::Arc::clone(&self.history);
        let page = tokio::task::spawn_blocking(move || history.facts(&query))
            .await
            .map_err(|_| Problem::new(ProblemKind::Broken, "the history could not be searched"))?
            .map_err(|error| Problem::new(ProblemKind::Broken, error.to_string()))?;
        let items = page
            .rows
            .iter()
            .map(|row| FactView {
                at: time(row.at),
                kind: row.kind.to_string(),
                says: row.value.to_string(),
            })
            .collect();
        Ok(Page { items, next: page.next.map(|next| next.to_string()), total: None })
    }
}

/// The device of an id, or the only one with that label or address.
pub(in crate::engine) fn find<'a>(world: &'a World, id: &str) -> Answer<&'a Record> {
    if let Some(record) = world.register.get(&DeviceId(id.into())) {
        return Ok(record);
    }
    let (ip, mac) = (id.parse::<IpAddr>().ok(), id.parse::<Mac>().ok());
    let wanted = id.to_lowercase();
    let is = |record: &&Record| {
        ip.is_some_and(|ip| record.seen.ips.contains(&ip))
            || mac.is_some_and(|mac| record.seen.macs.contains(&mac))
            || record.label().to_lowercase() == wanted
    };
    let mut found: Vec<&Record> = world.register.records().filter(is).collect();
    match found.len() {
        1 => found.pop().ok_or_else(|| Problem::not_found("such device")),
        0 => {
            let short: String = id.chars().take(80).collect();
            Err(Problem::not_found(format!(
                "device {short:?}; search the list for a part of its name"
            )))
        }
        many => {
            found.sort_by(|a, b| a.id.cmp(&b.id));
            let ids: Vec<String> = found.iter().take(5).map(|one| one.id.to_string()).collect();
            let detail = format!("{many} devices are called that; use an id: {}", ids.join(", "));
            Err(Problem::new(ProblemKind::Conflict, detail))
        }
    }
}

/// A device's link, if there is such a device.
pub(in crate::engine) fn link(world: &World, id: &DeviceId) -> Option<Link> {
    let record = world.register.get(id)?;
    Some(Link { id: record.id.to_string(), label: record.label() })
}

/// A change as surfaces show it.
pub(in crate::engine) fn change_view(
    folk: &Folk,
    change: &cordon_model::record::Change,
) -> ChangeView {
    ChangeView {
        id: change.id,
        at: time(change.at),
        by: folk.label(&change.by),
        says: change.says.to_string(),
        undone: change.undone,
    }
}

fn with_joined(record: &Record) -> Vec<DeviceId> {
    std::iter::once(&record.id).chain(&record.joined).cloned().collect()
}

fn event_view(world: &World, folk: &Folk, event: &cordon_model::record::Event) -> EventView {
    let device = link(world, &event.device)
        .unwrap_or_else(|| Link { id: event.device.to_string(), label: event.device.to_string() });
    let kind = serde_json::to_value(event.kind).ok();
    EventView {
        at: time(event.at),
        device,
        kind: kind.and_then(|kind| kind.as_str().map(str::to_owned)).unwrap_or_default(),
        says: event.says.to_string(),
        actor: event.actor.as_ref().map(|actor| folk.label(actor)),
    }
}

fn fields(record: &Record, folk: &Folk) -> Vec<FieldView> {
    let view = View::of(record);
    let evidence = |attribute: Attribute| -> Vec<ReasonView> {
        record
            .evidence
            .iter()
            .filter(|(of, _)| *of == attribute)
            .map(|(_, reason)| ReasonView {
                says: reason.says.to_string(),
                source: reason.source.to_string(),
            })
            .collect()
    };
    let kind = view.kind.as_ref();
    let kinds =
        kind.map(|field| field_view("kind", "Type", field, folk, |kind| kind.title().to_owned()));
    let text = |name, title, field: Option<&Effective<'_, Text>>| {
        field.map(|field| field_view(name, title, field, folk, ToString::to_string))
    };
    let seen = [
        (Attribute::Name, "name", "Name", text("name", "Name", view.name.as_ref())),
        (Attribute::Type, "kind", "Type", kinds),
        (Attribute::Vendor, "vendor", "Maker", text("vendor", "Maker", view.vendor.as_ref())),
        (Attribute::Model, "model", "Model", text("model", "Model", view.model.as_ref())),
        (
            Attribute::Firmware,
            "firmware",
            "Firmware",
            text("firmware", "Firmware", view.firmware.as_ref()),
        ),
        (Attribute::Os, "os", "Operating system", text("os", "Operating system", view.os.as_ref())),
    ];
    let seen = seen.into_iter().map(|(attribute, field, title, known)| {
        let mut known = known.unwrap_or_else(|| FieldView {
            field: field.to_owned(),
            title: title.to_owned(),
            ..FieldView::default()
        });
        for reason in evidence(attribute) {
            if !known.reasons.contains(&reason) {
                known.reasons.push(reason);
            }
        }
        known.reasons.truncate(REASONS);
        known
    });
    let own = &record.own;
    let said = |field: &str, title: &str, set: Option<&Set<Text>>| FieldView {
        field: field.to_owned(),
        title: title.to_owned(),
        value: set.map(|set| set.value.to_string()),
        confidence: if set.is_some() { 1.0 } else { 0.0 },
        set_by: set.map(|set| folk.label(&set.by)),
        set_at: set.map(|set| time(set.at)),
        ..FieldView::default()
    };
    let mut zones = said("zone", "Zone", own.zone.as_ref());
    if zones.value.is_none() {
        zones.value = Some(zone(record));
    }
    let depends = FieldView {
        value: Some(criticality(record.criticality()).to_owned()),
        set_by: own.criticality.as_ref().map(|set| folk.label(&set.by)),
        set_at: own.criticality.as_ref().map(|set| time(set.at)),
        ..said("criticality", "How much depends on it", None)
    };
    seen.chain([
        said("owner", "Owner", own.owner.as_ref()),
        said("location", "Location", own.location.as_ref()),
        zones,
        depends,
        said("notes", "Notes", own.notes.as_ref()),
    ])
    .collect()
}

fn field_view<T>(
    field: &str,
    title: &str,
    effective: &Effective<'_, T>,
    folk: &Folk,
    show: impl Fn(&T) -> String,
) -> FieldView {
    let mut view = FieldView {
        field: field.to_owned(),
        title: title.to_owned(),
        value: Some(show(effective.value)),
        seen: effective.instead_of.map(&show),
        ..FieldView::default()
    };
    match &effective.origin {
        Origin::Set { by, at } => {
            view.confidence = 1.0;
            view.set_by = Some(folk.label(by));
            view.set_at = Some(time(*at));
        }
        Origin::Seen { confidence, reasons } => {
            view.confidence = *confidence;
            view.reasons = reasons
                .iter()
                .map(|reason| ReasonView {
                    says: reason.says.to_string(),
                    source: reason.source.to_string(),
                })
                .collect();
        }
    }
    view
}

fn newest_first<T>(spans: &[Span<T>], show: impl Fn(&T) -> String) -> Vec<SpanView> {
    let mut spans: Vec<&Span<T>> = spans.iter().collect();
    spans.sort_by_key(|span| (span.gone, std::cmp::Reverse(span.last)));
    spans
        .into_iter()
        .map(|span| SpanView {
            value: show(&span.value),
            first: time(span.first),
            last: time(span.last),
            gone: span.gone,
        })
        .collect()
}

fn services(record: &Record) -> Vec<ServiceView> {
    let mut services: Vec<ServiceView> = record
        .services
        .iter()
        .map(|span| ServiceView {
            transport: cordon_history::transport_name(span.value.transport),
            port: span.value.port,
            app: span.value.app.map(|app| app.name().to_owned()),
            seen: span.value.basis == cordon_model::Basis::Payload,
            first: time(span.first),
            last: time(span.last),
            gone: span.gone,
        })
        .collect();
    services.sort_by_key(|service| (service.gone, service.port, service.transport.clone()));
    services
}

fn peers(world: &World, id: &DeviceId) -> Vec<PeerView> {
    let Some(latest) = &world.latest else { return Vec::new() };
    let own = id.0.as_str();
    let talks = latest.talks.iter().filter(|talk| talk.from == own || talk.to == own);
    talks
        .take(PEERS)
        .map(|talk| {
            let (other, direction) =
                if talk.from == own { (&talk.to, "to") } else { (&talk.from, "from") };
            let known = link(world, &DeviceId(other.as_str().into()));
            PeerView {
                label: known.as_ref().map_or_else(|| other.clone(), |link| link.label.clone()),
                id: known.map(|link| link.id),
                outside: talk.outside,
                direction: direction.to_owned(),
                apps: crate::engine::map::apps(talk),
                flows: talk.flows,
                packets: talk.packets,
                bytes: talk.bytes,
            }
        })
        .collect()
}
