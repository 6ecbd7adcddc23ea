//! `cordon flows`.

use std::path::Path;
use std::process::ExitCode;

use cordon_report::terminal::page::{Tone, span};
use cordon_report::terminal::table::{self, Cell, Column};
use cordon_report::words;
use cordon_service::view::{EndView, FlowPage, FlowRow};

use super::{Paper, moment, show};
use crate::args::FlowsArgs;
use crate::failure::Failure;
use crate::input::note;
use crate::output::bytes_to_file;
use crate::service::{Service, query};

/// Searches flows.
pub fn flows(args: &FlowsArgs) -> Result<ExitCode, Failure> {
    let service = Service::find(&args.at)?;
    let mut parts = vec![
        ("device", args.device.clone()),
        ("peer", args.peer.clone()),
        ("app", args.app.clone()),
        ("port", args.port.map(|port| port.to_string())),
        ("from", args.from.clone()),
        ("to", args.to.clone()),
    ];
    if let (Some(format), Some(file)) = (args.export, &args.output) {
        parts.push(("format", Some(format.name().to_owned())));
        let content = service.file(&query("/api/v1/flows/export", &parts))?;
        return written(file, &content);
    }
    parts.push(("limit", Some(args.limit.to_string())));
    let answer = service.get::<FlowPage>(&query("/api/v1/flows", &parts))?;
    show(&answer, &args.shown, write)?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a file and says so.
pub fn written(file: &Path, content: &[u8]) -> Result<ExitCode, Failure> {
    bytes_to_file(file, content)?;
    note(&format!("wrote {} to {}", words::bytes(content.len() as u64), file.display()));
    Ok(ExitCode::SUCCESS)
}

const COLUMNS: [Column; 6] = [
    Column { title: "Begun (UTC)", least: 19, most: 19, spare: 0 },
    Column { title: "Who", least: 16, most: 30, spare: 0 },
    Column { title: "Whom", least: 16, most: 30, spare: 0 },
    Column { title: "What", least: 10, most: 24, spare: 0 },
    Column { title: "Sent", least: 8, most: 10, spare: 1 },
    Column { title: "Received", least: 8, most: 10, spare: 1 },
];

fn write(page: &mut Paper, found: &FlowPage) -> std::fmt::Result {
    if found.items.is_empty() {
        return page.paragraph(
            &[],
            &[span(Tone::Normal, "No flow is like that. Flows are written at intervals; the newest may come in a minute.")],
        );
    }
    let rows: Vec<Vec<Cell>> = found.items.iter().map(row).collect();
    table::write(page, &COLUMNS, &rows)?;
    let more = if found.next.is_some() { "; there are older ones (--limit, --to)" } else { "" };
    let says = format!("{}{more}", words::counted(found.items.len() as u64, "flow", "flows"));
    page.paragraph(&[], &[span(Tone::Faint, says)])
}

fn row(flow: &FlowRow) -> Vec<Cell<'_>> {
    let app = match (&flow.app, flow.seen) {
        (Some(app), true) => app.clone(),
        (Some(app), false) => format!("{app}?"),
        (None, _) => "?".to_owned(),
    };
    let port = flow.server.port.map(|port| format!("/{port}")).unwrap_or_default();
    vec![
        vec![span(Tone::Faint, moment(&flow.first))],
        vec![span(Tone::Strong, end(&flow.client))],
        vec![span(Tone::Strong, end(&flow.server))],
        vec![span(Tone::Normal, app), span(Tone::Faint, format!(" {}{port}", flow.transport))],
        vec![span(Tone::Normal, words::bytes(flow.sent_bytes))],
        vec![span(Tone::Normal, words::bytes(flow.received_bytes))],
    ]
}

fn end(end: &EndView) -> String {
    let device = end.device.as_ref().map(|link| link.label.clone());
    device.or_else(|| end.ip.clone()).or_else(|| end.mac.clone()).unwrap_or_else(|| "?".to_owned())
}
