//! Enforcement, from policies to packets.

#![allow(clippy::disallowed_methods, reason = "tests start programs and take the time")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "all of this is test code, and clippy only knows functions marked as tests"
)]

mod conformance;
mod containment;
mod differential;
mod guard;
mod isolate;
mod keeper;
mod kernel;
mod lab;
mod namespace;
mod nflog;
mod nist;
#[path = "../../../contract/tests/it/nist_files.rs"]
mod nist_files;
mod odd;
mod world;
