//! The demo: there soon, open to one visitor once, and gone without a trace.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cordon_api::http::client::{Question, Way, ask};

use crate::cordon;

#[test]
fn the_demo_shows_devices_soon_lets_one_visitor_in_once_and_cleans_up() {
    let place = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_cordon"))
        .args(["demo", "--port", "0"])
        .env("TMPDIR", place.path())
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let link = lines.find(|line| line.contains("/demo/")).expect("a link");
    let link = link.trim().strip_prefix("https://localhost:").unwrap().to_owned();
    let (port, path) = link.split_at(link.find('/').unwrap());
    let data = lines.find_map(|line| Some(line.split_once("--data ")?.1.to_owned())).unwrap();
    std::thread::spawn(move || lines.for_each(drop));

    let mut seen = 0;
    while seen == 0 && begun.elapsed() < Duration::from_secs(20) {
        let ran = cordon(&["devices", "--data", &data, "--format", "json"]);
        let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap_or_default();
        seen = json["total"].as_u64().unwrap_or(0);
    }
    assert!(seen > 0, "no device after {:?}", begun.elapsed());
    println!("first devices after {:?}", begun.elapsed());

    let health: serde_json::Value =
        serde_json::from_str(&cordon(&["status", "--data", &data, "--format", "json"]).out)
            .unwrap();
    let print = health["certificate_fingerprint"].as_str().unwrap().replace(':', "");
    let byte = |at: usize| u8::from_str_radix(&print[2 * at..2 * at + 2], 16).unwrap();
    let way = Way::Tls {
        host: "localhost".to_owned(),
        port: port.parse().unwrap(),
        token: String::new(),
        fingerprint: Some(std::array::from_fn(byte)),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let open = |path: &str| {
        let question = Question { method: "GET", path, content: "text/html", body: &[] };
        runtime.block_on(ask(&way, question)).unwrap().status
    };
    assert_eq!(open("/demo/guessed"), 401);
    assert_eq!(open(path), 303);
    assert_eq!(open(path), 401, "the link works once");
    let people = cordon(&["admin", "people", "--data", &data]).out;
    assert!(people.starts_with("visitor, admin"), "{people}");

    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert!(child.wait().unwrap().success());
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0, "something was left");
}
