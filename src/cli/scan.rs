//! `soundalike scan`: files against an index.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, ValueEnum};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use soundalike::audio::DecodeOptions;
use soundalike::catalog::inputs::{self, Inputs};
use soundalike::catalog::metadata::Metadata;
use soundalike::fingerprint::file::analyse;
use soundalike::indexer::{AddOptions, add, hex, params_id};
use soundalike::params::FingerprintParams;
use soundalike::progress::Progress;
use soundalike::report::Report;
use soundalike::report::records::{
    Begin, ErrorRecord, IndexInfo, MatchRecord, QueryInfo, Record, ReferenceInfo, Scanned, Summary,
    round,
};
use soundalike::scan::scanner::Scanner;
use soundalike_index::{Reader, SearchMode, Writer};
use tempfile::TempDir;

use super::bar::Bar;
use super::common::{
    Exit, Failure, Format, InputArgs, WorkArgs, cancel_on_interrupt, input_errors, open_index, warn,
};

/// Files scanned before their records are written: bounds memory, keeps the order of inputs.
const CHUNK: usize = 64;

/// Environment variable that names the index.
const INDEX_VARIABLE: &str = "SOUNDALIKE_INDEX";

#[derive(Debug, Args)]
pub(super) struct ScanArgs {
    #[command(flatten)]
    inputs: InputArgs,
    #[command(flatten)]
    against: Against,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Show matches from this level on: `candidate` adds those below the acceptance line
    #[arg(long, value_enum, default_value_t = Level::Match)]
    min_level: Level,
    /// Show at most this many matches per file
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// How candidates are looked up
    #[arg(long, value_enum, default_value_t = Search::Auto)]
    search: Search,
    /// Exit with 0 even if matches are found
    #[arg(long)]
    exit_zero: bool,
    #[command(flatten)]
    work: WorkArgs,
}

/// What to compare with.
#[derive(Debug, Args)]
#[group(multiple = false)]
struct Against {
    /// Folder of the index [default: $SOUNDALIKE_INDEX]
    #[arg(long, value_name = "DIR")]
    index: Option<PathBuf>,
    /// Compare with this file or folder, without keeping an index; may be given several times
    #[arg(long, value_name = "PATH")]
    references: Vec<PathBuf>,
}

