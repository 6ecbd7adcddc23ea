//! What is on the map: devices, or devices of one kind in one zone drawn as one.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use cordon_model::app::Class;
use cordon_model::{App, DeviceType};
use cordon_service::view::{MapView, NodeView};

use crate::text::{clip, counted, encode, plain, sentence};

/// Devices that are drawn one by one; more are drawn together by zone and kind.
const SINGLE_MOST: usize = 48;

/// Zones with a box of their own; the rest share one.
const ZONES_MOST: usize = 24;

/// Lines drawn; more are a grey cloud.
const LINES_MOST: usize = 120;

/// Characters of a name on the map.
const NAME_MOST: usize = 27;

/// What the map is narrowed to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Focus {
    pub zone: Option<String>,
    pub kind: Option<String>,
    pub device: Option<String>,
}

/// One end of a line.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum End {
    Internet,
    Node(usize),
}

/// A device, or several of one kind in one zone.
pub(crate) struct Node {
    pub label: String,
    pub note: String,
    pub href: String,
    pub kind: Option<String>,
    pub worst: Option<String>,
    pub online: bool,
    pub many: usize,
    /// Whether it is what the map was narrowed to.
    pub focus: bool,
}

/// A box.
pub(crate) struct Zone {
    pub name: String,
    pub href: String,
    pub nodes: Vec<usize>,
    pub devices: usize,
}

/// What is worth telling apart; what matters most comes last and is drawn on top.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Sort {
    Inside,
    Outbound,
    Plant,
    Inbound,
}

impl Sort {
    /// Class in the style sheet.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Sort::Inside => "inside",
            Sort::Outbound => "outbound",
            Sort::Plant => "plant",
            Sort::Inbound => "inbound",
        }
    }

    /// In the legend and in the table.
    pub(crate) const fn says(self) -> &'static str {
        match self {
            Sort::Inside => "talk inside",
            Sort::Outbound => "to the Internet",
            Sort::Plant => "plant protocol",
            Sort::Inbound => "opened from the Internet",
        }
    }
}

/// Talks between two ends.
pub(crate) struct Line {
    pub a: End,
    pub b: End,
    pub sort: Sort,
    /// Pairs of devices behind it.
    pub pairs: u64,
    pub flows: u64,
    pub bytes: u64,
    pub apps: Vec<String>,
}

/// Everything to draw.
#[derive(Default)]
pub(crate) struct Graph {
    pub nodes: Vec<Node>,
    pub zones: Vec<Zone>,
    /// The heaviest last.
    pub lines: Vec<Line>,
    pub internet: bool,
    pub notes: Vec<String>,
    /// Devices in the focus.
    pub devices: usize,
}

struct Device<'a> {
    zone: usize,
    view: &'a NodeView,
    focus: bool,
    shown: bool,
}

impl Graph {
    /// What to draw of a map.
    pub(crate) fn new(map: &MapView, focus: &Focus) -> Self {
        let (mut devices, index) = gather(map, focus);
        let narrowed = *focus != Focus::default();
        reach(map, &mut devices, &index, narrowed);
        let mut graph =
            Graph { devices: devices.iter().filter(|d| d.focus).count(), ..Graph::default() };
        let place = graph.place(map, &devices, focus);
        graph.draw_lines(map, &devices, &index, &place);
        graph
    }

    /// Makes boxes and nodes; says for each device which node shows it.
    fn place(&mut self, map: &MapView, devices: &[Device], focus: &Focus) -> Vec<Option<usize>> {
        let count = |focus: bool| devices.iter().filter(|d| d.shown && d.focus == focus).count();
        let single = [count(false) + count(true) <= SINGLE_MOST, count(true) <= SINGLE_MOST];
        let mut groups: BTreeMap<(usize, bool, String), Vec<usize>> = BTreeMap::new();
        for (at, device) in devices.iter().enumerate().filter(|(_, d)| d.shown) {
            let alone = if device.focus { single[1] } else { single[0] };
            let kind = device.view.kind.clone().unwrap_or_default();
            let key = if alone { format!("{kind}\u{0}{at:08}") } else { kind };
            groups.entry((device.zone.min(ZONES_MOST), !device.focus, key)).or_default().push(at);
        }
        if groups.values().any(|group| group.len() > 1) && focus.device.is_none() {
            self.notes.push(
                "Devices of one kind in one zone are drawn as one; choose one to see them singly."
                    .to_owned(),
            );
        }
        let mut place = vec![None; devices.len()];
        let mut boxes: BTreeMap<usize, Zone> = BTreeMap::new();
        for ((zone, ..), group) in &groups {
            let Some(node) = node(map, devices, group) else { continue };
            let into = boxes.entry(*zone).or_insert_with(|| zone_box(map, *zone));
            into.nodes.push(self.nodes.len());
            into.devices += group.len();
            for at in group {
                if let Some(slot) = place.get_mut(*at) {
                    *slot = Some(self.nodes.len());
                }
            }
            self.nodes.push(node);
        }
        self.zones = boxes.into_values().collect();
        place
    }

