//! `soundalike watch`: deliveries as they come into a folder, each looked into once it is whole.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use soundalike::catalog::delivery::expand;
use soundalike::indexer::params_id;
use soundalike::intake::{self, Settings};
use soundalike::level::Level;
use soundalike::params::FingerprintParams;
use soundalike::progress::Cancel;
use soundalike::report::csv::Csv;
use soundalike::report::html::{self, Options};
use soundalike::report::picture::Pictures;
use soundalike::report::read::Records;
use soundalike::report::records::{Begin, ErrorRecord, Record, Summary};
use soundalike::report::{JsonLines, Report};
use soundalike::watch::{
    Draft, Form, Ledger, Look, Queue, Ready, Snapshot, Watch, WatchError, shown,
};
use soundalike_index::{CompactPolicy, Reader, SearchMode, Writer};

use super::bar::Bar;
use super::common::{Exit, Failure, WorkArgs, cancel_on_interrupt, open_index, warn};
use super::review::{Bench, Uploads, VerdictArgs, uploads_of};
use super::scan::{DepthArg, finish, index_from_environment, index_info, scan_id};

/// Longest pause after something went wrong that is not the fault of a delivery.
const MAX_PAUSE: Duration = Duration::from_secs(600);
/// How soon a signal is noticed while there is nothing to do.
const NAP: Duration = Duration::from_millis(100);
/// Matches told per file, and shown in full in a page.
const LIMITS: (usize, usize) = (20, 200);

#[derive(Debug, Args)]
pub(super) struct WatchArgs {
    /// Folder in which deliveries arrive: each folder in it (a DDEX batch, a release, files), each audio
    /// file and each manifest with the files it names is one
    #[arg(value_name = "DIR")]
    queue: PathBuf,
    /// Index of references [default: $SOUNDALIKE_INDEX]
    #[arg(long, value_name = "DIR")]
    index: Option<PathBuf>,
    /// Write results into this folder [default: beside the deliveries]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Index of earlier uploads, to find near-duplicates of what came before
    #[arg(long, value_name = "DIR")]
    earlier: Option<PathBuf>,
    /// The same, and every delivery is added to it once it was looked into
    #[arg(long, value_name = "DIR", conflicts_with = "earlier")]
    keep: Option<PathBuf>,
    /// A delivery without a DDEX marker is whole when nothing in it has changed for so long
    #[arg(long, value_name = "SECONDS", default_value_t = 30,
          value_parser = clap::value_parser!(u64).range(0..=86_400))]
    settle: u64,
    /// Look at the folder so often
    #[arg(long, value_name = "SECONDS", default_value_t = 10,
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    interval: u64,
    /// Look into what is whole now (after waiting for --settle) and end
    #[arg(long)]
    once: bool,
    /// How closely to look at what is longer than 12 s: `thorough` finds a few damaged seconds in it more often
    #[arg(long, value_enum, default_value_t = DepthArg::Standard)]
    depth: DepthArg,
    /// Also write a page for people (.html)
    #[arg(long)]
    report: bool,
    /// Also write a table (.csv)
    #[arg(long)]
    csv: bool,
    #[command(flatten)]
    verdicts: VerdictArgs,
    #[command(flatten)]
    work: WorkArgs,
}

/// Runs the command.
pub(super) fn run(args: WatchArgs) -> Result<Exit, Failure> {
    let cancel = cancel_on_interrupt();
    let mut watcher = Watcher::open(&args, cancel)?;
    let out = args.out.as_ref().unwrap_or(&args.queue);
    warn(&format!("watching {}, results go to {}", args.queue.display(), out.display()));
    if args.once {
        return watcher.once();
    }
    let interval = Duration::from_secs(args.interval);
    let mut pause = interval;
    while !cancel.is_cancelled() {
        match watcher.round() {
            Ok(_) => pause = interval,
            Err(failure) => {
                pause = (2 * pause).min(MAX_PAUSE);
                let seconds = pause.as_secs();
                warn(&format!("{}; next attempt in {seconds} s", failure.message));
            }
        }
        sleep(pause, cancel);
    }
    warn("stopped");
    Ok(Exit::Interrupted)
}

