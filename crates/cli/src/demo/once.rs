//! `cordon demo --once`: the lab's site, written as captures and looked at.

use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use cordon_inventory::InventoryOptions;
use cordon_pipeline::Pipeline;
use cordon_report::{html, terminal};

use crate::args::DemoArgs;
use crate::compose;
use crate::failure::Failure;
use crate::input::Sources;
use crate::look::options;
use crate::output::{print, style, to_file};

/// Runs the command.
pub fn run(args: &DemoArgs) -> Result<ExitCode, Failure> {
    let captures = write_captures(args)?;
    let mut pipeline = Pipeline::new(options(InventoryOptions::default())?);
    let inputs = Sources::find(&captures)?.read(&mut pipeline, None, true)?;
    let look = compose::look(&inputs, &pipeline.finish());
    let page = args.out.join("report.html");
    to_file(&page, &html::render(&look))?;

    let mut text = String::from(
        "A small clinic, plant and home: every packet below is a real one, written by the lab.\n\n",
    );
    terminal::render(&look, style(args.color, io::stdout().is_terminal()), &mut text)
        .map_err(|error| Failure::Other(error.to_string()))?;
    text.push('\n');
    for capture in &captures {
        text.push_str(&format!("Capture   {}\n", capture.display()));
    }
    text.push_str(&format!("Report    {}\n", page.display()));
    text.push_str(
        "\nNow try yours:  cordon look CAPTURE   or   sudo cordon look INTERFACE --for 60s\n",
    );
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn write_captures(args: &DemoArgs) -> Result<Vec<PathBuf>, Failure> {
    let lab = |error: cordon_lab::SiteError| Failure::Lab(error.to_string());
    let site = cordon_lab::demo().map_err(lab)?;
    let captures = cordon_lab::write(&site, args.seed).map_err(lab)?;
    let failure = |path: &PathBuf, source| Failure::Write { path: path.clone(), source };
    fs::create_dir_all(&args.out).map_err(|source| failure(&args.out, source))?;
    let mut paths = Vec::with_capacity(captures.len());
    for capture in &captures {
        let path = args.out.join(format!("{}.pcap", capture.name));
        let written = File::create(&path).and_then(|file| {
            let mut file = BufWriter::new(file);
            cordon_lab::pcap(capture, &mut file)?;
            file.flush()
        });
        written.map_err(|source| failure(&path, source))?;
        paths.push(path);
    }
    Ok(paths)
}
