//! Every page: whole, linked, bounded, and with nothing from the network that acts.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use cordon_model::record::Role;

use crate::browser::Browser;
use crate::fake::FakeSite;

/// A page of each sort.
const PAGES: [&str; 33] = [
    "/",
    "/devices",
    "/devices?limit=300",
    "/devices?q=pump&sort=last&kind=infusion-pump",
    "/devices?q=nobody-is-called-this",
    "/devices/mac-001788200028",
    "/devices/mac-001788200029",
    "/devices/mac-00178820002a",
    "/devices/mac-00178820002b",
    "/devices/mac-001788200000/timeline",
    "/devices/mac-001788200000/facts",
    "/map",
    "/map?zone=Ward%203",
    "/map?device=mac-001788200028",
    "/map?zone=nowhere",
    "/fix",
    "/findings?state=all",
    "/traffic",
    "/traffic?port=502&from=2026-11-22T10:00&done=no-such-notice",
    "/contracts",
    "/contracts?state=enforce",
    "/contracts/mac-001788200028",
    "/contracts/mac-001788200028?rehearse=yes",
    "/contracts/mac-001788200028?from=1&to=2",
    "/zones",
    "/people",
    "/ledger",
    "/health",
    "/settings",
    "/import",
    "/changes",
    "/timeline",
    "/sign-in?again=1",
];

/// Bytes of the largest page (the bound).
const PAGE_MOST: usize = 200_000;

#[tokio::test]
async fn every_page_is_there_whole_and_within_its_bound() {
    for site in [FakeSite::new(Role::Admin), FakeSite::new(Role::Viewer)] {
        let browser = Browser::over(site, true);
        for path in PAGES {
            if browser.site.role == Role::Viewer && path == "/import" {
                continue;
            }
            let page = browser.get(path).await;
            assert_eq!(page.status, 200, "{path}");
            assert!(page.body.len() < PAGE_MOST, "{path} has {} bytes", page.body.len());
            assert_eq!(page.body.matches("<h1").count(), 1, "{path}");
            assert_eq!(page.body.matches("<main").count(), 1, "{path}");
            assert!(page.body.starts_with("<!DOCTYPE html><html lang=\"en\">"), "{path}");
            balanced(path, &page.body);
        }
    }
}

#[tokio::test]
async fn a_site_that_has_seen_nothing_says_on_every_page_what_to_do() {
    let browser = Browser::over(FakeSite::empty(), true);
    for path in ["/", "/devices", "/map", "/fix", "/findings", "/traffic", "/timeline", "/changes"]
    {
        let page = browser.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(page.body.contains("class=\"empty\""), "{path}");
    }
    assert!(browser.get("/").await.body.contains("No packets yet."));
}

#[tokio::test]
async fn nothing_from_the_network_acts_on_a_page() {
    let browser = Browser::signed_in(Role::Admin);
    for path in PAGES {
        let body = browser.get(path).await.body;
        for bad in ["<script>alert", "<img src=x", "</title></svg>", "javascript:"] {
            assert!(!body.contains(bad), "{path} contains {bad:?}");
        }
        // a filter's or a field's value must come back as it is; what is read is spelled out
        let read: String =
            body.split('<').filter_map(|rest| rest.split_once('>')).map(|(_, text)| text).collect();
        for bad in ["\u{202e}", "\u{1b}"] {
            assert!(!read.contains(bad), "{path} shows {bad:?}");
        }
        for tag in body.split('<').skip(1).filter_map(|rest| rest.split('>').next()) {
            let names = attribute_names(tag);
            assert!(
                !names.iter().any(|name| name.starts_with("on") || name == "style"),
                "{path}: <{tag}>"
            );
        }
        assert_eq!(body.matches("<script").count(), 1, "{path}");
        assert!(!body.contains("<style"), "{path}");
    }
}

