//! A site's own policies: checked with file and line, in force from the start, or no start at all.

use std::fs;

use crate::hard::{Service, refused, replay};
use crate::{cordon, text};

const GOOD: &str = r#"@id("no-export") @title("Nobody exports flows here")
forbid (principal, action == Action::"flows.export", resource);
"#;

#[test]
fn policies_of_a_site_are_in_force_and_a_wrong_line_keeps_the_service_down() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (rules, config) = (at("policies.cedar"), at("cordon.toml"));
    let named = format!("\n[site]\npolicies = {:?}\n", text(&rules));
    fs::write(&config, named).unwrap();
    let check = || cordon(&["config", "check", &text(&config)]);
    let missing = check();
    assert_eq!(missing.code, 1);
    assert!(missing.out.contains("cordon.toml:3: site.policies: cannot read"), "{}", missing.out);

    let (data, replay) = (at("data"), replay());
    let config_path = text(&config);
    let arguments = ["--replay", &replay, "--config", &config_path];
    assert!(refused(&data, &arguments).contains("site.policies: cannot read"));
    fs::write(&rules, format!("{GOOD}\npermit (principal, action resource);\n")).unwrap();
    let wrong = check();
    assert_eq!(wrong.code, 1);
    assert!(wrong.out.contains("policies.cedar:4:"), "{}", wrong.out);
    let line = refused(&data, &arguments);
    assert!(line.contains("policies.cedar:4:") && line.contains("config check"), "{line}");

    fs::write(&rules, GOOD).unwrap();
    assert_eq!(check().code, 0);
    let changes = |service: &Service| {
        let ledger = service.ask("/api/v1/ledger").unwrap();
        let rows = ledger["items"].as_array().unwrap().clone();
        let of = |row: &&serde_json::Value| row["subject"] == "site.policies";
        rows.iter().filter(of).cloned().collect::<Vec<_>>()
    };
    for _ in 0..2 {
        let service = Service::start(&data, &arguments);
        let export = service.ask("/api/v1/flows/export?format=csv").unwrap();
        assert_eq!(export["detail"], "Nobody exports flows here", "{export}");
        let told = changes(&service);
        assert_eq!(told.len(), 1, "once, and not at every start: {told:?}");
        assert_eq!(told[0]["action"], "setting.change");
        service.end();
    }
    fs::write(&config, "").unwrap();
    let service = Service::start(&data, &arguments);
    let told = changes(&service);
    assert_eq!(told.len(), 2, "that they are gone is told too");
    assert!(told[0]["detail"].to_string().contains("none"), "{told:?}");
    service.end();
}
