//! Lists of what held from when to when.

use std::time::Duration;

use cordon_model::Timestamp;
use cordon_model::record::Span;

/// Spans kept of one list: a device with more addresses or services than that is a router or a
/// honeypot, and the oldest are given up.
pub(crate) const MOST_SPANS: usize = 128;

/// Times further ahead than this come from a clock that was set back since.
pub(crate) const AHEAD: Duration = Duration::from_secs(3600);

/// What a sighting did to a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Effect {
    /// Nothing at all.
    Nothing,
    /// It was seen later.
    Longer,
    /// It was not in the list, or had gone.
    Came,
}

/// Enters a sighting. `same` tells which entry it is. What had gone and is back goes on in the
/// same entry.
pub(crate) fn see<T: Clone + PartialEq>(
    list: &mut Vec<Span<T>>,
    seen: &Span<T>,
    same: impl Fn(&T) -> bool,
) -> Effect {
    let Some(span) = latest(list, &same) else {
        list.push(Span { gone: false, ..seen.clone() });
        shorten(list);
        return Effect::Came;
    };
    // A sighting before it went does not bring it back.
    if span.gone && seen.last <= span.last {
        return Effect::Nothing;
    }
    let changed = span.value != seen.value;
    let longer = seen.last > span.last || seen.first < span.first;
    let effect = match (span.gone, changed || longer) {
        (true, _) => Effect::Came,
        (false, true) => Effect::Longer,
        (false, false) => Effect::Nothing,
    };
    if changed {
        span.value = seen.value.clone();
    }
    span.first = span.first.min(seen.first);
    span.last = span.last.max(seen.last);
    span.gone = false;
    effect
}

/// As [`see`], for what is lent: what had gone and is back gets an entry of its own, because
/// somebody else may have had it in between.
pub(crate) fn borrow<T: Clone + PartialEq>(list: &mut Vec<Span<T>>, seen: &Span<T>) -> Effect {
    let Some(span) = latest(list, |value| *value == seen.value) else {
        return see(list, seen, |value| *value == seen.value);
    };
    if span.gone && seen.last > span.last {
        let first = if seen.first > span.last { seen.first } else { seen.last };
        list.push(Span { first, gone: false, ..seen.clone() });
        shorten(list);
        return Effect::Came;
    }
    // The sighting begins where the first of several spans does.
    let earlier = list.iter().any(|span| span.value == seen.value && span.gone);
    let first = if earlier { seen.last } else { seen.first };
    see(list, &Span { first, ..seen.clone() }, |value| *value == seen.value)
}

fn latest<T>(list: &mut [Span<T>], same: impl Fn(&T) -> bool) -> Option<&mut Span<T>> {
    list.iter_mut().filter(|span| same(&span.value)).max_by_key(|span| (!span.gone, span.last))
}

/// Takes both lists together.
pub(crate) fn join<T: Clone + PartialEq>(into: &mut Vec<Span<T>>, from: &[Span<T>]) {
    for span in from {
        let meets = |known: &&mut Span<T>| {
            known.value == span.value && known.first <= span.last && span.first <= known.last
        };
        match into.iter_mut().find(meets) {
            Some(known) => {
                known.gone &= span.gone;
                known.first = known.first.min(span.first);
                known.last = known.last.max(span.last);
            }
            None => into.push(span.clone()),
        }
    }
    into.sort_by_key(|span| span.last);
    shorten(into);
}

/// Pulls back times that lie ahead of `now`; whether there were any.
pub(crate) fn pull_back<T>(list: &mut [Span<T>], now: Timestamp) -> bool {
    let mut pulled = false;
    for span in list.iter_mut().filter(|span| span.last.since(now) > AHEAD) {
        span.last = now;
        span.first = span.first.min(now);
        pulled = true;
    }
    pulled
}

/// The gone first, then the longest unseen.
fn shorten<T>(list: &mut Vec<Span<T>>) {
    while list.len() > MOST_SPANS {
        let oldest = list
            .iter()
            .enumerate()
            .min_by_key(|(_, span)| (!span.gone, span.last))
            .map(|(index, _)| index);
        match oldest {
            Some(index) => drop(list.remove(index)),
            None => return,
        }
    }
}
