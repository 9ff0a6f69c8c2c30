//! `soundalike compare`: two files, no index.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use soundalike::declare::misnamed::hint;
use soundalike::engine::{Engine, Options};
use soundalike::report::decide::Commands;
use soundalike::report::records::Record;

use super::common::{Exit, Failure, Format, OUTPUT, TimeArg, WorkArgs, WorksArgs, warn};
use super::review::exit;

#[derive(Debug, Args)]
pub(super) struct CompareArgs {
    /// The file in question
    query: PathBuf,
    /// The file it may resemble
    reference: PathBuf,
    #[command(flatten)]
    works: WorksArgs,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = Format::Text, help_heading = OUTPUT)]
    format: Format,
    /// Exit with 0 even if they match
    #[arg(long, help_heading = OUTPUT)]
    exit_zero: bool,
    #[command(flatten)]
    time: TimeArg,
    #[command(flatten)]
    work: WorkArgs,
}

/// Runs the comparison.
pub(super) fn run(args: CompareArgs) -> Result<Exit, Failure> {
    let started = Instant::now();
    let shown = args.time.shown()?;
    args.work.start_threads()?;
    for path in [&args.query, &args.reference] {
        let hint = hint(path).trim_start_matches([';', ' ']);
        if !hint.is_empty() && !path.exists() {
            warn(&format!("{}: {hint}", path.display()));
        }
    }
    let mut options = Options::default();
    options.decode = args.work.decode_options();
    options.works = args.works.listening();
    let mut report = args.format.report(Commands::default())?;
    let engine = Engine::new(options);
    let mut summary =
        engine.compare_and_tell(&args.query, &args.reference, shown, report.as_mut())?;
    let found = summary.matches + summary.resembling > 0;
    let exit = exit(&summary, found && !args.exit_zero);
    summary.exit_code = exit as u8;
    summary.timed(started.elapsed());
    if args.format != Format::Text {
        report.record(&Record::Summary(summary))?;
    }
    Ok(exit)
}
