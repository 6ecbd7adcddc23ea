//! Lines of separated values (RFC 4180, and what spreadsheets make of it).

/// Fields of a line that are read; real lists have some 60.
const MOST_FIELDS: usize = 512;

/// The fields of a line. A field in quotation marks may hold the delimiter; `""` in it is one.
pub(super) fn fields(line: &str, delimiter: char) -> Vec<String> {
    let mut fields = Vec::new();
    let mut field = String::new();
    let (mut quoted, mut chars) = (false, line.chars().peekable());
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                field.push('"');
                chars.next();
            }
            '"' if quoted => quoted = false,
            '"' if field.trim().is_empty() => {
                field.clear();
                quoted = true;
            }
            c if c == delimiter && !quoted => {
                fields.push(std::mem::take(&mut field));
                if fields.len() >= MOST_FIELDS {
                    return fields;
                }
            }
            c => field.push(c),
        }
    }
    fields.push(field);
    fields
}

/// Whether a quotation mark is still open at the end: the record goes on in the next line.
pub(super) fn is_open(line: &str) -> bool {
    line.chars().filter(|c| *c == '"').count() % 2 == 1
}

/// The delimiter that splits a header line into the most fields.
pub(super) fn delimiter(header: &str) -> char {
    let count = |delimiter: char| fields(header, delimiter).len();
    [',', ';', '\t', '|'].into_iter().rev().max_by_key(|d| count(*d)).unwrap_or(',')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotation_marks_hold_delimiters_and_themselves() {
        assert_eq!(fields("a;\"b;c\";\"d\"\"e\";", ';'), ["a", "b;c", "d\"e", ""]);
        assert_eq!(fields("", ','), [""]);
        assert!(is_open("a,\"two") && !is_open("a,\"one\""));
        assert_eq!(delimiter("Name;IP;MAC"), ';');
        assert_eq!(delimiter("name\tip\tmac"), '\t');
        assert_eq!(delimiter("name"), ',');
    }
}
