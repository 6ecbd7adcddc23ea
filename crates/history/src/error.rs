//! What can go wrong with the history.

use std::io;
use std::path::{Path, PathBuf};

/// Why the history could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The file system refused.
    #[error("cannot {what} {}: {source}; check the folder's owner, mode and free space", path.display())]
    Disk {
        /// What was tried.
        what: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is no Parquet file of this history.
    #[error("{} is damaged or foreign: {reason}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Rows could not be turned into columns.
    #[error("cannot encode rows: {0}")]
    Encode(String),
    /// A cursor that this history did not hand out.
    #[error("the cursor {0:?} is not one of this history; start again without a cursor")]
    Cursor(String),
    /// A site name that cannot be a folder.
    #[error(
        "{0:?} is not a site name; use up to 64 of a-z, 0-9, '-', '_' and start with a letter or digit"
    )]
    Site(String),
    /// More sites than the history keeps apart.
    #[error("more than {0} sites; remove the folder of one that is no longer used")]
    TooManySites(usize),
    /// Whoever takes an export went away.
    #[error("cannot write the export: {0}")]
    Sink(io::Error),
}

impl HistoryError {
    pub(crate) fn disk(what: &'static str, path: &Path, source: io::Error) -> Self {
        HistoryError::Disk { what, path: path.to_owned(), source }
    }

    pub(crate) fn damaged(path: &Path, reason: impl ToString) -> Self {
        HistoryError::Damaged { path: path.to_owned(), reason: reason.to_string() }
    }

    /// Whether the file itself is at fault, so that it is set aside.
    pub(crate) fn is_damage(&self) -> bool {
        matches!(self, HistoryError::Damaged { .. })
    }

    /// Whether a file has gone, as when it was merged into another in the meantime.
    pub(crate) fn is_gone(&self) -> bool {
        matches!(self, HistoryError::Disk { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}