/// Sleeps until `time` has passed or a signal came.
fn sleep(time: Duration, cancel: &Cancel) {
    let end = Instant::now() + time;
    while let Some(left) = end.checked_duration_since(Instant::now()).filter(|l| !l.is_zero()) {
        if cancel.is_cancelled() {
            return;
        }
        std::thread::sleep(left.min(NAP));
    }
}

struct Watcher<'a> {
    args: &'a WatchArgs,
    cancel: &'static Cancel,
    params: FingerprintParams,
    references: Reader,
    /// What came before.
    earlier: Option<Reader>,
    bench: Bench,
    ledger: Ledger,
    watch: Watch,
    /// Attempts at deliveries that something else than the delivery prevented.
    failed: BTreeMap<OsString, u32>,
}

impl<'a> Watcher<'a> {
    /// Opens everything once, so that a mistake shows at the start and not with the first delivery.
    fn open(args: &'a WatchArgs, cancel: &'static Cancel) -> Result<Watcher<'a>, Failure> {
        let params = FingerprintParams::V2;
        args.work.start_threads()?;
        let index = args.index.clone().or_else(index_from_environment).ok_or_else(|| {
            Failure::usage("what should deliveries be compared with? Give --index")
        })?;
        if !args.queue.is_dir() {
            return Err(Failure::usage(format!("{} is no folder", args.queue.display())));
        }
        let references = open_index(&index, &params)?;
        let bench = args.verdicts.bench(Some(&index))?;
        let ledger = Ledger::open(args.out.as_ref().unwrap_or(&args.queue))?;
        if let Some(keep) = &args.keep {
            Writer::open_or_create(keep, params_id(&params))?;
        }
        let earlier = args.earlier.as_ref().or(args.keep.as_ref());
        let earlier = earlier.map(|dir| open_index(dir, &params)).transpose()?;
        let own = [Some(&index), args.out.as_ref(), args.earlier.as_ref(), args.keep.as_ref()];
        // Results beside the deliveries lie in the folder itself, which is no part of it.
        let own = own.into_iter().flatten().cloned();
        let queue = Queue::new(&args.queue, own).map_err(|e| unreadable(&args.queue, &e))?;
        let watch = Watch::new(queue, Duration::from_secs(args.settle));
        let failed = BTreeMap::new();
        Ok(Watcher { args, cancel, params, references, earlier, bench, ledger, watch, failed })
    }

    /// What is whole now; the exit status is that of the worst delivery.
    fn once(&mut self) -> Result<Exit, Failure> {
        // What has no marker takes two looks.
        let first = self.look()?;
        if first.unsettled > 0 {
            sleep(Duration::from_secs(self.args.settle), self.cancel);
        }
        let mut worst = Exit::Clean;
        for summary in self.round()? {
            let exit = self.args.verdicts.exit(&summary);
            if gravity(exit) > gravity(worst) {
                worst = exit;
            }
        }
        Ok(if self.cancel.is_cancelled() { Exit::Interrupted } else { worst })
    }

    fn look(&mut self) -> Result<Look, Failure> {
        let look = self.watch.look(&self.ledger, Instant::now());
        let look = look.map_err(|e| unreadable(&self.args.queue, &e))?;
        for name in &look.open_batches {
            warn(&format!("{}: waits for BatchComplete_*.xml", shown(name)));
        }
        Ok(look)
    }

    /// Looks into all deliveries that are whole and not done.
    fn round(&mut self) -> Result<Vec<Summary>, Failure> {
        let mut summaries = Vec::new();
        let mut ready = self.look()?.ready;
        // What failed before does not keep the others waiting.
        ready.sort_by_key(|r| self.failed.get(&r.unit.name).copied().unwrap_or_default());
        for ready in ready {
            // Others took their time.
            if Snapshot::of(&ready.unit).pulse != ready.snapshot.pulse {
                continue;
            }
            let name = &ready.unit.name;
            match self.deliver(&ready) {
                Ok(Some(summary)) => {
                    self.failed.remove(name);
                    summaries.push(summary);
                }
                Ok(None) => break,
                Err(failure) => {
                    *self.failed.entry(name.clone()).or_default() += 1;
                    let message = format!("{}: {}", shown(name), failure.message);
                    return Err(Failure { message, ..failure });
                }
            }
        }
        Ok(summaries)
    }

    /// Looks into a delivery and writes the result; none if a signal came.
    fn deliver(&mut self, ready: &Ready) -> Result<Option<Summary>, Failure> {
        if self.cancel.is_cancelled() {
            return Ok(None);
        }
        let started = Instant::now();
        let name = &ready.unit.name;
        let again = if ready.again { " again, as it changed" } else { "" };
        warn(&format!("{}: begun{again} ({} files)", shown(name), ready.snapshot.files));
        self.refresh()?;
        let uploads = uploads_of(&expand(&ready.unit.paths()));
        let mut result = Results::begin(&self.ledger, name, self.args)?;
        let summary = self.judge(ready, uploads, &mut result, started)?;
        if summary.interrupted {
            warn(&format!("{}: cut short; it will be begun anew", shown(name)));
            return Ok(None);
        }
        result.publish(name, self)?;
        warn(&format!("{}: done: {}", shown(name), said(&summary)));
        Ok(Some(summary))
    }

    /// Takes over decisions, references and earlier uploads that came meanwhile.
    fn refresh(&mut self) -> Result<(), Failure> {
        self.bench.refresh()?;
        if !self.references.is_current()? {
            self.references = open_index(self.references.dir(), &self.params)?;
        }
        if let Some(earlier) = &mut self.earlier
            && !earlier.is_current()?
        {
            *earlier = open_index(earlier.dir(), &self.params)?;
        }
        Ok(())
    }

    /// Writes everything about a delivery to `report`.
    fn judge(
        &self,
        ready: &Ready,
        uploads: Uploads,
        report: &mut dyn Report,
        started: Instant,
    ) -> Result<Summary, Failure> {
        let params = &self.params;
        let index = &self.references;
        let id = scan_id(&uploads.items, index, self.args.depth);
        let mut begin = Begin::new(id, Some(index_info(index, params)));
        begin.depth = Some(self.args.depth.name().into());
        begin.delivery = Some(ready.snapshot.info(&ready.unit.name));
        self.bench.describe(&mut begin);
        report.record(&Record::Begin(begin.clone()))?;
        let mut errors = uploads.errors;
        if uploads.items.is_empty() && errors.is_empty() {
            errors.push(without_audio(&ready.unit.path));
        }
        let unusable = errors.len();
        for error in errors {
            report.record(&Record::Error(error))?;
        }
        let settings = Settings {
            params,
            decode: self.args.work.decode_options(),
            references: Some(index),
            search: SearchMode::Auto,
            depth: self.args.depth.depth(),
            candidates: false,
            limit: LIMITS.0,
            evidence: true,
            cluster: true,
            earlier: self.earlier.as_ref(),
            packs: &self.bench.packs,
            policy_chosen: self.bench.chosen,
            decisions: self.bench.decisions.as_ref(),
        };
        let bar = Bar::new(self.args.work.quiet);
        // Before the result is in its place: if the run is killed in between, the delivery is looked into
        // anew, is not taken for a copy of itself, and its tracks are in the index once all the same.
        let mut keep = |tracks: &Reader| match &self.args.keep {
            Some(dir) => {
                let mut writer = Writer::open_or_create(dir, params_id(params))?;
                writer.merge_from(tracks)?;
                writer.compact(CompactPolicy::Tiered).map(|_| ())
            }
            None => Ok(()),
        };
        let items = &uploads.items;
        let outcomes =
            intake::run_and_keep(items, &settings, report, &bar, self.cancel, &mut keep)?;
        if !outcomes.summary.interrupted {
            self.bench.audit(&begin, &outcomes)?;
        }
        let mut summary = outcomes.summary;
        summary.inputs = items.len() + unusable;
        summary.errors += unusable;
        summary.exit_code = self.args.verdicts.exit(&summary) as u8;
        finish(&mut summary, started);
        report.record(&Record::Summary(summary.clone()))?;
        Ok(summary)
    }
}

