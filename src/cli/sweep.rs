//! `soundalike sweep`: two indexes against each other, only what is new.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use soundalike::counted::{agree, count};
use soundalike::declare::inputs;
use soundalike::declare::metadata::Metadata;
use soundalike::engine::{Index, Judge, day, works, writer};
use soundalike::indexer::{AddOptions, Added, add};
use soundalike::level::Level;
use soundalike::params::FingerprintParams;
use soundalike::policy::DEFAULT_PACK;
use soundalike::report::decide::Commands;
use soundalike::report::records::{ErrorRecord, Record};
use soundalike::report::{JsonLines, Report};
use soundalike::sweep::state::Folder;
use soundalike::sweep::tell::{Telling, Told, tell};
use soundalike::sweep::{Sweep, SweepError, findings, state};

use super::bar::Bar;
use super::common::{
    COMPARISON, Exit, Failure, Format, OUTPUT, TimeArg, VERDICTS, WorkArgs, WorksArgs,
    cancel_on_interrupt, warn,
};
use super::decide::{log_path, say_repaired, say_torn};
use super::out::Out;
use super::policy::{PacksArg, warn_if_stale};
use super::review::exit;
use super::screen::look;

/// Compare what is new in the catalogue or among the references since the last sweep
///
/// New references are compared with the tracks of the catalogue, new tracks of the catalogue with all references; only
/// what no earlier sweep reported is reported. No audio is decoded but that of PATHs. A sweep that was cut
/// short goes on where it was, and reports once all is done.
#[derive(Debug, Args)]
pub(super) struct SweepArgs {
    /// Audio files or folders to add to the catalogue first; what it has already is passed over
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Index of the references
    #[arg(long, value_name = "DIR", env = "SOUNDALIKE_INDEX", help_heading = COMPARISON)]
    index: PathBuf,
    /// Index of the own catalogue
    #[arg(long, value_name = "DIR", help_heading = COMPARISON)]
    catalogue: PathBuf,
    /// Folder that remembers what was compared and found
    #[arg(long, value_name = "DIR", help_heading = COMPARISON)]
    state: PathBuf,
    #[command(flatten)]
    works: WorksArgs,
    /// Policies to judge by, separated by commas; the strictest decides
    #[arg(long, value_name = "NAMES", default_value = DEFAULT_PACK, help_heading = VERDICTS)]
    policy: String,
    #[command(flatten)]
    packs: PacksArg,
    /// The log of decisions [default: INDEX.decisions.jsonl beside the index]
    #[arg(long, value_name = "FILE", env = "SOUNDALIKE_DECISIONS", help_heading = VERDICTS)]
    decisions: Option<PathBuf>,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = SweepFormat::Text, help_heading = OUTPUT)]
    format: SweepFormat,
    /// Report everything that is known of both sides, not only what is new
    #[arg(long, help_heading = OUTPUT)]
    all: bool,
    /// Show at most this many matches per track
    #[arg(long, value_name = "N", default_value_t = 20, help_heading = OUTPUT)]
    limit: usize,
    /// Exit with 1 if what is reported is at least this grave; `clear`: if anything is reported
    #[arg(long, value_name = "LEVEL", default_value = "hold", value_parser = level_parser(), help_heading = VERDICTS)]
    fail_on: Level,
    /// Exit with 0 whatever is reported
    #[arg(long, help_heading = VERDICTS)]
    exit_zero: bool,
    /// Begin anew: put aside what was compared and reported (as *.old)
    #[arg(long, help_heading = COMPARISON)]
    restart: bool,
    #[command(flatten)]
    time: TimeArg,
    #[command(flatten)]
    work: WorkArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SweepFormat {
    /// For people: matches, then one screen of summary
    Text,
    /// One JSON object a line, for programs
    Jsonl,
}

fn level_parser() -> impl TypedValueParser<Value = Level> {
    PossibleValuesParser::new(Level::ALL.map(Level::name))
        .map(|name| Level::from_name(&name).unwrap_or_default())
}

impl SweepFormat {
    fn report(self) -> io::Result<Box<dyn Report>> {
        match self {
            SweepFormat::Text => Format::Text,
            SweepFormat::Jsonl => Format::Jsonl,
        }
        .report(Commands::default())
    }
}

impl From<SweepError> for Failure {
    fn from(error: SweepError) -> Failure {
        let (exit, hint) = match &error {
            SweepError::Locked { .. } => (Exit::Locked, ""),
            SweepError::Damaged { .. } | SweepError::Version { .. } => {
                (Exit::Index, "; put back a copy of it, or begin anew with --restart")
            }
            SweepError::OtherIndexes { .. } => {
                (Exit::Usage, "; give another --state, or begin anew with --restart")
            }
            _ => (Exit::Index, ""),
        };
        match error {
            SweepError::Index(error) => error.into(),
            SweepError::Engine(error) => error.into(),
            SweepError::Output(error) => error.into(),
            error => Failure { exit, message: format!("{error}{hint}") },
        }
    }
}

