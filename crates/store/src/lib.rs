//! State: devices, people, decisions, and the ledger, in one database.
//!
//! [`State`] says what a store does; [`Store`] does it with SQLite. Everything is written by one
//! task that puts what arrives together into one transaction, and answers once it is on the disk.
//!
//! ```
//! # async fn example(notary: cordon_store::Notary) -> Result<(), cordon_store::StoreError> {
//! use cordon_store::{Commit, Options, State, Store, Write};
//!
//! let store = Store::in_memory(Options { site: "home".into(), notary, max_pages: None }).await?;
//! let tone = Write::PutSetting { name: "tone".into(), value: "dark".into() };
//! let done = store.commit(Commit { writes: vec![tone], entries: Vec::new() }).await?;
//! assert_eq!(done.size, 0, "nothing for the ledger");
//! assert_eq!(store.load().await?.settings["tone"], "dark");
//! # Ok(())
//! # }
//! # #[cfg(feature = "conformance")]
//! # tokio::runtime::Builder::new_current_thread()
//! #     .enable_all().build().unwrap()
//! #     .block_on(example(cordon_store::conformance::sample::notary())).unwrap();
//! ```
//!
//! This crate must not know: what rows mean, packets, HTTP, who may do what. Nothing of SeaORM
//! leaves it, so that another database fits behind the same trait.

#[cfg(feature = "conformance")]
pub mod conformance;
mod entity;
mod error;
mod rows;
mod seal;
mod sqlite;
mod state;
mod writer;

pub use error::StoreError;
pub use seal::Notary;
pub use sqlite::{Archive, Beside, CHECKPOINTS, DATABASE, Held, Opened, Options, Restored, Store};
pub use state::{
    BODY_MAX, Backup, Before, Commit, Committed, ENTRIES_MAX, EventFilter, FindingFilter,
    LEAVES_MAX, LedgerFilter, LedgerHead, LedgerRow, Numbered, PAGE_MAX, Page, PastSession,
    Retired, SignedCheckpoint, Snapshot, State, WRITES_MAX, Write,
};
