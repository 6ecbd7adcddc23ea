//! What the service remembers: devices over time, people, decisions, and what was done.
//!
//! These are the rows that a store keeps. They say nothing about how they are kept.

mod action;
mod approval;
mod device;
mod finding;
mod hint;
mod people;
mod retention;

pub use action::{Action, Entry};
pub use approval::{Approval, Verdict};
pub use device::{Address, Change, Criticality, Event, EventKind, Own, Record, Set, Span};
pub use finding::{FindingKey, FindingState, TrackedFinding};
pub use hint::Hint;
pub use people::{
    Credential, CredentialKind, Invite, Person, PersonId, Role, Scope, Session, Token,
};
pub use retention::{DataClass, Keep};
