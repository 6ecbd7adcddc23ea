//! Contract: what may this device do, and what should be decided about it?

use axum::extract::Path;
use cordon_model::record::Action;
use cordon_service::view::{
    AdoptRequest, Changed, ContractView, EntryView, HeldView, ReachRequest, RehearsalView,
    RehearseRequest, StageRequest,
};
use maud::{Markup, html};

use super::contracts::{contract_path, list_steps, reach_says, rules_panel, state};
use super::versions::versions;
use crate::ask::{Act, Ask};
use crate::frame::{self, Sheet, Tab, csrf};
use crate::parts::{device_path, empty, panel};
use crate::reply::{self, Shown, Wrong};
use crate::text::{Clock, counted, foreign, sentence, short};

/// Reasons shown of an entry.
const REASONS: usize = 3;
/// Kinds of conversations shown of a rehearsal.
const KINDS: usize = 20;

/// `GET /contracts/{id}`.
pub(crate) async fn show(Path(id): Path<String>, ask: Ask) -> Shown {
    let view = ask.site.contract(&ask.caller, &id)?;
    let rules = ask.site.rules(&ask.caller).await?;
    let rehearsal = match ask.params.get("rehearse") {
        Some(_) => {
            let request = RehearseRequest {
                devices: vec![view.row.device.id.clone()],
                proposed: true,
                ..RehearseRequest::default()
            };
            Some(ask.site.rehearse(&ask.caller, &request).await?)
        }
        None => None,
    };
    let today = ask.site.today(&ask.caller)?;
    let clock = Clock::at(&today.now);
    let path = contract_path(&view.row.device.id);
    let versions = versions(&ask, &id, clock, &path).await?;
    let body = html! {
        @if rules.state == "trial" { (rules_panel(&ask, &rules)) }
        @if let Some(rehearsal) = &rehearsal { (panel("rehearsal", "Rehearsal", &rehearsed(rehearsal, clock))) }
        div.two {
            (panel("contract", "What it may do", &told(&view)))
            div {
                (panel("switch", "Switch", &switch(&ask, &view, &path)))
                (panel("stage", "How far it is enforced", &stages(&ask, &view, &path)))
            }
        }
        @if !view.proposed.is_empty() || !view.held.is_empty() {
            (panel("news", "To decide", &news(&ask, &view, &path)))
        }
        @if !view.unseen.is_empty() {
            (panel("unseen", "In force, and not seen since learning began", &html! { (entries(&view.unseen)) }))
        }
        (super::mud::mud(&view.row.device.id, &view.mud, clock))
        (versions)
        (panel("steps", "What was done", &steps(&ask, &view, clock, &path)))
    };
    let sheet = Sheet {
        tab: Tab::Contracts,
        title: &view.row.device.label,
        lead: html! { (state(&view.row)) " " @match &view.row.learning { Some(says) => (foreign(&sentence(says))), None => "Nothing was seen of it yet" } "." },
        buttons: html! {
            @if !view.proposed.is_empty() && ask.may(Action::ContractAdopt) { a.button.main href="#news" { "Decide" } }
            @else if view.row.state == "watch" && ask.may(Action::ContractStage) { a.button.main href="#stage" { "Enforce…" } }
            a.button href=(format!("{path}?rehearse=yes#rehearsal")) { "Rehearse" }
            a.button href=(device_path(&view.row.device.id)) { "The device" }
        },
        topics: "contracts",
        body,
    };
    Ok(reply::page(frame::page(&ask, &today, &sheet)))
}

fn told(view: &ContractView) -> Markup {
    html! {
        @for line in &view.about { p { (foreign(line)) } }
        @for part in &view.parts {
            h3 { (part.title) }
            (entries(&part.entries))
        }
        p { b { (foreign(&view.rest)) } }
        @for line in &view.unresolved { p.callout { "Not enforced as it stands. " (foreign(&sentence(line))) "." } }
    }
}

