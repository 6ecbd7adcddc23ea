//! Device: what is it, how do we know, and what does it do?

use axum::extract::Path;
use cordon_model::record::Action;
use cordon_service::Outcome;
use cordon_service::view::{DeviceView, FieldView, PeerView, ServiceView, SpanView};
use maud::{Markup, html};

use super::device_forms;
use super::findings::finished;
use crate::ask::{Act, Ask};
use crate::frame::{self, Sheet, Tab, csrf};
use crate::parts::{self, device_link, device_path, empty, panel};
use crate::reply::{self, Shown, Wrong};
use crate::text::{self, Clock, count, encode, foreign, sentence, short, sure};

/// Peers shown; traffic search has all.
const PEERS_MOST: usize = 30;

/// Lines of the timeline shown.
const EVENTS_MOST: usize = 15;

/// Reasons shown per field; the strongest come first.
const REASONS_MOST: usize = 6;

/// `GET /devices/{id}`.
pub(crate) async fn show(Path(id): Path<String>, ask: Ask) -> Shown {
    let view = ask.site.device(&ask.caller, &id).await?;
    let today = ask.site.today(&ask.caller)?;
    let clock = Clock::at(&today.now);
    let row = &view.row;
    let may_edit = ask.may(Action::DeviceEdit);
    let flows = format!("/traffic?device={}", encode(&row.id));
    let body = html! {
        @if !row.named {
            p.callout { "Still being named: nothing alerts on it until it has a name, a model or a kind. "
                @if may_edit { a href="#edit" { "Name it yourself" } "." } }
        }
        (undo(&ask, &view))
        div.two {
            (panel("identity", "What it is", &identity(&view, clock)))
            div {
                (panel("findings", "Findings", &findings(&view, clock)))
                (panel("timeline", "Timeline", &timeline(&view, clock)))
            }
        }
        (panel("peers", "Whom it speaks with", &peers(&view, &flows)))
        div.two {
            (panel("services", "Services it offers", &services(&view.services, clock)))
            (panel("addresses", "Addresses and names", &spans(&view, clock)))
        }
        (super::mud::mud(&row.id, &view.mud, clock))
        (device_forms::all(&ask, &view))
    };
    let sheet = Sheet {
        tab: Tab::Devices,
        title: &row.label,
        lead: lead(&view, clock),
        buttons: html! {
            @if may_edit { a.button.main href="#edit" { "Edit" } a.button href=(flows) { "Its flows" } }
            @else { a.button.main href=(flows) { "Its flows" } }
            a.button href=(super::contracts::contract_path(&row.id)) { "Its contract" }
            a.button href=(format!("/map?device={}", encode(&row.id))) { "On the map" }
            a.button href=(format!("{}/facts", device_path(&row.id))) { "Raw facts" }
        },
        topics: "devices findings",
        body,
    };
    Ok(reply::page(frame::page(&ask, &today, &sheet)))
}

fn lead(view: &DeviceView, clock: Clock) -> Markup {
    let row = &view.row;
    html! {
        span class=(if row.online { "dot good" } else { "dot idle" }) aria-hidden="true" {}
        @if row.online { "Online" } @else { "Silent" } ", last heard " (clock.ago(&row.last))
        ", first seen " (clock.ago(&row.first)) " · "
        @match &row.kind_title { Some(kind) => (short(&sentence(kind))), None => "unknown kind" }
        " in " a href=(format!("/devices?zone={}", encode(&row.zone))) { (short(&row.zone)) }
        @if row.criticality == "life-safety" { " · " span.tag.strong { "life safety" } }
        @if row.criticality == "process" { " · " span.tag { "process" } }
        @for tag in &row.tags { " " a.tag href=(format!("/devices?tag={}", encode(tag))) { (short(tag)) } }
    }
}

fn undo(ask: &Ask, view: &DeviceView) -> Markup {
    let undo = view.undo.as_ref().filter(|change| !change.undone && ask.may(Action::ChangeUndo));
    html! {
        @if let Some(change) = undo {
            form.callout.undo method="post" action=(format!("/changes/{}/undo", change.id)) {
                (csrf(ask)) input type="hidden" name="device" value=(view.row.id);
                span { "Last change: " (foreign(&change.says)) ", by " (short(&change.by)) " " (Clock::wall().ago(&change.at)) }
                button { "Take it back" }
            }
        }
    }
}

