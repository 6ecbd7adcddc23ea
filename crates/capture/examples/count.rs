//! Reads captures and says what is in them: the cost of reading alone, for `docs/benchmarks.md`.
//!
//! `cargo run --release -p cordon-capture --example count -- FILE-OR-FOLDER…`

use std::{error::Error, io::Write, path::PathBuf};

use cordon_capture::{FileSource, expand};

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let inputs = expand(&paths)?;
    for (path, index) in inputs.paths.iter().zip(0..) {
        let mut source = match FileSource::open(path, index) {
            Ok(source) => source,
            Err(error) => {
                writeln!(out, "error: {error}")?;
                continue;
            }
        };
        while let Some(packet) = source.next() {
            std::hint::black_box(packet);
        }
        let status = source.status();
        let damage = status.cut_short.as_deref().unwrap_or("whole");
        let (packets, bytes) = (status.packets, status.bytes);
        writeln!(out, "{path}\t{packets}\t{bytes}\t{}\t{damage}", status.format)?;
    }
    Ok(())
}
