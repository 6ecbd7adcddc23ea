//! `cordon demo`: the whole service on the lab's site, which happens now and faster.
//!
//! The service gives its rights up for good, so it cannot remove the folder that it works in: it
//! runs in a child, and who started it cleans up.

mod once;
mod real;
mod visitor;

use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cordon_config::Reader;
use cordon_service::clock::{Clock as _, SystemClock};

pub use visitor::{Demo, Visitor};

use crate::args::DemoArgs;
use crate::failure::Failure;
use crate::input::note;
use crate::run::{self, Loaded, Packets, Start};

/// The port that `cordon run` has too.
const PORT: u16 = 8443;
/// Seconds of the site in a second: ten minutes of it take little more than three.
const SPEED: u32 = 3;
/// How long the site's story is.
const STORY: Duration = Duration::from_secs(570);
/// Between two looks whether the child is still there.
const LOOK: Duration = Duration::from_millis(100);

/// Runs the command.
pub fn run(args: &DemoArgs) -> Result<ExitCode, Failure> {
    match (&args.inside, args.real) {
        (Some(folder), true) => real::serve(folder),
        (Some(folder), false) => inside(args, folder),
        (None, true) => real::run(args),
        (None, false) if args.once => once::run(args),
        (None, false) => outside(args),
    }
}

/// Starts the child in a folder of its own, and cleans up after it.
fn outside(args: &DemoArgs) -> Result<ExitCode, Failure> {
    let other =
        |error: std::io::Error| Failure::Other(format!("the demo cannot be started: {error}"));
    let number = getrandom::u64().map_err(Failure::Random)?;
    let folder = std::env::temp_dir().join(format!("cordon-demo-{number:016x}"));
    cordon_guard::prepare_folder(&folder, None).map_err(other)?;
    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stop);
    // Ctrl-C reaches the child too; whoever is told to end otherwise closes its input.
    ctrlc::set_handler(move || told.store(true, Ordering::Relaxed))
        .map_err(|error| Failure::Other(format!("cannot listen for Ctrl-C: {error}")))?;
    let own = std::env::current_exe().map_err(other)?;
    #[allow(clippy::disallowed_methods, reason = "the service gives its rights up for good")]
    let mut command = Command::new(own);
    // It tells people what to type: what was typed for this.
    command.arg0(std::env::args_os().next().unwrap_or_else(|| "cordon".into()));
    command.arg("demo").arg("--inside").arg(&folder).stdin(Stdio::piped());
    if let Some(port) = args.port {
        command.arg("--port").arg(port.to_string());
    }
    let done = command.spawn().map_err(other).and_then(|mut child| {
        let mut input = child.stdin.take();
        loop {
            if let Some(status) = child.try_wait().map_err(other)? {
                return Ok(status);
            }
            if stop.load(Ordering::Relaxed) {
                drop(input.take());
            }
            std::thread::sleep(LOOK);
        }
    });
    match args.keep {
        true => note(&format!("kept everything in {}", folder.display())),
        false => std::fs::remove_dir_all(&folder).map_err(|error| {
            Failure::Other(format!("cannot remove {}: {error}", folder.display()))
        })?,
    }
    Ok(if done?.success() { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

/// The service itself.
fn inside(args: &DemoArgs, folder: &Path) -> Result<ExitCode, Failure> {
    let port = match args.port {
        Some(port) => port,
        None => free_port(),
    };
    let mut reader = Reader::new();
    for assignment in [
        format!("data.dir={:?}", folder.display().to_string()),
        format!("web.listen=\"127.0.0.1:{port}\""),
        "web.hostnames=[\"localhost\"]".to_owned(),
        "site.name=\"Demo clinic\"".to_owned(),
        "history.flush_every=\"2s\"".to_owned(),
        "history.min_free=\"64MiB\"".to_owned(),
        "log.level=\"warn\"".to_owned(),
    ] {
        reader.set(&assignment);
    }
    let settings = reader.finish().map_err(|problems| Failure::Other(problems.to_string()))?;
    let site = cordon_lab::demo().map_err(|error| Failure::Lab(error.to_string()))?;
    // What happens last happens now, once it has been played.
    let ahead = STORY / SPEED;
    let begin = SystemClock.now().plus(ahead).minus(STORY);
    run::start(Start {
        loaded: Loaded { settings, file: None },
        packets: Packets::Lab { site: Box::new(site), speed: SPEED, begin },
        demo: Some(Demo { folder: folder.to_owned(), visited: Some(real()) }),
    })
}

/// How the kernel is seen to block, or why it is not seen here.
fn real() -> String {
    let command = format!("{} demo --real", real::own_name());
    match real::missing() {
        None => format!("To see the kernel block, in networks of its own:  {command}"),
        Some(missing) => format!("{command} shows how the kernel blocks; not yet here: {missing}"),
    }
}

/// The usual port, or one that the kernel finds where it is taken.
fn free_port() -> u16 {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, PORT)) {
        Ok(_) => PORT,
        Err(_) => 0,
    }
}
