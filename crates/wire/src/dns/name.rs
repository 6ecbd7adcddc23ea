//! Domain names on the wire (RFC 1035, 3.1 and 4.1.4).

use cordon_model::Text;

use crate::dissect::text;

/// The longest name: 255 octets on the wire (RFC 1035, 2.3.4).
const MAX_NAME: usize = 255;
/// Compression pointers followed for one name. Each must point before the run of labels it ends,
/// so that no chain can loop; encoders need one or two.
const MAX_JUMPS: usize = 32;

/// Why a name could not be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stop {
    /// The message ends inside it.
    Short,
    /// No encoder writes this.
    Bad,
}

/// A decoded name, its labels joined by dots; one is reused for all names of a message.
#[derive(Debug)]
pub struct Name {
    bytes: [u8; MAX_NAME],
    len: usize,
}

impl Name {
    /// No name yet.
    #[must_use]
    pub const fn new() -> Self {
        Name { bytes: [0; MAX_NAME], len: 0 }
    }

    /// Decodes the name at `at` and gives the position behind it.
    ///
    /// # Errors
    /// The name is cut, longer than 255 octets, or points anywhere but backwards.
    pub fn read(&mut self, message: &[u8], at: usize) -> Result<usize, Stop> {
        self.len = 0;
        let mut run = at;
        let mut behind = None;
        for _ in 0..=MAX_JUMPS {
            match self.labels(message, run)? {
                (end, None) => return Ok(behind.unwrap_or(end)),
                (end, Some(target)) if target < run => {
                    behind.get_or_insert(end);
                    run = target;
                }
                _ => return Err(Stop::Bad),
            }
        }
        Err(Stop::Bad)
    }

    /// The labels joined by dots, without the last dot.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// As text, as it stands.
    #[must_use]
    pub fn text(&self) -> Text {
        text(self.bytes(), MAX_NAME)
    }

    /// As text, ASCII in lower case.
    #[must_use]
    pub fn lower(&mut self) -> Text {
        if let Some(used) = self.bytes.get_mut(..self.len) {
            used.make_ascii_lowercase();
        }
        self.text()
    }

    /// Reads labels up to the root or a pointer; gives the position behind and the pointer.
    fn labels(&mut self, message: &[u8], mut at: usize) -> Result<(usize, Option<usize>), Stop> {
        loop {
            match label(message, at)? {
                Label::Root => return Ok((at + 1, None)),
                Label::Pointer(target) => return Ok((at + 2, Some(target))),
                Label::Text(label) => {
                    self.push(label).ok_or(Stop::Bad)?;
                    at += 1 + label.len();
                }
            }
        }
    }

    fn push(&mut self, label: &[u8]) -> Option<()> {
        let start = if self.len == 0 { 0 } else { self.len + 1 };
        let end = start + label.len();
        if start > 0 {
            *self.bytes.get_mut(self.len)? = b'.';
        }
        self.bytes.get_mut(start..end)?.copy_from_slice(label);
        self.len = end;
        Some(())
    }
}

/// Passes over the name at `at` and gives the position behind it; pointers are checked, not
/// followed.
///
/// # Errors
/// As [`Name::read`], as far as can be told without following pointers.
pub fn skip(message: &[u8], at: usize) -> Result<usize, Stop> {
    let mut position = at;
    loop {
        match label(message, position)? {
            Label::Root => return Ok(position + 1),
            Label::Pointer(target) if target < at => return Ok(position + 2),
            Label::Pointer(_) => return Err(Stop::Bad),
            Label::Text(label) => position += 1 + label.len(),
        }
        if position - at > MAX_NAME {
            return Err(Stop::Bad);
        }
    }
}

enum Label<'a> {
    Root,
    Pointer(usize),
    Text(&'a [u8]),
}

fn label(message: &[u8], at: usize) -> Result<Label<'_>, Stop> {
    let length = *message.get(at).ok_or(Stop::Short)?;
    let behind = at + 1;
    match length {
        0 => Ok(Label::Root),
        1..=63 => {
            let label = message.get(behind..behind + usize::from(length)).ok_or(Stop::Short)?;
            Ok(Label::Text(label))
        }
        192.. => {
            let low = *message.get(behind).ok_or(Stop::Short)?;
            Ok(Label::Pointer(usize::from(u16::from_be_bytes([length & 0x3f, low]))))
        }
        _ => Err(Stop::Bad),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(message: &[u8], at: usize) -> Result<(String, usize), Stop> {
        let mut name = Name::new();
        let end = name.read(message, at)?;
        Ok((name.lower().to_string(), end))
    }

    #[test]
    fn a_pointer_is_followed_backwards_and_the_name_ends_behind_it() {
        let message = b"\x03ORG\x00\x07example\xc0\x00\x01x\xc0\x05";
        assert_eq!(read(message, 5), Ok(("example.org".into(), 15)));
        assert_eq!(read(message, 15), Ok(("x.example.org".into(), 19)));
        assert_eq!(skip(message, 15), Ok(19));
    }

    #[test]
    fn a_pointer_to_itself_or_forwards_is_refused() {
        for message in [&b"\xc0\x00"[..], b"\x01a\xc0\x00", b"\xc0\x02\x00", b"\xc0\x02\xc0\x00"] {
            assert_eq!(read(message, 0), Err(Stop::Bad));
            assert_eq!(skip(message, 0), Err(Stop::Bad));
        }
    }

    #[test]
    fn a_long_chain_of_pointers_is_given_up() {
        let mut message = vec![0, 0];
        for target in 0..100u8 {
            message.extend([0xc0, target * 2]);
        }
        assert_eq!(read(&message, 200), Err(Stop::Bad));
        assert_eq!(read(&message, 40).map(|(name, _)| name), Ok(String::new()));
    }

    #[test]
    fn a_name_grown_by_pointers_beyond_255_octets_is_refused() {
        let mut message = vec![63];
        message.extend([b'a'; 63]);
        message.push(0);
        let mut last = 0u8;
        for _ in 0..3 {
            let at = message.len() as u8;
            message.push(63);
            message.extend([b'b'; 63]);
            message.extend([0xc0, last]);
            last = at;
        }
        assert_eq!(read(&message, 0).map(|(name, _)| name.len()), Ok(63));
        assert_eq!(read(&message, 65).map(|(name, _)| name.len()), Ok(127));
        assert_eq!(read(&message, usize::from(last)).map(|(name, _)| name.len()), Ok(255));
        let at = message.len();
        message.extend([1, b'c', 0xc0, last]);
        assert_eq!(read(&message, at), Err(Stop::Bad));
    }

    #[test]
    fn a_cut_name_is_short_and_not_bad() {
        for message in [&b""[..], b"\x03or", b"\x03org", b"\xc0"] {
            assert_eq!(read(message, 0), Err(Stop::Short));
            assert_eq!(skip(message, 0), Err(Stop::Short));
        }
    }
}
