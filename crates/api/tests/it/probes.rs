//! Probes over HTTP: what is refused, what is written down, and who may tell what came of one.

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::world::{DEVICE, World};

const SOURCE: &str = "10.0.1.9";

async fn asked(who: &Browser, body: &Value) -> (u16, Value) {
    let answer = who.api("POST", "/api/v1/probes", Some(body)).await;
    (answer.status.as_u16(), answer.json())
}

async fn told(who: &Browser, id: &str, outcomes: Value) -> (u16, Value) {
    let body = json!({ "outcomes": outcomes });
    let answer = who.api("POST", &format!("/api/v1/probes/{id}"), Some(&body)).await;
    (answer.status.as_u16(), answer.json())
}

/// How often the ledger has an action.
async fn written(who: &Browser, action: &str) -> usize {
    let ledger = who.api("GET", "/api/v1/ledger?limit=500", None).await.json();
    let items = ledger["items"].as_array().unwrap();
    items.iter().filter(|row| row["action"] == action).count()
}

fn request(ports: &[&str]) -> Value {
    json!({ "from": "this-machine", "to": DEVICE, "source": SOURCE, "ports": ports })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_probe_is_refused_before_anything_is_written() {
    let world = World::new().await;
    let admin = world.admin().await;
    for port in
        ["", "80", "tcp/0", "tcp/080", "tcp/65536", "icmp", "TCP/80", "tcp/80 ", "tcp/1-65535"]
    {
        assert_eq!(asked(&admin, &request(&[port])).await.0, 400, "{port}");
    }
    let many: Vec<String> = (1..=25).map(|port| format!("tcp/{port}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(asked(&admin, &request(&many)).await.0, 400, "25 ports");
    assert_eq!(asked(&admin, &request(&["tcp/80", "tcp/80"])).await.0, 400, "twice");
    assert_eq!(asked(&admin, &request(&["udp/53"])).await.0, 400, "nobody said to listen");
    let with = |key: &str, value: Value| {
        let mut body = request(&["tcp/80"]);
        body[key] = value;
        body
    };
    for (key, value, status) in [
        ("source", json!("here"), 400),
        ("source", json!("127.0.0.1"), 400),
        ("source", json!("224.0.0.1"), 400),
        ("source", json!("10.0.0.7"), 400),
        ("source", Value::Null, 400),
        ("to", json!("nobody"), 404),
        ("to", json!("192.0.2.1"), 404),
        ("to", json!("10.0.0.0/24"), 404),
        ("from", json!(""), 400),
        ("from", json!("nobody"), 404),
        ("from", json!(DEVICE), 400),
        ("every", json!("1ms"), 400),
    ] {
        assert_eq!(asked(&admin, &with(key, value.clone())).await.0, status, "{key} {value}");
    }
    assert_eq!(written(&admin, "probe.make").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rehearsal_writes_nothing_and_a_probe_is_written_before_and_after() {
    let world = World::new().await;
    let admin = world.admin().await;
    let mut rehearsal = request(&["tcp/80"]);
    rehearsal["rehearse"] = true.into();
    let (status, view) = asked(&admin, &rehearsal).await;
    assert_eq!((status, &view["id"], &view["address"]), (200, &json!(""), &json!("10.0.0.7")));
    assert_eq!(view["tries"][0]["chance"], "possible", "nothing is enforced: {view}");
    assert_eq!(written(&admin, "probe.make").await, 0);

    let (status, plan) = asked(&admin, &request(&["tcp/80", "tcp/22"])).await;
    assert_eq!(status, 200, "{plan}");
    assert_eq!(written(&admin, "probe.make").await, 1);
    let id = plan["id"].as_str().unwrap();
    let met = json!([
        { "port": "tcp/80", "outcome": "connected" }, { "port": "tcp/22", "outcome": "silent" }
    ]);
    // Whoever did not set out tells nothing, nor does an outcome that is none.
    let other = world.invited(&admin, "operator", "Olga").await;
    assert_eq!(told(&other, id, met.clone()).await.0, 404);
    for bad in [
        json!([]),
        json!([{ "port": "tcp/443", "outcome": "silent" }]),
        json!([{ "port": "tcp/80", "outcome": "open" }]),
        json!([{ "port": "tcp/80", "outcome": "" }]),
        json!([{ "port": "80", "outcome": "silent" }]),
        json!([{ "port": "tcp/80", "outcome": "silent" }, { "port": "tcp/80", "outcome": "refused" }]),
    ] {
        assert_eq!(told(&admin, id, bad.clone()).await.0, 400, "{bad}");
    }
    assert_eq!(written(&admin, "probe.report").await, 0);
    let (status, view) = told(&admin, id, met.clone()).await;
    assert_eq!((status, &view["answer"]), (200, &json!("agrees")), "{view}");
    assert_eq!(view["lines"][0]["meaning"], "agrees");
    assert_eq!(view["lines"][1]["meaning"], "quiet", "a service that is off is no finding");
    assert_eq!(view["envelope"]["payloadType"], "application/vnd.cordon.probe+json");
    assert_eq!(written(&admin, "probe.report").await, 1);
    assert_eq!(told(&admin, id, met).await.0, 409, "told once");
    let health = admin.api("GET", "/api/v1/health", None).await;
    assert!(!health.body.contains("\"probes\""), "{}", health.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sent_to_what_lives_depend_on_unless_it_is_said() {
    let world = World::new().await;
    let admin = world.admin().await;
    let path = format!("/api/v1/devices/{DEVICE}");
    for criticality in ["process", "life-safety"] {
        let body = json!({ "criticality": criticality });
        let edited = admin.api("PATCH", &path, Some(&body)).await;
        assert_eq!(edited.status, 200, "{}", edited.body);
        let (status, problem) = asked(&admin, &request(&["tcp/80"])).await;
        assert_eq!(status, 409, "{problem}");
        let says = problem["detail"].as_str().unwrap();
        assert!(says.contains(criticality) && says.contains("--towards-ot"), "{says}");
        // Not even said what would be.
        let mut body = request(&["tcp/80"]);
        body["rehearse"] = true.into();
        assert_eq!(asked(&admin, &body).await.0, 409);
    }
    assert_eq!(written(&admin, "probe.make").await, 0);
    let mut body = request(&[]);
    body["towards_ot"] = true.into();
    let (status, problem) = asked(&admin, &body).await;
    assert_eq!(status, 400, "no port is chosen of what nobody saw it serve: {problem}");
    body["ports"] = json!(["tcp/80"]);
    assert_eq!(asked(&admin, &body).await.0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_probes_one_after_the_other_are_no_scan_either() {
    let world = World::new().await;
    let admin = world.admin().await;
    let probe = async |first: u16| {
        let ports: Vec<String> = (first..first + 24).map(|port| format!("tcp/{port}")).collect();
        let ports: Vec<&str> = ports.iter().map(String::as_str).collect();
        asked(&admin, &request(&ports)).await
    };
    for round in 0..4 {
        let (status, plan) = probe(1 + 24 * round).await;
        assert_eq!(status, 200, "{plan}");
        // Telling what came of it frees nothing.
        let met = json!([{ "port": plan["tries"][0]["port"], "outcome": "silent" }]);
        assert_eq!(told(&admin, plan["id"].as_str().unwrap(), met).await.0, 200);
    }
    assert_eq!(probe(200).await.0, 429);
    assert_eq!(written(&admin, "probe.make").await, 4);
}
