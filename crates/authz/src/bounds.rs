//! How large and deep a site's policies may be.
//!
//! Cedar's parser and its trees recurse. A file that nests or chains without end would overflow the
//! stack, which no caller can catch, so it is measured before it is parsed.

use crate::error::{PolicyFault, place};

/// Longest single policy, in bytes: a chain of conditions in it stays a tree of some hundred
/// levels.
const MAX_POLICY_BYTES: usize = 4 * 1024;

/// Deepest nesting of brackets: far more than somebody can read.
const MAX_DEPTH: usize = 32;

/// Where the scan is.
enum Within {
    Code,
    Text,
    Escape,
    Comment,
}

/// The first place where the text is nested too deep or a policy is too long.
pub(crate) fn check(file: &str, text: &str) -> Result<(), PolicyFault> {
    let fault = |offset: usize, message: &str| {
        let (line, column) = place(text, offset);
        PolicyFault { file: file.to_owned(), line, column, message: message.to_owned() }
    };
    let (mut within, mut depth, mut begun, mut before) = (Within::Code, 0_usize, 0, ' ');
    for (offset, character) in text.char_indices() {
        within = match (within, character) {
            (Within::Escape, _) => Within::Text,
            (Within::Text, '\\') => Within::Escape,
            (Within::Text, '"') | (Within::Comment, '\n') => Within::Code,
            (Within::Code, '"') => Within::Text,
            (Within::Code, '/') if before == '/' => Within::Comment,
            (Within::Code, '(' | '[' | '{') => {
                depth += 1;
                Within::Code
            }
            (Within::Code, ')' | ']' | '}') => {
                depth = depth.saturating_sub(1);
                Within::Code
            }
            (Within::Code, ';') => {
                begun = offset;
                Within::Code
            }
            (same, _) => same,
        };
        before = character;
        if depth > MAX_DEPTH {
            return Err(fault(offset, "nested more than 32 deep; split the condition"));
        }
        if matches!(within, Within::Comment) {
            // Comments before a policy cost nothing.
            begun = begun.saturating_add(character.len_utf8());
        }
        if offset.saturating_sub(begun) > MAX_POLICY_BYTES {
            return Err(fault(
                begun,
                "this policy is too long; split it into rules of up to 4 KiB",
            ));
        }
    }
    Ok(())
}
