//! Recognises compression by its first bytes and undoes it as a stream.

use std::io::{self, BufReader, Cursor, Read};

/// Large enough to feed the decompressors without many system calls.
const PACKED_READ_SIZE: usize = 128 * 1024;

/// The largest zstd window, as a power of two, that is held in memory: 128 MiB, what the `zstd`
/// tool accepts without being asked.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// A stream of bytes from somewhere.
pub(crate) type Bytes = Box<dyn Read + Send>;

/// How a file is compressed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Packing {
    /// Not at all.
    Plain,
    /// RFC 1952, any number of members.
    Gzip,
    /// RFC 8878, any number of frames.
    Zstd,
}

impl Packing {
    /// For the status, behind the format.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Packing::Plain => "",
            Packing::Gzip => ", gzip",
            Packing::Zstd => ", zstd",
        }
    }
}

/// Undoes one layer of compression; more layers are left alone.
pub(crate) fn unpack(mut source: Bytes) -> io::Result<(Bytes, Packing)> {
    let mut head = Vec::with_capacity(4);
    source.by_ref().take(4).read_to_end(&mut head)?;
    let packing = recognise(&head);
    let whole = Cursor::new(head).chain(source);
    let unpacked: Bytes = match packing {
        Packing::Plain => Box::new(whole),
        Packing::Gzip => {
            let packed = BufReader::with_capacity(PACKED_READ_SIZE, whole);
            Box::new(flate2::bufread::MultiGzDecoder::new(packed))
        }
        Packing::Zstd => {
            let packed = BufReader::with_capacity(PACKED_READ_SIZE, whole);
            let mut decoder = zstd::stream::read::Decoder::with_buffer(packed)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
            Box::new(decoder)
        }
    };
    Ok((unpacked, packing))
}

fn recognise(head: &[u8]) -> Packing {
    match head {
        [0x1f, 0x8b, ..] => Packing::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd] => Packing::Zstd,
        // A skippable frame may come before the first frame (RFC 8878, section 3.1.2).
        [0x50..=0x5f, 0x2a, 0x4d, 0x18] => Packing::Zstd,
        _ => Packing::Plain,
    }
}
