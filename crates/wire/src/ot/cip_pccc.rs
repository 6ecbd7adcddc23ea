//! PCCC (DF1) commands inside CIP's Execute PCCC: SLC 500, PLC-5 and MicroLogix (Rockwell 1770-6.5.16).

use cordon_model::{App, Object, Operation, Outcome, Text, Verb, operation::ControllerIdentity};

use super::{fixed, hex, printable, words};
use crate::Reader;

/// The reply to a command.
pub struct PcccReply<'a> {
    /// Zero is success.
    pub status: u8,
    /// What follows the transaction number.
    pub data: &'a [u8],
}

/// What a request does.
pub fn request(data: &[u8], unit: Option<u32>) -> Option<Operation> {
    let mut reader = behind_requester(data)?;
    let (command, _status, _transaction) = (reader.u8()? & 0x0f, reader.u8()?, reader.u16_le()?);
    let function = match command {
        0x06 | 0x07 | 0x0f => reader.u8()?,
        _ => 0,
    };
    let (mut verb, name) = act(command, function);
    let (mut object, mut value) = (Object::None, None);
    match (command, function) {
        (0x0f, 0x80 | 0x3a) => {
            let (sets, mode) = mode(function, reader.u8()?);
            (verb, value) = (sets, Some(mode));
        }
        (0x0f, 0xa1 | 0xa2 | 0xa9 | 0xaa | 0xab) => {
            object = typed(&mut reader, !matches!(function, 0xa1 | 0xa9))?;
            value = if verb == Verb::Write { hex(reader.rest()) } else { None };
        }
        _ => {}
    }
    let code = u16::from(command) << 8 | u16::from(function);
    let name = match name {
        Some(name) => fixed(name),
        None => words(format_args!("pccc {command:#04x} {function:#04x}")),
    };
    Some(Operation {
        app: App::Enip,
        verb,
        code,
        name,
        unit,
        object,
        value,
        outcome: Outcome::Asked,
    })
}

/// The reply inside an answer.
pub fn reply(data: &[u8]) -> Option<PcccReply<'_>> {
    let mut reader = behind_requester(data)?;
    let (_command, status, _transaction) = (reader.u8()?, reader.u8()?, reader.u16_le()?);
    Some(PcccReply { status, data: reader.rest() })
}

/// The catalogue text in a diagnostic status reply.
pub fn identity(data: &[u8]) -> ControllerIdentity {
    ControllerIdentity { model: printable(data), ..ControllerIdentity::default() }
}

/// The requester's identity stands in front and counts its own length.
fn behind_requester(data: &[u8]) -> Option<Reader<'_>> {
    let mut reader = Reader::new(data);
    let length = usize::from(*data.first()?);
    reader.skip(length)?;
    Some(reader)
}

