//! What devices may do: contracts, rules, rehearsals, proofs.

use axum::extract::{DefaultBodyLimit, State};
use cordon_service::view::{
    AdoptRequest, Changed, ContractDiffQuery, ContractDiffView, ContractQuery, ContractRow,
    ContractView, MudRequest, MudView, Page, ProbePlanView, ProbeReport, ProbeRequest, ProbeView,
    ProofRequest, ProofView, ReachRequest, RehearsalView, RehearseRequest, RulesView, StageRequest,
    StepView, ZonesView,
};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AnySite;
use super::say::{Json, Paging, Path, Problems, Query, Said};
use crate::http::who::SignedIn;

/// Largest MUD file, in bytes; public ones stay below 200 kB.
const MUD_FILE: usize = 1 << 20;

pub(super) fn routes() -> OpenApiRouter<AnySite> {
    let mud =
        OpenApiRouter::new().routes(routes!(import_mud)).layer(DefaultBodyLimit::max(MUD_FILE));
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(stage))
        .routes(routes!(switch))
        .routes(routes!(rehearse))
        .routes(routes!(steps))
        .routes(routes!(undo_last))
        .routes(routes!(undo))
        .routes(routes!(one))
        .routes(routes!(diff))
        .routes(routes!(adopt))
        .routes(routes!(export_mud))
        .routes(routes!(rules))
        .routes(routes!(confirm))
        .routes(routes!(take_back))
        .routes(routes!(prove))
        .routes(routes!(plan_probe))
        .routes(routes!(report_probe))
        .routes(routes!(zones))
        .merge(mud)
}

/// What stands for devices, and what learning proposes
#[utoipa::path(
    get, path = "/api/v1/contracts", tag = "contracts", params(ContractQuery),
    responses((status = 200, body = Page<ContractRow>), Problems)
)]
async fn list(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Query(query): Query<ContractQuery>,
) -> Said<Json<Page<ContractRow>>> {
    Ok(Json(site.contracts(&caller, &query)?))
}

/// One device's contract, in plain words and as the signed document
#[utoipa::path(
    get, path = "/api/v1/contracts/{device}", tag = "contracts",
    params(("device" = String, Path)),
    responses((status = 200, body = ContractView), Problems)
)]
async fn one(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Path(device): Path<String>,
) -> Said<Json<ContractView>> {
    Ok(Json(site.contract(&caller, &device)?))
}

/// What differs between two versions of a contract, and which versions there are
#[utoipa::path(
    get, path = "/api/v1/contracts/{device}/diff", tag = "contracts",
    params(("device" = String, Path), ContractDiffQuery),
    responses((status = 200, body = ContractDiffView), Problems)
)]
async fn diff(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Path(device): Path<String>,
    Query(query): Query<ContractDiffQuery>,
) -> Said<Json<ContractDiffView>> {
    Ok(Json(site.contract_diff(&caller, &device, &query).await?))
}

/// Put a contract in force, or change it
#[utoipa::path(
    post, path = "/api/v1/contracts/{device}/adopt", tag = "contracts",
    params(("device" = String, Path)), request_body = AdoptRequest,
    responses((status = 200, body = Changed), Problems)
)]
async fn adopt(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Path(device): Path<String>,
    Json(request): Json<AdoptRequest>,
) -> Said<Json<Changed>> {
    Ok(Json(site.adopt(&caller, &device, &request).await?))
}

/// Take a MUD file in (RFC 8520): what it allows is put in force
#[utoipa::path(
    post, path = "/api/v1/contracts/{device}/mud", tag = "contracts",
    params(("device" = String, Path)), request_body = MudRequest,
    responses((status = 200, body = Changed), Problems)
)]
async fn import_mud(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Path(device): Path<String>,
    Json(request): Json<MudRequest>,
) -> Said<Json<Changed>> {
    Ok(Json(site.import_mud(&caller, &device, &request).await?))
}

/// A contract as a MUD file (RFC 8520), and what that cannot say
#[utoipa::path(
    get, path = "/api/v1/contracts/{device}/mud", tag = "contracts",
    params(("device" = String, Path)),
    responses((status = 200, body = MudView), Problems)
)]
async fn export_mud(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Path(device): Path<String>,
) -> Said<Json<MudView>> {
    Ok(Json(site.export_mud(&caller, &device)?))
}

/// Change how far contracts are enforced; rules that may block are on trial first
#[utoipa::path(
    post, path = "/api/v1/stages", tag = "contracts", request_body = StageRequest,
    responses((status = 200, body = Changed), Problems)
)]
async fn stage(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Json(request): Json<StageRequest>,
) -> Said<Json<Changed>> {
    Ok(Json(site.stage(&caller, &request).await?))
}

