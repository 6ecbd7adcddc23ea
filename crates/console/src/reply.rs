//! What goes back: pages, redirects, files, cookies, and the one page for everything that went
//! wrong.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use cordon_people::cookie::{self, Cookie};
use cordon_service::{Problem, ProblemKind, SignedIn};
use maud::{Markup, html};

use crate::frame;
use crate::text::{encode, full, sentence, told};

/// What a page may load: our own style sheet, script and pictures, and nothing else.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; \
    style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; \
    frame-ancestors 'none'; base-uri 'none'";

/// A page, or why there is none.
pub(crate) type Shown = Result<Response, Wrong>;

/// A problem on its way to the page that shows it.
#[derive(Debug)]
pub(crate) struct Wrong {
    problem: Problem,
    back: Option<String>,
}

impl Wrong {
    /// Where the page offers to go back to.
    pub(crate) fn back(mut self, path: impl Into<String>) -> Self {
        self.back = Some(path.into());
        self
    }
}

impl From<Problem> for Wrong {
    fn from(problem: Problem) -> Self {
        Wrong { problem, back: None }
    }
}

impl IntoResponse for Wrong {
    fn into_response(self) -> Response {
        let Wrong { problem, back } = self;
        let status = status(&problem);
        let body = html! {
            div.panel.wrong {
                p.lead { (told(&full(&problem.detail))) }
                @if let Some(secs) = problem.retry_after {
                    p { "Wait " (crate::text::counted(secs.into(), "second", "seconds")) ", then try again." }
                }
                p.next { (next_step(problem.kind, back.as_deref())) }
            }
        };
        let mut response =
            (status, Html(frame::bare(problem.kind.title(), &body).into_string())).into_response();
        if let Some(secs) = problem.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(secs));
        }
        response
    }
}

