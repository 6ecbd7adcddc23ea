//! The console as a browser meets it, over a made-up site.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail as tests do"
)]

mod browser;
mod fake;
mod forms;
mod pages;
mod way_in;
mod words;
