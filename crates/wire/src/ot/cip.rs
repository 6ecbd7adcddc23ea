//! CIP: the messages to objects that EtherNet/IP carries (CIP volume 1, chapters 2 and 3, and
//! appendix C for paths), and PCCC inside of it.

use cordon_model::{App, Object, Operation, Outcome, Text, Verb};

use super::cip_names::{act, class_name, status_name};
use super::cip_pccc as pccc;
use super::{Asked, NAME_LIMIT, Recent, cip_identity as identity, hex, introduce, say, words};
use crate::dissect::text;
use crate::{Out, Reader};

/// Requests kept per flow.
const PENDING: usize = 8;
/// Most services of a multiple service packet that are said.
const SERVICES: usize = 32;
/// Most segments of a path; real paths have up to six.
const SEGMENTS: usize = 16;

const CONNECTION_MANAGER: u32 = 0x06;
const PCCC: u32 = 0x67;
const MULTIPLE: u8 = 0x0a;
const UNCONNECTED_SEND: u8 = 0x52;
const EXECUTE_PCCC: u8 = 0x4b;
const REPLY: u8 = 0x80;

/// Ties the answers of one flow to its requests.
pub struct Cip {
    asked: Recent<u64, Pending, PENDING>,
}

struct Pending {
    asked: Asked,
    unit: Option<u32>,
    service: u8,
    path: (Option<u32>, Option<u32>),
}

impl Cip {
    /// Nothing asked yet.
    pub const fn new() -> Self {
        Cip { asked: Recent::new() }
    }

    /// Reads one message; `tie` is what its answer will have in common with it.
    pub fn message(&mut self, tie: u64, bytes: &[u8], out: &mut Out<'_>) {
        match bytes.first() {
            Some(service) if service & REPLY != 0 => self.answer(tie, bytes, out),
            Some(_) => self.request(tie, bytes, out),
            None => {}
        }
    }

    fn request(&mut self, tie: u64, bytes: &[u8], out: &mut Out<'_>) {
        let Some(mut request) = Request::read(bytes) else { return };
        let mut unit = None;
        if request.is(UNCONNECTED_SEND, CONNECTION_MANAGER)
            && let Some((inner, route)) = request.sent_on()
        {
            (request, unit) = (inner, route);
        }
        if request.service == MULTIPLE && request.path.class == Some(2) {
            for inner in packed(request.data) {
                if let Some(inner) = Request::read(inner) {
                    say(out, inner.operation(unit));
                }
            }
        } else {
            say(out, request.operation(unit));
        }
        let Operation { verb, code, name, object, .. } = request.operation(unit);
        let path = (request.path.class, request.path.attribute);
        let asked = Asked { verb, code, name, object };
        self.asked.put(tie, Pending { asked, unit, service: request.service, path });
    }

    fn answer(&mut self, tie: u64, bytes: &[u8], out: &mut Out<'_>) {
        let Some(reply) = Reply::read(bytes) else { return };
        let pending = self.asked.take(&tie);
        // A router that cannot reach the target answers for it, with the service of the envelope.
        let pending = pending.filter(|pending| {
            pending.service == reply.service || reply.service == UNCONNECTED_SEND
        });
        if reply.service == MULTIPLE && reply.status != 0x08 && !reply.data.is_empty() {
            let unit = pending.and_then(|pending| pending.unit);
            for inner in packed(reply.data).filter_map(Reply::read) {
                say(out, inner.unasked().answered_with(unit, &inner));
            }
            return;
        }
        let Some(Pending { asked, unit, path, .. }) = pending else {
            say(out, reply.unasked().answered_with(None, &reply));
            return;
        };
        let pccc_reply = if path.0 == Some(PCCC) { pccc::reply(reply.data) } else { None };
        let identifies = asked.verb == Verb::Identify;
        let mut operation = asked.answered_with(unit, &reply);
        if let Some(answer) = &pccc_reply
            && answer.status != 0
        {
            operation.outcome = Outcome::Refused;
            operation.value = Some(words(format_args!("pccc status {:#04x}", answer.status)));
        }
        say(out, operation);
        if reply.status == 0 && path.0 == Some(1) {
            introduce(out, App::Enip, identity::answer(reply.service, path.1, reply.data));
        } else if let Some(answer) = pccc_reply.filter(|answer| identifies && answer.status == 0) {
            introduce(out, App::Enip, pccc::identity(answer.data));
        }
    }
}

