//! EtherNet/IP: the encapsulation that carries CIP (CIP volume 2, chapter 2), over TCP and UDP.
//!
//! Codes of operations: a CIP service by its number; a PCCC command as command times 256 plus
//! function; an encapsulation command as 0x1000 plus its number.

use cordon_model::{App, Object, Operation, Outcome, Verb};

use super::cip::Cip;
use super::cip_identity::{self as identity};
use super::{fixed, introduce, say, words};
use crate::{Datagram, Guess, Out, Reader, Side, Step, StreamDissector};

/// Bytes of the encapsulation header.
const HEADER: usize = 24;
/// Longest message that is waited for; explicit messages over large connections stay under 4 KiB.
const MESSAGE_LIMIT: usize = 8 * 1024;
/// Added to encapsulation commands, so that they do not read as CIP services.
const COMMAND_CODE: u16 = 0x1000;
/// Most items of one message: an address, its data and two socket addresses.
const ITEMS: usize = 8;

const NOP: u16 = 0x00;
const LIST_TARGETS: u16 = 0x01;
const LIST_SERVICES: u16 = 0x04;
const LIST_IDENTITY: u16 = 0x63;
const LIST_INTERFACES: u16 = 0x64;
const REGISTER: u16 = 0x65;
const UNREGISTER: u16 = 0x66;
const SEND_RR_DATA: u16 = 0x6f;
const SEND_UNIT_DATA: u16 = 0x70;
const START_DTLS: u16 = 0xc8;

const ITEM_IDENTITY: u16 = 0x0c;
const ITEM_CONNECTED: u16 = 0xb1;
const ITEM_UNCONNECTED: u16 = 0xb2;
const ITEM_SEQUENCED_ADDRESS: u16 = 0x8002;

/// Judges the start of a stream.
#[must_use]
pub fn recognise(_: Side, data: &[u8]) -> Guess {
    judge(data, false)
}

/// Judges one datagram: an encapsulated message, or implicit I/O, which has no such header.
#[must_use]
pub fn recognise_datagram(datagram: &Datagram<'_>) -> Guess {
    if is_implicit(datagram.payload) {
        return Guess::Fits;
    }
    match judge(datagram.payload, true) {
        Guess::More => Guess::No,
        guess => guess,
    }
}

/// Reads one datagram. Implicit I/O is recognised and says nothing.
pub fn datagram(datagram: &Datagram<'_>, out: &mut Out<'_>) -> bool {
    if is_implicit(datagram.payload) {
        return true;
    }
    let Some(Some(header)) = Header::read(datagram.payload) else { return false };
    let body = datagram.payload.get(HEADER..).unwrap_or_default();
    let body = body.get(..header.length).unwrap_or(body);
    Enip { cip: Cip::new() }.message(&header, body, out);
    true
}

/// A fresh parser of a stream.
#[must_use]
pub fn start() -> Box<dyn StreamDissector> {
    Box::new(Enip { cip: Cip::new() })
}

fn judge(data: &[u8], datagram: bool) -> Guess {
    let header = match Header::read(data) {
        Some(Some(header)) => header,
        Some(None) => return Guess::More,
        None => return Guess::No,
    };
    let body = data.get(HEADER..).unwrap_or_default();
    if datagram && body.len() != header.length {
        return Guess::No;
    }
    let mut reader = Reader::new(body);
    match (header.command, header.length) {
        (REGISTER, 4) => match reader.u32() {
            Some(0x0100_0000) => Guess::Sure,
            Some(_) => Guess::No,
            None => Guess::More,
        },
        (SEND_RR_DATA | SEND_UNIT_DATA, 0) if header.status != 0 => Guess::Fits,
        (SEND_RR_DATA | SEND_UNIT_DATA, 8..) => match (reader.u32_le(), reader.u16()) {
            (Some(0), Some(_)) => match (reader.u16_le(), reader.u16_le()) {
                (Some(count @ 1..=4), Some(0 | 0xa1 | 0x85 | 0xb2)) if count >= 1 => Guess::Sure,
                (Some(_), Some(_)) => Guess::No,
                _ => Guess::More,
            },
            (Some(_), _) => Guess::No,
            _ => Guess::More,
        },
        (LIST_IDENTITY | LIST_SERVICES | LIST_INTERFACES | LIST_TARGETS, 2..) => {
            match (reader.u16_le(), reader.u16_le()) {
                (Some(0), None) | (Some(1..=4), Some(ITEM_IDENTITY | 0x100 | 0x86)) => Guess::Sure,
                (Some(_), Some(_)) => Guess::No,
                _ => Guess::More,
            }
        }
        (LIST_IDENTITY | LIST_SERVICES | LIST_INTERFACES | LIST_TARGETS | UNREGISTER, 0) => {
            Guess::Fits
        }
        // Zeros alone are anybody's.
        (NOP, length) if length != 0 || header.context != 0 => Guess::Fits,
        _ => Guess::No,
    }
}

