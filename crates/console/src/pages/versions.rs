//! The versions of a contract and what differs between two of them: a part of its page.

use cordon_service::view::{ContractDiffQuery, ContractDiffView, EntryView, VersionView};
use maud::{Markup, html};

use super::contract::entries;
use crate::ask::Ask;
use crate::parts::panel;
use crate::reply::Wrong;
use crate::text::{Clock, counted, foreign, sentence, short};

/// Versions that are listed.
const VERSIONS: usize = 10;

/// The panel; nothing where there was never a version.
pub(super) async fn versions(
    ask: &Ask,
    device: &str,
    clock: Clock,
    path: &str,
) -> Result<Markup, Wrong> {
    let wanted = |name: &str| ask.params.get(name).map(str::to_owned);
    let query = ContractDiffQuery { from: wanted("from"), to: wanted("to") };
    let view = ask.site.contract_diff(&ask.caller, device, &query).await?;
    if view.versions.is_empty() {
        return Ok(html! {});
    }
    let body = html! {
        (difference(&view))
        table.cards {
            caption { "Versions" }
            thead { tr {
                th scope="col" { "Version" } th scope="col" { "Who and why" } th scope="col" { "What it changed" } th scope="col" { "When" }
            } }
            tbody { @for version in view.versions.iter().take(VERSIONS) { (row(version, clock, path)) } }
        }
        @if view.versions.len() > VERSIONS { p.soft { (counted((view.versions.len() - VERSIONS) as u64, "older version is", "older versions are")) " kept; " code { "cordon contract diff" } " compares any two." } }
    };
    Ok(panel("versions", "Versions", &body))
}

fn difference(view: &ContractDiffView) -> Markup {
    let list = |title: &str, list: &[EntryView]| {
        html! { @if !list.is_empty() { h3 { (title) } (entries(list)) } }
    };
    html! {
        p { b { (foreign(&sentence(&view.says))) } "." }
        (list("Came", &view.came))
        (list("Went", &view.went))
        @if !view.changed.is_empty() {
            h3 { "Changed" }
            ul.entries { @for change in &view.changed { li {
                span { (foreign(&sentence(&change.after.says))) ": " (foreign(&change.says)) }
            } } }
        }
        @if !view.identity.is_empty() {
            h3 { "Expected of the device itself" }
            ul.entries { @for line in &view.identity { li { (foreign(&sentence(line))) } } }
        }
    }
}

fn row(version: &VersionView, clock: Clock, path: &str) -> Markup {
    html! { tr {
        th scope="row" data-label="Version" {
            a href=(format!("{path}?to={}#versions", version.version)) { (version.version) }
            @if version.now { " " span class="sev good" { "in force" } }
        }
        td data-label="Who and why" {
            b { (short(&version.by)) }
            @if !version.did.is_empty() { " " (foreign(&version.did)) }
            @if !version.why.is_empty() { ": " q { (foreign(&version.why)) } }
        }
        td data-label="What it changed" {
            @if version.says.is_empty() { span.soft { "not known any more" } } @else { (foreign(&sentence(&version.says))) }
        }
        td data-label="When" { (clock.ago(&version.at)) }
    } }
}
