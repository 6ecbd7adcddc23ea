//! Writes classic pcap files.

use std::io::{self, Write};

use cordon_model::{LinkType, Timestamp};

use crate::MAX_PACKET;

/// How fine the times in a file are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Precision {
    /// Microseconds: every tool reads it.
    Micros,
    /// Nanoseconds.
    Nanos,
}

/// Writes packets of one link type into a classic pcap file, little-endian.
///
/// It writes each packet with two calls: give it a `BufWriter` for a file.
#[derive(Debug)]
pub struct PcapWriter<W> {
    into: W,
    precision: Precision,
}

impl<W: Write> PcapWriter<W> {
    /// Writes the file header.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn new(mut into: W, link: LinkType, precision: Precision) -> io::Result<Self> {
        let magic: u32 = match precision {
            Precision::Micros => 0xa1b2_c3d4,
            Precision::Nanos => 0xa1b2_3c4d,
        };
        let snaplen = u32::try_from(MAX_PACKET).unwrap_or(u32::MAX);
        into.write_all(&magic.to_le_bytes())?;
        for version in [2u16, 4] {
            into.write_all(&version.to_le_bytes())?;
        }
        for word in [0, 0, snaplen, link.0] {
            into.write_all(&word.to_le_bytes())?;
        }
        Ok(PcapWriter { into, precision })
    }

    /// Writes one packet of `wire_len` bytes of which `data` was captured; what is beyond
    /// [`MAX_PACKET`] is left away.
    ///
    /// # Errors
    /// Those of the writer, and a time that the format cannot hold (before 1970, after 2106).
    pub fn write(&mut self, at: Timestamp, wire_len: u32, data: &[u8]) -> io::Result<()> {
        let data = data.get(..MAX_PACKET).unwrap_or(data);
        let captured = u32::try_from(data.len()).unwrap_or(u32::MAX);
        let secs = u32::try_from(at.secs()).map_err(|_| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("a pcap file cannot hold the time {at}"),
            )
        })?;
        let nanos = u32::try_from(at.nanos().rem_euclid(1_000_000_000)).unwrap_or(0);
        let ticks = match self.precision {
            Precision::Micros => nanos / 1_000,
            Precision::Nanos => nanos,
        };
        let mut header = [0; 16];
        let words = [secs, ticks, captured, wire_len.max(captured)];
        for (bytes, word) in header.chunks_exact_mut(4).zip(words) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        self.into.write_all(&header)?;
        self.into.write_all(data)
    }

    /// Flushes, and gives the writer back.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn finish(mut self) -> io::Result<W> {
        self.into.flush()?;
        Ok(self.into)
    }
}
