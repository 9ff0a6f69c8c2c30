//! `soundalike`: parse, run, exit code.

mod cli;

use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, resume_unwind};
use std::process::ExitCode;

fn main() -> ExitCode {
    if cli::worker::is_one() {
        cli::worker::run();
    }
    std::panic::set_hook(Box::new(tell));
    let result = catch_unwind(|| {
        let cli = cli::parse()?;
        cli::worker::employ();
        let result = catch_unwind(AssertUnwindSafe(|| cli::run(cli)));
        cli::worker::dismiss();
        result.unwrap_or_else(|panic| resume_unwind(panic))
    });
    match result {
        Ok(Ok(exit)) => ExitCode::from(exit as u8),
        Ok(Err(failure)) => {
            if !failure.message.is_empty() {
                cli::fail(&failure.message);
            }
            ExitCode::from(failure.exit as u8)
        }
        // The hook has told of it.
        Err(_) => ExitCode::from(cli::Exit::Internal as u8),
    }
}

/// A bug, in one line that says what to do about it.
fn tell(panic: &PanicHookInfo<'_>) {
    let text = panic.payload().downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.payload().downcast_ref::<String>().map(String::as_str));
    let what = text.unwrap_or("unknown");
    let place = panic.location().map(|place| format!(" ({}:{})", place.file(), place.line()));
    let place = place.unwrap_or_default();
    cli::fail(&format!("internal error: {what}{place}; this is a bug, please report it"));
}
