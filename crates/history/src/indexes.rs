//! A column as Parquet stores it: a list of distinct values, and for every row its place in that
//! list. Comparing places with places is many times quicker than comparing texts, and the list
//! alone often shows that no row can fit.
//!
//! Encodings: Apache Parquet format, "Dictionary Encoding" and "RLE / Bit-Packing Hybrid".

use bytes::Bytes;
use memchr::memmem::Finder;
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

    /// Where these texts are: what a finder looks for is a text behind its length. Once through the
    /// list at memory speed, and text by text only up to the last that is there.
    pub(crate) fn these(&self, finders: &[Finder<'_>]) -> Option<Fits> {
        let hits = finders.iter().flat_map(|finder| finder.find_iter(&self.bytes));
        let mut hits: Vec<usize> = hits.collect();
        hits.sort_unstable();
        let mut hits = hits.into_iter().peekable();
        let mut fits = Fits::default();
        let (mut rest, mut at): (&[u8], usize) = (&self.bytes, 0);
        for place in 0..self.count {
            // One that does not start where a value starts is part of another value.
            while hits.next_if(|hit| *hit < at).is_some() {}
            let Some(hit) = hits.peek() else { break };
            let Some((length, tail)) = rest.split_first_chunk::<4>() else { break };
            let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
            let Some((_, tail)) = tail.split_at_checked(length) else { break };
            if *hit == at {
                fits.places.push(place);
            }
            rest = tail;
            at = self.bytes.len().saturating_sub(rest.len());
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

    /// Made ready to be compared with many rows.
    pub(crate) fn matcher(&self) -> Matcher {
        match self.places.as_slice() {
            [one] => Matcher::One(*one),
            _ => Matcher::Many(self.table()),
        }
    }
}

/// Accepted places, made ready to be compared with many rows.
pub(crate) enum Matcher {
    /// Only this one.
    One(u32),
    /// For every place whether it is accepted.
    Many(Vec<bool>),
}

impl Matcher {
    /// So many times fewer rows than a page has are taken out one by one.
    const SPARSE: usize = 12;

    fn fits(&self, place: u32) -> bool {
        match self {
            Matcher::One(one) => place == *one,
            Matcher::Many(table) => {
                usize::try_from(place).ok().and_then(|at| table.get(at)).is_some_and(|fits| *fits)
            }
        }
    }

    /// Adds for every row of a page whether its place is accepted; rows that are not in question
    /// are not. `nullable`: rows may lack a value. `scratch` is room for the page's places.
    pub(crate) fn rows(
        &self,
        page: &Page,
        nullable: bool,
        within: Option<&[bool]>,
        scratch: &mut Vec<u32>,
        rows: &mut Vec<bool>,
    ) -> Result<(), Refused> {
        let body = Body::of(page, nullable)?;
        if let Some(within) = within
            && body.every_row
        {
            let asked = within.iter().filter(|asked| **asked).count();
            if asked.saturating_mul(Self::SPARSE) <= body.rows {
                let from = rows.len();
                rows.resize(from.saturating_add(body.rows), false);
                let Some(out) = rows.get_mut(from..) else { return Ok(()) };
                return pick(body.values, body.rows, within, |at, place| {
                    if let Some(row) = out.get_mut(at) {
                        *row = self.fits(place);
                    }
                })
                .ok_or_else(short);
            }
        }
        if let Matcher::One(one) = self
            && body.every_row
        {
            let from = rows.len();
            rows.resize(from.saturating_add(body.rows), false);
            let Some(out) = rows.get_mut(from..) else { return Ok(()) };
            return mark(body.values, *one, out).ok_or_else(short);
        }
        scratch.clear();
        body.places(scratch)?;
        rows.extend(scratch.iter().map(|place| self.fits(*place)));
        Ok(())
    }
}

/// Why a page gave no places.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Its values are not encoded by the dictionary.
    Otherwise,
    /// It contradicts itself.
    Damaged(String),
}

fn damaged(what: &str) -> Refused {
    Refused::Damaged(what.to_owned())
}

fn short() -> Refused {
    damaged("a page with fewer values than it says")
}

/// What is in a data page.
struct Body<'p> {
    /// For every row whether it has a value, packed.
    levels: &'p [u8],
    /// The places, behind the byte that says how many bits each has.
    values: &'p [u8],
    rows: usize,
    /// Whether every row has a value.
    every_row: bool,
}

