//! `cordon status`: health in ten lines.

use std::process::ExitCode;

use cordon_model::Severity;
use cordon_report::terminal::page::{Tone, span};
use cordon_report::words;
use cordon_service::view::{CheckView, HealthView, SourceView};

use super::{Paper, entry, moment, show};
use crate::args::StatusArgs;
use crate::failure::Failure;
use crate::service::Service;

/// Checks that are told in full.
const CHECKS: usize = 4;

/// Shows whether the service is well.
pub fn status(args: &StatusArgs) -> Result<ExitCode, Failure> {
    let answer = Service::find(&args.at)?.get::<HealthView>("/api/v1/health")?;
    show(&answer, &args.shown, write)?;
    Ok(match answer.value.verdict.as_str() {
        "bad" => ExitCode::from(1),
        _ => ExitCode::SUCCESS,
    })
}

/// The tone of a verdict.
pub fn tone(verdict: &str) -> Tone {
    match verdict {
        "good" => Tone::Good,
        "bad" => Tone::Severity(Severity::High),
        "warning" => Tone::Severity(Severity::Medium),
        _ => Tone::Faint,
    }
}

fn write(page: &mut Paper, health: &HealthView) -> std::fmt::Result {
    page.paragraph(
        &[span(Tone::Faint, format!("{:<12}", "cordon"))],
        &[
            span(tone(&health.verdict), health.verdict.as_str()),
            span(
                Tone::Normal,
                format!(
                    "; version {}, running since {} UTC",
                    health.version,
                    moment(&health.started)
                ),
            ),
        ],
    )?;
    for source in health.sources.iter().take(CHECKS) {
        entry(page, "packets", Tone::Normal, &packets(source))?;
    }
    let flows = format!(
        "{} kept, {} on the way, {} lost",
        words::count(health.flows_kept),
        words::count(health.flows_waiting),
        words::count(health.flows_lost)
    );
    entry(page, "flows", Tone::Normal, &flows)?;
    let room = format!(
        "{} of memory, {} of data, {} free on its disk",
        words::bytes(health.memory_bytes),
        words::bytes(health.data_bytes),
        words::bytes(health.free_bytes)
    );
    entry(page, "room", Tone::Normal, &room)?;
    if let Some(expires) = &health.certificate_expires {
        let says = format!("until {}", words::time(expires));
        entry(page, "certificate", Tone::Normal, &says)?;
    }
    if let Some(print) = &health.certificate_fingerprint {
        // Shorter without its colons, and taken either way by --fingerprint.
        entry(page, "SHA-256", Tone::Faint, &print.replace(':', ""))?;
    }
    let (well, not): (Vec<&CheckView>, Vec<&CheckView>) =
        health.checks.iter().partition(|check| check.verdict == "good");
    for check in not.iter().take(CHECKS) {
        let fix = check.fix.as_deref().map(|fix| format!("; {fix}")).unwrap_or_default();
        page.paragraph(
            &[span(tone(&check.verdict), format!("{:<12}", check.verdict))],
            &[
                span(Tone::Strong, format!("{}: ", check.name)),
                span(Tone::Normal, format!("{}{fix}", check.says)),
            ],
        )?;
    }
    let more = not.len().saturating_sub(CHECKS);
    let rest =
        if more > 0 { format!(", {more} more are not (--format json)") } else { String::new() };
    entry(page, "checks", Tone::Faint, &format!("{} are good{rest}", well.len()))
}

fn packets(source: &SourceView) -> String {
    let lost = source.dropped_by_kernel.saturating_add(source.dropped_by_queue);
    let says = source.says.as_deref().map(|says| format!(": {says}")).unwrap_or_default();
    format!(
        "{} from {} ({}{says}), {} lost",
        words::count(source.packets),
        source.name,
        source.state,
        words::count(lost)
    )
}
