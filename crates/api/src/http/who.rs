//! Who calls: from a connection and its headers to a [`Visit`] and, perhaps, a [`Caller`].

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cordon_people::cookie::{CEREMONY, SESSION};
use cordon_service::{Caller, Problem, ProblemKind, Site, Visit, Who};

use super::problem::Refusal;

/// The header in which scripts send back the session's token against forged requests.
pub const CSRF_HEADER: &str = "x-csrf";
/// The header with which the console's script looks at an open page again.
pub const LIVE_HEADER: &str = "x-live";
/// Streams that browsers keep open, and open anew, while nobody sits before them. No header can
/// be sent with these (WHATWG HTML, section 9.2).
const STREAMS: [&str; 2] = ["/events", "/api/v1/events"];
/// Characters kept of what a browser calls itself.
const AGENT: usize = 200;
/// Characters of a ceremony's id: 256 random bits in base64url.
const CEREMONY_ID: usize = 43;
/// Longest cookie or token value that is looked at.
const LONGEST: usize = 512;

/// The other end of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Peer {
    /// Over the network.
    Remote(IpAddr),
    /// Over the socket on this machine.
    Local {
        /// User id of the process.
        uid: u32,
    },
}

/// Finds out who calls and passes that on in the request's extensions: a [`Visit`] and an
/// `Option<Caller>`.
pub async fn recognise(
    State(site): State<Arc<dyn Site>>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(peer) = request.extensions().get::<Peer>().copied() else {
        // A listener that does not say who is there must not make everybody a neighbour.
        tracing::error!("no peer in the request: the listener is wired wrongly");
        let problem =
            Problem::new(ProblemKind::Broken, "the service is set up wrongly; see its log");
        return Refusal(problem).into_response();
    };
    let visit = match visit(&request, peer) {
        Ok(visit) => visit,
        Err(problem) => return Refusal(problem).into_response(),
    };
    let caller = match peer {
        Peer::Local { uid } => Some(Caller::local(uid)),
        Peer::Remote(_) => match credentials(request.headers()) {
            Credentials::None => None,
            Credentials::Session(secret) => site.session(&secret, &visit),
            Credentials::Token(token) => match site.bearer(&token, &visit) {
                Some(caller) => Some(caller),
                None => return Refusal(refused()).into_response(),
            },
        },
    };
    if let Some(caller) = &caller
        && let Err(problem) = not_forged(request.method(), request.headers(), caller)
        && request.uri().path().starts_with("/api/")
    {
        return Refusal(problem).into_response();
    }
    request.extensions_mut().insert(visit);
    request.extensions_mut().insert(caller);
    next.run(request).await
}

/// Somebody who is signed in, as an argument of a handler.
pub struct SignedIn(pub Caller);

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for SignedIn {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let caller = parts.extensions.get::<Option<Caller>>().cloned().flatten();
        caller.map(SignedIn).ok_or_else(|| {
            Refusal(Problem::new(
                ProblemKind::SignInNeeded,
                "sign in, or send an API token as `Authorization: Bearer …`",
            ))
        })
    }
}

/// A cookie's value.
#[must_use]
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, value)| *key == name && value.len() <= LONGEST)
        .map(|(_, value)| value.to_owned())
}

enum Credentials {
    None,
    Session(String),
    Token(String),
}

fn credentials(headers: &HeaderMap) -> Credentials {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if let Some(authorization) = authorization {
        let token = authorization
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .filter(|token| token.len() <= LONGEST);
        return Credentials::Token(token.unwrap_or_default().to_owned());
    }
    match cookie(headers, SESSION) {
        Some(secret) => Credentials::Session(secret),
        None => Credentials::None,
    }
}

/// The host that a request names: in its URI with HTTP/2, in a header with HTTP/1. One answer for
/// everybody who decides by it.
#[must_use]
pub fn host(request: &Request) -> &str {
    match request.uri().authority() {
        Some(authority) => authority.as_str(),
        None => text(request.headers(), &header::HOST),
    }
}