fn unreadable(dir: &Path, error: &io::Error) -> Failure {
    Failure::usage(format!("cannot look into {}: {error}", dir.display()))
}

fn without_audio(path: &Path) -> ErrorRecord {
    ErrorRecord {
        subject: path.to_string_lossy().into_owned(),
        code: "no_audio".into(),
        message: "there is no audio in this delivery".into(),
    }
}

/// Findings before unreadable files before nothing.
fn gravity(exit: Exit) -> u8 {
    match exit {
        Exit::Clean => 0,
        Exit::Unreadable => 1,
        Exit::Found => 2,
        _ => 3,
    }
}

/// "12 uploads (1 hold, 11 clear), 3 matches, 1 group, 2 unreadable; 41.2 s".
fn said(summary: &Summary) -> String {
    let count = |n: usize, one: &str, many: &str| match n {
        1 => format!("1 {one}"),
        n => format!("{n} {many}"),
    };
    let mut text = count(summary.scanned, "upload", "uploads");
    let levels = summary.verdicts.iter().rev().filter(|(_, n)| **n > 0);
    let levels: Vec<String> =
        levels.map(|(level, n): (&Level, _)| format!("{n} {}", level.name())).collect();
    if !levels.is_empty() {
        text += &format!(" ({})", levels.join(", "));
    }
    let rest = [
        (summary.matches, "match", "matches"),
        (summary.clusters, "group", "groups"),
        (summary.errors, "error", "errors"),
    ];
    for (n, one, many) in rest {
        if n > 0 {
            text += &format!(", {}", count(n, one, many));
        }
    }
    text + &format!("; {:.1} s", summary.wall_ms as f64 / 1000.0)
}

