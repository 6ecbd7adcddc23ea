//! Who may do what over HTTP: every operation of the description, for every kind of caller.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::browser::{Answer, Browser, bearer};
use crate::world::{DEVICE, FINDING, World};

/// Method, path, and who is let through: `v`iewer, `o`perator, `a`pprover, `A`dmin, and an
/// admin's tokens with scope `r`ead, `w`rite, `m`etrics. Ids are of things that belong to the
/// admin, or to the site.
const TABLE: &[(&str, &str, &str)] = &[
    ("GET", "/api/v1/me", "voaArwm"),
    ("GET", "/api/v1/today", "voaArw"),
    ("GET", "/api/v1/fixes", "voaArw"),
    ("GET", "/api/v1/map", "voaArw"),
    ("GET", "/api/v1/health", "voaArw"),
    ("GET", "/api/v1/settings", "voaArw"),
    ("GET", "/api/v1/events", "voaArw"),
    ("GET", "/metrics", "voaArwm"),
    ("GET", "/api/v1/devices", "voaArw"),
    ("GET", "/api/v1/device-groups", "voaArw"),
    ("GET", "/api/v1/devices/{id}", "voaArw"),
    ("GET", "/api/v1/devices/{id}/timeline", "voaArw"),
    ("GET", "/api/v1/devices/{id}/facts", "voaArw"),
    ("GET", "/api/v1/timeline", "voaArw"),
    ("GET", "/api/v1/changes", "voaArw"),
    ("GET", "/api/v1/findings", "voaArw"),
    ("GET", "/api/v1/findings/{id}", "voaArw"),
    ("GET", "/api/v1/flows", "voaArw"),
    ("GET", "/api/v1/flows/export", "oArw"),
    ("GET", "/api/v1/ledger", "voaArw"),
    ("GET", "/api/v1/ledger/head", "voaArw"),
    ("GET", "/api/v1/ledger/export", "oArw"),
    ("GET", "/api/v1/approvals", "voaArw"),
    ("GET", "/api/v1/people", "voaA"),
    ("PATCH", "/api/v1/devices/{id}", "oAw"),
    ("POST", "/api/v1/findings/{id}/accept", "oAw"),
    ("POST", "/api/v1/findings/{id}/reopen", "oAw"),
    ("POST", "/api/v1/changes/{id}/undo", "oAw"),
    ("POST", "/api/v1/devices/{id}/merge", "oAw"),
    ("POST", "/api/v1/devices/{id}/split", "oAw"),
    ("GET", "/api/v1/contracts", "voaArw"),
    ("GET", "/api/v1/contracts/{device}", "voaArw"),
    ("GET", "/api/v1/contracts/{device}/diff", "voaArw"),
    ("GET", "/api/v1/contracts/{device}/mud", "voaArw"),
    ("GET", "/api/v1/steps", "voaArw"),
    ("GET", "/api/v1/rules", "voaArw"),
    ("GET", "/api/v1/zones", "voaArw"),
    ("POST", "/api/v1/rehearsals", "voaArw"),
    ("POST", "/api/v1/contracts/{device}/adopt", "oAw"),
    ("POST", "/api/v1/contracts/{device}/mud", "oAw"),
    ("POST", "/api/v1/stages", "oAw"),
    ("POST", "/api/v1/switches", "oAw"),
    ("POST", "/api/v1/steps/undo", "oAw"),
    ("POST", "/api/v1/steps/{id}/undo", "oAw"),
    ("POST", "/api/v1/rules/confirm", "oAw"),
    ("POST", "/api/v1/rules/take-back", "oAw"),
    ("POST", "/api/v1/proofs", "oAw"),
    ("POST", "/api/v1/probes", "oAw"),
    ("POST", "/api/v1/probes/{id}", "oAw"),
    ("POST", "/api/v1/imports", "oAw"),
    ("POST", "/api/v1/backups", "Aw"),
    ("POST", "/api/v1/invites", "A"),
    ("DELETE", "/api/v1/invites/{id}", "A"),
    ("POST", "/api/v1/people/{id}/invite", "A"),
    ("PATCH", "/api/v1/people/{id}", "A"),
    ("DELETE", "/api/v1/credentials/{id}", "A"),
    ("POST", "/api/v1/tokens", "voaA"),
    ("POST", "/api/v1/approvals/{id}", "aA"),
    ("POST", "/api/v1/devices/{id}/forget", "oA"),
    ("DELETE", "/api/v1/tokens/{id}", "A"),
    ("DELETE", "/api/v1/sessions/{id}", "A"),
];

