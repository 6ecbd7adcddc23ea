//! DNP3 object headers and the objects behind them (IEEE 1815-2012, clauses 4.2.2 and 11, annex A).

use cordon_model::{Object, Text};

use super::{NAME_LIMIT, fixed, words};
use crate::Reader;
use crate::dissect::some_text;

/// One object header with the bytes of its objects, prefixes included.
pub struct Header<'a> {
    /// Group of the objects.
    pub group: u8,
    /// Variation; for group 0 the attribute.
    pub variation: u8,
    /// Bytes of the objects; empty where the message carries none.
    pub data: &'a [u8],
    prefix: Prefix,
    range: Range,
}

/// What stands in front of each object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Prefix {
    None,
    Index(u8),
    Size(u8),
}

/// Which objects are meant.
#[derive(Clone, Copy)]
enum Range {
    All,
    StartStop(u32, u32),
    Count(u32),
}

impl Range {
    fn count(self) -> u32 {
        match self {
            Range::All => 0,
            Range::StartStop(start, stop) => stop.saturating_sub(start).saturating_add(1),
            Range::Count(count) => count,
        }
    }
}

/// Walks the headers of a fragment; ends at the first that cannot be followed.
pub struct Headers<'a> {
    reader: Reader<'a>,
    carries_data: bool,
    lost: bool,
}

impl<'a> Headers<'a> {
    /// Over the bytes behind function code and indications; `carries_data` is false for functions
    /// that only name objects.
    pub const fn new(bytes: &'a [u8], carries_data: bool) -> Self {
        Headers { reader: Reader::new(bytes), carries_data, lost: false }
    }

    fn read(&mut self) -> Option<Header<'a>> {
        let reader = &mut self.reader;
        let (group, variation, qualifier) = (reader.u8()?, reader.u8()?, reader.u8()?);
        let prefix = match qualifier >> 4 & 7 {
            0 => Prefix::None,
            1 => Prefix::Index(1),
            2 => Prefix::Index(2),
            3 => Prefix::Index(4),
            4 => Prefix::Size(1),
            5 => Prefix::Size(2),
            6 => Prefix::Size(4),
            _ => return None,
        };
        let range = match qualifier & 0x0f {
            0 | 3 => Range::StartStop(number(reader, 1)?, number(reader, 1)?),
            1 | 4 => Range::StartStop(number(reader, 2)?, number(reader, 2)?),
            2 | 5 => Range::StartStop(number(reader, 4)?, number(reader, 4)?),
            6 => Range::All,
            7 | 0x0b => Range::Count(number(reader, 1)?),
            8 => Range::Count(number(reader, 2)?),
            9 => Range::Count(number(reader, 4)?),
            _ => return None,
        };
        let mut header = Header { group, variation, data: &[], prefix, range };
        let rest = reader.rest();
        if self.carries_data || matches!(prefix, Prefix::Index(_)) {
            match header.size_of_data(rest, self.carries_data) {
                Some(size) if size <= rest.len() => header.data = reader.take(size)?,
                _ => {
                    header.data = rest;
                    self.lost = true;
                }
            }
        }
        Some(header)
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = Header<'a>;

    fn next(&mut self) -> Option<Header<'a>> {
        if self.lost {
            return None;
        }
        let header = self.read();
        self.lost |= header.is_none();
        header
    }
}

impl<'a> Header<'a> {
    /// The objects as a range of a table named by group and variation.
    pub fn object(&self) -> Object {
        if self.group == 70 {
            return self.file().map_or(Object::Name(fixed("file")), Object::Name);
        }
        if self.group == 60 {
            return Object::Name(fixed(match self.variation {
                1 => "class 0",
                2 => "class 1",
                3 => "class 2",
                4 => "class 3",
                _ => "class data",
            }));
        }
        let table = words(format_args!("g{}v{}", self.group, self.variation));
        match (self.range, self.prefix) {
            (Range::All, _) => Object::Name(table),
            (Range::StartStop(start, _), _) => {
                Object::Range { table, start, count: self.range.count() }
            }
            (Range::Count(count), Prefix::Index(width)) => {
                let start = number(&mut Reader::new(self.data), width).unwrap_or(0);
                Object::Range { table, start, count }
            }
            (Range::Count(count), _) => Object::Range { table, start: 0, count },
        }
    }

    /// Class 1, 2 or 3 data.
    pub const fn is_event_class(&self) -> bool {
        self.group == 60
    }

