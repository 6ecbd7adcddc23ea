//! What is done in forms, and what other sites cannot do with them.

use axum::body::Body;
use axum::http::Request;
use cordon_model::record::Role;

use crate::browser::{Browser, ORIGIN};
use crate::fake::{CSRF, FakeSite};

/// A path of each change, with its form.
const CHANGES: [(&str, &str); 21] = [
    ("/devices/mac-001788200001", "name=Pump&tags=a,b"),
    ("/devices/mac-001788200001/merge", "other=mac-001788200002"),
    ("/devices/mac-001788200001/split", "address=10.0.0.1&address=10.0.0.2"),
    ("/devices/mac-001788200001/forget", "reason=broken"),
    ("/changes/41/undo", ""),
    ("/findings/telnet-service%40mac-001788200000/accept", "reason=soon&days=30"),
    ("/findings/telnet-service%40mac-001788200000/reopen", ""),
    ("/traffic/export", "format=csv"),
    ("/people/invites", "role=viewer&hours=24"),
    ("/people/invites/i-1/withdraw", ""),
    ("/people/p-anna", "name=Anna&role=admin&disabled=no&reason=x"),
    ("/people/p-anna/link", ""),
    ("/people/credentials/c-1/remove", ""),
    ("/people/sessions/s-2/revoke", ""),
    ("/people/sessions/others/revoke", ""),
    ("/people/tokens", "label=x&scope=read&days=3"),
    ("/people/tokens/t-1/revoke", ""),
    ("/people/approvals/a-1", "decide=approve"),
    ("/ledger/export", ""),
    ("/import", ""),
    ("/sign-out", ""),
];

#[tokio::test]
async fn a_change_without_the_sessions_proof_is_refused_and_not_done() {
    let browser = Browser::signed_in(Role::Admin);
    for (path, form) in CHANGES {
        for proof in [
            "",
            "csrf=",
            "csrf=wrong",
            "csrf=csrf-of-the-fake-sessioN",
            "csrf=csrf-of-the-fake-session2",
        ] {
            let form = format!("{proof}&{form}");
            let answer = browser.post_from(path, &form, Some("same-origin"), Some(ORIGIN)).await;
            assert_eq!(answer.status, 403, "{path} with {proof}");
        }
    }
    assert!(browser.site.done.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_change_from_another_site_is_refused_even_with_the_proof() {
    let browser = Browser::signed_in(Role::Admin);
    let origins = [
        (Some("cross-site"), Some("https://evil.example")),
        (Some("same-site"), Some("https://cordon.example:9999")),
        (Some("none"), None),
        (Some("cross-site"), Some(ORIGIN)),
        (Some("same-origin"), Some("https://evil.example")),
        (None, Some("https://evil.example")),
        (None, Some("null")),
        (None, None),
    ];
    for (path, form) in CHANGES {
        for (site, origin) in origins {
            let form = format!("csrf={CSRF}&{form}");
            let answer = browser.post_from(path, &form, site, origin).await;
            assert_eq!(answer.status, 403, "{path} from {site:?} {origin:?}");
        }
    }
    assert!(browser.site.done.lock().unwrap().is_empty());
}

#[tokio::test]
async fn every_change_is_done_and_answered_by_a_page_or_a_file() {
    let browser = Browser::signed_in(Role::Admin);
    let finding = browser.site.findings[0].id.replace('@', "%40");
    for (path, form) in CHANGES {
        if path == "/import" {
            continue;
        }
        let path = path.replace("telnet-service%40mac-001788200000", &finding);
        let answer = browser.post(&path, form).await;
        assert!(
            answer.status == 303 || answer.status == 200,
            "{path}: {} {}",
            answer.status,
            answer.body
        );
        if answer.status == 303 {
            let next = answer.header("location").split('#').next().unwrap().to_owned();
            let next = browser.get(&next).await;
            if path == "/sign-out" {
                continue; // the made-up session lives on, so the sign-in page leads back
            }
            assert_eq!(next.status, 200, "{path}");
            assert!(next.body.contains("role=\"status\""), "{path} tells nothing");
        }
    }
    assert_eq!(browser.site.done.lock().unwrap().len(), CHANGES.len() - 1);
}

#[tokio::test]
async fn the_proof_may_come_as_a_header() {
    let browser = Browser::signed_in(Role::Admin);
    let request = Request::post("/changes/41/undo").header("origin", ORIGIN).header("x-csrf", CSRF);
    assert_eq!(browser.send(request.body(Body::empty()).unwrap()).await.status, 303);
}

#[tokio::test]
async fn an_uploaded_file_reaches_the_site() {
    let browser = Browser::signed_in(Role::Operator);
    let body = format!(
        "--b0\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{CSRF}\r\n--b0\r\nContent-Disposition: form-data; name=\"file\"; filename=\"leases<b>\"\r\nContent-Type: text/plain\r\n\r\n1 2 3\n\r\n--b0--\r\n"
    );
    let request = Request::post("/import")
        .header("origin", ORIGIN)
        .header("content-type", "multipart/form-data; boundary=b0");
    let answer = browser.send(request.body(Body::from(body)).unwrap()).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("dnsmasq leases") && answer.body.contains("leases&lt;b&gt;"));
    assert_eq!(*browser.site.done.lock().unwrap(), ["records.import leases<b> 6"]);
}

#[tokio::test]
async fn a_form_that_is_too_large_is_refused_before_it_is_read() {
    let browser = Browser::signed_in(Role::Admin);
    let answer =
        browser.post("/devices/mac-001788200001", &format!("notes={}", "x".repeat(70_000))).await;
    assert_eq!(answer.status, 413);
}

#[tokio::test]
async fn what_a_role_may_not_do_is_answered_by_one_sentence_and_a_way_on() {
    let browser = Browser::signed_in(Role::Viewer);
    let answer = browser.post("/devices/mac-001788200001", "name=x").await;
    assert_eq!(answer.status, 403);
    assert!(
        answer.body.contains("Not allowed")
            && answer.body.contains("href=\"/devices/mac-001788200001\"")
    );
}

#[tokio::test]
async fn a_change_that_needs_a_fresh_sign_in_leads_there_and_back() {
    let site = FakeSite { stale: true, ..FakeSite::new(Role::Admin) };
    let browser = Browser::over(site, true);
    let answer = browser.post("/devices/mac-001788200001/forget", "reason=x").await;
    assert_eq!(answer.status, 403);
    let link = "/sign-in?again=1&amp;next=%2Fdevices%2Fmac-001788200001";
    assert!(answer.body.contains(link), "{}", answer.body);
}

#[tokio::test]
async fn signing_out_removes_both_cookies() {
    let browser = Browser::signed_in(Role::Viewer);
    let answer = browser.post("/sign-out", "").await;
    assert_eq!(answer.status, 303);
    let cookies = answer.cookies();
    assert!(cookies.iter().all(|cookie| cookie.contains("Max-Age=0")), "{cookies:?}");
    assert_eq!(cookies.len(), 2);
}

#[tokio::test]
async fn a_search_that_makes_no_sense_is_answered_not_obeyed() {
    let browser = Browser::signed_in(Role::Viewer);
    for path in
        ["/traffic?port=99999", "/traffic?port=x", "/traffic?from=yesterday", "/devices?limit=-1"]
    {
        assert_eq!(browser.get(path).await.status, 400, "{path}");
    }
    assert_eq!(browser.get("/devices/no-such-device").await.status, 404);
    assert_eq!(browser.get("/changes/x/undo").await.status, 405);
}
