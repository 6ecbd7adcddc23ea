//! Traffic: who spoke with whom, when, how much?

use cordon_model::App;
use cordon_model::record::Action;
use cordon_service::view::{EndView, FlowPage, FlowRow, FlowSearch, Page};
use cordon_service::{Answer, ExportFormat, Problem};
use maud::{Markup, html};

use crate::ask::{Act, Ask};
use crate::fields::Fields;
use crate::frame::{self, Sheet, Tab, csrf};
use crate::parts::{self, empty, panel};
use crate::reply::{self, Shown, Wrong};
use crate::text::{self, Clock, clip, count, encode, short};

/// Flows per page.
const PER_PAGE: u32 = 100;

/// Names of the search's fields.
const NAMES: [&str; 8] = ["device", "peer", "address", "port", "transport", "app", "from", "to"];

/// `GET /traffic`.
pub(crate) async fn show(ask: Ask) -> Shown {
    let search = search(&ask.params)?;
    let today = ask.site.today(&ask.caller)?;
    let found = ask.site.flows(&ask.caller, &search).await?;
    let clock = Clock::at(&today.now);
    let page: Page<FlowRow> = Page { next: found.next.clone(), ..Page::default() };
    let body = html! {
        (form(&ask.params))
        (panel("flows", "Flows", &html! {
            p.soft { "Newest first. " (count(found.searched)) " flows searched in " (found.took_ms) " ms." }
            @if found.items.is_empty() { (nothing(&ask.params)) } @else { (table(&found, clock)) }
            nav.pager aria-label="Further pages" {
                span.soft { (count(found.items.len() as u64)) " flows on this page" }
                @if ask.params.some("cursor").is_some() { a.button href=(ask.params.with("cursor", "")) { "First page" } }
                @if let Some(next) = &page.next { a.button rel="next" href=(ask.params.with("cursor", next)) { "Next page" } }
            }
        }))
        @if ask.may(Action::FlowsExport) { (panel("export", "Take them with you", &export_form(&ask))) }
    };
    let sheet = Sheet {
        tab: Tab::Traffic,
        title: "Traffic",
        lead: html! { "Who spoke with whom, when, and how much?" },
        buttons: html! {},
        topics: "",
        body,
    };
    Ok(reply::page(frame::page(&ask, &today, &sheet)))
}

fn search(fields: &Fields) -> Answer<FlowSearch> {
    Ok(FlowSearch {
        device: fields.some("device"),
        peer: fields.some("peer"),
        address: fields.some("address"),
        port: fields.number("port", "port")?,
        transport: fields.some("transport"),
        app: fields.some("app"),
        from: time(fields.some("from"))?,
        to: time(fields.some("to"))?,
        cursor: fields.some("cursor"),
        limit: Some(fields.number("limit", "number of lines")?.unwrap_or(PER_PAGE)),
    })
}

/// What `datetime-local` sends is taken as UTC; RFC 3339 is taken as it is.
fn time(text: Option<String>) -> Answer<Option<String>> {
    let Some(text) = text else { return Ok(None) };
    let whole = match text.len() {
        16 => format!("{text}:00Z"),
        19 => format!("{text}Z"),
        _ => text,
    };
    match whole.parse::<jiff::Timestamp>() {
        Ok(time) => Ok(Some(time.to_string())),
        Err(_) => Err(Problem::invalid("A time looks like 2026-11-02T07:00.")),
    }
}

fn form(params: &Fields) -> Markup {
    let transports: Vec<(String, String)> =
        [("tcp", "TCP"), ("udp", "UDP"), ("icmp", "ICMP"), ("icmpv6", "ICMPv6")]
            .iter()
            .map(|(value, title)| ((*value).to_owned(), (*title).to_owned()))
            .collect();
    let local = |name: &str| params.text(name).chars().take(16).collect::<String>();
    html! {
        form.filter.traffic method="get" action="/traffic" role="search" {
            div.fields {
                label.field { span { "Device" } input id="search" type="search" name="device" value=(params.text("device")) placeholder="name, address or id" maxlength="300" autocomplete="off" data-search; }
                (parts::input("peer", "Speaks with", "text", &params.text("peer"), "device or address"))
                (parts::input("address", "Address", "text", &params.text("address"), "IP or link-layer"))
                (parts::input("port", "Port", "text", &params.text("port"), "502"))
                (parts::select("transport", "Transport", "any", &params.text("transport"), &transports))
                label.field { span { "Application" }
                    input type="text" name="app" list="apps" value=(params.text("app")) placeholder="modbus" maxlength="60" autocomplete="off";
                    datalist id="apps" { @for app in App::ALL { option value=(app.name()) { (app.title()) } } }
                }
                label.field { span { "From (UTC)" } input type="datetime-local" name="from" value=(local("from")); }
                label.field { span { "To (UTC)" } input type="datetime-local" name="to" value=(local("to")); }
            }
            p { button.main { "Search" } " " a.button href="/traffic" { "Clear" } }
        }
    }
}

