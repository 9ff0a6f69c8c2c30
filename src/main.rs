//! `soundalike`: parse, run, exit code.

mod cli;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match cli::run(cli::Cli::parse()) {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(failure) => {
            if !failure.message.is_empty() {
                cli::warn(&failure.message);
            }
            ExitCode::from(failure.exit as u8)
        }
    }
}