    /// What a function does to these objects: each object of a command or write by itself, else
    /// all of them together.
    pub fn targets(&self, function: u8) -> impl Iterator<Item = (Object, Option<Text>)> + use<'a> {
        let each = matches!(function, 2..=6) && matches!(self.group, 10 | 12 | 34 | 41);
        let size = bits_of(self.group, self.variation).filter(|bits| bits % 8 == 0);
        let (together, points) = match (each, self.prefix, size, self.range) {
            (true, Prefix::Index(width), Some(bits), _) => {
                (None, Some(self.points(Some(width), bits / 8, 0)))
            }
            (true, Prefix::None, Some(bits), Range::StartStop(start, _)) => {
                (None, Some(self.points(None, bits / 8, start)))
            }
            _ => (Some((self.object(), self.value())), None),
        };
        together.into_iter().chain(points.into_iter().flatten())
    }

    fn points(
        &self,
        width: Option<u8>,
        size: usize,
        first: u32,
    ) -> impl Iterator<Item = (Object, Option<Text>)> + use<'a> {
        let (group, variation) = (self.group, self.variation);
        let mut reader = Reader::new(self.data);
        (0..self.range.count()).map_while(move |at| {
            let start = match width {
                Some(width) => number(&mut reader, width)?,
                None => first.saturating_add(at),
            };
            let value = point_value(group, variation, reader.take(size)?);
            let table = words(format_args!("g{group}v{variation}"));
            Some((Object::Range { table, start, count: 1 }, value))
        })
    }

    /// The status of the first command in an answer, where it is not success.
    pub fn refusal(&self) -> Option<Text> {
        let Prefix::Index(width) = self.prefix else { return None };
        if !matches!(self.group, 12 | 41) || self.group == 12 && self.variation > 2 {
            return None;
        }
        let size = usize::from(width) + bits_of(self.group, self.variation)? / 8;
        let status = self.data.chunks_exact(size).filter_map(|object| object.last());
        status.map(|status| status & 0x7f).find(|status| *status != 0).map(control_status)
    }

    fn value(&self) -> Option<Text> {
        match (self.group, self.variation) {
            (50, 1 | 3) => {
                let [a, b, c, d, e, f] = Reader::new(self.data).array()?;
                let millis = u64::from_le_bytes([a, b, c, d, e, f, 0, 0]);
                Some(words(format_args!("{millis} ms since 1970")))
            }
            _ => None,
        }
    }

    /// The name inside a file command or file status object (clause 11.9.16).
    fn file(&self) -> Option<Text> {
        let mut reader = Reader::new(self.data);
        if let Prefix::Size(width) = self.prefix {
            number(&mut reader, width)?;
        }
        let object = reader.rest();
        let (offset, size) = (reader.u16_le()?, reader.u16_le()?);
        if !matches!(self.variation, 3 | 7) {
            return None;
        }
        let name = object.get(usize::from(offset)..)?.get(..usize::from(size))?;
        some_text(name, NAME_LIMIT)
    }

    /// Bytes of all objects, prefixes included; none where that is not known.
    fn size_of_data(&self, rest: &[u8], carries_data: bool) -> Option<usize> {
        let count = usize::try_from(self.range.count()).ok()?;
        match self.prefix {
            Prefix::Size(width) => {
                let mut reader = Reader::new(rest);
                for _ in 0..count.min(rest.len()) {
                    let size = number(&mut reader, width)?;
                    reader.skip(usize::try_from(size).ok()?)?;
                }
                Some(rest.len() - reader.len())
            }
            Prefix::Index(width) => {
                let bits = if carries_data { bits_of(self.group, self.variation)? } else { 0 };
                count.checked_mul(usize::from(width) + bits.div_ceil(8))
            }
            Prefix::None if self.group == 0 => {
                let length = usize::from(*rest.get(1)?);
                (count == 1).then_some(2 + length)
            }
            Prefix::None => {
                Some(count.checked_mul(bits_of(self.group, self.variation)?)?.div_ceil(8))
            }
        }
    }
}

fn number(reader: &mut Reader<'_>, width: u8) -> Option<u32> {
    match width {
        1 => reader.u8().map(u32::from),
        2 => reader.u16_le().map(u32::from),
        _ => reader.u32_le(),
    }
}

/// The value that a command or write gives to one point.
fn point_value(group: u8, variation: u8, object: &[u8]) -> Option<Text> {
    let mut reader = Reader::new(object);
    Some(match (group, variation) {
        (12, 1 | 2) => return control_relay(reader),
        (41 | 34, 1 | 2) if group == 41 || variation == 2 => {
            let value = if variation == 1 || group == 34 {
                i64::from(reader.u32_le()?.cast_signed())
            } else {
                i64::from(reader.u16_le()?.cast_signed())
            };
            words(format_args!("{value}"))
        }
        (34, 1) => words(format_args!("{}", reader.u16_le()?)),
        (41 | 34, 3) => words(format_args!("{}", f32::from_bits(reader.u32_le()?))),
        (41, 4) => words(format_args!("{}", f64::from_bits(reader.u64_le()?))),
        _ => return None,
    })
}