fn identity(view: &DeviceView, clock: Clock) -> Markup {
    html! {
        dl.fields {
            @for field in &view.fields { (identified(field, clock)) }
            @if view.random_mac { div { dt { "Link-layer address" } dd { "randomised: it changes with every network" } } }
            @if view.routes { div { dt { "Role" } dd { "forwards for others" } } }
            @if let Some(parent) = &view.parent { div { dt { "Stands behind" } dd { (device_link(parent)) } } }
            @if !view.children.is_empty() {
                div { dt { "Stands for" } dd { @for (at, child) in view.children.iter().enumerate() { @if at > 0 { ", " } (device_link(child)) } } }
            }
            @if !view.joined.is_empty() {
                div { dt { "Joined from" } dd { @for (at, id) in view.joined.iter().enumerate() { @if at > 0 { ", " } code { (short(id)) } } } }
            }
            div { dt { "Sent since start" } dd { a href=(format!("/traffic?device={}", encode(&view.row.id))) { (count(view.packets)) " packets" } ", " (text::bytes(view.bytes)) } }
        }
    }
}

fn identified(field: &FieldView, clock: Clock) -> Markup {
    html! {
        div {
            dt { (sentence(&field.title)) }
            dd {
                @match &field.value {
                    Some(value) => b { (foreign(value)) },
                    None => span.soft { "unknown" },
                }
                @if let Some(by) = &field.set_by {
                    " " span.tag.set { "set by " (short(by)) } @if let Some(at) = &field.set_at { " " span.soft { (clock.ago(at)) } }
                    @if let Some(seen) = &field.seen { span.sub { "seen: " (foreign(seen)) } }
                } @else if field.value.is_some() && field.confidence > 0.0 {
                    " " span.soft { "(" (sure(field.confidence)) ", " (format!("{:.0}\u{a0}%", field.confidence * 100.0)) ")" }
                }
                @if !field.reasons.is_empty() {
                    ul.reasons { @for (at, reason) in field.reasons.iter().take(REASONS_MOST).enumerate() {
                        li { @if at == 0 { "because " } @else { "and " } (foreign(&reason.says)) " " span.soft { "· " (short(&reason.source)) } }
                    } }
                }
            }
        }
    }
}

fn findings(view: &DeviceView, clock: Clock) -> Markup {
    html! {
        @if view.findings.is_empty() {
            (empty("None in what was seen.", &html! { "What cannot be seen from here is on " a href="/#coverage" { "Today" } "." }))
        } @else {
            (parts::findings(&view.findings, clock, false, "Findings of this device, gravest first"))
        }
    }
}

fn timeline(view: &DeviceView, clock: Clock) -> Markup {
    let shown = view.timeline.get(..EVENTS_MOST).unwrap_or(&view.timeline);
    html! {
        @if shown.is_empty() { (empty("Nothing happened yet.", &html! {})) }
        @else { (parts::timeline(shown, clock, false)) }
        p { a href=(format!("{}/timeline", device_path(&view.row.id))) { "Whole timeline" } }
    }
}

fn peers(view: &DeviceView, flows: &str) -> Markup {
    let more = view.peers.len().saturating_sub(PEERS_MOST);
    html! {
        @if view.peers.is_empty() {
            (empty("With nobody, in what was seen.", &html! { "Only what passes the capture point is seen." }))
        } @else {
            table.cards {
                caption { "Peers, the busiest first; a question mark is a guess from the port" }
                thead { tr { th scope="col" { "Peer" } th scope="col" { "Who opens" } th scope="col" { "Applications" }
                    th.num scope="col" { "Flows" } th.num scope="col" { "Bytes" } } }
                tbody { @for peer in view.peers.iter().take(PEERS_MOST) { (peer_line(peer, flows)) } }
            }
            @if more > 0 { p { a href=(flows) { "All flows" } span.soft { ": " (count(more as u64)) " more peers" } } }
        }
    }
}

fn peer_line(peer: &PeerView, flows: &str) -> Markup {
    let other = peer.id.as_deref().unwrap_or(&peer.label);
    html! { tr {
        th scope="row" {
            @match &peer.id { Some(id) => a href=(device_path(id)) { (short(&peer.label)) }, None => (short(&peer.label)) }
            @if peer.outside { " " span.tag { "Internet" } }
        }
        td data-label="Who opens" { @if peer.direction == "from" { "the peer" } @else { "this device" } }
        td data-label="Applications" { (apps(&peer.apps)) }
        td.num data-label="Flows" { a href=(format!("{flows}&peer={}", encode(other))) { (count(peer.flows)) } }
        td.num data-label="Bytes" { (text::bytes(peer.bytes)) }
    } }
}

