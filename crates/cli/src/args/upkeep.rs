//! Arguments of the commands that work on a machine or a data folder.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use super::Colour;
use super::ask::Shown;

#[derive(Parser)]
#[command(
    after_help = "The present state is set aside in a dated folder; nothing is lost. The service must be stopped."
)]
pub struct RestoreArgs {
    /// The backup: a folder, or the name of one in the data folder's backups
    #[arg(value_name = "FOLDER|NAME")]
    pub from: PathBuf,

    /// File whose first line is the passphrase of a sealed backup (- for standard input); without,
    /// it is asked for
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,

    /// Data folder to restore into
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,

    /// Configuration file that names the data folder
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

#[derive(Parser)]
pub struct KeysArgs {
    #[command(subcommand)]
    pub command: KeysCommand,
}

#[derive(Subcommand)]
pub enum KeysCommand {
    /// Make a new master key and seal everything anew under it; the service must be stopped
    #[command(
        after_help = "Both keys stay until everything is sealed under the new one. Should it be broken off, run it again; \
    the service works with both meanwhile. Backups made before hold the former key."
    )]
    Rotate {
        /// Data folder
        #[arg(long, value_name = "FOLDER")]
        data: Option<PathBuf>,
        /// Configuration file that names the data folder
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

#[derive(Subcommand)]
pub enum ConfigCommand {
    /// Look a configuration file over: every problem with its line; exit code 1 if there is one
    Check {
        /// The file; without, the one that `cordon run` would take
        file: Option<PathBuf>,
    },
    /// Every key with its kind, default and meaning
    Keys,
    /// A configuration file with every key, commented out
    Default,
    /// What is in force, and where each value comes from
    Show {
        /// The file; without, the one that `cordon run` would take
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// As for `cordon run`
        #[arg(long = "set", value_name = "KEY=VALUE")]
        set: Vec<String>,
        #[command(flatten)]
        shown: Shown,
    },
}

#[derive(Parser)]
pub struct DoctorArgs {
    /// Interfaces to look at; without any, those that `cordon run` would listen on
    #[arg(value_name = "INTERFACE")]
    pub interfaces: Vec<String>,

    /// Data folder
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,

    /// Configuration file
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    #[command(flatten)]
    pub shown: Shown,
}

#[derive(Parser)]
#[command(
    after_help = "cordon demo makes up its traffic: nothing of your network is read, and only this machine can open the \
    pages."
)]
pub struct DemoArgs {
    /// Write the captures and a report, print it and end, without a service
    #[arg(long)]
    pub once: bool,

    /// See the kernel block: devices in network namespaces, told in ten steps, in about a minute; takes root, ip and
    /// nft
    #[arg(long, conflicts_with_all = ["once", "keep", "port"])]
    pub real: bool,

    /// With --once: where to leave the captures and the report
    #[arg(long, value_name = "FOLDER", default_value = "cordon-demo")]
    pub out: PathBuf,

    /// With --once: which variant of the traffic to write; the same seed gives the same bytes
    #[arg(long, default_value_t = 1)]
    pub seed: u64,

    /// Keep the data folder when it ends
    #[arg(long, conflicts_with = "once")]
    pub keep: bool,

    /// Port of the console; 8443, or a free one where that is taken
    #[arg(long, conflicts_with = "once")]
    pub port: Option<u16>,

    /// When to use colour
    #[arg(long, value_enum, default_value_t = Colour::Auto)]
    pub color: Colour,

    /// The service of the demo, in this folder
    #[arg(long, hide = true)]
    pub inside: Option<PathBuf>,

    /// With --real: already in namespaces of its own
    #[arg(long, hide = true, requires = "real")]
    pub world: bool,
}
