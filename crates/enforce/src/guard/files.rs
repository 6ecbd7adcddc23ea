//! The files of a guard: written whole or not at all.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::ruleset::Ruleset;

/// Largest file that is read: a million elements.
const MAX_FILE: u64 = 512 << 20;

/// Why the files of a guard cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Reading or writing failed.
    #[error("{path}: {error}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        error: io::Error,
    },
    /// It is not what we wrote.
    #[error("{path} is damaged ({why}); delete it, and enforce and confirm again")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

/// Which file.
#[derive(Clone, Copy, Debug)]
pub(super) enum Name {
    /// The rules to come back to.
    Confirmed,
    /// Rules on trial.
    Pending,
    /// Rules that were on trial and are being taken back.
    Reverting,
    /// The last rules that were taken back, for whoever asks why.
    Reverted,
}

impl Name {
    const fn text(self) -> &'static str {
        match self {
            Name::Confirmed => "confirmed.json",
            Name::Pending => "pending.json",
            Name::Reverting => "reverting.json",
            Name::Reverted => "reverted.json",
        }
    }
}

#[derive(Debug)]
pub(super) struct Files {
    folder: PathBuf,
}

impl Files {
    pub(super) fn open(folder: PathBuf) -> Result<Self, StateError> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        made.map_err(|error| StateError::Io { path: folder.clone(), error })?;
        Ok(Files { folder })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn has(&self, name: Name) -> bool {
        self.path(name).exists()
    }

    pub(super) fn write(&self, name: Name, ruleset: &Ruleset) -> Result<(), StateError> {
        let path = self.path(name);
        let next = path.with_extension("new");
        let write = || -> io::Result<()> {
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(true).mode(0o600);
            let mut file = io::BufWriter::new(options.open(&next)?);
            serde_json::to_writer(&mut file, ruleset)?;
            file.flush()?;
            file.get_ref().sync_all()?;
            fs::rename(&next, &path)?;
            self.sync()
        };
        write().map_err(|error| StateError::Io { path: path.clone(), error })
    }

    pub(super) fn read(&self, name: Name) -> Result<Option<Ruleset>, StateError> {
        let path = self.path(name);
        let mut text = Vec::new();
        let read = File::open(&path).and_then(|file| file.take(MAX_FILE).read_to_end(&mut text));
        match read {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StateError::Io { path, error }),
            Ok(_) => {}
        }
        let damaged = |why: String| StateError::Damaged { path: path.clone(), why };
        serde_json::from_slice(&text).map(Some).map_err(|error| damaged(error.to_string()))
    }

    /// Renames a file, replacing another; false if it is not there. Of two who try, one does it.
    pub(super) fn rename(&self, from: Name, to: Name) -> Result<bool, StateError> {
        let path = self.path(from);
        match fs::rename(&path, self.path(to)).and_then(|()| self.sync()) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(StateError::Io { path, error }),
        }
    }

    pub(super) fn remove(&self, name: Name) -> Result<(), StateError> {
        let path = self.path(name);
        match fs::remove_file(&path).and_then(|()| self.sync()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(StateError::Io { path, error })
            }
            _ => Ok(()),
        }
    }

    /// Keeps everybody else out until it is dropped: two who load at once would meet in one table.
    pub(super) fn lock(&self) -> Result<File, StateError> {
        let path = self.folder.join("lock");
        let locked = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .and_then(|file| file.lock().map(|()| file));
        locked.map_err(|error| StateError::Io { path, error })
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }

    fn path(&self, name: Name) -> PathBuf {
        self.folder.join(name.text())
    }
}
