//! `cordon contract learn`: contracts from captures, without a service.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cordon_contract::learn::{Learned, Learner, Who};
use cordon_contract::words;
use cordon_inventory::InventoryOptions;
use cordon_model::{Fact, Flow, Severity};
use cordon_pipeline::{Pipeline, Sink};
use cordon_report::terminal::page::{Tone, span};

use crate::args::{Form, Shown};
use crate::ask::{Paper, raw, text};
use crate::failure::Failure;
use crate::input::{self, Sources};
use crate::look;

struct Ears(Learner);

impl Sink for Ears {
    fn fact(&mut self, fact: &Fact) {
        self.0.fact(fact);
    }

    fn flow(&mut self, flow: &Flow) {
        self.0.flow(flow);
    }
}

/// Learns, and prints or writes what was learned.
pub fn run(
    captures: &[PathBuf],
    device: Option<&str>,
    out: Option<&Path>,
    shown: &Shown,
) -> Result<ExitCode, Failure> {
    let sources = Sources::find(captures)?;
    let mut pipeline = Pipeline::new(look::options(InventoryOptions::default())?);
    let mut ears = Ears(Learner::new());
    sources.read_with(&mut pipeline, &mut ears, None, false)?;
    pipeline.end_flows(&mut ears);
    let conclusions = pipeline.conclude();
    let devices = &conclusions.devices;
    let who = Who { devices: &devices.devices, index_of: &|party| devices.index_of(party) };
    let mut learned = ears.0.conclude(&who);
    if let Some(name) = device {
        learned.retain(|one| is_called(one, name, &conclusions));
    }
    if learned.is_empty() {
        return Err(Failure::Other(match device {
            Some(name) => format!("no device is called {name:?}; leave --device out to see all"),
            None => "nothing was learned: the capture holds no conversation of a device".to_owned(),
        }));
    }
    if let Some(folder) = out {
        return write_files(&learned, folder);
    }
    match shown.format {
        Form::Json => {
            let contracts: Vec<_> = learned.iter().map(|one| &one.contract).collect();
            raw(&serde_json::to_vec(&contracts).unwrap_or_default())?;
        }
        Form::Text => text(shown.color, |page| learned.iter().try_for_each(|one| tell(page, one)))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn is_called(learned: &Learned, name: &str, conclusions: &cordon_pipeline::Conclusions) -> bool {
    let contract = &learned.contract;
    let device = conclusions.device(&contract.device);
    let ip = name.parse().ok();
    let mac = name.parse().ok();
    contract.device.0 == name
        || contract.name.eq_ignore_ascii_case(name)
        || device.is_some_and(|device| {
            ip.is_some_and(|ip| device.ips.contains(&ip))
                || mac.is_some_and(|mac| device.macs.contains(&mac))
        })
}

fn write_files(learned: &[Learned], folder: &Path) -> Result<ExitCode, Failure> {
    let failed = |path: &Path, error: std::io::Error| {
        Failure::Other(format!("{}: {error}; name another folder", path.display()))
    };
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    for one in learned {
        let safe = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
        let name: String = one.contract.device.0.chars().map(safe).collect();
        let path = folder.join(format!("{name}.json"));
        let text = serde_json::to_string_pretty(&one.contract).unwrap_or_default();
        std::fs::write(&path, text).map_err(|error| failed(&path, error))?;
    }
    input::note(&format!("{} contracts written to {}", learned.len(), folder.display()));
    Ok(ExitCode::SUCCESS)
}

fn tell(page: &mut Paper, learned: &Learned) -> std::fmt::Result {
    let told = words::tell(&learned.contract);
    page.heading(&learned.contract.name)?;
    for line in &told.about {
        page.paragraph(&[], &[span(Tone::Normal, line.as_str())])?;
    }
    for part in &told.parts {
        page.paragraph(&[], &[span(Tone::Strong, format!("{}:", part.title))])?;
        for line in &part.lines {
            let mut exactly = String::new();
            write!(exactly, "  [{}]", line.exactly)?;
            page.paragraph(
                &[span(Tone::Normal, "  - ")],
                &[span(Tone::Normal, line.says.as_str()), span(Tone::Faint, exactly)],
            )?;
        }
    }
    for held in &learned.held {
        page.paragraph(
            &[span(Tone::Severity(Severity::High), "  held back: ")],
            &[
                span(Tone::Normal, words::sentence(&held.entry)),
                span(Tone::Faint, format!("  {}", held.suspicion.says())),
            ],
        )?;
    }
    page.paragraph(&[], &[span(Tone::Faint, told.rest.as_str())])
}
