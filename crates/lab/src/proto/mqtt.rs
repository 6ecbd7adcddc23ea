//! MQTT 3.1, 3.1.1 and 5 (OASIS MQTT 3.1.1, 5.0).

use serde::Deserialize;

use super::wording::fill;
use crate::bytes::Bytes;
use crate::error::SiteError;
use crate::net::{End, Tcp};
use crate::span::Span;
use crate::stage::Stage;

const FIVE: u8 = 5;

/// One client's connection to a broker.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Session {
    from: String,
    to: String,
    #[serde(default = "port")]
    port: u16,
    /// Protocol level: 3 for 3.1, 4 for 3.1.1, 5.
    #[serde(default = "four")]
    level: u8,
    client_id: String,
    user: Option<String>,
    password: Option<String>,
    /// Topic and message that the broker sends when the client is gone.
    will: Option<(String, String)>,
    #[serde(default)]
    subscribe: Vec<String>,
    /// What the client publishes in every round: topic and message.
    #[serde(default)]
    publish: Vec<(String, String)>,
    /// What the broker sends in every round.
    #[serde(default)]
    receive: Vec<(String, String)>,
    #[serde(default)]
    retain: bool,
    #[serde(default = "one")]
    rounds: u32,
    #[serde(default)]
    period: Span,
}

impl Session {
    pub(crate) fn play(&self, stage: &mut Stage<'_>) -> Result<(), SiteError> {
        let mut tcp = Tcp::open(stage, &self.from, &self.to, self.port)?;
        tcp.client(self.connect());
        tcp.stage().wait_millis(2);
        let accepted = Bytes::new().put([0, 0]);
        tcp.server(packet(0x20, self.properties(accepted)));
        if !self.subscribe.is_empty() {
            let asks = self.properties(Bytes::new().u16(1));
            let asks = asks.each(&self.subscribe, |b, topic| b.sized16(|b| b.put(topic)).u8(0));
            tcp.client(packet(0x82, asks));
            let granted = self.properties(Bytes::new().u16(1)).zeros(self.subscribe.len());
            tcp.server(packet(0x90, granted));
        }
        for round in 0..self.rounds {
            for (end, messages) in [(End::Client, &self.publish), (End::Server, &self.receive)] {
                for (topic, template) in messages {
                    let message = fill(template, &mut tcp.stage().rng);
                    let body = self.properties(Bytes::new().sized16(|b| b.put(topic)));
                    tcp.send(end, packet(0x30 | u8::from(self.retain), body.put(message)).as_ref());
                }
            }
            if round + 1 < self.rounds {
                tcp.wait(self.period.0);
            }
        }
        tcp.client([0xc0, 0]);
        tcp.server([0xd0, 0]);
        tcp.wait(Span::millis(200).0);
        tcp.client([0xe0, 0]);
        tcp.close();
        Ok(())
    }

    fn connect(&self) -> Bytes {
        let flag = |set: bool, bit: u8| if set { bit } else { 0 };
        let flags = 0x02
            | flag(self.user.is_some(), 0x80)
            | flag(self.password.is_some(), 0x40)
            | flag(self.will.is_some(), 0x04);
        let name = if self.level == 3 { "MQIsdp" } else { "MQTT" };
        let mut body = Bytes::new().sized16(|b| b.put(name)).u8(self.level).u8(flags).u16(60);
        body = self.properties(body).sized16(|b| b.put(&self.client_id));
        if let Some((topic, message)) = &self.will {
            body = self.properties(body).sized16(|b| b.put(topic)).sized16(|b| b.put(message));
        }
        for text in [&self.user, &self.password].into_iter().flatten() {
            body = body.sized16(|b| b.put(text));
        }
        packet(0x10, body)
    }

    /// MQTT 5 has a list of properties here; it is empty.
    fn properties(&self, body: Bytes) -> Bytes {
        if self.level == FIVE { body.u8(0) } else { body }
    }
}

fn packet(head: u8, body: Bytes) -> Bytes {
    let mut length = body.len();
    let mut bytes = Bytes::new().u8(head);
    loop {
        let low = u8::try_from(length & 0x7f).unwrap_or(0);
        length >>= 7;
        if length == 0 {
            return bytes.u8(low).put(body);
        }
        bytes = bytes.u8(low | 0x80);
    }
}

fn port() -> u16 {
    1883
}

fn four() -> u8 {
    4
}

fn one() -> u32 {
    1
}
