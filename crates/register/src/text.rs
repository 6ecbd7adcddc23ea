//! Texts that people and files give: bounded, and without what could make them read otherwise.

use cordon_model::Text;

use crate::RegisterError;

/// Longest name, owner, place and the like, in characters: fits a line on a phone thrice.
pub(crate) const MOST_LINE: usize = 120;
/// Longest note, in characters: two pages.
pub(crate) const MOST_NOTE: usize = 4_000;
/// Longest label, in characters.
pub(crate) const MOST_TAG: usize = 40;
/// Labels of one device.
pub(crate) const MOST_TAGS: usize = 32;

/// One line that a person gave; none where it is blank.
pub(crate) fn line(field: &'static str, text: &str) -> Result<Option<Text>, RegisterError> {
    bounded(field, text, MOST_LINE, false)
}

/// Several lines that a person gave; none where they are blank.
pub(crate) fn note(field: &'static str, text: &str) -> Result<Option<Text>, RegisterError> {
    bounded(field, text, MOST_NOTE, true)
}

/// Labels that a person gave: sorted, each once.
pub(crate) fn tags(given: &[Text]) -> Result<Vec<Text>, RegisterError> {
    let mut tags = Vec::new();
    for tag in given {
        tags.extend(bounded("a tag", tag, MOST_TAG, false)?);
    }
    tags.sort();
    tags.dedup();
    if tags.len() > MOST_TAGS {
        let problem = format!("are {}: at most {MOST_TAGS} are kept", tags.len());
        return Err(RegisterError::Text { field: "the tags", problem });
    }
    Ok(tags)
}

/// A line of somebody's file: what does not fit is left out rather than refused.
pub(crate) fn lenient(text: &str, most: usize) -> Option<Text> {
    let clean: String = text.chars().filter(|c| is_plain(*c)).take(most).collect();
    let clean = clean.trim();
    (!clean.is_empty()).then(|| Text::from(clean))
}

fn bounded(
    field: &'static str,
    text: &str,
    most: usize,
    lines: bool,
) -> Result<Option<Text>, RegisterError> {
    let text = text.trim();
    let length = text.chars().count();
    if length > most {
        let problem = format!("has {length} characters: shorten it to {most}");
        return Err(RegisterError::Text { field, problem });
    }
    if let Some(odd) = text.chars().find(|c| !(is_plain(*c) || lines && *c == '\n')) {
        let problem = format!("has the control character U+{:04X}: leave it out", u32::from(odd));
        return Err(RegisterError::Text { field, problem });
    }
    Ok((!text.is_empty()).then(|| Text::from(text)))
}

/// Neither a control character nor one that turns the direction of what follows.
fn is_plain(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_and_turned_text_are_refused() {
        for odd in ["a\0b", "a\u{1b}[31mb", "pump\u{202e}gnp", "two\nlines"] {
            assert!(line("the name", odd).is_err(), "{odd:?}");
        }
        assert_eq!(note("the notes", "two\nlines").unwrap().unwrap(), "two\nlines");
        assert_eq!(line("the name", "  Pumpe Süd  ").unwrap().unwrap(), "Pumpe Süd");
        assert_eq!(line("the name", " ").unwrap(), None);
    }

    #[test]
    fn length_counts_characters() {
        assert!(line("the name", &"ü".repeat(MOST_LINE)).is_ok());
        let error = line("the name", &"ü".repeat(MOST_LINE + 1)).unwrap_err();
        assert_eq!(error.to_string(), "the name has 121 characters: shorten it to 120");
    }

    #[test]
    fn labels_are_sorted_and_bounded() {
        let given: Vec<Text> = ["b", "a", "b", " "].map(Text::from).into();
        assert_eq!(tags(&given).unwrap(), ["a", "b"]);
        let many: Vec<Text> = (0..40).map(|n| Text::from(n.to_string())).collect();
        assert!(tags(&many).is_err());
    }
}
