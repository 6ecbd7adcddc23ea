//! The commands that ask the running service and print what it answers.

mod admin;
mod contract;
mod device;
mod devices;
mod fix;
mod flows;
mod import;
pub mod ledger;
mod mud;
mod probe;
mod status;

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use cordon_report::plain;
use cordon_report::terminal::page::{Page, Tone, span};

use crate::args::{BackupArgs, Colour, Form, Shown};
use crate::failure::Failure;
use crate::output::{print, style};
use crate::passphrase;
use crate::service::{Answer, Service};

pub use admin::admin;
pub use contract::{admit, contract, isolate, prove, release};
pub use device::{device, explain};
pub use devices::devices;
pub use fix::fix;
pub use flows::flows;
pub use import::import;
pub use ledger::ledger;
pub use probe::probe;
pub use status::{status, tone};

/// What a command may print on.
pub type Paper<'o> = Page<'o, String>;

/// `cordon backup`.
pub fn backup(args: &BackupArgs) -> Result<ExitCode, Failure> {
    let service = Service::find(&args.at)?;
    let words = match &args.passphrase_file {
        Some(file) => Some(passphrase::from_file(file)?),
        None if args.seal => Some(passphrase::ask("Passphrase for the backup: ", true)?),
        None => None,
    };
    let mut body = serde_json::json!({ "file": args.name });
    if let (Some(words), Some(body)) = (&words, body.as_object_mut()) {
        body.insert("passphrase".to_owned(), words.as_str().into());
    }
    service.tell("/api/v1/backups", &body)?;
    let key = match words {
        Some(_) => {
            "Its master key opens with the passphrase alone: without it nobody signs in from this backup."
        }
        None => {
            "It holds the master key: keep it as you keep this machine, or make it with --seal."
        }
    };
    print(&format!(
        "Backed up as {name} in the data folder's backups. Copy it to another machine; `cordon restore {name}` brings it back.\n{key}\n",
        name = args.name
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// Prints an answer as the API gave it, or as people read it.
pub fn show<T>(
    answer: &Answer<T>,
    shown: &Shown,
    write: impl FnOnce(&mut Paper, &T) -> std::fmt::Result,
) -> Result<(), Failure> {
    match shown.format {
        Form::Json => raw(&answer.raw),
        Form::Text => text(shown.color, |page| write(page, &answer.value)),
    }
}

/// Prints the API's JSON: the same value, a last line break, and no character that would act on
/// a terminal.
pub fn raw(json: &[u8]) -> Result<(), Failure> {
    let text = String::from_utf8_lossy(json);
    let text = plain::json(&text);
    print(text.strip_suffix('\n').unwrap_or(&text))?;
    print("\n")
}

/// Prints text for people.
pub fn text(
    color: Colour,
    write: impl FnOnce(&mut Paper) -> std::fmt::Result,
) -> Result<(), Failure> {
    let mut text = String::new();
    write(&mut Page::new(style(color, io::stdout().is_terminal()), &mut text))
        .map_err(|error| Failure::Other(error.to_string()))?;
    print(&text)
}

/// `2026-11-02 07:00:13`, which is UTC.
pub fn moment(rfc3339: &str) -> String {
    rfc3339.get(..19).map_or_else(|| rfc3339.to_owned(), |time| time.replace('T', " "))
}

/// `2026-11-02 07:00`, which is UTC.
pub fn minute(rfc3339: &str) -> String {
    rfc3339.get(..16).map_or_else(|| rfc3339.to_owned(), |time| time.replace('T', " "))
}

/// A name with what belongs to it, wrapped.
pub fn entry(page: &mut Paper, name: &str, tone: Tone, value: &str) -> std::fmt::Result {
    page.paragraph(&[span(Tone::Faint, format!("{name:<12}"))], &[span(tone, value)])
}

#[cfg(test)]
pub mod tests {
    use cordon_report::terminal::Style;

    use super::*;

    /// What a device may call itself: it clears the screen, names the window, turns the line,
    /// goes back to its start, and hides a letter.
    pub const HOSTILE: &str =
        "cam\x1b[2J\x1b]0;owned\x07\u{9b}31m\u{202e}gpj\u{2066}\r\nfake\u{200b}\u{7f}";

    /// What a command writes on a terminal without colours.
    pub fn written(write: impl FnOnce(&mut Paper) -> std::fmt::Result) -> String {
        let mut text = String::new();
        let style = Style { colour: false, width: 160, unicode: true };
        write(&mut Page::new(style, &mut text)).unwrap();
        text
    }

    /// Nothing in it acts; the hostile text is there, spelled out.
    pub fn harmless(text: &str) {
        let acts = |c: char| c.is_control() && c != '\n' || "\u{202e}\u{2066}\u{200b}".contains(c);
        assert_eq!(text.chars().find(|c| acts(*c)), None, "{text:?}");
        assert!(text.contains("cam\\x1b["), "{text}");
    }
}
