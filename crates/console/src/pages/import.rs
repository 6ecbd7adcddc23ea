//! Import: what do other tools know?

use cordon_model::record::Action;
use cordon_service::view::ImportView;
use cordon_service::{Problem, ProblemKind};
use maud::{Markup, html};

use crate::ask::{Act, Ask, IMPORT_MOST};
use crate::frame::{self, Sheet, Tab, csrf};
use crate::parts::panel;
use crate::reply::{self, Shown, Wrong};
use crate::text::{self, count, foreign, short};

/// `GET /import`.
pub(crate) async fn show(ask: Ask) -> Shown {
    if !ask.may(Action::RecordsImport) {
        let says = "Your role does not import records.";
        return Err(Wrong::from(Problem::new(ProblemKind::Forbidden, says)).back("/settings"));
    }
    page(&ask, None)
}

/// `POST /import`.
pub(crate) async fn take(act: Act) -> Shown {
    let file = act.fields.file.as_ref().filter(|(_, content)| !content.is_empty());
    let Some((name, content)) = file else {
        return Err(Wrong::from(Problem::invalid("Choose a file first.")).back("/import"));
    };
    let outcome = act.ask.site.import(&act.ask.caller, name, content).await;
    let outcome = outcome.map_err(|problem| Wrong::from(problem).back("/import"))?;
    page(&act.ask, Some((name, &outcome)))
}

fn page(ask: &Ask, outcome: Option<(&str, &ImportView)>) -> Shown {
    let today = ask.site.today(&ask.caller)?;
    let body = html! {
        @if let Some((name, outcome)) = outcome { (panel("outcome", "What came of it", &told(name, outcome))) }
        (panel("upload", "Choose a file", &form(ask)))
    };
    let sheet = Sheet {
        tab: Tab::Settings,
        title: "Import records",
        lead: html! { "What do your other tools know already?" },
        buttons: html! { a.button href="/settings" { "Back to Settings" } },
        topics: "",
        body,
    };
    Ok(reply::page(frame::page(ask, &today, &sheet)))
}

fn form(ask: &Ask) -> Markup {
    html! {
        p { "The kind of file is recognised from its content:" }
        ul {
            li { "DHCP leases of dnsmasq, ISC dhcpd and Kea" }
            li { "an inventory as CSV with a heading line" }
            li { "Zeek logs: conn, dhcp, dns, ssl (TSV or JSON)" }
            li { "Suricata EVE (JSON lines)" }
        }
        form.stack method="post" action="/import" enctype="multipart/form-data" {
            (csrf(ask))
            label.field { span { "File, at most " (text::bytes(IMPORT_MOST as u64)) } input type="file" name="file" required; }
            p { button.main { "Import" } " " span.soft { "Imported records never outweigh what a packet showed." } }
        }
    }
}

fn told(name: &str, outcome: &ImportView) -> Markup {
    html! {
        p { b { (short(name)) } " was read as " b { (short(&outcome.kind)) } "." }
        dl.fields {
            div { dt { "Records read" } dd { (count(outcome.records)) } }
            div { dt { "Devices that are new or know more" } dd { a href="/devices?sort=first" { (count(outcome.devices)) } } }
            div { dt { "Flows added" } dd { a href="/traffic" { (count(outcome.flows)) } } }
            div { dt { "Lines that could not be read" } dd { (count(outcome.bad)) } }
        }
        @if !outcome.problems.is_empty() {
            h3 { "The first of them" }
            ul { @for problem in outcome.problems.iter().take(20) { li { (foreign(problem)) } } }
        }
    }
}
