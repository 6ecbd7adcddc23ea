//! The network drawn as a picture: networks as boxes at both sides, the Internet and what routes in
//! between, talks as curves. Where everything lies depends on nothing but the look.

mod draw;
mod graph;
mod layout;
mod links;

use maud::Markup;

pub(crate) use draw::{lone_sign, sample};
pub(crate) use links::LinkKind;

use crate::view::View;

/// A map as inline SVG and what has to be said beside it.
pub(crate) struct Map {
    pub picture: Markup,
    /// Kinds of link that occur.
    pub kinds: Vec<LinkKind>,
    /// What the map leaves out or draws together, in plain words.
    pub notes: Vec<String>,
}

/// Draws the map; none where there is nothing to draw.
pub(crate) fn network_map(view: &View) -> Option<Map> {
    let graph = graph::Graph::new(view)?;
    let layout = layout::Layout::new(&graph);
    // links are sorted by kind
    let mut kinds: Vec<LinkKind> = graph.links.iter().map(|link| link.kind).collect();
    kinds.dedup();
    Some(Map { kinds, picture: draw::svg(&graph, &layout), notes: graph.notes })
}
