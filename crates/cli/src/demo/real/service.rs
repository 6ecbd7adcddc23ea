//! cordon on the router of the story: the service as `cordon run` starts it, and its commands as
//! people type them.

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use cordon_config::Reader;

use super::super::Demo;
use super::world::{LINKS, Link};
use crate::failure::Failure;
use crate::run::{self, Loaded, Packets, Start};
use crate::service::is_running;

/// Where everything is kept: in the world's own memory.
const DATA: &str = "/run/cordon";
/// What the service logs.
const LOG: &str = "/run/cordon.log";
/// How long rules are on trial: as long as a slow machine needs to look whether everything works.
pub const TRIAL: Duration = Duration::from_secs(15);
/// How long a start may take.
const START: Duration = Duration::from_secs(20);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(100);

/// The service, which ends when this goes.
pub struct Service {
    child: Child,
}

/// What a command said.
pub struct Ran {
    /// Its exit code.
    pub code: i32,
    /// What it printed.
    pub out: String,
}

impl Ran {
    /// Whether it said this, wherever colours and line breaks were.
    pub fn says(&self, what: &str) -> bool {
        bare(&self.out).split_whitespace().collect::<Vec<_>>().join(" ").contains(what)
    }
}

/// A text without its colours (ECMA-48, section 8.3.117).
pub fn bare(text: &str) -> String {
    let mut pieces = text.split("\x1b[");
    let first = pieces.next().unwrap_or_default().to_owned();
    let rest = pieces.map(|piece| piece.split_once('m').map_or(piece, |(_, rest)| rest));
    rest.fold(first, |all, piece| all + piece)
}

impl Service {
    /// Starts it and waits until it answers.
    #[allow(clippy::disallowed_methods, reason = "our own program, as a process of its own")]
    pub fn start() -> Result<Self, Failure> {
        let other =
            |error: io::Error| Failure::Other(format!("the service does not start: {error}"));
        let mut child = Command::new(std::env::current_exe().map_err(other)?)
            .args(["demo", "--real", "--inside", DATA])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(File::create(LOG).map_err(other)?)
            .spawn()
            .map_err(other)?;
        for _ in 0..START.as_millis() / LOOK.as_millis() {
            if child.try_wait().map_err(other)?.is_some() {
                break;
            }
            if is_running(Path::new(DATA)) {
                return Ok(Service { child });
            }
            std::thread::sleep(LOOK);
        }
        let log = std::fs::read_to_string(LOG).unwrap_or_default();
        let last = log.lines().last().unwrap_or("it says nothing").to_owned();
        Err(Failure::Other(format!("the service does not start: {last}")))
    }

    /// Has it run a command of cordon's. What goes wrong it says itself, where it is to be `heard`.
    #[allow(clippy::disallowed_methods, reason = "our own program, as people start it")]
    pub fn run(&self, arguments: &[&str], heard: bool) -> Result<Ran, Failure> {
        let other = |error: io::Error| Failure::Other(format!("cordon does not start: {error}"));
        let output = Command::new(std::env::current_exe().map_err(other)?)
            .args(arguments)
            .args(["--data", DATA])
            .stdin(Stdio::null())
            .stderr(if heard { Stdio::inherit() } else { Stdio::null() })
            .output()
            .map_err(other)?;
        Ok(Ran {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
        })
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It ends in order when its input does; the world ends it where that takes too long.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// The service itself, in its process.
pub fn serve(folder: &Path) -> Result<ExitCode, Failure> {
    let list = |of: fn(&Link) -> String| -> String {
        let inside = LINKS.iter().filter(|link| link.is_inside());
        inside.map(of).map(|text| format!("{text:?}")).collect::<Vec<_>>().join(", ")
    };
    let mut reader = Reader::new();
    for assignment in [
        format!("data.dir={:?}", folder.display().to_string()),
        format!("capture.interfaces=[{}]", list(|link| link.name.to_owned())),
        "enforce.driver=\"nftables\"".to_owned(),
        format!("enforce.links=[{}]", list(|link| format!("{}={}", link.name, link.network))),
        format!("enforce.confirm_within=\"{}s\"", TRIAL.as_secs()),
        "web.listen=\"127.0.0.1:0\"".to_owned(),
        "web.hostnames=[\"localhost\"]".to_owned(),
        "site.name=\"Demo clinic\"".to_owned(),
        "history.flush_every=\"1s\"".to_owned(),
        "history.min_free=\"64MiB\"".to_owned(),
        "log.level=\"warn\"".to_owned(),
    ] {
        reader.set(&assignment);
    }
    let settings = reader.finish().map_err(|problems| Failure::Other(problems.to_string()))?;
    let packets = Packets::from_config(&settings.config);
    packets.check()?;
    run::start(Start {
        loaded: Loaded { settings, file: None },
        packets,
        demo: Some(Demo { folder: folder.to_owned(), visited: None }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_found_in_colours_and_across_lines() {
        let out =
            "\x1b[32mDone:\x1b[0m \x1b[32mset\x1b[0m 5\n  devices \x1b[1;31mto\x1b[0m enforce";
        let ran = Ran { code: 0, out: out.to_owned() };
        assert!(ran.says("Done: set 5 devices to enforce"));
        assert!(!ran.says("Done: set 6"));
    }
}
