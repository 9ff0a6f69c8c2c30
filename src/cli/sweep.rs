//! `soundalike sweep`: two indexes against each other, only what is new.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use soundalike::catalog::inputs;
use soundalike::catalog::metadata::Metadata;
use soundalike::decisions::entry::PolicyVersion;
use soundalike::decisions::{Decisions, VerdictEntry, log};
use soundalike::indexer::{AddOptions, AddSummary, add, hex, params_id};
use soundalike::level::Level;
use soundalike::params::FingerprintParams;
use soundalike::policy::{DEFAULT_PACK, Pack};
use soundalike::report::records::{Begin, DecisionsInfo, ErrorRecord, Record, Scanned, Summary};
use soundalike::report::text::Text;
use soundalike::report::tracklist::tracklist;
use soundalike::report::{JsonLines, Report};
use soundalike::sweep::judge::{Judge, Judged};
use soundalike::sweep::state::Folder;
use soundalike::sweep::summary::{SweepRecord, index_info};
use soundalike::sweep::{Sweep, SweepError, findings, state};
use soundalike_index::Writer;

use super::bar::Bar;
use super::common::{Exit, Failure, WorkArgs, cancel_on_interrupt, open_index, warn};
use super::decide::{log_path, say_repaired, say_torn};
use super::policy::{PacksArg, policy_info, today, warn_if_stale};
use super::scan::finish;

/// Verdicts that wait to be put into the log together.
const LOGGED_AT_ONCE: usize = 1000;

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
    #[arg(long, value_name = "DIR", env = "SOUNDALIKE_INDEX")]
    index: PathBuf,
    /// Index of the own catalogue
    #[arg(long, value_name = "DIR")]
    catalogue: PathBuf,
    /// Folder that remembers what was compared and found
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
    /// Policies to judge by, separated by commas; the strictest decides
    #[arg(long, value_name = "NAMES", default_value = DEFAULT_PACK)]
    policy: String,
    #[command(flatten)]
    packs: PacksArg,
    /// The log of decisions [default: decisions.jsonl in the folder of the index]
    #[arg(long, value_name = "FILE", env = "SOUNDALIKE_DECISIONS")]
    decisions: Option<PathBuf>,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = SweepFormat::Text)]
    format: SweepFormat,
    /// Report everything that is known of both sides, not only what is new
    #[arg(long)]
    all: bool,
    /// Show at most this many matches per track
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// Exit with 1 if what is reported is at least this grave; `clear`: if anything is reported
    #[arg(long, value_name = "LEVEL", default_value = "hold", value_parser = level_parser())]
    fail_on: Level,
    /// Exit with 0 whatever is reported
    #[arg(long)]
    exit_zero: bool,
    /// Begin anew: put aside what was compared and reported (as *.old)
    #[arg(long)]
    restart: bool,
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

impl From<SweepError> for Failure {
    fn from(error: SweepError) -> Failure {
        let (exit, hint) = match &error {
            SweepError::Index(_) => {
                let SweepError::Index(error) = error else { return Failure::internal("") };
                return error.into();
            }
            SweepError::Locked { .. } => (Exit::Locked, ""),
            SweepError::Damaged { .. } | SweepError::Version { .. } => {
                (Exit::Index, "; put back a copy of it, or begin anew with --restart")
            }
            SweepError::OtherIndexes { .. } => {
                (Exit::Usage, "; give another --state, or begin anew with --restart")
            }
            SweepError::Io { .. } => (Exit::Index, ""),
        };
        Failure { exit, message: format!("{error}{hint}") }
    }
}

/// Runs the sweep.
pub(super) fn run(args: &SweepArgs) -> Result<Exit, Failure> {
    let started = Instant::now();
    let params = FingerprintParams::V2;
    args.work.start_threads()?;
    let packs = args.packs.load()?.select(&args.policy)?;
    packs.iter().for_each(|pack| warn_if_stale(pack, today()));
    let log = log_path(args.decisions.as_deref(), Some(&args.index)).unwrap_or_default();
    let decisions = Decisions::load(&log, Timestamp::now())?;
    say_torn(decisions.torn());
    let references = open_index(&args.index, &params)?;
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
    let errors = add_paths(args, &params)?;
    let catalogue = open_index(&args.catalogue, &params)?;
    let mut sweep = Sweep::open(folder, &references, &catalogue, &params, Timestamp::now())?;
    if sweep.is_resumed() {
        warn(&format!("going on with sweep {}, which was cut short", sweep.number()));
    }
    let cancel = cancel_on_interrupt();
    let finished = !cancel.is_cancelled() && sweep.run(&Bar::new(args.work.quiet), cancel)?;
    let judge = Judge { packs: &packs, decisions: &decisions };
    let mut reporter = Reporter {
        args,
        output: Output::new(args.format),
        record: SweepRecord::new(&sweep, finished),
        summary: Summary { inputs: taking_part(&sweep, args.all), ..Summary::default() },
        log: Log::new(args, log, &packs),
    };
    reporter.begin(&sweep, &judge, errors)?;
    if finished {
        reporter.tracks(&mut sweep, &judge)?;
    }
    let exit = reporter.end(started)?;
    if finished {
        sweep.finish(Timestamp::now())?;
    }
    Ok(exit)
}

