//! Findings.

use axum::extract::State;
use cordon_service::view::{Acceptance, FindingQuery, FindingRow, FindingView, Page};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AnySite;
use super::say::{Json, Path, Problems, Query, Said};
use crate::http::who::SignedIn;

pub(super) fn routes() -> OpenApiRouter<AnySite> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(one))
        .routes(routes!(accept))
        .routes(routes!(reopen))
}

/// Findings
#[utoipa::path(
    get, path = "/api/v1/findings", tag = "findings", params(FindingQuery),
    responses((status = 200, body = Page<FindingRow>), Problems)
)]
async fn list(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Query(query): Query<FindingQuery>,
) -> Said<Json<Page<FindingRow>>> {
    Ok(Json(site.findings(&caller, &query)?))
}

/// One finding with its evidence
#[utoipa::path(
    get, path = "/api/v1/findings/{id}", tag = "findings", params(("id" = String, Path)),
    responses((status = 200, body = FindingView), Problems)
)]
async fn one(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
) -> Said<Json<FindingView>> {
    Ok(Json(site.finding(&caller, &id)?))
}

/// Accept a finding's risk for a time
#[utoipa::path(
    post, path = "/api/v1/findings/{id}/accept", tag = "findings", params(("id" = String, Path)),
    request_body = Acceptance, responses((status = 200, body = FindingView), Problems)
)]
async fn accept(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
    Json(acceptance): Json<Acceptance>,
) -> Said<Json<FindingView>> {
    Ok(Json(site.accept_finding(&caller, &id, &acceptance).await?))
}

/// Open an accepted finding again
#[utoipa::path(
    post, path = "/api/v1/findings/{id}/reopen", tag = "findings", params(("id" = String, Path)),
    responses((status = 200, body = FindingView), Problems)
)]
async fn reopen(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
) -> Said<Json<FindingView>> {
    Ok(Json(site.reopen_finding(&caller, &id).await?))
}
