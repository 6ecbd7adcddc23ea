//! The thread that knows the network: packets in, history and conclusions out.

mod recorder;
mod run;

pub use recorder::Recorder;
pub use run::{Gauges, Observed, Records, Watch, WatchOptions, start};
