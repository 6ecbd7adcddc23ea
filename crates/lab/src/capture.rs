//! The result: frames in the order of their times, and the file format of tcpdump.

use std::io;

use cordon_model::{LinkType, Timestamp};

use crate::error::SiteError;
use crate::rng::Rng;
use crate::site::Site;
use crate::stream::Frames;
use crate::wifi;

/// Bytes of a packet that a reader has to expect at most.
const SNAP_LENGTH: u32 = 262_144;

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// When.
    pub at: Timestamp,
    /// Its bytes from the link layer on, without check sequence.
    pub bytes: Vec<u8>,
}

/// What one listener heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// `wired` or `wifi`: good for a file name.
    pub name: &'static str,
    /// What the first byte of every frame means.
    pub link: LinkType,
    /// The frames in the order of their times.
    pub frames: Vec<Frame>,
}

/// Plays a site: one capture of its wires, and one of its air if it has Wi-Fi. The same site and
/// seed give the same bytes.
///
/// # Errors
/// Where an act asks for what its devices do not have, such as a protocol identity.
pub fn write(site: &Site, seed: u64) -> Result<Vec<Capture>, SiteError> {
    let frames = Frames::new(site, seed)?.collect::<Result<_, _>>()?;
    let mut captures = vec![Capture { name: "wired", link: LinkType::ETHERNET, frames }];
    if let Some(air) = &site.wifi {
        let frames = wifi::listen(air, site.start, Rng::new(seed, u64::MAX));
        captures.push(Capture { name: "wifi", link: LinkType::RADIOTAP, frames });
    }
    Ok(captures)
}

/// Writes a capture as a pcap file with times in nanoseconds.
///
/// # Errors
/// Those of `out`.
pub fn pcap(capture: &Capture, out: &mut impl io::Write) -> io::Result<()> {
    let mut file = PcapWriter::new(out, capture.link)?;
    capture.frames.iter().try_for_each(|frame| file.write(frame))
}

/// A pcap file with times in nanoseconds, frame by frame.
#[derive(Debug)]
pub struct PcapWriter<W> {
    out: W,
}

impl<W: io::Write> PcapWriter<W> {
    /// Writes the file's header.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn new(mut out: W, link: LinkType) -> io::Result<Self> {
        out.write_all(&0xa1b2_3c4d_u32.to_le_bytes())?;
        out.write_all(&[2, 0, 4, 0])?;
        out.write_all(&[0; 8])?;
        out.write_all(&SNAP_LENGTH.to_le_bytes())?;
        out.write_all(&link.0.to_le_bytes())?;
        Ok(PcapWriter { out })
    }

    /// Adds a frame; frames are given in the order of their times.
    ///
    /// # Errors
    /// Those of `out`, and times before 1970 or after 2106, for which the format has no room.
    pub fn write(&mut self, frame: &Frame) -> io::Result<()> {
        let nanos = frame.at.nanos().rem_euclid(1_000_000_000);
        let length = u32::try_from(frame.bytes.len()).map_err(io::Error::other)?;
        for number in [frame.at.secs(), nanos] {
            self.out.write_all(&u32::try_from(number).map_err(io::Error::other)?.to_le_bytes())?;
        }
        self.out.write_all(&length.to_le_bytes())?;
        self.out.write_all(&length.to_le_bytes())?;
        self.out.write_all(&frame.bytes)
    }

    /// Gives back what it wrote to; flushing it is the caller's.
    pub fn into_inner(self) -> W {
        self.out
    }
}
