//! Modbus function codes: what each does, to what, and how long its messages are.

use std::fmt::Write;

use cordon_model::{Object, Text, Verb, operation::ControllerIdentity};

use super::{NAME_LIMIT, fixed, printable, words};
use crate::Reader;
use crate::dissect::some_text;

/// Written registers or coils that are spelled out.
const VALUES: usize = 8;
/// Most objects of an identification answer: the code is one byte, a PDU holds fewer.
const IDENTIFICATION_OBJECTS: usize = 32;
/// The name of the UMAS request whose answer holds the model.
pub const UMAS_READ_ID: &str = "umas read id";

/// Which roles the size and content of a message fit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Shape {
    /// It can be a request.
    pub request: bool,
    /// It can be an answer.
    pub response: bool,
    /// Several independent fields agree: no other protocol looks like this by chance.
    pub strong: bool,
}

/// Judges the body (what follows the function code) against the clause of its function.
#[must_use]
pub fn shape(function: u8, body: &[u8]) -> Shape {
    let size = body.len();
    let byte = |at: usize| body.get(at).copied().map_or(usize::MAX, usize::from);
    let number = |at: usize| byte(at).saturating_mul(256).saturating_add(byte(at + 1));
    let counted = size > 1 && size == 1 + byte(0);
    let roles = |request, response| Shape { request, response, strong: false };
    match function {
        1 | 2 => roles(size == 4 && (1..=2000).contains(&number(2)), counted),
        3 | 4 => {
            // 125 registers are the limit, but masters that ask for more are refused, not unknown.
            roles(
                size == 4 && (1..=2000).contains(&number(2)),
                counted && byte(0).is_multiple_of(2),
            )
        }
        5 | 6 => roles(size == 4, size == 4),
        7 => roles(size == 0, size == 1),
        8 => roles(size >= 2, size >= 2),
        11 => roles(size == 0, size == 4),
        12 => roles(size == 0, counted),
        15 => {
            let strong = size > 5 && size == 5 + byte(4) && number(2).div_ceil(8) == byte(4);
            Shape { strong, ..roles(strong, size == 4) }
        }
        16 => {
            let strong = size > 5 && size == 5 + byte(4) && number(2) * 2 == byte(4);
            Shape { strong, ..roles(strong, size == 4) }
        }
        17 => roles(size == 0, counted),
        20 => {
            let request = counted && byte(0).is_multiple_of(7) && byte(1) == 6;
            roles(request, counted && !request)
        }
        21 => roles(counted, counted),
        22 => roles(size == 6, size == 6),
        23 => {
            let strong = size > 9 && size == 9 + byte(8) && number(6) * 2 == byte(8);
            Shape { strong, ..roles(strong, !strong && counted) }
        }
        24 => roles(size == 2, size >= 4 && number(0) + 2 == size),
        43 => match byte(0) {
            14 => Shape {
                strong: size == 3 || size > 6,
                ..roles((3..=4).contains(&size) && (1..=4).contains(&byte(1)), size >= 6)
            },
            _ => roles(byte(0) == 13, byte(0) == 13),
        },
        90 => roles(size >= 2, size >= 2),
        // Some servers pad the exception code with a byte.
        128.. => roles(false, (1..=2).contains(&size) && (1..=16).contains(&byte(0))),
        _ => roles(true, true),
    }
}

/// The kind of act and its name.
#[must_use]
pub fn act(function: u8, body: &[u8]) -> (Verb, Text) {
    let (verb, name) = match function {
        1 => (Verb::Read, "read coils"),
        2 => (Verb::Read, "read discrete inputs"),
        3 => (Verb::Read, "read holding registers"),
        4 => (Verb::Read, "read input registers"),
        5 => (Verb::Write, "write single coil"),
        6 => (Verb::Write, "write single register"),
        7 => (Verb::Diagnose, "read exception status"),
        8 => diagnostic(body),
        11 => (Verb::Diagnose, "get comm event counter"),
        12 => (Verb::Diagnose, "get comm event log"),
        15 => (Verb::Write, "write multiple coils"),
        16 => (Verb::Write, "write multiple registers"),
        17 => (Verb::Identify, "report server id"),
        20 => (Verb::Read, "read file record"),
        21 => (Verb::Write, "write file record"),
        22 => (Verb::Write, "mask write register"),
        23 => (Verb::Write, "read/write multiple registers"),
        24 => (Verb::Read, "read fifo queue"),
        43 if body.first() == Some(&13) => (Verb::Write, "canopen general reference"),
        43 => (Verb::Identify, "read device identification"),
        90 => umas(body.get(1).copied()),
        _ => return (Verb::Diagnose, words(format_args!("function {function}"))),
    };
    (verb, fixed(name))
}

