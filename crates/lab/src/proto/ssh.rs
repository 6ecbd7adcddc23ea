//! SSH: identification, key exchange in clear text, then encrypted packets (RFC 4253, RFC 8731).

use serde::Deserialize;

use crate::bytes::Bytes;
use crate::error::SiteError;
use crate::net::Tcp;
use crate::rng::Rng;
use crate::stage::Stage;

const KEXINIT: u8 = 20;
const NEWKEYS: u8 = 21;
const KEX_ASK: u8 = 30;
const KEX_REPLY: u8 = 31;

/// How a client or server shows itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Endpoint {
    /// Without `SSH-`.
    banner: String,
    kex: Vec<String>,
    host_keys: Vec<String>,
    ciphers: Vec<String>,
    macs: Vec<String>,
}

/// A login and some work, all encrypted after the key exchange.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Session {
    from: String,
    to: String,
    #[serde(default = "port")]
    port: u16,
    /// Encrypted exchanges after the login.
    #[serde(default = "twelve")]
    packets: u32,
}

impl Session {
    pub(crate) fn play(&self, stage: &mut Stage<'_>) -> Result<(), SiteError> {
        let endpoint = |stage: &Stage<'_>, name: &str| {
            let none = || SiteError::new(format!("device {name:?} needs an `ssh` table"));
            stage.device(name)?.ssh.clone().ok_or_else(none)
        };
        let (client, server) = (endpoint(stage, &self.from)?, endpoint(stage, &self.to)?);
        let kex = agreed(&client.kex, &server.kex)?;
        let host_key = agreed(&client.host_keys, &server.host_keys)?;
        let mut tcp = Tcp::open(stage, &self.from, &self.to, self.port)?;
        tcp.server(format!("SSH-{}\r\n", server.banner));
        tcp.client(format!("SSH-{}\r\n", client.banner));
        let cookies = (tcp.stage().rng.bytes(16), tcp.stage().rng.bytes(16));
        tcp.client(packet(client.kexinit(&cookies.0)));
        tcp.server(packet(server.kexinit(&cookies.1)));
        let mut rng = tcp.stage().rng.clone();
        let share = |rng: &mut Rng| match kex.starts_with("diffie-hellman") {
            // A positive number of 2048 bits: its first byte is below 128.
            true => Bytes::new().u8(0x5a).put(rng.bytes(255)).done(),
            false => rng.bytes(32),
        };
        let (ask, reply) = (share(&mut rng), share(&mut rng));
        tcp.client(packet(string(Bytes::new().u8(KEX_ASK), ask)));
        let answer = string(Bytes::new().u8(KEX_REPLY), key_blob(&host_key, &mut rng));
        let signature = string(string(Bytes::new(), &host_key), rng.bytes(64));
        tcp.server(packet(string(string(answer, reply), signature)));
        tcp.client(packet(Bytes::new().u8(NEWKEYS)));
        tcp.server(packet(Bytes::new().u8(NEWKEYS)));
        for _ in 0..self.packets {
            let lengths = (32 + 16 * rng.below(4), 48 + 16 * rng.below(20));
            tcp.client(rng.bytes(usize::try_from(lengths.0).unwrap_or(32)));
            tcp.server(rng.bytes(usize::try_from(lengths.1).unwrap_or(48)));
            tcp.stage().wait_millis(180);
        }
        tcp.close();
        Ok(())
    }
}

impl Endpoint {
    fn kexinit(&self, cookie: &[u8]) -> Bytes {
        let none = ["none".to_owned()];
        let lists: [&[String]; 10] = [
            &self.kex,
            &self.host_keys,
            &self.ciphers,
            &self.ciphers,
            &self.macs,
            &self.macs,
            &none,
            &none,
            &[],
            &[],
        ];
        let bytes = Bytes::new().u8(KEXINIT).put(cookie);
        bytes.each(lists, |bytes, list| string(bytes, list.join(","))).u8(0).u32(0)
    }
}

/// The first of the client's algorithms that the server has too.
fn agreed(client: &[String], server: &[String]) -> Result<String, SiteError> {
    let none = || SiteError::new("the two ends have no SSH algorithm in common");
    client.iter().find(|name| server.contains(name)).cloned().ok_or_else(none)
}

/// A public key as the host sends it.
fn key_blob(algorithm: &str, rng: &mut Rng) -> Bytes {
    if algorithm.contains("ed25519") {
        return string(string(Bytes::new(), algorithm), rng.bytes(32));
    }
    let modulus = Bytes::new().put([0, 0xc1]).put(rng.bytes(127));
    string(string(string(Bytes::new(), "ssh-rsa"), [1, 0, 1]), modulus)
}

fn string(bytes: Bytes, text: impl AsRef<[u8]>) -> Bytes {
    let text = text.as_ref();
    bytes.u32(u32::try_from(text.len()).unwrap_or(0)).put(text)
}

/// The binary packet protocol before encryption.
fn packet(payload: Bytes) -> Bytes {
    let padding = 8 - (payload.len() + 5) % 8;
    let padding = if padding < 4 { padding + 8 } else { padding };
    let length = u32::try_from(payload.len() + padding + 1).unwrap_or(0);
    Bytes::new().u32(length).u8(u8::try_from(padding).unwrap_or(8)).put(payload).zeros(padding)
}

fn port() -> u16 {
    22
}

fn twelve() -> u32 {
    12
}
