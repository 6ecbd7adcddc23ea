//! The way in: enrolling by a link, signing in, signing out.

pub(crate) mod enrol;
pub(crate) mod passkey;
pub(crate) mod sign_in;
