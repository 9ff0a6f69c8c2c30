//! The HTML page that a run writes beside its output, and how a page gets into its place.

use std::fs::File;
use std::io::{self, BufWriter, Seek};
use std::path::{Path, PathBuf};

use clap::Args;
use soundalike::audio::DecodeOptions;
use soundalike::journal::Draft;
use soundalike::report::decide::Commands;
use soundalike::report::html::{self, Options, Written};
use soundalike::report::phrases::count;
use soundalike::report::picture::Pictures;
use soundalike::report::read::Records;
use soundalike::report::records::Record;
use soundalike::report::sound::Sounds;
use soundalike::report::{JsonLines, Report};

use super::common::{Failure, OUTPUT, warn};

/// Matches shown in full.
const SHOWN: usize = 200;

#[derive(Debug, Args)]
#[command(next_help_heading = OUTPUT)]
pub(super) struct PageArg {
    /// Also write an HTML page for people into FILE, as `soundalike report` makes it of records
    #[arg(long = "report", value_name = "FILE")]
    file: Option<PathBuf>,
}

impl PageArg {
    /// Whether a page is wanted.
    pub fn is_given(&self) -> bool {
        self.file.is_some()
    }

    /// Passes records on to `report`, and keeps them for the page. `evidence`: what matches rest on is for the
    /// report, too, not for the page alone.
    pub fn beside<'a>(
        &self,
        report: &'a mut dyn Report,
        evidence: bool,
    ) -> Result<Paged<'a>, Failure> {
        let kept = match &self.file {
            None => None,
            Some(path) => {
                check(path)?;
                let file = tempfile::tempfile().map_err(|e| no_room(&e))?;
                Some((path.clone(), JsonLines(BufWriter::new(file))))
            }
        };
        Ok(Paged { report, evidence, kept })
    }
}

/// What would only show when all the work is done, or destroy something.
fn check(path: &Path) -> Result<(), Failure> {
    let wrong = |what: &str| Failure::usage(format!("--report {}: {what}", path.display()));
    if path == Path::new("-") {
        return Err(wrong("standard output is for the records; name a file"));
    }
    if path.is_dir() {
        return Err(wrong("this is a folder; name a file in it"));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if folder.is_some_and(|folder| !folder.is_dir()) {
        return Err(wrong("there is no such folder"));
    }
    // A mistyped order of arguments must not cost anybody a recording.
    let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
    if path.exists() && ending != "html" && ending != "htm" {
        return Err(wrong(
            "this file is there already and is no page; name one that ends in .html",
        ));
    }
    Ok(())
}

fn no_room(error: &io::Error) -> Failure {
    Failure::internal(format!("cannot keep the records of the page in a temporary file: {error}"))
}

/// A report, and the records of the page in the making.
pub(super) struct Paged<'a> {
    report: &'a mut dyn Report,
    evidence: bool,
    kept: Option<(PathBuf, JsonLines<BufWriter<File>>)>,
}

impl Report for Paged<'_> {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        if let Some((_, page)) = &mut self.kept {
            page.record(record)?;
        }
        match record {
            Record::Evidence(_) if !self.evidence => Ok(()),
            record => self.report.record(record),
        }
    }
}

impl Paged<'_> {
    /// Makes the page of what was told. `decode`: how audio is read for its spectrograms; none to leave them out.
    pub fn publish(
        self,
        decode: Option<DecodeOptions>,
        commands: Commands,
        quiet: bool,
    ) -> Result<(), Failure> {
        let Some((path, JsonLines(file))) = self.kept else { return Ok(()) };
        let mut file = file.into_inner().map_err(|e| no_room(e.error()))?;
        file.rewind().map_err(|e| no_room(&e))?;
        let mut records = Records::of_file(file).map_err(|e| no_room(&e))?;
        let pictures =
            Pictures { from_audio: decode.is_some(), decode: decode.unwrap_or_default() };
        let sounds = Sounds { folder: folder_of(&path), ..Sounds::default() };
        let options = Options { title: None, limit: SHOWN, pictures, sounds, commands };
        let written = into_file(&path, &mut records, &options)?;
        if !quiet {
            warn(&said(&path, &written));
        }
        Ok(())
    }
}

/// The folder of a page, beside which audio may lie.
pub(super) fn folder_of(page: &Path) -> Option<PathBuf> {
    let folder = page.parent()?;
    Some(if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.to_owned() })
}

/// Writes beside `path` and renames: whoever reads it meanwhile sees the old page or the new one.
pub(super) fn into_file(
    path: &Path,
    records: &mut Records,
    options: &Options,
) -> Result<Written, Failure> {
    placed(path, |page| html::write(records, options, page))
}

/// The same with what `write` writes.
pub(super) fn placed(
    path: &Path,
    write: impl FnOnce(&mut dyn io::Write) -> io::Result<Written>,
) -> Result<Written, Failure> {
    let failed = |e: io::Error| Failure::usage(format!("cannot write {}: {e}", path.display()));
    let draft = Draft::beside(path, ".report-", ".html");
    let (draft, file) = draft.map_err(|e| failed(e.into()))?;
    let mut page = BufWriter::new(file);
    let written = write(&mut page).map_err(failed)?;
    let file = page.into_inner().map_err(|e| failed(e.into_error()))?;
    draft.put_in_place(file).map_err(|e| failed(e.into()))?;
    Ok(written)
}

/// What a page holds, in a line.
pub(super) fn said(path: &Path, written: &Written) -> String {
    format!(
        "wrote {}: {}, {} ({} shown in full), {}",
        path.display(),
        count(written.uploads, "upload", "uploads"),
        count(written.matches, "match", "matches"),
        written.exhibits,
        count(written.clusters, "cluster", "clusters")
    )
}
