//! A column as Parquet stores it: a list of distinct values, and for every row its place in that
//! list. Comparing places with places is many times quicker than comparing texts, and the list
//! alone often shows that no row can fit.
//!
//! Encodings: Apache Parquet format, "Dictionary Encoding" and "RLE / Bit-Packing Hybrid".

use bytes::Bytes;
use parquet::basic::Encoding;
use parquet::column::page::Page;

/// The place of a row without a value.
const NOTHING: u32 = u32::MAX;
/// Widest place: Parquet counts values with 32 bits.
const MAX_WIDTH: u8 = 32;

/// The distinct values of a column chunk, plain-encoded.
#[derive(Clone, Debug)]
pub(crate) struct Distinct {
    pub bytes: Bytes,
    pub count: u32,
}

impl Distinct {
    /// Which texts are accepted; `None` if none is. Each is a length and its bytes.
    pub(crate) fn texts(&self, accept: &dyn Fn(&[u8]) -> bool) -> Option<Fits> {
        let mut rest: &[u8] = &self.bytes;
        let mut fits = Fits::default();
        for place in 0..self.count {
            let Some((length, tail)) = rest.split_first_chunk::<4>() else { break };
            let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
            let Some((value, tail)) = tail.split_at_checked(length) else { break };
            if accept(value) {
                fits.places.push(place);
            }
            rest = tail;
        }
        fits.or_none(self.count)
    }

    /// At which place this number is.
    pub(crate) fn number(&self, wanted: i32) -> Option<Fits> {
        let bytes = wanted.to_le_bytes();
        let numbers = self.bytes.chunks_exact(4).zip(0..self.count);
        let places = numbers.filter(|(value, _)| *value == bytes).map(|(_, place)| place);
        Fits { places: places.collect(), count: 0 }.or_none(self.count)
    }
}

/// Accepted places.
#[derive(Default, Debug)]
pub(crate) struct Fits {
    places: Vec<u32>,
    count: u32,
}

impl Fits {
    fn or_none(mut self, count: u32) -> Option<Fits> {
        self.count = count;
        (!self.places.is_empty()).then_some(self)
    }

    /// A table of what is accepted, made ready for many rows.
    fn table(&self) -> Vec<bool> {
        let mut table = vec![false; usize::try_from(self.count).unwrap_or(0)];
        for place in &self.places {
            if let Some(fits) = usize::try_from(*place).ok().and_then(|at| table.get_mut(at)) {
                *fits = true;
            }
        }
        table
    }

    /// Rows of these pages whose place is accepted; `nullable`: rows may lack a value.
    pub(crate) fn rows(
        &self,
        pages: &[Page],
        nullable: bool,
        most: usize,
    ) -> Result<Vec<bool>, Refused> {
        let mut rows = Vec::with_capacity(most);
        let table = self.table();
        // One page at a time: what fits the processor's cache is never written to memory.
        let mut scratch = Vec::new();
        for page in pages {
            scratch.clear();
            places(page, nullable, &mut scratch)?;
            if rows.len().saturating_add(scratch.len()) > most {
                return Err(Refused::Damaged("more rows than the file says"));
            }
            if let [one] = self.places.as_slice() {
                rows.extend(scratch.iter().map(|place| place == one));
            } else {
                let fits = |place: &u32| usize::try_from(*place).ok().and_then(|at| table.get(at));
                rows.extend(scratch.iter().map(|place| fits(place).is_some_and(|fits| *fits)));
            }
        }
        Ok(rows)
    }
}

/// Why a page gave no places.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Its values are not encoded by the dictionary.
    Otherwise,
    /// It contradicts itself.
    Damaged(&'static str),
}

