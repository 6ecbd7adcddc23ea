//! Where a device says that its maker describes it, on a terminal.

use std::fmt::Result;

use cordon_model::Severity;
use cordon_report::terminal::page::{Tone, span};
use cordon_service::view::MudUrlView;

use crate::ask::{Paper, minute};

/// What the device names, and what to do with it; nothing where it names nothing.
pub fn write(page: &mut Paper, device: &str, urls: &[MudUrlView]) -> Result {
    if urls.is_empty() {
        return Ok(());
    }
    page.heading("What its maker says of it")?;
    for one in urls {
        let tone = if one.now { Tone::Normal } else { Tone::Faint };
        let since = format!("; {} to {}", minute(&one.first), minute(&one.last));
        page.paragraph(
            &[span(Tone::Normal, "  - ")],
            &[span(tone, one.says.as_str()), span(Tone::Faint, since)],
        )?;
        for fault in one.faults.iter().filter(|_| one.now) {
            page.paragraph(
                &[span(Tone::Normal, "    ")],
                &[span(Tone::Severity(Severity::Low), fault.as_str())],
            )?;
        }
    }
    let now = || urls.iter().filter(|one| one.now);
    if now().any(|one| one.imported) {
        return page.paragraph(&[], &[span(Tone::Good, "That file was taken in.")]);
    }
    let says = match now().any(|one| one.faults.is_empty()) {
        true => format!(
            "cordon fetches nothing by itself. Fetch the file, then: cordon contract import-mud \
             {device} FILE --rehearse"
        ),
        false => "Take no file from there.".to_owned(),
    };
    page.paragraph(&[], &[span(Tone::Faint, says)])
}
