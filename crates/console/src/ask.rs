//! What a request brings: who asks, the query, and for changes a form that provably came from
//! one of our own pages.

use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::response::{IntoResponse, Response};
use cordon_model::record::Action;
use cordon_service::view::Me;
use cordon_service::{Caller, Problem, ProblemKind, Site, Visit, Who};

use crate::console::Console;
use crate::fields::Fields;
use crate::reply::{Wrong, bounce, to_sign_in};

/// Bytes of a form: the longest is a device's entry with its notes.
pub(crate) const FORM_MOST: usize = 64 * 1024;

/// Where files are taken.
const IMPORT: &str = "/import";

/// Bytes of an imported file, which is held in memory while it is read.
pub(crate) const IMPORT_MOST: usize = 64 * 1024 * 1024;

/// Somebody signed in, asking for a page.
pub(crate) struct Ask {
    pub site: Arc<dyn Site>,
    pub caller: Caller,
    pub me: Me,
    pub session: [u8; 32],
    pub csrf: String,
    pub params: Fields,
}

impl Ask {
    /// Whether a control for it is worth showing; the site decides again when it is used.
    pub(crate) fn may(&self, action: Action) -> bool {
        self.me.may.iter().any(|name| name == action.name())
    }
}

impl FromRequestParts<Console> for Ask {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Response> {
        let here = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let caller = parts.extensions.get::<Option<Caller>>().cloned().flatten();
        let Some(caller) = caller else {
            return Err(signed_out(parts, &here));
        };
        let Who::Person { session, csrf, .. } = &caller.who else {
            let kind = ProblemKind::Forbidden;
            let says = "The console is for people in a browser. Programs use /api/v1.";
            return Err(Wrong::from(Problem::new(kind, says)).into_response());
        };
        let (session, csrf) = (*session, csrf.clone());
        let me = console.site.me(&caller).map_err(|problem| match problem.kind {
            ProblemKind::SignInNeeded => signed_out(parts, &here),
            _ => Wrong::from(problem).into_response(),
        })?;
        let params = Fields::from_urlencoded(parts.uri.query().unwrap_or_default());
        let site = Arc::clone(&console.site);
        Ok(Ask { site, caller, me, session, csrf, params })
    }
}

fn signed_out(parts: &Parts, here: &str) -> Response {
    if parts.method != Method::GET {
        let says = "Sign in, then do it once more.";
        return Wrong::from(Problem::new(ProblemKind::SignInNeeded, says)).into_response();
    }
    // A link in a mail is a request from elsewhere, so the strict cookie stays at home;
    // one step on our own pages brings it along.
    match text(&parts.headers, "sec-fetch-site") {
        Some("cross-site" | "same-site") => bounce(here),
        _ => to_sign_in(here),
    }
}

/// Somebody signed in, having something done. A handler that takes this cannot be reached by a
/// form of another site.
pub(crate) struct Act {
    pub ask: Ask,
    pub fields: Fields,
}

impl FromRequest<Console> for Act {
    type Rejection = Response;

    async fn from_request(request: Request, console: &Console) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let ask = Ask::from_request_parts(&mut parts, console).await?;
        let visit = visit(&parts).map_err(IntoResponse::into_response)?;
        same_origin(&parts.headers, &visit).map_err(IntoResponse::into_response)?;
        let kind = text(&parts.headers, "content-type").unwrap_or_default().to_owned();
        // Only where files are taken and by whom: 64 MB are not held for anybody else.
        let upload = kind.starts_with("multipart/form-data")
            && parts.uri.path() == IMPORT
            && ask.may(Action::RecordsImport);
        let most = if upload { IMPORT_MOST } else { FORM_MOST };
        let body = to_bytes(body, most).await.map_err(|_| too_large(most).into_response())?;
        let fields = if upload {
            Fields::from_multipart(&kind, &body)
                .map_err(|problem| Wrong::from(problem).into_response())?
        } else {
            Fields::from_urlencoded(&String::from_utf8_lossy(&body))
        };
        let given = fields.get("csrf").or_else(|| text(&parts.headers, "x-csrf"));
        if ask.csrf.is_empty() || !given.is_some_and(|given| same(given, &ask.csrf)) {
            return Err(Wrong::from(foreign_form()).into_response());
        }
        Ok(Act { ask, fields })
    }
}

/// Somebody not signed in, posting to the way in.
pub(crate) struct Enter {
    pub site: Arc<dyn Site>,
    pub visit: Visit,
    /// Who was signed in in this browser before.
    pub before: Option<Caller>,
    pub fields: Fields,
    pub json: Option<serde_json::Value>,
}

impl FromRequest<Console> for Enter {
    type Rejection = Response;

    async fn from_request(request: Request, console: &Console) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let visit = visit(&parts).map_err(IntoResponse::into_response)?;
        same_origin(&parts.headers, &visit).map_err(IntoResponse::into_response)?;
        let kind = text(&parts.headers, "content-type").unwrap_or_default().to_owned();
        let body =
            to_bytes(body, FORM_MOST).await.map_err(|_| too_large(FORM_MOST).into_response())?;
        let is_json = kind.starts_with("application/json");
        let json = if is_json { serde_json::from_slice(&body).ok() } else { None };
        let fields =
            Fields::from_urlencoded(&String::from_utf8_lossy(if is_json { b"" } else { &body }));
        let before = parts.extensions.get::<Option<Caller>>().cloned().flatten();
        Ok(Enter { site: Arc::clone(&console.site), visit, before, fields, json })
    }
}

/// Ends the session that a browser had before it signed in anew: its cookie is about to be
/// replaced, and nobody could end it afterwards.
pub(crate) async fn end_former(site: &Arc<dyn Site>, before: Option<Caller>) {
    if let Some(before) = before
        && let Err(problem) = site.sign_out(&before).await
    {
        tracing::warn!(%problem, "a session that was replaced could not be ended");
    }
}

/// The browser, as the listener put it there.
pub(crate) fn visit(parts: &Parts) -> Result<Visit, Wrong> {
    parts.extensions.get::<Visit>().cloned().ok_or_else(|| {
        tracing::error!("no visit in the request: the listener's middleware is missing");
        Wrong::from(Problem::new(ProblemKind::Broken, "This page was set up wrongly; see the log."))
    })
}

/// Refuses what another site's page sent (OWASP: verify origin, fetch metadata).
pub(crate) fn same_origin(headers: &HeaderMap, visit: &Visit) -> Result<(), Wrong> {
    let origin = text(headers, header::ORIGIN.as_str());
    let fits = match (text(headers, "sec-fetch-site"), origin) {
        (Some("same-origin"), None | Some("null")) => true,
        (Some("same-origin") | None, Some(origin)) => origin == visit.origin,
        _ => false,
    };
    if fits { Ok(()) } else { Err(Wrong::from(foreign_form())) }
}

fn foreign_form() -> Problem {
    let says = "This form is not from a page of yours, or that page is old. \
                Load the page again and repeat what you did.";
    Problem::new(ProblemKind::Forbidden, says)
}

fn too_large(most: usize) -> Wrong {
    let says = format!("At most {} can be sent here.", crate::text::bytes(most as u64));
    Wrong::from(Problem::new(ProblemKind::TooLarge, says))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Takes as long wherever the first difference is.
fn same(given: &str, wanted: &str) -> bool {
    let differ = given.bytes().zip(wanted.bytes()).fold(0, |seen, (a, b)| seen | (a ^ b));
    given.len() == wanted.len() && differ == 0
}
