//! Map: who talks to whom?

use cordon_service::view::MapView;
use maud::{Markup, html};

use super::device::apps;
use crate::ask::Ask;
use crate::frame::{self, Sheet, Tab};
use crate::map::draw::{name, sample, svg};
use crate::map::graph::{End, Focus, Graph, Line, Sort};
use crate::map::layout::{TALL, WIDE};
use crate::parts::{self, device_path, empty, panel};
use crate::reply::{self, Shown};
use crate::text::{bytes, count, counted, encode, plain, sentence, short};

/// Lines of the table; it says the same as the picture.
const ROWS_MOST: usize = 120;

/// `GET /map`.
pub(crate) async fn show(ask: Ask) -> Shown {
    let map = ask.site.map(&ask.caller)?;
    let today = ask.site.today(&ask.caller)?;
    let focus = Focus {
        zone: ask.params.some("zone"),
        kind: ask.params.some("kind"),
        device: ask.params.some("device"),
    };
    let graph = Graph::new(&map, &focus);
    let body = html! {
        (narrow(&map, &focus))
        @if graph.nodes.is_empty() {
            (nothing(&map))
        } @else {
            section.panel.picture id="picture" data-part="picture" aria-label="Map" {
                p.row { b { (title(&map, &focus, &graph)) }
                    @if let Some(id) = &focus.device { a href=(device_path(id)) { "Open the device" } }
                    @if focus != Focus::default() { a href="/map" { "Whole map" } }
                }
                (svg(&graph, WIDE)) (svg(&graph, TALL))
                (legend(&graph))
                @for note in &graph.notes { p.soft { (note) } }
            }
            (panel("table", "The same as a table", &table(&graph)))
        }
    };
    let sheet = Sheet {
        tab: Tab::Map,
        title: "Map",
        lead: html! { "Who talks to whom?" },
        buttons: html! {},
        topics: "devices",
        body,
    };
    Ok(reply::page(frame::page(&ask, &today, &sheet)))
}

fn narrow(map: &MapView, focus: &Focus) -> Markup {
    let zones: Vec<(String, String)> = map
        .zones
        .iter()
        .map(|zone| {
            (
                zone.name.clone(),
                format!("{} ({})", crate::text::clip(&zone.name, 40), zone.nodes.len()),
            )
        })
        .collect();
    let used: std::collections::BTreeSet<&str> = map
        .zones
        .iter()
        .flat_map(|zone| &zone.nodes)
        .map(|node| node.kind.as_deref().unwrap_or("unknown"))
        .collect();
    let kinds: Vec<(String, String)> =
        used.iter().map(|kind| ((*kind).to_owned(), sentence(&kind.replace('-', " ")))).collect();
    html! {
        form.filter.plain method="get" action="/map" role="search" {
            (parts::select("zone", "Zone", "all zones", focus.zone.as_deref().unwrap_or_default(), &zones))
            (parts::select("kind", "Kind", "all kinds", focus.kind.as_deref().unwrap_or_default(), &kinds))
            button.main { "Show" }
        }
    }
}

fn nothing(map: &MapView) -> Markup {
    if map.zones.iter().all(|zone| zone.nodes.is_empty()) {
        empty(
            "Nothing to draw yet.",
            &html! { "The map grows as devices speak. " a href="/health" { "Is the capture running?" } },
        )
    } else {
        empty("Nobody here fits.", &html! { a href="/map" { "Show the whole map" } })
    }
}

fn title(map: &MapView, focus: &Focus, graph: &Graph) -> String {
    let devices = counted(graph.devices as u64, "device", "devices");
    let zones = counted(graph.zones.len() as u64, "zone", "zones");
    if let Some(id) = &focus.device {
        let mut nodes = map.zones.iter().flat_map(|zone| &zone.nodes);
        let label =
            nodes.find(|node| node.id == *id).map_or(id.as_str(), |node| node.label.as_str());
        return format!("{} and whom it talks with", crate::text::clip(label, 60));
    }
    match (&focus.zone, &focus.kind) {
        (None, None) => format!("{devices} in {zones}"),
        (Some(zone), None) => format!("{devices} in {} and whom they talk with", plain(zone)),
        (None, Some(kind)) => {
            format!("{devices} of kind {} and whom they talk with", plain(&kind.replace('-', " ")))
        }
        (Some(zone), Some(kind)) => format!(
            "{devices} of kind {} in {} and whom they talk with",
            plain(&kind.replace('-', " ")),
            plain(zone)
        ),
    }
}

fn legend(graph: &Graph) -> Markup {
    let sorts = [Sort::Inside, Sort::Plant, Sort::Outbound, Sort::Inbound];
    html! {
        ul.legend aria-label="Legend" {
            @for sort in sorts.into_iter().filter(|sort| graph.lines.iter().any(|line| line.sort == *sort)) {
                li { (sample(sort)) (sort.says()) }
            }
            li { (parts::severity("critical")) } li { (parts::severity("high")) } li { (parts::severity("medium")) }
            li.soft { "thicker: more bytes; a number: pairs of devices" }
        }
    }
}

fn table(graph: &Graph) -> Markup {
    let lines = graph.lines.iter().rev().take(ROWS_MOST);
    html! {
        @if graph.lines.is_empty() { (empty("Nobody talks with anybody here.", &html! {})) }
        @else {
            table.cards {
                caption { "Who talks with whom" }
                thead { tr { th scope="col" { "One end" } th scope="col" { "Other end" } th scope="col" { "What" } th scope="col" { "Applications" } th.num scope="col" { "Pairs" } th.num scope="col" { "Flows" } th.num scope="col" { "Bytes" } } }
                tbody { @for line in lines { tr {
                    th scope="row" { (end(graph, line.a)) }
                    td data-label="Other end" { (end(graph, line.b)) }
                    td data-label="What" { (line.sort.says()) }
                    td data-label="Applications" { (apps(&line.apps)) }
                    td.num data-label="Pairs" { (count(line.pairs)) }
                    td.num data-label="Flows" { (flows(graph, line)) }
                    td.num data-label="Bytes" { (bytes(line.bytes)) }
                } } }
            }
        }
    }
}

fn end(graph: &Graph, end: End) -> Markup {
    let label = name(graph, end);
    match end {
        End::Node(at) if graph.nodes.get(at).is_some() => {
            html! { a href=(graph.nodes.get(at).map_or("", |node| node.href.as_str())) { (short(&label)) } }
        }
        _ => html! { (short(&label)) },
    }
}

/// The flows behind a line: of the single device at one of its ends, if there is one.
fn flows(graph: &Graph, line: &Line) -> Markup {
    let single = |end: End| match end {
        End::Node(at) => {
            graph.nodes.get(at).and_then(|node| node.href.strip_prefix("/map?device="))
        }
        End::Internet => None,
    };
    let query = match (single(line.a), single(line.b)) {
        (Some(a), Some(b)) => Some(format!("device={a}&peer={b}")),
        (Some(one), None) | (None, Some(one)) => Some(format!("device={one}")),
        (None, None) => line
            .apps
            .first()
            .filter(|_| line.apps.len() == 1)
            .map(|app| format!("app={}", encode(app.trim_start_matches("port:")))),
    };
    html! {
        @match query { Some(query) => a href=(format!("/traffic?{query}")) { (count(line.flows)) }, None => (count(line.flows)) }
    }
}
