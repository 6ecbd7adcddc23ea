//! Flows: packets in, conversations and facts out.
//!
//! The sensor decodes each packet once, finds its flow in a bounded table, puts the head of each
//! TCP stream in order, recognises the application by its payload, and passes what the parsers
//! say on to a [`Sink`]. Time is what the packets say; nothing waits for it.
//!
//! ```
//! use cordon_model::{Fact, Flow, SecretKey};
//! use cordon_sensor::{Options, Sensor, Sink};
//!
//! #[derive(Default)]
//! struct Count(usize, usize);
//! impl Sink for Count {
//!     fn fact(&mut self, _: &Fact) { self.0 += 1 }
//!     fn flow(&mut self, _: &Flow) { self.1 += 1 }
//! }
//! let mut sensor = Sensor::new(Options::new(SecretKey::new([0; 32]), 0));
//! let mut count = Count::default();
//! sensor.finish(&mut count);
//! assert_eq!(count.1, 0);
//! ```
//!
//! This crate must not know: files, interfaces, clocks, randomness (the keys are parameters),
//! devices, what is good or bad. It never allocates for a packet that carries nothing new.

mod checksum;
pub mod community;
mod coverage;
mod datagrams;
mod flow;
mod fragments;
mod ingest;
mod key;
mod recognise;
mod roles;
mod streams;
mod table;

pub use coverage::{Coverage, ProtocolCount, Unknown};
pub use ingest::{Options, Sensor, Sink};
