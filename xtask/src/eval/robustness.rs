//! Every capture of the corpus, hostile ones included, through the whole command: no panic, no
//! hang, bounded memory.

use std::time::Instant;

use anyhow::{Result, bail};

use super::corpus::{files, unpacked};
use super::speed::{Cost, built, measure};

/// Seconds after which a look counts as hanging; the largest of these captures has 3 MB.
const LIMIT: u64 = 30;

/// Prints the counts, and the slowest and largest.
pub fn run() -> Result<()> {
    let cordon = built()?;
    let (mut count, mut unreadable, mut bad) = (0_u64, 0_u64, Vec::new());
    let (mut slowest, mut largest) = ((0, String::new()), (0, String::new()));
    for archive in
        ["captures/dev/dev.tar.zst", "captures/speed/speed.tar.zst", "devices/iot-sentinel.tar.zst"]
    {
        for path in files(&unpacked(archive)?)? {
            let name = path.display().to_string();
            if name.ends_with(".complete") {
                continue;
            }
            count += 1;
            let begun = Instant::now();
            let limit = LIMIT.to_string();
            let look = [
                limit.as_str(),
                &cordon,
                "look",
                &name,
                "--quiet",
                "--format",
                "html",
                "-o",
                "/dev/null",
            ];
            match measure("timeout", &look, &[0, 2]) {
                Ok((Cost { peak_kib, .. }, code)) => {
                    unreadable += u64::from(code == 2);
                    largest = largest.max((peak_kib, name.clone()));
                    slowest = slowest.max((begun.elapsed().as_millis(), name));
                }
                Err(error) => bad.push(format!("{name}: {error:#}")),
            }
        }
    }
    println!(
        "| captures | refused with one line | panicked, hung or failed | slowest, ms | largest, MiB |"
    );
    println!("|---|---|---|---|---|");
    println!("| {count} | {unreadable} | {} | {} | {} |", bad.len(), slowest.0, largest.0 / 1024);
    println!("\nslowest: {}\nlargest: {}", slowest.1, largest.1);
    if !bad.is_empty() {
        bail!("{}", bad.join("\n"));
    }
    Ok(())
}
