//! Where packets come from: files, folders, standard input, an interface.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cordon_capture::live::{self, LiveOptions, LiveSource, Next};
use cordon_capture::{FileSource, InputPath, InputStatus, expand};
use cordon_pipeline::{Pipeline, Sink};
use cordon_report::plain::plain_lines;
use indicatif::{ProgressBar, ProgressStyle};

use crate::failure::Failure;

/// Packets between two looks at the progress bar.
const STRIDE: u64 = 50_000;

/// How long to wait for packets before looking whether Ctrl-C was pressed.
const PATIENCE: Duration = Duration::from_millis(200);

/// What is to be read.
pub enum Sources {
    /// Captures, in order.
    Files(Vec<InputPath>),
    /// An interface.
    Live(String),
}

impl Sources {
    /// Decides what the arguments mean: an interface is meant where no file of that name
    /// exists and the name has no slash or dot.
    pub fn find(arguments: &[PathBuf]) -> Result<Sources, Failure> {
        if let [only] = arguments
            && let Some(name) = only.to_str()
            && !only.exists()
            && name != "-"
            && !name.contains(['/', '.'])
        {
            let interfaces = live::interfaces();
            return match interfaces.iter().any(|interface| interface == name) {
                true => Ok(Sources::Live(name.to_owned())),
                false => Err(Failure::Neither { name: name.to_owned(), interfaces }),
            };
        }
        let inputs = expand(arguments)?;
        for problem in &inputs.unreadable {
            note(&format!("left out: {problem}"));
        }
        if inputs.skipped > 0 {
            let files = if inputs.skipped == 1 { "file" } else { "files" };
            note(&format!("passed over {} {files} not holding a capture", inputs.skipped));
        }
        Ok(Sources::Files(inputs.paths))
    }

    /// Pushes every packet through the pipeline.
    pub fn read(
        self,
        pipeline: &mut Pipeline,
        listen: Option<Duration>,
        quiet: bool,
    ) -> Result<Vec<InputStatus>, Failure> {
        self.read_with(pipeline, &mut (), listen, quiet)
    }

    /// The same; every fact and flow passes `tap` as well.
    pub fn read_with(
        self,
        pipeline: &mut Pipeline,
        tap: &mut impl Sink,
        listen: Option<Duration>,
        quiet: bool,
    ) -> Result<Vec<InputStatus>, Failure> {
        match self {
            Sources::Files(paths) => files(&paths, pipeline, tap, quiet),
            Sources::Live(name) => Ok(vec![interface(&name, pipeline, tap, listen)?]),
        }
    }
}

fn files(
    paths: &[InputPath],
    pipeline: &mut Pipeline,
    tap: &mut impl Sink,
    quiet: bool,
) -> Result<Vec<InputStatus>, Failure> {
    let mut statuses = Vec::with_capacity(paths.len());
    let mut failed = None;
    for path in paths {
        let number = u32::try_from(statuses.len()).unwrap_or(u32::MAX);
        match FileSource::open(path, number) {
            Ok(mut source) => {
                file(&mut source, pipeline, tap, quiet);
                statuses.push(source.status().clone());
            }
            Err(error) if paths.len() == 1 => return Err(error.into()),
            Err(error) => {
                note(&format!("left out: {error}"));
                failed = Some(error);
            }
        }
    }
    match (statuses.is_empty(), failed) {
        (true, Some(error)) => Err(error.into()),
        _ => Ok(statuses),
    }
}

fn file(source: &mut FileSource, pipeline: &mut Pipeline, tap: &mut impl Sink, quiet: bool) {
    let bar = bar(source, quiet);
    let mut until_look = STRIDE;
    while let Some(packet) = source.next() {
        pipeline.packet_with(&packet, tap);
        until_look -= 1;
        if until_look == 0 {
            until_look = STRIDE;
            bar.set_position(source.progress().read());
        }
    }
    bar.finish_and_clear();
}

fn bar(source: &FileSource, quiet: bool) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    let bar = match source.progress().total() {
        Some(total) => ProgressBar::new(total),
        None => ProgressBar::no_length(),
    };
    if let Ok(style) =
        ProgressStyle::with_template("{wide_msg} {bar:24} {bytes}/{total_bytes} {eta}")
    {
        bar.set_style(style);
    }
    bar.set_message(source.status().path.clone());
    bar
}

fn interface(
    name: &str,
    pipeline: &mut Pipeline,
    tap: &mut impl Sink,
    listen: Option<Duration>,
) -> Result<InputStatus, Failure> {
    let mut source =
        LiveSource::open(name, &LiveOptions { lasting: listen, ..LiveOptions::default() }, 0)?;
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed))
        .map_err(|error| Failure::Other(format!("cannot listen for Ctrl-C: {error}")))?;
    match listen {
        Some(time) => note(&format!(
            "listening on {name} for {} s, sending nothing; Ctrl-C ends it early",
            time.as_secs()
        )),
        None => note(&format!(
            "listening on {name}, sending nothing; Ctrl-C ends it and prints the report"
        )),
    }
    while !stop.load(Ordering::Relaxed) {
        match source.next_batch(PATIENCE)? {
            Next::Packets(mut batch) => {
                while let Some(packet) = batch.next() {
                    pipeline.packet_with(&packet, tap);
                }
            }
            Next::Quiet | Next::Gone => {}
            Next::Over => break,
        }
    }
    Ok(source.status().clone())
}

/// Reads a folder of recog pattern files: names and contents.
pub fn patterns(folder: &Path) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let failure = |why: String| Failure::Patterns { path: folder.to_owned(), why };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| failure(error.to_string()))? {
        let path = entry.map_err(|error| failure(error.to_string()))?.path();
        if path.extension().is_some_and(|extension| extension == "xml") {
            let bytes = std::fs::read(&path).map_err(|error| failure(error.to_string()))?;
            files
                .push((path.file_name().unwrap_or_default().to_string_lossy().into_owned(), bytes));
        }
    }
    if files.is_empty() {
        return Err(failure(
            "there is no .xml file in it; name the xml folder of rapid7/recog".to_owned(),
        ));
    }
    files.sort();
    Ok(files)
}

/// Says something beside the result.
#[allow(clippy::print_stderr, reason = "this is where the command speaks to people")]
pub fn note(text: &str) {
    eprintln!("cordon: {}", plain_lines(text));
}
