//! S7comm jobs: reading and writing variables, moving blocks, starting and stopping.

use cordon_model::{Object, Text, Verb};

use super::{fixed, hex, words};
use crate::Reader;
use crate::dissect::text;

/// Most variables of one job; a PDU of 960 bytes holds no more than 78.
const ITEMS: usize = 20;

/// The kind of act and its name; `rest` is what follows the function code.
pub fn act(function: u8, rest: &[u8]) -> (Verb, Text) {
    let (verb, name) = match function {
        0x00 => (Verb::Diagnose, "cpu services"),
        0x04 => (Verb::Read, "read variable"),
        0x05 => (Verb::Write, "write variable"),
        0x1a => (Verb::ProgramDownload, "request download"),
        0x1b => (Verb::ProgramDownload, "download block"),
        0x1c => (Verb::ProgramDownload, "download ended"),
        0x1d => (Verb::ProgramUpload, "start upload"),
        0x1e => (Verb::ProgramUpload, "upload"),
        0x1f => (Verb::ProgramUpload, "end upload"),
        0x28 => return program_invocation(rest),
        0x29 => (Verb::Stop, "plc stop"),
        0xf0 => (Verb::Session, "setup communication"),
        _ => return (Verb::Diagnose, words(format_args!("function {function:#04x}"))),
    };
    (verb, fixed(name))
}

/// Blocks are fetched by the controller, in jobs that run against the direction of the download.
pub const fn is_fetch(function: u8) -> bool {
    matches!(function, 0x1b | 0x1c)
}

/// Program invocation services, named by the string that they call.
fn program_invocation(rest: &[u8]) -> (Verb, Text) {
    let Some((_, service)) = invocation(rest) else {
        return (Verb::Control, fixed("program invocation"));
    };
    let (verb, name) = match service {
        b"P_PROGRAM" => (Verb::Start, "plc start"),
        b"_INSE" => (Verb::ProgramDownload, "activate block"),
        b"_INS2" => (Verb::ProgramDownload, "activate block"),
        b"_DELE" => (Verb::ProgramDownload, "delete block"),
        b"_MODU" => (Verb::Configure, "copy ram to rom"),
        b"_GARB" => (Verb::Configure, "compress memory"),
        b"_RESU" => (Verb::Start, "resume program"),
        _ => return (Verb::Control, words(format_args!("invoke {}", text(service, 16)))),
    };
    (verb, fixed(name))
}

/// Argument and service name of a program invocation.
fn invocation(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut reader = Reader::new(rest);
    reader.skip(7)?;
    let length = reader.u16()?;
    let argument = reader.take(length.into())?;
    let length = reader.u8()?;
    Some((argument, reader.take(length.into())?))
}

/// What a job is about: for writes each variable with its value, for reads each area once, else
/// one object or none.
pub fn targets(function: u8, rest: &[u8], data: &[u8]) -> Targets {
    let mut targets = Targets { list: [const { None }; ITEMS], next: 0 };
    match function {
        0x04 | 0x05 => variables(function == 0x05, rest, data, &mut targets),
        0x28 => targets.push(invoked(rest).unwrap_or_default(), None),
        0x1a..=0x1f => targets.push(file(function, rest).unwrap_or_default(), None),
        _ => targets.push(Object::None, None),
    }
    if targets.next == 0 {
        targets.push(Object::None, None);
    }
    targets.next = 0;
    targets
}

/// A short list without an allocation.
pub struct Targets {
    list: [Option<(Object, Option<Text>)>; ITEMS],
    next: usize,
}

impl Targets {
    fn push(&mut self, object: Object, value: Option<Text>) {
        if let Some(slot) = self.list.get_mut(self.next) {
            *slot = Some((object, value));
            self.next += 1;
        }
    }

    fn last_table(&self) -> Option<&Text> {
        match self.list.get(self.next.checked_sub(1)?)? {
            Some((Object::Range { table, .. }, _)) => Some(table),
            _ => None,
        }
    }
}

