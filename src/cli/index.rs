//! `soundalike index`: build and look after an index.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use soundalike::clock;
use soundalike::decisions::place::LOG_NAME;
use soundalike::decisions::{log, place};
use soundalike::declare::metadata::Metadata;
use soundalike::declare::text::visible;
use soundalike::engine::{open, upgrade_index, without_loop, works, writer};
use soundalike::id::path_text;
use soundalike::indexer::{AddOptions, Added, AddedAs, add};
use soundalike::level::Level;
use soundalike::params::FingerprintParams;
use soundalike::report::look::Ink;
use soundalike::report::phrases::{count, size, speed, thousands};
use soundalike::report::records::{ErrorRecord, Record, ReferenceInfo};
use soundalike::rounding::rounded;
use soundalike::track::Track;
use soundalike_index::{
    CompactPolicy, FileKind, IndexStats, Library, Reader, TrackMeta, VerifyRow, Writer, verify,
};

use super::bar::Bar;
use super::common::{
    Exit, Failure, INPUT, InputArgs, OUTPUT, WorkArgs, WorksArg, cancel_on_interrupt, warn,
};
use super::out::Out;
use super::screen::look;

#[derive(Debug, Subcommand)]
pub(super) enum IndexCommand {
    /// Add reference files or folders; what is in the index already is skipped
    #[command(after_long_help = super::examples::INDEX_ADD)]
    Add(AddArgs),
    /// Show size and condition
    Stats(StatsArgs),
    /// List the references
    List(ShowArgs),
    /// Remove references
    Remove(RemoveArgs),
    /// Check every file of the index
    Verify(ShowArgs),
    /// Merge segments and drop what was removed
    Compact(ShowArgs),
    /// Write what is of an older format anew, in place; no audio is needed
    Upgrade(ShowArgs),
    /// Add the references of other indexes
    Merge(MergeArgs),
}

#[derive(Debug, Args)]
pub(super) struct AddArgs {
    #[command(flatten)]
    inputs: InputArgs,
    #[command(flatten)]
    index: IndexArg,
    /// Table with metadata (CSV, TSV, JSON Lines), as for `scan --manifest`: columns path, title, artist,
    /// album, isrc, upc, label, catalogue, owner (`soundalike columns`). Given again, it corrects what the index
    /// knows of files that are in it
    #[arg(long, value_name = "FILE", help_heading = INPUT)]
    metadata: Option<PathBuf>,
    /// Catalogue the files belong to
    #[arg(long, value_name = "NAME", help_heading = INPUT)]
    catalogue: Option<String>,
    /// Who owns the files
    #[arg(long, value_name = "NAME", help_heading = INPUT)]
    owner: Option<String>,
    /// What the files are: recordings where nobody says. What a known loop explains is named so, and not held against
    /// an upload by itself. Said of files that are in the index, it changes them
    #[arg(long, value_enum, help_heading = INPUT)]
    kind: Option<Kind>,
    /// Pack that loops and samples are of, where `--metadata` has no column `pack` (nor `licence`, `exclusive`)
    #[arg(long, value_name = "NAME", help_heading = INPUT, requires = "kind")]
    pack: Option<String>,
    /// Keep what the files play, too, so that `scan --works` finds it played anew: other instruments, another key or
    /// tempo. Files that are in the index without it get it. Once some have it, all that are added do
    #[arg(
        long,
        value_enum,
        value_name = "CHANNELS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "harmony"
    )]
    works: Option<WorksArg>,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = ListFormat::Text, help_heading = OUTPUT)]
    format: ListFormat,
    #[command(flatten)]
    work: WorkArgs,
}

/// What a catalogue is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// Tracks that somebody released
    Recordings,
    /// Loops and samples that many may use
    Library,
}

#[derive(Debug, Args)]
pub(super) struct IndexArg {
    /// Folder of the index
    #[arg(long = "index", value_name = "DIR", env = "SOUNDALIKE_INDEX", help_heading = "Options")]
    dir: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    #[command(flatten)]
    index: IndexArg,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    format: ListFormat,
}

#[derive(Debug, Args)]
pub(super) struct StatsArgs {
    #[command(flatten)]
    show: ShowArgs,
    /// Show what its bytes are, per 200 s of audio
    #[arg(long)]
    bytes: bool,
}

#[derive(Debug, Args)]
pub(super) struct RemoveArgs {
    #[command(flatten)]
    index: IndexArg,
    /// References to remove: identifiers (r_…) or paths as listed; a folder stands for what is below it
    #[arg(value_name = "REF", required_unless_present = "catalogue")]
    refs: Vec<String>,
    /// Remove all references of a catalogue
    #[arg(long, value_name = "NAME")]
    catalogue: Option<String>,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    format: ListFormat,
}

