//! The report for a ticket.

use crate::fixture;

use cordon_report::markdown;

#[test]
fn the_report_for_a_ticket() {
    insta::assert_snapshot!(markdown::render(&fixture::site()));
}

#[test]
fn a_capture_without_devices_makes_a_short_ticket() {
    insta::assert_snapshot!(markdown::render(&fixture::empty()));
}

#[test]
fn a_hostile_name_stays_text() {
    let text = markdown::render(&fixture::site());
    assert!(!text.contains("<script") && !text.contains("**x**") && !text.contains("@all"));
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
}

#[test]
fn every_row_of_a_table_has_the_cells_of_its_head() {
    let text = markdown::render(&fixture::site());
    let cells = |line: &str| line.replace("\\|", "").matches('|').count();
    let mut head = None;
    for line in text.lines() {
        match head {
            Some(head) if line.starts_with('|') => assert_eq!(cells(line), head, "{line}"),
            _ => head = line.starts_with('|').then(|| cells(line)),
        }
    }
}
