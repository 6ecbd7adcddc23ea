//! One running site under bad conditions: restarts, wrong clocks, floods, files of other tools.

#![allow(clippy::disallowed_methods, reason = "tests set clocks and bound their time")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    missing_docs,
    reason = "what a test needs and does not get should end it"
)]

mod clocks;
mod crowds;
mod detects;
mod full;
mod mud;
mod past;
mod refused;
mod rehearsed;
mod restart;
mod scene;
mod tls;
