//! BACnet/IP (ASHRAE 135): BVLC (annex J), network layer (clause 6), application PDUs (clause 20.1).
//!
//! Codes of operations: a confirmed service by its number, an unconfirmed service as 0x100 plus
//! its number, a network message as 0x2000 plus its type, a BVLC function as 0x1000 plus its
//! number, and 0x200 plus the PDU type for a rejection whose request was not seen.

use cordon_model::{App, Object, Operation, Outcome, Text, Verb};

use super::bacnet_names as names;
use super::bacnet_service::{self as service, Told};
use super::bacnet_tag::{Tag, Value};
use super::{Asked, Recent, fixed, introduce, say, words};
use crate::{Datagram, DatagramDissector, Guess, Out, Reader, Step};

/// First byte of every message over IPv4.
const BACNET_IP: u8 = 0x81;
/// Requests kept per flow.
const PENDING: usize = 8;

const UNCONFIRMED: u16 = 0x100;
const REJECTION: u16 = 0x200;
const LINK: u16 = 0x1000;
const NETWORK: u16 = 0x2000;

/// Judges one datagram.
#[must_use]
pub fn recognise(datagram: &Datagram<'_>) -> Guess {
    let Some((message, length)) = Message::read(datagram.payload) else { return Guess::No };
    match (message, datagram.payload.len() == length) {
        (Message::Npdu(npdu), exact) => match npdu.first() {
            Some(1) if exact => Guess::Sure,
            // A payload cut by the capture, or padded by an old stack.
            Some(1) => Guess::Fits,
            _ => Guess::No,
        },
        (Message::Link(..), true) => Guess::Fits,
        (Message::Link(..), false) => Guess::No,
    }
}

/// A fresh parser.
#[must_use]
pub fn start() -> Box<dyn DatagramDissector> {
    Box::new(Bacnet { asked: Recent::new() })
}

struct Bacnet {
    asked: Recent<u8, (Asked, Option<u32>), PENDING>,
}

impl DatagramDissector for Bacnet {
    fn datagram(&mut self, datagram: &Datagram<'_>, out: &mut Out<'_>) -> Step {
        match Message::read(datagram.payload) {
            Some((Message::Npdu(npdu), _)) => {
                let _ = self.network(npdu, out);
            }
            Some((Message::Link(function, body), _)) => link(function, body, out),
            None => return Step::Lost,
        }
        Step::Consumed(datagram.payload.len())
    }
}

/// What a BVLC message carries.
enum Message<'a> {
    Npdu(&'a [u8]),
    Link(u8, &'a [u8]),
}

impl Message<'_> {
    /// The message and the length that it claims.
    fn read(bytes: &[u8]) -> Option<(Message<'_>, usize)> {
        let mut reader = Reader::new(bytes);
        let [BACNET_IP, function] = reader.array()? else { return None };
        let length = usize::from(reader.u16()?);
        let body = bytes.get(4..length).unwrap_or(reader.rest());
        let message = match function {
            // Forwarded: the address of the sender stands in front.
            0x04 if length > 11 => Message::Npdu(body.get(6..)?),
            0x09..=0x0b if length > 5 => Message::Npdu(body),
            0x00 if length == 6 => Message::Link(function, body),
            0x01 | 0x03 | 0x07 if length >= 4 && (length - 4).is_multiple_of(10) => {
                Message::Link(function, body)
            }
            0x02 | 0x06 if length == 4 => Message::Link(function, body),
            0x05 if length == 6 => Message::Link(function, body),
            0x08 if length == 10 => Message::Link(function, body),
            _ => return None,
        };
        Some((message, length))
    }
}

/// Messages between BACnet/IP broadcast managers and foreign devices.
fn link(function: u8, body: &[u8], out: &mut Out<'_>) {
    use Outcome::{Asked, Done, Refused};
    let result = Reader::new(body).u16().unwrap_or(0);
    let (verb, name, outcome) = match function {
        0x00 if result != 0 => (Verb::Session, "bvlc result", Refused),
        0x00 => (Verb::Session, "bvlc result", Done),
        0x01 => (Verb::Configure, "write broadcast distribution table", Asked),
        0x02 => (Verb::Diagnose, "read broadcast distribution table", Asked),
        0x03 => (Verb::Diagnose, "read broadcast distribution table", Done),
        0x05 => (Verb::Session, "register foreign device", Asked),
        0x06 => (Verb::Diagnose, "read foreign device table", Asked),
        0x07 => (Verb::Diagnose, "read foreign device table", Done),
        _ => (Verb::Configure, "delete foreign device table entry", Asked),
    };
    say(out, plain(verb, LINK | u16::from(function), fixed(name), outcome));
}

