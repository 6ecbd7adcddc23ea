//! The store in one SQLite file.

mod archive;
mod backup;
mod connect;
mod ledger;
mod migrate;
mod promises;

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use cordon_contract::book::Step;
use cordon_model::record::{
    Approval, Change, DataClass, Event, FindingKey, PersonId, TrackedFinding,
};
use cordon_model::{DeviceId, Text, Timestamp};
use sea_orm::{DatabaseConnection, TransactionTrait};
use tokio::sync::{mpsc, oneshot};

pub use archive::{Archive, Held};
pub use backup::Restored;
pub(crate) use connect::Reopen;
use connect::Role;
pub use ledger::Beside;
pub(crate) use promises::Promises;
use promises::private;

use crate::rows::{apply::Numbers, read};
use crate::writer::{Job, QUEUE_MAX, Writer};
use crate::{
    Backup, Before, Commit, Committed, EventFilter, FindingFilter, LedgerFilter, LedgerRow, Notary,
    Numbered, Page, PastSession, Retired, SignedCheckpoint, Snapshot, State, StoreError,
};

/// The database's file in the data directory.
pub const DATABASE: &str = "state.db";
/// The checkpoints' file beside it.
pub const CHECKPOINTS: &str = "checkpoints";
/// The file whose lock says that the directory is in use.
const LOCK: &str = "state.lock";

/// How to open a store.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whose state it is.
    pub site: Text,
    /// Who signs for the ledger.
    pub notary: Notary,
    /// Pages of 4 KiB that the database may have at most.
    pub max_pages: Option<u32>,
}

/// What the start found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Opened {
    /// The schema before; zero for a new database.
    pub schema_before: i64,
    /// The schema now.
    pub schema: i64,
    /// How the file of checkpoints was found.
    pub checkpoints: Beside,
}

/// State in SQLite. Dropping it lets what is under way finish; [`State::close`] waits for that.
pub struct Store {
    site: String,
    /// The file; `None` in memory.
    path: Option<PathBuf>,
    jobs: mpsc::Sender<Job>,
    readers: DatabaseConnection,
    opened: Opened,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("site", &self.site).field("opened", &self.opened).finish()
    }
}

impl Store {
    /// Opens or creates the store in a directory, and checks it.
    pub async fn open(dir: &Path, options: Options) -> Result<Self, StoreError> {
        std::fs::create_dir_all(dir).map_err(|error| StoreError::io(dir, &error))?;
        let lock = lock(dir)?;
        let path = dir.join(DATABASE);
        probe(&path).await?;
        let reopen = Reopen { path: Some(path.clone()), pages: options.max_pages };
        let promises = Promises::open(&dir.join(CHECKPOINTS))?;
        let db = reopen.open().await.map_err(|error| named(error, &path))?;
        let schema_before = migrate::migrate(&db, &path.display().to_string()).await?;
        let readers = connect::connect(&path, Role::Readers).await?;
        Self::start(options, db, readers, reopen, promises, schema_before, Some(lock)).await
    }

    /// A store in memory, for tests: gone when it is dropped.
    pub async fn in_memory(options: Options) -> Result<Self, StoreError> {
        let reopen = Reopen { path: None, pages: options.max_pages };
        let db = reopen.open().await?;
        let schema_before = migrate::migrate(&db, "memory").await?;
        let readers = db.clone();
        Self::start(options, db, readers, reopen, Promises::nowhere(), schema_before, None).await
    }

    async fn start(
        options: Options,
        db: DatabaseConnection,
        readers: DatabaseConnection,
        reopen: Reopen,
        mut promises: Promises,
        schema_before: i64,
        lock: Option<Lock>,
    ) -> Result<Self, StoreError> {
        let Options { site, notary, .. } = options;
        let checked = ledger::check(&db, &site, &notary, &mut promises).await?;
        let numbers = Numbers::load(&db, &site).await?;
        let site = site.to_string();
        let path = reopen.path.clone();
        let writer = Writer {
            site: site.clone(),
            db,
            reopen,
            notary,
            tree: checked.tree,
            checkpoint: checked.checkpoint,
            numbers,
            promises,
            _lock: lock,
        };
        let (jobs, queue) = mpsc::channel(QUEUE_MAX);
        tokio::spawn(writer.run(queue));
        let opened = Opened { schema_before, schema: migrate::NEWEST, checkpoints: checked.beside };
        Ok(Store { site, path, jobs, readers, opened })
    }

