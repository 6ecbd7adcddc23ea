//! The vocabulary of cordon: what every other crate talks about.
//!
//! A *fact* is what a packet said; an *operation* is something one device did to another; a
//! *flow* is a conversation; a *device* is what facts and flows are about; a *finding* is a
//! weakness. All of them are plain values with serde, and nothing here does anything.
//!
//! ```
//! use cordon_model::{App, Mac, Timestamp};
//! let mac: Mac = "00:17:88:24:76:ff".parse().unwrap();
//! assert!(!mac.is_local());
//! assert_eq!(App::Modbus.name(), "modbus");
//! assert_eq!(Timestamp::from_micros(1_500_000).to_string(), "1970-01-01T00:00:01.5Z");
//! ```
//!
//! This crate must not know: I/O, clocks, randomness, any wire format, how a decision is made.

pub mod address;
pub mod app;
pub mod device;
pub mod fact;
pub mod finding;
pub mod flow;
pub mod operation;
pub mod packet;
pub mod record;
pub mod secret;
pub mod time;

pub use address::Mac;
pub use address::{Scope, is_public, scope};
pub use app::{App, Basis};
pub use device::{
    Attribute, Claim, Device, DeviceId, DeviceType, MudSource, MudUrl, Reason, Service,
};
pub use fact::{Fact, Party, Said};
pub use finding::{Evidence, Finding, FindingKind, Severity};
pub use flow::{Ends, Flow, FlowId, Transport};
pub use operation::{Object, Operation, Outcome, Verb};
pub use packet::{LinkType, PacketId, RawPacket};
pub use secret::{Credential, Scheme, SecretDigest, SecretKey};
pub use time::Timestamp;

/// Text that a device said; up to 24 bytes are kept without an allocation.
pub type Text = compact_str::CompactString;