/// A control relay output block (clause 11.9.4).
fn control_relay(mut reader: Reader<'_>) -> Option<Text> {
    let (code, _) = (reader.u8()?, reader.u8()?);
    let (on, off) = (reader.u32_le()?, reader.u32_le()?);
    let trip_or_close = match code >> 6 {
        1 => "close, ",
        2 => "trip, ",
        _ => "",
    };
    let (operation, time) = match code & 0x0f {
        0 => ("no operation", None),
        1 => ("pulse on", Some(on)),
        2 => ("pulse off", Some(off)),
        3 => ("latch on", None),
        4 => ("latch off", None),
        _ => ("reserved operation", None),
    };
    Some(match time {
        Some(time) => words(format_args!("{trip_or_close}{operation}, {time} ms")),
        None => words(format_args!("{trip_or_close}{operation}")),
    })
}

/// Control status codes (table 11-16).
fn control_status(status: u8) -> Text {
    fixed(match status {
        1 => "timeout",
        2 => "no select",
        3 => "format error",
        4 => "not supported",
        5 => "already active",
        6 => "hardware error",
        7 => "local",
        8 => "too many operations",
        9 => "not authorized",
        10 => "automation inhibit",
        11 => "processing limited",
        12 => "out of range",
        _ => return words(format_args!("status {status}")),
    })
}

/// Bits of one object (annex A); packed formats have fewer than eight.
fn bits_of(group: u8, variation: u8) -> Option<usize> {
    let bytes: usize = match (group, variation) {
        (1 | 10, 1) | (12, 3) | (80, 1) => return Some(1),
        (3, 1) => return Some(2),
        (1 | 3 | 10, 2) | (2 | 4, 1) | (11 | 13, 1) | (101, 0) => 1,
        (2 | 4 | 11 | 13, 2) => 7,
        (2 | 4, 3) => 3,
        (12, 1 | 2) => 11,
        (20..=23, 1 | 3) | (20, 7) => 5,
        (20..=23, 2 | 4) => 3,
        (20, 5) | (21, 9 | 11) => 4,
        (20, 6 | 8) | (21, 10 | 12) => 2,
        (21, 5 | 7) | (22 | 23, 5 | 7) => 11,
        (21, 6 | 8) | (22 | 23, 6 | 8) => 9,
        (30, 1 | 5) | (31, 1 | 7) | (32 | 33 | 42 | 43, 1 | 5) | (40 | 41, 1 | 3) => 5,
        (30, 2) | (31, 2) | (32 | 33 | 42 | 43, 2) | (40 | 41, 2) => 3,
        (30, 3) | (31, 5) | (34, 2 | 3) => 4,
        (30, 4) | (31, 6) | (34, 1) | (51 | 52, 0) | (52, 1 | 2) => 2,
        (30, 6) | (31, 4 | 8) | (32 | 33 | 42 | 43, 4 | 6) | (40 | 41, 4) => 9,
        (31, 3) | (32 | 33 | 42 | 43, 3 | 7) => 11,
        (32 | 33 | 42 | 43, 8) => 15,
        (50, 1 | 3) | (51, 1 | 2) => 6,
        (50, 2) => 10,
        (50, 4) => 11,
        (60, _) => 0,
        (110..=113, length) => length.into(),
        _ => return None,
    };
    Some(8 * bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_bits_and_prefixes_are_stepped_over() {
        let bytes = [1, 1, 0, 0, 9, 0xff, 3, 30, 2, 0x17, 1, 4, 1, 0x10, 0, 20, 1, 6];
        let names: Vec<_> =
            Headers::new(&bytes, true).map(|header| header.object().to_string()).collect();
        assert_eq!(names, ["g1v1 0-9", "g30v2 4", "g20v1"]);
    }

    #[test]
    fn a_count_beyond_the_message_ends_the_walk() {
        let bytes = [30, 1, 9, 0xff, 0xff, 0xff, 0xff, 0, 0];
        assert_eq!(Headers::new(&bytes, true).count(), 1);
        let sized = [70, 3, 0x5b, 0xff, 0xff, 0xff];
        assert_eq!(Headers::new(&sized, true).count(), 1);
    }

    #[test]
    fn a_file_is_named() {
        let mut object = vec![26, 0, 3, 0];
        object.resize(26, 0);
        object.extend_from_slice(b"a.b");
        let mut bytes = vec![70, 3, 0x5b, 1, object.len() as u8, 0];
        bytes.extend_from_slice(&object);
        let header = Headers::new(&bytes, true).next().unwrap();
        assert_eq!(header.object(), Object::Name("a.b".into()));
    }
}
