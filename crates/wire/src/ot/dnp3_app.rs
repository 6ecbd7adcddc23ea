//! The DNP3 application layer: function codes, and the objects that requests and answers name.

use cordon_model::{App, Object, Operation, Outcome, Text, Verb, operation::ControllerIdentity};

use super::dnp3_objects::{self as objects, Headers};
use super::{Asked, NAME_LIMIT, Recent, fixed, introduce, say, words};
use crate::dissect::some_text;
use crate::{Out, Reader};

/// Operations said of one fragment at most: one per object of a command.
const OPERATIONS: usize = 16;
/// Object headers looked at in one fragment.
const HEADERS: usize = 64;
/// Device attributes read from one answer.
const ATTRIBUTES: usize = 64;
/// Requests kept per flow; the sequence number has 16 values.
const PENDING: usize = 8;

/// Refusals among the internal indications (IIN2): no such function, object or parameter,
/// already executing, configuration corrupt.
const REFUSALS: u8 = 0x37;

/// What ties the answers of one flow to its requests.
pub struct Application {
    asked: Recent<(u32, u8), Asked, PENDING>,
}

impl Default for Application {
    fn default() -> Self {
        Application { asked: Recent::new() }
    }
}

impl Application {
    /// Reads one whole fragment (clause 4.2) from or to an outstation.
    pub fn fragment(&mut self, outstation: u32, bytes: &[u8], out: &mut Out<'_>) {
        let mut reader = Reader::new(bytes);
        let (Some(control), Some(function)) = (reader.u8(), reader.u8()) else { return };
        let sequence = control & 0x0f;
        match function {
            129..=131 => self.answer(outstation, sequence, function, reader, out),
            _ => self.request(outstation, sequence, function, reader.rest(), out),
        }
    }

    fn request(
        &mut self,
        outstation: u32,
        sequence: u8,
        function: u8,
        bytes: &[u8],
        out: &mut Out<'_>,
    ) {
        let carries = !matches!(function, 1 | 7..=12 | 20..=22);
        let mut headers = Headers::new(bytes, carries);
        let first = headers.next();
        let group = first.as_ref().map(|header| header.group);
        let verb = act(function, group);
        let asked = Asked {
            verb,
            code: function.into(),
            name: name(function),
            object: first.as_ref().map(|header| header.object()).unwrap_or_default(),
        };
        if function != 0 {
            self.asked.put((outstation, sequence), asked.clone());
        }
        let mut spoken = 0;
        for header in first.into_iter().chain(headers).take(HEADERS) {
            if verb == Verb::Read && spoken > 0 && header.is_event_class() {
                continue;
            }
            for (object, value) in header.targets(function) {
                if spoken == OPERATIONS {
                    return;
                }
                spoken += 1;
                let mut operation =
                    asked.clone().answered(App::Dnp3, Some(outstation), Outcome::Asked);
                operation.verb = act(function, Some(header.group));
                (operation.object, operation.value) = (object, value);
                say(out, operation);
            }
        }
        if spoken == 0 {
            say(out, asked.answered(App::Dnp3, Some(outstation), Outcome::Asked));
        }
    }

    fn answer(
        &mut self,
        outstation: u32,
        sequence: u8,
        function: u8,
        mut reader: Reader<'_>,
        out: &mut Out<'_>,
    ) {
        let Some([_, indications]) = reader.array::<2>() else { return };
        let asked = match function {
            130 => None,
            _ => self.asked.take(&(outstation, sequence)),
        };
        let mut headers = Headers::new(reader.rest(), true);
        let first = headers.next();
        let status = first.as_ref().and_then(objects::Header::refusal);
        let outcome = match (indications & REFUSALS, status.is_some()) {
            (0, false) => Outcome::Done,
            _ => Outcome::Refused,
        };
        let verb = asked.as_ref().map_or(Verb::Read, |asked| asked.verb);
        let object = match (&asked, &first) {
            (Some(asked), _) if asked.object != Object::None => asked.object.clone(),
            (_, Some(header)) => header.object(),
            _ => Object::None,
        };
        let operation = Operation {
            app: App::Dnp3,
            verb,
            code: function.into(),
            name: name(function),
            unit: Some(outstation),
            object,
            value: status.or_else(|| indication(indications)),
            outcome,
        };
        say(out, operation);
        if first.as_ref().is_some_and(|header| header.group == 0) {
            let attributes = first.into_iter().chain(headers).take(ATTRIBUTES);
            introduce(out, App::Dnp3, identity(attributes));
        }
    }
}

