//! Modbus/TCP: MODBUS Application Protocol V1.1b3 over the MBAP header of the TCP/IP guide V1.0b.

use cordon_model::{App, Object, Operation, Outcome, operation::ControllerIdentity};

use super::modbus_pdu::{self as pdu, Shape};
use super::{Asked, Recent, introduce, say};
use crate::{Guess, Out, Reader, Side, Step, StreamDissector};

/// Bytes of the MBAP header.
const HEADER: usize = 7;
/// Most that the length field may count: unit and a PDU of 253 bytes; some gateways add a few.
const MAX_LENGTH: usize = 260;
/// Requests kept per flow: gateways pipeline up to 16.
const PENDING: usize = 16;

/// Judges the start of a stream: whole ADUs, back to back, of the sizes their functions ask for.
#[must_use]
pub fn recognise(_: Side, data: &[u8]) -> Guess {
    let mut rest = data;
    let mut whole = 0;
    let mut strong = false;
    while whole < 3 && !rest.is_empty() {
        match Adu::next(rest) {
            Next::Whole(adu) => {
                let shape = pdu::shape(adu.function, adu.body);
                if !shape.request && !shape.response {
                    return Guess::No;
                }
                strong |= shape.strong;
                whole += 1;
                rest = rest.get(adu.size..).unwrap_or_default();
            }
            Next::Cut => break,
            Next::Wrong => return if strong { Guess::Fits } else { Guess::No },
        }
    }
    match whole {
        0 => Guess::More,
        1 if !strong => Guess::Fits,
        _ => Guess::Sure,
    }
}

/// A fresh parser.
#[must_use]
pub fn start() -> Box<dyn StreamDissector> {
    Box::new(Modbus { asker: None, asked: Recent::new() })
}

struct Modbus {
    /// Which side asks, once a message told that only fits one role.
    asker: Option<Side>,
    asked: Recent<(u16, u8), Asked, PENDING>,
}

impl StreamDissector for Modbus {
    fn data(&mut self, side: Side, data: &[u8], out: &mut Out<'_>) -> Step {
        let mut done = 0;
        loop {
            match Adu::next(data.get(done..).unwrap_or_default()) {
                Next::Whole(adu) => {
                    self.message(side, &adu, out);
                    done += adu.size;
                }
                Next::Wrong if done == 0 => return Step::Lost,
                Next::Cut | Next::Wrong => return Step::Consumed(done),
            }
        }
    }

    fn window(&self) -> usize {
        2 * (HEADER + MAX_LENGTH)
    }
}

impl Modbus {
    fn message(&mut self, side: Side, adu: &Adu<'_>, out: &mut Out<'_>) {
        if self.is_request(side, pdu::shape(adu.function, adu.body)) {
            self.request(adu, out);
        } else {
            self.answer(adu, out);
        }
    }

    fn is_request(&mut self, side: Side, shape: Shape) -> bool {
        match (shape.request, shape.response) {
            (true, false) => self.asker = Some(side),
            (false, true) => self.asker = Some(side.other()),
            _ => {}
        }
        self.asker.unwrap_or(Side::Client) == side
    }

    fn request(&mut self, adu: &Adu<'_>, out: &mut Out<'_>) {
        let (verb, name) = pdu::act(adu.function, adu.body);
        let (object, value) = pdu::target(adu.function, adu.body);
        let code = u16::from(adu.function);
        self.asked.put(
            (adu.transaction, adu.unit),
            Asked { verb, code, name: name.clone(), object: object.clone() },
        );
        let unit = Some(u32::from(adu.unit));
        let outcome = Outcome::Asked;
        say(out, Operation { app: App::Modbus, verb, code, name, unit, object, value, outcome });
    }

    fn answer(&mut self, adu: &Adu<'_>, out: &mut Out<'_>) {
        let function = adu.function & 0x7f;
        let asked = self
            .asked
            .take(&(adu.transaction, adu.unit))
            .filter(|asked| asked.code == u16::from(function))
            .unwrap_or_else(|| self.unasked(adu, function));
        let refused = adu.function & 0x80 != 0 || pdu::umas_refuses(function, adu.body);
        let outcome = if refused { Outcome::Refused } else { Outcome::Done };
        let wants_model = function == 90 && asked.name == pdu::UMAS_READ_ID;
        let mut operation = asked.answered(App::Modbus, Some(u32::from(adu.unit)), outcome);
        if adu.function & 0x80 != 0 {
            operation.value = adu.body.first().map(|code| pdu::exception(*code));
        }
        say(out, operation);
        let identity = match function {
            43 => pdu::identification(adu.body),
            17 => pdu::server_id(adu.body),
            90 if wants_model && !refused => pdu::umas_model(adu.body),
            _ => ControllerIdentity::default(),
        };
        introduce(out, App::Modbus, identity);
    }

    /// What an answer tells by itself, where the request was not seen.
    fn unasked(&self, adu: &Adu<'_>, function: u8) -> Asked {
        let echoes = matches!(adu.function, 5 | 6 | 8 | 15 | 16 | 22 | 43);
        let body = if echoes { adu.body } else { &[] };
        let (verb, name) = pdu::act(function, body);
        let object = if echoes { pdu::target(function, body).0 } else { Object::None };
        Asked { verb, code: u16::from(function), name, object }
    }
}

/// One message with its header.
struct Adu<'a> {
    transaction: u16,
    unit: u8,
    function: u8,
    body: &'a [u8],
    /// Bytes of the whole message, header included.
    size: usize,
}

enum Next<'a> {
    Whole(Adu<'a>),
    Cut,
    Wrong,
}

