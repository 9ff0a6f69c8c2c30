//! `soundalike cluster`: near-duplicates within a batch, or within an index.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use soundalike::batch::families;
use soundalike::batch::pool::Pool;
use soundalike::intake::{self, Settings};
use soundalike::level::Level;
use soundalike::params::FingerprintParams;
use soundalike::report::Report;
use soundalike::report::records::{Begin, Record, Summary};
use soundalike::scan::scanner::Depth;
use soundalike_index::{Reader, SearchMode};

use super::bar::Bar;
use super::common::{Exit, Failure, Format, WorkArgs, cancel_on_interrupt, open_index};
use super::review::{OptionalUploads, exit};
use super::scan::{finish, index_info, named};

#[derive(Debug, Args)]
pub(super) struct ClusterArgs {
    #[command(flatten)]
    uploads: OptionalUploads,
    /// Index of earlier uploads to compare the files with, too; without files: the index to look through
    #[arg(long, value_name = "DIR")]
    index: Option<PathBuf>,
    /// Show groups with at least this score
    #[arg(long, value_name = "SCORE", default_value_t = 0.0)]
    min_score: f64,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Exit with 0 whatever is found [default: 1 if a group reaches `hold`]
    #[arg(long)]
    exit_zero: bool,
    #[command(flatten)]
    work: WorkArgs,
}

/// Runs the command.
pub(super) fn run(args: ClusterArgs) -> Result<Exit, Failure> {
    let started = Instant::now();
    let params = FingerprintParams::V2;
    args.work.start_threads()?;
    let dir = args.index.clone().or_else(|| match args.uploads.is_empty() {
        true => super::scan::index_from_environment(),
        false => None,
    });
    let index = dir.as_deref().map(|dir| open_index(dir, &params)).transpose()?;
    let mut report = args.format.report()?;
    let mut worst = Level::Clear;
    let mut sink = Groups { report: report.as_mut(), least: args.min_score, worst: &mut worst };
    let mut summary = match (args.uploads.is_empty(), &index) {
        (true, None) => {
            return Err(Failure::usage("what should be compared? Give files, folders or --index"));
        }
        (true, Some(index)) => of_index(&args, index, &params, &mut sink)?,
        (false, earlier) => of_files(&args, earlier.as_ref(), &params, &mut sink)?,
    };
    let exit = exit(&summary, worst >= Level::Hold && !args.exit_zero);
    summary.exit_code = exit as u8;
    finish(&mut summary, started);
    report.record(&Record::Summary(summary))?;
    Ok(exit)
}

/// The groups among the tracks of an index.
fn of_index(
    args: &ClusterArgs,
    index: &Reader,
    params: &FingerprintParams,
    report: &mut Groups<'_>,
) -> Result<Summary, Failure> {
    let begin = Begin::new(named(&[], &index.index_id()), Some(index_info(index, params)));
    report.record(&Record::Begin(begin))?;
    let bar = Bar::new(args.work.quiet);
    let pool = Pool::new(index, None);
    let found = families(&pool, BTreeMap::new(), params, &bar, cancel_on_interrupt());
    for cluster in &found.clusters {
        report.record(&Record::Cluster(Box::new(cluster.clone())))?;
    }
    Ok(Summary {
        inputs: pool.len(),
        scanned: pool.len(),
        clusters: found.clusters.len(),
        audio_seconds: pool.seconds(),
        interrupted: found.cancelled,
        ..Summary::default()
    })
}

/// The groups among files, and between them and earlier uploads.
fn of_files(
    args: &ClusterArgs,
    earlier: Option<&Reader>,
    params: &FingerprintParams,
    report: &mut Groups<'_>,
) -> Result<Summary, Failure> {
    let uploads = args.uploads.collect()?;
    let against = earlier.map(Reader::index_id).unwrap_or_default();
    let info = earlier.map(|index| index_info(index, params));
    report.record(&Record::Begin(Begin::new(named(&uploads.items, &against), info)))?;
    let unusable = uploads.errors.len();
    for error in uploads.errors {
        report.record(&Record::Error(error))?;
    }
    let settings = Settings {
        params,
        decode: args.work.decode_options(),
        references: None,
        search: SearchMode::Auto,
        depth: Depth::Standard,
        candidates: false,
        limit: 0,
        evidence: false,
        cluster: true,
        earlier,
        packs: &[],
        policy_chosen: false,
        decisions: None,
    };
    let bar = Bar::new(args.work.quiet);
    let outcomes = intake::run(&uploads.items, &settings, report, &bar, cancel_on_interrupt())?;
    let mut summary = outcomes.summary;
    summary.inputs = uploads.items.len() + unusable;
    summary.errors += unusable;
    Ok(summary)
}

/// Passes records on, groups only from a score on, and notes the gravest.
struct Groups<'a> {
    report: &'a mut dyn Report,
    least: f64,
    worst: &'a mut Level,
}

impl Report for Groups<'_> {
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
