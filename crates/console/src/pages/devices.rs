//! Devices: what is on the network?

use cordon_service::view::{DeviceGroups, DeviceQuery, DeviceRow, Group, Page};
use maud::{Markup, html};

use super::today::quiet;
use crate::ask::Ask;
use crate::fields::Fields;
use crate::frame::{self, Sheet, Tab};
use crate::parts::{self, device_path, empty, severity, what};
use crate::reply::{self, Shown};
use crate::text::{Clock, clip, count, encode, short};

/// Devices per page.
const PER_PAGE: u32 = 100;

/// Choices of a filter; the busiest come first, and further ones are found by searching.
const CHOICES_MOST: usize = 60;

/// Orders that the list knows.
const SORTS: [(&str, &str); 7] = [
    ("label", "name"),
    ("kind", "kind"),
    ("vendor", "vendor"),
    ("zone", "zone"),
    ("findings", "findings"),
    ("last", "last heard"),
    ("first", "newest"),
];

/// `GET /devices`.
pub(crate) async fn show(ask: Ask) -> Shown {
    let query = query(&ask.params)?;
    let page = ask.site.devices(&ask.caller, &query)?;
    let groups = ask.site.device_groups(&ask.caller)?;
    let today = ask.site.today(&ask.caller)?;
    let clock = Clock::at(&today.now);
    let filtered = !matches!(ask.params.with("sort", "").as_str(), "?");
    let body = html! {
        (filter(&ask.params, &groups))
        section data-part="list" aria-label="List of devices" {
            @if page.items.is_empty() {
                (nothing(quiet(&today), filtered))
            } @else {
                (table(&page, clock))
            }
            (parts::pager(&ask.params, &page, "devices"))
        }
    };
    let sheet = Sheet {
        tab: Tab::Devices,
        title: "Devices",
        lead: html! { "What is on the network?" },
        buttons: html! {},
        topics: "devices",
        body,
    };
    Ok(reply::page(frame::page(&ask, &today, &sheet)))
}

fn query(params: &Fields) -> cordon_service::Answer<DeviceQuery> {
    Ok(DeviceQuery {
        q: params.some("q"),
        kind: params.some("kind"),
        vendor: params.some("vendor"),
        zone: params.some("zone"),
        tag: params.some("tag"),
        severity: params.some("severity"),
        state: params.some("state"),
        sort: params.some("sort"),
        cursor: params.some("cursor"),
        limit: Some(params.number("limit", "number of lines")?.unwrap_or(PER_PAGE)),
    })
}

fn filter(params: &Fields, groups: &DeviceGroups) -> Markup {
    let own = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(value, title)| ((*value).to_owned(), (*title).to_owned())).collect()
    };
    let states = [
        ("online", "heard lately"),
        ("silent", "silent"),
        ("new", "new"),
        ("unnamed", "still being named"),
    ];
    let severities = [
        ("critical", "critical"),
        ("high", "high or worse"),
        ("medium", "medium or worse"),
        ("low", "low or worse"),
    ];
    let narrowed = ["kind", "vendor", "zone", "tag", "severity", "state", "sort"]
        .iter()
        .any(|name| params.some(name).is_some());
    html! {
        form.filter method="get" action="/devices" role="search" {
            div.search {
                label.sr for="search" { "Search devices" }
                input id="search" type="search" name="q" value=(params.text("q")) maxlength="200"
                    placeholder="Name, vendor, address, tag, owner …" autocomplete="off" data-search;
                button.main { "Search" }
            }
            details.narrow open[narrowed] {
                summary { "Filter, group and sort" }
                div.fields {
                    (parts::select("kind", "Kind", "any", &params.text("kind"), &choices(&groups.kinds)))
                    (parts::select("vendor", "Vendor", "any", &params.text("vendor"), &choices(&groups.vendors)))
                    (parts::select("zone", "Zone", "any", &params.text("zone"), &choices(&groups.zones)))
                    @if !groups.tags.is_empty() {
                        (parts::select("tag", "Tag", "any", &params.text("tag"), &choices(&groups.tags)))
                    }
                    (parts::select("severity", "Findings", "any", &params.text("severity"), &own(&severities)))
                    (parts::select("state", "State", "any", &params.text("state"), &own(&states)))
                    (parts::select("sort", "Sort by", "", &params.some("sort").unwrap_or_else(|| "label".to_owned()), &own(&SORTS)))
                }
            }
            (chips(params))
        }
    }
}