fn nothing(params: &Fields) -> Markup {
    if NAMES.iter().any(|name| params.some(name).is_some()) {
        empty(
            "No flow fits.",
            &html! { "Widen the time, drop a condition, or check the address. " a href="/traffic" { "Start over" } "." },
        )
    } else {
        empty(
            "No flows yet.",
            &html! { "A conversation is noted here about a minute after it began. " a href="/health#sources" { "Is the capture running?" } },
        )
    }
}

fn table(found: &FlowPage, clock: Clock) -> Markup {
    html! {
        table.cards.flows {
            caption { "Flows: who opened it, who offers the service; a question mark is a guess from the port" }
            thead { tr {
                th scope="col" { "Last packet" } th scope="col" { "Opened by" } th scope="col" { "Service of" }
                th scope="col" { "Application" } th.num scope="col" { "Sent" } th.num scope="col" { "Received" }
            } }
            tbody { @for flow in &found.items { tr {
                td data-label="Last packet" { (clock.whole(&flow.last)) span.sub { "began " (clock.ago(&flow.first)) } }
                td data-label="Opened by" { (end(&flow.client)) }
                td data-label="Service of" { (end(&flow.server)) }
                td data-label="Application" {
                    @match &flow.app { Some(app) => { (short(&text::app(app))) @if !flow.seen { "?" } }, None => span.soft { "unknown" } }
                    span.sub title=(clip(&flow.community_id, 80)) { (flow.transport) @if let Some(port) = flow.server.port { " " (port) } @if let Some(vlan) = flow.vlan { ", VLAN " (vlan) } }
                }
                td.num data-label="Sent" { (text::bytes(flow.sent_bytes)) span.sub { (count(flow.sent_packets)) " packets" } }
                td.num data-label="Received" { (text::bytes(flow.received_bytes)) span.sub { (count(flow.received_packets)) " packets" } }
            } } }
        }
    }
}

fn end(end: &EndView) -> Markup {
    let address = end.ip.as_deref().or(end.mac.as_deref()).unwrap_or("unknown");
    let search = format!("/traffic?address={}", encode(address));
    html! {
        @match &end.device {
            Some(link) => { (parts::device_link(link)) span.sub.num { a.plain href=(search) { (short(address)) } } },
            None => a.num href=(search) { (short(address)) },
        }
    }
}

fn export_form(ask: &Ask) -> Markup {
    html! {
        form method="post" action="/traffic/export" {
            (csrf(ask))
            @for name in NAMES { @if let Some(value) = ask.params.some(name) { input type="hidden" name=(name) value=(value); } }
            p { "The flows of this search as a file, at most a million. The ledger notes it." }
            p.row {
                button name="format" value="csv" { "CSV" }
                button name="format" value="ndjson" { "NDJSON" }
                button name="format" value="parquet" { "Parquet" }
            }
        }
    }
}

/// `POST /traffic/export`.
pub(crate) async fn export(act: Act) -> Shown {
    let (format, extension, mime) = match act.fields.text("format").as_str() {
        "csv" => (ExportFormat::Csv, "csv", "text/csv; charset=utf-8"),
        "ndjson" => (ExportFormat::Ndjson, "ndjson", "application/x-ndjson"),
        "parquet" => (ExportFormat::Parquet, "parquet", "application/vnd.apache.parquet"),
        _ => {
            return Err(
                Wrong::from(Problem::invalid("Choose CSV, NDJSON or Parquet.")).back("/traffic")
            );
        }
    };
    let search = FlowSearch { cursor: None, limit: None, ..search(&act.fields)? };
    let content = act.ask.site.export_flows(&act.ask.caller, &search, format).await;
    let content = content.map_err(|problem| Wrong::from(problem).back("/traffic"))?;
    Ok(reply::file(&format!("cordon-flows.{extension}"), mime, content))
}
