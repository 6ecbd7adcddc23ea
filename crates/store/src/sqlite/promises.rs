//! The file `checkpoints` beside the database: what was promised, so that a shortened database is
//! found out.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cordon_ledger::NOTE_MAX;

use crate::StoreError;

/// What ends a checkpoint: its last line, and an empty one.
const END: &str = "\n\n";
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
        // What is cut short may be cut within a character.
        let text = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        let last = whole(text).last();
        let (whole, last) = last.map_or((0, None), |(end, text)| (end, Some(text.to_owned())));
        if bytes.len().saturating_sub(whole) > NOTE_MAX {
            return Err(StoreError::Ledger(format!(
                "{} is damaged after byte {whole}",
                path.display()
            )));
        }
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
        while !record.ends_with(END) {
            record.push('\n');
        }
        let (path, file, whole) = (open.path.clone(), open.file.clone(), open.whole);
        let written =
            tokio::task::spawn_blocking(move || append(&path, file, whole, record.as_bytes()));
        let (file, whole) = written.await.map_err(|_| StoreError::Closed)??;
        open.file = file;
        open.whole = whole;
        Ok(())
    }
}

/// The whole checkpoints of such a file, each with where it ends. Body and signatures of a signed
/// note have an empty line between them and one after them; what is cut short ends the list.
fn whole(text: &str) -> impl Iterator<Item = (usize, &str)> {
    /// How a signature line begins.
    const DASH: &str = "\u{2014} ";
    let mut at = 0_usize;
    std::iter::from_fn(move || {
        let rest = text.get(at..)?;
        let body = rest.find(END)?.saturating_add(END.len());
        let signatures = rest.get(body..)?;
        let end = body.saturating_add(signatures.find(END)?).saturating_add(END.len());
        if !signatures.starts_with(DASH) {
            return None;
        }
        at = at.saturating_add(end);
        Some((at, rest.get(..end)?.strip_suffix('\n')?))
    })
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
    let newer = whole(&text).map(|(end, _)| end).find(|end| *end >= text.len() / 2);
    let newer = newer.and_then(|from| text.get(from..)).unwrap_or_default();
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

    fn note(size: u64) -> String {
        format!("cordon.test/home\n{size}\nroot\n\n\u{2014} cordon.test/home AAAA\n")
    }

    #[tokio::test]
    async fn half_a_checkpoint_at_the_end_is_ignored_and_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("checkpoints");
        let mut promises = Promises::open(&path).unwrap();
        assert_eq!(promises.last(), None);
        promises.add(&note(1)).await.unwrap();
        promises.add(&note(2)).await.unwrap();
        let whole = std::fs::read(&path).unwrap();
        let third = note(3);
        // Cut anywhere, also within a character and just before the last line break.
        for cut in 1..=third.len() {
            let torn = [whole.as_slice(), &third.as_bytes()[..cut]].concat();
            std::fs::write(&path, torn).unwrap();
            let mut promises = Promises::open(&path).unwrap();
            assert_eq!(promises.last(), Some(&*note(2)), "{cut}");
            promises.add(&note(4)).await.unwrap();
            let text = std::fs::read_to_string(&path).unwrap();
            assert_eq!(text, format!("{}\n{}\n{}\n", note(1), note(2), note(4)), "{cut}");
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(cordon_ledger::Notes::new(&text).count(), 3, "the ledger reads the same");
    }

    #[tokio::test]
    async fn the_file_stays_bounded_and_keeps_the_newest() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("checkpoints");
        std::fs::write(&path, format!("{}\n", note(1)).repeat(45_000)).unwrap();
        let before = std::fs::metadata(&path).unwrap().len();
        assert!(before > FILE_MAX);
        let mut promises = Promises::open(&path).unwrap();
        promises.add(&note(2)).await.unwrap();
        promises.add(&note(3)).await.unwrap();
        assert!(std::fs::metadata(&path).unwrap().len() < before / 2 + 1_000);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(&note(1)), "whole checkpoints only");
        assert!(text.ends_with(&format!("{}\n{}\n", note(2), note(3))));
        assert_eq!(Promises::open(&path).unwrap().last(), Some(&*note(3)));
    }
}
