//! Packets on their way in: sources in threads of their own, a bounded queue, counted losses.
//!
//! Nothing here blocks a live capture: where the queue is full, a batch is dropped and counted.
//! A replay has time and waits instead.

mod batch;
mod feed;
mod file;
mod live;
mod pace;
mod queue;
mod thread;

pub use batch::Batch;
pub use feed::{Feed, Pulled};
pub use file::FileFeed;
pub use live::LiveFeed;
pub use pace::Pace;
pub use queue::{BOUND, Outlet, Queue, Taken, queue};
pub use thread::{Counters, SourceState, start};
