//! The map as SVG. Colours come from the style sheet, shapes and words say the same without
//! colour, and every node and box is a link that narrows the map.

use maud::{Markup, html};

use super::glyph;
use super::graph::{End, Graph, Line, Node, Sort};
use super::layout::{Frame, Layout, Shape, Side, Spot};
use crate::text::{app, bytes, clip, counted, plain};

/// Lines up to which each tells its number of pairs.
const NUMBERED_MOST: usize = 40;

/// Widths of a character in a zone's title and in its size, in the widest usual fonts.
const TITLE_CHAR: f32 = 7.6;
const SIZE_CHAR: f32 = 6.4;

/// The whole picture in one shape.
pub(crate) fn svg(graph: &Graph, shape: Shape) -> Markup {
    let layout = Layout::new(graph, shape);
    let numbered = graph.lines.len() <= NUMBERED_MOST;
    html! {
        svg class=(format!("map {}", shape.name)) viewBox=(format!("0 0 {} {:.0}", shape.width, layout.height))
            role="group" aria-label="Map: zones as boxes, devices in them, lines for who talks with whom. The table below says the same." {
            @for frame in &layout.frames { (boxed(graph, frame)) }
            g.lines { @for line in &graph.lines { (curve(graph, &layout, line)) } }
            @if numbered { g.pairs aria-hidden="true" { @for line in &graph.lines { (pairs(&layout, line)) } } }
            @if graph.internet { (internet(layout.spot(End::Internet))) }
            @for (at, node) in graph.nodes.iter().enumerate() { (placed(node, layout.spot(End::Node(at)))) }
        }
    }
}

/// A short piece of a line, for the legend.
pub(crate) fn sample(sort: Sort) -> Markup {
    html! {
        svg.sample viewBox="0 0 48 12" aria-hidden="true" { path class=(format!("line {}", sort.class())) d="M2 6H46" stroke-width="3" {} }
    }
}

/// What a line's end is called.
pub(crate) fn name(graph: &Graph, end: End) -> String {
    match end {
        End::Internet => "Internet".to_owned(),
        End::Node(at) => graph.nodes.get(at).map_or_else(String::new, |node| node.label.clone()),
    }
}

fn boxed(graph: &Graph, frame: &Frame) -> Markup {
    let Some(zone) = graph.zones.get(frame.zone) else { return html! {} };
    let (x, y) = (frame.x, frame.y);
    let size = counted(zone.devices as u64, "device", "devices");
    let title = clip(&zone.name, 26);
    // On a phone a long name and the words after the number do not fit beside each other.
    let needed = title.chars().count() as f32 * TITLE_CHAR + size.len() as f32 * SIZE_CHAR + 36.0;
    let tight = needed > frame.width;
    html! {
        rect.zone x=(x) y=(y) width=(frame.width) height=(frame.height) rx="10" {}
        a href=(zone.href) aria-label=(format!("Zone {title}, {size}")) {
            text.zone-title x=(x + 12.0) y=(y + 21.0) { (title) }
        }
        text.zone-size x=(x + frame.width - 12.0) y=(y + 21.0) text-anchor="end" { @if frame.rest { "rest" } @else if tight { (zone.devices) } @else { (size) } }
    }
}

fn placed(node: &Node, spot: Spot) -> Markup {
    let (dx, anchor) = if spot.side == Side::Right { (20.0, "start") } else { (-20.0, "end") };
    let worst = node.worst.as_deref();
    let class = format!(
        "node {} {}{}",
        severity_class(worst),
        if node.online { "on" } else { "off" },
        if node.focus { "" } else { " beside" }
    );
    let says = format!(
        "{}, {}, {}",
        node.label,
        node.note,
        worst.map_or_else(|| "no findings".to_owned(), |w| format!("worst finding {w}"))
    );
    html! {
        a.at href=(node.href) aria-label=(says) {
            @if node.many > 1 { circle class=(format!("{class} behind")) cx=(spot.x + 3.0) cy=(spot.y - 3.0) r="13" {} }
            circle class=(class) cx=(spot.x) cy=(spot.y) r="13" {}
            svg.glyph x=(spot.x - 8.0) y=(spot.y - 8.0) width="16" height="16" viewBox="0 0 24 24" { path d=(glyph::path(node.kind.as_deref())) {} }
            (sign(worst, spot.x + 10.5, spot.y + 9.5))
            text.name x=(spot.x + dx) y=(spot.y - 1.5) text-anchor=(anchor) { (node.label) }
            text.note x=(spot.x + dx) y=(spot.y + 12.5) text-anchor=(anchor) { (node.note) }
        }
    }
}

