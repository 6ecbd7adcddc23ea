//! The banner patterns of rapid7/recog (<https://github.com/rapid7/recog>, BSD-2-Clause).
//!
//! A pattern set is a folder of XML files. Each file holds the patterns for one kind of banner,
//! named by its `matches` attribute (`ssh.banner`, `http_header.server` …), in the order in which
//! they are to be tried: the first that matches is the answer.

mod examples;
mod literal;
mod pattern;
mod xml;

use std::collections::HashMap;
use std::fmt;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use regex::Regex;

pub use examples::{Example, Mismatch};

/// Patterns of all files taken together; recog 2026 has 4,657.
const MOST_PATTERNS: usize = 50_000;
/// Longest banner looked at, in bytes; longer ones are cut.
const MOST_BANNER: usize = 4096;

/// A pattern set, ready to match.
#[derive(Debug, Default)]
pub struct Patterns {
    kinds: HashMap<String, Kind>,
}

/// What was left out while reading a pattern set, and why.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Report {
    /// Patterns that can be matched.
    pub patterns: usize,
    /// Files that are not recog XML: name and reason.
    pub files_left_out: Vec<(String, String)>,
    /// Patterns that this engine cannot express, such as lookaheads: file, pattern, reason.
    pub patterns_left_out: Vec<(String, String, String)>,
}

/// What a banner gave away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// The pattern's description.
    pub description: String,
    /// Attributes such as (`os.vendor`, `Cisco`), in the file's order.
    pub attributes: Vec<(String, String)>,
}

impl Match {
    /// The value of an attribute.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl Patterns {
    /// Reads a pattern set from (file name, bytes) pairs. What cannot be read is left out and
    /// said in the report.
    pub fn read<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> (Patterns, Report) {
        let mut set = Patterns::default();
        let mut report = Report::default();
        for (name, bytes) in files {
            match xml::parse(bytes) {
                Ok(file) => set.add(name, file, &mut report),
                Err(reason) => report.files_left_out.push((name.to_owned(), reason)),
            }
        }
        (set, report)
    }

    /// The first pattern of that kind that matches. Kinds are recog's `matches` names; files
    /// without one go by their name without `.xml`.
    #[must_use]
    pub fn first(&self, kind: &str, banner: &str) -> Option<Match> {
        let kind = self.kinds.get(kind)?;
        let banner = cut(banner);
        kind.candidates(banner).into_iter().find_map(|pattern| pattern.apply(banner))
    }

    /// The kinds of banner there are patterns for.
    pub fn kinds(&self) -> impl Iterator<Item = &str> {
        self.kinds.keys().map(String::as_str)
    }

    /// How many patterns there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kinds.values().map(|kind| kind.patterns.len()).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    fn add(&mut self, name: &str, file: xml::File, report: &mut Report) {
        let key = file.matches.unwrap_or_else(|| name.trim_end_matches(".xml").to_owned());
        let kind = self.kinds.entry(key).or_default();
        for raw in file.fingerprints {
            if report.patterns >= MOST_PATTERNS {
                let why = format!("more than {MOST_PATTERNS} patterns");
                report.patterns_left_out.push((name.to_owned(), raw.pattern, why));
                continue;
            }
            match pattern::translate(&raw.pattern, &raw.flags) {
                Ok(source) => {
                    report.patterns += 1;
                    kind.push(Pattern::new(source, raw));
                }
                Err(why) => report.patterns_left_out.push((name.to_owned(), raw.pattern, why)),
            }
        }
    }
}

fn cut(banner: &str) -> &str {
    let mut end = banner.len().min(MOST_BANNER);
    while !banner.is_char_boundary(end) {
        end -= 1;
    }
    banner.get(..end).unwrap_or(banner)
}

/// The patterns for one kind of banner.
#[derive(Default)]
struct Kind {
    patterns: Vec<Pattern>,
    /// Text that each pattern needs, lower-case; empty where none is known.
    needles: Vec<String>,
    filter: OnceLock<Option<AhoCorasick>>,
}

impl Kind {
    fn push(&mut self, pattern: Pattern) {
        self.needles.push(literal::needed(&pattern.source));
        self.patterns.push(pattern);
    }

    /// The patterns whose needed text stands in the banner, in file order.
    fn candidates(&self, banner: &str) -> Vec<&Pattern> {
        let filter = self.filter.get_or_init(|| {
            AhoCorasickBuilder::new()
                .ascii_case_insensitive(true)
                .match_kind(MatchKind::Standard)
                .build(self.needles.iter().map(|needle| match needle.as_str() {
                    "" => "\0no such text\0",
                    needle => needle,
                }))
                .ok()
        });
        let mut found: Vec<bool> = self.needles.iter().map(String::is_empty).collect();
        match filter {
            Some(filter) => {
                for hit in filter.find_overlapping_iter(banner) {
                    if let Some(slot) = found.get_mut(hit.pattern().as_usize()) {
                        *slot = true;
                    }
                }
            }
            None => found.fill(true),
        }
        self.patterns.iter().zip(found).filter_map(|(p, found)| found.then_some(p)).collect()
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} patterns", self.patterns.len())
    }
}

