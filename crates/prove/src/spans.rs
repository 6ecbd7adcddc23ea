//! Sets of numbers as intervals.

use std::sync::Arc;

/// First and last value, both included.
pub(crate) type Span = (u128, u128);

/// A set of numbers: sorted intervals that neither touch nor overlap.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Spans(Arc<[Span]>);

impl Spans {
    pub(crate) fn of(mut spans: Vec<Span>) -> Self {
        spans.sort_unstable();
        spans.dedup_by(|next, held| {
            let touches = next.0 <= held.1.saturating_add(1);
            if touches {
                held.1 = held.1.max(next.1);
            }
            touches
        });
        Spans(spans.into())
    }

    pub(crate) fn one(first: u128, last: u128) -> Self {
        Spans([(first, last)].into())
    }

    pub(crate) fn point(value: u128) -> Self {
        Spans::one(value, value)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Span> + '_ {
        self.0.iter().copied()
    }

    pub(crate) fn first(&self) -> Option<u128> {
        self.0.first().map(|span| span.0)
    }

    pub(crate) fn contains(&self, value: u128) -> bool {
        self.meets((value, value))
    }

    /// Whether any of a span is in it.
    pub(crate) fn meets(&self, span: Span) -> bool {
        !self.touching(span).is_empty()
    }

    /// The intervals that share a number with a span.
    fn touching(&self, (first, last): Span) -> &[Span] {
        let from = self.0.partition_point(|held| held.1 < first);
        let to = self.0.partition_point(|held| held.0 <= last);
        self.0.get(from..to).unwrap_or_default()
    }

    /// What is in both.
    pub(crate) fn and(&self, other: &Spans) -> Spans {
        let (few, many) = if self.0.len() <= other.0.len() { (self, other) } else { (other, self) };
        let mut both = Vec::new();
        for (first, last) in few.iter() {
            let of = many.touching((first, last)).iter();
            both.extend(of.map(|held| (held.0.max(first), held.1.min(last))));
        }
        // Both were sorted and apart, so this is.
        Spans(both.into())
    }

    /// What is in this and not in the other.
    pub(crate) fn minus(&self, other: &Spans) -> Spans {
        let mut left = Vec::new();
        for (first, last) in self.iter() {
            let mut from = Some(first);
            for hole in other.touching((first, last)) {
                let Some(begin) = from else { break };
                if begin < hole.0 {
                    left.push((begin, hole.0 - 1));
                }
                from = hole.1.checked_add(1).filter(|next| *next <= last);
            }
            left.extend(from.map(|begin| (begin, last)));
        }
        Spans(left.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spans() -> impl Strategy<Value = Spans> {
        let span = (0..60_u128, 0..9_u128).prop_map(|(first, length)| (first, first + length));
        proptest::collection::vec(span, 0..8).prop_map(Spans::of)
    }

    proptest! {
        #[test]
        fn what_is_in_both_and_in_one_alone_is_so_for_each_number(a in spans(), b in spans()) {
            let (both, alone) = (a.and(&b), a.minus(&b));
            for value in 0..80 {
                prop_assert_eq!(both.contains(value), a.contains(value) && b.contains(value));
                prop_assert_eq!(alone.contains(value), a.contains(value) && !b.contains(value));
            }
            for spans in [both, alone] {
                prop_assert!(spans.0.windows(2).all(|pair| pair[0].1 < pair[1].0));
            }
        }
    }
}
