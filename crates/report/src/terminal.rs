//! The report for a terminal. What matters most comes last, where the eye is when it stops
//! scrolling.

pub mod page;
pub mod table;

use std::fmt;

use cordon_model::Severity;

use crate::look::{Action, Evidence, Finding, Look};
use crate::view::{Group, Row, Tally, View, is_act, names, particular};
use crate::words;
use page::{Page, Span, Tone, span};
use table::{Cell, Column};

/// Devices in the table; more do not help on a terminal.
const MOST_DEVICES: usize = 60;

/// Ways to mend findings of one kind.
const MOST_FIXES: usize = 3;

/// Names in one line.
const MOST_NAMES: usize = 6;

/// How the terminal wants it.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Whether to colour; the caller has looked at `NO_COLOR` and at whether it is a terminal.
    pub colour: bool,
    /// Columns; taken as 60 to 160.
    pub width: usize,
    /// Whether more than ASCII may be written.
    pub unicode: bool,
}

/// Writes the report.
///
/// # Errors
/// Only those of `out`.
pub fn render(look: &Look, style: Style, out: &mut impl fmt::Write) -> fmt::Result {
    let view = View::new(look);
    let mut page = Page::new(style, out);
    summary(&mut page, &view)?;
    devices(&mut page, &view)?;
    findings(&mut page, &view)?;
    plant(&mut page, &view)?;
    coverage(&mut page, look)?;
    first(&mut page, &view)
}

fn summary<W: fmt::Write>(page: &mut Page<W>, view: &View) -> fmt::Result {
    let look = view.look;
    let tone = match view.tally.worst() {
        Some(worst) if worst >= Severity::Medium => Tone::Severity(worst),
        _ => Tone::Good,
    };
    page.paragraph(
        &[],
        &[
            span(Tone::Strong, view.devices_line()),
            span(Tone::Normal, "; "),
            span(tone, format!("findings: {}", view.tally.says())),
            span(Tone::Normal, "; "),
            span(Tone::Strong, format!("packets sent: {}", words::count(look.packets_sent))),
        ],
    )?;
    for input in &look.inputs {
        let mut says = format!(
            "{}, {}",
            words::counted(input.packets, "packet", "packets"),
            words::bytes(input.bytes)
        );
        if let (Some(first), Some(last)) = (&input.first, &input.last) {
            says.push_str(&format!(", {}", words::period(first, last)));
        }
        page.paragraph(
            &[span(Tone::Faint, "Read ")],
            &[span(Tone::Faint, format!("{}: {says}", input.path))],
        )?;
        if input.cut_short {
            let damage = input.damage.as_deref().unwrap_or("the file ends in the middle");
            let says =
                format!("{}: {damage}; everything before that is in this report", input.path);
            page.paragraph(
                &[span(Tone::Severity(Severity::Medium), "Cut short ")],
                &[span(Tone::Normal, says)],
            )?;
        }
        if let Some(dropped) = input.dropped.filter(|dropped| *dropped > 0) {
            let says = format!(
                "{} while capturing; what they said is missing here",
                words::counted(dropped, "packet", "packets")
            );
            page.paragraph(
                &[span(Tone::Severity(Severity::Medium), "Dropped ")],
                &[span(Tone::Normal, says)],
            )?;
        }
    }
    Ok(())
}

const COLUMNS: [Column; 6] = [
    Column { title: "Device", least: 16, most: 32, spare: 0 },
    Column { title: "What it is", least: 12, most: 28, spare: 0 },
    Column { title: "Vendor and model", least: 12, most: 34, spare: 1 },
    Column { title: "Address", least: 15, most: 24, spare: 0 },
    Column { title: "Sure?", least: 6, most: 6, spare: 2 },
    Column { title: "Findings", least: 8, most: 20, spare: 0 },
];

