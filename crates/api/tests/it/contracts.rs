//! Contracts over HTTP: versions and what differs, MUD files.

use cordon_service::view::ReachRequest;
use cordon_service::{Caller, Site as _};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::world::{DEVICE, World};

/// A MUD file that lets a device ask servers at port 443.
pub fn mud(url: &str, names: &[&str]) -> String {
    let ace = |name: &&str, way: &str, leaf: &str, ports: &str| {
        json!({
            "name": format!("{name}-{way}"),
            "matches": {
                "ipv4": { leaf: name, "protocol": 6 },
                "tcp": {
                    "ietf-mud:direction-initiated": "from-device",
                    ports: { "operator": "eq", "port": 443 }
                }
            },
            "actions": { "forwarding": "accept" }
        })
    };
    let list = |name: &str, leaf: &str, ports: &str| {
        let aces: Vec<Value> = names.iter().map(|one| ace(one, name, leaf, ports)).collect();
        json!({ "name": name, "type": "ipv4-acl-type", "aces": { "ace": aces } })
    };
    json!({
        "ietf-mud:mud": {
            "mud-version": 1, "mud-url": url, "last-update": "2026-01-15T10:22:47+00:00",
            "cache-validity": 48, "is-supported": true, "systeminfo": "A camera",
            "from-device-policy": { "access-lists": { "access-list": [{ "name": "out" }] } },
            "to-device-policy": { "access-lists": { "access-list": [{ "name": "in" }] } }
        },
        "ietf-access-control-list:acls": { "acl": [
            list("out", "ietf-acldns:dst-dnsname", "destination-port"),
            list("in", "ietf-acldns:src-dnsname", "source-port"),
        ] }
    })
    .to_string()
}

/// Takes a file in; what the answer says.
pub async fn import(admin: &Browser, file: &str, reason: &str) -> Value {
    let body = json!({ "file": file, "reason": reason });
    let path = format!("/api/v1/contracts/{DEVICE}/mud");
    let answer = admin.api("POST", &path, Some(&body)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

async fn diff(admin: &Browser, query: &str) -> Value {
    let path = format!("/api/v1/contracts/{DEVICE}/diff{query}");
    let answer = admin.api("GET", &path, None).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.body);
    answer.json()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_are_compared_and_say_who_made_them_and_why() {
    let world = World::new().await;
    let admin = world.admin().await;
    assert_eq!(diff(&admin, "").await["says"], "nothing is or was in force");
    let url = "https://maker.example/camera.json";
    import(&admin, &mud(url, &["one.example"]), "as bought").await;
    import(&admin, &mud(url, &["one.example", "two.example"]), "new firmware").await;
    let latest = diff(&admin, "").await;
    assert_eq!((&latest["from"], &latest["to"]), (&json!(1), &json!(2)));
    assert_eq!(latest["says"], "from version 1 to version 2: one entry came");
    assert!(latest["came"][0]["says"].as_str().unwrap().contains("two.example"), "{latest}");
    assert_eq!(latest["went"], json!([]));
    assert_eq!(latest["versions"][0]["why"], "new firmware");
    assert_eq!(latest["versions"][0]["now"], true);
    assert_eq!(latest["versions"][1]["why"], "as bought");
    assert!(!latest["versions"][1]["by"].as_str().unwrap().is_empty());
    let first = diff(&admin, "?to=1").await;
    assert_eq!((&first["from"], first["came"].as_array().unwrap().len()), (&json!(0), 1));
    // The other way round, what came went.
    let back = diff(&admin, "?from=2&to=1").await;
    assert_eq!(
        (back["came"].as_array().unwrap().len(), back["went"].as_array().unwrap().len()),
        (0, 1)
    );
    let undone = admin.api("POST", "/api/v1/steps/undo", Some(&json!({}))).await;
    assert_eq!(undone.status, 200, "{}", undone.body);
    let now = diff(&admin, "").await;
    assert_eq!(now["says"], "from version 2 to version 3: one entry went");
    assert_eq!(
        diff(&admin, "?from=1&to=3").await["says"],
        "from version 1 to version 3: both say the same"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_is_none_is_refused() {
    let world = World::new().await;
    let admin = world.admin().await;
    let url = "https://maker.example/camera.json";
    import(&admin, &mud(url, &["one.example"]), "").await;
    let status = async |query: &str| {
        let path = format!("/api/v1/contracts/{DEVICE}/diff?{query}");
        admin.api("GET", &path, None).await.status.as_u16()
    };
    for bad in [
        "from=v1",
        "from=01",
        "from=-1",
        "from=proposed",
        "to=1.0",
        "to=9999999999",
        "from=%2B1",
        "until=2",
    ] {
        assert_eq!(status(bad).await, 400, "{bad}");
    }
    assert_eq!(status("to=7").await, 404, "there is no version 7");
    assert_eq!(status("from=&to=").await, 200, "an empty field of a form is no version");
    assert_eq!(status("to=proposed").await, 200);
    assert_eq!(admin.api("GET", "/api/v1/contracts/nobody/diff", None).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_are_found_that_many_steps_have_followed_since() {
    let world = World::new().await;
    let admin = world.admin().await;
    let url = "https://maker.example/camera.json";
    import(&admin, &mud(url, &["one.example"]), "as bought").await;
    import(&admin, &mud(url, &["one.example", "two.example"]), "new firmware").await;
    // More than memory holds.
    for step in 0..300 {
        let reach = if step % 2 == 0 { "off" } else { "normal" };
        let devices = vec![DEVICE.to_owned()];
        let request = ReachRequest { devices, reach: reach.into(), ..ReachRequest::default() };
        world.engine.switch(&Caller::local(0), &request).await.unwrap();
    }
    let latest = diff(&admin, "").await;
    assert_eq!(latest["says"], "from version 1 to version 2: one entry came");
    assert_eq!(latest["versions"][0]["why"], "new firmware");
    assert_eq!(diff(&admin, "?from=0&to=1").await["versions"][1]["why"], "as bought");
}
