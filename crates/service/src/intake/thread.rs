//! One thread per source.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cordon_model::RawPacket;

use super::{Feed, Outlet, Pulled};

/// How long a source may wait for packets before it looks whether to stop.
const PATIENCE: Duration = Duration::from_millis(100);

/// How a source is doing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SourceState {
    /// It gives packets, or would.
    Running,
    /// It vanished and is tried again; the reason.
    Gone(String),
    /// It has ended; the reason, where it is not simply its end.
    Ended(Option<String>),
}

/// What is known of a source from outside its thread.
pub struct Counters {
    /// What people call it.
    pub name: String,
    /// Packets taken from it.
    pub packets: AtomicU64,
    /// Packets that the kernel dropped.
    pub dropped_by_kernel: AtomicU64,
    /// Packets dropped because the queue was full.
    pub dropped_by_queue: AtomicU64,
    /// Time of the latest packet, in nanoseconds since 1970; 0 for none.
    pub last: AtomicI64,
    state: Mutex<SourceState>,
}

impl Counters {
    /// Those of a source that has given nothing yet.
    pub(super) fn of(name: &str) -> Self {
        Counters {
            name: name.to_owned(),
            packets: AtomicU64::new(0),
            dropped_by_kernel: AtomicU64::new(0),
            dropped_by_queue: AtomicU64::new(0),
            last: AtomicI64::new(0),
            state: Mutex::new(SourceState::Running),
        }
    }

    /// How it is doing.
    #[must_use]
    pub fn state(&self) -> SourceState {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, state: SourceState) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

/// Starts the thread of a source. It ends when the source does, when nobody takes its packets,
/// or when told to stop.
///
/// # Errors
/// Where the system gives no thread.
pub fn start(
    mut feed: Box<dyn Feed>,
    mut outlet: Outlet,
    stop: Arc<AtomicBool>,
) -> std::io::Result<(Arc<Counters>, std::thread::JoinHandle<()>)> {
    let counters = Arc::new(Counters::of(feed.name()));
    let told = Arc::clone(&counters);
    let thread =
        std::thread::Builder::new().name(format!("source {}", feed.name())).spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let pulled = turn(feed.as_mut(), &told, PATIENCE, &mut |packet| {
                    outlet.push(packet, false);
                });
                // Whatever came is handed over at once when the line goes quiet.
                let taken = outlet.hand_over(false);
                told.dropped_by_queue.store(outlet.dropped(), Ordering::Relaxed);
                if !taken || matches!(pulled, Pulled::Over(_)) {
                    break;
                }
            }
            outlet.hand_over(true);
        })?;
    Ok((counters, thread))
}

/// One round of a source: packets go to `take`, what is known of it to `counters`.
pub(super) fn turn(
    feed: &mut dyn Feed,
    counters: &Counters,
    patience: Duration,
    take: &mut dyn FnMut(&RawPacket<'_>),
) -> Pulled {
    let (mut packets, mut last) = (0_u64, None);
    let pulled = feed.pull(patience, &mut |packet| {
        packets += 1;
        last = Some(packet.at);
        take(packet);
    });
    counters.packets.fetch_add(packets, Ordering::Relaxed);
    if let Some(last) = last {
        counters.last.store(last.nanos(), Ordering::Relaxed);
    }
    counters.dropped_by_kernel.store(feed.dropped(), Ordering::Relaxed);
    match &pulled {
        Pulled::More | Pulled::Quiet => {
            if counters.state() != SourceState::Running {
                tracing::info!(source = feed.name(), "source is back");
                counters.set(SourceState::Running);
            }
        }
        Pulled::Gone(why) => {
            if counters.state() == SourceState::Running {
                tracing::warn!(source = feed.name(), why, "source gone");
                counters.set(SourceState::Gone(why.clone()));
            }
        }
        Pulled::Over(why) => {
            tracing::info!(source = feed.name(), why, "source ended");
            counters.set(SourceState::Ended(why.clone()));
        }
    }
    pulled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::{queue, queue::Taken};
    use cordon_model::{LinkType, PacketId, Timestamp};

    /// Gives one packet, vanishes for two rounds, gives another, and ends.
    struct Flapping(u32);

    impl Feed for Flapping {
        fn name(&self) -> &str {
            "flapping"
        }
        fn pull(&mut self, _: Duration, take: &mut dyn FnMut(&RawPacket<'_>)) -> Pulled {
            self.0 += 1;
            match self.0 {
                2 | 3 => Pulled::Gone("unplugged".to_owned()),
                1 | 4 => {
                    take(&RawPacket {
                        id: PacketId { input: 0, number: u64::from(self.0) },
                        at: Timestamp::from_secs(5),
                        link: LinkType::ETHERNET,
                        wire_len: 4,
                        data: &[1, 2, 3, 4],
                    });
                    Pulled::More
                }
                _ => Pulled::Over(None),
            }
        }
    }

    #[test]
    fn an_interface_that_returns_is_listened_to_again() {
        let (queue, outlet) = queue();
        let stop = Arc::new(AtomicBool::new(false));
        let (counters, thread) = start(Box::new(Flapping(0)), outlet, stop).unwrap();
        thread.join().unwrap();
        let mut numbers = Vec::new();
        while let Taken::Batch(batch) = queue.take(Duration::ZERO) {
            numbers.extend(batch.packets().map(|packet| packet.id.number));
        }
        assert_eq!(numbers, vec![1, 4]);
        assert_eq!(counters.packets.load(Ordering::Relaxed), 2);
        assert_eq!(counters.state(), SourceState::Ended(None));
    }
}