fn devices<W: fmt::Write>(page: &mut Page<W>, view: &View) -> fmt::Result {
    page.heading("Devices")?;
    if view.devices.is_empty() {
        return page.paragraph(
            &[],
            &[span(Tone::Normal, "No device was seen. See below what this capture cannot show.")],
        );
    }
    let rows: Vec<Vec<Cell>> = view.devices.iter().take(MOST_DEVICES).map(cells).collect();
    table::write(page, &COLUMNS, &rows)?;
    if view.devices.len() > MOST_DEVICES {
        let more = view.devices.len() - MOST_DEVICES;
        page.line(&[span(Tone::Normal, format!("… and {more} more (use --format html)"))])?;
    }
    if view.tally.worst().is_none() {
        return Ok(());
    }
    let mut legend = vec![span(Tone::Faint, "Findings:")];
    for severity in Severity::ALL.into_iter().rev() {
        legend.push(span(Tone::Severity(severity), format!(" {}", letter(severity))));
        let end = if severity == Severity::Info { "" } else { "," };
        legend.push(span(Tone::Faint, format!(" {severity}{end}")));
    }
    page.paragraph(&[], &legend)
}

fn cells<'a>(row: &Row<'a>) -> Vec<Cell<'a>> {
    let device = row.device;
    let name = if row.needs_attention() { Tone::Strong } else { Tone::Normal };
    let known = |text: String| {
        let tone =
            if matches!(text.as_str(), "Unknown" | "no") { Tone::Faint } else { Tone::Normal };
        vec![span(tone, text)]
    };
    vec![
        vec![span(name, device.label.as_str())],
        known(words::short_type(&row.what()).to_owned()),
        known(row.make()),
        vec![span(Tone::Normal, row.address())],
        known(words::sure(device.confidence).to_owned()),
        tally(&row.tally),
    ]
}

fn tally<'a>(tally: &Tally) -> Cell<'a> {
    let cell: Cell = tally
        .each()
        .enumerate()
        .map(|(at, (severity, count))| {
            let gap = if at > 0 { " " } else { "" };
            span(Tone::Severity(severity), format!("{gap}{count}{}", letter(severity)))
        })
        .collect();
    if cell.is_empty() { vec![span(Tone::Faint, "none")] } else { cell }
}

const fn letter(severity: Severity) -> char {
    match severity {
        Severity::Critical => 'C',
        Severity::High => 'H',
        Severity::Medium => 'M',
        Severity::Low => 'L',
        Severity::Info => 'i',
    }
}

fn findings<W: fmt::Write>(page: &mut Page<W>, view: &View) -> fmt::Result {
    let groups = view.groups.iter().filter(|group| !is_act(group.kind));
    let (grave, mild): (Vec<&Group>, Vec<&Group>) =
        groups.partition(|group| group.severity >= Severity::Medium);
    if grave.is_empty() && mild.is_empty() {
        return Ok(());
    }
    page.heading("Findings")?;
    in_full(page, view, &grave)?;
    if !grave.is_empty() && !mild.is_empty() {
        page.blank()?;
    }
    for group in mild {
        let names = names(view, &group.findings);
        page.paragraph(
            &[severity_head(group.severity)],
            &[
                span(Tone::Strong, format!("{}: ", group.title)),
                span(Tone::Normal, words::list(&names, MOST_NAMES)),
            ],
        )?;
    }
    Ok(())
}

fn in_full<W: fmt::Write>(page: &mut Page<W>, view: &View, groups: &[&Group]) -> fmt::Result {
    for (at, group) in groups.iter().enumerate() {
        if at > 0 {
            page.blank()?;
        }
        kind(page, view, group)?;
    }
    Ok(())
}

fn kind<W: fmt::Write>(page: &mut Page<W>, view: &View, group: &Group) -> fmt::Result {
    let head = severity_head(group.severity);
    let indent = || span(Tone::Normal, " ".repeat(10));
    page.paragraph(
        &[head],
        &[
            span(Tone::Strong, group.title.as_str()),
            span(Tone::Faint, format!(" ({})", group.whose())),
        ],
    )?;
    page.paragraph(&[indent()], &[span(Tone::Normal, group.why())])?;
    let (shown, rest) = group.findings.split_at(most_cases(group).min(group.findings.len()));
    for finding in shown {
        page.paragraph(&[indent(), span(Tone::Faint, "· ")], &case(view, group, finding))?;
    }
    if !rest.is_empty() {
        let names = words::list(&names(view, rest), MOST_NAMES);
        let says = [span(Tone::Normal, format!("and {} more: {names}", rest.len()))];
        page.paragraph(&[indent(), span(Tone::Faint, "· ")], &says)?;
    }
    let fixes = group.fixes();
    fixes.into_iter().take(MOST_FIXES).try_for_each(|fix| {
        page.paragraph(&[indent(), span(Tone::Good, "Fix: ")], &[span(Tone::Normal, fix)])
    })
}

