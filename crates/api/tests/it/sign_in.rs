//! Getting in without the right to: no account, somebody else's link, guessed or used codes.

use std::time::{Duration, Instant};

use axum::body::Body;

use crate::browser::{Answer, Browser};
use crate::world::{ORIGIN, PASSWORD, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_is_no_account_until_the_first_link_is_used() {
    let world = World::new().await;
    for (name, password) in
        [("admin", "admin"), ("root", ""), ("cordon", "cordon"), ("admin", "password")]
    {
        let mut browser = world.browser();
        browser.get("/sign-in").await;
        let answer = try_in(&mut browser, name, password, "000000").await;
        assert_eq!(answer.status, 401, "{}", answer.body);
        assert!(browser.cookie("__Host-cordon").is_none());
    }
    assert!(world.engine.is_unclaimed());
    world.admin().await;
    assert!(!world.engine.is_unclaimed());
    assert!(world.engine.first_link().await.is_err(), "no second first link");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_raced_by_two_lets_one_in() {
    let world = World::new().await;
    let link = world.first_link().await;
    let (mut one, mut two) = (world.browser(), world.browser());
    for (browser, name) in [(&mut one, "One"), (&mut two, "Two")] {
        browser.get(&link).await;
        let form = [("name", name), ("password", PASSWORD)];
        let page = browser.post(&format!("{link}/password"), &form).await;
        assert_eq!(page.status, 200, "{}", page.body);
        browser.phone = Some(crate::world::phone(&page.body));
    }
    world.wait(Duration::from_secs(30));
    let (code_one, code_two) = (world.code_now(&one), world.code_now(&two));
    let path = format!("{link}/code");
    let (form_one, form_two) = ([("code", code_one.as_str())], [("code", code_two.as_str())]);
    let (first, second) = tokio::join!(one.post(&path, &form_one), two.post(&path, &form_two));
    let let_in = [&first, &second].iter().filter(|answer| answer.status == 200).count();
    assert_eq!(let_in, 1, "{first:?} {second:?}");
    assert_eq!(world.noted("person.enrol", "").await, 1);
    assert_eq!(world.browser().get(&link).await.status, 401, "and it is used up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guessed_or_expired_link_lets_nobody_in() {
    let world = World::new().await;
    let link = world.first_link().await;
    let mut browser = world.browser();
    let guessed = format!("/enrol/{}", "A".repeat(43));
    let form = [("name", "Eve"), ("password", PASSWORD)];
    let wrong = browser.get(&guessed).await;
    assert_eq!(wrong.status, 401);
    assert_eq!(browser.post(&format!("{guessed}/password"), &form).await.status, 401);
    world.wait(Duration::from_secs(25 * 3600));
    let late = browser.get(&link).await;
    assert_eq!((late.status, plain(&late.body)), (wrong.status, plain(&wrong.body)));
    assert_eq!(browser.post(&format!("{link}/password"), &form).await.status, 401);
    assert_eq!(world.noted("session.refused", "unknown-link").await, 1);
    assert!(world.engine.is_unclaimed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_failed_sign_in_looks_the_same_and_is_written_down() {
    let world = World::new().await;
    let admin = world.admin().await;
    let off = world.invited(&admin, "viewer", "Vera").await;
    let id = off.api("GET", "/api/v1/me", None).await.json()["id"].as_str().unwrap().to_owned();
    let gone = serde_json::json!({"disabled": true});
    let path = format!("/api/v1/people/{id}");
    assert_eq!(admin.api("PATCH", &path, Some(&gone)).await.status, 204);
    let (good, off_code) = (world.code(&admin), world.code_now(&off));
    let mut seen: Vec<(u16, String, String)> = Vec::new();
    let tries = [
        ("Nobody", PASSWORD, "123456"),
        ("Ada", "wrong wrong wrong wrong", good.as_str()),
        ("Ada", PASSWORD, "000000"),
        ("Vera", PASSWORD, off_code.as_str()),
    ];
    // In turns, and the best of each counts: other tests run beside this one.
    let mut took = [Duration::MAX; 4];
    for _ in 0..4 {
        for ((name, password, code), best) in tries.iter().zip(&mut took) {
            let mut browser = world.browser();
            browser.get("/sign-in").await;
            let begun = Instant::now();
            let answer = try_in(&mut browser, name, password, code).await;
            *best = begun.elapsed().min(*best);
            let headers: Vec<String> =
                answer.headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
            seen.push((answer.status.as_u16(), answer.body, headers.join("\n")));
        }
    }
    assert_eq!(seen[0].0, 401);
    assert!(seen.iter().all(|one| *one == seen[0]), "{seen:#?}");
    let (fast, slow) = (took.iter().min().unwrap(), took.iter().max().unwrap());
    // The same work for everybody: a hash takes tens of milliseconds, a look-up none.
    assert!(*slow < *fast * 4, "{took:?}");
    for (reason, times) in
        [("unknown-person", 4), ("wrong-password", 4), ("wrong-code", 4), ("disabled-person", 4)]
    {
        assert_eq!(world.noted("session.refused", reason).await, times, "{reason}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_that_was_used_is_worthless() {
    let world = World::new().await;
    let admin = world.admin().await;
    let used = world.code(&admin);
    let mut first = world.browser();
    first.get("/sign-in").await;
    assert_eq!(try_in(&mut first, "Ada", PASSWORD, &used).await.status, 303);
    let mut second = world.browser();
    second.get("/sign-in").await;
    assert_eq!(try_in(&mut second, "Ada", PASSWORD, &used).await.status, 401);
    assert_eq!(world.noted("session.refused", "replayed-code").await, 1);
    let fresh = world.code(&admin);
    let (mut one, mut two) = (world.browser(), world.browser());
    let (a, b) = tokio::join!(
        try_in(&mut one, "Ada", PASSWORD, &fresh),
        try_in(&mut two, "Ada", PASSWORD, &fresh)
    );
    let mut both = [a.status.as_u16(), b.status.as_u16()];
    both.sort_unstable();
    assert_eq!(both, [303, 401], "the same code twice at the same moment");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guessing_is_slowed_down_and_locks_out_nobody_else() {
    let world = World::new().await;
    let admin = world.admin().await;
    world.sign_in(&admin).await;
    let mut thief = world.browser();
    let mut refused = None;
    for _ in 0..30 {
        let answer = try_in(&mut thief, "Ada", "wrong wrong wrong", "000000").await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("limited within 30 tries");
    assert!(refused.header("retry-after").parse::<u32>().unwrap() >= 1);
    // A second thief from elsewhere uses up what is left for the account.
    let mut other = world.browser();
    for _ in 0..12 {
        try_in(&mut other, "Ada", "wrong wrong wrong", "000000").await;
    }
    // Ada, where she signed in before, still gets in; others do as well.
    let mut home = admin.clone();
    home.cookies.clear();
    home.address = world.known_address(&admin).await;
    let code = world.code(&admin);
    assert_eq!(try_in(&mut home, "Ada", PASSWORD, &code).await.status, 303);
    world.invited(&home, "viewer", "Vera").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_without_a_link_do_not_keep_others_from_enrolling() {
    let world = World::new().await;
    let link = world.first_link().await;
    for _ in 0..6 {
        let mut stranger = world.browser();
        let path = format!("/enrol/{}/password", "B".repeat(43));
        for _ in 0..8 {
            stranger.post(&path, &[("name", "Eve"), ("password", PASSWORD)]).await;
        }
    }
    world.enrol(&link, "Ada").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn opening_links_too_often_says_how_long_to_wait() {
    let world = World::new().await;
    let mut browser = world.browser();
    let path = format!("/enrol/{}", "C".repeat(43));
    let mut last = browser.get(&path).await;
    for _ in 0..40 {
        last = browser.get(&path).await;
    }
    assert_eq!(last.status, 429);
    assert!(last.header("retry-after").parse::<u32>().unwrap() >= 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passkey_ceremonies_begin_with_an_id_of_ours_and_end_in_the_same_browser() {
    let world = World::new().await;
    let link = world.first_link().await;
    let mut browser = world.browser();
    browser.cookies.insert("__Host-cordon-visit".into(), "chosen-by-somebody-else".into());
    browser.get(&link).await;
    let id = browser.cookie("__Host-cordon-visit").unwrap().to_owned();
    assert_eq!(id.len(), 43, "{id}");
    let secret = link.rsplit('/').next().unwrap();
    let begin = serde_json::json!({"link": secret, "name": "Ada"});
    let options = json(&browser, "/auth/passkey/create/begin", &begin).await;
    assert_eq!(options.status, 200, "{}", options.body);
    assert!(options.body.contains("challenge"));
    let finish = serde_json::json!({"link": secret, "label": "key", "credential": {}});
    let stranger = world.browser();
    let answer = json(&stranger, "/auth/passkey/create/finish", &finish).await;
    assert_eq!(answer.status, 401, "{}", answer.body);
}

/// Posts JSON as our own script does.
async fn json(browser: &Browser, path: &str, body: &serde_json::Value) -> Answer {
    let request = browser
        .request("POST", path)
        .header("origin", ORIGIN)
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/json");
    browser.send(request.body(Body::from(body.to_string())).unwrap()).await
}

pub async fn try_in(browser: &mut Browser, name: &str, password: &str, code: &str) -> Answer {
    browser.post("/sign-in", &[("name", name), ("password", password), ("code", code)]).await
}

/// A page without what differs by address.
fn plain(page: &str) -> String {
    page.replace(char::is_whitespace, "")
}
