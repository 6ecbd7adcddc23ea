//! Writes `data/oui.bin` from the registry in the `oui-data` crate:
//! `cargo run --release -p cordon-inventory --example oui_table -- crates/inventory/data/oui.bin`
//!
//! The crate's own table costs 9 MB of program and 3 ms of every start; this one costs neither.
//! Layout, big-endian: counts of the 24-, 28- and 36-bit blocks and of names (4 × u32); the blocks
//! as (prefix in 3, 4 or 5 bytes, left-aligned, name index in 2 bytes), sorted; then per name its
//! end offset (u32), then all names.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a tool for whoever renews the table; it may fail loudly"
)]

use std::collections::BTreeMap;

fn main() {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: oui_table FILE");
        std::process::exit(2);
    };
    let mut blocks: [Vec<(Vec<u8>, &str)>; 3] = Default::default();
    for prefix in 0..1_u32 << 24 {
        // Group and locally administered addresses have no owner.
        if prefix >> 16 & 3 != 0 {
            continue;
        }
        let Some(found) = oui_data::lookup(&format!("{prefix:06X}")) else { continue };
        let [_, a, b, c] = prefix.to_be_bytes();
        let shared = found.organization().starts_with("IEEE Registration");
        if !shared {
            blocks[0].push((vec![a, b, c], found.organization()));
            continue;
        }
        for low in 0..16_u8 {
            let text = format!("{prefix:06X}{low:X}");
            match oui_data::lookup(&text).filter(|found| found.oui().len() == 7) {
                Some(found) => blocks[1].push((vec![a, b, c, low << 4], found.organization())),
                None => small_blocks(&mut blocks[2], [a, b, c], &text, low),
            }
        }
    }
    let mut names: BTreeMap<&str, u16> = BTreeMap::new();
    for (_, name) in blocks.iter().flatten() {
        names.insert(name, 0);
    }
    for (index, slot) in names.values_mut().enumerate() {
        *slot = u16::try_from(index).unwrap();
    }
    let mut out = Vec::new();
    for count in [blocks[0].len(), blocks[1].len(), blocks[2].len(), names.len()] {
        out.extend(u32::try_from(count).unwrap().to_be_bytes());
    }
    for (prefix, name) in blocks.iter().flatten() {
        out.extend(prefix);
        out.extend(names[name].to_be_bytes());
    }
    let mut end = 0_u32;
    for name in names.keys() {
        end += u32::try_from(name.len()).unwrap();
        out.extend(end.to_be_bytes());
    }
    for name in names.keys() {
        out.extend(name.as_bytes());
    }
    std::fs::write(path, out).unwrap();
}

/// The 36-bit blocks under one 28-bit prefix.
fn small_blocks(out: &mut Vec<(Vec<u8>, &'static str)>, [a, b, c]: [u8; 3], text: &str, low: u8) {
    for tail in 0..256_u32 {
        let found = oui_data::lookup(&format!("{text}{tail:02X}"));
        if let Some(found) = found.filter(|found| found.oui().len() == 9) {
            let [.., tail] = tail.to_be_bytes();
            out.push((vec![a, b, c, low << 4 | tail >> 4, tail << 4], found.organization()));
        }
    }
}
