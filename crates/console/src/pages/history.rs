//! What happened: timelines, what devices said, and changes that can be taken back.

use axum::extract::Path;
use cordon_model::record::Action;
use maud::html;

use super::findings::finished;
use crate::ask::{Act, Ask};
use crate::frame::{self, Sheet, Tab, csrf};
use crate::parts::{self, device_path, empty, panel};
use crate::reply::{self, Shown};
use crate::text::{Clock, foreign, short};

/// Lines per page.
const PER_PAGE: u32 = 100;

/// `GET /devices/{id}/timeline`.
pub(crate) async fn timeline(Path(id): Path<String>, ask: Ask) -> Shown {
    lines(ask, Some(id)).await
}

/// `GET /timeline`.
pub(crate) async fn everything(ask: Ask) -> Shown {
    lines(ask, None).await
}

async fn lines(ask: Ask, device: Option<String>) -> Shown {
    let cursor = ask.params.some("cursor");
    let page =
        ask.site.timeline(&ask.caller, device.as_deref(), cursor.as_deref(), PER_PAGE).await?;
    let label = match &device {
        Some(id) => Some(ask.site.device(&ask.caller, id).await?.row.label),
        None => None,
    };
    let today = ask.site.today(&ask.caller)?;
    let clock = Clock::at(&today.now);
    let body = html! {
        @if page.items.is_empty() {
            (empty("Nothing happened yet.", &html! { "Arrivals, new names, services and findings are noted here." }))
        } @else {
            (parts::timeline(&page.items, clock, device.is_none()))
        }
        (parts::pager(&ask.params, &page, "events"))
    };
    let sheet = Sheet {
        tab: if device.is_some() { Tab::Devices } else { Tab::None },
        title: if device.is_some() { "Timeline" } else { "Everything that happened" },
        lead: html! {
            @match &label { Some(label) => { "What happened to " (short(label)) "?" }, None => "What happened on the network?" }
        },
        buttons: html! {
            @match &device {
                Some(id) => a.button.main href=(device_path(id)) { "Back to the device" },
                None => a.button.main href="/" { "Back to Today" },
            }
        },
        topics: "devices",
        body: panel("events", "Newest first", &body),
    };
    Ok(reply::page(frame::page(&ask, &today, &sheet)))
}

/// `GET /devices/{id}/facts`.
pub(crate) async fn facts(Path(id): Path<String>, ask: Ask) -> Shown {
    let cursor = ask.params.some("cursor");
    let page = ask.site.facts(&ask.caller, &id, cursor.as_deref(), PER_PAGE).await?;
    let device = ask.site.device(&ask.caller, &id).await?;
    let today = ask.site.today(&ask.caller)?;
    let clock = Clock::at(&today.now);
    let body = html! {
        @if page.items.is_empty() {
            (empty("Nothing kept.", &html! { "It said nothing that tells about itself, or that is past its time: see retention in " a href="/settings" { "Settings" } "." }))
        } @else {
            table.cards {
                caption { "What it said, newest first; secrets are never kept" }
                thead { tr { th scope="col" { "When" } th scope="col" { "Kind" } th scope="col" { "What" } } }
                tbody { @for fact in &page.items { tr {
                    td data-label="When" { (clock.whole(&fact.at)) }
                    td data-label="Kind" { code { (short(&fact.kind)) } }
                    td data-label="What" { (foreign(&fact.says)) }
                } } }
            }
        }
        (parts::pager(&ask.params, &page, "facts"))
    };
    let sheet = Sheet {
        tab: Tab::Devices,
        title: "Raw facts",
        lead: html! { "What did " (short(&device.row.label)) " say of itself?" },
        buttons: html! { a.button.main href=(device_path(&id)) { "Back to the device" } },
        topics: "",
        body: panel("facts", "Facts", &body),
    };
    Ok(reply::page(frame::page(&ask, &today, &sheet)))
}

/// `GET /changes`.
pub(crate) async fn changes(ask: Ask) -> Shown {
    let cursor = ask.params.some("cursor");
    let page = ask.site.changes(&ask.caller, cursor.as_deref(), PER_PAGE).await?;
    let today = ask.site.today(&ask.caller)?;
    let clock = Clock::wall();
    let may = ask.may(Action::ChangeUndo);
    let body = html! {
        @if page.items.is_empty() {
            (empty("Nobody changed anything yet.", &html! { "Names, owners, joins and splits that people make are listed here." }))
        } @else {
            table.cards {
                caption { "Changes by people, newest first" }
                thead { tr { th scope="col" { "What" } th scope="col" { "Who" } th scope="col" { "When" } th scope="col" { "Undo" } } }
                tbody { @for change in &page.items { tr {
                    th scope="row" { (foreign(&change.says)) }
                    td data-label="Who" { (short(&change.by)) }
                    td data-label="When" { (clock.ago(&change.at)) }
                    td data-label="Undo" {
                        @if change.undone { span.soft { "taken back" } }
                        @else if may {
                            form method="post" action=(format!("/changes/{}/undo", change.id)) {
                                (csrf(&ask)) button aria-label=(format!("Take back: {}", crate::text::clip(&change.says, 80))) { "Take back" }
                            }
                        } @else { span.soft { "–" } }
                    }
                } } }
            }
        }
        (parts::pager(&ask.params, &page, "changes"))
    };
    let sheet = Sheet {
        tab: Tab::None,
        title: "Recent changes",
        lead: html! { "What did people change, and can it be taken back?" },
        buttons: html! { a.button.main href="/devices" { "Devices" } },
        topics: "",
        body: panel("changes", "Changes", &body),
    };
    Ok(reply::page(frame::page(&ask, &today, &sheet)))
}

/// `POST /changes/{id}/undo`.
pub(crate) async fn undo(Path(id): Path<u64>, act: Act) -> Shown {
    let done = act.ask.site.undo(&act.ask.caller, id).await;
    let back = match act.fields.some("device") {
        Some(device) => device_path(&device),
        None => "/changes".to_owned(),
    };
    finished(done, &back, "undone")
}
