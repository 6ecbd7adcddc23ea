//! What can go wrong with the store, each in one sentence that says what to do.

use std::path::Path;

use sea_orm::error::ConnAcquireErr;
use sea_orm::{DbErr, RuntimeErr, sqlx};
use thiserror::Error;

/// Why the store did not do as asked. It is cloned to every caller of a batch.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// No room.
    #[error("the disk is full; nothing was changed: make room for the database, then try again")]
    Full,
    /// No right to write.
    #[error("{0} cannot be written; give the service's user the right to write there")]
    ReadOnly(String),
    /// Another cordon has it.
    #[error(
        "{dir} is in use by another cordon (process {pid}); stop that one, or give this one its own data directory"
    )]
    InUse {
        /// The data directory.
        dir: String,
        /// The other's process id, as it wrote it down.
        pid: String,
    },
    /// Another program holds the database's lock.
    #[error(
        "another program has the database locked; close it (a database shell, a file copy), then try again"
    )]
    Busy,
    /// Not ours.
    #[error("{0} is not a cordon database; move it away or restore a backup with `cordon restore`")]
    NotADatabase(String),
    /// Pages that contradict each other.
    #[error("the database is damaged ({0}); restore the last backup with `cordon restore`")]
    Damaged(String),
    /// Written by a later cordon.
    #[error(
        "the database has schema {found} and this cordon knows {known}; install the newer cordon again; nothing was changed"
    )]
    Newer {
        /// Its schema.
        found: i64,
        /// The newest schema that this build knows.
        known: i64,
    },
    /// Its schema came about otherwise.
    #[error(
        "schema step {0} of the database is not the one of this cordon; use the build that wrote it, or restore a backup"
    )]
    OtherSchema(i64),
    /// The ledger is not what was signed.
    #[error(
        "the ledger is not what was signed: {0}; run `cordon ledger verify`, keep the data directory as evidence, and restore a backup"
    )]
    Ledger(String),
    /// The state of things does not allow it.
    #[error("{0}; read it again, then decide again")]
    Conflict(String),
    /// Beyond a bound.
    #[error("{what} may be at most {limit}; send less at once")]
    TooLarge {
        /// What.
        what: &'static str,
        /// The bound.
        limit: usize,
    },
    /// A kept row cannot be read.
    #[error(
        "row {id} of table {table} cannot be read ({why}); restore the last backup with `cordon restore`"
    )]
    Row {
        /// The table.
        table: &'static str,
        /// Its id.
        id: String,
        /// Why.
        why: String,
    },
    /// A value cannot be written.
    #[error("cannot be written down: {0}; report this, it is a fault of cordon")]
    Value(String),
    /// The file system refused.
    #[error("{path}: {why}; check that the path exists and may be used")]
    Io {
        /// Where.
        path: String,
        /// What it said.
        why: String,
    },
    /// The store was closed.
    #[error("the store is closed; start the service again")]
    Closed,
    /// Anything else that the engine says.
    #[error("the database refused ({0}); try again, and restart the service if it stays so")]
    Engine(String),
}

impl StoreError {
    /// Whether only the one request is at fault, so that others in its batch may go on.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self, StoreError::Conflict(_) | StoreError::TooLarge { .. } | StoreError::Value(_))
    }

    pub(crate) fn io(path: &Path, error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => StoreError::Full,
            std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                StoreError::ReadOnly(path.display().to_string())
            }
            _ => StoreError::Io { path: path.display().to_string(), why: error.to_string() },
        }
    }

    pub(crate) fn row(table: &'static str, id: impl ToString, why: impl ToString) -> Self {
        StoreError::Row { table, id: id.to_string(), why: why.to_string() }
    }
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        let code = match &error {
            DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed) => {
                return StoreError::Closed;
            }
            DbErr::Conn(RuntimeErr::SqlxError(cause))
            | DbErr::Exec(RuntimeErr::SqlxError(cause))
            | DbErr::Query(RuntimeErr::SqlxError(cause)) => match cause.as_ref() {
                sqlx::Error::Database(cause) => cause.code().and_then(|code| code.parse().ok()),
                sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => return StoreError::Closed,
                _ => None,
            },
            _ => None,
        };
        code.and_then(|code: i32| from_sqlite(code, &error))
            .unwrap_or_else(|| StoreError::Engine(error.to_string()))
    }
}

/// SQLite's extended result code; its low byte is the primary one (`sqlite3.h`).
fn from_sqlite(code: i32, error: &DbErr) -> Option<StoreError> {
    const IOERR_WRITE: i32 = 10 | (3 << 8);
    const IOERR_SHMSIZE: i32 = 10 | (19 << 8);
    if code == IOERR_WRITE || code == IOERR_SHMSIZE {
        return Some(StoreError::Full);
    }
    match code & 0xff {
        5 | 6 => Some(StoreError::Busy),
        8 | 14 => Some(StoreError::ReadOnly("the database".to_owned())),
        11 => Some(StoreError::Damaged(error.to_string())),
        13 => Some(StoreError::Full),
        19 => Some(StoreError::Conflict(constraint(&error.to_string()))),
        26 => Some(StoreError::NotADatabase("the file".to_owned())),
        _ => None,
    }
}

fn constraint(text: &str) -> String {
    match text.split_once("UNIQUE constraint failed: ") {
        Some((_, columns)) => format!("there is one already with this {columns}"),
        None if text.contains("FOREIGN KEY") => {
            "the person it belongs to does not exist".to_owned()
        }
        None => text.to_owned(),
    }
}
