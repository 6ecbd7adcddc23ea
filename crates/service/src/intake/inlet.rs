//! Where the pipeline takes packets from: a queue that is filled as they happen, or a source that
//! has time and is asked for more.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use cordon_model::RawPacket;

use super::queue::{Queue, Taken};
use super::thread::{Counters, SourceState, turn};
use super::{Feed, Pulled};

/// The end of the intake at which packets come out.
pub enum Inlet {
    /// From sources that cannot wait, each in a thread of its own.
    Queue(Queue),
    /// From a source that has time. Nothing is copied, and nothing waits in between.
    Feed(PatientFeed),
}

/// A source that has time, and how it is doing.
pub struct PatientFeed {
    feed: Box<dyn Feed>,
    counters: Arc<Counters>,
}

/// What came of asking for packets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Came {
    /// Packets, so many.
    Packets(u64),
    /// None within the time.
    Nothing,
    /// There will be no more.
    Closed,
}

impl Inlet {
    /// Asks this source whenever there is time for it.
    #[must_use]
    pub fn of(feed: Box<dyn Feed>) -> Self {
        let counters = Arc::new(Counters::of(feed.name()));
        Inlet::Feed(PatientFeed { feed, counters })
    }

    /// How its source is doing; those of a queue are with their threads.
    #[must_use]
    pub fn counters(&self) -> Option<Arc<Counters>> {
        match self {
            Inlet::Queue(_) => None,
            Inlet::Feed(source) => Some(Arc::clone(&source.counters)),
        }
    }

    /// Reads how many batches wait, from anywhere.
    #[must_use]
    pub fn depth(&self) -> Arc<AtomicU64> {
        match self {
            Inlet::Queue(queue) => queue.depth(),
            Inlet::Feed(_) => Arc::default(),
        }
    }

    /// Passes on what there is, or waits for it.
    pub fn take(&mut self, patience: Duration, mut take: impl FnMut(&RawPacket<'_>)) -> Came {
        match self {
            Inlet::Queue(queue) => match queue.take(patience) {
                Taken::Batch(batch) => {
                    batch.packets().for_each(|packet| take(&packet));
                    let packets = batch.len() as u64;
                    queue.recycle(batch);
                    Came::Packets(packets)
                }
                Taken::Nothing => Came::Nothing,
                Taken::Closed => Came::Closed,
            },
            Inlet::Feed(PatientFeed { counters, .. })
                if matches!(counters.state(), SourceState::Ended(_)) =>
            {
                Came::Closed
            }
            Inlet::Feed(PatientFeed { feed, counters }) => {
                let mut packets = 0;
                let pulled = turn(feed.as_mut(), counters, patience, &mut |packet| {
                    packets += 1;
                    take(packet);
                });
                match pulled {
                    Pulled::Over(_) if packets == 0 => Came::Closed,
                    _ if packets == 0 => Came::Nothing,
                    _ => Came::Packets(packets),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cordon_model::{LinkType, PacketId, Timestamp};

    /// Has so many packets, a few at a time.
    struct Recording(u64);

    impl Feed for Recording {
        fn name(&self) -> &str {
            "recording"
        }
        fn pull(&mut self, _: Duration, take: &mut dyn FnMut(&RawPacket<'_>)) -> Pulled {
            for _ in 0..self.0.min(3) {
                take(&RawPacket {
                    id: PacketId { input: 0, number: self.0 },
                    at: Timestamp::from_secs(5),
                    link: LinkType::ETHERNET,
                    wire_len: 4,
                    data: &[1, 2, 3, 4],
                });
                self.0 -= 1;
            }
            if self.0 == 0 { Pulled::Over(None) } else { Pulled::More }
        }
    }

    #[test]
    fn a_recording_is_asked_until_it_ends_and_loses_nothing() {
        let mut inlet = Inlet::of(Box::new(Recording(7)));
        let mut numbers = Vec::new();
        let mut came = Vec::new();
        while came.last() != Some(&Came::Closed) {
            came.push(inlet.take(Duration::ZERO, |packet| numbers.push(packet.id.number)));
        }
        assert_eq!(numbers, vec![7, 6, 5, 4, 3, 2, 1]);
        let three = Came::Packets(3);
        assert_eq!(came, vec![three, three, Came::Packets(1), Came::Closed]);
        let counters = inlet.counters().unwrap();
        assert_eq!(counters.packets.load(std::sync::atomic::Ordering::Relaxed), 7);
        assert_eq!(counters.state(), SourceState::Ended(None));
    }
}
