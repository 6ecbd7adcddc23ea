//! The register: devices over time, with what people said about them.
//!
//! The pipeline forgets when it restarts, and a device that changes its address looks new to it.
//! [`Register`] takes what it concluded every few seconds ([`Register::observe`]) and keeps one
//! [`Record`] per device: first and last seen, addresses, names and services with their times,
//! findings with their state, and what people set. Everything that changes state returns an
//! [`Update`]: the rows to be stored and the sentences for the timeline, and nothing else, so that
//! the store stays calm while nothing happens.
//!
//! ```
//! use cordon_model::Timestamp;
//! use cordon_model::record::Hint;
//! use cordon_register::{Edit, Options, Register};
//!
//! let mut register = Register::load(Vec::new(), Vec::new(), Vec::new(), Options::default());
//! let now = Timestamp::from_secs(1_700_000_000);
//! let hint = Hint {
//!     mac: Some("00:17:88:24:76:ff".parse().unwrap()),
//!     name: Some("bridge".into()),
//!     source: "dnsmasq leases".into(),
//!     ..Hint::default()
//! };
//! let update = register.import(&[hint], "person:anna", now);
//! let id = update.records[0].id.clone();
//! let edit = Edit { location: Some(Some("hall".into())), ..Edit::default() };
//! let update = register.edit(&id, &edit, "person:anna", now).unwrap();
//! register.undo(update.changes[0].id, "person:anna", now).unwrap();
//! assert!(register.get(&id).unwrap().own.location.is_none());
//! ```
//!
//! This crate must not know: I/O, clocks, randomness, how devices are recognised, how records are
//! kept.

mod apply;
mod claims;
mod edit;
mod error;
mod findings;
mod import;
mod join;
mod matching;
mod mud;
mod observe;
mod options;
mod register;
mod spans;
mod text;
mod undo;
mod view;

pub use cordon_model::record::Record;
pub use edit::Edit;
pub use error::RegisterError;
pub use findings::finding_key;
pub use observe::Snapshot;
pub use options::Options;
pub use register::{Register, Update};
pub use view::{Effective, Origin, View};
