//! People, links, sessions and tokens.

use axum::extract::State;
use axum::http::StatusCode;
use cordon_service::view::{
    ApprovalView, InviteLink, NewInvite, NewToken, PeopleView, PersonEdit, TokenMade,
};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AnySite;
use super::devices::outcome;
use super::say::{Json, Path, Problems, Said};
use crate::http::who::SignedIn;

pub(super) fn routes() -> OpenApiRouter<AnySite> {
    OpenApiRouter::new()
        .routes(routes!(people))
        .routes(routes!(edit))
        .routes(routes!(invite))
        .routes(routes!(withdraw))
        .routes(routes!(invite_again))
        .routes(routes!(remove_credential))
        .routes(routes!(revoke_session))
        .routes(routes!(create_token))
        .routes(routes!(revoke_token))
}

/// Everybody who may sign in; only yourself where you may not see others
#[utoipa::path(
    get, path = "/api/v1/people", tag = "people",
    responses((status = 200, body = PeopleView), Problems)
)]
async fn people(State(site): State<AnySite>, SignedIn(caller): SignedIn) -> Said<Json<PeopleView>> {
    Ok(Json(site.people(&caller)?))
}

/// A change to a person, and why.
// Written out: a flattened struct would let unknown fields pass.
#[derive(Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
struct EditAndReason {
    /// A new name.
    name: Option<String>,
    /// A new role.
    role: Option<String>,
    /// Whether they may no longer sign in.
    disabled: Option<bool>,
    /// Why; needed where a second person must approve it.
    reason: String,
}

/// Change a person's name, role or state
///
/// Answers 202 with the request where a second person must approve it first.
#[utoipa::path(
    patch, path = "/api/v1/people/{id}", tag = "people", params(("id" = String, Path)),
    request_body = EditAndReason,
    responses((status = 204), (status = 202, body = ApprovalView), Problems)
)]
async fn edit(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
    Json(change): Json<EditAndReason>,
) -> Said<axum::response::Response> {
    let EditAndReason { name, role, disabled, reason } = change;
    let edit = PersonEdit { name, role, disabled };
    Ok(outcome(site.edit_person(&caller, &id, &edit, &reason).await?))
}

/// Make a link that lets one new person in
#[utoipa::path(
    post, path = "/api/v1/invites", tag = "people", request_body = NewInvite,
    responses((status = 201, body = InviteLink), Problems)
)]
async fn invite(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Json(new): Json<NewInvite>,
) -> Said<(StatusCode, Json<InviteLink>)> {
    Ok((StatusCode::CREATED, Json(site.invite(&caller, &new).await?)))
}

/// Make a link useless
#[utoipa::path(
    delete, path = "/api/v1/invites/{id}", tag = "people", params(("id" = String, Path)),
    responses((status = 204), Problems)
)]
async fn withdraw(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
) -> Said<StatusCode> {
    site.withdraw_invite(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make a link with which a person adds a way to sign in
#[utoipa::path(
    post, path = "/api/v1/people/{id}/invite", tag = "people", params(("id" = String, Path)),
    responses((status = 201, body = InviteLink), Problems)
)]
async fn invite_again(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
) -> Said<(StatusCode, Json<InviteLink>)> {
    Ok((StatusCode::CREATED, Json(site.invite_again(&caller, &id).await?)))
}

/// Remove a way to sign in
#[utoipa::path(
    delete, path = "/api/v1/credentials/{id}", tag = "people", params(("id" = String, Path)),
    responses((status = 204), Problems)
)]
async fn remove_credential(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
) -> Said<StatusCode> {
    site.remove_credential(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End a session
#[utoipa::path(
    delete, path = "/api/v1/sessions/{id}", tag = "people", params(("id" = String, Path)),
    responses((status = 204), Problems)
)]
async fn revoke_session(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
) -> Said<StatusCode> {
    site.revoke_session(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make an API token of your own; its secret is shown once
#[utoipa::path(
    post, path = "/api/v1/tokens", tag = "people", request_body = NewToken,
    responses((status = 201, body = TokenMade), Problems)
)]
async fn create_token(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Json(new): Json<NewToken>,
) -> Said<(StatusCode, Json<TokenMade>)> {
    Ok((StatusCode::CREATED, Json(site.create_token(&caller, &new).await?)))
}

/// Revoke an API token
#[utoipa::path(
    delete, path = "/api/v1/tokens/{id}", tag = "people", params(("id" = String, Path)),
    responses((status = 204), Problems)
)]
async fn revoke_token(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
) -> Said<StatusCode> {
    site.revoke_token(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