/// The files of a result in the making.
struct Results {
    records: (Draft, JsonLines<BufWriter<File>>),
    table: Option<(Draft, File, Csv<BufWriter<File>>)>,
}

impl Results {
    fn begin(ledger: &Ledger, name: &OsStr, args: &WatchArgs) -> Result<Results, Failure> {
        let (draft, file) = ledger.draft(name, Form::Records)?;
        let table = match args.csv {
            true => {
                let (draft, file) = ledger.draft(name, Form::Table)?;
                let handle = file.try_clone()?;
                Some((draft, handle, Csv::new(BufWriter::new(file))?))
            }
            false => None,
        };
        Ok(Results { records: (draft, JsonLines(BufWriter::new(file))), table })
    }

    /// Puts all files in their places, the records last: they say that the delivery is done.
    fn publish(self, name: &OsStr, watcher: &Watcher<'_>) -> Result<(), Failure> {
        let (records, JsonLines(file)) = self.records;
        let file = file.into_inner().map_err(|e| e.into_error())?;
        if let Some((table, file, csv)) = self.table {
            // Every row was flushed when it was written.
            drop(csv);
            table.publish(file, false)?;
        }
        if watcher.args.report {
            watcher.page(name, records.path())?;
        }
        Ok(records.publish(file, true)?)
    }
}

impl Report for Results {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        self.records.1.record(record)?;
        self.table.iter_mut().try_for_each(|(_, _, csv)| csv.record(record))
    }
}

impl Watcher<'_> {
    /// Makes the page of the records at `path`.
    fn page(&self, name: &OsStr, path: &Path) -> Result<(), Failure> {
        let (draft, file) = self.ledger.draft(name, Form::Page)?;
        let mut records = Records::open(path)?;
        let options = Options {
            title: Some(format!("Delivery {}", shown(name))),
            limit: LIMITS.1,
            pictures: Pictures { from_audio: true, decode: self.args.work.decode_options() },
        };
        let mut page = BufWriter::new(file);
        html::write(&mut records, &options, &mut page)?;
        page.flush()?;
        let file = page.into_inner().map_err(|e| e.into_error())?;
        Ok(draft.publish(file, false)?)
    }
}

impl From<WatchError> for Failure {
    fn from(error: WatchError) -> Failure {
        let exit = match error {
            WatchError::Locked { .. } => Exit::Locked,
            WatchError::Io { .. } => Exit::Usage,
        };
        Failure { exit, message: error.to_string() }
    }
}
