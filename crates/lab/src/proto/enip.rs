//! EtherNet/IP and CIP (ODVA CIP volumes 1 and 2).

use std::net::Ipv4Addr;

use serde::Deserialize;

use crate::bytes::{Bytes, len16};
use crate::error::SiteError;
use crate::net::Tcp;
use crate::span::Span;
use crate::stage::Stage;

const PORT: u16 = 44_818;
const LIST_IDENTITY: u16 = 0x63;
const REGISTER: u16 = 0x65;
const SEND: u16 = 0x6f;
const GET_ALL: u8 = 0x01;
const RESET: u8 = 0x05;
const START: u8 = 0x06;
const STOP: u8 = 0x07;
const READ_TAG: u8 = 0x4c;
const WRITE_TAG: u8 = 0x4d;
const UPDATE: u8 = 0x4b;
const REAL: u16 = 0xca;
/// Class 1, instance 1: the identity object.
const IDENTITY: [u8; 4] = [0x20, 0x01, 0x24, 0x01];
/// Class 0x8e, instance 1: the controller's mode.
const MODE: [u8; 4] = [0x20, 0x8e, 0x24, 0x01];
/// Class 0xa1, instance 1: non-volatile storage, which firmware updates write.
const STORAGE: [u8; 4] = [0x20, 0xa1, 0x24, 0x01];

/// The identity object.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Identity {
    vendor: u16,
    /// 14 is a programmable logic controller.
    device_type: u16,
    product: u16,
    revision: (u8, u8),
    serial: u32,
    name: String,
}

/// What a station does with a controller.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, tag = "do", rename_all = "kebab-case")]
enum Step {
    /// All attributes of the identity object.
    Identify,
    ReadTag {
        tag: String,
    },
    WriteTag {
        tag: String,
        value: f32,
    },
    Stop,
    Start,
    Reset,
    /// A firmware update of this many bytes, in pieces.
    Firmware {
        size: u16,
    },
}

/// A search over UDP, or one session over TCP.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Session {
    from: String,
    to: String,
    /// Asks for the identity over UDP first.
    #[serde(default)]
    list: bool,
    #[serde(default)]
    steps: Vec<Step>,
    #[serde(default = "one")]
    rounds: u32,
    #[serde(default)]
    period: Span,
}

impl Session {
    pub(crate) fn play(&self, stage: &mut Stage<'_>) -> Result<(), SiteError> {
        let none = || SiteError::new(format!("device {:?} needs an `enip` table", self.to));
        let identity = stage.device(&self.to)?.enip.as_ref().ok_or_else(none)?;
        let ip = stage.ip_of(stage.host(&self.to)?);
        if self.list {
            let udp = stage.udp(&self.from, &self.to, PORT)?;
            udp.ask(stage, message(LIST_IDENTITY, 0, 0, Bytes::new()));
            stage.wait_millis(3);
            udp.answer(stage, message(LIST_IDENTITY, 0, 0, identity.item(ip)));
        }
        if self.steps.is_empty() {
            return Ok(());
        }
        let mut tcp = Tcp::open(stage, &self.from, &self.to, PORT)?;
        let session = tcp.stage().rng.u32();
        let version = Bytes::new().u16_le(1).u16_le(0);
        tcp.client(message(REGISTER, 0, 0, version.clone()));
        tcp.server(message(REGISTER, session, 0, version));
        let mut context = 0;
        for round in 0..self.rounds {
            for step in &self.steps {
                for (service, path, data, answer) in step.exchanges(&mut tcp, identity) {
                    context += 1;
                    let words = u8::try_from(path.len() / 2).unwrap_or(0);
                    let ask = Bytes::new().u8(service).u8(words).put(path).put(data);
                    let answer = Bytes::new().u8(service | 0x80).put([0, 0, 0]).put(answer);
                    tcp.client(message(SEND, session, context, unconnected(ask)));
                    tcp.stage().wait_millis(3);
                    tcp.server(message(SEND, session, context, unconnected(answer)));
                }
            }
            if round + 1 < self.rounds {
                tcp.wait(self.period.0);
            }
        }
        tcp.close();
        Ok(())
    }
}

/// Service, path, data of the request, and data of the answer.
type Exchange = (u8, Vec<u8>, Bytes, Bytes);

impl Step {
    fn exchanges(&self, tcp: &mut Tcp<'_, '_>, identity: &Identity) -> Vec<Exchange> {
        let plain =
            |service: u8, path: [u8; 4]| vec![(service, path.to_vec(), Bytes::new(), Bytes::new())];
        match self {
            Step::Identify => {
                vec![(GET_ALL, IDENTITY.to_vec(), Bytes::new(), identity.attributes())]
            }
            Step::ReadTag { tag } => {
                let value = 20.0 + f32::from(tcp.stage().rng.u16() % 100) / 10.0;
                let answer = Bytes::new().u16_le(REAL).put(value.to_le_bytes());
                vec![(READ_TAG, symbol(tag), Bytes::new().u16_le(1), answer)]
            }
            Step::WriteTag { tag, value } => {
                let data = Bytes::new().u16_le(REAL).u16_le(1).put(value.to_le_bytes());
                vec![(WRITE_TAG, symbol(tag), data, Bytes::new())]
            }
            Step::Stop => plain(STOP, MODE),
            Step::Start => plain(START, MODE),
            Step::Reset => vec![(RESET, IDENTITY.to_vec(), Bytes::new().u8(0), Bytes::new())],
            Step::Firmware { size } => {
                let image = tcp.stage().rng.bytes(usize::from(*size));
                let piece = |(index, piece): (usize, &[u8])| {
                    let data = Bytes::new().u16_le(len16(index)).u16_le(len16(piece.len()));
                    (UPDATE, STORAGE.to_vec(), data.put(piece), Bytes::new().u16_le(len16(index)))
                };
                image.chunks(400).enumerate().map(piece).collect()
            }
        }
    }
}

impl Identity {
    fn attributes(&self) -> Bytes {
        let numbers =
            Bytes::new().u16_le(self.vendor).u16_le(self.device_type).u16_le(self.product);
        let numbers = numbers.put([self.revision.0, self.revision.1]).u16_le(0x0060);
        numbers.u32_le(self.serial).sized8(|b| b.put(&self.name))
    }

    /// The answer to a search: one item with the socket address (in network order).
    fn item(&self, ip: Ipv4Addr) -> Bytes {
        let address = Bytes::new().u16_le(1).u16(2).u16(PORT).put(ip.octets()).u64(0);
        let body = address.put(self.attributes()).u8(3);
        Bytes::new().u16_le(1).u16_le(0x0c).sized16_le(|b| b.put(body))
    }
}

/// The encapsulation header and what follows it.
fn message(command: u16, session: u32, context: u64, body: Bytes) -> Bytes {
    let head = Bytes::new().u16_le(command).u16_le(len16(body.len())).u32_le(session);
    head.u32_le(0).u64_le(context).u32_le(0).put(body)
}

/// An unconnected message: a null address and a data item.
fn unconnected(cip: Bytes) -> Bytes {
    let head = Bytes::new().u32_le(0).u16_le(10).u16_le(2).u32_le(0);
    head.u16_le(0xb2).sized16_le(|b| b.put(cip))
}

/// The path of a named tag.
fn symbol(tag: &str) -> Vec<u8> {
    let mut path = Bytes::new().u8(0x91).sized8(|b| b.put(tag)).done();
    if path.len() % 2 == 1 {
        path.push(0);
    }
    path
}

fn one() -> u32 {
    1
}
