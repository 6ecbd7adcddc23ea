//! The master key of a data folder, and its change for another.
//!
//! While it is changed there are two: the one in force, under which everything is sealed from then
//! on, and the former one, which only opens what is still sealed under it. Each step is one rename
//! or removal, so whatever breaks a change off, both are there, a service works with them, and the
//! same steps finish it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::files::{is_missing, sync_folder};
use crate::{CryptoError, KeyFile, Vault};

/// The master key's file in the data folder.
pub const MASTER_KEY: &str = "master.key";
/// The former one, as long as something is sealed under it.
pub const FORMER_KEY: &str = "master.key.former";
/// The next one, until it takes its place.
const NEXT_KEY: &str = "master.key.next";

/// The master keys of a data folder.
#[derive(Debug)]
pub struct Keys {
    /// The one in force.
    pub current: KeyFile,
    /// The one before, where a change is not finished.
    pub former: Option<KeyFile>,
}

impl Keys {
    /// Opens the keys of a folder; makes the first one.
    ///
    /// # Errors
    /// When one cannot be made, others can read it, or it is damaged.
    pub fn open_or_create(folder: &Path) -> Result<Self, CryptoError> {
        let current = KeyFile::open_or_create(&folder.join(MASTER_KEY))?;
        Ok(Keys { current, former: former(folder)? })
    }

    /// Opens the keys of a folder.
    ///
    /// # Errors
    /// When there is none, others can read it, or it is damaged.
    pub fn open(folder: &Path) -> Result<Self, CryptoError> {
        Ok(Keys { current: KeyFile::open(&folder.join(MASTER_KEY))?, former: former(folder)? })
    }

    /// Puts a new key in force and keeps the former; goes on with a change that was broken off.
    ///
    /// # Errors
    /// When a file cannot be written or read.
    pub fn change(folder: &Path) -> Result<Self, CryptoError> {
        let at = |name: &str| folder.join(name);
        let keys = Keys::open(folder)?;
        let former = keys.former.as_ref().map(KeyFile::id);
        // Broken off after the new key was put in force. Before, the two are one.
        if former.is_some_and(|id| id != keys.current.id()) {
            return Ok(keys);
        }
        match KeyFile::open(&at(NEXT_KEY)) {
            Err(error) if is_missing(&error) => drop(KeyFile::create(&at(NEXT_KEY))?),
            Err(error) => return Err(error),
            Ok(_) => {}
        }
        if keys.former.is_none() {
            fs::hard_link(at(MASTER_KEY), at(FORMER_KEY))
                .map_err(failed("create", at(FORMER_KEY)))?;
            sync_folder(&at(FORMER_KEY))?;
        }
        fs::rename(at(NEXT_KEY), at(MASTER_KEY)).map_err(failed("replace", at(MASTER_KEY)))?;
        sync_folder(&at(MASTER_KEY))?;
        Keys::open(folder)
    }

    /// Removes the former key: nothing is sealed under it any more.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn finish(folder: &Path) -> Result<(), CryptoError> {
        let path = folder.join(FORMER_KEY);
        fs::remove_file(&path).map_err(failed("remove", path.clone()))?;
        sync_folder(&path)
    }

    /// A vault that seals under the key in force and opens what either of them sealed.
    #[must_use]
    pub fn vault(&self) -> Vault {
        let vault = Vault::new(&self.current);
        match &self.former {
            Some(former) => vault.with_former(former),
            None => vault,
        }
    }
}

fn former(folder: &Path) -> Result<Option<KeyFile>, CryptoError> {
    match KeyFile::open(&folder.join(FORMER_KEY)) {
        Ok(key) => Ok(Some(key)),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn failed(what: &'static str, path: PathBuf) -> impl FnOnce(std::io::Error) -> CryptoError {
    move |source| CryptoError::File { what, path, source }
}
