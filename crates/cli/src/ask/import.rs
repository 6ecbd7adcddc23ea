//! `cordon import`.

use std::path::Path;
use std::process::ExitCode;

use cordon_report::terminal::page::{Tone, span};
use cordon_report::words;
use cordon_service::view::ImportView;

use super::{Paper, show};
use crate::args::ImportArgs;
use crate::failure::Failure;
use crate::input::note;
use crate::service::{Service, query};

/// Largest file that the service takes, in bytes.
const LARGEST: u64 = 64 << 20;

/// Sends files; a file that is refused does not keep the others from being taken.
pub fn import(args: &ImportArgs) -> Result<ExitCode, Failure> {
    let service = Service::find(&args.at)?;
    let mut refused = None;
    for file in &args.files {
        match one(&service, file, args) {
            Ok(()) => {}
            Err(failure @ Failure::Print(_)) => return Err(failure),
            Err(failure) if args.files.len() == 1 => return Err(failure),
            Err(failure) => {
                note(&failure.to_string());
                refused = Some(());
            }
        }
    }
    match refused {
        None => Ok(ExitCode::SUCCESS),
        Some(()) => Ok(ExitCode::from(2)),
    }
}

fn one(service: &Service, file: &Path, args: &ImportArgs) -> Result<(), Failure> {
    let failed = |why: String| Failure::Other(format!("{}: {why}", file.display()));
    let size = std::fs::metadata(file).map_err(|error| failed(error.to_string()))?.len();
    if size > LARGEST {
        return Err(failed("is larger than 64 MiB; split it".to_owned()));
    }
    let content = std::fs::read(file).map_err(|error| failed(error.to_string()))?;
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let answer = service
        .send::<ImportView>(&query("/api/v1/imports", &[("name", Some(name.clone()))]), &content)
        .map_err(|failure| failed(failure.to_string()))?;
    show(&answer, &args.shown, |page, view| write(page, &name, view))
}

fn write(page: &mut Paper, name: &str, view: &ImportView) -> std::fmt::Result {
    page.paragraph(
        &[],
        &[
            span(Tone::Strong, format!("{name}: ")),
            span(
                Tone::Normal,
                format!(
                    "{}; {} read, {} new or better known, {} added",
                    view.kind,
                    words::counted(view.records, "record", "records"),
                    words::counted(view.devices, "device", "devices"),
                    words::counted(view.flows, "flow", "flows")
                ),
            ),
        ],
    )?;
    if view.bad > 0 {
        let says = format!("{} could not be read", words::counted(view.bad, "line", "lines"));
        page.paragraph(&[], &[span(Tone::Severity(cordon_model::Severity::Medium), says)])?;
        for problem in &view.problems {
            page.paragraph(&[span(Tone::Faint, "· ")], &[span(Tone::Normal, problem.as_str())])?;
        }
    }
    Ok(())
}
