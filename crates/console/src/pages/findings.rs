//! Findings: the list, and one with its evidence.

use axum::extract::Path;
use axum::response::Response;
use cordon_model::record::Action;
use cordon_service::view::{Acceptance, FindingQuery, FindingView};
use maud::{Markup, html};

use crate::ask::{Act, Ask};
use crate::frame::{self, Sheet, Tab, csrf};
use crate::parts::{self, device_link, device_path, empty, finding_path, panel, severity};
use crate::reply::{self, Shown, Wrong};
use crate::text::{Clock, count, encode, foreign, sentence, short};

/// Findings per page.
const PER_PAGE: u32 = 100;

/// `GET /findings`.
pub(crate) async fn list(ask: Ask) -> Shown {
    let params = &ask.params;
    let query = FindingQuery {
        state: params.some("state"),
        severity: params.some("severity"),
        kind: params.some("kind"),
        device: params.some("device"),
        cursor: params.some("cursor"),
        limit: Some(params.number("limit", "number of lines")?.unwrap_or(PER_PAGE)),
    };
    let page = ask.site.findings(&ask.caller, &query)?;
    let today = ask.site.today(&ask.caller)?;
    let clock = Clock::at(&today.now);
    let body = html! {
        form.filter method="get" action="/findings" role="search" {
            (parts::select("state", "State", "open", &params.text("state"), &pairs(&[("waiting", "waiting for a name"), ("accepted", "risk accepted"), ("closed", "closed"), ("all", "all")])))
            (parts::select("severity", "At least", "any severity", &params.text("severity"), &pairs(&[("critical", "critical"), ("high", "high"), ("medium", "medium"), ("low", "low")])))
            (parts::select("kind", "Kind", "any kind", &params.text("kind"), &kinds()))
            @if let Some(device) = &query.device { input type="hidden" name="device" value=(device); }
            button.main { "Show" }
            @if let Some(device) = &query.device {
                p.soft { "Only those of " a href=(device_path(device)) { (short(device)) } ". " a href=(params.with("device", "")) { "Of all devices" } }
            }
        }
        @if page.items.is_empty() {
            (empty("No such finding.", &html! { "Choose another filter, or see " a href="/findings?state=all" { "all of them" } "." }))
        } @else {
            (parts::findings(&page.items, clock, true, "Findings, gravest first"))
        }
        (parts::pager(params, &page, "findings"))
    };
    let sheet = Sheet {
        tab: Tab::Fix,
        title: "Findings",
        lead: html! { "What was found, on which device, and how do we know?" },
        buttons: html! { a.button href="/fix" { "Fix list" } },
        topics: "findings",
        body: panel("findings", "List", &body),
    };
    Ok(reply::page(frame::page(&ask, &today, &sheet)))
}

fn kinds() -> Vec<(String, String)> {
    let all = cordon_model::FindingKind::ALL.iter();
    all.map(|kind| (kind.name().to_owned(), sentence(kind.title()))).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(value, title)| ((*value).to_owned(), (*title).to_owned())).collect()
}

/// `GET /findings/{id}`.
pub(crate) async fn one(Path(id): Path<String>, ask: Ask) -> Shown {
    let view = ask.site.finding(&ask.caller, &id)?;
    let today = ask.site.today(&ask.caller)?;
    let clock = Clock::at(&today.now);
    let row = &view.row;
    let (may_accept, may_reopen) = (ask.may(Action::FindingAccept), ask.may(Action::FindingReopen));
    let body = html! {
        @if row.state == "waiting" {
            p.callout { "This device has no name yet, so this is no alarm. Give it a name on its page and the finding opens." }
        }
        div.two {
            (panel("why", "Why it matters here", &html! { p { (foreign(&view.why)) } }))
            (panel("fix", "How to mend it", &html! {
                p.mend { (foreign(&view.fix)) }
                p.soft { "It closes by itself when it is no longer seen." }
            }))
        }
        (panel("evidence", "What shows it", &evidence(&view, clock)))
        @if row.state == "accepted" {
            (panel("accept", "The risk is accepted", &accepted(&ask, &view, clock, may_reopen)))
        } @else if may_accept && row.state == "open" {
            (panel("accept", "Accept the risk for a time", &accept_form(&ask, &row.id)))
        }
    };
    let main = html! {
        @match &row.device {
            Some(link) => a.button.main href=(device_path(&link.id)) { "Open the device" },
            None => a.button.main href="/fix" { "Back to the fix list" },
        }
        @if may_accept && row.state == "open" { a.button href="#accept" { "Accept the risk…" } }
    };
    let sheet = Sheet {
        tab: Tab::Fix,
        title: &sentence(&row.title),
        lead: html! {
            (severity(&row.severity)) " "
            @match &row.device { Some(link) => { "on " (device_link(link)) }, None => "in the network" }
            " · " (row.state) " · seen " a href="#evidence" { (count(row.count)) " ×" }
            ", first " (clock.ago(&row.first)) ", last " (clock.ago(&row.last))
        },
        buttons: main,
        topics: "findings",
        body,
    };
    Ok(reply::page(frame::page(&ask, &today, &sheet)))
}

