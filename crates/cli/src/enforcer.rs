//! The process that alone may change the kernel's rules, and the one that takes them back.
//!
//! `cordon run` starts it before it gives its own rights up, and speaks with it by a socket that is
//! its standard input. When the service goes, it goes.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use cordon_config::Config;
use cordon_enforce::keeper::{Keeper, serve};
use cordon_enforce::{Guard, Isolation, Launcher, LogReader, Nft, cut_kept, watchdog};
use cordon_guard::{is_root, keep_net_admin};
use cordon_model::{Text, Timestamp};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use crate::failure::Failure;

/// The hidden commands.
const KEEP: &str = "enforcer";
const WATCH: &str = "enforcer-watchdog";

/// The keeper, as the service sees it.
pub struct Enforcer {
    /// The way to it.
    pub socket: UnixStream,
    /// So that it is not left behind as a zombie.
    _child: Child,
}

impl Enforcer {
    /// Starts it, while the service still has its rights.
    #[allow(clippy::disallowed_methods, reason = "our own program, as a process of its own")]
    pub fn start(data: &Path, config: &Config) -> Result<Self, Failure> {
        if !is_root() {
            return Err(Failure::Other(
                "enforcing contracts takes root: start the service as root (under systemd with the drop-in /usr/share/doc/cordon/enforce.conf), or set enforce.driver = \"none\""
                    .to_owned(),
            ));
        }
        let other = |error: std::io::Error| {
            Failure::Other(format!("the process that keeps the rules does not start: {error}"))
        };
        let (ours, theirs) = UnixStream::pair().map_err(other)?;
        let child = Command::new(std::env::current_exe().map_err(other)?)
            .arg(KEEP)
            .arg(folder(data))
            .args(config.enforce.isolate.iter().flat_map(|bridge| ["--isolate", bridge.as_str()]))
            .args(config.enforce.isolate_not.iter().flat_map(|port| ["--open", port.as_str()]))
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .spawn()
            .map_err(other)?;
        Ok(Enforcer { socket: ours, _child: child })
    }
}

/// Where confirmed rules lie: beside the data folder and not in it, which belongs to a user with
/// fewer rights.
fn folder(data: &Path) -> PathBuf {
    let mut name: OsString = data.as_os_str().to_owned();
    name.push("-rules");
    name.into()
}

/// `cordon enforcer FOLDER`: answers questions on standard input until it is closed, and keeps
/// neighbours on bridges apart.
pub fn keep(folder: &Path, isolate: &[String], open: &[String]) -> Result<ExitCode, Failure> {
    let other = |error: &dyn std::fmt::Display| Failure::Other(error.to_string());
    belongs_to_us(folder)?;
    keep_net_admin().map_err(|error| other(&error))?;
    let own = std::env::current_exe().map_err(|error| other(&error))?;
    let launcher = Launcher { program: own, arguments: vec![WATCH.to_owned()] };
    let guard = Guard::open(folder, launcher).map_err(|error| other(&error))?;
    let (keeper, _) =
        Keeper::start(Nft::default(), guard, cut_kept, now()).map_err(|error| other(&error))?;
    let open: BTreeSet<Text> = open.iter().map(|port| port.as_str().into()).collect();
    let apart = isolate.iter().map(|bridge| Isolation::new(bridge.as_str().into(), open.clone()));
    let apart: Vec<Isolation> = apart.collect::<Result<_, _>>().map_err(|error| other(&error))?;
    let keeper = keeper.apart(apart);
    let input = std::io::stdin();
    let socket = input.as_fd().try_clone_to_owned().map_err(|error| other(&error))?;
    let socket = UnixStream::from(socket);
    let answers = socket.try_clone().map_err(|error| other(&error))?;
    // Another program may read this group of the log; rules are kept all the same.
    let log = LogReader::open(cordon_enforce::Options::default().log_group).ok();
    serve(keeper, socket, answers, log, now).map_err(|error| other(&error))?;
    Ok(ExitCode::SUCCESS)
}

/// `cordon enforcer-watchdog FOLDER SECONDS`: takes a trial back that nobody ends.
pub fn watch(arguments: &[String]) -> Result<ExitCode, Failure> {
    let _deaf = deaf()?;
    watchdog(arguments, &Nft::default()).map_err(|error| Failure::Other(error.to_string()))?;
    Ok(ExitCode::SUCCESS)
}

/// Whoever ends a service signals all its processes, by Ctrl-C or by its control group; this one
/// has work left then. The line to the service says when it is over, and a trial's time does.
fn deaf() -> Result<Runtime, Failure> {
    let other = |error: std::io::Error| Failure::Other(format!("signals: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
    let runtime = runtime.map_err(other)?;
    let within = runtime.enter();
    for kind in [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()] {
        // What it did by default is gone for as long as the process lives.
        let _ = signal(kind).map_err(other)?;
    }
    drop(within);
    Ok(runtime)
}

/// A folder that somebody else made would let them choose what root writes where.
fn belongs_to_us(folder: &Path) -> Result<(), Failure> {
    match std::fs::symlink_metadata(folder) {
        Err(_) => Ok(()),
        Ok(there) if there.is_dir() && there.uid() == 0 && there.mode() & 0o022 == 0 => Ok(()),
        Ok(_) => Err(Failure::Other(format!(
            "{} is no folder of root alone; move it away, and the service makes it anew",
            folder.display()
        ))),
    }
}

#[allow(clippy::disallowed_methods, reason = "an effect: what names mean ends by the wall clock")]
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
