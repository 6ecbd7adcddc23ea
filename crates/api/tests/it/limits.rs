//! What every answer carries, what none tells, and who may read the numbers.

use axum::body::Body;
use axum::http::Request;
use cordon_api::http::Peer;
use cordon_service::MetricsFor;
use tower::ServiceExt as _;

use crate::browser::{Browser, bearer};
use crate::roles::token;
use crate::world::{HOST, World};

/// Every kind of answer: pages, API, files, errors, redirects.
const PATHS: &[&str] = &[
    "/",
    "/sign-in",
    "/enrol/x",
    "/devices",
    "/nowhere",
    "/assets/nothing.css",
    "/events",
    "/metrics",
    "/api/v1/me",
    "/api/v1/devices",
    "/api/v1/none",
    "/api/docs",
    "/api/docs.css",
    "/api/openapi.json",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_carries_the_headers_that_protect_browsers() {
    let world = World::new().await;
    let mut admin = world.admin().await;
    let home = admin.get("/").await;
    let asset = home.body.split("/assets/").nth(1).unwrap().split('"').next().unwrap();
    let mut paths: Vec<String> = PATHS.iter().map(ToString::to_string).collect();
    paths.push(format!("/assets/{asset}"));
    paths.retain(|path| path != "/events");
    for browser in [&mut admin, &mut world.browser()] {
        for path in &paths {
            let answer = browser.get(path).await;
            guarded(path, &answer.headers);
        }
    }
    // What the door refuses, what no method knows, what is too often.
    let mut strange = admin.request("GET", "/").body(Body::empty()).unwrap();
    strange.headers_mut().insert("host", "evil.example".parse().unwrap());
    guarded("a strange name", &admin.send(strange).await.headers);
    for method in ["PUT", "TRACE", "OPTIONS", "BREW"] {
        for path in ["/", "/api/v1/devices"] {
            let answer = admin.api(method, path, None).await;
            assert!(answer.status.is_client_error(), "{method} {path}: {}", answer.status);
            guarded(method, &answer.headers);
        }
    }
    let mut last = None;
    for _ in 0..400 {
        last = Some(admin.api("GET", "/api/docs.css", None).await);
    }
    let last = last.unwrap();
    assert_eq!(last.status, 429);
    assert!(last.header("retry-after").parse::<u32>().unwrap() >= 1);
    guarded("too often", &last.headers);
}

fn guarded(what: &str, headers: &axum::http::HeaderMap) {
    let get = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
    let policy = get("content-security-policy");
    for part in
        ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"]
    {
        assert!(policy.contains(part), "{what}: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{what}: {policy}");
    assert!(get("strict-transport-security").starts_with("max-age=31536000"), "{what}");
    assert_eq!(get("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(get("x-frame-options"), "DENY", "{what}");
    assert!(["no-referrer", "same-origin"].contains(&get("referrer-policy")), "{what}");
    assert_eq!(get("cross-origin-opener-policy"), "same-origin", "{what}");
    assert_eq!(get("cross-origin-resource-policy"), "same-origin", "{what}");
    assert!(get("permissions-policy").contains("camera=()"), "{what}");
    assert!(!headers.contains_key("access-control-allow-origin"), "{what}");
    assert!(!headers.contains_key("server") && !headers.contains_key("x-powered-by"), "{what}");
    let kept = get("cache-control");
    assert!(kept == "no-store" || what.starts_with("/assets/console-"), "{what}: {kept}");
    assert!(
        headers.contains_key("content-type")
            || get("content-length") == "0"
            || headers.contains_key("location"),
        "{what}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_with_a_token_are_not_compressed_and_files_without_are() {
    let world = World::new().await;
    let admin = world.admin().await;
    for path in ["/", "/devices", "/people", "/devices?q=csrf", "/sign-in?again=1"] {
        let request = admin.request("GET", path).header("accept-encoding", "gzip");
        let response = admin.open(request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), 200, "{path}");
        assert!(response.headers().get("content-encoding").is_none(), "{path}");
    }
    let request = admin.request("GET", "/api/openapi.json").header("accept-encoding", "gzip");
    let response = admin.open(request.body(Body::empty()).unwrap()).await;
    assert_eq!(response.headers().get("content-encoding").unwrap(), "gzip");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_tell_nothing_of_the_inside() {
    let world = World::new().await;
    let admin = world.admin().await;
    let stranger = world.browser();
    let inside = world.dir.path().to_str().unwrap().to_owned();
    // The history's folder is taken away: searches fail.
    std::fs::remove_dir_all(world.dir.path().join("history")).unwrap();
    std::fs::write(world.dir.path().join("history"), "no folder").unwrap();
    for browser in [&admin, &stranger] {
        for path in PATHS.iter().copied().chain([
            "/traffic",
            "/api/v1/flows",
            "/api/v1/devices/dev-1/facts",
            "/api/v1/ledger/head?verify=true",
            "/api/v1/flows/export?format=parquet",
            "/health",
            "/api/v1/health",
        ]) {
            if path.contains("events") {
                continue;
            }
            let answer = browser.api("GET", path, None).await;
            for secret in [
                &*inside,
                "panicked",
                "backtrace",
                ".cargo",
                "src/",
                "sqlite",
                "SELECT ",
                "thread '",
            ] {
                assert!(!answer.body.contains(secret), "{path} tells {secret}: {}", answer.body);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_are_for_whom_the_configuration_says() {
    for (mode, near, far, signed_in) in [
        (MetricsFor::SignedIn, 401, 401, 200),
        (MetricsFor::Local, 200, 401, 200),
        (MetricsFor::Nobody, 404, 404, 404),
    ] {
        let world = World::with(mode).await;
        let admin = world.admin().await;
        let metrics = token(&admin, "metrics").await;
        let local = Browser::new(world.router.clone(), "127.0.0.1".parse().unwrap());
        let remote = world.browser();
        assert_eq!(local.api("GET", "/metrics", None).await.status, near, "{mode:?} near");
        assert_eq!(remote.api("GET", "/metrics", None).await.status, far, "{mode:?} far");
        let spoofed = remote.request("GET", "/metrics").header("x-forwarded-for", "127.0.0.1");
        assert_eq!(remote.send(spoofed.body(Body::empty()).unwrap()).await.status, far);
        let answer = bearer(&remote, &metrics, "GET", "/metrics", None).await;
        assert_eq!(answer.status, signed_in, "{mode:?}");
        let bad = bearer(&local, &"x".repeat(50), "GET", "/metrics", None).await;
        assert_ne!(bad.status, 200, "a wrong token is no token at all: {mode:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_says_nothing_of_itself_is_let_in_nowhere() {
    let world = World::with(MetricsFor::Local).await;
    // No `Peer` in the request: a listener that was wired wrongly must not make everybody local.
    let request = Request::get("/metrics").header("host", HOST).body(Body::empty()).unwrap();
    let answer = world.router.clone().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), 500);
    let request = Request::get("/metrics").header("host", "localhost").body(Body::empty()).unwrap();
    let mut request = request;
    request.extensions_mut().insert(Peer::Local { uid: 0 });
    assert_eq!(world.router.clone().oneshot(request).await.unwrap().status(), 200);
}
