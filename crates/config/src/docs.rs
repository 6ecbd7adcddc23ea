//! The page about the configuration, made from the table.

use std::fmt::Write;

use crate::table::{KEYS, Key, SECTIONS};

/// `docs/configuration.md` as the table gives it.
#[must_use]
pub fn markdown() -> String {
    let mut page = String::from(
        "# Configuration\n\n\
         <!-- Made from crates/config/src/table.rs; a test fails where the two differ. -->\n\n\
         `cordon run` needs no configuration. What differs from the defaults goes into \
         `/etc/cordon/cordon.toml`, or into the file that `--config` names. A value is taken, the \
         last one winning, from the default, the file, the environment variable of the key, and \
         `--set key=value` on the command line. `cordon config check` finds everything that is \
         wrong in a file, with its line and the nearest key; `cordon config default` writes a \
         file with every key, commented out.\n\n\
         Durations are written as `90s`, `30m`, `12h`, `30d`, `2w`, `1y` or `1d12h`, sizes as \
         `512KiB`, `64MiB` or `2GiB`, networks as `192.0.2.0/24`. In a variable or `--set` a \
         list may be written with commas: `eth1,eth2`. An empty string takes back a value that \
         has no default.\n\n\
         | key | kind | default |\n|---|---|---|\n",
    );
    for key in KEYS {
        let default = default(key);
        let _ = writeln!(
            page,
            "| [`{path}`](#{anchor}) | {} | {default} |",
            key.kind,
            path = key.path,
            anchor = anchor(key.path)
        );
    }
    for section in SECTIONS {
        let _ = write!(page, "\n## {}\n\n{}\n", section.name, section.about);
        for key in KEYS.iter().filter(|key| key.section == section.name) {
            of_key(&mut page, key);
        }
    }
    page
}

fn of_key(page: &mut String, key: &Key) {
    let _ = write!(page, "\n### {}\n\n{}\n\n", key.path, key.help);
    let _ = write!(page, "- kind: {}", key.kind);
    if let Some(limits) = key.limits() {
        let _ = write!(page, ", {limits}");
    }
    let _ = write!(
        page,
        "\n- default: {}\n- example: `{} = {}`\n- variable: `{}`\n- since {}; a change {}\n",
        default(key),
        key.name,
        key.example,
        key.variable(),
        key.since,
        if key.restart { "needs a new start" } else { "is taken up by a reload" }
    );
}

fn default(key: &Key) -> String {
    match key.default_text() {
        Some(text) => format!("`{text}`"),
        None => "none".to_owned(),
    }
}

/// What a heading is linked by: without punctuation.
fn anchor(path: &str) -> String {
    path.replace('.', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_what_the_table_gives() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
        let page = std::fs::read_to_string(path).unwrap_or_default();
        if std::env::var_os("CORDON_WRITE_DOCS").is_some() {
            std::fs::write(path, markdown()).unwrap();
        } else {
            assert!(page == markdown(), "set CORDON_WRITE_DOCS=1 to write docs/configuration.md");
        }
    }
}
