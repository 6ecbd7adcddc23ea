//! Arguments of the commands about what devices may do.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use super::ask::{At, Shown};

#[derive(Parser)]
#[command(
    after_help = "Examples:\n  cordon contract list                         what stands, and what is to be decided\n  \
    cordon contract show camera-3                in plain words\n  cordon contract rehearse --proposed          what would be \
    blocked in the last week\n  cordon contract diff camera-3                what the latest version changed, by whom and why\n  cordon contract adopt camera-3 --why \"looks right\"\n  cordon contract enforce camera-3 --rehearse  \
    only say what would happen\n  cordon contract enforce camera-3\n  cordon contract confirm                      within ten \
    minutes, or it is taken back\n  cordon contract undo\n  cordon contract learn day.pcap               without a service"
)]
pub struct ContractArgs {
    #[command(subcommand)]
    pub command: ContractCommand,

    #[command(flatten)]
    pub at: At,

    #[command(flatten)]
    pub shown: Shown,
}

#[derive(Subcommand)]
pub enum ContractCommand {
    /// What stands for devices, and what learning proposes
    List {
        /// learning, ready, watch, warn or enforce
        #[arg(long)]
        state: Option<String>,
        /// Only where something is to be decided
        #[arg(long)]
        news: bool,
    },
    /// Learn contracts from captures, without a service, and print them
    Learn {
        /// Capture files or folders of them
        #[arg(required = true, value_name = "CAPTURE|FOLDER")]
        captures: Vec<PathBuf>,
        /// Only of this device: a name, address or id
        #[arg(long)]
        device: Option<String>,
        /// Write each contract as a file into this folder
        #[arg(long, value_name = "FOLDER")]
        out: Option<PathBuf>,
    },
    /// One contract in plain words
    Show {
        /// Name, address or id
        device: String,
    },
    /// What differs between two versions of a contract: the one in force and the one before,
    /// unless told
    Diff {
        /// Name, address or id
        device: String,
        /// The earlier version; 0 for nothing in force
        #[arg(long, value_name = "VERSION", value_parser = version)]
        from: Option<String>,
        /// The later version; 0 for nothing in force, `proposed` for what learning proposes
        #[arg(long, value_name = "VERSION", value_parser = later_version)]
        to: Option<String>,
    },
    /// What recorded traffic would meet, were the contracts enforced
    Rehearse {
        /// Names, addresses, ids, zone:NAME, tag:NAME; without any, all
        devices: Vec<String>,
        /// From when, such as 2026-11-22T07:00:00Z; without it, a week before the end
        #[arg(long)]
        from: Option<String>,
        /// Until when
        #[arg(long)]
        to: Option<String>,
        /// As if everything that is proposed were adopted
        #[arg(long)]
        proposed: bool,
    },
    /// Put in force what is proposed for a device
    Adopt {
        /// Name, address or id
        device: String,
        /// Only these entries of what is proposed
        #[arg(long, value_name = "ENTRY")]
        only: Vec<String>,
        /// Without these entries; they are not proposed again
        #[arg(long, value_name = "ENTRY")]
        without: Vec<String>,
        #[command(flatten)]
        how: How,
    },
    /// Enforce contracts: on trial first, until you confirm
    Enforce {
        /// Names, addresses, ids, zone:NAME, tag:NAME or all
        #[arg(required = true)]
        devices: Vec<String>,
        /// How far
        #[arg(long, value_enum, default_value_t = Stage::Enforce)]
        stage: Stage,
        #[command(flatten)]
        how: How,
    },
    /// The rules that this machine's kernel holds
    Rules,
    /// Keep the rules that are on trial
    Confirm,
    /// Take a step back, the latest without a number; rules that are on trial first
    Undo {
        /// The step's number, as `cordon contract steps` lists it
        step: Option<u64>,
    },
    /// What was done to contracts
    Steps,
    /// Put in force what a maker says in a MUD file (RFC 8520)
    ImportMud {
        /// Name, address or id
        device: String,
        /// The file
        file: PathBuf,
        /// Its detached signature (CMS); checked before anything is taken over
        #[arg(long, value_name = "FILE", requires = "authority")]
        signature: Option<PathBuf>,
        /// Certificates of the authorities that are trusted for it, as PEM
        #[arg(long, value_name = "FILE")]
        authority: Option<PathBuf>,
        #[command(flatten)]
        how: How,
    },
    /// Print a contract as a MUD file
    ExportMud {
        /// Name, address or id
        device: String,
    },
    /// Who may talk to whom, by zones
    Zones,
}

