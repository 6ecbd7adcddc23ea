//! The project's own chores: `cargo xtask test`, `cargo xtask eval …`, `cargo xtask train`.

#![allow(clippy::disallowed_methods, reason = "chores start programs and say how long they took")]

mod captures;
mod chore;
mod e2e;
mod eval;
mod service;
mod test;
mod tidy;
mod tools;
mod torture;
mod train;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Args {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Set up and run everything that must hold: formatting, lints, licences, docs, all tests
    Test,
    /// Measure against labels and peers
    Eval {
        #[command(subcommand)]
        what: eval::What,
    },
    /// Kill the running service at random moments under load; what it had acknowledged must be there
    Torture {
        /// How many kills
        #[arg(long, default_value_t = 25)]
        rounds: u32,
        /// Repeats the moments of an earlier run
        #[arg(long)]
        seed: Option<u64>,
        /// A program that is built already; without it, a debug build is made
        #[arg(long)]
        program: Option<PathBuf>,
    },
    /// Meet the running service from outside: its API, and its console in a browser
    E2e {
        #[command(subcommand)]
        what: Option<e2e::What>,
    },
    /// Make the device model of labelled captures
    Train {
        /// A folder whose subfolders are named after the devices; without it, the corpus
        #[arg(long)]
        data: Option<PathBuf>,
    },
}

fn main() -> anyhow::Result<()> {
    match Args::parse().chore {
        Chore::Test => test::run(),
        Chore::Eval { what } => eval::run(what),
        Chore::Torture { rounds, seed, program } => torture::run(rounds, seed, program),
        Chore::E2e { what } => e2e::run_all(what),
        Chore::Train { data } => train::run(data.as_deref()),
    }
}
