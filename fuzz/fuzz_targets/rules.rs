//! Any bytes as what the kernel's tools say: a listing of somebody's rules, the line of a log.
#![no_main]

use cordon_enforce::{Logged, others};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for other in others(data, &["cordon_a", "cordon_b"]).unwrap_or_default() {
        assert!(!other.place.contains("cordon_a"));
    }
    let _ = std::str::from_utf8(data).ok().and_then(Logged::parse);
});
