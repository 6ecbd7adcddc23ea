//! recog's `<example>` lines: each states what its pattern must make of a banner.

use super::{Pattern, Patterns};

/// How an example's text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Encoding {
    /// As it is.
    #[default]
    Plain,
    /// In base64.
    Base64,
    /// In a file beside the XML, which is not read.
    OtherFile,
}

/// A banner and what it must yield.
#[derive(Debug, Clone, Default)]
pub struct Example {
    pub(super) text: String,
    pub(super) encoding: Encoding,
    pub(super) expected: Vec<(String, String)>,
}

/// An example that its pattern does not meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The kind of banner.
    pub kind: String,
    /// The pattern's description.
    pub description: String,
    /// The banner.
    pub banner: String,
    /// What is wrong.
    pub why: String,
}

impl Example {
    /// The banner; none where it lies in another file.
    fn banner(&self) -> Option<String> {
        match self.encoding {
            Encoding::Plain => Some(self.text.clone()),
            Encoding::Base64 => Some(String::from_utf8_lossy(&base64(&self.text)).into_owned()),
            Encoding::OtherFile => None,
        }
    }
}

impl Patterns {
    /// Tries every example against its own pattern, and through the filter that
    /// [`Patterns::first`] uses. Returns how many were tried and those not met.
    #[must_use]
    pub fn check_examples(&self) -> (usize, Vec<Mismatch>) {
        let mut tried = 0;
        let mut wrong = Vec::new();
        for (name, kind) in &self.kinds {
            for pattern in &kind.patterns {
                for example in &pattern.examples {
                    let Some(banner) = example.banner() else { continue };
                    tried += 1;
                    let offered =
                        kind.candidates(&banner).iter().any(|p| std::ptr::eq(*p, pattern));
                    let why = match () {
                        () if !offered => Some("left out by the filter".to_owned()),
                        () => unmet(pattern, example, &banner),
                    };
                    if let Some(why) = why {
                        let description = pattern.description.clone();
                        wrong.push(Mismatch { kind: name.clone(), description, banner, why });
                    }
                }
            }
        }
        (tried, wrong)
    }
}

fn unmet(pattern: &Pattern, example: &Example, banner: &str) -> Option<String> {
    let Some(found) = pattern.apply(banner) else { return Some("does not match".to_owned()) };
    example.expected.iter().find_map(|(name, value)| match found.get(name) {
        Some(got) if got == value => None,
        None if value.is_empty() => None,
        got => Some(format!("{name} should be {value:?} and is {got:?}")),
    })
}

/// Base64 (RFC 4648, 4); anything outside the alphabet is passed over.
fn base64(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut held) = (0_u32, 0);
    for c in text.bytes() {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held & 0xff) as u8);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_with_and_without_line_breaks() {
        assert_eq!(base64("SGVs\n bG8="), b"Hello");
        assert_eq!(base64(""), b"");
    }
}
