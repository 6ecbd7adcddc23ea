//! S7comm user data: system status lists, clock, password, block information, cyclic data.

use cordon_model::{
    App, Object, Operation, Outcome, Scheme, Text, Verb, operation::ControllerIdentity,
};

use super::s7comm::plain;
use super::s7comm_job::return_code;
use super::{NAME_LIMIT, hex, introduce, say, words};
use crate::dissect::some_text;
use crate::{Out, Reader};

/// Most bytes of a system status list that are put together from several messages.
const LIST_LIMIT: usize = 4096;
/// Most records of a list that are looked at.
const RECORDS: usize = 64;

/// Module identification (order numbers and versions).
const MODULES: u16 = 0x11;
/// Component identification (names and serial numbers).
const COMPONENTS: u16 = 0x1c;

/// A system status list that comes in several messages.
#[derive(Default)]
pub struct SystemStatus {
    list: Vec<u8>,
    sequence: u8,
}

/// Reads one user-data message; none where its parameters are not in order.
pub fn read(
    held: &mut SystemStatus,
    slot: Option<u32>,
    parameters: &[u8],
    data: &[u8],
    out: &mut Out<'_>,
) -> Option<()> {
    let mut reader = Reader::new(parameters);
    let [0, 1, 0x12, length, _method, kind, function, sequence] = reader.array()? else {
        return None;
    };
    let (_, more, error) = match length {
        8.. => (reader.u8()?, reader.u8()? != 0, reader.u16()?),
        _ => (0, false, 0),
    };
    let group = kind & 0x0f;
    let outcome = match (kind >> 4, error) {
        (8, 0) => Outcome::Done,
        (8, _) => Outcome::Refused,
        _ => Outcome::Asked,
    };
    let mut payload = Reader::new(data);
    let (status, _, size) = (payload.u8(), payload.u8(), payload.u16());
    let payload = payload.take(size.unwrap_or(0).into()).unwrap_or(payload.rest());
    let refused = outcome == Outcome::Done && !matches!(status, None | Some(0xff | 0x0a));
    let outcome = if refused { Outcome::Refused } else { outcome };

    let (verb, name) = act(group, function);
    let code = u16::from(group) << 8 | u16::from(function);
    let mut operation = Operation { outcome, ..plain(verb, code, name, slot) };
    operation.value = match outcome {
        Outcome::Refused if error != 0 => Some(words(format_args!("error {error:#06x}"))),
        Outcome::Refused => status.map(return_code),
        _ => None,
    };
    match (group, function, outcome) {
        (4, 1, Outcome::Asked | Outcome::Done) => {
            operation.object = status_list(payload).unwrap_or_default();
        }
        (5, 1, Outcome::Asked) => {
            if let Some(encoded) = payload.first_chunk() {
                let secret = decode_password(*encoded);
                out.credential(Scheme::Controller, b"", secret.trim_ascii());
            }
        }
        (7, 2 | 4, Outcome::Asked) => operation.value = clock(payload),
        _ => {}
    }
    let asks_identity = matches!(&operation.object, Object::Range { start, .. }
        if matches!(*start & 0xff, 0x11 | 0x1c));
    if group == 4 && function == 1 && asks_identity {
        operation.verb = Verb::Identify;
    }
    say(out, operation);
    if group == 4 && function == 1 && outcome == Outcome::Done {
        held.add(sequence, more, payload, out);
    }
    Some(())
}

impl SystemStatus {
    fn add(&mut self, sequence: u8, more: bool, payload: &[u8], out: &mut Out<'_>) {
        if self.list.is_empty() && !more {
            return introduce(out, App::S7comm, identity(payload));
        }
        if self.list.is_empty() || self.sequence != sequence {
            self.list.clear();
            self.sequence = sequence;
        }
        if self.list.len() + payload.len() <= LIST_LIMIT {
            self.list.extend_from_slice(payload);
        }
        if !more {
            let list = std::mem::take(&mut self.list);
            introduce(out, App::S7comm, identity(&list));
        }
    }
}

