//! The command as its users and its enemies run it.

#![allow(clippy::disallowed_methods, reason = "tests start peers and bound their time")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    reason = "what a test needs and does not get should end it"
)]

mod bad_input;
mod contracts;
mod corpus;
mod demo;
mod demo_real;
mod demo_service;
mod formats;
mod hard;
mod keys;
mod ledger;
mod live;
mod peers;
mod policies;
mod probing;
mod restore;
mod running;
mod transcripts;
mod upkeep;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

/// What a run printed and how it ended.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// Runs `cordon` without a terminal.
pub fn cordon(arguments: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cordon"));
    command.args(arguments).stdin(Stdio::null()).env_remove("NO_COLOR").env("LANG", "C.UTF-8");
    for name in ["XDG_CONFIG_HOME", "XDG_STATE_HOME", "HOME"] {
        command.env(name, "/nonexistent");
    }
    ran(command.output().unwrap())
}

pub fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The result of a look, as JSON.
pub fn look(arguments: &[&str]) -> serde_json::Value {
    let ran = cordon(&[&["look", "--format", "json"], arguments].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    serde_json::from_str(&ran.out).unwrap()
}

/// The lab's captures, written once for all tests.
pub static LAB: LazyLock<Lab> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let site = cordon_lab::demo().unwrap();
    for capture in cordon_lab::write(&site, 1).unwrap() {
        let mut file =
            std::fs::File::create(folder.path().join(format!("{}.pcap", capture.name))).unwrap();
        cordon_lab::pcap(&capture, &mut file).unwrap();
    }
    Lab { folder, site }
});

pub struct Lab {
    pub folder: tempfile::TempDir,
    pub site: cordon_lab::Site,
}

impl Lab {
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn text(&self, name: &str) -> String {
        text(&self.path(name))
    }
}

pub fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}
