//! Configuration, the machine, and starts that cannot be.

use std::fs;

use crate::cordon;

#[test]
fn every_mistake_in_a_configuration_is_told_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cordon.toml");
    fs::write(
        &file,
        "[web]\nlisten = \"127.0.0.1\"\nsesion_idle = \"10m\"\n\n[capture]\nring = \"-1\"\n",
    )
    .unwrap();
    let ran = cordon(&["config", "check", file.to_str().unwrap()]);
    assert_eq!((ran.code, ran.err.as_str()), (1, ""));
    let text = ran.out.replace(folder.path().to_str().unwrap(), "");
    insta::assert_snapshot!("config_check", text);
    fs::write(&file, "[web]\nlisten = \"127.0.0.1:9443\"\n").unwrap();
    assert_eq!(cordon(&["config", "check", file.to_str().unwrap()]).code, 0);
    let shown = cordon(&[
        "config",
        "show",
        "--config",
        file.to_str().unwrap(),
        "--set",
        "web.second_person=true",
    ]);
    assert_eq!(shown.code, 0, "{}", shown.err);
    assert!(shown.out.contains("cordon.toml:2)") && shown.out.contains("(--set)"), "{}", shown.out);
}

#[test]
fn the_default_file_is_good_and_names_every_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cordon.toml");
    let default = cordon(&["config", "default"]).out;
    fs::write(&file, &default).unwrap();
    assert_eq!(cordon(&["config", "check", file.to_str().unwrap()]).code, 0);
    let (keys, help) = (cordon(&["config", "keys"]).out, cordon(&["run", "--help"]).out);
    for key in cordon_config::KEYS {
        assert!(keys.contains(key.path) && help.contains(key.path), "{}", key.path);
        assert!(default.contains(&format!("#{} = ", key.name)), "{}", key.path);
    }
}

#[test]
fn the_doctor_tries_the_guard_and_finds_a_missing_interface() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let ran = cordon(&["doctor", "eth77", "--data", data]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.out.contains("eth77") && ran.out.contains("guard capabilities"), "{}", ran.out);
    let json = cordon(&["doctor", "lo", "--data", data, "--format", "json"]).out;
    let checks: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(checks.as_array().unwrap().len() > 8, "{json}");
}

#[test]
fn a_start_that_cannot_be_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let text = data.to_str().unwrap();
    for (what, says) in
        [(vec!["--replay", "/nowhere/day.pcap"], "/nowhere/day.pcap"), (vec!["eth77"], "eth77")]
    {
        let ran = cordon(&[&["run", "--data", text], &what[..]].concat());
        assert_eq!((ran.code, ran.out.as_str()), (2, ""));
        assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
        assert!(ran.err.contains(says), "{}", ran.err);
        assert!(!data.exists());
    }
}