/// Function groups and functions.
fn act(group: u8, function: u8) -> (Verb, &'static str) {
    match (group, function) {
        (0, _) => (Verb::Diagnose, "mode transition"),
        (1, 0x08) => (Verb::Write, "modify variable"),
        (1, 0x07) => (Verb::Control, "force selection"),
        (1, 0x09) => (Verb::Control, "force"),
        (1, 0x0c) => (Verb::Configure, "memory reset"),
        (1, 0x0a) => (Verb::Stop, "breakpoint"),
        (1, 0x0b) => (Verb::Start, "exit hold"),
        (1, 0x02) => (Verb::Read, "variable status"),
        (1, 0x16) => (Verb::Diagnose, "flash led"),
        (1, _) => (Verb::Diagnose, "programmer command"),
        (2, 1) => (Verb::Subscribe, "cyclic transfer"),
        (2, 4) => (Verb::Subscribe, "unsubscribe"),
        (2, 5) => (Verb::Subscribe, "change driven transfer"),
        (2, 7) => (Verb::Subscribe, "modify change transfer"),
        (2, 8) => (Verb::Read, "read record"),
        (2, _) => (Verb::Subscribe, "cyclic data"),
        (3, 1) => (Verb::Diagnose, "list blocks"),
        (3, 2) => (Verb::Diagnose, "list blocks of type"),
        (3, 3) => (Verb::Diagnose, "get block info"),
        (3, _) => (Verb::Diagnose, "block function"),
        (4, 1) => (Verb::Diagnose, "read system status list"),
        (4, 2) => (Verb::Subscribe, "message service"),
        (4, 3) => (Verb::Diagnose, "diagnostic message"),
        (4, 0x0b | 0x0c) => (Verb::Control, "alarm acknowledge"),
        (4, 0x05..=0x16) => (Verb::Subscribe, "alarm"),
        (4, _) => (Verb::Diagnose, "cpu function"),
        (5, 1) => (Verb::Login, "plc password"),
        (5, _) => (Verb::Login, "security"),
        (6, _) => (Verb::Write, "block send"),
        (7, 1 | 3) => (Verb::Diagnose, "read clock"),
        (7, 2 | 4) => (Verb::SetTime, "set clock"),
        (7, _) => (Verb::Diagnose, "time"),
        (0x0f, 1..=4) => (Verb::ProgramDownload, "nc download"),
        (0x0f, 6..=8) => (Verb::ProgramUpload, "nc upload"),
        _ => (Verb::Diagnose, "user data"),
    }
}

/// Identity and index of the list that is read.
fn status_list(payload: &[u8]) -> Option<Object> {
    let mut reader = Reader::new(payload);
    let (list, _index) = (reader.u16()?, reader.u16()?);
    Some(Object::Range { table: super::fixed("status list"), start: list.into(), count: 1 })
}

/// The clock behind ten bytes of binary-coded decimals: a fill byte, century, year, month, day,
/// hour, minute, second, and milliseconds with the weekday.
fn clock(payload: &[u8]) -> Option<Text> {
    let [_, _, year, month, day, hour, minute, second, ..] = *payload else { return hex(payload) };
    // Years below 90 belong to this century; the century byte is not filled by all senders.
    let century = if year < 0x90 { 20 } else { 19 };
    Some(words(format_args!(
        "{century}{year:02x}-{month:02x}-{day:02x} {hour:02x}:{minute:02x}:{second:02x}"
    )))
}

/// Undoes the obfuscation of the eight password characters: each is mixed with 0x55 and with the
/// sent character two places in front.
fn decode_password(encoded: [u8; 8]) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h] = encoded;
    [a, b, c ^ a, d ^ b, e ^ c, f ^ d, g ^ e, h ^ f].map(|byte| byte ^ 0x55)
}

/// What the records of an identification list say.
fn identity(list: &[u8]) -> ControllerIdentity {
    parse_identity(list).unwrap_or_default()
}

fn parse_identity(list: &[u8]) -> Option<ControllerIdentity> {
    let mut identity = ControllerIdentity::default();
    let mut reader = Reader::new(list);
    let (id, _index) = (reader.u16()?, reader.u16()?);
    let (size, count) = (usize::from(reader.u16()?), usize::from(reader.u16()?));
    for _ in 0..count.min(RECORDS) {
        let Some(record) = reader.take(size.max(2)) else { break };
        match id & 0xff {
            MODULES => module(record, &mut identity)?,
            COMPONENTS => component(record, &mut identity)?,
            _ => return None,
        }
    }
    Some(identity)
}

/// Index, order number (20 characters), module type, two version words.
fn module(record: &[u8], identity: &mut ControllerIdentity) -> Option<()> {
    let mut reader = Reader::new(record);
    let index = reader.u16()?;
    let order = some_text(reader.take(20)?, NAME_LIMIT);
    reader.skip(2)?;
    let (first, second) = (reader.array::<2>()?, reader.array::<2>()?);
    let version = match (first, second) {
        ([b'V', major], [minor, patch]) => words(format_args!("V{major}.{minor}.{patch}")),
        (first, _) => words(format_args!("{}", u16::from_be_bytes(first))),
    };
    match index {
        1 => identity.model = order,
        6 => {
            identity.hardware = Some(version);
            identity.model = identity.model.take().or(order);
        }
        7 => identity.firmware = Some(version),
        _ => {}
    }
    Some(())
}

