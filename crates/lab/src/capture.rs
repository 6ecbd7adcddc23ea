//! The result: frames in the order of their times, and the file format of tcpdump.

use std::io;

use cordon_model::{LinkType, Timestamp};

use crate::error::SiteError;
use crate::rng::Rng;
use crate::site::Site;
use crate::stage::Stage;
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
    let mut stage = Stage::new(site)?;
    for (activity, number) in site.activities.iter().zip(0u64..) {
        stage.begin(activity.at, Rng::new(seed, number));
        activity.act.play(&mut stage).map_err(|error| error.in_row(|| activity.row.to_string()))?;
    }
    let mut frames = stage.into_frames();
    frames.sort_by_key(|frame| frame.at);
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
    out.write_all(&0xa1b2_3c4d_u32.to_le_bytes())?;
    out.write_all(&[2, 0, 4, 0])?;
    out.write_all(&[0; 8])?;
    out.write_all(&SNAP_LENGTH.to_le_bytes())?;
    out.write_all(&capture.link.0.to_le_bytes())?;
    for frame in &capture.frames {
        let nanos = frame.at.nanos().rem_euclid(1_000_000_000);
        let length = u32::try_from(frame.bytes.len()).map_err(io::Error::other)?;
        for number in [frame.at.secs(), nanos] {
            out.write_all(&u32::try_from(number).map_err(io::Error::other)?.to_le_bytes())?;
        }
        out.write_all(&length.to_le_bytes())?;
        out.write_all(&length.to_le_bytes())?;
        out.write_all(&frame.bytes)?;
    }
    Ok(())
}
