//! Who may do what: policies as text, decided per request.
//!
//! The policies are Cedar (`policies/*.cedar`); a site may add a file of its own, which is checked
//! against the same schema. What no policy permits is refused, and a policy that cannot be
//! evaluated refuses too. [`Policies::decide`] says whether an action is permitted and because of
//! which policies; [`Policies::needs`] says whether it also takes a second person or a fresh
//! sign-in.
//!
//! ```
//! use cordon_authz::{Policies, Principal, Request, Resource};
//! use cordon_model::record::{Action, PersonId, Role};
//!
//! let policies = Policies::shipped()?;
//! let anna = PersonId("anna".into());
//! let request = Request::new(
//!     Principal::Person { id: &anna, role: Role::Viewer },
//!     Action::BackupMake,
//!     Resource::Site,
//! );
//! assert!(!policies.decide(&request).allowed);
//! # Ok::<(), cordon_authz::PolicyError>(())
//! ```
//!
//! This crate must not know: how somebody proved who they are, HTTP, where policies lie.

mod bounds;
pub mod docs;
mod entity;
mod error;
mod policies;
mod request;
mod usual;

pub use error::{PolicyError, PolicyFault};
pub use policies::{Because, Decision, Needs, Policies};
pub use request::{Context, Principal, Request, Resource};
