//! The site as a whole: what needs a human, who calls, health, settings, live changes.

use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{FromRequest as _, State};
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::sse::{Event, Sse};
use cordon_service::view::{HealthView, ImportView, MapView, Me, Need, SettingsView, Today};
use cordon_service::{Caller, Problem, ProblemKind, Visit};
use futures_util::stream::{self, Stream};
use serde::Deserialize;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::timeout;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AnySite;
use super::say::{Json, Problems, Query, Said};
use crate::http::who::SignedIn;

/// A sign of life, and after at most this long a session that is over ends its stream.
const HEARTBEAT: Duration = Duration::from_secs(15);
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
    // The same rule as every list: a token for metrics alone learns nothing of the site.
    site.today(&caller)?;
    let ticks = site.ticks();
    let ticks = stream::unfold((site, caller, ticks), |(site, caller, mut ticks)| async move {
        loop {
            let event = match timeout(HEARTBEAT, ticks.recv()).await {
                Ok(Ok(tick)) => Event::default().event("tick").json_data(&tick).ok()?,
                // Whoever is slow has missed some; the next says all that counts.
                Ok(Err(RecvError::Lagged(_))) => continue,
                Ok(Err(RecvError::Closed)) => return None,
                Err(_) => Event::default().comment("here"),
            };
            // Whoever signed out or was disabled meanwhile hears nothing more.
            site.me(&caller).ok()?;
            return Some((Ok(event), (site, caller, ticks)));
        }
    });
    Ok(Sse::new(ticks))
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
    request: axum::extract::Request,
) -> Said<Json<ImportView>> {
    // Before 64 MB are taken into memory; the site asks its policies again.
    let name = cordon_model::record::Action::RecordsImport.name();
    if !site.me(&caller)?.may.iter().any(|may| may == name) {
        let detail = "your role does not permit records.import; ask an admin";
        return Err(Problem::new(ProblemKind::Forbidden, detail).into());
    }
    let content = Bytes::from_request(request, &()).await?;
    Ok(Json(site.import(&caller, &file.name, &content).await?))
}

/// Where a backup goes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BackupTo {
    /// A name that no backup in the data folder's `backups` has yet.
    #[schema(pattern = "^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}$")]
    file: String,
    /// Puts the master key in the backup under this passphrase, so that whoever finds the backup
    /// signs for nobody and opens no secret. Without it the key lies in it as in the data folder.
    #[serde(default)]
    #[schema(min_length = 15, max_length = 1024)]
    passphrase: Option<String>,
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
    site.backup(&caller, &to.file, to.passphrase.as_deref()).await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}
