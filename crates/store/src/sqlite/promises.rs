//! The file `checkpoints` beside the database: what was promised, so that a shortened database is
//! found out.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::StoreError;

/// The line after each checkpoint.
const END: &str = "%%\n";
/// Beyond this the older half goes; the database keeps all of them.
const FILE_MAX: u64 = 2 << 20;
/// What a file may have to be read at all.
const READ_MAX: u64 = 4 * FILE_MAX;

/// The file, open at its end. Without a path nothing is kept.
#[derive(Debug)]
pub(crate) struct Promises {
    open: Option<Open>,
    last: Option<String>,
}

#[derive(Debug)]
struct Open {
    path: PathBuf,
    file: Arc<File>,
    /// Bytes that are known to be whole checkpoints.
    whole: u64,
}

impl Promises {
    /// For a database in memory.
    pub(crate) fn nowhere() -> Self {
        Promises { open: None, last: None }
    }

    /// Opens or creates the file; half a checkpoint at its end, from a loss of power, is ignored.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let fail = |error| StoreError::io(path, &error);
        let file = private().read(true).append(true).create(true).open(path).map_err(fail)?;
        let mut bytes = Vec::new();
        (&file).take(READ_MAX).read_to_end(&mut bytes).map_err(fail)?;
        let text = String::from_utf8_lossy(&bytes);
        let whole = text.rfind(END).map_or(0, |at| at.saturating_add(END.len()));
        let last = text.get(..whole).and_then(|text| {
            text.split_inclusive('\n').collect::<String>().strip_suffix(END).map(|text| {
                text.rsplit_once(&format!("\n{END}")).map_or(text, |(_, last)| last).to_owned()
            })
        });
        let open = Open { path: path.to_owned(), file: Arc::new(file), whole: whole as u64 };
        Ok(Promises { open: Some(open), last })
    }

    /// The last whole checkpoint.
    pub(crate) fn last(&self) -> Option<&str> {
        self.last.as_deref()
    }

    /// Appends one, on the disk when this returns.
    pub(crate) async fn add(&mut self, text: &str) -> Result<(), StoreError> {
        self.last = Some(text.to_owned());
        let Some(open) = &mut self.open else { return Ok(()) };
        let mut record = text.to_owned();
        if !record.ends_with('\n') {
            record.push('\n');
        }
        record.push_str(END);
        let (path, file, whole) = (open.path.clone(), open.file.clone(), open.whole);
        let written =
            tokio::task::spawn_blocking(move || append(&path, file, whole, record.as_bytes()));
        let (file, whole) = written.await.map_err(|_| StoreError::Closed)??;
        open.file = file;
        open.whole = whole;
        Ok(())
    }
}

/// Options of a file that only its owner reads.
pub(crate) fn private() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

fn append(
    path: &Path,
    file: Arc<File>,
    whole: u64,
    record: &[u8],
) -> Result<(Arc<File>, u64), StoreError> {
    let fail = |error| StoreError::io(path, &error);
    // What a failed attempt left behind goes first.
    if file.metadata().map_err(fail)?.len() != whole {
        file.set_len(whole).map_err(fail)?;
    }
    if whole > FILE_MAX {
        return shorten(path, record).map_err(fail);
    }
    (&*file).write_all(record).map_err(fail)?;
    file.sync_data().map_err(fail)?;
    Ok((file, whole.saturating_add(record.len() as u64)))
}

/// Writes the newer half and `record` to a new file in its place.
fn shorten(path: &Path, record: &[u8]) -> std::io::Result<(Arc<File>, u64)> {
    let text = std::fs::read_to_string(path)?;
    let middle = text.floor_char_boundary(text.len() / 2);
    let newer = text.get(middle..).unwrap_or_default();
    let newer = newer.split_once(&format!("\n{END}")).map_or("", |(_, newer)| newer);
    let fresh = path.with_extension("new");
    let mut file = private().write(true).create(true).truncate(true).open(&fresh)?;
    file.write_all(newer.as_bytes())?;
    file.write_all(record)?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)?;
    super::sync_folder(path)?;
    let file = private().append(true).open(path)?;
    let whole = file.metadata()?.len();
    Ok((Arc::new(file), whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn half_a_checkpoint_at_the_end_is_ignored_and_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("checkpoints");
        let mut promises = Promises::open(&path).unwrap();
        assert_eq!(promises.last(), None);
        promises.add("one\n1\n").await.unwrap();
        promises.add("two\n2\n").await.unwrap();
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"thr").unwrap();
        let mut promises = Promises::open(&path).unwrap();
        assert_eq!(promises.last(), Some("two\n2\n"));
        promises.add("four\n4\n").await.unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, "one\n1\n%%\ntwo\n2\n%%\nfour\n4\n%%\n");
    }

    #[tokio::test]
    async fn the_file_stays_bounded_and_keeps_the_newest() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("checkpoints");
        let one = format!("{}\n", "x".repeat(99));
        std::fs::write(&path, format!("{one}{END}").repeat(21_000)).unwrap();
        let before = std::fs::metadata(&path).unwrap().len();
        assert!(before > FILE_MAX);
        let mut promises = Promises::open(&path).unwrap();
        promises.add("last\n").await.unwrap();
        promises.add("very last\n").await.unwrap();
        assert!(std::fs::metadata(&path).unwrap().len() < before / 2 + 1_000);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(&one), "whole checkpoints only");
        assert!(text.ends_with("%%\nlast\n%%\nvery last\n%%\n"));
        assert_eq!(Promises::open(&path).unwrap().last(), Some("very last\n"));
    }
}
