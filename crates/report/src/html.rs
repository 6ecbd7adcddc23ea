//! The report as one self-contained HTML file: nothing is fetched, and no script is needed to read
//! it.
//!
//! Device-supplied text is escaped by `maud`, its direction kept apart by `bdi`, and what would
//! act unseen is spelled out once over the whole page.

mod beside;
mod devices;
mod findings;
mod parts;
mod plant;
mod policy;
mod talks;

use cordon_model::Severity;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::look::Look;
use crate::map::{lone_sign, network_map, sample};
use crate::plain::plain_lines;
use crate::view::View;
use crate::words;
use parts::{badge, device_links};

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/filter.js");

/// The report as HTML.
#[must_use]
pub fn render(look: &Look) -> String {
    let view = View::new(look);
    let page = page(&view).into_string();
    plain_lines(&page).into_owned()
}

fn page(view: &View) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy::policy(STYLE, SCRIPT));
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { "Network report: " (view.devices_line()) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#first" { "Skip to what to do first" }
                (header(view))
                main {
                    (first(view))
                    (picture(view))
                    (findings::section(view))
                    (devices::section(view))
                    (plant::section(view))
                    (beside::coverage(view.look))
                    (beside::inputs(view.look))
                    (beside::protocols(view.look))
                }
                footer {
                    p {
                        "Written by cordon " (view.look.version)
                        ". Packet numbers count from 1 in their file, as in Wireshark."
                    }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

fn header(view: &View) -> Markup {
    let look = view.look;
    let is_grave = |severity: &Severity| *severity >= Severity::High;
    let grave = view.tally.each().filter(|(severity, _)| is_grave(severity));
    let grave = grave.map(|(_, count)| count).sum();
    let tone = view.tally.worst().filter(is_grave);
    html! {
        header {
            p.kicker { "cordon" }
            h1 { "Network report" }
            p.when { (when(look)) }
            p.sent {
                strong { "Packets sent: " (words::count(look.packets_sent)) }
                @if look.packets_sent == 0 { " · made by listening only" }
            }
            dl.numbers {
                @let map = if view.devices.is_empty() { "#devices" } else { "#map" };
                (number(look.devices.len() as u64, "devices", "#devices", None))
                (number(view.attention() as u64, "need attention", "#devices", None))
                (number(grave, "critical and high findings", "#findings", tone))
                (number(view.online() as u64, "talk to the Internet", map, None))
                (number(look.coverage.packets, "packets read", "#inputs", None))
            }
            p.tally {
                "Findings: "
                @if view.tally.worst().is_none() { "none" }
                @for (severity, count) in view.tally.each() { (badge(severity, &words::count(count))) " " }
            }
            nav aria-label="Parts of this report" {
                ul {
                    @for (href, title) in contents(view) { li { a href=(href) { (title) } } }
                }
            }
        }
    }
}

fn contents(view: &View) -> Vec<(&'static str, &'static str)> {
    let mut contents = vec![("#first", "Do first")];
    if !view.devices.is_empty() {
        contents.push(("#map", "Map"));
    }
    contents.extend([("#findings", "Findings"), ("#devices", "Devices")]);
    if plant::is_here(view) {
        contents.push(("#plant", "Controllers"));
    }
    contents.extend([
        ("#coverage", "Not shown"),
        ("#inputs", "Inputs"),
        ("#protocols", "Protocols"),
    ]);
    contents
}

fn number(count: u64, what: &str, href: &str, tone: Option<Severity>) -> Markup {
    html! {
        div class=[tone.map(|severity| format!("tone-{severity}"))] {
            dt { (what) }
            dd { a href=(href) { (words::count(count)) } }
        }
    }
}

fn when(look: &Look) -> Markup {
    let first = look.inputs.iter().filter_map(|input| input.first.as_deref()).min();
    let last = look.inputs.iter().filter_map(|input| input.last.as_deref()).max();
    let files = match look.inputs.as_slice() {
        [one] => html! { bdi { (one.path) } },
        many => html! { (words::counted(many.len() as u64, "input", "inputs")) },
    };
    html! {
        (files)
        @if let (Some(first), Some(last)) = (first, last) { " · " (words::period(first, last)) }
    }
}

fn first(view: &View) -> Markup {
    let actions = &view.look.first_five;
    html! {
        section #first {
            h2 { (words::first_heading(actions.len())) }
            @if actions.is_empty() {
                p { (view.nothing_first()) }
            } @else {
                ol.first {
                    @for action in actions {
                        li {
                            h3 { bdi { (action.what) } }
                            p { (badge(words::severity(&action.severity), "")) " " (action.why) }
                            @if !action.fix.is_empty() { p { b { "How: " } (action.fix) } }
                            @if !action.devices.is_empty() {
                                p.who { (device_links(view, action.devices.iter().map(String::as_str))) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn picture(view: &View) -> Markup {
    let Some(map) = network_map(view) else { return html! {} };
    let signs = [
        (Some(Severity::Critical), "critical"),
        (Some(Severity::High), "high"),
        (Some(Severity::Medium), "medium"),
        (Some(Severity::Low), "low or info"),
        (None, "no findings"),
    ];
    html! {
        section #map {
            h2 { "Network map" }
            figure {
                div.map tabindex="0" role="region"
                    aria-label="Network map, scrolls sideways on narrow screens" {
                    (map.picture)
                }
                figcaption {
                    ul.legend {
                        @for (worst, says) in signs { li { (lone_sign(worst)) (says) } }
                        @for kind in &map.kinds { li { (sample(*kind)) (kind.says()) } }
                    }
                    p { "The sign shows the gravest finding; a thicker line carried more bytes." }
                    @for note in &map.notes { p { (note) } }
                }
            }
            (talks::below_map(view))
        }
    }
}
