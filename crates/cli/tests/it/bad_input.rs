//! Bad input gets one line that says what to do, exit code 2, and nothing on standard output.

use std::fs;

use crate::{LAB, cordon, look, text};

fn refused(arguments: &[&str], says: &[&str]) {
    let ran = cordon(arguments);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{arguments:?}: {}", ran.err);
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    assert!(ran.err.starts_with("cordon: "), "{}", ran.err);
    for word in says {
        assert!(ran.err.contains(word), "{word:?} is not in {}", ran.err);
    }
}

#[test]
fn a_file_that_is_no_capture() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    fs::write(&path, "these are notes, no packets").unwrap();
    refused(&["look", &text(&path)], &["notes.txt", "pcap"]);
}

#[test]
fn an_empty_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("empty.pcap");
    fs::write(&path, "").unwrap();
    refused(&["look", &text(&path)], &["empty"]);
}

#[test]
fn a_file_that_does_not_exist() {
    refused(&["look", "/nowhere/at/all.pcap"], &["/nowhere/at/all.pcap"]);
}

#[test]
fn a_name_that_is_neither_file_nor_interface_lists_the_interfaces() {
    refused(&["look", "eth77"], &["eth77", "lo"]);
}

#[test]
fn a_folder_without_captures() {
    let folder = tempfile::tempdir().unwrap();
    refused(&["look", &text(folder.path())], &["capture"]);
}

#[test]
fn an_output_that_cannot_be_written() {
    refused(
        &["look", &LAB.text("wifi.pcap"), "-q", "-o", "/nowhere/report.html"],
        &["/nowhere/report.html", "--output"],
    );
}

#[test]
fn a_pattern_folder_without_patterns() {
    let folder = tempfile::tempdir().unwrap();
    refused(&["look", &LAB.text("wifi.pcap"), "--recog", &text(folder.path())], &["recog"]);
}

#[test]
fn wrong_arguments_name_the_right_ones() {
    let ran = cordon(&["look", "x.pcap", "--fail-on", "terrible"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("critical"), "{}", ran.err);
    let ran = cordon(&["look", "x.pcap", "--for", "soon"]);
    assert!(ran.err.contains("60s"), "{}", ran.err);
}

#[test]
fn a_capture_cut_anywhere_gives_what_comes_before_and_says_so() {
    let whole = fs::read(LAB.path("wifi.pcap")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.pcap");
    let complete = look(&[&LAB.text("wifi.pcap")])["inputs"][0]["packets"].as_u64().unwrap();
    for share in [3, 5, 9] {
        fs::write(&path, &whole[..whole.len() / 10 * share + 7]).unwrap();
        let input = &look(&[&text(&path)])["inputs"][0];
        assert_eq!(input["cut_short"], true);
        assert!(input["damage"].as_str().unwrap().contains("packet"), "{input}");
        let packets = input["packets"].as_u64().unwrap();
        assert!(packets > 0 && packets < complete);
    }
}
