//! A second person's yes.

use axum::extract::State;
use cordon_service::view::ApprovalView;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AnySite;
use super::say::{Json, Path, Problems, Said};
use crate::http::who::SignedIn;

pub(super) fn routes() -> OpenApiRouter<AnySite> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(decide))
}

/// Requests for a second person: open ones first
#[utoipa::path(
    get, path = "/api/v1/approvals", tag = "approvals",
    responses((status = 200, body = Vec<ApprovalView>), Problems)
)]
async fn list(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
) -> Said<Json<Vec<ApprovalView>>> {
    Ok(Json(site.approvals(&caller)?))
}

/// What the second person says.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Decision {
    /// Yes, and so it is done; or no.
    approve: bool,
}

/// Approve or refuse what somebody else asked for
#[utoipa::path(
    post, path = "/api/v1/approvals/{id}", tag = "approvals", params(("id" = String, Path)),
    request_body = Decision, responses((status = 200, body = ApprovalView), Problems)
)]
async fn decide(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
    Json(decision): Json<Decision>,
) -> Said<Json<ApprovalView>> {
    Ok(Json(site.decide(&caller, &id, decision.approve).await?))
}
