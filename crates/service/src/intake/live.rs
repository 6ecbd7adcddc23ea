//! A live interface that may vanish and come back.

use std::time::Duration;

use cordon_capture::{LiveSource, Next};
use cordon_model::RawPacket;

use super::{Feed, Pulled};

/// A live interface. Open the source with `wait_for_interface`, so that one that goes away is
/// heard again when it returns.
pub struct LiveFeed {
    name: String,
    source: LiveSource,
}

impl LiveFeed {
    /// Listens with an open source. Who may open sockets is not this module's concern.
    #[must_use]
    pub fn new(source: LiveSource) -> Self {
        LiveFeed { name: source.status().path.clone(), source }
    }
}

impl Feed for LiveFeed {
    fn name(&self) -> &str {
        &self.name
    }

    fn pull(&mut self, patience: Duration, take: &mut dyn FnMut(&RawPacket<'_>)) -> Pulled {
        match self.source.next_batch(patience) {
            Ok(Next::Packets(mut batch)) => {
                while let Some(packet) = batch.next() {
                    take(&packet);
                }
                return Pulled::More;
            }
            Ok(Next::Quiet) => return Pulled::Quiet,
            Ok(Next::Gone) => {
                return Pulled::Gone("the interface is down or unplugged".to_owned());
            }
            Ok(Next::Over) => {}
            Err(error) => return Pulled::Over(Some(error.to_string())),
        }
        let why = self.source.status().cut_short.clone();
        Pulled::Over(Some(why.unwrap_or_else(|| "the interface gives no more packets".to_owned())))
    }

    fn dropped(&self) -> u64 {
        self.source.status().kernel_drops.unwrap_or(0)
    }
}
