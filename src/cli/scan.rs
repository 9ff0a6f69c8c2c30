//! `soundalike scan`: files against an index, against each other, and against policies.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, ValueEnum};
use sha2::{Digest, Sha256};
use soundalike::catalog::inputs;
use soundalike::catalog::metadata::Metadata;
use soundalike::indexer::{AddOptions, add, hex, params_id};
use soundalike::intake::{self, Item, Settings};
use soundalike::params::FingerprintParams;
use soundalike::report::records::{Begin, IndexInfo, Record, Summary, round};
use soundalike::scan::scanner::Depth;
use soundalike_index::{Reader, SearchMode, Writer};
use tempfile::TempDir;

use super::bar::Bar;
use super::common::{Exit, Failure, Format, WorkArgs, cancel_on_interrupt, open_index, warn};
use super::review::{UploadArgs, VerdictArgs};

/// Environment variable that names the index.
const INDEX_VARIABLE: &str = "SOUNDALIKE_INDEX";

#[derive(Debug, Args)]
pub(super) struct ScanArgs {
    #[command(flatten)]
    uploads: UploadArgs,
    #[command(flatten)]
    against: Against,
    /// Index of earlier uploads, to find near-duplicates of what came before
    #[arg(long, value_name = "DIR")]
    earlier: Option<PathBuf>,
    /// Do not compare the files with each other
    #[arg(long)]
    no_cluster: bool,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Leave out the peaks that `soundalike report` draws
    #[arg(long)]
    no_evidence: bool,
    /// Show matches from this level on: `candidate` adds those below the acceptance line
    #[arg(long, value_enum, default_value_t = Level::Match)]
    min_level: Level,
    /// Show at most this many matches per file
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// How candidates are looked up
    #[arg(long, value_enum, default_value_t = Search::Auto)]
    search: Search,
    /// How closely to look at what is longer than 12 s: `thorough` finds a few damaged seconds in it more often
    #[arg(long, value_enum, default_value_t = DepthArg::Standard)]
    depth: DepthArg,
    #[command(flatten)]
    verdicts: VerdictArgs,
    #[command(flatten)]
    work: WorkArgs,
}

/// How closely to look at files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DepthArg {
    /// For queues and nights: adds about a fifth to what indexing costs
    Standard,
    /// Every question there is, for nine times as much
    Thorough,
}

impl DepthArg {
    /// Its name in records.
    pub fn name(self) -> &'static str {
        match self {
            DepthArg::Standard => "standard",
            DepthArg::Thorough => "thorough",
        }
    }

    pub fn depth(self) -> Depth {
        match self {
            DepthArg::Standard => Depth::Standard,
            DepthArg::Thorough => Depth::Thorough,
        }
    }
}

/// What to compare with.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(super) struct Against {
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
        let named = self.index.clone().or_else(index_from_environment);
        named.map(Some).ok_or_else(|| {
            Failure::usage("what should the files be compared with? Give --index or --references")
        })
    }
}

/// The index that the environment names.
///
/// Not clap's `env`: the variable would count as a second answer beside `--references`.
pub(super) fn index_from_environment() -> Option<PathBuf> {
    std::env::var_os(INDEX_VARIABLE).filter(|dir| !dir.is_empty()).map(Into::into)
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

impl Search {
    fn mode(self) -> SearchMode {
        match self {
            Search::Auto => SearchMode::Auto,
            Search::Hnsw => SearchMode::Hnsw,
            Search::Exact => SearchMode::Exact,
        }
    }
}

/// Runs the scan.
pub(super) fn run(args: ScanArgs) -> Result<Exit, Failure> {
    let started = Instant::now();
    let params = FingerprintParams::V2;
    args.work.start_threads()?;
    let uploads = args.uploads.collect()?;
    let dir = args.against.index()?;
    let open = |dir: &Path| open_index(dir, &params);
    // What may be mistyped comes first, what takes long last.
    let indexed = dir.as_deref().map(open).transpose()?;
    let earlier = args.earlier.as_deref().map(open).transpose()?;
    let bench = args.verdicts.bench(dir.as_deref())?;
    let (index, _folder) = match indexed {
        Some(index) => (index, None),
        None => index_references(&args, &params).map(|(index, folder)| (index, Some(folder)))?,
    };
    let mut report = args.format.report()?;
    let id = scan_id(&uploads.items, &index, args.depth);
    let mut begin = Begin::new(id, Some(index_info(&index, &params)));
    begin.depth = Some(args.depth.name().into());
    bench.describe(&mut begin);
    report.record(&Record::Begin(begin.clone()))?;
    let mut unusable = 0;
    for error in uploads.errors {
        unusable += 1;
        report.record(&Record::Error(error))?;
    }
    let settings = Settings {
        params: &params,
        decode: args.work.decode_options(),
        references: Some(&index),
        search: args.search.mode(),
        depth: args.depth.depth(),
        candidates: args.min_level == Level::Candidate,
        limit: args.limit,
        evidence: args.format == Format::Jsonl && !args.no_evidence,
        cluster: !args.no_cluster,
        earlier: earlier.as_ref(),
        packs: &bench.packs,
        policy_chosen: bench.chosen,
        decisions: bench.decisions.as_ref(),
    };
    let bar = Bar::new(args.work.quiet);
    let cancel = cancel_on_interrupt();
    let outcomes = intake::run(&uploads.items, &settings, report.as_mut(), &bar, cancel)?;
    bench.audit(&begin, &outcomes)?;
    let mut summary = outcomes.summary;
    summary.inputs = uploads.items.len() + unusable;
    summary.errors += unusable;
    let exit = args.verdicts.exit(&summary);
    summary.exit_code = exit as u8;
    finish(&mut summary, started);
    report.record(&Record::Summary(summary))?;
    Ok(exit)
}

/// Makes an index of the references given that lasts as long as the folder returned.
fn index_references(
    args: &ScanArgs,
    params: &FingerprintParams,
) -> Result<(Reader, TempDir), Failure> {
    let references = inputs::collect(&args.against.references);
    let mut unusable: Vec<String> = references.errors.iter().map(ToString::to_string).collect();
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
    unusable.extend(added.errors.iter().map(ToString::to_string));
    for error in &unusable {
        warn(&format!("reference not used: {error}"));
    }
    if writer.track_count() == 0 {
        return Err(Failure::usage("none of the references could be used"));
    }
    Ok((Reader::open(folder.path())?, folder))
}

/// Fills in the times of `summary`.
pub(super) fn finish(summary: &mut Summary, started: Instant) {
    let wall = started.elapsed();
    summary.wall_ms = wall.as_millis() as u64;
    summary.realtime_factor = round(summary.audio_seconds / wall.as_secs_f64().max(1e-3), 1);
    summary.audio_seconds = round(summary.audio_seconds, 3);
}

/// Which state of `index` is used.
pub(super) fn index_info(index: &Reader, params: &FingerprintParams) -> IndexInfo {
    IndexInfo {
        id: index.index_id(),
        tracks: index.track_count(),
        params_hash: hex(&params.digest()[..8]),
    }
}

/// Names inputs, index, depth and version.
pub(super) fn scan_id(items: &[Item], index: &Reader, depth: DepthArg) -> String {
    named(items, &format!("{}\n{}", index.index_id(), depth.name()))
}

/// Names inputs, what they are compared with, and version.
pub(super) fn named(items: &[Item], against: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let mut hash = Sha256::new_with_prefix(format!("{version}\n{against}\n"));
    for item in items {
        hash.update(item.path.as_os_str().as_encoded_bytes());
        hash.update(b"\n");
    }
    format!("s_{}", hex(&hash.finalize()[..8]))
}
