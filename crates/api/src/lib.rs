//! The API, and everything of HTTP that the console shares with it.
//!
//! [`v1::router`] answers programs; its description ([`v1::openapi`]) is made from the same
//! handlers and types. [`http`] carries any router over TLS and over the socket on the same
//! machine, knows who calls, and sets the headers that keep browsers safe.
//!
//! This crate must not know: packets, databases, pages, who may do what.

pub mod http;
pub mod v1;

pub use http::problem::Refusal;
