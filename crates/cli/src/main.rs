//! The `cordon` command: parses arguments, wires the pipeline, prints.

mod args;
mod compose;
mod demo;
mod failure;
mod input;
mod look;
mod output;
mod run;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Args, Command, Schema};

fn main() -> ExitCode {
    let args = Args::parse();
    let done = match args.command {
        Command::Look(args) => look::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Schema { of: Schema::Look } => output::schema(),
    };
    match done {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}
