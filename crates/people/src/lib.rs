//! People: how they enrol, sign in, and what they hold.
//!
//! Functions over values and small state machines: the caller stores what they return, counts
//! one-time things down atomically, and writes the ledger. Every time is a parameter; randomness
//! comes from the kernel. A secret that only its holder needs is kept as its SHA-256, and what
//! failed is told outward by one sentence ([`SignInError`]).
//!
//! ```
//! use cordon_model::{Timestamp, record::Role};
//! use cordon_people::{Secret, invite};
//! use std::time::Duration;
//!
//! let now = Timestamp::from_secs(1_700_000_000);
//! let (secret, row) = invite::make(Role::Admin, None, "system", invite::FIRST, now)?;
//! // The link carries `secret.reveal()`; only the row is kept. Later somebody opens the link:
//! let hash = Secret::hash_text(&secret.reveal()).unwrap();
//! assert_eq!(hash, row.hash);
//! assert!(invite::check(&row, now).is_ok());
//! assert!(invite::check(&row, now.plus(Duration::from_secs(25 * 3600))).is_err());
//! # Ok::<(), cordon_people::NoRandomness>(())
//! ```
//!
//! This crate must not know: HTTP, databases, who may do what, the clock.

pub mod approval;
mod ceremony;
pub mod cookie;
mod error;
pub mod invite;
pub mod limit;
mod name;
mod passkey;
pub mod password;
mod qr;
mod secret;
pub mod session;
pub mod sign_in;
pub mod token;
mod totp;

pub use ceremony::{Ceremonies, Ceremony, PendingPassword, Source};
pub use error::{Refusal, SignInError};
pub use name::{Name, NameError, new_person};
pub use passkey::{
    Assertion, Attestation, Hindrance, Passkeys, PasskeysError, RegistrationState, SignInState,
    StoredPasskey,
};
pub use secret::{NoRandomness, Secret};
pub use totp::{OneTimeCodes, RecoveryCodes, TotpSetup};
