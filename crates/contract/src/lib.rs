//! The device contract: one document per device that says what it may do, and what follows.
//!
//! A [`Contract`] is allow-only: what no [`Entry`] allows is denied. It speaks of peers as people
//! do (a device, "my controller", a DNS name); [`resolve`](mod@resolve) makes of the contracts of a
//! site a [`Policy`] about addresses and ports, which answers for every packet whether it may
//! pass and because of which entry. The policy is what a firewall is made from, what recorded
//! traffic is rehearsed against, and what proofs are about.
//!
//! ```
//! use cordon_contract::{Contract, Entry, Opens, Peer, Ports};
//! use cordon_model::{DeviceId, Timestamp};
//!
//! let recorder = Peer::Device { id: DeviceId("mac-001788000002".into()), name: "recorder".into() };
//! let mut camera = Contract::new(DeviceId("mac-001788000001".into()), "camera-3", Timestamp::from_secs(0));
//! camera.allow(Entry::new(recorder, Opens::Peer, "tcp".parse()?, [Ports::one(554)]));
//! assert_eq!(camera.entries.len(), 1);
//! # Ok::<(), cordon_contract::TextError>(())
//! ```
//!
//! This crate must not know: I/O, clocks, randomness, how a kernel is told, how a signature is
//! made.

pub mod book;
pub mod diff;
pub mod document;
pub mod envelope;
pub mod learn;
pub mod mud;
pub mod policy;
pub mod rehearse;
pub mod resolve;
pub mod tls;
pub mod watch;
pub mod words;

pub use document::{
    Anchor, Bounds, Carrier, Contract, Day, Entry, EntryId, Expected, IpVersion, Learning,
    MAX_ENTRIES, MqttAction, Objects, Opens, Peer, Ports, Schema, TextError, TlsRule, Validity,
    VerbRule, Why, Window,
};
pub use policy::{
    Bindings, Decision, Judge, Member, MemberNo, NameNo, Origin, Packet, Policy, Reach, Refusal,
    Rule, Side, Stage, Where, lifetime,
};

/// The JSON Schema of [`Contract`], its keys in order: the same text whatever it is built with.
#[must_use]
pub fn json_schema() -> serde_json::Value {
    let mut schema = serde_json::Value::from(schemars::schema_for!(Contract));
    schema.sort_all_objects();
    schema
}
