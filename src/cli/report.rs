//! `soundalike report`: saved records as one page for people. Nothing is scanned again.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use soundalike::audio::DecodeOptions;
use soundalike::report::decide::Commands;
use soundalike::report::html::{self, Options, Written};
use soundalike::report::phrases::count;
use soundalike::report::picture::Pictures;
use soundalike::report::read::Records;
use soundalike::report::sound::Sounds;

use super::common::{Exit, Failure, warn};
use super::page::{folder_of, into_file, placed, said};
use super::scan::index_from_environment;
use super::screen::GLOBAL;

/// Longest time spent on the picture of one file.
const TIMEOUT: Duration = Duration::from_secs(120);

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// Records written with `--format jsonl` (`-`: standard input)
    records: PathBuf,
    /// Write the page to FILE (`-`: standard output), or into this folder (there, or named with a `/` at the end) an
    /// index and a page for each upload [default: RECORDS with the ending .html]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Show at most this many matches in full; the others are listed in the table
    #[arg(long, value_name = "N", default_value_t = 200,
          value_parser = clap::value_parser!(u16).range(0..=5_000))]
    limit: u16,
    /// Do not open audio files to draw their spectrograms
    #[arg(long)]
    no_audio: bool,
    /// Put the matched seconds of both sides into the page, to listen to; where a side is gone, its peaks as sound
    #[arg(long, conflicts_with = "no_audio")]
    clips: bool,
    /// Heading of the page
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Folder of the index, for the commands on the page by which a person decides on a match
    /// [default: $SOUNDALIKE_INDEX]
    #[arg(long, value_name = "DIR")]
    index: Option<PathBuf>,
    /// Say nothing about what was written
    #[arg(long, short, help_heading = GLOBAL)]
    quiet: bool,
}

/// Writes the report.
pub(super) fn run(args: ReportArgs) -> Result<Exit, Failure> {
    let out = target(&args)?;
    let mut records = Records::open(&args.records).map_err(|e| {
        Failure::usage(format!("cannot read the records {}: {e}", args.records.display()))
    })?;
    let contents = &records.contents;
    for warning in &contents.warnings {
        warn(&format!("{}: {warning}", args.records.display()));
    }
    let unnamed = contents.bad_lines - contents.warnings.len();
    if unnamed > 0 {
        let lines = count(unnamed, "more line", "more lines");
        warn(&format!("{}: {lines} could not be read", args.records.display()));
    }
    if contents.records == 0 {
        let name = args.records.display();
        return Err(Failure::usage(format!(
            "{name}: there are no records in it; write them with `soundalike scan … --format jsonl`"
        )));
    }
    let bad_lines = contents.bad_lines;
    let decode = DecodeOptions { timeout: TIMEOUT, ..DecodeOptions::default() };
    let sounds = sounds(&args, &out, &decode);
    let options = Options {
        title: args.title.clone(),
        limit: usize::from(args.limit),
        pictures: Pictures { from_audio: !args.no_audio, decode },
        sounds,
        commands: match args.index.clone().or_else(index_from_environment) {
            Some(index) => Commands::new(Some(&index), None),
            None => Commands::of_some_index(),
        },
    };
    let written = match &out {
        Out::Folder(folder) => into_folder(folder, &mut records, &options)?,
        Out::Stream => {
            let mut page = BufWriter::new(io::stdout().lock());
            let written = html::write(&mut records, &options, &mut page)?;
            page.flush()?;
            written
        }
        Out::File(path) => into_file(path, &mut records, &options)?,
    };
    if let Out::File(path) | Out::Folder(path) = &out
        && !args.quiet
    {
        warn(&said(path, &written));
    }
    Ok(if bad_lines > 0 { Exit::Unreadable } else { Exit::Clean })
}

/// Where the report goes.
#[derive(Debug, Clone)]
enum Out {
    Stream,
    File(PathBuf),
    Folder(PathBuf),
}

/// Where sound comes from: beside the page, and into it if that is asked for.
fn sounds(args: &ReportArgs, out: &Out, decode: &DecodeOptions) -> Sounds {
    let folder = match out {
        Out::File(path) => folder_of(path),
        Out::Folder(path) => Some(path.clone()),
        Out::Stream => None,
    };
    let folder = folder.filter(|_| !args.no_audio);
    Sounds { folder, clips: args.clips, decode: decode.clone() }
}

/// A page for each upload, and the index last: it leads to pages that are there.
fn into_folder(
    folder: &Path,
    records: &mut Records,
    options: &Options,
) -> Result<Written, Failure> {
    std::fs::create_dir_all(folder)
        .map_err(|e| Failure::usage(format!("cannot make the folder {}: {e}", folder.display())))?;
    let mut shown = 0;
    for number in html::uploads_with_pages(records) {
        let path = folder.join(html::page_name(number));
        let page = placed(&path, |page| html::write_upload(records, options, number, page))?;
        shown += page.exhibits;
    }
    let index =
        placed(&folder.join("index.html"), |page| html::write_index(records, options, page))?;
    Ok(Written { exhibits: shown, ..index })
}

fn target(args: &ReportArgs) -> Result<Out, Failure> {
    let is_stream = |path: &Path| path == Path::new("-");
    match &args.out {
        Some(out) if is_stream(out) => Ok(Out::Stream),
        Some(out) if out.is_dir() || names_folder(out) => Ok(Out::Folder(out.clone())),
        Some(out) => Ok(Out::File(out.clone())),
        None if is_stream(&args.records) => Ok(Out::Stream),
        None => Ok(Out::File(args.records.with_extension("html"))),
    }
    .and_then(|out| match &out {
        Out::File(path) if same_file(path, &args.records) => {
            let message = format!("{}: the page would overwrite its records", path.display());
            Err(Failure::usage(message))
        }
        _ => Ok(out),
    })
}

/// Whether a path says that it is one of a folder.
fn names_folder(path: &Path) -> bool {
    path.to_str().is_some_and(|text| text.ends_with(std::path::is_separator))
}

fn same_file(a: &Path, b: &Path) -> bool {
    a == b
        || std::fs::canonicalize(a)
            .ok()
            .zip(std::fs::canonicalize(b).ok())
            .is_some_and(|(a, b)| a == b)
}
