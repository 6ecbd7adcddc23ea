//! Whole numbers by their differences, as Parquet packs them.
//!
//! Apache Parquet format, "Delta Encoding (DELTA_BINARY_PACKED)".

use crate::packed::{load, varint};

/// Adds so many numbers; `None` where there are fewer.
pub(crate) fn deltas(bytes: &[u8], count: usize, out: &mut Vec<i64>) -> Option<()> {
    if count == 0 {
        return Some(());
    }
    let end = out.len().checked_add(count)?;
    let (block, bytes) = varint(bytes)?;
    let (parts, bytes) = varint(bytes)?;
    let (total, bytes) = varint(bytes)?;
    let (mut value, mut rest) = zigzag(bytes)?;
    let each = block.checked_div(parts)?;
    // As the format says; and so that a part ends with a whole byte.
    if total != count || each == 0 || !each.is_multiple_of(32) || block > MAX_BLOCK {
        return None;
    }
    out.reserve(count);
    out.push(value);
    while out.len() < end {
        let (least, tail) = zigzag(rest)?;
        let (widths, tail) = tail.split_at_checked(parts)?;
        rest = tail;
        for width in widths {
            let left = end.saturating_sub(out.len());
            if left == 0 {
                break;
            }
            let length = each.checked_mul(usize::from(*width))? / 8;
            // The last part may be cut where its values end.
            let (these, tail) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            rest = tail;
            let here = left.min(each);
            if *width > 64 || these.len().checked_mul(8)? < here.checked_mul((*width).into())? {
                return None;
            }
            sums(these, *width, least, here, &mut value, out);
        }
    }
    Some(())
}

/// Largest block of differences that is read: those that are written have 128.
const MAX_BLOCK: usize = 1 << 16;

/// Adds up packed differences, each larger than the least by so much.
fn sums(bytes: &[u8], width: u8, least: i64, count: usize, value: &mut i64, out: &mut Vec<i64>) {
    let step = usize::from(width);
    if step == 0 {
        out.extend((0..count).map(|_| {
            *value = value.wrapping_add(least);
            *value
        }));
        return;
    }
    let mask = u64::MAX >> 64_u32.saturating_sub(width.into());
    let mut add = |packed: u64| {
        *value = value.wrapping_add(least).wrapping_add((packed & mask).cast_signed());
        *value
    };
    if step > 28 {
        out.extend((0..count).map(|at| {
            let bit = at.saturating_mul(step);
            let (byte, shift) = (bit / 8, bit % 8);
            let low = load(bytes, byte) >> shift;
            // What did not fit into eight bytes.
            let high = load(bytes, byte.saturating_add(8));
            let high = high.checked_shl(64_u32.saturating_sub(u32::try_from(shift).unwrap_or(0)));
            add(low | high.unwrap_or(0))
        }));
        return;
    }
    // Two lie in eight bytes, wherever the first begins.
    let end = out.len().saturating_add(count);
    for pair in 0..count.div_ceil(2) {
        let bit = pair.saturating_mul(2 * step);
        let both = load(bytes, bit / 8) >> (bit % 8);
        out.extend([add(both), add(both >> step)]);
    }
    out.truncate(end);
}

/// A signed number: ULEB128, its sign in the lowest bit.
fn zigzag(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let mut value: u64 = 0;
    for (place, byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f).checked_shl(u32::try_from(place).ok()?.checked_mul(7)?)?;
        if byte & 0x80 == 0 {
            let signed = (value >> 1).cast_signed() ^ (value & 1).cast_signed().wrapping_neg();
            return Some((signed, bytes.get(place.saturating_add(1)..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uleb(mut value: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        while value > 0x7f {
            bytes.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        bytes.push(value as u8);
        bytes
    }

    fn signed(value: i64) -> Vec<u8> {
        uleb(((value << 1) ^ (value >> 63)).cast_unsigned())
    }

    /// As the format says: blocks of 128 differences, in four parts.
    fn by_differences(values: &[i64]) -> Vec<u8> {
        let mut bytes = [uleb(128), uleb(4), uleb(values.len() as u64), signed(values[0])].concat();
        let all: Vec<i64> = values.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])).collect();
        for block in all.chunks(128) {
            let least = *block.iter().min().unwrap();
            bytes.extend(signed(least));
            let over = |it: &i64| it.wrapping_sub(least).cast_unsigned();
            let bits = |part: &[i64]| 64 - part.iter().map(over).max().unwrap().leading_zeros();
            let mut widths: Vec<u8> = block.chunks(32).map(|part| bits(part) as u8).collect();
            widths.resize(4, 0);
            bytes.extend(&widths);
            for (part, width) in block.chunks(32).zip(widths) {
                let mut packed = vec![0_u8; 4 * usize::from(width)];
                for (place, it) in part.iter().enumerate() {
                    for bit in 0..usize::from(width) {
                        let at = place * usize::from(width) + bit;
                        packed[at / 8] |= u8::from(over(it) >> bit & 1 == 1) << (at % 8);
                    }
                }
                bytes.extend(packed);
            }
        }
        bytes
    }

    #[test]
    fn differences_of_every_width_add_up() {
        for width in 0..=64_u32 {
            let mask = 1_u64.checked_shl(width).map_or(u64::MAX, |high| high - 1);
            for count in [1_usize, 2, 33, 127, 128, 129, 1_000] {
                let mut value = -5_i64;
                let step = |it: usize| (it as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) & mask;
                let values: Vec<i64> = (0..count)
                    .map(|it| {
                        value = value.wrapping_add(step(it * it).cast_signed());
                        value
                    })
                    .collect();
                let bytes = by_differences(&values);
                let mut out = vec![7];
                assert_eq!(deltas(&bytes, count, &mut out), Some(()), "{width} bits, {count}");
                assert_eq!(out[1..], values, "{width} bits, {count} values");
                assert_eq!(deltas(&bytes, count + 1, &mut Vec::new()), None);
                for cut in 0..bytes.len().min(60) {
                    let mut out = Vec::new();
                    let whole = deltas(&bytes[..cut], count, &mut out);
                    assert!(out.len() <= count);
                    assert!(whole.is_none() || out == values, "{width} bits, cut at {cut}");
                }
            }
        }
    }

    #[test]
    fn garbage_ends_with_no_more_numbers_than_were_asked_for() {
        let huge = [&[0x80, 0x80, 0x04][..], &[1, 100, 0, 0, 64]].concat();
        for bytes in [&[][..], &[0; 9], &[1; 40], &[0xff; 40], &[128, 1, 4, 100, 0, 3], &huge] {
            let mut numbers = Vec::new();
            let _ = deltas(bytes, 100, &mut numbers);
            assert!(numbers.len() <= 100);
        }
    }
}
