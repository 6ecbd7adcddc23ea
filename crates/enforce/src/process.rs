//! Other programs, with an end to their time and their words.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// Most that a program may say: a listing of a million elements.
const MAX_OUTPUT: u64 = 256 << 20;

/// Where system programs are; not from `PATH`, which is whoever's started us.
const FOLDERS: [&str; 4] = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"];

/// What a program said.
pub(crate) struct Said {
    /// Whether it ended well.
    pub(crate) good: bool,
    pub(crate) out: Vec<u8>,
    pub(crate) err: String,
}

/// Why a program said nothing.
#[derive(Debug)]
pub(crate) enum Failed {
    Missing,
    Slow,
    Other(String),
}

/// Where a program is.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    FOLDERS.iter().map(|folder| Path::new(folder).join(program)).find(|path| path.is_file())
}

/// Runs a program to its end, with an input.
#[allow(clippy::disallowed_methods, reason = "an effect: nft speaks to the kernel")]
pub(crate) fn run(
    program: &'static str,
    arguments: &[&str],
    input: Vec<u8>,
    patience: Duration,
) -> Result<Said, Failed> {
    let path = find(program).ok_or(Failed::Missing)?;
    let mut child = Command::new(path)
        .args(arguments)
        .env_clear()
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| Failed::Other(error.to_string()))?;
    if let Some(mut stdin) = child.stdin.take() {
        // Beside, so that a program that speaks before it has read all does not wait for ever. That
        // it ended without reading shows in what it says.
        std::thread::spawn(move || drop(stdin.write_all(&input)));
    }
    let (done, ended) = mpsc::channel();
    let mut readers = 0;
    let pipes: [Option<Box<dyn std::io::Read + Send>>; 2] = [
        child.stdout.take().map(|pipe| Box::new(pipe) as Box<dyn std::io::Read + Send>),
        child.stderr.take().map(|pipe| Box::new(pipe) as Box<dyn std::io::Read + Send>),
    ];
    for (place, pipe) in pipes.into_iter().enumerate() {
        let (Some(pipe), done) = (pipe, done.clone()) else { continue };
        readers += 1;
        std::thread::spawn(move || {
            let mut said = Vec::new();
            // What cannot be read was not said.
            let _ = pipe.take(MAX_OUTPUT).read_to_end(&mut said);
            let _ = done.send((place, said));
        });
    }
    let mut said = [Vec::new(), Vec::new()];
    for _ in 0..readers {
        match ended.recv_timeout(patience) {
            Ok((place, text)) => {
                if let Some(slot) = said.get_mut(place) {
                    *slot = text;
                }
            }
            Err(_) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(Failed::Slow);
            }
        }
    }
    let status = child.wait().map_err(|error| Failed::Other(error.to_string()))?;
    let [out, err] = said;
    Ok(Said { good: status.success(), out, err: String::from_utf8_lossy(&err).into_owned() })
}

/// What matters of many words: the first line that speaks of an error, harmless and short.
pub(crate) fn first_error(err: &str) -> String {
    const LONGEST: usize = 300;
    let line = err
        .lines()
        .find(|line| line.contains("rror"))
        .or_else(|| err.lines().find(|line| !line.trim().is_empty()))
        .unwrap_or("no reason given");
    line.chars().filter(|letter| !letter.is_control()).take(LONGEST).collect()
}