    /// What the start found.
    #[must_use]
    pub fn opened(&self) -> Opened {
        self.opened
    }

    /// Lets the database have this many pages of 4 KiB at most from now on.
    pub async fn limit_pages(&self, pages: Option<u32>) -> Result<(), StoreError> {
        self.ask(|answer| Job::Limit(pages, answer)).await?
    }

    async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<T>) -> Job) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.jobs.send(job(answer)).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)
    }
}

#[async_trait]
impl State for Store {
    async fn load(&self) -> Result<Snapshot, StoreError> {
        let moment = self.readers.begin().await?;
        let snapshot = read::snapshot(&moment, &self.site).await?;
        moment.commit().await?;
        Ok(snapshot)
    }

    async fn commit(&self, commit: Commit) -> Result<Committed, StoreError> {
        self.ask(|answer| Job::Commit(commit, answer)).await?
    }

    async fn events(
        &self,
        wanted: &EventFilter,
        page: Before,
    ) -> Result<Page<Numbered<Event>>, StoreError> {
        read::events(&self.readers, &self.site, wanted, page).await
    }

    async fn changes(
        &self,
        device: Option<&DeviceId>,
        page: Before,
    ) -> Result<Page<Change>, StoreError> {
        read::changes(&self.readers, &self.site, device, page).await
    }

    async fn change(&self, id: u64) -> Result<Option<Change>, StoreError> {
        read::change(&self.readers, &self.site, id).await
    }

    async fn steps(
        &self,
        device: Option<&DeviceId>,
        page: Before,
    ) -> Result<Page<Step>, StoreError> {
        read::steps(&self.readers, &self.site, device, page).await
    }

    async fn findings(
        &self,
        wanted: &FindingFilter,
        after: Option<&FindingKey>,
        limit: usize,
    ) -> Result<Vec<TrackedFinding>, StoreError> {
        read::findings(&self.readers, &self.site, wanted, after, limit).await
    }

    async fn approvals(&self, page: Before) -> Result<Page<Numbered<Approval>>, StoreError> {
        read::approvals(&self.readers, &self.site, page).await
    }

    async fn past_sessions(
        &self,
        person: Option<&PersonId>,
        page: Before,
    ) -> Result<Page<Numbered<PastSession>>, StoreError> {
        read::past_sessions(&self.readers, &self.site, person, page).await
    }

    async fn ledger(&self, from: u64, limit: usize) -> Result<Vec<LedgerRow>, StoreError> {
        read::ledger_from(&self.readers, &self.site, from, limit).await
    }

    async fn ledger_search(
        &self,
        wanted: &LedgerFilter,
        page: Before,
    ) -> Result<Page<LedgerRow>, StoreError> {
        read::ledger_search(&self.readers, &self.site, wanted, page).await
    }

    async fn leaf_hashes(&self, range: Range<u64>) -> Result<Vec<[u8; 32]>, StoreError> {
        read::leaf_hashes(&self.readers, &self.site, range).await
    }

    async fn checkpoints(&self, range: Range<u64>) -> Result<Vec<SignedCheckpoint>, StoreError> {
        read::checkpoints(&self.readers, &self.site, range).await
    }

    async fn retire(
        &self,
        now: Timestamp,
        keep: &[(DataClass, Duration)],
        also: Commit,
    ) -> Result<Retired, StoreError> {
        let keep = keep.to_vec();
        self.ask(|answer| Job::Retire(now, keep, also, answer)).await?
    }

    async fn backup(&self, to: &Path) -> Result<Backup, StoreError> {
        let Some(path) = &self.path else {
            return backup::backup(&self.readers, &self.site, to).await;
        };
        // A connection of its own: the copy takes long, and the readers may not even write a copy.
        let db = connect::connect(path, Role::Probe).await?;
        let made = backup::backup(&db, &self.site, to).await;
        connect::close(&db).await;
        made
    }

