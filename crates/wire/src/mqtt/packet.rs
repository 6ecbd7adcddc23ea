//! Control packets of MQTT 3.1, 3.1.1 and 5 (OASIS standards; fixed header 2.1, 2.2).

use cordon_model::{Scheme, Text, fact::Mqtt};

use crate::{Guess, Out, Reader, dissect::text};

/// The longest text that is kept, in characters.
const MAX_TEXT: usize = 256;
/// Topic filters that are kept of one SUBSCRIBE.
const MAX_FILTERS: usize = 16;
/// The level of MQTT 5.
pub const LEVEL_5: u8 = 5;

/// Packet types (2.1.2 of version 5).
pub mod kind {
    pub const CONNECT: u8 = 1;
    pub const CONNACK: u8 = 2;
    pub const PUBLISH: u8 = 3;
    pub const SUBSCRIBE: u8 = 8;
    pub const SUBACK: u8 = 9;
    pub const UNSUBSCRIBE: u8 = 10;
    pub const UNSUBACK: u8 = 11;
    pub const PINGREQ: u8 = 12;
    pub const PINGRESP: u8 = 13;
    pub const DISCONNECT: u8 = 14;
    pub const AUTH: u8 = 15;
}

/// The fixed header of a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// Packet type.
    pub kind: u8,
    /// Flags.
    pub flags: u8,
    /// Length of the packet behind this header.
    pub length: usize,
}

/// What came of reading a fixed header.
#[derive(Debug)]
pub enum Read {
    /// A header.
    Header(Header),
    /// More bytes are needed.
    More,
    /// A length of more than four bytes.
    Bad,
}

impl Header {
    /// Reads the header at the front.
    pub fn read(reader: &mut Reader<'_>) -> Read {
        let mut ahead = *reader;
        let Some(first) = ahead.u8() else { return Read::More };
        match variable(&mut ahead) {
            Some(length) => {
                *reader = ahead;
                Read::Header(Header { kind: first >> 4, flags: first & 0x0f, length })
            }
            None if ahead.len() >= 4 => Read::Bad,
            None => Read::More,
        }
    }

    /// How well a whole packet, of which `body` is here, keeps the rules of its type.
    #[must_use]
    pub fn judge(&self, body: &[u8]) -> Guess {
        let whole = body.len() >= self.length;
        let mut reader = Reader::new(body.get(..self.length).unwrap_or(body));
        let flags_fit = match self.kind {
            kind::PUBLISH => self.flags >> 1 & 3 != 3,
            6 | kind::SUBSCRIBE | kind::UNSUBSCRIBE => self.flags == 2,
            _ => self.flags == 0,
        };
        if !flags_fit {
            return Guess::No;
        }
        let fits = |good: bool| if good { Guess::Fits } else { Guess::No };
        match self.kind {
            kind::CONNECT => connect_front(&mut reader),
            kind::CONNACK => {
                let (session, code) = (reader.u8(), reader.u8());
                let known = code.is_none_or(|code| code <= 5 || code >= 0x80);
                fits(
                    session.is_none_or(|flag| flag <= 1)
                        && known
                        && (2..512).contains(&self.length),
                )
            }
            kind::PUBLISH => {
                let Some(topic) = string(&mut reader) else {
                    return fits(!whole && body.len() < 4);
                };
                fits(is_topic(topic))
            }
            4..=7 => fits(self.length == 2 || (3..64).contains(&self.length)),
            kind::SUBSCRIBE | kind::UNSUBSCRIBE => {
                fits(whole && filters(reader, self.kind).is_some())
            }
            kind::SUBACK => {
                let codes = body.get(2..self.length.min(body.len())).unwrap_or_default();
                fits((3..64).contains(&self.length) && codes.iter().all(|c| *c <= 2 || *c >= 0x80))
            }
            kind::UNSUBACK => fits((2..64).contains(&self.length)),
            kind::PINGREQ | kind::PINGRESP => fits(self.length == 0),
            kind::DISCONNECT => fits(self.length <= 1),
            _ => Guess::No,
        }
    }

    /// The fact of the packet, of which `body` is here; its password goes out at once.
    pub fn fact(&self, body: &[u8], level: Option<u8>, out: &mut Out<'_>) -> Mqtt {
        let reader = Reader::new(body);
        let known = match self.kind {
            kind::CONNECT => connect(reader, out),
            kind::CONNACK => body.get(1).copied().map(Mqtt::Connack),
            kind::PUBLISH => self.publish(reader, level),
            kind::SUBSCRIBE => filters(reader, self.kind).map(Mqtt::Subscribe),
            _ => None,
        };
        known.unwrap_or(Mqtt::Other(self.kind))
    }

