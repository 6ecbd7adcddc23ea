//! Connections to SQLite, with what each of them is told first.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cordon_ledger::Tree;
use sea_orm::sqlx::ConnectOptions as _;
use sea_orm::sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, RuntimeErr, SqlxSqliteConnector,
    Statement,
};
use tracing::warn;

use super::ledger;
use crate::StoreError;

/// Page cache of the writer, KiB. The service has 100 MB in all.
const WRITER_CACHE_KIB: i64 = 4_096;
/// Page cache of each reader, KiB.
const READER_CACHE_KIB: i64 = 1_024;
/// Readers: a page of the console and an export at the same time.
const READERS: u32 = 2;
/// The write-ahead log shrinks back to this after it was larger, bytes.
const LOG_MAX: i64 = 8 << 20;
/// How long to wait for a lock of another program before saying so.
const BUSY: Duration = Duration::from_secs(5);
/// How long a read waits for a free connection.
const ACQUIRE: Duration = Duration::from_secs(30);

/// How long a connection may take to close; a page of the console or an export may still be read.
const CLOSE: Duration = Duration::from_secs(10);

/// What a connection is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    /// Writes; there is one.
    Writer,
    /// Reads while the writer writes.
    Readers,
    /// Looks at a file that others may have open, and leaves it as it is.
    Probe,
    /// May take back what was broken off, and changes nothing else.
    Mender,
    /// Looks at a file that nobody else has open, without a log or an index beside it.
    Copy,
}

/// Opens a file.
pub(crate) async fn connect(path: &Path, role: Role) -> Result<DatabaseConnection, StoreError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY)
        .foreign_keys(true)
        // The service may open files in its data folder only: what a statement needs to take itself
        // back, or to sort, has no other place.
        .pragma("temp_store", "MEMORY");
    let options = match role {
        Role::Writer => options
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("cache_size", (-WRITER_CACHE_KIB).to_string())
            .pragma("journal_size_limit", LOG_MAX.to_string())
            // What was forgotten is overwritten, not only unlinked.
            .pragma("secure_delete", "ON"),
        Role::Readers => {
            options.pragma("cache_size", (-READER_CACHE_KIB).to_string()).pragma("query_only", "ON")
        }
        Role::Mender => options,
        Role::Probe | Role::Copy => options
            .read_only(true)
            .immutable(role == Role::Copy)
            .pragma("cache_size", (-READER_CACHE_KIB).to_string()),
    };
    let connections = if role == Role::Readers { READERS } else { 1 };
    pool(options, connections).await
}

/// A database that is gone with its connection.
pub(crate) async fn connect_memory() -> Result<DatabaseConnection, StoreError> {
    let options = SqliteConnectOptions::new().in_memory(true).foreign_keys(true);
    pool(options, 1).await
}

async fn pool(
    options: SqliteConnectOptions,
    connections: u32,
) -> Result<DatabaseConnection, StoreError> {
    let pool = SqlitePoolOptions::new()
        .max_connections(connections)
        // None is kept up by the pool itself: it would open one again after it was closed.
        .min_connections(0)
        .acquire_timeout(ACQUIRE)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_with(options.disable_statement_logging())
        .await
        .map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error.into())))?;
    Ok(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool))
}

/// One value of a pragma or query.
pub(crate) async fn value<T, C>(db: &C, sql: &str) -> Result<T, StoreError>
where
    T: sea_orm::TryGetable,
    C: ConnectionTrait,
{
    let statement = Statement::from_string(DbBackend::Sqlite, sql.to_owned());
    match db.query_one_raw(statement).await? {
        Some(row) => Ok(row.try_get_by_index(0)?),
        None => Err(StoreError::Engine(format!("`{sql}` has no answer"))),
    }
}

/// How the writer gets a fresh connection, and what it does that is SQLite's alone.
#[derive(Clone, Debug)]
pub(crate) struct Reopen {
    /// The file; `None` in memory, where a connection cannot be replaced.
    pub(crate) path: Option<PathBuf>,
    /// Pages that the database may have at most.
    pub(crate) pages: Option<u32>,
}

impl Reopen {
    /// A writer's connection.
    pub(crate) async fn open(&self) -> Result<DatabaseConnection, StoreError> {
        let db = match &self.path {
            Some(path) => connect(path, Role::Writer).await?,
            None => connect_memory().await?,
        };
        limit_pages(&db, self.pages).await?;
        Ok(db)
    }

    /// Another connection instead of this one.
    pub(crate) async fn again(
        &self,
        old: &DatabaseConnection,
    ) -> Result<Option<DatabaseConnection>, StoreError> {
        if self.path.is_none() {
            return Ok(None);
        }
        close(old).await;
        self.open().await.map(Some)
    }

    /// Allows this many pages from now on.
    pub(crate) async fn limit(
        &mut self,
        db: &DatabaseConnection,
        pages: Option<u32>,
    ) -> Result<(), StoreError> {
        self.pages = pages;
        limit_pages(db, pages).await
    }

    /// The ledger's end as the database has it, where that is not `known`.
    pub(crate) async fn head(
        &self,
        db: &DatabaseConnection,
        site: &str,
        known: &Tree,
    ) -> Result<Option<(Tree, String)>, StoreError> {
        let head = crate::rows::read::head(db, site).await?;
        if head.size == known.size() {
            return Ok(None);
        }
        let tree = ledger::grow(db, site, &[]).await?.tree;
        Ok(Some((tree, head.checkpoint)))
    }

    /// Folds the log into the file and closes.
    pub(crate) async fn finish(&self, db: DatabaseConnection) {
        if let Err(error) = db.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await {
            warn!(%error, "the log was not folded into the database; the next start does it");
        }
        close(&db).await;
    }
}

/// Closes, within a bound: what is still in use then is let go of when the process ends.
pub(crate) async fn close(db: &DatabaseConnection) {
    match tokio::time::timeout(CLOSE, db.close_by_ref()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => warn!(%error, "a connection did not close"),
        Err(_) => warn!("a connection did not close in time"),
    }
}

async fn limit_pages(db: &DatabaseConnection, pages: Option<u32>) -> Result<(), StoreError> {
    /// As many as SQLite can.
    const ALL: u32 = u32::MAX - 1;
    let sql = format!("PRAGMA max_page_count = {}", pages.unwrap_or(ALL));
    value::<i64, _>(db, &sql).await.map(drop)
}