/// Tracks of the catalogue that were compared with anything, or are reported all the same.
fn taking_part(sweep: &Sweep<'_>, all: bool) -> usize {
    if sweep.is_idle() && !all { 0 } else { sweep.sides().catalogue.track_count() }
}

fn is_same(a: &Path, b: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    real(a).is_some() && real(a) == real(b)
}

/// Adds the files given to the catalogue.
fn add_paths(args: &SweepArgs, params: &FingerprintParams) -> Result<Vec<ErrorRecord>, Failure> {
    if args.paths.is_empty() {
        return Ok(Vec::new());
    }
    let found = inputs::collect(&args.paths);
    for folder in &found.empty_folders {
        warn(&format!("{}: no audio files in this folder", folder.display()));
    }
    let mut errors: Vec<ErrorRecord> = super::common::input_errors(&found).collect();
    let mut writer = Writer::open_or_create(&args.catalogue, params_id(params))?;
    let metadata = Metadata::default();
    let options = AddOptions {
        params,
        decode: args.work.decode_options(),
        metadata: &metadata,
        catalogue: None,
        owner: None,
    };
    let bar = Bar::new(args.work.quiet);
    let added: AddSummary = add(&mut writer, &found.files, &options, &bar, cancel_on_interrupt())?;
    for path in &added.featureless {
        warn(&format!("{}: nothing to fingerprint", path.display()));
    }
    errors.extend(added.errors.iter().map(|error| ErrorRecord {
        subject: error.path().to_string_lossy().into_owned(),
        code: error.code().into(),
        message: error.to_string(),
    }));
    Ok(errors)
}

/// Standard output in one of two forms.
enum Output {
    Text(Text<io::StdoutLock<'static>>),
    Jsonl(JsonLines<io::StdoutLock<'static>>),
}

impl Output {
    fn new(format: SweepFormat) -> Output {
        let out = io::stdout().lock();
        match format {
            SweepFormat::Text => Output::Text(Text::new(out)),
            SweepFormat::Jsonl => Output::Jsonl(JsonLines(out)),
        }
    }

    fn record(&mut self, record: &Record) -> io::Result<()> {
        match self {
            Output::Text(text) => text.record(record),
            Output::Jsonl(lines) => lines.record(record),
        }
    }
}

/// Says what a sweep came to.
struct Reporter<'a> {
    args: &'a SweepArgs,
    output: Output,
    record: SweepRecord,
    summary: Summary,
    log: Log,
}

impl Reporter<'_> {
    fn begin(
        &mut self,
        sweep: &Sweep<'_>,
        judge: &Judge<'_>,
        errors: Vec<ErrorRecord>,
    ) -> Result<(), Failure> {
        let sides = sweep.sides();
        let version = env!("CARGO_PKG_VERSION");
        let (references, catalogue) = (sides.references.index_id(), sides.catalogue.index_id());
        let name = format!("{version}\nsweep {}\n{references}\n{catalogue}\n", sweep.number());
        let scan_id = format!("s_{}", hex(&Sha256::digest(name.as_bytes())[..8]));
        let mut begin = Begin::new(scan_id, Some(index_info(sides.references, sides.params)));
        begin.policy = judge.packs.iter().map(|pack| policy_info(pack, today())).collect();
        let chain = judge.decisions.chain();
        if chain.entries > 0 {
            let (entries, head) = (chain.entries, chain.head.clone());
            begin.decisions = Some(DecisionsInfo { entries, head });
        }
        self.log.scan_id.clone_from(&begin.scan_id);
        self.log.index_id = references;
        self.output.record(&Record::Begin(begin))?;
        self.summary.errors = errors.len();
        for error in errors {
            self.output.record(&Record::Error(error))?;
        }
        Ok(())
    }

