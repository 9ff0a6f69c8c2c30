//! `soundalike scan`: files against an index, against each other, and against policies.

use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, ValueEnum};
use soundalike::Depth;
use soundalike::declare::inputs;
use soundalike::declare::metadata::Metadata;
use soundalike::engine::{Engine, Index, Options};
use soundalike::indexer::AddOptions;
use soundalike::params::FingerprintParams;
use soundalike_index::SearchMode;

use super::bar::Bar;
use super::common::{
    COMPARISON, Exit, Failure, Format, OUTPUT, TimeArg, TrustArg, WorkArgs, WorksArgs,
    cancel_on_interrupt, warn,
};
use super::page::PageArg;
use super::review::{UploadArgs, VerdictArgs, say_if_nothing};

/// Environment variable that names the index.
const INDEX_VARIABLE: &str = "SOUNDALIKE_INDEX";

#[derive(Debug, Args)]
pub(super) struct ScanArgs {
    #[command(flatten)]
    uploads: UploadArgs,
    #[command(flatten)]
    against: Against,
    #[command(flatten)]
    works: WorksArgs,
    /// Index of earlier uploads, to find near-duplicates of what came before
    #[arg(long, value_name = "DIR", help_heading = COMPARISON)]
    earlier: Option<PathBuf>,
    /// Do not compare the files with each other
    #[arg(long, help_heading = COMPARISON)]
    no_cluster: bool,
    /// Do not listen for traces that a decoder leaves (`decoder_trace`)
    #[arg(long, help_heading = COMPARISON)]
    no_trace: bool,
    #[command(flatten)]
    trust: TrustArg,
    /// Do not read signed credentials (`credential`)
    #[arg(long, help_heading = COMPARISON)]
    no_credentials: bool,
    /// How candidates are looked up
    #[arg(long, value_enum, value_name = "HOW", default_value_t = Search::Auto, help_heading = COMPARISON)]
    search: Search,
    /// How closely to look at what is longer than 12 s: `thorough` finds a few damaged seconds in it more often
    #[arg(long, value_enum, default_value_t = DepthArg::Standard, help_heading = COMPARISON)]
    depth: DepthArg,
    #[command(flatten)]
    verdicts: VerdictArgs,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = Format::Text, help_heading = OUTPUT)]
    format: Format,
    #[command(flatten)]
    page: PageArg,
    /// Leave out the peaks that `soundalike report` draws
    #[arg(long, help_heading = OUTPUT)]
    no_evidence: bool,
    /// Show matches from this level on: `candidate` adds those below the acceptance line
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t = MinLevel::Match, help_heading = OUTPUT)]
    min_level: MinLevel,
    /// Show at most this many matches per file
    #[arg(long, value_name = "N", default_value_t = 20, help_heading = OUTPUT)]
    limit: usize,
    #[command(flatten)]
    time: TimeArg,
    #[command(flatten)]
    work: WorkArgs,
}

/// How closely to look at files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DepthArg {
    /// For queues and nights: adds about a fifth to what indexing costs
    Standard,
    /// Every query vector there is, for nine times as much
    Thorough,
}

impl DepthArg {
    /// As the engine knows it.
    pub fn depth(self) -> Depth {
        match self {
            DepthArg::Standard => Depth::Standard,
            DepthArg::Thorough => Depth::Thorough,
        }
    }
}

/// What to compare with.
#[derive(Debug, Args)]
#[command(next_help_heading = COMPARISON)]
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
enum MinLevel {
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
    let (now, shown) = (args.time.now(), args.time.shown()?);
    args.work.start_threads()?;
    let uploads = args.uploads.collect(args.format)?;
    let dir = args.against.index()?;
    // What may be mistyped comes first, what takes long last.
    let indexed = dir.as_deref().map(Index::open).transpose()?;
    let earlier = args.earlier.as_deref().map(Index::open).transpose()?;
    let judge = args.verdicts.judge(dir.as_deref(), now)?;
    let options = options(&args)?;
    let index = match indexed {
        Some(index) => index,
        None => index_references(&args)?,
    };
    let references = index.len();
    if references == 0 {
        warn("the index is empty: there is nothing to compare the files with");
    }
    let mut engine = Engine::new(options).with_references(index).with_judge(judge);
    if let Some(earlier) = earlier {
        engine = engine.with_earlier(earlier);
    }
    if args.works.listening().hears_works() {
        engine = engine.with_works(args.works.listening())?;
        say_earlier_without_works(&engine);
    }
    let commands = args.verdicts.commands(dir.as_deref());
    let mut report = args.format.report(commands.clone())?;
    let evidence = args.format == Format::Jsonl && !args.no_evidence;
    let mut report = args.page.beside(report.as_mut(), evidence)?;
    let begin = engine.begin(&uploads, shown);
    let (bar, cancel) = (Bar::new(args.work.quiet), cancel_on_interrupt());
    let outcomes = engine.run(uploads, &begin, &mut report, &bar, cancel)?;
    args.verdicts.audit(engine.judge(), &begin, &outcomes)?;
    let exit = args.verdicts.exit(&outcomes.summary, references);
    say_if_nothing(&outcomes.summary);
    outcomes.close(exit as u8, started, &mut report)?;
    // Whoever interrupts does not want to wait for pictures.
    let decode = (!cancel.is_cancelled()).then(|| args.work.decode_options());
    report.publish(decode, commands, args.work.quiet)?;
    Ok(exit)
}

/// Says so where uploads are compared by what they play with each other alone.
pub(super) fn say_earlier_without_works(engine: &Engine) {
    if let Err(error) = engine.ensure_earlier_works() {
        warn(&format!("{error}; until then uploads are compared with them as recordings alone"));
    }
}

fn options(args: &ScanArgs) -> Result<Options, Failure> {
    let mut options = Options::default();
    options.decode = args.work.decode_options();
    options.search = args.search.mode();
    options.depth = args.depth.depth();
    options.candidates = args.min_level == MinLevel::Candidate;
    options.limit = args.limit;
    let drawn = args.format == Format::Jsonl || args.page.is_given();
    options.evidence = drawn && !args.no_evidence;
    options.cluster = !args.no_cluster;
    options.traces = !args.no_trace;
    options.credentials = !args.no_credentials;
    options.trust = args.trust.list()?;
    Ok(options)
}

/// An index of the references given, for this run.
fn index_references(args: &ScanArgs) -> Result<Index, Failure> {
    let references = inputs::collect(&args.against.references);
    let (params, metadata) = (FingerprintParams::V2, Metadata::default());
    let decode = args.work.decode_options();
    let works = args.works.listening();
    let options = AddOptions { decode, works, ..AddOptions::new(&params, &metadata) };
    let (bar, cancel) = (Bar::new(args.work.quiet), cancel_on_interrupt());
    let (index, added) = Index::temporary(&references.files, &options, &bar, cancel)?;
    for other in &references.others {
        warn(&format!("reference not used: {}: {}", other.path.display(), other.why));
    }
    let unusable = references.errors.iter().map(ToString::to_string);
    for error in unusable.chain(added.errors.iter().map(ToString::to_string)) {
        warn(&format!("reference not used: {error}"));
    }
    match index.is_empty() {
        true => Err(Failure::usage("none of the references could be used")),
        false => Ok(index),
    }
}