impl Iterator for Targets {
    type Item = (Object, Option<Text>);

    fn next(&mut self) -> Option<Self::Item> {
        let target = self.list.get_mut(self.next)?.take();
        self.next += 1;
        target
    }
}

fn variables(writes: bool, rest: &[u8], data: &[u8], targets: &mut Targets) {
    let mut reader = Reader::new(rest);
    let mut values = Reader::new(data);
    let count = reader.u8().unwrap_or(0);
    for _ in 0..usize::from(count).min(ITEMS) {
        let Some(object) = variable(&mut reader) else { break };
        let same = match (&object, targets.last_table()) {
            (Object::Range { table, .. }, Some(last)) => table == last,
            _ => false,
        };
        if writes {
            let value = value(&mut values);
            targets.push(object, value);
        } else if !same {
            targets.push(object, None);
        }
    }
}

/// One variable specification: syntax 0x10 (any pointer) and 0xb0 (data block read), others by
/// their number.
fn variable(reader: &mut Reader<'_>) -> Option<Object> {
    let (_, length) = (reader.u8()?, reader.u8()?);
    let item = reader.take(length.into())?;
    if !length.is_multiple_of(2) {
        // A fill byte follows, unless this is the last.
        let _ = reader.skip(1);
    }
    let mut item = Reader::new(item);
    let syntax = item.u8()?;
    match syntax {
        0x10 => any_pointer(item),
        0xb0 => {
            item.skip(1)?;
            let count = item.u8()?.into();
            let (block, start) = (item.u16()?, item.u16()?.into());
            Some(Object::Range { table: words(format_args!("DB{block}")), start, count })
        }
        0xb2 => Some(Object::Name(fixed("symbolic variable"))),
        _ => Some(Object::Name(words(format_args!("syntax {syntax:#04x}")))),
    }
}

fn any_pointer(mut item: Reader<'_>) -> Option<Object> {
    let (size, count, block) = (item.u8()?, u32::from(item.u16()?), item.u16()?);
    let (area, address) = (item.u8()?, item.u24()?);
    let bits = matches!(size, 1);
    let table = match area {
        0x03 => fixed("system info"),
        0x05 => fixed("system flags"),
        0x06 => fixed("analog inputs"),
        0x07 => fixed("analog outputs"),
        0x1c | 0x1e => return Some(range(fixed("counters"), address, count)),
        0x1d | 0x1f => return Some(range(fixed("timers"), address, count)),
        0x80 => fixed("peripherals"),
        0x81 if bits => fixed("input bits"),
        0x81 => fixed("inputs"),
        0x82 if bits => fixed("output bits"),
        0x82 => fixed("outputs"),
        0x83 if bits => fixed("flag bits"),
        0x83 => fixed("flags"),
        0x84 if bits => words(format_args!("DB{block} bits")),
        0x84 => words(format_args!("DB{block}")),
        0x85 => words(format_args!("DI{block}")),
        0x86 => fixed("local data"),
        0x87 => fixed("caller's local data"),
        _ => words(format_args!("area {area:#04x}")),
    };
    let width: u32 = match size {
        4 | 5 | 9 => 2,
        6..=8 | 11 | 12 => 4,
        15 => 8,
        _ => 1,
    };
    if bits {
        return Some(range(table, address, count));
    }
    Some(range(table, address >> 3, count.saturating_mul(width)))
}

const fn range(table: Text, start: u32, count: u32) -> Object {
    Object::Range { table, start, count }
}

/// One value of a write: status, how the length counts, length, bytes, fill byte.
fn value(reader: &mut Reader<'_>) -> Option<Text> {
    let (_, transport, length) = (reader.u8()?, reader.u8()?, usize::from(reader.u16()?));
    // Bits, bytes and integers count their length in bits, the others in bytes.
    let size = if matches!(transport, 3..=5) { length.div_ceil(8) } else { length };
    let bytes = reader.take(size)?;
    if !size.is_multiple_of(2) {
        let _ = reader.skip(1);
    }
    match (transport, bytes) {
        (3, [0]) => Some(fixed("off")),
        (3, [_]) => Some(fixed("on")),
        _ => hex(bytes),
    }
}

