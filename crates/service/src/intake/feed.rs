//! What every source of packets can do.

use std::time::Duration;

use cordon_model::RawPacket;

/// What became of a request for packets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Pulled {
    /// There may be more at once.
    More,
    /// Nothing more for now.
    Quiet,
    /// The source vanished for now; the next call looks whether it is back. Says what happened.
    Gone(String),
    /// There will be no more. Says why, where that is not simply the end.
    Over(Option<String>),
}

/// A source of packets, used by one thread.
pub trait Feed: Send {
    /// What people call it: an interface's or a file's name.
    fn name(&self) -> &str;

    /// Passes packets on for about as long as the patience lasts, or until there are none.
    fn pull(&mut self, patience: Duration, take: &mut dyn FnMut(&RawPacket<'_>)) -> Pulled;

    /// Packets that the kernel dropped before they could be taken.
    fn dropped(&self) -> u64 {
        0
    }
}
