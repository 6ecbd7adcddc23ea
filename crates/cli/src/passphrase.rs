//! A passphrase: from a file, or from whoever sits at the terminal.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::Path;

use cordon_crypto::PASSPHRASE_MAX;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::failure::Failure;

/// The first line of a file; `-` is standard input.
pub fn from_file(path: &Path) -> Result<String, Failure> {
    let failed = |error: std::io::Error| {
        Failure::Other(format!("cannot read the passphrase in {}: {error}", path.display()))
    };
    let source: Box<dyn Read> = match path.to_str() {
        Some("-") => Box::new(std::io::stdin()),
        _ => Box::new(File::open(path).map_err(failed)?),
    };
    first_line(source).map_err(failed)
}

/// Asks at the terminal, without showing what is typed; `twice` where a slip would lock it away.
pub fn ask(what: &str, twice: bool) -> Result<String, Failure> {
    let nobody = |error: std::io::Error| {
        Failure::Other(format!(
            "nobody can be asked for the passphrase here ({error}); give it with --passphrase-file"
        ))
    };
    let terminal = File::options().read(true).write(true).open("/dev/tty").map_err(nobody)?;
    let quiet = Quiet::make(&terminal).map_err(nobody)?;
    let mut lines = BufReader::new(&terminal);
    let mut line = |words: &str| {
        (&terminal).write_all(words.as_bytes())?;
        let mut line = String::new();
        (&mut lines).take(PASSPHRASE_MAX as u64 + 2).read_line(&mut line)?;
        (&terminal).write_all(b"\n")?;
        Ok(without_end(line))
    };
    let first = line(what).map_err(nobody)?;
    if twice && line("The same again: ").map_err(nobody)? != first {
        return Err(Failure::Other("the two differ; try again".to_owned()));
    }
    drop(quiet);
    Ok(first)
}

fn first_line(source: impl Read) -> std::io::Result<String> {
    let mut line = String::new();
    BufReader::new(source.take(PASSPHRASE_MAX as u64 + 2)).read_line(&mut line)?;
    Ok(without_end(line))
}

fn without_end(mut line: String) -> String {
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    line
}

/// A terminal that does not show what is typed, until this is dropped.
struct Quiet<'t> {
    terminal: &'t File,
    before: Termios,
}

impl<'t> Quiet<'t> {
    fn make(terminal: &'t File) -> std::io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        tcsetattr(terminal, OptionalActions::Flush, &quiet)?;
        Ok(Quiet { terminal, before })
    }
}

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        // There is nobody to tell that it stays quiet.
        let _ = tcsetattr(self.terminal, OptionalActions::Flush, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_line_is_no_part_of_a_passphrase_and_spaces_are() {
        let read = |text: &str| first_line(text.as_bytes()).unwrap();
        for text in [" two words ", " two words \n", " two words \r\nmore"] {
            assert_eq!(read(text), " two words ");
        }
        assert_eq!(read(""), "");
    }
}
