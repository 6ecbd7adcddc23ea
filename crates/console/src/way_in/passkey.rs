//! Passkeys (WebAuthn level 3): what our script asks while the browser talks to the key.

use axum::Json;
use axum::response::{IntoResponse, Response};
use cordon_service::{Problem, SignedIn};
use serde_json::{Value, json};

use crate::ask::{Enter, end_former};
use crate::reply::{self, own_path, wrong_json};

/// `POST /auth/passkey/create/begin` with `link` and `name`.
pub(crate) async fn create_begin(enter: Enter) -> Response {
    let Some(body) = &enter.json else { return unreadable() };
    let (link, name) = (text(body, "link"), text(body, "name"));
    options(enter.site.enrol_passkey_begin(&enter.visit, link, name).await, &enter)
}

/// `POST /auth/passkey/create/finish` with `link`, `label` and `credential`.
pub(crate) async fn create_finish(enter: Enter) -> Response {
    let Enter { site, visit, before, json, .. } = enter;
    let Some(mut body) = json else { return unreadable() };
    let credential = body.get_mut("credential").map(Value::take).unwrap_or_default();
    let (link, label) = (text(&body, "link"), text(&body, "label"));
    let answer = site.enrol_passkey_finish(&visit, link, label, credential).await;
    if answer.is_ok() {
        end_former(&site, before).await;
    }
    signed_in(answer, "/")
}

/// `POST /auth/passkey/get/begin`.
pub(crate) async fn get_begin(enter: Enter) -> Response {
    options(enter.site.passkey_begin(&enter.visit).await, &enter)
}

/// `POST /auth/passkey/get/finish` with `credential` and `next`.
pub(crate) async fn get_finish(enter: Enter) -> Response {
    let Enter { site, visit, before, json, .. } = enter;
    let Some(mut body) = json else { return unreadable() };
    let credential = body.get_mut("credential").map(Value::take).unwrap_or_default();
    let next = own_path(Some(text(&body, "next"))).to_owned();
    let answer = site.passkey_finish(&visit, credential).await;
    if answer.is_ok() {
        end_former(&site, before).await;
    }
    signed_in(answer, &next)
}

fn options(options: cordon_service::Answer<Value>, enter: &Enter) -> Response {
    match options {
        Ok(options) => reply::begin_ceremony(Json(options).into_response(), &enter.visit.ceremony),
        Err(problem) => wrong_json(&problem),
    }
}

fn signed_in(answer: cordon_service::Answer<SignedIn>, next: &str) -> Response {
    match answer {
        Ok(signed_in) => reply::sign_in(Json(json!({ "next": next })).into_response(), &signed_in),
        Err(problem) => wrong_json(&problem),
    }
}

fn unreadable() -> Response {
    wrong_json(&Problem::invalid("load the page again and repeat what you did"))
}

fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    body.get(name).and_then(Value::as_str).unwrap_or_default()
}
