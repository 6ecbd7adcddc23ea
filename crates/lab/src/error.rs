//! What can be wrong with a site.

use std::fmt;

/// Why a site cannot be read or played. The text names the row and says what to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteError {
    row: Option<String>,
    says: String,
}

impl SiteError {
    pub(crate) fn new(says: impl Into<String>) -> Self {
        SiteError { row: None, says: says.into() }
    }

    /// The same error, with the row it is in; the innermost row is kept.
    pub(crate) fn in_row(self, row: impl FnOnce() -> String) -> Self {
        SiteError { row: self.row.or_else(|| Some(row())), says: self.says }
    }
}

impl fmt::Display for SiteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.row {
            Some(row) => write!(f, "{row}: {}", self.says),
            None => f.write_str(&self.says),
        }
    }
}

impl std::error::Error for SiteError {}

impl From<toml::de::Error> for SiteError {
    fn from(error: toml::de::Error) -> Self {
        SiteError::new(error.to_string().trim().to_owned())
    }
}
