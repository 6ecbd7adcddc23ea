//! recog's patterns are Ruby and Java regular expressions; this turns them into the dialect of
//! the `regex` crate, which has no look-around and no back-references, and matches in linear time.

use regex::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;

/// Compiled size of one pattern in bytes.
const MOST_COMPILED: usize = 2 << 20;
/// Longest pattern in bytes; recog's longest has 800.
const MOST_SOURCE: usize = 8 * 1024;

/// The same pattern in our dialect, or why there is none.
pub(super) fn translate(pattern: &str, flags: &str) -> Result<String, String> {
    if pattern.is_empty() {
        return Err("no pattern".to_owned());
    }
    if pattern.len() > MOST_SOURCE {
        return Err(format!("longer than {MOST_SOURCE} bytes"));
    }
    let mut source = String::with_capacity(pattern.len() + 8);
    let inline: String = flags
        .split(',')
        .filter_map(|flag| match flag.trim() {
            "REG_ICASE" => Some('i'),
            "REG_DOT_NEWLINE" | "REG_MULTILINE" => Some('s'),
            _ => None,
        })
        .collect();
    if !inline.is_empty() {
        source.push_str("(?");
        source.push_str(&inline);
        source.push(')');
    }
    rewrite(pattern, &mut source);
    let parsed = ParserBuilder::new().nest_limit(64).build().parse(&source);
    match parsed {
        Ok(_) => Ok(source),
        Err(error) => Err(first_line(&error)),
    }
}

/// Compiles what [`translate`] gave; none where it grows too large.
pub(super) fn compile(source: &str) -> Option<Regex> {
    RegexBuilder::new(source).size_limit(MOST_COMPILED).nest_limit(64).build().ok()
}

/// Spells differently what both dialects have: `\Z`, `\h`, `\w`, `\/` and their like, and `^` and
/// `$`, which in Ruby always stand at line ends.
fn rewrite(pattern: &str, out: &mut String) {
    let mut chars = pattern.chars().peekable();
    let mut class = 0_usize;
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('Z') => out.push_str(r"\n?\z"),
                Some(c) if ascii(c).is_some() => {
                    let members = ascii(c).unwrap_or_default();
                    match class {
                        0 => out.extend(["[", members, "]"]),
                        _ => out.push_str(members),
                    }
                }
                Some('S') if class == 0 => out.push_str(r"[^\t-\r ]"),
                Some('b') if class == 0 => out.push_str(r"(?-u:\b)"),
                Some(c @ ('a'..='z' | 'A'..='Z' | '0'..='9')) => out.extend(['\\', c]),
                Some(c) if c.is_ascii_punctuation() && regex_syntax::is_escapeable_character(c) => {
                    out.extend(['\\', c]);
                }
                Some(c) => out.push(c),
                None => out.push_str(r"\\"),
            },
            '[' if class > 0 && chars.peek() != Some(&':') => out.push_str(r"\["),
            '[' => {
                class += 1;
                out.push('[');
                if chars.peek() == Some(&'^') {
                    out.extend(chars.next());
                }
                // A bracket that comes first is itself.
                if class == 1 && chars.peek() == Some(&']') {
                    chars.next();
                    out.push_str(r"\]");
                }
            }
            ']' => {
                class = class.saturating_sub(1);
                out.push(']');
            }
            '&' | '~' | '-' if class > 0 && chars.peek() == Some(&c) => out.extend(['\\', c]),
            '{' if class == 0 && !is_count(chars.clone()) => out.push_str(r"\{"),
            '^' if class == 0 => out.push_str("(?m:^)"),
            '$' if class == 0 => out.push_str("(?m:$)"),
            c => out.push(c),
        }
    }
}

/// The members of Ruby's classes, which know ASCII alone; Unicode's would make large programs of
/// small patterns.
fn ascii(class: char) -> Option<&'static str> {
    match class {
        'd' => Some("0-9"),
        'h' => Some("0-9a-fA-F"),
        's' => Some(r"\t-\r "),
        'w' => Some("0-9A-Za-z_"),
        _ => None,
    }
}

/// Whether `{` opens a repetition count.
fn is_count(rest: impl Iterator<Item = char>) -> bool {
    let mut digits = 0;
    for c in rest {
        match c {
            '0'..='9' => digits += 1,
            ',' if digits > 0 => {}
            '}' => return digits > 0,
            _ => return false,
        }
    }
    false
}

fn first_line(error: &regex_syntax::Error) -> String {
    let text = error.to_string();
    text.lines().last().unwrap_or("not a pattern").trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, flags: &str, text: &str) -> bool {
        compile(&translate(pattern, flags).unwrap()).unwrap().is_match(text)
    }

    #[test]
    fn spellings_of_ruby_mean_the_same_here() {
        assert!(matches(r"^a\Z", "", "a\n"));
        assert!(matches(r"^\h+\z", "", "00fF"));
        assert!(matches(r"^a\/b$", "", "a/b"));
        assert!(matches(r"^[\w.-]{1,512}\s\S+\b$", "", "a.b-c\t1.2"));
        assert!(matches(r"^b$", "", "a\nb\nc"));
        assert!(matches(r"^[][a]+$", "", "[a]"));
        assert!(matches("^{x}$", "", "{x}"));
        assert!(matches("a.b", "REG_DOT_NEWLINE,REG_ICASE", "A\nB"));
        assert!(!matches("a.b", "REG_ICASE", "A\nB"));
    }

    #[test]
    fn what_cannot_be_expressed_is_named() {
        assert!(translate("a(?!b)", "").unwrap_err().contains("look-around"));
        assert!(translate(r"(a)\1", "").unwrap_err().contains("backreferences"));
        assert!(translate("", "").is_err());
    }
}
