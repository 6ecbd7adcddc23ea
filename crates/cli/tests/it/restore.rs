//! A backup brings the earlier state back, and what was there stays.

use std::fs;

use crate::cordon;
use crate::running::Running;

#[test]
fn what_was_backed_up_is_back_and_nothing_is_lost() {
    let service = Running::new();
    service.rename("10.10.10.1", "The first name");
    service.says(&["backup", "one"]);
    service.rename("10.10.10.1", "The second name");
    let again = service.cordon(&["backup", "one"]);
    assert_eq!(again.code, 2, "{}", again.out);
    let refused = service.cordon(&["restore", "one"]);
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("stop it first"), "{}", refused.err);
    let data = service.data.clone();
    let mut service = service;
    // Killed, not stopped: what was answered is on the disk all the same.
    service.child.kill().unwrap();
    service.child.wait().unwrap();

    let unknown = cordon(&["restore", "two", "--data", &data]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("there are: one"), "{}", unknown.err);
    let damaged = format!("{data}/backups/damaged");
    let copied = std::process::Command::new("cp")
        .args(["-a", &format!("{data}/backups/one"), &damaged])
        .status();
    assert!(copied.unwrap().success());
    let mut bytes = fs::read(format!("{damaged}/state.db")).unwrap();
    let half = bytes.len() / 2;
    bytes[half..].fill(0x5a);
    fs::write(format!("{damaged}/state.db"), bytes).unwrap();
    let before = fs::read(format!("{data}/state.db")).unwrap();
    assert_eq!(cordon(&["restore", "damaged", "--data", &data]).code, 2);
    assert_eq!(fs::read(format!("{data}/state.db")).unwrap(), before, "nothing was touched");

    let restored = cordon(&["restore", "one", "--data", &data]);
    assert_eq!(restored.code, 0, "{}", restored.err);
    assert!(restored.out.contains("The ledger goes on from record"), "{}", restored.out);
    let aside = fs::read_dir(&data)
        .unwrap()
        .flatten()
        .find(|entry| entry.file_name().to_string_lossy().starts_with("before-restore-"))
        .expect("the old state is set aside");
    let old = cordon(&["ledger", "verify", "--data", aside.path().to_str().unwrap()]);
    assert_eq!(old.code, 0, "{}{}", old.out, old.err);

    // A restore that was broken off between its moves is finished by the same words.
    let moving = format!("{data}/restore.moving");
    fs::create_dir(&moving).unwrap();
    fs::write(format!("{moving}/aside"), "before-restore-broken").unwrap();
    fs::write(format!("{moving}/cleared"), "").unwrap();
    fs::rename(format!("{data}/state.db"), format!("{moving}/state.db")).unwrap();
    let start = cordon(&["run", "--replay", "/dev/null", "--data", &data]);
    assert_eq!(start.code, 2);
    let finished = cordon(&["restore", "one", "--data", &data]);
    assert_eq!(finished.code, 0, "{}", finished.err);
    assert!(finished.out.contains("is finished now"), "{}", finished.out);

    let service = Running::again(&data);
    assert!(service.says(&["device", "10.10.10.1"]).starts_with("The first name"));
    assert!(service.says(&["ledger", "verify"]).starts_with("good: "));
    assert!(service.says(&["ledger", "list"]).contains("restored a backup"));
}