impl Bacnet {
    /// The network layer: version, control, addresses of a routed message, then either a message
    /// of the routers or an application PDU.
    fn network(&mut self, npdu: &[u8], out: &mut Out<'_>) -> Option<()> {
        let mut reader = Reader::new(npdu);
        let [1, control] = reader.array()? else { return None };
        let routed_to = control & 0x20 != 0;
        if routed_to {
            reader.skip(2)?;
            let length = reader.u8()?;
            reader.skip(length.into())?;
        }
        if control & 0x08 != 0 {
            reader.skip(2)?;
            let length = reader.u8()?;
            reader.skip(length.into())?;
        }
        if routed_to {
            reader.skip(1)?;
        }
        if control & 0x80 != 0 {
            let message = reader.u8()?;
            let (verb, name, outcome) = names::network_message(message);
            say(out, plain(verb, NETWORK | u16::from(message), name, outcome));
            return Some(());
        }
        self.application(reader, out)
    }

    fn application(&mut self, mut reader: Reader<'_>, out: &mut Out<'_>) -> Option<()> {
        let first = reader.u8()?;
        let segmented = first & 0x08 != 0;
        match first >> 4 {
            0 => {
                let (_, invoke) = (reader.u8()?, reader.u8()?);
                if is_later_segment(segmented, &mut reader)? {
                    return Some(());
                }
                self.request(invoke, reader.u8()?, reader.rest(), out);
            }
            1 => unconfirmed(reader.u8()?, reader.rest(), out),
            2 => {
                let (invoke, service) = (reader.u8()?, reader.u8()?);
                let (mut operation, _) = self.answered(invoke, service);
                operation.outcome = answer_outcome(service);
                say(out, operation);
            }
            3 => {
                let invoke = reader.u8()?;
                if is_later_segment(segmented, &mut reader)? {
                    return Some(());
                }
                let service = reader.u8()?;
                self.complex_ack(invoke, service, reader.rest(), out);
            }
            5 => {
                let (invoke, service) = (reader.u8()?, reader.u8()?);
                let (mut operation, _) = self.answered(invoke, service);
                operation.value = error(reader.rest());
                say(out, refused(operation));
            }
            kind @ (6 | 7) => {
                let (invoke, reason) = (reader.u8()?, reader.u8()?);
                let code = REJECTION | u16::from(kind);
                let (word, why) = match kind {
                    6 => ("reject", names::reject_reason(reason)),
                    _ => ("abort", names::abort_reason(reason)),
                };
                let mut operation = match self.asked.take(&invoke) {
                    Some((asked, unit)) => asked.answered(App::Bacnet, unit, Outcome::Refused),
                    None => plain(Verb::Session, code, fixed(word), Outcome::Refused),
                };
                operation.value = Some(words(format_args!("{word}: {why}")));
                say(out, operation);
            }
            // Acknowledgement of a segment.
            _ => {}
        }
        Some(())
    }

    fn request(&mut self, invoke: u8, number: u8, parameters: &[u8], out: &mut Out<'_>) {
        let (verb, name) = names::confirmed(number);
        let told = service::request(number, parameters, out);
        let outcome = if is_notification(number) { Outcome::Done } else { Outcome::Asked };
        let mut kept = None;
        for Told { object, value, verb: own } in told {
            let verb = own.unwrap_or(verb);
            let unit = device_instance(&object);
            let asked = Asked { verb, code: number.into(), name: name.clone(), object };
            kept.get_or_insert_with(|| (asked.clone(), unit));
            let mut operation = asked.answered(App::Bacnet, unit, outcome);
            operation.value = value;
            say(out, operation);
        }
        if let Some(kept) = kept {
            self.asked.put(invoke, kept);
        }
    }

    fn complex_ack(&mut self, invoke: u8, number: u8, parameters: &[u8], out: &mut Out<'_>) {
        let (mut operation, known) = self.answered(invoke, number);
        let answer = service::answer(number, parameters);
        if !known {
            operation.object = answer.object;
            operation.unit = device_instance(&operation.object);
        }
        operation.outcome = Outcome::Done;
        say(out, operation);
        if let Some(identity) = answer.identity {
            introduce(out, App::Bacnet, *identity);
        }
    }

