//! Devices: what facts and flows are about.
//!
//! While packets pass, [`Inventory`] remembers for every pair of link-layer address and address
//! what was said, offered and done, in bounded memory. At the end these ends are fused to
//! devices: a router is told from what it carries, several addresses of one thing are joined, and
//! everything that a device said is weighed to claims with confidence and reasons.
//!
//! ```
//! use cordon_inventory::{Inventory, InventoryOptions, NoStatistics};
//! let inventory = Inventory::new(InventoryOptions::default());
//! assert!(inventory.finish(&NoStatistics).devices.is_empty());
//! ```
//!
//! This crate must not know: files, sockets, clocks, randomness, wire formats, what is a weakness.

mod devices;
mod ends;
mod fuse;
mod identify;
mod inventory;
mod listen;
mod mud;
mod oui;
mod roles;
mod saying;
mod scope;
pub mod statistics;

pub use devices::Devices;
pub use inventory::{Inventory, InventoryOptions};
pub use statistics::{Guess, NoStatistics, Statistics};
