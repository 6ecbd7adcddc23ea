//! Enrolling, signing in, and links from elsewhere.

use axum::body::Body;
use axum::http::Request;
use cordon_model::record::Role;
use serde_json::json;

use crate::browser::{Browser, ORIGIN};
use crate::fake::FakeSite;

fn stranger() -> Browser {
    Browser::over(FakeSite::new(Role::Admin), false)
}

#[tokio::test]
async fn a_stranger_sees_the_way_in_and_nothing_else() {
    let browser = stranger();
    for path in [
        "/",
        "/devices",
        "/devices/mac-001788200001",
        "/map",
        "/people",
        "/ledger/checkpoint",
        "/events",
        "/import",
    ] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, 303, "{path}");
        assert!(answer.header("location").starts_with("/sign-in"), "{path}");
        assert!(answer.body.is_empty(), "{path}");
    }
    assert_eq!(browser.post("/devices/mac-001788200001", "name=x").await.status, 401);
    assert_eq!(browser.get("/sign-in").await.status, 200);
}

#[tokio::test]
async fn a_link_in_a_mail_asks_once_more_from_our_own_page_so_that_strict_cookies_come_along() {
    let request = Request::get("/devices?q=a%22b").header("sec-fetch-site", "cross-site");
    let answer = stranger().send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, 200);
    assert!(
        answer.body.contains("http-equiv=\"refresh\" content=\"0; url=/devices?q=a%22b\""),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn a_password_signs_in_and_leads_back_but_never_away() {
    let browser = stranger();
    let form =
        |next: &str| format!("name=anna&password=correct+horse+battery&code=123456&next={next}");
    let answer = browser.post("/sign-in", &form("%2Fdevices%3Fq%3Da")).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/devices?q=a"));
    let cookie = answer.cookies()[0];
    assert_eq!(
        cookie,
        "__Host-cordon=s3cret; Path=/; Max-Age=43200; Secure; HttpOnly; SameSite=Strict"
    );
    for next in
        ["//evil.example", "https://evil.example", "%2F%5Cevil.example", "%2F%09%2Fevil.example"]
    {
        assert_eq!(browser.post("/sign-in", &form(next)).await.header("location"), "/", "{next}");
    }
}

#[tokio::test]
async fn wrong_sign_in_material_gets_the_same_short_answer() {
    let browser = stranger();
    let one = browser.post("/sign-in", "name=anna&password=wrong&code=1").await;
    let two = browser.post("/sign-in", "name=nobody&password=&code=").await;
    assert_eq!((one.status.as_u16(), &one.body), (401, &two.body));
    assert!(one.cookies().is_empty());
}

#[tokio::test]
async fn another_site_cannot_sign_a_browser_in() {
    let browser = stranger();
    let form = "name=mallory&password=correct+horse+battery&code=1";
    let answer =
        browser.post_from("/sign-in", form, Some("cross-site"), Some("https://evil.example")).await;
    assert_eq!(answer.status, 403);
    assert!(answer.cookies().is_empty());
}

#[tokio::test]
async fn a_passkey_is_made_and_used() {
    let browser = stranger();
    let page = browser.get("/enrol/good").await;
    assert!(page.body.contains("Create a passkey") && page.body.contains("data-link=\"good\""));
    assert!(
        page.cookies()[0]
            .starts_with("__Host-cordon-visit=0f1e2d3c; Path=/; Max-Age=900; Secure; HttpOnly")
    );
    let begun =
        browser.json("/auth/passkey/create/begin", &json!({"link": "good", "name": "Anna"})).await;
    assert!(begun.status == 200 && begun.body.contains("challenge"));
    let body = json!({"link": "good", "label": "key", "credential": {"id": "x"}});
    let done = browser.json("/auth/passkey/create/finish", &body).await;
    assert!(
        done.body.contains("\"next\":\"/\"")
            && done.cookies()[0].starts_with("__Host-cordon=s3cret;")
    );
    let body = json!({"credential": {"id": "x"}, "next": "//evil.example"});
    let done = browser.json("/auth/passkey/get/finish", &body).await;
    assert!(done.body.contains("\"next\":\"/\"") && done.status == 200);
}

#[tokio::test]
async fn a_passkey_that_does_not_fit_is_answered_in_a_sentence() {
    let browser = stranger();
    let done = browser.json("/auth/passkey/get/finish", &json!({})).await;
    assert_eq!(
        (done.status.as_u16(), done.header("content-type")),
        (401, "application/problem+json")
    );
    assert!(done.body.contains("\"detail\":\"That did not work\""));
    let request = Request::post("/auth/passkey/get/begin").header("origin", "https://evil.example");
    assert_eq!(browser.send(request.body(Body::from("{}")).unwrap()).await.status, 403);
}

#[tokio::test]
async fn a_password_is_enrolled_with_codes_that_are_shown_once() {
    let browser = stranger();
    assert_eq!(browser.post("/enrol/good/password", "name=Anna&password=short").await.status, 400);
    let setup =
        browser.post("/enrol/good/password", "name=Anna&password=correct+horse+battery").await;
    assert!(setup.status == 200 && setup.body.contains("src=\"data:image/svg+xml,%3Csvg"));
    assert_eq!(browser.post("/enrol/good/code", "code=000000").await.status, 401);
    let done = browser.post("/enrol/good/code", "code=123456").await;
    assert!(
        done.body.contains("k7f2-0x9q") && done.cookies()[0].starts_with("__Host-cordon=s3cret;")
    );
    assert_eq!(done.header("cache-control"), "no-store");
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions_unless_told_otherwise() {
    let browser = stranger();
    assert!(!browser.get("/enrol/good").await.body.contains("name=\"others\""), "nobody yet");
    let page = browser.get("/enrol/again").await.body;
    assert!(page.contains("name=\"others\" value=\"end\" checked"));
    assert!(page.contains("Passkeys work only at https://cordon.example:8443."), "a sentence");
    let form = "name=Anna&password=correct+horse+battery";
    let codes = browser.post("/enrol/again/password", &format!("{form}&others=end")).await.body;
    assert!(codes.contains("type=\"hidden\" name=\"others\""));
    let kept = browser.post("/enrol/again/password", form).await.body;
    assert!(!kept.contains("name=\"others\""));
    let done = browser.post("/enrol/again/code", "code=123456").await.body;
    assert!(!done.contains("everywhere else"));
    assert_eq!(browser.site.done.lock().unwrap().len(), 0);
    let done = browser.post("/enrol/again/code", "code=123456&others=end").await.body;
    assert!(done.contains("You are signed out everywhere else."));
    assert_eq!(*browser.site.done.lock().unwrap(), ["session.end s-4"]);
}

#[tokio::test]
async fn a_password_can_be_looked_at_while_it_is_typed() {
    for path in ["/enrol/good", "/sign-in"] {
        let page = stranger().get(path).await.body;
        // the script unhides it: without a script it would do nothing
        assert!(
            page.contains("<button class=\"quiet\" type=\"button\" hidden data-show"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_link_that_is_used_up_says_where_to_get_another() {
    let answer = stranger().get("/enrol/used").await;
    assert_eq!(answer.status, 404);
    assert!(answer.body.contains("Ask for a new one"));
}

#[tokio::test]
async fn live_updates_carry_what_the_site_tells() {
    use http_body_util::BodyExt;
    use tower::ServiceExt;
    let site = std::sync::Arc::new(FakeSite::new(Role::Viewer));
    let router = cordon_console::router(site.clone());
    let mut request = Request::get("/events").body(Body::empty()).unwrap();
    request.extensions_mut().insert(crate::fake::visit(ORIGIN));
    request.extensions_mut().insert(Some(crate::fake::caller(Role::Viewer)));
    let response = router.oneshot(request).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body();
    body.frame().await.unwrap().unwrap();
    let tick = cordon_service::Tick {
        number: 9,
        topics: vec!["today".into()],
        numbers: vec![("devices".into(), "301".into())],
    };
    site.ticks.send(tick).unwrap();
    let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
    let text = String::from_utf8_lossy(&frame).into_owned();
    assert!(
        text.contains("event: tick") && text.contains("id: 9") && text.contains("\"301\""),
        "{text}"
    );
}
