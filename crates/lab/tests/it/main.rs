//! The demonstration site as others see it: complete, repeatable, and clean in tshark's eyes.

#![allow(clippy::disallowed_methods, reason = "tests start peers and bound their time")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may fail and say what it skipped; the rule's own exception misses helpers"
)]

mod day;
mod dissected;
mod site;
