//! TLS sessions from SSLv3 to TLS 1.3 (RFC 6101, RFC 5246, RFC 8446): real handshake messages,
//! then records of noise where a real session would be encrypted.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer};

use crate::bytes::Bytes;
use crate::error::SiteError;
use crate::net::Tcp;
use crate::rng::Rng;
use crate::span::Span;
use crate::stage::Stage;

pub(crate) const TLS_1_3: u16 = 0x0304;
const TLS_1_2: u16 = 0x0303;
const SSL_3: u16 = 0x0300;
const X25519: u16 = 29;
const CHANGE_CIPHER: u8 = 20;
const HANDSHAKE: u8 = 22;
const APPLICATION: u8 = 23;
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const CERTIFICATE: u8 = 11;
const SERVER_KEY_EXCHANGE: u8 = 12;
const SERVER_HELLO_DONE: u8 = 14;
const CLIENT_KEY_EXCHANGE: u8 = 16;

/// A TLS client library, as its ClientHello shows it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Client {
    pub(crate) name: String,
    /// The version field of the hello.
    version: u16,
    suites: Vec<u16>,
    /// Extension numbers in their order; those without a value here are sent empty.
    #[serde(default)]
    extensions: Vec<u16>,
    #[serde(default)]
    groups: Vec<u16>,
    #[serde(default)]
    signatures: Vec<u16>,
    #[serde(default)]
    versions: Vec<u16>,
    #[serde(default)]
    alpn: Vec<String>,
}

/// A certificate that servers show.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Certificate {
    pub(crate) name: String,
    /// Bits of its RSA key; zero for other keys.
    bits: u16,
    /// Base64 of its DER form, white space ignored.
    #[serde(deserialize_with = "from_base64")]
    der: Vec<u8>,
}

/// One session.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Session {
    from: String,
    to: String,
    #[serde(default = "port")]
    port: u16,
    /// Row of `tls-client`.
    client: String,
    /// Server name; the DNS name of `to` without, none where that has none.
    sni: Option<String>,
    /// Version and suite that the server chooses.
    version: u16,
    suite: u16,
    /// The chain: rows of `certificate`.
    #[serde(default)]
    certificates: Vec<String>,
    alpn: Option<String>,
    #[serde(default)]
    ipv6: bool,
    /// Exchanges of application data.
    #[serde(default = "two")]
    rounds: u32,
    #[serde(default)]
    period: Span,
    /// Largest size of an answer in bytes.
    #[serde(default = "answer_size")]
    size: u64,
}

impl Session {
    pub(crate) fn play(&self, stage: &mut Stage<'_>) -> Result<(), SiteError> {
        let client = client(stage, &self.client)?;
        let name = self.sni.clone().or_else(|| stage.device(&self.to).ok()?.names.first().cloned());
        let chain = self.chain(stage)?;
        let path = match self.ipv6 {
            true => stage.path6(&self.from, &self.to)?,
            false => stage.path(&self.from, &self.to)?,
        };
        let mut tcp = Tcp::over(stage, path, self.port)?;
        let session_id = tcp.stage().rng.bytes(32);
        let offered = if client.versions.is_empty() { &[][..] } else { &session_id };
        let hello = client.hello(name.as_deref(), offered, &mut tcp.stage().rng, None);
        tcp.client(record(HANDSHAKE, self.version.min(client.version).min(0x0301), hello));
        tcp.stage().wait_millis(3);
        if self.version == TLS_1_3 {
            self.handshake_13(&mut tcp, client, offered);
        } else {
            self.handshake_12(&mut tcp, client, &chain);
        }
        for round in 0..self.rounds {
            let mut rng = tcp.stage().rng.clone();
            tcp.client(self.sealed(APPLICATION, 60 + rng.below(500), &mut rng));
            let mut left = 200 + rng.below(self.size.max(1));
            while left > 0 {
                let piece = left.min(16_000);
                tcp.server(self.sealed(APPLICATION, piece, &mut rng));
                left -= piece;
            }
            tcp.stage().rng = rng;
            if round + 1 < self.rounds {
                tcp.wait(self.period.0);
            }
        }
        tcp.close();
        Ok(())
    }