impl Asked {
    fn answered_with(self, unit: Option<u32>, reply: &Reply<'_>) -> Operation {
        // Status 6 is "more to come".
        let refused = !matches!(reply.status, 0 | 6);
        let outcome = if refused { Outcome::Refused } else { Outcome::Done };
        let mut operation = self.answered(App::Enip, unit, outcome);
        if refused {
            operation.value = Some(status_name(reply.status));
        }
        operation
    }
}

/// A request: service, path, data.
struct Request<'a> {
    service: u8,
    path: Path,
    data: &'a [u8],
}

impl<'a> Request<'a> {
    fn read(bytes: &'a [u8]) -> Option<Request<'a>> {
        let mut reader = Reader::new(bytes);
        let (service, words) = (reader.u8()?, reader.u8()?);
        let path = Path::read(reader.take(2 * usize::from(words))?);
        Some(Request { service, path, data: reader.rest() })
    }

    fn is(&self, service: u8, class: u32) -> bool {
        self.service == service && self.path.class == Some(class)
    }

    /// The message inside an Unconnected Send (3-5.5.4), and the link that it is sent on to.
    fn sent_on(&self) -> Option<(Request<'a>, Option<u32>)> {
        let mut reader = Reader::new(self.data);
        reader.skip(2)?;
        let size = usize::from(reader.u16_le()?);
        let message = reader.take(size)?;
        reader.skip(size % 2)?;
        let route = reader.u8().zip(reader.u8()).map(|_| reader.rest());
        let link = route.and_then(|route| Path::read(route).link);
        Some((Request::read(message)?, link))
    }

    fn operation(&self, unit: Option<u32>) -> Operation {
        if self.is(EXECUTE_PCCC, PCCC)
            && let Some(operation) = pccc::request(self.data, unit)
        {
            return operation;
        }
        let named = self.path.symbol.is_some();
        let (verb, name) = act(self.service, self.path.class, named);
        Operation {
            app: App::Enip,
            verb,
            code: self.service.into(),
            name,
            unit,
            object: self.path.object(),
            value: if verb.changes() { self.value() } else { None },
            outcome: Outcome::Asked,
        }
    }

    fn value(&self) -> Option<Text> {
        match self.service {
            0x10 => hex(self.data),
            // Attribute list: count, then number and value; of one attribute that is plain.
            0x04 => match self.data {
                [1, 0, low, high, value @ ..] => {
                    let attribute = u16::from_le_bytes([*low, *high]);
                    let value = hex(value).unwrap_or_default();
                    Some(words(format_args!("attribute {attribute} {value}")))
                }
                _ => None,
            },
            0x4d if self.path.symbol.is_some() => tag_value(self.data),
            _ => None,
        }
    }
}

/// The value of a Write Tag of one elementary element.
fn tag_value(data: &[u8]) -> Option<Text> {
    let mut reader = Reader::new(data);
    let (kind, count) = (reader.u16_le()?, reader.u16_le()?);
    if count != 1 {
        return Some(words(format_args!("{count} elements")));
    }
    Some(match kind {
        0xc1 => words(format_args!("{}", reader.u8()? != 0)),
        0xc2 => words(format_args!("{}", reader.u8()?.cast_signed())),
        0xc3 => words(format_args!("{}", reader.u16_le()?.cast_signed())),
        0xc4 => words(format_args!("{}", reader.u32_le()?.cast_signed())),
        0xca => words(format_args!("{}", f32::from_bits(reader.u32_le()?))),
        _ => return hex(reader.rest()),
    })
}

/// A reply: service, status, data.
struct Reply<'a> {
    service: u8,
    status: u8,
    data: &'a [u8],
}

