//! SNMP v1, v2c (RFC 1157, RFC 3416) and v3 (RFC 3412, RFC 3414).

use serde::Deserialize;

use super::ber;
use crate::bytes::Bytes;
use crate::error::SiteError;
use crate::span::Span;
use crate::stage::{Stage, Udp};

const PORT: u16 = 161;
const GET: u8 = 0xa0;
const RESPONSE: u8 = 0xa2;
const REPORT: u8 = 0xa8;
const UNKNOWN_ENGINES: &str = "1.3.6.1.6.3.15.1.1.4.0";

/// The system group of an agent (RFC 3418).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct System {
    descr: String,
    /// sysObjectID in dotted form.
    object_id: String,
    name: String,
    #[serde(default)]
    location: String,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Version {
    V1,
    V2c,
    V3,
}

/// A manager reads the system group, again and again.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Poll {
    from: String,
    to: String,
    version: Version,
    #[serde(default = "public")]
    community: String,
    /// User of version 3.
    #[serde(default)]
    user: String,
    #[serde(default = "one")]
    rounds: u32,
    #[serde(default)]
    period: Span,
}

impl Poll {
    pub(crate) fn play(&self, stage: &mut Stage<'_>) -> Result<(), SiteError> {
        let none = || SiteError::new(format!("device {:?} needs an `snmp` table", self.to));
        let system = stage.device(&self.to)?.snmp.as_ref().ok_or_else(none)?;
        let udp = stage.udp(&self.from, &self.to, PORT)?;
        for round in 0..self.rounds {
            let id = stage.rng.u32() >> 8;
            if self.version == Version::V3 {
                self.secured(stage, &udp, id);
            } else {
                let ticks =
                    8_000_000 + u32::try_from(stage.elapsed().as_millis() / 10).unwrap_or(0);
                udp.ask(stage, self.community_message(pdu(GET, id, &system.objects(None))));
                let answer = pdu(RESPONSE, id, &system.objects(Some(ticks)));
                stage.wait_millis(2);
                udp.answer(stage, self.community_message(answer));
            }
            if round + 1 < self.rounds {
                stage.wait(self.period.0);
            }
        }
        Ok(())
    }

    fn community_message(&self, pdu: Bytes) -> Bytes {
        let version = if self.version == Version::V1 { 0 } else { 1 };
        let community = ber::value(ber::OCTETS, &self.community);
        ber::sequence(ber::SEQUENCE, [ber::unsigned(ber::INTEGER, version), community, pdu])
    }

    /// Discovery of the engine, then one encrypted request and its answer.
    fn secured(&self, stage: &mut Stage<'_>, udp: &Udp, id: u32) {
        let engine = Bytes::new().put([0x80, 0, 0x1f, 0x88, 4]).put("agent").done();
        let empty = pdu(GET, id, &[]);
        udp.ask(stage, v3(id, 4, Keys::default(), scoped(&[], empty)));
        let counter = (ber::object_id(UNKNOWN_ENGINES), ber::unsigned(0x41, 1));
        let report = scoped(&engine, pdu(REPORT, id, &[counter]));
        let keys = Keys { engine: engine.clone(), ..Keys::default() };
        udp.answer(stage, v3(id, 0, keys.clone(), report));
        for asks in [true, false] {
            let sealed = ber::value(ber::OCTETS, stage.rng.bytes(96));
            let keys = Keys {
                user: self.user.clone().into_bytes(),
                digest: stage.rng.bytes(12),
                salt: stage.rng.bytes(8),
                ..keys.clone()
            };
            let message = v3(id + 1, if asks { 7 } else { 3 }, keys, sealed);
            if asks {
                udp.ask(stage, message);
            } else {
                udp.answer(stage, message);
            }
        }
    }
}

impl System {
    /// The group with its values, or with nulls where they are asked for.
    fn objects(&self, ticks: Option<u32>) -> Vec<(Bytes, Bytes)> {
        let text = |text: &str| ber::value(ber::OCTETS, text);
        let values = [
            (1, text(&self.descr)),
            (2, ber::object_id(&self.object_id)),
            (3, ber::unsigned(ber::TICKS, ticks.unwrap_or(0))),
            (5, text(&self.name)),
            (6, text(&self.location)),
        ];
        let null = || ber::value(ber::NULL, []);
        let rows = values.into_iter().map(|(number, value)| {
            let name = ber::object_id(&format!("1.3.6.1.2.1.1.{number}.0"));
            (name, if ticks.is_some() { value } else { null() })
        });
        rows.collect()
    }
}

/// The security parameters of version 3.
#[derive(Clone, Default)]
struct Keys {
    engine: Vec<u8>,
    user: Vec<u8>,
    digest: Vec<u8>,
    salt: Vec<u8>,
}

fn v3(id: u32, flags: u8, keys: Keys, data: Bytes) -> Bytes {
    let head = ber::sequence(
        ber::SEQUENCE,
        [
            ber::unsigned(ber::INTEGER, id),
            ber::unsigned(ber::INTEGER, 65_507),
            ber::value(ber::OCTETS, [flags]),
            ber::unsigned(ber::INTEGER, 3),
        ],
    );
    let booted = !keys.user.is_empty();
    let security = ber::sequence(
        ber::SEQUENCE,
        [
            ber::value(ber::OCTETS, keys.engine),
            ber::unsigned(ber::INTEGER, if booted { 12 } else { 0 }),
            ber::unsigned(ber::INTEGER, if booted { 80_000 } else { 0 }),
            ber::value(ber::OCTETS, keys.user),
            ber::value(ber::OCTETS, keys.digest),
            ber::value(ber::OCTETS, keys.salt),
        ],
    );
    let security = ber::value(ber::OCTETS, security);
    ber::sequence(ber::SEQUENCE, [ber::unsigned(ber::INTEGER, 3), head, security, data])
}

fn scoped(engine: &[u8], pdu: Bytes) -> Bytes {
    let parts = [ber::value(ber::OCTETS, engine), ber::value(ber::OCTETS, []), pdu];
    ber::sequence(ber::SEQUENCE, parts)
}

fn pdu(kind: u8, id: u32, objects: &[(Bytes, Bytes)]) -> Bytes {
    let rows = objects
        .iter()
        .map(|(name, value)| ber::sequence(ber::SEQUENCE, [name.clone(), value.clone()]));
    let rows = ber::sequence(ber::SEQUENCE, rows);
    let number = |number| ber::unsigned(ber::INTEGER, number);
    ber::sequence(kind, [number(id), number(0), number(0), rows])
}

fn public() -> String {
    "public".to_owned()
}

fn one() -> u32 {
    1
}
