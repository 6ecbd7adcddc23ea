//! Logs that Zeek and Suricata really wrote: nearly every line is read.

#![allow(clippy::disallowed_methods, reason = "tests start peers and bound their time")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test may fail and say what it skipped; the rule's own exception misses helpers"
)]

use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use cordon_feeds::records::{Gathered, Import, Kind, Summary, detect, parse};
use cordon_model::Basis;

/// An archive of the corpus, unpacked into a folder that goes away; none without a corpus.
fn unpacked(archive: &str) -> Option<tempfile::TempDir> {
    let corpus = std::env::var("CORDON_CORPUS").unwrap_or_else(|_| {
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpus").to_owned()
    });
    let archive = PathBuf::from(corpus).join(archive);
    let folder = tempfile::tempdir().ok()?;
    let tar = Command::new("tar")
        .arg("--zstd")
        .arg("-xf")
        .arg(archive)
        .arg("-C")
        .arg(folder.path())
        .status();
    tar.is_ok_and(|status| status.success()).then_some(folder)
}

/// Every file below a folder that is detected as `kind`.
fn logs(folder: &Path, kind: Kind, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            logs(&path, kind, found);
            continue;
        }
        let mut first = Vec::new();
        File::open(&path).unwrap().take(8192).read_to_end(&mut first).unwrap();
        if detect(&first, &path.to_string_lossy()) == Some(kind) {
            found.push(path);
        }
    }
}

fn read(kind: Kind, paths: &[PathBuf]) -> (Summary, Gathered) {
    let (mut all, mut gathered) = (Summary::default(), Gathered::default());
    for path in paths {
        let import = Import::new(path.file_name().unwrap().to_string_lossy());
        let mut reader = BufReader::new(File::open(path).unwrap());
        let read = parse(kind, &import, &mut reader, &mut gathered)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        all.lines += read.lines;
        all.flows += read.flows;
        all.facts += read.facts;
        all.left_out += read.left_out;
        all.bad_lines += read.bad_lines;
        all.problems.extend(read.problems);
    }
    (all, gathered)
}

#[test]
fn logs_of_zeek_are_read() {
    let folders = [unpacked("behaviour/slips.tar.zst"), unpacked("response/zeek-sample.tar.zst")];
    let mut paths = Vec::new();
    for folder in folders.iter().flatten() {
        logs(folder.path(), Kind::Zeek, &mut paths);
    }
    if paths.is_empty() {
        println!("skipped: no corpus");
        return;
    }
    let (summary, gathered) = read(Kind::Zeek, &paths);
    println!("{} files, {summary:#?}", paths.len());
    assert!(paths.len() > 40 && summary.lines > 150_000, "{}", paths.len());
    assert!(summary.flows > 1_000 && summary.facts > 150_000, "{summary:?}");
    assert!(summary.bad_lines * 1000 < summary.lines, "{summary:?}");
    let seen = gathered.flows.iter().filter(|flow| flow.basis == Some(Basis::Payload)).count();
    assert!(seen > 100, "{seen} flows with a service");
}

#[test]
fn events_of_suricata_are_read() {
    let Some(folder) = unpacked("behaviour/slips.tar.zst") else {
        println!("skipped: no corpus");
        return;
    };
    let mut paths = Vec::new();
    logs(folder.path(), Kind::Eve, &mut paths);
    let (summary, gathered) = read(Kind::Eve, &paths);
    println!("{} files, {summary:#?}", paths.len());
    assert_eq!((paths.len(), summary.bad_lines), (1, 0), "{summary:?}");
    // What jq counts in the file: 3512 flows, 680 DNS events, 751 of kinds that tell nothing here.
    assert_eq!((summary.flows, summary.left_out), (3512, 751));
    assert!(gathered.facts.len() >= 680 + 56 + 2);
}
