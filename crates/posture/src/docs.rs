//! The page about the kinds of finding, made from their table.

use std::fmt::Write;

use cordon_model::FindingKind;

/// `docs/findings.md` as the table gives it.
#[must_use]
pub fn markdown() -> String {
    let mut page = String::from(
        "# Findings\n\n\
         <!-- Made from crates/model/src/finding_kinds.rs; a test fails where the two differ. -->\n\n\
         A finding is a weakness of one device, with the packets that show it. The severity is \
         that of an ordinary device: it is higher where patients or a process depend on the \
         device, and lower where the evidence says less. Secrets are never shown; they are kept \
         as a keyed hash for the length of the run.\n\n\
         | kind | severity | what it is |\n|---|---|---|\n",
    );
    for kind in FindingKind::ALL {
        row(&mut page, *kind);
    }
    for kind in FindingKind::ALL {
        section(&mut page, *kind);
    }
    page
}

fn row(page: &mut String, kind: FindingKind) {
    let _ = writeln!(page, "| [`{kind}`](#{kind}) | {} | {} |", kind.severity(), kind.title());
}

fn section(page: &mut String, kind: FindingKind) {
    let _ = write!(page, "\n## {kind}\n\n{}\n\n**Fix:** {}\n", kind.why(), kind.fix());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_what_the_table_gives() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/findings.md");
        let page = std::fs::read_to_string(path).unwrap_or_default();
        if std::env::var_os("CORDON_WRITE_DOCS").is_some() {
            std::fs::write(path, markdown()).unwrap();
        } else {
            assert!(page == markdown(), "set CORDON_WRITE_DOCS=1 to write docs/findings.md anew");
        }
    }
}
