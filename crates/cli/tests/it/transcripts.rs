//! What people read, word by word.

use crate::cordon;
use crate::running::Running;

/// What differs from run to run: times of today, sizes, secrets, hashes.
fn scrubbed(text: &str) -> String {
    let word = |word: &str| {
        let core = word.trim_matches(|letter: char| ",.;()".contains(letter));
        let dated = core.len() >= 10
            && core.as_bytes().get(4) == Some(&b'-')
            && core.as_bytes().get(7) == Some(&b'-')
            && core.starts_with("20")
            && !core.starts_with("2026-11-02");
        let timed = (core.len() == 8 || core.len() == 5)
            && core.chars().all(|letter| letter.is_ascii_digit() || letter == ':')
            && core.contains(':');
        let secret = core.len() >= 40 && core.is_ascii() && !core.contains('@');
        match (dated, timed, secret) {
            (true, ..) => word.replace(core, "DATE"),
            (_, true, _) => word.replace(core, "TIME"),
            (.., true) => match core.rsplit_once('/') {
                Some((_, _)) if core.starts_with("https://") => "https://LINK".to_owned(),
                _ => word.replace(core, "SECRET"),
            },
            _ => word.to_owned(),
        }
    };
    let line = |line: &str| {
        let words: Vec<String> = line.split(' ').map(word).collect();
        words.join(" ").trim_end().to_owned()
    };
    let kept = |line: &&str| !line.starts_with("room") && !line.trim_start().starts_with("free on");
    text.lines().filter(kept).map(|one| format!("{}\n", line(one))).collect()
}

/// The lines that are the same in every run.
fn kept(text: &str, keep: impl Fn(&&str) -> bool) -> String {
    text.lines().filter(keep).map(|line| format!("{line}\n")).collect()
}

#[test]
fn every_question_is_answered_for_people() {
    let service = Running::new();
    let plain = |arguments: &[&str]| service.says(arguments);
    // A phone that moved shows the address which a look at the right moment saw last.
    let moved = |line: &&str| !line.starts_with("Karls-MacBook");
    insta::assert_snapshot!("devices", kept(&plain(&["devices"]), moved));
    insta::assert_snapshot!(
        "devices_narrowed",
        plain(&["devices", "siemens", "--severity", "high"])
    );
    insta::assert_snapshot!("devices_none", plain(&["devices", "--kind", "lamp", "nothing"]));
    // When something was found depends on when all devices were looked at.
    let device = plain(&["device", "10.10.10.31"]);
    let (device, happened) = device.split_once("What happened last").unwrap();
    assert!(happened.contains("was seen for the first time, as SpaceCom-07"), "{happened}");
    insta::assert_snapshot!("device", kept(device, |line| !line.contains(" to 2026-")));
    insta::assert_snapshot!("explain_device", plain(&["explain", "10.10.10.31"]));
    let fix = plain(&["fix"]);
    assert!(fix.contains("Fix: ") && fix.contains("cordon explain "), "{fix}");
    let head = |line: &&str| line.get(2..4) == Some(". ");
    insta::assert_snapshot!("fix", kept(&fix, head));
    insta::assert_snapshot!("flows", plain(&["flows", "--app", "modbus", "--limit", "5"]));
    let findings: serde_json::Value =
        serde_json::from_str(&plain(&["device", "10.20.0.15", "--format", "json"])).unwrap();
    let finding = findings["findings"][0]["id"].as_str().unwrap().to_owned();
    insta::assert_snapshot!("explain_finding", plain(&["explain", &finding]));
    insta::assert_snapshot!("people", plain(&["admin", "people"]).lines().next().unwrap());
    insta::assert_snapshot!("invite", scrubbed(&plain(&["admin", "invite", "--role", "operator"])));
    insta::assert_snapshot!("ledger_list", scrubbed(&plain(&["ledger", "list"])));
    insta::assert_snapshot!("ledger_verify", plain(&["ledger", "verify"]));
    let status = service.cordon(&["status"]).out;
    let first = status.lines().next().unwrap();
    assert!(first.starts_with("cordon ") && first.contains("running since"), "{status}");
    assert!(status.contains("16,113 from") && status.contains("0 lost"), "{status}");
    assert!(status.lines().count() <= 16, "{status}");

    // JSON is what the API says; a list goes on where it ended.
    let page = |arguments: &[&str]| -> serde_json::Value {
        serde_json::from_str(&plain(&[&["devices", "--format", "json"], arguments].concat()))
            .unwrap()
    };
    let first = page(&["--limit", "10"]);
    let second = page(&["--limit", "10", "--cursor", first["next"].as_str().unwrap()]);
    assert_eq!(first["items"].as_array().unwrap().len(), 10);
    assert_ne!(first["items"][0]["id"], second["items"][0]["id"]);
    let csv = plain(&["devices", "--format", "csv"]);
    assert_eq!(csv.lines().count() as u64, first["total"].as_u64().unwrap() + 1);

    let folder = tempfile::tempdir().unwrap();
    for (format, begins) in [("csv", "first"), ("ndjson", "{"), ("parquet", "PAR1")] {
        let file = folder.path().join(format);
        let arguments = ["flows", "--export", format, "-o", file.to_str().unwrap()];
        let ran = service.cordon(&arguments);
        assert_eq!(ran.code, 0, "{}", ran.err);
        let bytes = std::fs::read(&file).unwrap();
        assert!(bytes.len() > 1000, "{format}");
        let head = String::from_utf8_lossy(&bytes[..6]).to_lowercase();
        assert!(format == "csv" || head.starts_with(&begins.to_lowercase()), "{format}: {head}");
    }
    let leases = folder.path().join("dnsmasq.leases");
    std::fs::write(&leases, "1793600000 08:55:31:aa:10:01 10.10.10.1 gateway-by-lease *\n")
        .unwrap();
    insta::assert_snapshot!("import", plain(&["import", leases.to_str().unwrap()]));

    let code = service.cordon(&["fix", "--fail-on", "critical"]).code;
    assert_eq!(code, 1);
    let unknown = service.cordon(&["explain", "no-such-thing"]);
    assert_eq!((unknown.code, unknown.out.as_str()), (2, ""));
    insta::assert_snapshot!("explain_unknown", unknown.err);
    let wrong = service.cordon(&["devices", "--sort", "colour"]);
    assert_eq!(wrong.code, 2, "{}", wrong.out);

    // From elsewhere: only the service with that certificate, and only with a good token.
    let token = folder.path().join("token");
    std::fs::write(&token, "cordon_notatoken\n").unwrap();
    let server = format!("https://localhost:{}", service.port);
    let remote = |more: &[&str]| {
        let usual = ["devices", "--server", &server, "--token-file", token.to_str().unwrap()];
        cordon(&[&usual[..], more].concat())
    };
    let health: serde_json::Value =
        serde_json::from_str(&service.cordon(&["status", "--format", "json"]).out).unwrap();
    let fingerprint = health["certificate_fingerprint"].as_str().unwrap();
    for (more, says) in [
        (vec!["--fingerprint", fingerprint], "token is not valid"),
        (vec!["--fingerprint", &"ab".repeat(32)], "not the service with that fingerprint"),
        (vec![], "cannot prove who it is"),
    ] {
        let ran = remote(&more);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{more:?}");
        assert!(ran.err.contains(says), "{more:?}: {}", ran.err);
    }
}

#[test]
fn where_no_service_runs_one_sentence_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    for command in ["devices", "fix", "status", "flows"] {
        let ran = cordon(&[command, "--data", data]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""));
        assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
        assert!(ran.err.contains(data) && ran.err.contains("cordon run"), "{}", ran.err);
    }
}
