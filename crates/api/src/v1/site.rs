//! The site as a whole: what needs a human, who calls, health, settings, live changes.

use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use cordon_service::view::{HealthView, ImportView, MapView, Me, Need, SettingsView, Today};
use cordon_service::{Caller, Visit};
use futures_util::stream::{self, Stream};
use serde::Deserialize;
use tokio::sync::broadcast::error::RecvError;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AnySite;
use super::say::{Json, Problems, Query, Said};
use crate::http::who::SignedIn;

/// Largest file that is imported, in bytes.
const IMPORT: usize = 64 << 20;

pub(super) fn routes() -> OpenApiRouter<AnySite> {
    OpenApiRouter::new()
        .routes(routes!(me))
        .routes(routes!(today))
        .routes(routes!(fixes))
        .routes(routes!(map))
        .routes(routes!(health))
        .routes(routes!(settings))
        .routes(routes!(events))
        .routes(routes!(metrics))
        .routes(routes!(backup))
        .merge(
            OpenApiRouter::new()
                .routes(routes!(import))
                .layer(axum::extract::DefaultBodyLimit::max(IMPORT)),
        )
}

/// Who you are and what you may do
#[utoipa::path(get, path = "/api/v1/me", tag = "site", responses((status = 200, body = Me), Problems))]
async fn me(State(site): State<AnySite>, SignedIn(caller): SignedIn) -> Said<Json<Me>> {
    Ok(Json(site.me(&caller)?))
}

/// What needs a human, and how much is seen
#[utoipa::path(get, path = "/api/v1/today", tag = "site", responses((status = 200, body = Today), Problems))]
async fn today(State(site): State<AnySite>, SignedIn(caller): SignedIn) -> Said<Json<Today>> {
    Ok(Json(site.today(&caller)?))
}

/// Everything to mend, the most urgent first
#[utoipa::path(get, path = "/api/v1/fixes", tag = "site", responses((status = 200, body = Vec<Need>), Problems))]
async fn fixes(State(site): State<AnySite>, SignedIn(caller): SignedIn) -> Said<Json<Vec<Need>>> {
    Ok(Json(site.fixes(&caller)?))
}

/// Who talks to whom
#[utoipa::path(get, path = "/api/v1/map", tag = "site", responses((status = 200, body = MapView), Problems))]
async fn map(State(site): State<AnySite>, SignedIn(caller): SignedIn) -> Said<Json<MapView>> {
    Ok(Json(site.map(&caller)?))
}

/// Whether the service is well
#[utoipa::path(get, path = "/api/v1/health", tag = "site", responses((status = 200, body = HealthView), Problems))]
async fn health(State(site): State<AnySite>, SignedIn(caller): SignedIn) -> Said<Json<HealthView>> {
    Ok(Json(site.health(&caller)?))
}

/// The configuration in force
#[utoipa::path(get, path = "/api/v1/settings", tag = "site", responses((status = 200, body = SettingsView), Problems))]
async fn settings(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
) -> Said<Json<SettingsView>> {
    Ok(Json(site.settings(&caller)?))
}

/// Changes as they happen, as server-sent events named `tick`
#[utoipa::path(
    get, path = "/api/v1/events", tag = "site",
    responses((status = 200, content_type = "text/event-stream", body = String), Problems)
)]
async fn events(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
) -> Said<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
    site.me(&caller)?;
    let ticks = stream::unfold(site.ticks(), |mut ticks| async move {
        loop {
            match ticks.recv().await {
                Ok(tick) => {
                    let event = Event::default().event("tick").json_data(&tick);
                    return event.ok().map(|event| (Ok(event), ticks));
                }
                // Whoever is slow has missed some; the next says all that counts.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    });
    Ok(Sse::new(ticks).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

/// Numbers for Prometheus
#[utoipa::path(
    get, path = "/metrics", tag = "site",
    responses((status = 200, content_type = "text/plain", body = String), Problems)
)]
async fn metrics(
    State(site): State<AnySite>,
    Extension(caller): Extension<Option<Caller>>,
    Extension(visit): Extension<Visit>,
) -> Said<impl IntoResponse> {
    let text = site.metrics(caller.as_ref(), &visit)?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct FileName {
    /// What the file is called; helps to tell what it is.
    #[param(max_length = 255)]
    name: String,
}

/// Take in leases, inventories or logs of other tools
///
/// The body is the file as it is: leases of dnsmasq, ISC dhcpd or Kea, CSV inventories, Zeek
/// conn, dhcp, dns and ssl logs, Suricata EVE. What it is, is found out from its content.
#[utoipa::path(
    post, path = "/api/v1/imports", tag = "site", params(FileName),
    request_body(content = String, content_type = "application/octet-stream"),
    responses((status = 200, body = ImportView), Problems)
)]
async fn import(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Query(file): Query<FileName>,
    content: axum::body::Bytes,
) -> Said<Json<ImportView>> {
    Ok(Json(site.import(&caller, &file.name, &content).await?))
}

/// Where a backup goes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BackupTo {
    /// A file on the service's machine that does not exist yet, inside its data folder's
    /// `backups`; a bare name is enough.
    #[schema(max_length = 255)]
    file: String,
}

/// Back up the running service
#[utoipa::path(
    post, path = "/api/v1/backups", tag = "site", request_body = BackupTo,
    responses((status = 204), Problems)
)]
async fn backup(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Json(to): Json<BackupTo>,
) -> Said<axum::http::StatusCode> {
    site.backup(&caller, &to.file).await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}
