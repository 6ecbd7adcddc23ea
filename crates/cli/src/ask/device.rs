//! `cordon device` and `cordon explain`.

use std::process::ExitCode;

use cordon_report::terminal::page::{Tone, span};
use cordon_report::words;
use cordon_service::view::{DeviceView, FieldView, FindingRow, FindingView, PeerView, SpanView};

use super::{Paper, entry, moment, show};
use crate::args::{DeviceArgs, ExplainArgs};
use crate::failure::Failure;
use crate::service::{Service, encode};

/// Peers and events that a terminal shows.
const MOST: usize = 12;
/// Reasons per field.
const REASONS: usize = 6;

/// Shows a device.
pub fn device(args: &DeviceArgs) -> Result<ExitCode, Failure> {
    let service = Service::find(&args.at)?;
    let answer = service.get::<DeviceView>(&format!("/api/v1/devices/{}", encode(&args.name)))?;
    show(&answer, &args.shown, whole)?;
    Ok(ExitCode::SUCCESS)
}

/// Explains a finding or a device.
pub fn explain(args: &ExplainArgs) -> Result<ExitCode, Failure> {
    let service = Service::find(&args.at)?;
    let id = encode(&args.what);
    if let Some(answer) = service.find_one::<FindingView>(&format!("/api/v1/findings/{id}"))? {
        show(&answer, &args.shown, finding)?;
        return Ok(ExitCode::SUCCESS);
    }
    match service.find_one::<DeviceView>(&format!("/api/v1/devices/{id}"))? {
        Some(answer) => show(&answer, &args.shown, believed)?,
        None => {
            return Err(Failure::Other(format!(
                "there is no finding and no device {:?}; `cordon devices` and `cordon device NAME` list their ids",
                args.what
            )));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn whole(page: &mut Paper, view: &DeviceView) -> std::fmt::Result {
    head(page, view)?;
    let row = &view.row;
    let heard = format!("{} to {} UTC", moment(&row.first), moment(&row.last));
    entry(page, "heard", Tone::Normal, &heard)?;
    if let Some(parent) = &view.parent {
        entry(page, "behind", Tone::Normal, &parent.label)?;
    }
    if !view.children.is_empty() {
        let names: Vec<&str> = view.children.iter().map(|child| child.label.as_str()).collect();
        entry(page, "stands for", Tone::Normal, &words::list(&names, MOST))?;
    }
    fields(page, view)?;
    spans(page, "Addresses", &view.addresses)?;
    services(page, view)?;
    peers(page, &view.peers)?;
    super::mud::write(page, &view.row.id, &view.mud)?;
    findings(page, &view.findings)?;
    if view.timeline.is_empty() {
        return Ok(());
    }
    page.heading("What happened last")?;
    for event in view.timeline.iter().take(MOST) {
        page.paragraph(
            &[span(Tone::Faint, format!("{}  ", moment(&event.at)))],
            &[span(Tone::Normal, event.says.as_str())],
        )?;
    }
    Ok(())
}

/// Why it is believed to be what it is, and what is wrong with it.
fn believed(page: &mut Paper, view: &DeviceView) -> std::fmt::Result {
    head(page, view)?;
    for field in view
        .fields
        .iter()
        .filter(|field| field.value.is_some() && (field.confidence > 0.0 || field.set_by.is_some()))
    {
        page.heading(&field.title)?;
        value(page, field)?;
        if let Some(by) = &field.set_by {
            let seen = field.seen.as_deref().unwrap_or("nothing");
            let says = format!("{by} said so; what was seen says {seen}");
            page.paragraph(&[span(Tone::Faint, "· ")], &[span(Tone::Normal, says)])?;
        }
        for reason in field.reasons.iter().take(REASONS) {
            page.paragraph(
                &[span(Tone::Faint, "· ")],
                &[
                    span(Tone::Normal, reason.says.as_str()),
                    span(Tone::Faint, format!(" ({})", reason.source)),
                ],
            )?;
        }
    }
    findings(page, &view.findings)
}

fn head(page: &mut Paper, view: &DeviceView) -> std::fmt::Result {
    let row = &view.row;
    let what = row.kind_title.as_deref().unwrap_or("kind unknown");
    let online = if row.online { "" } else { "; not heard lately" };
    page.paragraph(
        &[],
        &[
            span(Tone::Strong, row.label.as_str()),
            span(Tone::Normal, format!(": {what}, {}", words::sure(row.confidence))),
            span(Tone::Faint, online),
        ],
    )?;
    entry(page, "id", Tone::Faint, &row.id)?;
    entry(page, "addresses", Tone::Normal, &[row.ips.join(" "), row.macs.join(" ")].join(" "))
}

fn fields(page: &mut Paper, view: &DeviceView) -> std::fmt::Result {
    page.heading("What it is")?;
    for field in view.fields.iter().filter(|field| field.value.is_some()) {
        value(page, field)?;
    }
    page.paragraph(&[], &[span(Tone::Faint, format!("Why: cordon explain {}", view.row.id))])
}

fn value(page: &mut Paper, field: &FieldView) -> std::fmt::Result {
    let sure = match &field.set_by {
        Some(by) => format!(" (set by {by})"),
        // A default was not concluded from anything.
        None if field.confidence <= 0.0 => String::new(),
        None => {
            format!(" ({}, {})", words::sure(field.confidence), words::percent(field.confidence))
        }
    };
    page.paragraph(
        &[span(Tone::Faint, format!("{:<24}", field.title.to_lowercase()))],
        &[span(Tone::Strong, field.value.as_deref().unwrap_or_default()), span(Tone::Faint, sure)],
    )
}

fn spans(page: &mut Paper, title: &str, spans: &[SpanView]) -> std::fmt::Result {
    if spans.is_empty() {
        return Ok(());
    }
    page.heading(title)?;
    for one in spans.iter().take(MOST) {
        let gone = if one.gone { ", no longer" } else { "" };
        page.paragraph(
            &[span(Tone::Normal, format!("{:<40}", one.value))],
            &[span(Tone::Faint, format!("{} to {}{gone}", moment(&one.first), moment(&one.last)))],
        )?;
    }
    Ok(())
}

fn services(page: &mut Paper, view: &DeviceView) -> std::fmt::Result {
    if view.services.is_empty() {
        return Ok(());
    }
    page.heading("Services")?;
    for service in &view.services {
        let app = match (&service.app, service.seen) {
            (Some(app), true) => app.clone(),
            (Some(app), false) => format!("perhaps {app}, by its port"),
            (None, _) => "unknown application".to_owned(),
        };
        let gone = if service.gone { ", no longer offered" } else { "" };
        page.paragraph(
            &[span(
                Tone::Normal,
                format!("{:<12}", format!("{} {}", service.transport, service.port)),
            )],
            &[span(Tone::Normal, app), span(Tone::Faint, gone)],
        )?;
    }
    Ok(())
}

fn peers(page: &mut Paper, peers: &[PeerView]) -> std::fmt::Result {
    if peers.is_empty() {
        return Ok(());
    }
    page.heading("With whom it speaks")?;
    for peer in peers.iter().take(MOST) {
        let way = if peer.direction == "from" { "<- " } else { "-> " };
        let outside = if peer.outside { " (Internet)" } else { "" };
        let apps = if peer.apps.is_empty() { "?".to_owned() } else { peer.apps.join(", ") };
        page.paragraph(
            &[span(Tone::Faint, way)],
            &[
                span(Tone::Strong, peer.label.as_str()),
                span(Tone::Normal, format!("{outside}: {apps}")),
                span(
                    Tone::Faint,
                    format!(
                        ", {}, {}",
                        words::counted(peer.flows, "flow", "flows"),
                        words::bytes(peer.bytes)
                    ),
                ),
            ],
        )?;
    }
    if let Some(more) = peers.len().checked_sub(MOST).filter(|more| *more > 0) {
        page.paragraph(&[], &[span(Tone::Faint, format!("and {more} more"))])?;
    }
    Ok(())
}

fn findings(page: &mut Paper, rows: &[FindingRow]) -> std::fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    page.heading("Findings")?;
    for row in rows {
        let state = if row.state == "open" { String::new() } else { format!(" ({})", row.state) };
        page.paragraph(
            &[span(
                Tone::Severity(words::severity(&row.severity)),
                format!("{:<10}", row.severity),
            )],
            &[span(Tone::Strong, row.title.as_str()), span(Tone::Faint, state)],
        )?;
        page.paragraph(
            &[span(Tone::Normal, " ".repeat(10))],
            &[span(Tone::Faint, format!("cordon explain {}", row.id))],
        )?;
    }
    Ok(())
}

fn finding(page: &mut Paper, view: &FindingView) -> std::fmt::Result {
    let row = &view.row;
    page.paragraph(
        &[span(Tone::Severity(words::severity(&row.severity)), format!("{:<10}", row.severity))],
        &[span(Tone::Strong, row.title.as_str())],
    )?;
    let whose = row.device.as_ref().map_or("the network as a whole", |link| link.label.as_str());
    entry(page, "whose", Tone::Normal, whose)?;
    let seen = format!(
        "{}, {} to {} UTC; {}",
        words::counted(row.count, "time", "times"),
        moment(&row.first),
        moment(&row.last),
        row.state
    );
    entry(page, "seen", Tone::Normal, &seen)?;
    if let (Some(by), Some(because)) = (&view.accepted_by, &view.accepted_because) {
        let until = view.accepted_until.as_deref().map(moment).unwrap_or_default();
        let says = format!("by {by} until {until}: {because}");
        entry(page, "accepted", Tone::Normal, &says)?;
    }
    page.heading("Why it matters")?;
    page.paragraph(&[], &[span(Tone::Normal, view.why.as_str())])?;
    page.heading("How to mend it")?;
    page.paragraph(&[], &[span(Tone::Normal, view.fix.as_str())])?;
    page.heading("What shows it")?;
    for evidence in &view.evidence {
        let at = evidence.at.as_deref().map(moment);
        let place = match at {
            Some(at) => format!(" (packet {} at {at})", evidence.packet),
            None => format!(" (packet {})", evidence.packet),
        };
        page.paragraph(
            &[span(Tone::Faint, "· ")],
            &[span(Tone::Normal, evidence.detail.as_str()), span(Tone::Faint, place)],
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use cordon_service::view::{DeviceRow, EventView, EvidenceView, Link, ReasonView, ServiceView};

    use super::*;
    use crate::ask::tests::{HOSTILE, harmless, written};

    #[test]
    fn a_device_cannot_repaint_the_terminal_with_what_it_says_of_itself() {
        let link = || Link { id: HOSTILE.into(), label: HOSTILE.into() };
        let row = DeviceRow {
            id: HOSTILE.into(),
            label: HOSTILE.into(),
            kind_title: Some(HOSTILE.into()),
            ips: vec![HOSTILE.into()],
            ..DeviceRow::default()
        };
        let field = FieldView {
            field: "vendor".into(),
            title: "vendor".into(),
            value: Some(HOSTILE.into()),
            confidence: 0.9,
            reasons: vec![ReasonView { says: HOSTILE.into(), source: HOSTILE.into() }],
            ..FieldView::default()
        };
        let said =
            FieldView { set_by: Some(HOSTILE.into()), seen: Some(HOSTILE.into()), ..field.clone() };
        let span = SpanView { value: HOSTILE.into(), ..SpanView::default() };
        let view = DeviceView {
            row,
            fields: vec![field, said],
            addresses: vec![span],
            services: vec![ServiceView { app: Some(HOSTILE.into()), ..ServiceView::default() }],
            peers: vec![PeerView {
                label: HOSTILE.into(),
                apps: vec![HOSTILE.into()],
                ..PeerView::default()
            }],
            findings: vec![FindingRow {
                id: HOSTILE.into(),
                title: HOSTILE.into(),
                ..FindingRow::default()
            }],
            timeline: vec![EventView {
                at: HOSTILE.into(),
                says: HOSTILE.into(),
                ..EventView::default()
            }],
            parent: Some(link()),
            children: vec![link()],
            ..DeviceView::default()
        };
        harmless(&written(|page| whole(page, &view)));
        harmless(&written(|page| believed(page, &view)));
    }

    #[test]
    fn a_finding_cannot_repaint_the_terminal_with_its_evidence() {
        let view = FindingView {
            row: FindingRow {
                title: HOSTILE.into(),
                device: Some(Link { id: HOSTILE.into(), label: HOSTILE.into() }),
                ..FindingRow::default()
            },
            why: HOSTILE.into(),
            fix: HOSTILE.into(),
            evidence: vec![EvidenceView { detail: HOSTILE.into(), ..EvidenceView::default() }],
            accepted_by: Some(HOSTILE.into()),
            accepted_because: Some(HOSTILE.into()),
            ..FindingView::default()
        };
        harmless(&written(|page| finding(page, &view)));
    }
}
