//! Health: is the service itself well?

use cordon_service::view::{HealthView, RetentionView, SourceView};
use maud::{Markup, html};

use crate::ask::Ask;
use crate::frame::{self, Sheet, Tab};
use crate::parts::{empty, panel, verdict};
use crate::reply::{self, Shown};
use crate::text::{self, Clock, count, foreign, sentence, short, told};

/// `GET /health`.
pub(crate) async fn show(ask: Ask) -> Shown {
    let health = ask.site.health(&ask.caller)?;
    let today = ask.site.today(&ask.caller)?;
    let (wall, site) = (Clock::wall(), Clock::at(&today.now));
    let body = html! {
        (panel("checks", "Checks, worst first", &checks(&health)))
        (panel("sources", "Where packets come from", &sources(&health.sources, site)))
        (panel("numbers", "Numbers", &numbers(&health, wall)))
        (panel("retention", "What is kept, and how long", &retention(&health.retention, site)))
    };
    let lead = match health.verdict.as_str() {
        "good" => "All is well.",
        "warning" => "It works; something wants your attention.",
        "bad" => "Something is broken; the first check says what to do.",
        _ => "Is the service itself well?",
    };
    let sheet = Sheet {
        tab: Tab::Health,
        title: "Health",
        lead: html! { (verdict(&health.verdict)) " " (lead) },
        buttons: html! { a.button.main href="/health" { "Check again" } },
        topics: "health",
        body,
    };
    Ok(reply::page(frame::page(&ask, &today, &sheet)))
}

fn checks(health: &HealthView) -> Markup {
    html! {
        @if health.checks.is_empty() { (empty("Nothing was checked yet.", &html! { "Load the page again in a minute." })) }
        ul.checks { @for check in &health.checks {
            li { (verdict(&check.verdict)) div {
                b { (foreign(&sentence(&check.name))) } ": " (told(&check.says))
                @if let Some(fix) = &check.fix { p.mend { b { "Do this: " } (told(fix)) } }
            } }
        } }
    }
}

fn sources(sources: &[SourceView], clock: Clock) -> Markup {
    html! {
        @if sources.is_empty() {
            (empty("No source is set.", &html! { "Name an interface: " code { "cordon run --interface eth0" } ", or see " a href="/settings" { "Settings" } "." }))
        } @else {
            table.cards {
                caption { "Interfaces and files" }
                thead { tr { th scope="col" { "Source" } th scope="col" { "State" } th.num scope="col" { "Packets" }
                    th.num scope="col" { "Lost in kernel" } th.num scope="col" { "Lost in queue" } th scope="col" { "Latest" } } }
                tbody { @for source in sources {
                    @let judged = match source.state.as_str() { "running" => "good", "ended" => "info", "gone" => "warning", _ => "bad" };
                    tr {
                        th scope="row" { (foreign(&source.name)) }
                        td data-label="State" { (verdict_of(judged, &source.state)) @if let Some(says) = &source.says { span.sub { (foreign(says)) } } }
                        td.num data-label="Packets" { (count(source.packets)) }
                        td.num data-label="Lost in kernel" { (count(source.dropped_by_kernel)) }
                        td.num data-label="Lost in queue" { (count(source.dropped_by_queue)) }
                        td data-label="Latest" { (clock.maybe(source.last.as_deref())) }
                    }
                } }
            }
        }
        p.soft { "cordon only listens. Packets sent into the networks it watches: " b { "see the line at the top" } "." }
    }
}

fn verdict_of(judged: &str, says: &str) -> Markup {
    let (class, sign) = match judged {
        "good" => ("good", "✓"),
        "warning" => ("medium", "!"),
        "bad" => ("critical", "✕"),
        _ => ("info", "■"),
    };
    html! { span class=(format!("sev {class}")) { i aria-hidden="true" { (sign) } (short(says)) } }
}

fn numbers(health: &HealthView, clock: Clock) -> Markup {
    let queue = health.queue_depth as f64 * 100.0 / health.queue_bound.max(1) as f64;
    html! {
        dl.fields.wide {
            div { dt { "Version" } dd { (short(&health.version)) ", running since " (clock.ago(&health.started)) } }
            div { dt { "Packets per second" } dd { b data-number="packets-per-second" { (count(health.packets_per_second)) } } }
            div { dt { "Queue" } dd { span data-number="queue-depth" { (count(health.queue_depth)) } " of " (count(health.queue_bound)) " batches"
                progress max="100" value=(format!("{queue:.1}")) aria-label="Queue" {} } }
            div { dt { "Memory" } dd { (text::bytes(health.memory_bytes)) } }
            div { dt { "Data on disk" } dd { a href="#retention" { (text::bytes(health.data_bytes)) } ", " (text::bytes(health.free_bytes)) " free" } }
            div { dt { "Flows safe on disk" } dd { a href="/traffic" { (count(health.flows_kept)) } ", " (count(health.flows_waiting)) " waiting, " (count(health.flows_lost)) " lost" } }
            div { dt { "Look at all devices" } dd { (count(health.conclude_ms)) " ms" } }
            @if let Some(expires) = &health.certificate_expires { div { dt { "Certificate ends" } dd { (clock.ago(expires)) } } }
            @if let Some(print) = &health.certificate_fingerprint { div { dt { "Certificate (SHA-256)" } dd { code.wrap { (foreign(print)) } } } }
        }
    }
}

/// What is kept how long; also on the settings page.
pub(super) fn retention(classes: &[RetentionView], clock: Clock) -> Markup {
    html! {
        table.cards {
            caption { "Classes of data" }
            thead { tr { th scope="col" { "What" } th scope="col" { "Kept" } th scope="col" { "Oldest" } th.num scope="col" { "How much" } th scope="col" { "Why" } } }
            tbody { @for class in classes { tr {
                th scope="row" { (short(&sentence(&class.title))) }
                td data-label="Kept" { (short(&class.keep)) }
                td data-label="Oldest" { @if let Some(oldest) = &class.oldest { (clock.ago(oldest)) } @else { span.soft { "–" } } }
                td.num data-label="How much" {
                    @if let Some(items) = class.items { (count(items)) " items" }
                    @if let Some(bytes) = class.bytes { span.sub { (text::bytes(bytes)) } }
                    @if class.items.is_none() && class.bytes.is_none() { span.soft { "–" } }
                }
                td data-label="Why" { (foreign(&class.why)) }
            } } }
        }
    }
}
