//! Controllers: who writes, stops and programs them, and who speaks their protocols at all.

use maud::{Markup, html};

use super::parts::{badge, device_link, table_head, wide};
use super::talks;
use crate::look::Finding;
use crate::view::{View, who};
use crate::words;

/// Whether there is anything of a plant.
pub(super) fn is_here(view: &View) -> bool {
    !view.plant_talks().is_empty() || !view.acts().is_empty()
}

/// The section; nothing where there is no plant.
pub(super) fn section(view: &View) -> Markup {
    if !is_here(view) {
        return html! {};
    }
    let (acts, plant) = (view.acts(), view.plant_talks());
    html! {
        section #plant {
            h2 { "Who writes, stops and programs controllers" }
            p.sent {
                strong { "Packets sent: " (words::count(view.look.packets_sent)) }
                @if view.look.packets_sent == 0 { " · no controller was asked anything" }
            }
            @if acts.is_empty() {
                p { (words::ONLY_READ) }
            } @else {
                (wide("Acts upon controllers", act_table(view, &acts)))
            }
            @if !plant.is_empty() {
                (wide("Talks over plant protocols", talks::table(
                    view,
                    plant.into_iter(),
                    "Everybody who speaks a plant protocol, reading included",
                )))
            }
        }
    }
}

fn act_table(view: &View, acts: &[&Finding]) -> Markup {
    html! {
        table {
            caption { "Acts upon controllers, gravest first" }
            (table_head(&["Controller", "What", "Who", "Severity", "First packet"]))
            tbody {
                @for act in acts {
                    tr {
                        td {
                            @match &act.device {
                                Some(id) => { (device_link(view, id)) },
                                None => { "unknown" },
                            }
                        }
                        td { bdi { (act.title) } }
                        td { bdi { (who(act)) } }
                        td { (badge(words::severity(&act.severity), "")) }
                        td {
                            @if let Some(one) = act.evidence.first() {
                                (view.cite(Some(&one.file), one.packet))
                            }
                        }
                    }
                }
            }
        }
    }
}
