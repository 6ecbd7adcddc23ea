//! Pieces that several pages share.

use cordon_service::view::{DeviceRow, EventView, FindingRow, Link, Page};
use maud::{Markup, html};

use crate::fields::Fields;
use crate::text::{Clock, count, counted, encode, foreign, sentence, short};

/// The address of a device's page.
pub(crate) fn device_path(id: &str) -> String {
    format!("/devices/{}", encode(id))
}

/// The address of a finding's page.
pub(crate) fn finding_path(id: &str) -> String {
    format!("/findings/{}", encode(id))
}

/// A device as a link.
pub(crate) fn device_link(link: &Link) -> Markup {
    html! { a href=(device_path(&link.id)) { (short(&link.label)) } }
}

/// A severity by shape, word and colour.
pub(crate) fn severity(name: &str) -> Markup {
    let (class, sign) = match name {
        "critical" => ("critical", "◆"),
        "high" => ("high", "▲"),
        "medium" => ("medium", "■"),
        "low" => ("low", "●"),
        _ => ("info", "○"),
    };
    html! { span class=(format!("sev {class}")) { i aria-hidden="true" { (sign) } (class) } }
}

/// A verdict of a check by shape, word and colour.
pub(crate) fn verdict(name: &str) -> Markup {
    let (class, sign) = match name {
        "good" => ("good", "✓"),
        "warning" => ("medium", "!"),
        "bad" => ("critical", "✕"),
        _ => ("info", "?"),
    };
    html! { span class=(format!("sev {class}")) { i aria-hidden="true" { (sign) } (name) } }
}

/// A small label.
pub(crate) fn tag(says: &str) -> Markup {
    html! { span.tag { (short(says)) } }
}

/// A part of a page, with its heading.
pub(crate) fn panel(id: &str, title: &str, body: &Markup) -> Markup {
    html! {
        section.panel id=(id) data-part=(id) aria-labelledby=(format!("{id}-title")) {
            h2 id=(format!("{id}-title")) { (title) }
            (body)
        }
    }
}

/// What to do where there is nothing to show.
pub(crate) fn empty(says: &str, then: &Markup) -> Markup {
    html! { div.empty { p { (says) } p.soft { (then) } } }
}

/// A choice; `chosen` is kept even where it is not on the list.
pub(crate) fn select(
    name: &str,
    label: &str,
    any: &str,
    chosen: &str,
    choices: &[(String, String)],
) -> Markup {
    let known = chosen.is_empty() || choices.iter().any(|(value, _)| value == chosen);
    html! {
        label.field { span { (label) }
            select name=(name) {
                @if !any.is_empty() { option value="" selected[chosen.is_empty()] { (any) } }
                @if !known { option value=(chosen) selected { (short(chosen)) } }
                @for (value, title) in choices {
                    option value=(value) selected[value == chosen] { (short(title)) }
                }
            }
        }
    }
}

/// A field of one line.
pub(crate) fn input(name: &str, label: &str, kind: &str, value: &str, hint: &str) -> Markup {
    html! {
        label.field { span { (label) }
            input type=(kind) name=(name) value=(value) placeholder=(hint) maxlength="500" autocomplete="off";
        }
    }
}

/// Further pages of a list.
pub(crate) fn pager<T>(params: &Fields, page: &Page<T>, what: &str) -> Markup {
    let shown = page.items.len() as u64;
    let further = params.get("cursor").is_some();
    if shown == 0 && !further {
        return html! {};
    }
    let counted = |number| counted(number, what.strip_suffix('s').unwrap_or(what), what);
    html! {
        nav.pager aria-label="Further pages" {
            @match page.total {
                Some(total) if total > shown => span.soft { (count(shown)) " of " (counted(total)) " on this page" },
                Some(total) => span.soft { (counted(total)) },
                None => span.soft { (counted(shown)) " on this page" },
            }
            @if further { a.button href=(params.with("cursor", "")) { "First page" } }
            @if let Some(next) = &page.next {
                a.button rel="next" href=(params.with("cursor", next)) { "Next page" }
            }
        }
    }
}

/// Findings as a table.
pub(crate) fn findings(rows: &[FindingRow], clock: Clock, whose: bool, caption: &str) -> Markup {
    html! {
        table.cards {
            caption { (caption) }
            thead { tr {
                th scope="col" { "Severity" } th scope="col" { "What" }
                @if whose { th scope="col" { "Device" } }
                th scope="col" { "State" } th.num scope="col" { "Seen" } th scope="col" { "Last" }
            } }
            tbody { @for row in rows { tr {
                td data-label="Severity" { (severity(&row.severity)) }
                th scope="row" { a href=(finding_path(&row.id)) { (short(&sentence(&row.title))) } }
                @if whose {
                    td data-label="Device" {
                        @match &row.device { Some(link) => (device_link(link)), None => span.soft { "the network" } }
                    }
                }
                td data-label="State" { (row.state) }
                td.num data-label="Seen" { (count(row.count)) " ×" }
                td data-label="Last" { (clock.ago(&row.last)) }
            } } }
        }
    }
}

/// Lines of a timeline.
pub(crate) fn timeline(events: &[EventView], clock: Clock, whose: bool) -> Markup {
    html! {
        ol.timeline {
            @for event in events {
                li class=(format!("ev-{}", kind_class(&event.kind))) {
                    (clock.whole(&event.at))
                    span {
                        @if whose { (device_link(&event.device)) " " }
                        (foreign(&event.says))
                        @if let Some(actor) = &event.actor { " " span.by { "by " (short(actor)) } }
                    }
                }
            }
        }
    }
}

/// Only what we know becomes a class.
fn kind_class(kind: &str) -> &'static str {
    match kind {
        "finding-opened" | "breach" => "bad",
        "finding-closed" | "returned" => "good",
        "edited" | "merged" | "split" => "person",
        "appeared" => "new",
        _ => "plain",
    }
}

/// What kind of thing it is, by whom made, which model.
pub(crate) fn what(row: &DeviceRow) -> Markup {
    let kind = row.kind_title.as_deref().map(sentence);
    let product: Vec<&str> =
        [row.vendor.as_deref(), row.model.as_deref()].into_iter().flatten().collect();
    html! {
        @match &kind { Some(kind) => (short(kind)), None => span.soft { "unknown kind" } }
        @if !product.is_empty() { span.sub { (short(&product.join(" "))) } }
    }
}
