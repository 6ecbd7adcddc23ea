//! `cordon devices`.

use std::process::ExitCode;

use cordon_report::plain::plain;
use cordon_report::terminal::page::{Tone, span};
use cordon_report::terminal::table::{self, Cell, Column};
use cordon_report::words;
use cordon_service::view::{DeviceRow, Page};

use super::{Paper, raw, text};
use crate::args::{DevicesArgs, Listing};
use crate::failure::Failure;
use crate::output::print;
use crate::service::{Service, query};

/// Items that the API gives at once.
const PAGE: u32 = 500;

/// Lists devices.
pub fn devices(args: &DevicesArgs) -> Result<ExitCode, Failure> {
    let service = Service::find(&args.at)?;
    let first = service.get::<Page<DeviceRow>>(&path(args, &args.cursor, args.limit.min(PAGE)))?;
    if args.format == Listing::Json {
        raw(&first.raw)?;
        return Ok(ExitCode::SUCCESS);
    }
    let Page { items: mut rows, mut next, total } = first.value;
    let most = usize::try_from(args.limit).unwrap_or(usize::MAX);
    while next.is_some() && rows.len() < most {
        let left = u32::try_from(most - rows.len()).unwrap_or(PAGE).min(PAGE);
        let page = service.get::<Page<DeviceRow>>(&path(args, &next, left))?.value;
        rows.extend(page.items);
        next = page.next;
    }
    match args.format {
        Listing::Csv => print(&csv(&rows))?,
        _ => text(args.color, |page| write(page, &rows, total, next.as_deref()))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn path(args: &DevicesArgs, cursor: &Option<String>, limit: u32) -> String {
    query(
        "/api/v1/devices",
        &[
            ("q", Some(args.words.join(" "))),
            ("kind", args.kind.clone()),
            ("vendor", args.vendor.clone()),
            ("zone", args.zone.clone()),
            ("tag", args.tag.clone()),
            ("severity", args.severity.clone()),
            ("state", args.state.clone()),
            ("sort", args.sort.clone()),
            ("cursor", cursor.clone()),
            ("limit", Some(limit.to_string())),
        ],
    )
}

const COLUMNS: [Column; 7] = [
    Column { title: "Device", least: 16, most: 32, spare: 0 },
    Column { title: "What it is", least: 14, most: 28, spare: 0 },
    Column { title: "Vendor and model", least: 16, most: 34, spare: 1 },
    Column { title: "Address", least: 15, most: 24, spare: 0 },
    Column { title: "Zone", least: 10, most: 24, spare: 3 },
    Column { title: "Last heard (UTC)", least: 16, most: 16, spare: 2 },
    Column { title: "Findings", least: 11, most: 12, spare: 0 },
];

fn write(
    page: &mut Paper,
    rows: &[DeviceRow],
    total: Option<u64>,
    next: Option<&str>,
) -> std::fmt::Result {
    if rows.is_empty() {
        return page.paragraph(
            &[],
            &[span(Tone::Normal, "No device is like that. `cordon devices` lists them all.")],
        );
    }
    let cells: Vec<Vec<Cell>> = rows.iter().map(row).collect();
    table::write(page, &COLUMNS, &cells)?;
    let all = total.unwrap_or(rows.len() as u64);
    let shown = match next {
        Some(_) => format!(
            "{} of {}; --limit shows more, words and --kind, --zone, --severity, --state narrow it",
            words::count(rows.len() as u64),
            words::counted(all, "device", "devices")
        ),
        None => words::counted(all, "device", "devices"),
    };
    page.paragraph(&[], &[span(Tone::Faint, shown)])
}

fn row(device: &DeviceRow) -> Vec<Cell<'_>> {
    let unknown = || span(Tone::Faint, "Unknown");
    let made: Vec<&str> =
        [&device.vendor, &device.model].into_iter().flatten().map(String::as_str).collect();
    let address = device.ips.first().or(device.macs.first()).map_or("", String::as_str);
    let findings = match &device.worst {
        Some(worst) => {
            span(Tone::Severity(words::severity(worst)), format!("{} {worst}", device.findings))
        }
        None => span(Tone::Faint, "none"),
    };
    vec![
        vec![span(if device.online { Tone::Strong } else { Tone::Normal }, device.label.as_str())],
        vec![device.kind_title.as_deref().map_or_else(unknown, |kind| span(Tone::Normal, kind))],
        vec![if made.is_empty() { unknown() } else { span(Tone::Normal, made.join(" ")) }],
        vec![span(Tone::Normal, address)],
        vec![span(Tone::Normal, device.zone.as_str())],
        vec![span(Tone::Faint, super::minute(&device.last))],
        vec![findings],
    ]
}

/// RFC 4180, and nothing that a spreadsheet takes for a formula or a terminal for a command.
fn csv(rows: &[DeviceRow]) -> String {
    let mut out = String::from(
        "id,label,kind,vendor,model,confidence,ips,macs,zone,owner,location,criticality,tags,first,last,online,findings,worst\r\n",
    );
    for row in rows {
        let fields = [
            row.id.clone(),
            row.label.clone(),
            row.kind.clone().unwrap_or_default(),
            row.vendor.clone().unwrap_or_default(),
            row.model.clone().unwrap_or_default(),
            format!("{:.2}", row.confidence),
            row.ips.join(" "),
            row.macs.join(" "),
            row.zone.clone(),
            row.owner.clone().unwrap_or_default(),
            row.location.clone().unwrap_or_default(),
            row.criticality.clone(),
            row.tags.join(" "),
            row.first.clone(),
            row.last.clone(),
            row.online.to_string(),
            row.findings.to_string(),
            row.worst.clone().unwrap_or_default(),
        ];
        let fields: Vec<String> = fields.iter().map(|field| cell(field)).collect();
        out.push_str(&fields.join(","));
        out.push_str("\r\n");
    }
    out
}

fn cell(text: &str) -> String {
    let text = plain(text);
    let text = match text.starts_with(['=', '+', '-', '@', ' ']) {
        true => format!("'{text}"),
        false => text.into_owned(),
    };
    match text.contains([',', '"']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::tests::{HOSTILE, harmless, written};

    #[test]
    fn a_host_name_cannot_become_a_formula_or_a_second_column() {
        assert_eq!(cell("=cmd()"), "'=cmd()");
        assert_eq!(cell("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(cell("\t=cmd()"), "' =cmd()");
        let row = DeviceRow { label: "a\nb,c".into(), ..DeviceRow::default() };
        assert!(csv(&[row]).contains(",\"a b,c\","));
    }

    #[test]
    fn a_host_name_with_escape_sequences_cannot_repaint_the_terminal() {
        let row = || DeviceRow {
            label: HOSTILE.into(),
            vendor: Some(HOSTILE.into()),
            model: Some(HOSTILE.into()),
            zone: HOSTILE.into(),
            owner: Some(HOSTILE.into()),
            tags: vec![HOSTILE.into()],
            ips: vec![HOSTILE.into()],
            ..DeviceRow::default()
        };
        harmless(&csv(&[row()]).replace("\r\n", "\n"));
        harmless(&written(|page| write(page, &[row()], Some(1), None)));
    }
}
