//! Sessions: fixed, stolen, outlived; and streams that outlive them.

use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt as _;
use serde_json::json;

use crate::browser::{Browser, bearer};
use crate::roles::token;
use crate::world::{DEVICE, PASSWORD, World, path_of, phone};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_fixed_beforehand_is_not_taken_over() {
    let world = World::new().await;
    let admin = world.admin().await;
    let fixed = "F".repeat(42) + "A";
    let mut victim = world.browser();
    victim.cookies.insert("__Host-cordon".into(), fixed.clone());
    victim.get("/sign-in").await;
    let code = world.code(&admin);
    let form = [("name", "Ada"), ("password", PASSWORD), ("code", &code)];
    assert_eq!(victim.post("/sign-in", &form).await.status, 303);
    assert_ne!(victim.cookie("__Host-cordon").unwrap(), fixed);
    let mut thief = world.browser();
    thief.cookies.insert("__Host-cordon".into(), fixed);
    assert_eq!(thief.api("GET", "/api/v1/me", None).await.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cookies_stay_on_this_host_away_from_scripts_and_other_sites() {
    let world = World::new().await;
    let admin = world.admin().await;
    let mut browser = world.browser();
    let shown = browser.get("/sign-in").await;
    let code = world.code(&admin);
    let form = [("name", "Ada"), ("password", PASSWORD), ("code", &code)];
    let done = browser.post("/sign-in", &form).await;
    let out = browser.post("/sign-out", &[]).await;
    let mut seen = 0;
    for answer in [&shown, &done, &out] {
        for cookie in answer.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            seen += 1;
            assert!(cookie.starts_with("__Host-"), "{cookie}");
            for part in ["; Secure", "; HttpOnly", "; SameSite=Strict", "; Path=/", "; Max-Age="] {
                assert!(cookie.contains(part), "{part} in {cookie}");
            }
            assert!(!cookie.contains("Domain"), "{cookie}");
        }
    }
    assert!(seen >= 5, "{seen} cookies");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_out_ends_the_session_on_the_server() {
    let world = World::new().await;
    let mut admin = world.admin().await;
    let thief = admin.clone();
    assert_eq!(thief.api("GET", "/api/v1/me", None).await.status, 200);
    let out = admin.post("/sign-out", &[]).await;
    assert_eq!(out.status, 303);
    assert!(out.header("clear-site-data").contains("cache"));
    assert_eq!(thief.api("GET", "/api/v1/me", None).await.status, 401);
    assert_eq!(world.noted("session.end", "").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_role_and_being_disabled_end_every_session() {
    let world = World::new().await;
    let admin = world.admin().await;
    for change in [json!({"role": "operator"}), json!({"disabled": true})] {
        let name = if change.get("role").is_some() { "Vera" } else { "Vito" };
        let first = world.invited(&admin, "viewer", name).await;
        let second = world.sign_in(&first).await;
        let id = me(&first).await;
        let path = format!("/api/v1/people/{id}");
        assert_eq!(admin.api("PATCH", &path, Some(&change)).await.status, 204);
        for browser in [first, second] {
            assert_eq!(browser.api("GET", "/api/v1/me", None).await.status, 401, "{change}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_ends_when_unused_and_after_its_longest_time() {
    let world = World::new().await;
    let idle = world.admin().await;
    let options = cordon_people::session::SessionOptions::default();
    world.wait(options.idle);
    assert_eq!(idle.api("GET", "/api/v1/me", None).await.status, 401);
    let busy = world.sign_in(&idle).await;
    let step = options.idle / 2;
    let mut passed = Duration::ZERO;
    while passed + step < options.absolute {
        world.wait(step);
        passed += step;
        assert_eq!(busy.api("GET", "/api/v1/me", None).await.status, 200, "{passed:?}");
    }
    world.wait(step);
    assert_eq!(busy.api("GET", "/api/v1/me", None).await.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_tab_that_nobody_sits_before_does_not_keep_its_session_alive() {
    let world = World::new().await;
    let options = cordon_people::session::SessionOptions::default();
    let step = options.idle / 3;
    let mut tab = world.admin().await;
    for path in ["/", "/events", "/api/v1/events"] {
        for left in [2, 1, 0] {
            world.wait(step);
            let request = tab.request("GET", path);
            // A page is looked at again with this header; a stream cannot send one.
            let request = if path == "/" { request.header("x-live", "1") } else { request };
            let answer = tab.open(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status() == 200, left > 0, "{path}: it shows what is new until then");
        }
        assert_eq!(tab.api("GET", "/api/v1/me", None).await.status, 401, "{path}");
        tab = world.sign_in(&tab).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_who_works_beside_live_pages_stays_signed_in() {
    let world = World::new().await;
    let busy = world.admin().await;
    let options = cordon_people::session::SessionOptions::default();
    for _ in 0..4 {
        world.wait(options.idle / 2);
        let live = busy.request("GET", "/").header("x-live", "1");
        assert_eq!(busy.open(live.body(Body::empty()).unwrap()).await.status(), 200);
        assert_eq!(busy.api("GET", "/api/v1/me", None).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dangerous_things_take_a_fresh_sign_in() {
    let world = World::new().await;
    let admin = world.admin().await;
    let options = cordon_people::session::SessionOptions::default();
    world.wait(options.fresh);
    for (path, body) in [
        ("/api/v1/invites", json!({"role": "viewer"})),
        ("/api/v1/tokens", json!({"label": "x", "scope": "read", "days": 1})),
        ("/api/v1/backups", json!({"file": "b"})),
        (&*format!("/api/v1/devices/{DEVICE}/forget"), json!({"reason": "x"})),
    ] {
        let answer = admin.api("POST", path, Some(&body)).await;
        assert_eq!(answer.status, 403, "{path}");
        assert!(answer.body.contains("fresh-sign-in-needed"), "{path}: {}", answer.body);
    }
    let again = world.sign_in(&admin).await;
    let body = json!({"role": "viewer"});
    assert_eq!(again.api("POST", "/api/v1/invites", Some(&body)).await.status, 201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_in_again_leaves_no_second_session_behind() {
    let world = World::new().await;
    let mut admin = world.admin().await;
    let before = admin.clone();
    let code = world.code(&admin);
    let form = [("name", "Ada"), ("password", PASSWORD), ("code", &code)];
    assert_eq!(admin.post("/sign-in", &form).await.status, 303);
    assert_eq!(admin.api("GET", "/api/v1/me", None).await.status, 200);
    assert_eq!(before.api("GET", "/api/v1/me", None).await.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thief_is_put_out_by_a_new_password() {
    let world = World::new().await;
    let mut victim = world.admin().await;
    let thief = world.sign_in(&victim).await;
    let bystander = world.invited(&victim, "viewer", "Vera").await;
    let id = me(&victim).await;
    let shown = victim.post(&format!("/people/{id}/link"), &[]).await;
    let link = path_of(shown.body.split("spellcheck=\"false\">").nth(1).unwrap());
    let link = link.split('<').next().unwrap();
    let page = victim.get(link).await.body;
    assert!(page.contains("Sign me out everywhere else"), "{page}");
    let form = [("name", "Ada"), ("password", "nine grey geese sold the barn"), ("others", "end")];
    let codes = victim.post(&format!("{link}/password"), &form).await;
    victim.phone = Some(phone(&codes.body));
    assert_eq!(thief.api("GET", "/api/v1/me", None).await.status, 200, "not before it is done");
    let code = world.code(&victim);
    let form = [("code", code.as_str()), ("others", "end")];
    let done = victim.post(&format!("{link}/code"), &form).await;
    assert!(done.body.contains("signed out everywhere else"), "{}", done.body);
    assert_eq!(thief.api("GET", "/api/v1/me", None).await.status, 401);
    for stays in [&victim, &bystander] {
        assert_eq!(stays.api("GET", "/api/v1/me", None).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_streams_are_for_the_signed_in_and_end_with_the_session() {
    let world = World::new().await;
    let mut admin = world.admin().await;
    let stranger = world.browser();
    for path in ["/events", "/api/v1/events"] {
        let answer =
            stranger.send(stranger.request("GET", path).body(Body::empty()).unwrap()).await;
        assert_ne!(answer.status, 200, "{path}");
    }
    let metrics = token(&admin, "metrics").await;
    assert_eq!(bearer(&stranger, &metrics, "GET", "/api/v1/events", None).await.status, 403);
    let mut streams = Vec::new();
    for path in ["/events", "/api/v1/events"] {
        let request = admin.request("GET", path).body(Body::empty()).unwrap();
        let response = admin.open(request).await;
        assert_eq!(response.status(), 200, "{path}");
        assert!(response.headers().get("content-encoding").is_none());
        streams.push(response.into_body());
    }
    let edit = json!({"notes": "tick"});
    let path = format!("/api/v1/devices/{DEVICE}");
    assert_eq!(admin.api("PATCH", &path, Some(&edit)).await.status, 200);
    let other = world.invited(&admin, "operator", "Otto").await;
    assert_eq!(admin.post("/sign-out", &[]).await.status, 303);
    assert_eq!(other.api("PATCH", &path, Some(&json!({"notes": "secret"}))).await.status, 200);
    for body in streams {
        let all = tokio::time::timeout(Duration::from_secs(5), body.collect()).await;
        let text = all.expect("the stream ends").unwrap().to_bytes();
        let text = String::from_utf8_lossy(&text).into_owned();
        // Until the end it told something, and afterwards it tells nothing.
        assert!(text.matches("event: tick").count() <= 2, "{text}");
    }
}

async fn me(browser: &Browser) -> String {
    browser.api("GET", "/api/v1/me", None).await.json()["id"].as_str().unwrap().to_owned()
}
