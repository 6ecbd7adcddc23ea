//! From what a person typed to the files that are read.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use crate::{CaptureError, FileSource};

/// One input that can be opened.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum InputPath {
    /// Standard input, written `-`.
    Stdin,
    /// A file, or a pipe with a name.
    File(PathBuf),
}

impl fmt::Display for InputPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InputPath::Stdin => f.write_str("-"),
            InputPath::File(path) => path.display().fmt(f),
        }
    }
}

/// What to read, and what was left out.
#[derive(Debug, Default)]
pub struct Inputs {
    /// In the order given; the files of a folder sorted by path.
    pub paths: Vec<InputPath>,
    /// Files inside folders that are not captures.
    pub skipped: u64,
    /// Files and folders inside folders that could not be opened.
    pub unreadable: Vec<CaptureError>,
}

/// Replaces every folder by the captures in it and below it. `-` is standard input; a file that
/// is named stands for itself, whatever is in it.
///
/// # Errors
/// Where a path does not exist, or a folder holds no capture.
pub fn expand(paths: &[PathBuf]) -> Result<Inputs, CaptureError> {
    let mut inputs = Inputs::default();
    for path in paths {
        if path.as_os_str() == "-" {
            inputs.paths.push(InputPath::Stdin);
            continue;
        }
        let meta = fs::metadata(path).map_err(|error| CaptureError::opening(path, error))?;
        if meta.is_dir() {
            expand_folder(path, &mut inputs)?;
        } else {
            inputs.paths.push(InputPath::File(path.clone()));
        }
    }
    Ok(inputs)
}

fn expand_folder(root: &Path, inputs: &mut Inputs) -> Result<(), CaptureError> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    let (skipped_before, unreadable_before) = (inputs.skipped, inputs.unreadable.len());
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if folder == root => return Err(CaptureError::opening(root, error)),
            Err(error) => {
                inputs.unreadable.push(CaptureError::opening(&folder, error));
                continue;
            }
        };
        for entry in entries.flatten() {
            let path = entry.path();
            // A link to a folder is not followed: it may lead back here. Pipes and devices could
            // block for ever.
            let linked_file = || fs::metadata(&path).is_ok_and(|meta| meta.is_file());
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(path),
                Ok(kind) if kind.is_file() || linked_file() => found.push(path),
                _ => inputs.skipped += 1,
            }
        }
    }
    found.sort_unstable();
    let before = inputs.paths.len();
    for path in found {
        let input = InputPath::File(path);
        match FileSource::open(&input, 0) {
            Ok(_) => inputs.paths.push(input),
            Err(CaptureError::NotACapture { .. } | CaptureError::Empty { .. }) => {
                inputs.skipped += 1;
            }
            Err(error) => inputs.unreadable.push(error),
        }
    }
    if inputs.paths.len() > before {
        return Ok(());
    }
    // Nothing but files that may not be read: that is what has to be said.
    if inputs.unreadable.len() > unreadable_before
        && let Some(error) = inputs.unreadable.pop()
    {
        return Err(error);
    }
    let skipped = inputs.skipped - skipped_before;
    Err(CaptureError::NothingInside { path: root.to_path_buf(), skipped })
}