/// The first item status of an answer that is not success (0xff).
pub fn item_refusal(function: u16, data: &[u8]) -> Option<Text> {
    let status = match function {
        0x04 => data.first(),
        0x05 => data.iter().find(|status| **status != 0xff),
        _ => None,
    };
    status.copied().filter(|status| *status != 0xff).map(return_code)
}

/// Names of item return codes.
pub fn return_code(code: u8) -> Text {
    fixed(match code {
        0x01 => "hardware error",
        0x03 => "access denied",
        0x05 => "invalid address",
        0x06 => "type not supported",
        0x07 => "type inconsistent",
        0x0a => "object does not exist",
        _ => return words(format_args!("return code {code:#04x}")),
    })
}

/// The block that a program invocation is about.
fn invoked(rest: &[u8]) -> Option<Object> {
    let (argument, service) = invocation(rest)?;
    match (service, argument) {
        // Count of blocks, a fill byte, then type and number of each.
        (b"_INSE" | b"_INS2" | b"_DELE", [_, _, name @ ..]) => block(name.get(..7)?),
        (b"P_PROGRAM", b"C ") => Some(Object::Name(fixed("cold restart"))),
        (b"P_PROGRAM", _) => Some(Object::Name(fixed("warm restart"))),
        _ => None,
    }
}

/// The block in the file name of a transfer, such as `_0A00001P`.
fn file(function: u8, rest: &[u8]) -> Option<Object> {
    if matches!(function, 0x1e | 0x1f) {
        return None;
    }
    let mut reader = Reader::new(rest);
    reader.skip(7)?;
    let length = reader.u8()?;
    block(reader.take(length.into())?.get(1..8)?)
}

/// Type (two hexadecimal digits) and number (five digits) of a block.
fn block(name: &[u8]) -> Option<Object> {
    let (kind, number) = name.split_first_chunk::<2>()?;
    let kind = match kind {
        b"08" => "OB",
        b"0A" => "DB",
        b"0B" => "SDB",
        b"0C" => "FC",
        b"0D" => "SFC",
        b"0E" => "FB",
        b"0F" => "SFB",
        _ => "block",
    };
    let number: u32 = std::str::from_utf8(number).ok()?.parse().ok()?;
    Some(Object::Name(words(format_args!("{kind} {number}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_of_many_variables_says_each_area_once() {
        let item = |area: u8, byte: u8| [0x12, 10, 0x10, 4, 0, 1, 0, 1, area, 0, 0, byte * 8];
        let rest = [&[3][..], &item(0x84, 0), &item(0x84, 2), &item(0x81, 4)].concat();
        let names: Vec<_> = targets(4, &rest, &[]).map(|(object, _)| object.to_string()).collect();
        assert_eq!(names, ["DB1 0-1", "inputs 4-5"]);
    }

    #[test]
    fn a_bit_is_addressed_by_its_number() {
        let rest = [1, 0x12, 10, 0x10, 1, 0, 1, 0, 0, 0x82, 0, 0, 0x0d];
        let data = [0, 3, 0, 1, 1];
        let (object, value) = targets(5, &rest, &data).next().unwrap();
        assert_eq!(object.to_string(), "output bits 13");
        assert_eq!(value.as_deref(), Some("on"));
    }

    #[test]
    fn a_job_cut_anywhere_still_yields_one_target() {
        let rest = [2, 0x12, 10, 0x10, 4, 0, 1, 0, 1, 0x84, 0, 0, 0, 0x12, 10];
        for end in 0..rest.len() {
            assert_eq!(targets(4, &rest[..end], &[]).count(), 1, "{end}");
        }
    }
}
