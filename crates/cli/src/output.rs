//! Prints a result in the format asked for.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::Path;
use std::process::ExitCode;

use cordon_report::look::Look;
use cordon_report::terminal::Style;
use cordon_report::{html, markdown, plain, terminal};

use crate::args::{Colour, Format, OutputArgs};
use crate::failure::Failure;

/// Columns where the width of the terminal is not known.
const USUAL_WIDTH: usize = 100;

/// Writes a result to the file or standard output.
pub fn write(look: &Look, args: &OutputArgs) -> Result<(), Failure> {
    match &args.output {
        Some(path) => to_file(path, &render(look, args.format, style(Colour::Never, false))?),
        None => {
            let terminal = io::stdout().is_terminal();
            print(&render(look, args.format, style(args.color, terminal))?)
        }
    }
}

/// Writes text to a file.
pub fn to_file(path: &Path, text: &str) -> Result<(), Failure> {
    bytes_to_file(path, text.as_bytes())
}

/// Writes a file.
pub fn bytes_to_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failure = |source| Failure::Write { path: path.to_owned(), source };
    let mut file = BufWriter::new(File::create(path).map_err(failure)?);
    file.write_all(bytes).and_then(|()| file.flush()).map_err(failure)
}

/// Writes text to standard output.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Failure::Print)
}

/// Prints the JSON Schema of `cordon.look/1`.
pub fn schema() -> Result<ExitCode, Failure> {
    print(&format!("{:#}\n", Look::json_schema()))?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the JSON Schema of the device contract.
pub fn contract_schema() -> Result<ExitCode, Failure> {
    print(&format!("{:#}\n", cordon_contract::json_schema()))?;
    Ok(ExitCode::SUCCESS)
}

/// How to print on this terminal.
pub fn style(colour: Colour, terminal: bool) -> Style {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        .unwrap_or_default()
        .to_uppercase();
    Style {
        colour: match colour {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => terminal && !no_color && !dumb,
        },
        width: terminal_size::terminal_size()
            .map_or(USUAL_WIDTH, |(width, _)| usize::from(width.0)),
        unicode: locale.is_empty() || locale.contains("UTF"),
    }
}

fn render(look: &Look, format: Format, style: Style) -> Result<String, Failure> {
    Ok(match format {
        Format::Text => {
            let mut text = String::new();
            terminal::render(look, style, &mut text)
                .map_err(|error| Failure::Other(error.to_string()))?;
            text
        }
        Format::Json => {
            let mut text = serde_json::to_string_pretty(look)
                .map_err(|error| Failure::Other(error.to_string()))?;
            text.push('\n');
            // Most of it is harmless and is not copied.
            let cleaned = match plain::json(&text) {
                Cow::Borrowed(_) => None,
                Cow::Owned(cleaned) => Some(cleaned),
            };
            cleaned.unwrap_or(text)
        }
        Format::Html => html::render(look),
        Format::Markdown => markdown::render(look),
    })
}
