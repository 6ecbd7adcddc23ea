//! Captures that nobody here made: every one is read whole, and shows the protocol of its name.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{look, text};

/// Names in the corpus that are not cordon's names of a protocol it recognises by payload.
const OTHER_NAMES: [(&str, &str); 3] =
    [("enip-cip", "enip"), ("lldp-mud", "lldp"), ("lldp-cdp", "cdp")];

/// The captures under their protocol's name, unpacked; none without a corpus.
fn captures() -> Option<(tempfile::TempDir, Vec<PathBuf>, String)> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpus");
    let corpus = std::env::var("CORDON_CORPUS").unwrap_or_else(|_| beside.to_owned());
    let archive = Path::new(&corpus).join("captures/dev/dev.tar.zst");
    let table = fs::read_to_string(Path::new(&corpus).join("captures/dev/dev.tsv")).ok()?;
    let folder = tempfile::tempdir().unwrap();
    let done = Command::new("tar")
        .arg("--zstd")
        .arg("-xf")
        .arg(archive)
        .arg("-C")
        .arg(folder.path())
        .status();
    if !done.is_ok_and(|status| status.success()) {
        return None;
    }
    let mut files: Vec<PathBuf> = fs::read_dir(folder.path().join("dev"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    Some((folder, files, table))
}

#[test]
fn every_capture_is_read_whole_and_shows_the_protocol_of_its_name() {
    let Some((_folder, files, table)) = captures() else {
        println!("skipped: no corpus");
        return;
    };
    let known = cordon_model::App::ALL.iter().map(|app| app.name()).collect::<Vec<_>>();
    let mut judged = 0;
    for path in &files {
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        let row = table.lines().find(|line| line.starts_with(&file)).unwrap();
        let columns: Vec<&str> = row.split('\t').collect();
        let look = look(&[&text(path), "-q"]);
        assert_eq!(look["inputs"][0]["packets"].to_string(), columns[3], "{file}");
        let name = OTHER_NAMES.iter().find(|(theirs, _)| *theirs == columns[1]);
        let name = name.map_or(columns[1], |(_, ours)| ours);
        if known.contains(&name) {
            judged += 1;
            let seen = &look["protocols"][name];
            assert!(
                seen["packets"].as_u64() > Some(0),
                "{file} shows no {name}: {}",
                look["protocols"]
            );
        }
    }
    assert!(judged > 40, "only {judged} captures were judged");
}
