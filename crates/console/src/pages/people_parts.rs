//! One person: ways to sign in, sessions, tokens.

use cordon_model::record::Action;
use cordon_service::view::{CredentialView, PersonView, SessionView, TokenView};
use maud::{Markup, html};

use super::people::ROLES;
use crate::ask::Ask;
use crate::frame::csrf;
use crate::text::{Clock, browser, counted, encode, plain, short};

/// Whoever looks.
pub(super) fn you(ask: &Ask, person: &PersonView, clock: Clock) -> Markup {
    html! {
        p { b { (short(&person.name)) } ", " (person.role) ", since " (clock.ago(&person.created)) }
        (credentials(ask, person, true, clock))
        form.row method="post" action=(format!("/people/{}/link", encode(&person.id))) {
            (csrf(ask))
            button {
                @if person.credentials.iter().any(|one| one.kind == "password") { "Change the password, or add a passkey" }
                @else { "Add a passkey or another way to sign in" }
            }
            @if person.credentials.len() < 2 { span.soft { "A second one saves you on the day the first is lost." } }
        }
        (sessions(ask, &person.sessions, true, clock))
        @if person.sessions.len() > 1 {
            form method="post" action="/people/sessions/others/revoke" {
                (csrf(ask)) button { "Sign out everywhere else" }
            }
        }
        (tokens(ask, &person.tokens, true, clock))
        @if ask.may(Action::TokenCreate) { (new_token(ask)) }
    }
}

/// Somebody else.
pub(super) fn person(ask: &Ask, person: &PersonView, clock: Clock) -> Markup {
    html! {
        details.person {
            summary {
                b { (short(&person.name)) } " " span.tag { (person.role) }
                @if person.disabled { " " span.tag.strong { "shut out" } }
                " " span.soft {
                    (counted(person.credentials.len() as u64, "way", "ways")) " to sign in, "
                    (counted(person.sessions.len() as u64, "session", "sessions")) ", "
                    (counted(person.tokens.len() as u64, "token", "tokens"))
                }
            }
            div.inside {
                @if ask.may(Action::PersonChange) { (change(ask, person)) }
                (credentials(ask, person, ask.may(Action::CredentialRemove) && ask.may(Action::PersonChange), clock))
                @if ask.may(Action::PersonChange) {
                    form method="post" action=(format!("/people/{}/link", encode(&person.id))) {
                        (csrf(ask)) button { "Make a link to add a way to sign in" }
                    }
                }
                (sessions(ask, &person.sessions, ask.may(Action::PersonChange), clock))
                (tokens(ask, &person.tokens, ask.may(Action::PersonChange), clock))
            }
        }
    }
}

/// A button that is a form of its own.
pub(super) fn button(ask: &Ask, action: &str, says: &str, label: &str) -> Markup {
    html! {
        form method="post" action=(action) { (csrf(ask)) button aria-label=(plain(label)) { (says) } }
    }
}

fn change(ask: &Ask, person: &PersonView) -> Markup {
    html! {
        form.stack method="post" action=(format!("/people/{}", encode(&person.id))) {
            (csrf(ask))
            div.fields {
                label.field { span { "Name" } input type="text" name="name" value=(person.name) required maxlength="100" autocomplete="off"; }
                label.field { span { "Role" } select name="role" {
                    @for (name, says) in ROLES { option value=(name) selected[name == person.role] { (says) } }
                } }
                label.field { span { "May sign in" } select name="disabled" {
                    option value="no" selected[!person.disabled] { "yes" }
                    option value="yes" selected[person.disabled] { "no, shut out" }
                } }
                label.field { span { "Why" } input type="text" name="reason" required maxlength="500" autocomplete="off"; }
            }
            p { button { "Change " (short(&person.name)) } " " span.soft { "Changing an admin may need a second person." } }
        }
    }
}

