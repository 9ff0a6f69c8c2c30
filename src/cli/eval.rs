//! `soundalike eval`: how well the scanner does on the user's own audio.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;
use serde_json::json;
use soundalike::counted::count;
use soundalike::declare::text::visible;
use soundalike::eval::{
    EvalError, EvalOptions, EvalReport, EvalRow, Pair, Skipped, UnknownRow, families, run_eval,
    wilson,
};
use soundalike::params::FingerprintParams;

use super::bar::Bar;
use super::common::{Exit, Failure, InputArgs, OUTPUT, WorkArgs, cancel_on_interrupt};

/// Heading of what is measured, and how.
const MEASURE: &str = "Measurement";
/// Pairs of files printed for people; the rest is counted.
const MAX_PAIRS: usize = 20;
/// What every reader of the table must know.
const FOOTNOTES: &str = "\
n         right answers: queries, or twice as many where a query is made of two indexed tracks
found     the right track was accepted; [..] is the 95 % interval of that share
first     the right track was ranked before all others, accepted or not
wrong     queries for which a track was accepted that they were not cut from
>1s off   right tracks accepted at another place: a repeat in the music, or chance
offset    error of the position of accepted right tracks: median / 95th percentile
tempo     changed copies: accepted right tracks with a time factor within 0.5 % of the true one
pitch     changed copies: accepted right tracks with a pitch within 10 cents of the true one
false     unknown queries for which any track was accepted
Duplicates and passages shared between your files count against the scanner, and repeats within
a track against its offsets. Excerpts of one track are not independent: with few tracks the true
intervals are wider. Damage other than codecs, pitch and tempo is done to 16 kHz mono audio.
Pitch by 7 semitones and tempo by 35 % lie beyond the range that the scanner is made for.";

#[derive(Debug, Args)]
pub(super) struct EvalArgs {
    #[command(flatten)]
    inputs: InputArgs,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = Format::Text, help_heading = OUTPUT)]
    format: Format,
    /// Queries per degradation and length, from known and from unknown music each
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=10_000), help_heading = MEASURE)]
    queries: u32,
    /// Lengths of the excerpts in seconds
    #[arg(long, value_name = "SECONDS", value_delimiter = ',', default_value = "5,10",
          value_parser = clap::value_parser!(u32).range(1..=600), help_heading = MEASURE)]
    lengths: Vec<u32>,
    /// Share of the files that stays out of the index, to play the unknown music
    #[arg(long, value_name = "SHARE", default_value_t = 0.2, help_heading = MEASURE)]
    holdout: f64,
    /// Seed of all random choices
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = MEASURE)]
    seed: u64,
    /// Measure only these families of degradations
    #[arg(long, value_name = "FAMILY", value_delimiter = ',',
          value_parser = clap::builder::PossibleValuesParser::new(families()), help_heading = MEASURE)]
    only: Vec<String>,
    /// Keep the degraded audio in DIR
    #[arg(long, value_name = "DIR", help_heading = OUTPUT)]
    keep_dir: Option<PathBuf>,
    #[command(flatten)]
    work: WorkArgs,
}

/// Form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table, for people
    Text,
    /// One JSON object a line, for programs
    Jsonl,
}

/// Runs the evaluation.
pub(super) fn run(args: EvalArgs) -> Result<Exit, Failure> {
    args.work.start_threads()?;
    let inputs = args.inputs.collect()?;
    let mut lengths_s = args.lengths;
    lengths_s.sort_unstable();
    lengths_s.dedup();
    let options = EvalOptions {
        seed: args.seed,
        queries: args.queries as usize,
        lengths_s,
        holdout: args.holdout,
        only: args.only,
        keep_dir: args.keep_dir,
        decode: args.work.decode_options(),
        params: FingerprintParams::V2,
    };
    let bar = Bar::new(args.work.quiet);
    let mut report =
        run_eval(&inputs.files, &options, &bar, cancel_on_interrupt()).map_err(failure)?;
    report.skipped.extend(
        inputs.errors.iter().map(|e| Skipped {
            path: e.path.to_string_lossy().into_owned(),
            reason: e.to_string(),
        }),
    );
    let mut out = io::BufWriter::new(io::stdout().lock());
    match args.format {
        Format::Text => text(&mut out, &report)?,
        Format::Jsonl => json_lines(&mut out, &report)?,
    }
    out.flush()?;
    Ok(Exit::Clean)
}