impl<'a> Reply<'a> {
    fn read(bytes: &'a [u8]) -> Option<Reply<'a>> {
        let mut reader = Reader::new(bytes);
        let [service, _, status, extra] = reader.array()?;
        reader.skip(2 * usize::from(extra))?;
        (service & REPLY != 0).then(|| Reply {
            service: service & !REPLY,
            status,
            data: reader.rest(),
        })
    }

    fn unasked(&self) -> Asked {
        let (verb, name) = act(self.service, None, false);
        Asked { verb, code: self.service.into(), name, object: Object::None }
    }
}

/// The messages of a multiple service packet: a count and the offset of each.
fn packed(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut reader = Reader::new(data);
    let count = reader.u16_le().map_or(0, usize::from).min(SERVICES);
    (0..count).map_while(move |_| {
        let from = usize::from(reader.u16_le()?);
        let to = Reader::new(reader.rest()).u16_le().map_or(data.len(), usize::from);
        // Behind the last offset stands the first message, whose bytes are no offset.
        data.get(from..to).or_else(|| data.get(from..))
    })
}

/// Where a message goes.
#[derive(Default)]
struct Path {
    class: Option<u32>,
    instance: Option<u32>,
    attribute: Option<u32>,
    symbol: Option<Text>,
    /// Link address behind a port: the slot of a module.
    link: Option<u32>,
}

impl Path {
    /// Reads as many segments as are in order. Where a path names a class within another, the
    /// last one is the target.
    fn read(bytes: &[u8]) -> Path {
        let mut path = Path::default();
        let mut reader = Reader::new(bytes);
        for _ in 0..SEGMENTS {
            if path.segment(&mut reader).is_none() {
                break;
            }
        }
        path
    }

    fn segment(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        let kind = reader.u8()?;
        match kind {
            // Port segment: link address of one byte, or of as many as the next byte says.
            0x01..=0x0e => self.link = Some(reader.u8()?.into()),
            0x11..=0x1e => {
                let size = usize::from(reader.u8()?);
                reader.skip(size + size % 2)?;
            }
            0x20..=0x33 => {
                let value = match kind & 3 {
                    0 => reader.u8()?.into(),
                    1 => reader.skip(1).and_then(|()| reader.u16_le())?.into(),
                    2 => reader.skip(1).and_then(|()| reader.u32_le())?,
                    _ => return None,
                };
                match kind & 0x1c {
                    0x00 => self.class = Some(value),
                    0x04 if self.symbol.is_none() => self.instance = Some(value),
                    0x10 => self.attribute = Some(value),
                    _ => {}
                }
            }
            // Electronic key.
            0x34 => reader.skip(9)?,
            // Production inhibit time and other network segments of one byte.
            0x41..=0x4f => reader.skip(1)?,
            0x91 => {
                let size = usize::from(reader.u8()?);
                let part = text(reader.take(size)?, NAME_LIMIT);
                reader.skip(size % 2)?;
                self.symbol = Some(match self.symbol.take() {
                    Some(whole) if whole.len() + part.len() < NAME_LIMIT => {
                        words(format_args!("{whole}.{part}"))
                    }
                    Some(whole) => whole,
                    None => part,
                });
            }
            _ => return None,
        }
        Some(())
    }