fn choices(groups: &[Group]) -> Vec<(String, String)> {
    let shown = groups.iter().take(CHOICES_MOST);
    shown
        .map(|g| (g.name.clone(), format!("{} ({})", clip(&g.title, 40), count(g.count))))
        .collect()
}

/// What narrows the list now, each with a way to drop it.
fn chips(params: &Fields) -> Markup {
    let names = [
        ("q", "words"),
        ("kind", "kind"),
        ("vendor", "vendor"),
        ("zone", "zone"),
        ("tag", "tag"),
        ("severity", "severity"),
        ("state", "state"),
    ];
    let active: Vec<(&str, &str, String)> = names
        .iter()
        .filter_map(|(name, title)| Some((*name, *title, params.some(name)?)))
        .collect();
    html! {
        @if !active.is_empty() {
            ul.chips aria-label="The list is narrowed by" {
                @for (name, title, value) in &active {
                    li { a href=(params.with(name, "")) { (title) ": " (short(value)) span aria-hidden="true" { " ✕" } span.sr { ", drop" } } }
                }
                li { a href="/devices" { "Show all" } }
            }
        }
    }
}

fn nothing(quiet: bool, filtered: bool) -> Markup {
    if filtered {
        empty(
            "No device fits.",
            &html! { "Try fewer words, or " a href="/devices" { "show all devices" } "." },
        )
    } else if quiet {
        empty(
            "No devices yet: there are no packets.",
            &html! {
                "See on " a href="/health" { "Health" } " whether the capture runs, or "
                a href="/import" { "import" } " leases or an inventory that you have."
            },
        )
    } else {
        empty("No devices yet.", &html! { "The first one appears as soon as it speaks." })
    }
}

fn table(page: &Page<DeviceRow>, clock: Clock) -> Markup {
    html! {
        table.cards.devices {
            caption { "Devices" }
            thead { tr {
                th scope="col" { "Device" } th scope="col" { "What it is" } th scope="col" { "Address" }
                th scope="col" { "Zone" } th scope="col" { "Findings" } th scope="col" { "Last heard" }
            } }
            tbody { @for row in &page.items { (line(row, clock)) } }
        }
    }
}

fn line(row: &DeviceRow, clock: Clock) -> Markup {
    let address = row.ips.first().or(row.macs.first());
    let more = (row.ips.len() + row.macs.len()).saturating_sub(1);
    html! {
        tr {
            th scope="row" {
                a href=(device_path(&row.id)) { (short(&row.label)) }
                @if !row.named { " " span.tag { "still being named" } }
                @if row.criticality == "life-safety" { " " span.tag.strong { "life safety" } }
                @if row.criticality == "process" { " " span.tag { "process" } }
                @for tag in row.tags.iter().take(4) { " " (parts::tag(tag)) }
                @if let Some(owner) = &row.owner { span.sub { (short(owner)) @if let Some(place) = &row.location { ", " (short(place)) } } }
            }
            td data-label="What" { (what(row)) @if row.set_by_person { span.sub { "set by a person" } } }
            td.num data-label="Address" {
                @if let Some(address) = address { (short(address)) } @else { span.soft { "none" } }
                @if more > 0 { " " span.soft { "+" (more) } }
            }
            td data-label="Zone" { (short(&row.zone)) }
            td data-label="Findings" {
                @if row.findings > 0 && row.named {
                    a href=(format!("/findings?device={}", encode(&row.id))) {
                        (severity(row.worst.as_deref().unwrap_or("info"))) " " (row.findings)
                    }
                } @else { span.soft { "–" } }
            }
            td data-label="Last heard" {
                span class=(if row.online { "dot good" } else { "dot idle" }) aria-hidden="true" {}
                (clock.ago(&row.last)) @if !row.online { span.sr { ", silent" } }
            }
        }
    }
}