/// Sub-functions of function 8 (clause 6.8.1).
fn diagnostic(body: &[u8]) -> (Verb, &'static str) {
    match Reader::new(body).u16() {
        Some(0) => (Verb::Diagnose, "return query data"),
        Some(1) => (Verb::Restart, "restart communications"),
        Some(2) => (Verb::Diagnose, "return diagnostic register"),
        Some(3) => (Verb::Configure, "change ascii delimiter"),
        Some(4) => (Verb::DisableComms, "force listen only mode"),
        Some(10) => (Verb::Diagnose, "clear counters"),
        Some(11..=18) => (Verb::Diagnose, "return counter"),
        Some(20) => (Verb::Diagnose, "clear overrun counter"),
        _ => (Verb::Diagnose, "diagnostics"),
    }
}

/// Functions of Schneider's UMAS, as published by researchers. "Upload" there means from the
/// engineering station to the controller; the verbs here follow the data.
fn umas(function: Option<u8>) -> (Verb, &'static str) {
    match function {
        Some(0x01) => (Verb::Session, "umas init comm"),
        Some(0x02) => (Verb::Identify, UMAS_READ_ID),
        Some(0x03) => (Verb::Identify, "umas read project info"),
        Some(0x04) => (Verb::Diagnose, "umas read plc info"),
        Some(0x06) => (Verb::Diagnose, "umas read card info"),
        Some(0x0a) => (Verb::Diagnose, "umas repeat"),
        Some(0x10) => (Verb::Session, "umas take reservation"),
        Some(0x11) => (Verb::Session, "umas release reservation"),
        Some(0x12) => (Verb::Session, "umas keep alive"),
        Some(0x20) => (Verb::Read, "umas read memory block"),
        Some(0x21) => (Verb::Write, "umas write memory block"),
        Some(0x22) => (Verb::Read, "umas read variables"),
        Some(0x23) => (Verb::Write, "umas write variables"),
        Some(0x24) => (Verb::Read, "umas read registers"),
        Some(0x25) => (Verb::Write, "umas write registers"),
        Some(0x30) => (Verb::ProgramDownload, "umas initialize upload"),
        Some(0x31) => (Verb::ProgramDownload, "umas upload block"),
        Some(0x32) => (Verb::ProgramDownload, "umas end upload"),
        Some(0x33) => (Verb::ProgramUpload, "umas initialize download"),
        Some(0x34) => (Verb::ProgramUpload, "umas download block"),
        Some(0x35) => (Verb::ProgramUpload, "umas end download"),
        Some(0x39) => (Verb::Read, "umas read ethernet data"),
        Some(0x40) => (Verb::Start, "umas start plc"),
        Some(0x41) => (Verb::Stop, "umas stop plc"),
        Some(0x50) => (Verb::Read, "umas monitor plc"),
        Some(0x58) => (Verb::Diagnose, "umas check plc"),
        Some(0x70) => (Verb::Read, "umas read io object"),
        Some(0x71) => (Verb::Write, "umas write io object"),
        Some(0x73) => (Verb::Diagnose, "umas get status module"),
        _ => (Verb::Diagnose, "umas"),
    }
}

/// What a request (or an answer that echoes it) is about, and the value it writes.
#[must_use]
pub fn target(function: u8, body: &[u8]) -> (Object, Option<Text>) {
    parse_target(function, body).unwrap_or_default()
}