fn status(problem: &Problem) -> StatusCode {
    StatusCode::from_u16(problem.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The one thing to do next; the same for the same kind of problem, wherever it came up.
fn next_step(kind: ProblemKind, back: Option<&str>) -> Markup {
    let here = back.unwrap_or("/");
    match kind {
        ProblemKind::SignInNeeded | ProblemKind::SignInRefused => html! {
            a.button.main href=(format!("/sign-in?next={}", encode(here))) { "Sign in" }
        },
        ProblemKind::FreshSignInNeeded => html! {
            a.button.main href=(format!("/sign-in?again=1&next={}", encode(here))) { "Sign in again" }
            " You come back to the page you were on; then do it once more."
        },
        ProblemKind::Forbidden => html! {
            a.button.main href=(here) { "Go back" }
            " Somebody with another role can do this: see " a href="/people" { "People & keys" } "."
        },
        ProblemKind::NotFound => html! {
            a.button.main href="/" { "Go to Today" }
            " or search in " a href="/devices" { "Devices" } "."
        },
        ProblemKind::Conflict => html! {
            a.button.main href=(here) { "Load it again" } " and look at what changed first."
        },
        ProblemKind::Broken => html! {
            a.button.main href="/health" { "Look at Health" }
            " It says what is wrong with the service. Nothing you saved before is lost."
        },
        ProblemKind::Unavailable => html! {
            a.button.main href=(here) { "Try again" }
            " or look at " a href="/health" { "Health" } "."
        },
        ProblemKind::Invalid
        | ProblemKind::TooLarge
        | ProblemKind::TooMany
        | ProblemKind::MethodNotAllowed => html! {
            a.button.main href=(here) { "Go back" }
        },
    }
}

/// The same for our script.
pub(crate) fn wrong_json(problem: &Problem) -> Response {
    let says = serde_json::json!({
        "type": format!("/problems/{}", problem.kind.name()),
        "title": problem.kind.title(),
        "status": problem.kind.status(),
        "detail": sentence(&problem.detail),
    });
    let mut response = (status(problem), axum::Json(says)).into_response();
    let kind = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// A page.
pub(crate) fn page(markup: Markup) -> Response {
    Html(markup.into_string()).into_response()
}

/// To a page of ours, with a notice from the table in [`frame`].
pub(crate) fn done(path: &str, notice: &str) -> Response {
    let (path, anchor) = path.split_once('#').unwrap_or((path, ""));
    let sign = if path.contains('?') { '&' } else { '?' };
    let anchor = if anchor.is_empty() { String::new() } else { format!("#{anchor}") };
    Redirect::to(&format!("{path}{sign}done={notice}{anchor}")).into_response()
}

/// To the sign-in page, and back here afterwards.
pub(crate) fn to_sign_in(here: &str) -> Response {
    let next = if here == "/" { String::new() } else { format!("?next={}", encode(here)) };
    Redirect::to(&format!("/sign-in{next}")).into_response()
}

/// One step on our own pages, so that the browser sends strict cookies.
pub(crate) fn bounce(here: &str) -> Response {
    page(frame::bounce(own_path(Some(here))))
}

/// A path of ours and nothing else, whatever a link says.
pub(crate) fn own_path(next: Option<&str>) -> &str {
    let ours = |path: &&str| {
        path.starts_with('/')
            && !path.starts_with("//")
            && !path.contains('\\')
            && path.len() <= 2000
            && !path.chars().any(char::is_control)
    };
    next.filter(ours).unwrap_or("/")
}

/// A file to keep.
pub(crate) fn file(name: &str, mime: &'static str, content: Vec<u8>) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    let mut response = content.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(mime));
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

/// Signs the browser in. Strict: other sites cannot even make it ask as somebody; a link in a
/// mail still works because [`bounce`] asks once more from here.
pub(crate) fn sign_in(mut response: Response, signed_in: &SignedIn) -> Response {
    set_cookie(&mut response, &Cookie::session(&signed_in.secret, signed_in.lasts_secs));
    set_cookie(&mut response, &Cookie::removed(cookie::CEREMONY));
    response
}

/// Signs the browser out.
pub(crate) fn sign_out(mut response: Response) -> Response {
    set_cookie(&mut response, &Cookie::removed(cookie::SESSION));
    set_cookie(&mut response, &Cookie::removed(cookie::CEREMONY));
    let name = HeaderName::from_static("clear-site-data");
    response.headers_mut().insert(name, HeaderValue::from_static("\"cache\""));
    response
}

/// Holds a ceremony together from here on: enrolling or signing in ends where it began.
pub(crate) fn begin_ceremony(mut response: Response, ceremony: &str) -> Response {
    set_cookie(&mut response, &Cookie::ceremony(ceremony));
    response
}

fn set_cookie(response: &mut Response, cookie: &Cookie) {
    match HeaderValue::from_str(&cookie.to_string()) {
        Ok(value) => {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
        Err(_) => tracing::error!("a secret cannot be written as a cookie"),
    }
}

/// Everything that no route knows.
pub(crate) async fn nowhere(_: Request) -> Response {
    Wrong::from(Problem::not_found("page at this address")).into_response()
}

/// Headers of every answer; a listener in front may set the same ones again.
pub(crate) async fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: &'static str| {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    };
    set("content-security-policy", CONTENT_SECURITY_POLICY);
    set("x-content-type-options", "nosniff");
    set("x-frame-options", "DENY");
    // an enrolment link must not leave with a click; within the site, Origin must stay readable
    set("referrer-policy", "same-origin");
    set("cross-origin-opener-policy", "same-origin");
    set("cross-origin-resource-policy", "same-origin");
    set(
        "permissions-policy",
        "publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), microphone=(), geolocation=()",
    );
    if !response.headers().contains_key(header::CACHE_CONTROL) {
        no_store(response.headers_mut());
    }
    response
}

/// Pages show a network's weak points: they stay in no cache.
fn no_store(headers: &mut HeaderMap) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_cannot_lead_away_after_signing_in() {
        for path in [
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "",
            "/a\nb",
            "javascript:x",
        ] {
            assert_eq!(own_path(Some(path)), "/", "{path:?}");
        }
        assert_eq!(own_path(Some("/devices?q=a")), "/devices?q=a");
    }
}
