//! BACnet/IP (ASHRAE 135, annex J).

use std::net::{IpAddr, Ipv4Addr};

use serde::Deserialize;

use crate::bytes::{Bytes, len16};
use crate::error::SiteError;
use crate::span::Span;
use crate::stage::{Stage, Udp};

const PORT: u16 = 47_808;
const UNICAST: u8 = 0x0a;
const BROADCAST: u8 = 0x0b;
const READ: u8 = 12;
const WRITE: u8 = 15;
const REINITIALIZE: u8 = 20;
const DEVICE: u32 = 8;
const ANALOG_INPUT: u32 = 0;
const ANALOG_VALUE: u32 = 2;
const PRESENT_VALUE: u8 = 85;

/// The device object.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Identity {
    instance: u32,
    /// Vendor identifier as ASHRAE gives them.
    vendor: u16,
    /// Texts by property: 12 application software, 28 description, 44 firmware, 58 location, 70
    /// model, 77 object name, 121 vendor name.
    texts: Vec<(u8, String)>,
}

/// What a station does with a controller.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, tag = "do", rename_all = "kebab-case")]
enum Step {
    /// Who-Is to everybody, I-Am from the controller.
    WhoIs,
    /// All texts of the device object.
    Identify,
    /// Present value of an analog input.
    Read { input: u32 },
    /// Present value of an analog value, at priority 8.
    Write { output: u32, value: f32 },
    /// A cold or warm start.
    Reinitialize { cold: bool },
}

/// Exchanges over UDP.
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
        let none = || SiteError::new(format!("device {:?} needs a `bacnet` table", self.to));
        let identity = stage.device(&self.to)?.bacnet.as_ref().ok_or_else(none)?;
        let mut udp = stage.udp(&self.from, &self.to, PORT)?;
        udp.client_port = PORT;
        let mut invoke = 0_u8;
        for round in 0..self.rounds {
            for step in &self.steps {
                if let Step::WhoIs = step {
                    self.who_is(stage, identity)?;
                } else {
                    step.play(stage, &udp, identity, &mut invoke);
                }
            }
            if round + 1 < self.rounds {
                stage.wait(self.period.0);
            }
        }
        Ok(())
    }

    fn who_is(&self, stage: &mut Stage<'_>, identity: &Identity) -> Result<(), SiteError> {
        let i_am = Bytes::new().put([0x10, 0, 0xc4]).u32(DEVICE << 22 | identity.instance);
        let i_am = i_am.u8(0x22).u16(1476).put([0x91, 3, 0x22]).u16(identity.vendor);
        let who_is = Bytes::new().put([0x10, 8]);
        for (speaker, message) in [(&self.from, who_is), (&self.to, i_am)] {
            let (_, _, network) = stage.inside(speaker)?;
            let ip = stage.ip_of(stage.host(speaker)?);
            let host_bits = u32::MAX.checked_shr(u32::from(network.prefix)).unwrap_or(0);
            let everybody = IpAddr::V4(Ipv4Addr::from_bits(ip.to_bits() | host_bits));
            let routed = Bytes::new().put([1, 0x20, 0xff, 0xff, 0, 0xff]).put(message);
            let message = link(BROADCAST, routed);
            stage.spread(
                speaker,
                IpAddr::V4(ip),
                (everybody, 64),
                (PORT, PORT),
                message.as_ref(),
            )?;
            stage.wait_millis(30);
        }
        Ok(())
    }
}

impl Step {
    fn play(&self, stage: &mut Stage<'_>, udp: &Udp, identity: &Identity, invoke: &mut u8) {
        let mut exchange =
            |stage: &mut Stage<'_>, service: u8, body: Bytes, value: Option<Bytes>| {
                *invoke = invoke.wrapping_add(1);
                let ask = Bytes::new().put([1, 4, 0, 5, *invoke, service]).put(&body);
                udp.ask(stage, link(UNICAST, ask));
                stage.wait_millis(6);
                let answer = match value {
                    Some(value) => {
                        let head = Bytes::new().put([1, 0, 0x30, *invoke, service]).put(body);
                        head.u8(0x3e).put(value).u8(0x3f)
                    }
                    None => Bytes::new().put([1, 0, 0x20, *invoke, service]),
                };
                udp.answer(stage, link(UNICAST, answer));
            };
        match self {
            Step::WhoIs => {}
            Step::Identify => {
                for (property, text) in &identity.texts {
                    let body = property_of(DEVICE << 22 | identity.instance, *property);
                    let value = Bytes::new().u8(0x75).sized8(|b| b.u8(0).put(text));
                    exchange(stage, READ, body, Some(value));
                }
            }
            Step::Read { input } => {
                let body = property_of(ANALOG_INPUT << 22 | input, PRESENT_VALUE);
                let value = 18.0 + f32::from(stage.rng.u16() % 60) / 10.0;
                exchange(stage, READ, body, Some(real(value)));
            }
            Step::Write { output, value } => {
                let body = property_of(ANALOG_VALUE << 22 | output, PRESENT_VALUE);
                let body = body.u8(0x3e).put(real(*value)).put([0x3f, 0x49, 8]);
                exchange(stage, WRITE, body, None);
            }
            Step::Reinitialize { cold } => {
                let body = Bytes::new().put([0x09, u8::from(!cold)]);
                exchange(stage, REINITIALIZE, body, None);
            }
        }
    }
}

/// Context tags 0 and 1: object and property.
fn property_of(object: u32, property: u8) -> Bytes {
    Bytes::new().u8(0x0c).u32(object).put([0x19, property])
}

fn real(value: f32) -> Bytes {
    Bytes::new().u8(0x44).put(value.to_be_bytes())
}

/// BVLC header around an NPDU.
fn link(function: u8, npdu: Bytes) -> Bytes {
    Bytes::new().put([0x81, function]).u16(len16(npdu.len() + 4)).put(npdu)
}

fn one() -> u32 {
    1
}
