//! Settings that Edimax devices send to their server, over UDP and TCP, usually to port 8765.
//!
//! The text is a list of empty elements behind `<param>`: `<model value="SP-1101W"/>`. It is sent
//! plain, or with every byte rotated right by 1 to 7 bits. The first byte is `<` plus that number
//! of bits; it is not rotated itself. (Observed; there is no public description.)

use std::borrow::Cow;

/// Bytes of a payload looked at.
const LONGEST: usize = 1_500;
/// The shortest payload looked at.
const SHORTEST: usize = 20;
/// Longest value of a setting.
const LONGEST_VALUE: usize = 64;
/// What every text opens with.
const OPENING: &[u8] = b"<param>";

/// The settings of one payload, as text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parameters<'a> {
    text: Cow<'a, [u8]>,
}

/// Reads a payload; none where it is no list of settings.
#[inline]
#[must_use]
pub fn decode(payload: &[u8]) -> Option<Parameters<'_>> {
    let bits = u32::from(payload.first()?.checked_sub(b'<')?);
    if bits > 7 || payload.len() < SHORTEST {
        return None;
    }
    let payload = payload.get(..LONGEST).unwrap_or(payload);
    let rest = payload.get(1..)?;
    let opens =
        OPENING.iter().skip(1).zip(rest).all(|(want, byte)| byte.rotate_left(bits) == *want);
    if !opens {
        return None;
    }
    let text = match bits {
        0 => Cow::Borrowed(payload),
        _ => {
            let mut text = Vec::with_capacity(payload.len());
            text.push(b'<');
            text.extend(rest.iter().map(|byte| byte.rotate_left(bits)));
            Cow::Owned(text)
        }
    };
    Some(Parameters { text })
}

impl Parameters<'_> {
    /// Names and values in the order sent; a value longer than 64 bytes is passed over.
    pub fn pairs(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let mut rest: &[u8] = &self.text;
        std::iter::from_fn(move || {
            while let Some(start) = rest.iter().position(|byte| *byte == b'<') {
                rest = rest.get(start + 1..)?;
                if let Some((pair, after)) = pair(rest) {
                    rest = after;
                    return Some(pair);
                }
            }
            None
        })
    }
}

type Pair<'a> = (&'a [u8], &'a [u8]);

/// Name and value behind a `<`, and what follows.
fn pair(element: &[u8]) -> Option<(Pair<'_>, &[u8])> {
    let end = element.iter().position(|byte| !is_name(*byte)).filter(|end| *end > 0)?;
    let (name, rest) = element.split_at_checked(end)?;
    let rest = rest.strip_prefix(b" value=\"")?;
    let end = rest.iter().take(LONGEST_VALUE + 1).position(|byte| *byte == b'"')?;
    let (value, after) = rest.split_at_checked(end)?;
    Some(((name, value), after))
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &[u8] =
        b"<param><code value=\"1010\"/><model value=\"XY-1\"/><empty value=\"\"/></param>";

    fn rotated(bits: u32) -> Vec<u8> {
        let mut out = vec![b'<' + bits as u8];
        out.extend(PLAIN[1..].iter().map(|byte| byte.rotate_right(bits)));
        out
    }

    #[test]
    fn settings_are_read_however_far_they_are_rotated() {
        for bits in 0..8 {
            let payload = rotated(bits);
            let parameters = decode(&payload).unwrap();
            let pairs: Vec<_> = parameters.pairs().collect();
            assert_eq!(
                pairs,
                [
                    (&b"code"[..], &b"1010"[..]),
                    (&b"model"[..], &b"XY-1"[..]),
                    (&b"empty"[..], &b""[..])
                ]
            );
        }
    }

    #[test]
    fn other_text_is_left_alone() {
        assert_eq!(decode(b"<html><body>hello, world</body></html>"), None);
        assert_eq!(decode(b"<param>"), None);
        assert_eq!(decode(b""), None);
        assert_eq!(decode(&[0xff; 40]), None);
    }

    #[test]
    fn a_payload_cut_anywhere_is_harmless() {
        let payload = rotated(3);
        for end in 0..payload.len() {
            if let Some(parameters) = decode(&payload[..end]) {
                assert!(parameters.pairs().count() <= 3);
            }
        }
    }

    #[test]
    fn an_endless_value_is_passed_over() {
        let long = [&b"<param><model value=\""[..], &[b'x'; 65], b"\"/>"].concat();
        assert_eq!(decode(&long).unwrap().pairs().count(), 0);
    }
}
