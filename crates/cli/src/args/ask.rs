//! Arguments of the commands that ask the running service.

#![allow(rustdoc::bare_urls, reason = "these texts are read in a terminal")]

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use cordon_model::Severity;

use super::{Colour, severity};

/// Which service is asked.
#[derive(Parser, Clone, Default)]
#[command(next_help_heading = "Which service")]
pub struct At {
    /// Data folder of the service on this machine
    #[arg(long, value_name = "FOLDER", conflicts_with = "server", global = true)]
    pub data: Option<PathBuf>,

    /// Configuration file that names the data folder
    #[arg(long, value_name = "FILE", conflicts_with = "server", global = true)]
    pub config: Option<PathBuf>,

    /// A service elsewhere, such as https://cordon.clinic.lan:8443
    #[arg(long, value_name = "URL", requires = "token_file", global = true)]
    pub server: Option<String>,

    /// File that holds an API token (made under People & keys)
    #[arg(long, value_name = "FILE", requires = "server", global = true)]
    pub token_file: Option<PathBuf>,

    /// SHA-256 of that service's certificate, as its Health page shows it; without it, a public authority must have
    /// issued the certificate
    #[arg(long, value_name = "SHA256", requires = "server", global = true)]
    pub fingerprint: Option<String>,
}

/// How an answer is printed.
#[derive(Parser, Clone)]
pub struct Shown {
    /// How to print
    #[arg(long, value_enum, default_value_t = Form::Text, global = true)]
    pub format: Form,

    /// When to use colour
    #[arg(long, value_enum, default_value_t = Colour::Auto, global = true)]
    pub color: Colour,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// For the terminal
    Text,
    /// For programs: what the API answers, unchanged
    Json,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Listing {
    /// For the terminal
    Text,
    /// For programs: what the API answers, unchanged; one page
    Json,
    /// For spreadsheets
    Csv,
}

#[derive(Parser)]
#[command(
    after_help = "Examples:\n  cordon devices                        all\n  cordon devices siemens --state online\n  \
    cordon devices --severity high --sort findings\n  cordon devices --format csv > devices.csv"
)]
pub struct DevicesArgs {
    /// Words that must all occur in name, vendor, model, addresses, labels, owner or location
    #[arg(value_name = "WORDS")]
    pub words: Vec<String>,

    /// Only of this kind, such as infusion-pump
    #[arg(long)]
    pub kind: Option<String>,

    /// Only of this vendor
    #[arg(long)]
    pub vendor: Option<String>,

    /// Only in this zone
    #[arg(long)]
    pub zone: Option<String>,

    /// Only with this label
    #[arg(long)]
    pub tag: Option<String>,

    /// Only with an open finding of this severity or graver
    #[arg(long, value_name = "SEVERITY")]
    pub severity: Option<String>,

    /// online, silent, new or unnamed
    #[arg(long)]
    pub state: Option<String>,

    /// label, kind, vendor, zone, last, first or findings
    #[arg(long, value_name = "COLUMN")]
    pub sort: Option<String>,

    /// At most this many; JSON gives up to 500 of them and where to go on
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub limit: u32,

    /// Where to go on: `next` of an earlier answer
    #[arg(long, value_name = "CURSOR")]
    pub cursor: Option<String>,

    /// How to print
    #[arg(long, value_enum, default_value_t = Listing::Text)]
    pub format: Listing,

    /// When to use colour
    #[arg(long, value_enum, default_value_t = Colour::Auto)]
    pub color: Colour,

    #[command(flatten)]
    pub at: At,
}

#[derive(Parser)]
pub struct DeviceArgs {
    /// Its name, address or id
    #[arg(value_name = "NAME|ADDRESS|ID")]
    pub name: String,

    #[command(flatten)]
    pub shown: Shown,

    #[command(flatten)]
    pub at: At,
}

#[derive(Parser)]
pub struct FixArgs {
    /// Make the exit code 1 if something of this severity or graver is to be mended
    #[arg(long, value_name = "SEVERITY", value_parser = severity)]
    pub fail_on: Option<Severity>,

    #[command(flatten)]
    pub shown: Shown,

    #[command(flatten)]
    pub at: At,
}

#[derive(Parser)]
pub struct ExplainArgs {
    /// A finding's id, such as telnet-service@mac-0017882476ff, or a device's name, address or id
    #[arg(value_name = "FINDING|DEVICE")]
    pub what: String,

    #[command(flatten)]
    pub shown: Shown,

    #[command(flatten)]
    pub at: At,
}

#[derive(Parser)]
#[command(after_help = "Examples:\n  cordon flows --device infusion-3 --app telnet\n  \
    cordon flows --from 2026-11-22T08:00:00Z --port 502\n  cordon flows --export parquet -o flows.parquet")]
pub struct FlowsArgs {
    /// A device at either end: name, address or id
    #[arg(long, value_name = "NAME|ADDRESS|ID")]
    pub device: Option<String>,