#[derive(Debug, Args)]
pub(super) struct MergeArgs {
    #[command(flatten)]
    index: IndexArg,
    /// Indexes to take references from
    #[arg(value_name = "DIR", required = true)]
    from: Vec<PathBuf>,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    format: ListFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ListFormat {
    /// For people
    Text,
    /// One JSON object a line
    Jsonl,
}

/// Runs the subcommand.
pub(super) fn run(command: IndexCommand) -> Result<Exit, Failure> {
    match command {
        IndexCommand::Add(args) => run_add(&args),
        IndexCommand::Stats(args) => stats(&args),
        IndexCommand::List(args) => list(&args),
        IndexCommand::Remove(args) => remove(&args),
        IndexCommand::Verify(args) => run_verify(&args),
        IndexCommand::Compact(args) => compact(&args),
        IndexCommand::Upgrade(args) => upgrade(&args),
        IndexCommand::Merge(args) => merge(&args),
    }
}

pub(super) fn line(record: &impl Serialize) -> Result<(), Failure> {
    let mut out = Out::new(io::stdout().lock());
    serde_json::to_writer(&mut out, record).map_err(io::Error::from)?;
    Ok(writeln!(out)?)
}

/// A line on standard output for people. What is in it comes from tags and names of strangers, of which none may
/// command the terminal: only the ends of lines stay, so what must not hold one goes through [`visible`] before.
pub(super) fn say(text: &str) -> Result<(), Failure> {
    let mut out = Out::new(io::stdout().lock());
    for line in text.split('\n') {
        look().line(&mut out, (0, 4), &visible(line))?;
    }
    Ok(())
}

pub(super) fn open_writer(dir: &Path) -> Result<Writer, Failure> {
    // Opening creates; commands that change an index should not make one up.
    Reader::open(dir)?;
    writer(dir).map_err(Failure::writing)
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "index_add")]
struct AddRecord {
    inputs: usize,
    added: usize,
    present: usize,
    enriched: usize,
    corrected: usize,
    featureless: usize,
    errors: usize,
    bad_rows: usize,
    unused_rows: usize,
    tracks: usize,
    audio_seconds: f64,
    wall_ms: u64,
    realtime_factor: f64,
    interrupted: bool,
}

fn run_add(args: &AddArgs) -> Result<Exit, Failure> {
    let started = Instant::now();
    let params = FingerprintParams::V2;
    args.work.start_threads()?;
    let mut metadata = match &args.metadata {
        Some(path) => Metadata::read(path).map_err(|e| Failure::usage(e.to_string()))?,
        None => Metadata::default(),
    };
    let table = args.metadata.as_deref().unwrap_or(Path::new("")).display();
    for note in &metadata.notes {
        warn(&format!("{table}: {}", note.message));
    }
    if args.kind != Some(Kind::Library)
        && let Some(columns) = metadata.of_library()
    {
        warn(&format!(
            "{table}: columns that say something of loops and samples only (`--kind library`), passed over for all \
             other files: {columns}"
        ));
    }
    let inputs = args.inputs.collect()?;
    for said in metadata.assign(&inputs.files) {
        warn(&format!("{table}: {said}"));
    }
    let mut writer = self::writer(&args.index.dir).map_err(Failure::writing)?;
    let kept = works(&args.index.dir)?;
    let known = kept.listening();
    let options = AddOptions {
        decode: args.work.decode_options(),
        catalogue: args.catalogue.clone(),
        owner: args.owner.clone(),
        without_loop: without_loop(&args.index.dir)?,
        added_as: match args.kind {
            None => AddedAs::Unsaid,
            Some(Kind::Recordings) => AddedAs::Recordings,
            Some(Kind::Library) => {
                AddedAs::Loops(Library { pack: args.pack.clone(), ..Library::default() })
            }
        },
        works: known.max(WorksArg::listening(args.works)),
        without_works: if args.works.is_some() { kept.without } else { Default::default() },
        ..AddOptions::new(&params, &metadata)
    };
    let bar = Bar::new(args.work.quiet);
    let summary = add(&mut writer, &inputs.files, &options, &bar, cancel_on_interrupt())
        .map_err(Failure::writing)?;
    let mut errors: Vec<ErrorRecord> = inputs.errors.iter().map(ErrorRecord::from).collect();
    errors.extend(problems(&metadata, &summary));
    let failed = inputs.errors.len() + summary.errors.len();
    let wall = started.elapsed();
    let seconds = summary.audio_ms as f64 / 1000.0;
    let added = AddRecord {
        inputs: inputs.files.len() + inputs.errors.len(),
        added: summary.added,
        present: summary.present,
        enriched: summary.enriched,
        corrected: summary.corrected,
        featureless: summary.featureless.len(),
        errors: failed,
        bad_rows: metadata.bad,
        unused_rows: metadata.unused,
        tracks: writer.track_count(),
        audio_seconds: seconds,
        wall_ms: wall.as_millis() as u64,
        realtime_factor: rounded(seconds / wall.as_secs_f64().max(1e-3), 1),
        interrupted: summary.cancelled,
    };
    report_added(&added, errors, args.format)?;
    Ok(match (summary.cancelled, failed + metadata.bad) {
        (true, _) => Exit::Interrupted,
        (false, 0) => Exit::Clean,
        (false, _) => Exit::Unreadable,
    })
}

