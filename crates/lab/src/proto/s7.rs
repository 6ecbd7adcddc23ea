//! S7comm over COTP and TPKT (RFC 1006, RFC 905).

use serde::Deserialize;

use crate::bytes::{Bytes, len16};
use crate::error::SiteError;
use crate::net::{End, Tcp};
use crate::span::Span;
use crate::stage::Stage;

const PORT: u16 = 102;
const JOB: u8 = 1;
const ANSWER: u8 = 3;
const USER_DATA: u8 = 7;
const SETUP: u8 = 0xf0;
const READ: u8 = 0x04;
const WRITE: u8 = 0x05;
const REQUEST_DOWNLOAD: u8 = 0x1a;
const DOWNLOAD_BLOCK: u8 = 0x1b;
const DOWNLOAD_ENDED: u8 = 0x1c;
const SERVICE: u8 = 0x28;
const STOP: u8 = 0x29;
const MODULE_IDENTIFICATION: u16 = 0x0011;
const COMPONENT_IDENTIFICATION: u16 = 0x001c;

/// What a controller says of itself in its system state lists.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Identity {
    /// Order number, such as `6ES7 315-2EH14-0AB0`.
    order: String,
    /// Major, minor and patch level of the firmware.
    firmware: (u8, u8, u8),
    hardware: u8,
    station: String,
    module: String,
    serial: String,
    /// Such as `CPU 315-2 PN/DP`.
    kind: String,
}

/// What a station does with a controller.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, tag = "do", rename_all = "kebab-case")]
enum Step {
    Identify,
    /// Bytes of a data block.
    Read {
        block: u16,
        start: u16,
        count: u16,
    },
    Write {
        block: u16,
        start: u16,
        values: Vec<u8>,
    },
    Stop,
    Start,
    /// An organisation block of this many bytes.
    Download {
        number: u16,
        size: u16,
    },
}

/// One connection.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Session {
    from: String,
    to: String,
    steps: Vec<Step>,
    #[serde(default = "one")]
    rounds: u32,
    #[serde(default)]
    period: Span,
}

impl Session {
    pub(crate) fn play(&self, stage: &mut Stage<'_>) -> Result<(), SiteError> {
        let none = || SiteError::new(format!("device {:?} needs an `s7` table", self.to));
        let identity = stage.device(&self.to)?.s7.as_ref().ok_or_else(none)?;
        let tcp = Tcp::open(stage, &self.from, &self.to, PORT)?;
        let mut talk = Talk { tcp, reference: 0x0100 };
        talk.connect();
        for round in 0..self.rounds {
            for step in &self.steps {
                step.play(&mut talk, identity);
            }
            if round + 1 < self.rounds {
                talk.tcp.wait(self.period.0);
            }
        }
        talk.tcp.close();
        Ok(())
    }
}

impl Step {
    fn play(&self, talk: &mut Talk<'_, '_>, identity: &Identity) {
        match self {
            Step::Identify => {
                for (list, size, records) in [
                    (MODULE_IDENTIFICATION, 28, identity.modules()),
                    (COMPONENT_IDENTIFICATION, 34, identity.components()),
                ] {
                    talk.system_list(list, size, &records);
                }
            }
            Step::Read { block, start, count } => {
                let item = Bytes::new().put([READ, 1]).put(item(*block, *start, *count));
                let values = talk.tcp.stage().rng.bytes(usize::from(*count));
                let data = Bytes::new().put([0xff, 4]).u16(count * 8).put(values);
                talk.exchange(item, Bytes::new(), Bytes::new().put([READ, 1]), data);
            }
            Step::Write { block, start, values } => {
                let count = len16(values.len());
                let item = Bytes::new().put([WRITE, 1]).put(item(*block, *start, count));
                let data = Bytes::new().put([0, 4]).u16(count * 8).put(values);
                talk.exchange(item, data, Bytes::new().put([WRITE, 1]), Bytes::new().u8(0xff));
            }
            Step::Stop => {
                let ask = Bytes::new().u8(STOP).zeros(5).sized8(|b| b.put("P_PROGRAM"));
                talk.exchange(ask, Bytes::new(), Bytes::new().u8(STOP), Bytes::new());
            }
            Step::Start => talk.service(Bytes::new(), "P_PROGRAM"),
            Step::Download { number, size } => talk.download(*number, *size),
        }
    }
}

impl Identity {
    /// Records of list 0x0011: module, hardware, firmware.
    fn modules(&self) -> Vec<Bytes> {
        let record = |index: u16, tail: [u8; 6]| {
            Bytes::new().u16(index).put(padded(&self.order, 20, b' ')).put(tail)
        };
        let (major, minor, patch) = self.firmware;
        vec![
            record(1, [0, 0xc0, 0, self.hardware, 0, 1]),
            record(6, [0, 0xc0, 0, self.hardware, 0, 1]),
            record(7, [0, 0xc0, b'V', major, minor, patch]),
        ]
    }

    /// Records of list 0x001C: names, maker, serial number, type.
    fn components(&self) -> Vec<Bytes> {
        let rows = [
            (1, self.station.as_str()),
            (2, &self.module),
            (4, "Original Siemens Equipment"),
            (5, &self.serial),
            (7, &self.kind),
        ];
        let record = |(index, text): (u16, &str)| Bytes::new().u16(index).put(padded(text, 32, 0));
        rows.into_iter().map(record).collect()
    }
}

/// A connection and the number of its next message.
struct Talk<'a, 's> {
    tcp: Tcp<'a, 's>,
    reference: u16,
}

