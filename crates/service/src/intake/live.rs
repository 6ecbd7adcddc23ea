//! A live interface that may vanish and come back.

use std::time::Duration;

use cordon_capture::{LiveSource, Next};
use cordon_model::RawPacket;

use super::{Feed, Pulled};

/// Opens the interface; called again after it vanished. Who may open sockets is not this
/// module's concern.
pub type OpenLive = Box<dyn FnMut() -> Result<LiveSource, String> + Send>;

/// A live interface.
pub struct LiveFeed {
    name: String,
    open: OpenLive,
    source: Option<LiveSource>,
    /// Dropped by sources that are gone.
    dropped_before: u64,
}

impl LiveFeed {
    /// Listens on an interface.
    ///
    /// # Errors
    /// Says why it cannot be opened.
    pub fn open(name: &str, mut open: OpenLive) -> Result<Self, String> {
        let source = Some(open()?);
        Ok(LiveFeed { name: name.to_owned(), open, source, dropped_before: 0 })
    }

    fn lose(&mut self) {
        self.dropped_before = self.dropped();
        self.source = None;
    }
}

impl Feed for LiveFeed {
    fn name(&self) -> &str {
        &self.name
    }

    fn waits(&self) -> bool {
        false
    }

    fn pull(&mut self, patience: Duration, take: &mut dyn FnMut(&RawPacket<'_>)) -> Pulled {
        let Some(source) = &mut self.source else {
            return Pulled::Gone("it is not open".to_owned());
        };
        let failed = match source.next_batch(patience) {
            Ok(Next::Packets(mut batch)) => {
                while let Some(packet) = batch.next() {
                    take(&packet);
                }
                return Pulled::More;
            }
            Ok(Next::Quiet) => return Pulled::Quiet,
            Ok(Next::Over) => None,
            Err(error) => Some(error.to_string()),
        };
        let gone = failed
            .or_else(|| source.status().cut_short.clone())
            .unwrap_or_else(|| "the interface stopped giving packets".to_owned());
        self.lose();
        Pulled::Gone(gone)
    }

    fn dropped(&self) -> u64 {
        let now = self.source.as_ref().and_then(|source| source.status().kernel_drops);
        self.dropped_before.saturating_add(now.unwrap_or(0))
    }

    fn reopen(&mut self) -> Result<(), String> {
        self.source = Some((self.open)()?);
        Ok(())
    }
}
