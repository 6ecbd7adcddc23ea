//! Version 1 of the API: what programs may ask and do, with its description.
//!
//! Every handler is a few lines: it parses, asks the site, and passes the answer on. What it
//! takes and gives is written at the handler and nowhere else.

#![allow(unused_qualifications, reason = "utoipa's macros write them")]

mod approvals;
mod contracts;
mod devices;
mod docs;
mod findings;
mod flows;
mod ledger;
mod people;
mod say;
mod site;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::response::{IntoResponse as _, Response};
use cordon_people::cookie;
use cordon_service::{Problem, Site};
use utoipa::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;

use crate::http::problem::Refusal;

/// The site, as handlers get it.
pub(crate) type AnySite = Arc<dyn Site>;

/// Largest body of an ordinary request, in bytes.
const BODY: usize = 64 * 1024;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "cordon",
        description = "Devices, what they do, what is wrong with them, and who changed what.\n\n\
            Sign in with an API token (`Authorization: Bearer …`, made under People & keys), or over the socket in \
            the data folder as root. Times are RFC 3339 in UTC; lists come in pages: pass `next` back as `cursor`. \
            Every answer that is no success is a problem document (RFC 9457) whose `detail` says what to do.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    servers((url = "/", description = "this service")),
    security(("token" = []), ("session" = []))
)]
struct Description;

/// The API's routes; add what recognises callers around them.
pub fn router(site: AnySite) -> Router {
    let (routes, api) = parts();
    let json = serde_json::to_string_pretty(&api).unwrap_or_default();
    routes
        .merge(docs::router(json, &api))
        .fallback_for_api()
        .layer(DefaultBodyLimit::max(BODY))
        .with_state(site)
}

/// The description, OpenAPI 3.1.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    parts().1
}

fn parts() -> (Router<AnySite>, utoipa::openapi::OpenApi) {
    let (routes, mut api) = OpenApiRouter::with_openapi(Description::openapi())
        .merge(site::routes())
        .merge(devices::routes())
        .merge(findings::routes())
        .merge(flows::routes())
        .merge(people::routes())
        .merge(approvals::routes())
        .merge(contracts::routes())
        .merge(ledger::routes())
        .split_for_parts();
    let components = api.components.get_or_insert_default();
    components.add_security_scheme(
        "token",
        SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()),
    );
    components.add_security_scheme(
        "session",
        SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(cookie::SESSION))),
    );
    (routes, api)
}

/// Answers under `/api/` that no handler gives.
trait Fallback {
    fn fallback_for_api(self) -> Self;
}

impl Fallback for Router<AnySite> {
    fn fallback_for_api(self) -> Self {
        self.route("/api/", axum::routing::any(nothing_there))
            .route("/api/{*rest}", axum::routing::any(nothing_there))
            .layer(middleware::map_response(wrong_method))
    }
}

async fn nothing_there() -> Response {
    Refusal(Problem::not_found("such path; see /api/docs")).into_response()
}

/// axum answers a wrong method with an empty body; programs get the same shape as always.
async fn wrong_method(response: Response) -> Response {
    if response.status() != axum::http::StatusCode::METHOD_NOT_ALLOWED {
        return response;
    }
    let allow = response.headers().get(axum::http::header::ALLOW).cloned();
    let mut problem = Refusal(Problem::invalid("this path does not know that method"));
    problem.0.kind = cordon_service::ProblemKind::MethodNotAllowed;
    let mut response = problem.into_response();
    if let Some(allow) = allow {
        response.headers_mut().insert(axum::http::header::ALLOW, allow);
    }
    response
}