    /// The operation that an answer completes, and whether its request was seen.
    fn answered(&mut self, invoke: u8, number: u8) -> (Operation, bool) {
        match self.asked.take(&invoke).filter(|(asked, _)| asked.code == u16::from(number)) {
            Some((asked, unit)) => (asked.answered(App::Bacnet, unit, Outcome::Done), true),
            None => {
                let (verb, name) = names::confirmed(number);
                (plain(verb, number.into(), name, Outcome::Done), false)
            }
        }
    }
}

fn unconfirmed(number: u8, parameters: &[u8], out: &mut Out<'_>) {
    let (verb, name, outcome) = names::unconfirmed(number);
    let told = service::unconfirmed(number, parameters);
    let operation = Operation {
        app: App::Bacnet,
        verb,
        code: UNCONFIRMED | u16::from(number),
        name,
        unit: device_instance(&told.object),
        object: told.object,
        value: told.value,
        outcome,
    };
    say(out, operation);
    if let Some(identity) = told.identity {
        introduce(out, App::Bacnet, *identity);
    }
}

/// Reads sequence number and window of a segment; only the first segment is decoded.
fn is_later_segment(segmented: bool, reader: &mut Reader<'_>) -> Option<bool> {
    if !segmented {
        return Some(false);
    }
    let (sequence, _window) = (reader.u8()?, reader.u8()?);
    Some(sequence != 0)
}

/// Notifications run from the device that was subscribed to, against the direction of the act.
const fn is_notification(service: u8) -> bool {
    matches!(service, 1 | 2 | 31 | 32)
}

fn answer_outcome(service: u8) -> Outcome {
    if is_notification(service) { Outcome::Asked } else { Outcome::Done }
}

/// Error class and code, at times inside an opening tag.
fn error(parameters: &[u8]) -> Option<Text> {
    let mut reader = Reader::new(parameters);
    let mut number = || loop {
        match Tag::read(&mut reader)?.value {
            Value::Primitive(bytes) => return super::bacnet_tag::unsigned(bytes),
            Value::Opening => {}
            Value::Closing => return None,
        }
    };
    let (class, code) = (number()?, number()?);
    Some(names::error(class, code))
}

fn refused(operation: Operation) -> Operation {
    Operation { outcome: Outcome::Refused, ..operation }
}

fn device_instance(object: &Object) -> Option<u32> {
    match object {
        Object::Instance { class, instance, .. } if class == names::DEVICE_NAME => Some(*instance),
        _ => None,
    }
}