impl Talk<'_, '_> {
    /// COTP connect (source TSAP 0x0100, rack 0 slot 2), then S7 set-up.
    fn connect(&mut self) {
        let request = Bytes::new()
            .u8(0xe0)
            .u16(0)
            .u16(4)
            .put([0, 0xc0, 1, 0x0a, 0xc1, 2, 1, 0, 0xc2, 2, 1, 2]);
        let confirm = Bytes::new()
            .u8(0xd0)
            .u16(4)
            .u16(3)
            .put([0, 0xc0, 1, 0x0a, 0xc1, 2, 1, 0, 0xc2, 2, 1, 2]);
        self.tcp.client(tpkt(Bytes::new().sized8(|b| b.put(request))));
        self.tcp.server(tpkt(Bytes::new().sized8(|b| b.put(confirm))));
        let ask = Bytes::new().put([SETUP, 0]).u16(2).u16(2).u16(480);
        let answer = Bytes::new().put([SETUP, 0]).u16(2).u16(2).u16(240);
        self.exchange(ask, Bytes::new(), answer, Bytes::new());
    }

    /// A job of the client and its answer.
    fn exchange(&mut self, ask: Bytes, data: Bytes, answer: Bytes, result: Bytes) {
        self.ask_from(End::Client, (ask, data), (answer, result));
    }

    fn ask_from(&mut self, end: End, ask: (Bytes, Bytes), answer: (Bytes, Bytes)) {
        self.reference = self.reference.wrapping_add(1);
        let ask = message(JOB, self.reference, ask.0, ask.1);
        let answer = message(ANSWER, self.reference, answer.0, answer.1);
        self.tcp.send(end, ask.as_ref());
        self.tcp.stage().wait_millis(3);
        let other = if end == End::Client { End::Server } else { End::Client };
        self.tcp.send(other, answer.as_ref());
    }

    /// Reads a system state list (CPU functions, subfunction 1).
    fn system_list(&mut self, list: u16, size: u16, records: &[Bytes]) {
        self.reference = self.reference.wrapping_add(1);
        let head = Bytes::new().put([0, 1, 0x12]);
        let ask = head.clone().put([4, 0x11, 0x44, 1, 0]);
        let wanted = Bytes::new().put([0xff, 9]).sized16(|b| b.u16(list).u16(0));
        self.tcp.client(message(USER_DATA, self.reference, ask, wanted));
        self.tcp.stage().wait_millis(4);
        let answer = head.put([8, 0x12, 0x84, 1, 1, 0, 0, 0, 0]);
        let content = Bytes::new().put([0xff, 9]).sized16(|b| {
            b.u16(list).u16(0).u16(size).u16(len16(records.len())).each(records, |b, r| b.put(r))
        });
        self.tcp.server(message(USER_DATA, self.reference, answer, content));
    }

    /// The client announces a block, the controller fetches it, the client puts it in force.
    fn download(&mut self, number: u16, size: u16) {
        let name = format!("_08{number:05}P");
        let named = |function: u8| Bytes::new().u8(function).zeros(7).sized8(|b| b.put(&name));
        let lengths = format!("1{:06}{size:06}", u32::from(size) + 36);
        let ask = named(REQUEST_DOWNLOAD).sized8(|b| b.put(lengths));
        self.exchange(ask, Bytes::new(), Bytes::new().u8(REQUEST_DOWNLOAD), Bytes::new());
        let code = self.tcp.stage().rng.bytes(usize::from(size));
        let pieces: Vec<&[u8]> = code.chunks(200).collect();
        for (index, piece) in pieces.iter().enumerate() {
            let more = u8::from(index + 1 < pieces.len());
            let part = Bytes::new().u16(len16(piece.len())).put([0, 0xfb]).put(piece);
            let taken = (Bytes::new().put([DOWNLOAD_BLOCK, more]), part);
            self.ask_from(End::Server, (named(DOWNLOAD_BLOCK), Bytes::new()), taken);
        }
        let ended = (Bytes::new().u8(DOWNLOAD_ENDED), Bytes::new());
        self.ask_from(End::Server, (named(DOWNLOAD_ENDED), Bytes::new()), ended);
        let block = Bytes::new().put([1, 0]).put(format!("08{number:05}P"));
        self.service(block, "_INSE");
    }

    /// Calls a program invocation service.
    fn service(&mut self, arguments: Bytes, name: &str) {
        let ask = Bytes::new().u8(SERVICE).zeros(6).u8(0xfd).sized16(|b| b.put(arguments));
        let ask = ask.sized8(|b| b.put(name));
        self.exchange(ask, Bytes::new(), Bytes::new().u8(SERVICE), Bytes::new());
    }
}

fn message(kind: u8, reference: u16, parameters: Bytes, data: Bytes) -> Bytes {
    let head = Bytes::new().put([0x32, kind]).u16(0).u16(reference);
    let head = head.u16(len16(parameters.len())).u16(len16(data.len()));
    let head = if kind == ANSWER { head.u16(0) } else { head };
    tpkt(Bytes::new().put([2, 0xf0, 0x80]).put(head).put(parameters).put(data))
}

fn tpkt(body: Bytes) -> Bytes {
    Bytes::new().put([3, 0]).u16(len16(body.len() + 4)).put(body)
}

/// Bytes of a data block, as an "any" pointer.
fn item(block: u16, start: u16, count: u16) -> Bytes {
    let any = Bytes::new().put([0x12, 0x0a, 0x10, 2]).u16(count).u16(block);
    any.u8(0x84).u24(u32::from(start) * 8)
}

fn padded(text: &str, length: usize, with: u8) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.resize(length, with);
    bytes
}

fn one() -> u32 {
    1
}