    fn draw_lines(
        &mut self,
        map: &MapView,
        devices: &[Device],
        index: &HashMap<&str, usize>,
        place: &[Option<usize>],
    ) {
        struct Sum<'a> {
            pairs: u64,
            flows: u64,
            bytes: u64,
            apps: BTreeSet<&'a str>,
        }
        let mut sums: BTreeMap<(End, End, Sort), Sum> = BTreeMap::new();
        let (mut nowhere, mut within) = (0_u64, 0_u64);
        for link in &map.links {
            let (from, to) = (index.get(link.from.as_str()), index.get(link.to.as_str()));
            let near =
                |at: Option<&usize>| at.and_then(|at| devices.get(*at)).is_some_and(|d| d.focus);
            if !near(from) && !near(to) {
                continue;
            }
            let node = |at: Option<&usize>| at.and_then(|at| *place.get(*at)?).map(End::Node);
            let key = match (node(from), node(to)) {
                (Some(a), None) if link.outside => (End::Internet, a, Sort::Outbound),
                (None, Some(b)) if link.outside => (End::Internet, b, Sort::Inbound),
                (Some(a), Some(b)) if a != b => {
                    let sort = if link.apps.iter().any(|app| is_plant(app)) {
                        Sort::Plant
                    } else {
                        Sort::Inside
                    };
                    (a.min(b), a.max(b), sort)
                }
                (Some(_), Some(_)) => {
                    within += 1;
                    continue;
                }
                _ => {
                    nowhere += 1;
                    continue;
                }
            };
            let sum = sums.entry(key).or_insert(Sum {
                pairs: 0,
                flows: 0,
                bytes: 0,
                apps: BTreeSet::new(),
            });
            sum.pairs += 1;
            sum.flows = sum.flows.saturating_add(link.flows);
            sum.bytes = sum.bytes.saturating_add(link.bytes);
            sum.apps.extend(link.apps.iter().map(String::as_str));
        }
        self.internet = sums.keys().any(|(a, ..)| *a == End::Internet);
        self.lines = sums
            .into_iter()
            .map(|((a, b, sort), sum)| Line {
                a,
                b,
                sort,
                pairs: sum.pairs,
                flows: sum.flows,
                bytes: sum.bytes,
                apps: sum.apps.into_iter().map(str::to_owned).collect(),
            })
            .collect();
        self.lines.sort_by_key(|line| (line.sort, line.bytes));
        if let Some(lighter) = self.lines.len().checked_sub(LINES_MOST).filter(|more| *more > 0) {
            self.lines.drain(..lighter);
            self.notes.push(format!(
                "{} are left out.",
                counted(lighter as u64, "lighter line", "lighter lines")
            ));
        }
        if within > 0 {
            self.notes.push(format!(
                "{} within one symbol.",
                counted(within, "pair talks", "pairs talk")
            ));
        }
        if nowhere > 0 {
            self.notes.push(format!(
                "{} to addresses that are no device of yours, such as groups.",
                counted(nowhere, "talk goes", "talks go")
            ));
        }
    }
}

/// Devices in the order of their zones, and where each is by its id.
fn gather<'a>(map: &'a MapView, focus: &Focus) -> (Vec<Device<'a>>, HashMap<&'a str, usize>) {
    let mut devices = Vec::new();
    let mut index = HashMap::new();
    for (zone, view) in map.zones.iter().enumerate() {
        for node in &view.nodes {
            let fits = |wanted: &Option<String>, is: &str| {
                wanted.as_ref().is_none_or(|wanted| wanted == is)
            };
            let kind = node.kind.as_deref().unwrap_or("unknown");
            let focus = fits(&focus.zone, &view.name)
                && fits(&focus.kind, kind)
                && fits(&focus.device, &node.id);
            index.insert(node.id.as_str(), devices.len());
            devices.push(Device { zone, view: node, focus, shown: focus });
        }
    }
    (devices, index)
}

/// Shows, where the map is narrowed, those too who talk with what it is narrowed to.
fn reach(map: &MapView, devices: &mut [Device], index: &HashMap<&str, usize>, narrowed: bool) {
    if !narrowed {
        return;
    }
    for link in &map.links {
        let (Some(a), Some(b)) = (index.get(link.from.as_str()), index.get(link.to.as_str()))
        else {
            continue;
        };
        let near = |at: &usize| devices.get(*at).is_some_and(|d| d.focus);
        let (a_near, b_near) = (near(a), near(b));
        for (at, shown) in [(*a, b_near), (*b, a_near)] {
            if let Some(device) = devices.get_mut(at) {
                device.shown |= shown;
            }
        }
    }
}

