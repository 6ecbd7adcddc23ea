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

    #[test]
    fn garbage_ends_without_values_instead_of_never() {
        for bytes in [&[][..], &[0, 0, 0], &[1], &[0xff; 9], &[3, 1], &[0x80]] {
            for width in [0, 1, 12, 32, 33, 255] {
                let mut out = Vec::new();
                let _ = unpack(bytes, width, 100, &mut out);
                assert!(out.len() <= 100);
                let body = [&[width], bytes].concat();
                let _ = mark(&body, 1, &mut [false; 100]);
                let _ = pick(&body, 100, &[true; 100], |at, _| assert!(at < 100));
            }
        }
    }
}
