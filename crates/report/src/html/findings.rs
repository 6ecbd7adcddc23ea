//! Findings by kind: why, how to mend it, and the packets that show it.

use cordon_model::Severity;
use maud::{Markup, html};

use super::parts::{badge, device_link, evidence};
use crate::look::Finding;
use crate::view::{Group, View, particular};
use crate::words;

/// Findings listed under one kind; the JSON holds all.
const MOST_PER_KIND: usize = 100;

/// Ways to mend findings of one kind.
const MOST_FIXES: usize = 8;

/// The section.
pub(super) fn section(view: &View) -> Markup {
    html! {
        section #findings {
            h2 { "Findings" }
            @if view.groups.is_empty() {
                p { "No weakness was found in what this capture shows." }
            }
            @for (at, group) in view.groups.iter().enumerate() { (kind(view, at, group)) }
        }
    }
}

fn kind(view: &View, at: usize, group: &Group) -> Markup {
    let more = group.findings.len().saturating_sub(MOST_PER_KIND);
    html! {
           details.finding id=(format!("f{at}")) open[group.severity >= Severity::High] {
               summary {
                   (badge(group.severity, ""))
                   h3 { (group.title) }
                   span.whose { (group.whose()) }
               }
               div.inside {
                   p { (group.why()) }
                   @for fix in group.fixes().into_iter().take(MOST_FIXES) {
    p.fix { strong { "Fix: " } (fix) } }
                   ul.cases {
                       @for finding in group.findings.iter().take(MOST_PER_KIND) {
                           li { (case(view, group, finding)) }
                       }
                   }
                   @if more > 0 {
                       p {
                        "… and " (words::count(more as u64))
                        " more, all of them in the JSON output."
                    }
                   }
                   p.kind { "Kind: " code { (group.kind) } }
               }
           }
       }
}

fn case(view: &View, group: &Group, finding: &Finding) -> Markup {
    let own = words::severity(&finding.severity);
    html! {
        p {
            strong {
                @match &finding.device {
                    Some(id) => { (device_link(view, id)) },
                    None => { "The network" },
                }
            }
            ": " bdi { (finding.title) }
            @if finding.count > 1 { ", seen " (words::count(finding.count)) " times" }
            @if own != group.severity { " " (badge(own, "")) }
        }
        @if let Some(particular) = particular(finding) { p { bdi { (particular) } } }
        (evidence(view, &finding.evidence))
    }
}
