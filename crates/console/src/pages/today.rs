//! Today: what needs a human?

use cordon_service::view::{CoverageView, DeviceRow, Today};
use maud::{Markup, html};

use super::fix;
use crate::ask::Ask;
use crate::frame::{self, Sheet, Tab};
use crate::parts::{device_path, empty, panel, what};
use crate::reply::{self, Shown};
use crate::text::{Clock, count, counted, plain, short};

/// Things to do on the first page; all of them are on the fix list.
const NEEDS_MOST: usize = 5;

/// `GET /`.
pub(crate) async fn show(ask: Ask) -> Shown {
    let today = ask.site.today(&ask.caller)?;
    let clock = Clock::at(&today.now);
    let body = html! {
        (panel("needs", &needs_title(&today), &needs(&today)))
        (panel("numbers", "The network in numbers", &numbers(&today)))
        div.two {
            (panel("new", "New in the last 24 hours", &new(&today.new_devices, clock)))
            (panel("coverage", "How much is seen", &coverage(&today.coverage)))
        }
    };
    let sheet = Sheet {
        tab: Tab::Today,
        title: "Today",
        lead: html! { "What needs a human?" },
        buttons: html! { a.button.main href="/fix" { "Open the fix list" } },
        topics: "today devices findings approvals",
        body,
    };
    Ok(reply::page(frame::page(&ask, &today, &sheet)))
}

fn needs_title(today: &Today) -> String {
    match today.needs.len() {
        0 => "Nothing needs you now".to_owned(),
        1 => "One thing to do".to_owned(),
        some if some <= NEEDS_MOST => format!("{some} things to do, the most urgent first"),
        some => format!("The {NEEDS_MOST} most urgent of {some} things to do"),
    }
}

fn needs(today: &Today) -> Markup {
    let approvals = today.counts.approvals;
    html! {
        @if approvals > 0 {
            p.callout { a href="/people#approvals" {
                (counted(approvals, "request waits", "requests wait")) " for a second person"
            } }
        }
        @if today.needs.is_empty() {
            (nothing(today))
        } @else {
            ol.needs { @for need in today.needs.iter().take(NEEDS_MOST) { li { (fix::need(need)) } } }
            @if today.needs.len() > NEEDS_MOST {
                p { a href="/fix" { "All " (count(today.needs.len() as u64)) } }
            }
        }
    }
}

fn nothing(today: &Today) -> Markup {
    let coverage = &today.coverage;
    if coverage.packets == 0 {
        return empty(
            "No packets yet.",
            &html! {
                "Devices appear here as soon as they speak. If this lasts longer than a minute, look at "
                a href="/health" { "Health" } ": is the interface up, and does the switch mirror its ports to it? "
                "You can also " a href="/import" { "import" } " leases or logs that you have."
            },
        );
    }
    if today.counts.devices == 0 {
        return empty(
            "Packets, but no devices yet.",
            &html! { "The packets so far came from nobody with an address. See what arrives on " a href="/health#sources" { "Health" } "." },
        );
    }
    empty(
        "No open finding in what was seen.",
        &html! { "That says nothing about what cannot be seen from here: see " a href="#coverage" { "How much is seen" } "." },
    )
}

fn numbers(today: &Today) -> Markup {
    let counts = &today.counts;
    let unnamed = counts.devices.saturating_sub(counts.named);
    html! {
        dl.numbers {
            (number("Devices", counts.devices, "/devices", ""))
            (number("Heard lately", counts.online, "/devices?state=online", ""))
            (number("New in 24 hours", counts.new, "/devices?state=new&sort=first", ""))
            (number("Still being named", unnamed, "/devices?state=unnamed", ""))
            (number("Critical", counts.critical, "/findings?severity=critical", "critical"))
            (number("High", counts.high, "/findings?severity=high", "high"))
            (number("Medium", counts.medium, "/findings?severity=medium", "medium"))
            (number("Low and info", counts.low, "/findings?severity=info", ""))
            (number("Flows in 24 hours", counts.flows, "/traffic", ""))
        }
        @if unnamed > 0 {
            p.soft {
                "First names, then alarms: what was found on a device without a name waits and is no alarm"
                @if counts.waiting > 0 {
                    " (" a href="/findings?state=waiting" { (counted(counts.waiting, "finding waits", "findings wait")) } ")"
                }
                ". You can name it yourself on its page."
            }
        }
    }
}

/// One number and the page that shows what it counts.
fn number(title: &str, value: u64, href: &str, tone: &str) -> Markup {
    let tone = if value == 0 { "" } else { tone };
    html! { div class=[(!tone.is_empty()).then_some(tone)] {
        dt { (title) } dd { a href=(href) { (count(value)) span.sr { " " (title) } } }
    } }
}

fn new(rows: &[DeviceRow], clock: Clock) -> Markup {
    if rows.is_empty() {
        return empty(
            "No new device.",
            &html! { a href="/devices?sort=first" { "All devices, newest first" } },
        );
    }
    html! {
        ul.rows { @for row in rows {
            li {
                span { a href=(device_path(&row.id)) { (short(&row.label)) }
                    @if !row.named { " " span.tag { "still being named" } }
                    span.sub { (what(row)) }
                }
                span.soft { (clock.ago(&row.first)) }
            }
        } }
    }
}

fn coverage(coverage: &CoverageView) -> Markup {
    let flows = coverage.seen_flows + coverage.guessed_flows + coverage.unknown_flows;
    html! {
        p { a href="/health#sources" { b data-number="packets" { (count(coverage.packets)) } " packets" } " looked at, "
            a href="/health#sources" { b { (count(coverage.dropped)) } " lost" } "."
        }
        @if flows > 0 {
            (share("recognised from payload", coverage.seen_flows, flows))
            (share("guessed from the port", coverage.guessed_flows, flows))
            (share("unknown application", coverage.unknown_flows, flows))
        }
        @if !coverage.limits.is_empty() {
            h3 { "What cannot be seen from here" }
            ul { @for limit in &coverage.limits { li { (plain(limit)) } } }
        }
    }
}

fn share(says: &str, part: u64, whole: u64) -> Markup {
    let percent = part as f64 * 100.0 / whole.max(1) as f64;
    html! {
        div.share {
            span { "Flows " (says) }
            span.num { (format!("{percent:.0} %")) }
            progress max="100" value=(format!("{percent:.1}")) aria-label=(format!("Flows {says}")) {}
        }
    }
}

/// Whether anything can be shown at all, for pages that have nothing of their own to say.
pub(super) fn quiet(today: &Today) -> bool {
    today.coverage.packets == 0
}
