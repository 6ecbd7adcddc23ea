//! What the tests of every parser need.

use cordon_model::{Said, SecretKey};

use crate::{Out, Side, Step, StreamDissector};

/// Runs a parser and gives its result and the facts it said.
pub fn said<R>(parse: impl FnOnce(&mut Out<'_>) -> R) -> (R, Vec<Said>) {
    let key = SecretKey::new([7; 32]);
    let mut facts = Vec::new();
    let result = parse(&mut Out::new(&key, &mut facts));
    (result, facts)
}

/// A stream as the sensor would offer it: what a side has sent and the parser has not consumed
/// is kept and offered again with more behind it.
pub struct Feed {
    dissector: Box<dyn StreamDissector>,
    held: [Vec<u8>; 2],
    /// Every fact so far.
    pub said: Vec<Said>,
}

impl Feed {
    /// Over a fresh parser.
    pub fn new(dissector: Box<dyn StreamDissector>) -> Self {
        Feed { dissector, held: Default::default(), said: Vec::new() }
    }

    /// Sends bytes in one segment.
    pub fn send(&mut self, side: Side, bytes: &[u8]) -> Step {
        let held = &mut self.held[usize::from(side == Side::Server)];
        held.extend_from_slice(bytes);
        let key = SecretKey::new([7; 32]);
        let step = self.dissector.data(side, held, &mut Out::new(&key, &mut self.said));
        match step {
            Step::Consumed(count) => drop(held.drain(..count)),
            Step::Done | Step::Lost => held.clear(),
        }
        step
    }

    /// Sends bytes one by one.
    pub fn trickle(&mut self, side: Side, bytes: &[u8]) {
        for byte in bytes.chunks(1) {
            self.send(side, byte);
        }
    }

    /// Loses bytes.
    pub fn gap(&mut self, side: Side) {
        self.held[usize::from(side == Side::Server)].clear();
        self.dissector.gap(side);
    }
}

/// Whether any fact, written out whole, holds `secret`.
pub fn shows(said: &[Said], secret: &str) -> bool {
    format!("{said:?}").contains(secret)
}
