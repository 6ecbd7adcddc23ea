//! A few tries from one machine that somebody named to another, and what they mean beside a proof.
//!
//! A proof speaks of the rules; a probe shows that the wires agree. It is the one thing here that
//! sends packets to devices, so it is bounded in every way: a device of the inventory, at most
//! [`MAX_PORTS`] ports, one try after the other no faster than [`Pace::FLOOR`], no payload to a
//! device, and nothing towards plants or what lives depend on unless that was said.
//!
//! ```
//! use cordon_probe::{Chance, Meaning, Outcome, Port, compare};
//!
//! let port: Port = "tcp/104".parse()?;
//! assert_eq!(compare(Chance::Impossible, Outcome::Connected), Meaning::GotThrough);
//! assert_eq!(compare(Chance::Impossible, Outcome::Silent), Meaning::Agrees);
//! // The service behind it may be down: no contradiction.
//! assert_eq!(compare(Chance::Possible, Outcome::Silent), Meaning::Quiet);
//! # assert_eq!(port.to_string(), "tcp/104");
//! # Ok::<(), cordon_probe::PortError>(())
//! ```
//!
//! [`choose`] says what is tried, [`Outcome`] what came of it, [`compare`] what that means: none of them does I/O.
//! [`sockets`] and [`listen`] do, and are the only ones. This crate must not know: rules, contracts, how
//! a service is asked.

pub mod listen;
mod meaning;
mod outcome;
mod plan;
mod port;
pub mod sockets;

pub use meaning::{Chance, Meaning, compare, sentence};
pub use outcome::Outcome;
pub use plan::{Care, Choice, MAX_CAREFUL, MAX_PORTS, Pace, PaceError, choose};
pub use port::{Port, PortError, ports};