struct Callers {
    people: Vec<(char, Browser)>,
    tokens: Vec<(char, String)>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_role_and_no_token_reaches_an_operation_that_is_not_theirs() {
    let world = World::new().await;
    let callers = callers(&world).await;
    let admin = callers.people.iter().find(|(letter, _)| *letter == 'A').unwrap().1.clone();
    let ids = Ids::prepare(&callers, &admin).await;
    let anonymous = world.browser();
    for (method, path, allowed) in TABLE {
        let (url, body) = ids.request(method, path);
        let nobody = anonymous.api(method, &url, body.as_ref()).await;
        assert_eq!(nobody.status, 401, "{method} {path} for nobody: {}", nobody.body);
        // First everybody who is refused, so that what it is about is still there.
        for (letter, browser) in &callers.people {
            if !allowed.contains(*letter) {
                let answer = browser.api(method, &url, body.as_ref()).await;
                assert_eq!(answer.status, 403, "{method} {path} for {letter}: {}", answer.body);
            }
        }
        for (letter, token) in &callers.tokens {
            if !allowed.contains(*letter) {
                let answer = bearer(&anonymous, token, method, &url, body.as_ref()).await;
                assert_eq!(answer.status, 403, "{method} {path} for {letter}: {}", answer.body);
            }
        }
        for (letter, browser) in &callers.people {
            if allowed.contains(*letter) && path != &"/api/v1/events" {
                let answer = browser.api(method, &url, body.as_ref()).await;
                assert!(through(&answer), "{method} {path} for {letter}: {}", answer.body);
            }
        }
        for (letter, token) in &callers.tokens {
            if allowed.contains(*letter) && path != &"/api/v1/events" {
                let answer = bearer(&anonymous, token, method, &url, body.as_ref()).await;
                assert!(through(&answer), "{method} {path} for {letter}: {}", answer.body);
            }
        }
    }
}

/// Done, or too late because somebody before was let through as well; never broken.
fn through(answer: &Answer) -> bool {
    matches!(answer.status.as_u16(), 200 | 201 | 202 | 204 | 404 | 409)
        || answer.status == 400 && !answer.body.contains("unknown field")
}

#[test]
fn the_table_has_every_operation_of_the_description() {
    let api = serde_json::to_value(cordon_api::v1::openapi()).unwrap();
    let mut described = BTreeSet::new();
    for (path, item) in api["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            described.insert((method.to_uppercase(), path.clone()));
        }
    }
    let table: BTreeSet<(String, String)> =
        TABLE.iter().map(|(method, path, _)| ((*method).into(), (*path).into())).collect();
    assert_eq!(described, table);
    assert!(described.len() >= 40);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_sees_no_other_person_and_cannot_raise_their_own_role() {
    let world = World::new().await;
    let admin = world.admin().await;
    let viewer = world.invited(&admin, "viewer", "Vera").await;
    let people = viewer.api("GET", "/api/v1/people", None).await.json();
    assert_eq!(people["people"].as_array().unwrap().len(), 1);
    assert!(people["people"][0]["you"].as_bool().unwrap());
    assert_eq!(people["invites"], json!([]));
    let own = people["people"][0]["id"].as_str().unwrap();
    for change in [
        json!({"role": "admin"}),
        json!({"name": "Ada2"}),
        json!({"disabled": false, "role": "operator"}),
    ] {
        let answer = viewer.api("PATCH", &format!("/api/v1/people/{own}"), Some(&change)).await;
        assert_eq!(answer.status, 403, "{}", answer.body);
    }
    let invite = viewer.api("POST", "/api/v1/invites", Some(&json!({"role": "admin"}))).await;
    assert_eq!(invite.status, 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_admin_cannot_be_removed_by_anybody() {
    let world = World::new().await;
    let admin = world.admin().await;
    let id = admin.api("GET", "/api/v1/me", None).await.json()["id"].as_str().unwrap().to_owned();
    for change in [json!({"role": "viewer"}), json!({"disabled": true})] {
        let answer = admin.api("PATCH", &format!("/api/v1/people/{id}"), Some(&change)).await;
        assert_eq!(answer.status, 403, "{}", answer.body);
    }
    assert_eq!(admin.api("GET", "/api/v1/people", None).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_approves_their_own_request_and_it_is_done_once() {
    let world = World::new().await;
    let admin = world.admin().await;
    let approver = world.invited(&admin, "approver", "Paula").await;
    let because = json!({"reason": "sold"});
    let path = format!("/api/v1/devices/{DEVICE}/forget");
    let asked = admin.api("POST", &path, Some(&because)).await;
    assert_eq!(asked.status, 202, "{}", asked.body);
    let decide = format!("/api/v1/approvals/{}", asked.json()["id"].as_str().unwrap());
    let yes = json!({"approve": true});
    assert_eq!(admin.api("POST", &decide, Some(&yes)).await.status, 403);
    assert_eq!(admin.api("GET", &format!("/api/v1/devices/{DEVICE}"), None).await.status, 200);
    let (one, two) = tokio::join!(
        approver.api("POST", &decide, Some(&yes)),
        approver.api("POST", &decide, Some(&yes))
    );
    let mut both = [one.status.as_u16(), two.status.as_u16()];
    both.sort_unstable();
    assert_eq!(both, [200, 409]);
    assert_eq!(world.noted("device.forget", "").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_ledger_tells_what_a_request_is_about_by_name() {
    let world = World::new().await;
    let admin = world.admin().await;
    let approver = world.invited(&admin, "approver", "Paula").await;
    let name = json!({"name": "Pump by the window"});
    let path = format!("/api/v1/devices/{DEVICE}");
    assert_eq!(admin.api("PATCH", &path, Some(&name)).await.status, 200);
    let because = json!({"reason": "sold"});
    let asked = admin.api("POST", &format!("{path}/forget"), Some(&because)).await.json();
    let subject = || async {
        let records = admin.api("GET", "/api/v1/ledger", None).await.json();
        let of = |record: &&Value| record["action"] == "approval.ask";
        records["items"].as_array().unwrap().iter().find(of).unwrap().clone()
    };
    let record = subject().await;
    assert_eq!(record["subject_label"], "Pump by the window");
    assert_eq!((&record["subject"], &record["detail"]["subject"]), (&asked["id"], &json!(DEVICE)));
    let decide = format!("/api/v1/approvals/{}", asked["id"].as_str().unwrap());
    let yes = json!({"approve": true});
    assert_eq!(approver.api("POST", &decide, Some(&yes)).await.status, 200);
    // Its name is forgotten with it; that there was one is not.
    assert_eq!(subject().await["subject_label"], "a device no longer here");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_worth_what_its_owner_is_now() {
    let world = World::new().await;
    let admin = world.admin().await;
    let operator = world.invited(&admin, "operator", "Otto").await;
    let token = token(&operator, "write").await;
    let path = format!("/api/v1/devices/{DEVICE}");
    let edit = json!({"notes": "moved"});
    assert_eq!(bearer(&admin, &token, "PATCH", &path, Some(&edit)).await.status, 200);
    let id =
        operator.api("GET", "/api/v1/me", None).await.json()["id"].as_str().unwrap().to_owned();
    let person = format!("/api/v1/people/{id}");
    assert_eq!(admin.api("PATCH", &person, Some(&json!({"role": "viewer"}))).await.status, 204);
    assert_eq!(bearer(&admin, &token, "PATCH", &path, Some(&edit)).await.status, 403);
    assert_eq!(admin.api("PATCH", &person, Some(&json!({"disabled": true}))).await.status, 204);
    assert_eq!(bearer(&admin, &token, "GET", &path, None).await.status, 401);
}

/// Makes a token in somebody's browser.
pub async fn token(browser: &Browser, scope: &str) -> String {
    let body = json!({"label": scope, "scope": scope, "days": 7});
    let made = browser.api("POST", "/api/v1/tokens", Some(&body)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made.json()["secret"].as_str().unwrap().to_owned()
}

async fn callers(world: &World) -> Callers {
    let admin = world.admin().await;
    let viewer = world.invited(&admin, "viewer", "Vera").await;
    let operator = world.invited(&admin, "operator", "Otto").await;
    let approver = world.invited(&admin, "approver", "Paula").await;
    // Their sessions stay fresh throughout: the clock stands still from here.
    let mut tokens = Vec::new();
    for (letter, scope) in [('r', "read"), ('w', "write"), ('m', "metrics")] {
        tokens.push((letter, token(&admin, scope).await));
    }
    Callers { people: vec![('v', viewer), ('o', operator), ('a', approver), ('A', admin)], tokens }
}

/// Things to aim at: each exists, and those of people belong to the admin.
struct Ids {
    person: String,
    session: String,
    token: String,
    credential: String,
    invite: String,
    approval: String,
    change: String,
}

impl Ids {
    async fn prepare(callers: &Callers, admin: &Browser) -> Ids {
        let operator = &callers.people.iter().find(|(letter, _)| *letter == 'o').unwrap().1;
        let made = admin.api("POST", "/api/v1/invites", Some(&json!({"role": "viewer"}))).await;
        assert_eq!(made.status, 201);
        let edit = json!({"notes": "to be undone"});
        let path = format!("/api/v1/devices/{DEVICE}");
        assert_eq!(operator.api("PATCH", &path, Some(&edit)).await.status, 200);
        let changes = operator.api("GET", "/api/v1/changes", None).await.json();
        let forget =
            operator.api("POST", &format!("{path}/forget"), Some(&json!({"reason": "sold"}))).await;
        assert_eq!(forget.status, 202, "{}", forget.body);
        // The first by name; it is not one that asks.
        let aim = json!({"label": "aim", "scope": "read", "days": 1});
        assert_eq!(admin.api("POST", "/api/v1/tokens", Some(&aim)).await.status, 201);
        let people = admin.api("GET", "/api/v1/people", None).await.json();
        let own =
            people["people"].as_array().unwrap().iter().find(|one| one["you"] == true).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Ids {
            person: text(&own["id"]),
            session: text(&own["sessions"][0]["id"]),
            token: text(&own["tokens"][0]["id"]),
            credential: text(&own["credentials"][0]["id"]),
            invite: text(&people["invites"][0]["id"]),
            approval: text(&forget.json()["id"]),
            change: changes["items"][0]["id"].to_string(),
        }
    }

    fn request(&self, method: &str, path: &str) -> (String, Option<Value>) {
        let id = match path.split('/').nth(3).unwrap_or_default() {
            "devices" | "contracts" => DEVICE,
            "steps" => "7",
            "findings" => FINDING,
            "changes" => &self.change,
            "invites" => &self.invite,
            "people" => &self.person,
            "credentials" => &self.credential,
            "sessions" => &self.session,
            "tokens" => &self.token,
            "approvals" => &self.approval,
            "probes" => "0f1e2d3c",
            _ => "",
        };
        let query = match path {
            "/api/v1/flows/export" => "?format=csv",
            "/api/v1/imports" => "?name=devices.csv",
            _ => "",
        };
        let body = match (method, path) {
            ("PATCH", "/api/v1/devices/{id}") => Some(json!({"notes": "x"})),
            ("PATCH", _) => Some(json!({"name": "Somebody Else"})),
            (_, "/api/v1/devices/{id}/merge") => Some(json!({"other": DEVICE})),
            (_, "/api/v1/devices/{id}/split") => Some(json!({"addresses": ["10.0.0.7"]})),
            (_, "/api/v1/devices/{id}/forget") => Some(json!({"reason": "sold"})),
            (_, "/api/v1/findings/{id}/accept") => Some(json!({"reason": "known", "days": 7})),
            (_, "/api/v1/contracts/{device}/adopt") => Some(json!({"proposed": true})),
            (_, "/api/v1/contracts/{device}/mud") => Some(json!({"file": "{}"})),
            (_, "/api/v1/stages") => Some(json!({"devices": [DEVICE], "stage": "warn"})),
            (_, "/api/v1/switches") => Some(json!({"devices": [DEVICE], "reach": "off"})),
            (_, "/api/v1/rehearsals") => Some(json!({})),
            (_, "/api/v1/proofs") => Some(json!({"from": DEVICE})),
            (_, "/api/v1/probes") => {
                Some(json!({"from": "this-machine", "to": DEVICE, "rehearse": true}))
            }
            (_, "/api/v1/probes/{id}") => {
                Some(json!({"outcomes": [{"port": "tcp/22", "outcome": "silent"}]}))
            }
            (_, "/api/v1/imports") => Some(json!("mac,name")),
            (_, "/api/v1/backups") => Some(json!({"file": "before-update"})),
            (_, "/api/v1/invites") => Some(json!({"role": "viewer"})),
            (_, "/api/v1/tokens") => Some(json!({"label": "x", "scope": "read", "days": 7})),
            (_, "/api/v1/approvals/{id}") => Some(json!({"approve": false})),
            _ => None,
        };
        (
            format!("{}{query}", path.replace("{id}", id).replace("{device}", id)),
            body.filter(|_| method != "GET"),
        )
    }
}