fn problems<'a>(
    metadata: &'a Metadata,
    summary: &'a Added,
) -> impl Iterator<Item = ErrorRecord> + 'a {
    let rows = metadata.bad_rows.iter().map(|message| ErrorRecord {
        subject: "metadata".to_owned(),
        code: "bad_row".into(),
        message: message.clone(),
    });
    let empty = summary.featureless.iter().map(|path| ErrorRecord {
        subject: path_text(path),
        code: "no_features".into(),
        message: format!(
            "{} was not added: silence, a steady tone, or too short for a fingerprint",
            path.display()
        ),
    });
    // An audio error names its file itself.
    let unreadable = summary.errors.iter().map(|e| ErrorRecord {
        subject: path_text(e.path()),
        code: e.code().into(),
        message: e.to_string(),
    });
    let untold = metadata.bad - metadata.bad_rows.len();
    let more = (untold > 0).then(|| ErrorRecord {
        subject: "metadata".to_owned(),
        code: "bad_row".into(),
        message: format!(
            "{} of the table could not be used",
            count(untold, "more row", "more rows")
        ),
    });
    rows.chain(more).chain(empty).chain(unreadable)
}

fn report_added(
    added: &AddRecord,
    errors: Vec<ErrorRecord>,
    format: ListFormat,
) -> Result<(), Failure> {
    if format == ListFormat::Jsonl {
        for error in errors {
            line(&Record::Error(error))?;
        }
        return line(added);
    }
    for error in errors {
        warn(&error.message);
    }
    say(&format!(
        "{}{} added, {} already there{}{}, {} unreadable, {} without features{}; {} in the index",
        if added.interrupted { "interrupted: " } else { "" },
        added.added,
        added.present,
        match added.enriched {
            0 => String::new(),
            count => format!(" (what {count} of them play was added)"),
        },
        match added.corrected {
            0 => String::new(),
            count => format!(" ({count} of them corrected by the table)"),
        },
        added.errors,
        added.featureless,
        if added.bad_rows > 0 {
            format!(", {} of the table not used", count(added.bad_rows, "row", "rows"))
        } else {
            String::new()
        },
        count(added.tracks, "reference", "references")
    ))?;
    say(&speed(added.audio_seconds, added.wall_ms))
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "index_stats")]
struct StatsRecord {
    index_id: String,
    params: String,
    #[serde(flatten)]
    stats: IndexStats,
}

fn stats(args: &StatsArgs) -> Result<Exit, Failure> {
    let reader = Reader::open(&args.show.index.dir)?;
    let stats = reader.stats();
    if args.show.format == ListFormat::Jsonl {
        let params = reader.params().description.clone();
        line(&StatsRecord { index_id: reader.index_id(), params, stats })?;
        return Ok(Exit::Clean);
    }
    if args.bytes {
        return bytes(&stats);
    }
    let per_200_s = per_200_s(stats.bytes_total, &stats);
    let (sampled, missed) = stats
        .segments
        .iter()
        .flat_map(|s| &s.probes)
        .fold((0, 0), |(s, m), p| (s + p.sampled, m + p.missed));
    let number = |number: u64| thousands(number);
    let (windows, cells): (u64, u64) = (stats.windows.iter().sum(), stats.cells.iter().sum());
    let removed = match stats.dead {
        0 => String::new(),
        dead => format!(" ({} removed, awaiting compaction)", number(dead as u64)),
    };
    let rows = [
        ("references", format!("{}{removed}", number(stats.tracks as u64))),
        ("audio", clock::seconds(stats.duration_ms)),
        (
            "size",
            format!("{}, {} per 200 s of audio", size(stats.bytes_total), size(per_200_s as u64)),
        ),
        (".. features", size(stats.bytes_constellations)),
        (
            ".. codes",
            format!(
                "{} in {}",
                size(stats.bytes_codes),
                count(windows as usize, "window", "windows")
            ),
        ),
        (
            ".. graph",
            format!("{} over {}", size(stats.bytes_graph), count(cells as usize, "cell", "cells")),
        ),
        ("segments", number(stats.segments.len() as u64)),
        (
            "self-probe",
            format!("{missed} of {sampled} sampled windows not found through the graph"),
        ),
        ("fingerprints", reader.params().description.clone()),
        ("index id", reader.index_id()),
    ];
    for (name, value) in rows {
        let row = format!("{name:<15}{}", visible(&value));
        look().line(&mut Out::new(io::stdout().lock()), (0, 15), &row)?;
    }
    Ok(Exit::Clean)
}