    fn object(&self) -> Object {
        match (&self.symbol, self.class) {
            (Some(symbol), _) => Object::Name(symbol.clone()),
            (None, Some(class)) => Object::Instance {
                class: class_name(class),
                instance: self.instance.unwrap_or(0),
                property: self.attribute.map(|number| words(format_args!("attribute {number}"))),
            },
            (None, None) => Object::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::enip::{
        start,
        tests::{identity_object, unconnected},
    };
    use super::*;
    use crate::Side;
    use crate::ot::testing::{identities, operations, run};

    fn exchange(messages: &[(Side, &[u8])]) -> Vec<cordon_model::Said> {
        let sent: Vec<_> =
            messages.iter().map(|(side, cip)| (*side, unconnected(7, cip))).collect();
        let segments: Vec<_> = sent.iter().map(|(side, bytes)| (*side, &bytes[..])).collect();
        run(&mut *start(), &segments).0
    }

    #[test]
    fn start_stop_reset_and_firmware_have_their_own_verbs() {
        let said = exchange(&[
            (Side::Client, &[7, 2, 0x20, 0x8e, 0x24, 1]),
            (Side::Client, &[6, 2, 0x20, 0x8e, 0x24, 1]),
            (Side::Client, &[5, 2, 0x20, 1, 0x24, 1, 0]),
            (Side::Client, &[0x4d, 2, 0x20, 0xa1, 0x24, 1, 0, 0]),
            (Side::Client, &[4, 2, 0x20, 0x8b, 0x24, 1, 1, 0, 6, 0, 1, 2]),
            (Side::Client, &[0x10, 3, 0x20, 0xf5, 0x24, 1, 0x30, 5, 10, 0, 0, 1]),
        ]);
        let verbs: Vec<_> = operations(&said).iter().map(|said| said.verb).collect();
        assert_eq!(
            verbs,
            [
                Verb::Stop,
                Verb::Start,
                Verb::Restart,
                Verb::Firmware,
                Verb::SetTime,
                Verb::Configure
            ]
        );
    }

    #[test]
    fn a_message_sent_on_is_known_by_its_inside_and_its_slot() {
        let inner = [1, 2, 0x20, 1, 0x24, 1];
        let outer =
            [&[0x52, 2, 0x20, 6, 0x24, 1, 10, 10, 6, 0][..], &inner, &[1, 0, 1, 3]].concat();
        let answer = [&[0x81, 0, 0, 0][..], &identity_object()].concat();
        let said = exchange(&[(Side::Client, &outer), (Side::Server, &answer)]);
        let operation = operations(&said)[0];
        assert_eq!((operation.verb, operation.unit), (Verb::Identify, Some(3)));
        assert_eq!(identities(&said)[0].product.as_deref(), Some("PLC1"));
        let refused = exchange(&[(Side::Client, &outer), (Side::Server, &[0xd2, 0, 1, 0])]);
        let refused = operations(&refused)[1];
        assert_eq!(refused.outcome, Outcome::Refused);
        assert_eq!(refused.value.as_deref(), Some("connection failure"));
    }

    #[test]
    fn a_tag_is_named_with_its_members_and_value() {
        let mut write =
            vec![0x4d, 6, 0x91, 4, b'T', b'a', b'n', b'k', 0x91, 3, b'S', b'e', b't', 0];
        write[1] = 6;
        write.extend_from_slice(&[0xc4, 0, 1, 0, 0xfe, 0xff, 0xff, 0xff]);
        let said = exchange(&[(Side::Client, &write), (Side::Server, &[0xcd, 0, 0, 0])]);
        let said = operations(&said);
        assert_eq!(said[0].object, Object::Name("Tank.Set".into()));
        assert_eq!(said[0].value.as_deref(), Some("-2"));
        assert_eq!((said[1].outcome, said[1].verb), (Outcome::Done, Verb::Write));
        assert_eq!(said[1].object, said[0].object);
    }

    #[test]
    fn a_packet_of_several_services_is_opened_once_and_no_deeper() {
        let inner = [0x0a, 2, 0x20, 2, 0x24, 1, 1, 0, 4, 0, 7, 0];
        let outer = [
            &[0x0a, 2, 0x20, 2, 0x24, 1, 2, 0, 6, 0, 18, 0][..],
            &inner,
            &[0x0e, 3, 0x20, 1, 0x24, 1, 0x30, 7],
        ]
        .concat();
        let said = exchange(&[(Side::Client, &outer)]);
        let codes: Vec<_> = operations(&said).iter().map(|said| said.code).collect();
        assert_eq!(codes, [0x0a, 0x0e]);
    }

    #[test]
    fn pccc_mode_change_is_a_stop_and_a_typed_write_names_its_file() {
        let head = [0x4b, 2, 0x20, 0x67, 0x24, 1, 7, 1, 0, 1, 2, 3, 4];
        let program = [&head[..], &[0x0f, 0, 1, 0, 0x80, 1]].concat();
        let write = [&head[..], &[0x0f, 0, 2, 0, 0xaa, 2, 7, 0x89, 3, 0, 5, 0]].concat();
        let said = exchange(&[(Side::Client, &program), (Side::Client, &write)]);
        let said = operations(&said);
        assert_eq!((said[0].verb, said[0].code), (Verb::Stop, 0x0f80));
        assert_eq!(said[1].object.to_string(), "N7 3");
        assert_eq!(said[1].value.as_deref(), Some("0x0500"));
    }
}
