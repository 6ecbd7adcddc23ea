//! The report for tickets: GitHub-flavoured Markdown.

use crate::look::{Finding, Look};
use crate::plain::{clip, plain};
use crate::view::{Group, View, particular, who};
use crate::words;

/// Devices in the table; a ticket is no inventory.
const MOST_DEVICES: usize = 100;

/// Findings listed under one kind.
const MOST_PER_KIND: usize = 10;

/// Ways to mend findings of one kind.
const MOST_FIXES: usize = 3;

/// Columns of one piece of text.
const MOST_TEXT: usize = 400;

/// The report as Markdown.
#[must_use]
pub fn render(look: &Look) -> String {
    let view = View::new(look);
    let mut out = String::new();
    summary(&mut out, &view);
    first(&mut out, &view);
    findings(&mut out, &view);
    plant(&mut out, &view);
    devices(&mut out, &view);
    coverage(&mut out, look);
    out
}

fn summary(out: &mut String, view: &View) {
    let look = view.look;
    line(out, "# Network report");
    line(out, "");
    line(
        out,
        &format!(
            "**{}**; findings: {}; packets sent: {}",
            view.devices_line(),
            view.tally.says(),
            words::count(look.packets_sent)
        ),
    );
    line(out, "");
    for input in &look.inputs {
        let mut says = format!(
            "- {}: {}, {}",
            safe(&input.path),
            words::counted(input.packets, "packet", "packets"),
            words::bytes(input.bytes)
        );
        if let (Some(first), Some(last)) = (&input.first, &input.last) {
            says.push_str(&format!(", {}", safe(&words::period(first, last))));
        }
        if input.cut_short {
            let damage = input.damage.as_deref().unwrap_or("the file ends in the middle");
            says.push_str(&format!("; **cut short**: {}", safe(damage)));
        }
        if let Some(dropped) = input.dropped.filter(|dropped| *dropped > 0) {
            says.push_str(&format!("; {} dropped while capturing", words::count(dropped)));
        }
        line(out, &says);
    }
}

fn first(out: &mut String, view: &View) {
    let actions = &view.look.first_five;
    heading(out, &words::first_heading(actions.len()));
    if actions.is_empty() {
        line(out, view.nothing_first());
    }
    for action in actions {
        let names: Vec<String> = action.devices.iter().map(|id| safe(view.label(id))).collect();
        let mut says = format!(
            "- [ ] **{}** ({}) {}",
            safe(&action.what),
            words::severity(&action.severity),
            safe(&action.why)
        );
        if !names.is_empty()
            && !action.devices.iter().any(|id| action.what.contains(view.label(id)))
        {
            says.push_str(&format!(" Devices: {}.", words::list(&names, MOST_PER_KIND)));
        }
        if !action.fix.is_empty() {
            says.push_str(&format!(" How: {}", safe(&action.fix)));
        }
        line(out, &says);
    }
}

fn findings(out: &mut String, view: &View) {
    if view.groups.is_empty() {
        return;
    }
    heading(out, "Findings");
    for group in &view.groups {
        group_of(out, view, group);
    }
}

fn group_of(out: &mut String, view: &View, group: &Group) {
    line(out, &format!("### {}: {} ({})", group.severity, safe(&group.title), group.whose()));
    line(out, "");
    line(out, &safe(group.why()));
    for fix in group.fixes().into_iter().take(MOST_FIXES) {
        line(out, "");
        line(out, &format!("**Fix:** {}", safe(fix)));
    }
    line(out, "");
    for finding in group.findings.iter().take(MOST_PER_KIND) {
        line(
            out,
            &format!(
                "- **{}**: {}{}",
                safe(view.whose(finding)),
                safe(&finding.title),
                shown(view, finding)
            ),
        );
    }
    if group.findings.len() > MOST_PER_KIND {
        line(out, &format!("- … and {} more", group.findings.len() - MOST_PER_KIND));
    }
    line(out, "");
}

