//! `cordon config`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cordon_config::{KEYS, Origin};
use cordon_report::terminal::page::{Tone, span};

use crate::args::{ConfigCommand, Form, Shown};
use crate::ask;
use crate::failure::Failure;
use crate::output::print;
use crate::run::{load, policies, usual_places};

/// Runs the command.
pub fn run(command: &ConfigCommand) -> Result<ExitCode, Failure> {
    match command {
        ConfigCommand::Check { file } => return check(file.as_deref()),
        ConfigCommand::Keys => print(&cordon_config::keys_text())?,
        ConfigCommand::Default => print(&cordon_config::default_file())?,
        ConfigCommand::Show { config, set, shown } => show(config, set, shown)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn check(named: Option<&Path>) -> Result<ExitCode, Failure> {
    let file = match named {
        Some(file) => file.to_owned(),
        None => {
            let places = usual_places();
            let found = places.iter().find(|path| path.exists()).cloned();
            let Some(found) = found else {
                let places: Vec<String> =
                    places.iter().map(|path| path.display().to_string()).collect();
                print(&format!(
                    "There is no configuration file ({}), and none is needed.\n",
                    places.join(", ")
                ))?;
                return Ok(ExitCode::SUCCESS);
            };
            found
        }
    };
    let text = std::fs::read_to_string(&file)
        .map_err(|error| Failure::Other(format!("cannot read {}: {error}", file.display())))?;
    let lines: Vec<String> = match cordon_config::parse(&text, &file.display().to_string()) {
        Ok(settings) => policies::problems(&settings),
        Err(problems) => problems.0.iter().map(ToString::to_string).collect(),
    };
    if lines.is_empty() {
        print(&format!("{}: good\n", file.display()))?;
        return Ok(ExitCode::SUCCESS);
    }
    print(&format!("{}\n", lines.join("\n")))?;
    Ok(ExitCode::from(1))
}

fn show(config: &Option<PathBuf>, set: &[String], shown: &Shown) -> Result<(), Failure> {
    let loaded = load(config, set)?;
    if shown.format == Form::Json {
        let json = serde_json::to_vec(&loaded.view())
            .map_err(|error| Failure::Other(error.to_string()))?;
        return ask::raw(&json);
    }
    let wide = KEYS.iter().map(|key| key.path.len()).max().unwrap_or(0) + 2;
    ask::text(shown.color, |page| {
        for key in KEYS {
            let (tone, origin) = match loaded.settings.origin(key) {
                Origin::Default => (Tone::Normal, "default".to_owned()),
                Origin::File { name, line } => (Tone::Strong, format!("{name}:{line}")),
                Origin::Variable(name) => (Tone::Strong, name),
                Origin::Set => (Tone::Strong, "--set".to_owned()),
            };
            let value = key.text(&loaded.settings.config).unwrap_or_else(|| "none".to_owned());
            page.paragraph(
                &[span(Tone::Faint, format!("{:wide$}", key.path))],
                &[span(tone, value), span(Tone::Faint, format!("  ({origin})"))],
            )?;
        }
        Ok(())
    })
}
