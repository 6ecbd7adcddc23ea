//! Enforcement, from policies to packets.

mod differential;
mod world;
