//! Files that makers write, files that nobody should write, and files from anywhere.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may fail and say what it skipped; the rule's own exception misses helpers"
)]

mod corpus;
mod hostile;
mod round;
mod spellings;

use cordon_mud::{Parsed, parse};
use serde_json::{Value, json};

/// A file whose device may send what one entry matches.
fn with_matches(kind: &str, matches: Value) -> Value {
    file(json!([{
        "name": "out", "type": kind,
        "aces": { "ace": [{
            "name": "one", "matches": matches, "actions": { "forwarding": "accept" }
        }] }
    }]))
}

/// A file with these lists; the policies name `out` and `in`.
fn file(acls: Value) -> Value {
    json!({
        "ietf-mud:mud": {
            "mud-version": 1,
            "mud-url": "https://maker.example/bulb",
            "last-update": "2026-01-15T10:22:47+01:00",
            "cache-validity": 48,
            "is-supported": true,
            "systeminfo": "A bulb",
            "from-device-policy": { "access-lists": { "access-list": [{ "name": "out" }] } },
            "to-device-policy": { "access-lists": { "access-list": [{ "name": "in" }] } }
        },
        "ietf-access-control-list:acls": { "acl": acls }
    })
}

fn read(value: &Value) -> Parsed {
    parse(value.to_string().as_bytes()).unwrap()
}

/// The texts of the warnings about entries and lists.
fn said(parsed: &Parsed) -> Vec<String> {
    let texts = parsed.warnings.iter().map(ToString::to_string);
    texts.filter(|text| !text.contains("\"in\", which the file does not have")).collect()
}
