//! Contracts: what may each device do, and what is new?

use axum::response::Response;
use cordon_model::record::Action;
use cordon_service::view::{ContractQuery, ContractRow, RulesView, StageRequest, StepView};
use maud::{Markup, html};

use super::findings::finished;
use crate::ask::{Act, Ask};
use crate::frame::{self, Sheet, Tab, csrf};
use crate::parts::{self, device_link, empty, panel, verdict};
use crate::reply::{self, Shown, Wrong};
use crate::text::{Clock, counted, encode, foreign, short};

/// Contracts per page.
const PER_PAGE: u32 = 100;
/// Steps shown.
const STEPS: u32 = 12;

/// Where a device's contract is.
pub(super) fn contract_path(id: &str) -> String {
    format!("/contracts/{}", encode(id))
}

/// `GET /contracts`.
pub(crate) async fn list(ask: Ask) -> Shown {
    let params = &ask.params;
    let query = ContractQuery {
        state: params.some("state"),
        news: params.some("news"),
        cursor: params.some("cursor"),
        limit: Some(PER_PAGE),
    };
    let page = ask.site.contracts(&ask.caller, &query)?;
    let rules = ask.site.rules(&ask.caller).await?;
    let steps = ask.site.steps(&ask.caller, None, STEPS).await?;
    let today = ask.site.today(&ask.caller)?;
    let clock = Clock::at(&today.now);
    let pair = |value: &str, title: &str| (value.to_owned(), title.to_owned());
    let states = [
        pair("learning", "still learning"),
        pair("ready", "learned, nothing in force"),
        pair("watch", "watched"),
        pair("warn", "warning"),
        pair("enforce", "enforced"),
    ];
    let list = html! {
        form.filter method="get" action="/contracts" role="search" {
            (parts::select("state", "State", "any state", &params.text("state"), &states))
            (parts::select("news", "To decide", "all", &params.text("news"), &[pair("yes", "something new")]))
            button { "Show" }
        }
        @if page.items.is_empty() {
            (empty("No such device.", &html! { "Choose another filter, or see " a href="/contracts" { "all of them" } "." }))
        } @else {
            (table(&page.items))
        }
        (parts::pager(params, &page, "contracts"))
    };
    let body = html! {
        (rules_panel(&ask, &rules))
        (panel("contracts", "Devices", &list))
        @if ask.may(Action::ContractStage) { (panel("several", "Several at once", &several(&ask))) }
        (panel("steps", "What was done", &done(&ask, &steps.items, clock)))
    };
    let sheet = Sheet {
        tab: Tab::Contracts,
        title: "Contracts",
        lead: html! { "What may each device do, and what is to be decided?" },
        buttons: html! {
            a.button.main href="/contracts?news=yes" { "What is new" }
            a.button href="/zones" { "Zones" }
        },
        topics: "contracts",
        body,
    };
    Ok(reply::page(frame::page(&ask, &today, &sheet)))
}

fn table(rows: &[ContractRow]) -> Markup {
    html! {
        table.cards {
            caption { "What is to be decided comes first" }
            thead { tr { th scope="col" { "Device" } th scope="col" { "State" } th.num scope="col" { "In force" } th.num scope="col" { "New" } th.num scope="col" { "Held back" } th scope="col" { "Learning" } } }
            tbody { @for row in rows { tr {
                th scope="row" {
                    a href=(contract_path(&row.device.id)) { (short(&row.device.label)) }
                    @if row.criticality != "normal" { " " span.tag { (row.criticality) } }
                }
                td data-label="State" { (state(row)) }
                td.num data-label="In force" { @if row.version == 0 { span.soft { "nothing" } } @else { (counted(u64::from(row.entries), "entry", "entries")) } }
                td.num data-label="New" { @if row.proposed == 0 { span.soft { "–" } } @else { b { (row.proposed) } } }
                td.num data-label="Held back" { @if row.held == 0 { span.soft { "–" } } @else { b { (row.held) } } }
                td data-label="Learning" { span.soft { @match &row.learning { Some(says) => (foreign(says)), None => "nothing was seen of it yet" } } }
            } } }
        }
    }
}

/// How far a contract has come, in a word.
pub(super) fn state(row: &ContractRow) -> Markup {
    let (class, says) = match row.state.as_str() {
        "ready" => ("low", "learned"),
        "watch" => ("info", "watched"),
        "warn" => ("medium", "warns"),
        "enforce" => ("good", "enforced"),
        _ => ("info", "learning"),
    };
    html! {
        span class=(format!("sev {class}")) { (says) }
        @if row.reach != "normal" { " " span class="sev high" { (reach_says(&row.reach)) } }
    }
}