impl Against {
    /// The index to open; none when references were given instead.
    fn index(&self) -> Result<Option<PathBuf>, Failure> {
        if !self.references.is_empty() {
            return Ok(None);
        }
        // Not clap's `env`: the variable would count as a second answer beside --references.
        let variable = || std::env::var_os(INDEX_VARIABLE).filter(|dir| !dir.is_empty());
        let named = self.index.clone().or_else(|| variable().map(Into::into));
        named.map(Some).ok_or_else(|| {
            Failure::usage("what should the files be compared with? Give --index or --references")
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Level {
    /// Everything that was compared, accepted or not
    Candidate,
    /// Accepted matches
    Match,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Search {
    /// Whatever is faster at this size of index
    Auto,
    /// The HNSW graph
    Hnsw,
    /// Every code: slow on large indexes, misses nothing
    Exact,
}

/// Runs the scan.
pub(super) fn run(args: ScanArgs) -> Result<Exit, Failure> {
    let started = Instant::now();
    let params = FingerprintParams::V1;
    args.work.start_threads()?;
    let inputs = args.inputs.collect()?;
    let (index, _folder) = open(&args, &params)?;
    let mut scan = Scan {
        scanner: Scanner::new(&index, &params, search_mode(args.search)),
        index: &index,
        params: &params,
        decode: args.work.decode_options(),
        min_level: args.min_level,
        limit: args.limit,
        summary: Summary::default(),
    };
    let mut report = args.format.report()?;
    report.record(&Record::Begin(begin(&inputs, &index, &params)))?;
    scan.errors(input_errors(&inputs), report.as_mut())?;
    scan.files(&inputs.files, &Bar::new(args.work.quiet), report.as_mut())?;
    let mut summary = scan.summary;
    summary.inputs = inputs.files.len() + inputs.errors.len();
    let exit = exit(&summary, args.exit_zero);
    summary.exit_code = exit as u8;
    finish(&mut summary, started);
    report.record(&Record::Summary(summary))?;
    Ok(exit)
}

/// Opens the index asked for, or makes one that lasts as long as the folder returned.
fn open(args: &ScanArgs, params: &FingerprintParams) -> Result<(Reader, Option<TempDir>), Failure> {
    if let Some(dir) = args.against.index()? {
        return Ok((open_index(&dir, params)?, None));
    }
    let references = inputs::collect(&args.against.references);
    let mut writer_errors: Vec<String> =
        references.errors.iter().map(ToString::to_string).collect();
    let folder = tempfile::tempdir()
        .map_err(|e| Failure::internal(format!("cannot make a temporary folder: {e}")))?;
    let mut writer = Writer::open_or_create(folder.path(), params_id(params))?;
    let metadata = Metadata::default();
    let options = AddOptions {
        params,
        decode: args.work.decode_options(),
        metadata: &metadata,
        catalogue: None,
        owner: None,
    };
    let bar = Bar::new(args.work.quiet);
    let added = add(&mut writer, &references.files, &options, &bar, cancel_on_interrupt())?;
    writer_errors.extend(added.errors.iter().map(ToString::to_string));
    for error in &writer_errors {
        warn(&format!("reference not used: {error}"));
    }
    if writer.track_count() == 0 {
        return Err(Failure::usage("none of the references could be used"));
    }
    Ok((Reader::open(folder.path())?, Some(folder)))
}

/// Fills in the times of `summary`.
pub(super) fn finish(summary: &mut Summary, started: Instant) {
    let wall = started.elapsed();
    summary.wall_ms = wall.as_millis() as u64;
    summary.realtime_factor = round(summary.audio_seconds / wall.as_secs_f64().max(1e-3), 1);
    summary.audio_seconds = round(summary.audio_seconds, 3);
}

/// The exit status that `summary` calls for.
pub(super) fn exit(summary: &Summary, exit_zero: bool) -> Exit {
    if summary.interrupted {
        Exit::Interrupted
    } else if summary.matches > 0 && !exit_zero {
        Exit::Found
    } else if summary.errors > 0 {
        Exit::Unreadable
    } else {
        Exit::Clean
    }
}

fn search_mode(search: Search) -> SearchMode {
    match search {
        Search::Auto => SearchMode::Auto,
        Search::Hnsw => SearchMode::Hnsw,
        Search::Exact => SearchMode::Exact,
    }
}

fn begin(inputs: &Inputs, index: &Reader, params: &FingerprintParams) -> Begin {
    let version = env!("CARGO_PKG_VERSION");
    let mut hash = Sha256::new_with_prefix(format!("{version}\n{}\n", index.index_id()));
    for path in &inputs.files {
        hash.update(path.as_os_str().as_encoded_bytes());
        hash.update(b"\n");
    }
    let index = IndexInfo {
        id: index.index_id(),
        tracks: index.track_count(),
        params_hash: hex(&params.digest()[..8]),
    };
    Begin::new(format!("s_{}", hex(&hash.finalize()[..8])), Some(index))
}

struct Scan<'a> {
    scanner: Scanner<'a>,
    index: &'a Reader,
    params: &'a FingerprintParams,
    decode: DecodeOptions,
    min_level: Level,
    limit: usize,
    summary: Summary,
}

impl Scan<'_> {
    fn errors(
        &mut self,
        errors: impl Iterator<Item = ErrorRecord>,
        report: &mut dyn Report,
    ) -> Result<(), Failure> {
        for error in errors {
            self.summary.errors += 1;
            report.record(&Record::Error(error))?;
        }
        Ok(())
    }

    fn files(
        &mut self,
        files: &[PathBuf],
        progress: &dyn Progress,
        report: &mut dyn Report,
    ) -> Result<(), Failure> {
        let cancel = cancel_on_interrupt();
        progress.start(files.len());
        for chunk in files.chunks(CHUNK) {
            let done: Vec<Option<Vec<Record>>> = chunk
                .par_iter()
                .with_max_len(1)
                .map(|path| {
                    let records = (!cancel.is_cancelled()).then(|| self.file(path))?;
                    let audio_ms = records.last().map_or(0, audio_ms);
                    progress.file_done(path, audio_ms);
                    Some(records)
                })
                .collect();
            for record in done.into_iter().flatten().flatten() {
                self.count(&record);
                report.record(&record)?;
            }
            if cancel.is_cancelled() {
                self.summary.interrupted = true;
                break;
            }
        }
        progress.finish();
        Ok(())
    }

    fn count(&mut self, record: &Record) {
        match record {
            Record::Scanned(s) => {
                self.summary.scanned += 1;
                self.summary.matches += s.matches;
                self.summary.matched += usize::from(s.matches > 0);
                self.summary.audio_seconds += s.query.duration_ms as f64 / 1000.0;
            }
            Record::Error(_) => self.summary.errors += 1,
            _ => {}
        }
    }

    /// All records of one file, in order.
    fn file(&self, path: &Path) -> Vec<Record> {
        let analysis = match analyse(path, self.params, self.params.query_density, &self.decode) {
            Ok(analysis) => analysis,
            Err(error) => return vec![Record::Error(ErrorRecord::audio(path, &error))],
        };
        let query = QueryInfo::new(path, &analysis);
        let found = self.scanner.scan(&analysis.constellation);
        let accepted = found.iter().filter(|m| m.found.accepted()).count();
        let mut records: Vec<Record> = found
            .iter()
            .filter(|m| m.found.accepted() || self.min_level == Level::Candidate)
            .take(self.limit)
            .filter_map(|m| {
                let meta = self.index.meta(m.track)?;
                let same_bytes = meta.sha256 == analysis.sha256;
                let reference = ReferenceInfo::of_track(meta);
                let record =
                    MatchRecord::new(query.clone(), reference, &m.found, same_bytes, self.params);
                Some(Record::Match(Box::new(record)))
            })
            .collect();
        let featureless = self.scanner.is_featureless(&analysis.constellation);
        let result = match accepted {
            0 if featureless => "no_features",
            0 => "no_match",
            _ => "matched",
        };
        records.push(Record::Scanned(Scanned { query, result: result.into(), matches: accepted }));
        records
    }
}

fn audio_ms(record: &Record) -> u64 {
    match record {
        Record::Scanned(s) => s.query.duration_ms,
        _ => 0,
    }
}
