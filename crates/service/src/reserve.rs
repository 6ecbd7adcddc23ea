//! Room that is set aside for the day on which the disk is full.
//!
//! A sign-in that is not in the ledger does not happen, so a disk without room would let nobody
//! in to see what is wrong. A file of a few MiB takes room while there is some; once a sign-in or a
//! change of somebody finds none, the file goes and what it held is theirs. As long as it is away,
//! what is merely seen is not written: it would take the room within minutes.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};

/// The file in the data folder.
const NAME: &str = "reserve";
/// What it holds: some thousand sign-ins, and the database's log beside them.
pub const RESERVE_BYTES: u64 = 8 << 20;
/// What must be free besides before it is made: it is not to fill the disk itself.
const BESIDES: u64 = 8 << 20;
/// Written at once.
const BLOCK: usize = 64 << 10;

const UNUSED: u8 = 0;
const WHOLE: u8 = 1;
const AWAY: u8 = 2;

/// The file, and whether it is there.
#[derive(Debug)]
pub struct Reserve {
    path: PathBuf,
    state: AtomicU8,
    /// Held by whoever makes it: two would take each other's half away.
    making: Mutex<()>,
}

impl Reserve {
    /// The reserve of a data folder, as it is.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        let path = folder.join(NAME);
        let whole = fs::symlink_metadata(&path).is_ok_and(|file| file.len() == RESERVE_BYTES);
        let state = AtomicU8::new(if whole { WHOLE } else { UNUSED });
        Reserve { path, state, making: Mutex::new(()) }
    }

    /// Whether there was no room to make it, or it was given away and there is no room yet to
    /// make it again.
    #[must_use]
    pub fn is_away(&self) -> bool {
        self.state.load(Ordering::Acquire) == AWAY
    }

    /// Gives the room away; whether there was any.
    pub fn release(&self) -> bool {
        if self.state.swap(AWAY, Ordering::AcqRel) != WHOLE {
            return false;
        }
        let removed = fs::remove_file(&self.path);
        match &removed {
            Ok(()) => tracing::warn!("the disk is full; the reserve is given away for sign-ins"),
            Err(error) => tracing::error!(%error, "the reserve cannot be given away"),
        }
        removed.is_ok()
    }

    /// Makes it where it is not and there is room; whether it is there now. Blocks.
    pub fn fill(&self) -> bool {
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if self.state.load(Ordering::Acquire) == WHOLE {
            return true;
        }
        let room = self.free().is_none_or(|free| free >= RESERVE_BYTES.saturating_add(BESIDES));
        let made = if room { self.make() } else { Err(io::ErrorKind::StorageFull.into()) };
        match &made {
            Ok(()) if self.state.swap(WHOLE, Ordering::AcqRel) == AWAY => {
                tracing::info!("there is room on the disk again");
            }
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                self.state.store(AWAY, Ordering::Release);
            }
            // The disk is not full, so nothing has to wait for it.
            Err(error) => tracing::warn!(%error, "no room can be set aside for a full disk"),
        }
        made.is_ok()
    }

    /// Bytes that are free on its disk.
    #[must_use]
    pub fn free(&self) -> Option<u64> {
        let stat = rustix::fs::statvfs(self.path.parent()?).ok()?;
        Some(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    fn make(&self) -> io::Result<()> {
        let draft = self.path.with_extension("new");
        let written = write_noise(&draft).and_then(|()| fs::rename(&draft, &self.path));
        if written.is_err() {
            // Half a reserve is of no use; that it cannot be made is what counts.
            drop(fs::remove_file(&draft));
        }
        written
    }
}

/// Noise, because a disk that compresses would keep no room for zeros.
fn write_noise(path: &Path) -> io::Result<()> {
    let mut file = File::create(path)?;
    let mut block = vec![0; BLOCK];
    for _ in 0..RESERVE_BYTES / BLOCK as u64 {
        getrandom::fill(&mut block).map_err(io::Error::other)?;
        file.write_all(&block)?;
    }
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_given_away_once_and_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let reserve = Reserve::of(folder.path());
        assert!(!reserve.is_away() && !reserve.release(), "there was none");
        assert!(reserve.fill());
        let held = || fs::metadata(folder.path().join(NAME)).map(|file| file.len());
        assert_eq!(held().unwrap(), RESERVE_BYTES);
        let again = Reserve::of(folder.path());
        assert!(again.release() && again.is_away() && held().is_err());
        assert!(!again.release(), "only once");
        assert!(again.fill() && !again.is_away());
        assert_eq!(held().unwrap(), RESERVE_BYTES);
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_no_full_disk() {
        let folder = tempfile::tempdir().unwrap();
        let reserve = Reserve::of(&folder.path().join("nowhere"));
        assert!(!reserve.fill() && !reserve.is_away());
    }

    #[test]
    fn of_many_that_make_it_at_once_none_takes_it_away() {
        let folder = tempfile::tempdir().unwrap();
        let reserve = Reserve::of(folder.path());
        std::thread::scope(|scope| {
            (0..4).for_each(|_| drop(scope.spawn(|| assert!(reserve.fill()))));
        });
        assert!(reserve.release());
    }
}
