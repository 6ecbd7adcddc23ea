//! Any text as a configuration: every problem has its place, and check and parse agree.
#![no_main]

use cordon_config::{Reader, check, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let problems = check(text, "fuzz");
    assert_eq!(parse(text, "fuzz").is_ok(), problems.is_empty());
    let lines = text.matches('\n').count() + 1;
    assert!(problems.iter().all(|problem| problem.line as usize <= lines));
    let mut reader = Reader::new();
    text.lines().take(100).for_each(|line| reader.set(line));
    let _ = reader.finish();
});
