//! A copy of a running database, and the way back.

use std::path::{Path, PathBuf};

use cordon_model::Timestamp;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

use super::connect::{Role, close, connect, value};
use super::promises::{Promises, private};
use super::{CHECKPOINTS, DATABASE, Options, Store, ledger, lock, migrate, named, sync_folder};
use crate::rows::read;
use crate::{Backup, LedgerHead, StoreError};

/// What a restore left.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Restored {
    /// Where the ledger ends now.
    pub ledger: LedgerHead,
    /// What was there before, under other names.
    pub kept: Vec<PathBuf>,
}

/// Copies the database as of one moment; readers and the writer go on.
pub(super) async fn backup(
    db: &DatabaseConnection,
    site: &str,
    to: &Path,
) -> Result<Backup, StoreError> {
    let fail = |error| StoreError::io(to, &error);
    if to.exists() {
        return Err(StoreError::Conflict(format!("{} exists already", to.display())));
    }
    let part = beside(to, "part");
    // SQLite fills a file that exists and is empty; so the copy is its owner's from the start.
    let file = private().write(true).create(true).truncate(true).open(&part).map_err(fail)?;
    let copied = async {
        let name =
            part.to_str().ok_or_else(|| StoreError::Value("the backup's path".to_owned()))?;
        let copy =
            Statement::from_sql_and_values(DbBackend::Sqlite, "VACUUM INTO ?", [name.into()]);
        db.execute_raw(copy).await?;
        file.sync_all().map_err(fail)?;
        let copy = connect(&part, Role::Copy).await?;
        let schema = migrate::schema(&copy, name).await?;
        let ledger = read::head(&copy, site).await?;
        close(&copy).await;
        let bytes = file.metadata().map_err(fail)?.len();
        std::fs::rename(&part, to).map_err(fail)?;
        sync_folder(to).map_err(fail)?;
        Ok(Backup { bytes, schema, ledger })
    };
    let result = copied.await;
    if result.is_err() {
        // The copy is of no use, and the error tells more than this one would.
        drop(std::fs::remove_file(&part));
    }
    result
}

impl Store {
    /// Puts a backup in the place of the database; the service must not be running.
    ///
    /// The backup is checked first: its pages, its schema, its ledger against its last checkpoint.
    /// What was there is kept beside it under a name with the time `now`.
    pub async fn restore(
        dir: &Path,
        from: &Path,
        options: &Options,
        now: Timestamp,
    ) -> Result<Restored, StoreError> {
        std::fs::create_dir_all(dir).map_err(|error| StoreError::io(dir, &error))?;
        let _lock = lock(dir)?;
        let path = dir.join(DATABASE);
        let part = beside(&path, "part");
        copy(from, &part)?;
        let ledger = match check(&part, options).await {
            Ok(ledger) => ledger,
            Err(error) => {
                drop(std::fs::remove_file(&part));
                return Err(rename_in(error, &part, from));
            }
        };
        fold(&path).await;
        let kept = swap(dir, &part, now).map_err(|error| StoreError::io(&path, &error))?;
        if !ledger.checkpoint.is_empty() {
            Promises::open(&dir.join(CHECKPOINTS))?.add(&ledger.checkpoint).await?;
        }
        Ok(Restored { ledger, kept })
    }
}

/// Copies to a file of its owner, on the disk when this returns.
fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    let mut source = std::fs::File::open(from).map_err(|error| StoreError::io(from, &error))?;
    let fail = |error| StoreError::io(to, &error);
    let mut target = private().write(true).create(true).truncate(true).open(to).map_err(fail)?;
    if let Err(error) = std::io::copy(&mut source, &mut target).and_then(|_| target.sync_all()) {
        drop(std::fs::remove_file(to));
        return Err(fail(error));
    }
    Ok(())
}

/// Everything that a start would check, and every page.
async fn check(path: &Path, options: &Options) -> Result<LedgerHead, StoreError> {
    let name = path.display().to_string();
    let db = connect(path, Role::Copy).await.map_err(|error| named(error, path))?;
    let checked = async {
        let schema = migrate::schema(&db, &name).await?;
        if schema == 0 {
            return Err(StoreError::NotADatabase(name.clone()));
        }
        migrate::check_steps(&db, schema).await?;
        let verdict: String = value(&db, "PRAGMA integrity_check(1)").await?;
        if verdict != "ok" {
            return Err(StoreError::Damaged(verdict));
        }
        let nothing = &mut Promises::nowhere();
        let ledger = ledger::check(&db, &options.site, &options.notary, nothing).await?;
        Ok(LedgerHead { size: ledger.tree.size(), checkpoint: ledger.checkpoint })
    };
    let checked = checked.await.map_err(|error| named(error, path));
    close(&db).await;
    checked
}

/// Folds the log of the old database into it. One that is damaged keeps its log beside it:
/// opening it for writing could remove what may still be of use.
async fn fold(path: &Path) {
    if !path.exists() || super::inspect(path).await.is_err() {
        return;
    }
    match connect(path, Role::Writer).await {
        Ok(db) => super::Reopen { path: None, pages: None }.finish(db).await,
        Err(error) => tracing::warn!(%error, "the old database is kept as it is"),
    }
}

/// The old files get dated names, then the new one takes their place in one step.
///
/// The old log must be gone before: SQLite would play it into the new database.
fn swap(dir: &Path, part: &Path, now: Timestamp) -> std::io::Result<Vec<PathBuf>> {
    let path = dir.join(DATABASE);
    let date: String =
        now.to_string().chars().filter(char::is_ascii_alphanumeric).take(15).collect();
    let mut kept = Vec::new();
    for name in [format!("{DATABASE}-wal"), CHECKPOINTS.to_owned()] {
        let (old, new) = (dir.join(&name), free(dir, &format!("{name}.before-{date}")));
        if old.exists() {
            std::fs::rename(&old, &new)?;
            kept.push(new);
        }
    }
    // The log's index: SQLite makes it anew.
    let index = dir.join(format!("{DATABASE}-shm"));
    if index.exists() {
        std::fs::remove_file(index)?;
    }
    if path.exists() {
        let new = free(dir, &format!("{DATABASE}.before-{date}"));
        std::fs::hard_link(&path, &new)?;
        kept.push(new);
    }
    sync_folder(&path)?;
    std::fs::rename(part, &path)?;
    sync_folder(&path)?;
    Ok(kept)
}

/// The name, or the name with a number where it is taken.
fn free(dir: &Path, name: &str) -> PathBuf {
    let names =
        std::iter::once(name.to_owned()).chain((2..).map(|number| format!("{name}-{number}")));
    names.map(|name| dir.join(name)).find(|path| !path.exists()).unwrap_or_else(|| dir.join(name))
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(ending);
    path.with_file_name(name)
}

/// The user's name for the file in the message, not that of the copy.
fn rename_in(error: StoreError, part: &Path, from: &Path) -> StoreError {
    match error {
        StoreError::NotADatabase(name) if name == part.display().to_string() => {
            StoreError::NotADatabase(from.display().to_string())
        }
        other => other,
    }
}
