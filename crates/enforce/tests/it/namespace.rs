//! A network namespace of its own for a test that needs a kernel.

use std::process::Command;

const CHILD: &str = "CORDON_TEST_IN_NAMESPACE";

/// Runs a test of this binary again, as root in a fresh network namespace; true within it.
pub fn entered(test: &str) -> bool {
    if std::env::var_os(CHILD).is_some() {
        return true;
    }
    let possible = Command::new("unshare").args(["-n", "nft", "list", "ruleset"]).output();
    if !possible.is_ok_and(|out| out.status.success()) {
        println!("skipped: needs root, unshare and nft");
        return false;
    }
    let status = Command::new("unshare")
        .args(["-n", "-m"])
        .arg(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env(CHILD, "1")
        .status()
        .unwrap();
    assert!(status.success(), "{test} failed in its namespace");
    false
}
