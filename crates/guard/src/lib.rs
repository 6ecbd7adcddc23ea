//! What the process gives up before it reads the first packet.
//!
//! Packets are written by whoever likes to, and are read by code that may have mistakes. So the
//! service opens what it needs (packet sockets, the port of the console, its certificate), then
//! calls [`give_up`], and only then starts threads and reads. From there on the process, and
//! whoever takes it over, has no capability, starts no program, touches no file outside its data,
//! and asks the kernel for nothing unusual. Each thread that parses gives up more with
//! [`fall_silent`]: packet sockets can also send, and such a thread cannot.
//!
//! [`give_up`] returns a [`Standing`]: what is in force, and what this kernel does not have.
//! [`doctor`] looks at the machine around.
//!
//! ```no_run
//! use cordon_guard::{Plan, give_up};
//!
//! let plan = Plan { write: vec!["/var/lib/cordon".into()], ..Plan::default() };
//! for measure in give_up(&plan)?.measures {
//!     assert!(!measure.says.is_empty());
//! }
//! # Ok::<(), cordon_guard::GuardError>(())
//! ```
//!
//! This crate must not know: packets, devices, the configuration, what the service serves.

mod account;
pub mod doctor;
mod files;
mod give_up;
mod notify;
mod rights;
mod standing;
mod syscalls;

pub use account::{Account, is_root, prepare_folder};
pub use give_up::{GuardError, Plan, give_up, keep_net_admin};
pub use notify::Notify;
pub use standing::{Measure, Outcome, Standing};
pub use syscalls::fall_silent;
