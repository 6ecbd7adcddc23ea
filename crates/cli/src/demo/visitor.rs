//! The one visitor of a demo: let in by a link that works once and from this machine only.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Extension, Router};
use cordon_api::http::Peer;
use cordon_api::http::problem::Refusal;
use cordon_crypto::{hash_token, random_token, same};
use cordon_people::cookie::Cookie;
use cordon_service::{Engine, Problem, ProblemKind, Visit};

use crate::failure::Failure;

/// A demo in progress.
pub struct Demo {
    /// Its data folder.
    pub folder: PathBuf,
    /// Where somebody visits its pages: what else there is to see. None where it is told in a
    /// terminal.
    pub visited: Option<String>,
}

/// Lets one visitor in. Only a demo has the route: `cordon run` never makes one of these.
pub struct Visitor {
    engine: Arc<Engine>,
    /// SHA-256 of what the link holds; gone once it was used.
    link: Mutex<Option<[u8; 32]>>,
}

impl Visitor {
    /// A visitor to come, and the last part of their link.
    pub fn expected(engine: &Arc<Engine>) -> Result<(Arc<Self>, String), Failure> {
        let token = random_token::<32>().map_err(|error| Failure::Other(error.to_string()))?;
        let link = Mutex::new(Some(hash_token(&token.text)));
        Ok((Arc::new(Visitor { engine: Arc::clone(engine), link }), token.text.to_string()))
    }

    /// The route of the link.
    pub fn router(self: Arc<Self>) -> Router {
        Router::new().route("/demo/{link}", get(come)).with_state(self)
    }

    /// Takes the link, if it is the one and nobody took it before.
    fn take(&self, link: &str) -> bool {
        let mut kept = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        let right = kept.as_ref().is_some_and(|hash| same(hash, &hash_token(link)));
        if right {
            *kept = None;
        }
        right
    }
}

async fn come(
    State(visitor): State<Arc<Visitor>>,
    Path(link): Path<String>,
    Extension(visit): Extension<Visit>,
    request: Request,
) -> Response {
    let here = match request.extensions().get::<Peer>() {
        Some(Peer::Remote(ip)) => ip.is_loopback(),
        _ => false,
    };
    let refused = || {
        let says =
            "this link was used already, or is not the demo's; start the demo again for another";
        Refusal(Problem::new(ProblemKind::SignInRefused, says)).into_response()
    };
    if !here || !visitor.take(&link) {
        return refused();
    }
    let signed_in = match visitor.engine.first_visitor(&visit).await {
        Ok(signed_in) => signed_in,
        Err(problem) => return Refusal(problem).into_response(),
    };
    let cookie = Cookie::session(&signed_in.secret, signed_in.lasts_secs);
    let Ok(cookie) = HeaderValue::from_str(&cookie.to_string()) else { return refused() };
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, "/")]).into_response();
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    response
}