/// Adds the places of a data page's rows. `nullable`: rows may lack a value.
fn places(page: &Page, nullable: bool, out: &mut Vec<u32>) -> Result<(), Refused> {
    let (levels, body, rows, encoding) = match page {
        Page::DataPage { buf, num_values, encoding, .. } if nullable => {
            let cut = buf.split_first_chunk::<4>();
            let (length, rest) = cut.ok_or(Refused::Damaged("a page without its levels"))?;
            let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
            let cut = rest.split_at_checked(length);
            let (levels, body) = cut.ok_or(Refused::Damaged("a page shorter than its levels"))?;
            (levels, body, *num_values, *encoding)
        }
        Page::DataPage { buf, num_values, encoding, .. } => {
            (&[][..], &**buf, *num_values, *encoding)
        }
        Page::DataPageV2 {
            buf,
            num_values,
            encoding,
            def_levels_byte_len,
            rep_levels_byte_len,
            ..
        } => {
            let length = |length: u32| usize::try_from(length).unwrap_or(usize::MAX);
            let levels = buf.get(length(*rep_levels_byte_len)..);
            let cut = levels.and_then(|rest| rest.split_at_checked(length(*def_levels_byte_len)));
            let (levels, body) = cut.ok_or(Refused::Damaged("a page shorter than its levels"))?;
            (levels, body, *num_values, *encoding)
        }
        Page::DictionaryPage { .. } => return Err(Refused::Damaged("two lists of values")),
    };
    if !by_dictionary(encoding) {
        return Err(Refused::Otherwise);
    }
    let rows = usize::try_from(rows).unwrap_or(usize::MAX);
    let short = Refused::Damaged("a page with fewer values than it says");
    if !nullable || all_ones(levels, rows) {
        return unpack_values(body, rows, out).ok_or(short);
    }
    let mut there = Vec::new();
    unpack(levels, 1, rows, &mut there).ok_or(Refused::Damaged("a page with too few levels"))?;
    let mut values = Vec::new();
    let count = there.iter().filter(|there| **there == 1).count();
    unpack_values(body, count, &mut values).ok_or(short)?;
    let mut values = values.into_iter();
    out.extend(
        there.iter().map(
            |there| {
                if *there == 1 { values.next().unwrap_or(NOTHING) } else { NOTHING }
            },
        ),
    );
    Ok(())
}

/// Whether an encoding refers to the dictionary.
pub(crate) const fn by_dictionary(encoding: Encoding) -> bool {
    matches!(encoding, Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY)
}

/// Whether levels are one run that says of every row that its value is there.
fn all_ones(levels: &[u8], rows: usize) -> bool {
    matches!(varint(levels), Some((header, [1, ..])) if header & 1 == 0 && header >> 1 >= rows)
}

/// Places behind the byte that says how many bits each has.
fn unpack_values(body: &[u8], count: usize, out: &mut Vec<u32>) -> Option<()> {
    if count == 0 {
        return Some(());
    }
    let (width, runs) = body.split_first()?;
    unpack(runs, *width, count, out)
}

/// Runs of equal values and packed groups of eight.
fn unpack(mut bytes: &[u8], width: u8, count: usize, out: &mut Vec<u32>) -> Option<()> {
    if width > MAX_WIDTH {
        return None;
    }
    let end = out.len().checked_add(count)?;
    while out.len() < end {
        let left = end.saturating_sub(out.len());
        let (header, rest) = varint(bytes)?;
        let length = header >> 1;
        if header & 1 == 0 {
            let (value, rest) = rest.split_at_checked(usize::from(width).div_ceil(8))?;
            let value =
                value.iter().rev().fold(0, |value: u32, byte| value << 8 | u32::from(*byte));
            let until = out.len().checked_add(length.min(left))?;
            if length == 0 {
                return None;
            }
            out.resize(until, value);
            bytes = rest;
        } else {
            let packed = length.checked_mul(usize::from(width))?;
            let values = length.checked_mul(8)?.min(left);
            // The last group may be cut where its values end.
            let (these, rest) = rest.split_at_checked(packed).unwrap_or((rest, &[]));
            if values == 0 || these.len().checked_mul(8)? < values.checked_mul(width.into())? {
                return None;
            }
            unpack_groups(these, width, values, out);
            bytes = rest;
        }
    }
    Some(())
}

