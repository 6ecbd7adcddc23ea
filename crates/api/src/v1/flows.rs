//! Flows: search and export.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use cordon_service::ExportFormat;
use cordon_service::view::{FlowPage, FlowSearch};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AnySite;
use super::say::{Json, Problems, Query, Said};
use crate::http::who::SignedIn;

pub(super) fn routes() -> OpenApiRouter<AnySite> {
    OpenApiRouter::new().routes(routes!(search)).routes(routes!(export))
}

/// Flows, newest first
#[utoipa::path(
    get, path = "/api/v1/flows", tag = "flows", params(FlowSearch),
    responses((status = 200, body = FlowPage), Problems)
)]
async fn search(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Query(search): Query<FlowSearch>,
) -> Said<Json<FlowPage>> {
    Ok(Json(site.flows(&caller, &search).await?))
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Format {
    Csv,
    Ndjson,
    Parquet,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct As {
    /// The file's format.
    #[param(inline)]
    format: Format,
}

/// Flows as a file; at most a million rows
#[utoipa::path(
    get, path = "/api/v1/flows/export", tag = "flows", params(As, FlowSearch),
    responses(
        (status = 200, content(
            (String = "text/csv"), (String = "application/x-ndjson"),
            (String = "application/vnd.apache.parquet")
        )),
        Problems
    )
)]
async fn export(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Query(format): Query<As>,
    Query(search): Query<FlowSearch>,
) -> Said<impl IntoResponse> {
    let (format, kind, name) = match format.format {
        Format::Csv => (ExportFormat::Csv, "text/csv; charset=utf-8", "flows.csv"),
        Format::Ndjson => (ExportFormat::Ndjson, "application/x-ndjson", "flows.ndjson"),
        Format::Parquet => {
            (ExportFormat::Parquet, "application/vnd.apache.parquet", "flows.parquet")
        }
    };
    let file = site.export_flows(&caller, &search, format).await?;
    let disposition = format!("attachment; filename=\"{name}\"");
    Ok((
        [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, disposition)],
        file,
    ))
}
