//! What the security documents claim is there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Documents that cite tests as `` `name_of_the_test` `` in their last column.
const DOCUMENTS: [&str; 2] = ["docs/security/asvs.md", "THREAT_MODEL.md"];

#[test]
fn every_test_that_the_security_documents_cite_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let tests = tests(&root);
    let mut cited = 0;
    for document in DOCUMENTS {
        let text = std::fs::read_to_string(root.join(document)).unwrap();
        for name in text.lines().filter(|line| line.starts_with('|')).flat_map(quoted) {
            // A test's name is a sentence; other words in quotes are shorter or hold other signs.
            if name.matches('_').count() < 3 || !name.chars().all(is_of_a_name) {
                continue;
            }
            cited += 1;
            assert!(tests.contains(name), "{document} cites {name}, which is no test");
        }
    }
    assert!(cited >= 60, "{cited} tests are cited");
}

#[test]
fn every_row_of_the_verification_says_met_or_why_not() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(root.join(DOCUMENTS[0])).unwrap();
    let mut rows = 0;
    for line in text.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        if !cells[0].starts_with(|first: char| first.is_ascii_digit()) {
            continue;
        }
        rows += 1;
        assert_eq!(cells.len(), 5, "{line}");
        let verdict = cells[2];
        assert!(["met", "partly", "not met"].contains(&verdict), "{line}");
        assert!(!cells[3].is_empty() && !cells[4].is_empty(), "{line}");
    }
    assert!(rows >= 100, "{rows} rows");
}

fn is_of_a_name(letter: char) -> bool {
    letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_'
}

fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// Every function of the sources that stands under a test attribute.
fn tests(root: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders: Vec<PathBuf> = vec![root.join("crates"), root.join("xtask")];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let mut test = false;
                for line in text.lines().map(str::trim) {
                    let name = line.trim_start_matches("async ").strip_prefix("fn ");
                    match name.and_then(|rest| rest.split('(').next()) {
                        Some(name) if test => {
                            found.insert(name.to_owned());
                            test = false;
                        }
                        _ if line.starts_with("#[test]") || line.starts_with("#[tokio::test") => {
                            test = true
                        }
                        _ if line.starts_with("proptest!") => {}
                        _ => {}
                    }
                }
            }
        }
    }
    found
}