fn per_200_s(bytes: u64, stats: &IndexStats) -> f64 {
    bytes as f64 / (stats.duration_ms as f64 / 200e3).max(1e-9)
}

/// What the bytes of an index are.
fn bytes(stats: &IndexStats) -> Result<Exit, Failure> {
    let payloads =
        stats.payloads.iter().map(|p| (format!("{}, form {}", p.name, p.codec), p.bytes));
    let codes = stats.bytes_codes - stats.bytes_postings - stats.bytes_cells;
    let others = [
        ("codes", codes),
        ("postings", stats.bytes_postings),
        ("cells", stats.bytes_cells),
        ("graph", stats.bytes_graph),
        ("metadata", stats.bytes_metadata),
    ];
    let mut parts: Vec<(String, u64)> =
        payloads.chain(others.map(|(name, bytes)| (name.to_owned(), bytes))).collect();
    let named: u64 = parts.iter().map(|part| part.1).sum();
    parts.push(("tables and digests".to_owned(), stats.bytes_total.saturating_sub(named)));
    parts.push(("all".to_owned(), stats.bytes_total));
    for (name, bytes) in parts {
        let (name, kb) = (visible(&name), per_200_s(bytes, stats) / 1000.0);
        say(&format!("{name:<20}{:>14}  {kb:8.2} KB per 200 s", size(bytes)))?;
    }
    Ok(Exit::Clean)
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "reference")]
struct Listed {
    #[serde(flatten)]
    reference: ReferenceInfo,
}

fn list(args: &ShowArgs) -> Result<Exit, Failure> {
    let reader = Reader::open(&args.index.dir)?;
    for (_, meta) in reader.tracks() {
        show(meta, args.format)?;
    }
    Ok(Exit::Clean)
}

fn show(meta: &TrackMeta, format: ListFormat) -> Result<(), Failure> {
    if format == ListFormat::Jsonl {
        return line(&Listed { reference: ReferenceInfo::from(&Track::of_index(meta)) });
    }
    let credit = Track::of_index(meta).credit();
    let title = match (credit, &meta.title) {
        (Some(artist), Some(title)) => format!("{artist} – {title}"),
        (_, title) => title.clone().unwrap_or_default(),
    };
    let length = clock::seconds(meta.duration_ms);
    let (path, title) = (visible(&meta.path), visible(&title));
    say(&format!("{}  {length:>6}  {path}  {title}", meta.ref_id))
}

fn remove(args: &RemoveArgs) -> Result<Exit, Failure> {
    let mut writer = open_writer(&args.index.dir)?;
    let selected = |meta: &TrackMeta| {
        let by_ref = args.refs.iter().any(|r| *r == meta.ref_id || below(&meta.path, r));
        by_ref || args.catalogue.is_some() && meta.catalogue == args.catalogue
    };
    let removed = writer.remove(&selected).map_err(Failure::writing)?;
    for meta in &removed {
        show(meta, args.format)?;
    }
    if args.format == ListFormat::Text {
        say(&format!("{} removed, {} left", removed.len(), writer.track_count()))?;
    }
    if removed.is_empty() {
        return Err(Failure::usage(
            "nothing in the index goes by that name; see `soundalike index list`",
        ));
    }
    Ok(Exit::Clean)
}

/// Whether `path` is `selector` or lies below it.
fn below(path: &str, selector: &str) -> bool {
    Path::new(path).starts_with(selector)
}