/// Runs the sweep.
pub(super) fn run(args: &SweepArgs) -> Result<Exit, Failure> {
    let started = Instant::now();
    let (now, shown) = (args.time.now(), args.time.shown()?);
    args.work.start_threads()?;
    let set = args.packs.load()?;
    let packs = set.select(&args.policy)?;
    packs.iter().for_each(|pack| warn_if_stale(pack, day(now)));
    let log = log_path(args.decisions.as_deref(), Some(&args.index))?.unwrap_or_default();
    let is_kept = args.decisions.is_some() || log.exists();
    let judge = Judge::new(packs, true).with_programs_of(&set).with_decisions(log, now)?;
    say_torn(judge.torn());
    let references = Index::open(&args.index)?;
    if is_same(&args.index, &args.catalogue) {
        return Err(Failure::usage(
            "--index and --catalogue are the same folder: every track would be found in itself",
        ));
    }
    let folder = Folder::open(&args.state)?;
    if args.restart {
        folder.set_aside(state::FILE_NAME)?;
        folder.set_aside(findings::FILE_NAME)?;
    }
    let errors = add_paths(args)?;
    let catalogue = Index::open(&args.catalogue)?;
    let mut sweep = Sweep::open(folder, &references, &catalogue, args.works.listening(), shown)?;
    say_unheard(&sweep);
    if sweep.unsummed() > 0 {
        warn(&format!(
            "{}: {} of it {} written by a version without checksums, so that nobody can say whether any was \
             changed; from now on every change shows",
            args.state.join(findings::FILE_NAME).display(),
            count(sweep.unsummed() as usize, "line", "lines"),
            agree(sweep.unsummed() as usize, "was", "were")
        ));
    }
    if sweep.is_resumed() {
        warn(&format!("going on with sweep {}, which was cut short", sweep.number()));
    }
    let cancel = cancel_on_interrupt();
    let finished = !cancel.is_cancelled() && sweep.run(&Bar::new(args.work.quiet), cancel)?;
    let before = match sweep.decided_until() {
        Some((entries, then)) => judge.as_of(entries, then.unwrap_or(now))?,
        None => None,
    };
    let telling = Telling {
        judge: &judge,
        before: before.as_ref(),
        enter: is_kept,
        all: args.all,
        limit: args.limit,
        now: shown,
    };
    let mut report = args.format.report()?;
    let mut told = tell(&mut sweep, finished, errors, &telling, report.as_mut())?;
    drop(report);
    say_repaired(told.repaired);
    let again = told.sweep.judged_again;
    if again > 0 {
        warn(&format!(
            "{} {} judged otherwise than in the sweep before, by decisions made or run out since; nothing was \
             heard again for that",
            count(again, "track", "tracks"),
            agree(again, "is", "are")
        ));
    }
    told.timed(started.elapsed());
    let exit = end(args, told)?;
    if finished {
        sweep.finish(Timestamp::now())?;
        sweep.set_decided_until(judge.decided_until(), now)?;
    }
    Ok(exit)
}

/// Says which tracks are compared as recordings alone.
fn say_unheard(sweep: &Sweep) {
    let unheard = sweep.sides().unheard();
    if unheard > 0 {
        warn(&format!(
            "{} of both sides {} kept without what they play, or never sound, and {} compared as recordings alone; \
             where `index add --works` adds it later, begin anew with --restart",
            count(unheard, "track", "tracks"),
            agree(unheard, "is", "are"),
            agree(unheard, "is", "are")
        ));
    }
}

fn is_same(a: &Path, b: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    real(a).is_some() && real(a) == real(b)
}

/// Adds the files given to the catalogue.
fn add_paths(args: &SweepArgs) -> Result<Vec<ErrorRecord>, Failure> {
    if args.paths.is_empty() {
        return Ok(Vec::new());
    }
    let found = inputs::collect(&args.paths);
    for folder in &found.empty_folders {
        warn(&format!("{}: no audio files in this folder", folder.display()));
    }
    let mut errors: Vec<ErrorRecord> = found.errors.iter().map(ErrorRecord::from).collect();
    let (params, metadata) = (FingerprintParams::V2, Metadata::default());
    let mut writer = writer(&args.catalogue)?;
    let decode = args.work.decode_options();
    let kept = works(&args.catalogue)?.listening();
    let options = AddOptions { decode, works: kept, ..AddOptions::new(&params, &metadata) };
    let bar = Bar::new(args.work.quiet);
    let added: Added = add(&mut writer, &found.files, &options, &bar, cancel_on_interrupt())?;
    for path in &added.featureless {
        warn(&format!("{}: nothing to fingerprint", path.display()));
    }
    errors.extend(added.errors.iter().map(|error| ErrorRecord::audio(error.path(), error)));
    Ok(errors)
}

/// Prints the totals.
fn end(args: &SweepArgs, told: Told) -> Result<Exit, Failure> {
    let Told { sweep, mut summary, .. } = told;
    let found = sweep.gravest().is_some_and(|level| level >= args.fail_on);
    let exit = exit(&summary, found && !args.exit_zero);
    summary.exit_code = exit as u8;
    let mut out = Out::new(io::stdout().lock());
    match args.format {
        SweepFormat::Text => {
            let commands = Commands::new(Some(&args.index), args.decisions.as_deref());
            sweep.write(&mut out, look(), args.all, &commands)?;
        }
        SweepFormat::Jsonl => {
            serde_json::to_writer(&mut out, &sweep).map_err(io::Error::from)?;
            out.write_all(b"\n")?;
            JsonLines(&mut out).record(&Record::Summary(summary))?;
        }
    }
    out.flush()?;
    Ok(exit)
}
