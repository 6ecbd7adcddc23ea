//! What is done on People & keys.

use std::sync::Arc;

use axum::extract::Path;
use cordon_service::view::{NewInvite, NewToken, PersonEdit};
use cordon_service::{Answer, Caller, Outcome, Problem, ProblemKind, Site};
use maud::{Markup, html};

use super::findings::finished;
use crate::ask::{Act, Ask};
use crate::frame::{self, Sheet, Tab};
use crate::parts::panel;
use crate::reply::{self, Shown, Wrong};
use crate::text::{Clock, short};

const HERE: &str = "/people";

/// `POST /people/invites`.
pub(crate) async fn invite(act: Act) -> Shown {
    let hours = act.fields.number("hours", "number of hours").map_err(back)?;
    let new = NewInvite { role: act.fields.text("role"), hours };
    let link = act.ask.site.invite(&act.ask.caller, &new).await.map_err(back)?;
    once(
        &act.ask,
        "A link for a new person",
        &link.url,
        &html! {
            "It works once and ends " (Clock::wall().ago(&link.expires)) ". Give it to the person yourself; whoever opens it first gets in as " b { (short(&new.role)) } "."
        },
    )
}

/// `POST /people/{id}/link`.
pub(crate) async fn link(Path(id): Path<String>, act: Act) -> Shown {
    let link = act.ask.site.invite_again(&act.ask.caller, &id).await.map_err(back)?;
    let own = act.ask.me.id == id;
    once(
        &act.ask,
        "A link to add a way to sign in",
        &link.url,
        &html! {
            "It works once and ends " (Clock::wall().ago(&link.expires)) ". "
            @if own { "Open it in the browser or on the device whose key you want to add." } @else { "Give it to the person yourself." }
        },
    )
}

/// `POST /people/tokens`.
pub(crate) async fn create_token(act: Act) -> Shown {
    let days = act.fields.number("days", "number of days").map_err(back)?;
    let new = NewToken {
        label: act.fields.text("label"),
        scope: act.fields.text("scope"),
        days: days.unwrap_or_default(),
    };
    let made = act.ask.site.create_token(&act.ask.caller, &new).await.map_err(back)?;
    once(
        &act.ask,
        "A new API token",
        &made.secret,
        &html! {
            "Copy it now: it is not shown again. It ends " (Clock::wall().ago(&made.token.expires)) ". Send it as " code { "Authorization: Bearer …" } " to " code { "/api/v1" } "."
        },
    )
}

/// Shows a secret once. No redirect: the secret must be in no address and no store.
fn once(ask: &Ask, title: &str, secret: &str, says: &Markup) -> Shown {
    let today = ask.site.today(&ask.caller)?;
    let body = html! {
        p { (says) }
        p { label.field { span { "Shown once" } textarea.secret rows="3" readonly data-copy spellcheck="false" { (secret) } } }
    };
    let sheet = Sheet {
        tab: Tab::People,
        title,
        lead: html! { "Shown once, here and now." },
        buttons: html! { a.button.main href=(HERE) { "I have it" } },
        topics: "",
        body: panel("secret", "Copy it now", &body),
    };
    Ok(reply::page(frame::page(ask, &today, &sheet)))
}

/// `POST /people/{id}`.
pub(crate) async fn edit(Path(id): Path<String>, act: Act) -> Shown {
    let edit = PersonEdit {
        name: act.fields.some("name"),
        role: act.fields.some("role"),
        disabled: act.fields.some("disabled").map(|says| says == "yes"),
    };
    let reason = act.fields.text("reason");
    let outcome = act.ask.site.edit_person(&act.ask.caller, &id, &edit, &reason).await;
    let notice = match outcome.map_err(back)? {
        Outcome::Done => "saved",
        Outcome::Waits(_) => "waits",
    };
    Ok(reply::done(HERE, notice))
}

/// `POST /people/invites/{id}/withdraw`.
pub(crate) async fn withdraw(Path(id): Path<String>, act: Act) -> Shown {
    let done = act.ask.site.withdraw_invite(&act.ask.caller, &id).await;
    finished(done, HERE, "withdrawn")
}

/// `POST /people/credentials/{id}/remove`.
pub(crate) async fn remove_credential(Path(id): Path<String>, act: Act) -> Shown {
    let done = act.ask.site.remove_credential(&act.ask.caller, &id).await;
    finished(done, HERE, "removed")
}

/// `POST /people/sessions/{id}/revoke`.
pub(crate) async fn revoke_session(Path(id): Path<String>, act: Act) -> Shown {
    let done = act.ask.site.revoke_session(&act.ask.caller, &id).await;
    finished(done, HERE, "revoked")
}

/// `POST /people/sessions/others/revoke`.
pub(crate) async fn revoke_others(act: Act) -> Shown {
    finished(end_other_sessions(&act.ask.site, &act.ask.caller).await, HERE, "alone")
}

/// Ends every session of the caller but the one that asks; those that it can, should one stay.
pub(crate) async fn end_other_sessions(site: &Arc<dyn Site>, caller: &Caller) -> Answer<()> {
    let people = site.people(caller)?.people;
    let you = people.into_iter().find(|person| person.you);
    let mut failed = None;
    for other in you.into_iter().flat_map(|you| you.sessions).filter(|other| !other.current) {
        match site.revoke_session(caller, &other.id).await {
            // One that ended meanwhile is what was wanted.
            Ok(()) | Err(Problem { kind: ProblemKind::NotFound, .. }) => {}
            Err(problem) => failed = Some(problem),
        }
    }
    failed.map_or(Ok(()), Err)
}

/// `POST /people/tokens/{id}/revoke`.
pub(crate) async fn revoke_token(Path(id): Path<String>, act: Act) -> Shown {
    let done = act.ask.site.revoke_token(&act.ask.caller, &id).await;
    finished(done, HERE, "revoked")
}

/// `POST /people/approvals/{id}`.
pub(crate) async fn decide(Path(id): Path<String>, act: Act) -> Shown {
    let approve = match act.fields.text("decide").as_str() {
        "approve" => true,
        "refuse" => false,
        _ => return Err(back(Problem::invalid("Approve or refuse."))),
    };
    let done = act.ask.site.decide(&act.ask.caller, &id, approve).await;
    finished(done.map(|_| ()), HERE, if approve { "approved" } else { "refused" })
}

fn back(problem: Problem) -> Wrong {
    Wrong::from(problem).back(HERE)
}