#[tokio::test]
async fn a_name_that_runs_from_right_to_left_cannot_turn_what_stands_beside_it() {
    let browser = Browser::signed_in(Role::Admin);
    let mut seen = 0;
    for path in PAGES {
        let body = browser.get(path).await.body;
        let pieces = body.split('<').filter_map(|rest| rest.split_once('>'));
        for (tag, _) in pieces.filter(|(_, text)| text.contains("غرفة")) {
            let name = tag.split_whitespace().next().unwrap_or_default();
            // texts and titles are paragraphs of their own; a choice's direction is in the sheet
            let alone = ["bdi", "text", "title", "option", "textarea"].contains(&name);
            assert!(alone, "{path}: <{tag}>");
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen}");
}

#[tokio::test]
async fn every_link_leads_somewhere_and_every_form_is_known() {
    let browser = Browser::signed_in(Role::Admin);
    let (mut links, mut forms) = (BTreeSet::new(), BTreeSet::new());
    for path in PAGES {
        let page = browser.get(path).await;
        for href in page.attributes("href").into_iter().chain(page.attributes("src")) {
            let whole = if href.starts_with('?') {
                format!("{}{href}", path.split('?').next().unwrap())
            } else {
                href
            };
            if let Some(id) = whole.strip_prefix('#') {
                let id = format!("id=\"{id}\"");
                assert!(page.body.contains(&id), "{path} has no {whole}");
            } else {
                links.insert(whole);
            }
        }
        forms.extend(page.attributes("action"));
    }
    // served by the API
    links.remove("/api/docs");
    assert!(links.len() > 300, "{}", links.len());
    for link in &links {
        let path = link.split('#').next().unwrap();
        let answer = browser.get(path).await;
        assert_eq!(answer.status, 200, "{link}");
        if let Some((_, id)) = link.split_once('#') {
            assert!(answer.body.contains(&format!("id=\"{id}\"")), "{link}");
        }
    }
    assert!(forms.len() > 20, "{forms:?}");
    for form in forms {
        let answer = browser.post_from(&form, "", Some("same-origin"), None).await;
        assert_ne!(answer.status, 404, "{form}");
    }
}

#[tokio::test]
async fn a_page_forbids_everything_that_is_not_ours_and_is_kept_nowhere() {
    let browser = Browser::signed_in(Role::Admin);
    let page = browser.get("/").await;
    let policy = page.header("content-security-policy");
    assert_eq!(policy, cordon_console::CONTENT_SECURITY_POLICY);
    assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"));
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    let css = page.attributes("href").into_iter().find(|href| href.ends_with(".css")).unwrap();
    let css = browser.get(&css).await;
    assert_eq!(css.header("content-type"), "text/css; charset=utf-8");
    assert!(css.header("cache-control").contains("immutable"));
    assert_eq!(browser.get("/assets/console.css").await.status, 404);
}

#[tokio::test]
async fn a_viewer_sees_no_control_that_is_not_theirs() {
    let browser = Browser::signed_in(Role::Viewer);
    for path in PAGES {
        let page = browser.get(path).await;
        for action in page.attributes("action") {
            let own = [
                "/sign-out",
                "/devices",
                "/findings",
                "/traffic",
                "/map",
                "/ledger/verify",
                "/contracts",
                "/sign-in",
            ];
            let session = action.starts_with("/people/sessions/")
                || action.starts_with("/people/credentials/")
                || action.starts_with("/people/tokens/")
                || action == "/people/p-anna/link";
            assert!(own.contains(&action.as_str()) || session, "{path}: {action}");
        }
        assert!(!page.body.contains("Take back") && !page.body.contains("Forget"), "{path}");
    }
}

#[tokio::test]
async fn the_ledger_tells_names_and_keeps_ids_as_evidence() {
    let page = Browser::signed_in(Role::Admin).get("/ledger").await.body;
    let records = page.split("<tbody>").nth(1).unwrap();
    assert!(records.contains("<bdi>Pump-02</bdi> · <code><bdi>mac-001788200001</bdi></code>"));
    assert!(records.contains("<bdi>expires</bdi>: </span><time"), "an end is told as one");
    // Whoever signed in did it to nobody else.
    let signed_in = records.split("signed in").nth(1).unwrap().split("</th>").next().unwrap();
    assert!(!signed_in.contains("p-anna"), "{signed_in}");
}

#[tokio::test]
async fn a_way_to_sign_in_is_named_once() {
    let page = Browser::signed_in(Role::Admin).get("/people").await.body;
    assert!(page.contains("<bdi>password</bdi></th>"));
    assert!(
        page.contains("<bdi>YubiKey 5</bdi><span class=\"sub\">passkey or security key</span>")
    );
    assert!(page.contains("1 way to sign in, 1 session, 0 tokens"));
}

#[tokio::test]
async fn a_device_without_a_name_is_no_alarm() {
    let browser = Browser::signed_in(Role::Admin);
    let list = browser.get("/devices?state=unnamed").await.body;
    assert!(list.contains("still being named"));
    let today = browser.get("/").await.body;
    assert!(today.contains("First names, then alarms"));
    let page = browser.get("/devices/mac-9e3b00000124").await;
    assert!(page.body.contains("nothing alerts on it"), "{}", page.status);
}

#[tokio::test]
async fn rendering_three_hundred_devices_takes_milliseconds() {
    let browser = Browser::signed_in(Role::Admin);
    // a debug build on a busy machine is allowed forty times the aim of 5 ms
    let bound = Duration::from_millis(if cfg!(debug_assertions) { 200 } else { 5 });
    for path in PAGES {
        browser.get(path).await;
        let best = {
            let mut best = Duration::MAX;
            for _ in 0..5 {
                #[allow(clippy::disallowed_methods, reason = "this measures")]
                let begun = Instant::now();
                browser.get(path).await;
                best = best.min(begun.elapsed());
            }
            best
        };
        println!("{:8.2} ms {path}", best.as_secs_f64() * 1000.0);
        assert!(best < bound, "{path} took {best:?}");
    }
}

/// Names of a tag's attributes, without what is inside quotes.
fn attribute_names(tag: &str) -> Vec<String> {
    let outside: String = tag.split('"').step_by(2).collect::<Vec<_>>().join(" ");
    outside
        .split_whitespace()
        .skip(1)
        .map(|word| word.trim_end_matches('=').to_lowercase())
        .collect()
}

/// Every element that must be closed is, in order.
fn balanced(path: &str, body: &str) {
    const VOID: [&str; 5] = ["meta", "link", "input", "img", "!DOCTYPE"];
    let mut open: Vec<&str> = Vec::new();
    for tag in body.split('<').skip(1).filter_map(|rest| rest.split('>').next()) {
        let name = tag.trim_start_matches('/').split_whitespace().next().unwrap_or_default();
        if VOID.contains(&name) {
            continue;
        }
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{path}");
        } else {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{path}: {open:?}");
}