fn act(command: u8, function: u8) -> (Verb, Option<&'static str>) {
    let (verb, name) = match (command, function) {
        (0x00, _) => (Verb::Write, "protected write"),
        (0x01, _) => (Verb::Read, "unprotected read"),
        (0x02, _) => (Verb::Write, "protected bit write"),
        (0x05, _) => (Verb::Write, "unprotected bit write"),
        (0x08, _) => (Verb::Write, "unprotected write"),
        (0x06, 0x00) => (Verb::Diagnose, "echo"),
        (0x06, 0x01) => (Verb::Diagnose, "read diagnostic counters"),
        (0x06, 0x03) => (Verb::Identify, "diagnostic status"),
        (0x06, 0x07) => (Verb::Diagnose, "reset diagnostic counters"),
        (0x06, 0x09) => (Verb::Diagnose, "read link parameters"),
        (0x06, 0x02 | 0x04..=0x06 | 0x08 | 0x0a) => (Verb::Configure, "set link parameter"),
        (0x07, 0x00) => (Verb::Control, "disable outputs"),
        (0x07, 0x01) => (Verb::Control, "enable outputs"),
        (0x07, 0x03) => (Verb::Start, "enable plc scanning"),
        (0x07, 0x04) => (Verb::ProgramDownload, "enter download mode"),
        (0x07, 0x05) => (Verb::Session, "exit upload or download"),
        (0x07, 0x06) => (Verb::ProgramUpload, "enter upload mode"),
        (0x0f, 0x00) => (Verb::Write, "word range write"),
        (0x0f, 0x01) => (Verb::Read, "word range read"),
        (0x0f, 0x02) => (Verb::Write, "bit write"),
        (0x0f, 0x03) => (Verb::Write, "file write"),
        (0x0f, 0x04) => (Verb::Read, "file read"),
        (0x0f, 0x05) => (Verb::ProgramDownload, "download request"),
        (0x0f, 0x06) => (Verb::ProgramUpload, "upload"),
        (0x0f, 0x07) => (Verb::Stop, "shutdown"),
        (0x0f, 0x0a) => (Verb::Restart, "restart request"),
        (0x0f, 0x11) => (Verb::Session, "get edit resource"),
        (0x0f, 0x12) => (Verb::Session, "return edit resource"),
        (0x0f, 0x17 | 0x09) => (Verb::ProgramUpload, "read physical"),
        (0x0f, 0x18 | 0x08) => (Verb::ProgramDownload, "write physical"),
        (0x0f, 0x26) => (Verb::Write, "read-modify-write"),
        (0x0f, 0x29) => (Verb::Read, "read section size"),
        (0x0f, 0x3a) => (Verb::Start, "set cpu mode"),
        (0x0f, 0x41) => (Verb::Control, "disable forces"),
        (0x0f, 0x50) => (Verb::ProgramDownload, "download all request"),
        (0x0f, 0x52) => (Verb::ProgramDownload, "download completed"),
        (0x0f, 0x53) => (Verb::ProgramUpload, "upload all request"),
        (0x0f, 0x55) => (Verb::ProgramUpload, "upload completed"),
        (0x0f, 0x57) => (Verb::Configure, "initialize memory"),
        (0x0f, 0x5e) => (Verb::Write, "modify plc-2 file"),
        (0x0f, 0x67) => (Verb::Write, "typed write"),
        (0x0f, 0x68) => (Verb::Read, "typed read"),
        (0x0f, 0x79) => (Verb::Write, "read-modify-write n"),
        (0x0f, 0x80) => (Verb::Start, "change mode"),
        (0x0f, 0x81) => (Verb::File, "open file"),
        (0x0f, 0x82) => (Verb::File, "close file"),
        (0x0f, 0x88) => (Verb::Write, "execute multiple commands"),
        (0x0f, 0x8f) => (Verb::Configure, "apply port configuration"),
        (0x0f, 0xa1 | 0xa2) => (Verb::Read, "protected typed logical read"),
        (0x0f, 0xa7) => (Verb::Read, "protected typed file read"),
        (0x0f, 0xa9 | 0xaa) => (Verb::Write, "protected typed logical write"),
        (0x0f, 0xab) => (Verb::Write, "masked write"),
        (0x0f, 0xaf) => (Verb::Write, "protected typed file write"),
        _ => return (Verb::Diagnose, None),
    };
    (verb, Some(name))
}

/// Modes of "change mode" (MicroLogix and SLC 500) and "set cpu mode" (PLC-5).
fn mode(function: u8, mode: u8) -> (Verb, Text) {
    let (verb, name) = match (function, mode) {
        (0x80, 1) | (0x3a, 0) => (Verb::Stop, "program"),
        (0x80, 6) | (0x3a, 2) => (Verb::Start, "run"),
        (0x3a, 1) => (Verb::Stop, "test"),
        (0x80, 7..=9) => (Verb::Stop, "test"),
        _ => return (Verb::Configure, words(format_args!("mode {mode}"))),
    };
    (verb, fixed(name))
}

/// Byte size, file number, file type, element and, with three fields, sub-element.
fn typed(reader: &mut Reader<'_>, three: bool) -> Option<Object> {
    let size = u32::from(reader.u8()?);
    let file = field(reader)?;
    let kind = reader.u8()?;
    let element = field(reader)?;
    if three {
        field(reader)?;
    }
    let (letter, width) = match kind {
        0x82 | 0x8b => ("O", 2),
        0x83 | 0x8c => ("I", 2),
        0x84 => ("S", 2),
        0x85 => ("B", 2),
        0x86 => ("T", 6),
        0x87 => ("C", 6),
        0x88 => ("R", 6),
        0x89 => ("N", 2),
        0x8a => ("F", 4),
        0xa1 => ("output force ", 2),
        0xa2 => ("input force ", 2),
        _ => ("file ", 2),
    };
    let table = words(format_args!("{letter}{file}"));
    Some(Object::Range { table, start: element.into(), count: (size / width).max(1) })
}

/// One byte, or 0xff and two.
fn field(reader: &mut Reader<'_>) -> Option<u16> {
    match reader.u8()? {
        0xff => reader.u16_le(),
        byte => Some(byte.into()),
    }
}
