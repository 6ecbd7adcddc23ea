//! What stands beside devices and findings: talks, controllers, coverage, inputs, protocols.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::parts::{badge, cite, device_link};
use crate::look::{Input, Look, ProtocolCount, Talk};
use crate::view::View;
use crate::words;

/// Talks in the table, heaviest first; the JSON holds all.
const MOST_TALKS: usize = 200;

/// The map in words.
pub(super) fn talks(view: &View) -> Markup {
    let mut talks: Vec<&Talk> = view.look.talks.iter().collect();
    talks.sort_by_key(|talk| std::cmp::Reverse(talk.bytes));
    let more = talks.len().saturating_sub(MOST_TALKS);
    html! {
        @if !talks.is_empty() {
            details.talks {
                summary { h3 { "Who talks to whom, as a table" } }
                div.wide tabindex="0" role="region" aria-label="Who talks to whom" {
                    (talk_table(view, talks.iter().take(MOST_TALKS).copied(), "Talks, heaviest first"))
                }
                @if more > 0 { p { "… and " (words::count(more as u64)) " more, all of them in the JSON output." } }
            }
        }
    }
}

fn talk_table<'a>(view: &View, talks: impl Iterator<Item = &'a Talk>, caption: &str) -> Markup {
    html! {
        table {
            caption { (caption) }
            thead { tr { th scope="col" { "Opened by" } th scope="col" { "Answered by" } th scope="col" { "What" } th.number scope="col" { "Packets" } th.number scope="col" { "Bytes" } } }
            tbody {
                @for talk in talks {
                    @let apps: Vec<String> = talk.apps.iter().map(|app| words::app(app)).collect();
                    tr {
                        td { (device_link(view, &talk.from)) }
                        td { (device_link(view, &talk.to)) @if talk.outside { " (Internet)" } }
                        td { @if apps.is_empty() { span.none { "unknown" } } @else { (words::list(&apps, 8)) } }
                        td.number { (words::count(talk.packets)) }
                        td.number { (words::bytes(talk.bytes)) }
                    }
                }
            }
        }
    }
}

/// Whether there is anything of a plant.
pub(super) fn has_plant(view: &View) -> bool {
    !view.plant_talks().is_empty() || !view.acts().is_empty()
}

/// Who writes, stops and programs controllers.
pub(super) fn plant(view: &View) -> Markup {
    let (acts, talks) = (view.acts(), view.plant_talks());
    html! {
        @if has_plant(view) {
            section #plant {
                h2 { "Who writes, stops and programs controllers" }
                p.sent { strong { "Packets sent: " (words::count(view.look.packets_sent)) } " · nothing here was asked of a controller" }
                @if acts.is_empty() {
                    p { "Nobody in this capture. Plant protocols were only read." }
                } @else {
                    div.wide tabindex="0" role="region" aria-label="Acts upon controllers" {
                        table {
                            caption { "Acts upon controllers, gravest first" }
                            thead { tr { th scope="col" { "Who" } th scope="col" { "Controller" } th scope="col" { "What" } th.number scope="col" { "Times" } th scope="col" { "Severity" } th scope="col" { "First packet" } } }
                            tbody {
                                @for act in &acts {
                                    tr {
                                        td { @match &act.actor { Some(actor) => { bdi { (actor) } }, None => { span.none { "unknown" } } } }
                                        td { @match &act.finding.device { Some(id) => { (device_link(view, id)) }, None => { bdi { (act.target) } } } }
                                        td { bdi { (act.finding.title) } }
                                        td.number { (words::count(act.finding.count)) }
                                        td { (badge(act.severity, "")) }
                                        td { @if let Some(one) = act.finding.evidence.first() { (cite(view, Some(&one.file), one.packet)) } }
                                    }
                                }
                            }
                        }
                    }
                }
                @if !talks.is_empty() {
                    div.wide tabindex="0" role="region" aria-label="Talks over plant protocols" {
                        (talk_table(view, talks.iter().take(MOST_TALKS).copied(), "Everybody who speaks a plant protocol, reading included"))
                    }
                }
            }
        }
    }
}

