//! Contracts on a terminal.

use std::fmt::Result;

use cordon_model::Severity;
use cordon_report::terminal::page::{Tone, span};
use cordon_report::terminal::table::{self, Cell, Column};
use cordon_service::view::{
    Changed, ContractRow, ContractView, EntryView, Page, ProofView, RehearsalView, RulesView,
    StepView, ZonesView,
};

use crate::ask::{Paper, entry, minute};

/// Kinds of conversations that a terminal shows of one device.
const KINDS: usize = 8;
/// Devices that it shows of a rehearsal.
const DEVICES: usize = 20;
/// Reasons of one entry.
const REASONS: usize = 2;

const COLUMNS: [Column; 6] = [
    Column { title: "Device", least: 16, most: 34, spare: 0 },
    Column { title: "State", least: 8, most: 10, spare: 0 },
    Column { title: "In force", least: 8, most: 12, spare: 0 },
    Column { title: "New", least: 4, most: 6, spare: 0 },
    Column { title: "Held", least: 4, most: 6, spare: 0 },
    Column { title: "Learning", least: 30, most: 90, spare: 1 },
];

pub fn list(page: &mut Paper, rows: &Page<ContractRow>) -> Result {
    if rows.items.is_empty() {
        return page.paragraph(&[], &[span(Tone::Normal, "No device is like that.")]);
    }
    let cells: Vec<Vec<Cell<'_>>> = rows
        .items
        .iter()
        .map(|row| {
            let state = match row.reach.as_str() {
                "normal" => row.state.clone(),
                reach => format!("{} ({reach})", row.state),
            };
            let in_force = match row.version {
                0 => "nothing".to_owned(),
                version => format!("v{version}, {}", row.entries),
            };
            vec![
                vec![span(Tone::Strong, row.device.label.as_str())],
                vec![span(Tone::Normal, state)],
                vec![span(Tone::Normal, in_force)],
                vec![span(news(row.proposed), row.proposed.to_string())],
                vec![span(held(row.held), row.held.to_string())],
                vec![span(Tone::Faint, row.learning.clone().unwrap_or_default())],
            ]
        })
        .collect();
    table::write(page, &COLUMNS, &cells)
}

fn news(count: u32) -> Tone {
    if count > 0 { Tone::Severity(Severity::Low) } else { Tone::Faint }
}

fn held(count: u32) -> Tone {
    if count > 0 { Tone::Severity(Severity::High) } else { Tone::Faint }
}

pub fn contract(page: &mut Paper, view: &ContractView) -> Result {
    let row = &view.row;
    let stands = match (row.state.as_str(), row.version) {
        (state, 0) => state.to_owned(),
        (state, version) => format!("version {version}, {state}"),
    };
    page.paragraph(
        &[],
        &[span(Tone::Strong, row.device.label.as_str()), span(Tone::Faint, format!("  {stands}"))],
    )?;
    if row.reach != "normal" {
        let says = format!("It is switched to {}.", row.reach);
        page.paragraph(&[], &[span(Tone::Severity(Severity::High), says)])?;
    }
    for line in &view.about {
        page.paragraph(&[], &[span(Tone::Normal, line.as_str())])?;
    }
    for part in &view.parts {
        page.heading(&part.title)?;
        entries(page, &part.entries)?;
    }
    page.blank()?;
    page.paragraph(&[], &[span(Tone::Strong, view.rest.as_str())])?;
    for line in &view.unresolved {
        let text = [
            span(Tone::Severity(Severity::Medium), "Not enforced: "),
            span(Tone::Normal, line.as_str()),
        ];
        page.paragraph(&[], &text)?;
    }
    crate::ask::mud::write(page, &view.row.device.id, &view.mud)?;
    decide(page, view)
}

/// What a person has to decide about.
fn decide(page: &mut Paper, view: &ContractView) -> Result {
    if !view.proposed.is_empty() {
        page.heading("Proposed by learning")?;
        entries(page, &view.proposed)?;
    }
    if !view.held.is_empty() {
        page.heading("Held back")?;
        for held in &view.held {
            one(page, &held.entry)?;
            page.paragraph(
                &[span(Tone::Normal, "    ")],
                &[span(Tone::Severity(Severity::High), held.suspicion.as_str())],
            )?;
        }
    }
    if !view.proposed.is_empty() || !view.held.is_empty() {
        page.blank()?;
        let says = format!(
            "cordon admit {} puts in force what is proposed; with an entry's id, one that was held back.",
            view.row.device.id
        );
        page.paragraph(&[], &[span(Tone::Faint, says)])?;
    }
    Ok(())
}

pub(super) fn entries(page: &mut Paper, entries: &[EntryView]) -> Result {
    entries.iter().try_for_each(|entry| one(page, entry))
}

fn one(page: &mut Paper, entry: &EntryView) -> Result {
    page.paragraph(
        &[span(Tone::Normal, "  - ")],
        &[
            span(Tone::Strong, entry.says.as_str()),
            span(Tone::Faint, format!("  [{}; {}]", entry.exactly, entry.id)),
        ],
    )?;
    for because in entry.because.iter().take(REASONS) {
        page.paragraph(
            &[span(Tone::Normal, "    ")],
            &[span(Tone::Faint, format!("because {because}"))],
        )?;
    }
    Ok(())
}