/// The attributes of group 0 (IEEE 1815, 11.9.1).
fn identity<'a>(headers: impl Iterator<Item = objects::Header<'a>>) -> ControllerIdentity {
    let mut identity = ControllerIdentity::default();
    for header in headers.filter(|header| header.group == 0) {
        let mut reader = Reader::new(header.data);
        let (Some(1), Some(length)) = (reader.u8(), reader.u8()) else { continue };
        let value = reader.take(length.into()).and_then(|value| some_text(value, NAME_LIMIT));
        match header.variation {
            242 => identity.firmware = value,
            243 => identity.hardware = value,
            245 => identity.location = value,
            246 | 247 => identity.name = value.or(identity.name),
            248 => identity.serial = value,
            250 => identity.model = value,
            252 => identity.vendor = value,
            _ => {}
        }
    }
    identity
}

/// What a function does; writes and reads depend on the group they name.
fn act(function: u8, group: Option<u8>) -> Verb {
    match (function, group) {
        (0 | 129, _) => Verb::Session,
        (1, Some(0)) => Verb::Identify,
        (1, Some(70)) | (2, Some(70)) | (25..=30, _) => Verb::File,
        (1, _) => Verb::Read,
        (2, Some(50)) => Verb::SetTime,
        (2, Some(0 | 60)) => Verb::Configure,
        (2, _) | (7..=12, _) => Verb::Write,
        (3..=6, _) => Verb::Control,
        (13 | 14, _) => Verb::Restart,
        (15 | 16 | 19 | 22 | 31, _) => Verb::Configure,
        (17, _) => Verb::Start,
        (18, _) => Verb::Stop,
        (20, _) => Verb::Subscribe,
        (21, _) => Verb::DisableComms,
        (23, _) => Verb::Diagnose,
        (24, _) => Verb::SetTime,
        (32 | 33, _) => Verb::Login,
        _ => Verb::Diagnose,
    }
}

fn name(function: u8) -> Text {
    fixed(match function {
        0 => "confirm",
        1 => "read",
        2 => "write",
        3 => "select",
        4 => "operate",
        5 => "direct operate",
        6 => "direct operate no ack",
        7 => "immediate freeze",
        8 => "immediate freeze no ack",
        9 => "freeze and clear",
        10 => "freeze and clear no ack",
        11 => "freeze at time",
        12 => "freeze at time no ack",
        13 => "cold restart",
        14 => "warm restart",
        15 => "initialize data",
        16 => "initialize application",
        17 => "start application",
        18 => "stop application",
        19 => "save configuration",
        20 => "enable unsolicited",
        21 => "disable unsolicited",
        22 => "assign class",
        23 => "delay measurement",
        24 => "record current time",
        25 => "open file",
        26 => "close file",
        27 => "delete file",
        28 => "get file info",
        29 => "authenticate file",
        30 => "abort file",
        31 => "activate configuration",
        32 => "authentication request",
        33 => "authentication error",
        129 => "response",
        130 => "unsolicited response",
        131 => "authentication response",
        _ => return words(format_args!("function {function}")),
    })
}

