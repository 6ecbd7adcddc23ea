//! The service: one running site, from packets to what surfaces show.
//!
//! [`Site`] is everything that a surface may ask or have done; console, API and command line
//! know nothing else. Every call names its [`Caller`]: what they may do is decided here and
//! written to the ledger here, once for all surfaces.
//!
//! This crate must not know: HTTP, HTML, cookies, command lines.

mod caller;
pub mod clock;
mod engine;
pub mod gate;
pub mod intake;
mod problem;
mod reserve;
mod site;
pub mod view;
pub mod watch;

pub use caller::{Caller, Visit, Who};
pub use engine::{
    CertificateState, EnforceOptions, Engine, EngineOptions, MetricsFor, Parts, SEALED_KEY,
    copy_kept, rehearse_history, sealed_as,
};
pub use problem::{Answer, Problem, ProblemKind};
pub use reserve::{RESERVE_BYTES, Reserve};
pub use site::{Enrolled, ExportFormat, Outcome, SignedIn, Site, Tick};