/// One pattern; compiled when it is first tried.
struct Pattern {
    source: String,
    compiled: OnceLock<Option<Regex>>,
    description: String,
    params: Vec<xml::Param>,
    examples: Vec<Example>,
}

impl Pattern {
    fn new(source: String, raw: xml::Fingerprint) -> Self {
        Pattern {
            source,
            compiled: OnceLock::new(),
            description: raw.description,
            params: raw.params,
            examples: raw.examples,
        }
    }

    fn regex(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| pattern::compile(&self.source)).as_ref()
    }

    fn apply(&self, banner: &str) -> Option<Match> {
        let captures = self.regex()?.captures(banner)?;
        let mut attributes: Vec<(String, String)> = Vec::with_capacity(self.params.len());
        for param in &self.params {
            let value = match param.group {
                0 => param.value.clone(),
                group => captures.get(group).map(|part| part.as_str().to_owned()),
            };
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                attributes.push((param.name.clone(), value));
            }
        }
        fill_in(&mut attributes);
        Some(Match { description: self.description.clone(), attributes })
    }
}

/// Values may name other attributes, as in `cpe:/o:cisco:ios:{os.version}`.
fn fill_in(attributes: &mut Vec<(String, String)>) {
    let known = attributes.clone();
    for (_, value) in attributes.iter_mut().filter(|(_, value)| value.contains('{')) {
        for (name, text) in &known {
            let marker = format!("{{{name}}}");
            if value.contains(&marker) {
                *value = value.replace(&marker, text);
            }
        }
    }
    // A marker that nothing fills stands for "any version" in a CPE, and for nothing elsewhere.
    for (name, value) in attributes.iter_mut().filter(|(_, value)| value.contains('{')) {
        if name.ends_with("cpe23")
            && let Some((head, tail)) = value.split_once('{')
            && let Some((_, tail)) = tail.split_once('}')
        {
            *value = format!("{head}-{tail}");
        }
    }
    attributes.retain(|(name, _)| !name.starts_with("_tmp."));
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"<?xml version="1.0"?>
<fingerprints matches="ssh.banner" protocol="ssh">
  <!-- order matters -->
  <fingerprint pattern="^ExampleSSH_([\d.]+)$" flags="REG_ICASE">
    <description>Example &amp; Sons</description>
    <example service.version="1.2">examplessh_1.2</example>
    <param pos="0" name="service.vendor" value="Example"/>
    <param pos="1" name="service.version"/>
    <param pos="0" name="service.cpe23" value="cpe:/a:example:ssh:{service.version}"/>
  </fingerprint>
  <fingerprint pattern="^Ex(?=ample)">
    <description>Cannot be expressed</description>
  </fingerprint>
  <fingerprint pattern="^Example">
    <description>Some other</description>
  </fingerprint>
</fingerprints>"#;

    fn set() -> (Patterns, Report) {
        Patterns::read([("ssh.xml", FILE.as_bytes())])
    }

    #[test]
    fn the_first_pattern_that_matches_answers_with_its_attributes() {
        let found = set().0.first("ssh.banner", "EXAMPLESSH_3.1").unwrap();
        assert_eq!(found.description, "Example & Sons");
        assert_eq!(found.get("service.version"), Some("3.1"));
        assert_eq!(found.get("service.cpe23"), Some("cpe:/a:example:ssh:3.1"));
        assert_eq!(set().0.first("ssh.banner", "Example").unwrap().description, "Some other");
        assert_eq!(set().0.first("ssh.banner", "OpenSSH"), None);
        assert_eq!(set().0.first("ftp.banner", "Example"), None);
    }

    #[test]
    fn a_lookahead_is_left_out_and_said() {
        let (set, report) = set();
        assert_eq!((set.len(), report.patterns), (2, 2));
        assert_eq!(report.patterns_left_out.len(), 1);
        assert!(report.patterns_left_out[0].2.contains("look-around"), "{report:?}");
    }

    #[test]
    fn a_file_that_is_no_pattern_file_is_left_out_and_said() {
        let (set, report) =
            Patterns::read([("a.xml", &b"<html></html>"[..]), ("b.xml", &b"<finger"[..])]);
        assert!(set.is_empty());
        assert_eq!(report.files_left_out.len(), 2);
    }
}
