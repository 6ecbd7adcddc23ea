//! `cargo xtask eval …`: figures against labels and peers, printed as tables for `docs/benchmarks.md`.

mod contracts;
pub mod corpus;
mod devices;
mod protocols;
mod rehearsal;
mod robustness;
mod service;
mod speed;

use std::path::PathBuf;

use anyhow::Result;
use clap::Subcommand;

#[derive(Subcommand)]
pub enum What {
    /// What contracts learned from one half of captures make of the other, and of attacks
    Contracts {
        /// Print every conversation that breaks, and what every contract lacks
        #[arg(long)]
        explain: bool,
    },
    /// Which devices are named rightly, by labelled captures
    Devices {
        /// A folder whose subfolders are named after the devices, scored with the committed
        /// model; without it, the corpus in folds
        #[arg(long)]
        test: Option<PathBuf>,
        /// Print the token set's size and hash of each capture, and its verdict
        #[arg(long)]
        list: bool,
    },
    /// Which flows cordon recognises, with tshark as judge
    Protocols {
        /// A folder of captures; without it, the corpus' dev and speed sets
        #[arg(long)]
        dir: Option<PathBuf>,
        /// Print every flow on which the two disagree
        #[arg(long)]
        explain: bool,
    },
    /// Recorded flows judged under contracts per CPU second, by the tally and by paging through rows
    Rehearsal {
        /// Flows that are made
        #[arg(long, default_value_t = 10_000_000)]
        flows: u64,
        /// How often each way is measured
        #[arg(long, default_value_t = 3)]
        times: usize,
        /// Where the history is kept for the next time; without it, one that is removed
        #[arg(long)]
        folder: Option<PathBuf>,
        /// The tally alone
        #[arg(long)]
        alone: bool,
        /// Only the contracts whose name contains this
        #[arg(long)]
        only: Option<String>,
    },
    /// Every capture of the corpus through the whole command: no panic, no hang, bounded memory
    Robustness,
    /// The service: packets per CPU second beside look, memory, and how fast its pages come
    Service {
        /// How often look and run take turns
        #[arg(long, default_value_t = 3)]
        times: usize,
        /// Requests per page
        #[arg(long, default_value_t = 2000)]
        requests: usize,
    },
    /// Packets per CPU second and peak memory, beside nDPI, in turns
    Speed {
        /// A large capture; without it, the corpus' big.pcap is made
        #[arg(long)]
        file: Option<PathBuf>,
        /// How often each runs
        #[arg(long, default_value_t = 5)]
        times: usize,
    },
}

/// Runs one evaluation.
pub fn run(what: What) -> Result<()> {
    match what {
        What::Contracts { explain } => contracts::run(explain),
        What::Devices { test, list } => devices::run(test.as_deref(), list),
        What::Protocols { dir, explain } => protocols::run(dir.as_deref(), explain),
        What::Rehearsal { flows, times, folder, alone, only } => {
            rehearsal::run(flows, times, folder.as_deref(), !alone, only.as_deref())
        }
        What::Robustness => robustness::run(),
        What::Service { times, requests } => service::run(times, requests),
        What::Speed { file, times } => speed::run(file.as_deref(), times),
    }
}
