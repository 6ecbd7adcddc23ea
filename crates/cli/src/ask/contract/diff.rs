//! What differs between two versions of a contract, on a terminal.

use std::fmt::Result;

use cordon_model::Severity;
use cordon_report::terminal::page::{Tone, span};
use cordon_service::view::{ContractDiffView, VersionView};

use super::write::entries;
use crate::ask::{Paper, minute};

/// Versions that a terminal lists.
const VERSIONS: usize = 10;

pub fn write(page: &mut Paper, view: &ContractDiffView) -> Result {
    page.paragraph(
        &[],
        &[
            span(Tone::Strong, view.device.label.as_str()),
            span(Tone::Normal, format!(", {}.", view.says)),
        ],
    )?;
    let compared =
        |version: &VersionView| version.version == view.from || Some(version.version) == view.to;
    // Those that the list at the end names are not named twice.
    let listed = if view.versions.len() > 1 { VERSIONS } else { 0 };
    for version in view.versions.iter().skip(listed).filter(|version| compared(version)) {
        one(page, version)?;
    }
    for (title, list) in [("Came", &view.came), ("Went", &view.went)] {
        if !list.is_empty() {
            page.heading(title)?;
            entries(page, list)?;
        }
    }
    if !view.changed.is_empty() {
        page.heading("Changed")?;
        for change in &view.changed {
            entries(page, std::slice::from_ref(&change.after))?;
            page.paragraph(
                &[span(Tone::Normal, "    ")],
                &[span(Tone::Severity(Severity::Low), change.says.as_str())],
            )?;
        }
    }
    if !view.identity.is_empty() {
        page.heading("Expected of the device itself")?;
        for line in &view.identity {
            page.paragraph(&[span(Tone::Normal, "  - ")], &[span(Tone::Normal, line.as_str())])?;
        }
    }
    if view.versions.len() > 1 {
        page.heading("Versions")?;
        for version in view.versions.iter().take(VERSIONS) {
            one(page, version)?;
        }
    }
    next(page, view)
}

/// Who put a version in force, when and why.
fn one(page: &mut Paper, version: &VersionView) -> Result {
    let why = if version.why.is_empty() { String::new() } else { format!(": {}", version.why) };
    let now = if version.now { ", in force" } else { "" };
    let says =
        if version.says.is_empty() { String::new() } else { format!("  ({})", version.says) };
    page.paragraph(
        &[span(Tone::Faint, format!("  version {:<3} {}  ", version.version, minute(&version.at)))],
        &[
            span(Tone::Strong, version.by.as_str()),
            span(Tone::Normal, why),
            span(Tone::Faint, format!("{now}{says}")),
        ],
    )
}

/// What else could be asked.
fn next(page: &mut Paper, view: &ContractDiffView) -> Result {
    if view.to.is_none() || (view.proposed == 0 && view.held == 0) {
        return Ok(());
    }
    page.blank()?;
    let id = &view.device.id;
    let says = format!(
        "To be decided: {} proposed, {} held back. cordon contract diff {id} --to proposed shows the \
         former, cordon contract show {id} both.",
        view.proposed, view.held
    );
    page.paragraph(&[], &[span(Tone::Faint, says)])
}