/// The first refusal in IIN2 (clause 4.5.1).
fn indication(bits: u8) -> Option<Text> {
    let reasons = [
        (0x01, "function not supported"),
        (0x02, "object unknown"),
        (0x04, "parameter error"),
        (0x10, "already executing"),
        (0x20, "configuration corrupt"),
    ];
    reasons.iter().find(|(bit, _)| bits & bit != 0).map(|(_, reason)| fixed(reason))
}

#[cfg(test)]
mod tests {
    use super::super::dnp3::{start, tests::frame};
    use super::*;
    use crate::Side;
    use crate::ot::testing::{identities, operations, run};

    fn exchange(messages: &[(bool, &[u8])]) -> Vec<cordon_model::Said> {
        let frames: Vec<_> = messages
            .iter()
            .map(|(from_master, data)| {
                (*from_master, frame(*from_master, &[&[0xc0], *data].concat()))
            })
            .collect();
        let segments: Vec<_> = frames
            .iter()
            .map(|(from_master, bytes)| {
                (if *from_master { Side::Client } else { Side::Server }, bytes.as_slice())
            })
            .collect();
        run(&mut *start(), &segments).0
    }

    #[test]
    fn a_trip_says_point_and_control_and_its_answer_whether_it_was_done() {
        let crob = [12, 1, 0x28, 1, 0, 9, 0, 0x81, 1, 0xf4, 1, 0, 0, 0, 0, 0, 0, 0];
        let mut refused = crob;
        refused[17] = 4;
        let said = exchange(&[
            (true, &[&[0xc3, 5], &crob[..]].concat()),
            (false, &[&[0xc3, 129, 0, 0], &refused[..]].concat()),
        ]);
        let said = operations(&said);
        assert_eq!((said[0].verb, said[0].unit), (Verb::Control, Some(10)));
        assert_eq!(said[0].object.to_string(), "g12v1 9");
        assert_eq!(said[0].value.as_deref(), Some("trip, pulse on, 500 ms"));
        assert_eq!((said[1].outcome, said[1].verb), (Outcome::Refused, Verb::Control));
        assert_eq!(said[1].value.as_deref(), Some("not supported"));
    }

    #[test]
    fn every_point_of_a_command_is_said_but_not_without_limit() {
        let mut request = vec![0xc0, 5, 41, 2, 0x17, 20];
        for index in 0..20 {
            request.extend_from_slice(&[index, 7, 0, 0]);
        }
        let said = exchange(&[(true, &request)]);
        let said = operations(&said);
        assert_eq!(said.len(), OPERATIONS);
        assert_eq!(said[3].object.to_string(), "g41v2 3");
        assert_eq!(said[3].value.as_deref(), Some("7"));
    }

    #[test]
    fn restarts_clocks_and_silencing_have_their_own_verbs() {
        let said = exchange(&[
            (true, &[0xc0, 13]),
            (true, &[0xc1, 2, 50, 1, 7, 1, 1, 2, 3, 4, 5, 6]),
            (true, &[0xc2, 21, 60, 2, 6, 60, 3, 6]),
            (true, &[0xc3, 1, 60, 2, 6, 60, 3, 6, 60, 4, 6, 60, 1, 6]),
        ]);
        let verbs: Vec<_> = operations(&said).iter().map(|said| said.verb).collect();
        let expected =
            [Verb::Restart, Verb::SetTime, Verb::DisableComms, Verb::DisableComms, Verb::Read];
        assert_eq!(verbs, expected);
    }

    #[test]
    fn device_attributes_name_the_outstation() {
        let answer = [
            0xc0, 129, 0, 0, 0, 252, 0, 0, 0, 1, 4, b'A', b'c', b'm', b'e', 0, 242, 0, 0, 0, 1, 3,
            b'1', b'.', b'2',
        ];
        let said = exchange(&[(false, &answer)]);
        let identity = identities(&said)[0];
        assert_eq!(identity.vendor.as_deref(), Some("Acme"));
        assert_eq!(identity.firmware.as_deref(), Some("1.2"));
    }
}
