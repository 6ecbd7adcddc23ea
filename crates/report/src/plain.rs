//! Text from the network, made safe to show.
//!
//! A host name may hold escape sequences that repaint a terminal, marks that turn the direction
//! of a line, or characters that nobody sees. [`plain`] leaves what can be read and spells out the
//! rest. Every surface goes through here: reports, the commands, the console's pages.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Marks in a row that may sit on one character: two are met in real names, a tower of them
/// paints over neighbouring lines.
const MOST_MARKS: usize = 2;

/// The same text on one line, with everything that acts instead of being read spelled out, such
/// as `\x1b`.
#[must_use]
pub fn plain(text: &str) -> Cow<'_, str> {
    clean(text, false)
}

/// As [`plain`], for a whole document: line feeds stay.
#[must_use]
pub fn plain_lines(text: &str) -> Cow<'_, str> {
    clean(text, true)
}

/// The same JSON, with everything that acts on whoever looks at it written as an escape (RFC 8259,
/// section 7). JSON may hold DEL, the C1 controls (`U+009B` begins an escape sequence, too) and
/// marks that turn a line as they are; a program reads the same value either way.
#[must_use]
pub fn json(text: &str) -> Cow<'_, str> {
    // Controls below U+0020 stand in no string; between values they are line breaks and indents.
    let harmless = |c: char| matches!(c, '\0'..='~') || !(c.is_control() || acts(c) || breaks(c));
    let Some(first) = text.find(|c| !harmless(c)) else { return Cow::Borrowed(text) };
    let (before, rest) = text.split_at(first);
    let mut out = String::with_capacity(text.len());
    out.push_str(before);
    for c in rest.chars() {
        if harmless(c) {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    Cow::Owned(out)
}

/// Only ASCII: our own signs by their customary replacement, everything else as `?`.
pub(crate) fn ascii(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ' '..='~' => out.push(c),
            '…' => out.push_str(".."),
            '→' => out.push_str("->"),
            '↔' => out.push_str("<->"),
            '–' | '—' | '─' | '‐' | '‑' => out.push('-'),
            '×' => out.push('x'),
            '·' | '•' => out.push('-'),
            '‘' | '’' => out.push('\''),
            '“' | '”' => out.push('"'),
            '\u{a0}' => out.push(' '),
            _ if c.width() == Some(0) => {}
            _ => out.push('?'),
        }
    }
    Cow::Owned(out)
}

/// Columns that the text takes.
pub(crate) fn columns(text: &str) -> usize {
    text.width()
}

/// The text cut to `most` columns, with `mark` where something is missing.
pub(crate) fn clip<'a>(text: &'a str, most: usize, mark: &str) -> Cow<'a, str> {
    if columns(text) <= most {
        return Cow::Borrowed(text);
    }
    let room = most.saturating_sub(columns(mark));
    let (head, _) = split(text, room);
    let mut out = head.trim_end().to_owned();
    if columns(mark) <= most {
        out.push_str(mark);
    }
    Cow::Owned(out)
}

/// The longest head of at most `most` columns, and the rest.
pub(crate) fn split(text: &str, most: usize) -> (&str, &str) {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > most {
            return text.split_at(at);
        }
    }
    (text, "")
}

fn clean(text: &str, lines: bool) -> Cow<'_, str> {
    let harmless = |c: char| matches!(c, ' '..='~') || lines && c == '\n';
    if text.chars().all(harmless) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut marks = 0;
    for c in text.chars() {
        marks = if c.width() == Some(0) { marks + 1 } else { 0 };
        match c {
            _ if harmless(c) => out.push(c),
            '\t' | '\n' | '\r' => out.push(' '),
            _ if breaks(c) => out.push(' '),
            // chooses between pictures of the character before it
            '\u{fe00}'..='\u{fe0f}' => {}
            _ if c.is_control() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            _ if acts(c) => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            _ if marks > MOST_MARKS => {}
            _ => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Characters that begin a new line.
const fn breaks(c: char) -> bool {
    matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Characters that turn the direction of text, or that take part in it unseen.
const fn acts(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escape_sequence_is_spelled_out() {
        assert_eq!(plain("\x1b[2J\x1b]0;owned\x07cam"), "\\x1b[2J\\x1b]0;owned\\x07cam");
        assert_eq!(plain("\u{9b}31m"), "\\x9b31m");
    }

    #[test]
    fn a_name_cannot_begin_a_new_line_or_return_to_the_start_of_one() {
        assert_eq!(plain("a\r\nb\u{2028}c\td"), "a  b c d");
        assert_eq!(plain_lines("a\r\nb\x1b"), "a \nb\\x1b");
    }

    #[test]
    fn a_name_cannot_turn_the_direction_of_the_line_or_hide_in_it() {
        assert_eq!(plain("cam\u{202e}gpj.exe"), "cam\\u{202e}gpj.exe");
        assert_eq!(plain("a\u{200b}b\u{e0041}"), "a\\u{200b}b\\u{e0041}");
    }

    #[test]
    fn json_says_the_same_without_what_acts() {
        let hostile = "cam\u{9b}2J\u{7f}\u{202e}gpj\u{2028}\u{e0041}\u{feff} Küche 🚪";
        let value = serde_json::json!({ "name": hostile, "esc": "\x1b[2J\r\n" });
        let raw = serde_json::to_string_pretty(&value).unwrap();
        let safe = json(&raw);
        assert!(safe.contains("\\u009b2J\\u007f\\u202egpj\\u2028\\udb40\\udc41\\ufeff Küche 🚪"));
        assert!(!safe.chars().any(|c| c != '\n' && (c.is_control() || acts(c) || breaks(c))));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).unwrap(), value);
        assert!(matches!(json("{\"a\": \"Küche\"}\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn letters_of_every_script_stay() {
        for name in ["Küche", "Wohnzimmer – TV", "カメラ", "غرفة", "e\u{301}tage"] {
            assert_eq!(plain(name), name);
        }
    }

    #[test]
    fn a_tower_of_marks_is_cut() {
        let tower = format!("a{}", "\u{301}".repeat(50));
        assert_eq!(plain(&tower), "a\u{301}\u{301}");
    }

    #[test]
    fn ascii_holds_nothing_else() {
        let text = ascii("Küche → “TV” … カ e\u{301}");
        assert_eq!(text, "K?che -> \"TV\" .. ? e");
    }

    #[test]
    fn a_cut_text_never_takes_more_columns_than_it_may() {
        for most in 0..12 {
            let cut = clip("カメラ camera", most, "…");
            assert!(columns(&cut) <= most, "{cut} in {most}");
        }
        assert_eq!(clip("camera", 6, "…"), "camera");
        assert_eq!(clip("camera 12", 7, "…"), "camera…");
    }
}
