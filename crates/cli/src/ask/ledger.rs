//! `cordon ledger`.

use std::io::BufReader;
use std::path::Path;
use std::process::ExitCode;

use cordon_crypto::{Ed25519, KeyFile, SigningKey, Vault};
use cordon_ledger::export::{ExportError, verify_export};
use cordon_ledger::{Auditor, Checkpoint, List, LogKey, Notes, Row};
use cordon_model::Severity;
use cordon_report::terminal::page::{Tone, span};
use cordon_report::words;
use cordon_service::view::{LedgerHead, LedgerRow, Page};
use cordon_store::{Archive, CHECKPOINTS};

use super::flows::written;
use super::{Paper, entry, moment, raw, show, text};
use crate::args::{Form, HeadPart, LedgerArgs, LedgerCommand, Shown, VerifyArgs};
use crate::failure::Failure;
use crate::run::{SITE, ledger_origin};
use crate::service::{Service, folder, is_running, query, runtime};

/// Longest saved checkpoint or key file that is looked at, in bytes.
const NOTE: u64 = 64 << 10;

/// Runs the command.
pub fn ledger(args: &LedgerArgs) -> Result<ExitCode, Failure> {
    match &args.command {
        LedgerCommand::List { limit, cursor, shown } => {
            let parts = [("cursor", cursor.clone()), ("limit", Some(limit.to_string()))];
            let service = Service::find(&args.at)?;
            let answer = service.get::<Page<LedgerRow>>(&query("/api/v1/ledger", &parts))?;
            show(&answer, shown, list)?;
        }
        LedgerCommand::Head { only, shown } => {
            let answer = Service::find(&args.at)?.get::<LedgerHead>("/api/v1/ledger/head")?;
            match only {
                Some(HeadPart::Checkpoint) => raw(answer.value.checkpoint.as_bytes())?,
                Some(HeadPart::Key) => raw(answer.value.public_key.as_bytes())?,
                None => show(&answer, shown, head)?,
            }
        }
        LedgerCommand::Export { output } => {
            let content = Service::find(&args.at)?.file("/api/v1/ledger/export")?;
            if output.as_os_str() == "-" {
                raw(&content)?;
            } else {
                return written(output, &content);
            }
        }
        LedgerCommand::Verify(verify) => return self::verify(args, verify),
    }
    Ok(ExitCode::SUCCESS)
}

fn list(page: &mut Paper, rows: &Page<LedgerRow>) -> std::fmt::Result {
    for row in &rows.items {
        let detail: Vec<String> = row
            .detail
            .iter()
            .map(|(key, value)| format!("{}: {}", key.replace('_', " "), short(value)))
            .collect();
        let subject = if row.is_about_its_actor() { "" } else { row.subject_label.as_str() };
        let detail = match detail.is_empty() {
            true => String::new(),
            false => format!(" ({})", detail.join(", ")),
        };
        page.paragraph(
            &[span(Tone::Faint, format!("{:>6}  {}  ", row.index, moment(&row.at)))],
            &[
                span(Tone::Strong, row.actor_label.as_str()),
                span(Tone::Normal, format!(" {} {subject}", row.action_title)),
                span(Tone::Faint, detail),
            ],
        )?;
    }
    let more = if rows.next.is_some() { "; --cursor goes on" } else { "" };
    let all = words::counted(rows.total.unwrap_or_default(), "record", "records");
    page.paragraph(&[], &[span(Tone::Faint, format!("{all} in all{more}"))])
}

/// A time to the second; anything else as it is.
fn short(value: &str) -> String {
    match value.parse::<jiff::Timestamp>() {
        Ok(_) => format!("{} UTC", moment(value)),
        Err(_) => value.to_owned(),
    }
}

fn head(page: &mut Paper, head: &LedgerHead) -> std::fmt::Result {
    entry(page, "records", Tone::Normal, &words::count(head.size))?;
    entry(page, "key", Tone::Normal, &head.public_key)?;
    entry(page, "verified", Tone::Normal, &head.says)?;
    page.blank()?;
    for line in head.checkpoint.lines() {
        page.line(&[span(Tone::Normal, line)])?;
    }
    page.blank()?;
    page.paragraph(
        &[],
        &[span(Tone::Faint, "Keep the key and this checkpoint elsewhere (--only checkpoint, --only key): with them anybody can tell whether a record before it was changed, removed or cut off.")],
    )
}

fn verify(args: &LedgerArgs, verify: &VerifyArgs) -> Result<ExitCode, Failure> {
    let saved = verify.checkpoint.as_deref().map(read).transpose()?;
    if let Some(export) = &verify.export {
        let key = match &verify.key {
            Some(key) => key_of(key)?,
            None => {
                return Err(Failure::Other("give the ledger's public key with --key".to_owned()));
            }
        };
        return tell(of_export(export, saved.as_deref(), &key)?, &verify.shown);
    }
    if args.at.server.is_none() {
        let data = folder(&args.at.data, &args.at.config)?;
        if !is_running(&data) && data.join(cordon_store::DATABASE).exists() {
            return tell(at_rest(&data, saved.as_deref(), verify.key.as_deref())?, &verify.shown);
        }
    }
    let service = Service::find(&args.at)?;
    if let Some(saved) = &saved {
        // What was kept elsewhere is compared here, not by who is to be checked.
        let export = service.file("/api/v1/ledger/export")?;
        let key = match &verify.key {
            Some(key) => key_of(key)?,
            None => {
                let head = service.get::<LedgerHead>("/api/v1/ledger/head")?.value;
                head.public_key.parse().map_err(|error| Failure::Other(format!("{error}")))?
            }
        };
        let verdict = judge(verify_export(&mut export.as_slice(), Some(saved), &key, &Ed25519))?;
        return tell(verdict, &verify.shown);
    }
    let answer = service.get::<LedgerHead>("/api/v1/ledger/head?verify=true")?;
    if verify.shown.format == Form::Json {
        raw(&answer.raw)?;
        return Ok(if answer.value.good { ExitCode::SUCCESS } else { ExitCode::from(1) });
    }
    let LedgerHead { good, says, .. } = answer.value;
    tell(Verdict { good, says }, &verify.shown)
}

