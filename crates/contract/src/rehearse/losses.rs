//! Blocked conversations by kind, while they are being counted.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::{Kind, Lost, Report, Sighting, Traffic};
use crate::policy::{MemberNo, Side};

/// Most kinds of blocked conversations that are kept of a site; more are counted only.
const MAX_KINDS: usize = 100_000;

/// Where blocked conversations of one kind are counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Loss(Option<u32>);

/// Blocked conversations by kind.
#[derive(Default)]
pub(super) struct Losses {
    places: HashMap<Kind, u32, RandomState>,
    lost: Vec<Lost>,
    blocked: u64,
    unlisted: u64,
}

impl Losses {
    /// Where those like this one are counted.
    pub(super) fn of(&mut self, member: MemberNo, side: Side, sighting: &Sighting) -> Loss {
        let peer = match side {
            Side::Source => sighting.to,
            Side::Destination => sighting.from,
        };
        let kind =
            Kind { member, side, peer, carrier: sighting.carrier, service: sighting.service };
        if let Some(place) = self.places.get(&kind) {
            return Loss(Some(*place));
        }
        let next = u32::try_from(self.lost.len()).ok().filter(|_| self.lost.len() < MAX_KINDS);
        if let Some(next) = next {
            self.lost.push(Lost::NONE);
            self.places.insert(kind, next);
        }
        Loss(next)
    }

    #[inline]
    pub(super) fn add(&mut self, loss: Loss, traffic: &Traffic) {
        self.blocked += 1;
        match loss.0.and_then(|place| self.lost.get_mut(place as usize)) {
            Some(lost) => lost.add(traffic),
            None => self.unlisted += 1,
        }
    }

    /// What was lost, the most frequent first.
    pub(super) fn conclude(self) -> Report {
        let count = |place: u32| self.lost.get(place as usize).filter(|lost| lost.times > 0);
        let mut lost: Vec<(Kind, Lost)> = self
            .places
            .iter()
            .filter_map(|(kind, place)| Some((*kind, count(*place)?.clone())))
            .collect();
        lost.sort_unstable_by(|a, b| b.1.times.cmp(&a.1.times).then_with(|| a.0.cmp(&b.0)));
        Report { flows: 0, blocked: self.blocked, unlisted: self.unlisted, lost }
    }
}
