//! What stands around every route, in one place: the binary and the attack tests use the same.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{Extensions, HeaderMap, StatusCode, Version, header};
use axum::middleware;
use cordon_service::Site;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{Predicate, SizeAbove};
use tower_http::timeout::TimeoutLayer;

use super::{Door, door, headers, who};

/// A request takes longer only if it streams.
const LONGEST_REQUEST: Duration = Duration::from_secs(60);

/// Types that are compressed. A page holds its session's token against forged requests and
/// repeats what was searched for: the length of both compressed together would tell the token
/// bit by bit (BREACH), so pages go out as they are. None of these holds a secret that is sent
/// twice.
const COMPRESSED: [&str; 6] = [
    "application/json",
    "application/x-ndjson",
    "image/svg+xml",
    "text/css",
    "text/csv",
    "text/javascript",
];

/// Puts what recognises and protects callers around routes.
pub fn stack(routes: Router, site: Arc<dyn Site>, door: Arc<Door>) -> Router {
    routes
        .layer(middleware::from_fn_with_state(site, who::recognise))
        .layer(middleware::from_fn_with_state(door, door::admit))
        .layer(
            CompressionLayer::new().gzip(true).compress_when(SizeAbove::default().and(may_shrink)),
        )
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, LONGEST_REQUEST))
        .layer(middleware::from_fn(headers::secure))
}

fn may_shrink(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    COMPRESSED.contains(&kind)
}
