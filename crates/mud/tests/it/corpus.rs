//! Public MUD files: all of them are read, and nothing in them is refused.

use std::path::{Path, PathBuf};

use cordon_mud::{Problem, parse, write};

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if std::fs::read_to_string(&path).is_ok_and(|text| text.contains("ietf-mud:mud"))
            && path.extension().is_none_or(|extension| extension != "yang" && extension != "md")
        {
            found.push(path);
        }
    }
}

#[test]
fn every_public_file_is_read_and_says_what_is_odd_about_it() {
    let corpus = std::env::var("CORDON_CORPUS").unwrap_or_else(|_| {
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpus").to_owned()
    });
    let mut paths = Vec::new();
    files(&PathBuf::from(corpus).join("mud"), &mut paths);
    if paths.is_empty() {
        println!("skipped: no corpus");
        return;
    }
    paths.sort();
    let (mut aces, mut old, mut signatures) = (0, 0, 0);
    for path in &paths {
        let bytes = std::fs::read(path).unwrap();
        let parsed = parse(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for warning in &parsed.warnings {
            println!("{}: {warning}", path.file_name().unwrap().to_string_lossy());
        }
        assert_eq!(parsed.refused(), 0, "{}", path.display());
        aces += parsed.file.ace_count();
        signatures += usize::from(parsed.file.signature.is_some());
        let is_old = |problem: &Problem| {
            matches!(problem, Problem::OldSpelling("ietf-access-control-list:access-lists", _))
        };
        old += usize::from(parsed.warnings.iter().any(|warning| is_old(&warning.problem)));
        // What is written is what was read, in the spelling of the RFC.
        let again = parse(write(&parsed.file).as_bytes()).unwrap();
        assert_eq!(again.file, parsed.file, "{}", path.display());
    }
    println!("{} files, {aces} entries, {old} in the old spelling", paths.len());
    assert_eq!((paths.len(), old, signatures), (24, 2, 3));
}