    fn chain<'s>(&self, stage: &Stage<'s>) -> Result<Vec<&'s Certificate>, SiteError> {
        let find = |name: &String| {
            let none = || SiteError::new(format!("there is no certificate {name:?}"));
            stage.site.certificates.get(name).ok_or_else(none)
        };
        self.certificates.iter().map(find).collect()
    }

    fn handshake_13(&self, tcp: &mut Tcp<'_, '_>, client: &Client, session_id: &[u8]) {
        let mut rng = tcp.stage().rng.clone();
        let hello = server_hello(client, TLS_1_3, self.suite, session_id, None, &mut rng);
        let flight = record(HANDSHAKE, TLS_1_2, hello)
            .put(record(CHANGE_CIPHER, TLS_1_2, Bytes::new().u8(1)))
            .put(self.sealed(APPLICATION, 40, &mut rng))
            .put(self.sealed(APPLICATION, 2200, &mut rng))
            .put(self.sealed(APPLICATION, 69, &mut rng));
        tcp.server(flight);
        let finish = record(CHANGE_CIPHER, TLS_1_2, Bytes::new().u8(1));
        tcp.client(finish.put(self.sealed(APPLICATION, 53, &mut rng)));
        tcp.stage().rng = rng;
    }

    fn handshake_12(&self, tcp: &mut Tcp<'_, '_>, client: &Client, chain: &[&Certificate]) {
        let mut rng = tcp.stage().rng.clone();
        let session_id = rng.bytes(32);
        let alpn = self.alpn.as_deref();
        let hello = server_hello(client, self.version, self.suite, &session_id, alpn, &mut rng);
        let list = Bytes::new()
            .sized24(|b| b.each(chain, |b, certificate| b.sized24(|b| b.put(&certificate.der))));
        let bits = chain.first().map_or(0, |certificate| certificate.bits);
        let ephemeral = matches!(self.suite >> 8, 0xc0 | 0xcc);
        let mut flight = hello.put(message(CERTIFICATE, list));
        if ephemeral {
            let params = Bytes::new().u8(3).u16(X25519).sized8(|b| b.put(rng.bytes(32)));
            let params = match (self.version, bits) {
                (TLS_1_2, 0) => params.u16(0x0403),
                (TLS_1_2, _) => params.u16(0x0401),
                _ => params,
            };
            let length = if bits == 0 { 71 } else { usize::from(bits / 8) };
            let params = params.sized16(|b| b.put(rng.bytes(length)));
            flight = flight.put(message(SERVER_KEY_EXCHANGE, params));
        }
        flight = flight.put(message(SERVER_HELLO_DONE, Bytes::new()));
        tcp.server(record(HANDSHAKE, self.version, flight));
        let secret = rng.bytes(usize::from(bits / 8));
        let exchange = match (ephemeral, self.version) {
            (true, _) => Bytes::new().sized8(|b| b.put(rng.bytes(32))),
            (false, SSL_3) => Bytes::new().put(secret),
            (false, _) => Bytes::new().sized16(|b| b.put(secret)),
        };
        let exchange = record(HANDSHAKE, self.version, message(CLIENT_KEY_EXCHANGE, exchange));
        let change = record(CHANGE_CIPHER, self.version, Bytes::new().u8(1));
        tcp.client(exchange.put(&change).put(self.sealed(HANDSHAKE, 40, &mut rng)));
        tcp.server(change.put(self.sealed(HANDSHAKE, 40, &mut rng)));
        tcp.stage().rng = rng;
    }

    fn sealed(&self, kind: u8, length: u64, rng: &mut Rng) -> Bytes {
        let noise = rng.bytes(usize::try_from(length).unwrap_or(0));
        record(kind, self.version.min(TLS_1_2), Bytes::new().put(noise))
    }
}

/// The client library of this name.
pub(crate) fn client<'s>(stage: &Stage<'s>, name: &str) -> Result<&'s Client, SiteError> {
    let none = || SiteError::new(format!("there is no tls-client {name:?}"));
    stage.site.tls_clients.get(name).ok_or_else(none)
}

