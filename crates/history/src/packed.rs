//! Whole numbers of few bits, as Parquet packs them: unpacked, looked up one by one, or compared
//! while they are packed.
//!
//! Apache Parquet format, "RLE / Bit-Packing Hybrid".

/// Widest number: Parquet counts values with 32 bits.
const MAX_WIDTH: u8 = 32;

/// Whether levels are one run that says of every row that its value is there.
pub(crate) fn all_ones(levels: &[u8], rows: usize) -> bool {
    matches!(varint(levels), Some((header, [1, ..])) if header & 1 == 0 && header >> 1 >= rows)
}

/// Places behind the byte that says how many bits each has.
pub(crate) fn unpack_values(body: &[u8], count: usize, out: &mut Vec<u32>) -> Option<()> {
    if count == 0 {
        return Some(());
    }
    let (width, runs) = body.split_first()?;
    unpack(runs, *width, count, out)
}

/// Places behind the byte that says how many bits each has, of the rows whose level is one; the
/// others get `nothing`.
pub(crate) fn spread(
    levels: &[u8],
    body: &[u8],
    rows: usize,
    nothing: u32,
    out: &mut Vec<u32>,
) -> Option<()> {
    let mut there = 0_usize;
    runs(levels, 1, rows, |run| {
        there = there.saturating_add(match run {
            Run::Equal { value, count } => {
                if value == 1 {
                    count
                } else {
                    0
                }
            }
            Run::Packed { bytes, count } => (0..count).filter(|at| bit(bytes, *at)).count(),
        });
    })?;
    let mut values = Vec::new();
    unpack_values(body, there, &mut values)?;
    let mut values = values.into_iter();
    runs(levels, 1, rows, |run| match run {
        Run::Equal { value: 1, count } => out.extend(values.by_ref().take(count)),
        Run::Equal { count, .. } => out.resize(out.len().saturating_add(count), nothing),
        Run::Packed { bytes, count } => {
            out.extend(
                (0..count).map(|at| {
                    if bit(bytes, at) { values.next().unwrap_or(nothing) } else { nothing }
                }),
            )
        }
    })
}

fn bit(bytes: &[u8], at: usize) -> bool {
    bytes.get(at / 8).is_some_and(|byte| byte >> (at % 8) & 1 == 1)
}

/// Numbers by their differences.
///
/// Apache Parquet format, "Delta Encoding (DELTA_BINARY_PACKED)".
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

/// Runs of equal values and packed groups of eight.
pub(crate) fn unpack(bytes: &[u8], width: u8, count: usize, out: &mut Vec<u32>) -> Option<()> {
    runs(bytes, width, count, |run| match run {
        Run::Equal { value, count } => out.resize(out.len().saturating_add(count), value),
        Run::Packed { bytes, count } => unpack_groups(bytes, width, count, out),
    })
}

/// Calls with the places of the rows that are in question, and leaves the others packed.
pub(crate) fn pick(
    body: &[u8],
    count: usize,
    within: &[bool],
    mut found: impl FnMut(usize, u32),
) -> Option<()> {
    if count == 0 {
        return Some(());
    }
    let (width, packed) = body.split_first()?;
    let shift = usize::from(*width);
    let mask = u64::MAX.checked_shr(64_u32.saturating_sub(u32::from(*width))).unwrap_or(0);
    let mut from = 0_usize;
    runs(packed, *width, count, |run| {
        let (Run::Equal { count, .. } | Run::Packed { count, .. }) = run;
        let until = from.saturating_add(count);
        let asked = within.get(from..until).unwrap_or(&[]);
        let mut next = 0;
        while let Some(there) = asked.get(next..).and_then(first_true) {
            let at = there.saturating_add(next);
            let place = match run {
                Run::Equal { value, .. } => value,
                Run::Packed { bytes, .. } => {
                    let bit = at.saturating_mul(shift);
                    small(load(bytes, bit / 8) >> (bit % 8) & mask)
                }
            };
            found(from.saturating_add(at), place);
            next = at.saturating_add(1);
        }
        from = until;
    })
}

/// Adds the places of these rows, which come in order, and leaves the others packed.
pub(crate) fn pick_at(
    body: &[u8],
    count: usize,
    rows: impl Iterator<Item = usize>,
    out: &mut Vec<u32>,
) -> Option<()> {
    if count == 0 {
        return Some(());
    }
    let (width, packed) = body.split_first()?;
    let step = usize::from(*width);
    let mask = u64::MAX.checked_shr(64_u32.saturating_sub(u32::from(*width))).unwrap_or(0);
    let mut rows = rows.peekable();
    let mut from = 0_usize;
    runs(packed, *width, count, |run| {
        let (Run::Equal { count, .. } | Run::Packed { count, .. }) = run;
        let until = from.saturating_add(count);
        while let Some(row) = rows.next_if(|row| *row < until) {
            out.push(match run {
                Run::Equal { value, .. } => value,
                Run::Packed { bytes, .. } => {
                    let bit = row.saturating_sub(from).saturating_mul(step);
                    small(load(bytes, bit / 8) >> (bit % 8) & mask)
                }
            });
        }
        from = until;
    })
}