pub(super) fn entries(entries: &[EntryView]) -> Markup {
    html! { ul.entries { @for entry in entries { li { (one(entry)) } } } }
}

fn one(entry: &EntryView) -> Markup {
    html! {
        span { (foreign(&sentence(&entry.says))) }
        details.soft { summary { (foreign(&entry.exactly)) }
            ul.reasons {
                @for (at, because) in entry.because.iter().take(REASONS).enumerate() {
                    li { @if at == 0 { "because " } @else { "and " } (foreign(because)) }
                }
                li { "entry " code { (short(&entry.id)) } }
            }
        }
    }
}

fn news(ask: &Ask, view: &ContractView, path: &str) -> Markup {
    if !ask.may(Action::ContractAdopt) {
        return html! {
            (entries(&view.proposed))
            @for HeldView { entry, suspicion } in &view.held {
                p { span class="sev high" { (foreign(suspicion)) } " " (foreign(&sentence(&entry.says))) }
            }
        };
    }
    html! {
        form.stack method="post" action=(format!("{path}/adopt")) {
            (csrf(ask))
            @if !view.proposed.is_empty() {
                p { "It did this, and nothing speaks against it. What you leave out is not proposed again." }
                @for entry in &view.proposed { (choice(entry, "yes", true, None)) }
            }
            @if !view.held.is_empty() {
                h3 { "Held back, because it looks like an attack" }
                @for HeldView { entry, suspicion } in &view.held { (choice(entry, "held", false, Some(suspicion))) }
            }
            label.field { span { "Why? Kept with the step and in the ledger." } input type="text" name="reason" maxlength="500" autocomplete="off"; }
            p { button.main { "Put what is ticked in force" } }
        }
    }
}

fn choice(entry: &EntryView, name: &str, ticked: bool, suspicion: Option<&str>) -> Markup {
    html! {
        label.check {
            input type="checkbox" name=(name) value=(entry.id) checked[ticked];
            span { (foreign(&sentence(&entry.says))) " " span.soft { (foreign(&entry.exactly)) }
                @if let Some(why) = suspicion { " " span class="sev high" { (foreign(why)) } }
            }
        }
        // What was offered and is not ticked is refused.
        @if name == "yes" { input type="hidden" name="offered" value=(entry.id); }
    }
}

const REACHES: [(&str, &str, &str); 4] = [
    ("normal", "Normal", "what its contract says"),
    ("local-only", "Local only", "no Internet"),
    ("internet-only", "Internet only", "nobody here"),
    ("off", "Off", "nothing at all, at once"),
];

fn switch(ask: &Ask, view: &ContractView, path: &str) -> Markup {
    html! {
        p { "Now: " b { (sentence(reach_says(&view.row.reach))) } "." }
        @if ask.may(Action::DeviceReach) {
            form.stack method="post" action=(format!("{path}/reach")) {
                (csrf(ask))
                p.switch role="group" aria-label="Switch" { @for (value, title, says) in &REACHES {
                    @if *value == view.row.reach { button.main name="reach" value=(value) title=(says) aria-pressed="true" { (title) } }
                    @else { button name="reach" value=(value) title=(says) aria-pressed="false" { (title) } }
                } }
            }
        }
    }
}

const STAGES: [(&str, &str, &str); 3] = [
    ("watch", "Watch", "nothing is blocked; what is outside is noticed"),
    ("warn", "Warn", "what is outside passes and is logged"),
    ("enforce", "Enforce", "what is outside is blocked, on trial first"),
];