fn zone_box(map: &MapView, zone: usize) -> Zone {
    match map.zones.get(zone).filter(|_| zone < ZONES_MOST) {
        Some(view) => Zone {
            name: view.name.clone(),
            href: format!("/map?zone={}", encode(&view.name)),
            nodes: Vec::new(),
            devices: 0,
        },
        None => Zone {
            name: "Further zones".to_owned(),
            href: "/devices?sort=zone".to_owned(),
            nodes: Vec::new(),
            devices: 0,
        },
    }
}

fn node(map: &MapView, devices: &[Device], group: &[usize]) -> Option<Node> {
    let members: Vec<&Device> = group.iter().filter_map(|at| devices.get(*at)).collect();
    let first = members.first()?;
    let kind = first.view.kind.clone();
    let title = kind_title(kind.as_deref());
    let worst =
        members.iter().filter_map(|d| d.view.worst.as_deref()).max_by_key(|name| rank(name));
    let online = members.iter().filter(|d| d.view.online).count();
    let (label, note, href) = if let [one] = members.as_slice() {
        let note = if one.view.routes { format!("{title}, routes") } else { title };
        let note = if one.view.online { note } else { format!("{note}, silent") };
        (clip(&one.view.label, NAME_MOST), note, format!("/map?device={}", encode(&one.view.id)))
    } else {
        let zone = map.zones.get(first.zone).map_or("", |zone| zone.name.as_str());
        let kind = kind.as_deref().unwrap_or("unknown");
        let needy = members.iter().filter(|d| d.view.worst.is_some()).count();
        let note = if needy > 0 {
            format!("{online} online, {needy} with findings")
        } else {
            format!("{online} online")
        };
        (
            format!("{} × {}", title, members.len()),
            note,
            format!("/map?zone={}&kind={}", encode(zone), encode(kind)),
        )
    };
    Some(Node {
        label,
        note: plain(&note).into_owned(),
        href,
        worst: worst.map(str::to_owned),
        online: online > 0,
        many: members.len(),
        focus: first.focus,
        kind,
    })
}

/// `Video recorder` for `video-recorder`; the first of two names.
fn kind_title(kind: Option<&str>) -> String {
    let Some(kind) = kind else { return "Unknown kind".to_owned() };
    let known = DeviceType::ALL.iter().find(|known| known.name() == kind);
    let title = known.map_or(kind, |known| known.title());
    sentence(&clip(title.split_once(" or ").map_or(title, |(short, _)| short), NAME_MOST))
}

fn is_plant(app: &str) -> bool {
    let name = app.strip_prefix("port:").unwrap_or(app);
    App::ALL.iter().any(|known| known.name() == name && known.class() == Class::Ot)
}

fn rank(severity: &str) -> u8 {
    match severity {
        "critical" => 4,
        "high" => 3,
        "medium" => 2,
        "low" => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cordon_service::view::{LinkView, ZoneView};

    fn map(zones: usize, each: usize) -> MapView {
        let kinds = ["camera", "plc", "printer"];
        let zones = (0..zones).map(|zone| ZoneView {
            name: format!("z{zone}"),
            nodes: (0..each)
                .map(|at| NodeView {
                    id: format!("{zone}-{at}"),
                    label: "n".into(),
                    kind: Some(kinds[at % 3].into()),
                    ..NodeView::default()
                })
                .collect(),
        });
        let link = |from: &str, to: &str, outside| LinkView {
            from: from.into(),
            to: to.into(),
            outside,
            flows: 1,
            bytes: 1,
            ..LinkView::default()
        };
        let links = vec![
            link("0-0", "1-1", false),
            link("0-3", "1-1", false),
            link("0-0", "9.9.9.9", true),
            link("0-0", "224.0.0.1", false),
        ];
        MapView { zones: zones.collect(), links }
    }

    #[test]
    fn few_devices_are_drawn_singly_and_many_by_zone_and_kind() {
        assert_eq!(Graph::new(&map(2, 10), &Focus::default()).nodes.len(), 20);
        let graph = Graph::new(&map(6, 50), &Focus::default());
        assert_eq!((graph.nodes.len(), graph.zones.len(), graph.devices), (18, 6, 300));
        assert_eq!(graph.lines.iter().map(|line| line.pairs).collect::<Vec<_>>(), [2, 1]);
        assert!(graph.internet);
    }

    #[test]
    fn a_narrowed_map_shows_the_device_and_those_it_talks_with() {
        let focus = Focus { device: Some("1-1".into()), ..Focus::default() };
        let graph = Graph::new(&map(6, 50), &focus);
        assert_eq!((graph.nodes.len(), graph.lines.len(), graph.devices), (3, 2, 1));
    }

    #[test]
    fn a_thousand_zones_share_a_box() {
        let graph = Graph::new(&map(1000, 1), &Focus::default());
        assert_eq!(graph.zones.len(), ZONES_MOST + 1);
        assert_eq!(graph.zones.iter().map(|zone| zone.devices).sum::<usize>(), 1000);
    }
}
