//! The pages of a column, read from the file at once and decompressed one by one, and only those
//! with rows that are still in question.

use std::cell::{OnceCell, RefCell};
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::Compression;
use parquet::column::page::{Page, PageReader};
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::serialized_reader::SerializedPageReader;
use zstd::bulk::Decompressor;
use zstd::zstd_safe::get_frame_content_size;

use crate::file::{Chunk, PartFile, buffer, lent};
use crate::indexes::{Body, Distinct, Fits, NOTHING, Refused};

/// Largest page once decompressed: a list of distinct values is the largest that is written, and
/// has a few MB. A file that claims more is damaged.
const MAX_PAGE: usize = 64 << 20;

/// Opens pages that are compressed with zstd; its tables are made once and used for many columns.
#[derive(Default)]
pub(crate) struct Opener(RefCell<Option<Decompressor<'static>>>);

impl Opener {
    /// The decompressed bytes, behind so many that are not compressed.
    fn open(&self, bytes: &[u8], plain: usize) -> Result<Bytes, ParquetError> {
        let wrong = |what: &str| ParquetError::General(what.to_owned());
        let cut = bytes.split_at_checked(plain);
        let (head, packed) = cut.ok_or_else(|| wrong("a page shorter than its levels"))?;
        let length = if packed.is_empty() {
            Some(0)
        } else {
            let length = get_frame_content_size(packed).ok().flatten();
            let length = length.and_then(|length| usize::try_from(length).ok());
            // A writer that compresses as it goes does not know the length in advance.
            length.or_else(|| Decompressor::upper_bound(packed))
        };
        let length = length.filter(|length| *length <= MAX_PAGE);
        let length = length.ok_or_else(|| wrong("a page larger than any that is written"))?;
        let mut out = buffer(plain.saturating_add(length));
        out.extend_from_slice(head);
        if length > 0 {
            let mut kept = self.0.borrow_mut();
            let decompressor = match &mut *kept {
                Some(decompressor) => decompressor,
                none => none.insert(Decompressor::new()?),
            };
            let mut cursor = std::io::Cursor::new(&mut out);
            cursor.set_position(plain as u64);
            decompressor.decompress_to_buffer(packed, &mut cursor)?;
        }
        Ok(lent(out))
    }
}

/// A column by its list of distinct values.
pub(crate) struct Coded {
    pub distinct: Distinct,
    pages: Pages,
}

/// The data pages of a column.
pub(crate) struct Pages {
    /// What reads them, until they are read.
    unread: RefCell<Option<SerializedPageReader<Chunk>>>,
    pages: OnceCell<Vec<Stored>>,
    /// Whether the pages are opened here; parquet opens what is not compressed with zstd.
    packed: bool,
}

/// A page as it lies in the file, and once it was decompressed.
struct Stored {
    raw: Page,
    open: OnceCell<Page>,
}

impl Coded {
    /// Reads the list of this column; `None` if it has none.
    pub(crate) fn read(
        file: &PartFile,
        chunk: &ColumnChunkMetaData,
        rows: usize,
        opener: &Opener,
    ) -> Result<Option<Coded>, ParquetError> {
        let (mut pages, packed) = reader(file, chunk, rows)?;
        let Some(Page::DictionaryPage { buf, num_values, .. }) = pages.get_next_page()? else {
            return Ok(None);
        };
        let bytes = if packed { opener.open(&buf, 0)? } else { buf };
        Ok(Some(Coded {
            distinct: Distinct { bytes, count: num_values },
            pages: Pages::new(pages, packed),
        }))
    }

    /// Which rows have one of these values, among those that are still in question.
    pub(crate) fn rows(
        &self,
        fits: &Fits,
        nullable: bool,
        most: usize,
        within: Option<&[bool]>,
        opener: &Opener,
    ) -> Result<Vec<bool>, Refused> {
        let mut rows = Vec::with_capacity(most);
        let matcher = fits.matcher();
        let mut scratch = Vec::new();
        for page in self.pages.stored()? {
            let count = count(&page.raw);
            let from = rows.len();
            let until = from.saturating_add(count);
            if until > most {
                return Err(Refused::Damaged("more rows than the file says".to_owned()));
            }
            let within = within.and_then(|within| within.get(from..until));
            if within.is_some_and(|within| !within.contains(&true)) {
                rows.resize(until, false);
                continue;
            }
            let page = self.pages.open(page, opener)?;
            matcher.rows(page, nullable, within, &mut scratch, &mut rows)?;
            if rows.len() != until {
                return Err(Refused::Damaged("a page with other rows than it says".to_owned()));
            }
        }
        Ok(rows)
    }

    /// The place of every row in the list, which may be shorter than it says; pages without a row
    /// in question are left closed, and their rows get no place.
    pub(crate) fn places(
        &self,
        nullable: bool,
        most: usize,
        asked: Option<&[u32]>,
        opener: &Opener,
        places: &mut Vec<u32>,
    ) -> Result<(), Refused> {
        places.clear();
        places.reserve(most);
        self.pages.each(most, asked, opener, |page, _, _| match page {
            Ok(page) => Body::of(page, nullable)?.places(places),
            Err(count) => {
                places.resize(places.len().saturating_add(count), NOTHING);
                Ok(())
            }
        })
    }

    /// The places of these rows, one after the other.
    pub(crate) fn picked(
        &self,
        nullable: bool,
        most: usize,
        asked: &[u32],
        opener: &Opener,
    ) -> Result<Vec<u32>, Refused> {
        let (mut places, mut scratch) = (Vec::with_capacity(asked.len()), Vec::new());
        self.pages.each(most, Some(asked), opener, |page, asked, from| match page {
            Ok(page) => Body::of(page, nullable)?.picked((asked, from), &mut scratch, &mut places),
            Err(_) => Ok(()),
        })?;
        let last = places.iter().map(|place| place.wrapping_add(1)).max().unwrap_or(0);
        if last > self.distinct.count {
            return Err(Refused::Damaged("a list of values is shorter than it says".to_owned()));
        }
        Ok(places)
    }
}

impl Pages {
    fn new(unread: SerializedPageReader<Chunk>, packed: bool) -> Self {
        Pages { unread: RefCell::new(Some(unread)), pages: OnceCell::new(), packed }
    }

    /// Reads the pages of a column without a list of distinct values.
    pub(crate) fn read(
        file: &PartFile,
        chunk: &ColumnChunkMetaData,
        rows: usize,
    ) -> Result<Pages, ParquetError> {
        let (pages, packed) = reader(file, chunk, rows)?;
        Ok(Pages::new(pages, packed))
    }

    /// Calls with every page that has a row in question, and with how many rows there are in the
    /// others; and with the rows in question of that page, by their places in it.
    pub(crate) fn each(
        &self,
        most: usize,
        asked: Option<&[u32]>,
        opener: &Opener,
        mut to: impl FnMut(Result<&Page, usize>, &[u32], usize) -> Result<(), Refused>,
    ) -> Result<(), Refused> {
        let mut from = 0_usize;
        let mut left = asked;
        for page in self.stored()? {
            let count = count(&page.raw);
            let until = from.saturating_add(count);
            if until > most {
                return Err(Refused::Damaged("more rows than the file says".to_owned()));
            }
            let here = match left {
                None => None,
                Some(rows) => {
                    let here = rows.partition_point(|row| (*row as usize) < until);
                    let (here, behind) = rows.split_at_checked(here).unwrap_or((rows, &[]));
                    left = Some(behind);
                    Some(here)
                }
            };
            match here {
                Some([]) => to(Err(count), &[], from)?,
                here => to(Ok(self.open(page, opener)?), here.unwrap_or_default(), from)?,
            }
            from = until;
        }
        if from == most {
            Ok(())
        } else {
            Err(Refused::Damaged("fewer rows than the file says".to_owned()))
        }
    }

    fn stored(&self) -> Result<&[Stored], Refused> {
        if let Some(known) = self.pages.get() {
            return Ok(known);
        }
        let mut pages = Vec::new();
        if let Some(mut unread) = self.unread.borrow_mut().take() {
            while let Some(raw) = unread.get_next_page().map_err(damaged)? {
                pages.push(Stored { raw, open: OnceCell::new() });
            }
        }
        Ok(self.pages.get_or_init(|| pages))
    }

    fn open<'p>(&self, page: &'p Stored, opener: &Opener) -> Result<&'p Page, Refused> {
        if !self.packed {
            return Ok(&page.raw);
        }
        if let Some(open) = page.open.get() {
            return Ok(open);
        }
        let mut open = page.raw.clone();
        match &mut open {
            Page::DataPage { buf, .. } => *buf = opener.open(buf, 0).map_err(damaged)?,
            Page::DataPageV2 {
                buf,
                is_compressed,
                def_levels_byte_len,
                rep_levels_byte_len,
                ..
            } => {
                if *is_compressed {
                    let levels = def_levels_byte_len.saturating_add(*rep_levels_byte_len);
                    let levels = usize::try_from(levels).unwrap_or(usize::MAX);
                    *buf = opener.open(buf, levels).map_err(damaged)?;
                }
            }
            Page::DictionaryPage { .. } => {}
        }
        Ok(page.open.get_or_init(|| open))
    }
}

