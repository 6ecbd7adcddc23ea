//! Who owns a link-layer address block: the IEEE registries MA-L, MA-M, MA-S and IAB.
//!
//! `data/oui.bin` is written by `examples/oui_table.rs`, which says how it is laid out. Nothing is
//! read or built at start; a look-up is a binary search, longest block first.

use cordon_model::Mac;

static TABLE: &[u8] = include_bytes!("../data/oui.bin");

/// Bytes in front of the blocks.
const HEAD: usize = 16;
/// Bytes of one block of 24, 28 and 36 bits: its prefix and the index of its name.
const WIDTHS: [usize; 3] = [5, 6, 7];

/// The owner of the block that an address belongs to; none for locally administered addresses.
pub(crate) fn owner(mac: Mac) -> Option<&'static str> {
    if mac.is_local() || mac.is_group() {
        return None;
    }
    let [a, b, c, d, e, _] = mac.0;
    find(2, &[a, b, c, d, e & 0xf0])
        .or_else(|| find(1, &[a, b, c, d & 0xf0]))
        .or_else(|| find(0, &[a, b, c]))
        .and_then(name)
}

fn count(section: usize) -> Option<usize> {
    let bytes = TABLE.get(section * 4..)?.first_chunk::<4>()?;
    usize::try_from(u32::from_be_bytes(*bytes)).ok()
}

/// Where a section of blocks begins; 3 is what follows them.
fn start(section: usize) -> Option<usize> {
    let mut at = HEAD;
    for (earlier, width) in WIDTHS.iter().enumerate().take(section) {
        at += count(earlier)? * width;
    }
    Some(at)
}

fn find(section: usize, prefix: &[u8]) -> Option<usize> {
    let (at, width) = (start(section)?, *WIDTHS.get(section)?);
    let (mut low, mut high) = (0, count(section)?);
    while low < high {
        let middle = (low + high) / 2;
        let block = TABLE.get(at + middle * width..)?.get(..width)?;
        let (block_prefix, name) = block.split_at_checked(width - 2)?;
        match block_prefix.cmp(prefix) {
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
            std::cmp::Ordering::Equal => {
                return name.first_chunk::<2>().map(|n| u16::from_be_bytes(*n).into());
            }
        }
    }
    None
}

fn name(index: usize) -> Option<&'static str> {
    let ends = start(3)?;
    let names = ends + count(3)? * 4;
    let end = |index: usize| -> Option<usize> {
        let bytes = TABLE.get(ends + index * 4..)?.first_chunk::<4>()?;
        usize::try_from(u32::from_be_bytes(*bytes)).ok()
    };
    let from = match index {
        0 => 0,
        index => end(index - 1)?,
    };
    std::str::from_utf8(TABLE.get(names + from..names + end(index)?)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner_of(text: &str) -> Option<&'static str> {
        owner(text.parse().unwrap())
    }

    #[test]
    fn the_longest_block_owns_the_address() {
        assert_eq!(owner_of("00:17:88:24:76:ff"), Some("Philips Lighting BV"));
        assert_eq!(owner_of("28:00:af:01:02:03"), Some("Dell Inc."));
        assert_eq!(owner_of("b8:4c:87:40:00:00"), Some("Blum Novotest GmbH"));
        assert_eq!(owner_of("8c:1f:64:af:a0:00"), Some("DATA ELECTRONIC DEVICES, INC"));
        assert_eq!(owner_of("40:d8:55:0d:70:00"), Some("Avant Technologies"));
    }

    #[test]
    fn made_up_addresses_have_no_owner() {
        assert_eq!(owner_of("02:17:88:24:76:ff"), None);
        assert_eq!(owner_of("01:00:5e:00:00:fb"), None);
    }

    #[test]
    fn the_table_agrees_with_the_registry_it_was_made_from() {
        let mut state = 1_u64;
        let mut owned = 0;
        for _ in 0..200_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let [a, b, c, d, e, f, ..] = (state >> 16).to_le_bytes();
            let mac = Mac([a & 0xfc, b, c, d, e, f]);
            let digits: String = mac.to_string().to_uppercase().split(':').collect();
            let expected = oui_data::lookup(&digits)
                .map(|found| found.organization())
                .filter(|name| !name.starts_with("IEEE Registration"));
            assert_eq!(owner(mac), expected, "{mac}");
            owned += usize::from(expected.is_some());
        }
        assert!(owned > 400, "{owned}");
    }
}
