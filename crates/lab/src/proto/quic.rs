//! QUIC version 1 (RFC 9000, RFC 9001): Initial packets under their real keys, then noise.

use aes::Aes128;
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use aes_gcm::Aes128Gcm;
use aes_gcm::aead::{Aead, Payload};
use hkdf::Hkdf;
use serde::Deserialize;
use sha2::Sha256;

use super::tls;
use crate::bytes::Bytes;
use crate::error::SiteError;
use crate::span::Span;
use crate::stage::Stage;

/// RFC 9001, 5.2.
const SALT: [u8; 20] = [
    0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad,
    0xcc, 0xbb, 0x7f, 0x0a,
];
const VERSION: u32 = 1;
/// Datagrams with an Initial packet are at least this long.
const SHORTEST: usize = 1200;
const TAG: usize = 16;
/// Bytes of packet number that we send.
const NUMBER: usize = 4;

/// One connection.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Session {
    from: String,
    to: String,
    /// Row of `tls-client`; extension 57 carries the transport parameters.
    client: String,
    sni: Option<String>,
    suite: u16,
    #[serde(default)]
    ipv6: bool,
    /// Packets of data in each direction.
    #[serde(default = "ten")]
    rounds: u32,
    #[serde(default)]
    period: Span,
}

impl Session {
    pub(crate) fn play(&self, stage: &mut Stage<'_>) -> Result<(), SiteError> {
        let client = tls::client(stage, &self.client)?;
        let name = self.sni.clone().or_else(|| stage.device(&self.to).ok()?.names.first().cloned());
        let path = match self.ipv6 {
            true => stage.path6(&self.from, &self.to)?,
            false => stage.path(&self.from, &self.to)?,
        };
        let udp = stage.udp_over(path, 443);
        let mut rng = stage.rng.clone();
        let (first, chosen) = (rng.bytes(8), rng.bytes(8));
        // max_idle_timeout, max_udp_payload_size, initial_source_connection_id
        let parameters =
            Bytes::new().put([1, 4, 0x80, 0, 0x75, 0x30]).put([3, 2, 0x45, 0xc0, 15, 0]);
        let hello = client.hello(name.as_deref(), &[], &mut rng, Some(parameters.as_ref()));
        let keys = Keys::of(&first, "client in")?;
        udp.ask(stage, keys.initial(&first, &[], crypto(hello), SHORTEST)?);
        stage.wait_millis(14);
        let hello = tls::server_hello(client, tls::TLS_1_3, self.suite, &[], None, &mut rng);
        let frames = Bytes::new().put([2, 0, 0, 0, 0]).put(crypto(hello));
        let reply = Keys::of(&first, "server in")?.initial(&[], &chosen, frames, 0)?;
        let handshake = long_header(0xe0, &[], &chosen).put(variable(900)).put(rng.bytes(900));
        udp.answer(stage, reply.put(handshake));
        let finish = long_header(0xe0, &chosen, &[]).put(variable(76)).put(rng.bytes(76));
        udp.ask(stage, finish);
        for _ in 0..self.rounds {
            let lengths = (30 + rng.below(200), 200 + rng.below(1000));
            let short = |to: &[u8], noise: Vec<u8>| Bytes::new().u8(0x43).put(to).put(noise);
            udp.ask(stage, short(&chosen, rng.bytes(usize::try_from(lengths.0).unwrap_or(30))));
            udp.answer(stage, short(&[], rng.bytes(usize::try_from(lengths.1).unwrap_or(200))));
            stage.wait(self.period.0);
        }
        Ok(())
    }
}

/// What protects the Initial packets of one direction.
struct Keys {
    key: [u8; 16],
    nonce: [u8; 12],
    header: [u8; 16],
}

impl Keys {
    fn of(connection: &[u8], direction: &str) -> Result<Keys, SiteError> {
        let (initial, _) = Hkdf::<Sha256>::extract(Some(&SALT), connection);
        let secret: [u8; 32] = expand(&initial, direction)?;
        Ok(Keys {
            key: expand(&secret, "quic key")?,
            nonce: expand(&secret, "quic iv")?,
            header: expand(&secret, "quic hp")?,
        })
    }

    /// Packet number zero, padded so that the datagram has at least `shortest` bytes.
    fn initial(
        &self,
        to: &[u8],
        from: &[u8],
        frames: Bytes,
        shortest: usize,
    ) -> Result<Bytes, SiteError> {
        let head = long_header(0xc0 | 3, to, from).u8(0);
        let padding = shortest.saturating_sub(head.len() + 2 + NUMBER + frames.len() + TAG);
        let frames = frames.zeros(padding);
        let head = head.put(variable(NUMBER + frames.len() + TAG));
        let at = head.len();
        let head = head.u32(0).done();
        let payload = Payload { msg: frames.as_ref(), aad: &head };
        let sealed = Aes128Gcm::new(&self.key.into())
            .encrypt(&self.nonce.into(), payload)
            .map_err(|_| SiteError::new("a QUIC packet is too long to seal"))?;
        let mut packet = head;
        packet.extend_from_slice(&sealed);
        self.hide_number(&mut packet, at);
        Ok(Bytes::new().put(packet))
    }

    /// Header protection (RFC 9001, 5.4).
    fn hide_number(&self, packet: &mut [u8], at: usize) {
        let mut sample = [0; 16];
        sample.iter_mut().zip(packet.iter().skip(at + 4)).for_each(|(to, from)| *to = *from);
        let mut mask = Array::from(sample);
        Aes128::new(&self.header.into()).encrypt_block(&mut mask);
        let [first, rest @ ..]: [u8; 16] = mask.into();
        if let Some(byte) = packet.first_mut() {
            *byte ^= first & 0x0f;
        }
        packet.iter_mut().skip(at).zip(rest).take(NUMBER).for_each(|(byte, mask)| *byte ^= mask);
    }
}

/// HKDF-Expand-Label with an empty context (RFC 8446, 7.1).
fn expand<const N: usize>(secret: &[u8], label: &str) -> Result<[u8; N], SiteError> {
    let wrong = || SiteError::new("a QUIC key cannot be made");
    let info = Bytes::new()
        .u16(u16::try_from(N).unwrap_or(0))
        .sized8(|b| b.put("tls13 ").put(label))
        .u8(0);
    let mut key = [0; N];
    let prk = Hkdf::<Sha256>::from_prk(secret).map_err(|_| wrong())?;
    prk.expand(info.as_ref(), &mut key).map_err(|_| wrong())?;
    Ok(key)
}

fn long_header(first: u8, to: &[u8], from: &[u8]) -> Bytes {
    Bytes::new().u8(first).u32(VERSION).sized8(|b| b.put(to)).sized8(|b| b.put(from))
}

fn crypto(message: Bytes) -> Bytes {
    Bytes::new().put([6, 0]).put(variable(message.len())).put(message)
}

/// A variable-length integer in two bytes.
fn variable(number: usize) -> [u8; 2] {
    (u16::try_from(number).unwrap_or(0) | 0x4000).to_be_bytes()
}

fn ten() -> u32 {
    10
}
