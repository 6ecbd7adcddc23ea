//! Pages elsewhere that make a signed-in browser ask, or take our name.

use axum::body::Body;
use axum::http::Request;

use crate::browser::{Answer, Browser, encoded};
use crate::world::{DEVICE, HOST, ORIGIN, PASSWORD, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_of_another_site_changes_nothing() {
    let world = World::new().await;
    let admin = world.admin().await;
    let path = format!("/devices/{DEVICE}");
    let token = admin.csrf();
    for (origin, site, csrf) in [
        (Some("https://evil.example"), None, token.as_str()),
        (Some("https://evil.example"), Some("cross-site"), token.as_str()),
        (Some("https://evil.example"), Some("same-origin"), token.as_str()),
        (Some("https://other.cordon.example:8443"), Some("same-site"), token.as_str()),
        (Some("http://cordon.example:8443"), None, token.as_str()),
        (Some("null"), None, token.as_str()),
        (Some("null"), Some("cross-site"), token.as_str()),
        (None, None, token.as_str()),
        (Some(ORIGIN), Some("same-origin"), ""),
        (Some(ORIGIN), Some("same-origin"), "wrong"),
    ] {
        let answer = form(&admin, &path, origin, site, &[("csrf", csrf), ("notes", "owned")]).await;
        assert_eq!(answer.status, 403, "{origin:?} {site:?} {csrf:?}");
    }
    let device = admin.api("GET", &format!("/api/v1/devices/{DEVICE}"), None).await;
    assert!(!device.body.contains("owned"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_site_cannot_sign_a_browser_in_or_out() {
    let world = World::new().await;
    let admin = world.admin().await;
    let code = world.code(&admin);
    let stranger = world.browser();
    let fields = [("name", "Ada"), ("password", PASSWORD), ("code", code.as_str())];
    for origin in ["https://evil.example", "null"] {
        let answer = form(&stranger, "/sign-in", Some(origin), None, &fields).await;
        assert_eq!(answer.status, 403, "{origin}");
        assert!(!answer.headers.contains_key("set-cookie"));
    }
    let token = admin.csrf();
    let proof = [("csrf", token.as_str())];
    let out = form(&admin, "/sign-out", Some("https://evil.example"), None, &proof).await;
    assert_eq!(out.status, 403);
    assert_eq!(admin.api("GET", "/api/v1/me", None).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_takes_no_change_on_a_cookie_alone() {
    let world = World::new().await;
    let admin = world.admin().await;
    let path = format!("/api/v1/devices/{DEVICE}");
    let other = world.invited(&admin, "operator", "Otto").await;
    for csrf in ["", "wrong", other.csrf().as_str()] {
        let request = admin
            .request("PATCH", &path)
            .header("content-type", "application/json")
            .header("x-csrf", csrf);
        let answer = admin.send(request.body(Body::from("{\"notes\":\"x\"}")).unwrap()).await;
        assert_eq!(answer.status, 403, "{csrf:?}");
    }
    // A form cannot send JSON, and what it can send is not read.
    let request = admin
        .request("POST", "/api/v1/tokens")
        .header("content-type", "text/plain")
        .header("x-csrf", admin.csrf());
    let body = "{\"label\":\"x\",\"scope\":\"read\",\"days\":7}";
    assert_eq!(admin.send(request.body(Body::from(body)).unwrap()).await.status, 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_is_not_ours_is_refused_on_every_kind_of_path() {
    let world = World::new().await;
    let admin = world.admin().await;
    for path in ["/", "/sign-in", "/api/v1/devices", "/metrics", "/assets/x.css", "/events"] {
        for host in ["evil.example", "evil.example:8443", "cordon.example.evil.example", ""] {
            let mut request = admin.request("GET", path).body(Body::empty()).unwrap();
            request.headers_mut().insert("host", host.parse().unwrap());
            assert_eq!(admin.send(request).await.status, 400, "{host} {path}");
        }
    }
    // HTTP/2 and absolute addresses: the name in the address counts, whatever the header says.
    let request = Request::get("https://evil.example/api/v1/devices").header("host", HOST);
    assert_eq!(admin.send(request.body(Body::empty()).unwrap()).await.status, 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_says_for_themselves_where_they_come_from() {
    let world = World::new().await;
    world.admin().await;
    let thief = world.browser();
    let mut limited = false;
    for turn in 0..30 {
        let request = thief
            .request("POST", "/sign-in")
            .header("origin", ORIGIN)
            .header("x-forwarded-for", format!("192.0.2.{turn}"))
            .header("forwarded", format!("for=192.0.2.{turn}"))
            .header("x-real-ip", format!("192.0.2.{turn}"))
            .header("content-type", "application/x-www-form-urlencoded");
        let body = encoded(&[("name", "Ada"), ("password", "wrong"), ("code", "000000")]);
        limited |= thief.send(request.body(Body::from(body)).unwrap()).await.status == 429;
    }
    assert!(limited, "the address of the connection counts");
    assert_eq!(world.noted("session.refused", "192.0.2").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_after_signing_in_does_not_lead_away() {
    let world = World::new().await;
    let admin = world.admin().await;
    for next in
        ["//evil.example", "https://evil.example", "/\\evil.example", "/x\r\nset-cookie: a=b"]
    {
        let code = world.code(&admin);
        let mut browser = world.browser();
        browser.get("/sign-in").await;
        let form = [("next", next), ("name", "Ada"), ("password", PASSWORD), ("code", &code)];
        let done = browser.post("/sign-in", &form).await;
        assert_eq!((done.status.as_u16(), done.header("location")), (303, "/"), "{next:?}");
    }
}

async fn form(
    browser: &Browser,
    path: &str,
    origin: Option<&str>,
    site: Option<&str>,
    fields: &[(&str, &str)],
) -> Answer {
    let mut request =
        browser.request("POST", path).header("content-type", "application/x-www-form-urlencoded");
    if let Some(origin) = origin {
        request = request.header("origin", origin);
    }
    if let Some(site) = site {
        request = request.header("sec-fetch-site", site);
    }
    browser.send(request.body(Body::from(encoded(fields))).unwrap()).await
}