/// The gravest finding as a shape at the node's edge.
fn sign(worst: Option<&str>, x: f32, y: f32) -> Markup {
    let class = format!("sign {}", severity_class(worst));
    let points = match worst {
        Some("critical") => [(0.0, -6.0), (6.0, 0.0), (0.0, 6.0), (-6.0, 0.0)],
        Some("high") => [(0.0, -5.5), (5.5, 4.5), (-5.5, 4.5), (0.0, -5.5)],
        Some("medium") => [(-4.0, -4.0), (4.0, -4.0), (4.0, 4.0), (-4.0, 4.0)],
        _ => return html! {},
    };
    let points: Vec<String> =
        points.iter().map(|(dx, dy)| format!("{:.1},{:.1}", x + dx, y + dy)).collect();
    html! { polygon class=(class) points=(points.join(" ")) {} }
}

fn severity_class(worst: Option<&str>) -> &'static str {
    match worst {
        Some("critical") => "critical",
        Some("high") => "high",
        Some("medium") => "medium",
        Some("low") => "low",
        _ => "none",
    }
}

fn internet(spot: Spot) -> Markup {
    let (x, y) = (spot.x, spot.y);
    let cloud =
        format!("M{} {y} a14 14 0 0 1 2 -27 a20 20 0 0 1 37 -5 a15 15 0 0 1 22 32 z", x - 30.0);
    html! {
        path.cloud d=(cloud) {}
        text.name x=(x) y=(y - 8.0) text-anchor="middle" { "Internet" }
    }
}

fn curve(graph: &Graph, layout: &Layout, line: &Line) -> Markup {
    let [a, c, d, b] = points(layout, line);
    let path = format!(
        "M{:.0} {:.0}C{:.0} {:.0} {:.0} {:.0} {:.0} {:.0}",
        a.0, a.1, c.0, c.1, d.0, d.1, b.0, b.1
    );
    html! {
        path class=(format!("line {}", line.sort.class())) d=(path) stroke-width=(format!("{:.1}", thickness(line.bytes))) {
            title { (says(graph, line)) }
        }
    }
}

fn says(graph: &Graph, line: &Line) -> String {
    let apps: Vec<String> = line.apps.iter().take(5).map(|name| app(name)).collect();
    let apps = if apps.is_empty() { "unknown applications".to_owned() } else { apps.join(", ") };
    let says = format!(
        "{} and {}: {}, {}, {apps}",
        name(graph, line.a),
        name(graph, line.b),
        counted(line.pairs, "pair", "pairs"),
        bytes(line.bytes)
    );
    plain(&says).into_owned()
}

/// How many pairs are behind a line, where there are several.
fn pairs(layout: &Layout, line: &Line) -> Markup {
    if line.pairs < 2 {
        return html! {};
    }
    let [a, c, d, b] = points(layout, line);
    let middle = |a: f32, c: f32, d: f32, b: f32| (a + 3.0 * c + 3.0 * d + b) / 8.0;
    html! {
        text.pair x=(format!("{:.0}", middle(a.0, c.0, d.0, b.0))) y=(format!("{:.0}", middle(a.1, c.1, d.1, b.1) + 3.5)) text-anchor="middle" { (line.pairs) }
    }
}

/// Both ends of a curve and what it leans to.
fn points(layout: &Layout, line: &Line) -> [(f32, f32); 4] {
    let (a, b) = (layout.spot(line.a), layout.spot(line.b));
    let tall = (a.y - b.y).abs();
    // long lines of a narrow picture share a lane; each keeps its own distance
    let own = match (line.a, line.b) {
        (End::Node(a), End::Node(b)) => (a + b) % 5,
        (End::Internet, End::Node(at)) | (End::Node(at), End::Internet) => at % 5,
        (End::Internet, End::Internet) => 0,
    };
    let most = if layout.shape.both() { 190.0 } else { 66.0 + 18.0 * own as f32 };
    let reach = if a.side == b.side {
        (36.0 + tall * 0.34).min(most)
    } else if layout.shape.both() {
        120.0
    } else {
        64.0 + 15.0 * own as f32
    };
    let lean = |spot: Spot, other: Spot| match (spot.side, other.side) {
        (Side::Left, _) => (spot.x + reach, spot.y),
        (Side::Right, _) => (spot.x - reach, spot.y),
        // from below the cloud
        (Side::Middle, _) => (spot.x, spot.y + (tall * 0.45).max(20.0)),
    };
    let edge = |spot: Spot| match spot.side {
        Side::Left => (spot.x + 13.0, spot.y),
        Side::Right => (spot.x - 13.0, spot.y),
        Side::Middle => (spot.x, spot.y + 1.0),
    };
    [edge(a), lean(a, b), lean(b, a), edge(b)]
}

/// 1 to 6 units, one step for each factor of ten above a kilobyte.
fn thickness(bytes: u64) -> f64 {
    let tens = (bytes.max(1) as f64).log10();
    (1.0 + (tens - 3.0) * 0.9).clamp(1.0, 6.0)
}
