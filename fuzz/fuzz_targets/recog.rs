//! Any bytes as a recog pattern file, and any banner against a real pattern.
#![no_main]

use cordon_feeds::recog::Patterns;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (patterns, _) = Patterns::read([("fuzz.xml", data)]);
    let kinds: Vec<String> = patterns.kinds().map(ToOwned::to_owned).collect();
    for kind in kinds {
        patterns.first(&kind, "Apache/2.2.15 (CentOS)");
    }
});
