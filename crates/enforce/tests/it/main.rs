//! Enforcement, from policies to packets.

mod conformance;
mod containment;
mod differential;
mod guard;
mod kernel;
mod lab;
mod namespace;
mod world;