impl Adu<'_> {
    fn next(data: &[u8]) -> Next<'_> {
        let mut reader = Reader::new(data);
        let Some(transaction) = reader.u16() else { return Next::Cut };
        if reader.rest().iter().take(2).any(|byte| *byte != 0) {
            return Next::Wrong;
        }
        let (Some(_), Some(length)) = (reader.u16(), reader.u16()) else { return Next::Cut };
        let length = usize::from(length);
        if !(2..=MAX_LENGTH).contains(&length) {
            return Next::Wrong;
        }
        let (Some(unit), Some(function)) = (reader.u8(), reader.u8()) else { return Next::Cut };
        if function == 0 {
            return Next::Wrong;
        }
        let Some(body) = reader.take(length - 2) else { return Next::Cut };
        Next::Whole(Adu { transaction, unit, function, body, size: HEADER - 1 + length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ot::testing::{identities, operations, run};
    use cordon_model::Verb;

    const READ: &[u8] = &[0, 7, 0, 0, 0, 6, 1, 3, 0, 100, 0, 10];

    fn answer(data: &[u8]) -> Vec<u8> {
        let mut adu = vec![0, 7, 0, 0, 0, (data.len() + 3) as u8, 1, 3, data.len() as u8];
        adu.extend_from_slice(data);
        adu
    }

    #[test]
    fn an_answer_carries_what_was_asked_for() {
        let (said, steps) =
            run(&mut *start(), &[(Side::Client, READ), (Side::Server, &answer(&[0; 20]))]);
        let said = operations(&said);
        assert_eq!(steps, [Step::Consumed(12), Step::Consumed(29)]);
        assert_eq!(said[0].object.to_string(), "holding registers 100-109");
        assert_eq!((said[0].verb, said[0].outcome), (Verb::Read, Outcome::Asked));
        assert_eq!(said[1].object, said[0].object);
        assert_eq!((said[1].outcome, said[1].unit), (Outcome::Done, Some(1)));
    }

    #[test]
    fn a_flow_seen_from_the_middle_and_the_wrong_way_round_is_put_right() {
        let (said, _) =
            run(&mut *start(), &[(Side::Client, &answer(&[0; 4])), (Side::Server, READ)]);
        let outcomes: Vec<_> = operations(&said).iter().map(|said| said.outcome).collect();
        assert_eq!(outcomes, [Outcome::Done, Outcome::Asked]);
    }

    #[test]
    fn messages_split_and_joined_by_tcp_are_all_read() {
        let mut joined = [READ, READ].concat();
        joined.extend_from_slice(&READ[..5]);
        let (said, steps) = run(&mut *start(), &[(Side::Client, &joined), (Side::Client, READ)]);
        assert_eq!(steps[0], Step::Consumed(24));
        assert_eq!(operations(&said).len(), 3);
    }

    #[test]
    fn a_write_says_its_value_and_a_refusal_its_reason() {
        let write = [0, 1, 0, 0, 0, 11, 2, 16, 0, 5, 0, 2, 4, 0, 1, 0x12, 0x34];
        let refusal = [0, 1, 0, 0, 0, 3, 2, 0x90, 2];
        let (said, _) = run(&mut *start(), &[(Side::Client, &write), (Side::Server, &refusal)]);
        let said = operations(&said);
        assert_eq!(said[0].value.as_deref(), Some("1, 4660"));
        assert_eq!((said[1].outcome, said[1].code), (Outcome::Refused, 16));
        assert_eq!(said[1].value.as_deref(), Some("illegal data address"));
        assert_eq!(said[1].object.to_string(), "holding registers 5-6");
    }

    #[test]
    fn listen_only_and_umas_stop_are_not_mistaken_for_reads() {
        let listen_only = [0, 1, 0, 0, 0, 6, 2, 8, 0, 4, 0, 0];
        let stop = [0, 2, 0, 0, 0, 6, 0, 90, 0x4b, 0x41, 0xff, 0];
        let joined = [&listen_only[..], &stop[..]].concat();
        let (said, _) = run(&mut *start(), &[(Side::Client, &joined)]);
        let verbs: Vec<_> = operations(&said).iter().map(|said| said.verb).collect();
        assert_eq!(verbs, [Verb::DisableComms, Verb::Stop]);
    }

    #[test]
    fn device_identification_names_the_controller() {
        let mut adu = vec![0, 1, 0, 0, 0, 0, 1, 43, 14, 1, 1, 0, 0, 3];
        for (id, text) in [(0, "Acme"), (1, "A-100"), (2, "V2.7")] {
            adu.extend_from_slice(&[id, text.len() as u8]);
            adu.extend_from_slice(text.as_bytes());
        }
        adu[5] = (adu.len() - 6) as u8;
        let (said, _) = run(&mut *start(), &[(Side::Server, &adu)]);
        let identity = identities(&said)[0];
        assert_eq!(identity.vendor.as_deref(), Some("Acme"));
        assert_eq!(identity.model.as_deref(), Some("A-100"));
        assert_eq!(identity.firmware.as_deref(), Some("V2.7"));
    }

    #[test]
    fn one_short_message_only_fits_and_two_are_sure() {
        assert_eq!(recognise(Side::Client, READ), Guess::Fits);
        assert_eq!(recognise(Side::Client, &READ[..7]), Guess::More);
        assert_eq!(recognise(Side::Client, &[READ, READ].concat()), Guess::Sure);
        assert_eq!(recognise(Side::Client, b"GET / HTTP/1.1\r\n"), Guess::No);
        assert_eq!(recognise(Side::Client, &[0x16, 3, 1, 0, 5, 1]), Guess::No);
        let wrong_size = [0, 7, 0, 0, 0, 7, 1, 3, 0, 100, 0, 10, 0];
        assert_eq!(recognise(Side::Client, &wrong_size), Guess::No);
    }
}
