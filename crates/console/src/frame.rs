//! What is around every page: head, status line, navigation, notice.

use cordon_model::record::Action;
use cordon_service::view::Today;
use maud::{DOCTYPE, Markup, html};

use crate::ask::Ask;
use crate::assets;
use crate::text::{self, Clock, count};

/// The pages that people choose from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tab {
    Today,
    Devices,
    Map,
    Fix,
    Contracts,
    Traffic,
    People,
    Ledger,
    Health,
    Settings,
    /// A page beside them.
    None,
}

/// The first four stand at the bottom of a phone's screen.
const FIRST: [(Tab, &str, &str, &str); 4] = [
    (Tab::Today, "/", "Today", "M4 11 12 4l8 7v9h-5v-6H9v6H4z"),
    (Tab::Devices, "/devices", "Devices", "M4 5h16v10H4zM9 19h6M12 15v4"),
    (
        Tab::Map,
        "/map",
        "Map",
        "M6 9a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM18 21a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM18 9a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM9 6h6M8 8l8 8",
    ),
    (Tab::Fix, "/fix", "Fix list", "M4 6l2 2 3-4M12 6h8M4 13l2 2 3-4M12 13h8M5 20h3M12 20h8"),
];

const FURTHER: [(Tab, &str, &str, &str); 6] = [
    (Tab::Contracts, "/contracts", "Contracts", "M7 3h10v18l-5-3-5 3zM10 8h4M10 12h4"),
    (Tab::Traffic, "/traffic", "Traffic", "M4 8h14l-4-4M20 16H6l4 4"),
    (
        Tab::People,
        "/people",
        "People & keys",
        "M9 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM2 21c0-4 3-7 7-7s7 3 7 7M16 4a4 4 0 0 1 0 7M18 14c2.500 1 4 3.500 4 7",
    ),
    (Tab::Ledger, "/ledger", "Ledger", "M6 3h12v18H6zM9 8h6M9 12h6M9 16h3"),
    (Tab::Health, "/health", "Health", "M3 12h4l3-7 4 14 3-7h4"),
    (
        Tab::Settings,
        "/settings",
        "Settings",
        "M4 7h9M17 7h3M4 17h3M11 17h9M15 9.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5ZM9 19.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5Z",
    ),
];

/// What was done, as told after it; the address only names the line.
const NOTICES: &[(&str, &str)] = &[
    ("saved", "Saved."),
    ("joined", "The two are one device now. You can take this back below."),
    ("parted", "The addresses have a device of their own now: this one."),
    ("forgotten", "The device and its history are forgotten."),
    (
        "waits",
        "A second person must approve this first. It waits under “Waiting for a second person”.",
    ),
    ("undone", "The change was taken back."),
    ("accepted", "The risk is accepted and the finding is off the list until the day you set."),
    ("reopened", "The finding is open again."),
    ("withdrawn", "The link no longer works."),
    ("removed", "That way to sign in no longer works."),
    ("revoked", "Ended. It no longer works."),
    ("alone", "You are signed out everywhere else."),
    ("approved", "Approved and done."),
    ("refused", "Refused. Nothing was done."),
    ("kept", "The rules are confirmed. They are what is come back to from now on."),
    ("taken-back", "The rules were taken back; what was confirmed before is in force."),
    (
        "on-trial",
        "In force on trial. See whether everything works, then keep the rules above, or they are taken back by themselves.",
    ),
    ("in-force", "In force. Nothing is blocked until it is enforced."),
    ("switched", "Switched."),
    ("verified", "The ledger was verified from the first record on. The result is below."),
    ("signed-out", "You are signed out."),
];

/// One page inside the frame.
pub(crate) struct Sheet<'a> {
    pub tab: Tab,
    pub title: &'a str,
    /// The question that the page answers, or what it shows, in one sentence.
    pub lead: Markup,
    /// The one main button, and others beside it.
    pub buttons: Markup,
    /// Which changes make the page out of date.
    pub topics: &'a str,
    pub body: Markup,
}

/// A page with status line and navigation.
pub(crate) fn page(ask: &Ask, today: &Today, sheet: &Sheet) -> Markup {
    let notice = ask.params.get("done").and_then(notice);
    let title =
        format!("{} · {} · cordon", text::clip(sheet.title, 80), text::clip(&today.site, 60));
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(&title))
            body data-topics=(sheet.topics) data-live="/events" {
                a.skip href="#main" { "Skip to the page" }
                header.top {
                    a.brand href="/" { (mark()) span { (text::short(&today.site)) } }
                    (status(today))
                    form.who method="post" action="/sign-out" {
                        (csrf(ask))
                        a href="/people#you" { (text::short(&ask.me.name)) } span.soft.role { (ask.me.role) }
                        button.quiet { "Sign out" }
                    }
                }
                nav.side aria-label="Pages" { (navigation(sheet.tab, today)) }
                main id="main" tabindex="-1" {
                    @if let Some(says) = notice { p.notice role="status" { (says) } }
                    header.head {
                        div { h1 { (text::foreign(sheet.title)) } p.lead { (sheet.lead) } }
                        div.buttons { (sheet.buttons) }
                    }
                    p.fresh hidden aria-live="polite" id="fresh" {}
                    (sheet.body)
                }
                footer.foot {
                    @if ask.may(Action::ChangeUndo) { a href="/changes" { "Recent changes" } }
                    a href="/timeline" { "Everything that happened" }
                    a href="/api/docs" { "API" }
                    span.soft { "Times are UTC. Press " kbd { "/" } " to search." }
                }
            }
        }
    }
}