/// What an audit came to.
struct Verdict {
    good: bool,
    says: String,
}

fn tell(verdict: Verdict, shown: &Shown) -> Result<ExitCode, Failure> {
    match shown.format {
        Form::Json => {
            let json = serde_json::json!({ "good": verdict.good, "says": verdict.says });
            raw(json.to_string().as_bytes())?;
        }
        Form::Text => text(shown.color, |page| {
            let (tone, head) = match verdict.good {
                true => (Tone::Good, "good: "),
                false => (Tone::Severity(Severity::Critical), "bad: "),
            };
            page.paragraph(&[span(tone, head)], &[span(Tone::Normal, verdict.says.as_str())])
        })?,
    }
    Ok(if verdict.good { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn of_export(file: &Path, saved: Option<&str>, key: &LogKey) -> Result<Verdict, Failure> {
    let opened = std::fs::File::open(file)
        .map_err(|error| Failure::Other(format!("cannot read {}: {error}", file.display())))?;
    let checked = verify_export(&mut BufReader::new(opened), saved, key, &Ed25519);
    let mut verdict = judge(checked)?;
    if verdict.good && saved.is_none() {
        verdict.says.push_str(
            "; give --checkpoint with one kept elsewhere to be sure that nothing was cut off at its end",
        );
    }
    Ok(verdict)
}

/// A ledger that is not what was signed is an answer; a file that cannot be read is a failure.
fn judge(checked: Result<cordon_ledger::Verified, ExportError>) -> Result<Verdict, Failure> {
    match checked {
        Ok(verified) => Ok(signed(verified.size)),
        Err(ExportError::Fault(fault)) => Ok(Verdict { good: false, says: fault.to_string() }),
        Err(error @ (ExportError::Malformed { .. } | ExportError::Incomplete)) => {
            Ok(Verdict { good: false, says: error.to_string() })
        }
        Err(error) => Err(Failure::Other(error.to_string())),
    }
}

fn signed(size: u64) -> Verdict {
    let records = words::counted(size, "record is", "records are");
    Verdict { good: true, says: format!("all {records} what was signed") }
}

/// The ledger in the folder of a service that does not run.
fn at_rest(data: &Path, saved: Option<&str>, key: Option<&str>) -> Result<Verdict, Failure> {
    let key = match key {
        Some(key) => key_of(key)?,
        None => own_key(data)?,
    };
    if let Some(saved) = saved {
        Checkpoint::verify(saved, &key, &Ed25519).map_err(|error| {
            Failure::Other(format!("the saved checkpoint cannot be used: {error}"))
        })?;
    }
    let beside = std::fs::read_to_string(data.join(CHECKPOINTS)).unwrap_or_default();
    let mut auditor = Auditor::new(key, &Ed25519);
    saved.into_iter().for_each(|text| auditor.checkpoint(List::Saved, text));
    for note in Notes::new(&beside) {
        auditor.checkpoint(List::File, note);
    }
    let other = |error: cordon_store::StoreError| Failure::Other(error.to_string());
    runtime()?.block_on(async {
        let archive = Archive::open(data, &SITE.into()).await.map_err(other)?;
        let mut from = 0;
        loop {
            let page = archive.checkpoints(from).await.map_err(other)?;
            let Some(last) = page.last().map(|one| one.size) else { break };
            page.iter().for_each(|one| auditor.checkpoint(List::Database, &one.text));
            from = last.saturating_add(1);
        }
        let mut from = 0;
        loop {
            let page = archive.ledger(from).await.map_err(other)?;
            let Some(last) = page.last().map(|row| row.index) else { break };
            for row in &page {
                auditor.row(Row { index: row.index, record: &row.record, leaf: row.leaf });
            }
            from = last.saturating_add(1);
        }
        archive.close().await;
        Ok(match auditor.finish() {
            Ok(verified) => signed(verified.size),
            Err(fault) => Verdict { good: false, says: fault.to_string() },
        })
    })
}

/// The public half of the key that signs in this folder.
pub fn own_key(data: &Path) -> Result<LogKey, Failure> {
    let missing = |error: cordon_crypto::CryptoError| {
        Failure::Other(format!(
            "the ledger's public key is sealed and does not open: {error}; give it with --key"
        ))
    };
    let master = KeyFile::open(&data.join("master.key")).map_err(missing)?;
    let origin = ledger_origin()?;
    let key = SigningKey::open(&data.join("ledger.key"), &Vault::new(&master), &origin)
        .map_err(missing)?;
    Ok(key.log_key(&origin))
}

fn key_of(given: &str) -> Result<LogKey, Failure> {
    let path = Path::new(given);
    let text = if path.is_file() { read(path)? } else { given.to_owned() };
    text.trim().parse().map_err(|error| Failure::Other(format!("--key: {error}")))
}

fn read(path: &Path) -> Result<String, Failure> {
    use std::io::Read as _;
    let failed =
        |error: std::io::Error| Failure::Other(format!("cannot read {}: {error}", path.display()));
    let mut text = String::new();
    std::fs::File::open(path)
        .map_err(failed)?
        .take(NOTE)
        .read_to_string(&mut text)
        .map_err(failed)?;
    Ok(text)
}
