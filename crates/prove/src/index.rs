//! Elements found by any part of their key, so that a question looks only at those that it is
//! about.

use std::collections::{BTreeMap, HashMap};

use cordon_enforce::{Element, Elements, SetName, Verdict};
use cordon_model::Timestamp;

use crate::region::{Cube, Links, Part, Region, value};
use crate::spans::{Span, Spans};

/// The elements that hold at a time.
pub(crate) struct Index<'a> {
    sets: HashMap<SetName, Set<'a>>,
}

/// The elements of one set.
pub(crate) struct Set<'a> {
    entries: Vec<Entry<'a>>,
    positions: Vec<Position>,
    /// Where a key has one part: all that lead to the same.
    joined: Vec<(Option<Verdict>, Spans)>,
}

pub(crate) struct Entry<'a> {
    /// None where it is not held, only thought of.
    pub(crate) element: Option<&'a Element>,
    pub(crate) to: Option<Verdict>,
    spans: Vec<Span>,
}

/// One part of the keys.
#[derive(Default)]
struct Position {
    /// Those of one value, sorted.
    exact: Vec<(u128, u32)>,
    /// Those of several.
    wide: Vec<u32>,
}

impl<'a> Index<'a> {
    pub(crate) fn new(elements: &'a Elements, links: &Links, at: Timestamp) -> Self {
        let sets = elements
            .iter()
            .map(|(name, elements)| (*name, Set::new(elements, links, at, Some)))
            .collect();
        Index { sets }
    }

    /// Of elements that nobody holds.
    pub(crate) fn thought_of(elements: &Elements, links: &Links, at: Timestamp) -> Self {
        let sets = elements
            .iter()
            .map(|(name, elements)| (*name, Set::new(elements, links, at, |_| None)))
            .collect();
        Index { sets }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.sets.is_empty()
    }

    pub(crate) fn set(&self, name: SetName) -> Option<&Set<'a>> {
        self.sets.get(&name)
    }
}

impl<'a> Set<'a> {
    fn new<'e>(
        elements: &'e [Element],
        links: &Links,
        at: Timestamp,
        keep: impl Fn(&'e Element) -> Option<&'a Element>,
    ) -> Self {
        let spans = |element: &Element| {
            let parts = element.key.parts();
            parts.map(|(first, last)| (value(first, links), value(last, links))).collect()
        };
        let entries: Vec<Entry<'a>> = elements
            .iter()
            .filter(|element| element.holds(at))
            .map(|element| Entry { element: keep(element), to: element.to, spans: spans(element) })
            .collect();
        let width = entries.iter().map(|entry| entry.spans.len()).max().unwrap_or(0);
        let mut positions: Vec<Position> = (0..width).map(|_| Position::default()).collect();
        for (no, entry) in (0..).zip(&entries) {
            for (position, (first, last)) in positions.iter_mut().zip(&entry.spans) {
                if first == last {
                    position.exact.push((*first, no));
                } else {
                    position.wide.push(no);
                }
            }
        }
        positions.iter_mut().for_each(|position| position.exact.sort_unstable());
        let mut joined: Vec<(Option<Verdict>, Vec<Span>)> = Vec::new();
        if width == 1 {
            for entry in &entries {
                let to = entry.to;
                match joined.iter_mut().find(|(held, _)| *held == to) {
                    Some((_, spans)) => spans.extend(&entry.spans),
                    None => joined.push((to, entry.spans.clone())),
                }
            }
        }
        let joined = joined.into_iter().map(|(to, spans)| (to, Spans::of(spans))).collect();
        Set { entries, positions, joined }
    }

    /// What keys of one part lead to; empty where they have several.
    pub(crate) fn joined(&self) -> &[(Option<Verdict>, Spans)] {
        &self.joined
    }

    pub(crate) fn has_several_parts(&self) -> bool {
        self.positions.len() > 1
    }

