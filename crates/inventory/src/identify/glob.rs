//! The little language of our pattern files: case is ignored, `*` stands for anything, `#` for a
//! digit, `?` for one character, `%` for a word boundary, `{}` for one word, which is captured,
//! and `{..}` for any text, which is captured.

/// Steps of one match; patterns with several wildcards could otherwise take very long.
const MOST_STEPS: u32 = 20_000;
/// Captures of one pattern.
pub(super) const MOST_CAPTURES: usize = 4;

#[derive(Clone, PartialEq, Eq, Debug)]
enum Part {
    /// Lower-case ASCII or any other text.
    Literal(String),
    Anything,
    Digit,
    One,
    Boundary,
    Word,
    Rest,
}

/// A pattern over a whole text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Glob {
    parts: Vec<Part>,
    /// The longest literal: without it nothing matches.
    needle: String,
}

/// What a match captured.
pub(crate) type Captures<'t> = [&'t str; MOST_CAPTURES];

impl Glob {
    /// Reads a pattern.
    pub(crate) fn new(pattern: &str) -> Glob {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = pattern;
        while let Some(c) = rest.chars().next() {
            let (part, used) = match c {
                '*' => (Some(Part::Anything), 1),
                '#' => (Some(Part::Digit), 1),
                '?' => (Some(Part::One), 1),
                '%' => (Some(Part::Boundary), 1),
                '{' if rest.starts_with("{}") => (Some(Part::Word), 2),
                '{' if rest.starts_with("{..}") => (Some(Part::Rest), 4),
                _ => (None, c.len_utf8()),
            };
            match part {
                Some(part) => {
                    if !literal.is_empty() {
                        parts.push(Part::Literal(std::mem::take(&mut literal)));
                    }
                    parts.push(part);
                }
                None => literal.push(c.to_ascii_lowercase()),
            }
            rest = rest.get(used..).unwrap_or_default();
        }
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        let literals = parts.iter().filter_map(|part| match part {
            Part::Literal(text) => Some(text),
            _ => None,
        });
        let needle = literals.max_by_key(|text| text.len()).cloned().unwrap_or_default();
        Glob { parts, needle }
    }

    /// Whether the pattern has any text of its own.
    pub(crate) fn is_blank(&self) -> bool {
        self.needle.is_empty()
    }

    /// Matches a text; `lower` is the same text in ASCII lower case.
    pub(crate) fn matches<'t>(&self, text: &'t str, lower: &str) -> Option<Captures<'t>> {
        match self.parts.first() {
            Some(Part::Literal(head)) if !lower.starts_with(head.as_str()) => return None,
            _ if !lower.contains(self.needle.as_str()) => return None,
            _ => {}
        }
        let mut captures = [""; MOST_CAPTURES];
        let mut steps = MOST_STEPS;
        step(&self.parts, text, lower, 0, 0, &mut captures, &mut steps).then_some(captures)
    }
}

/// Depth is bounded by the number of parts, work by `steps`.
fn step<'t>(
    parts: &[Part],
    text: &'t str,
    lower: &str,
    at: usize,
    captured: usize,
    captures: &mut Captures<'t>,
    steps: &mut u32,
) -> bool {
    *steps = steps.saturating_sub(1);
    if *steps == 0 {
        return false;
    }
    let Some((part, after)) = parts.split_first() else { return at == text.len() };
    let Some(rest) = lower.get(at..) else { return false };
    let next = rest.chars().next();
    match part {
        Part::Literal(literal) => {
            rest.starts_with(literal.as_str())
                && step(after, text, lower, at + literal.len(), captured, captures, steps)
        }
        Part::Digit => {
            next.is_some_and(|c| c.is_ascii_digit())
                && step(after, text, lower, at + 1, captured, captures, steps)
        }
        Part::One => {
            let Some(c) = next else { return false };
            step(after, text, lower, at + c.len_utf8(), captured, captures, steps)
        }
        Part::Boundary => {
            let before = lower.get(..at).and_then(|text| text.chars().next_back());
            let inside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric());
            !(inside(before) && inside(next))
                && step(after, text, lower, at, captured, captures, steps)
        }
        Part::Anything => (0..=rest.len()).any(|skip| {
            *steps > 0 && step(after, text, lower, at + skip, captured, captures, steps)
        }),
        Part::Word => {
            let most = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
            (1..=most).rev().any(|take| {
                capture(text, at, take, captured, captures)
                    && step(after, text, lower, at + take, captured + 1, captures, steps)
            })
        }
        Part::Rest => (1..=rest.len()).any(|take| {
            capture(text, at, take, captured, captures)
                && step(after, text, lower, at + take, captured + 1, captures, steps)
        }),
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '.' | '+')
}

fn capture<'t>(
    text: &'t str,
    at: usize,
    take: usize,
    index: usize,
    captures: &mut Captures<'t>,
) -> bool {
    match (text.get(at..at + take), captures.get_mut(index)) {
        (Some(part), Some(slot)) => {
            *slot = part;
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matched<'t>(pattern: &str, text: &'t str) -> Option<Captures<'t>> {
        Glob::new(pattern).matches(text, &text.to_ascii_lowercase())
    }

    #[test]
    fn the_whole_text_must_fit() {
        assert!(matched("hs1#0*", "HS110(EU)").is_some());
        assert!(matched("hs1#0", "HS110(EU)").is_none());
        assert!(matched("*hue", "Philips Hue").is_some());
        assert!(matched("*%hue%*", "a hue-bridge").is_some());
        assert!(matched("*%hue%*", "huelva").is_none());
        assert!(matched("a?c", "aäc").is_some());
    }

    #[test]
    fn captures_keep_the_case_and_the_digits() {
        let found = matched(
            "D-Link {} Configuration Utility*",
            "D-Link DCS-935L Configuration Utility (3)",
        );
        assert_eq!(found.unwrap()[0], "DCS-935L");
        let found =
            matched("linux/{} upnp/{} {..}", "Linux/3.14.0 UPnP/1.0 IpBridge/1.9.0").unwrap();
        assert_eq!(found, ["3.14.0", "1.0", "IpBridge/1.9.0", ""]);
    }

    #[test]
    fn a_pattern_cannot_be_made_to_run_long() {
        let text = "a".repeat(240);
        assert!(matched("*a*a*a*a*a*a*a*a*b", &text).is_none());
    }
}