fn run_verify(args: &ShowArgs) -> Result<Exit, Failure> {
    let mut report = verify(&args.index.dir)?;
    // The log of decisions is no part of the index, but is taken for sound if it is passed over here.
    let decisions = decisions_problem(&args.index.dir);
    if let Some(problem) = &decisions {
        let in_folder = |row: &&mut VerifyRow| row.name == LOG_NAME;
        match report.rows.iter_mut().find(in_folder) {
            Some(row) => row.problem = Some(problem.clone()),
            None => report.rows.push(VerifyRow {
                name: LOG_NAME.to_owned(),
                kind: FileKind::Foreign,
                bytes: 0,
                problem: Some(problem.clone()),
            }),
        }
    }
    if args.format == ListFormat::Jsonl {
        for row in &report.rows {
            line(row)?;
        }
    } else {
        for row in &report.rows {
            let state = row.problem.as_deref().unwrap_or(match row.kind {
                FileKind::Orphan => "left over: no manifest names it, the next change removes it",
                FileKind::Foreign if row.name != LOG_NAME => "no part of the index",
                _ => "ok",
            });
            let bytes = count(row.bytes as usize, "byte", "bytes");
            let ink = if row.problem.is_none() { Ink::Level(Level::Clear) } else { Ink::Error };
            let state = look().paint(ink, &visible(state));
            let line = format!("{:<32} {bytes:>15}  {state}", visible(&row.name));
            look().line(&mut Out::new(io::stdout().lock()), (0, 4), &line)?;
        }
        let graphs = report.problems().any(|row| row.kind == FileKind::Graph);
        let verdict = match (report.is_ok(), graphs, decisions.is_some()) {
            (false, ..) => "the index is damaged",
            (true, _, true) => "the index is sound, its log of decisions is not",
            (true, true, false) => {
                "the references are sound, a graph is damaged: searches find the same, but more slowly"
            }
            (true, false, false) => "the index is sound",
        };
        say(&format!("{}; {verdict}", count(report.tracks as usize, "reference", "references")))?;
    }
    let is_sound = report.problems().next().is_none();
    Ok(if is_sound { Exit::Clean } else { Exit::Index })
}

/// What is wrong with the log of decisions of the index in `dir`.
fn decisions_problem(dir: &Path) -> Option<String> {
    let verified = place::of_index(dir).and_then(|path| log::verify(&path, None));
    match verified {
        Ok(verified) => verified?.torn.map(|torn| torn.pending()),
        Err(error) => Some(error.to_string()),
    }
}

fn compact(args: &ShowArgs) -> Result<Exit, Failure> {
    let mut writer = open_writer(&args.index.dir)?;
    let done = writer.compact(CompactPolicy::All).map_err(Failure::writing)?;
    if args.format == ListFormat::Jsonl {
        line(&done)?;
    } else {
        say(&format!(
            "{} became {}, {} dropped, {} became {}",
            count(done.segments_before, "segment", "segments"),
            done.segments_after,
            count(done.dropped_tracks, "removed reference", "removed references"),
            size(done.bytes_before),
            size(done.bytes_after)
        ))?;
    }
    Ok(Exit::Clean)
}

fn upgrade(args: &ShowArgs) -> Result<Exit, Failure> {
    let mut writer = open_writer(&args.index.dir)?;
    let done = upgrade_index(&mut writer).map_err(Failure::writing)?;
    if args.format == ListFormat::Jsonl {
        line(&done)?;
    } else {
        let unknown = match done.unknown {
            0 => String::new(),
            unknown => {
                format!(" ({unknown} left as they are: they hold what this version does not know)")
            }
        };
        say(&format!(
            "{} of {} written anew{unknown}, {} became {}",
            done.rewritten,
            count(done.segments, "segment", "segments"),
            size(done.bytes_before),
            size(done.bytes_after)
        ))?;
    }
    Ok(Exit::Clean)
}

fn merge(args: &MergeArgs) -> Result<Exit, Failure> {
    let params = FingerprintParams::V2;
    let others: Vec<Reader> =
        args.from.iter().map(|dir| open(dir, &params)).collect::<Result<_, _>>()?;
    let mut writer = self::writer(&args.index.dir).map_err(Failure::writing)?;
    for (dir, other) in args.from.iter().zip(&others) {
        let done = writer.merge_from(other).map_err(Failure::writing)?;
        if args.format == ListFormat::Jsonl {
            line(&done)?;
        } else {
            let dir = visible(&path_text(dir));
            say(&format!("{dir}: {} added, {} already there", done.added, done.skipped))?;
        }
    }
    writer.compact(CompactPolicy::Tiered).map_err(Failure::writing)?;
    Ok(Exit::Clean)
}
