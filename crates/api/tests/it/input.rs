//! What people and devices send: unknown fields, paths, markup, line breaks, too much.

use std::collections::BTreeSet;

use axum::body::Body;
use serde_json::json;

use crate::browser::Browser;
use crate::roles::token;
use crate::world::{DEVICE, World};

/// What every page must show as text and no header may carry.
const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fields_that_nobody_offered_are_refused() {
    let world = World::new().await;
    let admin = world.admin().await;
    let viewer = world.invited(&admin, "viewer", "Vera").await;
    let id = viewer.api("GET", "/api/v1/me", None).await.json()["id"].as_str().unwrap().to_owned();
    for (method, path, body) in [
        ("PATCH", format!("/api/v1/people/{id}"), json!({"name": "V", "id": "x"})),
        (
            "PATCH",
            format!("/api/v1/people/{id}"),
            json!({"name": "V", "created": "1970-01-01T00:00:00Z"}),
        ),
        ("PATCH", format!("/api/v1/devices/{DEVICE}"), json!({"notes": "x", "id": "dev-2"})),
        ("POST", "/api/v1/invites".into(), json!({"role": "viewer", "person": id})),
        (
            "POST",
            "/api/v1/tokens".into(),
            json!({"label": "x", "scope": "read", "days": 1, "person": id}),
        ),
        ("POST", "/api/v1/backups".into(), json!({"file": "x", "overwrite": true})),
        ("POST", format!("/api/v1/devices/{DEVICE}/forget"), json!({"reason": "x", "force": true})),
    ] {
        let answer = admin.api(method, &path, Some(&body)).await;
        assert_eq!(answer.status, 400, "{path} {body}: {}", answer.body);
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
    for query in ["/api/v1/changes?limit=5&admin=1", "/api/v1/imports?name=x&name2=y"] {
        let method = if query.contains("imports") { "POST" } else { "GET" };
        assert_eq!(admin.api(method, query, None).await.status, 400, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_name_leads_out_of_its_folder() {
    let world = World::new().await;
    let admin = world.admin().await;
    let before = files(&world);
    for name in [
        "../evil",
        "..",
        ".",
        "/etc/passwd",
        "a/b",
        "a\\b",
        "",
        "a\0b",
        "%2e%2e%2fevil",
        ".hidden",
        "a\nb",
        "ünsafe",
    ] {
        let body = json!({"file": name});
        let answer = admin.api("POST", "/api/v1/backups", Some(&body)).await;
        assert_eq!(answer.status, 400, "{name:?}: {}", answer.body);
    }
    assert!(!world.dir.path().join("backups").exists());
    for path in [
        "/assets/../master.key",
        "/assets/..%2fmaster.key",
        "/assets/%2e%2e/master.key",
        "/../master.key",
        "//etc/passwd",
    ] {
        let mut browser = admin.clone();
        let answer = browser.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
    }
    for format in ["../../etc/passwd", "csv%00", "CSV", "sql"] {
        let path = format!("/api/v1/flows/export?format={format}");
        assert_eq!(admin.api("GET", &path, None).await.status, 400, "{format}");
    }
    let dots = "/api/v1/imports?name=..%2f..%2fetc%2fpasswd";
    let csv = "mac,name\n00:17:88:24:76:fe,Lamp\n";
    let answer = import(&admin, dots, csv).await;
    assert!(matches!(answer.status.as_u16(), 200 | 400), "{}", answer.body);
    assert_eq!(files(&world), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_backups_at_once_do_not_share_a_folder() {
    let world = World::new().await;
    let admin = world.admin().await;
    let (one, two) = (json!({"file": "a.1"}), json!({"file": "a.2"}));
    let (first, second) = tokio::join!(
        admin.api("POST", "/api/v1/backups", Some(&one)),
        admin.api("POST", "/api/v1/backups", Some(&two))
    );
    for (answer, name) in [(first, "a.1"), (second, "a.2")] {
        assert_eq!(answer.status, 204, "{}", answer.body);
        let folder = world.dir.path().join("backups").join(name);
        assert!(folder.join(cordon_store::DATABASE).exists() && folder.join("master.key").exists());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn markup_in_names_stays_text_on_every_page() {
    let world = World::new().await;
    let mut admin = world.admin().await;
    let path = format!("/api/v1/devices/{DEVICE}");
    let edit = json!({
        "name": HOSTILE, "vendor": HOSTILE, "model": HOSTILE, "owner": HOSTILE, "location": HOSTILE,
        "zone": HOSTILE, "notes": HOSTILE, "tags": ["<b>tag</b>"],
    });
    let edited = admin.api("PATCH", &path, Some(&edit)).await;
    assert_eq!(edited.status, 200, "{}", edited.body);
    let csv = format!("mac,name\n00:17:88:24:76:fe,\"{}\"\n", HOSTILE.replace('"', "\"\""));
    let imported = import(&admin, "/api/v1/imports?name=devices.csv", &csv).await;
    assert_eq!(imported.status, 200, "{}", imported.body);
    assert_eq!(
        admin
            .api(
                "POST",
                "/api/v1/findings/find-1/accept",
                Some(&json!({"reason": HOSTILE, "days": 3}))
            )
            .await
            .status,
        200
    );
    token(&admin, "read").await;
    let mut shown = 0;
    for page in [
        "/",
        "/devices",
        "/devices/dev-1",
        "/devices/dev-1/timeline",
        "/changes",
        "/timeline",
        "/map",
        "/fix",
        "/findings",
        "/findings/find-1",
        "/traffic",
        "/people",
        "/ledger",
        "/health",
        "/settings",
        "/import",
        "/devices?q=%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "/traffic?q=%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "/devices/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
    ] {
        let answer = admin.get(page).await;
        assert_ne!(answer.status, 500, "{page}");
        assert!(answer.header("content-type").starts_with("text/html"), "{page}");
        assert!(!answer.body.contains("<script>alert"), "{page}");
        assert!(!answer.body.contains("<img src=x"), "{page}");
        assert!(!answer.body.contains("<b>tag"), "{page}");
        shown += usize::from(answer.body.contains("&lt;script&gt;"));
    }
    assert!(shown >= 4, "the text was shown on {shown} pages only");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn line_breaks_in_names_reach_no_header() {
    let world = World::new().await;
    let mut admin = world.admin().await;
    let evil = "x\r\nset-cookie: owned=1\r\n\r\n<h1>";
    let path = format!("/api/v1/devices/{DEVICE}");
    let _ = admin.api("PATCH", &path, Some(&json!({"name": evil}))).await;
    for path in [
        "/sign-in?next=%0d%0aset-cookie:%20owned=1",
        "/sign-in?done=%0d%0aset-cookie:%20owned=1",
        "/devices?q=%0d%0aset-cookie:%20owned=1",
        "/%0d%0aset-cookie:%20owned=1",
        "/devices/dev-1?done=x%0d%0aset-cookie:%20owned=1",
        "/api/v1/imports?name=x%0d%0aset-cookie:%20owned=1",
        "/api/v1/flows/export?format=csv&q=%0d%0aowned",
    ] {
        let answer = admin.get(path).await;
        for (name, value) in &answer.headers {
            assert!(
                !value.as_bytes().windows(5).any(|part| part == b"owned") || name == "location",
                "{path}: {name}"
            );
            assert!(!value.as_bytes().contains(&b'\n'), "{path}: {name}");
        }
        assert!(
            answer
                .headers
                .get_all("set-cookie")
                .iter()
                .all(|one| !one.to_str().unwrap().contains("owned"))
        );
    }
    let posted = admin.post("/devices/dev-1", &[("name", evil)]).await;
    assert!(!posted.header("location").contains('\n'));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_much_is_refused_before_it_is_held() {
    let world = World::new().await;
    let admin = world.admin().await;
    let viewer = world.invited(&admin, "viewer", "Vera").await;
    let large = "x".repeat(70 * 1024);
    let big = json!({"notes": large});
    let path = format!("/api/v1/devices/{DEVICE}");
    let answer = admin.api("PATCH", &path, Some(&big)).await;
    assert_eq!(answer.status, 413, "{}", answer.body);
    let mut browser = admin.clone();
    assert_eq!(browser.post("/devices/dev-1", &[("notes", &large)]).await.status, 413);
    assert_eq!(world.browser().post("/sign-in", &[("name", &large)]).await.status, 413);
    // Files are large, but only where they are taken, and not from those who may not give them.
    assert_eq!(
        import(&viewer, "/api/v1/imports?name=x.csv", &"x".repeat(1 << 20)).await.status,
        403
    );
    for (who, path) in [(&admin, "/devices/dev-1"), (&viewer, "/import")] {
        let request = who
            .request("POST", path)
            .header("origin", crate::world::ORIGIN)
            .header("content-type", "multipart/form-data; boundary=x")
            .body(Body::from("y".repeat(1 << 20)));
        assert_eq!(who.send(request.unwrap()).await.status, 413, "{path}");
    }
    assert_eq!(
        import(&admin, "/api/v1/imports?name=x.csv", &"x".repeat(65 << 20)).await.status,
        413
    );
    let deep = "[".repeat(30_000);
    let request = admin.request("POST", "/api/v1/tokens").header("x-csrf", admin.csrf());
    let request = request.header("content-type", "application/json").body(Body::from(deep));
    assert_eq!(admin.send(request.unwrap()).await.status, 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_paths_and_cursors_are_answered_and_never_crash() {
    let world = World::new().await;
    let admin = world.admin().await;
    for path in [
        "/api/v1/devices?cursor=../x",
        "/api/v1/changes?cursor=-1",
        "/api/v1/changes?limit=99999999",
        "/api/v1/changes?limit=0",
        "/api/v1/ledger?cursor=18446744073709551616",
        "/api/v1/findings/%ff%fe",
        "/api/v1/devices/' OR 1=1 --".replace(' ', "%20").as_str(),
        "/api/v1/flows?from=yesterday",
        "/api/v1/flows?port=70000",
        "/api/v1/timeline?cursor=%00",
        "/api/v1/none",
        "/api/",
    ] {
        let answer = admin.api("GET", path, None).await;
        assert!(answer.status.is_client_error(), "{path}: {} {}", answer.status, answer.body);
        assert!(answer.body.contains("\"detail\""), "{path}: {}", answer.body);
        assert!(
            !answer.body.contains(".rs") && !answer.body.contains("panicked"),
            "{}",
            answer.body
        );
        assert!(!answer.body.contains(world.dir.path().to_str().unwrap()), "{}", answer.body);
    }
}

async fn import(who: &Browser, path: &str, content: &str) -> crate::browser::Answer {
    let request = who
        .request("POST", path)
        .header("x-csrf", who.csrf())
        .header("content-type", "application/octet-stream");
    who.send(request.body(Body::from(content.to_owned())).unwrap()).await
}

/// What lies in the data folder.
fn files(world: &World) -> BTreeSet<String> {
    let name = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    std::fs::read_dir(world.dir.path()).unwrap().map(|entry| name(entry.unwrap())).collect()
}
