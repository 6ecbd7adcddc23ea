//! A ledger that is read where no service runs: nothing is repaired, and nothing is refused
//! because it does not verify; that is for the auditor to say.

use std::path::Path;

use cordon_model::Text;
use sea_orm::DatabaseConnection;

use super::connect::{Role, close, connect};
use super::{DATABASE, Lock, inspect, lock, named};
use crate::rows::read;
use crate::{LedgerRow, SignedCheckpoint, StoreError};

/// The data folder of a service that is not running; it cannot start while this is there.
#[derive(Debug)]
pub struct Held(#[allow(dead_code, reason = "it only has to be there")] Lock);

impl Held {
    /// Takes the folder.
    ///
    /// # Errors
    /// Where a service runs in it, or it cannot be written.
    pub fn take(dir: &Path) -> Result<Self, StoreError> {
        lock(dir).map(Held)
    }
}

/// The ledger in a data folder, for reading only.
#[derive(Debug)]
pub struct Archive {
    db: DatabaseConnection,
    site: String,
    _held: Held,
}

impl Archive {
    /// Opens the database of a folder in which no service runs.
    ///
    /// # Errors
    /// Where there is none, a service runs, or its pages are damaged.
    pub async fn open(dir: &Path, site: &Text) -> Result<Self, StoreError> {
        let path = dir.join(DATABASE);
        std::fs::metadata(&path).map_err(|error| StoreError::io(&path, &error))?;
        let held = Held::take(dir)?;
        inspect(&path).await?;
        let db = connect(&path, Role::Probe).await.map_err(|error| named(error, &path))?;
        Ok(Archive { db, site: site.to_string(), _held: held })
    }

    /// Records from this one on, at most [`crate::PAGE_MAX`].
    ///
    /// # Errors
    /// Where rows cannot be read.
    pub async fn ledger(&self, from: u64) -> Result<Vec<LedgerRow>, StoreError> {
        read::ledger_from(&self.db, &self.site, from, crate::PAGE_MAX).await
    }

    /// Checkpoints over this many records and more, at most [`crate::PAGE_MAX`].
    ///
    /// # Errors
    /// Where rows cannot be read.
    pub async fn checkpoints(&self, from: u64) -> Result<Vec<SignedCheckpoint>, StoreError> {
        read::checkpoints(&self.db, &self.site, from..u64::MAX).await
    }

    /// Lets go of it.
    pub async fn close(self) {
        close(&self.db).await;
    }
}
