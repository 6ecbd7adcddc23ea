//! Proofs about the rules that are held: what can get from where to where.
//!
//! All packets of a question go through the chains at once, as sets of values in each part of a
//! packet, so an answer is about every packet and not about samples. It is worked out from what
//! the kernel says that it holds ([`cordon_enforce::Loaded`]), not from what was meant: if both differ,
//! the answer shows it.
//!
//! ```
//! use cordon_contract::{Bindings, Policy};
//! use cordon_enforce::{Compiler, Loaded, Options};
//! use cordon_model::Timestamp;
//! use cordon_prove::{Answer, End, Prover, Surroundings};
//!
//! let (policy, now) = (Policy::default(), Timestamp::from_secs(0));
//! let bindings = Bindings::default();
//! let ruleset = Compiler::new(&policy)?.ruleset(&bindings, &Options::default(), now)?;
//! let (loaded, around) = (Loaded::from(&ruleset), Surroundings::default());
//! let prover = Prover::new(&loaded, &policy, &bindings, &around, now);
//! let somebody = End::Net("10.0.0.5/32".parse()?);
//! let finding = prover.prove(&somebody, &End::Internet);
//! // Nobody has a contract, so nothing is stopped.
//! assert!(matches!(finding.answer, Answer::Possible { .. }));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Prover::blast`] says whom a compromised device reaches, in how many steps; [`Expectation`]s are
//! checked again and again, and [`Proof`] is the document about it.
//!
//! It stands beside `enforce`, whose rules it reads, and changes nothing. This crate must not know:
//! I/O, clocks, how a kernel is told, how a proof is signed.

mod answer;
mod blast;
mod chance;
mod index;
mod proof;
mod prover;
mod region;
mod spans;
mod told;
mod walk;
mod ways;

pub use answer::{Allowed, Answer, Finding, MAX_WAYS, Reason, Step, Way};
pub use blast::{Blast, MAX_HOPS};
pub use chance::{Chance, Kind};
pub use proof::{Expectation, Must, Proof, SCHEMA, Violation};
pub use prover::{End, Prover, Surroundings};
