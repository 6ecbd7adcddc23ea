//! The map as inline SVG. Colours come from the page's style sheet, shapes say the same without
//! colour, and every node is a link into the page.

use cordon_model::Severity;
use maud::{Markup, html};

use super::graph::{Graph, Node};
use super::layout::{BOX, Frame, Layout, Side, Spot, WIDTH};
use super::links::{End, Link, LinkKind};

/// The whole picture.
pub(super) fn svg(graph: &Graph, layout: &Layout) -> Markup {
    let height = layout.height;
    html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox=(format!("0 0 {WIDTH} {height}"))
            role="group" aria-labelledby="map-title map-text" {
            title id="map-title" { "Network map" }
            desc id="map-text" {
                "Devices in boxes by network, the Internet and what routes in the middle, talks as "
                "curves. The table below the map says the same in words."
            }
            @for frame in &layout.frames { (boxed(graph, frame)) }
            g.links {
                @for link in &graph.links { (curve(layout, link)) }
            }
            @if graph.internet { (internet(layout.internet)) }
            @for (at, node) in graph.nodes.iter().enumerate() {
                (placed(node, layout.spot(End::Node(at))))
            }
        }
    }
}

/// The sign of a severity; `None` is a device without findings.
fn sign(worst: Option<Severity>, x: f32, y: f32) -> Markup {
    let class = format!("sign {}", worst.map_or("none", Severity::name));
    let points = |points: &[(f32, f32)]| {
        let points: Vec<String> =
            points.iter().map(|(dx, dy)| format!("{:.1},{:.1}", x + dx, y + dy)).collect();
        points.join(" ")
    };
    match worst {
        Some(Severity::Critical) => html! {
            polygon class=(class) points=(points(&[(0.0, -10.0), (10.0, 0.0), (0.0, 10.0), (-10.0, 0.0)])) {}
        },
        Some(Severity::High) => html! {
            polygon class=(class) points=(points(&[(0.0, -9.0), (9.5, 7.5), (-9.5, 7.5)])) {}
        },
        Some(Severity::Medium) => html! {
            rect class=(class) x=(x - 7.0) y=(y - 7.0) width="14" height="14" rx="2" {}
        },
        _ => html! { circle class=(class) cx=(x) cy=(y) r="7" {} },
    }
}

/// A short line of a kind of link, for the legend.
pub(crate) fn sample(kind: LinkKind) -> Markup {
    html! {
        svg.sample viewBox="0 0 48 12" aria-hidden="true" {
            path class=(format!("link {}", kind.class())) d="M2 6 L46 6" stroke-width="3" {}
        }
    }
}

/// A sign by itself, for the legend.
pub(crate) fn lone_sign(worst: Option<Severity>) -> Markup {
    html! {
        svg.sample viewBox="0 0 24 24" aria-hidden="true" { (sign(worst, 12.0, 12.0)) }
    }
}

fn boxed(graph: &Graph, frame: &Frame) -> Markup {
    let title = graph.zones.get(frame.zone).map_or("", |zone| zone.title.as_str());
    html! {
        rect.zone x=(frame.x) y=(frame.y) width=(BOX) height=(frame.height) rx="10" {}
        text.zone-title x=(frame.x + 12.0) y=(frame.y + 19.0) {
            (title) @if frame.rest { " (rest)" }
        }
    }
}

fn placed(node: &Node, spot: Spot) -> Markup {
    let (dx, anchor) = match spot.side {
        Side::Left => (-17.0, "end"),
        Side::Right => (17.0, "start"),
        Side::Middle => (0.0, "middle"),
    };
    // in the middle the words stand below the sign, at the sides beside it
    let (name_y, note_y) = if spot.side == Side::Middle {
        (spot.y + 25.0, spot.y + 39.0)
    } else {
        (spot.y - 1.5, spot.y + 12.0)
    };
    let worst = node.worst.map_or("no findings", Severity::name);
    let x = spot.x + dx;
    html! {
        a href=(node.href) aria-label=(format!("{}, {}, {worst}", node.name, node.note)) {
            (sign(node.worst, spot.x, spot.y))
            text.name x=(x) y=(name_y) text-anchor=(anchor) { (node.name) }
            text.note x=(x) y=(note_y) text-anchor=(anchor) { (node.note) }
        }
    }
}

fn internet(spot: Spot) -> Markup {
    let (x, y) = (spot.x, spot.y);
    let cloud =
        format!("M{} {y} a14 14 0 0 1 2 -27 a20 20 0 0 1 37 -5 a15 15 0 0 1 22 32 z", x - 30.0);
    html! {
        path.cloud d=(cloud) {}
        text.name x=(x) y=(y + 16.0) text-anchor="middle" { "Internet" }
    }
}

fn curve(layout: &Layout, link: &Link) -> Markup {
    let (a, b) = (layout.spot(link.a), layout.spot(link.b));
    let (a, b) = (at_cloud(link.a, a, b), at_cloud(link.b, b, a));
    let class = link.kind.class();
    let width = format!("{:.1}", thickness(link.bytes));
    html! {
        path class=(format!("link {class}")) d=(path(a, b)) stroke-width=(width) {
            title { (link.says) }
        }
    }
}

/// The Internet is reached at the side of its cloud that faces the other end.
fn at_cloud(end: End, spot: Spot, other: Spot) -> Spot {
    match (end, other.side) {
        (End::Internet, Side::Left) => Spot { x: spot.x - 38.0, y: spot.y - 12.0, ..spot },
        (End::Internet, Side::Right) => Spot { x: spot.x + 38.0, y: spot.y - 12.0, ..spot },
        _ => spot,
    }
}

/// A curve that leaves both ends towards the middle.
fn path(a: Spot, b: Spot) -> String {
    let tall = (a.y - b.y).abs();
    let reach = if a.side == b.side { 44.0 + (tall * 0.42).min(130.0) } else { 120.0 };
    let (ax, ay) = lean(a, b, reach);
    let (bx, by) = lean(b, a, reach);
    format!("M{:.1} {:.1} C{ax:.1} {ay:.1} {bx:.1} {by:.1} {:.1} {:.1}", a.x, a.y, b.x, b.y)
}

fn lean(from: Spot, to: Spot, reach: f32) -> (f32, f32) {
    match (from.side, to.side) {
        (Side::Left, _) => (from.x + reach, from.y),
        (Side::Right, _) => (from.x - reach, from.y),
        (Side::Middle, Side::Left) => (from.x - reach * 0.7, from.y),
        (Side::Middle, Side::Right) => (from.x + reach * 0.7, from.y),
        (Side::Middle, Side::Middle) => (from.x, from.y),
    }
}

/// 1 to 6 units, one step for each factor of ten above a kilobyte.
fn thickness(bytes: u64) -> f64 {
    let tens = (bytes.max(1) as f64).log10();
    (1.0 + (tens - 3.0) * 1.1).clamp(1.0, 6.0)
}
