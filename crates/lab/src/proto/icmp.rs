//! ICMP echo (RFC 792).

use serde::Deserialize;

use crate::bytes::{Bytes, checksum, patch16};
use crate::error::SiteError;
use crate::net::{End, Ip};
use crate::stage::{Path, Stage};

const ASK: u8 = 8;
const ANSWER: u8 = 0;

/// Echo requests and their answers, one a second.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Ping {
    from: String,
    to: String,
    #[serde(default = "four")]
    count: u16,
    /// Bytes behind the header; more than a frame holds comes in fragments.
    #[serde(default = "thirty_two")]
    size: usize,
}

impl Ping {
    pub(crate) fn play(&self, stage: &mut Stage<'_>) -> Result<(), SiteError> {
        let path = stage.path(&self.from, &self.to)?;
        let id = stage.rng.u16();
        for sequence in 1..=self.count {
            self.echo(stage, &path, End::Client, (id, sequence));
            stage.wait(path.delay);
            self.echo(stage, &path, End::Server, (id, sequence));
            stage.wait_millis(1000);
        }
        Ok(())
    }

    fn echo(&self, stage: &mut Stage<'_>, path: &Path, end: End, number: (u16, u16)) {
        let (from, to, kind) = match end {
            End::Client => (path.client, path.server, ASK),
            End::Server => (path.server, path.client, ANSWER),
        };
        let filler: Vec<u8> = (b'a'..=b'w').cycle().take(self.size).collect();
        let body = Bytes::new().u8(kind).u8(0).u16(0).u16(number.0).u16(number.1).put(filler);
        let mut body = body.done();
        let sum = checksum(&[&body]);
        patch16(&mut body, 2, sum);
        let id = stage.next_id(from.host);
        let ip = Ip { from: from.ip, to: to.ip, ttl: from.ttl, protocol: 1, id, alert: false };
        stage.ip(path, end, &ip, &body);
    }
}

fn four() -> u16 {
    4
}

fn thirty_two() -> usize {
    32
}
