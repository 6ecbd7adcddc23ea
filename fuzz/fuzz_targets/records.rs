//! Any bytes as every kind of record file: leases, device lists, Zeek logs, Suricata events.
#![no_main]

use cordon_feeds::records::{Gathered, Import, Kind, detect, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let import = Import::new("fuzz");
    let detected = detect(data, "fuzz");
    for kind in Kind::ALL.iter().copied().filter(|kind| detected.is_none_or(|d| d == *kind)) {
        let mut gathered = Gathered::default();
        let _ = parse(kind, &import, &mut &*data, &mut gathered);
    }
});