/// Marks the rows with this place.
pub(crate) fn mark(body: &[u8], wanted: u32, out: &mut [bool]) -> Option<()> {
    if out.is_empty() {
        return Some(());
    }
    let (width, packed) = body.split_first()?;
    let (width, count) = (*width, out.len());
    let mut from = 0_usize;
    // A page whose places are too narrow for it is from before its value first occurred.
    let fits = wanted.checked_shr(width.into()).unwrap_or(0) == 0;
    runs(packed, width, count, |run| {
        let (Run::Equal { count, .. } | Run::Packed { count, .. }) = run;
        let until = from.saturating_add(count);
        if let (true, Some(out)) = (fits, out.get_mut(from..until)) {
            match run {
                Run::Equal { value, .. } => out.fill(value == wanted),
                Run::Packed { bytes, .. } => mark_packed(bytes, width, wanted, out),
            }
        }
        from = until;
    })
}

fn mark_packed(bytes: &[u8], width: u8, wanted: u32, out: &mut [bool]) {
    let (step, shift) = (usize::from(width), u32::from(width));
    if width == 0 || width > 16 {
        let mut places = Vec::new();
        unpack_groups(bytes, width, out.len(), &mut places);
        out.iter_mut().zip(places).for_each(|(out, place)| *out = place == wanted);
        return;
    }
    // Four places lie in one word. Of a difference that is not zero, either the highest bit is set
    // or adding as much as the others can hold sets it: one comparison for four rows.
    let ones = (0..4).fold(0_u64, |ones, place| ones | 1 << (place * shift));
    let highs = ones << (shift - 1);
    let mask = u64::MAX >> (64 - 4 * shift);
    let all = ones.wrapping_mul(u64::from(wanted));
    for (group, out) in out.chunks_mut(8).enumerate() {
        let at = group.saturating_mul(step);
        let low = load(bytes, at);
        let high = load(bytes, at.saturating_add(step / 2)) >> (shift * 4 % 8);
        for (four, out) in [low, high].into_iter().zip(out.chunks_mut(4)) {
            let other = (four ^ all) & mask;
            let differs = ((other & !highs).wrapping_add(highs - ones) | other) & highs;
            if differs != highs {
                for (out, place) in out.iter_mut().zip(1_u32..) {
                    *out = differs >> (place * shift - 1) & 1 == 0;
                }
            }
        }
    }
}

/// The first that is true, a few at a time.
fn first_true(asked: &[bool]) -> Option<usize> {
    const STEP: usize = 32;
    let skipped = asked.chunks(STEP).take_while(|few| !few.contains(&true)).count();
    let from = skipped.saturating_mul(STEP);
    let rest = asked.get(from..)?;
    rest.iter().position(|asked| *asked).map(|at| at.saturating_add(from))
}

/// Values that follow each other.
#[derive(Clone, Copy)]
enum Run<'b> {
    Equal { value: u32, count: usize },
    Packed { bytes: &'b [u8], count: usize },
}

