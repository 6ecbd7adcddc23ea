//! Overlapping intervals made disjoint: the kernel refuses a whole transaction for one overlap.

use cordon_model::Timestamp;

/// Most boxes of one member and one kind: more than one contract's entries can come to without
/// meaning harm.
pub(crate) const MAX_BOXES: usize = 32_768;

/// Address, protocol or type, client port, service port.
const DIMENSIONS: usize = 4;

/// First and last value, both included.
pub(crate) type Span = (u128, u128);

/// What is allowed: a span in each dimension, until a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Region {
    pub(crate) spans: [Span; DIMENSIONS],
    pub(crate) until: Option<Timestamp>,
}

/// The same points in boxes of which no two share one; a point keeps the latest end that it had.
/// None if there would be too many.
pub(crate) fn disjoint(mut regions: Vec<Region>) -> Option<Vec<Region>> {
    join(&mut regions);
    // The latest end first and the largest first, so that what is inside vanishes without a cut.
    regions.sort_by_key(|region| {
        (
            std::cmp::Reverse(region.until.map_or(i64::MAX, Timestamp::nanos)),
            bits(region),
            region.spans,
        )
    });
    let mut kept: Vec<Region> = Vec::with_capacity(regions.len());
    let mut pieces = Vec::new();
    let mut next = Vec::new();
    for region in regions {
        pieces.clear();
        pieces.push(region);
        for held in &kept {
            if !meets(held, &region) {
                continue;
            }
            next.clear();
            for piece in &pieces {
                cut(piece, held, &mut next);
            }
            std::mem::swap(&mut pieces, &mut next);
            if pieces.is_empty() {
                break;
            }
        }
        kept.append(&mut pieces);
        if kept.len() > MAX_BOXES {
            return None;
        }
    }
    join(&mut kept);
    Some(kept)
}

/// Negative size in bits, roughly: the largest first.
fn bits(region: &Region) -> i64 {
    let size = |(first, last): Span| i64::from(128 - (last - first).leading_zeros());
    -region.spans.iter().map(|span| size(*span)).sum::<i64>()
}

fn meets(a: &Region, b: &Region) -> bool {
    a.spans.iter().zip(&b.spans).all(|(a, b)| a.0 <= b.1 && b.0 <= a.1)
}

/// What of `a` is outside of `b`, as boxes.
fn cut(a: &Region, b: &Region, out: &mut Vec<Region>) {
    if !meets(a, b) {
        out.push(*a);
        return;
    }
    let mut rest = *a;
    for (dimension, (first, last)) in b.spans.iter().enumerate() {
        let Some(span) = rest.spans.get(dimension).copied() else { continue };
        if span.0 < *first {
            out.push(with(rest, dimension, (span.0, first - 1)));
        }
        if span.1 > *last {
            out.push(with(rest, dimension, (last + 1, span.1)));
        }
        rest = with(rest, dimension, (span.0.max(*first), span.1.min(*last)));
    }
}

fn with(mut region: Region, dimension: usize, span: Span) -> Region {
    if let Some(place) = region.spans.get_mut(dimension) {
        *place = span;
    }
    region
}

/// Joins boxes that differ in the service port alone and touch or overlap there.
fn join(regions: &mut Vec<Region>) {
    regions.sort_unstable_by_key(|region| {
        let [address, protocol, client, service] = region.spans;
        (address, protocol, client, region.until, service)
    });
    regions.dedup_by(|next, held| {
        let [address, protocol, client, (first, last)] = next.spans;
        let [held_address, held_protocol, held_client, held_service] = &mut held.spans;
        let same = (address, protocol, client, next.until)
            == (*held_address, *held_protocol, *held_client, held.until);
        if !same || first > held_service.1.saturating_add(1) {
            return false;
        }
        held_service.1 = held_service.1.max(last);
        true
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn region() -> impl Strategy<Value = Region> {
        let span = || (0..8_u128, 0..8_u128).prop_map(|(a, b)| (a.min(b), a.max(b)));
        let until = prop_oneof![Just(None), (1..4_i64).prop_map(|s| Some(Timestamp::from_secs(s)))];
        ([span(), span(), span(), span()], until).prop_map(|(spans, until)| Region { spans, until })
    }

    fn until_at(regions: &[Region], point: [u128; 4]) -> Option<i64> {
        let inside =
            |region: &&Region| region.spans.iter().zip(point).all(|((a, b), x)| *a <= x && x <= *b);
        let end = |region: &Region| region.until.map_or(i64::MAX, Timestamp::nanos);
        regions.iter().filter(inside).map(end).max()
    }

    proptest! {
        #[test]
        fn what_is_covered_stays_covered_as_long_and_nothing_overlaps(
            regions in proptest::collection::vec(region(), 0..12)
        ) {
            let boxes = disjoint(regions.clone()).unwrap();
            for (place, a) in boxes.iter().enumerate() {
                prop_assert!(boxes.iter().skip(place + 1).all(|b| !meets(a, b)));
            }
            for point in 0..4096_u128 {
                let point = [point & 7, point >> 3 & 7, point >> 6 & 7, point >> 9];
                prop_assert_eq!(until_at(&boxes, point), until_at(&regions, point));
            }
        }
    }

    #[test]
    fn what_is_inside_another_vanishes() {
        let all = Region { spans: [(0, 9); 4], until: None };
        let inside = Region { spans: [(2, 3); 4], until: Some(Timestamp::from_secs(1)) };
        assert_eq!(disjoint(vec![inside, all]).unwrap(), [all]);
    }
}