/// Switch what devices may reach, at once
#[utoipa::path(
    post, path = "/api/v1/switches", tag = "contracts", request_body = ReachRequest,
    responses((status = 200, body = Changed), Problems)
)]
async fn switch(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Json(request): Json<ReachRequest>,
) -> Said<Json<Changed>> {
    Ok(Json(site.switch(&caller, &request).await?))
}

/// What recorded traffic would meet, were the contracts enforced
#[utoipa::path(
    post, path = "/api/v1/rehearsals", tag = "contracts", request_body = RehearseRequest,
    responses((status = 200, body = RehearsalView), Problems)
)]
async fn rehearse(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Json(request): Json<RehearseRequest>,
) -> Said<Json<RehearsalView>> {
    Ok(Json(site.rehearse(&caller, &request).await?))
}

/// What was done to contracts, newest first
#[utoipa::path(
    get, path = "/api/v1/steps", tag = "contracts", params(Paging),
    responses((status = 200, body = Page<StepView>), Problems)
)]
async fn steps(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Query(paging): Query<Paging>,
) -> Said<Json<Page<StepView>>> {
    Ok(Json(site.steps(&caller, paging.cursor(), paging.limit()).await?))
}

/// Take the latest step with contracts back
#[utoipa::path(
    post, path = "/api/v1/steps/undo", tag = "contracts",
    responses((status = 200, body = Changed), Problems)
)]
async fn undo_last(State(site): State<AnySite>, SignedIn(caller): SignedIn) -> Said<Json<Changed>> {
    Ok(Json(site.undo_step(&caller, None).await?))
}

/// Take a step with contracts back
#[utoipa::path(
    post, path = "/api/v1/steps/{id}/undo", tag = "contracts", params(("id" = u64, Path)),
    responses((status = 200, body = Changed), Problems)
)]
async fn undo(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Path(id): Path<u64>,
) -> Said<Json<Changed>> {
    Ok(Json(site.undo_step(&caller, Some(id)).await?))
}

/// The rules that this machine's kernel holds
#[utoipa::path(
    get, path = "/api/v1/rules", tag = "contracts",
    responses((status = 200, body = RulesView), Problems)
)]
async fn rules(State(site): State<AnySite>, SignedIn(caller): SignedIn) -> Said<Json<RulesView>> {
    Ok(Json(site.rules(&caller).await?))
}

/// Keep the rules that are on trial
#[utoipa::path(
    post, path = "/api/v1/rules/confirm", tag = "contracts",
    responses((status = 200, body = RulesView), Problems)
)]
async fn confirm(State(site): State<AnySite>, SignedIn(caller): SignedIn) -> Said<Json<RulesView>> {
    Ok(Json(site.confirm_rules(&caller).await?))
}

/// Take the rules that are on trial back
#[utoipa::path(
    post, path = "/api/v1/rules/take-back", tag = "contracts",
    responses((status = 200, body = RulesView), Problems)
)]
async fn take_back(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
) -> Said<Json<RulesView>> {
    Ok(Json(site.take_rules_back(&caller).await?))
}

/// Whether one device can reach another, by all packets there are; `to` left out asks for everything
#[utoipa::path(
    post, path = "/api/v1/proofs", tag = "contracts", request_body = ProofRequest,
    responses((status = 200, body = ProofView), Problems)
)]
async fn prove(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Json(request): Json<ProofRequest>,
) -> Said<Json<ProofView>> {
    Ok(Json(site.prove(&caller, &request).await?))
}

/// Set out to probe: what is tried from one machine to a device, written down before anything is sent;
/// the service itself sends nothing
#[utoipa::path(
    post, path = "/api/v1/probes", tag = "contracts", request_body = ProbeRequest,
    responses((status = 200, body = ProbePlanView), Problems)
)]
async fn plan_probe(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Json(request): Json<ProbeRequest>,
) -> Said<Json<ProbePlanView>> {
    Ok(Json(site.plan_probe(&caller, &request).await?))
}

/// Tell what a probe met: it is compared with the rules, and what got through against them is found
#[utoipa::path(
    post, path = "/api/v1/probes/{id}", tag = "contracts", params(("id" = String, Path)),
    request_body = ProbeReport, responses((status = 200, body = ProbeView), Problems)
)]
async fn report_probe(
    State(site): State<AnySite>,
    SignedIn(caller): SignedIn,
    Path(id): Path<String>,
    Json(report): Json<ProbeReport>,
) -> Said<Json<ProbeView>> {
    Ok(Json(site.report_probe(&caller, &id, &report).await?))
}

/// Who may talk to whom, by zones
#[utoipa::path(
    get, path = "/api/v1/zones", tag = "contracts",
    responses((status = 200, body = ZonesView), Problems)
)]
async fn zones(State(site): State<AnySite>, SignedIn(caller): SignedIn) -> Said<Json<ZonesView>> {
    Ok(Json(site.zones(&caller)?))
}
