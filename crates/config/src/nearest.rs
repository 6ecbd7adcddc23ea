//! Which key was perhaps meant.

use crate::table::{KEYS, SECTIONS};

/// Nobody writes a longer key by mistake, and comparing costs its length squared.
const LONGEST: usize = 64;

/// The key that `path` resembles.
pub(crate) fn key(path: &str) -> Option<&'static str> {
    let name = path.rsplit('.').next().unwrap_or(path);
    let in_another_section = KEYS.iter().filter(|key| key.name == name);
    if let (1, Some(key)) = (in_another_section.clone().count(), in_another_section.clone().next())
    {
        return Some(key.path);
    }
    closest(path, KEYS.iter().map(|key| key.path)).or_else(|| {
        let section = path.split('.').next()?;
        let mut parts = KEYS
            .iter()
            .filter(|key| key.section == section && key.name.split('_').any(|part| part == name));
        parts.next().filter(|_| parts.next().is_none()).map(|key| key.path)
    })
}

/// The section that `name` resembles.
pub(crate) fn section(name: &str) -> Option<&'static str> {
    closest(name, SECTIONS.iter().map(|section| section.name))
}

fn closest(word: &str, among: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    if word.len() > LONGEST {
        return None;
    }
    let letters: Vec<char> = word.to_lowercase().chars().collect();
    let tolerated = (letters.len() / 4).max(2).min(letters.len().saturating_sub(1));
    among
        .map(|candidate| (distance(&letters, candidate), candidate))
        .filter(|(distance, _)| *distance <= tolerated)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many letters are to be put in, taken out, replaced or swapped with their neighbour
/// (optimal string alignment).
fn distance(from: &[char], to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    let mut left: Option<char> = None;
    for (row, &have) in from.iter().enumerate() {
        let mut next = Vec::with_capacity(last.len());
        next.push(row + 1);
        let mut above: Option<char> = None;
        for (column, &want) in to.iter().enumerate() {
            let at = |line: &[usize], index: usize| line.get(index).copied().unwrap_or(usize::MAX);
            let mut cost = at(&last, column).saturating_add(usize::from(have != want));
            cost = cost.min(at(&last, column + 1).saturating_add(1));
            cost = cost.min(at(&next, column).saturating_add(1));
            if column > 0 && Some(want) == left && above == Some(have) {
                cost = cost.min(at(&before, column - 1).saturating_add(1));
            }
            next.push(cost);
            above = Some(want);
        }
        left = Some(have);
        before = std::mem::replace(&mut last, next);
    }
    last.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_fingers_finds_the_key() {
        for (written, meant) in [
            ("capture.interfces", "capture.interfaces"),
            ("capture.interface", "capture.interfaces"),
            ("captrue.interfaces", "capture.interfaces"),
            ("listen", "web.listen"),
            ("retention.flow", "retention.flows"),
            ("web.longest", "web.session_longest"),
            ("Web.Listen", "web.listen"),
        ] {
            assert_eq!(key(written), Some(meant), "{written}");
        }
        assert_eq!(section("retenton"), Some("retention"));
    }

    #[test]
    fn what_resembles_nothing_finds_nothing() {
        assert_eq!(key("kitchen.sink"), None);
        assert_eq!(key(""), None);
        assert_eq!(key(&"x".repeat(1 << 20)), None);
        assert_eq!(section("x"), None);
    }

    #[test]
    fn distances_are_those_of_the_definition() {
        let of = |a: &str, b| distance(&a.chars().collect::<Vec<_>>(), b);
        assert_eq!((of("", "abc"), of("abc", ""), of("abc", "abc")), (3, 3, 0));
        assert_eq!((of("abc", "acb"), of("abc", "abd"), of("kitten", "sitting")), (1, 1, 3));
    }
}
