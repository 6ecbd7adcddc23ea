//! Enrolling by a link: a passkey, or a password with one-time codes.

use std::sync::Arc;

use axum::extract::{FromRequest, Path, Request, State};
use axum::response::{IntoResponse, Response};
use cordon_service::view::TotpSetup;
use cordon_service::{Site, Visit};
use maud::{Markup, html};

use super::sign_in::greeting;
use crate::ask::{Enter, end_former, visit};
use crate::console::Console;
use crate::frame;
use crate::pages::people_do::end_other_sessions;
use crate::reply::{self, Shown, Wrong};
use crate::text::{encode, foreign, full, plain, short, told};

/// Characters of a password (NIST SP 800-63B-4, section 3.1.1.2).
const PASSWORD_LEAST: usize = 15;

/// `GET /enrol/{link}`.
pub(crate) async fn show(
    State(console): State<Console>,
    Path(link): Path<String>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let visit = match visit(&parts) {
        Ok(visit) => visit,
        Err(wrong) => return wrong.into_response(),
    };
    let view = match console.site.enrolment(&visit, &link) {
        Ok(view) => view,
        Err(problem) => return Wrong::from(problem).back("/sign-in").into_response(),
    };
    let name = view.name.clone().unwrap_or_default();
    let body = html! {
        p.lead {
            @if view.name.is_some() { "Add a way to sign in to " b { (foreign(&view.site)) } "." }
            @else { "Welcome to " b { (foreign(&view.site)) } ". This link makes you its " b { (short(&view.role)) } "." }
        }
        div.panel data-passkey="create" data-link=(link) data-next="/" {
            h2 { "With a passkey" }
            p { "Your phone, computer or security key keeps it. Nothing to remember, nothing to steal." }
            (name_field(&name))
            label.field { span { "What to call this key" } input type="text" name="label" value="My passkey" maxlength="100" autocomplete="off"; }
            @if let Some(hindrance) = &view.passkey_hindrance {
                p.problem { (told(&full(hindrance))) }
            } @else {
                button.main.wide type="button" data-go { "Create a passkey" }
                p.problem role="alert" hidden data-problem {}
                noscript { p.soft { "Passkeys need JavaScript. With a password it works without." } }
            }
        }
        details.panel open[view.passkey_hindrance.is_some()] {
            summary { "Use a password instead" }
            form.stack method="post" action=(format!("/enrol/{}/password", encode(&link))) {
                p.soft { "At least " (PASSWORD_LEAST) " characters: a few words in a row are fine, and no sign is required. You also need an app for one-time codes." }
                (name_field(&name))
                (password_field("new-password", Some(PASSWORD_LEAST)))
                @if view.name.is_some() {
                    label.check { input type="checkbox" name="others" value="end" checked; span { "Sign me out everywhere else" } }
                }
                p { button { "Next: one-time codes" } }
            }
        }
    };
    reply::begin_ceremony(reply::page(frame::bare("Get in", &body)), &visit.ceremony)
}

/// Where a password is typed. Our script shows the button, which works only with it.
pub(super) fn password_field(autocomplete: &str, least: Option<usize>) -> Markup {
    html! {
        div.password {
            label.field { span { "Password" }
                input type="password" name="password" required minlength=[least] maxlength="1024" autocomplete=(autocomplete) spellcheck="false";
            }
            button.quiet type="button" hidden data-show aria-pressed="false" { "Show password" }
        }
    }
}

fn name_field(name: &str) -> Markup {
    html! {
        label.field { span { "Your name" }
            input type="text" name="name" value=(name) readonly[!name.is_empty()] required maxlength="100" autocomplete="username";
        }
    }
}

/// `POST /enrol/{link}/password`.
pub(crate) async fn password(
    State(console): State<Console>,
    Path(link): Path<String>,
    request: Request,
) -> Shown {
    let enter = match Enter::from_request(request, &console).await {
        Ok(enter) => enter,
        Err(response) => return Ok(response),
    };
    let Enter { site, visit, fields, .. } = enter;
    let back = format!("/enrol/{}", encode(&link));
    let password = fields.get("password").unwrap_or_default();
    let setup = site.enrol_password_begin(&visit, &link, &fields.text("name"), password).await;
    let setup = setup.map_err(|problem| Wrong::from(problem).back(&back))?;
    let others = fields.get("others").is_some();
    Ok(reply::page(frame::bare("One-time codes", &codes(&link, &setup, others))))
}

fn codes(link: &str, setup: &TotpSetup, others: bool) -> Markup {
    // as a picture of its own: what is inside cannot act on the page
    let picture = format!("data:image/svg+xml,{}", encode(&setup.svg));
    html! {
        div.panel {
            p { "Scan this with an app for one-time codes, then type the code that it shows." }
            img.qr src=(picture) width="220" height="220" alt="QR code with the secret below";
            p { "Or type it in: " code.wrap { (plain(&setup.secret)) } " · " a href=(totp_url(&setup.url)) { "open in an app on this device" } }
            form.stack method="post" action=(format!("/enrol/{}/code", encode(link))) {
                @if others { input type="hidden" name="others" value="end"; }
                label.field { span { "Code" } input type="text" name="code" required inputmode="numeric" maxlength="12" autocomplete="one-time-code"; }
                p { button.main { "Finish" } }
            }
        }
    }
}

/// Whether every other session of whoever just chose a new password is over (ASVS 4.0.3, 3.3.3).
async fn end_others(site: &Arc<dyn Site>, visit: &Visit, secret: &str) -> bool {
    let Some(caller) = site.session(secret, visit) else { return false };
    match end_other_sessions(site, &caller).await {
        Ok(()) => true,
        Err(problem) => {
            tracing::warn!(%problem, "the other sessions could not be ended");
            false
        }
    }
}

/// Only what an app for codes opens may become a link.
fn totp_url(url: &str) -> &str {
    if url.starts_with("otpauth://") { url } else { "#" }
}

/// `POST /enrol/{link}/code`.
pub(crate) async fn code(
    State(console): State<Console>,
    Path(link): Path<String>,
    request: Request,
) -> Shown {
    let enter = match Enter::from_request(request, &console).await {
        Ok(enter) => enter,
        Err(response) => return Ok(response),
    };
    let Enter { site, visit, before, fields, .. } = enter;
    let enrolled = site.enrol_password_finish(&visit, &link, &fields.text("code")).await;
    let back = format!("/enrol/{}", encode(&link));
    let enrolled = enrolled.map_err(|problem| Wrong::from(problem).back(&back))?;
    end_former(&site, before).await;
    let ended = match fields.get("others") {
        Some(_) => Some(end_others(&site, &visit, &enrolled.signed_in.secret).await),
        None => None,
    };
    let body = html! {
        p.lead {
            (greeting(&enrolled.signed_in.me.name))
            @match ended {
                Some(true) => " You are signed out everywhere else.",
                Some(false) => " Not every other session could be ended: look under People & keys.",
                None => "",
            }
        }
        div.panel {
            h2 { "Recovery codes" }
            p { "For the day your phone is lost. Each works once. They are shown only now: print them or write them down." }
            ol.codes { @for code in &enrolled.recovery_codes { li { code { (plain(code)) } } } }
            p { a.button.main href="/" { "I have them: go to Today" } }
        }
    };
    let page = reply::page(frame::bare("You are in", &body));
    Ok(reply::sign_in(page, &enrolled.signed_in))
}
