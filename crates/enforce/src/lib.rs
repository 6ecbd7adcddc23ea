//! Enforcement: a policy in, what the kernel must hold out, and the kernel made to hold it.
//!
//! [`Compiler`] turns a policy into a [`Ruleset`]: a fixed skeleton of chains, and sets that alone
//! depend on the policy, never a rule for an entry.
//!
//! ```
//! use cordon_contract::{Bindings, Policy};
//! use cordon_enforce::{Compiler, Options};
//! use cordon_model::Timestamp;
//!
//! let policy = Policy::default();
//! let ruleset = Compiler::new(&policy)?.ruleset(
//!     &Bindings::default(),
//!     &Options::default(),
//!     Timestamp::from_secs(0),
//! )?;
//! assert!(!ruleset.chains.is_empty());
//! # Ok::<(), cordon_enforce::CompileError>(())
//! ```
//!
//! [`Enforcer`] makes a [`Driver`] hold that, changes only what differs, and tells what drifted;
//! [`cut()`] ends conversations that are no longer allowed; [`Guard`] takes back what nobody confirms.
//! [`LogReader`] reads what was refused, and [`Explainer`] says whose it was and which entry is missing.
//! [`Reference`] says what is meant and [`Simulator`] what the rule set does, to be compared.
//!
//! [`Isolation`] keeps neighbours on one bridge apart, so that what they send each other passes the rules.
//!
//! What the kernel does beyond the policy, on purpose: lifelines pass first; neighbour discovery,
//! group membership and the question for an address pass unless a device is switched off; a member on
//! a link that is heard by another interface counts as spoofed; errors about conversations (ICMP) pass
//! with them. Not looked at: ARP and everything else without IP, and bridged packets where
//! `net.bridge.bridge-nf-call-iptables` is 0.
//!
//! This crate must not know: contracts as documents, how a policy is resolved, who may change it,
//! HTTP, the store.

mod boxes;
mod compile;
mod cut;
mod denied;
mod drift;
mod driver;
mod enforcer;
mod guard;
mod isolate;
pub mod keeper;
mod layout;
mod loaded;
mod local;
mod log;
mod netlink;
mod nflog;
mod nft_json;
mod others;
mod process;
mod reference;
mod ruleset;
mod simulate;
mod skeleton;

pub use compile::{CompileError, Compiler, Lifeline, MAX_LIFELINES, Options};
pub use cut::{cut, cut_kept};
pub use denied::{Denied, Explainer};
pub use drift::Drift;
pub use driver::{Change, Driver, DriverError, Held, Memory, Nft};
pub use enforcer::{Done, Enforcer};
pub use guard::{Guard, GuardError, Launcher, MAX_TRIAL, Recovered, StateError, watchdog};
pub use isolate::{Before, IsolateError, Isolated, Isolation};
pub use layout::{ChainName, Class, Family, SET_SIZE, SetName, Who};
pub use loaded::{Loaded, LoadedChain};
pub use local::internet;
pub use log::Logged;
pub use nflog::{LogReader, Record};
pub use others::{Effect, Other, others};
pub use reference::{Reference, Seen};
pub use ruleset::{
    Chain, Element, Elements, Field, Hook, Key, Match, Rule, Ruleset, Then, Value, Verdict,
};
pub use simulate::{Outcome, Simulator};