fn evidence(view: &FindingView, clock: Clock) -> Markup {
    html! {
        @if view.evidence.is_empty() {
            (empty("The packets are no longer kept.", &html! { "The times above tell when it was seen." }))
        } @else {
            table.cards {
                caption { "Packets that show it" }
                thead { tr { th scope="col" { "When" } th.num scope="col" { "Packet" } th scope="col" { "What it shows" } } }
                tbody { @for item in &view.evidence { tr {
                    td data-label="When" { @if let Some(at) = &item.at { (clock.whole(at)) } @else { span.soft { "unknown" } } }
                    td.num data-label="Packet" { "#" (item.packet) }
                    td data-label="Shows" { (foreign(&item.detail)) }
                } } }
            }
        }
        @if let Some(link) = &view.row.device {
            p { a href=(format!("/traffic?device={}", encode(&link.id))) { "Flows of this device" } " · "
                a href=(format!("{}/facts", device_path(&link.id))) { "What it said" } }
        }
    }
}

fn accepted(ask: &Ask, view: &FindingView, clock: Clock, may: bool) -> Markup {
    html! {
        p {
            "Accepted by " b { (short(view.accepted_by.as_deref().unwrap_or("somebody"))) }
            @if let Some(until) = &view.accepted_until { ", opens again " (clock.ago(until)) }
            "."
        }
        @if let Some(because) = &view.accepted_because { blockquote { (foreign(because)) } }
        @if may {
            form method="post" action=(format!("{}/reopen", finding_path(&view.row.id))) {
                (csrf(ask)) button { "Open it again now" }
            }
        }
    }
}

fn accept_form(ask: &Ask, id: &str) -> Markup {
    html! {
        form.stack method="post" action=(format!("{}/accept", finding_path(id))) {
            (csrf(ask))
            label.field { span { "Why is it acceptable? Kept with the finding and in the ledger." }
                textarea name="reason" rows="3" required maxlength="2000" {}
            }
            label.field.narrow { span { "Days until it opens again (1 to 365)" }
                input type="number" name="days" min="1" max="365" value="90" required inputmode="numeric";
            }
            p { button { "Accept the risk" } }
        }
    }
}

/// `POST /findings/{id}/accept`.
pub(crate) async fn accept(Path(id): Path<String>, act: Act) -> Shown {
    let back = finding_path(&id);
    let days =
        act.fields.number("days", "number of days").map_err(|p| Wrong::from(p).back(&back))?;
    let acceptance =
        Acceptance { reason: act.fields.text("reason"), days: days.unwrap_or_default() };
    let done = act.ask.site.accept_finding(&act.ask.caller, &id, &acceptance).await;
    finished(done.map(|_| ()), &back, "accepted")
}

/// `POST /findings/{id}/reopen`.
pub(crate) async fn reopen(Path(id): Path<String>, act: Act) -> Shown {
    let done = act.ask.site.reopen_finding(&act.ask.caller, &id).await;
    finished(done.map(|_| ()), &finding_path(&id), "reopened")
}

/// Back to where it was done, with a notice; or the problem with the way back.
pub(super) fn finished(
    done: cordon_service::Answer<()>,
    path: &str,
    notice: &str,
) -> Result<Response, Wrong> {
    done.map_err(|problem| Wrong::from(problem).back(path))?;
    Ok(reply::done(path, notice))
}
