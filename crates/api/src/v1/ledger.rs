//! The ledger.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use cordon_service::view::{LedgerHead, LedgerRow, Page};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AnySite;
use super::say::{Json, Paging, Problems, Query, Said};
use crate::http::who::SignedIn;

pub(super) fn routes() -> OpenApiRouter<AnySite> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(head)).routes(routes!(export))
}

/// Records of what was done, newest first
#[utoipa::path(
    get, path = "/api/v1/ledger", tag = "ledger", params(Paging),
    responses((status = 200, body = Page<LedgerRow>), Problems)
)]
async fn list(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Query(paging): Query<Paging>,
) -> Said<Json<Page<LedgerRow>>> {
    let limit = paging.limit();
    Ok(Json(site.ledger(&caller, paging.cursor(), limit).await?))
}

#[derive(Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
#[derive(Default)]
struct Verify {
    /// Whether to verify the whole log anew.
    verify: bool,
}

/// The newest signed checkpoint, and whether the log verifies
#[utoipa::path(
    get, path = "/api/v1/ledger/head", tag = "ledger", params(Verify),
    responses((status = 200, body = LedgerHead), Problems)
)]
async fn head(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Query(verify): Query<Verify>,
) -> Said<Json<LedgerHead>> {
    Ok(Json(site.ledger_head(&caller, verify.verify).await?))
}

/// The whole log as a file that `cordon ledger verify` reads
#[utoipa::path(
    get, path = "/api/v1/ledger/export", tag = "ledger",
    responses((status = 200, content_type = "application/x-ndjson", body = String), Problems)
)]
async fn export(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
) -> Said<impl IntoResponse> {
    let file = site.export_ledger(&caller).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"ledger.ndjson\""),
    ];
    Ok((headers, file))
}
