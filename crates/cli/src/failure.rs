//! Errors that end a command: one line that says what to do, exit code 2.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use cordon_capture::CaptureError;
use cordon_report::plain::plain_lines;

/// Why a command ended without its result.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// An input cannot be read.
    #[error("{0}")]
    Capture(#[from] CaptureError),
    /// A name is neither a file nor an interface.
    #[error("{name} is neither a file nor a network interface; interfaces here: {}", interfaces.join(", "))]
    Neither { name: String, interfaces: Vec<String> },
    /// The result cannot be written.
    #[error("cannot write {}: {source}; name another place with --output", path.display())]
    Write { path: PathBuf, source: io::Error },
    /// Standard output went away.
    #[error("cannot write to standard output: {0}")]
    Print(io::Error),
    /// A pattern folder cannot be read.
    #[error("cannot read patterns from {}: {why}", path.display())]
    Patterns { path: PathBuf, why: String },
    /// The operating system gives no random numbers.
    #[error("the operating system gives no random numbers: {0}")]
    Random(getrandom::Error),
    /// The built-in lab is broken.
    #[error("the demo site cannot be built: {0}")]
    Lab(String),
    /// Something went wrong that nobody thought of.
    #[error("{0}")]
    Other(String),
}

impl Failure {
    /// Prints the one line, which may quote a service or a file that means ill; a reader that closed the pipe has what it wanted.
    pub fn report(self) -> ExitCode {
        if let Failure::Print(error) = &self
            && error.kind() == io::ErrorKind::BrokenPipe
        {
            return ExitCode::SUCCESS;
        }
        #[allow(clippy::print_stderr, reason = "this is where the command speaks to people")]
        {
            eprintln!("cordon: {}", plain_lines(&self.to_string()));
        }
        ExitCode::from(2)
    }
}
