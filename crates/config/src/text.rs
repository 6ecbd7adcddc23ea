//! What the command line shows of the table.

use std::fmt::Write;

use crate::table::{KEYS, Key, SECTIONS};

/// How wide a comment in the file is.
const WIDTH: usize = 96;

/// The file of `cordon config default`: every key with its default, commented out.
#[must_use]
pub fn default_file() -> String {
    let mut file = String::from(
        "# The configuration of cordon. Nothing here needs to be changed: take the # away before\n\
         # what should differ, and look it over with `cordon config check`.\n",
    );
    for section in SECTIONS {
        let _ = write!(file, "\n# {}\n[{}]\n", section.about, section.name);
        for key in KEYS.iter().filter(|key| key.section == section.name) {
            file.push('\n');
            for line in wrapped(&sentence(key), WIDTH - 2) {
                let _ = writeln!(file, "# {line}");
            }
            let value = key.default_text().unwrap_or_else(|| key.example.to_owned());
            let _ = writeln!(file, "#{} = {value}", key.name);
        }
    }
    file
}

/// What `cordon config keys` prints: every key with kind, default and help.
#[must_use]
pub fn keys_text() -> String {
    let mut text = String::new();
    for key in KEYS {
        let default = key.default_text().unwrap_or_else(|| "none".to_owned());
        let _ = writeln!(text, "{}\n    {}; default {default}", key.path, kind(key));
        for line in wrapped(key.help, WIDTH - 4) {
            let _ = writeln!(text, "    {line}");
        }
    }
    text
}

/// What `cordon run --help` says after its own arguments: a line per key.
#[must_use]
pub fn help() -> String {
    let width = KEYS.iter().map(|key| key.path.len()).max().unwrap_or(0);
    let mut text = String::from(
        "Keys of the configuration, for the file, for --set key=value, and as variables such as\n\
         CORDON_WEB_LISTEN (more with `cordon config keys`):\n",
    );
    for key in KEYS {
        let _ = writeln!(text, "  {:width$}  {}", key.path, first_sentence(key.help));
    }
    text
}

fn sentence(key: &Key) -> String {
    let example = match key.default_text() {
        Some(text) if text != key.example => format!(" Example: {}.", key.example),
        Some(_) => String::new(),
        None => " This is an example; there is no default.".to_owned(),
    };
    let limits = key.limits().map(|limits| format!(" ({limits})")).unwrap_or_default();
    format!("{}{limits}{example}", key.help)
}

fn kind(key: &Key) -> String {
    match key.limits() {
        Some(limits) => format!("{}, {limits}", key.kind),
        None => key.kind.to_owned(),
    }
}

/// Up to the first full stop or colon that ends something.
fn first_sentence(help: &str) -> &str {
    let end = [". ", ": ", "; "].iter().filter_map(|stop| help.find(stop)).min();
    end.and_then(|end| help.get(..end)).unwrap_or(help).trim_end_matches('.')
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_the_package_is_what_the_table_gives() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packaging/cordon.toml");
        let file = std::fs::read_to_string(path).unwrap_or_default();
        if std::env::var_os("CORDON_WRITE_DOCS").is_some() {
            std::fs::write(path, default_file()).unwrap();
        } else {
            assert!(
                file == default_file(),
                "set CORDON_WRITE_DOCS=1 to write packaging/cordon.toml"
            );
        }
    }
}