impl<'p> Body<'p> {
    fn of(page: &'p Page, nullable: bool) -> Result<Self, Refused> {
        let (levels, values, rows, encoding) = match page {
            Page::DataPage { buf, num_values, encoding, .. } if nullable => {
                let cut = buf.split_first_chunk::<4>();
                let (length, rest) = cut.ok_or_else(|| damaged("a page without its levels"))?;
                let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
                let cut = rest.split_at_checked(length);
                let (levels, values) =
                    cut.ok_or_else(|| damaged("a page shorter than its levels"))?;
                (levels, values, *num_values, *encoding)
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
                let cut =
                    levels.and_then(|rest| rest.split_at_checked(length(*def_levels_byte_len)));
                let (levels, values) =
                    cut.ok_or_else(|| damaged("a page shorter than its levels"))?;
                (levels, values, *num_values, *encoding)
            }
            Page::DictionaryPage { .. } => return Err(damaged("two lists of values")),
        };
        if !by_dictionary(encoding) {
            return Err(Refused::Otherwise);
        }
        let rows = usize::try_from(rows).unwrap_or(usize::MAX);
        let every_row = !nullable || all_ones(levels, rows);
        Ok(Body { levels, values, rows, every_row })
    }

    /// Adds the place of every row.
    fn places(&self, out: &mut Vec<u32>) -> Result<(), Refused> {
        if self.every_row {
            return unpack_values(self.values, self.rows, out).ok_or_else(short);
        }
        let mut there = Vec::new();
        unpack(self.levels, 1, self.rows, &mut there)
            .ok_or_else(|| damaged("a page with too few levels"))?;
        let mut values = Vec::new();
        let count = there.iter().filter(|there| **there == 1).count();
        unpack_values(self.values, count, &mut values).ok_or_else(short)?;
        let mut values = values.into_iter();
        let place = |there: &u32| {
            if *there == 1 { values.next().unwrap_or(NOTHING) } else { NOTHING }
        };
        out.extend(there.iter().map(place));
        Ok(())
    }
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
fn unpack(bytes: &[u8], width: u8, count: usize, out: &mut Vec<u32>) -> Option<()> {
    runs(bytes, width, count, |run| match run {
        Run::Equal { value, count } => out.resize(out.len().saturating_add(count), value),
        Run::Packed { bytes, count } => unpack_groups(bytes, width, count, out),
    })
}

/// Calls with the places of the rows that are in question, and leaves the others packed.
fn pick(
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
fn mark(body: &[u8], wanted: u32, out: &mut [bool]) -> Option<()> {
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
    fn a_text_inside_another_is_not_that_text() {
        let plain = |texts: &[&[u8]]| {
            let mut bytes = Vec::new();
            for text in texts {
                bytes.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
                bytes.extend(*text);
            }
            Distinct { bytes: bytes.into(), count: u32::try_from(texts.len()).unwrap() }
        };
        let sought = b"\x02\0\0\0ab";
        let finders = [Finder::new(sought)];
        let places = |texts: &[&[u8]]| plain(texts).these(&finders).map(|fits| fits.places);
        assert_eq!(places(&[b"x", b"ab", b"abc", b""]), Some(vec![1]));
        assert_eq!(places(&[sought, b"ab", b"-", b"ab"]), Some(vec![1, 3]));
        assert_eq!(places(&[b"abc", sought, b"b"]), None);
        assert_eq!(places(&[]), None);
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
