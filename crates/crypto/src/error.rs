//! What can go wrong with keys, and what to do about it.

use std::path::{Path, PathBuf};

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CryptoError {
    /// The file system said no.
    #[error("cannot {what} {}: {source}; check that the directory exists and belongs to the service", path.display())]
    File {
        /// Read, create …
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Others could have read the key.
    #[error(
        "{} can be read by others (mode {mode:04o}); run `chmod 600` on it, and if others use this machine, treat what it protects as known",
        path.display()
    )]
    Exposed {
        /// Which file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Not a regular file, or not what was written.
    #[error("{} is damaged or no key file ({why}); restore it from a backup", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Sealed bytes do not open. Deliberately the same for every cause.
    #[error(
        "this secret does not open: it was sealed by another key file, or changed, or belongs elsewhere; restore key file and data from the same backup"
    )]
    Sealed,
    /// A passphrase that can be guessed, or is no passphrase.
    #[error(
        "a passphrase for a backup takes {min} characters or more, and at most {max} bytes: who has the backup can try without end",
        min = crate::PASSPHRASE_MIN, max = crate::PASSPHRASE_MAX
    )]
    Passphrase,
    /// Not the passphrase, or not the file that was written.
    #[error("{} does not open with this passphrase; try again, or take another backup", .0.display())]
    WrongPassphrase(PathBuf),
    /// Too much to seal.
    #[error("{0} bytes are too many to seal; keep secrets below {max} bytes", max = crate::SEALED_MAX)]
    TooLong(usize),
    /// The kernel or the library refused; neither happens on a working machine.
    #[error("the system gives no {0}; restart the machine, and report this if it stays")]
    System(&'static str),
}

impl CryptoError {
    pub(crate) fn file(
        what: &'static str,
        path: &Path,
    ) -> impl FnOnce(std::io::Error) -> CryptoError {
        let path = path.to_owned();
        move |source| CryptoError::File { what, path, source }
    }
}
