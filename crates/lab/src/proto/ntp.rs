//! NTP (RFC 5905).

use std::time::Duration;

use serde::Deserialize;

use crate::bytes::Bytes;
use crate::error::SiteError;
use crate::stage::Stage;

/// Seconds between 1900 and 1970.
const EPOCH: i64 = 2_208_988_800;

/// A client asks for the time.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Ask {
    from: String,
    to: String,
    #[serde(default = "four")]
    version: u8,
}

impl Ask {
    pub(crate) fn play(&self, stage: &mut Stage<'_>) -> Result<(), SiteError> {
        let mut udp = stage.udp(&self.from, &self.to, 123)?;
        udp.client_port = 123;
        let lead = |mode: u8| (self.version & 7) << 3 | mode;
        let sent = timestamp(stage, Duration::ZERO);
        let ask = Bytes::new().put([lead(3), 0, 6, 0xec]).zeros(36).u64(sent);
        udp.ask(stage, ask);
        let received = timestamp(stage, udp.path.delay);
        let answer = Bytes::new().put([lead(4), 2, 6, 0xe9]).u32(0x0000_0a3d).u32(0x0000_0c11);
        let answer = answer.put([193, 79, 237, 14]).u64(received - (37 << 32)).u64(sent);
        udp.answer(stage, answer.u64(received).u64(received + 90_000));
        Ok(())
    }
}

/// Seconds since 1900 and their fraction.
fn timestamp(stage: &Stage<'_>, later: Duration) -> u64 {
    let nanos = stage.site.start.plus(stage.elapsed() + later).nanos();
    let seconds = (nanos / 1_000_000_000 + EPOCH).unsigned_abs();
    let fraction = (nanos % 1_000_000_000).unsigned_abs() << 32;
    (seconds << 32) + fraction / 1_000_000_000
}

fn four() -> u8 {
    4
}
