//! The thread that knows the network: packets in, history and conclusions out.

mod reached;
mod recorder;
mod run;

pub(crate) use reached::Reached;
pub use recorder::Recorder;
pub use run::{Gauges, Observed, Records, Watch, WatchOptions, start};
