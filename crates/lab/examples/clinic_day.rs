//! Writes the day of the 300-device clinic:
//! `cargo run --release -p cordon-lab --example clinic_day -- FILE [SEED]`.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use cordon_lab::{Frames, PcapWriter};
use cordon_model::LinkType;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = PathBuf::from(arguments.next().ok_or("name a file for the capture")?);
    let seed = arguments.next().map_or(Ok(1), |seed| seed.parse())?;
    let site = cordon_lab::clinic_300()?;
    let devices = site.devices.iter().filter(|device| device.expect.is_some()).count();
    let mut file = PcapWriter::new(BufWriter::new(File::create(&path)?), LinkType::ETHERNET)?;
    let (mut packets, mut bytes, mut most_held) = (0_u64, 0_u64, 0);
    let mut speakers = BTreeSet::new();
    let mut frames = Frames::new(&site, seed)?;
    while let Some(frame) = frames.next() {
        let frame = frame?;
        file.write(&frame)?;
        packets += 1;
        bytes += u64::try_from(frame.bytes.len())?;
        speakers.extend(frame.bytes.get(6..12).map(<[u8]>::to_vec));
        most_held = most_held.max(frames.held());
    }
    file.into_inner().flush()?;
    writeln!(
        std::io::stdout(),
        "{}: {packets} packets, {bytes} bytes, {devices} devices, {} link-layer addresses, \
            at most {most_held} packets in memory",
        path.display(),
        speakers.len(),
    )?;
    Ok(())
}
