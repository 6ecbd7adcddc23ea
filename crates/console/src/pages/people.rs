//! People & keys: who gets in, and with what?

use cordon_model::record::Action;
use cordon_service::ProblemKind;
use cordon_service::view::{ApprovalView, InviteView, PersonView};
use maud::{Markup, html};

use super::people_parts;
use crate::ask::Ask;
use crate::frame::{self, Sheet, Tab, csrf};
use crate::parts::{empty, panel};
use crate::reply::{self, Shown};
use crate::text::{Clock, foreign, short};

/// Decided requests shown; the ledger has all.
const DECIDED_MOST: usize = 10;

/// Names and meanings of the roles.
pub(super) const ROLES: [(&str, &str); 4] = [
    ("viewer", "viewer: looks"),
    ("operator", "operator: names, mends, imports"),
    ("approver", "approver: says yes as the second person"),
    ("admin", "admin: people, settings, everything"),
];

/// `GET /people`.
pub(crate) async fn show(ask: Ask) -> Shown {
    let view = ask.site.people(&ask.caller)?;
    let approvals = match ask.site.approvals(&ask.caller) {
        Err(problem) if problem.kind == ProblemKind::Forbidden => None,
        other => Some(other?),
    };
    let today = ask.site.today(&ask.caller)?;
    let clock = Clock::wall();
    let you = view.people.iter().find(|person| person.you);
    let others: Vec<&PersonView> = view.people.iter().filter(|person| !person.you).collect();
    let may_invite = ask.may(Action::PersonInvite);
    let body = html! {
        @if let Some(approvals) = approvals.filter(|list| !list.is_empty()) {
            (panel("approvals", "Waiting for a second person", &requests(&ask, &approvals, clock)))
        }
        @if let Some(you) = you { (panel("you", "You", &people_parts::you(&ask, you, clock))) }
        @if may_invite { (panel("invite", "Invite a person", &invite(&ask, &view.invites, clock))) }
        @if ask.may(Action::PeopleView) {
            (panel("everybody", "Everybody else", &everybody(&ask, &others, clock)))
        }
    };
    let sheet = Sheet {
        tab: Tab::People,
        title: "People & keys",
        lead: html! { "Who gets in, with what, and who waits for a yes?" },
        buttons: html! {
            @if may_invite { a.button.main href="#invite" { "Invite a person" } }
            @else { a.button.main href="#you" { "Your keys" } }
        },
        topics: "approvals people",
        body,
    };
    Ok(reply::page(frame::page(&ask, &today, &sheet)))
}

fn everybody(ask: &Ask, others: &[&PersonView], clock: Clock) -> Markup {
    html! {
        @if others.is_empty() {
            (empty("You are alone.", &html! { "Invite a second person: some actions need one, and you may lose your key." }))
        }
        @for person in others { (people_parts::person(ask, person, clock)) }
    }
}

fn requests(ask: &Ask, approvals: &[ApprovalView], clock: Clock) -> Markup {
    let (open, decided): (Vec<_>, Vec<_>) = approvals.iter().partition(|a| a.state == "open");
    html! {
        @if open.is_empty() { p.soft { "Nothing waits." } }
        @for request in &open { (one(ask, request, clock)) }
        @if !decided.is_empty() {
            details { summary { "Decided lately" }
                ul.rows { @for request in decided.iter().take(DECIDED_MOST) {
                    li { span { (foreign(&request.says)) span.sub { "asked by " (short(&request.asked_by)) } }
                        span { (request.state) @if let Some(by) = &request.decided_by { " by " (short(by)) } }
                    }
                } }
            }
        }
    }
}

fn one(ask: &Ask, request: &ApprovalView, clock: Clock) -> Markup {
    html! {
        article.request {
            h3 { (foreign(&request.says)) }
            blockquote { (foreign(&request.reason)) }
            p.soft { "Asked by " b { (short(&request.asked_by)) } " " (clock.ago(&request.asked)) "; lapses " (clock.ago(&request.expires)) "." }
            @if request.yours_to_decide && ask.may(Action::ApprovalDecide) {
                form.row method="post" action=(format!("/people/approvals/{}", crate::text::encode(&request.id))) {
                    (csrf(ask))
                    button.main name="decide" value="approve" { "Approve and do it" }
                    button name="decide" value="refuse" { "Refuse" }
                }
            } @else { p.soft { "Somebody else has to decide this." } }
        }
    }
}

fn invite(ask: &Ask, invites: &[InviteView], clock: Clock) -> Markup {
    html! {
        form.filter.plain method="post" action="/people/invites" {
            (csrf(ask))
            label.field { span { "Role" } select name="role" {
                @for (name, says) in ROLES { option value=(name) { (says) } }
            } }
            label.field.narrow { span { "Hours the link works" } input type="number" name="hours" min="1" max="168" value="24" required; }
            button { "Make a link" }
        }
        p.soft { "The link works once. Give it to the person yourself; whoever opens it first gets in." }
        @if !invites.is_empty() {
            table.cards {
                caption { "Links not used yet" }
                thead { tr { th scope="col" { "Role" } th scope="col" { "Made by" } th scope="col" { "Ends" } th scope="col" { "Withdraw" } } }
                tbody { @for invite in invites { tr {
                    th scope="row" { (invite.role) }
                    td data-label="Made by" { (short(&invite.by)) }
                    td data-label="Ends" { (clock.ago(&invite.expires)) }
                    td data-label="Withdraw" { (people_parts::button(ask, &format!("/people/invites/{}/withdraw", crate::text::encode(&invite.id)), "Withdraw", &format!("Withdraw the {} link", invite.role))) }
                } } }
            }
        }
    }
}