/// The number of a version.
fn version(text: &str) -> Result<String, String> {
    let plain = text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<u32>() {
        Ok(number) if plain => Ok(number.to_string()),
        _ => Err("a version is a number, such as 3; 0 for nothing in force".to_owned()),
    }
}

fn later_version(text: &str) -> Result<String, String> {
    if text == "proposed" { Ok(text.to_owned()) } else { version(text) }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Stage {
    /// Nothing is blocked; what is outside is noticed
    Watch,
    /// What is outside passes and is logged
    Warn,
    /// What is outside is blocked
    Enforce,
}

/// How something is done.
#[derive(Parser, Clone)]
pub struct How {
    /// Only say what would happen
    #[arg(long)]
    pub rehearse: bool,
    /// Why; kept with the step and in the ledger
    #[arg(long, value_name = "REASON", default_value = "")]
    pub why: String,
}

#[derive(Parser)]
#[command(
    after_help = "Examples:\n  cordon prove thermostat-1 imaging-server\n  cordon prove thermostat-1                 \
    everything that it could reach"
)]
pub struct ProveArgs {
    /// From which device
    pub from: String,
    /// To which device; without it, everything it could reach
    pub to: Option<String>,
    /// Promise it: prove it again every ten minutes and with every change of the rules
    #[arg(long, requires = "to")]
    pub keep: bool,
    /// Let go of that promise
    #[arg(long, requires = "to", conflicts_with = "keep")]
    pub let_go: bool,
    /// Write the signed proof to this file
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub at: At,
    #[command(flatten)]
    pub shown: Shown,
}

#[derive(Parser)]
#[command(
    after_help = "Examples:\n  cordon isolate camera-3 --why \"scans the network\"\n  cordon isolate tv-2 --reach local-only\n  \
    cordon release camera-3"
)]
pub struct IsolateArgs {
    /// Names, addresses, ids, zone:NAME or tag:NAME
    #[arg(required = true)]
    pub devices: Vec<String>,
    /// What may still be reached
    #[arg(long, value_enum, default_value_t = Reach::Off)]
    pub reach: Reach,
    #[command(flatten)]
    pub how: How,
    #[command(flatten)]
    pub at: At,
    #[command(flatten)]
    pub shown: Shown,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Reach {
    /// Nothing
    Off,
    /// Only the site
    LocalOnly,
    /// Only the Internet
    InternetOnly,
}

#[derive(Parser)]
pub struct ReleaseArgs {
    /// Names, addresses, ids, zone:NAME or tag:NAME
    #[arg(required = true)]
    pub devices: Vec<String>,
    #[command(flatten)]
    pub how: How,
    #[command(flatten)]
    pub at: At,
    #[command(flatten)]
    pub shown: Shown,
}

#[derive(Parser)]
#[command(
    after_help = "Examples:\n  cordon admit camera-3                what is proposed is put in force\n  \
    cordon admit camera-3 e-0123456789   an entry that was held back"
)]
pub struct AdmitArgs {
    /// Name, address or id
    pub device: String,
    /// Entries that were held back or are proposed; without any, everything that is proposed
    pub entries: Vec<String>,
    #[command(flatten)]
    pub how: How,
    #[command(flatten)]
    pub at: At,
    #[command(flatten)]
    pub shown: Shown,
}
