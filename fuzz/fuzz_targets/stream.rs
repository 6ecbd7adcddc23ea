//! Any bytes in any pieces to every stream protocol: byte 0 chooses the row, the lowest bit of
//! each length the side.
#![no_main]

use cordon_model::SecretKey;
use cordon_wire::protocols::STREAMS;
use cordon_wire::{Out, Side, Step};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((row, mut rest)) = data.split_first() else { return };
    let row = &STREAMS[usize::from(*row) % STREAMS.len()];
    let key = SecretKey::new([7; 32]);
    let mut said = Vec::new();
    let mut parser = (row.start)();
    let mut held = [Vec::new(), Vec::new()];
    while let Some((length, tail)) = rest.split_first() {
        let (piece, tail) = tail.split_at(tail.len().min(usize::from(*length)));
        rest = tail;
        let side = if length & 1 == 0 { Side::Client } else { Side::Server };
        let held = &mut held[usize::from(length & 1)];
        held.extend_from_slice(piece);
        (row.recognise)(side, held);
        match parser.data(side, held, &mut Out::new(&key, &mut said)) {
            Step::Consumed(count) => {
                assert!(count <= held.len(), "consumed more than there was");
                held.drain(..count);
            }
            Step::Lost => {
                held.clear();
                parser.gap(side);
            }
            Step::Done => return,
        }
        if held.len() > parser.window() {
            held.clear();
            parser.gap(side);
        }
        said.clear();
    }
});