/// A sequenced address and its data, nothing else: cyclic I/O on UDP.
fn is_implicit(payload: &[u8]) -> bool {
    let mut reader = Reader::new(payload);
    let start = (reader.u16_le(), reader.u16_le(), reader.u16_le());
    start == (Some(2), Some(ITEM_SEQUENCED_ADDRESS), Some(8))
        && reader.skip(8).is_some()
        && reader.u16_le() == Some(ITEM_CONNECTED)
        && reader.u16_le().map(usize::from) == Some(reader.len())
}

struct Enip {
    cip: Cip,
}

impl StreamDissector for Enip {
    fn data(&mut self, _: Side, data: &[u8], out: &mut Out<'_>) -> Step {
        let mut done = 0;
        loop {
            let rest = data.get(done..).unwrap_or_default();
            let header = match Header::read(rest) {
                Some(Some(header)) if header.length <= MESSAGE_LIMIT - HEADER => header,
                Some(None) => return Step::Consumed(done),
                _ if done == 0 => return Step::Lost,
                _ => return Step::Consumed(done),
            };
            if header.command == START_DTLS {
                return Step::Done;
            }
            let size = HEADER + header.length;
            let Some(body) = rest.get(HEADER..size) else { return Step::Consumed(done) };
            self.message(&header, body, out);
            done += size;
        }
    }

    fn window(&self) -> usize {
        MESSAGE_LIMIT
    }
}

impl Enip {
    fn message(&mut self, header: &Header, body: &[u8], out: &mut Out<'_>) {
        match header.command {
            NOP => {}
            SEND_RR_DATA | SEND_UNIT_DATA if header.status == 0 => self.carried(header, body, out),
            command => {
                say(out, header.operation());
                if command == LIST_IDENTITY {
                    self.identities(body, out);
                }
            }
        }
    }

    /// The items of SendRRData and SendUnitData (2-6.2): behind an interface handle and a timeout.
    fn carried(&mut self, header: &Header, body: &[u8], out: &mut Out<'_>) {
        let Some(body) = body.get(6..) else { return };
        for (kind, item) in items(body) {
            match kind {
                ITEM_CONNECTED => {
                    let mut reader = Reader::new(item);
                    let Some(sequence) = reader.u16_le() else { return };
                    let tie = u64::from(header.session) << 17 | 1 << 16 | u64::from(sequence);
                    self.cip.message(tie, reader.rest(), out);
                }
                ITEM_UNCONNECTED => self.cip.message(header.context, item, out),
                _ => {}
            }
        }
    }

    fn identities(&self, body: &[u8], out: &mut Out<'_>) {
        for (kind, item) in items(body) {
            // Protocol version and socket address stand in front.
            if let (ITEM_IDENTITY, Some(object)) = (kind, item.get(18..)) {
                introduce(out, App::Enip, identity::attributes_all(object));
            }
        }
    }
}

/// The header of a message (2-3.1), all little-endian.
struct Header {
    command: u16,
    length: usize,
    session: u32,
    status: u32,
    context: u64,
}

impl Header {
    /// None where it is not one, and none inside where bytes are missing.
    fn read(data: &[u8]) -> Option<Option<Header>> {
        let mut reader = Reader::new(data);
        let Some(command) = reader.u16_le() else { return Some(None) };
        let known = matches!(
            command,
            NOP | LIST_TARGETS | LIST_SERVICES | LIST_IDENTITY
                ..=UNREGISTER | SEND_RR_DATA | SEND_UNIT_DATA | START_DTLS
        );
        if !known {
            return None;
        }
        let (Some(length), Some(session), Some(status)) =
            (reader.u16_le(), reader.u32_le(), reader.u32_le())
        else {
            return Some(None);
        };
        if !matches!(status, 0..=3 | 0x64 | 0x65 | 0x69 | 0x6a) {
            return None;
        }
        let (Some(context), Some(options)) = (reader.u64_le(), reader.u32_le()) else {
            return Some(None);
        };
        if options != 0 || command == NOP && (session, status) != (0, 0) {
            return None;
        }
        Some(Some(Header { command, length: length.into(), session, status, context }))
    }

    fn operation(&self) -> Operation {
        let (verb, name) = match self.command {
            LIST_TARGETS => (Verb::Identify, "list targets"),
            LIST_SERVICES => (Verb::Identify, "list services"),
            LIST_IDENTITY => (Verb::Identify, "list identity"),
            LIST_INTERFACES => (Verb::Identify, "list interfaces"),
            REGISTER => (Verb::Session, "register session"),
            UNREGISTER => (Verb::Session, "unregister session"),
            SEND_RR_DATA => (Verb::Session, "send rr data"),
            SEND_UNIT_DATA => (Verb::Session, "send unit data"),
            _ => (Verb::Session, "start dtls"),
        };
        let outcome = match (self.status, self.command) {
            (1.., _) => Outcome::Refused,
            (_, REGISTER) if self.session != 0 => Outcome::Done,
            (_, LIST_TARGETS | LIST_SERVICES | LIST_IDENTITY | LIST_INTERFACES)
                if self.length != 0 =>
            {
                Outcome::Done
            }
            _ => Outcome::Asked,
        };
        Operation {
            app: App::Enip,
            verb,
            code: COMMAND_CODE | self.command,
            name: fixed(name),
            unit: None,
            object: Object::None,
            value: (self.status != 0).then(|| words(format_args!("status {:#04x}", self.status))),
            outcome,
        }
    }
}