/// How many findings of a kind are told one by one: the graver, the more; acts upon controllers
/// nearly all, since who did it is the point.
fn most_cases(group: &Group) -> usize {
    match group.severity {
        _ if is_act(group.kind) => 12,
        Severity::Critical => 3,
        Severity::High => 2,
        _ => 1,
    }
}

/// One finding: whose, what, why here, and the packet that shows it.
fn case<'a>(view: &'a View, group: &Group, finding: &'a Finding) -> Vec<Span<'a>> {
    let own = words::severity(&finding.severity);
    let mut line = vec![span(Tone::Strong, format!("{}: ", view.whose(finding)))];
    if words::sentence(&finding.title) != group.title {
        line.push(span(Tone::Normal, format!("{}. ", finding.title)));
    }
    let particular = particular(finding);
    // the packet of an act says only once more who did what
    let told = is_act(group.kind) && particular.is_some();
    line.extend(particular.map(|particular| span(Tone::Normal, particular)));
    if let Some(evidence) = finding.evidence.first() {
        if !told {
            line.push(span(Tone::Normal, format!(" {}", evidence.detail)));
        }
        line.push(cite(view, evidence));
    }
    if own != group.severity {
        line.push(span(Tone::Severity(own), format!(" {own}")));
    }
    line
}

fn cite<'a>(view: &View, evidence: &Evidence) -> Span<'a> {
    span(Tone::Faint, format!(" ({})", view.cite(Some(&evidence.file), evidence.packet)))
}

fn severity_head<'a>(severity: Severity) -> Span<'a> {
    span(Tone::Severity(severity), format!("{:<10}", severity.name()))
}

fn plant<W: fmt::Write>(page: &mut Page<W>, view: &View) -> fmt::Result {
    let acts: Vec<&Group> = view.groups.iter().filter(|group| is_act(group.kind)).collect();
    if acts.is_empty() && view.plant_talks().is_empty() {
        return Ok(());
    }
    page.heading("Who writes, stops and programs controllers")?;
    if acts.is_empty() {
        return page.paragraph(&[], &[span(Tone::Good, words::ONLY_READ)]);
    }
    in_full(page, view, &acts)
}

fn coverage<W: fmt::Write>(page: &mut Page<W>, look: &Look) -> fmt::Result {
    page.heading("What this capture cannot show")?;
    for note in &look.coverage.notes {
        page.paragraph(&[span(Tone::Faint, "· ")], &[span(Tone::Normal, note.as_str())])?;
    }
    if look.coverage.notes.is_empty() {
        page.paragraph(&[span(Tone::Faint, "· ")], &[span(Tone::Normal, words::NO_NOTES)])?;
    }
    Ok(())
}

fn first<W: fmt::Write>(page: &mut Page<W>, view: &View) -> fmt::Result {
    let actions = &view.look.first_five;
    page.heading(&words::first_heading(actions.len()))?;
    if actions.is_empty() {
        return page.paragraph(&[], &[span(Tone::Normal, view.nothing_first())]);
    }
    for (at, action) in actions.iter().enumerate() {
        let number = format!("{}. ", at + 1);
        page.paragraph(&[span(Tone::Strong, number)], &[span(Tone::Strong, action.what.as_str())])?;
        page.paragraph(&[span(Tone::Normal, "   ")], &reason(view, action))?;
        if !action.fix.is_empty() {
            page.paragraph(
                &[span(Tone::Faint, "   How: ")],
                &[span(Tone::Normal, action.fix.as_str())],
            )?;
        }
    }
    Ok(())
}

fn reason<'a>(view: &View, action: &'a Action) -> Vec<Span<'a>> {
    let severity = words::severity(&action.severity);
    let names: Vec<&str> = action.devices.iter().map(|id| view.label(id)).collect();
    let mut line = vec![span(Tone::Severity(severity), format!("{severity}: "))];
    line.push(span(Tone::Normal, action.why.as_str()));
    if !names.is_empty() && !names.iter().any(|name| action.what.contains(name)) {
        line.push(span(Tone::Faint, format!(" [{}]", words::list(&names, MOST_NAMES))));
    }
    line
}