/// Index and up to 32 characters.
fn component(record: &[u8], identity: &mut ControllerIdentity) -> Option<()> {
    let mut reader = Reader::new(record);
    let index = reader.u16()?;
    let value = some_text(reader.rest(), NAME_LIMIT);
    match index {
        1 => identity.name = value,
        2 if identity.product.is_none() => identity.product = value,
        3 => identity.location = value.or(identity.location.take()),
        4 => {
            identity.vendor =
                value.filter(|text| text.contains("Siemens")).map(|_| "Siemens".into())
        }
        5 => identity.serial = value,
        7 => identity.product = value.or(identity.product.take()),
        0xb => identity.location = identity.location.take().or(value),
        _ => {}
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::super::s7comm::{start, tests::pdu};
    use super::*;
    use crate::Side;
    use crate::ot::testing::{identities, operations, run};
    use cordon_model::Said;

    fn answer(group: u8, function: u8, more: u8, payload: &[u8]) -> Vec<u8> {
        let parameters = [0, 1, 0x12, 8, 0x12, 0x80 | group, function, 1, 0, more, 0, 0];
        let mut data = vec![0xff, 9, 0, payload.len() as u8];
        data.extend_from_slice(payload);
        pdu(7, 1, &parameters, &data)
    }

    fn ask(group: u8, function: u8, payload: &[u8]) -> Vec<u8> {
        let mut data = vec![0xff, 9, 0, payload.len() as u8];
        data.extend_from_slice(payload);
        pdu(7, 1, &[0, 1, 0x12, 4, 0x11, 0x40 | group, function, 0], &data)
    }

    fn components() -> Vec<u8> {
        let mut list = vec![0, 0x1c, 0, 0, 0, 34, 0, 2];
        for (index, text) in [(1, "Station 1"), (5, "S C-X1234")] {
            list.extend_from_slice(&[0, index]);
            let mut field = text.as_bytes().to_vec();
            field.resize(32, 0);
            list.extend_from_slice(&field);
        }
        list
    }

    #[test]
    fn component_identification_names_the_station() {
        let (said, _) = run(&mut *start(), &[(Side::Server, &answer(4, 1, 0, &components()))]);
        let identity = identities(&said)[0];
        assert_eq!(identity.name.as_deref(), Some("Station 1"));
        assert_eq!(identity.serial.as_deref(), Some("S C-X1234"));
        assert_eq!(operations(&said)[0].verb, Verb::Identify);
    }

    #[test]
    fn a_list_in_two_messages_is_put_together() {
        let list = components();
        let (front, back) = list.split_at(30);
        let (first, second) = (answer(4, 1, 1, front), answer(4, 1, 0, back));
        let (said, _) = run(&mut *start(), &[(Side::Server, &first), (Side::Server, &second)]);
        assert_eq!(identities(&said).len(), 1);
    }

    #[test]
    fn module_identification_gives_order_number_and_versions() {
        let mut list = vec![0, 0x11, 0, 0, 0, 28, 0, 2];
        for (index, versions) in [(1, [0, 3, 0, 1]), (7, [b'V', 3, 2, 6])] {
            list.extend_from_slice(&[0, index]);
            list.extend_from_slice(b"6ES7 315-2EH14-0AB0 ");
            list.extend_from_slice(&[0, 0xc0]);
            list.extend_from_slice(&versions);
        }
        let (said, _) = run(&mut *start(), &[(Side::Server, &answer(4, 1, 0, &list))]);
        let identity = identities(&said)[0];
        assert_eq!(identity.model.as_deref(), Some("6ES7 315-2EH14-0AB0"));
        assert_eq!(identity.firmware.as_deref(), Some("V3.2.6"));
    }

    #[test]
    fn a_password_is_kept_only_as_a_hash_of_the_clear_text() {
        let secret = *b"pass    ";
        let mut sent = [0u8; 8];
        for at in 0..8 {
            sent[at] = secret[at] ^ 0x55 ^ if at < 2 { 0 } else { sent[at - 2] };
        }
        let (said, _) = run(&mut *start(), &[(Side::Client, &ask(5, 1, &sent))]);
        let key = cordon_model::SecretKey::new([1; 32]);
        let expected = key.digest(b"", b"pass");
        assert!(said.iter().any(
            |said| matches!(said, Said::Credential(credential) if credential.digest == expected)
        ));
        assert_eq!(operations(&said)[0].verb, Verb::Login);
    }

    #[test]
    fn setting_the_clock_says_the_time() {
        let time = [0, 0x19, 0x26, 0x11, 0x22, 0x10, 0x30, 0, 0, 1];
        let (said, _) = run(&mut *start(), &[(Side::Client, &ask(7, 2, &time))]);
        let said = operations(&said);
        assert_eq!(said[0].verb, Verb::SetTime);
        assert_eq!(said[0].value.as_deref(), Some("2026-11-22 10:30:00"));
    }
}
