//! Captures that are made here, byte by byte, and read back.

#![allow(clippy::disallowed_methods, reason = "tests start peers and bound their time")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "all of this is test code, and clippy only knows functions marked as tests"
)]

mod damage;
mod formats;
mod inputs;
#[cfg(target_os = "linux")]
mod live;
mod make;
mod packed;
