//! What stands beside devices and findings: coverage, inputs, protocols.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::parts::{table_head, wide};
use crate::look::{Input, Look, ProtocolCount};
use crate::words;

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
                @if coverage.notes.is_empty() { li { (words::NO_NOTES) } }
            }
            table {
                caption { "What was not understood" }
                tbody {
                    @for (title, value) in &rows { tr { th scope="row" { (title) } td { (value) } } }
                    @for (kind, count) in &coverage.unknown_kinds {
                        tr {
                            th scope="row" { "… kind not decoded: " bdi { (kind) } }
                            td { (words::count(*count)) }
                        }
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
            (wide("Inputs", html! {
                table {
                    caption { "Files and interfaces that were read" }
                    (table_head(&["Input", "#Packets", "#Bytes", "When", "State"]))
                    tbody { @for one in &look.inputs { (input(one)) } }
                }
            }))
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
            td {
                @if let (Some(first), Some(last)) = (&input.first, &input.last) {
                    (words::period(first, last))
                } @else {
                    span.none { "no packets" }
                }
            }
            td {
                @if input.cut_short {
                    strong { "Cut short: " }
                    (input.damage.as_deref().unwrap_or("the file ends in the middle"))
                    "; everything before that is in this report. "
                }
                @if let Some(dropped) = dropped {
                    (words::counted(dropped, "packet", "packets")) " dropped while capturing."
                }
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
                (table_head(&["Protocol", "#Flows", "#Packets"]))
                tbody {
                    @for (name, count) in protocols {
                        tr {
                            th scope="row" { (words::app(name)) }
                            td.number {
                                @if count.flows > 0 { (words::count(count.flows)) } @else { "–" }
                            }
                            td.number { (words::count(count.packets)) }
                        }
                    }
                }
            }
        }
    }
}
