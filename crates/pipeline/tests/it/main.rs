//! The path as a service uses it: it concludes while packets keep coming, others listen in, and
//! months pass.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

mod continuous;
mod frames;
mod months;
