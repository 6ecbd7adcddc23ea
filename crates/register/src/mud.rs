//! Where a device says that its maker describes it, over time (RFC 8520).
//!
//! A device may lie about it, and be taken for another (RFC 8520, 16): so what it said before is
//! kept beside what it says now, and that it says something else is told.

use std::time::Duration;

use cordon_model::record::{EventKind, Record};
use cordon_model::{MudUrl, Timestamp};

use crate::Update;
use crate::apply::sane;

/// URLs kept of one device: one for each source, and as many that it said before.
const MOST: usize = 8;
/// A device that says another URL every second is told of a few times, and then once in this time.
const AGAIN: Duration = Duration::from_secs(3600);
/// Changes that are told of at once.
const AT_ONCE: usize = 3;

/// What came of hearing a device.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Heard {
    /// It said nothing, or what it said before at the same time.
    Nothing,
    /// It said the same again.
    Again,
    /// It said something that it did not say last.
    New,
}

/// Takes in what a device says now, one URL for each source. The newest stands first.
pub(crate) fn hear(
    record: &mut Record,
    said: &[MudUrl],
    now: Timestamp,
    update: &mut Update,
) -> Heard {
    let mut heard = Heard::Nothing;
    // The newest stands first in what was said, and comes last.
    for one in said.iter().rev() {
        let (first, last) = (one.first.min(now), sane(one.last, now));
        let known = &mut record.seen.mud;
        let latest = known.iter().position(|held| held.source == one.source);
        if let Some(held) = latest.and_then(|place| known.get_mut(place))
            && held.url == one.url
        {
            if last > held.last {
                held.last = last;
                heard = if heard == Heard::New { heard } else { Heard::Again };
            }
            continue;
        }
        // Two parts of one device may say two things; neither is news before it is said again.
        let same = |held: &&MudUrl| (held.source, &held.url) == (one.source, &one.url);
        if known.iter().find(same).is_some_and(|held| held.last >= last) {
            continue;
        }
        let source = one.source.title();
        let says = match latest.and_then(|place| known.get(place)) {
            None => format!("names a MUD file in {source}: {}", one.url),
            Some(before) => {
                format!("names another MUD file in {source}: {} (before: {})", one.url, before.url)
            }
        };
        let newest = known.iter().map(|held| held.first).max();
        let told = known.len() < AT_ONCE
            || newest.is_none_or(|newest| now.since(newest) >= AGAIN || newest > now);
        // One that it goes back to begins anew.
        known.retain(|held| (held.source, &held.url) != (one.source, &one.url));
        known.insert(0, MudUrl { first: last.max(first), last, ..one.clone() });
        known.truncate(MOST);
        heard = Heard::New;
        if told {
            update.event(last, &record.id, EventKind::MudUrl, says, None);
        }
    }
    heard
}

/// Puts what two records heard together.
pub(crate) fn join(into: &mut Vec<MudUrl>, other: &[MudUrl]) {
    for one in other {
        match into.iter_mut().find(|held| (held.source, &held.url) == (one.source, &one.url)) {
            Some(held) => {
                held.first = held.first.min(one.first);
                held.last = held.last.max(one.last);
            }
            None => into.push(one.clone()),
        }
    }
    into.sort_by_key(|one| (std::cmp::Reverse(one.last), one.source));
    into.truncate(MOST);
}
