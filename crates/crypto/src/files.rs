//! Files that only the service may read: made whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::{CryptoError, random_bytes};

/// Reads a file of at most `max` bytes that neither group nor others may touch.
pub(crate) fn read_private(path: &Path, max: u64) -> Result<Vec<u8>, CryptoError> {
    read_guarded(path, max, 0o077)
}

/// Reads a key of the operator: Debian's group `ssl-cert` may share it, the world may not.
pub(crate) fn read_shared_key(path: &Path, max: u64) -> Result<Vec<u8>, CryptoError> {
    read_guarded(path, max, 0o007)
}

fn read_guarded(path: &Path, max: u64, closed: u32) -> Result<Vec<u8>, CryptoError> {
    let file = File::open(path).map_err(CryptoError::file("read", path))?;
    let metadata = file.metadata().map_err(CryptoError::file("read", path))?;
    if !metadata.is_file() {
        return Err(CryptoError::Damaged { path: path.to_owned(), why: "not a regular file" });
    }
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & closed != 0 {
        return Err(CryptoError::Exposed { path: path.to_owned(), mode });
    }
    read_bounded(file, path, max)
}

/// Reads a file of at most `max` bytes.
pub(crate) fn read_public(path: &Path, max: u64) -> Result<Vec<u8>, CryptoError> {
    let file = File::open(path).map_err(CryptoError::file("read", path))?;
    read_bounded(file, path, max)
}

/// Creates a file with mode 0600 that must not exist. After a crash it is there whole or not at
/// all; of two that create it at once, one gets `AlreadyExists`.
pub(crate) fn create_private(path: &Path, bytes: &[u8]) -> Result<(), CryptoError> {
    let draft = write_draft(path, bytes)?;
    // A link fails when the name is taken, where a rename would replace it.
    let linked = fs::hard_link(&draft, path);
    // The draft is only a second name by now.
    drop(fs::remove_file(&draft));
    linked.map_err(CryptoError::file("create", path))?;
    sync_folder(path)
}

/// Writes a file with mode 0600, in place of what was there.
pub(crate) fn replace_private(path: &Path, bytes: &[u8]) -> Result<(), CryptoError> {
    let draft = write_draft(path, bytes)?;
    if let Err(error) = fs::rename(&draft, path) {
        drop(fs::remove_file(&draft));
        return Err(CryptoError::file("replace", path)(error));
    }
    sync_folder(path)
}

/// Whether an error says that the file is not there.
pub(crate) fn is_missing(error: &CryptoError) -> bool {
    matches!(error, CryptoError::File { source, .. } if source.kind() == io::ErrorKind::NotFound)
}

/// Whether an error says that the file is there already.
pub(crate) fn is_taken(error: &CryptoError) -> bool {
    matches!(error, CryptoError::File { source, .. } if source.kind() == io::ErrorKind::AlreadyExists)
}

fn read_bounded(file: File, path: &Path, max: u64) -> Result<Vec<u8>, CryptoError> {
    let mut bytes = Vec::new();
    file.take(max.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(CryptoError::file("read", path))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= max) {
        Ok(bytes)
    } else {
        Err(CryptoError::Damaged { path: path.to_owned(), why: "too long" })
    }
}

/// A new file beside `path`, written and on the disk.
fn write_draft(path: &Path, bytes: &[u8]) -> Result<PathBuf, CryptoError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", URL_SAFE_NO_PAD.encode(random_bytes::<9>()?)));
    let draft = path.with_file_name(name);
    let written =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft).and_then(
            |mut file| {
                file.write_all(bytes)?;
                file.sync_all()
            },
        );
    match written {
        Ok(()) => Ok(draft),
        Err(error) => {
            drop(fs::remove_file(&draft));
            Err(CryptoError::file("create", path)(error))
        }
    }
}

/// A name is durable once its folder is.
pub(crate) fn sync_folder(path: &Path) -> Result<(), CryptoError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(CryptoError::file("write", folder))
}
