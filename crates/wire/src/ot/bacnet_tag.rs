//! BACnet's tagged encoding (ASHRAE 135, clause 20.2): walked, never nested.

use cordon_model::Text;

use super::{NAME_LIMIT, fixed, hex, words};
use crate::Reader;
use crate::dissect::text;

/// One tag.
#[derive(Clone, Copy, Debug)]
pub struct Tag<'a> {
    /// Number: of the context, or the type of an application value.
    pub number: u8,
    /// Context-specific rather than application.
    pub context: bool,
    /// What it holds.
    pub value: Value<'a>,
}

/// What a tag holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Value<'a> {
    /// Bytes; for an application boolean the one byte stands in the tag itself.
    Primitive(&'a [u8]),
    /// Begins a group.
    Opening,
    /// Ends a group.
    Closing,
}

const FALSE: &[u8] = &[0];
const TRUE: &[u8] = &[1];

impl<'a> Tag<'a> {
    /// The next tag with its bytes.
    pub fn read(reader: &mut Reader<'a>) -> Option<Tag<'a>> {
        let first = reader.u8()?;
        let number = match first >> 4 {
            15 => reader.u8()?,
            number => number,
        };
        let context = first & 0x08 != 0;
        let value = match (context, first & 7) {
            (true, 6) => Value::Opening,
            (true, 7) => Value::Closing,
            (false, length) if number == 1 => {
                Value::Primitive(if length == 0 { FALSE } else { TRUE })
            }
            (_, 5) => {
                let length = match reader.u8()? {
                    254 => reader.u16()?.into(),
                    255 => reader.u32()?,
                    length => length.into(),
                };
                Value::Primitive(reader.take(usize::try_from(length).ok()?)?)
            }
            (_, length) => Value::Primitive(reader.take(length.into())?),
        };
        Some(Tag { number, context, value })
    }

    /// The bytes of a context value with this number.
    pub fn context(self, number: u8) -> Option<&'a [u8]> {
        match self.value {
            Value::Primitive(bytes) if self.context && self.number == number => Some(bytes),
            _ => None,
        }
    }

    /// The bytes of an application value of this type.
    pub fn application(self, kind: u8) -> Option<&'a [u8]> {
        match self.value {
            Value::Primitive(bytes) if !self.context && self.number == kind => Some(bytes),
            _ => None,
        }
    }

    /// Whether it begins group `number`.
    pub fn opens(self, number: u8) -> bool {
        self.context && self.number == number && self.value == Value::Opening
    }

    /// Whether it ends group `number`.
    pub fn closes(self, number: u8) -> bool {
        self.context && self.number == number && self.value == Value::Closing
    }

    /// An application value in words.
    pub fn say(self) -> Option<Text> {
        let Value::Primitive(bytes) = self.value else { return None };
        if self.context {
            return hex(bytes);
        }
        Some(match self.number {
            0 => fixed("null"),
            1 => fixed(if bytes == TRUE { "true" } else { "false" }),
            2 | 9 => words(format_args!("{}", unsigned(bytes)?)),
            3 => words(format_args!("{}", signed(bytes)?)),
            4 => words(format_args!("{}", f32::from_bits(Reader::new(bytes).u32()?))),
            5 => words(format_args!("{}", f64::from_bits(Reader::new(bytes).u64()?))),
            7 => return character_string(bytes),
            10 => date(bytes)?,
            11 => time(bytes)?,
            _ => return hex(bytes),
        })
    }
}

/// Passes over everything up to the end of a group whose opening tag was read.
pub fn skip_group(reader: &mut Reader<'_>) -> Option<()> {
    let mut open = 1usize;
    while open > 0 {
        match Tag::read(reader)?.value {
            Value::Opening => open += 1,
            Value::Closing => open -= 1,
            Value::Primitive(_) => {}
        }
    }
    Some(())
}

/// An unsigned or enumerated value of up to four bytes.
pub fn unsigned(bytes: &[u8]) -> Option<u32> {
    let fits = (1..=4).contains(&bytes.len());
    fits.then(|| bytes.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)))
}

fn signed(bytes: &[u8]) -> Option<i32> {
    let value = unsigned(bytes)?;
    let unused = 32 - 8 * u32::try_from(bytes.len()).ok()?;
    Some((value << unused).cast_signed() >> unused)
}

/// Object type and instance.
pub fn object_identifier(bytes: &[u8]) -> Option<(u16, u32)> {
    let number = unsigned(bytes).filter(|_| bytes.len() == 4)?;
    Some((u16::try_from(number >> 22).ok()?, number & 0x003f_ffff))
}

/// A character string: the first byte is the character set (20.2.9).
pub fn character_string(bytes: &[u8]) -> Option<Text> {
    let (set, characters) = bytes.split_first()?;
    let value = match set {
        4 => {
            let units = characters.as_chunks::<2>().0.iter().map(|unit| u16::from_be_bytes(*unit));
            char::decode_utf16(units)
                .map(|decoded| decoded.unwrap_or(char::REPLACEMENT_CHARACTER))
                .take(NAME_LIMIT)
                .collect()
        }
        5 => characters.iter().copied().map(char::from).take(NAME_LIMIT).collect(),
        _ => text(characters, NAME_LIMIT),
    };
    Some(value).filter(|value| !value.is_empty())
}

fn date(bytes: &[u8]) -> Option<Text> {
    let [year, month, day, _] = Reader::new(bytes).array()?;
    Some(words(format_args!("{}-{month:02}-{day:02}", 1900 + u16::from(year))))
}

fn time(bytes: &[u8]) -> Option<Text> {
    let [hour, minute, second, _] = Reader::new(bytes).array()?;
    Some(words(format_args!("{hour:02}:{minute:02}:{second:02}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(bytes: &[u8]) -> Option<String> {
        Tag::read(&mut Reader::new(bytes))?.say().map(String::from)
    }

    #[test]
    fn values_of_every_common_type_are_said() {
        assert_eq!(say(&[0x11]).as_deref(), Some("true"));
        assert_eq!(say(&[0x21, 200]).as_deref(), Some("200"));
        assert_eq!(say(&[0x31, 0xff]).as_deref(), Some("-1"));
        assert_eq!(say(&[0x44, 0x3f, 0xc0, 0, 0]).as_deref(), Some("1.5"));
        assert_eq!(say(&[0x75, 5, 4, 0, b'H', 0, b'i']).as_deref(), Some("Hi"));
        assert_eq!(say(&[0xa4, 126, 11, 22, 7]).as_deref(), Some("2026-11-22"));
    }

    #[test]
    fn a_length_beyond_the_message_is_no_tag() {
        assert!(Tag::read(&mut Reader::new(&[0x75, 255, 0xff, 0xff, 0xff, 0xff])).is_none());
        assert!(Tag::read(&mut Reader::new(&[0xf9])).is_none());
    }

    #[test]
    fn groups_within_groups_are_passed_over_without_recursion() {
        let mut bytes = vec![0x3e; 500];
        bytes.extend_from_slice(&[0x3f; 501]);
        let mut reader = Reader::new(&bytes);
        assert!(skip_group(&mut reader).is_some());
        assert!(reader.is_empty());
        assert!(skip_group(&mut Reader::new(&[0x3e, 0x3f])).is_none());
    }
}
