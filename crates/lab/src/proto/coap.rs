//! CoAP (RFC 7252) with observation (RFC 7641).

use serde::Deserialize;

use super::wording::fill;
use crate::bytes::Bytes;
use crate::error::SiteError;
use crate::span::Span;
use crate::stage::Stage;

const PORT: u16 = 5683;
const CONFIRMABLE: u8 = 0;
const NON_CONFIRMABLE: u8 = 1;
const ACKNOWLEDGEMENT: u8 = 2;
const CONTENT: u8 = 69;
const CHANGED: u8 = 68;

#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Method {
    Get = 1,
    Post = 2,
    Put = 3,
}

/// A request and its answer, with the notifications that follow an observation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Exchange {
    from: String,
    to: String,
    method: Method,
    path: String,
    /// Body of a PUT or POST.
    body: Option<String>,
    /// Body of the answer.
    reply: Option<String>,
    /// Content-Format of the bodies.
    #[serde(default = "json")]
    format: u8,
    /// Notifications that follow; a plain request without.
    #[serde(default)]
    observe: u8,
    #[serde(default)]
    period: Span,
}

impl Exchange {
    pub(crate) fn play(&self, stage: &mut Stage<'_>) -> Result<(), SiteError> {
        let udp = stage.udp(&self.from, &self.to, PORT)?;
        let (first, token) = (stage.rng.u16(), stage.rng.bytes(4));
        let head = |kind: u8, code: u8, id: u16| {
            Bytes::new().u8(0x44 | kind << 4).u8(code).u16(id).put(&token)
        };
        let mut options: Vec<(u16, Vec<u8>)> = Vec::new();
        if self.observe > 0 {
            options.push((6, Vec::new()));
        }
        options.extend(self.path.split('/').filter(|p| !p.is_empty()).map(|p| (11, p.into())));
        if self.body.is_some() {
            options.push((12, vec![self.format]));
        }
        let ask = with_options(head(CONFIRMABLE, self.method as u8, first), &options);
        udp.ask(stage, with_body(ask, self.body.as_deref()));
        stage.wait_millis(18);
        let code = if self.method == Method::Get { CONTENT } else { CHANGED };
        for number in 0..=self.observe {
            let (kind, id) = match number {
                0 => (ACKNOWLEDGEMENT, first),
                _ => (NON_CONFIRMABLE, first.wrapping_mul(31).wrapping_add(u16::from(number))),
            };
            let mut options: Vec<(u16, Vec<u8>)> = Vec::new();
            if self.observe > 0 {
                options.push((6, vec![number + 2]));
            }
            if self.reply.is_some() {
                options.push((12, vec![self.format]));
            }
            let reply = self.reply.as_deref().map(|reply| fill(reply, &mut stage.rng));
            let answer = with_options(head(kind, code, id), &options);
            udp.answer(stage, with_body(answer, reply.as_deref()));
            stage.wait(self.period.0);
        }
        Ok(())
    }
}

/// Options in ascending order; lengths and deltas below 269.
fn with_options(mut bytes: Bytes, options: &[(u16, Vec<u8>)]) -> Bytes {
    let mut last = 0;
    for (number, value) in options {
        let delta = u8::try_from(number - last).unwrap_or(0);
        let length = u8::try_from(value.len()).unwrap_or(0);
        let nibble = |value: u8| if value < 13 { value } else { 13 };
        bytes = bytes.u8(nibble(delta) << 4 | nibble(length));
        for long in [delta, length].into_iter().filter(|value| *value >= 13) {
            bytes = bytes.u8(long - 13);
        }
        bytes = bytes.put(value);
        last = *number;
    }
    bytes
}

fn with_body(bytes: Bytes, body: Option<&str>) -> Bytes {
    match body {
        Some(body) if !body.is_empty() => bytes.u8(0xff).put(body),
        _ => bytes,
    }
}

fn json() -> u8 {
    50
}
