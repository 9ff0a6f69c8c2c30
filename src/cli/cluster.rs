//! `soundalike cluster`: near-duplicates within a batch, or within an index; families that play the same.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use soundalike::engine::{Engine, Index, Options};
use soundalike::level::Level;
use soundalike::report::Report;
use soundalike::report::decide::Commands;
use soundalike::report::records::Record;

use super::bar::Bar;
use super::common::{
    COMPARISON, Exit, Failure, Format, OUTPUT, TimeArg, WorkArgs, WorksArg, cancel_on_interrupt,
};
use super::page::PageArg;
use super::review::{OptionalUploads, exit};

#[derive(Debug, Args)]
pub(super) struct ClusterArgs {
    #[command(flatten)]
    uploads: OptionalUploads,
    /// Index of earlier uploads to compare the files with, too; without files: the index to look through
    #[arg(long, value_name = "DIR", help_heading = COMPARISON)]
    index: Option<PathBuf>,
    /// Look for families, too: tracks that play the same on other instruments, in another key and tempo, and are no
    /// copies; chords and the tune, or chords alone, which cost far less; an index must have been made with `index add
    /// --works`
    #[arg(
        long,
        value_enum,
        value_name = "CHANNELS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "all",
        help_heading = COMPARISON
    )]
    works: Option<WorksArg>,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = Format::Text, help_heading = OUTPUT)]
    format: Format,
    #[command(flatten)]
    page: PageArg,
    /// Show clusters with at least this score
    #[arg(long, value_name = "SCORE", default_value_t = 0.0, help_heading = OUTPUT)]
    min_score: f64,
    /// Exit with 0 whatever is found [default: 1 if a cluster reaches `hold`]
    #[arg(long, help_heading = OUTPUT)]
    exit_zero: bool,
    #[command(flatten)]
    time: TimeArg,
    #[command(flatten)]
    work: WorkArgs,
}

/// Runs the command.
pub(super) fn run(args: ClusterArgs) -> Result<Exit, Failure> {
    let started = Instant::now();
    let shown = args.time.shown()?;
    args.work.start_threads()?;
    let dir = args.index.clone().or_else(|| match args.uploads.is_empty() {
        true => super::scan::index_from_environment(),
        false => None,
    });
    let index = dir.as_deref().map(Index::open).transpose()?;
    let mut report = args.format.report(Commands::default())?;
    let mut report = args.page.beside(report.as_mut(), true)?;
    let mut worst = Level::Clear;
    let mut sink = Clusters { report: &mut report, least: args.min_score, worst: &mut worst };
    let mut options = Options::default();
    options.decode = args.work.decode_options();
    let engine = Engine::new(options).hearing(WorksArg::listening(args.works));
    let (bar, cancel) = (Bar::new(args.work.quiet), cancel_on_interrupt());
    let outcomes = match (args.uploads.is_empty(), index) {
        (true, None) => {
            return Err(Failure::usage("what should be compared? Give files, folders or --index"));
        }
        (true, Some(index)) => engine.clusters(&index, shown, &mut sink, &bar, cancel)?,
        (false, earlier) => {
            let engine = match earlier {
                Some(earlier) => engine.with_earlier(earlier),
                None => engine,
            };
            engine.ensure_earlier_works()?;
            let uploads = args.uploads.collect(args.format)?;
            let begin = engine.begin(&uploads, shown);
            engine.run(uploads, &begin, &mut sink, &bar, cancel)?
        }
    };
    let exit = exit(&outcomes.summary, worst >= Level::Hold && !args.exit_zero);
    outcomes.close(exit as u8, started, &mut report)?;
    report.publish(None, Commands::default(), args.work.quiet)?;
    Ok(exit)
}

/// Passes records on, clusters only from a score on, and notes the gravest.
struct Clusters<'a> {
    report: &'a mut dyn Report,
    least: f64,
    worst: &'a mut Level,
}

impl Report for Clusters<'_> {
    fn record(&mut self, record: &Record) -> std::io::Result<()> {
        if let Record::Cluster(cluster) = record {
            if cluster.score < self.least {
                return Ok(());
            }
            *self.worst = (*self.worst).max(cluster.level);
        }
        self.report.record(record)
    }
}