    fn tracks(&mut self, sweep: &mut Sweep<'_>, judge: &Judge<'_>) -> Result<(), Failure> {
        for track in sweep.tracks(self.args.all) {
            let matches = sweep.matches(&track)?;
            let Some(meta) = sweep.meta(&track).filter(|_| !matches.is_empty()) else { continue };
            let judged = judge.track(meta, matches);
            self.record.count(&judged);
            if track.is_new {
                self.log.push(&judged)?;
            }
            self.track(judged)?;
        }
        self.log.write()
    }

    fn track(&mut self, judged: Judged) -> Result<(), Failure> {
        let Judged { matches, findings, verdict } = judged;
        let Some(query) = matches.first().map(|m| m.query.clone()) else { return Ok(()) };
        let (count, tracklist) = (matches.len(), tracklist(&matches));
        self.summary.matched += 1;
        self.summary.matches += count;
        *self.summary.verdicts.entry(verdict.verdict).or_default() += 1;
        for record in matches.into_iter().take(self.args.limit) {
            self.output.record(&Record::Match(Box::new(record)))?;
        }
        for finding in findings {
            self.output.record(&Record::Finding(Box::new(finding)))?;
        }
        self.output.record(&Record::Verdict(Box::new(verdict)))?;
        let scanned =
            Scanned { query, result: "matched".into(), matches: count, tracklist, signal: None };
        Ok(self.output.record(&Record::Scanned(scanned))?)
    }

    fn end(mut self, started: Instant) -> Result<Exit, Failure> {
        let gravest = self.record.gravest();
        let exit = if self.record.interrupted {
            Exit::Interrupted
        } else if gravest.is_some_and(|level| level >= self.args.fail_on) && !self.args.exit_zero {
            Exit::Found
        } else if self.summary.errors > 0 {
            Exit::Unreadable
        } else {
            Exit::Clean
        };
        if !self.record.interrupted {
            self.summary.scanned = self.summary.inputs;
        }
        self.summary.interrupted = self.record.interrupted;
        self.summary.exit_code = exit as u8;
        finish(&mut self.summary, started);
        self.record.wall_ms = self.summary.wall_ms;
        match self.output {
            Output::Text(text) => {
                drop(text);
                let mut out = io::stdout().lock();
                self.record.write(&mut out, self.args.all)?;
                out.flush()?;
            }
            Output::Jsonl(mut lines) => {
                serde_json::to_writer(&mut lines.0, &self.record).map_err(io::Error::from)?;
                lines.0.write_all(b"\n")?;
                lines.record(&Record::Summary(self.summary))?;
            }
        }
        Ok(exit)
    }
}

/// Puts verdicts into the log of decisions, where one is kept.
struct Log {
    /// None where no log is kept.
    path: Option<PathBuf>,
    policies: Vec<PolicyVersion>,
    scan_id: String,
    index_id: String,
    waiting: Vec<VerdictEntry>,
}

impl Log {
    fn new(args: &SweepArgs, path: PathBuf, packs: &[Pack]) -> Log {
        let is_kept = args.decisions.is_some() || path.exists();
        let version =
            |pack: &Pack| PolicyVersion { id: pack.id.clone(), version: pack.version.clone() };
        Log {
            path: is_kept.then_some(path),
            policies: packs.iter().map(version).collect(),
            scan_id: String::new(),
            index_id: String::new(),
            waiting: Vec::new(),
        }
    }

    fn push(&mut self, judged: &Judged) -> Result<(), Failure> {
        let verdict = &judged.verdict;
        self.waiting.push(VerdictEntry {
            subject: verdict.subject.clone(),
            sha256: verdict.sha256.clone(),
            verdict: verdict.verdict.name().to_owned(),
            rules: verdict.reasons.iter().map(|rule| rule.id().to_owned()).collect(),
            index_id: Some(self.index_id.clone()),
            policies: self.policies.clone(),
            decisions: verdict.decisions.clone(),
            scan_id: self.scan_id.clone(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        });
        if self.waiting.len() >= LOGGED_AT_ONCE { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<(), Failure> {
        let waiting = std::mem::take(&mut self.waiting);
        if let Some(path) = &self.path {
            say_repaired(log::append_verdicts(path, &waiting)?);
        }
        Ok(())
    }
}
