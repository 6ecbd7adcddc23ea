//! Ledger: what was done, by whom, and is the record whole?

use cordon_model::record::Action;
use cordon_service::view::{LedgerHead, LedgerRow};
use maud::{Markup, html};

use crate::ask::{Act, Ask};
use crate::frame::{self, Sheet, Tab, csrf};
use crate::parts::{self, empty, panel, verdict};
use crate::reply::{self, Shown, Wrong};
use crate::text::{Clock, clip, count, foreign, sentence, short};

/// Records per page.
const PER_PAGE: u32 = 100;

/// Particulars shown of one record; the export has all.
const PARTICULARS: usize = 12;

/// `GET /ledger`.
pub(crate) async fn show(ask: Ask) -> Shown {
    let head = ask.site.ledger_head(&ask.caller, false).await?;
    view(ask, head).await
}

/// `POST /ledger/verify`: reads the whole log, which is why it is no plain link.
pub(crate) async fn verify(act: Act) -> Shown {
    let head = act.ask.site.ledger_head(&act.ask.caller, true).await;
    head.map_err(|problem| Wrong::from(problem).back("/ledger"))?;
    Ok(reply::done("/ledger", "verified"))
}

async fn view(ask: Ask, head: LedgerHead) -> Shown {
    let cursor = ask.params.some("cursor");
    let page = ask.site.ledger(&ask.caller, cursor.as_deref(), PER_PAGE).await?;
    let today = ask.site.today(&ask.caller)?;
    let clock = Clock::wall();
    let records = html! {
        @if page.items.is_empty() { (empty("No records yet.", &html! { "Every sign-in, change, approval and export is noted here." })) }
        @else { (table(&page.items, clock)) }
        (parts::pager(&ask.params, &page, "records"))
    };
    let body = html! {
        (panel("head", "Is it whole?", &state(&ask, &head, clock)))
        (panel("records", "Records, newest first", &records))
    };
    let sheet = Sheet {
        tab: Tab::Ledger,
        title: "Ledger",
        lead: html! { "What was done, by whom, and is the record whole?" },
        buttons: html! {
            form method="post" action="/ledger/verify" { (csrf(&ask)) button.main { "Verify now" } }
        },
        topics: "ledger",
        body,
    };
    Ok(reply::page(frame::page(&ask, &today, &sheet)))
}

fn state(ask: &Ask, head: &LedgerHead, clock: Clock) -> Markup {
    let judged = match (head.good, &head.verified) {
        (_, None) => "unknown",
        (true, _) => "good",
        (false, _) => "bad",
    };
    html! {
        p { (verdict(judged)) " " (foreign(&sentence(&head.says))) }
        dl.fields {
            div { dt { "Records" } dd { a href="#records" { (count(head.size)) } } }
            div { dt { "Last verified" } dd { (clock.maybe(head.verified.as_deref())) } }
        }
        p { "Keep a checkpoint somewhere else: with it, " code { "cordon ledger verify" } " finds even records that were cut off at the end." }
        details { summary { "Checkpoint and key" }
            pre tabindex="0" aria-label="Signed checkpoint" { @for line in head.checkpoint.lines().take(40) { (clip(line, 200)) "\n" } }
            p.soft { "Public key: " code.wrap { (foreign(&head.public_key)) } }
        }
        div.row {
            a.button href="/ledger/checkpoint" { "Download the checkpoint" }
            @if ask.may(Action::LedgerExport) {
                form method="post" action="/ledger/export" { (csrf(ask)) button { "Export the whole ledger" } }
            }
        }
    }
}

fn table(rows: &[LedgerRow], clock: Clock) -> Markup {
    let any = rows.iter().any(|row| !row.detail.is_empty());
    html! {
        table.cards.records {
            caption.sr { "Records" }
            thead { tr { th.num scope="col" { "No." } th scope="col" { "When" } th scope="col" { "Who did what" }
                @if any { th scope="col" { "Particulars" } } } }
            tbody { @for row in rows { tr id=(format!("r{}", row.index)) {
                td.num data-label="No." { (count(row.index)) span.sub title=(clip(&row.hash, 80)) { code { (clip(&row.hash, 9)) } } }
                td data-label="When" { (clock.ago(&row.at)) }
                th scope="row" {
                    b { (short(&row.actor_label)) } " " (short(&row.action_title))
                    (about(row))
                }
                @if any { td data-label="Particulars" { (particulars(row, clock)) } }
            } } }
        }
    }
}

/// What it was done to: the name, and as evidence the id that the record holds.
fn about(row: &LedgerRow) -> Markup {
    html! {
        @if !row.subject.is_empty() && !row.is_about_its_actor() {
            span.sub {
                @if row.subject_label != row.subject { (short(&row.subject_label)) " · " }
                code { (short(&row.subject)) }
            }
        }
    }
}

fn is_time(value: &str) -> bool {
    value.parse::<jiff::Timestamp>().is_ok()
}

fn particulars(row: &LedgerRow, clock: Clock) -> Markup {
    html! {
        @for (at, (name, value)) in row.detail.iter().take(PARTICULARS).enumerate() {
            @if at > 0 { ", " } span.soft { (short(&name.replace('_', " "))) ": " }
            // An end in a year is told as one; the record has it to the nanosecond.
            @if is_time(value) { (clock.ago(value)) } @else { (short(value)) }
        }
    }
}

/// `GET /ledger/checkpoint`.
pub(crate) async fn checkpoint(ask: Ask) -> Shown {
    let head = ask.site.ledger_head(&ask.caller, false).await?;
    let name = format!("cordon-checkpoint-{}.txt", head.size);
    Ok(reply::file(&name, "text/plain; charset=utf-8", head.checkpoint.into_bytes()))
}

/// `POST /ledger/export`.
pub(crate) async fn export(act: Act) -> Shown {
    let content = act.ask.site.export_ledger(&act.ask.caller).await;
    let content = content.map_err(|problem| Wrong::from(problem).back("/ledger"))?;
    Ok(reply::file("cordon-ledger.bin", "application/octet-stream", content))
}
