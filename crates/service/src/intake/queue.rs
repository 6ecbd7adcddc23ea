//! The bounded queue between sources and the pipeline, which gives empty batches back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use cordon_model::RawPacket;

use super::Batch;

/// Batches that may wait: about 8 MiB, which a pipeline at full speed empties in a tenth of a
/// second.
pub const BOUND: usize = 32;

/// Makes a queue: the end that takes, and what outlets are made from.
#[must_use]
pub fn queue() -> (Queue, Outlet) {
    let (full, filled) = sync_channel(BOUND);
    let (empty, emptied) = sync_channel(BOUND);
    let depth = Arc::new(AtomicU64::new(0));
    let emptied = Arc::new(std::sync::Mutex::new(emptied));
    let queue = Queue { filled, empty, depth: Arc::clone(&depth) };
    let outlet = Outlet { full, emptied, depth, batch: Batch::with_room(), dropped: 0 };
    (queue, outlet)
}

/// The end that takes batches.
pub struct Queue {
    filled: Receiver<Batch>,
    empty: SyncSender<Batch>,
    depth: Arc<AtomicU64>,
}

/// What came of waiting for a batch.
#[derive(Debug)]
pub enum Taken {
    /// Packets.
    Batch(Batch),
    /// None within the time.
    Nothing,
    /// Every source is closed.
    Closed,
}

impl Queue {
    /// Waits for a batch.
    #[must_use]
    pub fn take(&self, patience: Duration) -> Taken {
        match self.filled.recv_timeout(patience) {
            Ok(batch) => {
                self.depth.fetch_sub(1, Ordering::Relaxed);
                Taken::Batch(batch)
            }
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => Taken::Nothing,
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => Taken::Closed,
        }
    }

    /// Gives a batch back, so that its room is used again.
    pub fn recycle(&self, mut batch: Batch) {
        batch.clear();
        // Where enough empty ones wait already, this one is simply let go.
        drop(self.empty.try_send(batch));
    }

    /// Reads how many batches wait, from anywhere.
    #[must_use]
    pub fn depth(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.depth)
    }
}

/// The end that a source puts packets into.
pub struct Outlet {
    full: SyncSender<Batch>,
    emptied: Arc<std::sync::Mutex<Receiver<Batch>>>,
    depth: Arc<AtomicU64>,
    batch: Batch,
    dropped: u64,
}

impl Outlet {
    /// Another end into the same queue.
    #[must_use]
    pub fn another(&self) -> Outlet {
        Outlet {
            full: self.full.clone(),
            emptied: Arc::clone(&self.emptied),
            depth: Arc::clone(&self.depth),
            batch: Batch::with_room(),
            dropped: 0,
        }
    }

    /// Puts a packet in; hands a full batch over.
    pub fn push(&mut self, packet: &RawPacket<'_>, waits: bool) {
        self.batch.push(packet);
        if self.batch.is_full() {
            self.hand_over(waits);
        }
    }

    /// Hands over what there is. A full queue drops the batch, or waits where there is time.
    /// Whether anybody still takes.
    pub fn hand_over(&mut self, waits: bool) -> bool {
        if self.batch.is_empty() {
            return true;
        }
        let room = self.room();
        let batch = std::mem::replace(&mut self.batch, room);
        self.depth.fetch_add(1, Ordering::Relaxed);
        let refused = match waits {
            true => self.full.send(batch).err().map(|refused| (refused.0, false)),
            false => match self.full.try_send(batch) {
                Ok(()) => None,
                Err(TrySendError::Full(batch)) => Some((batch, true)),
                Err(TrySendError::Disconnected(batch)) => Some((batch, false)),
            },
        };
        let Some((mut batch, open)) = refused else { return true };
        self.depth.fetch_sub(1, Ordering::Relaxed);
        self.dropped = self.dropped.saturating_add(batch.len() as u64);
        batch.clear();
        self.batch = batch;
        open
    }

    /// An empty batch: one that came back, or else a new one.
    fn room(&self) -> Batch {
        let back = self.emptied.lock().ok().and_then(|emptied| emptied.try_recv().ok());
        back.unwrap_or_else(Batch::with_room)
    }

    /// Packets dropped because the queue was full.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cordon_model::{LinkType, PacketId, Timestamp};

    fn packet(number: u64) -> RawPacket<'static> {
        RawPacket {
            id: PacketId { input: 0, number },
            at: Timestamp::from_secs(1),
            link: LinkType::ETHERNET,
            wire_len: 60,
            data: &[0; 60],
        }
    }

    #[test]
    fn a_burst_beyond_capacity_is_dropped_and_counted_and_never_blocks() {
        let (queue, mut outlet) = queue();
        for number in 0..100_000 {
            outlet.push(&packet(number), false);
        }
        outlet.hand_over(false);
        let mut kept = 0;
        while let Taken::Batch(batch) = queue.take(Duration::ZERO) {
            kept += batch.len() as u64;
            queue.recycle(batch);
        }
        assert!(outlet.dropped() > 0);
        assert_eq!(kept + outlet.dropped(), 100_000);
        assert_eq!(queue.depth().load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_recording_waits_and_loses_nothing() {
        let (queue, mut outlet) = queue();
        let source = std::thread::spawn(move || {
            for number in 0..100_000 {
                outlet.push(&packet(number), true);
            }
            outlet.hand_over(true);
            outlet.dropped()
        });
        let mut kept = 0;
        while let Taken::Batch(batch) = queue.take(Duration::from_secs(5)) {
            kept += batch.len();
            queue.recycle(batch);
        }
        assert_eq!((kept, source.join().unwrap()), (100_000, 0));
    }
}