/// Runs until there are so many values; `None` if there are fewer.
fn runs<'b>(
    mut bytes: &'b [u8],
    width: u8,
    count: usize,
    mut each: impl FnMut(Run<'b>),
) -> Option<()> {
    if width > MAX_WIDTH {
        return None;
    }
    let mut left = count;
    while left > 0 {
        let (header, rest) = varint(bytes)?;
        let length = header >> 1;
        let values;
        if header & 1 == 0 {
            let (value, rest) = rest.split_at_checked(usize::from(width).div_ceil(8))?;
            let value =
                value.iter().rev().fold(0, |value: u32, byte| value << 8 | u32::from(*byte));
            values = length.min(left);
            if values == 0 {
                return None;
            }
            each(Run::Equal { value, count: values });
            bytes = rest;
        } else {
            let packed = length.checked_mul(usize::from(width))?;
            values = length.checked_mul(8)?.min(left);
            // The last group may be cut where its values end.
            let (these, rest) = rest.split_at_checked(packed).unwrap_or((rest, &[]));
            if values == 0 || these.len().checked_mul(8)? < values.checked_mul(width.into())? {
                return None;
            }
            each(Run::Packed { bytes: these, count: values });
            bytes = rest;
        }
        left = left.saturating_sub(values);
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
    if width <= 16 {
        // Four values fit into eight bytes; the second four start at half the group.
        let from = out.len();
        let groups = count.div_ceil(8);
        out.resize(from.saturating_add(groups.saturating_mul(8)), 0);
        let places = out.get_mut(from..).unwrap_or_default().as_chunks_mut::<8>().0;
        let odd = shift * 4 % 8;
        for (group, places) in places.iter_mut().enumerate() {
            let at = group.saturating_mul(step);
            let low = load(bytes, at);
            let high = load(bytes, at.saturating_add(step / 2)) >> odd;
            *places = [
                small(low & mask),
                small(low >> shift & mask),
                small(low >> (2 * shift) & mask),
                small(low >> (3 * shift) & mask),
                small(high & mask),
                small(high >> shift & mask),
                small(high >> (2 * shift) & mask),
                small(high >> (3 * shift) & mask),
            ];
        }
        out.truncate(end);
        return;
    }
    for at in (0..bytes.len()).step_by(step) {
        out.extend([0, 1, 2, 3, 4, 5, 6, 7].map(|place: u32| {
            let bit = place * shift;
            let byte = usize::try_from(bit / 8).unwrap_or(0).saturating_add(at);
            small(load(bytes, byte) >> (bit % 8) & mask)
        }));
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
                let mut body = vec![width];
                body.extend(packed(&values, width));
                let mut marked = vec![false; count];
                assert_eq!(mark(&body, values[count / 2], &mut marked), Some(()));
                let same: Vec<bool> = values.iter().map(|it| *it == values[count / 2]).collect();
                assert_eq!(marked, same, "{width} bits, {count} values");
                let asked: Vec<bool> = (0..count).map(|at| at % 3 != 1).collect();
                let mut picked = Vec::new();
                let whole = pick(&body, count, &asked, |at, place| picked.push((at, place)));
                assert_eq!(whole, Some(()));
                let those = (0..count).filter(|at| asked[*at]).map(|at| (at, values[at]));
                assert_eq!(picked, those.collect::<Vec<_>>(), "{width} bits, {count} values");
                let rows = (0..count).filter(|at| asked[*at]);
                let mut places = Vec::new();
                assert_eq!(pick_at(&body, count, rows, &mut places), Some(()));
                let those: Vec<u32> = picked.iter().map(|(_, place)| *place).collect();
                assert_eq!(places, those, "{width} bits, {count} values");
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
        bytes.insert(0, 5);
        let mut asked = [false; 75];
        [0, 3, 10, 11, 74].into_iter().for_each(|at| asked[at] = true);
        let mut picked = Vec::new();
        assert_eq!(pick(&bytes, 75, &asked, |at, place| picked.push((at, place))), Some(()));
        assert_eq!(picked, [(0, 9), (3, 1), (10, 8), (11, 7), (74, 7)]);
        assert_eq!(pick(&bytes, 76, &asked, |_, _| {}), None);
        let mut places = Vec::new();
        let rows = [0, 3, 10, 11, 74].into_iter();
        assert_eq!(pick_at(&bytes, 75, rows, &mut places), Some(()));
        assert_eq!(places, [9, 1, 8, 7, 7]);
        assert_eq!(pick_at(&bytes, 76, [1].into_iter(), &mut places), None);
        let marked = |wanted| {
            let mut marked = [false; 75];
            assert_eq!(mark(&bytes, wanted, &mut marked), Some(()));
            (0..75).filter(|at| marked[*at]).collect::<Vec<_>>()
        };
        assert_eq!(marked(9), [0, 1, 2]);
        assert_eq!(marked(8), [10]);
        assert_eq!(marked(7).len(), 65);
        // Five bits cannot say 39, and must not say seven in its place.
        assert_eq!(marked(39), [0; 0]);
        assert_eq!(mark(&bytes, 9, &mut [false; 76]), None);
    }

    #[test]
    fn places_are_spread_over_the_rows_that_have_one() {
        let values: Vec<u32> = (0..40).collect();
        let mut body = vec![6];
        body.extend(packed(&values, 6));
        // Nine rows without, eight by their bits, and the rest with.
        let mut levels = vec![18, 0];
        levels.extend(packed(&[1, 0, 0, 1, 1, 0, 0, 0], 1));
        levels.extend([40, 1]);
        let mut out = vec![7];
        assert_eq!(spread(&levels, &body, 37, 99, &mut out), Some(()));
        let mut expected = vec![7];
        expected.extend([99; 9]);
        expected.extend([0, 99, 99, 1, 2, 99, 99, 99]);
        expected.extend(3..23);
        assert_eq!(out, expected);
        assert_eq!(spread(&levels, &body, 38, 99, &mut Vec::new()), None, "too few levels");
        assert_eq!(spread(&[160, 1, 1], &body, 80, 99, &mut Vec::new()), None, "too few places");
    }

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
    fn garbage_ends_without_values_instead_of_never() {
        for bytes in [&[][..], &[0, 0, 0], &[1], &[0xff; 9], &[3, 1], &[0x80]] {
            for width in [0, 1, 12, 32, 33, 255] {
                let mut out = Vec::new();
                let _ = unpack(bytes, width, 100, &mut out);
                assert!(out.len() <= 100);
                let mut numbers = Vec::new();
                let _ = deltas(bytes, 100, &mut numbers);
                assert!(numbers.len() <= 100);
                let body = [&[width], bytes].concat();
                let _ = mark(&body, 1, &mut [false; 100]);
                let _ = pick(&body, 100, &[true; 100], |at, _| assert!(at < 100));
                let _ = pick_at(&body, 100, 0..200, &mut Vec::new());
            }
        }
    }
}
