//! Whether the machine is as it should be, said as data.
//!
//! [`Machine::look`] reads what the kernel tells anybody; interfaces, the clock and the certificate
//! come from the crates that know them. [`checks`] judges, and neither reads nor asks anything.

mod checks;
mod machine;

pub use checks::checks;
pub use machine::Machine;

use std::path::PathBuf;

/// What is to be judged.
#[derive(Clone, PartialEq, Debug)]
pub struct Inputs {
    /// What the kernel tells.
    pub machine: Machine,
    /// The interfaces to listen on.
    pub interfaces: Vec<Interface>,
    /// Whether the clock is synchronised; `None` where the kernel does not say.
    pub clock_synchronised: Option<bool>,
    /// The certificate of the console, where there is one already.
    pub certificate: Option<Certificate>,
    /// Seconds since 1970.
    pub now: i64,
    /// Bytes of each capture ring, of which there is one per interface.
    pub ring: u64,
    /// Bytes of the other buffers.
    pub buffers: u64,
    /// Bytes that are to stay free on the disk.
    pub min_free: u64,
}

/// Where the service would keep and serve.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Places {
    /// The data folder.
    pub data: PathBuf,
    /// Address and port of the console.
    pub listen: std::net::SocketAddr,
    /// Whether the service runs already and so holds the port itself.
    pub running: bool,
}

/// An interface to listen on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Interface {
    /// As in `eth0`.
    pub name: String,
    /// Its state; `None` where it does not exist.
    pub state: Option<InterfaceState>,
}

/// What `cordon_capture::live::link_state` says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InterfaceState {
    /// Whether it is set up.
    pub up: bool,
    /// Whether something is at the other end.
    pub carrier: bool,
    /// Whether the kernel or the hardware joins packets before they are seen.
    pub joins_packets: bool,
}

/// When a certificate is valid, in seconds since 1970.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Certificate {
    /// From then.
    pub from: i64,
    /// Until then.
    pub until: i64,
}

/// One thing that was looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Check {
    /// Its short name, as in `clock`.
    pub name: String,
    /// How it is.
    pub verdict: Verdict,
    /// One sentence.
    pub says: String,
    /// What a person can do; empty where nothing is to be done.
    pub do_this: String,
}

/// How something is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Verdict {
    /// As it should be.
    Good,
    /// The service runs, and something is lost or less safe.
    Warning,
    /// The service cannot run, or not do what it is for.
    Bad,
}

impl Verdict {
    /// In a word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Verdict::Good => "good",
            Verdict::Warning => "warning",
            Verdict::Bad => "bad",
        }
    }
}
