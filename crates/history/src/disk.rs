//! The steps on disk whose order makes rows durable, and where tests let them fail.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::HistoryError;

/// One step on disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// A folder is made.
    Folder,
    /// A file is made that is not yet in use.
    Create,
    /// Its content is made durable.
    Sync,
    /// It gets its name.
    Rename,
    /// The name is made durable.
    SyncFolder,
    /// A file is removed.
    Remove,
}

/// Called before every step; an error takes the place of the step. For tests of what a crash or
/// a full disk leaves behind.
pub type Fault = Arc<dyn Fn(Step) -> io::Result<()> + Send + Sync>;

/// The file system.
#[derive(Clone, Default)]
pub(crate) struct Disk {
    fault: Option<Fault>,
}

impl Disk {
    pub(crate) fn new(fault: Option<Fault>) -> Self {
        Disk { fault }
    }

    fn step(
        &self,
        step: Step,
        what: &'static str,
        path: &Path,
        run: impl FnOnce() -> io::Result<()>,
    ) -> Result<(), HistoryError> {
        let allowed = self.fault.as_ref().map_or(Ok(()), |fault| fault(step));
        allowed.and_then(|()| run()).map_err(|error| HistoryError::disk(what, path, error))
    }

    /// Makes a folder below a root, and every new name durable.
    pub(crate) fn folder(&self, root: &Path, folder: &Path) -> Result<(), HistoryError> {
        if folder.is_dir() {
            return Ok(());
        }
        if let Some(parent) = folder.parent()
            && folder != root
        {
            self.folder(root, parent)?;
        }
        self.step(Step::Folder, "make", folder, || match fs::create_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => fs::create_dir_all(folder),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            result => result,
        })?;
        folder.parent().map_or(Ok(()), |parent| self.sync_folder(parent))
    }

    pub(crate) fn create(&self, path: &Path) -> Result<File, HistoryError> {
        let mut made = None;
        self.step(Step::Create, "create", path, || {
            made = Some(OpenOptions::new().write(true).create(true).truncate(true).open(path)?);
            Ok(())
        })?;
        made.ok_or_else(|| HistoryError::disk("create", path, io::ErrorKind::Other.into()))
    }

    pub(crate) fn sync(&self, file: &File, path: &Path) -> Result<(), HistoryError> {
        self.step(Step::Sync, "make durable", path, || file.sync_all())
    }

    pub(crate) fn rename(&self, from: &Path, to: &Path) -> Result<(), HistoryError> {
        self.step(Step::Rename, "put in use", to, || fs::rename(from, to))
    }

    pub(crate) fn sync_folder(&self, folder: &Path) -> Result<(), HistoryError> {
        // The parent of a plain name is no name at all.
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        self.step(Step::SyncFolder, "make durable", folder, || File::open(folder)?.sync_all())
    }

    /// Removes a file; one that has gone is removed.
    pub(crate) fn remove(&self, path: &Path) -> Result<(), HistoryError> {
        self.step(Step::Remove, "remove", path, || match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        })
    }

    /// Removes what was not put in use; what stays is removed when the history is next opened.
    pub(crate) fn discard(&self, path: &Path) {
        if let Err(error) = self.remove(path) {
            tracing::warn!(%error, "a file that is not in use stays for now");
        }
    }

    /// Bytes that the service may still write to this file system.
    pub(crate) fn free(&self, path: &Path) -> Result<u64, HistoryError> {
        let stat = rustix::fs::statvfs(path)
            .map_err(|error| HistoryError::disk("ask for free space of", path, error.into()))?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_named_without_a_path_lies_in_the_current_one() {
        let parent = Path::new("history").parent().unwrap();
        assert!(Disk::default().sync_folder(parent).is_ok());
    }
}