/// Applications in words.
pub(super) fn apps(names: &[String]) -> Markup {
    let shown: Vec<String> = names.iter().take(6).map(|name| text::app(name)).collect();
    html! { (short(&shown.join(", "))) @if names.len() > 6 { " +" (names.len() - 6) } @if names.is_empty() { span.soft { "unknown" } } }
}

fn services(services: &[ServiceView], clock: Clock) -> Markup {
    html! {
        @if services.is_empty() {
            (empty("None in what was seen.", &html! { "cordon never asks; it notes what others use." }))
        } @else {
            table.cards {
                caption { "Services now and before" }
                thead { tr { th scope="col" { "Port" } th scope="col" { "Application" } th scope="col" { "Last used" } } }
                tbody { @for service in services { tr class=[service.gone.then_some("gone")] {
                    th.num scope="row" { (service.transport) " " (service.port) @if service.gone { " " span.tag { "gone" } } }
                    td data-label="Application" {
                        @match &service.app { Some(app) => (short(&text::app(app))), None => span.soft { "unknown" } }
                        @if service.app.is_some() { " " span.soft { @if service.seen { "seen" } @else { "guessed" } } }
                    }
                    td data-label="Last used" { (clock.ago(&service.last)) }
                } } }
            }
        }
    }
}

fn spans(view: &DeviceView, clock: Clock) -> Markup {
    let list = |title: &str, spans: &[SpanView]| {
        html! {
            table.cards {
                caption { (title) }
                thead { tr { th scope="col" { (title) } th scope="col" { "First" } th scope="col" { "Last" } } }
                tbody { @for span in spans { tr class=[span.gone.then_some("gone")] {
                    th.num scope="row" { (foreign(&span.value)) @if span.gone { " " span.tag { "gone" } } }
                    td data-label="First" { (clock.ago(&span.first)) }
                    td data-label="Last" { (clock.ago(&span.last)) }
                } } }
            }
        }
    };
    html! {
        @if view.addresses.is_empty() && view.names.is_empty() { (empty("None seen.", &html! {})) }
        @if !view.addresses.is_empty() { (list("Addresses", &view.addresses)) }
        @if !view.names.is_empty() { (list("Names it gave itself", &view.names)) }
    }
}

/// `POST /devices/{id}`.
pub(crate) async fn edit(Path(id): Path<String>, act: Act) -> Shown {
    let edit = device_forms::read(&act.fields);
    let done = act.ask.site.edit_device(&act.ask.caller, &id, &edit).await;
    finished(done.map(|_| ()), &device_path(&id), "saved")
}

/// `POST /devices/{id}/merge`.
pub(crate) async fn merge(Path(id): Path<String>, act: Act) -> Shown {
    let done = act.ask.site.merge_devices(&act.ask.caller, &id, &act.fields.text("other")).await;
    finished(done.map(|_| ()), &device_path(&id), "joined")
}

/// `POST /devices/{id}/split`.
pub(crate) async fn split(Path(id): Path<String>, act: Act) -> Shown {
    let addresses = act.fields.all("address");
    let new = act.ask.site.split_device(&act.ask.caller, &id, &addresses).await;
    let new = new.map_err(|problem| Wrong::from(problem).back(device_path(&id)))?;
    Ok(reply::done(&device_path(&new), "parted"))
}

/// `POST /devices/{id}/forget`.
pub(crate) async fn forget(Path(id): Path<String>, act: Act) -> Shown {
    let reason = act.fields.text("reason");
    let outcome = act.ask.site.forget_device(&act.ask.caller, &id, &reason).await;
    match outcome.map_err(|problem| Wrong::from(problem).back(device_path(&id)))? {
        Outcome::Done => Ok(reply::done("/devices", "forgotten")),
        Outcome::Waits(_) => Ok(reply::done(&waiting(&act.ask, &id), "waits")),
    }
}

/// Where what waits is shown to whoever asked.
fn waiting(ask: &Ask, id: &str) -> String {
    if ask.may(Action::PeopleView) { "/people#approvals".to_owned() } else { device_path(id) }
}
