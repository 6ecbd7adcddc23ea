//! Which devices statistics name rightly, without looking at their addresses.

use std::path::Path;

use anyhow::Result;
use cordon_inventory::statistics::committed;

use crate::captures::{labelled, tokens};

/// Prints the tables.
pub fn run(test: Option<&Path>, list: bool) -> Result<()> {
    let captures = labelled(test)?;
    if list {
        let model = committed()?;
        println!("file\ttokens\txor_fnv\tname\tconfidence\taccepted\tvote");
        for capture in &captures {
            let tokens = tokens(&capture.path, capture.mac, None);
            let verdict = model.classify(&tokens);
            println!(
                "{}\t{}\t{:016x}\t{}\t{:.4}\t{}\t{}",
                capture.name,
                tokens.len(),
                tokens.hashes().fold(0, |all, hash| all ^ hash),
                verdict.label,
                verdict.confidence,
                u8::from(verdict.accepted),
                u8::from(verdict.voted)
            );
        }
    }
    Ok(())
}
