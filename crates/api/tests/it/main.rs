//! Attacks on the whole service over HTTP: the real engine behind the stack of the binary, and
//! every test named after what it attempts. `docs/security/asvs.md` cites them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "what a test needs and does not get should end it; some measure time"
)]

mod browser;
mod contracts;
mod documents;
mod forgery;
mod input;
mod limits;
mod probes;
mod roles;
mod sessions;
mod sign_in;
mod wire;
mod world;
