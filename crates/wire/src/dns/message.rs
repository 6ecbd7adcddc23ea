//! DNS messages (RFC 1035, 4): judged without keeping anything.

use cordon_model::fact::DnsKind;

use super::name::{self, Stop};
use crate::{Guess, Reader};

/// Octets of the header.
pub const HEADER: usize = 12;
/// Questions kept of one message; resolvers send one, mDNS browsers a dozen.
pub const MAX_QUESTIONS: u16 = 16;
/// Records kept of one message; the largest mDNS announcements carry about fifty.
pub const MAX_RECORDS: u16 = 128;
/// A question takes a root name, type and class; a record also lifetime and length.
const MIN_QUESTION: usize = 5;
const MIN_RECORD: usize = 11;

const OPT: u16 = 41;
const QUERY: u8 = 0;
const INVERSE_QUERY: u8 = 1;

/// The first twelve octets.
#[derive(Clone, Copy, Debug)]
pub struct Header {
    flags: u16,
    /// Questions promised.
    pub questions: u16,
    records: [u16; 3],
}

impl Header {
    /// Reads it; none where the message is shorter, or neither asks nor answers.
    #[must_use]
    pub fn read(message: &[u8], kind: DnsKind) -> Option<Header> {
        let mut reader = Reader::new(message);
        reader.skip(2)?;
        let header = Header {
            flags: reader.u16()?,
            questions: reader.u16()?,
            records: [reader.u16()?, reader.u16()?, reader.u16()?],
        };
        header.is_plausible(kind).then_some(header)
    }

    /// Whether it is a response.
    #[must_use]
    pub const fn response(self) -> bool {
        self.flags & 0x8000 != 0
    }

    /// The response code.
    #[must_use]
    pub const fn rcode(self) -> u8 {
        (self.flags & 0xf) as u8
    }

    /// Records promised in all three sections.
    #[must_use]
    pub fn records(self) -> usize {
        self.records.iter().map(|count| usize::from(*count)).sum()
    }

    const fn opcode(self) -> u8 {
        (self.flags >> 11 & 0xf) as u8
    }

    /// Whether it asks or answers anything. Inverse queries (RFC 1035, 6.4) and mDNS ask by
    /// records.
    fn is_plausible(self, kind: DnsKind) -> bool {
        let by_records = kind == DnsKind::Mdns || self.opcode() == INVERSE_QUERY;
        self.response() || self.questions > 0 || by_records && self.records() > 0
    }

    /// What must hold besides where no port speaks for it, in a message of `length` octets.
    #[must_use]
    pub fn is_sure(self, kind: DnsKind, length: usize) -> bool {
        // RFC 6895, 2.2 assigns 0, 1, 2, 4, 5, 6; RFC 1002, 4.2.1.1 assigns 0, 5 to 9, and
        // Windows uses 15.
        let opcode = match kind {
            DnsKind::Nbns => matches!(self.opcode(), 0 | 5..=9 | 15),
            _ => matches!(self.opcode(), 0 | 1 | 2 | 4 | 5 | 6),
        };
        let [answers, ..] = self.records;
        let asks = self.rcode() == 0 && (self.opcode() != QUERY || answers == 0);
        // The one reserved bit (RFC 6895, 2.1).
        let reserved = self.flags & 0x40 == 0;
        let least = usize::from(self.questions) * MIN_QUESTION + self.records() * MIN_RECORD;
        opcode
            && reserved
            && (self.response() || asks)
            && self.questions <= 1
            && HEADER + least <= length
    }
}

/// What became of a walk over a whole message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Walk {
    /// Questions and records that could be walked.
    pub items: usize,
    /// Why it ended; none where all promised items are there.
    pub stop: Option<Stop>,
    /// Octets behind the last item.
    pub rest: usize,
}

impl Walk {
    /// Walks over questions and records without keeping anything.
    #[must_use]
    pub fn over(header: Header, kind: DnsKind, message: &[u8]) -> Walk {
        let mut position = HEADER;
        let mut items = 0;
        let questions = usize::from(header.questions.min(MAX_QUESTIONS));
        let records = header.records().min(usize::from(MAX_RECORDS));
        let is_question =
            std::iter::repeat_n(true, questions).chain(std::iter::repeat_n(false, records));
        for is_question in is_question {
            match skip_item(message, position, is_question, kind) {
                Ok(next) => position = next,
                Err(stop) => return Walk { items, stop: Some(stop), rest: 0 },
            }
            items += 1;
        }
        let all = usize::from(header.questions) + header.records();
        let rest = if items < all { 0 } else { message.len().saturating_sub(position) };
        Walk { items, stop: None, rest }
    }
}

/// Passes over one question or record and gives the position behind it.
///
/// # Errors
/// It is cut or damaged.
pub fn skip_item(
    message: &[u8],
    at: usize,
    is_question: bool,
    kind: DnsKind,
) -> Result<usize, Stop> {
    let position = name::skip(message, at)?;
    let mut reader = Reader::new(message.get(position..).ok_or(Stop::Short)?);
    let rtype = reader.u16().ok_or(Stop::Short)?;
    let class = reader.u16().ok_or(Stop::Short)?;
    // mDNS borrows the top bit of the class (RFC 6762, 10.2 and 18.12).
    let class = if kind == DnsKind::Mdns { class & 0x7fff } else { class };
    if rtype == 0 || rtype != OPT && !matches!(class, 1 | 3 | 4 | 254 | 255) {
        return Err(Stop::Bad);
    }
    if is_question {
        return Ok(position + 4);
    }
    reader.skip(4).ok_or(Stop::Short)?;
    let length = usize::from(reader.u16().ok_or(Stop::Short)?);
    reader.skip(length).ok_or(Stop::Short)?;
    Ok(position + 10 + length)
}

/// Judges a whole message. On the customary port a message that the capture cut, or that carries
/// nothing but a header, fits too; elsewhere only a whole clean one counts.
#[must_use]
pub fn judge(message: &[u8], kind: DnsKind, customary_port: bool) -> Guess {
    let Some(header) = Header::read(message, kind) else {
        return Guess::No;
    };
    if !customary_port && !header.is_sure(kind, message.len()) {
        return Guess::No;
    }
    let walk = Walk::over(header, kind, message);
    match walk.stop {
        None if walk.items > 0 && walk.rest == 0 => Guess::Sure,
        _ if customary_port && (walk.items > 0 || message.len() == HEADER) => Guess::Fits,
        _ => Guess::No,
    }
}
