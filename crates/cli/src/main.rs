//! The `cordon` command: parses arguments, wires the pipeline, prints.

mod args;
mod ask;
mod compose;
mod configuration;
mod demo;
mod doctor;
mod enforcer;
mod failure;
mod input;
mod keys;
mod learn;
mod look;
mod output;
mod passphrase;
mod restore;
mod run;
mod service;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Args, Command, Schema};

fn main() -> ExitCode {
    let args = Args::parse();
    let done = match args.command {
        Command::Look(args) => look::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Devices(args) => ask::devices(&args),
        Command::Device(args) => ask::device(&args),
        Command::Fix(args) => ask::fix(&args),
        Command::Explain(args) => ask::explain(&args),
        Command::Flows(args) => ask::flows(&args),
        Command::Contract(args) => ask::contract(&args),
        Command::Prove(args) => ask::prove(&args),
        Command::Probe(args) => ask::probe(&args),
        Command::Isolate(args) => ask::isolate(&args),
        Command::Release(args) => ask::release(&args),
        Command::Admit(args) => ask::admit(&args),
        Command::Import(args) => ask::import(&args),
        Command::Status(args) => ask::status(&args),
        Command::Admin(args) => ask::admin(&args),
        Command::Ledger(args) => ask::ledger(&args),
        Command::Backup(args) => ask::backup(&args),
        Command::Restore(args) => restore::run(&args),
        Command::Keys(args) => keys::run(&args),
        Command::Config { command } => configuration::run(&command),
        Command::Doctor(args) => doctor::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::GuardTrial { folder } => doctor::guard_trial(&folder),
        Command::Enforcer { folder, isolate, open } => enforcer::keep(&folder, &isolate, &open),
        Command::EnforcerWatchdog { arguments } => enforcer::watch(&arguments),
        Command::Schema { of: Schema::Look } => output::schema(),
        Command::Schema { of: Schema::Contract } => output::contract_schema(),
    };
    match done {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}
