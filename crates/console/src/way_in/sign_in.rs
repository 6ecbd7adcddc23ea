//! Signing in and out.

use axum::extract::{FromRequestParts, Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use cordon_service::Caller;
use maud::html;

use super::enrol::password_field;
use crate::ask::{Act, Ask, Enter, end_former, visit};
use crate::console::Console;
use crate::fields::Fields;
use crate::frame;
use crate::reply::{self, Shown, Wrong, own_path};
use crate::text::foreign;

/// `GET /sign-in`.
pub(crate) async fn show(State(console): State<Console>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let params = Fields::from_urlencoded(parts.uri.query().unwrap_or_default());
    let next = own_path(params.get("next")).to_owned();
    let again = params.get("again").is_some();
    let signed_in = parts.extensions.get::<Option<Caller>>().is_some_and(Option::is_some);
    if signed_in && !again && Ask::from_request_parts(&mut parts, &console).await.is_ok() {
        return Redirect::to(&next).into_response();
    }
    let visit = match visit(&parts) {
        Ok(visit) => visit,
        Err(wrong) => return wrong.into_response(),
    };
    let notice = params.get("done").and_then(frame::notice);
    let body = html! {
        @if let Some(says) = notice { p.notice role="status" { (says) } }
        @if again { p.lead { "What you are about to do is worth a second look: show once more that it is you." } }
        div.panel data-passkey="get" data-next=(next) {
            button.main.wide type="button" data-go { "Sign in with a passkey" }
            p.problem role="alert" hidden data-problem {}
            noscript { p.soft { "Passkeys need JavaScript. With a password it works without." } }
        }
        details.panel {
            summary { "Use a password instead" }
            form.stack method="post" action="/sign-in" {
                input type="hidden" name="next" value=(next);
                label.field { span { "Your name" } input type="text" name="name" required maxlength="100" autocomplete="username"; }
                (password_field("current-password", None))
                label.field { span { "One-time code, or a recovery code" } input type="text" name="code" required maxlength="40" autocomplete="one-time-code"; }
                p { button { "Sign in" } }
            }
        }
        p.soft { "No account? Somebody with the role admin makes a link for you. Lost your key? Ask them for one, or run " code { "cordon admin invite" } " on the service’s machine." }
    };
    let title = if again { "Sign in again for this" } else { "Sign in" };
    reply::begin_ceremony(reply::page(frame::bare(title, &body)), &visit.ceremony)
}

/// `POST /sign-in`: with a password and a code.
pub(crate) async fn password(enter: Enter) -> Shown {
    let Enter { site, visit, before, fields, .. } = enter;
    let next = own_path(fields.get("next")).to_owned();
    let (name, code) = (fields.text("name"), fields.text("code"));
    let password = fields.get("password").unwrap_or_default();
    let signed_in = site.password_sign_in(&visit, &name, password, &code).await;
    let signed_in = signed_in.map_err(|problem| Wrong::from(problem).back(&next))?;
    end_former(&site, before).await;
    Ok(reply::sign_in(Redirect::to(&next).into_response(), &signed_in))
}

/// `POST /sign-out`.
pub(crate) async fn out(act: Act) -> Shown {
    act.ask.site.sign_out(&act.ask.caller).await?;
    Ok(reply::sign_out(reply::done("/sign-in", "signed-out")))
}

/// The one line about who it is.
pub(super) fn greeting(name: &str) -> maud::Markup {
    html! { "You are in, " (foreign(name)) "." }
}
