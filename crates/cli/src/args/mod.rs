//! Arguments of the command line.

pub mod ask;
pub mod contract;
pub mod probe;
pub mod upkeep;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use cordon_model::Severity;

pub use ask::*;
pub use contract::*;
pub use probe::*;
pub use upkeep::*;

/// Finds every device on a network without sending a packet, names it with reasons, and says
/// what to fix first.
#[derive(Parser)]
#[command(name = "cordon", version, arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Look at captures or a live interface: devices, findings, the five things to fix first
    Look(LookArgs),
    /// Stay: keep watch on a network, with a console in the browser
    Run(RunArgs),
    /// List devices
    Devices(DevicesArgs),
    /// Everything about one device
    Device(DeviceArgs),
    /// What to mend, the most urgent first
    Fix(FixArgs),
    /// Why a finding matters or a device is believed to be what it is, and how to mend it
    Explain(ExplainArgs),
    /// What devices may do: learned, rehearsed, put in force, enforced, taken back
    Contract(ContractArgs),
    /// Whether one device can reach another, by all packets there are; exit code 1 if it can
    Prove(ProveArgs),
    /// Try from this machine whether the rules hold: one device you name, a few ports, slowly; exit code 1 if not
    Probe(ProbeArgs),
    /// Cut devices off, at once
    Isolate(IsolateArgs),
    /// Let devices reach again what their contracts say
    Release(ReleaseArgs),
    /// Put in force what learning proposes for a device, or held back
    Admit(AdmitArgs),
    /// Search who spoke with whom, or write it to a file
    Flows(FlowsArgs),
    /// Take in leases, inventories or logs of other tools
    Import(ImportArgs),
    /// Whether the service is well; exit code 1 if not
    Status(StatusArgs),
    /// Invite people, and see who may sign in
    Admin(AdminArgs),
    /// What was done and by whom; verify that nobody changed it
    Ledger(LedgerArgs),
    /// Back up the running service
    Backup(BackupArgs),
    /// Put a backup in the place of the present state
    Restore(RestoreArgs),
    /// Change the master key
    Keys(KeysArgs),
    /// Check, list or show the configuration
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Whether this machine is ready for `cordon run`; exit code 1 if not
    Doctor(DoctorArgs),
    /// Try it: the whole service on the made-up traffic of a clinic, a plant and a home
    Demo(DemoArgs),
    /// Give every right up and say what became of it
    #[command(hide = true)]
    GuardTrial {
        /// The folder that stays writable
        folder: PathBuf,
    },
    /// Keep the kernel's rules; `cordon run` starts it
    #[command(hide = true)]
    Enforcer {
        /// Where confirmed rules lie
        folder: PathBuf,
        /// Bridges whose neighbours are kept apart
        #[arg(long, value_name = "BRIDGE")]
        isolate: Vec<String>,
        /// Their ports that are left open
        #[arg(long, value_name = "PORT")]
        open: Vec<String>,
    },
    /// Take rules back that nobody confirms
    #[command(hide = true)]
    EnforcerWatchdog {
        /// The folder and the seconds
        arguments: Vec<String>,
    },
    /// Print the JSON Schema of an output format
    Schema {
        /// Which format
        of: Schema,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Schema {
    /// What `cordon look --format json` prints
    Look,
    /// The device contract
    Contract,
}

#[derive(Parser)]
#[command(
    after_help = "Examples:\n  cordon look plant.pcapng\n  cordon look captures/ --format html -o report.html\n  \
    tcpdump -w - -i eth0 | cordon look -\n  sudo cordon look eth0 --for 60s\n\nExit codes: 0 done, 1 a finding as \
    grave as --fail-on says, 2 nothing could be read or written.\ncordon only listens: it sends no packet."
)]
pub struct LookArgs {
    /// Capture files (pcap or pcapng, plain, gzip or zstd), folders of them, - for standard input, or a network
    /// interface
    #[arg(required = true, value_name = "CAPTURE|FOLDER|-|INTERFACE")]
    pub inputs: Vec<PathBuf>,

    /// How long to listen on an interface, such as 60s, 10m or 1h; without it, until Ctrl-C
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    pub listen: Option<Duration>,

    /// Make the exit code 1 if there is a finding of this severity or graver
    #[arg(long, value_name = "SEVERITY", value_parser = severity)]
    pub fail_on: Option<Severity>,