fn parse_target(function: u8, body: &[u8]) -> Option<(Object, Option<Text>)> {
    let mut reader = Reader::new(body);
    let range = |reader: &mut Reader<'_>, table| {
        let (start, count) = (reader.u16()?.into(), reader.u16()?.into());
        Some(Object::Range { table: fixed(table), start, count })
    };
    Some(match function {
        1 => (range(&mut reader, "coils")?, None),
        2 => (range(&mut reader, "discrete inputs")?, None),
        3 => (range(&mut reader, "holding registers")?, None),
        4 => (range(&mut reader, "input registers")?, None),
        5 => {
            let object = single("coils", reader.u16()?);
            let value = match reader.u16()? {
                0xff00 => fixed("on"),
                0 => fixed("off"),
                other => words(format_args!("{other:#06x}")),
            };
            (object, Some(value))
        }
        6 => {
            let object = single("holding registers", reader.u16()?);
            (object, Some(words(format_args!("{}", reader.u16()?))))
        }
        15 => {
            let object = range(&mut reader, "coils")?;
            let count = object_count(&object);
            let value = reader.u8().and_then(|_| coils(reader.rest(), count));
            (object, value)
        }
        16 => {
            let object = range(&mut reader, "holding registers")?;
            let value = reader.u8().and_then(|_| registers(reader));
            (object, value)
        }
        20 | 21 => {
            let (_, _, file) = (reader.u8()?, reader.u8()?, reader.u16()?);
            let (start, count) = (reader.u16()?.into(), reader.u16()?.into());
            (Object::Range { table: words(format_args!("file {file}")), start, count }, None)
        }
        22 => {
            let object = single("holding registers", reader.u16()?);
            let (and, or) = (reader.u16()?, reader.u16()?);
            (object, Some(words(format_args!("and {and:#06x} or {or:#06x}"))))
        }
        23 => {
            reader.skip(4)?;
            let object = range(&mut reader, "holding registers")?;
            let value = reader.u8().and_then(|_| registers(reader));
            (object, value)
        }
        24 => (single("fifo queue", reader.u16()?), None),
        _ => (Object::None, None),
    })
}

fn single(table: &'static str, start: u16) -> Object {
    Object::Range { table: fixed(table), start: start.into(), count: 1 }
}

fn object_count(object: &Object) -> usize {
    match object {
        Object::Range { count, .. } => usize::try_from(*count).unwrap_or(0),
        _ => 0,
    }
}

fn registers(mut reader: Reader<'_>) -> Option<Text> {
    if reader.len() > 2 * VALUES {
        return Some(words(format_args!("{} registers", reader.len() / 2)));
    }
    let mut text = Text::default();
    while let Some(value) = reader.u16() {
        let between = if text.is_empty() { "" } else { ", " };
        let _ = write!(text, "{between}{value}");
    }
    Some(text).filter(|text| !text.is_empty())
}

fn coils(bytes: &[u8], count: usize) -> Option<Text> {
    if count > 2 * VALUES {
        return Some(words(format_args!("{count} coils")));
    }
    let bits = bytes.iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1));
    let text: Text = bits.take(count).map(|on| if on { '1' } else { '0' }).collect();
    Some(text).filter(|text| !text.is_empty())
}

/// Names of clause 7.
#[must_use]
pub fn exception(code: u8) -> Text {
    fixed(match code {
        1 => "illegal function",
        2 => "illegal data address",
        3 => "illegal data value",
        4 => "server device failure",
        5 => "acknowledge",
        6 => "server device busy",
        7 => "negative acknowledge",
        8 => "memory parity error",
        10 => "gateway path unavailable",
        11 => "gateway target failed to respond",
        _ => return words(format_args!("exception {code}")),
    })
}

/// The objects of a Read Device Identification answer (clause 6.21).
#[must_use]
pub fn identification(body: &[u8]) -> ControllerIdentity {
    let mut identity = ControllerIdentity::default();
    let mut reader = Reader::new(body);
    if reader.u8() != Some(14) || reader.skip(4).is_none() {
        return identity;
    }
    let count = usize::from(reader.u8().unwrap_or(0)).min(IDENTIFICATION_OBJECTS);
    let mut product_code = None;
    for _ in 0..count {
        let (Some(id), Some(length)) = (reader.u8(), reader.u8()) else { break };
        let Some(value) = reader.take(length.into()) else { break };
        let value = some_text(value, NAME_LIMIT);
        match id {
            0 => identity.vendor = value,
            1 => product_code = value,
            2 => identity.firmware = value,
            4 => identity.product = value,
            5 => identity.model = value,
            6 => identity.name = value,
            _ => {}
        }
    }
    identity.model = identity.model.or(product_code);
    identity
}

/// The text inside a Report Server ID answer, whose layout is the vendor's own (clause 6.13).
#[must_use]
pub fn server_id(body: &[u8]) -> ControllerIdentity {
    ControllerIdentity {
        product: body.get(1..).and_then(printable),
        ..ControllerIdentity::default()
    }
}

/// The model inside the answer to the UMAS identity request.
#[must_use]
pub fn umas_model(body: &[u8]) -> ControllerIdentity {
    ControllerIdentity { model: body.get(2..).and_then(printable), ..ControllerIdentity::default() }
}

/// Whether an answer of function 90 carries UMAS's own error status.
#[must_use]
pub fn umas_refuses(function: u8, body: &[u8]) -> bool {
    function == 90 && body.get(1) == Some(&0xfd)
}
