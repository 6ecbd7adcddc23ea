//! Packets on their way in: live sources in threads of their own, a bounded queue, counted losses.
//!
//! Nothing here blocks a live capture: where the queue is full, a batch is dropped and counted.
//! A recording has time: it is asked for packets when there is time for them.

mod batch;
mod feed;
mod file;
mod inlet;
mod live;
mod pace;
mod queue;
mod thread;

pub use batch::Batch;
pub use feed::{Feed, Pulled};
pub use file::FileFeed;
pub use inlet::{Came, Inlet, PatientFeed};
pub use live::LiveFeed;
pub use pace::Pace;
pub use queue::{BOUND, Outlet, Queue, Taken, queue};
pub use thread::{Counters, SourceState, start};
