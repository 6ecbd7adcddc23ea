//! The report that an admin reads on a terminal.

use crate::fixture;

use cordon_report::Look;
use cordon_report::terminal::{self, Style};
use unicode_width::UnicodeWidthStr;

const PLAIN: Style = Style { colour: false, width: 80, unicode: true };

fn shown(look: &Look, style: Style) -> String {
    let mut out = String::new();
    match terminal::render(look, style, &mut out) {
        Ok(()) => out,
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_report_at_80_columns() {
    insta::assert_snapshot!(shown(&fixture::site(), PLAIN));
}

#[test]
fn the_report_at_120_columns() {
    insta::assert_snapshot!(shown(&fixture::site(), Style { width: 120, ..PLAIN }));
}

#[test]
fn a_capture_without_devices_says_so() {
    insta::assert_snapshot!(shown(&fixture::empty(), PLAIN));
}

#[test]
fn an_unknown_device_is_called_unknown() {
    insta::assert_snapshot!(shown(&fixture::single(), PLAIN));
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for look in [fixture::site(), fixture::empty(), fixture::single(), fixture::many(300)] {
        for unicode in [true, false] {
            for width in [0, 60, 61, 79, 80, 97, 120, 160, 4000] {
                let text = shown(&look, Style { width, unicode, colour: false });
                let most = width.clamp(60, 160);
                for line in text.lines() {
                    assert!(line.width() <= most, "{} > {most}: {line}", line.width());
                }
            }
        }
    }
}

#[test]
fn a_hostile_name_cannot_repaint_the_terminal() {
    let text = shown(&fixture::site(), PLAIN);
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "no control character");
    assert!(!text.contains('\u{202e}'), "no mark that turns the line");
    let painted = shown(&fixture::site(), Style { colour: true, ..PLAIN });
    for sequence in painted.split('\x1b').skip(1) {
        let (code, _) = sequence.split_once('m').unwrap();
        let inside = code.strip_prefix('[').unwrap();
        assert!(inside.chars().all(|c| c.is_ascii_digit() || c == ';'), "only colours: {code:?}");
    }
    assert!(!painted.contains('\x07') && !painted.contains("\x1b[2J"));
}

#[test]
fn colour_carries_no_meaning_of_its_own() {
    let painted = shown(&fixture::site(), Style { colour: true, ..PLAIN });
    let mut bare = String::new();
    let mut inside = false;
    for c in painted.chars() {
        match (inside, c) {
            (false, '\x1b') => inside = true,
            (true, 'm') => inside = false,
            (false, c) => bare.push(c),
            (true, _) => {}
        }
    }
    assert_eq!(bare, shown(&fixture::site(), PLAIN));
}

#[test]
fn a_terminal_without_unicode_gets_ascii() {
    let text = shown(&fixture::site(), Style { unicode: false, ..PLAIN });
    assert!(text.is_ascii());
    assert!(text.contains("Wohnzimmer - Fer"));
}

#[test]
fn many_devices_are_shortened_and_those_that_need_attention_come_first() {
    let text = shown(&fixture::many(300), PLAIN);
    assert!(text.contains("… and 240 more (use --format html)"), "{text}");
    let table: Vec<&str> = text.lines().skip_while(|line| !line.starts_with("Device ")).collect();
    let first_without = table.iter().position(|line| line.ends_with("none")).unwrap();
    let last_with = table.iter().rposition(|line| line.ends_with("1C") || line.ends_with("1H"));
    assert!(last_with.unwrap() < first_without, "{text}");
}

#[test]
fn what_to_do_first_stands_at_the_end() {
    let text = shown(&fixture::site(), PLAIN);
    let (before, after) = text.split_once("Do these five first").unwrap();
    assert!(before.contains("What this capture cannot show"));
    assert!(after.lines().count() < 24, "it fits on one screen:\n{after}");
}