impl Client {
    /// A ClientHello message; `quic` holds transport parameters.
    pub(crate) fn hello(
        &self,
        name: Option<&str>,
        session_id: &[u8],
        rng: &mut Rng,
        quic: Option<&[u8]>,
    ) -> Bytes {
        let body = Bytes::new().u16(self.version).put(rng.bytes(32)).sized8(|b| b.put(session_id));
        let suites = |b: Bytes| b.each(&self.suites, |b, suite| b.u16(*suite));
        let body = body.sized16(suites).put([1, 0]);
        if self.extensions.is_empty() {
            return message(CLIENT_HELLO, body);
        }
        let mut extensions = Bytes::new();
        for number in &self.extensions {
            if let Some(value) = self.extension(*number, name, rng, quic) {
                extensions = extensions.u16(*number).sized16(|b| b.put(value));
            }
        }
        message(CLIENT_HELLO, body.sized16(|b| b.put(extensions)))
    }

    /// The value of an extension; none where it is left out.
    fn extension(
        &self,
        number: u16,
        name: Option<&str>,
        rng: &mut Rng,
        quic: Option<&[u8]>,
    ) -> Option<Bytes> {
        let numbers = |list: &[u16]| Bytes::new().sized16(|b| b.each(list, |b, n| b.u16(*n)));
        Some(match number {
            0 => Bytes::new().sized16(|b| b.u8(0).sized16(|b| b.put(name.unwrap_or_default()))),
            5 => Bytes::new().put([1, 0, 0, 0, 0]),
            10 => numbers(&self.groups),
            11 => Bytes::new().put([1, 0]),
            13 => numbers(&self.signatures),
            16 => alpn(self.alpn.iter().map(String::as_str)),
            27 => Bytes::new().put([2, 0, 2]),
            43 => Bytes::new().sized8(|b| b.each(&self.versions, |b, version| b.u16(*version))),
            45 => Bytes::new().put([1, 1]),
            51 => Bytes::new().sized16(|b| b.u16(X25519).sized16(|b| b.put(rng.bytes(32)))),
            57 => Bytes::new().put(quic?),
            0xff01 => Bytes::new().u8(0),
            _ => Bytes::new(),
        })
        .filter(|_| number != 0 || name.is_some())
    }
}

/// A ServerHello message that answers `client`.
pub(crate) fn server_hello(
    client: &Client,
    version: u16,
    suite: u16,
    session_id: &[u8],
    chosen: Option<&str>,
    rng: &mut Rng,
) -> Bytes {
    let body = Bytes::new().u16(version.min(TLS_1_2)).put(rng.bytes(32));
    let body = body.sized8(|b| b.put(session_id)).u16(suite).u8(0);
    let mut extensions = Bytes::new();
    if version == TLS_1_3 {
        let share = Bytes::new().u16(X25519).sized16(|b| b.put(rng.bytes(32)));
        extensions = extensions.u16(51).sized16(|b| b.put(share));
        extensions = extensions.u16(43).sized16(|b| b.u16(TLS_1_3));
    } else if version > SSL_3 {
        let offered = |number: u16| client.extensions.contains(&number);
        if offered(0xff01) {
            extensions = extensions.u16(0xff01).sized16(|b| b.u8(0));
        }
        if offered(23) {
            extensions = extensions.u16(23).u16(0);
        }
        if let Some(chosen) = chosen.filter(|_| offered(16)) {
            extensions = extensions.u16(16).sized16(|b| b.put(alpn([chosen])));
        }
    }
    let body = if extensions.len() == 0 { body } else { body.sized16(|b| b.put(extensions)) };
    message(SERVER_HELLO, body)
}

fn alpn<'a>(names: impl IntoIterator<Item = &'a str>) -> Bytes {
    Bytes::new().sized16(|b| b.each(names, |b, name| b.sized8(|b| b.put(name))))
}

fn message(kind: u8, body: Bytes) -> Bytes {
    Bytes::new().u8(kind).sized24(|b| b.put(body))
}

fn record(kind: u8, version: u16, body: Bytes) -> Bytes {
    Bytes::new().u8(kind).u16(version).sized16(|b| b.put(body))
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let compact: String = text.split_whitespace().collect();
    STANDARD.decode(compact).map_err(serde::de::Error::custom)
}

fn port() -> u16 {
    443
}

fn two() -> u32 {
    2
}

fn answer_size() -> u64 {
    1800
}
