//! Which address leads where.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::map_response;
use axum::routing::{get, post};
use cordon_service::Site;

use crate::ask::IMPORT_MOST;
use crate::live::{self, Streams};
use crate::{assets, pages, reply, way_in};

/// What handlers share.
#[derive(Clone)]
pub(crate) struct Console {
    pub site: Arc<dyn Site>,
    pub streams: Streams,
}

/// The console of a site. Has a fallback of its own: merge it last.
pub fn router(site: Arc<dyn Site>) -> Router {
    let console = Console { site, streams: Streams::default() };
    Router::new()
        .merge(looking())
        .merge(doing())
        .merge(entering())
        .route("/events", get(live::events))
        .route("/assets/{name}", get(assets::serve))
        .fallback(reply::nowhere)
        .layer(DefaultBodyLimit::max(IMPORT_MOST))
        .layer(map_response(reply::harden))
        .with_state(console)
}

fn looking() -> Router<Console> {
    Router::new()
        .route("/", get(pages::today::show))
        .route("/devices", get(pages::devices::show))
        .route("/devices/{id}", get(pages::device::show).post(pages::device::edit))
        .route("/devices/{id}/timeline", get(pages::history::timeline))
        .route("/devices/{id}/facts", get(pages::history::facts))
        .route("/changes", get(pages::history::changes))
        .route("/timeline", get(pages::history::everything))
        .route("/map", get(pages::map::show))
        .route("/fix", get(pages::fix::show))
        .route("/findings", get(pages::findings::list))
        .route("/findings/{id}", get(pages::findings::one))
        .route("/contracts", get(pages::contracts::list))
        .route("/contracts/{id}", get(pages::contract::show))
        .route("/zones", get(pages::zones::show))
        .route("/traffic", get(pages::traffic::show))
        .route("/people", get(pages::people::show))
        .route("/ledger", get(pages::ledger::show))
        .route("/ledger/checkpoint", get(pages::ledger::checkpoint))
        .route("/health", get(pages::health::show))
        .route("/settings", get(pages::settings::show))
        .route("/import", get(pages::import::show).post(pages::import::take))
}

fn doing() -> Router<Console> {
    Router::new()
        .route("/devices/{id}/merge", post(pages::device::merge))
        .route("/devices/{id}/split", post(pages::device::split))
        .route("/devices/{id}/forget", post(pages::device::forget))
        .route("/changes/{id}/undo", post(pages::history::undo))
        .route("/findings/{id}/accept", post(pages::findings::accept))
        .route("/findings/{id}/reopen", post(pages::findings::reopen))
        .route("/contracts/rules", post(pages::contracts::decide))
        .route("/contracts/stages", post(pages::contracts::stage))
        .route("/contracts/{id}/adopt", post(pages::contract::adopt))
        .route("/contracts/{id}/stage", post(pages::contract::stage))
        .route("/contracts/{id}/reach", post(pages::contract::reach))
        .route("/steps/{id}/undo", post(pages::contracts::undo))
        .route("/zones/prove", post(pages::zones::prove))
        .route("/traffic/export", post(pages::traffic::export))
        .route("/people/invites", post(pages::people_do::invite))
        .route("/people/invites/{id}/withdraw", post(pages::people_do::withdraw))
        .route("/people/{id}", post(pages::people_do::edit))
        .route("/people/{id}/link", post(pages::people_do::link))
        .route("/people/credentials/{id}/remove", post(pages::people_do::remove_credential))
        .route("/people/sessions/others/revoke", post(pages::people_do::revoke_others))
        .route("/people/sessions/{id}/revoke", post(pages::people_do::revoke_session))
        .route("/people/tokens", post(pages::people_do::create_token))
        .route("/people/tokens/{id}/revoke", post(pages::people_do::revoke_token))
        .route("/people/approvals/{id}", post(pages::people_do::decide))
        .route("/ledger/verify", post(pages::ledger::verify))
        .route("/ledger/export", post(pages::ledger::export))
        .route("/sign-out", post(way_in::sign_in::out))
}

fn entering() -> Router<Console> {
    Router::new()
        .route("/sign-in", get(way_in::sign_in::show).post(way_in::sign_in::password))
        .route("/enrol/{link}", get(way_in::enrol::show))
        .route("/enrol/{link}/password", post(way_in::enrol::password))
        .route("/enrol/{link}/code", post(way_in::enrol::code))
        .route("/auth/passkey/create/begin", post(way_in::passkey::create_begin))
        .route("/auth/passkey/create/finish", post(way_in::passkey::create_finish))
        .route("/auth/passkey/get/begin", post(way_in::passkey::get_begin))
        .route("/auth/passkey/get/finish", post(way_in::passkey::get_finish))
}
