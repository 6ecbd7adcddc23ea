//! The thread that knows the network: packets in, history and conclusions out.

mod detector;
mod ears;
mod reached;
mod recorder;
mod run;
mod told;

pub use detector::{Detector, Held, InForce};
pub use ears::Teller;
pub(crate) use reached::Reached;
pub use recorder::{ANSWER, Recorder};
pub use run::{Gauges, Observed, Records, Watch, WatchOptions, start};
