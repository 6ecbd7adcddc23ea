//! HTTP: connections, who calls, what browsers are told.

pub mod client;
pub mod door;
pub mod headers;
pub mod problem;
pub mod serve;
mod stack;
pub mod who;

pub use door::{Door, DoorOptions};
pub use serve::{Tls, serve_tls, serve_unix};
pub use stack::stack;
pub use who::Peer;
