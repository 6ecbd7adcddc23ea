//! The text that a pattern cannot match without: most patterns are never tried because their
//! text does not stand in the banner.

use regex_syntax::hir::{Hir, HirKind};

/// Shorter texts stand in too many banners to be of use.
const FEWEST: usize = 3;

/// The longest ASCII text, lower-case, that every match of the pattern holds; empty if none.
pub(super) fn needed(source: &str) -> String {
    // Cases are folded by the filter, so the pattern's own folding is switched off: with it each
    // letter would be a class of two.
    let Ok(hir) = regex_syntax::parse(&source.replacen("(?i", "(?u", 1).replace("(?i)", "")) else {
        return String::new();
    };
    let mut best = String::new();
    let mut run = String::new();
    walk(&hir, &mut run, &mut best, 0);
    keep(&mut run, &mut best);
    best
}

fn walk(hir: &Hir, run: &mut String, best: &mut String, depth: usize) {
    match hir.kind() {
        HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
            Ok(text) if text.is_ascii() => run.push_str(&text.to_ascii_lowercase()),
            _ => keep(run, best),
        },
        HirKind::Concat(parts) if depth < 32 => {
            for part in parts {
                walk(part, run, best, depth + 1);
            }
        }
        HirKind::Capture(group) if depth < 32 => walk(&group.sub, run, best, depth + 1),
        HirKind::Repetition(repeat) if repeat.min > 0 && depth < 32 => {
            keep(run, best);
            walk(&repeat.sub, run, best, depth + 1);
            keep(run, best);
        }
        HirKind::Look(_) | HirKind::Empty => {}
        _ => keep(run, best),
    }
}

fn keep(run: &mut String, best: &mut String) {
    if run.len() >= FEWEST && run.len() > best.len() {
        std::mem::swap(run, best);
    }
    run.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_certain_text_is_found() {
        assert_eq!(needed(r"^SSH-([\d.]+)-Dropbear (\S+)$"), "-dropbear ");
        assert_eq!(needed(r"(?i)^HTTPD Example"), "httpd example");
        assert_eq!(needed(r"^(?:abcd|efgh)$"), "");
        assert_eq!(needed(r"x?(?:Linksys)+y"), "linksys");
        assert_eq!(needed(r"(?:Linksys)?yy"), "");
    }
}