    /// The other end: a device or an address
    #[arg(long, value_name = "NAME|ADDRESS|ID")]
    pub peer: Option<String>,

    /// An application, such as modbus
    #[arg(long)]
    pub app: Option<String>,

    /// The service's port
    #[arg(long)]
    pub port: Option<u16>,

    /// Not before this time, such as 2026-11-22T08:00:00Z
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,

    /// Before this time
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,

    /// At most this many, the newest first
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub limit: u32,

    /// Write all of them, up to a million, in this format
    #[arg(long, value_enum, value_name = "FORMAT", requires = "output")]
    pub export: Option<Export>,

    /// The file to write
    #[arg(short, long, value_name = "FILE", requires = "export")]
    pub output: Option<PathBuf>,

    #[command(flatten)]
    pub shown: Shown,

    #[command(flatten)]
    pub at: At,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Export {
    Csv,
    Ndjson,
    Parquet,
}

impl Export {
    /// As the API names it.
    pub const fn name(self) -> &'static str {
        match self {
            Export::Csv => "csv",
            Export::Ndjson => "ndjson",
            Export::Parquet => "parquet",
        }
    }
}

#[derive(Parser)]
pub struct ImportArgs {
    /// Leases of dnsmasq, dhcpd or Kea, CSV inventories, Zeek or Suricata logs
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    #[command(flatten)]
    pub shown: Shown,

    #[command(flatten)]
    pub at: At,
}

#[derive(Parser)]
pub struct StatusArgs {
    #[command(flatten)]
    pub shown: Shown,

    #[command(flatten)]
    pub at: At,
}

#[derive(Parser)]
pub struct AdminArgs {
    #[command(subcommand)]
    pub command: AdminCommand,

    #[command(flatten)]
    pub at: At,
}

#[derive(Subcommand)]
pub enum AdminCommand {
    /// Print a link that lets one new person in, once
    Invite {
        /// viewer, operator, approver or admin
        #[arg(long, default_value = "viewer")]
        role: String,
        /// Hours until the link is useless, at most 168
        #[arg(long, default_value_t = 24)]
        hours: u32,
        #[command(flatten)]
        shown: Shown,
    },
    /// List who may sign in, how, and from where they are signed in
    People {
        #[command(flatten)]
        shown: Shown,
    },
}

#[derive(Parser)]
pub struct LedgerArgs {
    #[command(subcommand)]
    pub command: LedgerCommand,

    #[command(flatten)]
    pub at: At,
}

#[derive(Subcommand)]
pub enum LedgerCommand {
    /// What was done and by whom, newest first
    List {
        /// At most this many
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
        limit: u32,
        /// Where to go on: `next` of an earlier answer
        #[arg(long, value_name = "CURSOR")]
        cursor: Option<String>,
        #[command(flatten)]
        shown: Shown,
    },
    /// The newest signed checkpoint and the public key: keep both elsewhere
    Head {
        /// Print the checkpoint and nothing else, as in `cordon ledger head --only checkpoint > saved.txt`
        #[arg(long, value_enum, value_name = "PART")]
        only: Option<HeadPart>,
        #[command(flatten)]
        shown: Shown,
    },
    /// Check every record against what was signed; exit code 1 names the first that is wrong
    Verify(VerifyArgs),
    /// Write the whole ledger to a file that is verified without the service
    Export {
        /// The file to write; - for standard output
        #[arg(short, long, value_name = "FILE", default_value = "ledger.ndjson")]
        output: PathBuf,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum HeadPart {
    Checkpoint,
    Key,
}

#[derive(Parser)]
#[command(
    after_help = "Examples:\n  cordon ledger verify                     the running service, or the data folder of a stopped one\n  \
    cordon ledger verify --export ledger.ndjson --key KEY --checkpoint saved.txt\n\nWithout a checkpoint kept elsewhere nobody can \
    tell that the end of an export was cut off together with its checkpoints."
)]
pub struct VerifyArgs {
    /// Verify this export, without any service
    #[arg(long, value_name = "FILE", requires = "key")]
    pub export: Option<PathBuf>,

    /// A checkpoint that was kept elsewhere
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,

    /// The ledger's public key, as `cordon ledger head` prints it, or a file that holds it
    #[arg(long, value_name = "KEY|FILE")]
    pub key: Option<String>,

    #[command(flatten)]
    pub shown: Shown,
}

#[derive(Parser)]
#[command(
    after_help = "A backup holds the master key: keep it as you keep this machine, or put the key under a passphrase with \
    --seal.\nDevices, findings and flows lie readable in it either way."
)]
pub struct BackupArgs {
    /// What to call it: letters, digits, hyphens, such as before-update
    pub name: String,

    /// Put the master key under a passphrase, which is asked for
    #[arg(long)]
    pub seal: bool,

    /// The same with the first line of this file as the passphrase (- for standard input)
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,

    #[command(flatten)]
    pub at: At,
}
