//! What is wrong with a policy file, and where.

use std::fmt;

/// Why policies cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PolicyError {
    /// The file is longer than [`crate::Policies::MAX_BYTES`].
    #[error("{file}: has {bytes} bytes; split the rules or shorten them to {most}")]
    TooLong {
        /// The file.
        file: String,
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        most: usize,
    },
    /// Something in the file cannot be read or contradicts the schema; the first faults.
    #[error("{}", Lines(.0))]
    Faults(Vec<PolicyFault>),
}

/// One fault in a policy file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PolicyFault {
    /// The file.
    pub file: String,
    /// The line, counted from 1; none where the fault has no place.
    pub line: Option<usize>,
    /// The column in characters, counted from 1.
    pub column: Option<usize>,
    /// What is wrong, and what would be right where that is known.
    pub message: String,
}

impl fmt::Display for PolicyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

struct Lines<'a>(&'a [PolicyFault]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}

/// A fault at the place that a diagnostic points to.
pub(crate) fn fault(file: &str, source: &str, diagnostic: &dyn miette::Diagnostic) -> PolicyFault {
    let offset =
        diagnostic.labels().and_then(|mut labels| labels.next()).map(|label| label.offset());
    let mut message = diagnostic.to_string();
    if let Some(help) = diagnostic.help() {
        message = format!("{message} ({help})");
    }
    let (line, column) = offset.map_or((None, None), |offset| place(source, offset));
    PolicyFault { file: file.to_owned(), line, column, message }
}

/// Line and column of a byte offset.
pub(crate) fn place(source: &str, offset: usize) -> (Option<usize>, Option<usize>) {
    let Some(before) = source.get(..offset) else { return (None, None) };
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (Some(line), Some(column))
}