/// The items of the common packet format (2-6).
fn items(body: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut reader = Reader::new(body);
    let count = reader.u16_le().map_or(0, usize::from).min(ITEMS);
    (0..count).map_while(move |_| {
        let (kind, length) = (reader.u16_le()?, reader.u16_le()?);
        Some((kind, reader.take(length.into())?))
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::ot::testing::{identities, operations, run};

    pub fn message(command: u8, session: u8, context: u8, body: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; HEADER];
        bytes[0] = command;
        bytes[2..4].copy_from_slice(&(body.len() as u16).to_le_bytes());
        bytes[4] = session;
        bytes[12] = context;
        bytes.extend_from_slice(body);
        bytes
    }

    /// A CIP message sent without a connection.
    pub fn unconnected(context: u8, cip: &[u8]) -> Vec<u8> {
        let mut body = vec![0, 0, 0, 0, 10, 0, 2, 0, 0, 0, 0, 0, 0xb2, 0, cip.len() as u8, 0];
        body.extend_from_slice(cip);
        message(0x6f, 1, context, &body)
    }

    pub fn identity_object() -> Vec<u8> {
        let mut object = vec![1, 0, 14, 0, 54, 0, 20, 11, 0, 0, 0xef, 0xbe, 0xad, 0xde, 4];
        object.extend_from_slice(b"PLC1");
        object
    }

    #[test]
    fn a_list_identity_answer_names_the_controller() {
        let mut body = vec![1, 0, 0x0c, 0, 0, 0, 1, 0];
        body.extend_from_slice(&[0; 16]);
        body.extend_from_slice(&identity_object());
        body.push(3);
        body[4] = (body.len() - 6) as u8;
        let answer = message(0x63, 0, 0, &body);
        let datagram = Datagram {
            side: Side::Server,
            from_port: 44818,
            to_port: 5000,
            multicast: false,
            payload: &answer,
        };
        assert_eq!(recognise_datagram(&datagram), Guess::Sure);
        let (said, _) = run(&mut *start(), &[(Side::Server, &answer)]);
        let identity = identities(&said)[0];
        assert_eq!(identity.vendor.as_deref(), Some("Rockwell Automation"));
        assert_eq!(identity.product.as_deref(), Some("PLC1"));
        assert_eq!(identity.firmware.as_deref(), Some("20.11"));
        assert_eq!(identity.serial.as_deref(), Some("deadbeef"));
        assert_eq!(identity.kind.as_deref(), Some("programmable logic controller"));
    }

    #[test]
    fn a_session_is_asked_for_and_given() {
        let segments = [
            (Side::Client, message(0x65, 0, 0, &[1, 0, 0, 0])),
            (Side::Server, message(0x65, 9, 0, &[1, 0, 0, 0])),
        ];
        assert_eq!(recognise(Side::Client, &segments[0].1), Guess::Sure);
        let segments: Vec<_> = segments.iter().map(|(side, bytes)| (*side, &bytes[..])).collect();
        let (said, _) = run(&mut *start(), &segments);
        let outcomes: Vec<_> = operations(&said).iter().map(|said| said.outcome).collect();
        assert_eq!(outcomes, [Outcome::Asked, Outcome::Done]);
    }

    #[test]
    fn a_datagram_of_zeros_and_other_lengths_are_not_taken() {
        let judge = |payload: &[u8]| {
            recognise_datagram(&Datagram {
                side: Side::Client,
                from_port: 1,
                to_port: 2,
                multicast: false,
                payload,
            })
        };
        assert_eq!(judge(&message(0x63, 0, 0, &[])), Guess::Fits);
        assert_eq!(judge(&message(0x63, 0, 0, &[])[..23]), Guess::No);
        assert_eq!(judge(&[0; HEADER]), Guess::No);
        assert_eq!(judge(b"M-SEARCH * HTTP/1.1\r\n"), Guess::No);
    }

    #[test]
    fn implicit_io_is_known_by_its_exact_shape() {
        let mut payload = vec![2, 0, 2, 0x80, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0xb1, 0, 4, 0];
        payload.extend_from_slice(&[0; 4]);
        assert!(is_implicit(&payload));
        payload.push(0);
        assert!(!is_implicit(&payload));
    }
}
