//! What a look found, for people and machines.
//!
//! [`Look`] is the whole result of one look; JSON is its plain serialisation, and every other
//! format is a view of it.
//!
//! This crate must not know: packets, flows in progress, how anything was found out.

pub mod look;

pub use look::Look;
