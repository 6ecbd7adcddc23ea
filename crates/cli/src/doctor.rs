//! `cordon doctor`: whether this machine is ready, tried out and looked at without changing it.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use cordon_capture::live;
use cordon_config::Config;
use cordon_crypto::tls::Identity;
use cordon_guard::doctor::{
    Certificate, Check, Inputs, Interface, InterfaceState, Machine, Places, Verdict, checks,
};
use cordon_guard::{Plan, give_up};
use cordon_report::terminal::page::{Tone, span};
use cordon_service::clock::{Clock as _, SystemClock};
use serde_json::json;

use crate::args::{DoctorArgs, Form};
use crate::ask;
use crate::failure::Failure;
use crate::output::print;
use crate::run::{data_folder, load, worth_listening};
use crate::service::is_running;

/// Memory besides the rings: database, history, pages and devices.
const BUFFERS: u64 = 256 << 20;

/// Runs the command.
pub fn run(args: &DoctorArgs) -> Result<ExitCode, Failure> {
    let assignments: Vec<String> = args
        .data
        .iter()
        .map(|data| std::path::absolute(data).unwrap_or_else(|_| data.clone()))
        .map(|data| format!("data.dir={:?}", data.display().to_string()))
        .collect();
    let loaded = load(&args.config, &assignments)?;
    let config = &loaded.settings.config;
    let data = data_folder(config);
    let named: Vec<String> = match args.interfaces.is_empty() {
        true => config.capture.interfaces.iter().map(|name| name.as_str().to_owned()).collect(),
        false => args.interfaces.clone(),
    };
    let interfaces = if named.is_empty() { worth_listening() } else { named };
    let places =
        Places { data: data.clone(), listen: config.web.listen, running: is_running(&data) };
    let inputs = Inputs {
        machine: Machine::look(&places),
        interfaces: interfaces.iter().map(|name| interface(name)).collect(),
        clock_synchronised: live::clock_is_synchronised().ok(),
        certificate: certificate(config),
        now: SystemClock.now().secs(),
        ring: config.capture.ring.bytes(),
        buffers: BUFFERS,
        min_free: config.history.min_free.bytes(),
    };
    let mut found = checks(&inputs);
    found.extend(trial()?);
    // The worst last, where the eye is.
    found.sort_by_key(|check| check.verdict);
    tell(&found, args)?;
    let bad = found.iter().any(|check| check.verdict == Verdict::Bad);
    Ok(if bad { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn tell(found: &[Check], args: &DoctorArgs) -> Result<(), Failure> {
    if args.shown.format == Form::Json {
        let rows: Vec<serde_json::Value> = found
            .iter()
            .map(|check| {
                json!({
                    "name": check.name,
                    "verdict": check.verdict.as_str(),
                    "says": check.says,
                    "fix": Some(&check.do_this).filter(|fix| !fix.is_empty()),
                })
            })
            .collect();
        return ask::raw(serde_json::Value::Array(rows).to_string().as_bytes());
    }
    ask::text(args.shown.color, |page| {
        for check in found {
            let verdict = check.verdict.as_str();
            page.paragraph(
                &[span(ask::tone(verdict), format!("{verdict:<9}"))],
                &[
                    span(Tone::Strong, format!("{}: ", check.name)),
                    span(Tone::Normal, check.says.as_str()),
                ],
            )?;
            if !check.do_this.is_empty() {
                page.paragraph(
                    &[span(Tone::Normal, " ".repeat(9)), span(Tone::Good, "Do: ")],
                    &[span(Tone::Normal, check.do_this.as_str())],
                )?;
            }
        }
        Ok(())
    })
}

fn interface(name: &str) -> Interface {
    let state = live::link_state(name).ok().map(|state| InterfaceState {
        up: state.up,
        carrier: state.carrier,
        joins_packets: state.joins_packets == Some(true)
            || state.hardware_joins_packets == Some(true),
    });
    Interface { name: name.to_owned(), state }
}

/// The operator's own; one of our making renews itself.
fn certificate(config: &Config) -> Option<Certificate> {
    let (chain, key) = config.web.certificate.as_ref().zip(config.web.key.as_ref())?;
    let identity = Identity::from_files(chain.as_path(), key.as_path()).ok()?;
    Some(Certificate { from: identity.valid_from().secs(), until: identity.expires().secs() })
}

/// What the kernel grants of what the service gives up: a child tries, and is gone.
fn trial() -> Result<Vec<Check>, Failure> {
    let failed =
        |error: std::io::Error| Failure::Other(format!("the guard cannot be tried: {error}"));
    let own = std::env::current_exe().map_err(failed)?;
    #[allow(
        clippy::disallowed_methods,
        reason = "rights are given up for good, so a child does it"
    )]
    let output = Command::new(own)
        .arg("guard-trial")
        .arg(std::env::temp_dir())
        .stdin(Stdio::null())
        .output()
        .map_err(failed)?;
    let rows: Vec<[String; 4]> = serde_json::from_slice(&output.stdout).unwrap_or_default();
    if rows.is_empty() {
        let says = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Ok(vec![Check {
            name: "guard".to_owned(),
            verdict: Verdict::Bad,
            says: format!("rights cannot be given up: {says}"),
            do_this: "run it on a kernel that allows it".to_owned(),
        }]);
    }
    Ok(rows
        .into_iter()
        .map(|[name, outcome, says, do_this]| Check {
            name: format!("guard {name}"),
            verdict: if outcome == "in force" { Verdict::Good } else { Verdict::Warning },
            says: format!("{outcome}: {says}"),
            do_this,
        })
        .collect())
}

/// Gives everything up and says what became of it; run in a child.
pub fn guard_trial(folder: &Path) -> Result<ExitCode, Failure> {
    let plan = Plan { write: vec![folder.to_owned()], ..Plan::default() };
    let standing = give_up(&plan).map_err(|error| Failure::Other(error.to_string()))?;
    let rows: Vec<[&str; 4]> = standing
        .measures
        .iter()
        .map(|measure| [measure.name, measure.outcome.as_str(), &measure.says, measure.do_this])
        .collect();
    print(&json!(rows).to_string())?;
    Ok(ExitCode::SUCCESS)
}
