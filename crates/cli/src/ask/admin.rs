//! `cordon admin`.

use std::process::ExitCode;

use cordon_report::terminal::page::{Tone, span};
use cordon_report::words;
use cordon_service::view::{InviteLink, PeopleView, PersonView};

use super::{Paper, moment, show};
use crate::args::{AdminArgs, AdminCommand};
use crate::failure::Failure;
use crate::service::Service;

/// Runs the command.
pub fn admin(args: &AdminArgs) -> Result<ExitCode, Failure> {
    let service = Service::find(&args.at)?;
    match &args.command {
        AdminCommand::Invite { role, hours, shown } => {
            let new = serde_json::json!({ "role": role, "hours": hours });
            let answer = service.post::<InviteLink>("/api/v1/invites", &new)?;
            show(&answer, shown, |page, link| {
                let says = format!(
                    "This link lets one person in as {role}, once, until {}. Send it by a way that only they read.",
                    words::time(&link.expires)
                );
                page.paragraph(&[], &[span(Tone::Normal, says)])?;
                page.blank()?;
                page.line(&[span(Tone::Strong, format!("    {}", link.url))])
            })?;
        }
        AdminCommand::People { shown } => {
            let answer = service.get::<PeopleView>("/api/v1/people")?;
            show(&answer, shown, people)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn people(page: &mut Paper, view: &PeopleView) -> std::fmt::Result {
    if view.people.is_empty() {
        page.paragraph(
            &[],
            &[span(Tone::Normal, "Nobody can sign in. `cordon admin invite --role admin` makes a link for the first.")],
        )?;
    }
    for one in &view.people {
        person(page, one)?;
    }
    for invite in &view.invites {
        let says = format!(
            "a link for a new {}, by {}, unused until {}",
            invite.role,
            invite.by,
            words::time(&invite.expires)
        );
        page.paragraph(&[span(Tone::Faint, "Open: ")], &[span(Tone::Normal, says)])?;
    }
    Ok(())
}

fn person(page: &mut Paper, one: &PersonView) -> std::fmt::Result {
    let disabled = if one.disabled { ", may not sign in" } else { "" };
    page.paragraph(
        &[],
        &[
            span(Tone::Strong, one.name.as_str()),
            span(Tone::Normal, format!(", {}{disabled}", one.role)),
            span(Tone::Faint, format!(", since {}", words::time(&one.created))),
        ],
    )?;
    let ways: Vec<String> =
        one.credentials.iter().map(|way| format!("{} ({})", way.label, way.kind)).collect();
    let ways = if ways.is_empty() { "none".to_owned() } else { ways.join(", ") };
    page.paragraph(&[span(Tone::Faint, "   signs in with ")], &[span(Tone::Normal, ways)])?;
    for session in &one.sessions {
        let says = format!("{}, last used {}", session.from, moment(&session.used));
        page.paragraph(&[span(Tone::Faint, "   signed in from ")], &[span(Tone::Normal, says)])?;
    }
    for token in &one.tokens {
        let says =
            format!("{}: {}, until {}", token.label, token.scope, words::time(&token.expires));
        page.paragraph(&[span(Tone::Faint, "   token ")], &[span(Tone::Normal, says)])?;
    }
    Ok(())
}