fn unpack_groups(bytes: &[u8], width: u8, count: usize, out: &mut Vec<u32>) {
    if width == 0 {
        out.resize(out.len().saturating_add(count), 0);
        return;
    }
    let end = out.len().saturating_add(count);
    out.reserve(count.saturating_add(8));
    let step = usize::from(width);
    let shift = u32::from(width);
    let mask = u64::MAX >> 64_u32.saturating_sub(shift);
    for at in (0..bytes.len()).step_by(step) {
        if width <= 16 {
            // Four values fit into eight bytes; the second four start at half the group.
            let low = load(bytes, at);
            let high = load(bytes, at.saturating_add(step / 2)) >> (shift * 4 % 8);
            for from in [low, high] {
                out.extend([0, 1, 2, 3].map(|place: u32| small(from >> (place * shift) & mask)));
            }
        } else {
            out.extend([0, 1, 2, 3, 4, 5, 6, 7].map(|place: u32| {
                let bit = place * shift;
                let byte = usize::try_from(bit / 8).unwrap_or(0).saturating_add(at);
                small(load(bytes, byte) >> (bit % 8) & mask)
            }));
        }
    }
    out.truncate(end);
}

/// Eight bytes from here, zeros behind the end.
fn load(bytes: &[u8], at: usize) -> u64 {
    let from = bytes.get(at..).unwrap_or(&[]);
    if let Some(eight) = from.first_chunk::<8>() {
        return u64::from_le_bytes(*eight);
    }
    from.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

#[allow(clippy::cast_possible_truncation, reason = "masked to at most 32 bits")]
const fn small(value: u64) -> u32 {
    value as u32
}

/// ULEB128.
fn varint(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value: u64 = 0;
    for (place, byte) in bytes.iter().enumerate().take(5) {
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((usize::try_from(value).ok()?, bytes.get(place.saturating_add(1)..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packs as the format says: from the lowest bit on.
    fn packed(values: &[u32], width: u8) -> Vec<u8> {
        let groups = values.len().div_ceil(8);
        let mut bytes = vec![0; groups * usize::from(width)];
        for (place, value) in values.iter().enumerate() {
            for bit in 0..usize::from(width) {
                let at = place * usize::from(width) + bit;
                bytes[at / 8] |= u8::from(value >> bit & 1 == 1) << (at % 8);
            }
        }
        let mut all = vec![u8::try_from(groups << 1 | 1).unwrap()];
        all.extend(bytes);
        all
    }

    #[test]
    fn packed_values_of_every_width_come_back() {
        for width in 1..=32_u8 {
            let mask = u32::MAX >> (32 - width);
            for count in [1_usize, 7, 8, 9, 250] {
                let values: Vec<u32> =
                    (0..count as u32).map(|it| it.wrapping_mul(2_654_435_761) & mask).collect();
                let mut out = vec![5];
                assert_eq!(unpack(&packed(&values, width), width, count, &mut out), Some(()));
                assert_eq!(out[1..], values, "{width} bits, {count} values");
            }
        }
    }

    #[test]
    fn runs_and_groups_follow_each_other() {
        let mut bytes = vec![6, 9]; // three times nine
        bytes.extend(packed(&[1, 2, 3, 4, 5, 6, 7, 8], 5));
        bytes.extend([0x80, 0x01, 7]); // 64 times seven
        let mut out = Vec::new();
        assert_eq!(unpack(&bytes, 5, 75, &mut out), Some(()));
        assert_eq!(out[..11], [9, 9, 9, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(out[11..], [7; 64]);
        assert_eq!(unpack(&bytes, 5, 76, &mut Vec::new()), None);
    }

    #[test]
    fn garbage_ends_without_values_instead_of_never() {
        for bytes in [&[][..], &[0, 0, 0], &[1], &[0xff; 9], &[3, 1], &[0x80]] {
            for width in [0, 1, 12, 32, 33, 255] {
                let mut out = Vec::new();
                let _ = unpack(bytes, width, 100, &mut out);
                assert!(out.len() <= 100);
            }
        }
    }
}
