//! Any bytes as a MUD file; what was understood is written and read as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(parsed) = cordon_mud::parse(data) else { return };
    for warning in &parsed.warnings {
        assert!(!warning.to_string().is_empty());
    }
    let mut file = parsed.file;
    for acl in &mut file.acls {
        acl.aces.retain(|ace| ace.understood);
    }
    let again = cordon_mud::parse(cordon_mud::write(&file).as_bytes());
    assert_eq!(again.map(|parsed| parsed.file).ok(), Some(file));
});
