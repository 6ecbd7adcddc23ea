//! Writes the demonstration captures: `cargo run -p cordon-lab --example write -- FOLDER [SEED]`.

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("name a folder for the captures")?);
    let seed = arguments.next().map_or(Ok(1), |seed| seed.parse())?;
    for capture in cordon_lab::write(&cordon_lab::demo()?, seed)? {
        let path = folder.join(format!("{}.pcap", capture.name));
        let mut file = BufWriter::new(File::create(&path)?);
        cordon_lab::pcap(&capture, &mut file)?;
        file.flush()?;
        writeln!(std::io::stdout(), "{}: {} packets", path.display(), capture.frames.len())?;
    }
    Ok(())
}