    /// The elements that may be about some packets, found by the part that says most.
    pub(crate) fn candidates(&self, parts: &[Part], region: &Region) -> Vec<&Entry<'a>> {
        let mut best: Option<(usize, &Position, &Spans)> = None;
        for (position, part) in self.positions.iter().zip(parts) {
            let spans = region.part(*part);
            let most = best.map_or(usize::MAX, |(count, ..)| count);
            let count = position.count(spans, most);
            if count < most {
                best = Some((count, position, spans));
            }
        }
        let Some((_, position, spans)) = best else { return Vec::new() };
        let mut numbers: Vec<u32> = position.wide.clone();
        for span in spans.iter() {
            numbers.extend(position.within(span).iter().map(|(_, no)| *no));
        }
        let about = |entry: &&Entry<'a>| {
            entry.spans.iter().zip(parts).all(|(span, part)| region.part(*part).meets(*span))
        };
        numbers.into_iter().filter_map(|no| self.entries.get(no as usize)).filter(about).collect()
    }
}

/// Elements that differ in one address alone, together: thousands are then one case to look at.
pub(crate) struct Group<'s, 'a> {
    /// The packets that they are about.
    pub(crate) cube: Cube,
    /// Each with the part in which they differ.
    pub(crate) entries: Vec<(&'s Entry<'a>, Option<(Part, Spans)>)>,
}

/// Sorts elements into such groups, by whichever address makes fewest.
pub(crate) fn grouped<'s, 'a>(entries: &[&'s Entry<'a>], parts: &[Part]) -> Vec<Group<'s, 'a>> {
    let addresses = parts
        .iter()
        .enumerate()
        .filter(|(_, part)| matches!(part, Part::From | Part::To | Part::Mac));
    let sorted = addresses.map(|(place, part)| (place, *part, alike(entries, place)));
    match sorted.min_by_key(|(.., by)| by.len()) {
        Some((place, part, by)) => {
            by.into_values().map(|of| group(&of, parts, place, part)).collect()
        }
        None => entries
            .iter()
            .map(|entry| Group { cube: entry.cube(parts), entries: vec![(*entry, None)] })
            .collect(),
    }
}

/// What elements are alike in: all parts but one, and where they lead.
type Alike = (Vec<Span>, Option<Verdict>);

fn alike<'s, 'a>(entries: &[&'s Entry<'a>], place: usize) -> BTreeMap<Alike, Vec<&'s Entry<'a>>> {
    let mut by: BTreeMap<Alike, Vec<&'s Entry<'a>>> = BTreeMap::new();
    for entry in entries {
        let mut same = entry.spans.clone();
        if place < same.len() {
            same.remove(place);
        }
        by.entry((same, entry.to)).or_default().push(entry);
    }
    by
}

fn group<'s, 'a>(
    entries: &[&'s Entry<'a>],
    parts: &[Part],
    place: usize,
    part: Part,
) -> Group<'s, 'a> {
    let own = |entry: &Entry<'a>| entry.spans.get(place).copied();
    let all = Spans::of(entries.iter().filter_map(|entry| own(entry)).collect());
    let mut cube = entries.first().map(|entry| entry.cube(parts)).unwrap_or_default();
    for (_, spans) in cube.iter_mut().filter(|(of, _)| *of == part) {
        *spans = all.clone();
    }
    let alone = |entry: &&'s Entry<'a>| {
        let spans = own(entry).map(|(first, last)| (part, Spans::one(first, last)));
        (*entry, spans)
    };
    Group { cube, entries: entries.iter().map(alone).collect() }
}

impl Entry<'_> {
    /// The packets that it is about.
    pub(crate) fn cube(&self, parts: &[Part]) -> Cube {
        // The other end first: it is what elements differ in, so least is cut into pieces.
        let mut cube: Cube = parts
            .iter()
            .zip(&self.spans)
            .map(|(part, (first, last))| (*part, Spans::one(*first, *last)))
            .collect();
        cube.sort_by_key(|(part, _)| !matches!(part, Part::From | Part::To));
        cube
    }
}

impl Position {
    fn within(&self, (first, last): Span) -> &[(u128, u32)] {
        let from = self.exact.partition_point(|(value, _)| *value < first);
        let to = self.exact.partition_point(|(value, _)| *value <= last);
        self.exact.get(from..to).unwrap_or_default()
    }

    /// How many may have a value in this part; not counted beyond `enough`.
    fn count(&self, spans: &Spans, enough: usize) -> usize {
        let mut count = self.wide.len();
        for span in spans.iter() {
            if count >= enough {
                break;
            }
            count += self.within(span).len();
        }
        count
    }
}
