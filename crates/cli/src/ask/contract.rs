//! `cordon contract`, `prove`, `isolate`, `release`, `admit`.

mod diff;
mod write;

use std::path::Path;
use std::process::ExitCode;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cordon_service::view::{
    Changed, ContractDiffView, ContractRow, ContractView, MudView, Page, ProofView, RehearsalView,
    RulesView, StepView, ZonesView,
};
use serde_json::{Value, json};

use super::show;
use crate::args::{
    AdmitArgs, ContractArgs, ContractCommand, How, IsolateArgs, ProveArgs, Reach, ReleaseArgs,
    Shown, Stage,
};
use crate::failure::Failure;
use crate::learn;
use crate::output::print;
use crate::service::{Service, encode, query};

/// Largest file that is sent.
const MAX_FILE: u64 = 1 << 20;

/// `cordon contract`.
pub fn contract(args: &ContractArgs) -> Result<ExitCode, Failure> {
    let shown = &args.shown;
    if let ContractCommand::Learn { captures, device, out } = &args.command {
        return learn::run(captures, device.as_deref(), out.as_deref(), shown);
    }
    let service = Service::find(&args.at)?;
    match &args.command {
        ContractCommand::Learn { .. } => {}
        ContractCommand::List { state, news } => {
            let news = news.then(|| "yes".to_owned());
            let limit = Some("500".to_owned());
            let parts = [("state", state.clone()), ("news", news), ("limit", limit)];
            let page = service.get::<Page<ContractRow>>(&query("/api/v1/contracts", &parts))?;
            show(&page, shown, write::list)?;
        }
        ContractCommand::Show { device } => {
            let answer = service.get::<ContractView>(&of(device, ""))?;
            show(&answer, shown, write::contract)?;
        }
        ContractCommand::Diff { device, from, to } => {
            let parts = [("from", from.clone()), ("to", to.clone())];
            let path = query(&of(device, "/diff"), &parts);
            show(&service.get::<ContractDiffView>(&path)?, shown, diff::write)?;
        }
        ContractCommand::Rehearse { devices, from, to, proposed } => {
            let body = json!({ "devices": devices, "from": from, "to": to, "proposed": proposed });
            let answer = service.post::<RehearsalView>("/api/v1/rehearsals", &body)?;
            show(&answer, shown, write::rehearsal)?;
        }
        ContractCommand::Adopt { device, only, without, how } => {
            let body = with(
                how,
                json!({
                    "proposed": only.is_empty(), "admit": only, "remove": without,
                }),
            );
            changed(&service, &of(device, "/adopt"), &body, shown)?;
        }
        ContractCommand::Enforce { devices, stage, how } => {
            let stage = match stage {
                Stage::Watch => "watch",
                Stage::Warn => "warn",
                Stage::Enforce => "enforce",
            };
            let body = with(how, json!({ "devices": devices, "stage": stage }));
            changed(&service, "/api/v1/stages", &body, shown)?;
        }
        ContractCommand::Rules => {
            show(&service.get::<RulesView>("/api/v1/rules")?, shown, write::rules)?;
        }
        ContractCommand::Confirm => {
            let answer = service.post::<RulesView>("/api/v1/rules/confirm", &json!({}))?;
            show(&answer, shown, write::rules)?;
        }
        ContractCommand::Undo { step } => return undo(&service, *step, shown),
        ContractCommand::Steps => {
            let page = service.get::<Page<StepView>>("/api/v1/steps?limit=100")?;
            show(&page, shown, write::steps)?;
        }
        ContractCommand::ImportMud { device, file, signature, authority, how } => {
            let text = String::from_utf8_lossy(&read(file)?).into_owned();
            let signature = signature.as_deref().map(read).transpose()?;
            let authority = authority.as_deref().map(read).transpose()?;
            let body = with(
                how,
                json!({
                    "file": text,
                    "signature": signature.map(|bytes| STANDARD.encode(bytes)),
                    "authorities": authority.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
                }),
            );
            changed(&service, &of(device, "/mud"), &body, shown)?;
        }
        ContractCommand::ExportMud { device } => {
            let answer = service.get::<MudView>(&of(device, "/mud"))?;
            for unsaid in &answer.value.unsaid {
                crate::input::note(&format!("not in the file: {unsaid}"));
            }
            let file = serde_json::to_string_pretty(&answer.value.file).unwrap_or_default();
            print(&cordon_report::plain::json(&file))?;
            print("\n")?;
        }
        ContractCommand::Zones => {
            show(&service.get::<ZonesView>("/api/v1/zones")?, shown, write::zones)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// `cordon prove`.
pub fn prove(args: &ProveArgs) -> Result<ExitCode, Failure> {
    let service = Service::find(&args.at)?;
    let keep = (args.keep || args.let_go).then_some(args.keep);
    let to = args.to.clone().unwrap_or_default();
    let body = json!({ "from": args.from, "to": to, "keep": keep });
    let answer = service.post::<ProofView>("/api/v1/proofs", &body)?;
    show(&answer, &args.shown, write::proof)?;
    if let Some(path) = &args.output {
        let text = serde_json::to_string_pretty(&answer.value.envelope).unwrap_or_default();
        std::fs::write(path, text)
            .map_err(|error| Failure::Other(format!("{}: {error}", path.display())))?;
    }
    // For scripts that must not go on where a path is open.
    Ok(match answer.value.answer.as_str() {
        "possible" if args.to.is_some() => ExitCode::from(1),
        _ => ExitCode::SUCCESS,
    })
}

/// `cordon isolate`.
pub fn isolate(args: &IsolateArgs) -> Result<ExitCode, Failure> {
    let reach = match args.reach {
        Reach::Off => "off",
        Reach::LocalOnly => "local-only",
        Reach::InternetOnly => "internet-only",
    };
    let body = with(&args.how, json!({ "devices": args.devices, "reach": reach }));
    changed(&Service::find(&args.at)?, "/api/v1/switches", &body, &args.shown)?;
    Ok(ExitCode::SUCCESS)
}

/// `cordon release`.
pub fn release(args: &ReleaseArgs) -> Result<ExitCode, Failure> {
    let body = with(&args.how, json!({ "devices": args.devices, "reach": "normal" }));
    changed(&Service::find(&args.at)?, "/api/v1/switches", &body, &args.shown)?;
    Ok(ExitCode::SUCCESS)
}

/// `cordon admit`.
pub fn admit(args: &AdmitArgs) -> Result<ExitCode, Failure> {
    let body =
        with(&args.how, json!({ "proposed": args.entries.is_empty(), "admit": args.entries }));
    changed(&Service::find(&args.at)?, &of(&args.device, "/adopt"), &body, &args.shown)?;
    Ok(ExitCode::SUCCESS)
}

/// Rules on trial go first: they are what somebody who asks for it regrets.
fn undo(service: &Service, step: Option<u64>, shown: &Shown) -> Result<ExitCode, Failure> {
    let rules = service.get::<RulesView>("/api/v1/rules")?;
    if step.is_none() && rules.value.state == "trial" {
        let answer = service.post::<RulesView>("/api/v1/rules/take-back", &json!({}))?;
        show(&answer, shown, write::rules)?;
        return Ok(ExitCode::SUCCESS);
    }
    let path = match step {
        Some(step) => format!("/api/v1/steps/{step}/undo"),
        None => "/api/v1/steps/undo".to_owned(),
    };
    changed(service, &path, &json!({}), shown)?;
    Ok(ExitCode::SUCCESS)
}

fn changed(service: &Service, path: &str, body: &Value, shown: &Shown) -> Result<(), Failure> {
    show(&service.post::<Changed>(path, body)?, shown, write::changed)
}

fn of(device: &str, what: &str) -> String {
    format!("/api/v1/contracts/{}{what}", encode(device))
}

fn with(how: &How, mut body: Value) -> Value {
    if let Some(body) = body.as_object_mut() {
        body.insert("rehearse".to_owned(), how.rehearse.into());
        body.insert("reason".to_owned(), how.why.as_str().into());
    }
    body
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |why: String| Failure::Other(format!("{}: {why}", path.display()));
    let length = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?.len();
    if length > MAX_FILE {
        return Err(failed("is larger than any such file; name another".to_owned()));
    }
    std::fs::read(path).map_err(|error| failed(error.to_string()))
}