fn plain(verb: Verb, code: u16, name: Text, outcome: Outcome) -> Operation {
    let (unit, object, value) = (None, Object::None, None);
    Operation { app: App::Bacnet, verb, code, name, unit, object, value, outcome }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::ot::testing::{identities, operations};
    use cordon_model::{Said, SecretKey};

    fn datagram(payload: &[u8]) -> Datagram<'_> {
        Datagram { side: Side::Client, from_port: 1, to_port: 2, multicast: false, payload }
    }

    fn message(apdu: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x81, 0x0a, 0, (apdu.len() + 6) as u8, 1, 0];
        bytes.extend_from_slice(apdu);
        bytes
    }

    fn exchange(apdus: &[&[u8]]) -> Vec<Said> {
        let key = SecretKey::new([1; 32]);
        let mut said = Vec::new();
        let mut dissector = start();
        for apdu in apdus {
            dissector.datagram(&datagram(&message(apdu)), &mut Out::new(&key, &mut said));
        }
        said
    }

    #[test]
    fn only_a_message_of_the_claimed_length_is_sure() {
        let who_is = message(&[0x10, 8]);
        assert_eq!(recognise(&datagram(&who_is)), Guess::Sure);
        assert_eq!(recognise(&datagram(&who_is[..7])), Guess::Fits);
        assert_eq!(recognise(&datagram(&[0x81, 0x0a, 0, 8, 2, 0, 0, 0])), Guess::No);
        assert_eq!(recognise(&datagram(&[0x81])), Guess::No);
    }

    #[test]
    fn i_am_gives_instance_and_vendor() {
        let said = exchange(&[&[0x10, 0, 0xc4, 2, 0, 0, 101, 0x22, 5, 0xc4, 0x91, 0, 0x21, 5]]);
        let operation = operations(&said)[0];
        assert_eq!((operation.unit, operation.verb), (Some(101), Verb::Identify));
        let identity = identities(&said)[0];
        assert_eq!(identity.instance, Some(101));
        assert_eq!(identity.vendor.as_deref(), Some("Johnson Controls"));
    }

    #[test]
    fn a_property_answer_names_the_device() {
        let ask = [0, 5, 1, 12, 0x0c, 2, 0, 0, 7, 0x19, 70];
        let mut answer = vec![0x30, 1, 12, 0x0c, 2, 0, 0, 7, 0x19, 70, 0x3e, 0x75, 5, 0];
        answer.extend_from_slice(b"X-12");
        answer.push(0x3f);
        let said = exchange(&[&ask, &answer]);
        assert_eq!(operations(&said)[1].object.to_string(), "device 7 model-name");
        assert_eq!(operations(&said)[1].unit, Some(7));
        assert_eq!(identities(&said)[0].model.as_deref(), Some("X-12"));
    }

    #[test]
    fn several_properties_of_a_device_make_one_identity() {
        let mut answer = vec![0x30, 1, 14, 0x0c, 2, 0, 0, 7, 0x1e];
        for (property, text) in [(121, "Acme"), (44, "1.2")] {
            answer.extend_from_slice(&[0x29, property, 0x4e, 0x75, text.len() as u8 + 1, 0]);
            answer.extend_from_slice(text.as_bytes());
            answer.push(0x4f);
        }
        answer.extend_from_slice(&[0x29, 58, 0x5e, 0x91, 2, 0x91, 32, 0x5f, 0x1f]);
        let said = exchange(&[&answer]);
        let identity = identities(&said)[0];
        assert_eq!(identity.vendor.as_deref(), Some("Acme"));
        assert_eq!(identity.firmware.as_deref(), Some("1.2"));
        assert_eq!((identity.instance, &identity.location), (Some(7), &None));
    }

    #[test]
    fn a_write_says_value_and_priority_and_its_error_why_not() {
        let write = [
            0, 5, 9, 15, 0x0c, 0, 0x40, 0, 3, 0x19, 85, 0x3e, 0x44, 0x42, 0x28, 0, 0, 0x3f, 0x49, 8,
        ];
        let said = exchange(&[&write, &[0x50, 9, 15, 0x91, 2, 0x91, 40]]);
        let said = operations(&said);
        assert_eq!(said[0].object.to_string(), "analog-output 3 present-value");
        assert_eq!(said[0].value.as_deref(), Some("42, priority 8"));
        assert_eq!(said[1].outcome, Outcome::Refused);
        assert_eq!(said[1].value.as_deref(), Some("property: write-access-denied"));
        assert_eq!(said[1].object, said[0].object);
    }

    #[test]
    fn a_password_for_a_restart_is_kept_only_as_a_hash() {
        let restart = [0, 5, 9, 20, 0x09, 0, 0x1d, 4, 0, b'a', b'b', b'c'];
        let said = exchange(&[&restart]);
        let expected = SecretKey::new([1; 32]).digest(b"", b"abc");
        assert!(said.iter().any(
            |said| matches!(said, Said::Credential(credential) if credential.digest == expected)
        ));
        assert_eq!(operations(&said)[0].verb, Verb::Restart);
        assert_eq!(operations(&said)[0].value.as_deref(), Some("coldstart"));
    }

    #[test]
    fn silencing_is_told_from_letting_speak_again() {
        let said = exchange(&[&[0, 5, 1, 17, 0x19, 1], &[0, 5, 2, 17, 0x19, 0]]);
        let verbs: Vec<_> = operations(&said).iter().map(|said| said.verb).collect();
        assert_eq!(verbs, [Verb::DisableComms, Verb::Configure]);
    }

    #[test]
    fn a_routed_message_is_read_behind_its_addresses() {
        let apdu = [0x10, 8];
        let mut bytes = vec![0x81, 0x0b, 0, 0, 1, 0x28, 0xff, 0xff, 0, 0, 9, 1, 5, 255];
        bytes.extend_from_slice(&apdu);
        bytes[3] = bytes.len() as u8;
        let key = SecretKey::new([1; 32]);
        let mut said = Vec::new();
        start().datagram(&datagram(&bytes), &mut Out::new(&key, &mut said));
        assert_eq!(operations(&said)[0].name, "who-is");
    }

    #[test]
    fn only_the_first_segment_is_read() {
        let said = exchange(&[&[0x38, 1, 1, 4, 14, 0x0c, 2, 0, 0, 7]]);
        assert!(said.is_empty());
    }
}
