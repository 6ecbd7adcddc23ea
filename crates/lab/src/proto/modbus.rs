//! Modbus/TCP (Modbus Application Protocol 1.1b3).

use serde::Deserialize;

use crate::bytes::Bytes;
use crate::error::SiteError;
use crate::net::Tcp;
use crate::span::Span;
use crate::stage::Stage;

const PORT: u16 = 502;

/// The objects of a device identification answer, by number: 0 vendor, 1 product code, 2 revision,
/// 3 vendor's URL, 4 product name, 5 model, 6 application.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Identity {
    objects: Vec<(u8, String)>,
}

/// What a master does with a slave.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, tag = "do", rename_all = "kebab-case")]
enum Step {
    /// Functions 1 to 4.
    Read { function: u8, start: u16, count: u16 },
    /// Function 6, or 16 for several values.
    Write { start: u16, values: Vec<u16> },
    /// Function 5.
    Coil { number: u16, on: bool },
    /// Function 43/14: basic and regular objects.
    Identify,
    /// Function 8.
    Diagnose { subfunction: u16 },
}

/// One connection.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Session {
    from: String,
    to: String,
    #[serde(default = "one")]
    unit: u8,
    steps: Vec<Step>,
    #[serde(default = "once")]
    rounds: u32,
    #[serde(default)]
    period: Span,
}

impl Session {
    pub(crate) fn play(&self, stage: &mut Stage<'_>) -> Result<(), SiteError> {
        let identity = stage.device(&self.to)?.modbus.as_ref();
        let mut tcp = Tcp::open(stage, &self.from, &self.to, PORT)?;
        let mut transaction = 0_u16;
        for round in 0..self.rounds {
            for step in &self.steps {
                transaction = transaction.wrapping_add(1);
                let (ask, answer) = step.messages(&mut tcp, identity)?;
                tcp.client(self.frame(transaction, ask));
                tcp.stage().wait_millis(2);
                tcp.server(self.frame(transaction, answer));
            }
            if round + 1 < self.rounds {
                tcp.wait(self.period.0);
            }
        }
        tcp.close();
        Ok(())
    }

    fn frame(&self, transaction: u16, body: Bytes) -> Bytes {
        Bytes::new().u16(transaction).u16(0).sized16(|b| b.u8(self.unit).put(body))
    }
}

impl Step {
    /// Request and answer, from the function code on.
    fn messages(
        &self,
        tcp: &mut Tcp<'_, '_>,
        identity: Option<&Identity>,
    ) -> Result<(Bytes, Bytes), SiteError> {
        let code = |code: u8| Bytes::new().u8(code);
        Ok(match self {
            Step::Read { function, start, count } => {
                let ask = code(*function).u16(*start).u16(*count);
                let rng = &mut tcp.stage().rng;
                let values = match function {
                    1 | 2 => rng.bytes(usize::from(count.div_ceil(8))),
                    _ => {
                        (0..*count).flat_map(|n| (n * 10 + rng.u16() % 40).to_be_bytes()).collect()
                    }
                };
                (ask, code(*function).sized8(|b| b.put(values)))
            }
            Step::Write { start, values } => match values.as_slice() {
                [value] => {
                    let both = code(6).u16(*start).u16(*value);
                    (both.clone(), both)
                }
                values => {
                    let head = code(16).u16(*start).u16(crate::bytes::len16(values.len()));
                    let list = |b: Bytes| b.each(values, |b, value| b.u16(*value));
                    (head.clone().sized8(list), head)
                }
            },
            Step::Coil { number, on } => {
                let both = code(5).u16(*number).u16(if *on { 0xff00 } else { 0 });
                (both.clone(), both)
            }
            Step::Identify => {
                let none = || SiteError::new("the device asked needs a `modbus` table");
                let objects = &identity.ok_or_else(none)?.objects;
                let level = if objects.iter().any(|(number, _)| *number > 2) { 2 } else { 1 };
                let count = u8::try_from(objects.len()).unwrap_or(u8::MAX);
                let answer = code(43).put([14, level, 0x80 | level, 0, 0, count]);
                let answer = answer.each(objects, |b, (n, text)| b.u8(*n).sized8(|b| b.put(text)));
                (code(43).put([14, level, 0]), answer)
            }
            Step::Diagnose { subfunction } => {
                let both = code(8).u16(*subfunction).u16(0);
                (both.clone(), both)
            }
        })
    }
}

fn one() -> u8 {
    1
}

fn once() -> u32 {
    1
}
