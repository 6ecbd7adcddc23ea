//! The history on disk: the suite of every backend, arbitrary questions, crashes and damage.

#![allow(clippy::disallowed_methods, reason = "a test mounts a small disk")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may fail and say what it skipped; the rule's own exception misses helpers"
)]

mod conformance;
mod crash;
mod damage;
mod full;
mod questions;
mod tally;