/// What reads the pages of a column, and whether they are left compressed.
fn reader(
    file: &PartFile,
    chunk: &ColumnChunkMetaData,
    rows: usize,
) -> Result<(SerializedPageReader<Chunk>, bool), ParquetError> {
    let (start, length) = chunk.byte_range();
    let data = u64::try_from(chunk.data_page_offset()).unwrap_or(0);
    let bytes = Chunk::new(file, start, data, start.saturating_add(length));
    // What is told to be stored plainly is handed over as it lies there.
    let packed = matches!(chunk.compression(), Compression::ZSTD(_));
    let plain = if packed {
        let builder = chunk.clone().into_builder();
        Some(builder.set_compression(Compression::UNCOMPRESSED).build()?)
    } else {
        None
    };
    let told = plain.as_ref().unwrap_or(chunk);
    Ok((SerializedPageReader::new(Arc::new(bytes), told, rows, None)?, packed))
}

/// Rows of a page of a flat column: one value each, or none.
fn count(page: &Page) -> usize {
    let count = match page {
        Page::DataPage { num_values, .. } | Page::DataPageV2 { num_values, .. } => *num_values,
        Page::DictionaryPage { .. } => 0,
    };
    usize::try_from(count).unwrap_or(usize::MAX)
}

fn damaged(error: ParquetError) -> Refused {
    Refused::Damaged(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, RecordBatch, StringArray};
    use parquet::arrow::ArrowWriter;
    use parquet::arrow::arrow_reader::ArrowReaderMetadata;
    use parquet::basic::ZstdLevel;
    use parquet::file::properties::{WriterProperties, WriterVersion};

    use super::*;

    /// Eight names; every fifth row has none.
    fn name(row: usize) -> Option<&'static str> {
        const NAMES: [&str; 8] = ["ada", "bob", "cy", "dee", "eve", "fay", "gus", "hal"];
        (row % 5 != 4).then(|| NAMES[row * row % 11 % 8])
    }

    #[test]
    fn a_column_is_read_however_another_program_compressed_it() {
        const ROWS: usize = 5_000;
        let versions = [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0];
        let packings = [
            Compression::UNCOMPRESSED,
            Compression::SNAPPY,
            Compression::ZSTD(ZstdLevel::default()),
        ];
        for (version, packing) in versions.iter().flat_map(|it| packings.map(|one| (*it, one))) {
            let values: ArrayRef = Arc::new((0..ROWS).map(name).collect::<StringArray>());
            let batch = RecordBatch::try_from_iter_with_nullable([("name", values, true)]).unwrap();
            let properties = WriterProperties::builder()
                .set_writer_version(version)
                .set_compression(packing)
                .set_data_page_row_count_limit(700)
                .set_write_batch_size(100)
                .build();
            let file = tempfile::NamedTempFile::new().unwrap();
            let mut writer =
                ArrowWriter::try_new(file.reopen().unwrap(), batch.schema(), Some(properties))
                    .unwrap();
            writer.write(&batch).unwrap();
            writer.close().unwrap();
            let part = PartFile::open(file.path()).unwrap();
            let meta = ArrowReaderMetadata::load(&part, Default::default()).unwrap();
            let (chunk, opener) = (meta.metadata().row_group(0).column(0), Opener::default());
            let coded = Coded::read(&part, chunk, ROWS, &opener).unwrap().unwrap();
            let asked: Vec<bool> = (0..ROWS).map(|row| (1_500..1_520).contains(&row)).collect();
            for wanted in [&["dee"][..], &["ada", "eve"]] {
                let fits =
                    coded.distinct.texts(&|it| wanted.iter().any(|one| one.as_bytes() == it));
                let fits = fits.unwrap();
                let has = |row: usize| name(row).is_some_and(|name| wanted.contains(&name));
                let all = coded.rows(&fits, true, ROWS, None, &opener).unwrap();
                assert_eq!(all, (0..ROWS).map(has).collect::<Vec<_>>(), "{version:?} {packing}");
                let few = coded.rows(&fits, true, ROWS, Some(&asked), &opener).unwrap();
                for row in (0..ROWS).filter(|row| asked[*row]) {
                    assert_eq!(few[row], has(row), "{version:?} {packing}, row {row}");
                }
            }
        }
    }

    #[test]
    fn a_page_that_claims_to_be_huge_is_refused_before_it_is_opened() {
        // A frame header with a length of eight bytes (RFC 8878, 3.1.1.1).
        let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0xe0];
        frame.extend(u64::to_le_bytes(1 << 40));
        frame.extend([1, 0, 0]);
        for bytes in [&frame[..], &[1, 2, 3], &frame[..6]] {
            assert!(Opener::default().open(bytes, 0).is_err());
        }
        assert!(Opener::default().open(b"ab", 3).is_err());
        assert_eq!(&Opener::default().open(b"ab", 2).unwrap()[..], b"ab");
    }
}
