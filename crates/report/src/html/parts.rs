//! Small pieces that every section uses.

use cordon_model::Severity;
use maud::{Markup, html};

use crate::look::Evidence;
use crate::view::{Tally, View};
use crate::words;

/// Device links in one line.
const MOST_LINKS: usize = 12;

/// Packets cited in one line.
const MOST_CITES: usize = 8;

/// A severity as a word on its colour, behind a count where there is one.
pub(super) fn badge(severity: Severity, count: &str) -> Markup {
    html! {
        span class=(format!("badge {severity}")) {
            @if !count.is_empty() { (count) " " }
            (severity)
        }
    }
}

/// Findings of one device.
pub(super) fn badges(tally: &Tally) -> Markup {
    html! {
        @if tally.worst().is_none() { span.none { "no findings" } }
        @for (severity, count) in tally.each() { (badge(severity, &words::count(count))) " " }
    }
}

/// A link to the device, or the address where it is none.
pub(super) fn device_link(view: &View, id: &str) -> Markup {
    html! {
        @match view.place(id) {
            Some(at) => { a.device-link href=(format!("#d{at}")) { bdi { (view.label(id)) } } },
            None => { bdi { (id) } },
        }
    }
}

/// Links to several devices.
pub(super) fn device_links<'a>(view: &View, ids: impl Iterator<Item = &'a str>) -> Markup {
    let ids: Vec<&str> = ids.collect();
    let more = ids.len().saturating_sub(MOST_LINKS);
    html! {
        @for (at, id) in ids.iter().take(MOST_LINKS).enumerate() {
            @if at > 0 { ", " }
            (device_link(view, id))
        }
        @if more > 0 { " and " (words::count(more as u64)) " more" }
    }
}

/// Packets that show something; those that show the same stand in one line.
pub(super) fn evidence(view: &View, evidence: &[Evidence]) -> Markup {
    let mut lines: Vec<(&str, Vec<String>)> = Vec::new();
    for one in evidence {
        let cite = view.cite(Some(&one.file), one.packet);
        match lines.iter_mut().find(|(detail, _)| *detail == one.detail) {
            Some((_, cites)) => cites.push(cite),
            None => lines.push((&one.detail, vec![cite])),
        }
    }
    html! {
        ul.evidence {
            @for (detail, cites) in &lines {
                li { bdi { (detail) } " " span.cite { (words::list(cites, MOST_CITES)) } }
            }
        }
    }
}

/// The head of a table; a title behind `#` stands over numbers.
pub(super) fn table_head(titles: &[&str]) -> Markup {
    html! {
        thead {
            tr {
                @for title in titles {
                    @match title.strip_prefix('#') {
                        Some(title) => { th.number scope="col" { (title) } },
                        None => { th scope="col" { (title) } },
                    }
                }
            }
        }
    }
}

/// Something that may be wider than the screen: scrolls by itself, by keyboard too.
pub(super) fn wide(label: &str, inside: Markup) -> Markup {
    html! {
        div.wide tabindex="0" role="region" aria-label=(label) { (inside) }
    }
}