/// The switch, in words.
pub(super) fn reach_says(reach: &str) -> &'static str {
    match reach {
        "local-only" => "local only",
        "internet-only" => "Internet only",
        "off" => "off",
        _ => "normal",
    }
}

/// What the kernel holds; while rules are on trial, the two buttons that end that.
pub(super) fn rules_panel(ask: &Ask, rules: &RulesView) -> Markup {
    let sign = match rules.state.as_str() {
        "confirmed" => "good",
        "trial" | "off" | "nothing" => "warning",
        _ => "bad",
    };
    let body = html! {
        p { (verdict(sign)) " " (foreign(&rules.says)) }
        @if rules.state == "trial" && (ask.may(Action::RulesConfirm) || ask.may(Action::RulesBack)) {
            form.stack method="post" action="/contracts/rules" {
                (csrf(ask))
                p {
                    @if ask.may(Action::RulesConfirm) { button.main name="do" value="confirm" { "Everything works: keep them" } " " }
                    @if ask.may(Action::RulesBack) { button name="do" value="back" { "Take them back now" } }
                }
            }
        }
        @if rules.driver != "none" {
            p.soft { (foreign(&rules.driver)) ": " (counted(rules.devices, "device", "devices")) ", " (counted(rules.elements, "element", "elements")) ". " (counted(rules.cut, "conversation was", "conversations were")) " cut by the last load." }
            @for says in &rules.neighbours { p.soft { (foreign(says)) } }
        }
    };
    panel("rules", "Rules of this machine", &body)
}

fn done(ask: &Ask, steps: &[StepView], clock: Clock) -> Markup {
    html! {
        @if steps.is_empty() {
            (empty("Nobody has changed a contract yet.", &html! { "What people do with contracts is listed here, and can be taken back." }))
        } @else {
            (list_steps(ask, steps, clock, "/contracts"))
        }
    }
}

/// Steps, each with the button that takes it back.
pub(super) fn list_steps(ask: &Ask, steps: &[StepView], clock: Clock, back: &str) -> Markup {
    let newest = steps.iter().find(|step| step.undoable).map(|step| step.id);
    html! {
        ul.rows { @for step in steps { li {
            span {
                b { (short(&step.by)) } " " (foreign(&step.says))
                @if !step.why.is_empty() { ": " q { (foreign(&step.why)) } }
                @if let [one] = step.devices.as_slice() { " " span.soft { "(" (device_link(one)) ")" } }
                @if let Some(by) = &step.undone { " " span.soft { "taken back by " (foreign(by)) } }
            }
            span {
                (clock.ago(&step.at))
                @if ask.may(Action::ContractUndo) && newest == Some(step.id) {
                    " " form.inline method="post" action=(format!("/steps/{}/undo", step.id)) {
                        (csrf(ask)) input type="hidden" name="back" value=(back);
                        button { "Take it back" }
                    }
                }
            }
        } } }
    }
}

/// `POST /contracts/rules`.
pub(crate) async fn decide(act: Act) -> Shown {
    let (site, caller) = (&act.ask.site, &act.ask.caller);
    if act.fields.text("do") == "confirm" {
        let done = site.confirm_rules(caller).await;
        return finished(done.map(|_| ()), "/contracts", "kept");
    }
    finished(site.take_rules_back(caller).await.map(|_| ()), "/contracts", "taken-back")
}

/// `POST /steps/{id}/undo`.
pub(crate) async fn undo(axum::extract::Path(id): axum::extract::Path<u64>, act: Act) -> Shown {
    let back = reply::own_path(act.fields.get("back")).to_owned();
    let done = act.ask.site.undo_step(&act.ask.caller, Some(id)).await;
    finished(done.map(|_| ()), &back, "undone")
}

fn several(ask: &Ask) -> Markup {
    let stages = [("watch", "watch"), ("warn", "warn"), ("enforce", "enforce, on trial first")];
    let stages: Vec<(String, String)> =
        stages.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    html! {
        form.filter method="post" action="/contracts/stages" {
            (csrf(ask))
            (parts::input("device", "Devices", "text", "", "all, zone:NAME, tag:NAME or a name"))
            (parts::select("stage", "How far", "", "watch", &stages))
            button { "Set" }
        }
        p.soft { "Rehearse first: " code { "cordon contract rehearse" } ", or the button on a device’s contract." }
    }
}

/// `POST /contracts/stages`: of several at once.
pub(crate) async fn stage(act: Act) -> Result<Response, Wrong> {
    let request = StageRequest {
        devices: act.fields.all("device"),
        stage: act.fields.text("stage"),
        reason: act.fields.text("reason"),
        rehearse: false,
    };
    let done = act.ask.site.stage(&act.ask.caller, &request).await;
    finished(done.map(|_| ()), "/contracts", "saved")
}
