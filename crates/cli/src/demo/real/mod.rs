//! `cordon demo --real`: devices in network namespaces, a router that is this kernel, and rules that
//! really block; told step by step, every claim measured.
//!
//! Everything lives in one process tree with network, mount and process namespaces of its own, and
//! writes to a file system of its own in memory. When its first process ends, however it ends, the
//! kernel ends the others, and takes namespaces, rules and files with them: there is nothing that a
//! crash could leave behind, and nothing of the machine's own network that it could touch.

mod message;
mod programs;
mod service;
mod story;
mod talk;
mod teller;
mod world;

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::ValueEnum as _;

use super::LOOK;
use crate::args::DemoArgs;
use crate::failure::Failure;
use crate::input::note;

pub use programs::{missing, own_name};
pub use service::serve;

/// What a world of its own is made of, for unshare(1).
const OWN: [&str; 6] =
    ["--net", "--mount", "--propagation=private", "--pid", "--fork", "--mount-proc"];
/// Looks at whether the kernel has ended everything, once the story is over.
const LOOKS: u32 = 50;

/// Runs the command.
pub fn run(args: &DemoArgs) -> Result<ExitCode, Failure> {
    if args.world {
        if !is_own() {
            return Err(Failure::Other("--world is for `cordon demo --real` alone".to_owned()));
        }
        leave_with_the_starter();
        return story::tell(args.color);
    }
    if let Some(missing) = missing() {
        return Err(Failure::Other(missing));
    }
    outside(args)
}

/// Starts the world, and waits until it is over.
fn outside(args: &DemoArgs) -> Result<ExitCode, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stop);
    ctrlc::set_handler(move || told.store(true, Ordering::Relaxed))
        .map_err(|error| Failure::Other(format!("cannot listen for Ctrl-C: {error}")))?;
    let mut child = start(args).map_err(other)?;
    let mut input = child.stdin.take();
    let mut world = None;
    let status = loop {
        world = inside_of(child.id()).or(world);
        if let Some(status) = child.try_wait().map_err(other)? {
            break status;
        }
        if stop.load(Ordering::Relaxed) {
            // Its first process reads there, and ends.
            drop(input.take());
        }
        std::thread::sleep(LOOK);
    };
    drop(input);
    if let Some(left) = world.and_then(|world| left_of(&world)) {
        return Err(Failure::Other(format!("process {left} of the demo is still there; end it")));
    }
    if stop.load(Ordering::Relaxed) {
        return Err(Failure::Other(
            "the demo was stopped before its end; nothing of it is left".to_owned(),
        ));
    }
    note("the demo is over; none of its processes, namespaces, rules and files is left");
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::from(2), Into::into))
}

#[allow(clippy::disallowed_methods, reason = "our own program, in namespaces of its own")]
fn start(args: &DemoArgs) -> std::io::Result<Child> {
    let mut command = Command::new(programs::path("unshare")?);
    command.args(OWN).arg("--").arg(std::env::current_exe()?).args(["demo", "--real", "--world"]);
    if let Some(colour) = args.color.to_possible_value() {
        command.args(["--color", colour.get_name()]);
    }
    // Ctrl-C is for us: a story that is broken off at every place at once would be told wrongly.
    command.process_group(0).stdin(Stdio::piped()).spawn()
}

/// Whether this process is the first of a world of its own, with nothing plugged in yet: what is to
/// be built here must never be built on a machine's own network.
fn is_own() -> bool {
    let devices = fs::read_to_string("/proc/net/dev").unwrap_or_default();
    let mut names = devices.lines().filter_map(|line| line.split_once(':'));
    std::process::id() == 1 && names.all(|(name, _)| name.trim() == "lo")
}

/// The world ends when whoever started it goes, whatever became of them.
fn leave_with_the_starter() {
    std::thread::spawn(|| {
        // Nothing is ever written there; an error is an end as well.
        drop(std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink()));
        std::process::exit(2);
    });
}

/// The process namespace that the children of a process are in, where it is not ours.
fn inside_of(process: u32) -> Option<PathBuf> {
    let of = |process: &str| fs::read_link(format!("/proc/{process}/ns/pid_for_children")).ok();
    of(&process.to_string()).filter(|there| Some(there) != of("self").as_ref())
}

/// A process of the world that is still there, although the kernel had time to end it.
fn left_of(world: &Path) -> Option<String> {
    let mut left = None;
    for _ in 0..LOOKS {
        left = fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
            let there = fs::read_link(entry.path().join("ns/pid")).ok()?;
            (there == world).then(|| entry.file_name().to_string_lossy().into_owned())
        });
        if left.is_none() {
            break;
        }
        std::thread::sleep(LOOK);
    }
    left
}

fn other(error: std::io::Error) -> Failure {
    Failure::Other(format!("the demo cannot be started: {error}"))
}
