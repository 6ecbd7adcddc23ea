//! What is wrong with a configuration.

use std::fmt;

/// One thing that is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// The file, the variable, or `--set`.
    pub place: String,
    /// In a file: from 1. Elsewhere 0.
    pub line: u32,
    /// In a file: characters from 1. Elsewhere 0.
    pub column: u32,
    /// The key in question, as it was written; empty where there is none.
    pub key: String,
    /// What is wrong, and what would be right.
    pub says: String,
    /// The key that was perhaps meant.
    pub nearest: Option<&'static str>,
}

impl fmt::Display for Problem {
    /// One line, which begins as compilers begin theirs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        f.write_str(": ")?;
        if !self.key.is_empty() {
            write!(f, "{} ", self.key)?;
        }
        f.write_str(&self.says)?;
        match self.nearest {
            Some(nearest) => write!(f, "; did you mean {nearest}?"),
            None => Ok(()),
        }
    }
}

/// Everything that is wrong, in the order of the text.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{}", lines(.0))]
pub struct Problems(pub Vec<Problem>);

fn lines(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// Where in a text a byte lies: line and column, from 1; columns count characters.
pub(crate) fn position(text: &str, byte: usize) -> (u32, u32) {
    let byte = (0..=byte.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    let before = text.get(..byte).unwrap_or_default();
    let line = before.bytes().filter(|&b| b == b'\n').count();
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count());
    let from_one = |count| u32::try_from(count).unwrap_or(u32::MAX).saturating_add(1);
    (from_one(line), from_one(column))
}
