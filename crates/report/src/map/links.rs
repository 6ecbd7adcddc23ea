//! Links of the map: talks between two nodes, summed by what is worth telling apart.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::Graph;
use crate::view::View;
use crate::words;

/// Links drawn; more are a grey cloud.
const MOST_LINKS: usize = 240;

/// One end of a link.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    Internet,
    Node(usize),
}

/// Talks between two ends.
pub(super) struct Link {
    pub a: End,
    pub b: End,
    pub kind: LinkKind,
    pub bytes: u64,
    pub says: String,
}

/// What is worth telling apart; what matters most comes last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LinkKind {
    /// Within the networks here.
    Inside,
    /// To a hub that stands for it.
    Parent,
    /// From here to the Internet.
    Internet,
    /// A plant protocol was seen.
    Plant,
    /// Opened from the Internet.
    Inbound,
}

impl LinkKind {
    /// The class in the style sheet.
    pub(super) const fn class(self) -> &'static str {
        match self {
            LinkKind::Inside => "inside",
            LinkKind::Parent => "parent",
            LinkKind::Internet => "internet",
            LinkKind::Plant => "plant",
            LinkKind::Inbound => "inbound",
        }
    }

    /// In the legend.
    pub(crate) const fn says(self) -> &'static str {
        match self {
            LinkKind::Inside => "talks inside",
            LinkKind::Parent => "stands behind",
            LinkKind::Internet => "to the Internet",
            LinkKind::Plant => "plant protocol",
            LinkKind::Inbound => "opened from the Internet",
        }
    }
}

impl Graph {
    /// Adds the links; `places` says for each device in reading order which node shows it.
    pub(super) fn link(&mut self, view: &View, places: &[usize]) {
        struct Sum<'a> {
            bytes: u64,
            apps: BTreeSet<&'a str>,
        }
        let node = |id: &str| view.place(id).and_then(|at| places.get(at)).copied().map(End::Node);
        let mut sums: BTreeMap<(End, End, LinkKind), Sum> = BTreeMap::new();
        for talk in &view.look.talks {
            let (from, to) = (node(&talk.from), node(&talk.to));
            let (a, b, kind) = match (from, to, talk.outside) {
                (Some(from), None, true) => (End::Internet, from, LinkKind::Internet),
                (None, Some(to), true) => (End::Internet, to, LinkKind::Inbound),
                (Some(from), Some(to), _) if from != to => {
                    let plant = talk.apps.iter().any(|app| words::is_plant(app));
                    let kind = if plant { LinkKind::Plant } else { LinkKind::Inside };
                    (from.min(to), from.max(to), kind)
                }
                _ => continue,
            };
            let sum = sums.entry((a, b, kind)).or_insert(Sum { bytes: 0, apps: BTreeSet::new() });
            sum.bytes = sum.bytes.saturating_add(talk.bytes);
            sum.apps.extend(talk.apps.iter().map(String::as_str));
        }
        for row in &view.devices {
            let parent = row.device.parent.as_deref().and_then(node);
            if let (Some(a), Some(b)) = (parent, node(&row.device.id))
                && a != b
            {
                let sum = Sum { bytes: 0, apps: BTreeSet::new() };
                sums.entry((a.min(b), a.max(b), LinkKind::Parent)).or_insert(sum);
            }
        }
        self.internet = sums.keys().any(|(a, _, _)| *a == End::Internet);
        self.links = sums
            .into_iter()
            .map(|((a, b, kind), sum)| {
                let says = self.says(a, b, kind, sum.bytes, &sum.apps);
                Link { a, b, kind, bytes: sum.bytes, says }
            })
            .collect();
        self.links.sort_by_key(|link| (link.kind, link.bytes));
        if let Some(lighter) = self.links.len().checked_sub(MOST_LINKS).filter(|more| *more > 0) {
            self.links.drain(..lighter);
            self.notes
                .push(format!("{} lighter links are not drawn.", words::count(lighter as u64)));
        }
    }

    fn says(&self, a: End, b: End, kind: LinkKind, bytes: u64, apps: &BTreeSet<&str>) -> String {
        let name = |end: End| match end {
            End::Internet => "Internet",
            End::Node(at) => self.nodes.get(at).map_or("", |node| node.name.as_str()),
        };
        let between = match kind {
            LinkKind::Internet => format!("{} → Internet", name(b)),
            LinkKind::Inbound => format!("Internet → {}", name(b)),
            LinkKind::Parent => {
                return format!("{} stands for {}, or the reverse", name(a), name(b));
            }
            LinkKind::Inside | LinkKind::Plant => format!("{} ↔ {}", name(a), name(b)),
        };
        let apps: Vec<String> = apps.iter().map(|app| words::app(app)).collect();
        let apps = if apps.is_empty() { String::new() } else { words::list(&apps, 6) + ", " };
        format!("{between}: {apps}{}", words::bytes(bytes))
    }
}
