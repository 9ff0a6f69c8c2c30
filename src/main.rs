//! `soundalike`: parse, run, exit code.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::run(cli::parse()) {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(failure) => {
            if !failure.message.is_empty() {
                cli::fail(&failure.message);
            }
            ExitCode::from(failure.exit as u8)
        }
    }
}