/// A page for those who are not signed in, or when something went wrong.
pub(crate) fn bare(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(&format!("{title} · cordon")))
            body.bare {
                main id="main" {
                    p.brand { (mark()) span { "cordon" } }
                    h1 { (title) }
                    (body)
                }
            }
        }
    }
}

/// Asks for the same page once more.
pub(crate) fn bounce(path: &str) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="refresh" content=(format!("0; url={path}"));
                title { "cordon" }
            }
            body { p { a href=(path) { "Continue" } } }
        }
    }
}

/// The field that proves that a form is ours.
pub(crate) fn csrf(ask: &Ask) -> Markup {
    html! { input type="hidden" name="csrf" value=(ask.csrf); }
}

/// The line for a notice's name.
pub(crate) fn notice(name: &str) -> Option<&'static str> {
    NOTICES.iter().find(|(known, _)| *known == name).map(|(_, says)| *says)
}

fn head(title: &str) -> Markup {
    let (css, js, icon) = assets::paths();
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { (text::plain(title)) }
            link rel="stylesheet" href=(css);
            link rel="icon" type="image/svg+xml" href=(icon);
            script src=(js) defer {}
        }
    }
}

fn mark() -> Markup {
    html! {
        svg.mark viewBox="0 0 32 32" aria-hidden="true" {
            rect width="32" height="32" rx="7" {}
            circle cx="16" cy="16" r="9" {}
            circle.dot cx="16" cy="16" r="3" {}
        }
    }
}

fn status(today: &Today) -> Markup {
    let (state, says) = capture(today);
    let counts = &today.counts;
    let open = counts.critical + counts.high + counts.medium + counts.low;
    let clock = Clock::wall();
    html! {
        ul.status aria-label="Status" {
            li { a href="/health#sources" { span class=(format!("dot {state}")) aria-hidden="true" {} span data-number="capture" { (says) } } }
            li { a href="/health#sources" title="Packets that cordon sent into the networks it watches" { "packets sent: " b data-number="packets-sent" { (count(today.coverage.packets_sent)) } } }
            li { a href="/devices" { b data-number="devices" { (count(counts.devices)) } " devices" } }
            li { a href="/findings" { b data-number="open-findings" { (count(open)) } " open findings" } }
            li.live hidden id="live" { span.dot aria-hidden="true" {} span id="live-says" { "live" } }
            li.asof { "as of " (clock.whole(&today.now)) }
        }
    }
}

/// The capture in two words.
pub(crate) fn capture(today: &Today) -> (&'static str, &'static str) {
    let sources = &today.coverage.sources;
    let running = sources.iter().filter(|source| source.state == "running").count();
    if sources.is_empty() {
        ("idle", "no capture")
    } else if running == sources.len() {
        ("good", "capturing")
    } else if running > 0 {
        ("warning", "capturing in part")
    } else if sources.iter().all(|source| source.state == "ended") {
        ("idle", "capture ended")
    } else {
        ("bad", "not capturing")
    }
}

fn navigation(current: Tab, today: &Today) -> Markup {
    let further = |tab| FURTHER.iter().any(|(at, ..)| *at == tab);
    html! {
        ul.first { @for item in &FIRST { li { (entry(item, current, today)) } } }
        ul.further { @for item in &FURTHER { li { (entry(item, current, today)) } } }
        details.further {
            summary aria-current=[further(current).then_some("true")] { (icon("M5 12h.01M12 12h.01M19 12h.01")) span { "More" } }
            ul { @for item in &FURTHER { li { (entry(item, current, today)) } } }
        }
    }
}

fn entry(
    (tab, href, title, path): &(Tab, &str, &str, &str),
    current: Tab,
    today: &Today,
) -> Markup {
    let waiting = today.counts.approvals;
    html! {
        a href=(href) aria-current=[(*tab == current).then_some("page")] {
            (icon(path)) span { (title) }
            @if *tab == Tab::People && waiting > 0 {
                b.count title="Waiting for a second person" { (count(waiting)) }
            }
        }
    }
}

fn icon(path: &str) -> Markup {
    html! { svg.icon viewBox="0 0 24 24" aria-hidden="true" { path d=(path) {} } }
}
