//! Enforcement, from policies to packets.

mod conformance;
mod differential;
mod namespace;
mod world;
