//! How far learning has come.

use std::time::Duration;

use cordon_model::Timestamp;

use super::act::Act;
use crate::document::Learning;

/// Share of the behaviour from which on learning may end.
const ENOUGH: f32 = 0.97;
/// The least time to watch: many devices call home once an hour.
const LEAST: Duration = Duration::from_hours(1);

/// How far learning a device has come, by the kinds of conversation it had.
///
/// The share that is known is one minus the share of sightings whose kind was seen only once
/// (Good 1953). It has an end: when that share is small, and nothing new came for a quarter of the
/// time.
pub(crate) fn progress<'a>(
    acts: impl Iterator<Item = &'a Act> + Clone,
    since: Timestamp,
    until: Timestamp,
) -> Learning {
    let sightings: u64 = acts.clone().map(|act| act.times.max(1)).sum();
    let once = acts.clone().filter(|act| act.times <= 1).count();
    let kinds = acts.clone().count();
    let watched = until.since(since);
    let late = until.minus(watched / 4);
    let new = acts.filter(|act| act.first > late).count();
    let known = if sightings == 0 { 0.0 } else { 1.0 - share(once as u64, sightings) };
    Learning {
        since,
        until,
        known,
        kinds: u32::try_from(kinds).unwrap_or(u32::MAX),
        new: u32::try_from(new).unwrap_or(u32::MAX),
        done: known >= ENOUGH && new == 0 && watched >= LEAST,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share shown with two digits")]
fn share(part: u64, whole: u64) -> f32 {
    (part as f64 / whole as f64) as f32
}
