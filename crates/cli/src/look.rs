//! `cordon look`: from captures or an interface to named devices and findings.

use std::process::ExitCode;
use std::sync::Arc;

use cordon_feeds::recog::Patterns;
use cordon_inventory::InventoryOptions;
use cordon_model::{SecretKey, Severity};
use cordon_pipeline::{Options, Pipeline};

use crate::args::LookArgs;
use crate::compose;
use crate::failure::Failure;
use crate::input::{self, Sources};
use crate::output;

/// Runs the command.
pub fn run(args: &LookArgs) -> Result<ExitCode, Failure> {
    let sources = Sources::find(&args.inputs)?;
    if args.listen.is_some() && matches!(sources, Sources::Files(_)) {
        input::note("--for is about interfaces; captures are read whole");
    }
    let mut inventory = InventoryOptions::default();
    if let Some(folder) = &args.recog {
        inventory.patterns = Some(Arc::new(recog(folder)?));
    }
    let mut pipeline = Pipeline::new(options(inventory)?);
    let inputs = sources.read(&mut pipeline, args.listen, args.output.quiet)?;
    let conclusions = pipeline.finish();
    let look = compose::look(&inputs, &conclusions);
    output::write(&look, &args.output)?;
    let gravest = conclusions.findings.iter().map(|finding| finding.severity).max();
    Ok(exit_code(gravest, args.fail_on))
}

/// Pipeline options with fresh randomness.
pub fn options(inventory: InventoryOptions) -> Result<Options, Failure> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(Failure::Random)?;
    let seed = getrandom::u64().map_err(Failure::Random)?;
    let inventory = InventoryOptions { seed, ..inventory };
    Ok(Options::new(SecretKey::new(key), seed, inventory))
}

fn recog(folder: &std::path::Path) -> Result<Patterns, Failure> {
    let files = input::patterns(folder)?;
    let (patterns, report) =
        Patterns::read(files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())));
    for (file, why) in &report.files_left_out {
        input::note(&format!("pattern file {file} left out: {why}"));
    }
    let left_out = report.patterns_left_out.len();
    if left_out > 0 {
        input::note(&format!(
            "{left_out} of {} patterns left out: this engine cannot express them",
            report.patterns + left_out
        ));
    }
    Ok(patterns)
}

fn exit_code(gravest: Option<Severity>, fail_on: Option<Severity>) -> ExitCode {
    match (gravest, fail_on) {
        (Some(gravest), Some(limit)) if gravest >= limit => ExitCode::from(1),
        _ => ExitCode::SUCCESS,
    }
}