pub fn rehearsal(page: &mut Paper, view: &RehearsalView) -> Result {
    let tone = if view.blocked == 0 && view.flows > 0 { Tone::Good } else { Tone::Strong };
    page.paragraph(&[], &[span(tone, view.says.as_str())])?;
    entry(
        page,
        "from",
        Tone::Normal,
        &format!("{} to {} UTC", minute(&view.from), minute(&view.to)),
    )?;
    for device in view.devices.iter().take(DEVICES) {
        page.heading(&device.device.label)?;
        for notice in &device.notices {
            page.paragraph(
                &[span(Tone::Normal, "  ")],
                &[span(Tone::Severity(Severity::Medium), notice.as_str())],
            )?;
        }
        for kind in device.kinds.iter().take(KINDS) {
            let nobody = if kind.unanswered { ", nobody answered" } else { "" };
            page.paragraph(
                &[span(Tone::Normal, "  - ")],
                &[
                    span(Tone::Normal, kind.says.as_str()),
                    span(
                        Tone::Faint,
                        format!("  {} times, last {}{nobody}", kind.times, minute(&kind.last)),
                    ),
                ],
            )?;
        }
        if device.kinds.len() > KINDS {
            let more = format!("  and {} kinds more", device.kinds.len() - KINDS);
            page.paragraph(&[], &[span(Tone::Faint, more)])?;
        }
    }
    Ok(())
}

pub fn changed(page: &mut Paper, view: &Changed) -> Result {
    let tone = match view.outcome.as_str() {
        "done" => Tone::Good,
        _ => Tone::Strong,
    };
    for (at, line) in view.says.iter().enumerate() {
        let first = if at == 0 && view.outcome == "done" { "Done: " } else { "" };
        page.paragraph(&[], &[span(tone, format!("{first}{line}"))])?;
    }
    if let Some(rehearsed) = &view.rehearsal {
        return rehearsal(page, rehearsed);
    }
    if let Some(step) = view.step.filter(|_| view.rules.state != "trial") {
        let says = format!("cordon contract undo {step} takes it back.");
        page.paragraph(&[], &[span(Tone::Faint, says)])?;
    }
    if view.rules.state != "off" || view.outcome == "done" {
        rules(page, &view.rules)?;
    }
    Ok(())
}

pub fn rules(page: &mut Paper, view: &RulesView) -> Result {
    let tone = match view.state.as_str() {
        "trial" => Tone::Severity(Severity::Medium),
        "trouble" => Tone::Severity(Severity::High),
        "confirmed" => Tone::Good,
        _ => Tone::Normal,
    };
    page.paragraph(&[], &[span(tone, view.says.as_str())])?;
    if view.state == "trial" {
        page.paragraph(
            &[],
            &[span(
                Tone::Faint,
                "cordon contract confirm keeps them, cordon contract undo takes them back now.",
            )],
        )?;
    }
    if view.driver != "none" {
        let says = format!(
            "{}: {} devices, {} elements; {} conversations were cut",
            view.driver, view.devices, view.elements, view.cut
        );
        page.paragraph(&[], &[span(Tone::Faint, says)])?;
    }
    for says in &view.neighbours {
        page.paragraph(&[], &[span(Tone::Faint, says.as_str())])?;
    }
    Ok(())
}

pub fn steps(page: &mut Paper, steps: &Page<StepView>) -> Result {
    if steps.items.is_empty() {
        return page.paragraph(&[], &[span(Tone::Normal, "Nobody has changed a contract yet.")]);
    }
    for step in &steps.items {
        let undone = step.undone.as_ref().map(|by| format!("  (taken back by {by})"));
        let why = if step.why.is_empty() { String::new() } else { format!(": {}", step.why) };
        page.paragraph(
            &[span(Tone::Faint, format!("{:>5}  {}  ", step.id, minute(&step.at)))],
            &[
                span(Tone::Strong, format!("{} ", step.by)),
                span(Tone::Normal, format!("{}{why}", step.says)),
                span(Tone::Faint, undone.unwrap_or_default()),
            ],
        )?;
    }
    Ok(())
}

pub fn proof(page: &mut Paper, view: &ProofView) -> Result {
    let tone = match view.answer.as_str() {
        "impossible" => Tone::Good,
        "possible" => Tone::Severity(Severity::High),
        _ => Tone::Severity(Severity::Medium),
    };
    page.paragraph(&[], &[span(tone, view.says.as_str())])?;
    for step in &view.steps {
        page.paragraph(&[span(Tone::Normal, "  - ")], &[span(Tone::Normal, step.as_str())])?;
    }
    if view.kept {
        let says =
            "Promised: it is proven again every ten minutes and with every change of the rules.";
        page.paragraph(&[span(Tone::Normal, "  ")], &[span(Tone::Normal, says)])?;
    }
    for limit in &view.limits {
        page.paragraph(
            &[span(Tone::Normal, "  ")],
            &[span(Tone::Faint, format!("Not shown: {limit}."))],
        )?;
    }
    Ok(())
}

pub fn zones(page: &mut Paper, view: &ZonesView) -> Result {
    for (zone, cells) in view.zones.iter().zip(&view.cells) {
        page.heading(&format!(
            "{} ({} devices, {} enforced)",
            zone.name, zone.devices, zone.enforced
        ))?;
        for (other, cell) in view.zones.iter().zip(cells) {
            let tone = match cell.allows.as_str() {
                "nothing" => Tone::Faint,
                "some" => Tone::Normal,
                _ => Tone::Severity(Severity::Medium),
            };
            let pairs = if cell.allows == "some" {
                format!(", {} pairs", cell.pairs)
            } else {
                String::new()
            };
            page.paragraph(
                &[span(Tone::Faint, format!("  to {:<20} ", other.name))],
                &[span(tone, format!("{}{pairs}", cell.allows))],
            )?;
        }
    }
    Ok(())
}
