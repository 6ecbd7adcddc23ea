//! Tokens: what a device was seen to do, as short texts, of which the model keeps only hashes.
//!
//! A token is a group and parts joined by colons, such as `T:ttl:64:u`. Its hash is FNV-1a-64
//! over the text. The text stays with the device that showed it, for explanations.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::{HashTable, hash_table::Entry};

use super::kind::Kind;

/// Tokens kept of one device; set-up captures show at most 638.
const MOST_TOKENS: usize = 2_048;
/// Bytes of text kept of one device; tokens beyond have no text and cannot be quoted.
const MOST_TEXT: usize = 64 << 10;
/// Longest text kept of one token; the hash covers all of it.
const LONGEST_TEXT: usize = 240;

/// FNV-1a, 64 bits: the hash of tokens.
#[must_use]
pub fn fnv(text: &[u8]) -> u64 {
    text.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// A part of a token.
#[derive(Clone, Copy)]
pub(super) enum Part<'a> {
    /// Text.
    S(&'a str),
    /// Text as bytes.
    B(&'a [u8]),
    /// A decimal number.
    N(u64),
    /// Two hexadecimal digits for each byte.
    Hex(&'a [u8]),
    /// Decimal numbers joined by dots.
    Dotted(&'a [u8]),
    /// The name of a kind of frame.
    Kind(Kind),
}

impl Part<'_> {
    pub(super) fn write(self, out: &mut Vec<u8>) {
        match self {
            Part::S(text) => out.extend_from_slice(text.as_bytes()),
            Part::B(bytes) => out.extend_from_slice(bytes),
            Part::N(number) => decimal(number, out),
            Part::Hex(bytes) => {
                for byte in bytes {
                    out.extend([byte >> 4, byte & 15].map(|digit| match digit {
                        0..10 => b'0' + digit,
                        _ => b'a' + digit - 10,
                    }));
                }
            }
            Part::Dotted(bytes) => {
                for (index, byte) in bytes.iter().enumerate() {
                    if index > 0 {
                        out.push(b'.');
                    }
                    decimal(u64::from(*byte), out);
                }
            }
            Part::Kind(kind) => kind.write(out),
        }
    }
}

fn decimal(mut number: u64, out: &mut Vec<u8>) {
    let start = out.len();
    loop {
        out.push(b'0' + (number % 10) as u8);
        number /= 10;
        if number == 0 {
            break;
        }
    }
    if let Some(digits) = out.get_mut(start..) {
        digits.reverse();
    }
}

/// A token's hash and where its text lies.
#[derive(Clone, Copy, Debug)]
struct Token {
    hash: u64,
    at: u32,
    len: u16,
}

/// The tokens of one device.
#[derive(Clone, Debug, Default)]
pub struct TokenSet {
    tokens: HashTable<Token>,
    text: Vec<u8>,
}

impl TokenSet {
    /// How many different tokens.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether the device showed nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// All hashes, in no order.
    pub fn hashes(&self) -> impl Iterator<Item = u64> + '_ {
        self.tokens.iter().map(|token| token.hash)
    }

    /// All hashes and texts, in no order; the text is empty where none was kept, and cut where it
    /// was long.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.tokens.iter().map(|token| (token.hash, self.text_of(token)))
    }

    /// The text of a token that the device showed.
    #[must_use]
    pub fn text(&self, hash: u64) -> Option<&[u8]> {
        let token = self.tokens.find(spread(hash), |token| token.hash == hash)?;
        Some(self.text_of(token)).filter(|text| !text.is_empty())
    }

    /// Adds a token by its whole text; nothing is allocated for one that is known.
    pub(super) fn insert(&mut self, text: &[u8]) {
        let hash = fnv(text);
        let full = self.tokens.len() >= MOST_TOKENS;
        let entry =
            self.tokens.entry(spread(hash), |token| token.hash == hash, |token| spread(token.hash));
        if let Entry::Vacant(place) = entry
            && !full
        {
            let kept = text.get(..LONGEST_TEXT).unwrap_or(text);
            let room = self.text.len() + kept.len() <= MOST_TEXT;
            let kept = if room { kept } else { &[] };
            place.insert(Token { hash, at: self.text.len() as u32, len: kept.len() as u16 });
            self.text.extend_from_slice(kept);
        }
    }

    fn text_of(&self, token: &Token) -> &[u8] {
        let at = token.at as usize;
        self.text.get(at..at + usize::from(token.len)).unwrap_or_default()
    }
}

/// FNV leaves its entropy where the table does not look, and can be aimed at.
fn spread(hash: u64) -> u64 {
    FixedState::default().hash_one(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv_1a() {
        assert_eq!(fnv(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn parts_are_written_as_the_model_was_trained_on_them() {
        let mut out = Vec::new();
        for part in [
            Part::S("a:"),
            Part::N(0),
            Part::N(65_535),
            Part::Hex(&[0, 0xaf]),
            Part::Dotted(&[224, 0, 0, 251]),
        ] {
            part.write(&mut out);
        }
        assert_eq!(out, b"a:06553500af224.0.0.251");
    }

    #[test]
    fn a_flood_of_tokens_is_bounded() {
        let mut set = TokenSet::default();
        for number in 0..10_000 {
            set.insert(format!("X:{number:0300}").as_bytes());
        }
        assert_eq!(set.len(), MOST_TOKENS);
        assert!(set.text.len() <= MOST_TEXT);
        let long = format!("X:{:0300}", 1);
        assert_eq!(set.text(fnv(long.as_bytes())).unwrap().len(), LONGEST_TEXT);
    }
}