fn failure(error: EvalError) -> Failure {
    let message = error.to_string();
    match error {
        EvalError::Index(error) => error.into(),
        EvalError::Cancelled => Failure { exit: Exit::Interrupted, message },
        EvalError::Io { .. } => Failure { exit: Exit::Internal, message },
        _ => Failure { exit: Exit::Usage, message },
    }
}

fn json_lines(out: &mut impl Write, report: &EvalReport) -> io::Result<()> {
    line(out, "eval_material", &report.material)?;
    for row in &report.rows {
        line(out, "eval_row", row)?;
    }
    for row in &report.unknowns {
        line(out, "eval_unknown", row)?;
    }
    for pair in &report.pairs {
        line(out, "eval_pair", pair)?;
    }
    line(out, "eval_speed", &report.speed)?;
    for note in &report.notes {
        line(out, "eval_note", &json!({ "text": note }))?;
    }
    for skipped in &report.skipped {
        line(out, "eval_skipped", skipped)?;
    }
    Ok(())
}

fn line(out: &mut impl Write, kind: &str, record: &impl Serialize) -> io::Result<()> {
    #[derive(Serialize)]
    struct Tagged<'a, T> {
        r#type: &'a str,
        #[serde(flatten)]
        record: &'a T,
    }
    serde_json::to_writer(&mut *out, &Tagged { r#type: kind, record })?;
    writeln!(out)
}

fn text(out: &mut impl Write, report: &EvalReport) -> io::Result<()> {
    let m = &report.material;
    writeln!(
        out,
        "{} indexed ({:.1} h), {} held out as unknown; {} and {}; seed {}",
        count(m.references, "track", "tracks"),
        m.reference_hours,
        m.unknown_tracks,
        m.known_excerpts,
        count(m.unknown_excerpts, "excerpt", "excerpts"),
        m.seed
    )?;
    let mut lengths: Vec<u32> = report.rows.iter().map(|r| r.length_s).collect();
    lengths.sort_unstable();
    lengths.dedup();
    for length in lengths {
        table(out, report, length)?;
    }
    writeln!(out, "\n{FOOTNOTES}\n")?;
    speed(out, report)?;
    pairs(out, &report.pairs)?;
    for note in &report.notes {
        writeln!(out, "note: {}", visible(note))?;
    }
    for s in &report.skipped {
        writeln!(out, "skipped: {}: {}", visible(&s.path), visible(&s.reason))?;
    }
    Ok(())
}

fn table(out: &mut impl Write, report: &EvalReport, length_s: u32) -> io::Result<()> {
    writeln!(out, "\nExcerpts of {length_s} s")?;
    writeln!(
        out,
        "{:<30}{:>5}{:>9}  {:<9}{:>7}{:>6}{:>8}{:>15}{:>7}{:>7}{:>8}",
        "degradation",
        "n",
        "found",
        "[95 %]",
        "first",
        "wrong",
        ">1s off",
        "offset ms",
        "tempo",
        "pitch",
        "false"
    )?;
    let rows: Vec<&EvalRow> = report.rows.iter().filter(|r| r.length_s == length_s).collect();
    let mut alarms = (0, 0);
    for row in &rows {
        let unknown = report
            .unknowns
            .iter()
            .find(|u| u.length_s == length_s && u.degradation == row.degradation);
        if let Some(u) = unknown {
            alarms = (alarms.0 + u.false_alarms, alarms.1 + u.queries);
        }
        table_row(out, row, unknown)?;
    }
    let interval = wilson(alarms.0, alarms.1);
    let wrong: usize = rows.iter().map(|r| r.wrong).sum();
    let queries: usize = rows.iter().map(|r| r.queries).sum();
    writeln!(
        out,
        "all rows: {wrong} of {queries} known queries with a wrong match; {} of {} unknown ones \
         with\na false alarm ({:.2} %, interval {:.2} to {:.2} %)",
        alarms.0,
        alarms.1,
        percent(alarms.0, alarms.1),
        100.0 * interval.low,
        100.0 * interval.high
    )
}

fn table_row(out: &mut impl Write, row: &EvalRow, unknown: Option<&UnknownRow>) -> io::Result<()> {
    let interval = format!("[{:.0}-{:.0}]", 100.0 * row.ci_low, 100.0 * row.ci_high);
    let offset = match (row.offset_median_ms, row.offset_p95_ms) {
        (Some(median), Some(p95)) => format!("{} / {}", span(median), span(p95)),
        _ => "-".to_owned(),
    };
    let alarms = unknown.map_or("-".to_owned(), |u| format!("{}/{}", u.false_alarms, u.queries));
    writeln!(
        out,
        "{:<30}{:>5}{:>7.1} %  {:<9}{:>5.0} %{:>6}{:>8}{:>15}{:>7}{:>7}{:>8}",
        row.degradation,
        row.parts,
        percent(row.accepted, row.parts),
        interval,
        percent(row.first, row.parts),
        row.wrong,
        row.misplaced,
        offset,
        share(row.tempo_right, row.accepted),
        share(row.pitch_right, row.accepted),
        alarms
    )?;
    by_part(out, row)
}

/// What became of either track, where a query is made of two.
fn by_part(out: &mut impl Write, row: &EvalRow) -> io::Result<()> {
    let [first, second] = row.accepted_by_part[..] else { return Ok(()) };
    writeln!(
        out,
        "  of these, the first track{:>10.1} %\n            the second track{:>9.1} %",
        percent(first, row.queries),
        percent(second, row.queries)
    )
}

/// A share in per cent; a dash where there is nothing to take it of.
fn share(hits: Option<usize>, total: usize) -> String {
    match hits {
        Some(hits) if total > 0 => format!("{:.0} %", percent(hits, total)),
        _ => "-".to_owned(),
    }
}

/// Milliseconds; seconds where those would be long.
fn span(ms: f64) -> String {
    match ms {
        ..1_000.0 => format!("{ms:.0}"),
        ..100_000.0 => format!("{:.1}s", ms / 1000.0),
        _ => format!("{:.0}s", ms / 1000.0),
    }
}

fn speed(out: &mut impl Write, report: &EvalReport) -> io::Result<()> {
    let s = &report.speed;
    writeln!(
        out,
        "indexing  {:.0} x real time with {} threads; one thread spends {:.2} x the time of bare \
         decoding\n          ({:.0} s of audio, decoded at {:.0} x real time)",
        s.index_x_realtime, s.threads, s.index_cpu_ratio, s.sample_audio_s, s.decode_x_realtime
    )?;
    writeln!(
        out,
        "scanning  {:.1} ms a query of {} s on one thread, once fingerprinted (median of {}; 95th \
         percentile\n          {:.1} ms)\n",
        s.scan_median_ms, s.scan_length_s, s.scan_queries, s.scan_p95_ms
    )
}

fn pairs(out: &mut impl Write, pairs: &[Pair]) -> io::Result<()> {
    if pairs.is_empty() {
        return Ok(());
    }
    writeln!(out, "Accepted matches between different files:")?;
    for pair in pairs.iter().take(MAX_PAIRS) {
        let kind = if pair.kind == "wrong" { "wrong" } else { "false alarm" };
        let queries = count(pair.queries, "query", "queries");
        let score = pair.best_score;
        writeln!(
            out,
            "  {kind}, {queries}, best score {score:.0}, in: {}",
            some(&pair.degradations)
        )?;
        writeln!(out, "    {}\n    {}", visible(&pair.query_path), visible(&pair.reference_path))?;
        if pair.clean {
            writeln!(out, "    they match undamaged, too: probably they do share audio")?;
        }
    }
    if let Some(more) = pairs.len().checked_sub(MAX_PAIRS + 1) {
        writeln!(
            out,
            "  and {} (--format jsonl lists all)",
            count(more + 1, "more pair", "more pairs")
        )?;
    }
    writeln!(out)
}

/// The first few of a list.
fn some(names: &[String]) -> String {
    let shown = names.iter().take(2).cloned().collect::<Vec<_>>().join("; ");
    match names.len() {
        0..=2 => shown,
        n => format!("{shown}; {} more", n - 2),
    }
}

fn percent(hits: usize, total: usize) -> f64 {
    100.0 * hits as f64 / total.max(1) as f64
}
