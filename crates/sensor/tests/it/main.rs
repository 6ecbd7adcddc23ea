//! The sensor from outside: packets in, flows and facts out.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    reason = "what a test needs and does not get should end it"
)]

mod bounds;
mod ends;
mod packets;
mod streams;
mod tunnels;

use cordon_model::{Fact, Flow, SecretKey, Timestamp};
use cordon_sensor::{Options, Sensor, Sink};

/// Remembers everything.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) facts: Vec<Fact>,
    pub(crate) flows: Vec<Flow>,
}

impl Sink for Memory {
    fn fact(&mut self, fact: &Fact) {
        self.facts.push(fact.clone());
    }

    fn flow(&mut self, flow: &Flow) {
        self.flows.push(flow.clone());
    }
}

/// A sensor with the usual options.
pub(crate) fn sensor() -> Sensor {
    Sensor::new(Options::new(SecretKey::new([7; 32]), 7))
}

/// Everything that a sensor makes of frames that come a millisecond apart.
pub(crate) fn look(frames: &[Vec<u8>]) -> Memory {
    let mut sensor = sensor();
    let mut memory = Memory::default();
    for (number, frame) in frames.iter().enumerate() {
        let at = Timestamp::from_micros(1_000_000 + number as i64 * 1_000);
        sensor.packet(&packets::raw(frame, number as u64 + 1, at), &mut memory);
    }
    sensor.finish(&mut memory);
    memory
}