fn visit(request: &Request, peer: Peer) -> Result<Visit, Problem> {
    let headers = request.headers();
    // A browser without a ceremony's cookie gets an id of ours, never one of its own making.
    let ceremony = cookie(headers, CEREMONY).filter(|id| is_ours(id));
    let ceremony = match ceremony {
        Some(id) => id,
        None => fresh()?,
    };
    Ok(Visit {
        from: match peer {
            Peer::Remote(ip) => ip,
            Peer::Local { .. } => IpAddr::V4(Ipv4Addr::LOCALHOST),
        },
        agent: text(headers, &header::USER_AGENT).chars().take(AGENT).collect(),
        // What we are called here, which the door has checked. Never what the request says of
        // where it comes from: that is compared with this.
        origin: format!("https://{}", host(request)),
        ceremony,
        by_itself: by_itself(request),
    })
}

/// Whether an open page asks, not a person. Whoever claims it wrongly gains nothing: the session
/// ends the sooner.
fn by_itself(request: &Request) -> bool {
    request.method().is_safe()
        && (request.headers().contains_key(LIVE_HEADER) || STREAMS.contains(&request.uri().path()))
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn is_ours(id: &str) -> bool {
    id.len() == CEREMONY_ID && URL_SAFE_NO_PAD.decode(id).is_ok()
}

fn fresh() -> Result<String, Problem> {
    let mut id = [0; 32];
    getrandom::fill(&mut id).map_err(|error| {
        tracing::error!(%error, "no random bytes");
        Problem::new(ProblemKind::Broken, "the service has no random bytes; try again")
    })?;
    Ok(URL_SAFE_NO_PAD.encode(id))
}

/// A request that changes something and comes with a cookie must show that a page of ours sent
/// it. Tokens and the local socket are not sent by browsers on their own.
///
/// # Errors
/// Where it does not.
pub fn not_forged(method: &Method, headers: &HeaderMap, caller: &Caller) -> Result<(), Problem> {
    let Who::Person { csrf, .. } = &caller.who else { return Ok(()) };
    if method.is_safe() {
        return Ok(());
    }
    let sent = headers.get(CSRF_HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !csrf.is_empty() && same(sent.as_bytes(), csrf.as_bytes()) {
        return Ok(());
    }
    Err(Problem::new(
        ProblemKind::Forbidden,
        format!("send the session's token in the header {CSRF_HEADER}"),
    ))
}

fn refused() -> Problem {
    Problem::new(ProblemKind::SignInNeeded, "this API token is not valid, or no longer")
}

/// Compares without telling by the time taken where the difference lies.
fn same(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len()
        && left.iter().zip(right).fold(0, |sum, (left, right)| sum | (left ^ right)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_among_others_and_a_giant_one_is_not() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, "a=1; __Host-cordon=secret; b=2".parse().unwrap());
        assert_eq!(cookie(&headers, SESSION).as_deref(), Some("secret"));
        let giant = format!("__Host-cordon={}", "x".repeat(10_000));
        headers.insert(header::COOKIE, giant.parse().unwrap());
        assert_eq!(cookie(&headers, SESSION), None);
    }

    #[test]
    fn a_forged_post_with_a_stolen_cookie_is_refused() {
        let who = Who::Person {
            id: cordon_model::record::PersonId("p".into()),
            name: "Anna".into(),
            role: cordon_model::record::Role::Admin,
            session: [0; 32],
            csrf: "token".into(),
            fresh: true,
        };
        let caller = Caller { who, from: None };
        let mut headers = HeaderMap::new();
        assert!(not_forged(&Method::GET, &headers, &caller).is_ok());
        assert!(not_forged(&Method::POST, &headers, &caller).is_err());
        headers.insert(CSRF_HEADER, "tokem".parse().unwrap());
        assert!(not_forged(&Method::POST, &headers, &caller).is_err());
        headers.insert(CSRF_HEADER, "token".parse().unwrap());
        assert!(not_forged(&Method::POST, &headers, &caller).is_ok());
    }
}
