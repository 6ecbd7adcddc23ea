//! People and those who would like to be them: every test is named after what it attempts.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]
#![allow(clippy::disallowed_methods, reason = "some tests measure")]

mod approvals;
mod authenticator;
mod ceremonies;
mod limits;
mod passkeys;
mod passwords;
mod sessions;

use cordon_model::Timestamp;
use cordon_model::record::{Person, Role};
use cordon_people::{Name, new_person};
use std::time::Duration;

/// A time to count from.
const NOW: Timestamp = Timestamp::from_secs(1_700_000_010);

fn after(secs: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(secs))
}

fn person(name: &str) -> Person {
    new_person(&Name::parse(name).unwrap(), Role::Operator, NOW).unwrap()
}
