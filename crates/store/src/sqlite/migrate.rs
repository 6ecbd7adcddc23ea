//! The schema, forward only: numbered steps, each with the checksum of what it did.

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, SqliteTransactionMode, Statement,
    TransactionOptions, TransactionTrait,
};
use sha2::{Digest, Sha256};

use super::connect::value;
use crate::StoreError;
use crate::rows::hex;

/// What marks a database as ours (`PRAGMA application_id`): "crdn".
pub(crate) const APPLICATION: i64 = 0x6372_646e;

/// The steps; the place in the list is the schema's number less one. One that was released is
/// never changed, and each released schema has its dump under `tests/schemas/`.
const STEPS: &[&str] =
    &[include_str!("../../migrations/0001.sql"), include_str!("../../migrations/0002.sql")];

/// The newest schema.
pub(crate) const NEWEST: i64 = STEPS.len() as i64;

const BOOK: &str = "CREATE TABLE IF NOT EXISTS schema_step (
    version INTEGER NOT NULL PRIMARY KEY, checksum TEXT NOT NULL
) STRICT";

/// The schema that a database has; zero for an empty one.
pub(crate) async fn schema<C: ConnectionTrait>(db: &C, name: &str) -> Result<i64, StoreError> {
    let application: i64 = value(db, "PRAGMA application_id").await?;
    let tables: i64 = value(db, "SELECT count(*) FROM sqlite_schema").await?;
    if application != APPLICATION && tables > 0 {
        return Err(StoreError::NotADatabase(name.to_owned()));
    }
    let found = value(db, "PRAGMA user_version").await?;
    if found > NEWEST {
        return Err(StoreError::Newer { found, known: NEWEST });
    }
    Ok(found)
}

/// Compares the steps that were taken with those that this build has.
pub(crate) async fn check_steps<C: ConnectionTrait>(db: &C, schema: i64) -> Result<(), StoreError> {
    for (version, sql) in (1..=schema).zip(STEPS) {
        let query = format!("SELECT checksum FROM schema_step WHERE version = {version}");
        let taken: Result<String, _> = value(db, &query).await;
        if taken.ok() != Some(checksum(sql)) {
            return Err(StoreError::OtherSchema(version));
        }
    }
    Ok(())
}

/// Takes the steps that are missing, each in one transaction; says which schema there was.
pub(crate) async fn migrate(db: &DatabaseConnection, name: &str) -> Result<i64, StoreError> {
    let from = schema(db, name).await?;
    check_steps(db, from).await?;
    for (version, sql) in (1..).zip(STEPS).skip(usize::try_from(from).unwrap_or(0)) {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let step = db.begin_with_options(options).await?;
        step.execute_unprepared(BOOK).await?;
        step.execute_unprepared(sql).await?;
        let note = Statement::from_sql_and_values(
            DbBackend::Sqlite,
            "INSERT INTO schema_step (version, checksum) VALUES (?, ?)",
            [i64::from(version).into(), checksum(sql).into()],
        );
        step.execute_raw(note).await?;
        step.execute_unprepared(&format!("PRAGMA application_id = {APPLICATION}")).await?;
        step.execute_unprepared(&format!("PRAGMA user_version = {version}")).await?;
        step.commit().await?;
    }
    Ok(from)
}

fn checksum(sql: &str) -> String {
    hex(&Sha256::digest(sql))
}
