//! Where everything lies. Units are those of the picture; the y axis points down.

use super::graph::{End, Graph};

/// From one node of a box to the next: two lines of text and air.
const STEP: f32 = 38.0;

/// Title of a box.
const HEAD: f32 = 32.0;

/// Below the last node of a box.
const FOOT: f32 = 8.0;

/// From one box to the next.
const GAP: f32 = 16.0;

/// Around the picture.
const MARGIN: f32 = 6.0;

/// From the edge of a box to its nodes.
const INSET: f32 = 21.0;

/// Height that the cloud needs.
const CLOUD: f32 = 78.0;

/// How wide the picture is, and whether boxes stand on both sides.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub name: &'static str,
    pub width: f32,
    box_width: f32,
    both: bool,
}

impl Shape {
    /// Whether boxes stand on both sides.
    pub(crate) const fn both(self) -> bool {
        self.both
    }
}

/// For screens: boxes left and right, lines between them.
pub(crate) const WIDE: Shape = Shape { name: "wide", width: 960.0, box_width: 296.0, both: true };

/// For phones: boxes at the left, lines at the right.
pub(crate) const TALL: Shape = Shape { name: "tall", width: 372.0, box_width: 262.0, both: false };

/// To which side a node's words go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Side {
    Left,
    Middle,
    Right,
}

/// A point, and to which side its words go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spot {
    pub x: f32,
    pub y: f32,
    pub side: Side,
}

/// A box around the nodes of a zone, or a part of one.
pub(crate) struct Frame {
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
    pub zone: usize,
    /// Whether this is the rest of a zone that began in the other column.
    pub rest: bool,
}

/// Where everything lies.
pub(crate) struct Layout {
    pub shape: Shape,
    pub height: f32,
    pub frames: Vec<Frame>,
    internet: Spot,
    spots: Vec<Spot>,
}

/// A zone or a part of one: which, its nodes, whether it is the second part.
type Part<'a> = (usize, &'a [usize], bool);

impl Layout {
    /// Places everything.
    pub(crate) fn new(graph: &Graph, shape: Shape) -> Self {
        let (x, y) =
            if shape.both { (shape.width / 2.0, 44.0) } else { (shape.width - 52.0, 44.0) };
        let internet = Spot { x, y, side: Side::Middle };
        let mut layout = Layout {
            shape,
            height: 0.0,
            frames: Vec::new(),
            internet,
            spots: vec![internet; graph.nodes.len()],
        };
        let (left, right) = columns(graph, shape.both);
        let tops = if shape.both || !graph.internet { MARGIN } else { CLOUD };
        let tallest =
            height(&left).max(height(&right)).max(if graph.internet { CLOUD + 20.0 } else { 0.0 });
        layout.stack(Side::Left, &left, tops);
        layout.stack(Side::Right, &right, tops);
        layout.height = tops + tallest + MARGIN;
        layout
    }

    /// Where an end of a line lies.
    pub(crate) fn spot(&self, end: End) -> Spot {
        match end {
            End::Internet => self.internet,
            End::Node(at) => self.spots.get(at).copied().unwrap_or(self.internet),
        }
    }

    fn stack(&mut self, side: Side, parts: &[Part], top: f32) {
        let width = self.shape.box_width;
        let (x, node_x) = match side {
            Side::Right => {
                (self.shape.width - MARGIN - width, self.shape.width - MARGIN - width + INSET)
            }
            _ => (MARGIN, MARGIN + width - INSET),
        };
        let mut y = top;
        for (zone, nodes, rest) in parts {
            let height = part_height(nodes.len());
            self.frames.push(Frame { x, y, width, height, zone: *zone, rest: *rest });
            for (row, node) in nodes.iter().enumerate() {
                if let Some(spot) = self.spots.get_mut(*node) {
                    *spot = Spot { x: node_x, y: y + HEAD + STEP * (row as f32 + 0.5), side };
                }
            }
            y += height + GAP;
        }
    }
}

fn part_height(nodes: usize) -> f32 {
    HEAD + STEP * nodes as f32 + FOOT
}

fn height(parts: &[Part]) -> f32 {
    let boxes: f32 = parts.iter().map(|(_, nodes, _)| part_height(nodes.len())).sum();
    boxes + GAP * parts.len().saturating_sub(1) as f32
}

/// Each zone into the shorter column; one that is longer than half of everything is parted.
fn columns(graph: &Graph, both: bool) -> (Vec<Part<'_>>, Vec<Part<'_>>) {
    let parts: Vec<Part> = graph
        .zones
        .iter()
        .enumerate()
        .map(|(at, zone)| (at, zone.nodes.as_slice(), false))
        .collect();
    if !both {
        return (parts, Vec::new());
    }
    let half = height(&parts) / 2.0;
    let (mut left, mut right): (Vec<Part>, Vec<Part>) = (Vec::new(), Vec::new());
    for (zone, nodes, _) in parts {
        if part_height(nodes.len()) > half + STEP * 3.0 {
            let (here, there) = nodes.split_at(nodes.len().div_ceil(2));
            left.push((zone, here, false));
            right.push((zone, there, true));
        } else if height(&left) <= height(&right) {
            left.push((zone, nodes, false));
        } else {
            right.push((zone, nodes, false));
        }
    }
    (left, right)
}

#[cfg(test)]
mod tests {
    use super::super::graph::{Node, Zone};
    use super::*;

    fn graph(zones: &[usize]) -> Graph {
        let mut graph = Graph { internet: true, ..Graph::default() };
        for (at, many) in zones.iter().enumerate() {
            let first = graph.nodes.len();
            for _ in 0..*many {
                graph.nodes.push(Node {
                    label: "n".into(),
                    note: String::new(),
                    href: String::new(),
                    kind: None,
                    worst: None,
                    online: true,
                    many: 1,
                    focus: true,
                });
            }
            graph.zones.push(Zone {
                name: at.to_string(),
                href: String::new(),
                nodes: (first..graph.nodes.len()).collect(),
                devices: *many,
            });
        }
        graph
    }

    #[test]
    fn labels_never_overlap_and_nothing_leaves_the_picture() {
        for zones in [vec![30], vec![1], vec![3, 9, 2, 16], vec![1; 60], vec![59, 1], vec![1, 59]] {
            let graph = graph(&zones);
            for shape in [WIDE, TALL] {
                let layout = Layout::new(&graph, shape);
                for (at, one) in layout.spots.iter().enumerate() {
                    assert_ne!(one.side, Side::Middle, "{zones:?}: every node has its place");
                    assert!(one.y > 0.0 && one.y < layout.height, "{zones:?}");
                    assert!(one.x > 0.0 && one.x < shape.width, "{zones:?}");
                    for other in layout.spots.iter().skip(at + 1) {
                        let apart =
                            one.side != other.side || (one.y - other.y).abs() >= STEP - 0.01;
                        assert!(apart, "{zones:?}: {one:?} {other:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn one_large_zone_is_parted_so_that_the_picture_is_no_tower() {
        let layout = Layout::new(&graph(&[30]), WIDE);
        assert_eq!(layout.frames.len(), 2);
        assert!(layout.height < 30.0 * STEP * 0.7);
    }
}
