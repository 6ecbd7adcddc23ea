//! Where everything lies. Units are those of the picture; the y axis points down.

use super::graph::Graph;
use super::links::End;

/// Width of the picture.
pub(super) const WIDTH: f32 = 900.0;

/// Width of a box.
pub(super) const BOX: f32 = 292.0;

/// From one node of a box to the next: two lines of text and air.
const STEP: f32 = 37.0;

/// Title of a box.
const HEAD: f32 = 30.0;

/// Below the last node of a box.
const FOOT: f32 = 6.0;

/// From one box to the next.
const GAP: f32 = 14.0;

/// Around the picture.
const MARGIN: f32 = 8.0;

/// From the edge of a box to its nodes.
const INSET: f32 = 20.0;

/// Height of the Internet and of the routers in the middle, with their labels.
const MIDDLE_STEP: f32 = 96.0;

/// Left or right.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Side {
    Left,
    Middle,
    Right,
}

/// A point, and to which side its label goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    pub x: f32,
    pub y: f32,
    pub side: Side,
}

/// A box around the nodes of a zone, or a part of one.
pub(super) struct Frame {
    pub x: f32,
    pub y: f32,
    pub height: f32,
    /// Index of the zone.
    pub zone: usize,
    /// Whether this is the rest of a zone that began on the other side.
    pub rest: bool,
}

/// Where everything lies.
pub(super) struct Layout {
    pub height: f32,
    pub internet: Spot,
    pub frames: Vec<Frame>,
    /// By node.
    spots: Vec<Spot>,
}

/// A zone or a part of one, to be placed: zone, its nodes, whether it is the second part.
type Part = (usize, Vec<usize>, bool);

impl Layout {
    pub(super) fn new(graph: &Graph) -> Self {
        let middle = Spot { x: WIDTH / 2.0, y: 0.0, side: Side::Middle };
        let mut layout = Layout {
            height: 0.0,
            internet: Spot { y: 46.0, ..middle },
            frames: Vec::new(),
            spots: vec![middle; graph.nodes.len()],
        };
        let (left, right) = halves(graph);
        let sides = [(Side::Left, left), (Side::Right, right)];
        let tallest = sides.iter().map(|(_, parts)| height(parts)).fold(0.0, f32::max);
        let middle_height = MIDDLE_STEP * (graph.central.len() as f32 + 1.0) + 20.0;
        let inner = tallest.max(middle_height);
        layout.height = inner + 2.0 * MARGIN;
        for (side, parts) in sides {
            layout.stack(side, &parts, MARGIN + (inner - height(&parts)) / 2.0);
        }
        layout.centre(graph, inner);
        layout
    }

    /// Where an end of a link lies.
    pub(super) fn spot(&self, end: End) -> Spot {
        match end {
            End::Internet => self.internet,
            End::Node(at) => self.spots.get(at).copied().unwrap_or(self.internet),
        }
    }

    fn stack(&mut self, side: Side, parts: &[Part], top: f32) {
        let (frame_x, node_x) = match side {
            Side::Right => (WIDTH - MARGIN - BOX, WIDTH - MARGIN - BOX + INSET),
            _ => (MARGIN, MARGIN + BOX - INSET),
        };
        let mut y = top;
        for (zone, nodes, rest) in parts {
            let height = part_height(nodes);
            self.frames.push(Frame { x: frame_x, y, height, zone: *zone, rest: *rest });
            for (row, node) in nodes.iter().enumerate() {
                if let Some(spot) = self.spots.get_mut(*node) {
                    let y = y + HEAD + STEP * (row as f32 + 0.5);
                    *spot = Spot { x: node_x, y, side };
                }
            }
            y += height + GAP;
        }
    }

    /// Routers below each other around the middle, below the Internet.
    fn centre(&mut self, graph: &Graph, inner: f32) {
        let count = graph.central.len() as f32;
        let top = (MARGIN + inner / 2.0 - MIDDLE_STEP * (count - 1.0) / 2.0)
            .max(self.internet.y + MIDDLE_STEP);
        for (row, node) in graph.central.iter().enumerate() {
            if let Some(spot) = self.spots.get_mut(*node) {
                spot.y = top + MIDDLE_STEP * row as f32;
            }
        }
    }
}

