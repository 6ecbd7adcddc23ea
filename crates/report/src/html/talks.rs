//! Who talks to whom: the map in words.

use maud::{Markup, html};

use super::parts::{device_link, table_head, wide};
use crate::look::Talk;
use crate::view::View;
use crate::words;

/// Talks in one table; the JSON holds all.
const MOST_TALKS: usize = 200;

/// The table below the map, heaviest talks first.
pub(super) fn below_map(view: &View) -> Markup {
    let mut talks: Vec<&Talk> = view.look.talks.iter().collect();
    if talks.is_empty() {
        return html! {};
    }
    talks.sort_by_key(|talk| std::cmp::Reverse(talk.bytes));
    html! {
        details.talks {
            summary { h3 { "Who talks to whom, as a table" } }
            (wide("Who talks to whom", table(view, talks.into_iter(), "Talks, heaviest first")))
        }
    }
}

/// Talks as a table.
pub(super) fn table<'a>(
    view: &View,
    talks: impl ExactSizeIterator<Item = &'a Talk>,
    caption: &str,
) -> Markup {
    let more = talks.len().saturating_sub(MOST_TALKS);
    html! {
        table {
            caption {
                (caption)
                @if more > 0 {
                    "; " (words::count(more as u64)) " more are in the JSON output"
                }
            }
            (table_head(&["Opened by", "Answered by", "What", "#Packets", "#Bytes"]))
            tbody {
                @for talk in talks.take(MOST_TALKS) {
                    tr {
                        td { (device_link(view, &talk.from)) }
                        td { (device_link(view, &talk.to)) @if talk.outside { " (Internet)" } }
                        td { (apps(talk)) }
                        td.number { (words::count(talk.packets)) }
                        td.number { (words::bytes(talk.bytes)) }
                    }
                }
            }
        }
    }
}

fn apps(talk: &Talk) -> Markup {
    let apps: Vec<String> = talk.apps.iter().map(|app| words::app(app)).collect();
    html! {
        @if apps.is_empty() { span.none { "unknown" } } @else { (words::list(&apps, 8)) }
    }
}