    fn publish(&self, mut reader: Reader<'_>, level: Option<u8>) -> Option<Mqtt> {
        let here = reader.len();
        let topic = string(&mut reader)?;
        if self.flags >> 1 & 3 != 0 {
            reader.skip(2)?;
        }
        if level == Some(LEVEL_5) {
            let properties = variable(&mut reader)?;
            reader.skip(properties)?;
        }
        let before = here - reader.len();
        Some(Mqtt::Publish {
            topic: text(topic, MAX_TEXT),
            retain: self.flags & 1 != 0,
            length: u32::try_from(self.length.saturating_sub(before)).unwrap_or(u32::MAX),
        })
    }
}

/// The level that a CONNECT asks for.
#[must_use]
pub fn level(body: &[u8]) -> Option<u8> {
    let mut reader = Reader::new(body);
    string(&mut reader)?;
    reader.u8().map(|level| level & 0x7f)
}

/// A length of one to four bytes, seven bits each (1.5.5).
fn variable(reader: &mut Reader<'_>) -> Option<usize> {
    let mut ahead = *reader;
    let mut value = 0_usize;
    for shift in [0, 7, 14, 21] {
        let byte = ahead.u8()?;
        value |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            *reader = ahead;
            return Some(value);
        }
    }
    None
}

fn string<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let mut ahead = *reader;
    let length = ahead.u16()?;
    let bytes = ahead.take(usize::from(length))?;
    *reader = ahead;
    Some(bytes)
}

/// Text without control characters and wildcards. Empty is left to MQTT 5 and is too little to
/// recognise anything by.
fn is_topic(topic: &[u8]) -> bool {
    let text = std::str::from_utf8(topic).unwrap_or_default();
    !text.is_empty() && !text.contains(|c: char| c.is_control() || c == '#' || c == '+')
}

/// The protocol name and level at the front of a CONNECT.
fn connect_front(reader: &mut Reader<'_>) -> Guess {
    let mut ahead = *reader;
    match string(&mut ahead) {
        Some(b"MQTT" | b"MQIsdp") => Guess::Sure,
        None if b"\0\x04MQTT".starts_with(reader.rest())
            || b"\0\x06MQIsdp".starts_with(reader.rest()) =>
        {
            Guess::More
        }
        _ => Guess::No,
    }
}

fn connect(mut reader: Reader<'_>, out: &mut Out<'_>) -> Option<Mqtt> {
    string(&mut reader)?;
    // The high bit marks a bridge.
    let level = reader.u8()? & 0x7f;
    let flags = reader.u8()?;
    reader.skip(2)?;
    let properties = |reader: &mut Reader<'_>| {
        if level == LEVEL_5 {
            variable(reader).and_then(|length| reader.skip(length))
        } else {
            Some(())
        }
    };
    properties(&mut reader)?;
    let client_id = text(string(&mut reader)?, MAX_TEXT);
    let mut will = None;
    if flags & 0x04 != 0 {
        properties(&mut reader)?;
        will = Some(text(string(&mut reader)?, MAX_TEXT));
        string(&mut reader)?;
    }
    let user = if flags & 0x80 != 0 { Some(string(&mut reader)?) } else { None };
    let password = if flags & 0x40 != 0 { string(&mut reader) } else { None };
    if let Some(secret) = password {
        out.credential(Scheme::Mqtt, user.unwrap_or_default(), secret);
    }
    let user = user.map(|user| text(user, MAX_TEXT));
    Some(Mqtt::Connect { level, client_id, user, password: flags & 0x40 != 0, will })
}

/// The topic filters of a SUBSCRIBE or UNSUBSCRIBE, without and with the properties of MQTT 5;
/// `None` where they do not fill the packet exactly.
fn filters(mut reader: Reader<'_>, kind: u8) -> Option<Vec<Text>> {
    reader.skip(2)?;
    let plain = filter_list(reader, kind);
    plain.or_else(|| {
        let properties = variable(&mut reader)?;
        reader.skip(properties)?;
        filter_list(reader, kind)
    })
}

fn filter_list(mut reader: Reader<'_>, kind: u8) -> Option<Vec<Text>> {
    let mut filters = Vec::new();
    while !reader.is_empty() {
        let filter = std::str::from_utf8(string(&mut reader)?).ok()?;
        if filter.is_empty() || filter.contains(char::is_control) {
            return None;
        }
        if kind == kind::SUBSCRIBE && reader.u8()? & 0xc0 != 0 {
            return None;
        }
        if filters.len() < MAX_FILTERS {
            filters.push(text(filter.as_bytes(), MAX_TEXT));
        }
    }
    (!filters.is_empty()).then_some(filters)
}