/// What the capture cannot show.
pub(super) fn coverage(look: &Look) -> Markup {
    let coverage = &look.coverage;
    let share = |part: u64, whole: u64, of: &str| {
        let share = if whole == 0 { 0.0 } else { part as f32 / whole as f32 };
        format!(
            "{} of {} {of} ({})",
            words::count(part),
            words::count(whole),
            words::percent(share)
        )
    };
    let rows = [
        ("Understood by no parser", share(coverage.undecoded_packets, coverage.packets, "packets")),
        ("… because headers are damaged", words::count(coverage.malformed_packets)),
        ("… because the application is not known", words::count(coverage.unrecognised_packets)),
        ("Cut off by the capture", share(coverage.truncated_packets, coverage.packets, "packets")),
        (
            "Only one direction captured",
            share(coverage.one_way_flows, coverage.conversations, "conversations"),
        ),
    ];
    html! {
        section #coverage {
            h2 { "What this capture cannot show" }
            ul {
                @for note in &coverage.notes { li { (note) } }
                @if coverage.notes.is_empty() { li { "Nothing stands out. A capture shows only what passed by, and only while it ran." } }
            }
            table {
                caption { "What was not understood" }
                tbody {
                    @for (title, value) in &rows { tr { th scope="row" { (title) } td { (value) } } }
                    @for (kind, count) in &coverage.unknown_kinds {
                        tr { th scope="row" { "… kind not decoded: " bdi { (kind) } } td { (words::count(*count)) } }
                    }
                }
            }
        }
    }
}

/// What was read.
pub(super) fn inputs(look: &Look) -> Markup {
    html! {
        section #inputs {
            h2 { "Inputs" }
            div.wide tabindex="0" role="region" aria-label="Inputs" {
                table {
                    caption { "Files and interfaces that were read" }
                    thead { tr { th scope="col" { "Input" } th.number scope="col" { "Packets" } th.number scope="col" { "Bytes" } th scope="col" { "When" } th scope="col" { "State" } } }
                    tbody { @for one in &look.inputs { (input(one)) } }
                }
            }
        }
    }
}

fn input(input: &Input) -> Markup {
    let dropped = input.dropped.filter(|dropped| *dropped > 0);
    html! {
        tr {
            td { bdi { (input.path) } }
            td.number { (words::count(input.packets)) }
            td.number { (words::bytes(input.bytes)) }
            td { @if let (Some(first), Some(last)) = (&input.first, &input.last) { (words::period(first, last)) } @else { span.none { "no packets" } } }
            td {
                @if input.cut_short {
                    strong { "Cut short: " }
                    (input.damage.as_deref().unwrap_or("the file ends in the middle"))
                    "; everything before that is in this report. "
                }
                @if let Some(dropped) = dropped { (words::counted(dropped, "packet", "packets")) " dropped while capturing." }
                @if !input.cut_short && dropped.is_none() { "complete" }
            }
        }
    }
}

/// What was spoken.
pub(super) fn protocols(look: &Look) -> Markup {
    html! {
        section #protocols {
            h2 { "Protocols" }
            p { (words::counted(look.flows, "flow", "flows")) "." }
            div.pair {
                (protocol_table("Seen in payload", &look.protocols))
                (protocol_table("Guessed from port numbers alone", &look.guessed))
            }
        }
    }
}

fn protocol_table(caption: &str, protocols: &BTreeMap<String, ProtocolCount>) -> Markup {
    html! {
        @if !protocols.is_empty() {
            table {
                caption { (caption) }
                thead { tr { th scope="col" { "Protocol" } th.number scope="col" { "Flows" } th.number scope="col" { "Packets" } } }
                tbody {
                    @for (name, count) in protocols {
                        tr {
                            th scope="row" { (words::app(name)) }
                            td.number { @if count.flows > 0 { (words::count(count.flows)) } @else { "–" } }
                            td.number { (words::count(count.packets)) }
                        }
                    }
                }
            }
        }
    }
}