    /// Folder of rapid7/recog XML pattern files to name devices by, besides the built-in patterns
    #[arg(long, value_name = "FOLDER")]
    pub recog: Option<PathBuf>,

    #[command(flatten)]
    pub output: OutputArgs,
}

/// What `cordon run -h` ends with.
const RUN_EXAMPLES: &str = "Examples:\n  sudo cordon run                    listen on every interface with hardware\n  \
    sudo cordon run eth1 eth2          listen on these\n  cordon run --replay day.pcap       play a capture in its \
    own time\n  cordon run --replay day.pcap --speed max\n\nNo configuration is needed; `cordon config keys` lists what \
    can be set. cordon only listens: it sends no packet into the networks it watches.";

#[derive(Parser)]
#[command(
    after_help = RUN_EXAMPLES,
    after_long_help = run_help()
)]
pub struct RunArgs {
    /// Interfaces to listen on; without any, every one that is up and has hardware behind it
    #[arg(value_name = "INTERFACE", conflicts_with = "replay")]
    pub interfaces: Vec<String>,

    /// Play a capture file, or a folder of them, in place of listening
    #[arg(long, value_name = "FILE")]
    pub replay: Option<PathBuf>,

    /// How fast to play: 1 as recorded, 60 an hour a minute, max as fast as possible
    #[arg(long, value_name = "N", requires = "replay")]
    pub speed: Option<String>,

    /// Where to keep everything
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,

    /// Address and port of the console, such as 127.0.0.1:8443
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,

    /// Configuration file; without it /etc/cordon/cordon.toml or ~/.config/cordon/cordon.toml, if there is one
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Set a key of the configuration, such as web.second_person=true
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

fn run_help() -> String {
    format!("{RUN_EXAMPLES}\n\n{}", cordon_config::help())
}

impl RunArgs {
    /// What the arguments mean in terms of the configuration.
    pub fn assignments(&self) -> Vec<String> {
        let quoted = |text: &str| format!("{text:?}");
        let mut all = self.set.clone();
        if !self.interfaces.is_empty() {
            let names: Vec<String> = self.interfaces.iter().map(|name| quoted(name)).collect();
            all.push(format!("capture.interfaces=[{}]", names.join(", ")));
        }
        let path = |path: &PathBuf| {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
            quoted(&path.display().to_string())
        };
        all.extend(self.replay.as_ref().map(|file| format!("replay.file={}", path(file))));
        all.extend(self.speed.as_ref().map(|speed| match speed.parse::<f64>() {
            Ok(speed) => format!("replay.speed={speed}"),
            Err(_) => format!("replay.speed={}", quoted(speed)),
        }));
        all.extend(self.data.as_ref().map(|folder| format!("data.dir={}", path(folder))));
        all.extend(self.listen.as_ref().map(|listen| format!("web.listen={}", quoted(listen))));
        all
    }
}

#[derive(Parser)]
pub struct OutputArgs {
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,

    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// When to use colour
    #[arg(long, value_enum, default_value_t = Colour::Auto)]
    pub color: Colour,

    /// No progress bar
    #[arg(short, long)]
    pub quiet: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For the terminal
    Text,
    /// For programs: cordon.look/1, see `cordon schema look`
    Json,
    /// One self-contained page with a map
    Html,
    /// For tickets
    Markdown,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    Always,
    Never,
}

fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no duration; write it as 60s, 10m or 1h");
    let parsed: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    Duration::try_from(parsed).ok().filter(|duration| !duration.is_zero()).ok_or_else(wrong)
}

pub(crate) fn severity(text: &str) -> Result<Severity, String> {
    Severity::ALL.into_iter().find(|severity| severity.name() == text).ok_or_else(|| {
        let names: Vec<_> = Severity::ALL.iter().map(|severity| severity.name()).collect();
        format!("{text:?} is no severity; use one of {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_argument_table_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn durations_are_read_as_people_write_them() {
        assert_eq!(duration("60s"), Ok(Duration::from_secs(60)));
        assert_eq!(duration("10m"), Ok(Duration::from_secs(600)));
        assert!(duration("soon").unwrap_err().contains("60s"));
        assert!(duration("-5s").is_err() && duration("0s").is_err());
    }
}
