//! What differs between what is meant and what is held.

use std::collections::BTreeMap;
use std::time::Duration;

use cordon_model::Timestamp;

use crate::driver::{Held, rule_lines};
use crate::layout::SetName;
use crate::ruleset::{Element, Elements, Key, Ruleset};

/// By how much an end may differ: the kernel is told whole seconds, and says them so.
const TOLERANCE: Duration = Duration::from_secs(3);

/// What differs between what is meant and what is held.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Drift {
    /// Elements that should be there.
    pub missing: Elements,
    /// Elements that should not.
    pub surplus: Elements,
    /// Chains and rules that should be there, as in [`Held::rules`].
    pub missing_rules: Vec<String>,
    /// Chains and rules that should not, or not there.
    pub surplus_rules: Vec<String>,
    /// Sets and elements that nobody of us makes.
    pub strange: Vec<String>,
}

impl Drift {
    /// What differs at a time; everything is missing where nothing is held.
    #[must_use]
    pub fn between(meant: &Ruleset, held: Option<&Held>, at: Timestamp) -> Self {
        let nothing = Held::default();
        let held = held.unwrap_or(&nothing);
        let lines = rule_lines(meant);
        let mut drift = Drift { strange: held.strange.clone(), ..Drift::default() };
        if lines != held.rules {
            let lacks = |of: &[String], lines: &[String]| {
                lines.iter().filter(|line| !of.contains(line)).cloned().collect::<Vec<_>>()
            };
            drift.missing_rules = lacks(&held.rules, &lines);
            drift.surplus_rules = lacks(&lines, &held.rules);
            if drift.missing_rules.is_empty() && drift.surplus_rules.is_empty() {
                // The same rules, but in another order or some twice.
                drift.surplus_rules.clone_from(&held.rules);
                drift.missing_rules = lines;
            }
        }
        (drift.surplus, drift.missing) = difference(&held.elements, &meant.elements, |a, b| {
            a.to == b.to
                && match (a.until, b.until) {
                    (None, None) => true,
                    (Some(a), Some(b)) => a.since(b).max(b.since(a)) <= TOLERANCE,
                    _ => false,
                }
        });
        // What ends about now may be there or not.
        for elements in [&mut drift.missing, &mut drift.surplus] {
            elements.values_mut().for_each(|of_set| {
                of_set.retain(|element| element.holds(at.plus(TOLERANCE)));
            });
            elements.retain(|_, of_set| !of_set.is_empty());
        }
        drift
    }

    /// Whether everything is as it is meant.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Drift::default()
    }

    /// Whether the elements alone differ, so that amending them is enough.
    #[must_use]
    pub fn is_of_elements(&self) -> bool {
        self.missing_rules.is_empty() && self.surplus_rules.is_empty() && self.strange.is_empty()
    }
}

/// What goes and what comes on the way from one to the other.
#[must_use]
pub(crate) fn difference(
    from: &Elements,
    to: &Elements,
    same: impl Fn(&Element, &Element) -> bool,
) -> (Elements, Elements) {
    let mut gone = Elements::new();
    let mut come = Elements::new();
    let none = Vec::new();
    let sets: std::collections::BTreeSet<SetName> = from.keys().chain(to.keys()).copied().collect();
    for set in sets {
        let (a, b) = (from.get(&set).unwrap_or(&none), to.get(&set).unwrap_or(&none));
        if a == b {
            continue;
        }
        let keyed = |elements: &'_ [Element]| -> BTreeMap<Key, Element> {
            elements.iter().map(|element| (element.key.clone(), element.clone())).collect()
        };
        let (a, b) = (keyed(a), keyed(b));
        let lacks = |of: &BTreeMap<Key, Element>, elements: &BTreeMap<Key, Element>| {
            let differs =
                |element: &&Element| !of.get(&element.key).is_some_and(|held| same(held, element));
            elements.values().filter(differs).cloned().collect::<Vec<_>>()
        };
        for (to, elements) in [(&mut gone, lacks(&b, &a)), (&mut come, lacks(&a, &b))] {
            if !elements.is_empty() {
                to.insert(set, elements);
            }
        }
    }
    (gone, come)
}
impl std::fmt::Display for Drift {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let count = |elements: &Elements| elements.values().map(Vec::len).sum::<usize>();
        let counts = [
            (count(&self.missing), "elements are missing"),
            (count(&self.surplus), "elements are there that should not be"),
            (self.missing_rules.len(), "rules are missing"),
            (self.surplus_rules.len(), "rules are there that should not be"),
            (self.strange.len(), "sets or elements are not ours"),
        ];
        let said: Vec<String> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        if said.is_empty() { f.write_str("nothing differs") } else { f.write_str(&said.join(", ")) }
    }
}
