//! CoAP over UDP (RFC 7252).

use cordon_model::{Said, Text, fact::Coap};

use crate::{
    Datagram, Guess, Out, Reader,
    dissect::{some_text, text},
};

/// Options in one message; more than any real one has.
const MAX_OPTIONS: usize = 64;
/// The longest path that is kept, in bytes.
const MAX_PATH: usize = 256;
/// The longest token (RFC 8974 allows more, nobody uses it).
const MAX_TOKEN: u8 = 8;

/// The registered port.
const PORT: u16 = 5683;

/// Option numbers (IANA registry of CoAP option numbers).
mod option {
    pub const URI_HOST: u16 = 3;
    pub const OBSERVE: u16 = 6;
    pub const URI_PATH: u16 = 11;
    pub const CONTENT_FORMAT: u16 = 12;
    /// Every number registered for use over UDP.
    pub const KNOWN: [u16; 26] = [
        1, 3, 4, 5, 6, 7, 8, 9, 11, 12, 14, 15, 16, 17, 19, 20, 21, 23, 27, 28, 31, 35, 39, 60,
        252, 258,
    ];
}

/// Judges one datagram.
#[must_use]
pub fn recognise(datagram: &Datagram<'_>) -> Guess {
    let Some(message) = Message::read(datagram.payload) else { return Guess::No };
    // Drafts numbered the options otherwise.
    let known = message.unknown == 0 || datagram.on_port(PORT);
    let request = (1..=7).contains(&message.code);
    if request
        && message.unknown == 0
        && message.printable
        && message.options > 0
        && !message.path.is_empty()
    {
        Guess::Sure
    } else if known && (message.printable || message.options == 0) {
        Guess::Fits
    } else {
        Guess::No
    }
}

/// Reads one datagram; false where it is none.
pub fn dissect(datagram: &Datagram<'_>, out: &mut Out<'_>) -> bool {
    let Some(message) = Message::read(datagram.payload) else { return false };
    out.say(Said::Coap(Box::new(Coap {
        code: message.code,
        kind: message.kind,
        path: text(&message.path, MAX_PATH),
        host: message.host,
        format: message.format,
        observe: message.observe,
        length: message.length,
    })));
    true
}

#[derive(Default)]
struct Message {
    code: u8,
    kind: u8,
    path: Vec<u8>,
    host: Option<Text>,
    format: Option<u16>,
    observe: bool,
    length: u32,
    /// Options read.
    options: usize,
    /// Options of numbers that nobody registered.
    unknown: usize,
    /// Whether all text options are text.
    printable: bool,
}

impl Message {
    fn read(payload: &[u8]) -> Option<Message> {
        let mut reader = Reader::new(payload);
        let first = reader.u8()?;
        let (version, kind, token) = (first >> 6, first >> 4 & 3, first & 0x0f);
        let code = reader.u8()?;
        reader.skip(2)?;
        if version != 1 || token > MAX_TOKEN || !is_code(code) {
            return None;
        }
        // An empty message is four bytes and nothing else (RFC 7252, 4.1).
        if code == 0 && (token != 0 || !reader.is_empty()) {
            return None;
        }
        reader.skip(usize::from(token))?;
        let mut message = Message { code, kind, printable: true, ..Message::default() };
        message.options(&mut reader)?;
        message.length = u32::try_from(reader.len()).ok()?;
        Some(message)
    }

    fn options(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        let mut number = 0_u16;
        while let Some(head) = reader.u8() {
            if head == 0xff {
                // A marker without payload is an error (RFC 7252, 3).
                return (!reader.is_empty()).then_some(());
            }
            if self.options == MAX_OPTIONS {
                return None;
            }
            let delta = extended(head >> 4, reader)?;
            let length = extended(head & 0x0f, reader)?;
            number = number.checked_add(delta)?;
            let value = reader.take(usize::from(length))?;
            self.options += 1;
            self.option(number, value);
        }
        Some(())
    }

    fn option(&mut self, number: u16, value: &[u8]) {
        let printable = || std::str::from_utf8(value).is_ok_and(|t| !t.contains(char::is_control));
        match number {
            option::URI_PATH => {
                self.printable &= printable();
                if !self.path.is_empty() {
                    self.path.push(b'/');
                }
                if self.path.len() < MAX_PATH {
                    self.path.extend_from_slice(value);
                }
            }
            option::URI_HOST => {
                self.printable &= printable();
                self.host = some_text(value, MAX_PATH);
            }
            option::CONTENT_FORMAT if value.len() <= 2 => {
                let format = value.iter().fold(0_u16, |sum, byte| sum << 8 | u16::from(*byte));
                self.format = Some(format);
            }
            option::OBSERVE => self.observe = true,
            _ => {}
        }
        if !option::KNOWN.contains(&number) {
            self.unknown += 1;
        }
    }
}

/// Registered methods and responses (IANA registry of CoAP codes); class 7 is for TCP.
const fn is_code(code: u8) -> bool {
    let good = matches!(code, 0..=7 | 65..=69 | 95);
    let bad = matches!(code, 128..=134 | 136 | 137 | 140 | 141 | 143 | 150 | 157);
    good || bad || matches!(code, 160..=165 | 168)
}

/// A nibble, or what it says stands behind it (RFC 7252, 3.1).
fn extended(nibble: u8, reader: &mut Reader<'_>) -> Option<u16> {
    match nibble {
        13 => Some(u16::from(reader.u8()?) + 13),
        14 => reader.u16()?.checked_add(269),
        15 => None,
        plain => Some(u16::from(plain)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::testing::said;

    fn datagram(payload: &[u8]) -> Datagram<'_> {
        Datagram { side: Side::Client, from_port: 1, to_port: 2, multicast: false, payload }
    }

    /// Confirmable GET of `h`/sensors/temp with Observe.
    const GET: &[u8] = b"\x41\x01\x30\x39\x77\x31h\x30\x57sensors\x04temp";

    #[test]
    fn a_request_is_told_on_any_port() {
        assert_eq!(recognise(&datagram(GET)), Guess::Sure);
        let (_, facts) = said(|out| dissect(&datagram(GET), out));
        let [Said::Coap(coap)] = facts.as_slice() else { panic!("{facts:?}") };
        assert_eq!((coap.code, coap.kind, coap.path.as_str()), (1, 0, "sensors/temp"));
        assert_eq!((coap.host.as_deref(), coap.observe), (Some("h"), true));
    }

    #[test]
    fn a_response_with_payload_fits() {
        let answer = b"\x61\x45\x30\x39\x77\xc1\x32\xff{}";
        assert_eq!(recognise(&datagram(answer)), Guess::Fits);
        let (_, facts) = said(|out| dissect(&datagram(answer), out));
        let [Said::Coap(coap)] = facts.as_slice() else { panic!("{facts:?}") };
        assert_eq!((coap.code, coap.format, coap.length), (69, Some(50), 2));
    }

    #[test]
    fn damaged_messages_are_none() {
        for payload in [
            &b"\x41\x01\x30"[..],
            b"\x49\x01\x30\x39123456789",
            b"\x40\x00\x30\x39\x01",
            b"\x40\x01\x30\x39\xff",
            b"\x40\x01\x30\x39\xf1\x00",
            b"\x40\x01\x30\x39\x3f\x00",
            b"\x40\x21\x30\x39",
            b"SIPSIPSIPSIP",
        ] {
            assert_eq!(recognise(&datagram(payload)), Guess::No, "{payload:?}");
        }
        for end in 0..GET.len() {
            let _ = recognise(&datagram(&GET[..end]));
        }
    }
}
