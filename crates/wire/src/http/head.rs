//! Heads of HTTP/1 messages and their relatives: a first line and named fields, read so that
//! sloppy devices are understood (bare line feeds, blanks before the colon, bad names).

/// Fields beyond these are not looked at.
const MAX_FIELDS: usize = 100;

/// The head of a message.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// First line without its end.
    pub first: &'a [u8],
    fields: &'a [u8],
}

impl<'a> Head<'a> {
    /// Over the bytes up to and with the blank line, or up to where they were cut.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        let (first, fields) = split_line(bytes);
        Head { first, fields }
    }

    /// Names and values, both without blanks around, in wire order. A line that continues the
    /// one before it is passed over.
    pub fn fields(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        let mut rest = self.fields;
        let lines = std::iter::from_fn(move || {
            let (line, behind) = split_line(rest);
            rest = behind;
            (!line.is_empty()).then_some(line)
        });
        lines.take(MAX_FIELDS).filter_map(|line| {
            let continues = line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'));
            let colon = line.iter().position(|byte| *byte == b':').filter(|_| !continues)?;
            let (name, value) = line.split_at_checked(colon)?;
            Some((name.trim_ascii(), value.get(1..).unwrap_or_default().trim_ascii()))
        })
    }
}

/// Where the head that begins at the front ends, behind its blank line. Bytes before `from` are
/// known to hold no end.
#[must_use]
pub fn end(data: &[u8], from: usize) -> Option<usize> {
    let tail = data.get(from..)?;
    let feeds = tail.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    feeds.map(|(index, _)| from + index + 1).find_map(|behind| match data.get(behind..) {
        Some([b'\n', ..]) => Some(behind + 1),
        Some([b'\r', b'\n', ..]) => Some(behind + 2),
        _ => None,
    })
}

/// How many line ends stand at the front: some clients send them between messages.
#[must_use]
pub fn blank(data: &[u8]) -> usize {
    data.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count()
}

/// The first line, and what is behind it.
#[must_use]
pub fn split_line(data: &[u8]) -> (&[u8], &[u8]) {
    let feed = data.iter().position(|byte| *byte == b'\n');
    let (line, rest) = match feed.and_then(|at| data.split_at_checked(at)) {
        Some((line, rest)) => (line, rest.get(1..).unwrap_or_default()),
        None => (data, &[][..]),
    };
    (line.strip_suffix(b"\r").unwrap_or(line), rest)
}

/// Whether a name is this one, whatever its case.
#[must_use]
pub fn is(name: &[u8], wanted: &str) -> bool {
    name.eq_ignore_ascii_case(wanted.as_bytes())
}

/// Whether `needle`, in lower case, occurs in `bytes` in any case.
#[must_use]
pub fn holds(bytes: &[u8], needle: &str) -> bool {
    find(bytes, needle).is_some()
}

/// Where `needle`, in lower case, first occurs in any case.
#[must_use]
pub fn find(bytes: &[u8], needle: &str) -> Option<usize> {
    bytes.windows(needle.len().max(1)).position(|part| part.eq_ignore_ascii_case(needle.as_bytes()))
}

/// The number at the front of a field, such as a length.
#[must_use]
pub fn number(value: &[u8]) -> Option<u64> {
    let digits = value.iter().take_while(|byte| byte.is_ascii_digit());
    let mut digits = digits.map(|byte| u64::from(byte - b'0')).peekable();
    digits.peek()?;
    digits.try_fold(0_u64, |sum, digit| sum.checked_mul(10)?.checked_add(digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sloppy_fields_are_read() {
        let head = Head::new(b"GET / HTTP/1.1\nHost : a\r\nBad Name: b\n folded\nempty:\n\nx: y");
        assert_eq!(head.first, b"GET / HTTP/1.1");
        let fields: Vec<_> = head.fields().collect();
        let wanted: [(&[u8], &[u8]); 3] = [(b"Host", b"a"), (b"Bad Name", b"b"), (b"empty", b"")];
        assert_eq!(fields, wanted);
    }

    #[test]
    fn the_end_is_found_with_any_line_ends() {
        assert_eq!(end(b"a\r\n\r\nb", 0), Some(5));
        assert_eq!(end(b"a\n\nb", 0), Some(3));
        assert_eq!(end(b"a\n\r\nb", 0), Some(4));
        assert_eq!(end(b"a\r\nb\r\n", 0), None);
        assert_eq!(end(b"a\r\n\r\nb", 2), Some(5));
    }

    #[test]
    fn a_number_too_large_is_none() {
        assert_eq!(number(b"42, 42"), Some(42));
        assert_eq!(number(b"99999999999999999999999"), None);
        assert_eq!(number(b"-1"), None);
    }
}
