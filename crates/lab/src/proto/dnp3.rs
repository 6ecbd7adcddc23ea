//! DNP3 over TCP (IEEE 1815).

use serde::Deserialize;

use crate::bytes::Bytes;
use crate::error::SiteError;
use crate::net::Tcp;
use crate::span::Span;
use crate::stage::Stage;

const PORT: u16 = 20_000;
const READ: u8 = 1;
const SELECT: u8 = 3;
const OPERATE: u8 = 4;
const DIRECT_OPERATE: u8 = 5;
const COLD_RESTART: u8 = 13;
const RESPONSE: u8 = 129;

/// Device attributes (group 0) of an outstation, by variation: 242 software version, 243 hardware
/// version, 246 name, 248 serial number, 250 product and model, 252 manufacturer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Identity {
    attributes: Vec<(u8, String)>,
}

/// What a master does with an outstation.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Step {
    /// Static data and events of all classes.
    ReadClasses,
    /// All device attributes.
    ReadAttributes,
    /// Trips a breaker with select and operate.
    SelectOperate,
    /// Trips a breaker at once.
    DirectOperate,
    ColdRestart,
}

/// One connection.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Session {
    from: String,
    to: String,
    #[serde(default = "master")]
    master: u16,
    #[serde(default = "outstation")]
    outstation: u16,
    steps: Vec<Step>,
    #[serde(default = "one")]
    rounds: u32,
    #[serde(default)]
    period: Span,
}

impl Session {
    pub(crate) fn play(&self, stage: &mut Stage<'_>) -> Result<(), SiteError> {
        let identity = stage.device(&self.to)?.dnp3.as_ref();
        let mut tcp = Tcp::open(stage, &self.from, &self.to, PORT)?;
        let mut number = 0_u8;
        for round in 0..self.rounds {
            for step in &self.steps {
                for (function, body, answer) in step.exchanges(&mut tcp, identity)? {
                    let control = 0xc0 | number & 0x0f;
                    let ask = Bytes::new().u8(control).u8(function).put(body);
                    tcp.client(self.frame(true, number, ask));
                    tcp.stage().wait_millis(14);
                    let answer = Bytes::new().u8(control).u8(RESPONSE).u16(0).put(answer);
                    tcp.server(self.frame(false, number, answer));
                    number = number.wrapping_add(1);
                }
            }
            if round + 1 < self.rounds {
                tcp.wait(self.period.0);
            }
        }
        if let Some(Step::ColdRestart) = self.steps.last() {
            tcp.wait(Span::millis(400).0);
            tcp.reset();
        } else {
            tcp.close();
        }
        Ok(())
    }

    /// Link and transport layer around an application fragment that fits one segment.
    fn frame(&self, from_master: bool, number: u8, fragment: Bytes) -> Bytes {
        let segment = Bytes::new().u8(0xc0 | number & 0x3f).put(fragment);
        let length = u8::try_from(segment.len() + 5).unwrap_or(u8::MAX);
        let (control, to, from) = match from_master {
            true => (0xc4, self.outstation, self.master),
            false => (0x44, self.master, self.outstation),
        };
        let head = Bytes::new().put([0x05, 0x64, length, control]).u16_le(to).u16_le(from);
        let sum = crc(head.as_ref());
        let head = head.u16_le(sum);
        head.each(segment.as_ref().chunks(16), |b, block| b.put(block).u16_le(crc(block)))
    }
}

/// Function, objects of the request, and objects of the answer.
type Exchange = (u8, Bytes, Bytes);

impl Step {
    fn exchanges(
        self,
        tcp: &mut Tcp<'_, '_>,
        identity: Option<&Identity>,
    ) -> Result<Vec<Exchange>, SiteError> {
        // Group 12 variation 1, one point with a 16-bit index: trip for 100 ms.
        let trip = Bytes::new().put([12, 1, 0x28]).u16_le(1).u16_le(3);
        let trip = trip.put([0x81, 1]).u32_le(100).u32_le(0).u8(0);
        Ok(match self {
            Step::ReadClasses => {
                let ask = Bytes::new().each([2_u8, 3, 4, 1], |b, class| b.put([60, class, 6]));
                let rng = &mut tcp.stage().rng;
                let inputs = Bytes::new().put([1, 2, 0, 0, 7]).each(0..8, |b, _| b.u8(0x01));
                let analog = |b: Bytes, value: u32| b.u8(1).u32_le(value);
                let values: Vec<u32> = (0..6).map(|_| 11_000 + rng.u32() % 200).collect();
                let answer = inputs.put([30, 1, 0, 0, 5]).each(values, analog);
                vec![(READ, ask, answer)]
            }
            Step::ReadAttributes => {
                let none = || SiteError::new("the device asked needs a `dnp3` table");
                let attributes = &identity.ok_or_else(none)?.attributes;
                let ask = Bytes::new().put([0, 254, 0, 0, 0]);
                let answer = Bytes::new().each(attributes, |b, (variation, text)| {
                    b.put([0, *variation, 0, 0, 0]).u8(1).sized8(|b| b.put(text))
                });
                vec![(READ, ask, answer)]
            }
            Step::SelectOperate => {
                vec![(SELECT, trip.clone(), trip.clone()), (OPERATE, trip.clone(), trip)]
            }
            Step::DirectOperate => vec![(DIRECT_OPERATE, trip.clone(), trip)],
            Step::ColdRestart => {
                let delay = Bytes::new().put([52, 2, 7, 1]).u16_le(5000);
                vec![(COLD_RESTART, Bytes::new(), delay)]
            }
        })
    }
}

/// CRC-16/DNP: polynomial 0x3d65 reflected, inverted.
fn crc(bytes: &[u8]) -> u16 {
    let mut sum = 0_u16;
    for byte in bytes {
        sum ^= u16::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { sum >> 1 ^ 0xa6bc } else { sum >> 1 };
        }
    }
    !sum
}

fn master() -> u16 {
    1
}

fn outstation() -> u16 {
    10
}

fn one() -> u32 {
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_has_its_published_check_value() {
        assert_eq!(crc(b"123456789"), 0xea82);
    }
}
