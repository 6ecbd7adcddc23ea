//! Every `<example>` of the published pattern set is a test case.

#![allow(clippy::disallowed_methods, reason = "tests start peers and bound their time")]

use std::path::PathBuf;
use std::process::Command;

use cordon_feeds::recog::Patterns;

/// The corpus' copy of recog, unpacked into a folder that goes away; none without a corpus.
fn unpacked() -> Option<tempfile::TempDir> {
    let corpus = std::env::var("CORDON_CORPUS").unwrap_or_else(|_| {
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpus").to_owned()
    });
    let archive = PathBuf::from(corpus).join("devices/recog.tar.zst");
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

#[test]
fn ninety_nine_of_a_hundred_published_examples_are_met() {
    let Some(folder) = unpacked() else {
        println!("skipped: no corpus");
        return;
    };
    let mut files: Vec<(String, Vec<u8>)> = std::fs::read_dir(folder.path().join("recog/xml"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "xml"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(path).unwrap())
        })
        .collect();
    files.sort();
    let (patterns, report) =
        Patterns::read(files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())));
    let (tried, wrong) = patterns.check_examples();
    println!(
        "{} files, {} patterns, {} left out, {tried} examples, {} not met",
        files.len(),
        patterns.len(),
        report.patterns_left_out.len(),
        wrong.len()
    );
    for (file, pattern, why) in &report.patterns_left_out {
        println!("left out: {file}: {pattern}: {why}");
    }
    for mismatch in &wrong {
        println!("not met: {mismatch:?}");
    }
    assert!(report.files_left_out.is_empty(), "{:?}", report.files_left_out);
    let unmet = wrong.len() + report.patterns_left_out.len();
    assert!(tried > 4000 && unmet * 100 <= tried, "{unmet} of {tried}");
}