    async fn size(&self) -> Result<u64, StoreError> {
        let pages: i64 = connect::value(&self.readers, "PRAGMA page_count").await?;
        let bytes: i64 = connect::value(&self.readers, "PRAGMA page_size").await?;
        Ok(pages.saturating_mul(bytes).unsigned_abs())
    }

    async fn close(&self) -> Result<(), StoreError> {
        if self.path.is_some() {
            connect::close(&self.readers).await;
        }
        self.ask(Job::Close).await
    }
}

/// The directory is this process's as long as this is there; the writer has it until it is done.
/// After `kill -9` the kernel gives it back.
#[derive(Debug)]
pub(crate) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Not left to closing: a program that is just being started has the file open too.
        self.0.unlock().ok();
    }
}

/// Takes the directory for this process.
fn lock(dir: &Path) -> Result<Lock, StoreError> {
    let path = dir.join(LOCK);
    let fail = |error| StoreError::io(&path, &error);
    let mut file =
        private().read(true).write(true).create(true).truncate(false).open(&path).map_err(fail)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            file.take(20).read_to_string(&mut pid).map_err(fail)?;
            return Err(StoreError::InUse {
                dir: dir.display().to_string(),
                pid: pid.trim().to_owned(),
            });
        }
        Err(TryLockError::Error(error)) => return Err(fail(error)),
    }
    // Nothing depends on the number; it is for the other's message.
    file.set_len(0).map_err(fail)?;
    file.rewind().map_err(fail)?;
    writeln!(file, "{}", std::process::id()).map_err(fail)?;
    Ok(Lock(file))
}

/// Looks at the file without changing it: is it ours, whole, and not newer than this build?
///
/// A new one is created empty here, so that only its owner can read it.
async fn probe(path: &Path) -> Result<(), StoreError> {
    let fail = |error| StoreError::io(path, &error);
    let file =
        private().read(true).write(true).create(true).truncate(false).open(path).map_err(fail)?;
    if file.metadata().map_err(fail)?.len() == 0 {
        return Ok(());
    }
    drop(file);
    let seen = match inspect(path).await {
        // It can be written, as was just tried: then what cannot be read without writing is a file
        // whose very first writes were broken off, before it had its write-ahead log.
        Err(StoreError::ReadOnly(_)) => {
            roll_back(path).await?;
            inspect(path).await
        }
        seen => seen,
    };
    seen.map(drop)
}

/// Lets SQLite take back what a killed process had begun: reading is enough for it.
async fn roll_back(path: &Path) -> Result<(), StoreError> {
    let db = connect::connect(path, Role::Mender).await.map_err(|error| named(error, path))?;
    let read = connect::value::<i64, _>(&db, "SELECT count(*) FROM sqlite_schema").await;
    connect::close(&db).await;
    read.map(drop).map_err(|error| named(error, path))
}

/// Opens a file for reading only, checks its pages, and says which schema it has.
async fn inspect(path: &Path) -> Result<i64, StoreError> {
    let name = path.display().to_string();
    let db = connect::connect(path, Role::Probe).await.map_err(|error| named(error, path))?;
    let checked = async {
        let schema = migrate::schema(&db, &name).await?;
        let verdict: String = connect::value(&db, "PRAGMA quick_check(1)").await?;
        if verdict != "ok" {
            return Err(StoreError::Damaged(verdict));
        }
        Ok(schema)
    };
    let schema = checked.await.map_err(|error| named(error, path));
    connect::close(&db).await;
    schema
}

/// The error with the file's name where it has one.
fn named(error: StoreError, path: &Path) -> StoreError {
    match error {
        StoreError::NotADatabase(_) => StoreError::NotADatabase(path.display().to_string()),
        StoreError::ReadOnly(_) => StoreError::ReadOnly(path.display().to_string()),
        other => other,
    }
}

/// Makes a name in a directory durable.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().map_or_else(|| PathBuf::from("."), Path::to_owned);
    File::open(if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder })?.sync_all()
}
