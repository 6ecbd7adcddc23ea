//! Any bytes to what reads a ledger: byte 0 chooses record, checkpoint, key, frontier or export.
#![no_main]

use cordon_ledger::export::verify_export;
use cordon_ledger::{Checkpoint, LogKey, Notes, Tree, Verifier, decode, encode};
use libfuzzer_sys::fuzz_target;

/// Believes everything, so that the fuzzer gets past the signatures.
struct Credulous;

impl Verifier for Credulous {
    fn verify(&self, _: &[u8; 32], _: &[u8], _: &[u8; 64]) -> bool {
        true
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((which, mut data)) = data.split_first() else { return };
    let text = String::from_utf8_lossy(data);
    let key = LogKey { origin: "fuzz".parse().unwrap(), public_key: [0; 32] };
    match which % 5 {
        0 => {
            if let Ok((index, entry)) = decode(data) {
                assert_eq!(encode(index, &entry).as_deref(), Ok(data));
            }
        }
        1 => {
            for note in Notes::new(&text) {
                let _ = Checkpoint::verify(note, &key, &Credulous);
            }
        }
        2 => {
            if let Ok(key) = text.parse::<LogKey>() {
                assert_eq!(key.to_string(), text.trim());
            }
        }
        3 => {
            if let Ok(tree) = Tree::from_bytes(data) {
                assert_eq!(tree.to_bytes(), data);
                let _ = tree.root();
            }
        }
        _ => {
            let _ = verify_export(&mut data, None, &key, &Credulous);
        }
    }
});
