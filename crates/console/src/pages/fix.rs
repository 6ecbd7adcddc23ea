//! Fix list: what is to be mended, and what first?

use cordon_service::view::Need;
use maud::{Markup, html};

use super::today::quiet;
use crate::ask::Ask;
use crate::frame::{self, Sheet, Tab};
use crate::parts::{device_link, empty, finding_path, panel, severity};
use crate::reply::{self, Shown};
use crate::text::{counted, encode, foreign, sentence};

/// Devices named per line; the findings page has all.
const DEVICES_MOST: usize = 12;

/// `GET /fix`.
pub(crate) async fn show(ask: Ask) -> Shown {
    let today = ask.site.today(&ask.caller)?;
    let fixes = ask.site.fixes(&ask.caller)?;
    let list = html! {
        @if fixes.is_empty() {
            @if quiet(&today) {
                (empty("Nothing was looked at yet.", &html! { "There are no packets so far; " a href="/health" { "Health" } " says why." }))
            } @else {
                (empty("Nothing to mend in what was seen.", &html! { "New findings appear here by themselves." }))
            }
        } @else {
            ol.needs { @for fix in &fixes { li { (need(fix)) } } }
        }
    };
    let hosts: std::collections::BTreeSet<&str> =
        fixes.iter().flat_map(|fix| &fix.devices).map(|link| link.id.as_str()).collect();
    let title = if fixes.is_empty() {
        "All mended".to_owned()
    } else {
        format!(
            "{} on {}",
            counted(fixes.len() as u64, "thing to mend", "things to mend"),
            counted(hosts.len() as u64, "device", "devices")
        )
    };
    let first = fixes.first().and_then(|fix| fix.findings.first());
    let sheet = Sheet {
        tab: Tab::Fix,
        title: "Fix list",
        lead: html! { "What is to be mended, and what first?" },
        buttons: html! {
            @if let Some(id) = first { a.button.main href=(finding_path(id)) { "Start with the first" } }
            a.button href="/findings" { "All findings" }
        },
        topics: "findings",
        body: panel("fixes", &title, &list),
    };
    Ok(reply::page(frame::page(&ask, &today, &sheet)))
}

/// One thing to do.
pub(super) fn need(need: &Need) -> Markup {
    let more = need.devices.len().saturating_sub(DEVICES_MOST);
    let all = all(need);
    html! {
        h3 { (severity(&need.severity)) " " a href=(all) { (foreign(&sentence(&need.what))) } }
        p { (foreign(&need.why)) }
        p.mend { b { "Do this: " } (foreign(&need.fix)) }
        @if !need.devices.is_empty() {
            p.on { span.soft { "On " }
                @for (at, link) in need.devices.iter().take(DEVICES_MOST).enumerate() {
                    @if at > 0 { ", " } (device_link(link))
                }
                @if more > 0 { " and " a href=(all) { (counted(more as u64, "other", "others")) } }
            }
        }
    }
}

/// The evidence behind it: one finding, or the list of its kind.
fn all(need: &Need) -> String {
    match (need.findings.as_slice(), &need.kind, need.devices.as_slice()) {
        ([one], _, _) => finding_path(one),
        (_, Some(kind), _) => format!("/findings?kind={}", encode(kind)),
        ([first, ..], None, _) => finding_path(first),
        ([], None, [device, ..]) => crate::parts::device_path(&device.id),
        ([], None, []) => "/findings".to_owned(),
    }
}
