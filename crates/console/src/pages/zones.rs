//! Zones: who may talk to whom?

use cordon_model::record::Action;
use cordon_service::view::{ProofRequest, ProofView, ZoneCell, ZonesView};
use maud::{Markup, html};

use crate::ask::{Act, Ask};
use crate::frame::{self, Sheet, Tab, csrf};
use crate::parts::{empty, input, panel, verdict};
use crate::reply::{self, Shown, Wrong};
use crate::text::{counted, encode, foreign, short};

/// `GET /zones`.
pub(crate) async fn show(ask: Ask) -> Shown {
    page(&ask, None)
}

/// `POST /zones/prove`.
pub(crate) async fn prove(act: Act) -> Shown {
    let keep = (act.fields.text("keep") == "yes").then_some(true);
    let request = ProofRequest { from: act.fields.text("from"), to: act.fields.text("to"), keep };
    let proof = act.ask.site.prove(&act.ask.caller, &request).await;
    let proof = proof.map_err(|problem| Wrong::from(problem).back("/zones"))?;
    page(&act.ask, Some(&proof))
}

fn page(ask: &Ask, proof: Option<&ProofView>) -> Shown {
    let view = ask.site.zones(&ask.caller)?;
    let today = ask.site.today(&ask.caller)?;
    let body = html! {
        (panel("zones", "Who may open conversations with whom", &matrix(&view)))
        @if ask.may(Action::ProofMake) { (panel("proof", "Prove it", &asked(ask, proof))) }
    };
    let sheet = Sheet {
        tab: Tab::Contracts,
        title: "Zones",
        lead: html! { "Who may talk to whom, by the contracts in force?" },
        buttons: html! {
            @if ask.may(Action::ProofMake) { a.button.main href="#proof" { "Prove…" } }
            a.button href="/contracts" { "Contracts" }
        },
        topics: "contracts",
        body,
    };
    Ok(reply::page(frame::page(ask, &today, &sheet)))
}

fn matrix(view: &ZonesView) -> Markup {
    html! {
        @if view.cells.is_empty() {
            (empty("No device has a zone yet.", &html! { "Zones come with devices; give them names on the devices' pages." }))
        } @else {
            div.scroll tabindex="0" role="region" aria-label="Matrix of zones" {
                table.matrix {
                    caption { "From the row to the column. Open a square for what is allowed." }
                    thead { tr { th scope="col" { "From" } @for zone in &view.zones { th scope="col" { (short(&zone.name)) } } } }
                    tbody { @for (zone, cells) in view.zones.iter().zip(&view.cells) { tr {
                        th scope="row" {
                            a href=(format!("/devices?zone={}", encode(&zone.name))) { (short(&zone.name)) }
                            span.sub { (zone.enforced) " of " (counted(u64::from(zone.devices), "device", "devices")) " enforced" }
                        }
                        @for cell in cells { (square(cell)) }
                    } } }
                }
            }
            p.legend { span.cell.nothing {} " nothing " span.cell.some {} " what contracts say " span.cell.anything {} " anything: somebody in both is not enforced" }
        }
    }
}

fn square(cell: &ZoneCell) -> Markup {
    let class = match cell.allows.as_str() {
        "nothing" => "cell nothing",
        "some" => "cell some",
        _ => "cell anything",
    };
    html! {
        td class=(class) {
            @if cell.says.is_empty() { (cell.allows) } @else {
                details { summary { (cell.allows) } ul.reasons { @for line in &cell.says { li { (foreign(line)) } } } }
            }
        }
    }
}

fn asked(ask: &Ask, proof: Option<&ProofView>) -> Markup {
    html! {
        @if let Some(proof) = proof { (answer(proof)) }
        form.stack method="post" action="/zones/prove#proof" {
            (csrf(ask))
            div.fields {
                (input("from", "If this device were taken over", "text", "", "name, address or id"))
                (input("to", "could it reach this one?", "text", "", "name, address or id; empty for everything"))
            }
            label.check { input type="checkbox" name="keep" value="yes"; span { "If it is impossible, keep it so: prove it again every ten minutes and with every change" } }
            p { button.main { "Prove" } " " span.soft { "By every packet there is, through the rules that the kernel holds now." } }
        }
    }
}

fn answer(proof: &ProofView) -> Markup {
    let sign = match proof.answer.as_str() {
        "impossible" => "good",
        "unknown" => "warning",
        _ => "bad",
    };
    html! {
        p { (verdict(sign)) " " b { (foreign(&proof.says)) } }
        @if proof.kept { p.soft { "Promised: it is proven again every ten minutes and with every change of the rules." } }
        ul.reasons { @for step in &proof.steps { li { (foreign(step)) } } }
        @for limit in &proof.limits { p.soft { "Not shown: " (foreign(limit)) "." } }
        details { summary { "Signed, for the auditor" } textarea.secret rows="6" readonly { (serde_json::to_string(&proof.envelope).unwrap_or_default()) } }
    }
}