fn part_height(nodes: &[usize]) -> f32 {
    HEAD + STEP * nodes.len() as f32 + FOOT
}

fn height(parts: &[Part]) -> f32 {
    let boxes: f32 = parts.iter().map(|(_, nodes, _)| part_height(nodes)).sum();
    boxes + GAP * parts.len().saturating_sub(1) as f32
}

/// Zones left and right so that both sides are about as tall; a zone is parted only where the
/// sides would differ too much without.
fn halves(graph: &Graph) -> (Vec<Part>, Vec<Part>) {
    let parts: Vec<Part> =
        graph.zones.iter().enumerate().map(|(at, zone)| (at, zone.nodes.clone(), false)).collect();
    let whole = height(&parts);
    let mut best = (f32::MAX, 0);
    let mut above = 0.0;
    for (at, (_, nodes, _)) in parts.iter().enumerate() {
        above += part_height(nodes) + GAP;
        let uneven = (whole - 2.0 * above).abs();
        if uneven < best.0 {
            best = (uneven, at + 1);
        }
    }
    let (uneven, at) = best;
    // a third of the whole, or a handful of nodes, may stick out
    if uneven <= (whole / 3.0).max(STEP * 6.0) {
        let (left, right) = parts.split_at(at.min(parts.len()));
        return (left.to_vec(), right.to_vec());
    }
    part_in_two(parts, whole / 2.0)
}

fn part_in_two(parts: Vec<Part>, half: f32) -> (Vec<Part>, Vec<Part>) {
    let (mut left, mut right) = (Vec::new(), Vec::new());
    let mut above = 0.0;
    for (zone, nodes, _) in parts {
        let tall = part_height(&nodes) + GAP;
        if above + tall <= half {
            left.push((zone, nodes, false));
        } else if above >= half {
            right.push((zone, nodes, false));
        } else {
            let fits = ((half - above - HEAD) / STEP).round().max(0.0) as usize;
            let (here, there) = nodes.split_at(fits.min(nodes.len()));
            let cut = !here.is_empty();
            if cut {
                left.push((zone, here.to_vec(), false));
            }
            if !there.is_empty() {
                right.push((zone, there.to_vec(), cut));
            }
        }
        above += tall;
    }
    (left, right)
}

#[cfg(test)]
mod tests {
    use super::super::graph::{Node, Zone};
    use super::*;

    fn graph(zones: &[usize]) -> Graph {
        let mut nodes = Vec::new();
        let mut made = Vec::new();
        for (at, many) in zones.iter().enumerate() {
            let first = nodes.len();
            for _ in 0..*many {
                nodes.push(Node {
                    name: "n".into(),
                    note: String::new(),
                    worst: None,
                    href: String::new(),
                });
            }
            made.push(Zone { title: at.to_string(), nodes: (first..nodes.len()).collect() });
        }
        Graph {
            nodes,
            zones: made,
            central: Vec::new(),
            links: Vec::new(),
            internet: true,
            notes: Vec::new(),
        }
    }

    #[test]
    fn labels_never_overlap_and_nothing_leaves_the_picture() {
        for zones in [vec![30], vec![1], vec![3, 9, 2, 16], vec![1; 60], vec![59, 1], vec![1, 59]] {
            let graph = graph(&zones);
            let layout = Layout::new(&graph);
            for (at, one) in layout.spots.iter().enumerate() {
                assert_ne!(one.side, Side::Middle, "{zones:?}: every node has its place");
                assert!(one.y > 0.0 && one.y < layout.height, "{zones:?}");
                for other in layout.spots.iter().skip(at + 1) {
                    let apart = one.side != other.side || (one.y - other.y).abs() >= STEP - 0.01;
                    assert!(apart, "{zones:?}: {one:?} {other:?}");
                }
            }
        }
    }

    #[test]
    fn one_large_network_is_parted_so_that_the_picture_is_not_a_tower() {
        let layout = Layout::new(&graph(&[30]));
        assert_eq!(layout.frames.len(), 2);
        assert!(layout.frames.iter().any(|frame| frame.rest));
        assert!(layout.height < 30.0 * STEP * 0.7);
    }
}
