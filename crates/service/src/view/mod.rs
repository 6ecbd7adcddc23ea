//! What surfaces show and send: one set of types for console, API and command line.
//!
//! Times are RFC 3339 in UTC, durations and sizes carry their unit in the name, ids are stable.

mod auth;
mod contract;
mod device;
mod finding;
mod flow;
mod health;
mod ledger;
mod map;
mod people;
mod probe;
mod settings;
mod today;
mod version;

pub use auth::*;
pub use contract::*;
pub use device::*;
pub use finding::*;
pub use flow::*;
pub use health::*;
pub use ledger::*;
pub use map::*;
pub use people::*;
pub use probe::*;
pub use settings::*;
pub use today::*;
pub use version::*;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A time, RFC 3339 in UTC.
pub type Time = String;

/// One page of a list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Passed as `cursor` to get the next page; none at the end.
    pub next: Option<String>,
    /// How many there are in all, where that is known without reading them all.
    pub total: Option<u64>,
}

/// Something that has a page of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Link {
    /// Its id.
    pub id: String,
    /// What to call it.
    pub label: String,
}
