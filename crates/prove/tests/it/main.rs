//! Proofs, against the interpreter and the kernel.

#![allow(clippy::disallowed_methods, reason = "tests start programs and take the time")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "all of this is test code, and clippy only knows functions marked as tests"
)]

mod exact;
mod hospital;
#[path = "../../../enforce/tests/it/namespace.rs"]
mod namespace;
#[allow(dead_code, reason = "shared with the tests of enforcement, and not all of it is used here")]
#[path = "../../../enforce/tests/it/world.rs"]
mod world;