/// Why it matters here, and the packet that shows it.
fn shown(view: &View, finding: &Finding) -> String {
    let mut says = String::from(".");
    if let Some(particular) = particular(finding) {
        says.push_str(&format!(" {}", safe(&particular)));
    }
    if let Some(evidence) = finding.evidence.first() {
        says.push_str(&format!(
            " {} ({})",
            safe(&evidence.detail),
            safe(&view.cite(Some(&evidence.file), evidence.packet))
        ));
    }
    says
}

fn plant(out: &mut String, view: &View) {
    let acts = view.acts();
    if acts.is_empty() {
        return;
    }
    heading(out, "Who writes, stops and programs controllers");
    line(out, "| Controller | What | Who | Severity |");
    line(out, "|---|---|---|---|");
    for act in acts {
        let cells = [
            safe(view.whose(act)),
            safe(&act.title),
            safe(&who(act)),
            words::severity(&act.severity).to_string(),
        ];
        line(out, &format!("| {} |", cells.join(" | ")));
    }
}

fn devices(out: &mut String, view: &View) {
    heading(out, "Devices");
    if view.devices.is_empty() {
        line(out, "No device was seen.");
        return;
    }
    line(out, "| Device | What it is | Vendor and model | Address | Sure? | Findings |");
    line(out, "|---|---|---|---|---|---|");
    for row in view.devices.iter().take(MOST_DEVICES) {
        let none = row.tally.worst().is_none();
        let cells = [
            safe(&row.device.label),
            safe(&row.what()),
            safe(&row.make()),
            safe(row.address()),
            words::sure(row.device.confidence).to_owned(),
            if none { "none".to_owned() } else { row.tally.says() },
        ];
        line(out, &format!("| {} |", cells.join(" | ")));
    }
    if view.devices.len() > MOST_DEVICES {
        line(out, "");
        line(out, &format!("… and {} more", view.devices.len() - MOST_DEVICES));
    }
}

fn coverage(out: &mut String, look: &Look) {
    heading(out, "What this capture cannot show");
    if look.coverage.notes.is_empty() {
        line(out, &format!("- {}", words::NO_NOTES));
    }
    for note in &look.coverage.notes {
        line(out, &format!("- {}", safe(note)));
    }
}

fn heading(out: &mut String, title: &str) {
    line(out, "");
    line(out, &format!("## {title}"));
    line(out, "");
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

/// The text with nothing left in it that Markdown or a ticket system acts on: markup, HTML, links,
/// mentions of people.
fn safe(text: &str) -> String {
    let text = plain(text);
    let text = clip(&text, MOST_TEXT, "…");
    let mut out = String::with_capacity(text.len() + 8);
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // a full-width sign mentions nobody
            '@' => out.push('＠'),
            '\\' | '`' | '*' | '[' | ']' | '|' | '~' | '#' | '!' | '$' => {
                out.extend(['\\', c]);
            }
            // within a word it is no emphasis
            '_' if !(before.is_alphanumeric()
                && chars.peek().is_some_and(|c| c.is_alphanumeric())) =>
            {
                out.push_str("\\_");
            }
            ':' if chars.peek() == Some(&'/') => out.push_str("\\:"),
            '.' if out.ends_with("www") => out.push_str("\\."),
            _ => out.push(c),
        }
        before = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_write_markdown() {
        assert_eq!(safe("a|b"), "a\\|b");
        assert_eq!(safe("[x](http://evil)"), "\\[x\\](http\\://evil)");
        assert_eq!(safe("<img src=x>"), "&lt;img src=x&gt;");
        assert_eq!(safe("**bold** `code`"), "\\*\\*bold\\*\\* \\`code\\`");
        assert_eq!(safe("a\n# b"), "a \\# b");
    }

    #[test]
    fn a_name_cannot_call_people_or_make_links() {
        assert!(!safe("@security-team").contains('@'));
        assert_eq!(safe("www.evil.example"), "www\\.evil.example");
    }

    #[test]
    fn ordinary_names_stay_readable() {
        assert_eq!(safe("cam_lobby-2 (10.0.0.7)"), "cam_lobby-2 (10.0.0.7)");
    }
}
