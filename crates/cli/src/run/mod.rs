//! `cordon run`: the service, from the first socket to the last flush.
//!
//! The order is the point: everything that needs a right is opened first, then every right is
//! given up, and only then are keys read, threads started and packets looked at.

mod house;
mod logging;
mod memory;
mod outside;
pub mod policies;
mod serve;
mod settings;
mod sources;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use cordon_config::EnforceDriver;
use cordon_guard::{Account, Plan, give_up, prepare_folder};
use cordon_service::view::CheckView;

use crate::args::RunArgs;
use crate::demo::Demo;
use crate::enforcer::Enforcer;
use crate::failure::Failure;

pub use house::{SITE, origin as ledger_origin};
pub use outside::{Outside, worth_listening};
pub use serve::SOCKET;
pub use settings::{Loaded, data_folder, load, usual_places};
pub use sources::Packets;

/// The folder in the data folder that is there while a restore moves the state.
pub const MOVING: &str = "restore.moving";

/// What the service is started for.
pub struct Start {
    /// The configuration in force.
    pub loaded: Loaded,
    /// Where packets come from.
    pub packets: Packets,
    /// Where it is a demo.
    pub demo: Option<Demo>,
}

/// Runs the command.
pub fn run(args: &RunArgs) -> Result<ExitCode, Failure> {
    memory::few_heaps();
    let loaded = load(&args.config, &args.assignments())?;
    let packets = Packets::from_config(&loaded.settings.config);
    packets.check()?;
    start(Start { loaded, packets, demo: None })
}

/// Runs the service until it is told to stop.
pub fn start(start: Start) -> Result<ExitCode, Failure> {
    let config = start.loaded.settings.config.clone();
    logging::begin(&config.log)?;
    cordon_crypto::tls::install_provider();
    let account = account(config.run.user.as_ref().map(|name| name.as_str()))?;
    let data = data_folder(&config);
    if data.join(MOVING).exists() {
        return Err(Failure::Other(format!(
            "a restore into {} was broken off; run `cordon restore` with the same words again, then start",
            data.display()
        )));
    }
    let rules = policies::SiteRules::read(&config)
        .map_err(|error| policies::unreadable(&error, &config))?;
    let outside = Outside::open(&config, &start.packets)?;
    prepare_folder(&data, account.as_ref()).map_err(|error| {
        Failure::Other(format!("{}: {error}; name another folder with --data", data.display()))
    })?;
    let enforcer = match config.enforce.driver {
        EnforceDriver::None => None,
        EnforceDriver::Nftables => Some(Enforcer::start(&data, &config)?),
    };
    let certificate = [&config.web.certificate, &config.web.key];
    let plan = Plan {
        write: vec![data.clone()],
        read: certificate
            .into_iter()
            .flatten()
            .flat_map(|path| certificate_places(path.as_path()))
            .chain(start.packets.files())
            .chain(start.loaded.file.clone())
            .collect(),
        user: account,
        ..Plan::default()
    };
    let standing = give_up(&plan).map_err(|error| Failure::Other(error.to_string()))?;
    let checks = standing
        .measures
        .iter()
        .map(|measure| CheckView {
            name: format!("guard {}", measure.name),
            verdict: match measure.outcome {
                cordon_guard::Outcome::InForce => "good",
                _ => "warning",
            }
            .to_owned(),
            says: format!("{}: {}", measure.outcome.as_str(), measure.says),
            fix: Some(measure.do_this.to_owned()).filter(|fix| !fix.is_empty()),
        })
        .collect();
    let policies =
        policies::SiteRules::policies(rules).map_err(|error| policies::refusal(&error))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(8)
        .thread_name("serve")
        .thread_stack_size(1 << 20)
        .enable_all()
        .build()
        .map_err(|error| Failure::Other(format!("no threads can be started: {error}")))?;
    let house = house::House { data, checks, enforcer };
    let done = runtime.block_on(serve::serve(start, Arc::new(config), outside, house, policies));
    runtime.shutdown_timeout(serve::THREADS_END);
    done.map(|()| ExitCode::SUCCESS)
}

/// Where a certificate's file is read: in its folder, and in the one it is linked from. A right to
/// the file alone ends when another takes its place, which is how certificates are renewed.
fn certificate_places(path: &Path) -> Vec<PathBuf> {
    let linked = std::fs::canonicalize(path).ok();
    [Some(path.to_owned()), linked]
        .into_iter()
        .flatten()
        .map(|path| match path.parent() {
            Some(folder) if folder != Path::new("") && folder != Path::new("/") => {
                folder.to_owned()
            }
            _ => path,
        })
        .collect()
}

/// Whom to become: the user that is configured, else `cordon` where root starts it and there is
/// one.
fn account(wanted: Option<&str>) -> Result<Option<Account>, Failure> {
    let find = |name: &str| {
        Account::find(name).map_err(|error| Failure::Other(format!("/etc/passwd: {error}")))
    };
    match wanted {
        Some(name) => match find(name)? {
            Some(account) => Ok(Some(account)),
            None => Err(Failure::Other(format!(
                "there is no user {name:?} on this machine; make it, or leave run.user out"
            ))),
        },
        None if cordon_guard::is_root() => find("cordon"),
        None => Ok(None),
    }
}