fn credentials(ask: &Ask, person: &PersonView, may: bool, clock: Clock) -> Markup {
    let removable = may && person.credentials.len() > 1;
    let line = |item: &CredentialView| {
        html! { tr {
            th scope="row" { (short(&item.label)) @if let Some(kind) = kind(item) { span.sub { (kind) } } }
            td data-label="Since" { (clock.ago(&item.created)) }
            td data-label="Last used" { (clock.maybe(item.used.as_deref())) }
            td data-label="Remove" {
                @if removable { (button(ask, &format!("/people/credentials/{}/remove", encode(&item.id)), "Remove", &format!("Remove {}", item.label))) }
                @else { span.soft { "–" } }
            }
        } }
    };
    html! {
        @if !person.credentials.is_empty() {
            table.cards {
                caption { "Ways to sign in" }
                thead { tr { th scope="col" { "What" } th scope="col" { "Since" } th scope="col" { "Last used" } th scope="col" { "Remove" } } }
                tbody { @for item in &person.credentials { (line(item)) } }
            }
        }
    }
}

/// What sort it is, unless its name says so already: only keys are named by people.
fn kind(item: &CredentialView) -> Option<&'static str> {
    let named = !item.label.eq_ignore_ascii_case("passkey");
    (item.kind == "passkey" && named).then_some("passkey or security key")
}

fn sessions(ask: &Ask, sessions: &[SessionView], may: bool, clock: Clock) -> Markup {
    html! {
        @if !sessions.is_empty() {
            table.cards {
                caption { "Signed in now" }
                thead { tr { th scope="col" { "Browser" } th scope="col" { "From" } th scope="col" { "Last used" } th scope="col" { "Ends" } th scope="col" { "End it" } } }
                tbody { @for item in sessions { tr {
                    th scope="row" title=(plain(&item.agent)) {
                        @match browser(&item.agent) { Some(name) => (name), None => (short(&item.agent)) }
                        @if item.current { " " span.tag { "this one" } }
                    }
                    td.num data-label="From" { (short(&item.from)) }
                    td data-label="Last used" { (clock.ago(&item.used)) }
                    td data-label="Ends" { (clock.ago(&item.expires)) }
                    td data-label="End it" {
                        @if may { (button(ask, &format!("/people/sessions/{}/revoke", encode(&item.id)), "End", &format!("End the session from {}", item.from))) }
                        @else { span.soft { "–" } }
                    }
                } } }
            }
        }
    }
}

fn tokens(ask: &Ask, tokens: &[TokenView], may: bool, clock: Clock) -> Markup {
    html! {
        @if !tokens.is_empty() {
            table.cards {
                caption { "API tokens" }
                thead { tr { th scope="col" { "For" } th scope="col" { "May" } th scope="col" { "Last used" } th scope="col" { "Ends" } th scope="col" { "Revoke" } } }
                tbody { @for item in tokens { tr {
                    th scope="row" { (short(&item.label)) }
                    td data-label="May" { (item.scope) }
                    td data-label="Last used" { (clock.maybe(item.used.as_deref())) }
                    td data-label="Ends" { (clock.ago(&item.expires)) }
                    td data-label="Revoke" {
                        @if may { (button(ask, &format!("/people/tokens/{}/revoke", encode(&item.id)), "Revoke", &format!("Revoke the token {}", item.label))) }
                        @else { span.soft { "–" } }
                    }
                } } }
            }
        }
    }
}

fn new_token(ask: &Ask) -> Markup {
    html! {
        details id="token" { summary { "Make an API token" }
            form.filter.plain method="post" action="/people/tokens" {
                (csrf(ask))
                label.field { span { "What it is for" } input type="text" name="label" required maxlength="100" autocomplete="off"; }
                label.field { span { "May" } select name="scope" {
                    option value="read" { "read" } option value="write" { "read and write" } option value="metrics" { "metrics only" }
                } }
                label.field.narrow { span { "Days it works" } input type="number" name="days" min="1" max="365" value="90" required; }
                button { "Make a token" }
            }
        }
    }
}
