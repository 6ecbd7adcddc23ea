//! Devices.

use axum::extract::State;
use axum::http::StatusCode;
use cordon_service::Outcome;
use cordon_service::view::{
    ApprovalView, ChangeView, DeviceEdit, DeviceGroups, DeviceQuery, DeviceRow, DeviceView,
    EventView, FactView, Page,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AnySite;
use super::say::{Because, Json, Paging, Path, Problems, Query, Said};
use crate::http::who::SignedIn;

pub(super) fn routes() -> OpenApiRouter<AnySite> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(groups))
        .routes(routes!(one, edit))
        .routes(routes!(timeline))
        .routes(routes!(facts))
        .routes(routes!(merge))
        .routes(routes!(split))
        .routes(routes!(forget))
        .routes(routes!(events))
        .routes(routes!(changes))
        .routes(routes!(undo))
}

/// Devices
#[utoipa::path(
    get, path = "/api/v1/devices", tag = "devices", params(DeviceQuery),
    responses((status = 200, body = Page<DeviceRow>), Problems)
)]
async fn list(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Query(query): Query<DeviceQuery>,
) -> Said<Json<Page<DeviceRow>>> {
    Ok(Json(site.devices(&caller, &query)?))
}

/// What the list can be narrowed by
#[utoipa::path(
    get, path = "/api/v1/device-groups", tag = "devices",
    responses((status = 200, body = DeviceGroups), Problems)
)]
async fn groups(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
) -> Said<Json<DeviceGroups>> {
    Ok(Json(site.device_groups(&caller)?))
}

/// One device by id, or by name or address where that is unambiguous
#[utoipa::path(
    get, path = "/api/v1/devices/{id}", tag = "devices", params(("id" = String, Path)),
    responses((status = 200, body = DeviceView), Problems)
)]
async fn one(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
) -> Said<Json<DeviceView>> {
    Ok(Json(site.device(&caller, &id).await?))
}

/// Change what people say of a device
#[utoipa::path(
    patch, path = "/api/v1/devices/{id}", tag = "devices", params(("id" = String, Path)),
    request_body = DeviceEdit, responses((status = 200, body = DeviceView), Problems)
)]
async fn edit(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
    Json(edit): Json<DeviceEdit>,
) -> Said<Json<DeviceView>> {
    Ok(Json(site.edit_device(&caller, &id, &edit).await?))
}

/// What happened to a device, newest first
#[utoipa::path(
    get, path = "/api/v1/devices/{id}/timeline", tag = "devices",
    params(("id" = String, Path), Paging), responses((status = 200, body = Page<EventView>), Problems)
)]
async fn timeline(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
    Query(paging): Query<Paging>,
) -> Said<Json<Page<EventView>>> {
    let limit = paging.limit();
    Ok(Json(site.timeline(&caller, Some(&id), paging.cursor(), limit).await?))
}

/// What a device said, newest first
#[utoipa::path(
    get, path = "/api/v1/devices/{id}/facts", tag = "devices",
    params(("id" = String, Path), Paging), responses((status = 200, body = Page<FactView>), Problems)
)]
async fn facts(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
    Query(paging): Query<Paging>,
) -> Said<Json<Page<FactView>>> {
    let limit = paging.limit();
    Ok(Json(site.facts(&caller, &id, paging.cursor(), limit).await?))
}

/// The other device.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Other {
    /// Its id; it is joined into the one named in the path.
    other: String,
}

/// Join another device into this one
#[utoipa::path(
    post, path = "/api/v1/devices/{id}/merge", tag = "devices", params(("id" = String, Path)),
    request_body = Other, responses((status = 200, body = DeviceView), Problems)
)]
async fn merge(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
    Json(with): Json<Other>,
) -> Said<Json<DeviceView>> {
    Ok(Json(site.merge_devices(&caller, &id, &with.other).await?))
}

/// Addresses to take out.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Addresses {
    /// Link-layer or network addresses.
    #[schema(min_items = 1, max_items = 64)]
    addresses: Vec<String>,
}

/// The device that a split made.
#[derive(Serialize, ToSchema)]
struct Made {
    /// Its id.
    id: String,
}

/// Take addresses out of a device into a new one
#[utoipa::path(
    post, path = "/api/v1/devices/{id}/split", tag = "devices", params(("id" = String, Path)),
    request_body = Addresses, responses((status = 201, body = Made), Problems)
)]
async fn split(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
    Json(out): Json<Addresses>,
) -> Said<(StatusCode, Json<Made>)> {
    let id = site.split_device(&caller, &id, &out.addresses).await?;
    Ok((StatusCode::CREATED, Json(Made { id })))
}

/// Have a device and its history forgotten
///
/// Answers 202 with the request where a second person must approve it first.
#[utoipa::path(
    post, path = "/api/v1/devices/{id}/forget", tag = "devices", params(("id" = String, Path)),
    request_body = Because,
    responses((status = 204), (status = 202, body = ApprovalView), Problems)
)]
async fn forget(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
    Json(because): Json<Because>,
) -> Said<axum::response::Response> {
    Ok(outcome(site.forget_device(&caller, &id, &because.reason).await?))
}

/// What happened to any device, newest first
#[utoipa::path(
    get, path = "/api/v1/timeline", tag = "devices", params(Paging),
    responses((status = 200, body = Page<EventView>), Problems)
)]
async fn events(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Query(paging): Query<Paging>,
) -> Said<Json<Page<EventView>>> {
    let limit = paging.limit();
    Ok(Json(site.timeline(&caller, None, paging.cursor(), limit).await?))
}

/// Changes that can be taken back, newest first
#[utoipa::path(
    get, path = "/api/v1/changes", tag = "devices", params(Paging),
    responses((status = 200, body = Page<ChangeView>), Problems)
)]
async fn changes(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Query(paging): Query<Paging>,
) -> Said<Json<Page<ChangeView>>> {
    let limit = paging.limit();
    Ok(Json(site.changes(&caller, paging.cursor(), limit).await?))
}

/// Take a change back
#[utoipa::path(
    post, path = "/api/v1/changes/{id}/undo", tag = "devices", params(("id" = u64, Path)),
    responses((status = 204), Problems)
)]
async fn undo(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Path(id): Path<u64>,
) -> Said<StatusCode> {
    site.undo(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Done, or waiting for a second person.
pub(super) fn outcome(outcome: Outcome) -> axum::response::Response {
    use axum::response::IntoResponse as _;
    match outcome {
        Outcome::Done => StatusCode::NO_CONTENT.into_response(),
        Outcome::Waits(approval) => (StatusCode::ACCEPTED, Json(*approval)).into_response(),
    }
}
