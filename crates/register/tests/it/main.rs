//! Devices over time, as a service meets them.

#![allow(unused_must_use, reason = "a test looks at the register where the update does not matter")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]

mod findings;
mod mud;
mod people;
mod properties;
mod scene;
mod time;
