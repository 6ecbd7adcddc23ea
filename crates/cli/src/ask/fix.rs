//! `cordon fix`.

use std::process::ExitCode;

use cordon_report::terminal::page::{Tone, span};
use cordon_report::words;
use cordon_service::view::Need;

use super::{Paper, show};
use crate::args::FixArgs;
use crate::failure::Failure;
use crate::service::Service;

/// Devices named per thing to mend.
const NAMES: usize = 6;

/// Shows what to mend.
pub fn fix(args: &FixArgs) -> Result<ExitCode, Failure> {
    let answer = Service::find(&args.at)?.get::<Vec<Need>>("/api/v1/fixes")?;
    show(&answer, &args.shown, |page, needs| write(page, needs))?;
    let gravest = answer.value.iter().map(|need| words::severity(&need.severity)).max();
    Ok(match (gravest, args.fail_on) {
        (Some(gravest), Some(limit)) if gravest >= limit => ExitCode::from(1),
        _ => ExitCode::SUCCESS,
    })
}

fn write(page: &mut Paper, needs: &[Need]) -> std::fmt::Result {
    if needs.is_empty() {
        return page.paragraph(
            &[],
            &[span(Tone::Good, "Nothing is to be mended, as far as can be seen.")],
        );
    }
    for (at, need) in needs.iter().enumerate() {
        if at > 0 {
            page.blank()?;
        }
        let severity = words::severity(&need.severity);
        page.paragraph(
            &[span(Tone::Strong, format!("{:>2}. ", at + 1))],
            &[
                span(Tone::Severity(severity), format!("{severity}: ")),
                span(Tone::Strong, need.what.as_str()),
            ],
        )?;
        let indent = || span(Tone::Normal, "    ");
        page.paragraph(&[indent()], &[span(Tone::Normal, need.why.as_str())])?;
        page.paragraph(
            &[indent(), span(Tone::Good, "Fix: ")],
            &[span(Tone::Normal, need.fix.as_str())],
        )?;
        let names: Vec<&str> = need.devices.iter().map(|link| link.label.as_str()).collect();
        if !names.is_empty() {
            page.paragraph(
                &[indent(), span(Tone::Faint, "On ")],
                &[span(Tone::Normal, words::list(&names, NAMES))],
            )?;
        }
        if let Some(first) = need.findings.first() {
            page.paragraph(&[indent()], &[span(Tone::Faint, format!("cordon explain {first}"))])?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use cordon_service::view::Link;

    use super::*;
    use crate::ask::tests::{HOSTILE, harmless, written};

    #[test]
    fn a_name_with_escape_sequences_cannot_repaint_the_terminal() {
        let need = Need {
            what: HOSTILE.into(),
            why: HOSTILE.into(),
            fix: HOSTILE.into(),
            devices: vec![Link { id: HOSTILE.into(), label: HOSTILE.into() }],
            findings: vec![HOSTILE.into()],
            ..Need::default()
        };
        harmless(&written(|page| write(page, &[need])));
    }
}