fn stages(ask: &Ask, view: &ContractView, path: &str) -> Markup {
    html! {
        @if view.row.version == 0 {
            (empty("Nothing is in force yet.", &html! { "Put in force what learning proposes, then choose how far." }))
        } @else if ask.may(Action::ContractStage) {
            @if view.row.criticality != "normal" {
                p.callout { "This device is " (view.row.criticality) ": it is never blocked automatically, and blocking it may take two people." }
            }
            form.stack method="post" action=(format!("{path}/stage")) {
                (csrf(ask))
                p.switch role="group" aria-label="How far" { @for (value, title, says) in &STAGES {
                    @if *value == view.row.state { button.main name="stage" value=(value) title=(says) aria-pressed="true" { (title) } }
                    @else { button name="stage" value=(value) title=(says) aria-pressed="false" { (title) } }
                } }
                p.soft { "Enforcing begins on trial: not confirmed in time, it is taken back by itself." }
            }
        }
    }
}

fn rehearsed(view: &RehearsalView, clock: Clock) -> Markup {
    html! {
        p { b { (foreign(&view.says)) } " " span.soft { "From " (clock.whole(&view.from)) " to " (clock.whole(&view.to)) ", with what is proposed." } }
        @for device in &view.devices {
            @for notice in &device.notices { p.callout { (foreign(notice)) "." } }
            table.cards {
                caption { "What would have been blocked" }
                thead { tr { th scope="col" { "Conversation" } th.num scope="col" { "Times" } th scope="col" { "Last" } } }
                tbody { @for kind in device.kinds.iter().take(KINDS) { tr {
                    td data-label="Conversation" { (foreign(&kind.says)) @if kind.unanswered { " " span.soft { "nobody answered" } } }
                    td.num data-label="Times" { (kind.times) }
                    td data-label="Last" { (clock.ago(&kind.last)) }
                } } }
            }
            @if device.kinds.len() > KINDS { p.soft { "and " (counted((device.kinds.len() - KINDS) as u64, "kind", "kinds")) " more" } }
        }
    }
}

fn steps(ask: &Ask, view: &ContractView, clock: Clock, path: &str) -> Markup {
    html! {
        @if view.steps.is_empty() {
            (empty("Nobody has decided anything about it yet.", &html! { "Each step is kept, and can be taken back." }))
        } @else { (list_steps(ask, &view.steps, clock, path)) }
    }
}

fn answered(done: cordon_service::Answer<Changed>, path: &str, notice: &str) -> Shown {
    let changed = done.map_err(|problem| Wrong::from(problem).back(path))?;
    Ok(match (changed.outcome.as_str(), changed.rules.state.as_str()) {
        ("waits", _) => reply::done(path, "waits"),
        (_, "trial") => reply::done(path, "on-trial"),
        _ => reply::done(path, notice),
    })
}

/// `POST /contracts/{id}/adopt`.
pub(crate) async fn adopt(Path(id): Path<String>, act: Act) -> Shown {
    let ticked = act.fields.all("yes");
    let left: Vec<String> =
        act.fields.all("offered").into_iter().filter(|entry| !ticked.contains(entry)).collect();
    let admit = ticked.into_iter().chain(act.fields.all("held")).collect();
    let request = AdoptRequest {
        proposed: false,
        admit,
        remove: left,
        reason: act.fields.text("reason"),
        rehearse: false,
    };
    let done = act.ask.site.adopt(&act.ask.caller, &id, &request).await;
    answered(done, &contract_path(&id), "in-force")
}

/// `POST /contracts/{id}/stage`.
pub(crate) async fn stage(Path(id): Path<String>, act: Act) -> Shown {
    let request = StageRequest {
        devices: vec![id.clone()],
        stage: act.fields.text("stage"),
        reason: act.fields.text("reason"),
        rehearse: false,
    };
    let done = act.ask.site.stage(&act.ask.caller, &request).await;
    answered(done, &contract_path(&id), "saved")
}

/// `POST /contracts/{id}/reach`.
pub(crate) async fn reach(Path(id): Path<String>, act: Act) -> Shown {
    let request = ReachRequest {
        devices: vec![id.clone()],
        reach: act.fields.text("reach"),
        reason: act.fields.text("reason"),
        rehearse: false,
    };
    let done = act.ask.site.switch(&act.ask.caller, &request).await;
    answered(done, &contract_path(&id), "switched")
}
