//! A column as Parquet stores it: a list of distinct values, and for every row its place in that
//! list. Comparing places with places is many times quicker than comparing texts, and the list
//! alone often shows that no row can fit.
//!
//! Apache Parquet format, "Dictionary Encoding".

use bytes::Bytes;
use memchr::memmem::Finder;
use parquet::basic::Encoding;
use parquet::column::page::Page;

use crate::packed::{all_ones, deltas, mark, pick, pick_at, spread, unpack, unpack_values};

/// The place of a row without a value.
pub(crate) const NOTHING: u32 = u32::MAX;

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

    /// Every text, by its place.
    pub(crate) fn all_texts(&self) -> Vec<&[u8]> {
        let mut rest: &[u8] = &self.bytes;
        let mut texts = Vec::new();
        for _ in 0..self.count {
            let Some((length, tail)) = rest.split_first_chunk::<4>() else { break };
            let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
            let Some((text, tail)) = tail.split_at_checked(length) else { break };
            texts.push(text);
            rest = tail;
        }
        texts
    }

    /// Every number of four bytes, by its place.
    pub(crate) fn all_ints(&self) -> impl Iterator<Item = i32> {
        let chunks = self.bytes.as_chunks::<4>().0.iter();
        chunks.map(|bytes| i32::from_le_bytes(*bytes)).take(self.count as usize)
    }

    /// The number of eight bytes at a place.
    pub(crate) fn long(&self, place: u32) -> Option<i64> {
        self.bytes.as_chunks::<8>().0.get(place as usize).map(|bytes| i64::from_le_bytes(*bytes))
    }

    /// The number of four bytes at a place.
    pub(crate) fn int(&self, place: u32) -> Option<i32> {
        self.bytes.as_chunks::<4>().0.get(place as usize).map(|bytes| i32::from_le_bytes(*bytes))
    }

    /// Every number of eight bytes, by its place.
    pub(crate) fn all_longs(&self) -> impl Iterator<Item = i64> {
        let chunks = self.bytes.as_chunks::<8>().0.iter();
        chunks.map(|bytes| i64::from_le_bytes(*bytes)).take(self.count as usize)
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
pub(crate) struct Body<'p> {
    /// For every row whether it has a value, packed.
    levels: &'p [u8],
    /// The places, behind the byte that says how many bits each has.
    values: &'p [u8],
    rows: usize,
    /// Whether every row has a value.
    every_row: bool,
}

impl<'p> Body<'p> {
    pub(crate) fn of(page: &'p Page, nullable: bool) -> Result<Self, Refused> {
        let (body, encoding) = Body::any(page, nullable)?;
        if by_dictionary(encoding) { Ok(body) } else { Err(Refused::Otherwise) }
    }

    fn any(page: &'p Page, nullable: bool) -> Result<(Self, Encoding), Refused> {
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
        let rows = usize::try_from(rows).unwrap_or(usize::MAX);
        let every_row = !nullable || all_ones(levels, rows);
        Ok((Body { levels, values, rows, every_row }, encoding))
    }

    /// Adds the places of these rows, which are counted from a row on.
    pub(crate) fn picked(
        &self,
        (asked, from): (&[u32], usize),
        scratch: &mut Vec<u32>,
        out: &mut Vec<u32>,
    ) -> Result<(), Refused> {
        let rows = asked.iter().map(|row| (*row as usize).saturating_sub(from));
        if self.every_row && asked.len().saturating_mul(Matcher::SPARSE) <= self.rows {
            return pick_at(self.values, self.rows, rows, out).ok_or_else(short);
        }
        scratch.clear();
        self.places(scratch)?;
        out.extend(rows.map(|row| scratch.get(row).copied().unwrap_or(NOTHING)));
        Ok(())
    }

    /// Adds the number of every row of a page of differences; `nothing` for rows without one.
    pub(crate) fn numbers(
        page: &Page,
        nullable: bool,
        nothing: i64,
        out: &mut Vec<i64>,
    ) -> Result<(), Refused> {
        let (body, encoding) = Body::any(page, nullable)?;
        if encoding != Encoding::DELTA_BINARY_PACKED {
            return Err(Refused::Otherwise);
        }
        if body.every_row {
            return deltas(body.values, body.rows, out).ok_or_else(short);
        }
        let mut there = Vec::new();
        unpack(body.levels, 1, body.rows, &mut there).ok_or_else(short)?;
        let mut values = Vec::new();
        let count = there.iter().filter(|there| **there == 1).count();
        deltas(body.values, count, &mut values).ok_or_else(short)?;
        let mut values = values.into_iter();
        out.extend(there.iter().map(|there| match there {
            1 => values.next().unwrap_or(nothing),
            _ => nothing,
        }));
        Ok(())
    }

    /// Adds the place of every row.
    pub(crate) fn places(&self, out: &mut Vec<u32>) -> Result<(), Refused> {
        if self.every_row {
            return unpack_values(self.values, self.rows, out).ok_or_else(short);
        }
        spread(self.levels, self.values, self.rows, NOTHING, out).ok_or_else(short)
    }
}

/// Whether an encoding refers to the dictionary.
pub(crate) const fn by_dictionary(encoding: Encoding) -> bool {
    matches!(encoding, Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY)
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
