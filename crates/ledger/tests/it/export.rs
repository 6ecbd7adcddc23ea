//! The offline form: what is written is verified, and what was done to it is found.

use cordon_crypto::Ed25519;
use cordon_ledger::export::{ExportError, LINE_MAX, Line, verify_export};
use cordon_ledger::{CheckpointError, Fault, Kind, List, RECORD_MAX, Span, Verified, leaf_hash};

use crate::log::{Log, key, signed};

fn export(log: &Log) -> String {
    let mut lines = vec![Line::Header { key: key(), size: log.rows.len() as u64 }];
    for (list, texts) in [(List::Database, &log.database), (List::File, &log.file)] {
        lines.extend(texts.iter().map(|text| Line::Checkpoint { list, text: text.clone() }));
    }
    let checkpoints = lines.len() as u64 - 1;
    lines.extend(log.rows.iter().map(|(index, record, leaf)| Line::Record {
        index: *index,
        record: record.clone(),
        leaf: *leaf,
    }));
    lines.push(Line::End { checkpoints, records: log.rows.len() as u64 });
    lines.iter().map(Line::to_text).collect()
}

fn check(text: &[u8], saved: Option<&str>) -> Result<Verified, ExportError> {
    verify_export(&mut &*text, saved, &key(), &Ed25519)
}

#[test]
fn an_export_verifies_alone_and_with_a_saved_checkpoint() {
    let log = Log::new(10, 3);
    let text = export(&log);
    assert_eq!(check(text.as_bytes(), None).unwrap().size, 10);
    let saved = signed(&log.rows, 7, 1);
    // A size that only the saved checkpoint has is a removed one, which it is: ledgers keep all.
    let result = check(text.as_bytes(), Some(&saved));
    assert!(matches!(result, Err(ExportError::Fault(Fault::CheckpointRemoved { size: 7, .. }))));
    assert_eq!(check(text.as_bytes(), Some(&log.database[1])).unwrap().size, 10);
}

#[test]
fn a_changed_byte_anywhere_in_an_export_is_found() {
    let log = Log::new(4, 2);
    let text = export(&log).into_bytes();
    let header = text.iter().position(|byte| *byte == b'\n').unwrap();
    let end = text.len() - 2 - text.iter().rev().skip(1).position(|byte| *byte == b'\n').unwrap();
    // Header and end only tell people about the rest.
    for byte in header + 1..end {
        let mut changed = text.clone();
        changed[byte] ^= 1;
        assert!(check(&changed, None).is_err(), "byte {byte}");
    }
}

#[test]
fn bytes_that_are_no_text_survive_an_export() {
    let mut log = Log::new(4, 2);
    log.rows[2].1[5] = 0xff;
    match check(export(&log).as_bytes(), None) {
        Err(ExportError::Fault(Fault::Record { kind, span, .. })) => {
            assert_eq!((kind, span), (Kind::Changed, Span::one(2)));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_export_cut_off_with_its_checkpoints_is_found_by_the_saved_one() {
    let whole = Log::new(10, 1);
    let mut cut = whole.clone();
    cut.rows.truncate(6);
    cut.database.truncate(6);
    cut.file.truncate(6);
    let text = export(&cut);
    assert!(check(text.as_bytes(), None).is_ok());
    let result = check(text.as_bytes(), Some(&whole.database[9]));
    let Err(ExportError::Fault(fault)) = result else { panic!("{result:?}") };
    assert_eq!(fault, Fault::Cut { there: 6, covered: 10, list: List::Saved });
}

#[test]
fn a_file_cut_short_at_any_byte_is_incomplete_and_nobody_is_accused() {
    let text = export(&Log::new(5, 2));
    for length in 0..text.len() {
        let result = check(&text.as_bytes()[..length], None);
        assert!(matches!(result, Err(ExportError::Incomplete)), "{length}: {result:?}");
    }
}

#[test]
fn a_saved_checkpoint_of_somebody_else_is_refused_before_anything_is_read() {
    let log = Log::new(5, 2);
    let result = check(export(&log).as_bytes(), Some(&signed(&log.rows, 5, 2)));
    assert!(matches!(result, Err(ExportError::Saved(CheckpointError::OtherKey(_)))));
}

#[test]
fn lines_without_end_or_in_the_wrong_place_are_refused() {
    let log = Log::new(3, 1);
    let text = export(&log);
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let endless = "x".repeat(LINE_MAX + 10);
    for (wrong, line) in [
        (endless.clone(), 1),
        (format!("{}{endless}", lines[0]), 2),
        (text[lines[0].len()..].to_owned(), 1),
        (format!("{}{}", lines[0], text), 2),
        (format!("{text}{}", lines[0]), lines.len() as u64 + 1),
        ([lines[0], lines[7], lines[1]].concat(), 3),
        (text.replace("ledger/1", "ledger/2"), 1),
    ] {
        let result = check(wrong.as_bytes(), None);
        assert!(
            matches!(result, Err(ExportError::Malformed { line: found, .. }) if found == line),
            "{line}: {result:?}"
        );
    }
}

#[test]
fn the_longest_record_fits_a_line() {
    let record = vec![0x01; RECORD_MAX];
    let leaf = leaf_hash(&record);
    let line = Line::Record { index: u64::MAX, record, leaf };
    let text = line.to_text();
    assert_eq!(Line::parse(text.trim_end().as_bytes()), Ok(line));
}
