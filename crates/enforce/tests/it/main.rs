//! Enforcement, from policies to packets.

mod conformance;
mod differential;
mod kernel;
mod lab;
mod namespace;
mod world;
